/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/top_json.h"

#include <assert.h>
#include <math.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "ctl/json.h"

/* Numbers are exact and in one unit: what a screen rounds is for a person. */

static const char *const names[] = {
	[TALLY_GRANTED] = "granted",
	[TALLY_DENIED] = "denied",
	[TALLY_CONDITION] = "condition_failed",
	[TALLY_RATE] = "rate_limited",
	[TALLY_FAILED] = "failed",
	[TALLY_UNRESOLVED] = "unresolved",
};
static_assert(ELEMENTSOF(names) == TALLY_COUNTS, "each count has a name");

void top_json_counts(struct json_object *object, const struct tally_row *row)
{
	json_add_number(object, "decisions", tally_decisions(row));
	for (size_t i = 0; i < TALLY_COUNTS; i++)
		json_add_number(object, names[i], row->counts[i]);
}

/* What there is none of is null. */
static void add_real(struct json_object *object, const char *key, double number)
{
	json_add_real(object, key, number < 0 ? NAN : number);
}

static void add_row(struct json_object *list, const struct top_row *row)
{
	struct json_object *object = json_part();

	json_add_bytes(object, "rule", row->name, row->name_len);
	json_add_bool(object, "builtin", row->flags & TALLY_BUILTIN);
	json_add_bool(object, "allow", row->flags & TALLY_ALLOW);
	json_add_real(object, "per_sec", row->per_sec);
	top_json_counts(object, row->counts);
	add_real(object, "p99_usec", row->p99_usec);
	json_add_number(object, "last", row->counts->last_usec / USEC_PER_SEC);
	json_append(list, object);
}

static void add_serving(struct json_object *object, const struct top_view *view)
{
	struct json_object *rules = json_list(), *special = json_list();

	json_add_number(object, "since", view->look->tally.header->since_usec / USEC_PER_SEC);
	json_add_real(object, "seconds", view->seconds);
	json_add_real(object, "requests_per_sec", view->requests_per_sec);
	add_real(object, "refused_share", view->refused_share);
	add_real(object, "p50_usec", view->p50_usec);
	add_real(object, "p99_usec", view->p99_usec);
	top_json_counts(object, &view->total);
	for (size_t i = 0; i < view->n_rows; i++)
		add_row(rules, &view->rows[i]);
	for (size_t i = 0; i < TALLY_SPECIAL; i++)
		add_row(special, &view->special[i]);
	json_add(object, "rules", rules);
	json_add(object, "others", special);
}

void top_show_json(const struct screen *screen, const struct top_view *view)
{
	_cleanup_(freep) char *state = admin_value(view->look->answer.text, "state");
	_cleanup_(freep) char *policy = admin_value(view->look->answer.text, "policy");
	struct json_object *object = json_answer();

	json_add_number(object, "time", view->look->now_usec / USEC_PER_SEC);
	json_add_text(object, "state", state);
	json_add_number(object, "generation", look_number(view->look, "generation"));
	json_add_text(object, "policy", policy);
	json_add_number(object, "connections", look_number(view->look, "connections"));
	if (view->look->serving)
		add_serving(object, view);
	json_show(screen, object);
}
