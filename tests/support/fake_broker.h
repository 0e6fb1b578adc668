/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_FAKE_BROKER_H
#define FDB_TESTS_FAKE_BROKER_H

/*
 * The other end of a client's connection, as honest or as hostile as a test
 * wants it. Sending is done by hand, since wire/ would not send what is wrong.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "wire/proto.h"

struct fdbroker;

struct fake_request {
	uint64_t id;
	struct ucred sender;
	uint32_t flags;
	uint32_t mode;
	char path[WIRE_PATH_MAX + 1];
};

/* Wait for a request; false when the client is gone. */
bool fake_receive(int sock, struct fake_request *ret);

/* Send bytes, with @n_fds duplicates of @fd. */
void fake_send(int sock, const void *bytes, size_t size, int fd, unsigned n_fds);

/* An answer, with as many descriptors as @answer says. */
void fake_answer(int sock, uint64_t id, const struct wire_answer *answer, int fd);

void fake_refuse(int sock, uint64_t id, int error, enum wire_reason reason);

void fake_notice(int sock, uint16_t which);

/* Yes: a file whose content is the path that was asked for. */
void fake_open(int sock, const struct fake_request *request);

/* Answer everything with fake_open() until the client is gone; but paths that begin with
 * "/refuse" are refused. */
void fake_serve(int sock);

/* A process that does so for any number of connections to the socket @ret_path. It ends with the
 * caller at the latest; the caller unlinks the socket. */
pid_t fake_listen(char *ret_path, size_t size);

/* A broker that runs @script in a thread, and a client of it. */
struct fake_stage {
	void (*script)(int sock);
	int sock; /* the broker's end */
	pthread_t thread;
	struct fdbroker *broker;
};

void fake_stage_begin(struct fake_stage *stage, void (*script)(int sock));
void fake_stage_end(struct fake_stage *stage);

#endif
