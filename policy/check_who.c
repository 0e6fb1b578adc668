/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A value of a term that is malformed would match nobody, which in a `not` is
 * everybody; so it is never passed over (P64).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/check_parts.h"
#include "policy/glob.h"
#include "policy/keywords.h"
#include "policy/label_pattern.h"
#include "policy/values.h"

static void check_ids(const struct ast_value *value, struct diags *diags)
{
	struct value_ids ids;
	int r = value_ids(value->text, &ids);

	if (r == -ERANGE)
		diag_help(diags, check_complain(diags, value, "out of range"),
			  "ids go from 0 to 4294967294, ranges from the smaller to the larger");
	else if (r < 0)
		diag_help(diags,
			  check_complain(diags, value, "neither a name nor a number or range"),
			  "write name, 1000 or 1000-59999; there are no patterns here");
}

/* The text of a unit's or slice's name, which may be a pattern. */
static bool check_name(const struct ast_value *value, struct diags *diags)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;

	if (value->kind == AST_WORD && strpbrk(value->text, "*")) {
		diag_help(diags, check_complain(diags, value, "an unquoted pattern"),
			  "write \"%.60s\"", value->text);
		return false;
	}
	return glob_parse_name(value, diags, &glob) == 0;
}

static void check_unit(const struct ast_value *value, struct diags *diags)
{
	struct diag *diag;

	if (!check_name(value, diags) || value_is_unit(value->text))
		return;
	diag = check_complain(diags, value, "not the name of a unit");
	if (strchr(value->text, '.'))
		diag_help(diags, diag, "units end in .service, .socket, .scope, …");
	else
		diag_help(diags, diag, "units have a suffix: write \"%.60s.service\"", value->text);
}

static void check_slice(const struct ast_value *value, struct diags *diags)
{
	size_t len = strlen(value->text);

	if (!check_name(value, diags))
		return;
	if (len > 0 && strchr("*]}?", value->text[len - 1]))
		return;
	if (len <= 6 || strcmp(value->text + len - 6, ".slice") != 0)
		diag_help(diags, check_complain(diags, value, "not the name of a slice"),
			  "slices end in .slice");
}

static void check_exe(const struct ast_value *value, struct diags *diags)
{
	_cleanup_(freep) char *path = NULL;

	if (value->kind == AST_WORD)
		diag_help(diags, check_complain(diags, value, "not a path"),
			  "write '/usr/bin/name'");
	else
		glob_literal(value, diags, &path);
}

static void check_apparmor(const struct ast_value *value, struct diags *diags)
{
	label_check(AST_KEY_APPARMOR, value, diags);
}

static void check_selinux(const struct ast_value *value, struct diags *diags)
{
	label_check(AST_KEY_SELINUX, value, diags);
}

static void check_word(const struct ast_value *value, const char *const *words, struct diags *diags)
{
	for (size_t i = 0; words[i]; i++) {
		if (value->kind == AST_WORD && strcmp(value->text, words[i]) == 0)
			return;
	}
	diag_help(diags, check_complain(diags, value, "not known here"), "write %s%s%s", words[0],
		  words[1] ? " or " : "", words[1] ? words[1] : "");
}

static void check_namespace(const struct ast_value *value, struct diags *diags)
{
	check_word(value, (const char *const[]){ "host", "other", NULL }, diags);
}

static void check_nnp(const struct ast_value *value, struct diags *diags)
{
	check_word(value, (const char *const[]){ "yes", NULL }, diags);
}

static void check_seccomp(const struct ast_value *value, struct diags *diags)
{
	check_word(value, (const char *const[]){ "filter", NULL }, diags);
}

static void (*const checks[AST_KEY_MAX])(const struct ast_value *value, struct diags *diags) = {
	[AST_KEY_USER] = check_ids,	     [AST_KEY_GROUP] = check_ids,
	[AST_KEY_UNIT] = check_unit,	     [AST_KEY_USER_UNIT] = check_unit,
	[AST_KEY_SLICE] = check_slice,	     [AST_KEY_EXE] = check_exe,
	[AST_KEY_APPARMOR] = check_apparmor, [AST_KEY_SELINUX] = check_selinux,
	[AST_KEY_USERNS] = check_namespace,  [AST_KEY_MNTNS] = check_namespace,
	[AST_KEY_PIDNS] = check_namespace,   [AST_KEY_NNP] = check_nnp,
	[AST_KEY_SECCOMP] = check_seccomp,
};

/* Users choose the names of their units: without the user, one says nothing. */
static void check_user_unit(const struct ast_conj *conj, const struct ast_term *term,
			    struct diags *diags)
{
	for (size_t i = 0; i < conj->n; i++) {
		const struct ast_term *other = &conj->terms[i];

		if (other->kind == AST_TERM_KEY && other->key == AST_KEY_USER && !other->negated)
			return;
	}
	diag_help(diags,
		  diag_add(diags, DIAG_ERROR, "E006", term->place, "'user-unit' without 'user'"),
		  "every user can make a unit of any name: add  and user NAME");
}

static void check_term(const struct ast_conj *conj, const struct ast_term *term,
		       struct diags *diags)
{
	if (term->kind == AST_TERM_ANYONE && term->negated)
		diag_add(diags, DIAG_ERROR, "E006", term->place, "'not anyone' is nobody");
	if (term->kind != AST_TERM_KEY)
		return;
	for (size_t i = 0; i < term->values.n; i++)
		checks[term->key](&term->values.items[i], diags);
	if (term->key == AST_KEY_USER_UNIT)
		check_user_unit(conj, term, diags);
}

void check_conj(const struct ast_conj *conj, struct diags *diags)
{
	for (size_t i = 0; i < conj->n; i++)
		check_term(conj, &conj->terms[i], diags);
}
