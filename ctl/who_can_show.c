/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "ctl/json.h"
#include "ctl/who_can.h"

static void add_pids(const struct way *way, struct text *out)
{
	for (size_t i = 0; i < way->n_pids; i++)
		text_printf(out, "%s%d", i == 0 ? "pid " : ", ", way->pids[i]);
	if (way->n_pids == 0)
		text_puts(out, "-");
}

/* A rule with more conditions than this pushes its own line aside, and no other. */
#define CONDITIONS_MAX 60U

static void add_conditions(const struct way *way, struct text *out)
{
	size_t before = out->len;

	if (way->rule->as_root)
		text_puts(out, "as root, ");
	explain_conditions(way->rule, out);
	explain_deliver(way->rule, out);
	if (out->len == before)
		text_puts(out, "-");
}

static size_t wider(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void add_row(const struct ctl *ctl, const struct way *way, const size_t *widths,
		    struct text *out)
{
	struct text who = TEXT_EMPTY, conditions = TEXT_EMPTY;

	written_add_who(way->written, &who);
	add_conditions(way, &conditions);
	screen_paint(&ctl->out, out, PAINT_RULE, way->rule->id);
	text_printf(out, "%*s  %s%*s  %-*s  ", (int)(widths[0] - strlen(way->rule->id)), "",
		    who.data, (int)(widths[1] - who.len), "", (int)widths[2], conditions.data);
	add_pids(way, out);
	text_puts(out, "\n");
	text_done(&who);
	text_done(&conditions);
}

static void add_table(const struct search *search, struct text *out)
{
	size_t widths[3] = { strlen("RULE"), strlen("WHO"), strlen("CONDITIONS") };

	for (size_t i = 0; i < search->n_ways; i++) {
		struct text who = TEXT_EMPTY, conditions = TEXT_EMPTY;

		if (!search->ways[i].now)
			continue;
		written_add_who(search->ways[i].written, &who);
		add_conditions(&search->ways[i], &conditions);
		if (conditions.len <= CONDITIONS_MAX)
			widths[2] = wider(widths[2], conditions.len);
		widths[0] = wider(widths[0], strlen(search->ways[i].rule->id));
		widths[1] = wider(widths[1], who.len);
		text_done(&who);
		text_done(&conditions);
	}
	text_printf(out, "%-*s  %-*s  %-*s  NOW RUNNING\n", (int)widths[0], "RULE", (int)widths[1],
		    "WHO", (int)widths[2], "CONDITIONS");
	for (size_t i = 0; i < search->n_ways; i++)
		if (search->ways[i].now)
			add_row(search->ctl, &search->ways[i], widths, out);
}

static void add_denies(const struct search *search, struct text *out)
{
	for (size_t i = 0; i < search->n_denies; i++) {
		struct text conditions = TEXT_EMPTY;

		text_puts(out, "but not   ");
		written_add_who(written_find(&search->written, search->denies[i]->id), out);
		text_puts(out, ", by ");
		screen_paint(&search->ctl->out, out, PAINT_RULE, search->denies[i]->id);
		explain_conditions(search->denies[i], &conditions);
		if (conditions.len > 0)
			text_printf(out, ", if %s", conditions.data);
		text_puts(out, "\n");
		text_done(&conditions);
	}
}

/* The ways that are closed as the object is; or, where nobody looked, those that may be. */
static bool hangs_on_object(const struct search *search, const struct way *way)
{
	return search->object ? !way->now : explain_asks(way->rule);
}

static void add_summary(const struct search *search, struct text *out)
{
	size_t n = 0, n_subjects = 0;

	if (search->object_error < 0)
		text_printf(out, "the file was not looked at: %s\n",
			    strerror(-search->object_error));
	text_puts(out, search->object ? "also possible if the file's attributes change: "
				      : "only while the file's attributes are such: ");
	for (size_t i = 0; i < search->n_ways; i++) {
		n_subjects += search->ways[i].now;
		if (!hangs_on_object(search, &search->ways[i]))
			continue;
		text_puts(out, n++ > 0 ? ", " : "");
		screen_paint(&search->ctl->out, out, PAINT_RULE, search->ways[i].rule->id);
	}
	text_puts(out, n == 0 ? "none\n" : "\n");
	if (search->object && strcmp(object_path(search->object), search->query.path) != 0) {
		text_puts(out, "links lead to ");
		screen_add(out, object_path(search->object));
		text_puts(out, ", which must be allowed by its own name too\n");
	}
	if (n_subjects > 0)
		text_printf(out, "%zu subject%s.\n", n_subjects, n_subjects == 1 ? "" : "s");
}

void who_can_show(const struct search *search)
{
	struct text out = TEXT_EMPTY;

	if (search->n_ways == 0) {
		text_puts(&out, "nobody");
		if (search->denied)
			text_printf(&out, ": denied by %s", search->denied->id);
		text_puts(&out, "\n");
	} else if (who_can_now(search)) {
		add_table(search, &out);
		add_denies(search, &out);
		add_summary(search, &out);
	} else {
		text_puts(&out, "nobody now\n");
		add_summary(search, &out);
	}
	screen_show(&search->ctl->out, &out);
}

static struct json_object *way_json(const struct search *search, const struct way *way)
{
	struct json_object *object = json_part(), *pids = json_list();
	struct text who = TEXT_EMPTY, conditions = TEXT_EMPTY;

	written_add_who(way->written, &who);
	explain_conditions(way->rule, &conditions);
	json_add_text(object, "rule", way->rule->id);
	json_add_text(object, "who", who.data);
	json_add_bool(object, "as_root", way->rule->as_root);
	json_add_text(object, "deliver", policy_deliver_name(way->rule->obligations->deliver));
	json_add_text(object, "conditions", conditions.data);
	json_add_bool(object, "asks_of_object", explain_asks(way->rule));
	json_add(object, "now", search->object ? json_object_new_boolean(way->now) : NULL);
	for (size_t i = 0; i < way->n_pids; i++)
		json_append(pids, json_object_new_int(way->pids[i]));
	json_add(object, "pids", pids);
	text_done(&who);
	text_done(&conditions);
	return object;
}

void who_can_show_json(const struct search *search)
{
	struct json_object *answer = json_answer(), *ways = json_list(), *denies = json_list();

	json_add_text(answer, "modes", search->ctl->operands[0]);
	json_add_text(answer, "path", search->query.path);
	for (size_t i = 0; i < search->n_ways; i++)
		json_append(ways, way_json(search, &search->ways[i]));
	for (size_t i = 0; i < search->n_denies; i++)
		json_append_text(denies, search->denies[i]->id);
	json_add(answer, "allows", ways);
	json_add(answer, "denies", denies);
	json_add_text(answer, "canonical", search->object ? object_path(search->object) : NULL);
	json_add_text(answer, "denied", search->denied ? search->denied->id : NULL);
	json_show(&search->ctl->out, answer);
}
