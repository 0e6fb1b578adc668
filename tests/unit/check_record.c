/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/record.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/text.h"
#include "daemon/record_fields.h"
#include "daemon/sink.h"
#include "policy/ast.h"
#include "policy/policy.h"
#include "policy/subject.h"
#include "tests/support/suite.h"
#include "wire/proto.h"

#define SECOND UINT64_C(1000000)

/* Newline and escape sequence, NUL, and a byte that is not UTF-8: P79. */
static const char evil[] = "/srv/\n<0>fdbroker: \033[31mALLOW\0\xff%n%s";

static uint8_t buffer[RECORD_SIZE_MAX];

static struct record_text encoded(const struct record_who *who)
{
	static char bytes[RECORD_WHO_MAX];
	int size = record_write_who(who, bytes, sizeof(bytes));

	ck_assert_int_gt(size, 0);
	return (struct record_text){ bytes, (size_t)size };
}

static const struct record_who somebody = {
	.facts = { .connection = 9,
		   .pid = 4711,
		   .pidfd_ino = 77,
		   .uid = 33,
		   .gid = 33,
		   .attested =
			   (POLICY_TRAITS | POLICY_FACT_APPARMOR) & ~(uint32_t)POLICY_FACT_PIDNS,
		   .traits = POLICY_FACT_USERNS | POLICY_FACT_SECCOMP,
		   .unit = "a.service",
		   .label = "php-fpm (enforce)" },
	.n_groups = 2,
	.groups = { 33, 107 },
	.policy = "9c1e",
};

static struct record refusal(void)
{
	return (struct record){
		.outcome = RECORD_DENY,
		.time_usec = UINT64_C(1795317783122910),
		.decision = UINT64_C(0x3e16625700000001),
		.generation = 42,
		.reason = WIRE_REASON_CONDITION,
		.error = EACCES,
		.modes = POLICY_READ | POLICY_WRITE,
		.rule_line = 4,
		.lost = 3,
		.sender_pid = 4712,
		.who = encoded(&somebody),
		.object_dev = 1,
		.object_ino = 2,
		.condition = record_text("links"),
		.rule = record_text("20-nginx.tls-key"),
		.rule_file = record_text("/etc/fdbroker/policy.d/20-nginx.fdp"),
		.path = record_text("/etc/ssl/private/site.key"),
		.canonical = record_text("/etc/ssl/private/real.key"),
	};
}

static struct record of_path(const char *path, size_t len)
{
	struct record record = refusal();

	record.path = (struct record_text){ path, len };
	return record;
}

static void collect(void *context, const char *name, const char *value, size_t len)
{
	text_printf(context, "%s=", name);
	text_add(context, value, len);
	text_puts(context, "\n");
}

static char *fields_of(const struct record *record, uint32_t repeat)
{
	struct text text = TEXT_EMPTY;
	char *string;

	record_fields(record, repeat, collect, &text);
	ck_assert_int_eq(text_finish(&text, &string), 0);
	return string;
}

START_TEST(record_reads_what_it_wrote)
{
	struct record wrote = of_path(evil, sizeof(evil) - 1), read;
	int size = record_write(&wrote, buffer, sizeof(buffer));
	char *a = fields_of(&wrote, 1), *b;

	ck_assert_int_gt(size, 0);
	ck_assert_int_eq(record_read(buffer, (size_t)size, &read), 0);
	b = fields_of(&read, 1);
	ck_assert_str_eq(a, b);
	ck_assert_uint_eq(read.path.len, sizeof(evil) - 1);
	ck_assert_mem_eq(read.path.bytes, evil, sizeof(evil) - 1);
	free(a);
	free(b);
}
END_TEST

/* Of one byte alone, which is as good as any. */
static struct record_text filled(char byte, size_t len)
{
	static char bytes[UINT8_MAX][RECORD_PATH_MAX + 1];

	memset(bytes[(uint8_t)byte], byte, sizeof(bytes[0]));
	return (struct record_text){ bytes[(uint8_t)byte], len };
}

/* Every text as long as it can be, or longer; and no number is 0. */
static struct record longest(size_t longer)
{
	static struct record_who who;
	struct record record = refusal();

	who = somebody;
	memset(who.facts.unit, 'u', FACTS_NAME_MAX);
	memset(who.facts.user_unit, 'u', FACTS_NAME_MAX);
	memset(who.facts.slice, 's', FACTS_NAME_MAX);
	memset(who.facts.exe, 'e', FACTS_NAME_MAX);
	memset(who.facts.label, 'l', LABEL_MAX);
	who.n_groups = RECORD_GROUPS_MAX;
	memset(who.policy, '9', sizeof(who.policy) - 1);
	record.who = encoded(&who);
	record.outcome = RECORD_ALLOW;
	record.as_root = 1;
	record.deliver = POLICY_DELIVER_PIPE;
	record.path = filled('p', RECORD_PATH_MAX + longer);
	record.canonical = filled('c', RECORD_PATH_MAX + longer);
	record.rule = filled('r', RECORD_RULE_MAX + longer);
	record.rule_file = filled('f', RECORD_RULE_MAX + longer);
	record.condition = filled('c', RECORD_CONDITION_MAX + longer);
	record.detail = filled('d', RECORD_DETAIL_MAX + longer);
	record.shadow = (struct record_shadow){
		.kind = SHADOW_ALLOW_IF,
		.reason = WIRE_REASON_CONDITION,
		.as_root = 1,
		.condition = filled('c', RECORD_CONDITION_MAX + longer),
		.rule = filled('r', RECORD_RULE_MAX + longer),
		.conditions = filled('c', RECORD_RULE_MAX + longer),
	};
	record.other = (struct record_other){
		.act = WIRE_OPCODE_RENAME,
		.is_new = 1,
		.modes = POLICY_ANY,
		.path = filled('o', RECORD_PATH_MAX + longer),
		.canonical = filled('n', RECORD_PATH_MAX + longer),
		.rule = filled('r', 2 * RECORD_RULE_MAX + 2 + longer),
	};
	return record;
}

START_TEST(record_of_the_longest_names_fits_and_loses_nothing)
{
	struct record wrote = longest(0), read;
	int size = record_write(&wrote, buffer, sizeof(buffer));
	char *a = fields_of(&wrote, 1), *b;

	ck_assert_int_gt(size, 0);
	ck_assert_int_eq(record_read(buffer, (size_t)size, &read), 0);
	b = fields_of(&read, 1);
	ck_assert_str_eq(a, b);
	ck_assert_uint_eq(read.path.len, RECORD_PATH_MAX);
	ck_assert_uint_eq(read.other.path.len, RECORD_PATH_MAX);
	ck_assert_uint_eq(read.other.canonical.len, RECORD_PATH_MAX);
	ck_assert_uint_eq(read.other.rule.len, 2 * RECORD_RULE_MAX + 2);
	free(a);
	free(b);
}
END_TEST

START_TEST(record_of_longer_names_is_cut_and_can_be_read)
{
	struct record wrote = longest(1), cut = longest(0), read;
	int size = record_write(&wrote, buffer, sizeof(buffer));
	char *a = fields_of(&cut, 1), *b;

	ck_assert_int_gt(size, 0);
	ck_assert_int_eq(record_read(buffer, (size_t)size, &read), 0);
	b = fields_of(&read, 1);
	ck_assert_str_eq(a, b);
	free(a);
	free(b);
}
END_TEST

/* P55: of all texts but paths, which are what somebody sent. */
START_TEST(record_with_a_nul_in_a_text_is_refused)
{
	static const struct record_text nul = { "a\0b", 3 };
	struct record records[] = { refusal(), refusal(), refusal(), longest(0), longest(0) };

	records[0].rule = records[1].rule_file = records[2].canonical = nul;
	records[3].shadow.conditions = records[4].other.rule = nul;
	for (size_t i = 0; i < ELEMENTSOF(records); i++) {
		struct record read;
		int size = record_write(&records[i], buffer, sizeof(buffer));

		ck_assert_int_gt(size, 0);
		ck_assert_int_eq(record_read(buffer, (size_t)size, &read), -EBADMSG);
	}
}
END_TEST

/* Whoever it is: nobody reads that again before it is written down. */
START_TEST(record_of_nobody_that_can_be_read_is_refused)
{
	struct record record = refusal(), read;
	int size;

	record.who.len--;
	size = record_write(&record, buffer, sizeof(buffer));
	ck_assert_int_gt(size, 0);
	ck_assert_int_eq(record_read(buffer, (size_t)size, &read), -EBADMSG);
}
END_TEST

START_TEST(record_has_a_head_of_its_own_and_is_otherwise_the_same)
{
	struct record record = refusal();
	uint8_t other[RECORD_SIZE_MAX];
	int size = record_write(&record, buffer, sizeof(buffer));

	record.time_usec++;
	record.decision++;
	record.object_dev++;
	record.object_ino++;
	record.lost = 77;
	ck_assert_int_eq(record_write(&record, other, sizeof(other)), size);
	ck_assert_mem_eq(buffer + RECORD_HEAD_SIZE, other + RECORD_HEAD_SIZE,
			 (size_t)size - RECORD_HEAD_SIZE);
	ck_assert_uint_eq(record_read_lost(buffer), 3);
	ck_assert_uint_eq(record_read_lost(other), 77);
}
END_TEST

START_TEST(record_of_another_act_with_two_names_is_refused)
{
	struct record record = refusal();
	int size;

	record.other.act = WIRE_OPCODE_UNLINK;
	size = record_write(&record, buffer, sizeof(buffer));
	ck_assert_int_eq(record_read(buffer, (size_t)size, &record), -EBADMSG);
}
END_TEST

START_TEST(record_cut_anywhere_is_refused)
{
	struct record record = refusal();
	int size = record_write(&record, buffer, sizeof(buffer));

	for (size_t cut = 0; cut < (size_t)size; cut++)
		ck_assert_int_eq(record_read(buffer, cut, &record), -EBADMSG);
	buffer[size] = 0;
	ck_assert_int_eq(record_read(buffer, (size_t)size + 1, &record), -EBADMSG);
}
END_TEST

/* Behind the numbers it is told which texts, and what else, are there. */
START_TEST(record_of_unknown_parts_is_refused)
{
	const struct record nothing = { 0 };
	struct record record = refusal(), read;
	int last = record_write(&nothing, buffer, sizeof(buffer)) - 1;
	int size = record_write(&record, buffer, sizeof(buffer));

	ck_assert_int_eq(record_read(buffer, (size_t)size, &read), 0);
	buffer[last] |= 1 << 1;
	ck_assert_int_eq(record_read(buffer, (size_t)size, &read), -EBADMSG);
}
END_TEST

START_TEST(record_of_an_unknown_outcome_is_refused)
{
	struct record record = refusal(), read;
	int size;

	record.outcome = RECORD_CLOSED + 1;
	size = record_write(&record, buffer, sizeof(buffer));
	ck_assert_int_eq(record_read(buffer, (size_t)size, &read), -EBADMSG);
}
END_TEST

/* P81 */
START_TEST(record_says_everything_in_stable_fields)
{
	struct record record = refusal();
	char *fields = fields_of(&record, 2);

	ck_assert_str_eq(fields, "FDBROKER_SCHEMA=1\n"
				 "FDBROKER_ID=3e16625700000001\n"
				 "FDBROKER_TIME=1795317783122910\n"
				 "FDBROKER_GENERATION=42\n"
				 "FDBROKER_POLICY=9c1e\n"
				 "FDBROKER_DECISION=deny\n"
				 "FDBROKER_REASON=condition\n"
				 "FDBROKER_CONDITION=links\n"
				 "FDBROKER_ERRNO=13\n"
				 "FDBROKER_RULE=20-nginx.tls-key\n"
				 "FDBROKER_RULE_SRC=/etc/fdbroker/policy.d/20-nginx.fdp:4\n"
				 "FDBROKER_MODES=read, write\n"
				 "FDBROKER_PATH=/etc/ssl/private/site.key\n"
				 "FDBROKER_CANONICAL=/etc/ssl/private/real.key\n"
				 "FDBROKER_OBJECT=1:2\n"
				 "FDBROKER_UID=33\n"
				 "FDBROKER_GID=33\n"
				 "FDBROKER_GROUPS=33,107\n"
				 "FDBROKER_PID=4711\n"
				 "FDBROKER_PIDFD_INO=77\n"
				 "FDBROKER_SENDER_PID=4712\n"
				 "FDBROKER_UNIT=a.service\n"
				 "FDBROKER_LABEL=php-fpm (enforce)\n"
				 "FDBROKER_LSM=apparmor\n"
				 "FDBROKER_NS=host,other,unknown\n"
				 "FDBROKER_NNP=no\n"
				 "FDBROKER_SECCOMP=filter\n"
				 "FDBROKER_CONNECTION=9\n"
				 "FDBROKER_LOST=3\n"
				 "FDBROKER_REPEAT=2\n");
	free(fields);
}
END_TEST

static struct record renaming(void)
{
	struct record record = refusal();

	record.other = (struct record_other){
		.act = WIRE_OPCODE_RENAME,
		.is_new = 1,
		.modes = POLICY_CREATE | POLICY_REMOVE,
		.path = record_text("/srv/\nnew"),
		.canonical = record_text("/data/new"),
		.rule = record_text("a, b"),
	};
	return record;
}

START_TEST(record_tells_of_both_names)
{
	struct record record = renaming();
	char *fields = fields_of(&record, 1);

	ck_assert_ptr_nonnull(strstr(fields, "FDBROKER_PATH=/etc/ssl/private/site.key\n"));
	ck_assert_ptr_nonnull(strstr(fields, "FDBROKER_ACT=rename\n"
					     "FDBROKER_NAME=old\n"
					     "FDBROKER_OTHER_MODES=create, remove\n"
					     "FDBROKER_OTHER_PATH=/srv/\nnew\n"
					     "FDBROKER_OTHER_CANONICAL=/data/new\n"
					     "FDBROKER_OTHER_RULE=a, b\n"));
	free(fields);
}
END_TEST

/* P79 */
START_TEST(record_line_for_a_person_has_both_names_without_control_characters)
{
	struct record record = renaming();
	struct text text = TEXT_EMPTY;

	record_print(&record, 1, &text);
	ck_assert(!text.failed);
	ck_assert_ptr_nonnull(
		strstr(text.data, "/etc/ssl/private/site.key to rename to /srv/\\nnew for uid"));
	text_done(&text);
}
END_TEST

static void groups_field(void *context, const char *name, const char *value, size_t len)
{
	if (strcmp(name, "FDBROKER_GROUPS") == 0)
		text_add(context, value, len);
}

/* No groups is a fact; more than a record holds is none. */
START_TEST(record_tells_no_groups_from_groups_that_are_not_told)
{
	static const struct {
		uint32_t n;
		bool is_told;
	} counts[] = { { 0, true },
		       { RECORD_GROUPS_MAX - 1, true },
		       { RECORD_GROUPS_MAX, true },
		       { RECORD_GROUPS_MAX + 1, false } };
	struct record record = refusal(), read;
	struct record_who who = somebody;

	for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
		_cleanup_(text_done) struct text told = TEXT_EMPTY;
		int size;

		who.n_groups = counts[i].n;
		record.who = encoded(&who);
		size = record_write(&record, buffer, sizeof(buffer));
		ck_assert_int_gt(size, 0);
		ck_assert_int_eq(record_read(buffer, (size_t)size, &read), 0);
		record_fields(&read, 1, groups_field, &told);
		ck_assert_int_eq(told.len > 0, counts[i].is_told);
		if (counts[i].n == 0)
			ck_assert_str_eq(told.data, "none");
	}
}
END_TEST

/* P79 */
START_TEST(record_line_for_a_person_has_no_control_characters)
{
	struct record record = of_path(evil, sizeof(evil) - 1);
	struct text text = TEXT_EMPTY;

	record_print(&record, 1, &text);
	ck_assert(!text.failed);
	for (size_t i = 0; i < text.len; i++)
		ck_assert_int_ge((unsigned char)text.data[i], ' ');
	ck_assert_ptr_nonnull(strstr(text.data, "\\n<0>fdbroker: \\x1b[31mALLOW\\x00\\xff%n%s"));
	text_done(&text);
}
END_TEST

static struct json_object *written_line(const struct record *record)
{
	char line[RECORD_SIZE_MAX], name[] = "/tmp/fdbroker-sink.XXXXXX";
	int fd = mkstemp(name);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	unlink(name);
	ck_assert_int_eq(sink_file(fd, record, 1), 0);
	n = pread(fd, line, sizeof(line) - 1, 0);
	ck_assert_int_gt(n, 0);
	line[n] = '\0';
	ck_assert_ptr_eq(strchr(line, '\n'), line + n - 1);
	fd_close(fd);
	return json_tokener_parse(line);
}

START_TEST(sink_file_writes_one_object_in_one_line)
{
	struct record record = refusal();
	struct json_object *line = written_line(&record);

	ck_assert_str_eq(json_object_get_string(json_object_object_get(line, "path")),
			 record.path.bytes);
	ck_assert_str_eq(json_object_get_string(json_object_object_get(line, "rule_src")),
			 "/etc/fdbroker/policy.d/20-nginx.fdp:4");
	json_object_put(line);
}
END_TEST

/* P79 */
START_TEST(sink_file_keeps_every_byte_of_a_path_that_is_not_text)
{
	struct record record = of_path(evil, sizeof(evil) - 1);
	struct json_object *line = written_line(&record);
	struct json_object *path = json_object_object_get(line, "path");

	ck_assert(json_object_is_type(path, json_type_array));
	ck_assert_uint_eq(json_object_array_length(path), sizeof(evil) - 1);
	for (size_t i = 0; i < sizeof(evil) - 1; i++)
		ck_assert_int_eq(json_object_get_int(json_object_array_get_idx(path, i)),
				 (unsigned char)evil[i]);
	json_object_put(line);
}
END_TEST

START_TEST(sink_file_says_that_the_disk_is_full)
{
	struct record record = refusal();
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(sink_file(fd, &record, 1), -ENOSPC);
	fd_close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("record");
	TCase *record = suite_case(suite, "record"), *sink = suite_case(suite, "sink");

	tcase_add_test(record, record_reads_what_it_wrote);
	tcase_add_test(record, record_of_the_longest_names_fits_and_loses_nothing);
	tcase_add_test(record, record_of_longer_names_is_cut_and_can_be_read);
	tcase_add_test(record, record_with_a_nul_in_a_text_is_refused);
	tcase_add_test(record, record_of_nobody_that_can_be_read_is_refused);
	tcase_add_test(record, record_has_a_head_of_its_own_and_is_otherwise_the_same);
	tcase_add_test(record, record_of_another_act_with_two_names_is_refused);
	tcase_add_test(record, record_tells_of_both_names);
	tcase_add_test(record, record_line_for_a_person_has_both_names_without_control_characters);
	tcase_add_test(record, record_cut_anywhere_is_refused);
	tcase_add_test(record, record_of_unknown_parts_is_refused);
	tcase_add_test(record, record_of_an_unknown_outcome_is_refused);
	tcase_add_test(record, record_says_everything_in_stable_fields);
	tcase_add_test(record, record_tells_no_groups_from_groups_that_are_not_told);
	tcase_add_test(record, record_line_for_a_person_has_no_control_characters);
	tcase_add_test(sink, sink_file_writes_one_object_in_one_line);
	tcase_add_test(sink, sink_file_keeps_every_byte_of_a_path_that_is_not_text);
	tcase_add_test(sink, sink_file_says_that_the_disk_is_full);
	return suite_main(suite);
}
