/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"
#include "ctl/when.h"
#include "policy/compiler.h"

/* what was refused, for whatever reason, is one thing to whoever looks for it */
static const struct {
	const char *decision;
	size_t option;
} decisions[] = {
	{ "deny", offsetof(struct options, deny) },
	{ "error", offsetof(struct options, deny) },
	{ "closed", offsetof(struct options, deny) },
	{ "allow", offsetof(struct options, allow) },
	{ "complain", offsetof(struct options, complain) },
};

/* --path: a pattern of the policy's language */

static int compile_path(struct filter *filter, const struct glob_path *path)
{
	struct pattern *pattern =
		arena_alloc(&filter->arena, 1,
			    sizeof(*pattern) + path->n * sizeof(pattern->components[0]));
	int r = pattern ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	*pattern = (struct pattern){ .n = (uint32_t)path->n };
	for (size_t i = 0; r == 0 && i < path->n; i++) {
		struct component *component = arena_alloc(&filter->arena, 1, sizeof(*component));

		pattern->components[i] = component;
		r = component ? compile_component(&filter->arena, &path->components[i], component)
			      : -ENOMEM;
	}
	filter->paths[filter->n_paths++] = pattern;
	return r;
}

/* A specifier, a home directory or a set is some caller's or some policy's: here is none. */
static bool stands_alone(const struct glob *glob)
{
	for (size_t i = 0; i < glob->n; i++)
		if (glob->paths[i].home)
			return false;
	for (const char *letter = "uUgGnNpijs"; *letter; letter++)
		if (glob_uses(glob, *letter))
			return false;
	return !glob->set;
}

static int take_path(struct filter *filter, const char *text)
{
	_cleanup_(freep) char *copy = strdup(text);
	const struct ast_path path = { .kind = AST_PATH_PATTERN, .text = copy };
	_cleanup_(glob_freep) struct glob *glob = NULL;
	int r = copy ? glob_parse(&path, NULL, &glob) : -ENOMEM;

	if (r < 0)
		return r;
	if (!stands_alone(glob))
		return -EINVAL;
	filter->paths = calloc(glob->n, sizeof(*filter->paths));
	if (!filter->paths)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < glob->n; i++)
		r = compile_path(filter, &glob->paths[i]);
	return r;
}

static bool admits_path(const struct filter *filter, const struct found *found)
{
	static const struct match_values nobody;
	const char *path = found_get(found, "path");

	if (filter->n_paths == 0)
		return true;
	if (!path || !match_is_clean(path))
		return false;
	for (size_t i = 0; i < filter->n_paths; i++)
		if (match_path(filter->paths[i], path, &nobody, NULL) == TRUTH_YES)
			return true;
	return false;
}

/* the others */

static int take_user(struct filter *filter, const char *user)
{
	_cleanup_(account_done) struct account account = { 0 };
	int r = account_by_name(user, &account);

	filter->has_uid = true;
	if (r == 0)
		filter->uid = account.uid;
	return r == 0 ? 0 : number_id(user, &filter->uid);
}

static bool admits_decision(const struct filter *filter, const struct found *found)
{
	if (!filter->some_decisions)
		return true;
	for (size_t i = 0; i < ELEMENTSOF(decisions); i++)
		if (*(const bool *)((const char *)filter->options + decisions[i].option) &&
		    found_is(found, "decision", decisions[i].decision))
			return true;
	return false;
}

static bool is_like(const char *pattern, const char *name)
{
	return name && fnmatch(pattern, name, 0) == 0;
}

/* As for systemctl(1) a name without a type is a service. */
static bool admits_unit(const struct filter *filter, const struct found *found)
{
	const char *wanted = filter->options->unit;
	char service[300];

	if (!wanted)
		return true;
	if (!strchr(wanted, '.') && strlen(wanted) < sizeof(service) - 10) {
		snprintf(service, sizeof(service), "%s.service", wanted);
		wanted = service;
	}
	return is_like(wanted, found_get(found, "unit")) ||
	       is_like(wanted, found_get(found, "user_unit"));
}

static bool admits_rule(const struct filter *filter, const struct found *found)
{
	const char *wanted = filter->options->rule, *rule = found_get(found, "rule");

	return !wanted || is_like(wanted, rule ? rule : found_get(found, "reason"));
}

bool filter_admits(const struct filter *filter, const struct found *found)
{
	uint64_t time_usec = found_number(found, "time");

	if (time_usec < filter->since_usec || time_usec > filter->until_usec)
		return false;
	if (filter->has_uid &&
	    (!found_get(found, "uid") || found_number(found, "uid") != filter->uid))
		return false;
	return admits_decision(filter, found) && admits_unit(filter, found) &&
	       admits_rule(filter, found) && admits_path(filter, found);
}

enum exit_code filter_init(const struct ctl *ctl, struct filter *ret)
{
	const struct options *o = &ctl->options;
	uint64_t now = clock_realtime_usec();

	ret->options = o;
	ret->until_usec = UINT64_MAX;
	ret->some_decisions = o->deny || o->allow || o->complain;
	if (o->since && when_parse(o->since, now, &ret->since_usec) < 0)
		return ctl_usage(ctl, "'%s' is no time, like -2h, today or 2026-11-22 00:31",
				 o->since);
	if (o->until && when_parse(o->until, now, &ret->until_usec) < 0)
		return ctl_usage(ctl, "'%s' is no time, like -2h, today or 2026-11-22 00:31",
				 o->until);
	if (o->user && take_user(ret, o->user) < 0)
		return ctl_usage(ctl, "there is no user '%s'", o->user);
	if (o->path && take_path(ret, o->path) < 0)
		return ctl_usage(ctl, "'%s' is no pattern of names, like /srv/**", o->path);
	return EXIT_YES;
}

void filter_done(struct filter *filter)
{
	free(filter->paths);
	arena_done(&filter->arena);
	*filter = FILTER_EMPTY;
}
