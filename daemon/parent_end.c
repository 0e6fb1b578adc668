/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/parent_parts.h"

#include <errno.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/macro.h"
#include "daemon/limits.h"
#include "daemon/log.h"

/*
 * Signals. The end, on SIGTERM: brokers are told by the end of their control sockets, then
 * the pump, so that what was written to it is in its file, then the audit process, so
 * that no record of theirs is lost; whoever has not
 * ended after LIMIT_END_SEC is left to systemd.
 */

static int on_too_late(sd_event_source *source, uint64_t usec, void *context)
{
	struct parent *parent = context;

	(void)source;
	(void)usec;
	log_warning("a process does not end: leaving it");
	return sd_event_exit(parent->event, 0);
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *si, void *context)
{
	struct parent *parent = context;
	int r;

	(void)source;
	(void)si;
	if (parent->is_closing)
		return 0;
	parent->is_closing = true;
	(void)sd_notify(0, "STOPPING=1");
	/* Of what was served before it was started there may be records. */
	attendant_start(&parent->audit);
	r = sd_event_add_time_relative(parent->event, NULL, CLOCK_MONOTONIC,
				       LIMIT_END_SEC * USEC_PER_SEC, 0, on_too_late, parent);
	if (r < 0)
		return sd_event_exit(parent->event, 0);
	admin_done(&parent->admin);
	connections_close(&parent->connections);
	succession_close(&parent->succession);
	return 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *context)
{
	(void)source;
	(void)si;
	(void)parent_reload(context);
	return 0;
}

int parent_watch_signals(struct parent *parent)
{
	static const struct {
		int number;
		sd_event_signal_handler_t caught;
	} signals[] = {
		{ SIGTERM, on_end },
		{ SIGINT, on_end },
		{ SIGHUP, on_hangup },
	};
	sigset_t blocked;
	int r;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD); /* sd_event_add_child(3) wants it */
	for (size_t i = 0; i < ELEMENTSOF(signals); i++)
		sigaddset(&blocked, signals[i].number);
	if (sigprocmask(SIG_BLOCK, &blocked, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
		r = sd_event_add_signal(parent->event, NULL, signals[i].number, signals[i].caught,
					parent);
		if (r < 0)
			return r;
	}
	return sd_event_set_watchdog(parent->event, true);
}
