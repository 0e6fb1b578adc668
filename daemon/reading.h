/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_READING_H
#define FDB_DAEMON_READING_H

/*
 * The policy that a generation is to serve: read, judged, and its sources kept. With root's rights, before
 * the generation confines itself.
 */

#include <stdbool.h>

#include "base/text.h"
#include "daemon/control.h"
#include "policy/diag.h"
#include "policy/load.h"

struct reading {
	struct policy *policy; /* NULL: there is none */
	struct diags diags;
	struct text why;  /* beside @diags, why there is none: lines, ready to print */
	bool unconfirmed; /* it was tried and not confirmed */
	enum control_kept kept;
	int kept_error; /* -errno of KEPT_NOT; 0: nothing was to be kept */
	/* its own */
	const struct control_start *start;
};

/**
 * reading_policy() - read what @start asks for
 * @start:	borrowed for as long as @ret is used; not CONTROL_LOAD_NOTHING
 * @ret:	zeroed; reading_done()
 *
 * Return: 0, whatever is wrong with the policy; -errno for what is no policy's fault.
 */
int reading_policy(const struct control_start *start, struct reading *ret);
/* The same for the candidate of CONTROL_LOAD_SHADOW. */
int reading_candidate(const struct control_start *start, struct reading *ret);
void reading_done(struct reading *reading);

#endif
