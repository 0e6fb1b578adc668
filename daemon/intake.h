/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_INTAKE_H
#define FDB_DAEMON_INTAKE_H

/*
 * The rings that the audit process reads, and the queues of their bells, one of each broker, until that
 * is gone and all is read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTAKE_ENTRY_MAX 24576U /* bytes; more is none */

struct intake_setup {
	int epoll; /* where bells are watched, by their numbers; borrowed */
	/* An entry, whatever it is; of no byte: what was none. */
	void (*take)(void *context, const void *data, size_t size);
	/* Nothing more will come of this one; false: it wrote what no broker writes. */
	void (*ended)(void *context, uint64_t generation, bool is_sound);
	void *context;
};

struct intake {
	struct intake_setup setup;
	struct inlet *list; /* oldest first */
};

void intake_init(struct intake *intake, const struct intake_setup *setup);
void intake_done(struct intake *intake);

/* Both descriptors are taken, also on failure. When the bell is readable, intake_read() is to follow.
 * 0 or -errno. */
int intake_add(struct intake *intake, uint64_t generation, int take_memory, int take_bell);

/* Take all that is there, however much comes meanwhile. How many entries. */
size_t intake_read(struct intake *intake);

/* From now on be rung for; true if there is nothing to read yet. */
bool intake_sleep(struct intake *intake);

#endif
