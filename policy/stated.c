/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A caller who is described instead of attested. What is not said of him is
 * not known, except that a user brings the groups that he would log in with: a
 * complete list, in which a group that is missing is known to be.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/cleanup.h"
#include "policy/glob.h"
#include "policy/keywords.h"
#include "policy/label_pattern.h"
#include "policy/load.h"
#include "policy/values.h"
#include "policy/who.h"

DEFINE_CLEANUP(struct stated_subject *, load_subject_free)

struct stated_subject *load_subject_free(struct stated_subject *stated)
{
	if (stated) {
		free(stated->groups);
		free(stated->unit);
		free(stated->user_unit);
		free(stated->slice);
		free(stated->exe);
		free(stated->apparmor);
		free(stated->selinux);
		free(stated);
	}
	return NULL;
}

static int not_one(struct diags *diags, struct place place)
{
	struct diag *diag = diag_add(diags, DIAG_ERROR, "E006", place,
				     "a caller is described by facts, each with one value");

	diag_help(diags, diag, "no `not`, no `subject`, no list, no range, no wildcard");
	return -EINVAL;
}

/* 0; -ESRCH no such account (said); -EINVAL wrong (said); another -errno. */
static int look_up(struct diags *diags, const struct ast_term *term, const char *kind, int r)
{
	const struct ast_value *value = &term->values.items[0];

	if (r == -ESRCH)
		diag_add(diags, DIAG_WARNING, "W310", value->place, "%s '%s' does not exist", kind,
			 value->text);
	if (r == 0 || r == -ESRCH || r == -ENOMEM)
		return r;
	diag_add(diags, DIAG_ERROR, "E010", value->place, "cannot look up %s '%s': %s", kind,
		 value->text, strerror(-r));
	return -EINVAL;
}

/* Groups as at a login; those stated before stay. */
static int add_groups(struct stated_subject *stated, const gid_t *groups, size_t n)
{
	gid_t *all = reallocarray(stated->groups, stated->subject.n_groups + n + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	if (n > 0)
		memcpy(all + stated->subject.n_groups, groups, n * sizeof(*all));
	stated->groups = all;
	stated->subject.groups = all;
	stated->subject.n_groups += n;
	return 0;
}

static int add_account(struct stated_subject *stated, const struct account *account)
{
	_cleanup_(freep) gid_t *groups = NULL;
	size_t n;
	int r = account_groups(account, &groups, &n);

	if (r < 0)
		return r;
	stated->subject.uid = account->uid;
	stated->subject.gid = account->gid;
	stated->subject.known |= POLICY_FACT_GROUP;
	return add_groups(stated, groups, n);
}

static int state_user(struct stated_subject *stated, const struct ast_term *term,
		      struct diags *diags)
{
	_cleanup_(account_done) struct account account = { 0 };
	const char *text = term->values.items[0].text;
	struct value_ids ids;
	int r;

	if (value_ids(text, &ids) < 0 || (!ids.named && ids.first != ids.last))
		return not_one(diags, term->place);
	stated->subject.uid = ids.named ? (uid_t)-1 : ids.first;
	r = ids.named ? account_by_name(text, &account) : account_by_uid(ids.first, &account);
	/* A number without an entry is a caller like any other. */
	if (r == -ESRCH && !ids.named)
		return 0;
	r = look_up(diags, term, "user", r);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	return add_account(stated, &account);
}

static int state_group(struct stated_subject *stated, const struct ast_term *term,
		       struct diags *diags)
{
	const char *text = term->values.items[0].text;
	struct value_ids ids;
	gid_t gid;
	int r = 0;

	if (value_ids(text, &ids) < 0 || (!ids.named && ids.first != ids.last))
		return not_one(diags, term->place);
	gid = ids.first;
	if (ids.named)
		r = look_up(diags, term, "group", account_gid_by_name(text, &gid));
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	return add_groups(stated, &gid, 1);
}

static void add_component(struct text *text, const struct glob_component *component)
{
	for (size_t i = 0; i < component->n; i++)
		text_add(text, component->pieces[i].bytes, component->pieces[i].len);
}

/* The literal bytes of a path made of @glob, "/" in front of each component or none. */
static int spell(const struct glob_path *path, const char *slash, char **ret)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	for (size_t i = 0; i < path->n; i++) {
		text_puts(&text, slash);
		add_component(&text, &path->components[i]);
	}
	return text_finish(&text, ret);
}

static int state_name(const struct ast_term *term, struct diags *diags, char **ret)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	int r = glob_parse_name(&term->values.items[0], diags, &glob);

	if (r < 0)
		return r;
	if (!glob_is_literal(glob) || glob->n != 1)
		return not_one(diags, term->place);
	return spell(&glob->paths[0], "", ret);
}

/* A label as it is written, its escapes decoded. */
static int state_label(const struct ast_term *term, struct diags *diags, char **ret)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;
	const struct ast_value *value = &term->values.items[0];
	const char *separator = term->key == AST_KEY_APPARMOR ? "/" : ":";
	struct label_cut cut = { .n = 0 };

	if (strlen(value->text) > LABEL_MAX)
		return not_one(diags, term->place);
	while (label_cut(&cut, term->key, value)) {
		_cleanup_(glob_freep) struct glob *glob = NULL;
		int r = cut.text[0] == '\0' ? 0 : glob_parse_name(&cut.part, diags, &glob);

		if (r < 0)
			return r;
		text_puts(&text, cut.n > 1 ? separator : "");
		if (!glob)
			continue;
		if (!glob_is_literal(glob) || glob->n != 1)
			return not_one(diags, term->place);
		add_component(&text, &glob->paths[0].components[0]);
	}
	return text_finish(&text, ret);
}

static int state_exe(struct stated_subject *stated, const struct ast_term *term,
		     struct diags *diags)
{
	const struct ast_value *value = &term->values.items[0];
	_cleanup_(glob_freep) struct glob *glob = NULL;
	struct ast_path path = {
		.kind = value->kind == AST_LITERAL ? AST_PATH_LITERAL : AST_PATH_PATTERN,
		.text = value->text,
		.place = value->place,
	};
	int r = glob_parse(&path, diags, &glob);

	if (r < 0)
		return r;
	if (!glob_is_literal(glob) || glob->set || glob->n != 1)
		return not_one(diags, term->place);
	stated->subject.exes = (const char *const *)&stated->exe;
	stated->subject.n_exes = 1;
	return spell(&glob->paths[0], "/", &stated->exe);
}

/* A group that is stated is one of several. */
static uint32_t fact_of(const struct ast_term *term)
{
	return term->key == AST_KEY_GROUP ? 0 : who_fact(term->key);
}

static int state_trait(struct stated_subject *stated, const struct ast_term *term)
{
	if (strcmp(term->values.items[0].text, who_words(term->key).yes) == 0)
		stated->subject.traits |= who_fact(term->key);
	return 0;
}

static int state_key(struct stated_subject *stated, const struct ast_term *term,
		     struct diags *diags)
{
	switch (term->key) {
	case AST_KEY_USER:
		return state_user(stated, term, diags);
	case AST_KEY_GROUP:
		return state_group(stated, term, diags);
	case AST_KEY_UNIT:
		return state_name(term, diags, &stated->unit);
	case AST_KEY_USER_UNIT:
		return state_name(term, diags, &stated->user_unit);
	case AST_KEY_SLICE:
		return state_name(term, diags, &stated->slice);
	case AST_KEY_EXE:
		return state_exe(stated, term, diags);
	case AST_KEY_USERNS:
	case AST_KEY_MNTNS:
	case AST_KEY_PIDNS:
	case AST_KEY_NNP:
	case AST_KEY_SECCOMP:
		return state_trait(stated, term);
	case AST_KEY_APPARMOR:
		return state_label(term, diags, &stated->apparmor);
	case AST_KEY_SELINUX:
		return state_label(term, diags, &stated->selinux);
	case AST_KEY_MAX:
		break;
	}
	return 0;
}

static int state_term(struct stated_subject *stated, const struct ast_term *term,
		      struct diags *diags)
{
	if (term->kind == AST_TERM_ANYONE && !term->negated)
		return 0;
	if (term->negated || term->kind != AST_TERM_KEY || term->values.n != 1)
		return not_one(diags, term->place);
	if (stated->subject.known & fact_of(term)) {
		diag_add(diags, DIAG_ERROR, "E003", term->place, "'%s' is stated twice",
			 keyword_keys.words[term->key]);
		return -EINVAL;
	}
	stated->subject.known |= fact_of(term);
	return state_key(stated, term, diags);
}

int load_subject(const struct ast_conj *conj, struct diags *diags, struct stated_subject **ret)
{
	_cleanup_(load_subject_freep) struct stated_subject *stated = calloc(1, sizeof(*stated));
	bool wrong = false;
	int r;

	if (!stated)
		return -ENOMEM;
	stated->subject.uid = (uid_t)-1;
	stated->subject.gid = (gid_t)-1;
	for (size_t i = 0; i < conj->n; i++) {
		r = state_term(stated, &conj->terms[i], diags);
		if (r < 0 && r != -EINVAL)
			return r;
		wrong = wrong || r < 0;
	}
	stated->subject.unit = stated->unit;
	stated->subject.user_unit = stated->user_unit;
	stated->subject.slice = stated->slice;
	stated->subject.apparmor = stated->apparmor;
	stated->subject.selinux = stated->selinux;
	*ret = wrong ? NULL : TAKE_PTR(stated);
	return 0;
}
