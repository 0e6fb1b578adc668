/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "policy/ast.h"

/*
 * Allow-lists: what is not here kills the process. Arguments that are ints in the kernel are
 * compared as 32 bits, because the upper half of the register is not looked at by
 * the call and is the caller's to choose (P91).
 *
 * The broker opens names by openat2 alone, and what it has pinned too: open and openat are
 * not here, and neither is anything that makes a socket, a process or code.
 */

/* pthread_create(3), in glibc: all that threads of one process share. */
#define CLONE_THREAD_OF_LIBC                                                                       \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |        \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

#define ANY(name)                                                                                  \
	{                                                                                          \
		.syscall = SCMP_SYS(name)                                                          \
	}
#define INT_IS(arg, value)                                                                         \
	{                                                                                          \
		(arg), SCMP_CMP_MASKED_EQ, 0xffffffffU, (scmp_datum_t)(value)                      \
	}
#define BIT_IS_OFF(arg, bit)                                                                       \
	{                                                                                          \
		(arg), SCMP_CMP_MASKED_EQ, (bit), 0                                                \
	}
#define IF1(name, a)                                                                               \
	{                                                                                          \
		.syscall = SCMP_SYS(name), .n = 1, .args = { a }                                   \
	}
#define IF2(name, a, b)                                                                            \
	{                                                                                          \
		.syscall = SCMP_SYS(name), .n = 2, .args = { a, b }                                \
	}

static const struct filter_rule common[] = {
	/* memory, never executable */
	ANY(brk),
	ANY(madvise),
	IF1(mmap, BIT_IS_OFF(2, PROT_EXEC)),
	IF1(mprotect, BIT_IS_OFF(2, PROT_EXEC)),
	ANY(mremap),
	ANY(munmap),
	/* to run and to end */
	ANY(clock_gettime),
	ANY(exit),
	ANY(exit_group),
	ANY(futex),
	ANY(getpid),
	ANY(getrandom),
	ANY(gettid),
	ANY(restart_syscall),
	ANY(rt_sigprocmask),
	ANY(rt_sigreturn),
	/* messages on descriptors that are here already */
	ANY(close),
	ANY(epoll_ctl),
	ANY(epoll_pwait),
	ANY(epoll_wait),
	ANY(recvmsg),
	ANY(sendmsg),
	ANY(sendto),
	/* what stderr is told */
	IF1(write, INT_IS(0, STDERR_FILENO)),
	IF1(writev, INT_IS(0, STDERR_FILENO)),
};

static const struct filter_rule broker[] = {
	/* whose authority */
	ANY(capget),
	ANY(capset),
	ANY(getegid),
	ANY(geteuid),
	ANY(setfsgid),
	ANY(setfsuid),
	ANY(setgroups),
	/* names and objects */
	IF1(fcntl, INT_IS(1, F_ADD_SEALS)),
	IF1(fcntl, INT_IS(1, F_SETFL)),
	ANY(fstat),
	ANY(fstatfs),
	ANY(ftruncate),
	ANY(newfstatat),
	ANY(openat2),
	ANY(pidfd_open),
	ANY(ppoll),
	ANY(readlinkat),
	ANY(statx),
	ANY(unlinkat),
	/* what clients have by now, and neither a table of its own nor what an exec would close */
	IF1(close_range, INT_IS(2, 0)),
	/* copies and pipes, and the pump's answer */
	IF1(memfd_create, INT_IS(1, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL)),
	IF1(memfd_create, INT_IS(1, MFD_CLOEXEC | MFD_ALLOW_SEALING)),
	IF1(pipe2, INT_IS(1, O_CLOEXEC | O_NONBLOCK)),
	ANY(ppoll),
	ANY(read),
	ANY(sendfile),
	/* connections */
	IF2(getsockopt, INT_IS(1, SOL_SOCKET), INT_IS(2, SO_MEMINFO)),
	IF2(getsockopt, INT_IS(1, SOL_SOCKET), INT_IS(2, SO_PEERGROUPS)),
	IF2(setsockopt, INT_IS(1, SOL_SOCKET), INT_IS(2, SO_SNDBUF)),
	ANY(shutdown),
	/* threads, and nothing else that clone(2) makes; abort(3) */
	IF1(clone, INT_IS(0, CLONE_THREAD_OF_LIBC)),
	ANY(clock_nanosleep),
	ANY(rseq),
	ANY(rt_sigaction),
	ANY(set_robust_list),
};

/* Of any user, by setfsuid(2), and of any group, by setgroups(2) and fchown(2): a program would lend
 * whoever runs it those rights. */
#define SET_ID (S_ISUID | S_ISGID)

/* What the loaded policy has an allow for; and nothing of it where it has none. */
static const struct {
	uint32_t modes; /* all of them */
	struct filter_rule rule;
} by_mode[] = {
	{ POLICY_STAT, ANY(faccessat2) },
	{ POLICY_CREATE, ANY(mkdirat) },
	{ POLICY_CREATE, ANY(symlinkat) },
	{ POLICY_CREATE, IF1(fchmod, BIT_IS_OFF(1, SET_ID | S_ISVTX)) },
	{ POLICY_CREATE, ANY(fchown) },
	{ POLICY_TMPFILE, IF1(fchmod, BIT_IS_OFF(1, SET_ID | S_ISVTX)) },
	{ POLICY_TMPFILE, ANY(fchown) },
	{ POLICY_ATTRIBUTES, IF1(fchmodat, BIT_IS_OFF(2, SET_ID)) },
	{ POLICY_ATTRIBUTES, ANY(utimensat) },
	{ POLICY_CONNECT, IF1(socket, INT_IS(0, AF_UNIX)) },
	{ POLICY_CONNECT, ANY(connect) },
	{ POLICY_WATCH, IF1(inotify_init1, INT_IS(0, IN_CLOEXEC | IN_NONBLOCK)) },
	{ POLICY_WATCH, ANY(inotify_add_watch) },
	{ POLICY_WATCH, IF1(pipe2, INT_IS(1, O_CLOEXEC | O_NONBLOCK | O_DIRECT)) },
	{ POLICY_CREATE | POLICY_REMOVE, ANY(renameat2) },
	{ POLICY_CREATE | POLICY_READ, ANY(linkat) },
	{ POLICY_CREATE | POLICY_READ, ANY(faccessat2) },
};

/* Writes the journal through sd_journal_sendv(3) or a file that it was given. */
static const struct filter_rule audit[] = {
	ANY(clock_nanosleep), ANY(fcntl),
	ANY(fstat),	      ANY(fsync),
	ANY(ftruncate),	      ANY(getsockopt),
	ANY(lseek),	      ANY(memfd_create), /* an entry that is too large for a datagram */
	ANY(newfstatat),      ANY(ppoll),
	ANY(prctl),	      ANY(read),
	ANY(rt_sigaction),    IF1(setsockopt, INT_IS(1, SOL_SOCKET)),
	ANY(write),	      IF2(socket, INT_IS(0, AF_UNIX), BIT_IS_OFF(1, SOCK_STREAM)),
	ANY(writev),
};

#define THREAD                                                                                     \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |        \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* Reads and writes what it is given, a thread for each; opens nothing. */
static const struct filter_rule pump[] = {
	/* pthread_create(3), and nothing that is another process */
	IF1(clone, INT_IS(0, THREAD)),
	ANY(rseq),
	ANY(set_robust_list),
	/* of copies, which are its own user's */
	IF1(fchmod, INT_IS(1, 0444)),
	/* a watch is set by the name of a descriptor */
	ANY(inotify_add_watch),
	ANY(poll),
	ANY(ppoll),
	ANY(read),
	ANY(rt_sigaction),
	ANY(write),
};

static int add_rules(scmp_filter_ctx ctx, const struct filter_rule *rules, size_t n)
{
	int r;

	for (size_t i = 0; i < n; i++) {
		r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, rules[i].syscall, rules[i].n,
					   rules[i].args);
		/* -EACCES: the build allows more of it already, or all. */
		if (r < 0 && r != -EEXIST)
			return r;
	}
	return 0;
}

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static int set_attributes(scmp_filter_ctx ctx)
{
	static const struct {
		enum scmp_filter_attr attr;
		uint32_t value;
	} attributes[] = {
		{ SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS },
		{ SCMP_FLTATR_CTL_NNP, 0 }, /* it is set already */
	};

	for (size_t i = 0; i < ELEMENTSOF(attributes); i++) {
		int r = seccomp_attr_set(ctx, attributes[i].attr, attributes[i].value);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_by_mode(scmp_filter_ctx ctx, uint32_t modes)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ELEMENTSOF(by_mode); i++)
		if ((modes & by_mode[i].modes) == by_mode[i].modes)
			r = add_rules(ctx, &by_mode[i].rule, 1);
	return r;
}

/* abort(3), of itself alone: the pump and the other generations have the same user. */
static int add_own_end(scmp_filter_ctx ctx, pid_t self)
{
	const struct scmp_arg_cmp own[] = { INT_IS(0, self), INT_IS(2, SIGABRT) };

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), ELEMENTSOF(own), own);
}

static int build(scmp_filter_ctx ctx, const struct filter_rule *own, size_t n_own, pid_t self)
{
	int r;

	if (!ctx)
		return -ENOMEM;
	r = set_attributes(ctx);
	if (r < 0)
		return r;
	/* Its flags are in memory and cannot be seen: not even a thread starts by it. */
	r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (r < 0)
		return r;
	r = add_rules(ctx, common, ELEMENTSOF(common));
	if (r < 0)
		return r;
	r = add_rules(ctx, own, n_own);
	if (r < 0)
		return r;
	r = add_own_end(ctx, self);
	return r < 0 ? r : add_rules(ctx, filter_extra, filter_n_extra);
}

static int load(const struct filter_rule *own, size_t n_own, uint32_t modes)
{
	_cleanup_(release) scmp_filter_ctx ctx = seccomp_init(filter_default_action);
	int r;

	r = build(ctx, own, n_own, getpid());
	if (r == 0)
		r = add_by_mode(ctx, modes);
	if (r < 0)
		return r;
	/* A binary tree: the list is long. The same list in print stays a list. */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return r < 0 ? r : seccomp_load(ctx);
}

int filter_load_broker(uint32_t modes)
{
	return load(broker, ELEMENTSOF(broker), modes);
}

int filter_load_audit(void)
{
	return load(audit, ELEMENTSOF(audit), 0);
}

int filter_load_pump(void)
{
	return load(pump, ELEMENTSOF(pump), 0);
}

int filter_print_broker(int fd, uint32_t modes)
{
	_cleanup_(release) scmp_filter_ctx ctx = seccomp_init(filter_default_action);
	int r;

	r = build(ctx, broker, ELEMENTSOF(broker), 0);
	if (r == 0)
		r = add_by_mode(ctx, modes);
	return r < 0 ? r : seccomp_export_pfc(ctx, fd);
}
