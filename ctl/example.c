/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A caller and a path for a rule, put together from what it says: a star stands for "x", a
 * class for its first byte. Whether they are an example of anything is for the
 * engine to say, so a guess that is wrong is only a witness less.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "ctl/meaning.h"
#include "policy/glob.h"
#include "policy/keywords.h"

#define NEST_MAX 64U

/* What the caller has been given. */
struct person {
	char user[64], unit[256];
	unsigned int variant; /* what is left of it to choose by */
};

/* One of @n > 0: the number's next digit, in base @n. */
static size_t choose(struct person *person, size_t n)
{
	size_t chosen = person->variant % n;

	person->variant = (unsigned int)(person->variant / n);
	return chosen;
}

static void add_class(const struct glob_piece *piece, struct text *out)
{
	for (unsigned int byte = 'a'; byte < 'a' + 256; byte++) {
		unsigned char c = (unsigned char)byte;

		if (isprint(c) && piece->class[c / 64] >> (c % 64) & 1) {
			text_printf(out, "%c", c);
			return;
		}
	}
}

/* The caller's value of a specifier; false if he has none. */
static bool add_specifier(const struct person *person, char letter, struct text *out)
{
	const char *at = strchr(person->unit, '@'), *dot = strrchr(person->unit, '.');
	size_t bare = dot ? (size_t)(dot - person->unit) : strlen(person->unit);
	_cleanup_(account_done) struct account account = { 0 };

	switch (letter) {
	case 'u':
		text_puts(out, person->user);
		return true;
	case 'U':
		if (account_by_name(person->user, &account) < 0)
			return false;
		text_printf(out, "%u", account.uid);
		return true;
	case 'n':
		text_puts(out, person->unit);
		return true;
	case 'N':
		text_add(out, person->unit, bare);
		return true;
	case 'p':
		text_add(out, person->unit, at ? (size_t)(at - person->unit) : bare);
		return true;
	case 'i':
		if (!at || !dot)
			return false;
		text_add(out, at + 1, (size_t)(dot - at - 1));
		return true;
	default:
		return false;
	}
}

static bool add_component(const struct person *person, const struct glob_component *component,
			  struct text *out)
{
	if (component->deep)
		text_puts(out, "x");
	for (size_t i = 0; i < component->n; i++) {
		const struct glob_piece *piece = &component->pieces[i];

		switch (piece->kind) {
		case GLOB_BYTES:
			text_add(out, piece->bytes, piece->len);
			break;
		case GLOB_STAR:
		case GLOB_QUESTION:
			text_puts(out, "x");
			break;
		case GLOB_CLASS:
			add_class(piece, out);
			break;
		case GLOB_SPECIFIER:
			if (!add_specifier(person, piece->specifier, out))
				return false;
		}
	}
	return true;
}

static bool add_glob(const struct person *person, const struct glob_path *path, struct text *out)
{
	_cleanup_(account_done) struct account account = { 0 };

	if (path->home) {
		if (account_by_name(person->user, &account) < 0 || !account.home)
			return false;
		text_puts(out, account.home);
	}
	for (size_t i = 0; i < path->n; i++) {
		text_puts(out, "/");
		if (!add_component(person, &path->components[i], out))
			return false;
	}
	return true;
}

static const struct ast_path *one_of_set(const struct written *written, struct person *person,
					 const char *name)
{
	const struct ast_statement *let = written_definition(written, AST_LET, name);

	return let ? &let->set.paths.items[choose(person, let->set.paths.n)] : NULL;
}

static bool add_path(const struct written *written, struct person *person,
		     const struct ast_path *path, unsigned int depth, struct text *out)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	const struct ast_path *first;

	if (path->kind == AST_PATH_SET) {
		first = one_of_set(written, person, path->text);
		return first && depth < NEST_MAX &&
		       add_path(written, person, first, depth + 1, out);
	}
	if (glob_parse(path, NULL, &glob) < 0)
		return false;
	if (glob->set) {
		first = one_of_set(written, person, glob->set);
		if (!first || depth >= NEST_MAX ||
		    !add_path(written, person, first, depth + 1, out))
			return false;
	}
	return add_glob(person, &glob->paths[choose(person, glob->n)], out);
}

/* callers */

static void add_name(const struct ast_value *value, char *buffer, size_t size)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	const struct person nobody = { 0 };
	struct text text = TEXT_EMPTY;

	if (value->kind == AST_WORD)
		text_puts(&text, value->text);
	else if (glob_parse_name(value, NULL, &glob) == 0 && glob->paths[0].n == 1)
		(void)add_component(&nobody, &glob->paths[0].components[0], &text);
	/* Of a range its beginning. */
	if (value->kind == AST_WORD && isdigit((unsigned char)*value->text) && text.data)
		text.data[strspn(text.data, "0123456789")] = '\0';
	if (text.data && strlen(text.data) < size)
		strcpy(buffer, text.data);
	text_done(&text);
}

static void take_who(const struct written *written, const struct ast_who *who,
		     struct person *person, unsigned int depth, struct text *out);

/* A conjunction's positive terms: a user and a unit for the person, the rest in words. */
static void take_conj(const struct written *written, const struct ast_conj *conj,
		      struct person *person, unsigned int depth, struct text *out)
{
	for (size_t i = 0; i < conj->n; i++) {
		const struct ast_term *term = &conj->terms[i];
		const struct ast_statement *subject = NULL;
		const struct ast_value *value;
		char name[256] = "";

		if (term->negated)
			continue;
		if (term->kind == AST_TERM_SUBJECT)
			subject = written_definition(written, AST_SUBJECT,
						     term->values.items[0].text);
		if (subject && depth < NEST_MAX)
			take_who(written, &subject->subject.who, person, depth + 1, out);
		if (term->kind != AST_TERM_KEY)
			continue;
		value = &term->values.items[choose(person, term->values.n)];
		if (term->key == AST_KEY_USER) {
			add_name(value, person->user, sizeof(person->user));
		} else if (term->key == AST_KEY_UNIT) {
			add_name(value, person->unit, sizeof(person->unit));
		} else {
			add_name(value, name, sizeof(name));
			if (*name == '\0')
				snprintf(name, sizeof(name), "%s", value->text);
			text_printf(out, value->kind == AST_WORD ? " and %s %s" : " and %s \"%s\"",
				    keyword_keys.words[term->key], name);
		}
	}
}

static void take_who(const struct written *written, const struct ast_who *who,
		     struct person *person, unsigned int depth, struct text *out)
{
	take_conj(written, &who->conjs[choose(person, who->n)], person, depth, out);
}

int example_find(const struct written *written, const struct written_rule *rule,
		 struct example *example)
{
	_cleanup_(text_done) struct text rest = TEXT_EMPTY;
	struct person person = { .user = "nobody",
				 .unit = "some.service",
				 .variant = example->variant };
	bool found;

	if (rule->scope)
		take_who(written, &rule->scope->who, &person, 0, &rest);
	text_printf(&example->who, "user %s and unit \"%s\"%s", person.user, person.unit,
		    rest.data ? rest.data : "");
	found = add_path(written, &person, &rule->rule->paths.items[example->path], 0,
			 &example->name);
	/* What was not used up chose nothing: it is another one's example. */
	if (person.variant > 0)
		return -ERANGE;
	return found && example->who.data && example->name.data ? 0 : -ENOENT;
}

void example_done(struct example *example)
{
	text_done(&example->who);
	text_done(&example->name);
}
