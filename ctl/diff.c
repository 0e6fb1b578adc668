/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `diff`: two policies compared; without operands what the daemon runs and what is installed. What it
 * runs are the sources that it has kept of it, which are there without the daemon, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/comparison.h"
#include "ctl/diff.h"
#include "ctl/json.h"
#include "ctl/plain_diff.h"
#include "ctl/running.h"

static const char *const change_words[] = { "added", "removed", "changed" };
static const char *const change_signs[] = { "+", "-", "~" };
static const enum paint change_paints[] = { PAINT_ALLOW, PAINT_DENY, PAINT_WARNING };

struct diff {
	const struct ctl *ctl;
	struct comparison comparison;
	struct running running;	   /* without operands */
	struct json_object *rules; /* or NULL: as text */
};

static void diff_done(struct diff *diff)
{
	side_done(&diff->comparison.sides[0]);
	side_done(&diff->comparison.sides[1]);
	running_done(&diff->running);
}

/* reading */

static enum exit_code choose_policy(const struct ctl *ctl, const char *path, struct side *side)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return ctl_fail(ctl, exit_of_errno(errno), "%s: %s", path, strerror(errno));
	side->options.trust = LOAD_TRUST_NOTE;
	if (S_ISDIR(st.st_mode)) {
		side->options.directory = path;
		return EXIT_YES;
	}
	side->file = path;
	side->options.files = &side->file;
	side->options.n_files = 1;
	side->options.only_files = true;
	return EXIT_YES;
}

static enum exit_code choose_running(const struct ctl *ctl, struct diff *diff)
{
	struct side *sides = diff->comparison.sides;
	enum exit_code code = running_find(ctl, &diff->running);

	if (code != EXIT_YES)
		return code;
	if (diff->running.installed && !ctl->options.policy) {
		sides[1].options.directory = diff->running.installed;
		sides[1].options.trust = LOAD_TRUST_NOTE;
	}
	return choose_policy(ctl, diff->running.directory, &sides[0]);
}

/* A reload may have come between the question and the reading. */
static enum exit_code check_running(const struct ctl *ctl, const struct diff *diff)
{
	const char *sha256 = diff->running.sha256;

	if (!sha256 ||
	    strcmp(sha256, policy_summary(diff->comparison.sides[0].policy)->sha256) == 0)
		return EXIT_YES;
	return ctl_fail(ctl, EXIT_IO, "what is in %s is not what the daemon runs; try again",
			diff->running.directory);
}

static enum exit_code choose(const struct ctl *ctl, struct diff *diff)
{
	struct side *sides = diff->comparison.sides;
	enum exit_code code;

	for (size_t i = 0; i < ELEMENTSOF(diff->comparison.sides); i++)
		sides[i].options = input_options(ctl, NULL, 0);
	if (ctl->n_operands == 2) {
		code = choose_policy(ctl, ctl->operands[0], &sides[0]);
		return code == EXIT_YES ? choose_policy(ctl, ctl->operands[1], &sides[1]) : code;
	}
	if (!ctl->options.with)
		return choose_running(ctl, diff);
	sides[1].options.files = &ctl->options.with;
	sides[1].options.n_files = 1;
	sides[1].options.trust = LOAD_TRUST_NOTE;
	return EXIT_YES;
}

/* showing */

static void add_rule(const struct written_rule *rule, const char *sign, struct text *out)
{
	struct text text = TEXT_EMPTY;
	const char *line;

	written_print(rule, &text);
	for (line = text.data; line && *line;) {
		size_t len = strcspn(line, "\n");

		text_printf(out, "    %s ", sign);
		screen_add_text(out, line, len);
		text_puts(out, "\n");
		line += len + (line[len] == '\n');
	}
	text_done(&text);
}

static void add_witness(const struct ctl *ctl, const struct witness *witness, struct text *out)
{
	if (!witness->found)
		return;
	text_puts(out, "    = ");
	screen_paint(&ctl->out, out, PAINT_HINT, witness->mode);
	text_puts(out, " ");
	screen_add(out, witness->example.name.data);
	text_puts(out, " as ");
	screen_add(out, witness->example.who.data);
	text_printf(out, ": was %s, now %s\n", answer_word(witness->answers[0].kind),
		    answer_word(witness->answers[1].kind));
}

static void show_text(const struct diff *diff, const struct difference *difference)
{
	enum change change = difference->change;
	struct text out = TEXT_EMPTY;

	screen_paint(&diff->ctl->out, &out, change_paints[change], change_signs[change]);
	text_puts(&out, " ");
	screen_paint(&diff->ctl->out, &out, PAINT_RULE, difference->rule->id);
	text_printf(&out, "  %s\n", change_words[change]);
	if (difference->before)
		add_rule(difference->before, "-", &out);
	if (difference->after)
		add_rule(difference->after, "+", &out);
	add_witness(diff->ctl, &difference->witness, &out);
	add_witness(diff->ctl, &difference->other, &out);
	screen_show(&diff->ctl->out, &out);
}

static void add_text(struct json_object *object, const char *key, const struct written_rule *rule)
{
	struct text text = TEXT_EMPTY;

	if (rule)
		written_print(rule, &text);
	json_add_text(object, key, text.data);
	text_done(&text);
}

static struct json_object *witness_json(const struct witness *witness)
{
	struct json_object *object;

	if (!witness->found)
		return NULL;
	object = json_part();
	json_add_text(object, "modes", witness->mode);
	json_add_text(object, "path", witness->example.name.data);
	json_add_text(object, "as", witness->example.who.data);
	json_add_text(object, "old", answer_word(witness->answers[0].kind));
	json_add_text(object, "new", answer_word(witness->answers[1].kind));
	return object;
}

static struct json_object *difference_json(const struct difference *difference)
{
	struct json_object *object = json_part();

	json_add_text(object, "change", change_words[difference->change]);
	json_add_text(object, "rule", difference->rule->id);
	add_text(object, "old", difference->before);
	add_text(object, "new", difference->after);
	json_add(object, "witness", witness_json(&difference->witness));
	json_add(object, "other", witness_json(&difference->other));
	return object;
}

static void report(void *context, const struct difference *difference)
{
	struct diff *diff = context;

	if (diff->rules)
		json_append(diff->rules, difference_json(difference));
	else
		show_text(diff, difference);
}

static void show_end(struct diff *diff, size_t n)
{
	struct text out = TEXT_EMPTY;

	if (diff->rules) {
		struct json_object *answer = json_answer();

		json_add_bool(answer, "different", n > 0);
		json_add(answer, "rules", diff->rules);
		json_show(&diff->ctl->out, answer);
		return;
	}
	if (n == 0)
		text_puts(&out, "No difference.\n");
	else
		text_printf(&out, "%zu added, %zu removed, %zu changed.\n",
			    diff->comparison.counts[CHANGE_ADDED],
			    diff->comparison.counts[CHANGE_REMOVED],
			    diff->comparison.counts[CHANGE_CHANGED]);
	screen_show(&diff->ctl->out, &out);
}

static enum exit_code diff_rules(struct diff *diff)
{
	size_t n;
	int r;

	if (diff->ctl->options.json && !diff->ctl->options.quiet)
		diff->rules = json_list();
	diff->comparison.found = diff->ctl->options.quiet ? NULL : report;
	diff->comparison.context = diff;
	r = comparison_run(&diff->comparison);
	if (r < 0)
		return ctl_fail(diff->ctl, EXIT_IO, "%s", strerror(-r));
	n = comparison_count(&diff->comparison);
	if (!diff->ctl->options.quiet)
		show_end(diff, n);
	return n > 0 ? EXIT_NO : EXIT_YES;
}

/* as text */

static void add_sources(const struct side *side, struct text *out)
{
	for (size_t i = 0; i < side->written.files.n; i++) {
		const struct source *source = side->written.files.sources[i];

		text_printf(out, "# %s.fdp\n", source->stem);
		text_add(out, source->text, source->size);
	}
}

static enum exit_code diff_text(const struct diff *diff)
{
	_cleanup_(text_done) struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	add_sources(&diff->comparison.sides[0], &before);
	add_sources(&diff->comparison.sides[1], &after);
	return plain_diff(diff->ctl, &before, &after);
}

static enum exit_code diff_sides(const struct ctl *ctl, struct diff *diff)
{
	enum exit_code code = EXIT_YES;

	for (size_t i = 0; code == EXIT_YES && i < ELEMENTSOF(diff->comparison.sides); i++)
		code = side_read(ctl, &diff->comparison.sides[i]);
	if (code == EXIT_YES)
		code = check_running(ctl, diff);
	if (code != EXIT_YES)
		return code;
	return ctl->options.text ? diff_text(diff) : diff_rules(diff);
}

enum exit_code diff_show(const struct ctl *ctl, const struct load_options *before,
			 const struct load_options *after)
{
	_cleanup_(diff_done) struct diff diff = { .ctl = ctl };

	diff.comparison.sides[0].options = *before;
	diff.comparison.sides[1].options = *after;
	return diff_sides(ctl, &diff);
}

enum exit_code command_diff(struct ctl *ctl)
{
	_cleanup_(diff_done) struct diff diff = { .ctl = ctl };
	enum exit_code code;

	if (ctl->n_operands != 0 && ctl->n_operands != 2)
		return ctl_usage(ctl, "wants two policies, or --with=FILE, or nothing");
	if (ctl->n_operands == 2 && ctl->options.with)
		return ctl_usage(ctl, "--with takes no operands");
	if (ctl->options.text && ctl->options.json)
		return ctl_usage(ctl, "--text is no JSON");
	code = choose(ctl, &diff);
	return code == EXIT_YES ? diff_sides(ctl, &diff) : code;
}
