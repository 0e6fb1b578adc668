/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `metrics`: the counters for a machine that collects them. The text is OpenMetrics 1.0
 * and keeps to what Prometheus' older text format understands too: counters, gauges and a
 * histogram.
 */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "base/number.h"
#include "ctl/command.h"
#include "ctl/tallies.h"
#include "ctl/top_json.h"
#include "ctl/top_view.h"

#define STATUS_TIMEOUT (10 * USEC_PER_SEC)

static const char *const outcomes[] = {
	[TALLY_GRANTED] = "granted", [TALLY_DENIED] = "denied", [TALLY_CONDITION] = "condition",
	[TALLY_RATE] = "rate",	     [TALLY_FAILED] = "failed",
};
_Static_assert(ELEMENTSOF(outcomes) == TALLY_DECISIONS, "each outcome has a name");

/* What the daemon says in its status, a number each. */
static const struct {
	const char *key, *family, *suffix, *type, *help;
} values[] = {
	{ "generation", "fdbroker_generation", "", "gauge", "Number of the policy generation" },
	{ "connections", "fdbroker_connections", "", "gauge", "Connected clients" },
	{ "max-clients", "fdbroker_connections_max", "", "gauge", "Clients that may connect" },
	{ "refused-clients", "fdbroker_refused_clients", "_total", "counter",
	  "Connections refused because there were too many" },
	{ "refused-per-uid", "fdbroker_refused_per_uid", "_total", "counter",
	  "Connections refused because one uid had too many" },
	{ "refused-identity", "fdbroker_refused_identity", "_total", "counter",
	  "Connections refused because nobody could tell who made them" },
	{ "in-flight", "fdbroker_opens_in_flight", "", "gauge", "Opens under way that may block" },
	{ "max-in-flight", "fdbroker_opens_in_flight_max", "", "gauge",
	  "Opens that may be under way so" },
	{ "stuck", "fdbroker_opens_stuck", "", "gauge",
	  "Opens under way beyond the time they are given" },
	{ "slow", "fdbroker_opens_slow", "_total", "counter",
	  "Requests that had to wait for their file" },
	{ "watches", "fdbroker_watches", "", "gauge", "Watches that somebody holds" },
	{ "watch-events-lost", "fdbroker_watch_events_lost", "_total", "counter",
	  "Events of watches whose holders did not read" },
	{ "crashes", "fdbroker_crashes", "_total", "counter", "Broker processes that died" },
	{ "records-written", "fdbroker_records_written", "_total", "counter",
	  "Audit records written" },
	{ "records-lost", "fdbroker_records_lost", "_total", "counter", "Audit records lost" },
};

static void add_family(struct text *out, const char *family, const char *type, const char *help)
{
	text_printf(out, "# TYPE %s %s\n# HELP %s %s.\n", family, type, family, help);
}

static void add_values(struct text *out, const char *status)
{
	for (size_t i = 0; i < ELEMENTSOF(values); i++) {
		_cleanup_(freep) char *value = admin_value(status, values[i].key);
		uint64_t number;

		if (!value || number_u64(value, &number) < 0)
			continue;
		add_family(out, values[i].family, values[i].type, values[i].help);
		text_printf(out, "%s%s %" PRIu64 "\n", values[i].family, values[i].suffix, number);
	}
}

static void add_state(struct text *out, const char *status)
{
	_cleanup_(freep) char *state = admin_value(status, "state");

	add_family(out, "fdbroker_active", "gauge", "Whether a valid policy is served");
	text_printf(out, "fdbroker_active %d\n", state && strcmp(state, "active") == 0);
}

/* Within quotes: backslash, quote and the end of a line are escaped; no other control character
 * gets here. */
static void add_label(struct text *out, const char *bytes, size_t len)
{
	_cleanup_(text_done) struct text safe = TEXT_EMPTY;

	text_escape(&safe, bytes, len);
	for (size_t i = 0; i < safe.len; i++) {
		if (safe.data[i] == '\\' || safe.data[i] == '"')
			text_puts(out, "\\");
		text_add(out, &safe.data[i], 1);
	}
}

static void add_rule(struct text *out, const struct look *look, size_t row)
{
	const struct tally_row *counts = &look->tally.rows[row];
	uint32_t flags = tally_flags(&look->tally, row);
	enum tally_count usual = flags & TALLY_ALLOW ? TALLY_GRANTED : TALLY_DENIED;
	size_t len;
	const char *name = look_name(look, row, &len);

	for (size_t i = 0; i < TALLY_DECISIONS; i++) {
		if (counts->counts[i] == 0 && (i != usual || flags & TALLY_BUILTIN))
			continue;
		text_puts(out, "fdbroker_rule_decisions_total{rule=\"");
		add_label(out, name, len);
		text_printf(out, "\",outcome=\"%s\"} %" PRIu64 "\n", outcomes[i],
			    counts->counts[i]);
	}
}

static void add_unresolved(struct text *out, const struct look *look, size_t row)
{
	uint64_t count = look->tally.rows[row].counts[TALLY_UNRESOLVED];
	size_t len;
	const char *name = look_name(look, row, &len);

	if (count == 0)
		return;
	text_puts(out, "fdbroker_rule_unresolved_total{rule=\"");
	add_label(out, name, len);
	text_printf(out, "\"} %" PRIu64 "\n", count);
}

static void add_rules(struct text *out, const struct look *look)
{
	add_family(out, "fdbroker_rule_decisions", "counter",
		   "Requests by the rule that decided and what came of them");
	for (size_t i = 0; i < look->tally.n_rows; i++)
		add_rule(out, look, i);
	add_family(out, "fdbroker_rule_unresolved", "counter",
		   "Connections for which a rule has no value for a specifier");
	for (size_t i = 0; i < look->tally.n_rows; i++)
		add_unresolved(out, look, i);
}

static void add_totals(struct text *out, const struct tally_row *total)
{
	add_family(out, "fdbroker_decisions", "counter", "Requests by what came of them");
	for (size_t i = 0; i < TALLY_DECISIONS; i++)
		text_printf(out, "fdbroker_decisions_total{outcome=\"%s\"} %" PRIu64 "\n",
			    outcomes[i], total->counts[i]);
}

/* Buckets count all that is in those before, too. */
static void add_latency(struct text *out, const struct tally_row *total)
{
	static const char name[] = "fdbroker_request_seconds";
	uint64_t all = 0;

	add_family(out, name, "histogram", "Time from a request's arrival to its answer");
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (__builtin_add_overflow(all, total->latency.counts[i], &all))
			all = UINT64_MAX;
		if (i + 1 < HISTOGRAM_BUCKETS)
			text_printf(out, "%s_bucket{le=\"%.6f\"} %" PRIu64 "\n", name,
				    (double)histogram_low(i + 1) / 1e6, all);
	}
	text_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, all);
	text_printf(out, "%s_sum %.6f\n", name, (double)total->sum_usec / 1e6);
	text_printf(out, "%s_count %" PRIu64 "\n", name, all);
}

static void show_text(const struct ctl *ctl, const struct look *look, const char *status)
{
	struct text out = TEXT_EMPTY;
	struct tally_row total;

	add_state(&out, status);
	add_values(&out, status);
	if (look->serving) {
		look_total(look, &total);
		add_totals(&out, &total);
		add_latency(&out, &total);
		add_rules(&out, look);
	}
	text_puts(&out, "# EOF\n");
	screen_show(&ctl->out, &out);
}

static void show_json(const struct ctl *ctl, const struct look *look)
{
	struct top_view view;

	top_view(look, NULL, TOP_BY_NAME, &view);
	top_show_json(&ctl->out, &view);
	top_view_done(&view);
}

enum exit_code command_metrics(struct ctl *ctl)
{
	_cleanup_(admin_answer_done) struct admin_answer status = ADMIN_ANSWER_EMPTY;
	_cleanup_(look_done) struct look look = LOOK_EMPTY;
	enum exit_code code;

	if (ctl->n_operands > 0)
		return ctl_usage(ctl, "takes no operand");
	code = admin_ask_for(ctl, ADMIN_REQUEST(STATUS), STATUS_TIMEOUT, &status);
	if (code == EXIT_YES)
		code = look_take(ctl, &look);
	if (code != EXIT_YES)
		return code;
	if (!ctl->options.quiet && ctl->options.json)
		show_json(ctl, &look);
	else if (!ctl->options.quiet)
		show_text(ctl, &look, status.text);
	return EXIT_YES;
}
