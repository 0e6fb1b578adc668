/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/record_fields.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/text.h"
#include "policy/parser.h"
#include "policy/policy.h"
#include "policy/subject.h"
#include "wire/codec.h"
#include "wire/proto.h"

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

struct fields {
	void (*emit)(void *context, const char *name, const char *value, size_t len);
	void *context;
};

static void field_text(const struct fields *f, const char *name, struct record_text text)
{
	if (text.len > 0)
		f->emit(f->context, name, text.bytes, text.len);
}

static void field(const struct fields *f, const char *name, const char *value)
{
	field_text(f, name, record_text(value));
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
	if (!words.failed)
		field_text(f, name, (struct record_text){ words.data, words.len });
}

static void fields_of_request(const struct fields *f, const struct record *record)
{
	field_modes(f, "FDBROKER_MODES", record->modes);
	field_text(f, "FDBROKER_PATH", record->path);
	field_text(f, "FDBROKER_CANONICAL", record->canonical);
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
	field_text(f, "FDBROKER_OTHER_PATH", other->path);
	field_text(f, "FDBROKER_OTHER_CANONICAL", other->canonical);
	field_text(f, "FDBROKER_OTHER_RULE", other->rule);
}

/* What a candidate policy would have done; nothing where it would have done the same. */
static void fields_of_shadow(const struct fields *f, const struct record_shadow *shadow)
{
	if (shadow->kind == SHADOW_NONE)
		return;
	field(f, "FDBROKER_SHADOW", shadows[shadow->kind]);
	field(f, "FDBROKER_SHADOW_REASON", wire_reason_name(shadow->reason));
	field_text(f, "FDBROKER_SHADOW_CONDITION", shadow->condition);
	field_text(f, "FDBROKER_SHADOW_RULE", shadow->rule);
	if (shadow->kind != SHADOW_DENY)
		field(f, "FDBROKER_SHADOW_AUTHORITY", shadow->as_root ? "root" : "caller");
	field_text(f, "FDBROKER_SHADOW_IF", shadow->conditions);
}

static void fields_of_answer(const struct fields *f, const struct record *record)
{
	field(f, "FDBROKER_DECISION", outcomes[record->outcome]);
	field(f, "FDBROKER_REASON", wire_reason_name(record->reason));
	field_text(f, "FDBROKER_CONDITION", record->condition);
	if (record->error != 0)
		field_printf(f, "FDBROKER_ERRNO", "%" PRId32, record->error);
	field_text(f, "FDBROKER_RULE", record->rule);
	if (record->rule_file.len > 0)
		field_printf(f, "FDBROKER_RULE_SRC", "%.*s:%" PRIu32, (int)record->rule_file.len,
			     record->rule_file.bytes, record->rule_line);
	if (record->outcome == RECORD_ALLOW || record->outcome == RECORD_ERROR ||
	    record->outcome == RECORD_COMPLAIN)
		field(f, "FDBROKER_AUTHORITY", record->as_root ? "root" : "caller");
	if (record->outcome == RECORD_ALLOW || record->outcome == RECORD_COMPLAIN)
		field(f, "FDBROKER_DELIVER", policy_deliver_name(record->deliver));
	field_text(f, "FDBROKER_DETAIL", record->detail);
}

/* Supplementary groups; "none" says that there are none, as a field that is missing does not. */
static void field_groups(const struct fields *f, const struct record_who *who)
{
	_cleanup_(text_done) struct text list = TEXT_EMPTY;

	if (who->n_groups > RECORD_GROUPS_MAX)
		return;
	if (who->n_groups == 0)
		text_puts(&list, "none");
	for (uint32_t i = 0; i < who->n_groups; i++)
		text_printf(&list, "%s%u", i > 0 ? "," : "", who->groups[i]);
	if (!list.failed)
		field_text(f, "FDBROKER_GROUPS", (struct record_text){ list.data, list.len });
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

static void fields_of_caller(const struct fields *f, const struct record_who *caller,
			     pid_t sender_pid)
{
	const struct facts *who = &caller->facts;

	field_printf(f, "FDBROKER_UID", "%u", who->uid);
	field_printf(f, "FDBROKER_GID", "%u", who->gid);
	field_groups(f, caller);
	field_printf(f, "FDBROKER_PID", "%d", who->pid);
	if (who->pidfd_ino != 0)
		field_printf(f, "FDBROKER_PIDFD_INO", "%" PRIu64, who->pidfd_ino);
	if (sender_pid != who->pid)
		field_printf(f, "FDBROKER_SENDER_PID", "%d", sender_pid);
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
	struct record_who who _uninitialized_;

	if (record_read_who(record, &who) < 0)
		return;

	field(&f, "FDBROKER_SCHEMA", "1");
	field_printf(&f, "FDBROKER_ID", "%016" PRIx64, record->decision);
	field_printf(&f, "FDBROKER_TIME", "%" PRIu64, record->time_usec);
	field_printf(&f, "FDBROKER_GENERATION", "%" PRIu64, record->generation);
	field(&f, "FDBROKER_POLICY", who.policy);
	fields_of_answer(&f, record);
	fields_of_shadow(&f, &record->shadow);
	fields_of_request(&f, record);
	fields_of_other(&f, &record->other);
	fields_of_caller(&f, &who, record->sender_pid);
	if (record->lost > 0)
		field_printf(&f, "FDBROKER_LOST", "%" PRIu32, record->lost);
	field_printf(&f, "FDBROKER_REPEAT", "%" PRIu32, repeat);
}

/* Nothing, if there is no text. */
static void print_text(const char *before, struct record_text text, struct text *out)
{
	if (text.len == 0)
		return;
	text_puts(out, before);
	text_escape(out, text.bytes, text.len);
}

static void print_other(const struct record_other *other, struct text *out)
{
	if (other->act == 0)
		return;
	text_printf(out, " to %s ", act_name(other->act));
	print_text(other->is_new ? "to " : "from ", other->path, out);
}

static void print_shadow(const struct record_shadow *shadow, struct text *out)
{
	if (shadow->kind == SHADOW_NONE)
		return;
	text_printf(out, "; shadow: %s by", shadows[shadow->kind]);
	print_text(" ", shadow->rule.len > 0 ? shadow->rule : record_text("default"), out);
}

void record_print(const struct record *record, uint32_t repeat, struct text *out)
{
	struct record_who who _uninitialized_;

	if (record_read_who(record, &who) < 0)
		return;
	text_printf(out, "%s ", outcomes[record->outcome]);
	policy_modes_print(record->modes, out);
	text_puts(out, " ");
	text_escape(out, record->path.bytes, record->path.len);
	print_other(&record->other, out);
	text_printf(out, " for uid %u pid %d", who.facts.uid, who.facts.pid);
	print_text(" of ", record_text(who.facts.unit), out);
	text_printf(out, ": %s", wire_reason_name(record->reason));
	print_text(" ", record->condition, out);
	print_text(", rule ", record->rule, out);
	print_text(", ", record->detail, out);
	print_shadow(&record->shadow, out);
	if (repeat > 1)
		text_printf(out, " (%" PRIu32 " times)", repeat);
	text_printf(out, " [%016" PRIx64 "]", record->decision);
}
