/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Rules against each other. A deny takes from an allow without its leave, so all
 * denies together are held against each allow; of two allows one must cover the
 * whole request, so they are held against each other one by one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/analysis_parts.h"
#include "policy/source.h"

/* What an attribute of two rules must be for the one to give all that the other gives. */
enum likeness {
	LIKE_SAME,  /* said by both alike: it has a default, or is carried out */
	LIKE_FEWER, /* the wider one may leave it out */
	LIKE_ANY,
};

static const enum likeness likenesses[AST_ATTR_MAX] = {
	[AST_ATTR_OWNER] = LIKE_FEWER,	  [AST_ATTR_FILE_GROUP] = LIKE_FEWER,
	[AST_ATTR_MODE_MAX] = LIKE_FEWER, [AST_ATTR_MAX_SIZE] = LIKE_FEWER,
	[AST_ATTR_DEVICE] = LIKE_FEWER,	  [AST_ATTR_MOUNT] = LIKE_FEWER,
	[AST_ATTR_UNTIL] = LIKE_FEWER,	  [AST_ATTR_NOTE] = LIKE_ANY,
};

/* The rules that may name what one rule names. */
struct around {
	struct analysis *analysis;
	const struct analysed_rule *rule;
	const struct analysed_rule **denies; /* owned: unconditional, for all of its callers */
	size_t n_denies;
	const size_t *neighbours;
	size_t n_neighbours;
};

bool analysis_same_values(const struct ast_attr *a, const struct ast_attr *b)
{
	if (!a || !b)
		return a == b;
	if (a->values.n != b->values.n)
		return false;
	for (size_t i = 0; i < a->values.n; i++) {
		if (strcmp(a->values.items[i].text, b->values.items[i].text) != 0)
			return false;
	}
	return true;
}

/* Does @outer ask of objects, and do with them, nothing that @inner does not? */
static bool asks_no_more(const struct ast_rule *inner, const struct ast_rule *outer)
{
	for (enum ast_attr_name name = 0; name < AST_ATTR_MAX; name++) {
		const struct ast_attr *x = rule_attr(inner, name), *y = rule_attr(outer, name);
		enum likeness likeness = likenesses[name];

		if (likeness == LIKE_ANY || (likeness == LIKE_FEWER && !y))
			continue;
		if (!analysis_same_values(x, y))
			return false;
	}
	return inner->as_root == outer->as_root;
}

static struct language_question within(const struct language_area *const *inner,
				       const struct language_area *const *outer)
{
	return (struct language_question){ .in = inner, .n_in = 1, .out = outer, .n_out = 1 };
}

/* Is all that @inner says said by @outer? 1, 0, -ENOMEM. */
static int covers(struct analysis *a, const struct analysed_rule *outer,
		  const struct analysed_rule *inner)
{
	const struct language_area *in = &inner->area, *out = &outer->area;
	int r;

	if (inner->ast->allow != outer->ast->allow || inner->effect & ~outer->effect ||
	    !asks_no_more(inner->ast, outer->ast) || !who_implies(a, inner->who, outer->who))
		return 0;
	r = analysis_find(a, within(&in, &out), NULL);
	return r == -ENOMEM ? r : r == 0;
}

/* A request that the rule names, in @witness. */
static void show(struct analysis *a, struct diag *diag, const struct analysed_rule *rule,
		 const struct analysed_rule *other, const char *verb)
{
	_cleanup_(text_done) struct text witness = TEXT_EMPTY;
	const struct language_area *in[] = { &rule->area, &other->area };
	struct language_question question = { .in = in, .n_in = 2, .loose = true };

	if (analysis_find(a, question, &witness) < 1)
		return;
	diag_detail(a->diags, diag, "%s %s is %s by %s (%s:%u)", first_mode(rule->ast->modes),
		    witness.data, verb, other->id, other->source->path, other->ast->place.line);
}

static void say_duplicate(struct analysis *a, const struct analysed_rule *rule,
			  const struct analysed_rule *other)
{
	struct diag *diag = diag_add(a->diags, DIAG_WARNING, "W106", rule_place(rule->ast),
				     "rule %s says the same as %s", rule->id, other->id);

	show(a, diag, rule, other, rule->ast->allow ? "allowed already" : "denied already");
	diag_help(a->diags, diag, "remove one of them");
}

static void say_redundant(struct analysis *a, const struct analysed_rule *rule,
			  const struct analysed_rule *other)
{
	struct diag *diag = diag_add(a->diags, DIAG_WARNING, "W102", rule_place(rule->ast),
				     "rule %s adds nothing to %s", rule->id, other->id);

	show(a, diag, rule, other, "allowed too");
	diag_help(a->diags, diag, "remove it, or narrow the other");
}

/* W102, W106: 1 if something was said. */
static int compare_covering(struct analysis *a, const struct analysed_rule *rule,
			    const struct analysed_rule *other)
{
	int r = covers(a, other, rule), back;

	if (r <= 0)
		return r;
	back = covers(a, rule, other);
	if (back < 0)
		return back;
	/* Of two that are the same, the later one is said to be too much. */
	if (back == 1 && other > rule)
		return 0;
	if (back == 1)
		say_duplicate(a, rule, other);
	else if (rule->ast->allow)
		say_redundant(a, rule, other);
	return 1;
}

static int check_covering(const struct around *around)
{
	for (size_t i = 0; i < around->n_neighbours; i++) {
		const struct analysed_rule *other = &around->analysis->rules[around->neighbours[i]];
		int r;

		if (other->dead || other->floor)
			continue;
		r = compare_covering(around->analysis, around->rule, other);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return 0;
}

/* The denies of one mode; their number. */
static size_t denies_of(const struct around *around, uint32_t mode,
			const struct language_area **ret, const struct analysed_rule **ret_first)
{
	size_t n = 0;

	for (size_t i = 0; i < around->n_denies; i++) {
		if (!(around->denies[i]->effect & mode))
			continue;
		if (n == 0)
			*ret_first = around->denies[i];
		ret[n++] = &around->denies[i]->area;
	}
	return n;
}

/* The one deny that covers the rule alone in @mode, or NULL. */
static const struct analysed_rule *culprit(const struct around *around, uint32_t mode)
{
	const struct language_area *in = &around->rule->area;

	for (size_t i = 0; i < around->n_denies; i++) {
		const struct language_area *out = &around->denies[i]->area;

		if (around->denies[i]->effect & mode &&
		    analysis_find(around->analysis, within(&in, &out), NULL) == 0)
			return around->denies[i];
	}
	return NULL;
}

static void say_shadowed(const struct around *around, const struct analysed_rule *deny, bool alone)
{
	struct analysis *a = around->analysis;
	const struct analysed_rule *rule = around->rule;
	_cleanup_(text_done) struct text witness = TEXT_EMPTY;
	const struct language_area *in[] = { &rule->area, &deny->area };
	struct language_question question = { .in = in, .n_in = 2, .loose = true };
	struct diag *diag = diag_add(a->diags, DIAG_WARNING, "W101", rule_place(rule->ast),
				     "rule %s can never allow anything", rule->id);

	if (analysis_find(a, question, &witness) < 1)
		return;
	diag_detail(a->diags, diag, "covered by deny %s (%s:%u)%s", deny->id, deny->source->path,
		    deny->ast->place.line, alone ? "" : " and others");
	diag_more(a->diags, diag, "%s %s is denied", first_mode(rule->ast->modes & deny->effect),
		  witness.data);
	if (alone && !deny->floor)
		diag_help(a->diags, diag,
			  "if the grant is meant, write  disable \"%s\";  or narrow it", deny->id);
}

/* W101: 1 if the rule is shadowed. */
static int check_shadowed(const struct around *around)
{
	_cleanup_(freep) const struct language_area **out =
		calloc(around->n_denies + 1, sizeof(*out));
	const struct language_area *in = &around->rule->area;
	const struct analysed_rule *first = NULL, *deny = NULL, *other;
	bool alone = true;
	uint32_t modes = around->rule->ast->modes;

	if (!out)
		return -ENOMEM;
	for (uint32_t bit = 1; bit <= modes; bit <<= 1) {
		struct language_question question = { .in = &in, .n_in = 1, .out = out };
		int r;

		if (!(modes & bit))
			continue;
		question.n_out = denies_of(around, bit, out, &first);
		if (question.n_out == 0)
			return 0;
		r = analysis_find(around->analysis, question, NULL);
		if (r != 0)
			return r == -ENOMEM ? r : 0;
		other = culprit(around, bit);
		alone = alone && other && (!deny || other == deny);
		if (!deny)
			deny = other ? other : first;
	}
	if (deny)
		say_shadowed(around, deny, alone);
	return deny ? 1 : 0;
}

static void say_narrowed(const struct around *around, const struct analysed_rule *deny,
			 const char *name, size_t n_more)
{
	struct analysis *a = around->analysis;
	uint32_t modes = around->rule->ast->modes & deny->effect;
	struct diag *diag = diag_add(a->diags, DIAG_NOTE, "N104", rule_place(around->rule->ast),
				     "a deny takes part of rule %s away", around->rule->id);

	if (n_more > 0)
		diag_detail(a->diags, diag, "%s %s is denied by %s (%s:%u); and %zu more",
			    first_mode(modes), name, deny->id, deny->source->path,
			    deny->ast->place.line, n_more);
	else
		diag_detail(a->diags, diag, "%s %s is denied by %s (%s:%u)", first_mode(modes),
			    name, deny->id, deny->source->path, deny->ast->place.line);
	diag_help(a->diags, diag, "if that is meant, say so with  except \"…\"");
}

/* N104: denies whose callers may be among those of the rule. */
static int check_narrowed(const struct around *around)
{
	_cleanup_(text_done) struct text witness = TEXT_EMPTY;
	const struct analysed_rule *rule = around->rule, *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < around->n_neighbours; i++) {
		const struct analysed_rule *deny = &around->analysis->rules[around->neighbours[i]];
		const struct language_area *in[] = { &rule->area, &deny->area };
		struct language_question question = { .in = in, .n_in = 2, .loose = true };
		int r;

		if (deny->ast->allow || deny->floor || deny->dead || deny->conditional ||
		    !(deny->effect & rule->ast->modes) ||
		    who_apart(around->analysis, rule->who, deny->who))
			continue;
		r = analysis_find(around->analysis, question, first ? NULL : &witness);
		if (r == -ENOMEM)
			return r;
		if (r == 1) {
			first = first ? first : deny;
			n++;
		}
	}
	if (first)
		say_narrowed(around, first, witness.data, n - 1);
	return 0;
}

/* Each pair once. */
static int check_conflicts(const struct around *around)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < around->n_neighbours; i++) {
		const struct analysed_rule *other = &around->analysis->rules[around->neighbours[i]];

		if (other < around->rule && other->ast->allow && !other->dead)
			r = analysis_conflict(around->analysis, around->rule, other);
	}
	return r;
}

static int find_denies(struct around *around)
{
	around->denies = calloc(around->n_neighbours + 1, sizeof(*around->denies));
	if (!around->denies)
		return -ENOMEM;
	for (size_t i = 0; i < around->n_neighbours; i++) {
		const struct analysed_rule *deny = &around->analysis->rules[around->neighbours[i]];

		if (!deny->ast->allow && !deny->dead && !deny->conditional &&
		    deny->effect & around->rule->ast->modes &&
		    who_implies(around->analysis, around->rule->who, deny->who))
			around->denies[around->n_denies++] = deny;
	}
	return 0;
}

static int check_allow(struct around *around)
{
	int r = find_denies(around);

	if (r == 0)
		r = check_shadowed(around);
	if (r != 0)
		return r < 0 ? r : 0;
	r = check_narrowed(around);
	if (r == 0)
		r = check_covering(around);
	if (r == 0)
		r = check_conflicts(around);
	return r < 0 ? r
		     : analysis_known(around->analysis, around->rule, around->denies,
				      around->n_denies);
}

int analysis_pairs(struct analysis *a, size_t rule)
{
	_cleanup_(freep) size_t *neighbours = NULL;
	struct around around = { .analysis = a, .rule = &a->rules[rule] };
	int r = analysis_neighbours(a, rule, &neighbours, &around.n_neighbours);

	if (r < 0)
		return r;
	around.neighbours = neighbours;
	analysis_spend_pairs(a, around.n_neighbours);
	r = around.rule->ast->allow ? check_allow(&around) : check_covering(&around);
	free(around.denies);
	return r;
}
