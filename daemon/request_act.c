/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/macro.h"
#include "daemon/request.h"
#include "policy/ast.h"

/* Requests that open nothing. A row says what each may carry, and what a rule must allow for it. */

static const struct row {
	uint32_t modes;
	uint32_t flags;	   /* that it may have */
	uint32_t argument; /* bits that it may have */
	bool nofollow;	   /* always: it is about the link */
} rows[] = {
	[WIRE_OPCODE_STAT] = { POLICY_STAT, .flags = WIRE_ACT_NOFOLLOW },
	[WIRE_OPCODE_ACCESS] = { POLICY_STAT, .argument = WIRE_ACCESS_ALL },
	[WIRE_OPCODE_READLINK] = { POLICY_STAT, .nofollow = true },
};
_Static_assert(ELEMENTSOF(rows) == WIRE_OPCODE_ACT_LAST + 1, "each opcode has a row");

/* Who asks first may trust the answer: policy-language, section 6. */
static uint32_t modes_of_access(uint32_t argument)
{
	uint32_t modes = 0;

	if (argument & WIRE_ACCESS_READ)
		modes |= POLICY_READ;
	if (argument & WIRE_ACCESS_WRITE)
		modes |= POLICY_WRITE;
	return modes;
}

bool request_is_act(uint16_t opcode)
{
	return opcode < ELEMENTSOF(rows) && rows[opcode].modes != 0;
}

enum wire_reason request_act_read(uint16_t opcode, const struct wire_act *claim,
				  struct request *ret)
{
	const struct row *row = &rows[opcode];

	if (claim->flags & ~row->flags || claim->argument & ~row->argument)
		return WIRE_REASON_BAD_FLAGS;
	if (claim->other_len != 0)
		return WIRE_REASON_BAD_FLAGS;
	if (!request_path_makes_sense(claim->path, claim->path_len))
		return WIRE_REASON_BAD_PATH;
	*ret = (struct request){
		.opcode = opcode,
		.modes = row->modes,
		.argument = claim->argument,
		.nofollow = row->nofollow || claim->flags & WIRE_ACT_NOFOLLOW,
	};
	if (opcode == WIRE_OPCODE_ACCESS)
		ret->modes |= modes_of_access(claim->argument);
	memcpy(ret->path, claim->path, claim->path_len);
	return WIRE_REASON_OK;
}
