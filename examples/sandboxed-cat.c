/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Print a file, from inside the sandbox. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fdbroker.h>

int main(int argc, char *argv[])
{
	struct fdbroker_answer answer;
	struct fdbroker *broker;
	char buffer[4096];
	ssize_t n;
	int fd, r;

	if (argc != 2)
		return 64;
	r = fdbroker_connect(&broker, NULL);
	if (r >= 0)
		r = fdbroker_sandbox(broker, 0);
	if (r < 0) {
		fprintf(stderr, "no sandbox: %s\n", strerror(-r));
		return 1;
	}

	/* From here on, the broker is the only way to a file. */
	fd = fdbroker_open(broker, argv[1], O_RDONLY, 0, &answer);
	if (fd < 0) {
		fprintf(stderr, "%s: %s (%s, decision %016llx)\n", argv[1], strerror(-fd),
			fdbroker_reason_name(answer.reason), (unsigned long long)answer.decision);
		return 1;
	}
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		if (fwrite(buffer, 1, (size_t)n, stdout) != (size_t)n)
			return 1;
	return n < 0 || fflush(stdout) != 0;
}
