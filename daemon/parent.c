/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/parent_parts.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/code.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/memory.h"
#include "daemon/kept.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/prepare.h"

/*
 * Everything here is wiring: which module is told what another one found out.
 * sd-event calls back, each callback does one step, nothing blocks.
 * How it ends is in parent_end.c.
 */

#define CALM_USEC (5 * USEC_PER_MSEC)  /* from the first broker's READY to the other children */
#define IDLE_USEC (20 * USEC_PER_MSEC) /* from the last who came */

/* rest */

static int on_idle(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	(void)context;
	memory_release();
	code_release();
	return 0;
}

static int start_idle(struct parent *parent)
{
	return sd_event_add_time_relative(parent->event, &parent->idle, CLOCK_MONOTONIC, IDLE_USEC,
					  USEC_PER_MSEC, on_idle, parent);
}

/* Whoever comes next costs a few faults more; without it, there would only be more memory in use. */
static void rest_later(struct parent *parent)
{
	if (sd_event_source_set_time_relative(parent->idle, IDLE_USEC) >= 0)
		(void)sd_event_source_set_enabled(parent->idle, SD_EVENT_ONESHOT);
}

/* wiring */

static int give(void *context, const struct control *connection)
{
	struct parent *parent = context;

	rest_later(parent);
	return succession_give(&parent->succession, connection);
}

void parent_announce(struct parent *parent)
{
	const struct generation *g = parent->succession.serving;
	const enum control_load load = parent->succession.loaded;
	const char *state = "serving";

	if (load == CONTROL_LOAD_NOTHING)
		state = "degraded: no valid policy, everything is refused";
	else if (succession_is_degraded(&parent->succession))
		state = "degraded: the last good policy is served";
	else if (trial_is_on(&parent->trial))
		state = "serving a policy on trial";
	else if (load == CONTROL_LOAD_LAST_GOOD)
		state = "serving the last good policy";

	parent->is_announced = true;
	(void)sd_notifyf(0, "READY=1\nSTATUS=Generation %llu, %s.",
			 (unsigned long long)g->start.generation, state);
}

/* A crash ends a trial: who knows what it was that crashed. */
void parent_set_restart(struct parent *parent)
{
	parent->succession.restart =
		trial_is_on(&parent->trial) ? CONTROL_LOAD_LAST_GOOD : CONTROL_LOAD_UNASKED;
}

static int on_calm(sd_event_source *source, uint64_t usec, void *context)
{
	struct parent *parent = context;

	(void)source;
	(void)usec;
	if (parent->is_closing)
		return 0;
	parent_start_attendants(parent);
	parent->is_complete = true;
	if (parent->succession.serving)
		parent_announce(parent);
	return 0;
}

/* Who asks first waits for the broker alone, not for two programs more to be loaded. */
static void complete(struct parent *parent)
{
	int r;

	r = sd_event_add_time_relative(parent->event, NULL, CLOCK_MONOTONIC, CALM_USEC, 1, on_calm,
				       parent);
	if (r < 0)
		(void)sd_event_exit(parent->event, log_error_errno(r, "cannot start: %m"));
}

static void on_serves(void *context)
{
	struct parent *parent = context;

	rest_later(parent);
	connections_give(&parent->connections);
	parent->needs_pump |= parent->succession.serving->uses_pump;
	trial_serves(&parent->trial, parent->succession.serving);
	parent_set_restart(parent);
	if (!parent->is_complete) {
		complete(parent);
		return;
	}
	if (!parent->is_closing)
		parent_start_attendants(parent);
	parent_announce(parent);
}

static void on_stays(void *context, const char *why)
{
	struct parent *parent = context;

	trial_stays(&parent->trial, why);
	parent_set_restart(parent);
	if (parent->trial.problem[0] != '\0')
		(void)sd_notifyf(0, "STATUS=%s", parent->trial.problem);
}

static void on_vacant(void *context, bool lost)
{
	struct parent *parent = context;

	connections_take_back(&parent->connections, lost);
}

static void on_room(void *context)
{
	struct parent *parent = context;

	connections_give(&parent->connections);
}

static void on_decided(void *context, uint64_t number, int exit_code, const char *text)
{
	struct parent *parent = context;

	/* Ends RELOADING=1, whatever came of it. */
	if (parent->is_announced)
		(void)sd_notify(0, "READY=1");
	if (exit_code != 0)
		trial_refused(&parent->trial, number);
	admin_decided(&parent->admin, number, exit_code, text);
}

static void on_unserved(void *context, uint64_t connection)
{
	struct parent *parent = context;

	connections_shut(&parent->connections, connection);
}

static void take_back(void *context)
{
	struct parent *parent = context;

	succession_take_back(&parent->succession);
}

/* the end */

static void on_brokers_gone(void *context)
{
	struct parent *parent = context;

	attendant_close(&parent->pump);
}

/* the start */

static int take_sockets(struct parent *parent)
{
	const char *why;
	int r;

	r = activation_take(&parent->activation, &why);
	if (r < 0)
		return log_error_errno(r, "passed by whoever started this: %s: %m", why);
	if (parent->activation.admin < 0)
		log_notice("no admin socket was passed: no reload with a result, no status");
	return 0;
}

static int start_connections(struct parent *parent)
{
	return connections_init(&parent->connections, &(const struct connections_setup){
							      .event = parent->event,
							      .listener = parent->activation.client,
							      .broker = parent->broker_uid,
							      .total = parent->settings.max_clients,
							      .each = parent->settings.max_per_uid,
							      .give = give,
							      .context = parent });
}

/* A policy that is tried out is nobody's last good one. */
static const char *state_directory(const struct parent *parent)
{
	const struct parent_options *options = &parent->options;

	if (options->state_directory)
		return options->state_directory;
	return options->policy_directory ? NULL : KEPT_DIRECTORY;
}

static int start_brokers(struct parent *parent)
{
	const char *state = state_directory(parent);
	struct succession_setup setup = {
		.event = parent->event,
		.use_last_good = state && parent->settings.on_start_error == ON_START_LAST_GOOD,
		.rings = &parent->rings,
		.pump = attendant_queue(&parent->pump),
		.serves = on_serves,
		.vacant = on_vacant,
		.room = on_room,
		.stays = on_stays,
		.decided = on_decided,
		.counted = parent_counted,
		.unserved = on_unserved,
		.idle = on_brokers_gone,
		.context = parent
	};
	const char *directory = parent->options.policy_directory;

	if ((directory && strlen(directory) > CONTROL_PATH_MAX) ||
	    (state && strlen(state) > CONTROL_PATH_MAX))
		return -ENAMETOOLONG;
	setup.start.uid = parent->broker_uid;
	setup.start.gid = parent->broker_gid;
	setup.start.require_landlock = parent->settings.require_landlock;
	setup.start.open_sec = parent->settings.open_seconds;
	setup.start.max_in_flight = parent->settings.max_in_flight;
	setup.start.max_stuck_per_uid = parent->settings.max_stuck_per_uid;
	if (directory)
		strcpy(setup.start.policy_directory, directory);
	if (state)
		strcpy(setup.start.state_directory, state);
	trial_init(&parent->trial, &(const struct trial_setup){ .event = parent->event,
								.state = state,
								.take_back = take_back,
								.context = parent });
	return succession_init(&parent->succession, &setup);
}

static int run(struct parent *parent)
{
	static int (*const steps[])(struct parent * parent) = {
		start_idle,	   parent_watch_signals, parent_init_audit,  parent_init_pump,
		start_connections, start_brokers,	 parent_start_admin,
	};
	int r;

	for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
		r = steps[i](parent);
		if (r < 0)
			return log_error_errno(r, "cannot start: %m");
	}
	r = sd_event_loop(parent->event);
	return r < 0 ? log_error_errno(r, "the event loop failed: %m") : r;
}

static int prepare(struct parent *parent)
{
	int r;

	r = prepare_users(&parent->broker_uid, &parent->broker_gid);
	if (r < 0)
		return r;
	r = child_init();
	if (r < 0)
		return r;
	r = prepare_settings(parent->options.config, &parent->settings);
	if (r < 0)
		return r;
	r = prepare_landlock(&parent->settings);
	if (r < 0)
		return r;
	if (parent->options.audit_file)
		r = prepare_audit_file(parent->options.audit_file, &parent->audit_file);
	if (r < 0)
		return r;
	r = take_sockets(parent);
	if (r < 0)
		return r;
	r = prepare_process(&parent->settings);
	if (r < 0)
		return log_error_errno(r, "cannot prepare the process: %m");
	memory_release();
	memory_be_frugal();
	r = sd_event_default(&parent->event);
	return r < 0 ? log_error_errno(r, "cannot make an event loop: %m") : 0;
}

static void done(struct parent *parent)
{
	admin_done(&parent->admin);
	connections_done(&parent->connections);
	trial_done(&parent->trial);
	succession_done(&parent->succession);
	attendant_done(&parent->pump);
	rings_done(&parent->rings);
	attendant_done(&parent->audit);
	sd_event_source_unref(parent->idle);
	sd_event_unref(parent->event);
	activation_done(&parent->activation);
	fd_close(parent->audit_file);
}

int parent_main(const struct parent_options *options)
{
	struct parent parent = { .options = *options,
				 .activation = ACTIVATION_NONE,
				 .audit_file = -EBADF };
	int r;

	r = prepare(&parent);
	if (r < 0)
		return EXIT_FAILURE;
	r = run(&parent);
	done(&parent);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
