/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/discards.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/macro.h"
#include "daemon/limits.h"
#include "daemon/places.h"
#include "daemon/workers.h"
#include "tests/support/suite.h"

/* What waits to be closed, beside workers that have a place or not as each case likes. */

#define FILES 1024U	       /* of the process: an eighth of them may wait */
#define MANY  (FILES / 8 - 16) /* but for those that are reserved: quota.h */

static struct workers all;
static struct worker worker = { .all = &all };
static bool has_place, leads, distrusted;
static unsigned int asked, closed;

int worker_leave(struct worker *w, struct session *session, uid_t uid)
{
	(void)session;
	asked++;
	if (!has_place)
		return -EAGAIN;
	w->is_away = true;
	w->uid = uid;
	leads = false;
	return 0;
}

bool worker_leads(const struct worker *w)
{
	(void)w;
	return leads;
}

bool places_distrust(const struct workers *w, uid_t uid)
{
	(void)w;
	(void)uid;
	return distrusted;
}

void worker_begin(struct worker *w, struct exchange *x, uid_t uid)
{
	(void)w;
	(void)x;
	(void)uid;
	closed++;
}

void worker_end(struct worker *w)
{
	(void)w;
}

static void come_home(void)
{
	worker.is_away = false;
	discards_have_place(&all.discards);
}

static void close_all(void)
{
	has_place = true;
	while (all.discards.waiting.n > 0) {
		come_home();
		discards_close(&worker);
	}
}

static void set_up(void)
{
	ck_assert_int_eq(discards_init(&all.discards, FILES), 0);
	has_place = distrusted = worker.is_away = false;
	leads = true;
	asked = closed = 0;
}

static void add(unsigned int n, uid_t uid, enum discard_cost cost)
{
	for (unsigned int i = 0; i < n; i++) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		ck_assert_int_ge(fd, 0);
		discards_add(&all, fd, uid, cost);
	}
	discards_close(&worker);
}

START_TEST(discards_that_are_cheap_are_closed_at_once)
{
	add(1, 1, DISCARD_CHEAP);
	ck_assert_uint_eq(closed, 1);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

/* By so many calls; none is closed that was not given, though its number is among them. */
#define NUMBERS 5
#define FIRST	200

#define CHEAP(number, uid)                                                                         \
	{                                                                                          \
		(number), (uid), DISCARD_CHEAP                                                     \
	}

static const struct {
	const char *name;
	struct {
		int number;
		uid_t uid;
		enum discard_cost cost;
	} given[3];
	unsigned int calls;
} runs[] = {
	{ "one behind the other", { CHEAP(0, 1), CHEAP(1, 1), CHEAP(2, 1) }, 1 },
	{ "a gap", { CHEAP(0, 1), CHEAP(2, 1), CHEAP(3, 1) }, 2 },
	{ "backwards", { CHEAP(2, 1), CHEAP(1, 1), CHEAP(0, 1) }, 3 },
	{ "of two uids", { CHEAP(0, 1), CHEAP(1, 2), CHEAP(2, 2) }, 2 },
	{ "one that may block", { CHEAP(0, 1), { 1, 1, DISCARD_DEAR }, CHEAP(2, 1) }, 2 },
};

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void open_numbers(bool is_left[NUMBERS])
{
	for (int i = 0; i < NUMBERS; i++) {
		ck_assert_int_eq(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FIRST + i), FIRST + i);
		is_left[i] = true;
	}
}

START_TEST(discards_that_follow_each_other_are_closed_together)
{
	bool is_left[NUMBERS];

	open_numbers(is_left);
	for (size_t i = 0; i < ELEMENTSOF(runs[_i].given); i++) {
		int number = runs[_i].given[i].number;
		enum discard_cost cost = runs[_i].given[i].cost;

		discards_add(&all, FIRST + number, runs[_i].given[i].uid, cost);
		is_left[number] = cost == DISCARD_DEAR;
	}
	discards_close(&worker);
	ck_assert_msg(closed == runs[_i].calls, "%s: %u calls", runs[_i].name, closed);
	for (int i = 0; i < NUMBERS; i++)
		ck_assert_msg(is_open(FIRST + i) == is_left[i], "%s: %d", runs[_i].name, i);
	close_all();
	for (int i = 0; i < NUMBERS; i++)
		close(FIRST + i);
}
END_TEST

static const struct {
	const char *name;
	int numbers[3];
	unsigned int calls;
} lots[] = {
	{ "one behind the other", { 1, 2, 3 }, 1 },
	{ "the first one apart", { 0, 2, 3 }, 2 },
	{ "the last one apart", { 0, 1, 4 }, 2 },
	{ "backwards", { 2, 1, 0 }, 3 },
};

START_TEST(discards_of_a_batch_are_closed_and_no_others)
{
	bool is_left[NUMBERS];
	int fds[ELEMENTSOF(lots[0].numbers)];

	open_numbers(is_left);
	for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
		fds[i] = FIRST + lots[_i].numbers[i];
		is_left[lots[_i].numbers[i]] = false;
	}
	discards_add_cheap(&all, fds, ELEMENTSOF(fds), 1);
	discards_close(&worker);
	ck_assert_msg(closed == lots[_i].calls, "%s: %u calls", lots[_i].name, closed);
	for (int i = 0; i < NUMBERS; i++) {
		ck_assert_msg(is_open(FIRST + i) == is_left[i], "%s: %d", lots[_i].name, i);
		close(FIRST + i);
	}
}
END_TEST

/* P50: whoever has something waiting is not looked at with each request of everybody's. */
START_TEST(discards_that_wait_are_looked_at_when_there_is_a_place)
{
	add(MANY, 1, DISCARD_DEAR);
	ck_assert_uint_eq(asked, MANY);
	for (int i = 0; i < 1000; i++)
		add(1, 2, DISCARD_CHEAP);
	ck_assert_uint_eq(asked, MANY);
	ck_assert_uint_eq(closed, 1000);
	discards_have_place(&all.discards);
	discards_close(&worker);
	ck_assert_uint_eq(asked, MANY + 64);
	ck_assert_uint_eq(closed, 1000);
}
END_TEST

START_TEST(discards_that_wait_are_all_closed_when_there_are_places)
{
	add(MANY, 1, DISCARD_DEAR);
	add(1, 2, DISCARD_DEAR);
	has_place = true;
	for (int i = 0; i < 8 && closed < MANY + 1; i++) {
		come_home();
		discards_close(&worker);
	}
	ck_assert_uint_eq(closed, MANY + 1);
	ck_assert_uint_eq(all.discards.quota.taken, 0);
}
END_TEST

/* P50: somebody else's is reached, behind however many. */
START_TEST(discards_of_another_do_not_wait_for_ever)
{
	add(MANY, 1, DISCARD_DEAR);
	add(1, 2, DISCARD_DEAR);
	for (int i = 0; i < 8 && asked < 3 * MANY; i++) {
		discards_have_place(&all.discards);
		discards_close(&worker);
	}
	ck_assert_uint_ge(asked, 3 * MANY);
	ck_assert_uint_eq(quota_of(&all.discards.quota, 2), 1);
}
END_TEST

/* P32: more than may wait are closed all the same, or nobody could have a descriptor. */
START_TEST(discards_that_are_too_many_do_not_wait)
{
	add(FILES, 1, DISCARD_DEAR);
	ck_assert_uint_eq(closed, FILES - MANY);
	ck_assert_uint_eq(all.discards.waiting.n, MANY);
	ck_assert_uint_eq(all.discards.fresh.n, 0);
}
END_TEST

START_TEST(discards_of_the_distrusted_wait)
{
	distrusted = true;
	add(2, 1, DISCARD_CHEAP);
	ck_assert_uint_eq(closed, 0);
	distrusted = false;
	discards_close(&worker);
	ck_assert_uint_eq(closed, 0);
	ck_assert_uint_eq(all.discards.quota.taken, 2);
	discards_have_place(&all.discards);
	discards_close(&worker);
	ck_assert_uint_eq(closed, 1);
	ck_assert_uint_eq(all.discards.quota.taken, 0);
}
END_TEST

/* A thread that does not lead leaves what needs no place to the one that does. */
START_TEST(discards_of_who_does_not_lead_are_left_to_the_leader)
{
	leads = false;
	add(1, 1, DISCARD_CHEAP);
	ck_assert_uint_eq(closed, 0);
	leads = true;
	discards_close(&worker);
	ck_assert_uint_eq(closed, 1);
}
END_TEST

START_TEST(discards_are_many_of_one_uid_alone)
{
	quota_done(&all.discards.quota);
	ck_assert_int_eq(discards_init(&all.discards, LIMIT_FILES), 0);
	add(LIMIT_DISCARDS_PER_UID - 1, 1, DISCARD_DEAR);
	add(1, 2, DISCARD_DEAR);
	ck_assert(!discards_are_many(&all, 1));
	add(1, 1, DISCARD_DEAR);
	ck_assert(discards_are_many(&all, 1));
	ck_assert(!discards_are_many(&all, 2));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("discards");
	TCase *tcase = suite_case(suite, "discards");

	tcase_add_checked_fixture(tcase, set_up, close_all);
	tcase_add_test(tcase, discards_that_are_cheap_are_closed_at_once);
	tcase_add_loop_test(tcase, discards_that_follow_each_other_are_closed_together, 0,
			    ELEMENTSOF(runs));
	tcase_add_loop_test(tcase, discards_of_a_batch_are_closed_and_no_others, 0,
			    ELEMENTSOF(lots));
	tcase_add_test(tcase, discards_that_wait_are_looked_at_when_there_is_a_place);
	tcase_add_test(tcase, discards_that_wait_are_all_closed_when_there_are_places);
	tcase_add_test(tcase, discards_of_another_do_not_wait_for_ever);
	tcase_add_test(tcase, discards_that_are_too_many_do_not_wait);
	tcase_add_test(tcase, discards_of_the_distrusted_wait);
	tcase_add_test(tcase, discards_of_who_does_not_lead_are_left_to_the_leader);
	tcase_add_test(tcase, discards_are_many_of_one_uid_alone);
	return suite_main(suite);
}
