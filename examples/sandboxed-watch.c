/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Print the names of what comes into a directory, from inside the sandbox, until it is removed. */

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <fdbroker.h>

/* One at a time, and never longer: inotify(7). */
struct event {
	struct inotify_event head;
	char name[NAME_MAX + 1];
};

int main(int argc, char *argv[])
{
	struct fdbroker_answer answer;
	struct fdbroker *broker;
	struct event event;
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
	fd = fdbroker_watch(broker, argv[1], IN_CREATE | IN_MOVED_TO | IN_ONLYDIR, &answer);
	if (fd < 0) {
		fprintf(stderr, "%s: %s (%s, decision %016llx)\n", argv[1], strerror(-fd),
			fdbroker_reason_name(answer.reason), (unsigned long long)answer.decision);
		return 1;
	}
	printf("watching\n");
	fflush(stdout);
	while (read(fd, &event, sizeof(event)) > 0) {
		if (event.head.mask & IN_Q_OVERFLOW)
			printf("(some names are missing)\n");
		else if (event.head.len > 0)
			printf("%s\n", event.name);
		fflush(stdout);
	}
	return 0;
}
