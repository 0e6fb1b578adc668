/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_FILTER_H
#define FDB_CTL_FILTER_H

/* Which records a command line asks for: --deny, --allow, --complain, --unit, --user, --rule,
 * --path, --since, --until. What is not given admits everything. */

#include "ctl/command.h"
#include "ctl/found.h"
#include "ctl/path_pattern.h"

struct filter {
	const struct options *options;
	bool some_decisions;
	bool has_uid;
	uint32_t uid;
	uint64_t since_usec, until_usec;
	struct path_pattern *path; /* owned; NULL: any */
};

#define FILTER_EMPTY ((struct filter){ 0 })

/* EXIT_YES, or EXIT_USAGE after saying what cannot be read. */
enum exit_code filter_init(const struct ctl *ctl, struct filter *ret);
void filter_done(struct filter *filter);

bool filter_admits(const struct filter *filter, const struct found *found);

#endif
