/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_GLOB_H
#define FDB_POLICY_GLOB_H

/*
 * The text of one pattern, taken apart: escapes decoded, braces multiplied out,
 * cut into components, each of them clean. What is left for whoever compiles it
 * is a restricted regular language over bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "policy/ast.h"
#include "policy/diag.h"

#define GLOB_TEXT_MAX	   4095U /* bytes of a pattern as written; a longer name cannot be asked for */
#define GLOB_PATHS_MAX	   64U /* alternatives that braces may multiply to */
#define GLOB_DEEP_MAX	   4U  /* `**` in one pattern */
#define GLOB_WILDCARDS_MAX 16U /* `*`, `?` and classes in one pattern */

enum glob_piece_kind {
	GLOB_BYTES,	/* literal; two of them never follow each other */
	GLOB_STAR,	/* any number of bytes; two of them never follow each other */
	GLOB_QUESTION,	/* one byte */
	GLOB_CLASS,	/* one byte out of a set */
	GLOB_SPECIFIER, /* the caller's value of %u, %i, …: never `h`, see glob_path.home */
};

struct glob_piece {
	enum glob_piece_kind kind;
	char specifier;	   /* GLOB_SPECIFIER: its letter */
	size_t len;	   /* GLOB_BYTES */
	char *bytes;	   /* GLOB_BYTES: owned, also NUL-terminated; holds no NUL and no slash */
	uint64_t class[4]; /* GLOB_CLASS: bit b of class[b / 64] for byte b */
};

struct glob_component {
	bool deep; /* `**`: any number of components, none too; but as the last one at least one */
	struct glob_piece *pieces; /* of a deep one: none */
	size_t n;
};

struct glob_path {
	bool home; /* starts with %h: the caller's home directory, and then the components */
	struct glob_component *components; /* none at all: "/" itself */
	size_t n;
};

struct glob {
	char *set; /* "@homes" of "@homes/.ssh": each path of the set continues with these; or NULL */
	struct glob_path *paths; /* at least one */
	size_t n;
};

/**
 * glob_parse() - take apart the path of a rule or set
 * @path:	a pattern or a literal; not AST_PATH_SET
 * @diags:	the first thing that is wrong is added (E004, E005, E016), at its place; may be NULL
 *
 * Return: 0; -EINVAL wrong, see @diags; -ENOMEM.
 */
int glob_parse(const struct ast_path *path, struct diags *diags, struct glob **ret);

/* The same for the value of a term (unit, slice, …): one path of one component, in which only a
 * pattern's wildcards are active; no slash, no `**`, no specifier, no set. */
int glob_parse_name(const struct ast_value *value, struct diags *diags, struct glob **ret);

/* The path that a value spells without wildcards: `exe "/usr/sbin/nginx"`. The caller frees it. */
int glob_literal(const struct ast_value *value, struct diags *diags, char **ret);

/* A string that is no pattern (note, create-owner, disable): its escapes decoded, nothing else. */
int glob_string(const struct ast_value *value, struct diags *diags, char **ret);

struct glob *glob_free(struct glob *glob);
DEFINE_CLEANUP(struct glob *, glob_free)

/* Nothing but bytes. */
static inline bool glob_component_is_plain(const struct glob_component *component)
{
	return !component->deep && component->n == 1 && component->pieces->kind == GLOB_BYTES;
}

/* Is there anything but literal bytes in it? */
bool glob_is_literal(const struct glob *glob);

/* Does some path of it use this specifier letter? */
bool glob_uses(const struct glob *glob, char specifier);

#endif
