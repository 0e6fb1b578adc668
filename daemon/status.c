/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/status.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/parent.h"

static const char *const loads[] = {
	[CONTROL_LOAD_ASKED] = "installed",
	[CONTROL_LOAD_UNASKED] = "installed",
	[CONTROL_LOAD_LAST_GOOD] = "last-good",
	[CONTROL_LOAD_NOTHING] = "nothing",
};

static void add_state(const struct succession *s, struct text *out)
{
	const struct generation *g = s->serving;

	if (!g) {
		text_printf(out, "state %s\n", s->n_crashes > 0 ? "recovering" : "starting");
		return;
	}
	text_printf(out, "state %s\n", succession_is_degraded(s) ? "degraded" : "active");
	text_printf(out, "generation %" PRIu64 "\n", g->start.generation);
	text_printf(out, "loaded %" PRIu64 "\n", s->loaded_usec / USEC_PER_SEC);
	text_printf(out, "serves %s\n", loads[s->loaded]);
	if (s->why)
		text_printf(out, "degraded-why %s\n", s->why);
}

/* Since when, in the parent's words; what came of it, in the broker's. */
static void add_shadow(const struct succession *s, struct text *out)
{
	if (s->serving && s->serving->start.shadow_directory[0] != '\0')
		text_printf(out, "shadow-since %" PRIu64 "\n", s->loaded_usec / USEC_PER_SEC);
}

static void add_refused(const struct succession *s, struct text *out)
{
	if (s->refused_usec == 0 || s->refused_usec < s->loaded_usec)
		return;
	text_printf(out, "refused %" PRIu64 "\n", s->refused_usec / USEC_PER_SEC);
	text_printf(out, "refused-why %.*s\n", (int)strcspn(s->refused ? s->refused : "", "\n"),
		    s->refused ? s->refused : "");
}

static void add_connections(const struct connections *c, struct text *out)
{
	text_printf(out, "connections %zu\n", c->quota.taken);
	text_printf(out, "max-clients %zu\n", c->quota.places);
	text_printf(out, "max-per-uid %zu\n", c->quota.places_each);
	text_printf(out, "refused-clients %" PRIu64 "\n", c->refused_total);
	text_printf(out, "refused-per-uid %" PRIu64 "\n", c->refused_uid);
	text_printf(out, "refused-identity %" PRIu64 "\n", c->refused_identity);
}

static void add_processes(const struct parent *parent, struct text *out)
{
	const struct succession *s = &parent->succession;

	text_printf(out, "pid-parent %d\n", getpid());
	if (s->serving)
		text_printf(out, "pid-broker %d\n", s->serving->pid);
	if (parent->audit.pid > 0)
		text_printf(out, "pid-audit %d\n", parent->audit.pid);
	if (parent->pump.pid > 0)
		text_printf(out, "pid-pump %d\n", parent->pump.pid);
	text_printf(out, "leaving %zu\n", s->n_leaving);
	text_printf(out, "crashes %" PRIu64 "\n", s->n_crashes);
	text_printf(out, "renewals %" PRIu64 "\n", s->n_renewals);
	text_printf(out, "audit-restarts %" PRIu64 "\n", parent->audit.n_restarts);
	text_printf(out, "pump-restarts %" PRIu64 "\n", parent->pump.n_restarts);
}

static void add_places(const struct parent *parent, struct text *out)
{
	text_printf(out, "socket %s\n", parent->activation.client_path);
	if (parent->activation.admin >= 0)
		text_printf(out, "admin-socket %s\n", parent->activation.admin_path);
	if (parent->options.policy_directory)
		text_printf(out, "directory %s\n", parent->options.policy_directory);
}

static void add_own(const struct parent *parent, struct text *out)
{
	const struct succession *s = &parent->succession;

	add_state(s, out);
	add_refused(s, out);
	trial_print(&parent->trial, s->serving, out);
	add_shadow(s, out);
	text_printf(out, "version %s\n", PACKAGE_VERSION);
	add_connections(&parent->connections, out);
	add_processes(parent, out);
	add_places(parent, out);
}

/* What children say comes last, as a broker may be hijacked: of a key that stands there twice the
 * first counts. */
void status_print(const struct parent *parent, struct text *out)
{
	const struct generation *g = parent->succession.serving;

	add_own(parent, out);
	if (parent->audit.counters)
		text_puts(out, parent->audit.counters);
	if (parent->pump.counters)
		text_puts(out, parent->pump.counters);
	if (g)
		text_puts(out, g->summary);
	if (g && g->counters)
		text_puts(out, g->counters);
}

void status_print_known(const struct parent *parent, struct text *out)
{
	add_own(parent, out);
	if (parent->succession.serving)
		text_puts(out, parent->succession.serving->summary);
}
