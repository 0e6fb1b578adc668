/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The comparison is of what the daemon has kept, byte for byte, of the two policies: what is installed may
 * have changed again since it was loaded.
 */
#include "ctl/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "ctl/admin.h"
#include "ctl/comparison.h"
#include "ctl/json.h"
#include "ctl/when.h"

#define STATUS_TIMEOUT (10 * USEC_PER_SEC)

/* Before and after; both lists hold one request for each rule that has one. */
struct trial {
	const struct ctl *ctl;
	struct admin_answer status;
	struct comparison comparison;
	char *before, *after; /* directories */
	bool compared;
	size_t n_unshown;	     /* rules that differ, and no request was found that shows it */
	struct text allowed, denied; /* as text */
	struct json_object *allowed_json, *denied_json; /* or in JSON */
};

static void done(struct trial *trial)
{
	admin_answer_done(&trial->status);
	side_done(&trial->comparison.sides[0]);
	side_done(&trial->comparison.sides[1]);
	free(trial->before);
	free(trial->after);
	text_done(&trial->allowed);
	text_done(&trial->denied);
}

enum exit_code trial_span(const struct ctl *ctl, uint32_t *ret_sec)
{
	uint64_t sec;

	if (when_span(ctl->options.confirm, &sec) < 0 || sec == 0 || sec > 86400)
		return ctl_usage(ctl,
				 "--confirm wants a time like 60s, 5min or 1h, up to 24h, not '%s'",
				 ctl->options.confirm);
	*ret_sec = (uint32_t)sec;
	return EXIT_YES;
}

/* what changed */

static void add_request(struct text *out, const struct difference *difference,
			const struct witness *witness)
{
	screen_add(out, witness->example.who.data);
	text_puts(out, ": ");
	text_puts(out, witness->mode);
	text_puts(out, " ");
	screen_add(out, witness->example.name.data);
	text_puts(out, "   (");
	screen_add(out, difference->rule->id);
	text_puts(out, ")\n");
}

static struct json_object *request_json(const struct difference *difference,
					const struct witness *witness)
{
	struct json_object *object = json_part();

	json_add_text(object, "as", witness->example.who.data);
	json_add_text(object, "modes", witness->mode);
	json_add_text(object, "path", witness->example.name.data);
	json_add_text(object, "rule", difference->rule->id);
	return object;
}

static void add_witness(struct trial *trial, const struct difference *difference,
			const struct witness *witness)
{
	bool allowed = witness->answers[1].kind != ANSWER_NO;
	struct text *list = allowed ? &trial->allowed : &trial->denied;

	if (!witness->found)
		return;
	if (trial->allowed_json) {
		json_append(allowed ? trial->allowed_json : trial->denied_json,
			    request_json(difference, witness));
		return;
	}
	if (list->len > 0)
		text_puts(list, "                ");
	add_request(list, difference, witness);
}

static void on_difference(void *context, const struct difference *difference)
{
	struct trial *trial = context;

	trial->n_unshown += !difference->witness.found;
	add_witness(trial, difference, &difference->witness);
	add_witness(trial, difference, &difference->other);
}

static void compare(struct trial *trial)
{
	struct comparison *c = &trial->comparison;
	const char *const directories[] = { trial->before, trial->after };

	if (!trial->before || !trial->after)
		return;
	for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
		c->sides[i].options = (struct load_options){ .directory = directories[i],
							     .trust = LOAD_TRUST_NOTE };
		if (side_read(trial->ctl, &c->sides[i]) != EXIT_YES)
			return;
	}
	c->found = on_difference;
	c->context = trial;
	trial->compared = comparison_run(c) == 0;
}

/* the screen */

static void add_counts(const struct trial *trial, struct text *out)
{
	const size_t *counts = trial->comparison.counts;
	size_t expects;

	if (!trial->compared)
		return;
	expects = policy_summary(trial->comparison.sides[1].policy)->n_expects;
	text_printf(out, ": +%zu rule%s, ~%zu changed, -%zu.  %zu/%zu expectations hold.",
		    counts[CHANGE_ADDED], counts[CHANGE_ADDED] == 1 ? "" : "s",
		    counts[CHANGE_CHANGED], counts[CHANGE_REMOVED], expects, expects);
}

static void add_list(const char *title, const struct text *list, struct text *out)
{
	text_printf(out, "%-16s", title);
	text_puts(out, list->len > 0 ? list->data : "-\n");
}

static void add_unshown(const struct trial *trial, struct text *out)
{
	if (trial->n_unshown == 0)
		return;
	text_printf(out, "%zu more, without an example:  fdbrokerctl diff ", trial->n_unshown);
	screen_add(out, trial->before);
	text_puts(out, " ");
	screen_add(out, trial->after);
	text_puts(out, "\n");
}

static void add_end(const struct admin_answer *status, struct text *out)
{
	_cleanup_(freep) char *sec = admin_value(status->text, "on-trial");
	_cleanup_(freep) char *back = admin_value(status->text, "back-to");

	if (!sec || !back)
		return;
	text_puts(out, "Back to generation ");
	screen_add(out, back);
	text_puts(out, " in ");
	screen_add(out, sec);
	text_puts(out, " s unless you run:  fdbrokerctl confirm\n");
}

static void show_text(struct trial *trial)
{
	_cleanup_(freep) char *generation = admin_value(trial->status.text, "generation");
	struct text out = TEXT_EMPTY;

	text_puts(&out, "loaded generation ");
	screen_add(&out, generation ? generation : "?");
	add_counts(trial, &out);
	text_puts(&out, "\n");
	if (trial->compared) {
		add_list("newly allowed", &trial->allowed, &out);
		add_list("no longer", &trial->denied, &out);
		add_unshown(trial, &out);
	}
	add_end(&trial->status, &out);
	screen_show(&trial->ctl->out, &out);
}

static void add_status(struct json_object *object, const struct trial *trial, const char *key,
		       const char *as)
{
	_cleanup_(freep) char *value = admin_value(trial->status.text, key);
	uint64_t number;

	if (value && number_u64(value, &number) == 0)
		json_add_number(object, as, number);
	else
		json_add_text(object, as, NULL);
}

static void show_json(struct trial *trial, const char *warnings)
{
	const size_t *counts = trial->comparison.counts;
	struct json_object *object = json_answer();

	json_add_bool(object, "reloaded", true);
	json_add_text(object, "text", warnings);
	add_status(object, trial, "generation", "generation");
	add_status(object, trial, "back-to", "back_to");
	add_status(object, trial, "on-trial", "confirm_in");
	json_add_bool(object, "compared", trial->compared);
	json_add_number(object, "added", counts[CHANGE_ADDED]);
	json_add_number(object, "changed", counts[CHANGE_CHANGED]);
	json_add_number(object, "removed", counts[CHANGE_REMOVED]);
	json_add_number(object, "without_example", trial->n_unshown);
	json_add(object, "newly_allowed", trial->allowed_json);
	json_add(object, "no_longer", trial->denied_json);
	json_show(&trial->ctl->out, object);
}

void trial_show(const struct ctl *ctl, const char *warnings)
{
	_cleanup_(done) struct trial trial = { .ctl = ctl };
	struct text out = TEXT_EMPTY;

	if (!ctl->options.json) {
		admin_add_lines(&out, warnings);
		screen_show(&ctl->out, &out);
	}
	if (admin_ask_for(ctl, ADMIN_REQUEST(STATUS), STATUS_TIMEOUT, &trial.status) != EXIT_YES)
		return;
	trial.before = admin_value(trial.status.text, "last-good");
	trial.after = admin_value(trial.status.text, "sources");
	if (ctl->options.json) {
		trial.allowed_json = json_list();
		trial.denied_json = json_list();
	}
	compare(&trial);
	if (ctl->options.json)
		show_json(&trial, warnings);
	else
		show_text(&trial);
}

void trial_remind(const struct ctl *ctl)
{
	struct admin_answer status = ADMIN_ANSWER_EMPTY;
	struct text out = TEXT_EMPTY;

	if (admin_ask(ctl->options.socket, ADMIN_REQUEST(STATUS), STATUS_TIMEOUT, &status) < 0)
		return;
	add_end(&status, &out);
	screen_show(&ctl->out, &out);
	admin_answer_done(&status);
}
