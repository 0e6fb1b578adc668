/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The sandbox, to be read from top to bottom.
 *
 * It is an allow-list: a program that computes, has threads and timers, forks, and
 * reads, writes and maps the descriptors that it holds. No row lets it name a file,
 * make or accept a socket, execute, map memory executable, trace or signal another
 * process, enter a namespace, lock a file (an exclusive lock on a read-only
 * descriptor stalls whoever else locks the file), or change a file's attributes
 * (a descriptor opened for reading would do).
 *
 * Descriptors can arrive in one way only, by recvmsg(2) on the connection's number. So
 * nothing may ever take that number from the connection: it cannot be closed and no
 * duplicate can be put there. Standard input may well be a socket that somebody
 * passes descriptors through.
 *
 * What the filter cannot see is an io_uring with SQPOLL that is still mapped from
 * before: the kernel's thread asks for it (libfdbroker(3) says so).
 *
 * close_range(2) is without flags: nothing executes, so CLOSE_RANGE_CLOEXEC is of no use, and
 * CLOSE_RANGE_UNSHARE is what unshare(2) would be asked for, which is refused, too; on kernels without
 * "fix bitmap corruption on close_range() with CLOSE_RANGE_UNSHARE" (Linux 6.11, CVE-2024-45025) it
 * leaves a table that the kernel is wrong about.
 *
 * Two things are let through knowingly. fstat(3) is newfstatat(2) with AT_EMPTY_PATH in glibc
 * 2.33 to 2.38, and a filter cannot see that its path is "": what is left is
 * the metadata of a name that the user could stat anyway. And a program may signal itself,
 * for raise(3) and abort(3): "itself" is the process that entered the
 * sandbox, so its children cannot signal at all.
 */

#include "client/sandbox_table.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/macro.h"

#define ALLOW(name)                                                                                \
	{                                                                                          \
		.nr = SCMP_SYS(name)                                                               \
	}
#define REFUSE(name, errno_)                                                                       \
	{                                                                                          \
		.nr = SCMP_SYS(name), .error = (errno_)                                            \
	}
/* allowed if (argument & mask) == value; if argument == value */
#define ALLOW_MASK(name, n, mask_, value_)                                                         \
	{                                                                                          \
		.nr = SCMP_SYS(name), .operand = SANDBOX_MASK, .argument = (n), .mask = (mask_),   \
		.value = (value_)                                                                  \
	}
#define ALLOW_EQ(name, n, value_) ALLOW_MASK(name, n, UINT32_MAX, value_)
#define ALLOW_IF(name, n, operand_)                                                                \
	{                                                                                          \
		.nr = SCMP_SYS(name), .operand = (operand_), .argument = (n)                       \
	}
#define REFUSE_MASK(name, n, mask_, value_, errno_)                                                \
	{                                                                                          \
		.nr = SCMP_SYS(name), .error = (errno_), .operand = SANDBOX_MASK, .argument = (n), \
		.mask = (mask_), .value = (value_)                                                 \
	}

/* All that threads, fork(3) and vfork(2) ask for: no namespace, no pidfd, no CLONE_PTRACE, and no
 * CLONE_PARENT, which would send an exit signal of the child's choosing out of the sandbox. */
#define CLONE_HARMLESS                                                                             \
	((uint32_t)(CSIGNAL | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK |    \
		    CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |            \
		    CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_CHILD_SETTID))

const struct sandbox_row sandbox_table[] = {
	/* names of files: ask the broker */
	REFUSE(open, EACCES),
	REFUSE(creat, EACCES),
	REFUSE(openat, EACCES),
	REFUSE(openat2, EACCES),
	REFUSE(stat, EACCES),
	REFUSE(lstat, EACCES),
	REFUSE(access, EACCES),
	REFUSE(faccessat, EACCES),
	REFUSE(faccessat2, EACCES),
	REFUSE(readlink, EACCES),
	REFUSE(readlinkat, EACCES),
	REFUSE(chdir, EACCES),
	ALLOW_MASK(newfstatat, 3, AT_EMPTY_PATH, AT_EMPTY_PATH),
	REFUSE_MASK(newfstatat, 3, AT_EMPTY_PATH, 0, EACCES),
	ALLOW_MASK(statx, 2, AT_EMPTY_PATH, AT_EMPTY_PATH),
	REFUSE_MASK(statx, 2, AT_EMPTY_PATH, 0, EACCES),
	ALLOW(getcwd),

	/* the broker's connection, by its number */
	ALLOW_IF(sendmsg, 0, SANDBOX_BROKER),
	ALLOW_IF(sendto, 0, SANDBOX_BROKER),
	ALLOW_IF(recvmsg, 0, SANDBOX_BROKER),
	ALLOW_IF(shutdown, 0, SANDBOX_BROKER),
	ALLOW_IF(close, 0, SANDBOX_NOT_BROKER),
	ALLOW_IF(close_range, 0, SANDBOX_CLOSE_MANY),
	ALLOW_IF(dup2, 1, SANDBOX_NOT_BROKER),
	ALLOW_IF(dup3, 1, SANDBOX_NOT_BROKER),

	/* descriptors that it holds */
	ALLOW(read),
	ALLOW(readv),
	ALLOW(pread64),
	ALLOW(preadv),
	ALLOW(preadv2),
	ALLOW(write),
	ALLOW(writev),
	ALLOW(pwrite64),
	ALLOW(pwritev),
	ALLOW(pwritev2),
	ALLOW(lseek),
	ALLOW(fstat),
	ALLOW(fstatfs),
	ALLOW(ftruncate),
	ALLOW(fallocate),
	ALLOW(fadvise64),
	ALLOW(readahead),
	ALLOW(fsync),
	ALLOW(fdatasync),
	ALLOW(sync_file_range),
	ALLOW(sendfile),
	ALLOW(splice),
	ALLOW(tee),
	ALLOW(copy_file_range),
	ALLOW(getdents64),
	ALLOW(dup),
	ALLOW_EQ(fcntl, 1, F_DUPFD),
	ALLOW_EQ(fcntl, 1, F_DUPFD_CLOEXEC),
	ALLOW_EQ(fcntl, 1, F_GETFD),
	ALLOW_EQ(fcntl, 1, F_SETFD),
	ALLOW_EQ(fcntl, 1, F_GETFL),
	ALLOW_EQ(fcntl, 1, F_SETFL),
	ALLOW_EQ(ioctl, 1, TCGETS),
	ALLOW_EQ(ioctl, 1, TCGETS2),
	ALLOW_EQ(ioctl, 1, TIOCGWINSZ),
	ALLOW_EQ(ioctl, 1, FIONREAD),
	ALLOW_EQ(ioctl, 1, FIONBIO),
	ALLOW_EQ(ioctl, 1, FIOCLEX),
	ALLOW_EQ(ioctl, 1, FIONCLEX),

	/* waiting; these make descriptors, but none that leads anywhere */
	ALLOW(pipe),
	ALLOW(pipe2),
	ALLOW(eventfd2),
	ALLOW(signalfd4),
	ALLOW(timerfd_create),
	ALLOW(timerfd_settime),
	ALLOW(timerfd_gettime),
	ALLOW(epoll_create),
	ALLOW(epoll_create1),
	ALLOW(epoll_ctl),
	ALLOW(epoll_wait),
	ALLOW(epoll_pwait),
	ALLOW(epoll_pwait2),
	ALLOW(poll),
	ALLOW(ppoll),
	ALLOW(select),
	ALLOW(pselect6),

	/* memory, never executable */
	ALLOW(brk),
	ALLOW_MASK(mmap, 2, PROT_EXEC, 0),
	ALLOW_MASK(mprotect, 2, PROT_EXEC, 0),
	ALLOW(munmap),
	ALLOW(mremap),
	ALLOW(madvise),
	ALLOW(msync),
	ALLOW(mlock),
	ALLOW(mlock2),
	ALLOW(munlock),
	ALLOW(membarrier),

	/* threads and children; execve(2) stays EPERM */
	ALLOW_MASK(clone, 0, ~CLONE_HARMLESS, 0),
	REFUSE(clone3, ENOSYS), /* its flags lie in memory; libc goes back to clone(2) */
	ALLOW(fork),
	ALLOW(vfork),
	ALLOW(wait4),
	ALLOW(waitid),
	ALLOW(exit),
	ALLOW(exit_group),
	ALLOW(futex),
	ALLOW(futex_waitv),
	ALLOW(set_robust_list),
	ALLOW_EQ(get_robust_list, 0, 0), /* its own: settled.c */
	ALLOW(set_tid_address),
	ALLOW(rseq),
	ALLOW(sched_yield),
	ALLOW(sched_getaffinity),
	ALLOW(sched_getparam),
	ALLOW(sched_getscheduler),
	ALLOW(getcpu),
	ALLOW(restart_syscall),

	/* signals, to itself only */
	ALLOW(rt_sigaction),
	ALLOW(rt_sigprocmask),
	ALLOW(rt_sigreturn),
	ALLOW(rt_sigpending),
	ALLOW(rt_sigsuspend),
	ALLOW(rt_sigtimedwait),
	ALLOW(sigaltstack),
	ALLOW(pause),
	ALLOW_IF(kill, 0, SANDBOX_SELF),
	ALLOW_IF(tgkill, 0, SANDBOX_SELF),

	/* time */
	ALLOW(time),
	ALLOW(gettimeofday),
	ALLOW(clock_gettime),
	ALLOW(clock_getres),
	ALLOW(clock_nanosleep),
	ALLOW(nanosleep),
	ALLOW(alarm),
	ALLOW(getitimer),
	ALLOW(setitimer),
	ALLOW(timer_create),
	ALLOW(timer_settime),
	ALLOW(timer_gettime),
	ALLOW(timer_getoverrun),
	ALLOW(timer_delete),
	ALLOW(times),

	/* what it is */
	ALLOW(getpid),
	ALLOW(getppid),
	ALLOW(gettid),
	ALLOW(getpgrp),
	ALLOW(getpgid),
	ALLOW(getsid),
	ALLOW(getuid),
	ALLOW(geteuid),
	ALLOW(getresuid),
	ALLOW(getgid),
	ALLOW(getegid),
	ALLOW(getresgid),
	ALLOW(getgroups),
	ALLOW(getpriority),
	ALLOW(getrlimit),
	ALLOW_IF(prlimit64, 0, SANDBOX_READ_LIMIT),
	ALLOW(getrusage),
	ALLOW(capget),
	ALLOW(umask),
	ALLOW(uname),
	ALLOW(sysinfo),
	ALLOW(getrandom),
	ALLOW_EQ(prctl, 0, PR_SET_NAME),
	ALLOW_EQ(prctl, 0, PR_GET_NAME),
	ALLOW_EQ(prctl, 0, PR_GET_DUMPABLE),
	ALLOW_EQ(prctl, 0, PR_GET_SECCOMP),
	ALLOW_EQ(prctl, 0, PR_GET_NO_NEW_PRIVS),
	ALLOW_EQ(prctl, 0, PR_SET_NO_NEW_PRIVS),
};

const size_t sandbox_table_size = ELEMENTSOF(sandbox_table);
