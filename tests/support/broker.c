/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/broker.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/confine.h"
#include "policy/load.h"

struct policy *broker_load(const char *text)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct policy *policy = NULL;

	if (load_text("test", text, strlen(text), &diags, &policy) < 0 || !policy)
		for (size_t i = 0; i < diags.n; i++)
			fprintf(stderr, "%s: %s\n", diags.items[i].id, diags.items[i].message);
	return policy;
}

int broker_confine(const struct policy *policy)
{
	const struct policy_summary *summary = policy_summary(policy);
	const struct confine_needs needs = {
		.uid = BROKER_ID,
		.gid = BROKER_ID,
		.reads_as_root = summary->as_root_reads,
		.writes_as_root = summary->as_root_writes,
		.owns_as_root = summary->as_root_owns,
		.modes = summary->modes,
	};

	return confine_broker(&needs);
}
