/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exported functions that are about two names. */

#include <errno.h>
#include <stdio.h>

#include "base/macro.h"
#include "client/handle.h"
#include "client/path.h"
#include "wire/act.h"

static int read_names(const char *old, const char *new, struct path *ret_old, struct path *ret_new)
{
	int r = path_absolute(old, ret_old);

	if (r == 0)
		r = path_absolute(new, ret_new);
	/* What ends in a slash is a directory, and none gets another name: path_resolution(7). */
	if (r == 0 && (ret_old->directory || ret_new->directory))
		return -ENOTDIR;
	return r;
}

static int ask(struct fdbroker *broker, const char *old, const char *new, struct question *question,
	       struct fdbroker_answer *ret_answer)
{
	struct path old_name _uninitialized_, new_name _uninitialized_;
	int r;

	r = broker ? read_names(old, new, &old_name, &new_name) : -EINVAL;
	if (r < 0)
		return handle_unasked(ret_answer, r);
	question->act.path = old_name.text;
	question->act.path_len = (uint16_t)old_name.len;
	question->act.other = new_name.text;
	question->act.other_len = (uint16_t)new_name.len;
	return handle_ask(broker, question, ret_answer);
}

int fdbroker_rename(struct fdbroker *broker, const char *old_path, const char *new_path,
		    unsigned flags, struct fdbroker_answer *ret_answer)
{
	struct question question = {
		.opcode = WIRE_OPCODE_RENAME,
		.act.flags = flags & RENAME_NOREPLACE ? WIRE_ACT_NOREPLACE : 0,
	};

	if (flags & ~(unsigned)RENAME_NOREPLACE)
		return handle_unasked(ret_answer, -EINVAL);
	return ask(broker, old_path, new_path, &question, ret_answer);
}

int fdbroker_link(struct fdbroker *broker, const char *old_path, const char *new_path,
		  struct fdbroker_answer *ret_answer)
{
	struct question question = { .opcode = WIRE_OPCODE_LINK };

	return ask(broker, old_path, new_path, &question, ret_answer);
}
