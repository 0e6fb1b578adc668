/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/parent_parts.h"

#include <errno.h>

#include "daemon/copies.h"

/*
 * Audit and pump: what each is given, and what follows from what it says. Once there, the pump stays:
 * what it was given outlives the policy that it was lent by.
 */

static void on_audit_gone(void *context)
{
	struct parent *parent = context;

	(void)sd_event_exit(parent->event, 0);
}

static void on_audit_there(void *context)
{
	struct parent *parent = context;

	rings_give_anew(&parent->rings);
}

static int on_audit_told(void *context, const struct control *message)
{
	struct parent *parent = context;

	if (message->type != CONTROL_RING_READ)
		return -EPROTO;
	rings_close(&parent->rings, message->ring);
	return 0;
}

int parent_init_audit(struct parent *parent)
{
	rings_init(&parent->rings, &parent->audit);
	return attendant_init(&parent->audit,
			      &(const struct attendant_setup){ .event = parent->event,
							       .program = CHILD_AUDIT,
							       .name = "audit",
							       .file = parent->audit_file,
							       .greeted = on_audit_there,
							       .told = on_audit_told,
							       .counted = parent_counted,
							       .closed = on_audit_gone,
							       .context = parent });
}

static void on_pump_gone(void *context)
{
	struct parent *parent = context;

	attendant_close(&parent->audit);
}

#define COPIES_PER_MIB ((1U << 20) / COPIES_UNIT)

int parent_init_pump(struct parent *parent)
{
	const struct settings *settings = &parent->settings;

	parent->room = (struct control){
		.type = CONTROL_ROOM,
		.room = { .pipes = settings->max_pipes,
			  .pipes_each = settings->max_pipes_per_uid,
			  .copies = settings->max_snapshots_mib * COPIES_PER_MIB,
			  .copies_each = settings->max_snapshots_mib_per_uid * COPIES_PER_MIB,
			  .watches = settings->max_watches,
			  .watches_each = settings->max_watches_per_uid },
	};
	return attendant_init(&parent->pump,
			      &(const struct attendant_setup){ .event = parent->event,
							       .program = CHILD_PUMP,
							       .name = "pump",
							       .file = -EBADF,
							       .has_queue = true,
							       .greeting = &parent->room,
							       .counted = parent_counted,
							       .closed = on_pump_gone,
							       .context = parent });
}

void parent_start_attendants(struct parent *parent)
{
	attendant_start(&parent->audit);
	if (parent->needs_pump)
		attendant_start(&parent->pump);
}
