/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_CONFINE_H
#define FDB_DAEMON_CONFINE_H

/*
 * Giving up what is not needed, for good. Called once, before the first thread
 * and before the first byte from a stranger.
 *
 * Both end the process's say over itself: a user of its own, the capabilities
 * named and none that could come back, no_new_privs, no core, not dumpable, the part of the
 * file system that is named, and a list of system calls beyond which the kernel kills. A failure
 * leaves the process half-confined: it must exit.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

struct hull;

/* What the loaded policy needs. */
struct confine_needs {
	uid_t uid; /* of `fdbroker`, resolved before */
	gid_t gid;
	bool reads_as_root;  /* CAP_DAC_READ_SEARCH */
	bool writes_as_root; /* CAP_DAC_OVERRIDE */
	bool owns_as_root;   /* CAP_FOWNER */
	uint32_t modes;	     /* POLICY_* of its allows: system calls that only some need */
	struct hull *hull;   /* what of the file system; borrowed. NULL: all of it */
};

/* 0 or -errno. Needs root with CAP_SETPCAP. */
int confine_broker(const struct confine_needs *needs);
int confine_audit(uid_t uid, gid_t gid);
int confine_pump(uid_t uid, gid_t gid);

/* Write the broker's filter as libseccomp's pseudo code; @modes as in confine_needs. 0 or -errno. */
int confine_print_broker(int fd, uint32_t modes);

/* What confine_broker() leaves, as `key value` lines for the status. */
void confine_print(const struct confine_needs *needs, struct text *out);

#endif
