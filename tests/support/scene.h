/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_SCENE_H
#define FDB_TESTS_SCENE_H

/*
 * A real daemon, Alice who tries to hurt it, and Bob who must not notice.
 *
 *	struct scene s;
 *
 *	scene_start(&s);
 *	scene_as(ALICE, misbehave, &s);
 *	scene_assert_unharmed(&s);
 *	scene_stop(&s);
 */

#include "tests/support/daemon.h"

#define ALICE 30000
#define BOB   30001

enum scene_process { SCENE_PARENT, SCENE_BROKER, SCENE_AUDIT, SCENE_PUMP, SCENE_PROCESSES };

struct scene {
	struct daemon daemon;
	char own[128];	/* 0644, Alice's; she and Bob may read it. Its content: "own" */
	char lent[128]; /* 0600, root's; lent to Alice `as root`. Its content: "lent" */
	pid_t pids[SCENE_PROCESSES];
	int fds[SCENE_PROCESSES]; /* with no client */
};

/* The directory, both files and the policy, but no daemon yet. */
void scene_prepare(struct scene *s);

/* Start it, if need be with scene_prepare() before, and note what it is made of. */
void scene_start(struct scene *s);
void scene_stop(struct scene *s);

/* Note the processes anew: the broker was replaced on purpose. */
void scene_note(struct scene *s);

/* Bob is served promptly, every process is the one it was, and none has more descriptors than
 * with no client: so nobody else may be connected. */
void scene_assert_unharmed(struct scene *s);

/* Wait until nobody is connected any more. */
void scene_await_nobody(const struct scene *s);

/* Bob is served promptly. */
void scene_assert_bob_is_served(const struct scene *s);

/* Run @body in a process of @uid; what forked_run() returns. */
int scene_as(uid_t uid, int (*body)(const void *arg), const void *arg);

/* A request to read @path, as bytes. */
size_t scene_request(uint64_t id, const char *path, uint8_t *buffer, size_t size);

/* The same, sent on a connection of its own: that connection, on which nobody waits for the answer. */
int scene_send(const struct daemon *d, const char *path);

/* Whoever opens @path waits until nobody has this descriptor any more. */
int scene_hold_opens(const char *path);

/* Wait until @sock has something to read, or its end; aborts after a long while. */
void scene_await(int sock);

/* Pseudo-random, the same in each run. @state: not 0. */
uint64_t scene_random(uint64_t *state);

#endif
