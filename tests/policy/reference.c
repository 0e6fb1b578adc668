/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/policy/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/source.h"
#include "tests/policy/reference_glob.h"
#include "tests/policy/reference_object.h"

#define ALL_WRITING                                                                                \
	(POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE | POLICY_CREATE | POLICY_TMPFILE)

struct entry {
	const struct ast_rule *ast;
	const struct ast_who *who; /* NULL: anyone */
	char id[64];
	bool complain;		      /* not written: what its scope's `mode complain` stands for */
	struct strings paths, except; /* as written, without braces and sets */
	struct strings caller_paths, caller_except; /* with the caller's values */
	int accepts;
	size_t n_terms;
};

struct reference {
	const struct ast *ast;
	struct entry rules[REFERENCE_RULES_MAX];
	size_t n;
	const struct policy_subject *subject;
	struct reference_names names;
};

/* Sets. */

static void add_paths(const struct ast *ast, const struct ast_paths *paths, struct strings *out);

static void add_set(const struct ast *ast, const char *name, size_t len, struct strings *out)
{
	for (size_t i = 0; i < ast->n; i++) {
		const struct ast_statement *s = &ast->statements[i];

		if ((s->kind == AST_LET || s->kind == AST_EXTEND) && strlen(s->set.name) == len &&
		    strncmp(s->set.name, name, len) == 0)
			add_paths(ast, &s->set.paths, out);
	}
}

static void add_pattern(const struct ast *ast, const char *text, struct strings *out)
{
	size_t len = strcspn(text, "/");
	struct strings set = { 0 };
	char *joined;

	if (text[0] != '@') {
		expand_braces(text, out);
		return;
	}
	add_set(ast, text, len, &set);
	for (size_t i = 0; i < set.n; i++) {
		if (asprintf(&joined, "%s%s", set.items[i], text + len) < 0)
			abort();
		expand_braces(joined, out);
		free(joined);
	}
	strings_done(&set);
}

static void add_paths(const struct ast *ast, const struct ast_paths *paths, struct strings *out)
{
	for (size_t i = 0; i < paths->n; i++) {
		const struct ast_path *path = &paths->items[i];

		if (path->kind == AST_PATH_SET)
			add_set(ast, path->text, strlen(path->text), out);
		else if (path->kind == AST_PATH_LITERAL)
			strings_add(out, escape_bytes(path->text));
		else
			add_pattern(ast, path->text, out);
	}
}

/* Rules. */

static void add_rule(struct reference *r, const struct ast_who *who, const struct ast_rule *rule)
{
	struct entry *entry = &r->rules[r->n++];

	if (r->n > REFERENCE_RULES_MAX)
		abort();
	entry->ast = rule;
	entry->who = who;
	if (rule->label)
		snprintf(entry->id, sizeof(entry->id), "%s.%s", r->ast->source->stem, rule->label);
	else
		snprintf(entry->id, sizeof(entry->id), "%s.L%u", r->ast->source->stem,
			 rule->place.line);
	add_paths(r->ast, &rule->paths, &entry->paths);
	add_paths(r->ast, &rule->except, &entry->except);
}

/* Anything, as the caller. */
static void add_complaint(struct reference *r, const struct ast_scope *scope)
{
	static const struct ast_rule anything = {
		.allow = true,
		.modes = ALL_WRITING | POLICY_READ | POLICY_LIST | POLICY_STAT | POLICY_REMOVE |
			 POLICY_ATTRIBUTES | POLICY_WATCH,
	};
	struct entry *entry = &r->rules[r->n];

	add_rule(r, &scope->who, &anything);
	entry->complain = true;
	snprintf(entry->id, sizeof(entry->id), "%s.L%u.complain", r->ast->source->stem,
		 scope->mode_place.line);
	strings_add(&entry->paths, strdup("/**"));
}

struct reference *reference_new(const struct ast *ast)
{
	struct reference *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->ast = ast;
	for (size_t i = 0; i < ast->n; i++) {
		const struct ast_statement *s = &ast->statements[i];

		if (s->kind == AST_DENY)
			add_rule(r, NULL, &s->rule);
		for (size_t j = 0; s->kind == AST_SCOPE && j < s->scope.n_rules; j++)
			add_rule(r, &s->scope.who, &s->scope.rules[j]);
		if (s->kind == AST_SCOPE && s->scope.mode == AST_SCOPE_COMPLAIN)
			add_complaint(r, &s->scope);
	}
	return r;
}

struct reference *reference_free(struct reference *r)
{
	for (size_t i = 0; r && i < r->n; i++) {
		strings_done(&r->rules[i].paths);
		strings_done(&r->rules[i].except);
		strings_done(&r->rules[i].caller_paths);
		strings_done(&r->rules[i].caller_except);
	}
	free(r);
	return NULL;
}

/* Subjects. */

static bool id_in(const struct ast_values *values, uint32_t id)
{
	for (size_t i = 0; i < values->n; i++) {
		unsigned int first, last;
		int n = sscanf(values->items[i].text, "%u-%u", &first, &last);

		if (strcmp(values->items[i].text, "root") == 0 && id == 0)
			return true;
		if ((n == 1 && id == first) || (n == 2 && id >= first && id <= last))
			return true;
	}
	return false;
}

static bool name_in(const struct ast_values *values, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < values->n && !found; i++) {
		struct strings all = { 0 };

		if (values->items[i].kind == AST_LITERAL)
			strings_add(&all, escape_bytes(values->items[i].text));
		else
			expand_braces(values->items[i].text, &all);
		for (size_t j = 0; j < all.n; j++)
			found = found || component_matches(all.items[j], name);
		strings_done(&all);
	}
	return found;
}

static int group_term(const struct ast_values *values, const struct policy_subject *s)
{
	if (id_in(values, s->gid) && s->gid != (gid_t)-1)
		return YES;
	for (size_t i = 0; i < s->n_groups; i++)
		if (id_in(values, s->groups[i]))
			return YES;
	return s->known & POLICY_FACT_GROUP ? NO : MAYBE;
}

static bool slice_in(const struct ast_values *values, const char *slice)
{
	char name[256];

	/* "a-b.slice", "a.slice", "-.slice" */
	snprintf(name, sizeof(name), "%s", slice);
	while (!name_in(values, name)) {
		if (strcmp(name, "-.slice") == 0)
			return false;
		if (strchr(name, '-'))
			strcpy(strrchr(name, '-'), ".slice");
		else
			strcpy(name, "-.slice");
	}
	return true;
}

static bool exe_in(const struct ast_values *values, const struct policy_subject *s)
{
	for (size_t i = 0; i < values->n; i++)
		for (size_t j = 0; j < s->n_exes; j++)
			if (strcmp(values->items[i].text, s->exes[j]) == 0)
				return true;
	return false;
}

static bool has_value(const struct ast_values *values, const char *word)
{
	for (size_t i = 0; i < values->n; i++)
		if (strcmp(values->items[i].text, word) == 0)
			return true;
	return false;
}

static int trait_term(const struct ast_term *term, const struct policy_subject *s)
{
	static const uint32_t facts[AST_KEY_MAX] = {
		[AST_KEY_USERNS] = POLICY_FACT_USERNS,	 [AST_KEY_MNTNS] = POLICY_FACT_MNTNS,
		[AST_KEY_PIDNS] = POLICY_FACT_PIDNS,	 [AST_KEY_NNP] = POLICY_FACT_NNP,
		[AST_KEY_SECCOMP] = POLICY_FACT_SECCOMP,
	};
	uint32_t fact = facts[term->key];
	const char *word = term->key == AST_KEY_NNP	  ? "yes"
			   : term->key == AST_KEY_SECCOMP ? "filter"
			   : s->traits & fact		  ? "host"
							  : "other";

	if (!(s->known & fact))
		return MAYBE;
	if ((term->key == AST_KEY_NNP || term->key == AST_KEY_SECCOMP) && !(s->traits & fact))
		return NO;
	return has_value(&term->values, word) ? YES : NO;
}

/* The end of one part of a label or of its pattern: that of a context's last field is the end. */
static char *part_end(char *text, const struct ast_term *term, int field)
{
	if (term->key == AST_KEY_SELINUX && field == 3)
		return text + strlen(text);
	return strchrnul(text, term->key == AST_KEY_SELINUX ? ':' : '/');
}

/* By trying everything. MAYBE: the context ends before the pattern does. */
static int label_matches(const struct ast_term *term, const char *pattern, const char *label,
			 int field)
{
	char *one = strdup(pattern), *other = strdup(label);
	char *one_end = part_end(one, term, field), *other_end = part_end(other, term, field);
	bool last = !*one_end, other_last = !*other_end, deep;
	int answer = NO;

	*one_end = *other_end = '\0';
	deep = strcmp(one, "**") == 0;
	if (deep && last)
		answer = YES;
	else if (deep)
		answer = label_matches(term, one_end + 1, label, field) == YES ||
					 (!other_last &&
					  label_matches(term, pattern, other_end + 1, field) == YES)
				 ? YES
				 : NO;
	else if (!*one != !*other || (*one && !component_matches(one, other)))
		answer = NO;
	else if (last)
		answer = other_last || term->key == AST_KEY_SELINUX ? YES : NO;
	else if (other_last)
		answer = term->key == AST_KEY_SELINUX ? MAYBE : NO;
	else
		answer = label_matches(term, one_end + 1, other_end + 1, field + 1);
	free(one);
	free(other);
	return answer;
}

static int label_term(const struct ast_term *term, const struct policy_subject *s)
{
	bool profile = term->key == AST_KEY_APPARMOR;
	uint32_t fact = profile ? POLICY_FACT_APPARMOR : POLICY_FACT_SELINUX;
	const char *label = profile ? s->apparmor : s->selinux;
	int best = NO;

	if (!(s->known & fact))
		return MAYBE;
	for (size_t i = 0; label && i < term->values.n; i++) {
		struct strings all = { 0 };

		expand_braces(term->values.items[i].text, &all);
		for (size_t j = 0; j < all.n; j++) {
			int one = label_matches(term, all.items[j], label, 0);

			best = one > best ? one : best;
		}
		strings_done(&all);
	}
	if (best == MAYBE && s->attested)
		return NO;
	return best == YES && s->doubtful & fact ? MAYBE : best;
}

static int key_term(const struct ast_term *term, const struct policy_subject *s)
{
	const struct ast_values *values = &term->values;

	if (term->key == AST_KEY_USER)
		return !(s->known & POLICY_FACT_USER)		  ? MAYBE
		       : s->uid != 65534 && id_in(values, s->uid) ? YES
								  : NO;
	if (term->key == AST_KEY_GROUP)
		return group_term(values, s);
	if (term->key == AST_KEY_UNIT)
		return !(s->known & POLICY_FACT_UNIT)	     ? MAYBE
		       : s->unit && name_in(values, s->unit) ? YES
							     : NO;
	if (term->key == AST_KEY_USER_UNIT)
		return !(s->known & POLICY_FACT_USER_UNIT)	       ? MAYBE
		       : s->user_unit && name_in(values, s->user_unit) ? YES
								       : NO;
	if (term->key == AST_KEY_SLICE)
		return !(s->known & POLICY_FACT_SLICE)		? MAYBE
		       : s->slice && slice_in(values, s->slice) ? YES
								: NO;
	if (term->key == AST_KEY_EXE)
		return exe_in(values, s) ? YES : s->known & POLICY_FACT_EXE ? NO : MAYBE;
	if (term->key == AST_KEY_APPARMOR || term->key == AST_KEY_SELINUX)
		return label_term(term, s);
	return trait_term(term, s);
}

static int ask_who(const struct reference *r, const struct ast_who *who, size_t *ret_terms);

static int ask_named(const struct reference *r, const char *name, size_t *ret_terms)
{
	for (size_t i = 0; i < r->ast->n; i++)
		if (r->ast->statements[i].kind == AST_SUBJECT &&
		    strcmp(r->ast->statements[i].subject.name, name) == 0)
			return ask_who(r, &r->ast->statements[i].subject.who, ret_terms);
	abort();
}

static int ask_term(const struct reference *r, const struct ast_term *term, size_t *ret_terms)
{
	int answer = YES;

	*ret_terms = term->kind != AST_TERM_ANYONE;
	if (term->kind == AST_TERM_SUBJECT)
		answer = ask_named(r, term->values.items[0].text, ret_terms);
	if (term->kind == AST_TERM_KEY)
		answer = key_term(term, r->subject);
	if (!term->negated)
		return answer;
	*ret_terms = 1;
	return YES - answer;
}

/* As true as the least true term of the most true conjunction. */
static int ask_who(const struct reference *r, const struct ast_who *who, size_t *ret_terms)
{
	int best = NO;

	*ret_terms = 0;
	for (size_t i = 0; i < who->n; i++) {
		int all = YES;
		size_t n_terms = 0, n;

		for (size_t j = 0; j < who->conjs[i].n; j++) {
			int one = ask_term(r, &who->conjs[i].terms[j], &n);

			all = one < all ? one : all;
			n_terms += n;
		}
		if (all > best || (all == best && n_terms > *ret_terms))
			*ret_terms = n_terms;
		best = all > best ? all : best;
	}
	return best;
}

/* Specifiers. */

static bool may_stand(const char *value)
{
	return value && *value && !strchr(value, '/') && strcmp(value, ".") != 0 &&
	       strcmp(value, "..") != 0;
}

/* The value, or NULL; MAYBE in @known if it is not known. */
static const char *value_of(const struct reference *r, char letter, char *buffer, int *known)
{
	const struct policy_subject *s = r->subject;
	uint32_t facts = s->known;
	char *end;

	*known = strchr("uUh", letter) && !(facts & POLICY_FACT_USER)	  ? MAYBE
		 : strchr("gG", letter) && !(facts & POLICY_FACT_GROUP)	  ? MAYBE
		 : strchr("nNpij", letter) && !(facts & POLICY_FACT_UNIT) ? MAYBE
		 : letter == 's' && !(facts & POLICY_FACT_SLICE)	  ? MAYBE
									  : YES;
	*buffer = '\0';
	if (letter == 'u' || letter == 'h')
		return letter == 'u' ? r->names.user : r->names.home;
	if (letter == 'g')
		return r->names.group;
	if (letter == 'U' || letter == 'G') {
		sprintf(buffer, "%u", letter == 'U' ? s->uid : s->gid);
		return buffer;
	}
	if (letter == 's' || letter == 'n' || !s->unit)
		return letter == 's' ? s->slice : s->unit;
	strcpy(buffer, s->unit);
	*strrchr(buffer, '.') = '\0';
	if (letter == 'N')
		return buffer;
	end = strchr(buffer, '@');
	if (letter == 'i')
		return end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	end = strrchr(buffer, '-');
	return letter == 'j' && end ? end + 1 : buffer;
}

/* @text with the values in place of the specifiers, or NULL if there is a value that is not. */
static char *substitute(const struct reference *r, const char *text)
{
	char *out = calloc(strlen(text) + 4096, 1), *end = out, buffer[256];

	for (const char *p = text; out && *p; p++) {
		const char *value;
		char *escaped;
		int known;

		if (*p == '\\') {
			*end++ = *p++;
			*end++ = *p;
			continue;
		}
		if (*p != '%') {
			*end++ = *p;
			continue;
		}
		value = value_of(r, *++p, buffer, &known);
		if (known == MAYBE) {
			end += sprintf(end, *p == 'h' ? "/**" : "%c", UNKNOWN_BYTE);
			continue;
		}
		if (*p == 'h' ? !value : !may_stand(value)) {
			free(out);
			return NULL;
		}
		escaped = escape_bytes(value);
		end += sprintf(end, "%s", escaped);
		free(escaped);
	}
	return out;
}

/* Marks those that a fact not known has a part in. */
static bool is_vague(const char *written, const struct reference *r)
{
	char buffer[256];
	int known;

	for (const char *p = written; *p; p++) {
		if (*p == '\\') {
			p++;
		} else if (*p == '%') {
			value_of(r, *++p, buffer, &known);
			if (known == MAYBE)
				return true;
		}
	}
	return false;
}

static void substitute_all(const struct reference *r, const struct strings *from,
			   struct strings *to)
{
	strings_done(to);
	for (size_t i = 0; i < from->n; i++) {
		char *text = substitute(r, from->items[i]);

		/* "" matches nothing: no pattern is empty. */
		strings_add(to, text ? text : strdup(""));
	}
}

void reference_set_caller(struct reference *r, const struct policy_subject *subject,
			  const struct reference_names *names)
{
	struct policy_subject strict = *subject;

	strict.known = POLICY_FACT_ALL;
	r->subject = subject;
	r->names = *names;
	for (size_t i = 0; i < r->n; i++) {
		struct entry *entry = &r->rules[i];

		substitute_all(r, &entry->paths, &entry->caller_paths);
		substitute_all(r, &entry->except, &entry->caller_except);
		entry->n_terms = 0;
		/* What could not be attested: no to an allow, and to a deny absent. */
		r->subject = subject->attested && !entry->ast->allow ? &strict : subject;
		entry->accepts = entry->who ? ask_who(r, entry->who, &entry->n_terms) : YES;
		/* Absent is known: what a deny still does not know is in doubt, and holds. */
		if (subject->attested && entry->accepts == MAYBE)
			entry->accepts = entry->ast->allow ? NO : YES;
	}
	r->subject = subject;
}

/* Names. */

static int match_one(const struct reference *r, const char *written, const char *pattern,
		     const char *path)
{
	if (!*pattern)
		return NO;
	if (!pattern_matches(pattern, path))
		return NO;
	return r->subject->known != POLICY_FACT_ALL && is_vague(written, r) ? MAYBE : YES;
}

static uint32_t denied_modes(uint32_t modes)
{
	uint32_t denied = modes;

	if (modes & POLICY_WRITE)
		denied |= ALL_WRITING;
	if (modes & POLICY_APPEND)
		denied |= POLICY_APPEND | POLICY_WRITE;
	return denied;
}

static bool has_modes(const struct ast_rule *rule, uint32_t modes)
{
	if (!rule->allow)
		return denied_modes(rule->modes) & modes;
	if (reference_creates_for_nobody(rule))
		return false;
	if (rule->modes & POLICY_WRITE)
		modes &= ~(uint32_t)POLICY_APPEND;
	return (rule->modes & modes) == modes;
}

/* What makes one allow come before another. */
struct rank {
	const struct entry *entry;
	size_t leading, wildcards, prefix;
};

static size_t prefix_of(const char *path, size_t components)
{
	size_t len = 0;

	while (components-- > 0)
		len += 1 + strcspn(path + len + 1, "/");
	return len;
}

static bool is_before(const struct rank *a, const struct rank *b)
{
	if (a->entry->complain != b->entry->complain)
		return b->entry->complain;
	if (a->leading != b->leading)
		return a->leading > b->leading;
	if (a->wildcards != b->wildcards)
		return a->wildcards < b->wildcards;
	if (a->entry->n_terms != b->entry->n_terms)
		return a->entry->n_terms > b->entry->n_terms;
	return strcmp(a->entry->id, b->entry->id) < 0;
}

static int names(const struct reference *r, const struct entry *entry, const char *path,
		 uint32_t modes, uint64_t now_sec, struct rank *ret)
{
	int matches = NO, excepted = NO, one;

	*ret = (struct rank){ .entry = entry };
	if (!has_modes(entry->ast, modes) || reference_is_over(entry->ast, now_sec))
		return NO;
	for (size_t i = 0; i < entry->paths.n; i++) {
		const char *pattern = entry->caller_paths.items[i];
		struct rank rank = { .entry = entry };

		one = match_one(r, entry->paths.items[i], pattern, path);
		if (one == YES) {
			rank.leading = count_leading(pattern);
			rank.wildcards = count_wildcards(pattern);
			rank.prefix = prefix_of(path, rank.leading);
			if (matches != YES || is_before(&rank, ret))
				*ret = rank;
		}
		matches = one > matches ? one : matches;
	}
	for (size_t i = 0; i < entry->except.n; i++) {
		one = match_one(r, entry->except.items[i], entry->caller_except.items[i], path);
		excepted = one > excepted ? one : excepted;
	}
	if (YES - excepted < matches)
		matches = YES - excepted;
	return matches < entry->accepts ? matches : entry->accepts;
}

static bool is_bad(const char *path)
{
	char last;

	if (path[0] != '/' || strlen(path) > 4095)
		return true;
	last = path[strlen(path) - 1];
	return strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../") ||
	       (last == '/' && path[1]) || strcmp(strrchr(path, '/'), "/.") == 0 ||
	       strcmp(strrchr(path, '/'), "/..") == 0;
}

/* What the rules say, one after the other. */
struct tally {
	const struct entry *deny, *maybe_deny;
	bool floor, maybe_floor, maybe_allow;
	struct rank allows[REFERENCE_RULES_MAX];
	size_t n_allows;
};

static void add_allow(struct tally *tally, const struct rank *rank)
{
	size_t at = tally->n_allows++;

	/* Insertion, by the order of specificity. */
	for (; at > 0 && is_before(rank, &tally->allows[at - 1]); at--)
		tally->allows[at] = tally->allows[at - 1];
	tally->allows[at] = *rank;
}

static struct tally ask_all(const struct reference *r, const char *path, uint32_t modes,
			    uint64_t now_sec)
{
	int floor = reference_floor(path, modes, r->subject);
	struct tally tally = { .floor = floor == YES, .maybe_floor = floor == MAYBE };

	for (size_t i = 0; i < r->n; i++) {
		const struct entry *entry = &r->rules[i];
		struct rank rank;
		int named = names(r, entry, path, modes, now_sec, &rank);

		if (named == NO)
			continue;
		if (entry->ast->allow && named == YES)
			add_allow(&tally, &rank);
		else if (entry->ast->allow)
			tally.maybe_allow |= !entry->complain;
		else if (reference_is_conditional(entry->ast))
			continue;
		else if (named == MAYBE && !tally.maybe_deny)
			tally.maybe_deny = entry;
		else if (named == YES && (!tally.deny || (reference_hides(entry->ast) &&
							  !reference_hides(tally.deny->ast))))
			tally.deny = entry;
	}
	return tally;
}

struct reference_answer reference_name(const struct reference *r, const char *path, uint32_t modes,
				       uint64_t now_sec)
{
	struct reference_answer answer = { .reason = POLICY_REASON_BAD_PATH };
	struct tally tally;

	if (is_bad(path))
		return answer;
	tally = ask_all(r, path, modes, now_sec);
	answer.reason = POLICY_REASON_RULE;
	if (tally.floor && !(tally.deny && reference_hides(tally.deny->ast))) {
		answer.deny = "builtin";
	} else if (tally.deny) {
		answer.deny = tally.deny->id;
	} else if (tally.n_allows == 0 && !tally.maybe_allow) {
		answer.reason = POLICY_REASON_DEFAULT;
	} else if (tally.maybe_floor || tally.maybe_deny) {
		answer.deny = tally.maybe_floor ? "builtin" : tally.maybe_deny->id;
		answer.undecided = true;
	} else if (tally.n_allows == 0) {
		answer.reason = POLICY_REASON_DEFAULT;
		answer.undecided = true;
	} else {
		answer.reason = POLICY_REASON_OK;
		answer.n_allows = tally.n_allows;
	}
	for (size_t i = 0; i < answer.n_allows; i++) {
		answer.allows[i] = tally.allows[i].entry->id;
		answer.prefixes[i] = tally.allows[i].prefix;
	}
	return answer;
}

/* Objects. */

static const struct entry *entry_of(const struct reference *r, const char *id)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->rules[i].id, id) == 0)
			return &r->rules[i];
	abort();
}

struct reference_verdict reference_object(const struct reference *r,
					  const struct reference_answer *answer, size_t i,
					  const char *path, uint32_t modes, uint64_t now_sec,
					  const struct policy_object *object)
{
	struct reference_verdict verdict = { .verdict = VERDICT_DENY };
	struct rank rank;
	bool hidden = false;

	if (reference_floor_object(modes, object))
		verdict.deny = "builtin";
	/* The first, but one that hides comes before those that do not. */
	for (size_t j = 0; j < r->n; j++) {
		const struct entry *entry = &r->rules[j];

		if (entry->ast->allow || !reference_is_conditional(entry->ast) ||
		    (verdict.deny && (hidden || !reference_hides(entry->ast))) ||
		    names(r, entry, path, modes, now_sec, &rank) == NO ||
		    reference_condition(entry->ast, modes, r->subject, object) !=
			    POLICY_CONDITION_NONE)
			continue;
		verdict.deny = entry->id;
		hidden = reference_hides(entry->ast);
	}
	if (verdict.deny)
		return verdict;
	verdict.condition =
		reference_condition(entry_of(r, answer->allows[i])->ast, modes, r->subject, object);
	verdict.verdict = verdict.condition == POLICY_CONDITION_NONE ? VERDICT_ALLOW : VERDICT_NEXT;
	return verdict;
}
