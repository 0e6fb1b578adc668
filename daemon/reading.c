/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reading.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "daemon/kept.h"
#include "daemon/log.h"
#include "policy/policy.h"

/*
 * What is installed is kept as it was read, so that it can be served again when the next one is bad, or is
 * not confirmed. What was kept is a policy like any other: it is trusted, parsed and checked as one, and its
 * sources must be the ones that were kept, by their sha256: a file that went missing there could have
 * been the one with the denies.
 */

static enum load_trust trust_of(const struct control_start *start)
{
	return start->policy_directory[0] == '\0' ? LOAD_TRUST_ENFORCE : LOAD_TRUST_TREE;
}

/* Is what was read the same as what is kept as @which? */
static bool is_kept(const struct reading *reading, enum kept which)
{
	char sha256[KEPT_SHA256_LEN + 1];

	return kept_sha256(reading->start->state_directory, which, sha256) == 0 &&
	       strcmp(sha256, policy_summary(reading->policy)->sha256) == 0;
}

static void write_down(struct reading *reading, const struct policy_files *files)
{
	const struct control_start *start = reading->start;
	struct kept_about about = { .generation = start->generation,
				    .loaded_sec = clock_realtime_usec() / USEC_PER_SEC };
	int r;

	memcpy(about.sha256, policy_summary(reading->policy)->sha256, sizeof(about.sha256));
	r = kept_write(start->state_directory, &about, files);
	reading->kept = r < 0 ? CONTROL_KEPT_NOT : CONTROL_KEPT_LOADING;
	reading->kept_error = r;
	if (r < 0)
		log_warning_errno(r, "cannot keep the policy's sources in %s: %m",
				  start->state_directory);
	if (r < 0 && start->must_keep)
		text_printf(&reading->why,
			    "error: it could not be taken back, as its sources cannot be kept in "
			    "%s: %s\n",
			    start->state_directory, strerror(-r));
}

static int keep(const struct policy_files *files, struct diags *diags, void *userdata)
{
	struct reading *reading = userdata;
	bool asked = reading->start->load == CONTROL_LOAD_ASKED;

	(void)diags;
	if (!asked && is_kept(reading, KEPT_LAST_GOOD))
		reading->kept = CONTROL_KEPT_ALREADY;
	else if (!asked && is_kept(reading, KEPT_UNCONFIRMED))
		reading->unconfirmed = true;
	else
		write_down(reading, files);
	return 0;
}

/* Some generations serve what served before. */
static bool is_kept_at_all(const struct control_start *start)
{
	return start->state_directory[0] != '\0' && start->load != CONTROL_LOAD_SHADOW &&
	       start->load != CONTROL_LOAD_RENEWED;
}

static int read_installed(struct reading *reading)
{
	const struct control_start *start = reading->start;
	const struct load_options options = {
		.directory = start->policy_directory[0] == '\0' ? NULL : start->policy_directory,
		.trust = trust_of(start),
		.inspect = is_kept_at_all(start) ? keep : NULL,
		.userdata = reading,
	};
	int r = load_policy(&options, &reading->diags, &reading->policy);

	if (r == 0 && (reading->unconfirmed || reading->why.len > 0))
		reading->policy = policy_free(reading->policy);
	return r;
}

static void check_same(struct reading *reading, const char *sha256)
{
	const char *read = policy_summary(reading->policy)->sha256;

	if (strcmp(read, sha256) == 0)
		return;
	text_printf(&reading->why, "error: what is there is not what was kept: sha256 %s, not %s\n",
		    read, sha256);
	reading->policy = policy_free(reading->policy);
}

static int read_kept(struct reading *reading, enum kept which, const char *sha256)
{
	_cleanup_(text_done) struct text path = TEXT_EMPTY;
	struct load_options options = { .trust = trust_of(reading->start) };
	int r;

	kept_path(reading->start->state_directory, which, &path);
	if (path.failed)
		return -ENOMEM;
	options.directory = path.data;
	r = load_policy(&options, &reading->diags, &reading->policy);
	if (r == 0 && reading->policy)
		check_same(reading, sha256);
	return r;
}

static int read_last_good(struct reading *reading)
{
	const char *state = reading->start->state_directory;
	char sha256[KEPT_SHA256_LEN + 1];
	int r;

	r = kept_sha256(state, KEPT_LAST_GOOD, sha256);
	if (r < 0) {
		text_printf(&reading->why, "error: no policy that was kept in %s: %s\n", state,
			    strerror(-r));
		return 0;
	}
	reading->kept = CONTROL_KEPT_ALREADY;
	return read_kept(reading, KEPT_LAST_GOOD, sha256);
}

static bool is_the_same(const struct reading *reading)
{
	return reading->policy &&
	       strcmp(policy_summary(reading->policy)->sha256, reading->start->same_policy) == 0;
}

static void forget(struct reading *reading)
{
	reading->policy = policy_free(reading->policy);
	diags_done(&reading->diags);
	text_done(&reading->why);
}

static int read_the_same_kept(struct reading *reading, enum kept which)
{
	const struct control_start *start = reading->start;
	char sha256[KEPT_SHA256_LEN + 1];

	if (start->state_directory[0] == '\0' ||
	    kept_sha256(start->state_directory, which, sha256) < 0 ||
	    strcmp(sha256, start->same_policy) != 0)
		return 0;
	return read_kept(reading, which, sha256);
}

/*
 * What serves, wherever its sources still are: its author may be about to change what is
 * installed, which is not to be loaded unasked.
 */
static int read_renewed(struct reading *reading)
{
	static const enum kept places[] = { KEPT_LAST_GOOD, KEPT_UNCONFIRMED };
	int r = read_installed(reading);

	for (size_t i = 0; i < ELEMENTSOF(places) && r != -ENOMEM && !is_the_same(reading); i++) {
		forget(reading);
		r = read_the_same_kept(reading, places[i]);
	}
	if (r == -ENOMEM || is_the_same(reading))
		return r;
	forget(reading);
	text_puts(&reading->why, "error: the policy that serves is neither installed nor kept\n");
	return 0;
}

/* Who asked for a candidate beside the policy that runs must not get another one instead. */
static int read_the_same(struct reading *reading)
{
	int r = read_installed(reading);

	if (r < 0 || !reading->policy || is_the_same(reading))
		return r;
	text_puts(&reading->why, "error: the policy on disk is not the one that runs; "
				 "to load it: fdbrokerctl reload\n");
	reading->policy = policy_free(reading->policy);
	return 0;
}

int reading_policy(const struct control_start *start, struct reading *ret)
{
	ret->start = start;
	switch (start->load) {
	case CONTROL_LOAD_LAST_GOOD:
		return read_last_good(ret);
	case CONTROL_LOAD_SHADOW:
		return read_the_same(ret);
	case CONTROL_LOAD_RENEWED:
		return read_renewed(ret);
	case CONTROL_LOAD_ASKED:
	case CONTROL_LOAD_UNASKED:
	case CONTROL_LOAD_NOTHING:
	case CONTROL_LOADS:
		break;
	}
	return read_installed(ret);
}

int reading_candidate(const struct control_start *start, struct reading *ret)
{
	/* It may be promoted, so it is trusted no less than what serves. */
	const struct load_options options = {
		.directory = start->shadow_directory,
		.trust = LOAD_TRUST_ENFORCE,
	};

	ret->start = start;
	return load_policy(&options, &ret->diags, &ret->policy);
}

void reading_done(struct reading *reading)
{
	policy_free(reading->policy);
	diags_done(&reading->diags);
	text_done(&reading->why);
	*reading = (struct reading){ 0 };
}
