/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/record.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/macro.h"
#include "policy/policy.h"
#include "wire/cursor.h"
#include "wire/proto.h"

/*
 * The audit process believes a record's shape only after reading it whole: the
 * broker that wrote it may have been taken over by the client it tells of.
 */

/* Of those that have two names. */
static bool is_act(uint16_t opcode)
{
	return opcode == WIRE_OPCODE_RENAME || opcode == WIRE_OPCODE_LINK;
}

void record_clear(struct record *record)
{
	char *const texts[] = {
		record->policy,		  record->condition,   record->rule,
		record->rule_file,	  record->path,	       record->canonical,
		record->detail,		  record->shadow.rule, record->shadow.conditions,
		record->shadow.condition, record->other.path,  record->other.canonical,
		record->other.rule,
	};

	memset(record, 0, offsetof(struct record, groups));
	memset(&record->shadow, 0, offsetof(struct record_shadow, condition));
	memset(&record->other, 0, offsetof(struct record_other, path));
	facts_clear(&record->who);
	for (size_t i = 0; i < ELEMENTSOF(texts); i++)
		texts[i][0] = '\0';
}

static void get_path(struct cursor_reader *r, struct record *ret)
{
	uint16_t len;
	const char *bytes = cursor_read_string(r, RECORD_PATH_MAX, &len);

	if (!bytes)
		return;
	memcpy(ret->path, bytes, len);
	ret->path[len] = '\0';
	ret->path_len = len;
}

static void put_groups(struct cursor_writer *w, const struct record *record)
{
	cursor_write_u32(w, record->n_groups);
	for (uint32_t i = 0; record->n_groups <= RECORD_GROUPS_MAX && i < record->n_groups; i++)
		cursor_write_u32(w, record->groups[i]);
}

static void put_who(struct cursor_writer *w, const struct record *record)
{
	facts_put(w, &record->who);
	put_groups(w, record);
	cursor_write_text(w, record->policy);
}

/* Most are not there. */
static void put_text(struct cursor_writer *w, const char *text)
{
	if (text[0] == '\0')
		cursor_write_u16(w, 0);
	else
		cursor_write_text(w, text);
}

int record_write_who(const struct record *record, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	put_who(&w, record);
	return cursor_write_end(&w);
}

static void get_groups(struct cursor_reader *r, struct record *ret)
{
	ret->n_groups = cursor_read_u32(r);
	for (uint32_t i = 0; ret->n_groups <= RECORD_GROUPS_MAX && i < ret->n_groups; i++)
		ret->groups[i] = cursor_read_u32(r);
}

static void put_shadow(struct cursor_writer *w, const struct record_shadow *shadow)
{
	cursor_write_u16(w, (uint8_t)shadow->kind);
	cursor_write_u16(w, shadow->reason);
	cursor_write_u32(w, shadow->as_root);
	cursor_write_text(w, shadow->condition);
	cursor_write_text(w, shadow->rule);
	cursor_write_text(w, shadow->conditions);
}

static void get_shadow(struct cursor_reader *r, struct record_shadow *ret)
{
	ret->kind = cursor_read_u16(r);
	ret->reason = cursor_read_u16(r);
	ret->as_root = cursor_read_u32(r);
	cursor_read_text(r, ret->condition, sizeof(ret->condition));
	cursor_read_text(r, ret->rule, sizeof(ret->rule));
	cursor_read_text(r, ret->conditions, sizeof(ret->conditions));
}

static void put_other(struct cursor_writer *w, const struct record_other *other)
{
	cursor_write_u16(w, other->act);
	cursor_write_u16(w, other->is_new);
	cursor_write_u32(w, other->modes);
	cursor_write_string(w, other->path, other->path_len);
	cursor_write_text(w, other->canonical);
	cursor_write_text(w, other->rule);
}

static void get_other(struct cursor_reader *r, struct record_other *ret)
{
	const char *bytes;

	ret->act = cursor_read_u16(r);
	ret->is_new = cursor_read_u16(r);
	ret->modes = cursor_read_u32(r);
	bytes = cursor_read_string(r, RECORD_PATH_MAX, &ret->path_len);
	if (bytes)
		memcpy(ret->path, bytes, ret->path_len);
	ret->path[ret->path_len] = '\0';
	cursor_read_text(r, ret->canonical, sizeof(ret->canonical));
	cursor_read_text(r, ret->rule, sizeof(ret->rule));
}

enum {
	HAS_SHADOW = 1 << 0,
	HAS_OTHER = 1 << 1,
};

static void put_rare(struct cursor_writer *w, const struct record *record)
{
	const bool has_shadow = record->shadow.kind != SHADOW_NONE;
	const bool has_other = record->other.act != 0;

	cursor_write_u16(w, (has_shadow ? HAS_SHADOW : 0) | (has_other ? HAS_OTHER : 0));
	if (has_shadow)
		put_shadow(w, &record->shadow);
	if (has_other)
		put_other(w, &record->other);
}

static void get_rare(struct cursor_reader *r, struct record *ret)
{
	uint16_t parts = cursor_read_u16(r);

	if (parts & ~(HAS_SHADOW | HAS_OTHER))
		r->error = -EBADMSG;
	if (parts & HAS_SHADOW)
		get_shadow(r, &ret->shadow);
	if (parts & HAS_OTHER)
		get_other(r, &ret->other);
}

int record_write(const struct record *record, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	cursor_write_u16(&w, (uint8_t)record->outcome);
	cursor_write_u64(&w, record->time_usec);
	cursor_write_u64(&w, record->decision);
	cursor_write_u64(&w, record->generation);
	cursor_write_u16(&w, record->reason);
	cursor_write_u32(&w, (uint32_t)record->error);
	cursor_write_u32(&w, record->modes);
	cursor_write_u32(&w, record->as_root);
	cursor_write_u16(&w, record->deliver);
	cursor_write_u32(&w, record->rule_line);
	cursor_write_u32(&w, record->lost);
	cursor_write_u32(&w, (uint32_t)record->sender_pid);
	cursor_write_u64(&w, record->object_dev);
	cursor_write_u64(&w, record->object_ino);
	if (record->who_bytes)
		cursor_write_bytes(&w, record->who_bytes, record->who_size);
	else
		put_who(&w, record);
	put_text(&w, record->condition);
	put_text(&w, record->rule);
	put_text(&w, record->rule_file);
	cursor_write_string(&w, record->path, record->path_len);
	put_text(&w, record->canonical);
	put_text(&w, record->detail);
	put_rare(&w, record);
	return cursor_write_end(&w);
}

static void get(struct cursor_reader *r, struct record *ret)
{
	ret->outcome = cursor_read_u16(r);
	ret->time_usec = cursor_read_u64(r);
	ret->decision = cursor_read_u64(r);
	ret->generation = cursor_read_u64(r);
	ret->reason = cursor_read_u16(r);
	ret->error = (int32_t)cursor_read_u32(r);
	ret->modes = cursor_read_u32(r);
	ret->as_root = cursor_read_u32(r);
	ret->deliver = cursor_read_u16(r);
	ret->rule_line = cursor_read_u32(r);
	ret->lost = cursor_read_u32(r);
	ret->sender_pid = (pid_t)cursor_read_u32(r);
	ret->object_dev = cursor_read_u64(r);
	ret->object_ino = cursor_read_u64(r);
	facts_get(r, &ret->who);
	get_groups(r, ret);
	cursor_read_text(r, ret->policy, sizeof(ret->policy));
	cursor_read_text(r, ret->condition, sizeof(ret->condition));
	cursor_read_text(r, ret->rule, sizeof(ret->rule));
	cursor_read_text(r, ret->rule_file, sizeof(ret->rule_file));
	get_path(r, ret);
	cursor_read_text(r, ret->canonical, sizeof(ret->canonical));
	cursor_read_text(r, ret->detail, sizeof(ret->detail));
	get_rare(r, ret);
}

static bool is_sound(const struct record *record)
{
	if (record->outcome > RECORD_CLOSED || record->reason > WIRE_REASON_DEGRADED ||
	    record->deliver > POLICY_DELIVER_PIPE)
		return false;
	if (record->shadow.kind > SHADOW_ALLOW_IF || record->shadow.reason > WIRE_REASON_DEGRADED)
		return false;
	return record->other.act == 0 || is_act(record->other.act);
}

int record_read(const void *data, size_t size, struct record *ret)
{
	struct cursor_reader r = cursor_reader(data, size);

	record_clear(ret);
	get(&r, ret);
	if (cursor_read_end(&r) == 0 && is_sound(ret))
		return 0;
	record_clear(ret);
	return -EBADMSG;
}
