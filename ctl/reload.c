/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `reload`: ask for a new generation and tell how it went. Its exit status is that
 * of `systemctl reload fdbroker`, so everything but success must be non-zero. With --confirm it is a
 * trial, which the daemon ends by itself.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/admin.h"
#include "ctl/command.h"
#include "ctl/json.h"
#include "ctl/trial.h"
#include "wire/admin.h"

#define RELOAD_TIMEOUT (90 * USEC_PER_SEC) /* systemd's default for a reload */

static void show(const struct ctl *ctl, const struct admin_answer *answer)
{
	struct text out = TEXT_EMPTY;

	if (ctl->options.confirm && answer->exit_code == EXIT_YES) {
		trial_show(ctl, answer->text);
		return;
	}
	if (ctl->options.json) {
		struct json_object *object = json_answer();

		json_add_bool(object, "reloaded", answer->exit_code == EXIT_YES);
		json_add_text(object, "text", answer->text);
		json_show(&ctl->out, object);
		return;
	}
	admin_add_lines(&out, answer->text);
	screen_show(answer->exit_code == EXIT_YES ? &ctl->out : &ctl->err, &out);
	if (answer->exit_code == EXIT_YES)
		trial_remind(ctl);
}

enum exit_code command_reload(struct ctl *ctl)
{
	struct admin_answer answer = ADMIN_ANSWER_EMPTY;
	struct admin_request request = { .opcode = ADMIN_OPCODE_RELOAD };
	enum exit_code code;

	if (ctl->n_operands > 0)
		return ctl_usage(ctl, "takes no operand");
	if (ctl->options.confirm) {
		request.opcode = ADMIN_OPCODE_TRIAL;
		code = trial_span(ctl, &request.sec);
		if (code != EXIT_YES)
			return code;
	}
	code = admin_ask_for(ctl, &request, RELOAD_TIMEOUT, &answer);
	if (code != EXIT_YES)
		return code;
	code = admin_exit_code(&answer);
	if (!ctl->options.quiet)
		show(ctl, &answer);
	admin_answer_done(&answer);
	return code;
}
