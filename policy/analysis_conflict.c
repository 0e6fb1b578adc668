/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * W105: two allows that name the same requests, neither of them before the
 * other, and are carried out differently.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "policy/analysis_parts.h"

/* How an allow is carried out. */
static const bool carried_out[AST_ATTR_MAX] = {
	[AST_ATTR_DELIVER] = true,
	[AST_ATTR_CREATE_MODE] = true,
	[AST_ATTR_CREATE_OWNER] = true,
	[AST_ATTR_RATE] = true,
};

static const struct ast_attr *differing(const struct ast_rule *a, const struct ast_rule *b)
{
	for (enum ast_attr_name name = 0; name < AST_ATTR_MAX; name++) {
		const struct ast_attr *x = rule_attr(a, name), *y = rule_attr(b, name);

		if (carried_out[name] && !analysis_same_values(x, y))
			return x ? x : y;
	}
	return NULL;
}

/* Two patterns that make the rules equally specific where both match: 1 and a name. */
static int equally_specific(struct analysis *a, const struct analysed_rule *one,
			    const struct analysed_rule *other, struct text *ret)
{
	for (size_t i = 0; i < one->area.paths.n; i++) {
		for (size_t j = 0; j < other->area.paths.n; j++) {
			const struct language_pattern *p = one->area.paths.items[i],
						      *q = other->area.paths.items[j];
			struct language_area x = { .paths = { &p, 1 }, .except = one->area.except },
					     y = { .paths = { &q, 1 },
						   .except = other->area.except };
			const struct language_area *in[] = { &x, &y };
			struct language_question question = { .in = in, .n_in = 2, .loose = true };
			int r;

			if (p->n_leading != q->n_leading || p->n_wildcards != q->n_wildcards ||
			    language_apart(p, q))
				continue;
			r = analysis_find(a, question, ret);
			if (r != 0)
				return r;
		}
	}
	return 0;
}

int analysis_conflict(struct analysis *a, const struct analysed_rule *rule,
		      const struct analysed_rule *other)
{
	_cleanup_(text_done) struct text witness = TEXT_EMPTY;
	const struct ast_attr *attr = differing(rule->ast, other->ast);
	uint32_t modes = rule->ast->modes & other->ast->modes;
	struct diag *diag;
	int r;

	if (!attr || modes == 0 || who_terms(rule->who) != who_terms(other->who) ||
	    who_apart(a, rule->who, other->who))
		return 0;
	r = equally_specific(a, rule, other, &witness);
	if (r <= 0)
		return r == -ENOMEM ? r : 0;
	diag = diag_add(a->diags, DIAG_WARNING, "W105", rule_place(rule->ast),
			"rules %s and %s are equally specific and are carried out differently",
			other->id, rule->id);
	diag_detail(a->diags, diag, "%s %s: which of them holds is decided by their names alone",
		    first_mode(modes), witness.data);
	diag_help(a->diags, diag, "make one of them narrower, or both alike");
	return 0;
}
