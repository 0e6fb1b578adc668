/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/held.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/opener.h"
#include "tests/support/broker.h"
#include "tests/support/forked.h"

/* the broker */

static int do_act(const struct held_act *act, struct opener *opener,
		  const struct policy_caller *caller)
{
	const struct principal principal = { .connection = 1, .uid = act->uid, .gid = act->uid };
	const struct wire_act claim = {
		.path = act->path,
		.path_len = (uint16_t)strlen(act->path),
		.other = act->other,
		.other_len = (uint16_t)strlen(act->other),
		.argument = act->argument,
	};
	static struct request request;
	static struct outcome outcome;
	const struct order order = {
		.request = &request,
		.principal = &principal,
		.caller = caller,
		.now_sec = 1,
		.may_block = true,
	};

	if (request_act_read(act->opcode, &claim, &request) != WIRE_REASON_OK)
		return 203;
	opener_open(opener, &order, &outcome);
	return outcome.error;
}

static int broker(const struct held_act *act, bool is_held)
{
	const struct policy_subject subject = { .known = POLICY_FACT_ALL,
						.uid = act->uid,
						.gid = act->uid };
	struct policy *policy = broker_load(act->policy);
	struct policy_caller *caller;
	struct rates rates;
	struct locality locality = { 0 };
	struct opener_setup setup = { .procfs = -EBADF,
				      .policy = policy,
				      .rates = &rates,
				      .locality = &locality,
				      .pump = -EBADF };
	struct opener opener;

	if (!policy || policy_caller_new(&caller, policy, &subject) < 0 ||
	    rates_init(&rates, policy) < 0)
		return 200;
	setup.procfd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (is_held && (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0))
		return 201;
	if (setup.procfd < 0 || broker_confine(policy) < 0 || opener_init(&opener, &setup) < 0)
		return 202;
	return do_act(act, &opener, caller);
}

static int broker_free(const void *arg)
{
	return broker(arg, false);
}

static int broker_held(const void *arg)
{
	return broker(arg, true);
}

int held_not(const struct held_act *act)
{
	return forked_run(broker_free, act);
}

/* the debugger */

pid_t held_start(const struct held_act *act)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
	pid_t pid = forked_start(broker_held, act);
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL, options), 0);
	return pid;
}

static struct __ptrace_syscall_info await_stop(pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };
	int status;

	ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSTOPPED(status), "status %#x", status);
	ck_assert_int_gt(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info), 0);
	return info;
}

long held_call(pid_t pid)
{
	struct __ptrace_syscall_info info;

	do
		info = await_stop(pid);
	while (info.op != PTRACE_SYSCALL_INFO_ENTRY);
	return (long)info.entry.nr;
}

void held_return(pid_t pid)
{
	struct __ptrace_syscall_info info = await_stop(pid);

	ck_assert_int_eq(info.op, PTRACE_SYSCALL_INFO_EXIT);
	ck_assert(!info.exit.is_error);
}

int held_release(pid_t pid)
{
	ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	return forked_wait(pid);
}
