/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_LOG_LINE_H
#define FDB_CTL_LOG_LINE_H

/* One record in one line, in columns that keep the width they needed so far. */

#include "ctl/command.h"
#include "ctl/found.h"

#define LOG_LINES_MAX 100000U /* of -n: they are kept in memory */

enum log_column { LOG_DECISION, LOG_MODES, LOG_PATH, LOG_WHO, LOG_USER, LOG_WHY, LOG_COLUMNS };

struct log_user {
	uint32_t uid;
	char *name;
};

struct log_line {
	size_t widths[LOG_COLUMNS];
	char day[32];		/* of the line before */
	struct log_user *users; /* names that were looked up; owned */
	size_t n_users;
};

/* Adds a line for the day, too, where it is another than before. */
void log_line_add(struct log_line *line, const struct ctl *ctl, const struct found *found,
		  struct text *out);
void log_line_done(struct log_line *line);

#endif
