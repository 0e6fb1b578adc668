/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/scene.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"
#include "wire/codec.h"

#define PATIENCE_USEC (30 * USEC_PER_SEC)
#define PROMPT_USEC   (100 * USEC_PER_MSEC)
#define TRIES	      200  /* of which one must be prompt: the machine may have other work */
#define TURNS	      1000 /* far more than it needs */

static const char *const names[] = { "parent", "broker", "audit", "pump" };

static void make(const char *path, uid_t owner, mode_t mode, const char *content)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	fd_close(fd);
}

void scene_prepare(struct scene *s)
{
	char policy[1024];

	*s = (struct scene){ 0 };
	daemon_prepare(&s->daemon);
	snprintf(s->own, sizeof(s->own), "%s/own", s->daemon.directory);
	snprintf(s->lent, sizeof(s->lent), "%s/lent", s->daemon.directory);
	make(s->own, ALICE, 0644, "own");
	make(s->lent, 0, 0600, "lent");
	snprintf(policy, sizeof(policy),
		 "version 1;\n"
		 "for user %d {\n"
		 "    own: allow read \"%s\" { audit all; }\n"
		 "    lent: allow read as root \"%s\";\n"
		 "}\n"
		 "for user %d { bobs: allow read \"%s\"; }\n"
		 "for user 1 { pumped: allow read \"%s\" { deliver snapshot; } }\n",
		 ALICE, s->own, s->lent, BOB, s->own, s->own);
	daemon_write_policy(&s->daemon, "scene.fdp", policy);
}

static int warm_up(const void *arg)
{
	const struct scene *s = arg;
	int sock = daemon_connect(&s->daemon);

	fd_close(daemon_ask(sock, s->lent, WIRE_OPEN_READ, NULL));
	fd_close(daemon_ask(sock, "/refused", WIRE_OPEN_READ, NULL));
	return 0;
}

/* Not every policy needs a pump. */
static int count_fds(pid_t pid)
{
	return pid > 0 ? suite_count_fds(pid) : 0;
}

void scene_note(struct scene *s)
{
	for (size_t i = 0; i < SCENE_PROCESSES; i++) {
		s->pids[i] = daemon_pid(&s->daemon, names[i]);
		s->fds[i] = count_fds(s->pids[i]);
	}
}

void scene_await_nobody(const struct scene *s)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;

	while (daemon_number(&s->daemon, "connections") > 0)
		ck_assert_msg(clock_monotonic_usec() < deadline, "connections do not end");
}

void scene_start(struct scene *s)
{
	if (!s->daemon.directory[0])
		scene_prepare(s);
	daemon_start(&s->daemon);
	/* Once through everything, so that what is made at first use is there. */
	ck_assert_int_eq(scene_as(ALICE, warm_up, s), 0);
	daemon_await_at_least(&s->daemon, "records-written", 1);
	daemon_await_attendants(&s->daemon);
	scene_await_nobody(s);
	/* The broker sees the end of a connection before what the parent asks after that. */
	daemon_number(&s->daemon, "connections");
	scene_note(s);
}

void scene_stop(struct scene *s)
{
	daemon_stop(&s->daemon);
	*s = (struct scene){ 0 };
}

int scene_as(uid_t uid, int (*body)(const void *arg), const void *arg)
{
	const struct user user = { .uid = uid, .gid = uid };

	return user_run(&user, body, arg);
}

static int be_served(const void *arg)
{
	const struct scene *s = arg;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = clock_monotonic_usec();
		int sock = daemon_connect(&s->daemon);
		int fd = daemon_ask(sock, s->own, WIRE_OPEN_READ, NULL);

		if (fd < 0)
			return -fd;
		fd_close(fd);
		fd_close(sock);
		if (clock_monotonic_usec() - before < PROMPT_USEC)
			return 0;
	}
	return 255;
}

void scene_assert_bob_is_served(const struct scene *s)
{
	int r = scene_as(BOB, be_served, s);

	ck_assert_msg(r != 255, "nobody was served within %d ms",
		      (int)(PROMPT_USEC / USEC_PER_MSEC));
	ck_assert_int_eq(r, 0);
}

/* A process notices the end of a connection when its turn comes: asking it is waiting for it. */
static void assert_fds(const struct scene *s, enum scene_process process)
{
	int fds = -1;

	for (int i = 0; i < TURNS && fds != s->fds[process]; i++) {
		ck_assert_int_eq(daemon_pid(&s->daemon, names[process]), s->pids[process]);
		fds = count_fds(s->pids[process]);
	}
	ck_assert_msg(fds == s->fds[process], "%s: %d descriptors before, %d after", names[process],
		      s->fds[process], fds);
}

void scene_assert_unharmed(struct scene *s)
{
	scene_assert_bob_is_served(s);
	scene_await_nobody(s);
	for (size_t i = 0; i < SCENE_PROCESSES; i++)
		assert_fds(s, i);
}

size_t scene_request(uint64_t id, const char *path, uint8_t *buffer, size_t size)
{
	const struct wire_open request = { .flags = WIRE_OPEN_READ,
					   .path = path,
					   .path_len = (uint16_t)strlen(path) };
	int r = wire_open_write(id, &request, buffer, size);

	ck_assert_int_gt(r, 0);
	return (size_t)r;
}

int scene_send(const struct daemon *d, const char *path)
{
	uint8_t buffer[512];
	size_t size = scene_request(7, path, buffer, sizeof(buffer));
	int sock = daemon_connect(d);

	ck_assert_int_eq(send(sock, buffer, size, 0), (ssize_t)size);
	return sock;
}

/* fanotify(7): its end allows what waits. */
int scene_hold_opens(const char *path)
{
	int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);

	ck_assert_int_ge(group, 0);
	ck_assert_int_eq(fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path), 0);
	return group;
}

void scene_await(int sock)
{
	ck_assert_int_gt(clock_wait(sock, POLLIN, clock_monotonic_usec() + PATIENCE_USEC), 0);
}

uint64_t scene_random(uint64_t *state)
{
	/* xorshift64 */
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
