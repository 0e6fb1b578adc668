/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_TALLIES_H
#define FDB_CTL_TALLIES_H

/* A look at what the daemon has counted: a copy, so that it holds still while it is shown. */

#include <stdbool.h>
#include <stdint.h>

#include "ctl/admin.h"
#include "wire/tally.h"

struct look {
	struct admin_answer answer; /* what the parent knows: lines `key value` */
	uint64_t now_usec;	    /* UTC, of the copy */
	bool serving;		    /* there is a tally: a generation serves */
	struct tally tally;	    /* borrows the memory */
	void *memory;		    /* owned */
	size_t size;
};

#define LOOK_EMPTY ((struct look){ 0 })

/* EXIT_YES, or what to exit with, said on stderr. */
enum exit_code look_take(const struct ctl *ctl, struct look *ret);
void look_done(struct look *look);

/* All rows together. */
void look_total(const struct look *look, struct tally_row *ret);

/* What a row is called: "(default deny)", "(not judged)", or its rule's id; not escaped, as long as
 * *ret_len says. */
const char *look_name(const struct look *look, size_t row, size_t *ret_len);

/* The number of a line of the answer; 0 if there is none. */
uint64_t look_number(const struct look *look, const char *key);

#endif
