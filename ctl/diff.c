/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `diff`: two policies, rule by rule and by what the rules mean: a comment, a
 * new layout, another order or another label is no difference. Each one that is comes with a
 * witness where there is one: a request that the engine decides otherwise, asked of both sides.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/diff.h"
#include "ctl/findings.h"
#include "ctl/json.h"
#include "ctl/meaning.h"
#include "ctl/plain_diff.h"
#include "ctl/question.h"
#include "policy/array.h"
#include "policy/parser.h"

#define LAST_GOOD "/var/lib/fdbroker/last-good" /* sources of what the daemon loaded last */

/* A rule that counts, with its meaning. */
struct known {
	const struct written_rule *rule;
	char *meaning;
	bool matched;
};

struct side {
	struct load_options options;
	const char *file; /* for options.files */
	struct written written;
	struct policy *policy;
	struct callers *callers;
	struct candidates *candidates;
	struct known *items; /* by id */
	size_t n;
};

enum change { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED };
static const char *const change_words[] = { "added", "removed", "changed" };
static const char *const change_signs[] = { "+", "-", "~" };
static const enum paint change_paints[] = { PAINT_ALLOW, PAINT_DENY, PAINT_WARNING };

/* A request that the two decide otherwise. */
struct witness {
	struct text path, caller;
	const char *mode;
	struct answer answers[2];
	bool found;
};

struct diff {
	const struct ctl *ctl;
	struct side sides[2]; /* before, after */
	size_t counts[3];
	struct json_object *rules; /* or NULL: as text */
};

static void side_done(struct side *side)
{
	for (size_t i = 0; i < side->n; i++)
		free(side->items[i].meaning);
	free(side->items);
	candidates_free(side->candidates);
	callers_free(side->callers);
	policy_free(side->policy);
	written_done(&side->written);
}

static void diff_done(struct diff *diff)
{
	side_done(&diff->sides[0]);
	side_done(&diff->sides[1]);
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

static enum exit_code choose(const struct ctl *ctl, struct diff *diff)
{
	struct side *sides = diff->sides;
	enum exit_code code;

	for (size_t i = 0; i < ELEMENTSOF(diff->sides); i++) {
		sides[i].options = input_options(ctl, NULL, 0);
		sides[i].options.unsupported = DIAG_NOTE;
	}
	if (ctl->n_operands == 2) {
		code = choose_policy(ctl, ctl->operands[0], &sides[0]);
		return code == EXIT_YES ? choose_policy(ctl, ctl->operands[1], &sides[1]) : code;
	}
	if (!ctl->options.with && access(LAST_GOOD, F_OK) < 0 && errno == ENOENT)
		return ctl_fail(ctl, EXIT_UNAVAILABLE,
				"the daemon has kept no policy in " LAST_GOOD
				"; compare with --with=FILE, or two policies");
	if (!ctl->options.with)
		return choose_policy(ctl, LAST_GOOD, &sides[0]);
	sides[1].options.files = &ctl->options.with;
	sides[1].options.n_files = 1;
	sides[1].options.trust = LOAD_TRUST_NOTE;
	return EXIT_YES;
}

static int compare_known(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->rule->id, ((const struct known *)b)->rule->id);
}

/* Rules that are switched off mean nothing, so they are not among those of the compiled policy. */
static int know_rules(struct side *side)
{
	for (size_t i = 0; i < policy_n_rules(side->policy); i++) {
		const struct written_rule *rule =
			written_find(&side->written, policy_rule(side->policy, i)->id);
		struct text meaning = TEXT_EMPTY;
		struct known *known;

		if (!rule) /* the floor's */
			continue;
		known = ARRAY_ADD(side->items, side->n);
		if (!known)
			return -ENOMEM;
		known->rule = rule;
		meaning_add(&side->written, rule, &meaning);
		if (text_finish(&meaning, &known->meaning) < 0)
			return -ENOMEM;
	}
	if (side->n > 0)
		qsort(side->items, side->n, sizeof(*side->items), compare_known);
	return 0;
}

static enum exit_code read_side(const struct ctl *ctl, struct side *side)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	enum exit_code code = input_read(ctl, &side->options, &diags, &side->policy);
	int r;

	if (code != EXIT_YES)
		return code;
	if (!side->policy) {
		findings_show(&ctl->err, &diags, FORMAT_TEXT, DIAG_ERROR);
		return EXIT_INVALID;
	}
	code = written_load(ctl, &side->options, &side->written);
	if (code != EXIT_YES)
		return code;
	r = know_rules(side);
	if (r == 0)
		r = callers_new(&side->callers, side->policy);
	if (r == 0)
		r = candidates_new(&side->candidates, side->policy);
	return r < 0 ? ctl_fail(ctl, EXIT_IO, "%s", strerror(-r)) : EXIT_YES;
}

/* witnesses */

static int ask(struct side *side, const struct witness *witness, uint32_t mode, struct answer *ret)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	const struct caller *caller = NULL;
	struct policy_query query = {
		.path = witness->path.data,
		.modes = mode,
		.now_sec = clock_realtime_usec() / USEC_PER_SEC,
	};
	int r = callers_get(side->callers, witness->caller.data, &diags, &caller);

	if (r < 0 || !caller)
		return r < 0 ? r : -EINVAL;
	query.caller = caller->policy_caller;
	*ret = answer_name(side->policy, &query, side->candidates);
	return 0;
}

/* Is this request decided otherwise? Another rule that says the same is not. */
static bool is_witness(struct diff *diff, struct witness *witness, uint32_t mode)
{
	const struct answer *answers = witness->answers;

	if (!witness->path.data || !witness->caller.data ||
	    ask(&diff->sides[0], witness, mode, &witness->answers[0]) < 0 ||
	    ask(&diff->sides[1], witness, mode, &witness->answers[1]) < 0)
		return false;
	witness->mode = policy_mode_name(mode);
	return answers[0].kind != answers[1].kind;
}

static void find_witness(struct diff *diff, const struct side *side,
			 const struct written_rule *rule, struct witness *witness)
{
	example_caller(&side->written, rule, &witness->caller);
	for (size_t i = 0; i < rule->rule->paths.n; i++) {
		text_done(&witness->path);
		if (!example_path(&side->written, rule, i, &witness->path))
			continue;
		for (uint32_t mode = 1; mode < POLICY_ANY; mode <<= 1) {
			witness->found =
				(rule->rule->modes & mode) != 0 && is_witness(diff, witness, mode);
			if (witness->found)
				return;
		}
	}
	text_done(&witness->path);
	text_done(&witness->caller);
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
	screen_add(out, witness->path.data);
	text_puts(out, " as ");
	screen_add(out, witness->caller.data);
	text_printf(out, ": was %s, now %s\n", answer_word(witness->answers[0].kind),
		    answer_word(witness->answers[1].kind));
}

static void show_text(const struct diff *diff, enum change change, const struct written_rule *rule,
		      const struct written_rule *before, const struct written_rule *after,
		      const struct witness *witness)
{
	struct text out = TEXT_EMPTY;

	screen_paint(&diff->ctl->out, &out, change_paints[change], change_signs[change]);
	text_puts(&out, " ");
	screen_paint(&diff->ctl->out, &out, PAINT_RULE, rule->id);
	text_printf(&out, "  %s\n", change_words[change]);
	if (before)
		add_rule(before, "-", &out);
	if (after)
		add_rule(after, "+", &out);
	add_witness(diff->ctl, witness, &out);
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
	json_add_text(object, "path", witness->path.data);
	json_add_text(object, "as", witness->caller.data);
	json_add_text(object, "old", answer_word(witness->answers[0].kind));
	json_add_text(object, "new", answer_word(witness->answers[1].kind));
	return object;
}

static void report(struct diff *diff, enum change change, const struct written_rule *before,
		   const struct written_rule *after)
{
	const struct written_rule *rule = after ? after : before;
	struct witness witness = { 0 };
	struct json_object *object;

	diff->counts[change]++;
	if (diff->ctl->options.quiet)
		return;
	find_witness(diff, &diff->sides[after ? 1 : 0], rule, &witness);
	if (!witness.found && before && after)
		find_witness(diff, &diff->sides[0], before, &witness);
	if (diff->rules) {
		object = json_part();
		json_add_text(object, "change", change_words[change]);
		json_add_text(object, "rule", rule->id);
		add_text(object, "old", before);
		add_text(object, "new", after);
		json_add(object, "witness", witness_json(&witness));
		json_append(diff->rules, object);
	} else {
		show_text(diff, change, rule, before, after, &witness);
	}
	text_done(&witness.path);
	text_done(&witness.caller);
}

/* comparing */

static struct known *find_known(const struct side *side, const struct written_rule *rule)
{
	struct known wanted = { .rule = rule };

	return side->n == 0 ? NULL
			    : bsearch(&wanted, side->items, side->n, sizeof(*side->items),
				      compare_known);
}

static int compare_meanings(const void *a, const void *b)
{
	const struct known *const *x = a, *const *y = b;

	return strcmp((*x)->meaning, (*y)->meaning);
}

/* Those that nothing was found for yet, by meaning. */
static struct known **list_unmatched(const struct side *side, size_t *ret_n)
{
	struct known **list = calloc(side->n + 1, sizeof(struct known *));

	*ret_n = 0;
	for (size_t i = 0; list && i < side->n; i++)
		if (!side->items[i].matched)
			list[(*ret_n)++] = &side->items[i];
	if (list && *ret_n > 0)
		qsort(list, *ret_n, sizeof(*list), compare_meanings);
	return list;
}

/* Rules that have another id and say the same. */
static int match_renamed(struct diff *diff)
{
	size_t n[2], at[2] = { 0, 0 };
	_cleanup_(freep) struct known **before = list_unmatched(&diff->sides[0], &n[0]);
	_cleanup_(freep) struct known **after = list_unmatched(&diff->sides[1], &n[1]);

	if (!before || !after)
		return -ENOMEM;
	while (at[0] < n[0] && at[1] < n[1]) {
		int order = compare_meanings(&before[at[0]], &after[at[1]]);

		if (order == 0)
			before[at[0]]->matched = after[at[1]]->matched = true;
		at[0] += order <= 0;
		at[1] += order >= 0;
	}
	return 0;
}

static int compare(struct diff *diff)
{
	struct side *before = &diff->sides[0], *after = &diff->sides[1];
	int r;

	for (size_t i = 0; i < before->n; i++) {
		struct known *other = find_known(after, before->items[i].rule);

		if (other && strcmp(other->meaning, before->items[i].meaning) == 0)
			other->matched = before->items[i].matched = true;
	}
	r = match_renamed(diff);
	if (r < 0)
		return r;
	for (size_t i = 0; i < before->n; i++) {
		struct known *old = &before->items[i], *new = find_known(after, old->rule);

		if (old->matched)
			continue;
		if (new && !new->matched)
			new->matched = old->matched = true;
		else
			new = NULL;
		report(diff, new ? CHANGE_CHANGED : CHANGE_REMOVED, old->rule,
		       new ? new->rule : NULL);
	}
	for (size_t i = 0; i < after->n; i++)
		if (!after->items[i].matched)
			report(diff, CHANGE_ADDED, NULL, after->items[i].rule);
	return 0;
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
			    diff->counts[CHANGE_ADDED], diff->counts[CHANGE_REMOVED],
			    diff->counts[CHANGE_CHANGED]);
	screen_show(&diff->ctl->out, &out);
}

static enum exit_code diff_rules(struct diff *diff)
{
	size_t n;
	int r;

	if (diff->ctl->options.json && !diff->ctl->options.quiet)
		diff->rules = json_list();
	r = compare(diff);
	if (r < 0)
		return ctl_fail(diff->ctl, EXIT_IO, "%s", strerror(-r));
	n = diff->counts[CHANGE_ADDED] + diff->counts[CHANGE_REMOVED] +
	    diff->counts[CHANGE_CHANGED];
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

	add_sources(&diff->sides[0], &before);
	add_sources(&diff->sides[1], &after);
	return plain_diff(diff->ctl, &before, &after);
}

static enum exit_code diff_sides(const struct ctl *ctl, struct diff *diff)
{
	enum exit_code code = EXIT_YES;

	for (size_t i = 0; code == EXIT_YES && i < ELEMENTSOF(diff->sides); i++)
		code = read_side(ctl, &diff->sides[i]);
	if (code != EXIT_YES)
		return code;
	return ctl->options.text ? diff_text(diff) : diff_rules(diff);
}

enum exit_code diff_show(const struct ctl *ctl, const struct load_options *before,
			 const struct load_options *after)
{
	_cleanup_(diff_done) struct diff diff = { .ctl = ctl };

	diff.sides[0].options = *before;
	diff.sides[1].options = *after;
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
