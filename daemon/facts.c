/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts.h"

#include <stddef.h>
#include <string.h>

#include "policy/subject.h"
#include "wire/cursor.h"

void facts_clear(struct facts *facts)
{
	memset(facts, 0, offsetof(struct facts, unit));
	facts->unit[0] = facts->user_unit[0] = facts->slice[0] = '\0';
	facts->exe[0] = facts->label[0] = '\0';
}

void facts_put(struct cursor_writer *w, const struct facts *facts)
{
	cursor_write_u64(w, facts->connection);
	cursor_write_u32(w, (uint32_t)facts->pid);
	cursor_write_u64(w, facts->pidfd_ino);
	cursor_write_u32(w, facts->uid);
	cursor_write_u32(w, facts->gid);
	cursor_write_u64(w, facts->cap_effective);
	cursor_write_u32(w, facts->attested);
	cursor_write_u32(w, facts->traits);
	cursor_write_u64(w, facts->exe_dev);
	cursor_write_u64(w, facts->exe_ino);
	cursor_write_u64(w, facts->exe_born);
	cursor_write_text(w, facts->unit);
	cursor_write_text(w, facts->user_unit);
	cursor_write_text(w, facts->slice);
	cursor_write_text(w, facts->exe);
	cursor_write_text(w, facts->label);
}

void facts_get(struct cursor_reader *r, struct facts *ret)
{
	ret->connection = cursor_read_u64(r);
	ret->pid = (pid_t)cursor_read_u32(r);
	ret->pidfd_ino = cursor_read_u64(r);
	ret->uid = cursor_read_u32(r);
	ret->gid = cursor_read_u32(r);
	ret->cap_effective = cursor_read_u64(r);
	ret->attested = cursor_read_u32(r) & (POLICY_TRAITS | POLICY_LABELS);
	ret->traits = cursor_read_u32(r) & ret->attested & POLICY_TRAITS;
	ret->exe_dev = cursor_read_u64(r);
	ret->exe_ino = cursor_read_u64(r);
	ret->exe_born = cursor_read_u64(r);
	cursor_read_text(r, ret->unit, sizeof(ret->unit));
	cursor_read_text(r, ret->user_unit, sizeof(ret->user_unit));
	cursor_read_text(r, ret->slice, sizeof(ret->slice));
	cursor_read_text(r, ret->exe, sizeof(ret->exe));
	cursor_read_text(r, ret->label, sizeof(ret->label));
}
