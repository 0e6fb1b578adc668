/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `can`: one line and an exit status for scripts. Without --live nothing of the
 * object is looked at, so a yes comes with the conditions that the object must still meet.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/evaluation_show.h"
#include "ctl/findings.h"
#include "ctl/input.h"
#include "ctl/object.h"
#include "ctl/question.h"
#include "policy/explain.h"

struct session {
	struct policy *policy;
	struct callers *callers;
	struct candidates *candidates;
};

struct request {
	const char *modes, *path, *stated;
};

static void session_done(struct session *session)
{
	candidates_free(session->candidates);
	callers_free(session->callers);
	policy_free(session->policy);
}

static const char *const words[] = {
	[ANSWER_YES] = "yes", [ANSWER_NO] = "no", [ANSWER_UNDECIDED] = "undecided"
};
static const enum paint paints[] = {
	[ANSWER_YES] = PAINT_ALLOW, [ANSWER_NO] = PAINT_DENY, [ANSWER_UNDECIDED] = PAINT_WARNING
};
static const enum exit_code codes[] = {
	[ANSWER_YES] = EXIT_YES, [ANSWER_NO] = EXIT_NO, [ANSWER_UNDECIDED] = EXIT_UNDECIDED
};

static void add_yes(const struct answer *answer, bool decided, struct text *out)
{
	struct text conditions = TEXT_EMPTY;

	screen_add(out, answer->rule->id);
	if (answer->rule->as_root)
		text_puts(out, ", as root");
	explain_deliver(answer->rule, out);
	answer_add_only(answer, out);
	explain_conditions(answer->rule, &conditions);
	if (!decided && conditions.len > 0)
		text_printf(out, ", if %s", conditions.data);
	text_done(&conditions);
}

/* A deny that hangs on the object; those of the floor are in every policy. */
static const struct policy_rule *next_unless(const struct candidates *candidates, size_t *i)
{
	while (*i < candidates->n_denies) {
		const struct policy_rule *deny = candidates->denies[(*i)++].rule;

		if (strcmp(deny->file, "builtin") != 0)
			return deny;
	}
	return NULL;
}

static void add_unless(const struct candidates *candidates, struct text *out)
{
	const struct policy_rule *deny;
	size_t i = 0;

	while ((deny = next_unless(candidates, &i))) {
		text_puts(out, ", unless ");
		explain_conditions(deny, out);
		text_puts(out, ", by ");
		screen_add(out, deny->id);
	}
}

static void show_text(const struct ctl *ctl, const struct session *session,
		      const struct answer *answer)
{
	struct text out = TEXT_EMPTY;

	screen_paint(&ctl->out, &out, paints[answer->kind], words[answer->kind]);
	text_puts(&out, answer->kind == ANSWER_NO ? "   " : "  ");
	switch (answer->kind) {
	case ANSWER_YES:
		add_yes(answer, ctl->options.live, &out);
		if (!ctl->options.live)
			add_unless(session->candidates, &out);
		break;
	case ANSWER_NO:
		answer_reason(answer, &out);
		break;
	case ANSWER_UNDECIDED:
		text_puts(&out, "hinges on facts that were not stated: ");
		screen_add(&out, answer->rule->id);
	}
	text_puts(&out, "\n");
	screen_show(&ctl->out, &out);
}

static void add_request_json(struct json_object *object, const struct request *request)
{
	json_add_text(object, "modes", request->modes);
	json_add_text(object, "path", request->path);
	json_add_text(object, "as", request->stated);
}

/* What would have to be otherwise; without it is no less an answer. */
static void add_nearest(const struct session *session, const struct request *request,
			const struct caller *caller, struct json_object *object)
{
	_cleanup_(evaluation_done) struct evaluation e = EVALUATION_EMPTY;
	const struct inquiry inquiry = {
		.policy = session->policy,
		.subject = &caller->subject->subject,
		.path = request->path,
		.modes = question_modes(request->modes),
		.now_sec = clock_realtime_usec() / USEC_PER_SEC,
	};

	if (evaluation_run(&e, &inquiry) == 0)
		json_add(object, "nearest", evaluation_nearest_json(&e.nearest));
}

static void add_unless_json(const struct candidates *candidates, struct json_object *object)
{
	struct json_object *list = json_list();
	const struct policy_rule *deny;
	size_t i = 0;

	while ((deny = next_unless(candidates, &i)))
		json_append_text(list, deny->id);
	json_add(object, "unless", list);
}

static void show_json(const struct ctl *ctl, const struct session *session,
		      const struct request *request, const struct caller *caller,
		      const struct answer *answer)
{
	struct json_object *object = json_answer();
	struct text observed = TEXT_EMPTY;

	json_add_text(object, "answer", answer_word(answer->kind));
	json_add_text(object, "reason", answer_reason_name(answer->reason));
	json_add_text(object, "rule", answer->rule ? answer->rule->id : NULL);
	if (answer->kind == ANSWER_YES) {
		struct text conditions = TEXT_EMPTY;

		json_add_bool(object, "as_root", answer->rule->as_root);
		json_add_text(object, "deliver",
			      policy_deliver_name(answer->rule->obligations->deliver));
		explain_conditions(answer->rule, &conditions);
		json_add_text(object, "conditions", conditions.data);
		evaluation_add_only(answer, object);
		if (!ctl->options.live)
			add_unless_json(session->candidates, object);
		text_done(&conditions);
	}
	answer_observed(answer, &observed);
	if (observed.len > 0)
		json_add_text(object, "observed", observed.data);
	if (!ctl->options.requests && answer->reason == POLICY_REASON_DEFAULT)
		add_nearest(session, request, caller, object);
	add_request_json(object, request);
	json_show(&ctl->out, object);
	text_done(&observed);
}

static enum exit_code bad_caller(const struct ctl *ctl, struct diags *diags)
{
	findings_show(&ctl->err, diags, FORMAT_TEXT, DIAG_ERROR);
	return EXIT_USAGE;
}

static enum exit_code show_error(const struct ctl *ctl, const struct request *request, int error)
{
	const char *reason = answer_live_reason(error);
	struct json_object *object;
	struct text out = TEXT_EMPTY;

	if (ctl->options.quiet)
		return EXIT_NO;
	if (ctl->options.json) {
		object = json_answer();
		json_add_text(object, "answer", answer_word(ANSWER_NO));
		json_add_text(object, "reason", reason);
		json_add_number(object, "errno", (uint64_t)error);
		add_request_json(object, request);
		json_show(&ctl->out, object);
		return EXIT_NO;
	}
	screen_paint(&ctl->out, &out, PAINT_DENY, words[ANSWER_NO]);
	text_printf(&out, "   %s: %s\n", reason, strerror(error));
	screen_show(&ctl->out, &out);
	return EXIT_NO;
}

static enum exit_code answer_request(const struct ctl *ctl, const struct session *session,
				     const struct request *request)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	const struct caller *caller = NULL;
	struct policy_query query = {
		.path = request->path,
		.modes = question_modes(request->modes),
		.now_sec = clock_realtime_usec() / USEC_PER_SEC,
	};
	struct answer answer;
	int r;

	if (query.modes == 0)
		return ctl_usage(ctl, "'%s' is not a list of modes, like read,write",
				 request->modes);
	r = callers_get(session->callers, request->stated, &diags, &caller);
	if (r < 0)
		return ctl_fail(ctl, EXIT_IO, "%s", strerror(-r));
	if (!caller)
		return bad_caller(ctl, &diags);
	query.caller = caller->policy_caller;
	if (ctl->options.live) {
		const struct live live = { session->policy, &caller->subject->subject,
					   session->candidates };

		r = answer_live(&live, &query, &answer);
		if (answer_live_reason(-r))
			return show_error(ctl, request, -r);
		if (r < 0)
			return ctl_fail(ctl, exit_of_errno(-r), "cannot look at %s: %s",
					request->path, strerror(-r));
	} else {
		answer = answer_name(session->policy, &query, session->candidates);
	}
	if (!ctl->options.quiet && ctl->options.json)
		show_json(ctl, session, request, caller, &answer);
	else if (!ctl->options.quiet)
		show_text(ctl, session, &answer);
	return codes[answer.kind];
}

/* `MODES PATH`, the caller being --as, or `MODES<TAB>PATH<TAB>WHO`. Cuts @line in place. */
static bool read_request(const struct ctl *ctl, char *line, struct request *ret)
{
	bool tabs = strchr(line, '\t') != NULL;

	line[strcspn(line, "\n")] = '\0';
	ret->modes = strsep(&line, tabs ? "\t" : " ");
	ret->path = tabs ? strsep(&line, "\t") : line;
	ret->stated = tabs && line ? line : ctl->options.as;
	return ret->path && ret->stated;
}

/*
 * Each line is answered at once, so that a program may ask and listen in turn.
 * The exit status tells whether all could be answered, not how.
 */
static enum exit_code answer_lines(const struct ctl *ctl, const struct session *session, FILE *file)
{
	_cleanup_(freep) char *line = NULL;
	size_t capacity = 0, number = 0;

	while (getline(&line, &capacity, file) > 0) {
		struct request request;
		enum exit_code code;

		number++;
		if (!read_request(ctl, line, &request))
			return ctl_usage(ctl,
					 "line %zu is not `MODES PATH` (with --as) or "
					 "`MODES<TAB>PATH<TAB>WHO`",
					 number);
		code = answer_request(ctl, session, &request);
		if (code >= EXIT_USAGE)
			return ctl_fail(ctl, code, "stopped at line %zu", number);
		fflush(stdout);
	}
	if (ferror(file))
		return ctl_fail(ctl, EXIT_IO, "%s: %s", ctl->options.requests, strerror(errno));
	return EXIT_YES;
}

static enum exit_code answer_file(const struct ctl *ctl, const struct session *session)
{
	enum exit_code code;
	FILE *file;

	if (strcmp(ctl->options.requests, "-") == 0)
		return answer_lines(ctl, session, stdin);
	file = fopen(ctl->options.requests, "re");
	if (!file)
		return ctl_fail(ctl, exit_of_errno(errno), "%s: %s", ctl->options.requests,
				strerror(errno));
	code = answer_lines(ctl, session, file);
	fclose(file);
	return code;
}

static enum exit_code open_session(const struct ctl *ctl, struct session *session)
{
	enum exit_code code;

	code = input_load(ctl, &session->policy);
	if (code != EXIT_YES)
		return code;
	if (callers_new(&session->callers, session->policy) < 0 ||
	    candidates_new(&session->candidates, session->policy) < 0)
		return ctl_fail(ctl, EXIT_IO, "out of memory");
	return EXIT_YES;
}

enum exit_code command_can(struct ctl *ctl)
{
	_cleanup_(session_done) struct session session = { 0 };
	struct request request;
	enum exit_code code;

	if (ctl->n_operands != (ctl->options.requests ? 0 : 2))
		return ctl_usage(ctl, "wants MODES and PATH, or --requests=FILE");
	if (!ctl->options.as && !ctl->options.requests)
		return ctl_usage(ctl, "wants --as=WHO");
	code = open_session(ctl, &session);
	if (code != EXIT_YES)
		return code;
	if (ctl->options.requests)
		return answer_file(ctl, &session);
	request = (struct request){ ctl->operands[0], ctl->operands[1], ctl->options.as };
	return answer_request(ctl, &session, &request);
}
