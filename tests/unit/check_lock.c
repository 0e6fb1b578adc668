/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/lock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/support/suite.h"

#define THREADS 4U
#define ROUNDS	50000U

#define DEADLINE_SEC 30 /* who is not woken sleeps for ever */

/* What a thread does, and where it sleeps. */
struct sleeper {
	pthread_t thread;
	_Atomic pid_t id;
	bool done;
};

static struct lock lock;
static struct bell bell;
static volatile unsigned count; /* the lock's; each step of counting is seen by itself */

static void await_sleep(const struct sleeper *sleeper)
{
	long number = -1;

	while (number != SYS_futex) {
		char path[64];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", sleeper->id);
		file = fopen(path, "re");
		if (!file || fscanf(file, "%ld", &number) != 1)
			number = -1;
		if (file)
			fclose(file);
	}
}

/* Before any thread was made: then no instruction is locked. */
START_TEST(who_is_alone_has_a_lock_until_he_gives_it_back)
{
	for (int again = 0; again < 2; again++) {
		lock_take(&lock);
		ck_assert_uint_eq(lock.state, LOCK_TAKEN);
		lock_release(&lock);
		ck_assert_uint_eq(lock.state, LOCK_FREE);
	}
}
END_TEST

static void *count_up(void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < ROUNDS; i++) {
		lock_take(&lock);
		count++;
		lock_release(&lock);
	}
	return NULL;
}

START_TEST(one_at_a_time_has_a_lock)
{
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count_up, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(count, THREADS * ROUNDS);
	ck_assert_uint_eq(lock.state, LOCK_FREE);
}
END_TEST

static void *take_and_release(void *argument)
{
	struct sleeper *sleeper = argument;

	sleeper->id = gettid();
	lock_take(&lock);
	sleeper->done = true;
	lock_release(&lock);
	return NULL;
}

START_TEST(all_who_sleep_for_a_lock_get_it)
{
	struct sleeper sleepers[3] = { { .done = false } };

	lock_take(&lock);
	for (size_t i = 0; i < ELEMENTSOF(sleepers); i++) {
		struct sleeper *sleeper = &sleepers[i];

		ck_assert_int_eq(pthread_create(&sleeper->thread, NULL, take_and_release, sleeper),
				 0);
		while (sleeper->id == 0)
			continue;
		await_sleep(sleeper);
		ck_assert(!sleeper->done);
	}
	lock_release(&lock);
	for (size_t i = 0; i < ELEMENTSOF(sleepers); i++) {
		ck_assert_int_eq(pthread_join(sleepers[i].thread, NULL), 0);
		ck_assert(sleepers[i].done);
	}
}
END_TEST

static void *await_bell(void *argument)
{
	struct sleeper *sleeper = argument;

	sleeper->id = gettid();
	bell_await(&bell);
	return NULL;
}

START_TEST(who_awaits_a_bell_sleeps_until_it_is_rung)
{
	struct sleeper sleeper = { .done = false };

	ck_assert_int_eq(pthread_create(&sleeper.thread, NULL, await_bell, &sleeper), 0);
	while (sleeper.id == 0)
		continue;
	await_sleep(&sleeper);
	bell_ring(&bell);
	ck_assert_int_eq(pthread_join(sleeper.thread, NULL), 0);
	bell_await(&bell); /* rung before: nobody sleeps */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lock");
	TCase *tcase = suite_case(suite, "lock");

	tcase_set_timeout(tcase, DEADLINE_SEC);
	tcase_add_test(tcase, who_is_alone_has_a_lock_until_he_gives_it_back);
	tcase_add_test(tcase, one_at_a_time_has_a_lock);
	tcase_add_test(tcase, all_who_sleep_for_a_lock_get_it);
	tcase = suite_case(suite, "bell");
	tcase_set_timeout(tcase, DEADLINE_SEC);
	tcase_add_test(tcase, who_awaits_a_bell_sleeps_until_it_is_rung);
	return suite_main(suite);
}
