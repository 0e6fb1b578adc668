/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A generation whose hull has become too small for its policy asks for a renewal: another one of
 * the same policy, which looks at the file system as it is now. Clients can bring that about as
 * often as they can move directories, so that there is one a second at most; and when it fails,
 * which is nobody's reload, the old one goes on.
 */

#include "daemon/succession_parts.h"

#include <inttypes.h>

#include "base/clock.h"
#include "daemon/log.h"

#define RENEWAL_USEC USEC_PER_SEC /* from one renewal to the next, at least */

static void renew(struct succession *s)
{
	int r = -ENODATA;

	s->outside = false;
	s->renewed_usec = clock_monotonic_usec();
	s->n_renewals++;
	if (succession_ask_same(s))
		r = succession_start(s, CONTROL_LOAD_RENEWED);
	if (r < 0)
		log_error_errno(r, "cannot renew generation %" PRIu64 ": %m",
				s->serving->start.generation);
}

static int on_renewal(sd_event_source *source, uint64_t usec, void *context)
{
	struct succession *s = context;

	(void)source;
	(void)usec;
	s->renewal = sd_event_source_disable_unref(s->renewal);
	/* What is being started instead looks at the file system too. */
	if (s->outside && !s->next && !s->closing && succession_is_serving(s))
		renew(s);
	return 0;
}

void succession_renew_in_time(struct succession *s)
{
	uint64_t due = s->renewed_usec > 0 ? s->renewed_usec + RENEWAL_USEC : 0;
	int r;

	if (!s->outside || s->next || s->closing || s->renewal)
		return;
	r = sd_event_add_time(s->setup.event, &s->renewal, CLOCK_MONOTONIC, due, 1, on_renewal, s);
	if (r < 0)
		log_error_errno(r, "cannot wait for a renewal's turn: %m");
}

void succession_outside(struct succession *s, const struct generation *g)
{
	if (g != s->serving || !succession_is_serving(s))
		return;
	s->outside = true;
	succession_renew_in_time(s);
}
