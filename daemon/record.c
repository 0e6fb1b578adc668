/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/record.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/macro.h"
#include "policy/policy.h"
#include "wire/cursor.h"
#include "wire/proto.h"

/*
 * What a record consists of is said once, in lists: who writes one and who reads one go through the
 * same. Two that say the same are the same bytes behind their heads; see fold.h.
 *
 * The audit process believes a record's shape only after reading it whole: the
 * broker that wrote it may have been taken over by the client it tells of.
 */

#define HEAD(NUMBER)                                                                               \
	NUMBER(u64, time_usec)                                                                     \
	NUMBER(u64, decision)                                                                      \
	NUMBER(u64, object_dev)                                                                    \
	NUMBER(u64, object_ino)                                                                    \
	NUMBER(u32, lost)

#define NUMBERS(NUMBER)                                                                            \
	HEAD(NUMBER)                                                                               \
	NUMBER(u32, outcome)                                                                       \
	NUMBER(u64, generation)                                                                    \
	NUMBER(u16, reason)                                                                        \
	NUMBER(u16, deliver)                                                                       \
	NUMBER(i32, error)                                                                         \
	NUMBER(u32, modes)                                                                         \
	NUMBER(u32, as_root)                                                                       \
	NUMBER(u32, rule_line)                                                                     \
	NUMBER(i32, sender_pid)

#define TEXTS(TEXT)                                                                                \
	TEXT(bytes, who, RECORD_WHO_MAX)                                                           \
	TEXT(text, condition, RECORD_CONDITION_MAX)                                                \
	TEXT(text, rule, RECORD_RULE_MAX)                                                          \
	TEXT(text, rule_file, RECORD_RULE_MAX)                                                     \
	TEXT(bytes, path, RECORD_PATH_MAX)                                                         \
	TEXT(text, canonical, RECORD_PATH_MAX)                                                     \
	TEXT(text, detail, RECORD_DETAIL_MAX)

#define SHADOW(NUMBER, TEXT)                                                                       \
	NUMBER(u32, kind)                                                                          \
	NUMBER(u16, reason)                                                                        \
	NUMBER(u32, as_root)                                                                       \
	TEXT(text, condition, RECORD_CONDITION_MAX)                                                \
	TEXT(text, rule, RECORD_RULE_MAX)                                                          \
	TEXT(text, conditions, RECORD_RULE_MAX)

#define OTHER(NUMBER, TEXT)                                                                        \
	NUMBER(u16, act)                                                                           \
	NUMBER(u16, is_new)                                                                        \
	NUMBER(u32, modes)                                                                         \
	TEXT(bytes, path, RECORD_PATH_MAX)                                                         \
	TEXT(text, canonical, RECORD_PATH_MAX)                                                     \
	TEXT(text, rule, 2 * RECORD_RULE_MAX + 2)

/* What may be done with each, where @of is whose it is, @w or @r the cursor. */
#define SIZE(kind, name)	     +sizeof(((struct record *)NULL)->name)
#define WRITE(kind, name)	     cursor_write_##kind(w, of->name);
#define READ(kind, name)	     of->name = cursor_read_##kind(r);
#define WRITE_TEXT(kind, name, most) write_text(w, &of->name, most);
#define READ_TEXT(kind, name, most)  of->name = read_##kind(r, most);

#define NUMBERS_SIZE (0 NUMBERS(SIZE))
static_assert(RECORD_HEAD_SIZE == 0 HEAD(SIZE), "a head is what it says");

/* Most are not there: which are is told first. */
#define PART(kind, name, most)	   PART_##name,
#define IS_THERE(kind, name, most) | (of->name.len > 0) << PART_##name
#define WRITE_PART(kind, name, most)                                                               \
	if (there & 1U << PART_##name)                                                             \
	WRITE_TEXT(kind, name, most)
#define READ_PART(kind, name, most)                                                                \
	if (there & 1U << PART_##name)                                                             \
	READ_TEXT(kind, name, most)

enum {
	TEXTS(PART) PART_shadow,
	PART_other,
	PARTS,
};

static void write_text(struct cursor_writer *w, const struct record_text *text, size_t most)
{
	cursor_write_string(w, text->bytes, text->len < most ? text->len : most);
}

static struct record_text read_bytes(struct cursor_reader *r, size_t most)
{
	uint16_t len;
	const char *bytes = cursor_read_string(r, most, &len);

	return (struct record_text){ .bytes = bytes, .len = len };
}

static struct record_text read_text(struct cursor_reader *r, size_t most)
{
	struct record_text text = read_bytes(r, most);

	/* A NUL within would hide what follows it (P55). */
	if (text.len > 0 && memchr(text.bytes, '\0', text.len))
		r->error = -EBADMSG;
	return text;
}

/* They are always there, and always as long: held against what is left once. */
static void write_numbers(struct cursor_writer *whole, const struct record *of)
{
	void *bytes = cursor_write_space(whole, NUMBERS_SIZE);
	struct cursor_writer part = cursor_writer(bytes, NUMBERS_SIZE), *w = &part;

	if (bytes) {
		NUMBERS(WRITE)
	}
}

static void read_numbers(struct cursor_reader *whole, struct record *of)
{
	const void *bytes = cursor_read_bytes(whole, NUMBERS_SIZE);
	struct cursor_reader part = cursor_reader(bytes, NUMBERS_SIZE), *r = &part;

	if (bytes) {
		NUMBERS(READ)
	}
}

static void write_shadow(struct cursor_writer *w, const struct record_shadow *of)
{
	SHADOW(WRITE, WRITE_TEXT)
}

static void read_shadow(struct cursor_reader *r, struct record_shadow *of)
{
	SHADOW(READ, READ_TEXT)
}

static void write_other(struct cursor_writer *w, const struct record_other *of)
{
	OTHER(WRITE, WRITE_TEXT)
}

static void read_other(struct cursor_reader *r, struct record_other *of)
{
	OTHER(READ, READ_TEXT)
}

static void write_parts(struct cursor_writer *w, const struct record *of)
{
	const unsigned int there = (of->shadow.kind != SHADOW_NONE) << PART_shadow |
				   (of->other.act != 0) << PART_other TEXTS(IS_THERE);

	cursor_write_u16(w, (uint16_t)there);
	TEXTS(WRITE_PART)
	if (there & 1U << PART_shadow)
		write_shadow(w, &of->shadow);
	if (there & 1U << PART_other)
		write_other(w, &of->other);
}

static void read_parts(struct cursor_reader *r, struct record *of)
{
	const unsigned int there = cursor_read_u16(r);

	if (there >> PARTS != 0)
		r->error = -EBADMSG;
	TEXTS(READ_PART)
	if (there & 1U << PART_shadow)
		read_shadow(r, &of->shadow);
	if (there & 1U << PART_other)
		read_other(r, &of->other);
}

int record_write(const struct record *record, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	write_numbers(&w, record);
	write_parts(&w, record);
	return cursor_write_end(&w);
}

/* Of those that have two names. */
static bool is_act(uint16_t opcode)
{
	return opcode == WIRE_OPCODE_RENAME || opcode == WIRE_OPCODE_LINK;
}

static bool is_sound(const struct record *record)
{
	struct record_who who _uninitialized_;

	if (record->outcome > RECORD_CLOSED || record->reason > WIRE_REASON_DEGRADED ||
	    record->deliver > POLICY_DELIVER_PIPE)
		return false;
	if (record->shadow.kind > SHADOW_ALLOW_IF || record->shadow.reason > WIRE_REASON_DEGRADED)
		return false;
	if (record->other.act != 0 && !is_act(record->other.act))
		return false;
	return record_read_who(record, &who) == 0;
}

int record_read(const void *data, size_t size, struct record *ret)
{
	struct cursor_reader r = cursor_reader(data, size);

	*ret = (struct record){ 0 };
	read_numbers(&r, ret);
	read_parts(&r, ret);
	if (cursor_read_end(&r) == 0 && is_sound(ret))
		return 0;
	*ret = (struct record){ 0 };
	return -EBADMSG;
}

uint32_t record_read_lost(const void *head)
{
	struct cursor_reader part = cursor_reader(head, RECORD_HEAD_SIZE), *r = &part;
	struct record record, *of = &record;

	HEAD(READ)
	return record.lost;
}

/* who */

int record_write_who(const struct record_who *who, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	facts_put(&w, &who->facts);
	cursor_write_u32(&w, who->n_groups);
	for (uint32_t i = 0; who->n_groups <= RECORD_GROUPS_MAX && i < who->n_groups; i++)
		cursor_write_u32(&w, who->groups[i]);
	cursor_write_text(&w, who->policy);
	return cursor_write_end(&w);
}

int record_read_who(const struct record *record, struct record_who *ret)
{
	struct cursor_reader r = cursor_reader(record->who.bytes, record->who.len);

	facts_get(&r, &ret->facts);
	ret->n_groups = cursor_read_u32(&r);
	for (uint32_t i = 0; ret->n_groups <= RECORD_GROUPS_MAX && i < ret->n_groups; i++)
		ret->groups[i] = cursor_read_u32(&r);
	cursor_read_text(&r, ret->policy, sizeof(ret->policy));
	return cursor_read_end(&r);
}
