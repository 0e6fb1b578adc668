/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/learn.h"
#include "ctl/links.h"
#include "policy/ast.h"
#include "policy/match.h"

static struct want *want_free(struct want *want)
{
	if (!want)
		return NULL;
	free(want->who);
	free(want->path);
	free(want->groups);
	free(want->withheld);
	free(want);
	return NULL;
}
DEFINE_CLEANUP(struct want *, want_free)

static void keep_item(void *item)
{
	(void)item;
}

void wants_done(struct wants *wants)
{
	if (wants->tree)
		tdestroy(wants->tree, keep_item);
	for (size_t i = 0; i < wants->n; i++)
		want_free(wants->items[i]);
	free(wants->items);
	*wants = WANTS_EMPTY;
}

/* which records tell of a want */

static const struct {
	const char *decision, *reason;
	bool granted, refused;
} telling[] = {
	{ "deny", "default", false, false },
	{ "deny", "rule", false, false },
	{ "deny", "condition", false, false },
	{ "deny", "not-found", false, false }, /* by a deny that hides */
	{ "complain", "ok", true, false },
	{ "error", "kernel", false, true },
};

/* Of the kernel's errors only these would be others with another authority. */
static bool is_telling(const struct found *found, size_t i)
{
	uint64_t error = found_number(found, "errno");

	return found_is(found, "decision", telling[i].decision) &&
	       found_is(found, "reason", telling[i].reason) &&
	       (!telling[i].refused || error == EACCES || error == EPERM);
}

/* taking */

static int compare_key(const void *a, const void *b)
{
	const struct want *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	if (order == 0)
		order = strcmp(x->who, y->who);
	if (order == 0)
		order = (x->modes > y->modes) - (x->modes < y->modes);
	return order != 0 ? order : (x->uid > y->uid) - (x->uid < y->uid);
}

static void count(struct want *want, const struct want *more)
{
	want->n += more->n;
	if (want->first_usec == 0 || more->first_usec < want->first_usec)
		want->first_usec = more->first_usec;
	if (more->last_usec > want->last_usec)
		want->last_usec = more->last_usec;
	want->granted |= more->granted;
	want->refused |= more->refused;
}

/* Known already: counted; new: judged, and kept. */
static int add(struct wants *wants, struct want *take_want, const struct policy *policy,
	       const struct found *found)
{
	_cleanup_(want_freep) struct want *want = take_want;
	struct want **known = tfind(want, &wants->tree, compare_key), **items;
	int r;

	if (known) {
		count(*known, want);
		return 0;
	}
	if (wants->n == LEARN_WANTS_MAX) {
		wants->n_dropped += want->n;
		return 0;
	}
	if (!want->withheld) {
		r = learn_judge(want, policy, found);
		if (r < 0)
			return r;
	}
	items = reallocarray(wants->items, wants->n + 1, sizeof(struct want *));
	if (!items)
		return -ENOMEM;
	wants->items = items;
	if (!tsearch(want, &wants->tree, compare_key))
		return -ENOMEM;
	wants->items[wants->n++] = TAKE_PTR(want);
	return 0;
}

static int name_who(struct want *want, const struct found *found)
{
	struct text who = TEXT_EMPTY;
	const char *why = NULL;
	int r = learn_who(found, &who, &why);

	if (r == -ENOENT) {
		text_puts(&who, "nobody");
		want->withheld = strdup(why);
		r = want->withheld ? 0 : -ENOMEM;
	}
	if (r < 0) {
		text_done(&who);
		return r;
	}
	return text_finish(&who, &want->who);
}

static int take_path(struct wants *wants, const struct policy *policy, const struct found *found,
		     const struct want *example, const char *path)
{
	_cleanup_(want_freep) struct want *want = malloc(sizeof(*want));
	int r;

	if (!want)
		return -ENOMEM;
	*want = *example;
	want->path = strdup(path);
	if (!want->path)
		return -ENOMEM;
	r = name_who(want, found);
	return r < 0 ? r : add(wants, TAKE_PTR(want), policy, found);
}

/* A refused name was not looked at. Only links that are root's own say anything of what was asked
 * for: another's may lead anywhere by now. NULL: none, or not known. */
static char *where_it_leads(const char *path)
{
	return !learn_is_own(path) && links_are_trusted(path) ? realpath(path, NULL) : NULL;
}

/* What a rename or link needs of its other name, which may not have been judged. 0: nothing. */
static uint32_t other_modes(const struct found *found)
{
	uint32_t modes = found_modes(found, "other_modes");

	if (modes != 0 || !found_get(found, "act"))
		return modes;
	if (found_is(found, "name", "old"))
		return POLICY_CREATE;
	return found_is(found, "act", "link") ? POLICY_READ : POLICY_REMOVE;
}

/* It needs rules for both names, whichever was refused, unless a rule meant that; which of them the
 * kernel refused is not told. */
static int take_other(struct wants *wants, const struct policy *policy, const struct found *found,
		      const struct want *want)
{
	const char *path = found_get(found, "other_path"),
		   *canonical = found_get(found, "other_canonical");
	struct want other = *want;
	int r = 0;

	other.modes = other_modes(found);
	other.refused = false;
	if (!want->granted && !want->refused && !found_is(found, "reason", "default"))
		return 0;
	if (!path || other.modes == 0 || !match_is_clean(path) || strcmp(path, "/") == 0)
		return 0;
	if (!canonical || want->granted)
		r = take_path(wants, policy, found, &other, path);
	if (r == 0 && canonical && match_is_clean(canonical) && strcmp(canonical, path) != 0)
		r = take_path(wants, policy, found, &other, canonical);
	return r;
}

/*
 * Where links led, a rule must allow what they led to. The name that was asked for needs one too
 * if it got so far only in complain mode; otherwise a rule allows it already.
 */
int wants_take(struct wants *wants, const struct policy *policy, const struct found *found)
{
	const char *path = found_get(found, "path"), *canonical = found_get(found, "canonical");
	_cleanup_(freep) char *leads = NULL;
	uint64_t repeat = found_number(found, "repeat");
	struct want want = {
		.modes = found_modes(found, "modes"),
		.uid = (uid_t)found_number(found, "uid"),
		.n = repeat > 0 ? repeat : 1,
		.first_usec = found_number(found, "time"),
		.last_usec = found_number(found, "time"),
	};
	size_t i = 0;
	int r = 0;

	while (i < ELEMENTSOF(telling) && !is_telling(found, i))
		i++;
	if (i == ELEMENTSOF(telling) || !path || want.modes == 0 || !match_is_clean(path) ||
	    strcmp(path, "/") == 0)
		return 0;
	want.granted = telling[i].granted;
	want.refused = telling[i].refused;
	wants->n_requests += want.n;
	if (!canonical || want.granted)
		r = take_path(wants, policy, found, &want, path);
	if (!canonical)
		canonical = leads = where_it_leads(path);
	if (r == 0 && canonical && match_is_clean(canonical) && strcmp(canonical, path) != 0)
		r = take_path(wants, policy, found, &want, canonical);
	return r < 0 ? r : take_other(wants, policy, found, &want);
}

/* order */

bool want_is_proposable(const struct want *want)
{
	return !want->withheld && !want->allowed;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

int want_compare(const void *a, const void *b)
{
	const struct want *x = *(const struct want *const *)a, *y = *(const struct want *const *)b;
	int order = !want_is_proposable(x) - !want_is_proposable(y);

	if (order == 0)
		order = strcmp(x->who, y->who);
	if (order == 0)
		order = x->needs_root - y->needs_root;
	if (order == 0)
		order = (x->type > y->type) - (x->type < y->type);
	if (order == 0)
		order = (x->modes > y->modes) - (x->modes < y->modes);
	if (order == 0)
		order = strcmp(x->fs ? x->fs : "", y->fs ? y->fs : "");
	if (order == 0)
		order = compare_bytes(x->path, learn_directory_len(x->path), y->path,
				      learn_directory_len(y->path));
	if (order == 0)
		order = strcmp(learn_extension(x->path), learn_extension(y->path));
	return order != 0 ? order : strcmp(x->path, y->path);
}
