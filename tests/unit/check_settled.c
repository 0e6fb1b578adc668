/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/settled.h"

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/support/confined.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

#define ALICE 30000
#define BOB   30001

/* By bare calls, which are of this thread alone. False is for who must not go on. */
static bool have_ids(const uid_t *uids, const gid_t *gids)
{
	return syscall(SYS_setresgid, gids[0], gids[1], gids[2]) == 0 &&
	       syscall(SYS_setresuid, uids[0], uids[1], uids[2]) == 0;
}

static bool be_alice(void)
{
	static const uid_t alice[] = { ALICE, ALICE, ALICE };

	return have_ids(alice, alice);
}

static bool have_capabilities(uint32_t permitted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .permitted = permitted },
	};

	return syscall(SYS_capset, &header, data) == 0;
}

#define CAPS(n) (UINT32_C(1) << (n))

/* P38, P39: real, effective and saved ids, and what is permitted. */
static const struct row {
	const char *name;
	uid_t uids[3];
	gid_t gids[3];
	uint32_t capabilities;
	bool settled;
} rows[] = {
	{ "Alice", { ALICE, ALICE, ALICE }, { ALICE, ALICE, ALICE }, 0, true },
	{ "Alice, of another group", { ALICE, ALICE, ALICE }, { BOB, BOB, BOB }, 0, true },
	{ "Bob really", { BOB, ALICE, ALICE }, { ALICE, ALICE, ALICE }, 0, false },
	{ "Bob effectively", { ALICE, BOB, ALICE }, { ALICE, ALICE, ALICE }, 0, false },
	{ "Bob before", { ALICE, ALICE, BOB }, { ALICE, ALICE, ALICE }, 0, false },
	{ "root before", { ALICE, ALICE, 0 }, { ALICE, ALICE, ALICE }, 0, false },
	{ "really of Bob's group", { ALICE, ALICE, ALICE }, { BOB, ALICE, ALICE }, 0, false },
	{ "effectively of it", { ALICE, ALICE, ALICE }, { ALICE, BOB, ALICE }, 0, false },
	{ "of it before", { ALICE, ALICE, ALICE }, { ALICE, ALICE, BOB }, 0, false },
	{ "may raise CAP_SETUID",
	  { ALICE, ALICE, ALICE },
	  { ALICE, ALICE, ALICE },
	  CAPS(CAP_SETUID),
	  false },
	{ "may raise CAP_SETGID",
	  { ALICE, ALICE, ALICE },
	  { ALICE, ALICE, ALICE },
	  CAPS(CAP_SETGID),
	  false },
	{ "root", { 0, 0, 0 }, { 0, 0, 0 }, CAPS(CAP_SETUID), false },
	{ "root without capabilities", { 0, 0, 0 }, { 0, 0, 0 }, 0, true },
};

static int be_somebody(const void *argument)
{
	const struct row *row = argument;

	/* Capabilities last: until then it needs them. */
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || !have_ids(row->uids, row->gids) ||
	    !have_capabilities(row->capabilities))
		return 2;
	return settled();
}

START_TEST(a_thread_is_settled_that_has_one_id_and_cannot_have_another)
{
	ck_assert_msg(forked_run(be_somebody, &rows[_i]) == rows[_i].settled, "%s", rows[_i].name);
}
END_TEST

/* What it says may be true at that time only: so it is not believed. */
static int lose_capabilities_later(const void *unused)
{
	(void)unused;
	if (settled() || !be_alice())
		return 2;
	if (settled())
		return 3;
	settled_forget();
	return settled() ? 0 : 4;
}

START_TEST(a_thread_that_was_not_settled_is_looked_at_anew_when_it_connects)
{
	ck_assert_int_eq(forked_run(lose_capabilities_later, NULL), 0);
}
END_TEST

static void *be_alice_and_ask(void *ret)
{
	*(bool *)ret = be_alice() && settled();
	return NULL;
}

static bool ask_in_a_thread(void)
{
	bool answer = false;
	pthread_t thread;

	if (pthread_create(&thread, NULL, be_alice_and_ask, &answer) != 0)
		return false;
	pthread_join(thread, NULL);
	return answer;
}

static int have_a_thread_that_is(const void *unused)
{
	(void)unused;
	return ask_in_a_thread() && !settled() ? 0 : 1;
}

static int have_a_thread_that_is_not(const void *unused)
{
	(void)unused;
	return !settled() && ask_in_a_thread() && !settled() ? 0 : 1;
}

/* setresuid(2) by itself is of one thread. */
START_TEST(one_thread_is_settled_and_another_is_not)
{
	ck_assert_int_eq(forked_run(have_a_thread_that_is, NULL), 0);
	ck_assert_int_eq(forked_run(have_a_thread_that_is_not, NULL), 0);
}
END_TEST

static int ask(const void *unused)
{
	(void)unused;
	return settled();
}

static int be_alice_and_have_a_child(const void *unused)
{
	(void)unused;
	if (!be_alice() || !settled())
		return 2;
	return forked_run(ask, NULL);
}

START_TEST(a_child_of_a_settled_thread_is_settled)
{
	ck_assert_int_eq(forked_run(be_alice_and_have_a_child, NULL), 1);
}
END_TEST

static int be_alice_in_borrowed_memory(void *unused)
{
	(void)unused;
	return be_alice() && !settled() ? 0 : 1;
}

static int lend_memory(const void *unused)
{
	static _Alignas(64) char stack[256 * 1024];
	int status;
	pid_t pid;

	(void)unused;
	pid = clone(be_alice_in_borrowed_memory, stack + sizeof(stack),
		    CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return 2;
	return settled();
}

START_TEST(what_is_true_of_a_child_that_borrows_our_memory_is_not_of_us)
{
	ck_assert_int_eq(forked_run(lend_memory, NULL), 0);
}
END_TEST

/* As a sandbox may that is not ours. */
static const struct refused {
	int call, error;
} refused[] = {
	{ SYS_getresuid, EPERM }, { SYS_getresgid, EPERM },	  { SYS_capget, EPERM },
	{ SYS_capget, ENOSYS },	  { SYS_get_robust_list, EPERM },
};

static int be_refused(const void *argument)
{
	const struct refused *row = argument;
	struct sock_filter program[] = {
		FILTER_LOAD(offsetof(struct seccomp_data, nr)),
		FILTER_UNLESS(row->call, 1),
		FILTER_RETURN(SECCOMP_RET_ERRNO | (uint32_t)row->error),
		FILTER_RETURN(SECCOMP_RET_ALLOW),
	};

	if (!be_alice() || confined_load(program, ELEMENTSOF(program)) < 0)
		return 2;
	return settled();
}

START_TEST(a_thread_that_may_not_ask_is_not_settled)
{
	ck_assert_int_eq(forked_run(be_refused, &refused[_i]), 0);
}
END_TEST

static int enter_the_sandbox(const void *unused)
{
	(void)unused;
	if (!be_alice())
		return 2;
	confined_enter();
	return settled();
}

START_TEST(our_sandbox_lets_it_ask)
{
	ck_assert_int_eq(forked_run(enter_the_sandbox, NULL), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settled");
	TCase *tcase = suite_case(suite, "settled");

	if (geteuid() != 0)
		return 77;
	tcase_add_loop_test(tcase, a_thread_is_settled_that_has_one_id_and_cannot_have_another, 0,
			    ELEMENTSOF(rows));
	tcase_add_test(tcase, a_thread_that_was_not_settled_is_looked_at_anew_when_it_connects);
	tcase_add_test(tcase, one_thread_is_settled_and_another_is_not);
	tcase_add_test(tcase, a_child_of_a_settled_thread_is_settled);
	tcase_add_test(tcase, what_is_true_of_a_child_that_borrows_our_memory_is_not_of_us);
	tcase_add_loop_test(tcase, a_thread_that_may_not_ask_is_not_settled, 0,
			    ELEMENTSOF(refused));
	tcase_add_test(tcase, our_sandbox_lets_it_ask);
	return suite_main(suite);
}
