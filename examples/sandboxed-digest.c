/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * sandboxed-digest: sha256sum(1) for a program that may not open files.
 *
 *	sandboxed-digest [--socket=PATH] FILE...
 *
 * It connects to the broker, gives up every other way to get a file, shows that
 * it did, and then asks the broker for each FILE. What you would change in a
 * program of your own is marked 1 to 3.
 *
 * Exit status: 0 all files were opened, 1 some were refused, 2 usage, or no sandbox.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fdbroker.h>
#include <nettle/sha2.h>

enum { ALL_OPENED = 0, SOME_REFUSED = 1, FAILED = 2 };

static int fail(const char *what, int error)
{
	fprintf(stderr, "sandboxed-digest: %s: %s\n", what, strerror(error));
	return FAILED;
}

static int digest(int fd, uint8_t hash[SHA256_DIGEST_SIZE])
{
	uint8_t buffer[65536];
	struct sha256_ctx ctx;
	ssize_t n;

	sha256_init(&ctx);
	while ((n = read(fd, buffer, sizeof(buffer))) != 0)
		if (n > 0)
			sha256_update(&ctx, (size_t)n, buffer);
		else if (errno != EINTR)
			return -errno;
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, hash);
	return 0;
}

/* As sha256sum(1) prints it, which marks a line whose name it had to escape. */
static void print_digest(const uint8_t hash[SHA256_DIGEST_SIZE], const char *name)
{
	if (strpbrk(name, "\\\n\r"))
		putchar('\\');
	for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++)
		printf("%02x", hash[i]);
	fputs("  ", stdout);
	for (; *name; name++)
		if (*name == '\\' || *name == '\n' || *name == '\r')
			printf("\\%c", *name == '\n' ? 'n' : *name == '\r' ? 'r' : '\\');
		else
			putchar(*name);
	putchar('\n');
}

static int print_refusal(const char *name, int error, const struct fdbroker_answer *answer)
{
	fprintf(stderr, "sandboxed-digest: %s: %s (%s, decision %016" PRIx64 ")\n", name,
		strerror(error), fdbroker_reason_name(answer->reason), answer->decision);
	return SOME_REFUSED;
}

static int digest_file(struct fdbroker *broker, const char *name)
{
	uint8_t hash[SHA256_DIGEST_SIZE];
	struct fdbroker_answer answer;
	int fd, r;

	/* 3. Where open(2) stood. Errors are negative, and the answer says why. */
	fd = fdbroker_open(broker, name, O_RDONLY, 0, &answer);
	if (fd < 0)
		return print_refusal(name, -fd, &answer);
	r = digest(fd, hash);
	close(fd);
	if (r < 0)
		return fail(name, -r);
	print_digest(hash, name);
	return ALL_OPENED;
}

/* The proof: open(2) itself, on the first of the files. */
static void try_alone(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "sandboxed-digest: my own open() of %s fails: %s\n", name,
			strerror(errno));
		return;
	}
	fprintf(stderr, "sandboxed-digest: my own open() of %s works: no sandbox\n", name);
	close(fd);
}

static int digest_all(const char *socket_path, char **names)
{
	struct fdbroker *broker;
	int status = ALL_OPENED, r;

	/* 1. Connect, and do whatever needs files of its own, while this may be done. */
	r = fdbroker_connect(&broker, socket_path);
	if (r < 0)
		return fail("cannot connect to the broker", -r);

	/* 2. From here on the broker is the only way to a file, for children too. */
	r = fdbroker_sandbox(broker, 0);
	if (r < 0)
		return fail("cannot enter the sandbox", -r);

	try_alone(names[0]);
	for (; *names; names++) {
		r = digest_file(broker, *names);
		status = r > status ? r : status;
	}
	fdbroker_close(broker);
	return status;
}

int main(int argc, char **argv)
{
	static const char option[] = "--socket=";
	const char *socket_path = NULL;
	int status, first = 1;

	if (argc > 1 && strncmp(argv[1], option, strlen(option)) == 0)
		socket_path = argv[first++] + strlen(option);
	if (first >= argc || argv[first][0] == '-') {
		fprintf(stderr, "usage: sandboxed-digest [--socket=PATH] FILE...\n");
		return FAILED;
	}
	status = digest_all(socket_path, argv + first);
	if (fflush(stdout) != 0)
		return fail("cannot write", errno);
	return status;
}
