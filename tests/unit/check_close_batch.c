/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* fdbroker_close_batch(): what is in the requests is closed, and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/confined.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

#define BASE 100 /* the numbers from here on are open before */
#define OPEN 16
#define MOST 8
#define NO   (-EACCES) /* was not opened */

/* What a child ends with. */
enum {
	RIGHT = 0,
	NOT_CLOSED = 1,
	CLOSED_TOO_MUCH,
	CLOSED_TOO_EARLY,
	WRONG_FD,
	WRONG_ERRNO,
	NO_START = CONFINED_NO_SANDBOX,
};

/* What is in the requests: places behind BASE, or NO. */
struct list {
	const char *name;
	size_t n;
	int fds[MOST];
	bool by_runs; /* not one of them needs close(2) */
};

static const struct list lists[] = {
	{ "a run", 4, { 2, 3, 4, 5 }, true },
	{ "one", 1, { 7 }, false },
	{ "two runs", 5, { 2, 3, 4, 7, 8 }, true },
	{ "a hole", 3, { 2, 3, 5 }, false },
	{ "holes", 4, { 1, 3, 5, 7 }, false },
	{ "some failed", 7, { NO, 2, NO, 3, 4, 5, NO }, true },
	{ "all failed", 2, { NO, NO }, true },
	{ "descending", 4, { 6, 5, 4, 3 }, false },
	{ "unordered", 6, { 9, 2, 3, 8, 1, 4 }, false },
	{ "a later one goes on with an earlier run", 4, { 2, 3, 9, 4 }, false },
	{ "the first and the last of what stays", 2, { 2, 6 }, false },
	{ "twice in a row", 4, { 2, 2, 3, 4 }, true },
	{ "twice", 5, { 2, 3, 4, 3, 9 }, false },
	{ "twice, and the run goes on", 5, { 2, 3, 2, 4, 5 }, true },
	{ "the last twice", 4, { 2, 3, 6, 6 }, false },
};

static bool has(const struct list *list, int place)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->fds[i] == place)
			return true;
	return false;
}

static bool begin(const struct list *list, struct fdbroker_request *requests)
{
	for (int i = 0; i < OPEN; i++)
		if (dup2(0, BASE + i) < 0)
			return false;
	for (size_t i = 0; i < list->n; i++)
		requests[i].fd = list->fds[i] < 0 ? list->fds[i] : BASE + list->fds[i];
	return true;
}

static int look(const struct list *list, const struct fdbroker_request *requests)
{
	for (int i = 0; i < OPEN; i++)
		if ((fcntl(BASE + i, F_GETFD) < 0) != has(list, i))
			return has(list, i) ? NOT_CLOSED : CLOSED_TOO_MUCH;
	for (size_t i = 0; i < list->n; i++)
		if (requests[i].fd != (list->fds[i] < 0 ? list->fds[i] : -EBADF))
			return WRONG_FD;
	return RIGHT;
}

static int close_list(const struct list *list)
{
	struct fdbroker_request requests[MOST] = { 0 };

	if (!begin(list, requests))
		return NO_START;
	errno = E2BIG;
	fdbroker_close_batch(requests, list->n);
	return errno == E2BIG ? look(list, requests) : WRONG_ERRNO;
}

static int close_as_it_is(const void *list)
{
	return close_list(list);
}

START_TEST(what_is_in_the_list_is_closed)
{
	int got = forked_run(close_as_it_is, &lists[_i]);

	ck_assert_msg(got == RIGHT, "%s: %d", lists[_i].name, got);
}
END_TEST

/* From now on @nr ends with @action, if its first argument is @argument, or is anything where that is
 * negative. */
static bool meddle(int nr, int argument, uint32_t action)
{
	struct sock_filter program[] = {
		FILTER_LOAD(offsetof(struct seccomp_data, nr)),
		FILTER_UNLESS(nr, 3),
		FILTER_LOAD(FILTER_ARGUMENT(0)),
		argument < 0 ? (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 0)
			     : (struct sock_filter)FILTER_UNLESS(argument, 1),
		FILTER_RETURN(action),
		FILTER_RETURN(SECCOMP_RET_ALLOW),
	};

	return confined_load(program, ELEMENTSOF(program)) == 0;
}

static int close_without_range(const void *list)
{
	if (!meddle(SYS_close_range, -1, SECCOMP_RET_ERRNO | ENOSYS))
		return NO_START;
	return close_list(list);
}

static int close_refused_range(const void *list)
{
	if (!meddle(SYS_close_range, -1, SECCOMP_RET_ERRNO | EPERM))
		return NO_START;
	return close_list(list);
}

START_TEST(without_close_range_they_are_closed_one_by_one)
{
	int got = forked_run(close_without_range, &lists[_i]);

	ck_assert_msg(got == RIGHT, "ENOSYS: %s: %d", lists[_i].name, got);
	got = forked_run(close_refused_range, &lists[_i]);
	ck_assert_msg(got == RIGHT, "EPERM: %s: %d", lists[_i].name, got);
}
END_TEST

static int close_by_runs(const void *list)
{
	if (!meddle(SYS_close, -1, SECCOMP_RET_ERRNO | EPERM))
		return NO_START;
	return close_list(list);
}

START_TEST(a_run_is_closed_by_one_call)
{
	int got = forked_run(close_by_runs, &lists[_i]);

	ck_assert_msg(got == (lists[_i].by_runs ? RIGHT : NOT_CLOSED), "%s: %d", lists[_i].name,
		      got);
}
END_TEST

/* What another thread might do while closing goes on: when close(2) comes to @at, it is given the number
 * @taken, if that is free by then. */
static const struct taking {
	const char *name;
	struct list list;
	int at, taken;
	bool free;
} takings[] = {
	{ "by itself", { .n = 3, .fds = { 2, 6, 2 } }, 6, 2, true },
	{ "a number of a run", { .n = 5, .fds = { 2, 3, 4, 8, 3 } }, 8, 3, true },
	{ "a run within a run", { .n = 7, .fds = { 2, 3, 4, 5, 8, 3, 4 } }, 8, 4, true },
	{ "a run that begins in another", { .n = 6, .fds = { 2, 3, 8, 3, 4, 5 } }, 8, 3, true },
	{ "between failed ones", { .n = 6, .fds = { 2, NO, 6, NO, 2, NO } }, 6, 2, true },
	{ "before what would lead to it", { .n = 5, .fds = { 2, 8, 4, 3, 4 } }, 8, 4, false },
};

static int wanted;
static volatile sig_atomic_t taken;

static void take(int signal)
{
	(void)signal;
	if (fcntl(wanted, F_GETFD) < 0 && dup2(0, wanted) >= 0)
		taken = true;
}

static int close_what_is_taken(const void *argument)
{
	const struct taking *taking = argument;
	struct fdbroker_request requests[MOST] = { 0 };

	wanted = BASE + taking->taken;
	signal(SIGSYS, take);
	if (!begin(&taking->list, requests) ||
	    !meddle(SYS_close, BASE + taking->at, SECCOMP_RET_TRAP))
		return NO_START;
	fdbroker_close_batch(requests, taking->list.n);
	if (taken != taking->free)
		return taken ? CLOSED_TOO_EARLY : NOT_CLOSED;
	if (fcntl(wanted, F_GETFD) < 0)
		return taken ? CLOSED_TOO_MUCH : RIGHT;
	return taken ? RIGHT : NOT_CLOSED;
}

START_TEST(a_number_is_closed_once)
{
	int got = forked_run(close_what_is_taken, &takings[_i]);

	ck_assert_msg(got == RIGHT, "%s: %d", takings[_i].name, got);
}
END_TEST

static int close_again(const void *unused)
{
	struct fdbroker_request requests[MOST] = { 0 };

	(void)unused;
	if (!begin(&lists[0], requests))
		return NO_START;
	fdbroker_close_batch(requests, lists[0].n);
	for (int i = 0; i < OPEN; i++)
		dup2(0, BASE + i);
	fdbroker_close_batch(requests, lists[0].n);
	for (int i = 0; i < OPEN; i++)
		if (fcntl(BASE + i, F_GETFD) < 0)
			return CLOSED_TOO_MUCH;
	return RIGHT;
}

START_TEST(a_second_time_nothing_is_closed)
{
	ck_assert_int_eq(forked_run(close_again, NULL), RIGHT);
}
END_TEST

START_TEST(of_nothing_nothing_is_closed)
{
	struct fdbroker_request request = { .fd = 0 };

	fdbroker_close_batch(NULL, 0);
	fdbroker_close_batch(NULL, 3);
	fdbroker_close_batch(&request, 0);
	ck_assert_int_eq(request.fd, 0);
	ck_assert_int_ge(fcntl(0, F_GETFD), 0);
}
END_TEST

/* Who has closed his standard input may get its number. */
static int close_the_lowest(const void *unused)
{
	struct fdbroker_request requests[] = { { .fd = 0 }, { .fd = 1 }, { .fd = 3 } };

	(void)unused;
	if (dup2(0, 1) < 0 || dup2(0, 2) < 0 || dup2(0, 3) < 0)
		return NO_START;
	fdbroker_close_batch(requests, ELEMENTSOF(requests));
	for (int fd = 0; fd <= 3; fd++)
		if ((fcntl(fd, F_GETFD) < 0) != (fd != 2))
			return fd == 2 ? CLOSED_TOO_MUCH : NOT_CLOSED;
	return RIGHT;
}

START_TEST(zero_is_a_descriptor)
{
	ck_assert_int_eq(forked_run(close_the_lowest, NULL), RIGHT);
}
END_TEST

/* The connection is between them: what is around it is closed by two calls, or, where it is @mine, one by
 * one. */
static int close_in_the_sandbox(const void *mine)
{
	struct fdbroker_request requests[5] = { 0 };
	size_t n = 0;

	if (!mine && !meddle(SYS_close, -1, SECCOMP_RET_ERRNO | EPERM))
		return NO_START;
	confined_enter();
	for (int fd = CONFINED_BROKER - 2; fd <= CONFINED_BROKER + 2; fd++)
		if (fd != CONFINED_BROKER || mine)
			requests[n++].fd = fd;
	for (size_t i = 0; i < n; i++)
		if (requests[i].fd != CONFINED_BROKER && dup2(0, requests[i].fd) < 0)
			return NO_START;
	fdbroker_close_batch(requests, n);
	for (int fd = CONFINED_BROKER - 2; fd <= CONFINED_BROKER + 2; fd++)
		if ((fcntl(fd, F_GETFD) < 0) != (fd != CONFINED_BROKER))
			return fd == CONFINED_BROKER ? CLOSED_TOO_MUCH : NOT_CLOSED;
	return RIGHT;
}

START_TEST(in_the_sandbox_all_but_the_connection_is_closed)
{
	ck_assert_int_eq(forked_run(close_in_the_sandbox, NULL), RIGHT);
	ck_assert_int_eq(forked_run(close_in_the_sandbox, "the connection, too"), RIGHT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("close_batch");
	TCase *tcase = suite_case(suite, "lists");

	tcase_add_loop_test(tcase, what_is_in_the_list_is_closed, 0, (int)ELEMENTSOF(lists));
	tcase_add_loop_test(tcase, without_close_range_they_are_closed_one_by_one, 0,
			    (int)ELEMENTSOF(lists));
	tcase_add_loop_test(tcase, a_run_is_closed_by_one_call, 0, (int)ELEMENTSOF(lists));
	tcase_add_loop_test(tcase, a_number_is_closed_once, 0, (int)ELEMENTSOF(takings));
	tcase_add_test(tcase, a_second_time_nothing_is_closed);
	tcase_add_test(tcase, of_nothing_nothing_is_closed);
	tcase_add_test(tcase, zero_is_a_descriptor);
	tcase_add_test(tcase, in_the_sandbox_all_but_the_connection_is_closed);
	return suite_main(suite);
}
