/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/account.h"
#include "base/clock.h"
#include "base/number.h"
#include "ctl/when.h"

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

static bool admits_path(const struct filter *filter, const struct found *found)
{
	const char *path = found_get(found, "path");

	return !filter->path || (path && path_pattern_admits(filter->path, path));
}

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
	if (o->path && path_pattern_new(&ret->path, o->path) < 0)
		return ctl_usage(ctl, "'%s' is no pattern of names, like /srv/**", o->path);
	return EXIT_YES;
}

void filter_done(struct filter *filter)
{
	path_pattern_free(filter->path);
	*filter = FILTER_EMPTY;
}
