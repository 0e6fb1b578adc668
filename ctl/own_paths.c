/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/own_paths.h"

#include <string.h>

#include "policy/references.h"

/* One list of paths on its way into a text. */
struct listing {
	struct own_paths *own;
	const char *before; /* of the next one */
	size_t n;
	struct text *out;
};

static void add_one(struct listing *listing, const struct ast_path *path)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;
	enum own_path kind = own_path_add(path, listing->own->caller, &text);

	if (kind == OWN_PATH_NONE)
		return;
	listing->own->any = true;
	listing->own->unknown |= kind == OWN_PATH_UNKNOWN;
	if (listing->n++ >= listing->own->most) {
		listing->own->n_left++;
		return;
	}
	text_printf(listing->out, "%s%s", listing->before, text.data ? text.data : "");
	listing->before = ", ";
}

/* A literal as a pattern that matches just it. */
static void add_escaped(const struct ast_path *path, struct text *out)
{
	for (const char *at = path->text; *at; at++) {
		if (path->kind == AST_PATH_LITERAL && strchr("\"\\*?[{%", *at))
			text_puts(out, *at == '%' ? "%" : "\\");
		text_add(out, at, 1);
	}
}

static void add_path(struct listing *listing, const struct ast_path *path, const char *rest);

/* What every `let` and `extend` of that name holds, each with @rest behind it. The policy loads:
 * no set contains itself. */
static void add_set(struct listing *listing, const struct name_ref *name, const char *rest)
{
	const struct policy_files *files = &listing->own->written->files;

	for (size_t i = 0; i < files->n; i++)
		for (size_t j = 0; j < files->trees[i]->n; j++) {
			const struct ast_statement *statement = &files->trees[i]->statements[j];
			const struct ast_set *set = &statement->set;

			if ((statement->kind != AST_LET && statement->kind != AST_EXTEND) ||
			    strncmp(set->name, name->name, name->len) != 0 ||
			    set->name[name->len] != '\0')
				continue;
			for (size_t k = 0; k < set->paths.n; k++)
				add_path(listing, &set->paths.items[k], rest);
		}
}

static void add_path(struct listing *listing, const struct ast_path *path, const char *rest)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;
	struct ast_path whole = { .kind = AST_PATH_PATTERN };
	struct name_ref name;

	if (references_set_of(path, &name)) {
		text_printf(&text, "%s%s", path->text + name.len, rest);
		add_set(listing, &name, text.data ? text.data : "");
		return;
	}
	if (*rest == '\0') {
		add_one(listing, path);
		return;
	}
	add_escaped(path, &text);
	text_puts(&text, rest);
	whole.text = text.data;
	if (!text.failed)
		add_one(listing, &whole);
}

void own_paths_add(struct own_paths *own, const struct ast_paths *paths, const char *before,
		   struct text *out)
{
	struct listing listing = { .own = own, .before = before, .out = out };

	for (size_t i = 0; i < paths->n; i++)
		add_path(&listing, &paths->items[i], "");
	if (listing.n > own->most)
		text_printf(out, ", … %zu more", listing.n - own->most);
}
