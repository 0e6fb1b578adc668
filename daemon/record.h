/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_RECORD_H
#define FDB_DAEMON_RECORD_H

/*
 * One audit record: everything that is known of one request, malformed ones
 * included. The broker fills it, the audit process writes it down; see record_fields.h.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/facts.h"

#define RECORD_PATH_MAX	   4095U
#define RECORD_RULE_MAX	   511U
#define RECORD_GROUPS_MAX  64U	  /* who has more has them not told: few do */
#define RECORD_SHA256_SIZE 65U	  /* hexadecimal, with the NUL */
#define RECORD_SIZE_MAX	   24576U /* bytes, encoded */

enum record_outcome {
	RECORD_DENY,
	RECORD_ALLOW,
	RECORD_ERROR,	 /* allowed, and then the kernel said no, or the reply could not be sent */
	RECORD_COMPLAIN, /* no rule allows it, and the scope's `mode complain` let it pass */
	RECORD_CLOSED,	 /* the connection was ended: malformed message, disagreeing credentials */
};

/* What a candidate policy beside the live one says of the request; see shadow.h. */
enum shadow_kind {
	SHADOW_NONE, /* not asked, or it says the same */
	SHADOW_ALLOW,
	SHADOW_DENY,
	SHADOW_COMPLAIN,
	SHADOW_ALLOW_IF, /* by the name; of the object too little was seen */
};

struct record_shadow {
	enum shadow_kind kind;
	uint16_t reason;    /* enum wire_reason */
	uint32_t as_root;   /* 0 or 1 */
	char condition[32]; /* of DENY: that failed; of ALLOW_IF: the only one in doubt; or "" */
	char rule[RECORD_RULE_MAX + 1]; /* id, or "" */
	char conditions[RECORD_RULE_MAX +
			1]; /* of ALLOW_IF, in the language's words; cut if longer */
};

/* Of a request with two names, the one that did not decide. */
struct record_other {
	uint16_t act;	   /* enum wire_opcode; 0: the request has one name */
	uint16_t is_new;   /* 0 or 1 */
	uint32_t modes;	   /* POLICY_* */
	uint16_t path_len; /* as asked */
	char path[RECORD_PATH_MAX + 1];
	char canonical[RECORD_PATH_MAX + 1]; /* where links led, or "" */
	char rule[2 * RECORD_RULE_MAX + 3];  /* ids, or "": it was not judged */
};

struct record {
	enum record_outcome outcome;
	uint64_t time_usec; /* UTC */
	uint64_t decision;
	uint64_t generation;
	uint16_t reason;  /* enum wire_reason */
	int32_t error;	  /* errno of the reply */
	uint32_t modes;	  /* POLICY_* */
	uint32_t as_root; /* 0 or 1 */
	uint16_t deliver; /* enum policy_deliver; of a grant */
	uint32_t rule_line;
	uint32_t
		lost; /* records missing before this one: they did not fit into the queue, or were too many */
	pid_t sender_pid;		 /* of the message; facts.pid is the connector's */
	uint64_t object_dev, object_ino; /* 0: none was pinned */
	size_t path_len;		 /* a malformed path may hold NULs */
	/* Who, encoded by record_write_who(), instead of groups, who and policy; borrowed, or NULL. */
	const void *who_bytes;
	size_t who_size;
	uint32_t n_groups; /* supplementary ones of who; above RECORD_GROUPS_MAX: not told */
	gid_t groups[RECORD_GROUPS_MAX];
	struct facts who;
	char policy[RECORD_SHA256_SIZE]; /* of its sources, or "": there was none */
	char condition[32];		 /* "links", or "" */
	char rule[RECORD_RULE_MAX + 1];	 /* id, or "" */
	char rule_file[RECORD_RULE_MAX + 1];
	char path[RECORD_PATH_MAX + 1];	     /* as asked */
	char canonical[RECORD_PATH_MAX + 1]; /* where links led, or "" */
	char detail[128];		     /* of CLOSED: what was wrong with the message */
	struct record_shadow shadow;
	struct record_other other;
};

/* Of nobody, and of nothing. The texts are empty, and not cleared: with them it is 22 KiB. */
void record_clear(struct record *record);

/* Bytes written, or -EMSGSIZE. @buffer of RECORD_SIZE_MAX always suffices. */
int record_write(const struct record *record, void *buffer, size_t size);
/* The part that says who, and by which policy: the same in all records that one broker makes of a
 * connection. Bytes, or -EMSGSIZE. */
int record_write_who(const struct record *record, void *buffer, size_t size);
/* 0; -EBADMSG, and @ret is of nobody and of nothing. */
int record_read(const void *data, size_t size, struct record *ret);

#endif
