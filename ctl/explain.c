/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `explain`: how an answer comes about, by the same engine that the broker
 * links. Who asks is stated (--as), seen of a running process (--pid), or recorded by the
 * audit (--decision); only the last is a fact that the kernel attested, and only as it was then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "ctl/admin.h"
#include "ctl/evaluation_show.h"
#include "ctl/findings.h"
#include "ctl/found.h"
#include "ctl/input.h"
#include "ctl/process.h"
#include "ctl/records.h"
#include "policy/parser.h"
#include "wire/admin.h"

#define STATUS_TIMEOUT (2 * USEC_PER_SEC)

/* What of the answer the policy did not say. */
struct setting {
	const struct found *found; /* the record, or NULL */
	const char *origin;	   /* where the subject comes from */
	const char *warning;	   /* or NULL */
	uint64_t time_sec;	   /* when it was asked; 0: now */
};

/* the screen */

static void add_request(const struct inquiry *inquiry, struct text *out)
{
	text_puts(out, "request   ");
	policy_modes_print(inquiry->modes, out);
	text_puts(out, " ");
	screen_add(out, inquiry->path);
	text_printf(out, "   policy sha256:%.12s on disk\n",
		    policy_summary(inquiry->policy)->sha256);
}

static void add_value(struct text *out, const struct found *found, const char *name,
		      const char *before)
{
	const char *value = found_get(found, name);

	if (!value || *value == '\0')
		return;
	text_puts(out, before);
	screen_add(out, value);
}

static void add_record(const struct ctl *ctl, const struct found *found, struct text *out)
{
	const char *decision = found_get(found, "decision");
	bool allowed = decision && strcmp(decision, "allow") == 0;
	uint64_t time_sec = found_number(found, "time") / USEC_PER_SEC;

	text_puts(out, "recorded  ");
	screen_paint(&ctl->out, out, allowed ? PAINT_ALLOW : PAINT_DENY, decision ? decision : "?");
	add_value(out, found, "reason", " ");
	add_value(out, found, "condition", " ");
	add_value(out, found, "rule", " by ");
	add_value(out, found, "rule_src", " at ");
	add_value(out, found, "errno", ", errno ");
	add_value(out, found, "authority", ", authority ");
	add_value(out, found, "canonical", ", leads to ");
	add_value(out, found, "act", ", of a ");
	add_value(out, found, "other_path", " with ");
	add_value(out, found, "other_rule", " by ");
	add_value(out, found, "generation", ", generation ");
	if (time_sec > 0) {
		text_puts(out, ", ");
		screen_time(out, time_sec);
	}
	add_value(out, found, "pid", ", pid ");
	add_value(out, found, "detail", ": ");
	text_puts(out, "\n");
}

static void show_text(const struct ctl *ctl, const struct evaluation *e,
		      const struct setting *setting)
{
	struct text out = TEXT_EMPTY;

	if (setting->found)
		add_record(ctl, setting->found, &out);
	add_request(e->inquiry, &out);
	text_puts(&out, "caller    ");
	evaluation_add_caller(&out, e->inquiry->subject);
	text_printf(&out, "\n   %s\n", setting->origin);
	if (setting->warning) {
		screen_paint(&ctl->out, &out, PAINT_WARNING, "warning");
		text_printf(&out, "   %s\n", setting->warning);
	}
	evaluation_add(ctl, e, &out);
	screen_show(&ctl->out, &out);
}

static struct json_object *record_json(const struct found *found)
{
	struct json_object *object = json_part();

	for (size_t i = 0; i < found->n; i++)
		json_add_bytes(object, found->fields[i].name, found->fields[i].value,
			       found->fields[i].len);
	return object;
}

static void show_json(const struct ctl *ctl, const struct evaluation *e,
		      const struct setting *setting)
{
	struct json_object *object = json_answer();
	struct text caller = TEXT_EMPTY;

	evaluation_json(e, object);
	evaluation_add_caller(&caller, e->inquiry->subject);
	json_add_text(object, "caller", caller.data);
	json_add_text(object, "warning", setting->warning);
	if (setting->found)
		json_add(object, "recorded", record_json(setting->found));
	json_show(&ctl->out, object);
	text_done(&caller);
}

static enum exit_code exit_of_answer(enum answer_kind kind)
{
	static const enum exit_code codes[] = {
		[ANSWER_YES] = EXIT_YES,
		[ANSWER_NO] = EXIT_NO,
		[ANSWER_UNDECIDED] = EXIT_UNDECIDED,
	};

	return codes[kind];
}

static enum exit_code explain(const struct ctl *ctl, struct inquiry *inquiry,
			      const struct setting *setting)
{
	_cleanup_(evaluation_done) struct evaluation e = EVALUATION_EMPTY;
	int r;

	inquiry->now_sec =
		setting->time_sec > 0 ? setting->time_sec : clock_realtime_usec() / USEC_PER_SEC;
	inquiry->live = ctl->options.live;
	r = evaluation_run(&e, inquiry);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "cannot look at %s: %s", inquiry->path,
				strerror(-r));
	if (!ctl->options.quiet && ctl->options.json)
		show_json(ctl, &e, setting);
	else if (!ctl->options.quiet)
		show_text(ctl, &e, setting);
	return exit_of_answer(e.answer.kind);
}

/* who asks */

static enum exit_code explain_stated(const struct ctl *ctl, struct inquiry *inquiry)
{
	const struct setting setting = { .origin = "as stated; what is not stated is not known" };
	_cleanup_(callers_freep) struct callers *callers = NULL;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	const struct caller *caller = NULL;
	int r;

	r = callers_new(&callers, inquiry->policy);
	if (r == 0)
		r = callers_get(callers, ctl->options.as, &diags, &caller);
	if (r < 0)
		return ctl_fail(ctl, EXIT_IO, "%s", strerror(-r));
	if (!caller) {
		findings_show(&ctl->err, &diags, FORMAT_TEXT, DIAG_ERROR);
		return EXIT_USAGE;
	}
	inquiry->subject = &caller->subject->subject;
	inquiry->stated = ctl->options.as;
	return explain(ctl, inquiry, &setting);
}

static enum exit_code explain_process(const struct ctl *ctl, struct inquiry *inquiry)
{
	const struct setting setting = {
		.origin = "as /proc shows it now; the daemon asks the connection instead, once, "
			  "when it is made",
	};
	_cleanup_(process_freep) struct process *process = NULL;
	uint32_t pid;
	int r;

	if (number_u32(ctl->options.pid, &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return ctl_usage(ctl, "'%s' is no process id", ctl->options.pid);
	r = process_of_pid((pid_t)pid, inquiry->policy, &process);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "process %u: %s", pid, strerror(-r));
	inquiry->subject = &process->subject;
	return explain(ctl, inquiry, &setting);
}

/*
 * Is the policy on disk the one that decided? The record names its generation;
 * only the daemon that serves it still knows what that generation read.
 */
static const char *compare_policy(const struct ctl *ctl, const struct found *found,
				  const struct policy *policy)
{
	const char *recorded = found_get(found, "policy");
	const char *generation = found_get(found, "generation");
	_cleanup_(admin_answer_done) struct admin_answer answer = ADMIN_ANSWER_EMPTY;
	_cleanup_(freep) char *running = NULL, *sha256 = NULL;

	if (recorded)
		return strcmp(recorded, policy_summary(policy)->sha256) == 0
			       ? NULL
			       : "the policy on disk is not the one that decided";
	if (admin_ask(ctl->options.socket, ADMIN_REQUEST(STATUS), STATUS_TIMEOUT, &answer) == 0) {
		running = admin_value(answer.text, "generation");
		sha256 = admin_value(answer.text, "policy");
	}
	if (!running || !sha256 || !generation || strcmp(running, generation) != 0)
		return "the policy on disk may not be the one that decided";
	return strcmp(sha256, policy_summary(policy)->sha256) == 0
		       ? NULL
		       : "the policy on disk is not the one that decided";
}

static enum exit_code find_decision(const struct ctl *ctl, struct found *ret)
{
	const char *file = ctl->options.audit_file;
	char id[FOUND_ID_SIZE];
	int r;

	if (found_id(ctl->options.decision, id) < 0)
		return ctl_usage(ctl, "'%s' is no decision id", ctl->options.decision);
	r = records_find(ctl, file, id, ret);
	if (r == -ENOENT)
		return ctl_fail(ctl, EXIT_NO, "no record of decision %s in %s", id,
				file ? file : "the journal or " AUDIT_FILE);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "cannot look for decision %s: %s", id,
				strerror(-r));
	return EXIT_YES;
}

/* A record of a message that made no request, or a malformed one: there is nothing to judge anew. */
static enum exit_code show_record_only(const struct ctl *ctl, const struct found *found)
{
	struct text out = TEXT_EMPTY;

	if (ctl->options.json && !ctl->options.quiet) {
		struct json_object *object = json_answer();

		json_add(object, "recorded", record_json(found));
		json_show(&ctl->out, object);
	} else if (!ctl->options.quiet) {
		add_record(ctl, found, &out);
		text_puts(&out, "it was no request that a policy could judge\n");
		screen_show(&ctl->out, &out);
	}
	return EXIT_NO;
}

static enum exit_code explain_decision(const struct ctl *ctl, struct inquiry *inquiry,
				       const struct found *found)
{
	struct setting setting = {
		.found = found,
		.origin = found_get(found, "groups")
				  ? "as the kernel attested it then"
				  : "as the kernel attested it then; its groups are those of the "
				    "account today",
		.time_sec = found_number(found, "time") / USEC_PER_SEC,
	};
	_cleanup_(process_freep) struct process *process = NULL;
	int r;

	inquiry->path = found_get(found, "path");
	inquiry->modes = found_modes(found, "modes");
	if (!inquiry->path || inquiry->modes == 0)
		return show_record_only(ctl, found);
	r = process_of_record(found, inquiry->policy, &process);
	if (r < 0)
		return ctl_fail(ctl, EXIT_IO, "the record's caller cannot be read: %s",
				strerror(-r));
	inquiry->subject = &process->subject;
	setting.warning = compare_policy(ctl, found, inquiry->policy);
	return explain(ctl, inquiry, &setting);
}

static enum exit_code check_line(const struct ctl *ctl, struct inquiry *inquiry)
{
	const struct options *o = &ctl->options;

	if (!!o->as + !!o->pid + !!o->decision != 1)
		return ctl_usage(ctl, "wants one of --as, --pid and --decision");
	if (ctl->n_operands != (o->decision ? 0 : 2))
		return ctl_usage(ctl, o->decision ? "--decision takes no MODES and PATH"
						  : "wants MODES and PATH");
	if (o->decision)
		return EXIT_YES;
	inquiry->modes = question_modes(ctl->operands[0]);
	inquiry->path = ctl->operands[1];
	if (inquiry->modes == 0)
		return ctl_usage(ctl, "'%s' is not a list of modes, like read,write",
				 ctl->operands[0]);
	return EXIT_YES;
}

enum exit_code command_explain(struct ctl *ctl)
{
	_cleanup_(found_done) struct found found = FOUND_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct inquiry inquiry = { 0 };
	enum exit_code code;

	code = check_line(ctl, &inquiry);
	if (code == EXIT_YES && ctl->options.decision)
		code = find_decision(ctl, &found);
	if (code == EXIT_YES)
		code = input_load(ctl, &policy);
	if (code != EXIT_YES)
		return code;
	inquiry.policy = policy;
	if (ctl->options.decision)
		return explain_decision(ctl, &inquiry, &found);
	return ctl->options.as ? explain_stated(ctl, &inquiry) : explain_process(ctl, &inquiry);
}
