/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Print how many lines each FILE has, from inside the sandbox: many are asked for at once. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fdbroker.h>

static int complain(const char *what, int r)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-r));
	return 1;
}

static long count_lines(int fd)
{
	char buffer[4096];
	long lines = 0;
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += buffer[i] == '\n';
	return n < 0 ? -errno : lines;
}

static int print_lines(const struct fdbroker_request *request)
{
	long lines = request->fd < 0 ? request->fd : count_lines(request->fd);

	if (lines < 0)
		return complain(request->path, (int)lines);
	printf("%ld %s\n", lines, request->path);
	return 0;
}

/* FDBROKER_BATCH_MAX of them at most. */
static int print_batch(struct fdbroker *broker, char *const *names, size_t n)
{
	struct fdbroker_request requests[FDBROKER_BATCH_MAX];
	int status = 0, r;

	for (size_t i = 0; i < n; i++)
		requests[i] = (struct fdbroker_request){ .path = names[i], .flags = O_RDONLY };
	r = fdbroker_open_batch(broker, requests, n);
	if (r < 0)
		return complain("cannot ask", r);
	for (size_t i = 0; i < n; i++)
		if (print_lines(&requests[i]) != 0)
			status = 1;
	fdbroker_close_batch(requests, n);
	return status;
}

int main(int argc, char *argv[])
{
	struct fdbroker *broker;
	int status = 0, r, n;

	if (argc < 2)
		return 64;
	r = fdbroker_connect(&broker, NULL);
	if (r >= 0)
		r = fdbroker_sandbox(broker, 0);
	if (r < 0)
		return complain("no sandbox", r);

	for (int i = 1; i < argc; i += n) {
		n = argc - i < FDBROKER_BATCH_MAX ? argc - i : FDBROKER_BATCH_MAX;
		if (print_batch(broker, argv + i, (size_t)n) != 0)
			status = 1;
	}
	return fflush(stdout) != 0 ? 1 : status;
}
