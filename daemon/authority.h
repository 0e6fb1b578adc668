/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_AUTHORITY_H
#define FDB_DAEMON_AUTHORITY_H

/*
 * With whose rights this thread touches the file system: the caller's, or the
 * broker's own where a rule says `as root`.
 *
 * An identity belongs to one thread, and stays until the next one is taken: a
 * switch costs more than an open. Nobody may open, look up or create a name
 * without having asked for an identity here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whose rights a caller has. Made once per connection, from facts; borrowed by authority_caller(). */
struct principal {
	uint64_t connection; /* facts.connection: equal numbers are equal principals */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	uint64_t cap_effective; /* how far a uid 0 is root */
	/* Which process connected: its number, which another may have by now, and the inode of its
	 * pidfd, which none ever has; 0: the kernel does not tell. */
	pid_t pid;
	uint64_t pidfd_ino;
};

enum authority_kind {
	AUTHORITY_UNKNOWN, /* a switch failed half-way */
	AUTHORITY_BROKER,  /* the process's own uid, with the capabilities that the policy needs */
	AUTHORITY_CREATOR, /* the same, but what is created is somebody else's */
	AUTHORITY_CALLER,
};

/* Of whom a thread remembers that he has them; who has more is known by his connection alone. */
#define AUTHORITY_GROUPS_MAX 64U

struct authority {
	uid_t uid; /* the process's own */
	gid_t gid;
	uint64_t permitted; /* capabilities held, as bits */
	uint64_t effective; /* of this thread, now */
	enum authority_kind kind;
	/* AUTHORITY_CALLER: whose, and as whom, with `effective`. */
	uint64_t connection;
	uid_t caller_uid;
	gid_t caller_gid;
	size_t n_groups;
	gid_t groups[AUTHORITY_GROUPS_MAX];
	uid_t creator_uid; /* AUTHORITY_CREATOR: for whom */
	gid_t creator_gid;
};

/* For the calling thread, after confinement. Reads its ids and capabilities. 0 or -errno. */
int authority_init(struct authority *authority);

/**
 * authority_caller() - act with a caller's uid, gid and groups, and no capability over files
 * @principal:	borrowed for the call
 *
 * A uid 0 keeps CAP_DAC_* as far as its own effective set has them and the
 * broker holds them; nobody else keeps any.
 *
 * Return: 0; -errno if the kernel did not do it: the thread is the broker's
 *	again and the request must be refused.
 */
int authority_caller(struct authority *authority, const struct principal *principal);

/* Act as the broker with all it holds. Failure is not survivable: aborts. */
void authority_broker(struct authority *authority);

/* As authority_broker(), with @uid and @gid as the owner of what is created. 0 or -errno, as
 * authority_caller(). */
int authority_creator(struct authority *authority, uid_t uid, gid_t gid);

#endif
