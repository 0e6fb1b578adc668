/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "daemon/request.h"
#include "policy/ast.h"

/* Requests that open nothing. A row says what each may carry, and what a rule must allow for it. */

static const struct row {
	uint32_t modes;
	uint32_t flags;	   /* that it may have */
	uint32_t argument; /* bits that it may have */
	uint16_t other;	   /* bytes of its other part */
	bool text;	   /* its other part is one, of any length but none */
	bool nofollow;	   /* always: it is about the link */
	uint32_t any;	   /* at least one of these bits of the argument; 0: none */
	bool one;	   /* exactly one bit of the argument */
	bool two;	   /* its other part is another name */
} rows[] = {
	[WIRE_OPCODE_STAT] = { POLICY_STAT, .flags = WIRE_ACT_NOFOLLOW | WIRE_ACT_DIRECTORY },
	[WIRE_OPCODE_ACCESS] = { POLICY_STAT, .flags = WIRE_ACT_DIRECTORY,
				 .argument = WIRE_ACCESS_ALL },
	[WIRE_OPCODE_READLINK] = { POLICY_STAT, .flags = WIRE_ACT_DIRECTORY, .nofollow = true },
	[WIRE_OPCODE_UNLINK] = { POLICY_REMOVE, .flags = WIRE_ACT_DIRECTORY, .nofollow = true },
	[WIRE_OPCODE_RMDIR] = { POLICY_REMOVE, .nofollow = true },
	[WIRE_OPCODE_MKDIR] = { POLICY_CREATE, .argument = 07777, .nofollow = true },
	/* never set-id or sticky */
	[WIRE_OPCODE_CHMOD] = { POLICY_ATTRIBUTES, .flags = WIRE_ACT_DIRECTORY, .argument = 0777 },
	[WIRE_OPCODE_UTIMENS] = { POLICY_ATTRIBUTES,
				  .flags = WIRE_ACT_NOFOLLOW | WIRE_ACT_DIRECTORY,
				  .other = WIRE_TIMES_SIZE },
	[WIRE_OPCODE_TRUNCATE] = { POLICY_TRUNCATE, .flags = WIRE_ACT_DIRECTORY,
				   .other = WIRE_SIZE_SIZE },
	[WIRE_OPCODE_CONNECT] = { POLICY_CONNECT, .flags = WIRE_ACT_NONBLOCK | WIRE_ACT_DIRECTORY,
				  .argument = WIRE_CONNECT_ALL, .one = true },
	[WIRE_OPCODE_SYMLINK] = { POLICY_CREATE, .flags = WIRE_ACT_DIRECTORY, .nofollow = true,
				  .text = true },
	[WIRE_OPCODE_WATCH] = { POLICY_WATCH, .flags = WIRE_ACT_ALL & ~(uint32_t)WIRE_ACT_NOREPLACE,
				.argument = WIRE_WATCH_ALL, .any = IN_ALL_EVENTS },
	/* of the old name; of the new one two_names.c asks */
	[WIRE_OPCODE_RENAME] = { POLICY_REMOVE, .flags = WIRE_ACT_NOREPLACE, .nofollow = true,
				 .two = true },
	[WIRE_OPCODE_LINK] = { POLICY_READ, .nofollow = true, .two = true },
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

static bool fits(const struct row *row, const struct wire_act *claim)
{
	if (claim->flags & ~row->flags || claim->argument & ~row->argument)
		return false;
	if (row->one && (claim->argument == 0 || claim->argument & (claim->argument - 1)))
		return false;
	if (row->any && !(claim->argument & row->any))
		return false;
	if (row->text)
		return claim->other_len > 0 && !memchr(claim->other, '\0', claim->other_len);
	return row->two || claim->other_len == row->other;
}

#define NSEC_MAX 1000000000U /* utimensat(2) */

static bool is_time(const struct wire_time *time)
{
	return time->nsec < NSEC_MAX || time->nsec == UTIME_NOW || time->nsec == UTIME_OMIT;
}

/* A directory that others may write is nobody's to make: P21, as with files. */
static mode_t mode_of(uint16_t opcode, uint32_t argument)
{
	return argument & (opcode == WIRE_OPCODE_MKDIR ? 0777 & ~022 : 0777);
}

static int read_times(const struct wire_act *claim, struct wire_time ret[2])
{
	int r = wire_times_read(claim->other, claim->other_len, ret);

	return r == 0 && !(is_time(&ret[0]) && is_time(&ret[1])) ? -EINVAL : r;
}

static int read_size(const struct wire_act *claim, uint64_t *ret)
{
	int r = wire_size_read(claim->other, claim->other_len, ret);

	return r == 0 && *ret > INT64_MAX ? -EINVAL : r;
}

static int read_other(uint16_t opcode, const struct wire_act *claim, struct request *ret)
{
	if (opcode == WIRE_OPCODE_UTIMENS)
		return read_times(claim, ret->times);
	if (opcode == WIRE_OPCODE_TRUNCATE)
		return read_size(claim, &ret->size);
	if (claim->other_len > 0)
		memcpy(ret->other, claim->other, claim->other_len);
	return 0;
}

static bool makes_names(uint16_t opcode)
{
	return opcode == WIRE_OPCODE_MKDIR || opcode == WIRE_OPCODE_SYMLINK;
}

/* "link/" is what the link leads to: path_resolution(7). */
static bool is_about_link(const struct row *row, uint32_t flags)
{
	return (row->nofollow || flags & WIRE_ACT_NOFOLLOW) && !(flags & WIRE_ACT_DIRECTORY);
}

enum wire_reason request_act_read(uint16_t opcode, const struct wire_act *claim,
				  struct request *ret)
{
	const struct row *row = &rows[opcode];

	if (!fits(row, claim))
		return WIRE_REASON_BAD_FLAGS;
	if (!request_path_makes_sense(claim->path, claim->path_len))
		return WIRE_REASON_BAD_PATH;
	if (row->two && !request_path_makes_sense(claim->other, claim->other_len))
		return WIRE_REASON_BAD_PATH;
	*ret = (struct request){
		.opcode = opcode,
		.modes = row->modes,
		.argument = claim->argument,
		.mode = mode_of(opcode, claim->argument),
		.flags = claim->flags & WIRE_ACT_NONBLOCK ? O_NONBLOCK : 0,
		.create = makes_names(opcode),
		.nofollow = is_about_link(row, claim->flags),
		.directory = claim->flags & WIRE_ACT_DIRECTORY,
		.two_names = row->two,
		.noreplace = claim->flags & WIRE_ACT_NOREPLACE,
	};
	if (opcode == WIRE_OPCODE_ACCESS)
		ret->modes |= modes_of_access(claim->argument);
	memcpy(ret->path, claim->path, claim->path_len);
	return read_other(opcode, claim, ret) < 0 ? WIRE_REASON_BAD_FLAGS : WIRE_REASON_OK;
}
