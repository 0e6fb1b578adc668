/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_CONTROL_H
#define FDB_DAEMON_CONTROL_H

/*
 * What the parent and a broker generation say to each other, on the SEQPACKET
 * socketpair that the broker finds at CONTROL_FD. It opens with the hand-shake
 * of wire/handshake.h, the parent sending its credentials.
 *
 * parent → broker
 *	START		where the policy is and the first decision id; the broker then loads, confines itself,
 *			and says READY or REFUSED
 *	CONNECTION	facts, one descriptor: serve it
 *	STOP		read no more requests, say STOPPED, answer what was read, exit when done
 *	ASK		for COUNTERS
 *	ROOM		to the pump alone, first of all: how much it may take on
 *	UNSHADOW	ask the candidate policy of START no more
 * broker → parent
 *	READY		text: the policy's summary as `key value` lines (for status), an empty line,
 *			warnings ready to print; whether its sources are kept, and the pump is
 *			needed
 *	REFUSED		text: the diagnostics, ready to print; the broker exits
 *	UNCONFIRMED	of LOAD_UNASKED: what is installed was tried and not confirmed; the broker exits
 *	STOPPED		the parent may now give its connections to the next one
 *	COUNTERS	text: counters as `key value` lines
 *	UNSERVED	facts: a CONNECTION came without its descriptor, for which there was no number
 *	RENEW		the policy allows what the hull does not have: start a generation of the same
 *			policy, which looks at the file system anew
 *
 * The audit process and the pump have such a socket too, for ASK and COUNTERS; and between the parent
 * and the audit process are
 *	RING		a generation's number, two descriptors: the ring in which its broker writes records,
 *			and its bell
 *	RING_READ	the same number, back: nothing more will come of it
 *
 * The end of file on this socket is the death of the other side.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/facts.h"

#define CONTROL_FD 3 /* in a child */
#define BELL_FD	   4 /* in a broker: what wakes who reads its ring */
#define PUMP_FD	   5 /* in a broker: where burdens go */
#define TALLY_FD   6 /* in a broker, until it has mapped it: memory of daemon/tallies.h */
#define RING_FD	   7 /* likewise: memory of daemon/ring.h */

#define CONTROL_PATH_MAX    4095U  /* bytes of a directory's name */
#define CONTROL_SHA256_SIZE 65U	   /* hexadecimal, with the NUL */
#define CONTROL_TEXT_MAX    61440U /* bytes: ADMIN_TEXT_MAX, as texts go on to the admin socket */
#define CONTROL_SIZE_MAX    65536U /* bytes of a message */

enum control_type {
	CONTROL_START = 1,
	CONTROL_CONNECTION,
	CONTROL_STOP,
	CONTROL_READY,
	CONTROL_REFUSED,
	CONTROL_STOPPED,
	CONTROL_ASK,
	CONTROL_COUNTERS,
	CONTROL_UNSERVED,
	CONTROL_UNCONFIRMED,
	CONTROL_ROOM,
	CONTROL_UNSHADOW,
	CONTROL_RENEW,
	CONTROL_RING,
	CONTROL_RING_READ,
};

/* Which policy a generation loads. */
enum control_load {
	CONTROL_LOAD_ASKED,   /* the installed one: an admin asked for it */
	CONTROL_LOAD_UNASKED, /* the installed one, unless it was tried and not confirmed: at the
				 start, and after a crash */
	CONTROL_LOAD_LAST_GOOD,
	CONTROL_LOAD_SHADOW,  /* what serves, with a candidate beside it; or refuse */
	CONTROL_LOAD_RENEWED, /* what serves, from where it still is; or refuse */
	CONTROL_LOAD_NOTHING, /* degraded: refuse every request with WIRE_REASON_DEGRADED */
	CONTROL_LOADS,
};

/* What became of the sources that it has read. */
enum control_kept {
	CONTROL_KEPT_NOT,
	CONTROL_KEPT_LOADING, /* they are in KEPT_LOADING, and the parent may move them */
	CONTROL_KEPT_ALREADY, /* KEPT_LAST_GOOD has the same */
	CONTROL_KEPTS,
};

struct control_start {
	uint64_t generation;
	uint64_t
		first_decision; /* 32 random bits, then a counter from 0: no generation meets another's */
	enum control_load load;
	uid_t uid; /* whose process it is to be */
	gid_t gid;
	bool must_keep; /* refuse a policy whose sources cannot be kept */
	bool require_landlock;
	uint32_t open_sec, max_in_flight, max_stuck_per_uid; /* settings of fdbroker.conf */
	char policy_directory[CONTROL_PATH_MAX + 1];	     /* --policy, or "" for the four */
	char state_directory[CONTROL_PATH_MAX +
			     1]; /* where sources are kept, or "": they are not */
	char shadow_directory[CONTROL_PATH_MAX + 1]; /* a candidate to load beside, or "" */
	char same_policy[CONTROL_SHA256_SIZE]; /* LOAD_SHADOW, LOAD_RENEWED: the one that serves */
};

/* Places of daemon/quota.h. */
struct control_room {
	uint32_t pipes, pipes_each;
	uint32_t copies, copies_each; /* of COPIES_UNIT bytes */
	uint32_t watches, watches_each;
};

struct control {
	enum control_type type;
	const struct control_start
		*start;		  /* START, sent: borrowed. Received: control_get_start() */
	struct control_room room; /* ROOM */
	struct facts facts;	  /* CONNECTION, UNSERVED */
	bool lost;		  /* CONNECTION: the generation that served it died, so that the
				      * first message must be the notice `lost` */
	enum control_kept kept;	  /* READY */
	bool uses_pump;		  /* READY: its policy lends what goes through the pump */
	uint64_t ring;		  /* RING, RING_READ: of which generation */
	int fd;			  /* CONNECTION, RING; sent: borrowed, received: the receiver's */
	int bell;		  /* RING; likewise */
	const char *text;	  /* READY, REFUSED, COUNTERS; received: borrows the buffer, also
				      * for the bytes of START */
	size_t text_len;
};

/* Bytes written, or -EMSGSIZE. A text that is too long is cut at the end of a line. */
int control_write(const struct control *control, void *buffer, size_t size);
/* 0 or -EBADMSG; ret->fd and ret->bell are -EBADF. */
int control_read(const void *data, size_t size, struct control *ret);
/* Of a received START, whose names would make every other message as large. 0 or -EBADMSG. */
int control_get_start(const struct control *control, struct control_start *ret);

/**
 * control_send() - write and send, with the descriptors that its type has
 *
 * Never blocks. Return: 0; -EAGAIN the other side is behind; another -errno of message_send().
 */
int control_send(int sock, const struct control *control);

/**
 * control_receive() - receive and read one message
 * @buffer:	at least CONTROL_SIZE_MAX bytes; ret->text points into it
 * @ret:	on 1 and -EMFILE only; its descriptors are -EBADF unless its type has them
 *
 * Never blocks. Return: 1; 0 the other side is gone; -EAGAIN; -EBADMSG; -EMFILE a CONNECTION, in
 *	@ret, whose descriptor is lost; another -errno.
 */
int control_receive(int sock, void *buffer, size_t size, struct control *ret);

/**
 * control_receive_from_child() - the same in the parent, from who may be in somebody's hands
 * @sock:	after message_accept_credentials() with refusal of descriptors
 *
 * A descriptor is not installed, not even to be closed: close(2) asks whoever serves its file, and
 * he may not answer. Return: as control_receive(); -E2BIG a descriptor came.
 */
int control_receive_from_child(int sock, void *buffer, size_t size, struct control *ret);

/* In a child, first of all: the hand-shake, and that the other end of CONTROL_FD is the parent, and
 * root. 0; -EPERM; or -errno of handshake_receive(). */
int control_meet_parent(void);

/* The text of a received message, fit for an admin's terminal whoever wrote it: a broker may be
 * hijacked. 0, and the caller frees *ret; or -ENOMEM. */
int control_copy_text(const struct control *control, char **ret);

#endif
