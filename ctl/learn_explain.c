/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/json.h"
#include "ctl/learn_print.h"
#include "policy/parser.h"

static void count(const struct lesson *lesson, size_t *ret_review, size_t *ret_withheld,
		  size_t *ret_allowed)
{
	*ret_review = *ret_withheld = *ret_allowed = 0;
	for (size_t i = 0; i < lesson->proposals.n; i++)
		*ret_review += lesson->proposals.items[i].wants[0]->needs_root;
	for (size_t i = 0; i < lesson->wants.n; i++) {
		*ret_withheld += lesson->wants.items[i]->withheld != NULL;
		*ret_allowed +=
			!lesson->wants.items[i]->withheld && lesson->wants.items[i]->allowed;
	}
}

static void add_summary(const struct lesson *lesson, struct text *out)
{
	size_t review, withheld, allowed;

	count(lesson, &review, &withheld, &allowed);
	text_printf(out, "%" PRIu64 " denials and complaints → %zu rule%s proposed, %zu withheld",
		    lesson->wants.n_requests, lesson->proposals.n,
		    lesson->proposals.n == 1 ? "" : "s", withheld);
	if (review > 0)
		text_printf(out, ", %zu to review", review);
	if (allowed > 0)
		text_printf(out, ", %zu allowed already", allowed);
	if (lesson->wants.n_dropped > 0)
		text_printf(out, "; %" PRIu64 " more were too many to look at",
			    lesson->wants.n_dropped);
	text_puts(out, "\n");
}

static void add_asked(const struct proposal *proposal, struct text *out)
{
	const char *path = proposal->wants[0]->path;

	policy_modes_print(proposal->wants[0]->modes, out);
	text_printf(out, " ×%" PRIu64, proposal->seen);
	if (proposal->n_files == 1) {
		text_puts(out, " ");
		screen_add(out, path);
		return;
	}
	text_printf(out, ", %zu files below ", proposal->n_files);
	text_escape(out, path, learn_directory_len(path) + 1);
}

static void add_others(const struct proposal *proposal, struct text *out)
{
	if (proposal->n_others == 0 && !proposal->unseen)
		return;
	text_printf(out, "; would also admit %s%zu file%s never requested",
		    proposal->unseen ? "at least " : "", proposal->n_others,
		    proposal->n_others == 1 ? "" : "s");
	for (size_t i = 0; i < LEARN_EXAMPLES_MAX && proposal->others[i]; i++) {
		text_puts(out, i == 0 ? ": " : ", ");
		screen_add(out, proposal->others[i]);
	}
	text_puts(out, proposal->n_others > LEARN_EXAMPLES_MAX ? ", …" : "");
}

static void add_proposal(const struct ctl *ctl, const struct proposal *proposal, int width,
			 struct text *out)
{
	screen_paint(&ctl->err, out, PAINT_RULE, proposal->label);
	text_printf(out, "%*s", width - (int)strlen(proposal->label) + 2, "");
	add_asked(proposal, out);
	if (proposal->wants[0]->needs_root)
		text_puts(out, " → needs `as root` (caller may not do it): review before you load");
	else if (proposal->pattern)
		text_printf(out, " → \"%s\"", proposal->pattern);
	add_others(proposal, out);
	text_puts(out, "\n");
	if (!proposal->pattern)
		return;
	text_printf(out, "%*snarrower: --narrow (%zu literals)", width + 2, "", proposal->n_files);
	if (proposal->wider)
		text_printf(out, "      wider: --wide (\"%s\")", proposal->wider);
	text_puts(out, "\n");
}

static void add_withheld(const struct ctl *ctl, const struct want *want, int width,
			 struct text *out)
{
	text_printf(out, "%-*s", width + 2, "-");
	policy_modes_print(want->modes, out);
	text_printf(out, " ×%" PRIu64 " ", want->n);
	screen_add(out, want->path);
	text_puts(out, " ");
	screen_paint(&ctl->err, out, PAINT_WARNING, "WITHHELD");
	text_printf(out, ": %s\n", want->withheld);
}

void learn_explain(const struct ctl *ctl, const struct lesson *lesson)
{
	struct text out = TEXT_EMPTY;
	int width = 4;

	for (size_t i = 0; i < lesson->proposals.n; i++)
		if ((int)strlen(lesson->proposals.items[i].label) > width)
			width = (int)strlen(lesson->proposals.items[i].label);
	add_summary(lesson, &out);
	for (size_t i = 0; i < lesson->proposals.n; i++)
		add_proposal(ctl, &lesson->proposals.items[i], width, &out);
	for (size_t i = 0; i < lesson->wants.n; i++)
		if (lesson->wants.items[i]->withheld)
			add_withheld(ctl, lesson->wants.items[i], width, &out);
	if (lesson->proposals.n > 0)
		text_printf(&out, "next: fdbrokerctl check %s && fdbrokerctl diff --with %s\n",
			    lesson->file, lesson->file);
	screen_show(&ctl->err, &out);
}

/* JSON */

static void add_modes(struct json_object *object, uint32_t modes)
{
	_cleanup_(text_done) struct text words = TEXT_EMPTY;

	policy_modes_print(modes, &words);
	json_add_text(object, "modes", words.data);
}

static struct json_object *proposal_json(const struct proposal *proposal)
{
	struct json_object *object = json_part(), *paths = json_list(), *others = json_list();

	json_add_text(object, "label", proposal->label);
	json_add_text(object, "for", proposal->wants[0]->who);
	add_modes(object, proposal->wants[0]->modes);
	json_add_text(object, "pattern", proposal->pattern);
	json_add_text(object, "wider", proposal->wider);
	json_add_bool(object, "needs_root", proposal->wants[0]->needs_root);
	json_add_number(object, "seen", proposal->seen);
	json_add_number(object, "first", proposal->first_usec);
	json_add_number(object, "last", proposal->last_usec);
	for (size_t i = 0; i < proposal->n; i++)
		json_append_text(paths, proposal->wants[i]->path);
	json_add(object, "requested", paths);
	json_add_number(object, "also_admitted", proposal->n_others);
	json_add_bool(object, "also_more", proposal->unseen);
	for (size_t i = 0; i < LEARN_EXAMPLES_MAX && proposal->others[i]; i++)
		json_append_text(others, proposal->others[i]);
	json_add(object, "also", others);
	return object;
}

static struct json_object *withheld_json(const struct want *want)
{
	struct json_object *object = json_part();

	json_add_text(object, "for", want->who);
	add_modes(object, want->modes);
	json_add_text(object, "path", want->path);
	json_add_number(object, "seen", want->n);
	json_add_text(object, "why", want->withheld);
	return object;
}

void learn_json(const struct ctl *ctl, const struct lesson *lesson)
{
	struct json_object *object = json_answer(), *rules = json_list(), *withheld = json_list();
	_cleanup_(text_done) struct text policy = TEXT_EMPTY;

	for (size_t i = 0; i < lesson->proposals.n; i++)
		json_append(rules, proposal_json(&lesson->proposals.items[i]));
	for (size_t i = 0; i < lesson->wants.n; i++)
		if (lesson->wants.items[i]->withheld)
			json_append(withheld, withheld_json(lesson->wants.items[i]));
	json_add_number(object, "requests", lesson->wants.n_requests);
	json_add_number(object, "dropped", lesson->wants.n_dropped);
	json_add(object, "rules", rules);
	json_add(object, "withheld", withheld);
	learn_add_policy(&ctl->out, lesson, &policy);
	json_add_text(object, "policy", policy.data);
	json_show(&ctl->out, object);
}
