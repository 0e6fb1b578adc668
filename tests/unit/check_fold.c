/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fold.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macro.h"
#include "policy/ast.h"
#include "tests/support/suite.h"
#include "wire/proto.h"

#define SECOND UINT64_C(1000000)

/* Borrowed until the next. */
static struct record_text encoded(uint64_t connection)
{
	static char bytes[RECORD_WHO_MAX];
	struct record_who who = { .facts.connection = connection };
	int size = record_write_who(&who, bytes, sizeof(bytes));

	ck_assert_int_gt(size, 0);
	return (struct record_text){ bytes, (size_t)size };
}

static struct record refusal(void)
{
	return (struct record){
		.outcome = RECORD_DENY,
		.reason = WIRE_REASON_RULE,
		.modes = POLICY_READ,
		.lost = 3,
		.who = encoded(0),
		.rule = record_text("00-floor.secrets"),
		.path = record_text("/etc/shadow"),
	};
}

/* Whether it is written at once. */
static bool add(struct fold *fold, const struct record *record, uint64_t now_usec)
{
	uint8_t bytes[RECORD_SIZE_MAX];
	int size = record_write(record, bytes, sizeof(bytes));

	ck_assert_int_gt(size, 0);
	if (fold_counts(fold, bytes, (size_t)size))
		return false;
	fold_begin(fold, bytes, (size_t)size, now_usec);
	return true;
}

START_TEST(fold_writes_the_first_and_counts_the_rest)
{
	struct record record = refusal(), folded;
	struct fold fold;
	uint32_t repeat;

	ck_assert_int_eq(fold_init(&fold), 0);
	ck_assert(add(&fold, &record, 0));
	for (uint64_t i = 1; i <= 36; i++) {
		record.decision = i;
		ck_assert(!add(&fold, &record, i));
	}
	ck_assert_uint_eq(fold_next_usec(&fold), 10 * SECOND);
	ck_assert(!fold_take(&fold, 10 * SECOND - 1, &folded, &repeat));
	ck_assert(fold_take(&fold, 10 * SECOND, &folded, &repeat));
	ck_assert_uint_eq(repeat, 36);
	ck_assert_uint_eq(folded.decision, 36);
	ck_assert_uint_eq(folded.lost, 36 * 3);
	ck_assert_uint_eq(folded.path.len, 11);
	ck_assert_mem_eq(folded.path.bytes, "/etc/shadow", 11);
	ck_assert(!fold_take(&fold, UINT64_MAX, &folded, &repeat));
	ck_assert_uint_eq(fold_next_usec(&fold), UINT64_MAX);
	fold_done(&fold);
}
END_TEST

START_TEST(fold_says_nothing_more_of_what_came_once)
{
	struct record record = refusal(), folded;
	struct fold fold;
	uint32_t repeat;

	ck_assert_int_eq(fold_init(&fold), 0);
	ck_assert(add(&fold, &record, 0));
	ck_assert(!fold_take(&fold, UINT64_MAX, &folded, &repeat));
	ck_assert(add(&fold, &record, 11 * SECOND));
	fold_done(&fold);
}
END_TEST

static void change_path(struct record *r)
{
	r->path = record_text("/etc/shadoz");
}
static void change_outcome(struct record *r)
{
	r->outcome = RECORD_ALLOW;
}
static void change_rule(struct record *r)
{
	r->rule = record_text("00-floor.secretz");
}
static void change_connection(struct record *r)
{
	r->who = encoded(1);
}
static void change_modes(struct record *r)
{
	r->modes = POLICY_APPEND;
}
static void change_sender(struct record *r)
{
	r->sender_pid++;
}
static void change_condition(struct record *r)
{
	r->condition = record_text("links");
}
static void change_canonical(struct record *r)
{
	r->canonical = record_text("/etc/shadow-");
}
static void change_shadow(struct record *r)
{
	r->shadow.kind = SHADOW_ALLOW;
}
static void change_other(struct record *r)
{
	r->other = (struct record_other){ .act = WIRE_OPCODE_LINK, .path = record_text("/x") };
}

static void (*const changes[])(struct record *r) = {
	change_path,   change_outcome,	 change_rule,	   change_connection, change_modes,
	change_sender, change_condition, change_canonical, change_shadow,     change_other,
};

START_TEST(fold_keeps_apart_what_differs)
{
	struct record record = refusal();
	struct fold fold;

	ck_assert_int_eq(fold_init(&fold), 0);
	ck_assert(add(&fold, &record, 0));
	changes[_i](&record);
	ck_assert(add(&fold, &record, 1));
	ck_assert(!add(&fold, &record, 1));
	fold_done(&fold);
}
END_TEST

static void change_word(uint8_t *at, uint64_t by)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	word ^= by;
	memcpy(at, &word, sizeof(word));
}

/* Of two words that are hashed one after the other the second makes up for the first. P80 */
START_TEST(fold_keeps_apart_what_was_made_to_have_the_same_hash)
{
	struct record record = refusal();
	uint8_t a[RECORD_SIZE_MAX], b[RECORD_SIZE_MAX];
	size_t size, at = RECORD_HEAD_SIZE;
	struct fold fold;

	record.path = record_text("///////////////////////////////");
	size = (size_t)record_write(&record, a, sizeof(a));
	memcpy(b, a, size);
	while (a[at] != '/' || at % 8 != RECORD_HEAD_SIZE % 8)
		at++;
	change_word(b + at, 1);
	change_word(b + at + 8, fold_hash(a, at + 8) ^ fold_hash(b, at + 8));
	ck_assert_uint_eq(fold_hash(a, size), fold_hash(b, size));

	ck_assert_int_eq(fold_init(&fold), 0);
	ck_assert(!fold_counts(&fold, a, size));
	fold_begin(&fold, a, size, 0);
	ck_assert(fold_counts(&fold, a, size));
	ck_assert(!fold_counts(&fold, b, size));
	fold_done(&fold);
}
END_TEST

/* Whatever it is, it is looked at before anybody has read it: not beyond its ends. */
START_TEST(fold_looks_at_no_bytes_where_there_is_no_head)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct record record = refusal();
	struct fold fold;
	uint8_t *pages;

	pages = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(mprotect(pages, page, PROT_NONE), 0);
	ck_assert_int_eq(fold_init(&fold), 0);
	ck_assert(add(&fold, &record, 0));
	for (size_t size = 0; size <= RECORD_HEAD_SIZE; size++)
		ck_assert(!fold_counts(&fold, pages + page, size));
	fold_done(&fold);
	munmap(pages, 2 * page);
}
END_TEST

/* More different records than it keeps: written, not dropped, and not forgotten. P80 */
START_TEST(fold_writes_everything_when_it_is_full)
{
	struct record record = refusal();
	struct fold fold;

	ck_assert_int_eq(fold_init(&fold), 0);
	for (uint64_t i = 0; i < FOLD_ENTRIES + 1; i++) {
		record.who = encoded(i);
		ck_assert(add(&fold, &record, 0));
	}
	ck_assert(add(&fold, &record, 0));
	record.who = encoded(0);
	ck_assert(!add(&fold, &record, 0));
	fold_done(&fold);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fold");
	TCase *fold = suite_case(suite, "fold");

	tcase_add_test(fold, fold_writes_the_first_and_counts_the_rest);
	tcase_add_test(fold, fold_says_nothing_more_of_what_came_once);
	tcase_add_loop_test(fold, fold_keeps_apart_what_differs, 0, ELEMENTSOF(changes));
	tcase_add_test(fold, fold_keeps_apart_what_was_made_to_have_the_same_hash);
	tcase_add_test(fold, fold_looks_at_no_bytes_where_there_is_no_head);
	tcase_add_test(fold, fold_writes_everything_when_it_is_full);
	return suite_main(suite);
}
