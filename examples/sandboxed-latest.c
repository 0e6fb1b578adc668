/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Keep what comes on standard input as DIRECTORY/NAME, and let DIRECTORY/latest lead there, from
 * inside the sandbox. examples/latest.fdp is a policy for it.
 */

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

static int copy_to(int fd)
{
	char buffer[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0)
		for (ssize_t done = 0, more; done < n; done += more) {
			more = write(fd, buffer + done, (size_t)(n - done));
			if (more < 0)
				return -errno;
		}
	return n < 0 ? -errno : 0;
}

static int point_to(struct fdbroker *broker, const char *latest, const char *name)
{
	int r = fdbroker_unlink(broker, latest, 0, NULL);

	return r < 0 && r != -ENOENT ? r : fdbroker_symlink(broker, name, latest, NULL);
}

int main(int argc, char *argv[])
{
	char path[4096], latest[4096];
	struct fdbroker *broker;
	struct stat st;
	int fd, r;

	if (argc != 3)
		return 64;
	/* A name that was cut would be another file's. */
	if (snprintf(path, sizeof(path), "%s/%s", argv[1], argv[2]) >= (int)sizeof(path) ||
	    snprintf(latest, sizeof(latest), "%s/latest", argv[1]) >= (int)sizeof(latest))
		return complain(argv[1], -ENAMETOOLONG);
	r = fdbroker_connect(&broker, NULL);
	if (r >= 0)
		r = fdbroker_sandbox(broker, 0);
	if (r < 0)
		return complain("no sandbox", r);

	r = fdbroker_mkdir(broker, argv[1], 0750, NULL);
	if (r < 0 && r != -EEXIST)
		return complain(argv[1], r);
	fd = fdbroker_open(broker, path, O_WRONLY | O_CREAT | O_EXCL, 0640, NULL);
	r = fd < 0 ? fd : copy_to(fd);
	if (r < 0)
		return complain(path, r);
	r = point_to(broker, latest, argv[2]);
	if (r >= 0)
		r = fdbroker_stat(broker, latest, 0, &st, NULL);
	if (r < 0)
		return complain(latest, r);
	printf("%s: %lld bytes\n", latest, (long long)st.st_size);
	return 0;
}
