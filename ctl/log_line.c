/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/log_line.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/account.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/array.h"

/* What a column has at least, and up to what it grows: a long name moves its own line only. */
static const struct {
	size_t least, most;
} bounds[LOG_COLUMNS] = {
	[LOG_DECISION] = { 8, 8 }, [LOG_MODES] = { 6, 14 }, [LOG_PATH] = { 24, 48 },
	[LOG_WHO] = { 18, 32 },	   [LOG_USER] = { 8, 16 },  [LOG_WHY] = { 16, 32 },
};

static const struct {
	const char *decision;
	enum paint paint;
} paints[] = {
	{ "deny", PAINT_DENY },	  { "error", PAINT_DENY },	 { "closed", PAINT_DENY },
	{ "allow", PAINT_ALLOW }, { "complain", PAINT_WARNING },
};

static enum paint paint_of(const char *decision)
{
	for (size_t i = 0; i < ELEMENTSOF(paints); i++)
		if (strcmp(paints[i].decision, decision) == 0)
			return paints[i].paint;
	return PAINT_PLAIN;
}

/* Characters; what is escaped has no combining ones that matter. */
static size_t width_of(const struct text *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	return n;
}

/* Put @take_cell, escaped already, into its column. */
static void add_cell(struct log_line *line, enum log_column column, struct text *take_cell,
		     struct text *out)
{
	size_t width = width_of(take_cell), *kept = &line->widths[column];

	if (*kept < bounds[column].least)
		*kept = bounds[column].least;
	if (*kept < width)
		*kept = width < bounds[column].most ? width : bounds[column].most;
	text_add(out, take_cell->data ? take_cell->data : "", take_cell->len);
	text_printf(out, "%*s ", width < *kept ? (int)(*kept - width) : 0, "");
	text_done(take_cell);
}

static void add_value(struct text *out, const struct found *found, const char *name,
		      const char *before)
{
	const char *value = found_get(found, name);

	if (!value)
		return;
	text_puts(out, before);
	screen_add(out, value);
}

/* time */

static void add_time(struct log_line *line, const struct ctl *ctl, const struct found *found,
		     struct text *out)
{
	time_t seconds = (time_t)(found_number(found, "time") / USEC_PER_SEC);
	char day[sizeof(line->day)], clock[16];
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || strftime(day, sizeof(day), "%a %d %b %Y", &tm) == 0 ||
	    strftime(clock, sizeof(clock), "%T", &tm) == 0)
		return;
	if (strcmp(day, line->day) != 0) {
		strcpy(line->day, day);
		screen_paint(&ctl->out, out, PAINT_HINT, day);
		text_puts(out, "\n");
	}
	text_printf(out, "%s ", clock);
}

/* cells */

static void add_decision(const struct ctl *ctl, const struct found *found, struct text *out)
{
	const char *decision = found_get(found, "decision");
	char word[sizeof("COMPLAIN")] = "?";

	for (size_t i = 0; decision && i < sizeof(word) - 1; i++) {
		word[i] = (char)toupper((unsigned char)decision[i]);
		if (decision[i] == '\0')
			break;
	}
	screen_paint(&ctl->out, out, decision ? paint_of(decision) : PAINT_PLAIN, word);
	text_printf(out, "%*s ", strlen(word) < 8 ? (int)(8 - strlen(word)) : 0, "");
}

static void add_modes(struct log_line *line, const struct found *found, struct text *out)
{
	const char *modes = found_get(found, "modes");
	struct text cell = TEXT_EMPTY;

	for (; modes && *modes; modes++)
		if (*modes != ' ')
			text_escape(&cell, modes, 1);
	if (cell.len == 0)
		text_puts(&cell, "-");
	add_cell(line, LOG_MODES, &cell, out);
}

/* A path may hold NULs: not found_get(). */
static void add_path(struct log_line *line, const struct found *found, struct text *out)
{
	struct text cell = TEXT_EMPTY;

	for (size_t i = 0; i < found->n; i++)
		if (strcmp(found->fields[i].name, "path") == 0)
			text_escape(&cell, found->fields[i].value, found->fields[i].len);
	add_value(&cell, found, "canonical", " → ");
	add_value(&cell, found, "act", " (");
	add_value(&cell, found, "other_path", " with ");
	if (found_get(found, "act"))
		text_puts(&cell, ")");
	if (cell.len == 0)
		text_puts(&cell, "-");
	add_cell(line, LOG_PATH, &cell, out);
}

/* Where the caller ran: what a rule would name. */
static void add_who(struct log_line *line, const struct found *found, struct text *out)
{
	static const char *const names[] = { "user_unit", "unit", "exe" };
	struct text cell = TEXT_EMPTY;

	for (size_t i = 0; i < ELEMENTSOF(names) && cell.len == 0; i++)
		add_value(&cell, found, names[i], "");
	if (cell.len == 0)
		add_value(&cell, found, "pid", "pid ");
	add_cell(line, LOG_WHO, &cell, out);
}

static const char *user_name(struct log_line *line, uint32_t uid)
{
	_cleanup_(account_done) struct account account = { 0 };
	struct log_user *user;

	for (size_t i = 0; i < line->n_users; i++)
		if (line->users[i].uid == uid)
			return line->users[i].name;
	user = ARRAY_ADD(line->users, line->n_users);
	if (!user)
		return NULL;
	*user = (struct log_user){ .uid = uid };
	if (account_by_uid(uid, &account) == 0)
		user->name = strdup(account.name);
	return user->name;
}

static void add_user(struct log_line *line, const struct found *found, struct text *out)
{
	const char *name = user_name(line, (uint32_t)found_number(found, "uid"));
	struct text cell = TEXT_EMPTY;

	if (name)
		screen_add(&cell, name);
	else
		add_value(&cell, found, "uid", "");
	add_cell(line, LOG_USER, &cell, out);
}

static void add_errno(const struct found *found, struct text *out)
{
	uint64_t error = found_number(found, "errno");
	const char *name = error < INT32_MAX ? strerrorname_np((int)error) : NULL;

	if (error == 0)
		return;
	if (name)
		text_printf(out, " %s", name);
	else
		text_printf(out, " errno %" PRIu64, error);
}

/* Of a grant its rule and how it was delivered; of what failed why. */
static void add_why(struct log_line *line, const struct found *found, struct text *out)
{
	const char *rule = found_get(found, "rule");
	struct text cell = TEXT_EMPTY;

	if (found_is(found, "decision", "complain")) {
		text_puts(&cell, "as caller: ok");
	} else if (found_is(found, "decision", "closed")) {
		add_value(&cell, found, "detail", "");
	} else {
		add_value(&cell, found, rule ? "rule" : "reason", "");
		add_value(&cell, found, "condition", ": ");
	}
	if (found_is(found, "decision", "error") || found_is(found, "reason", "rate")) {
		add_value(&cell, found, "reason", ": ");
		add_errno(found, &cell);
	}
	if (!found_is(found, "deliver", "fd"))
		add_value(&cell, found, "deliver", " ");
	/* What a candidate policy beside the live one says otherwise. */
	add_value(&cell, found, "shadow", ", shadow: ");
	if (found_get(found, "shadow"))
		add_value(&cell, found,
			  found_get(found, "shadow_rule") ? "shadow_rule" : "shadow_reason", " ");
	add_cell(line, LOG_WHY, &cell, out);
}

static void add_repeat(const struct found *found, struct text *out)
{
	uint64_t repeat = found_number(found, "repeat");

	if (repeat > 1)
		text_printf(out, "(×%" PRIu64 " in 10 s) ", repeat);
}

static void add_lost(const struct ctl *ctl, const struct found *found, struct text *out)
{
	uint64_t lost = found_number(found, "lost");
	char said[64];

	if (lost == 0)
		return;
	snprintf(said, sizeof(said), "%" PRIu64 " records before the next one were lost", lost);
	screen_paint(&ctl->out, out, PAINT_WARNING, said);
	text_puts(out, "\n");
}

void log_line_add(struct log_line *line, const struct ctl *ctl, const struct found *found,
		  struct text *out)
{
	struct text id = TEXT_EMPTY;

	add_lost(ctl, found, out);
	add_time(line, ctl, found, out);
	add_decision(ctl, found, out);
	add_modes(line, found, out);
	add_path(line, found, out);
	add_who(line, found, out);
	add_user(line, found, out);
	add_why(line, found, out);
	add_repeat(found, out);
	text_puts(&id, "d=");
	add_value(&id, found, "id", "");
	text_add(out, id.data, id.len);
	text_puts(out, "\n");
	text_done(&id);
}

void log_line_done(struct log_line *line)
{
	for (size_t i = 0; i < line->n_users; i++)
		free(line->users[i].name);
	free(line->users);
	*line = (struct log_line){ 0 };
}
