/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_REQUEST_H
#define FDB_DAEMON_REQUEST_H

/*
 * A client's claim, made into a request that makes sense, or refused. Pure: no
 * file, no policy, no caller.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/act.h"
#include "wire/proto.h"

struct request {
	uint16_t opcode; /* WIRE_OPCODE_OPEN, or one of act.h's */
	uint32_t modes;	 /* POLICY_* that a rule must allow, by policy-language's table */
	int flags; /* for open(2): access mode, O_APPEND, O_DIRECTORY, O_SYNC, O_DSYNC, O_NONBLOCK */
	mode_t mode; /* of a file to create, already masked */
	bool create;
	bool exclusive;
	bool truncate; /* only of a file that was there before */
	bool tmpfile;
	bool nofollow;
	bool directory;	   /* of an act: what is there must be one */
	uint32_t argument; /* of an act */
	bool two_names;	   /* @other is the new one */
	bool noreplace;
	uint64_t size;
	struct wire_time times[2];
	char path[WIRE_PATH_MAX + 1]; /* without a NUL before its end; the policy judges its form */
	/* A link's target: any text, of which nothing is judged; or another name, like @path. */
	char other[WIRE_PATH_MAX + 1];
};

/* Nothing is asked. The texts are empty, and not cleared. */
void request_clear(struct request *request);

/**
 * request_read() - judge flags and form
 * @claim:	as decoded; hostile
 * @ret:	written on success only
 *
 * Return: WIRE_REASON_OK, WIRE_REASON_BAD_PATH or WIRE_REASON_BAD_FLAGS; each but OK
 *	goes to the client with EINVAL.
 */
enum wire_reason request_read(const struct wire_open *claim, struct request *ret);

/* Whether it is an opcode of act.h's that is served. */
bool request_is_act(uint16_t opcode);
/* The same for what opens nothing; @opcode: request_is_act(). */
enum wire_reason request_act_read(uint16_t opcode, const struct wire_act *claim,
				  struct request *ret);

/* Neither empty nor too long, and no NUL in it; the policy judges the rest. */
bool request_path_makes_sense(const char *path, size_t len);

#endif
