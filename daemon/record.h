/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_RECORD_H
#define FDB_DAEMON_RECORD_H

/*
 * One audit record: everything that is known of one request, malformed ones
 * included. The broker fills it, the audit process writes it down; see record_fields.h.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "daemon/facts.h"

/* Bytes of texts; what is longer is cut when it is written. */
#define RECORD_PATH_MAX	     4095U
#define RECORD_RULE_MAX	     511U
#define RECORD_CONDITION_MAX 31U
#define RECORD_DETAIL_MAX    127U

#define RECORD_GROUPS_MAX  64U	  /* who has more has them not told: few do */
#define RECORD_SHA256_SIZE 65U	  /* hexadecimal, with the NUL */
#define RECORD_WHO_MAX	   2048U  /* bytes, encoded */
#define RECORD_SIZE_MAX	   24576U /* bytes, encoded */
#define RECORD_HEAD_SIZE   36U	  /* bytes, encoded: see struct record */

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

/*
 * A record owns none of its texts: they are where they were known, or in the bytes that it was read
 * from. So nothing is copied but into the ring, and what is not there takes no room.
 */
struct record_text {
	const char *bytes; /* borrowed; no NUL behind them, and none among those of a text */
	size_t len;	   /* 0: there is none */
};

struct record_shadow {
	enum shadow_kind kind;
	uint16_t reason;	      /* enum wire_reason */
	uint32_t as_root;	      /* 0 or 1 */
	struct record_text condition; /* of DENY: that failed; of ALLOW_IF: the only one in doubt */
	struct record_text rule;      /* id */
	struct record_text conditions; /* of ALLOW_IF, in the language's words */
};

/* Of a request with two names, the one that did not decide. */
struct record_other {
	uint16_t act;		      /* enum wire_opcode; 0: the request has one name */
	uint16_t is_new;	      /* 0 or 1 */
	uint32_t modes;		      /* POLICY_* */
	struct record_text path;      /* as asked; any bytes */
	struct record_text canonical; /* where links led */
	struct record_text rule;      /* ids; none: it was not judged */
};

/* What all records that one broker makes of one connection have in common. */
struct record_who {
	struct facts facts;
	uint32_t n_groups; /* supplementary ones; above RECORD_GROUPS_MAX: not told */
	gid_t groups[RECORD_GROUPS_MAX];
	char policy[RECORD_SHA256_SIZE]; /* of its sources, or "": there was none */
};

struct record {
	/* The head, in which two records differ that otherwise say the same. */
	uint64_t time_usec; /* UTC */
	uint64_t decision;
	uint64_t object_dev, object_ino; /* 0: none was pinned */
	uint32_t lost; /* records missing before it: there was no room, or they were too many */

	enum record_outcome outcome;
	uint64_t generation;
	uint16_t reason;  /* enum wire_reason */
	uint16_t deliver; /* enum policy_deliver; of a grant */
	int32_t error;	  /* errno of the reply */
	uint32_t modes;	  /* POLICY_* */
	uint32_t as_root; /* 0 or 1 */
	uint32_t rule_line;
	pid_t sender_pid;	      /* of the message; the connector's is among who he is */
	struct record_text who;	      /* struct record_who, encoded */
	struct record_text condition; /* "links" */
	struct record_text rule;      /* id */
	struct record_text rule_file;
	struct record_text path;      /* as asked; any bytes */
	struct record_text canonical; /* where links led */
	struct record_text detail;    /* of CLOSED: what was wrong with the message */
	struct record_shadow shadow;
	struct record_other other;
};

/* Of a text that ends with a NUL, or NULL. */
static inline struct record_text record_text(const char *string)
{
	return (struct record_text){ .bytes = string, .len = string ? strlen(string) : 0 };
}

/* Bytes written, or -EMSGSIZE. @buffer of RECORD_SIZE_MAX always suffices. */
int record_write(const struct record *record, void *buffer, size_t size);
/* 0; -EBADMSG, and @ret is of nobody and of nothing. @data is borrowed as long as @ret is. */
int record_read(const void *data, size_t size, struct record *ret);

/* The same of who it is. @buffer of RECORD_WHO_MAX always suffices. */
int record_write_who(const struct record_who *who, void *buffer, size_t size);
/* Of a record that was read, 0. */
int record_read_who(const struct record *record, struct record_who *ret);

/* Of a head, how many records are missing. */
uint32_t record_read_lost(const void *head);

#endif
