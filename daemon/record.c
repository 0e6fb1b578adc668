/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/text.h"
#include "policy/parser.h"
#include "policy/policy.h"
#include "policy/subject.h"
#include "wire/codec.h"
#include "wire/cursor.h"
#include "wire/proto.h"

/*
 * The audit process believes a record's shape only after reading it whole: the
 * broker that wrote it may have been taken over by the client it tells of.
 */

static const char *const outcomes[] = {
	[RECORD_DENY] = "deny",		[RECORD_ALLOW] = "allow",   [RECORD_ERROR] = "error",
	[RECORD_COMPLAIN] = "complain", [RECORD_CLOSED] = "closed",
};

static const char *const shadows[] = {
	[SHADOW_NONE] = "none",		[SHADOW_ALLOW] = "allow",	[SHADOW_DENY] = "deny",
	[SHADOW_COMPLAIN] = "complain", [SHADOW_ALLOW_IF] = "allow-if",
};

const char *record_shadow_name(enum shadow_kind kind)
{
	return shadows[kind];
}

/* Of those that have two names. */
static const char *act_name(uint16_t opcode)
{
	if (opcode == WIRE_OPCODE_RENAME)
		return "rename";
	return opcode == WIRE_OPCODE_LINK ? "link" : NULL;
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

/* bytes */

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
	if (record->outcome >= ELEMENTSOF(outcomes) || record->reason > WIRE_REASON_DEGRADED ||
	    record->deliver > POLICY_DELIVER_PIPE)
		return false;
	if (record->shadow.kind >= ELEMENTSOF(shadows) ||
	    record->shadow.reason > WIRE_REASON_DEGRADED)
		return false;
	return record->other.act == 0 || act_name(record->other.act);
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

/* fields */

struct fields {
	void (*emit)(void *context, const char *name, const char *value, size_t len);
	void *context;
};

static void field(const struct fields *f, const char *name, const char *value)
{
	if (value[0] != '\0')
		f->emit(f->context, name, value, strlen(value));
}

_printf_(3, 4) static void field_printf(const struct fields *f, const char *name,
					const char *format, ...)
{
	char value[RECORD_RULE_MAX + 32];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	field(f, name, value);
}

static void field_modes(const struct fields *f, const char *name, uint32_t modes)
{
	_cleanup_(text_done) struct text words = TEXT_EMPTY;

	policy_modes_print(modes, &words);
	if (!words.failed && words.len > 0)
		f->emit(f->context, name, words.data, words.len);
}

static void fields_of_request(const struct fields *f, const struct record *record)
{
	field_modes(f, "FDBROKER_MODES", record->modes);
	if (record->path_len > 0)
		f->emit(f->context, "FDBROKER_PATH", record->path, record->path_len);
	field(f, "FDBROKER_CANONICAL", record->canonical);
	if (record->object_ino != 0)
		field_printf(f, "FDBROKER_OBJECT", "%" PRIu64 ":%" PRIu64, record->object_dev,
			     record->object_ino);
}

/* The other name of two; the fields without OTHER are of the one that decided. */
static void fields_of_other(const struct fields *f, const struct record_other *other)
{
	if (other->act == 0)
		return;
	field(f, "FDBROKER_ACT", act_name(other->act));
	field(f, "FDBROKER_NAME", other->is_new ? "old" : "new");
	field_modes(f, "FDBROKER_OTHER_MODES", other->modes);
	if (other->path_len > 0)
		f->emit(f->context, "FDBROKER_OTHER_PATH", other->path, other->path_len);
	field(f, "FDBROKER_OTHER_CANONICAL", other->canonical);
	field(f, "FDBROKER_OTHER_RULE", other->rule);
}

/* What a candidate policy would have done; nothing where it would have done the same. */
static void fields_of_shadow(const struct fields *f, const struct record_shadow *shadow)
{
	if (shadow->kind == SHADOW_NONE)
		return;
	field(f, "FDBROKER_SHADOW", shadows[shadow->kind]);
	field(f, "FDBROKER_SHADOW_REASON", wire_reason_name(shadow->reason));
	field(f, "FDBROKER_SHADOW_CONDITION", shadow->condition);
	field(f, "FDBROKER_SHADOW_RULE", shadow->rule);
	if (shadow->kind != SHADOW_DENY)
		field(f, "FDBROKER_SHADOW_AUTHORITY", shadow->as_root ? "root" : "caller");
	field(f, "FDBROKER_SHADOW_IF", shadow->conditions);
}

static void fields_of_answer(const struct fields *f, const struct record *record)
{
	field(f, "FDBROKER_DECISION", outcomes[record->outcome]);
	field(f, "FDBROKER_REASON", wire_reason_name(record->reason));
	field(f, "FDBROKER_CONDITION", record->condition);
	if (record->error != 0)
		field_printf(f, "FDBROKER_ERRNO", "%" PRId32, record->error);
	field(f, "FDBROKER_RULE", record->rule);
	if (record->rule_file[0] != '\0')
		field_printf(f, "FDBROKER_RULE_SRC", "%s:%" PRIu32, record->rule_file,
			     record->rule_line);
	if (record->outcome == RECORD_ALLOW || record->outcome == RECORD_ERROR ||
	    record->outcome == RECORD_COMPLAIN)
		field(f, "FDBROKER_AUTHORITY", record->as_root ? "root" : "caller");
	if (record->outcome == RECORD_ALLOW || record->outcome == RECORD_COMPLAIN)
		field(f, "FDBROKER_DELIVER", policy_deliver_name(record->deliver));
	field(f, "FDBROKER_DETAIL", record->detail);
}

/* Supplementary groups; "none" says that there are none, as a field that is missing does not. */
static void field_groups(const struct fields *f, const struct record *record)
{
	_cleanup_(text_done) struct text list = TEXT_EMPTY;

	if (record->n_groups > RECORD_GROUPS_MAX)
		return;
	if (record->n_groups == 0)
		text_puts(&list, "none");
	for (uint32_t i = 0; i < record->n_groups; i++)
		text_printf(&list, "%s%u", i > 0 ? "," : "", record->groups[i]);
	if (!list.failed)
		f->emit(f->context, "FDBROKER_GROUPS", list.data, list.len);
}

static const char *trait(const struct facts *who, uint32_t fact, const char *const words[2])
{
	return !(who->attested & fact) ? "unknown" : words[(who->traits & fact) != 0];
}

/* In the words of the language; what the kernel could not attest is "unknown". */
static void fields_of_traits(const struct fields *f, const struct facts *who)
{
	static const char *const namespaces[] = { "other", "host" };
	static const char *const nnp[] = { "no", "yes" }, *const seccomp[] = { "none", "filter" };

	field_printf(f, "FDBROKER_NS", "%s,%s,%s", trait(who, POLICY_FACT_USERNS, namespaces),
		     trait(who, POLICY_FACT_MNTNS, namespaces),
		     trait(who, POLICY_FACT_PIDNS, namespaces));
	field(f, "FDBROKER_NNP", trait(who, POLICY_FACT_NNP, nnp));
	field(f, "FDBROKER_SECCOMP", trait(who, POLICY_FACT_SECCOMP, seccomp));
}

static void fields_of_caller(const struct fields *f, const struct record *record)
{
	const struct facts *who = &record->who;

	field_printf(f, "FDBROKER_UID", "%u", who->uid);
	field_printf(f, "FDBROKER_GID", "%u", who->gid);
	field_groups(f, record);
	field_printf(f, "FDBROKER_PID", "%d", who->pid);
	if (who->pidfd_ino != 0)
		field_printf(f, "FDBROKER_PIDFD_INO", "%" PRIu64, who->pidfd_ino);
	if (record->sender_pid != who->pid)
		field_printf(f, "FDBROKER_SENDER_PID", "%d", record->sender_pid);
	field(f, "FDBROKER_UNIT", who->unit);
	field(f, "FDBROKER_USER_UNIT", who->user_unit);
	field(f, "FDBROKER_SLICE", who->slice);
	field(f, "FDBROKER_EXE", who->exe);
	if (who->exe_ino != 0)
		field_printf(f, "FDBROKER_EXE_INO", "%" PRIu64 ":%" PRIu64, who->exe_dev,
			     who->exe_ino);
	field(f, "FDBROKER_LABEL", who->label);
	/* Whose it is, if it is one that a rule may name: a label does not tell by itself. */
	if (who->attested & POLICY_LABELS)
		field(f, "FDBROKER_LSM",
		      who->attested & POLICY_FACT_APPARMOR ? "apparmor" : "selinux");
	fields_of_traits(f, who);
	field_printf(f, "FDBROKER_CONNECTION", "%" PRIu64, who->connection);
}

void record_fields(const struct record *record, uint32_t repeat,
		   void (*emit)(void *context, const char *name, const char *value, size_t len),
		   void *context)
{
	const struct fields f = { emit, context };

	field(&f, "FDBROKER_SCHEMA", "1");
	field_printf(&f, "FDBROKER_ID", "%016" PRIx64, record->decision);
	field_printf(&f, "FDBROKER_TIME", "%" PRIu64, record->time_usec);
	field_printf(&f, "FDBROKER_GENERATION", "%" PRIu64, record->generation);
	field(&f, "FDBROKER_POLICY", record->policy);
	fields_of_answer(&f, record);
	fields_of_shadow(&f, &record->shadow);
	fields_of_request(&f, record);
	fields_of_other(&f, &record->other);
	fields_of_caller(&f, record);
	if (record->lost > 0)
		field_printf(&f, "FDBROKER_LOST", "%" PRIu32, record->lost);
	field_printf(&f, "FDBROKER_REPEAT", "%" PRIu32, repeat);
}

static void print_other(const struct record_other *other, struct text *out)
{
	if (other->act == 0)
		return;
	text_printf(out, " to %s ", act_name(other->act));
	text_puts(out, other->is_new ? "to " : "from ");
	text_escape(out, other->path, other->path_len);
}

void record_print(const struct record *record, uint32_t repeat, struct text *out)
{
	const struct facts *who = &record->who;

	text_printf(out, "%s ", outcomes[record->outcome]);
	policy_modes_print(record->modes, out);
	text_puts(out, " ");
	text_escape(out, record->path, record->path_len);
	print_other(&record->other, out);
	text_printf(out, " for uid %u pid %d", who->uid, who->pid);
	if (who->unit[0] != '\0') {
		text_puts(out, " of ");
		text_escape(out, who->unit, strlen(who->unit));
	}
	text_printf(out, ": %s", wire_reason_name(record->reason));
	if (record->condition[0] != '\0')
		text_printf(out, " %s", record->condition);
	if (record->rule[0] != '\0')
		text_printf(out, ", rule %s", record->rule);
	if (record->detail[0] != '\0')
		text_printf(out, ", %s", record->detail);
	if (record->shadow.kind != SHADOW_NONE)
		text_printf(out, "; shadow: %s by %s", shadows[record->shadow.kind],
			    record->shadow.rule[0] != '\0' ? record->shadow.rule : "default");
	if (repeat > 1)
		text_printf(out, " (%" PRIu32 " times)", repeat);
	text_printf(out, " [%016" PRIx64 "]", record->decision);
}
