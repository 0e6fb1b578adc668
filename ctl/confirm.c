/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `confirm`: what `reload --confirm` loaded is to stay. */
#include "base/clock.h"
#include "ctl/admin.h"
#include "ctl/command.h"
#include "ctl/json.h"

#define CONFIRM_TIMEOUT (10 * USEC_PER_SEC)

static void show(const struct ctl *ctl, const struct admin_answer *answer)
{
	struct text out = TEXT_EMPTY;

	if (ctl->options.json) {
		struct json_object *object = json_answer();

		json_add_bool(object, "confirmed", answer->exit_code == EXIT_YES);
		json_add_text(object, "text", answer->text);
		json_show(&ctl->out, object);
		return;
	}
	admin_add_lines(&out, answer->text);
	screen_show(answer->exit_code == EXIT_YES ? &ctl->out : &ctl->err, &out);
}

enum exit_code command_confirm(struct ctl *ctl)
{
	struct admin_answer answer = ADMIN_ANSWER_EMPTY;
	enum exit_code code;

	if (ctl->n_operands > 0)
		return ctl_usage(ctl, "takes no operand");
	code = admin_ask_for(ctl, ADMIN_REQUEST(CONFIRM), CONFIRM_TIMEOUT, &answer);
	if (code != EXIT_YES)
		return code;
	if (!ctl->options.quiet)
		show(ctl, &answer);
	code = admin_exit_code(&answer);
	admin_answer_done(&answer);
	return code;
}
