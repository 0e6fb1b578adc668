/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the admin asks for. */

#include "daemon/parent_parts.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/status.h"

void parent_counted(void *context)
{
	struct parent *parent = context;

	if (parent->uncounted > 0 && --parent->uncounted == 0)
		admin_counted(&parent->admin);
}

static void collect(void *context)
{
	struct parent *parent = context;
	const struct generation *g = parent->succession.serving;

	parent->uncounted = 0;
	if (g && generation_ask(parent->succession.serving) == 0)
		parent->uncounted++;
	if (attendant_ask(&parent->audit) == 0)
		parent->uncounted++;
	if (attendant_ask(&parent->pump) == 0)
		parent->uncounted++;
	if (parent->uncounted == 0)
		admin_counted(&parent->admin);
}

static void print_status(void *context, struct text *out)
{
	status_print(context, out);
}

static int print_tally(void *context, struct text *out)
{
	const struct parent *parent = context;

	status_print_known(parent, out);
	return parent->succession.serving ? parent->succession.serving->tally : -EBADF;
}

static uint64_t reload_so(struct parent *parent, bool must_keep)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
			 (unsigned long long)clock_monotonic_usec());
	return succession_reload(&parent->succession, must_keep);
}

uint64_t parent_reload(void *context)
{
	return reload_so(context, false);
}

static uint64_t reload_on_trial(void *context, uint32_t sec, struct text *why)
{
	struct parent *parent = context;
	uint64_t number;

	if (trial_check(&parent->trial, sec, why) < 0)
		return 0;
	number = reload_so(parent, true);
	trial_ask(&parent->trial, number, sec);
	return number;
}

static int confirm(void *context, struct text *said)
{
	struct parent *parent = context;
	int r = trial_confirm(&parent->trial, said);

	parent_set_restart(parent);
	if (r == 0)
		parent_announce(parent);
	return r;
}

/* The directory `shadow` beside the admin socket, which fdbrokerctl fills. */
static uint64_t cast_shadow(void *context)
{
	struct parent *parent = context;
	const char *socket = parent->activation.admin_path;
	char directory[sizeof(parent->activation.admin_path) + sizeof("/shadow")];

	/* Two policies that may go at any moment are one too many to compare. */
	if (trial_is_on(&parent->trial) || parent->trial.asked != 0)
		return 0;
	snprintf(directory, sizeof(directory), "%.*s/shadow", (int)(strrchr(socket, '/') - socket),
		 socket);
	return succession_shadow(&parent->succession, directory);
}

static int end_shadow(void *context)
{
	struct parent *parent = context;

	return succession_unshadow(&parent->succession);
}

int parent_start_admin(struct parent *parent)
{
	return admin_init(&parent->admin,
			  &(const struct admin_setup){ .event = parent->event,
						       .listener = parent->activation.admin,
						       .reload = parent_reload,
						       .reload_on_trial = reload_on_trial,
						       .confirm = confirm,
						       .shadow = cast_shadow,
						       .unshadow = end_shadow,
						       .collect = collect,
						       .status = print_status,
						       .tally = print_tally,
						       .context = parent });
}
