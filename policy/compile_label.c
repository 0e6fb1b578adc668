/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of `apparmor` and `selinux` to patterns of parts. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/compiler.h"
#include "policy/label_pattern.h"

static int compile_names(struct compiler *c, const struct ast_value *value, struct label_part *part)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	struct component *names;
	int r;

	r = glob_parse_name(value, c->diags, &glob);
	if (r < 0)
		return r;
	names = arena_alloc(&c->policy->arena, glob->n, sizeof(*names));
	for (size_t i = 0; names && r == 0 && i < glob->n; i++)
		r = compile_component(&c->policy->arena, glob->paths[i].components, &names[i]);
	part->names = names;
	part->n = glob->n;
	return names ? r : -ENOMEM;
}

static size_t count_parts(enum ast_key key, const struct ast_value *value)
{
	struct label_cut cut = { .n = 0 };

	while (label_cut(&cut, key, value))
		;
	return cut.n;
}

static int compile_label_pattern(struct compiler *c, enum ast_key key,
				 const struct ast_value *value, struct label_pattern *ret)
{
	struct label_cut cut = { .n = 0 };
	struct label_part *parts =
		arena_alloc(&c->policy->arena, count_parts(key, value), sizeof(*parts));
	int r;

	if (!parts)
		return -ENOMEM;
	while (label_cut(&cut, key, value)) {
		struct label_part *part = &parts[ret->n];

		part->deep = cut.deep;
		r = part->deep || cut.text[0] == '\0' ? 0 : compile_names(c, &cut.part, part);
		if (r < 0)
			return r;
		ret->n++;
	}
	ret->parts = parts;
	return 0;
}

int compile_labels(struct compiler *c, const struct ast_term *ast, struct term *term)
{
	struct label_pattern *labels =
		arena_alloc(&c->policy->arena, ast->values.n, sizeof(*labels));
	int r;

	if (!labels)
		return -ENOMEM;
	for (size_t i = 0; i < ast->values.n; i++) {
		const struct ast_value *value = &ast->values.items[i];

		if (strlen(value->text) > LABEL_MAX)
			return compile_bad_value(c, value);
		r = compile_label_pattern(c, ast->key, value, &labels[i]);
		/* What is wrong with it has been said. */
		if (r == -EINVAL)
			return 0;
		if (r < 0)
			return r;
	}
	term->labels = labels;
	term->n = ast->values.n;
	return 0;
}
