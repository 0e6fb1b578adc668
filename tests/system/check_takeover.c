/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "daemon/filter.h"
#include "daemon/ring.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"

/*
 * What is left to somebody who has a process of ours in his hands, whatever it was by: a debugger makes it
 * do system calls of our choice (ptrace(2); x86-64). Where it sleeps there is a syscall instruction to
 * go back to, and its stack has room for what they point to.
 */

#define ENDED (-1000) /* the call ended the process, by SIGSYS */

static struct scene s;

static void start(void)
{
	scene_prepare(&s);
	s.daemon.may_be_killed = true;
	daemon_start(&s.daemon);
	daemon_await_attendants(&s.daemon);
}

/* a thread in our hands */

struct captive {
	pid_t pid;
	struct user_regs_struct regs;
	unsigned long room; /* in it, below what its stack uses */
};

#define SYSCALL	     "\x0f\x05"
#define SYSCALL_SIZE 2

static bool is_in_a_call(const struct captive *c)
{
	long word = ptrace(PTRACE_PEEKTEXT, c->pid, c->regs.rip - SYSCALL_SIZE, NULL);

	return memcmp(&word, SYSCALL, SYSCALL_SIZE) == 0;
}

static void capture(struct captive *c, pid_t pid)
{
	int status;

	c->pid = pid;
	for (;;) {
		ck_assert_int_eq(ptrace(PTRACE_ATTACH, pid, NULL, NULL), 0);
		ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
		ck_assert(WIFSTOPPED(status));
		ck_assert_int_eq(ptrace(PTRACE_GETREGS, pid, NULL, &c->regs), 0);
		if (is_in_a_call(c))
			break;
		ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	}
	c->room = (c->regs.rsp - 8192) & ~15UL;
}

static void release(const struct captive *c)
{
	ck_assert_int_eq(ptrace(PTRACE_SETREGS, c->pid, NULL, &c->regs), 0);
	ck_assert_int_eq(ptrace(PTRACE_DETACH, c->pid, NULL, NULL), 0);
}

static void write_there(pid_t pid, unsigned long at, const void *data, size_t size)
{
	char path[64];
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(mem, 0);
	ck_assert_int_eq(pwrite(mem, data, size, (off_t)at), (ssize_t)size);
	fd_close(mem);
}

/* @data at @offset of its room; where that is. */
static unsigned long give(const struct captive *c, size_t offset, const void *data, size_t size)
{
	write_there(c->pid, c->room + offset, data, size);
	return c->room + offset;
}

struct call {
	long number;
	unsigned long args[6];
};

/* What the system call returns there; or ENDED. */
static long make(const struct captive *c, const struct call *call)
{
	struct user_regs_struct regs = c->regs;
	int status;

	regs.rip -= SYSCALL_SIZE;
	regs.rsp = c->room;
	regs.rax = (unsigned long)call->number;
	regs.orig_rax = (unsigned long)-1; /* nothing is to be restarted */
	regs.rdi = call->args[0];
	regs.rsi = call->args[1];
	regs.rdx = call->args[2];
	regs.r10 = call->args[3];
	regs.r8 = call->args[4];
	regs.r9 = call->args[5];
	ck_assert_int_eq(ptrace(PTRACE_SETREGS, c->pid, NULL, &regs), 0);
	ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, c->pid, NULL, NULL), 0);
	ck_assert_int_eq(waitpid(c->pid, &status, __WALL), c->pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return ENDED;
	ck_assert_msg(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, "status %#x", status);
	ck_assert_int_eq(ptrace(PTRACE_GETREGS, c->pid, NULL, &regs), 0);
	return (long)regs.rax;
}

#define MAKE(c, ...) make((c), &(const struct call){ __VA_ARGS__ })

static long open_there(const struct captive *c, int at, const char *path, uint64_t flags)
{
	const struct open_how how = { .flags = flags, .mode = flags & O_CREAT ? 0600 : 0 };
	unsigned long name = give(c, 64, path, strlen(path) + 1);

	return MAKE(c, SYS_openat2,
		    { (unsigned long)at, name, give(c, 0, &how, sizeof(how)), sizeof(how) });
}

static long set_capabilities(const struct captive *c, uint64_t set)
{
	const struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (size_t i = 0; i < ELEMENTSOF(data); i++)
		data[i].effective = data[i].permitted = (uint32_t)(set >> (32 * i));
	return MAKE(c, SYS_capset,
		    { give(c, 0, &header, sizeof(header)), give(c, 64, data, sizeof(data)) });
}

/* Of the thread: proc(5). */
static uint64_t permitted_of(const struct captive *c)
{
	char path[64], line[256];
	uint64_t set = UINT64_MAX;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", c->pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		(void)sscanf(line, "CapPrm: %lx", &set);
	fclose(file);
	return set;
}

/* All that a broker may have, as root. */
static void become_all_that_it_can(const struct captive *c)
{
	ck_assert_int_ge(MAKE(c, SYS_setfsgid, { 0 }), 0);
	ck_assert_int_ge(MAKE(c, SYS_setfsuid, { 0 }), 0);
	ck_assert_int_eq(MAKE(c, SYS_setfsuid, { (unsigned long)-1 }), 0);
	ck_assert_int_eq(set_capabilities(c, permitted_of(c)), 0);
}

/* what it may open */

static const struct {
	const char *path; /* @: the number of the pump */
	uint64_t flags;
} outside[] = {
	{ "/etc/shadow", O_RDONLY },
	{ "/etc/passwd", O_RDONLY },
	{ "/proc/self/root/etc/passwd", O_RDONLY },
	{ "/", O_RDONLY | O_DIRECTORY },
	{ "/etc/fdbroker-test", O_WRONLY | O_CREAT | O_EXCL },
	{ "/tmp", O_RDWR | O_TMPFILE },
	{ "/proc/self/mem", O_RDWR },
	{ "/proc/1/environ", O_RDONLY },
	{ "/proc/1/mem", O_RDWR },
	{ "/proc/@/mem", O_RDWR },
	{ "/proc/@/environ", O_RDONLY },
	{ "/proc/@/fd/5", O_RDWR },
	{ "/dev/null", O_RDWR },
	{ "/bin/sh", O_RDONLY },
};

static void write_path(char *ret, size_t size, const char *format, pid_t pump)
{
	const char *at = strchrnul(format, '@');

	if (*at == '\0')
		snprintf(ret, size, "%s", format);
	else
		snprintf(ret, size, "%.*s%d%s", (int)(at - format), format, pump, at + 1);
}

static void try_outside(const struct captive *c)
{
	pid_t pump = daemon_pid(&s.daemon, "pump");
	char path[128];
	long r;

	for (size_t i = 0; i < ELEMENTSOF(outside); i++) {
		write_path(path, sizeof(path), outside[i].path, pump);
		r = open_there(c, AT_FDCWD, path, outside[i].flags);
		ck_assert_msg(r == -EACCES, "%s: %ld", path, r);
	}
}

/* What is only pinned is a way neither down nor to more than there was. */
static void try_detours(const struct captive *c, long inside)
{
	char own[64];
	long pin;

	pin = open_there(c, AT_FDCWD, "/etc", O_PATH | O_DIRECTORY);
	ck_assert_int_ge(pin, 0);
	ck_assert_int_eq(open_there(c, (int)pin, "passwd", O_RDONLY), -EACCES);
	ck_assert_int_eq(MAKE(c, SYS_close, { (unsigned long)pin }), 0);
	snprintf(own, sizeof(own), "/proc/self/fd/%ld", inside);
	ck_assert_int_eq(open_there(c, AT_FDCWD, own, O_RDWR), -EACCES);
	ck_assert_int_eq(MAKE(c, SYS_unlinkat,
			      { (unsigned long)AT_FDCWD, give(c, 64, s.lent, strlen(s.lent) + 1),
				0 }),
			 -EACCES);
}

static void stay_in_the_hull(pid_t thread)
{
	struct captive c;
	long r;

	capture(&c, thread);
	become_all_that_it_can(&c);
	r = open_there(&c, AT_FDCWD, s.lent, O_RDONLY);
	ck_assert_msg(r >= 0, "%s: %ld", s.lent, r);
	ck_assert_int_eq(open_there(&c, AT_FDCWD, s.lent, O_RDWR), -EACCES);
	ck_assert_int_eq(open_there(&c, AT_FDCWD, s.daemon.directory, O_RDONLY | O_DIRECTORY),
			 -EACCES);
	try_outside(&c);
	try_detours(&c, r);
	ck_assert_int_eq(MAKE(&c, SYS_close, { (unsigned long)r }), 0);
	release(&c);
}

/* P74: as root, with the capability to read everything, each thread can read what the policy names. */
START_TEST(takeover_of_the_broker_stays_in_its_hull)
{
	const struct dirent *thread;
	char path[64];
	int n = 0;
	DIR *dir;

	start();
	snprintf(path, sizeof(path), "/proc/%d/task", daemon_pid(&s.daemon, "broker"));
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((thread = readdir(dir))) {
		if (thread->d_name[0] == '.')
			continue;
		stay_in_the_hull(atoi(thread->d_name));
		n++;
	}
	closedir(dir);
	ck_assert_int_ge(n, 2);
	daemon_stop(&s.daemon);
}
END_TEST

/* P74: neither as uid 0 nor by asking. */
START_TEST(takeover_wins_no_capability)
{
	const uint64_t has = 1 << CAP_SETUID | 1 << CAP_SETGID | 1 << CAP_DAC_READ_SEARCH;
	struct captive c;

	start();
	capture(&c, daemon_pid(&s.daemon, "broker"));
	become_all_that_it_can(&c);
	ck_assert_uint_eq(permitted_of(&c), has);
	for (int i = 0; i <= CAP_LAST_CAP; i++) {
		long r = set_capabilities(&c, has | UINT64_C(1) << i);

		ck_assert_msg(r == (has >> i & 1 ? 0 : -EPERM), "capability %d: %ld", i, r);
	}
	release(&c);
	daemon_stop(&s.daemon);
}
END_TEST

/* what it may pass on */

/* Its stderr, on one of its sockets. */
static long pass_there(const struct captive *c, int sock)
{
	const struct {
		struct cmsghdr header;
		int fd;
	} rights = { { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS }, STDERR_FILENO };
	struct iovec iov = { (void *)give(c, 0, "x", 1), 1 };
	struct msghdr message = { .msg_iovlen = 1, .msg_controllen = CMSG_SPACE(sizeof(int)) };

	message.msg_iov = (void *)give(c, 64, &iov, sizeof(iov));
	message.msg_control = (void *)give(c, 128, &rights, sizeof(rights));
	return MAKE(c, SYS_sendmsg,
		    { (unsigned long)sock, give(c, 256, &message, sizeof(message)),
		      MSG_NOSIGNAL | MSG_DONTWAIT });
}

/* Linux 6.16. Before it, it is the receiver that does not take what was sent: check_control. */
static bool has_refusing(void)
{
	static const int off = 0;
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r = setsockopt(sock, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));

	fd_close(sock);
	return r == 0;
}

static const struct {
	const char *process;
	int sock;
	const char *to;
} ways[] = {
	{ "broker", 3, "parent" },
	{ "broker", 4, "audit" },
	{ "audit", 3, "parent" },
	{ "pump", 3, "parent" },
};

/* P77: a descriptor that does not close would stop who has to close it. */
START_TEST(takeover_passes_no_descriptor_on)
{
	struct captive c;
	long r;

	start();
	for (size_t i = 0; i < ELEMENTSOF(ways) && has_refusing(); i++) {
		capture(&c, daemon_pid(&s.daemon, ways[i].process));
		r = pass_there(&c, ways[i].sock);
		ck_assert_msg(r == -EPERM, "%s to %s: %ld", ways[i].process, ways[i].to, r);
		release(&c);
	}
	daemon_stop(&s.daemon);
}
END_TEST

/* what it may do */

#define BROKER 1U
#define AUDIT  2U
#define PUMP   4U
#define ALL    (BROKER | AUDIT | PUMP)

static const struct {
	const char *name;
	unsigned int bit;
} processes[] = { { "broker", BROKER }, { "audit", AUDIT }, { "pump", PUMP } };

/* Arguments that are known later. */
#define LATER 0xfdb00
#define TEXT  (LATER + 0) /* the address of the row's text */
#define LENT  (LATER + 1) /* the address of the name of a file that is root's */
#define PID   (LATER + 2) /* of the pump; for the pump, the broker */
#define CWD   ((unsigned long)AT_FDCWD)

static const struct row {
	const char *name;
	unsigned int ends; /* who must not; the others need it, or are kept by something else */
	struct call call;
	const char *text;
} rows[] = {
	/* code */
	{ "execve", ALL, { SYS_execve, { TEXT, 0, 0 } }, "/bin/sh" },
	{ "execveat", ALL, { SYS_execveat, { 2, TEXT, 0, 0, AT_EMPTY_PATH } }, "" },
	{ "mmap of what is executed",
	  ALL,
	  { SYS_mmap,
	    { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
	      (unsigned long)-1, 0 } },
	  "" },
	{ "mprotect to execute", ALL, { SYS_mprotect, { TEXT, 4096, PROT_EXEC } }, "" },
	{ "pkey_mprotect", ALL, { SYS_pkey_mprotect, { TEXT, 4096, PROT_EXEC, 0 } }, "" },
	{ "shmat", ALL, { SYS_shmat, { 0, 0, SHM_EXEC } }, "" },
	{ "personality", ALL, { SYS_personality, { 0x400000 /* READ_IMPLIES_EXEC */ } }, "" },
	{ "memfd_create to execute", BROKER | PUMP, { SYS_memfd_create, { TEXT, 0x10 } }, "x" },
	/* processes */
	{ "fork", ALL, { SYS_fork, { 0 } }, "" },
	{ "vfork", ALL, { SYS_vfork, { 0 } }, "" },
	{ "clone", ALL, { SYS_clone, { SIGCHLD, 0, 0, 0, 0 } }, "" },
	{ "clone of a user namespace", ALL, { SYS_clone, { CLONE_NEWUSER | SIGCHLD } }, "" },
	/* others */
	{ "ptrace", ALL, { SYS_ptrace, { PTRACE_ATTACH, PID, 0, 0 } }, "" },
	{ "process_vm_readv", ALL, { SYS_process_vm_readv, { PID, TEXT, 1, TEXT, 1, 0 } }, "" },
	{ "process_vm_writev", ALL, { SYS_process_vm_writev, { PID, TEXT, 1, TEXT, 1, 0 } }, "" },
	{ "kill", ALL, { SYS_kill, { PID, SIGKILL } }, "" },
	{ "tkill", ALL, { SYS_tkill, { PID, SIGKILL } }, "" },
	{ "tgkill", ALL, { SYS_tgkill, { PID, PID, SIGABRT } }, "" },
	{ "rt_sigqueueinfo", ALL, { SYS_rt_sigqueueinfo, { PID, SIGKILL, TEXT } }, "" },
	{ "pidfd_send_signal", ALL, { SYS_pidfd_send_signal, { 3, SIGKILL, 0, 0 } }, "" },
	{ "pidfd_getfd", ALL, { SYS_pidfd_getfd, { 3, 3, 0 } }, "" },
	{ "prlimit of another", ALL, { SYS_prlimit64, { PID, 0, TEXT, 0 } }, "0123456789abcde" },
	/* who it is */
	{ "setuid", ALL, { SYS_setuid, { 0 } }, "" },
	{ "setresuid", ALL, { SYS_setresuid, { 0, 0, 0 } }, "" },
	{ "setresgid", ALL, { SYS_setresgid, { 0, 0, 0 } }, "" },
	{ "setfsuid", AUDIT | PUMP, { SYS_setfsuid, { 0 } }, "" },
	{ "setgroups", AUDIT | PUMP, { SYS_setgroups, { 0, 0 } }, "" },
	{ "capset", AUDIT | PUMP, { SYS_capset, { TEXT, TEXT } }, "" },
	{ "securebits", BROKER | PUMP, { SYS_prctl, { PR_SET_SECUREBITS, 0 } }, "" },
	{ "unshare", ALL, { SYS_unshare, { CLONE_NEWUSER } }, "" },
	{ "setns", ALL, { SYS_setns, { 3, 0 } }, "" },
	/* files */
	{ "open", ALL, { SYS_open, { LENT, O_RDONLY } }, "" },
	{ "openat", ALL, { SYS_openat, { CWD, LENT, O_RDONLY } }, "" },
	{ "openat2", AUDIT | PUMP, { SYS_openat2, { CWD, LENT, TEXT, 24 } }, "" },
	{ "open_by_handle_at", ALL, { SYS_open_by_handle_at, { CWD, TEXT, 0 } }, "" },
	{ "chmod", ALL, { SYS_chmod, { LENT, 0666 } }, "" },
	{ "fchmodat", ALL, { SYS_fchmodat, { CWD, LENT, 0666 } }, "" },
	{ "chown", ALL, { SYS_chown, { LENT, 0, 0 } }, "" },
	{ "fchownat", ALL, { SYS_fchownat, { CWD, LENT, 0, 0, 0 } }, "" },
	{ "fchmod of what it has open", ALL, { SYS_fchmod, { STDERR_FILENO, 0666 } }, "" },
	{ "fchown of what it has open", ALL, { SYS_fchown, { STDERR_FILENO, 0, 0 } }, "" },
	{ "setxattr", ALL, { SYS_setxattr, { LENT, TEXT, TEXT, 1, 0 } }, "user.x" },
	{ "utimensat", ALL, { SYS_utimensat, { CWD, LENT, 0, 0 } }, "" },
	{ "rename", ALL, { SYS_rename, { LENT, LENT } }, "" },
	{ "link", ALL, { SYS_link, { LENT, LENT } }, "" },
	{ "symlink", ALL, { SYS_symlink, { TEXT, LENT } }, "x" },
	{ "mknod", ALL, { SYS_mknod, { LENT, S_IFCHR | 0600, 0x101 } }, "" },
	{ "unlink", ALL, { SYS_unlink, { LENT } }, "" },
	{ "unlinkat", AUDIT | PUMP, { SYS_unlinkat, { CWD, LENT, 0 } }, "" },
	{ "mount", ALL, { SYS_mount, { TEXT, TEXT, TEXT, 0, 0 } }, "tmpfs" },
	{ "fsopen", ALL, { SYS_fsopen, { TEXT, 0 } }, "tmpfs" },
	{ "open_tree", ALL, { SYS_open_tree, { CWD, LENT, 0 } }, "" },
	{ "chroot", ALL, { SYS_chroot, { TEXT } }, "/" },
	{ "pivot_root", ALL, { SYS_pivot_root, { TEXT, TEXT } }, "/" },
	/* sockets */
	{ "socket of the network", ALL, { SYS_socket, { AF_INET, SOCK_STREAM, 0 } }, "" },
	{ "socket of netlink", ALL, { SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } }, "" },
	{ "socket of this machine", BROKER | PUMP, { SYS_socket, { AF_UNIX, SOCK_DGRAM, 0 } }, "" },
	{ "connect", ALL, { SYS_connect, { 3, TEXT, 2 } }, "\1" },
	{ "bind", ALL, { SYS_bind, { 3, TEXT, 2 } }, "\1" },
	{ "accept4", ALL, { SYS_accept4, { 3, 0, 0, 0 } }, "" },
	/* the kernel */
	{ "io_uring_setup", ALL, { SYS_io_uring_setup, { 1, TEXT } }, "" },
	{ "bpf", ALL, { SYS_bpf, { 0, TEXT, 4 } }, "" },
	{ "perf_event_open", ALL, { SYS_perf_event_open, { TEXT, 0, 0, 0, 0 } }, "" },
	{ "userfaultfd", ALL, { SYS_userfaultfd, { 0 } }, "" },
	{ "keyctl", ALL, { SYS_keyctl, { 0, 0, 0, 0, 0 } }, "" },
	{ "add_key", ALL, { SYS_add_key, { TEXT, TEXT, TEXT, 1, 0 } }, "user" },
	{ "ioctl", ALL, { SYS_ioctl, { 2, TIOCSTI, TEXT } }, "x" },
	{ "init_module", ALL, { SYS_init_module, { TEXT, 1, TEXT } }, "" },
};

/* @call with @later in the place of what was not known. */
static const struct call *fill(const struct call *call, const unsigned long *later, size_t n,
			       struct call *ret)
{
	*ret = *call;
	for (size_t i = 0; i < ELEMENTSOF(ret->args); i++)
		if (ret->args[i] - LATER < n)
			ret->args[i] = later[ret->args[i] - LATER];
	return ret;
}

static const struct call *fill_in(const struct captive *c, const struct row *row, pid_t other,
				  struct call *ret)
{
	const unsigned long later[] = {
		give(c, 0, row->text, strlen(row->text) + 1),
		give(c, 2048, s.lent, strlen(s.lent) + 1),
		(unsigned long)other,
	};

	return fill(&row->call, later, ELEMENTSOF(later), ret);
}

/* A broker that was ended is replaced: the one that is another's aim is whichever lives. */
static void try_row(const struct row *row, const char *process)
{
	const bool kills = filter_default_action == SCMP_ACT_KILL_PROCESS;
	const char *aim = strcmp(process, "pump") == 0 ? "audit" : "pump";
	pid_t other = daemon_pid(&s.daemon, aim);
	struct captive c;
	struct call call;
	long r;

	capture(&c, daemon_pid(&s.daemon, process));
	if (strcmp(process, "broker") == 0)
		become_all_that_it_can(&c);
	r = make(&c, fill_in(&c, row, other, &call));
	ck_assert_msg(r == (kills ? ENDED : -EPERM), "%s of %s: %ld", row->name, process, r);
	if (!kills)
		release(&c);
}

/* P76 */
START_TEST(takeover_ends_with_a_call_that_is_not_on_the_list)
{
	start();
	for (size_t i = 0; i < ELEMENTSOF(processes); i++)
		if (rows[_i].ends & processes[i].bit)
			try_row(&rows[_i], processes[i].name);
	daemon_stop(&s.daemon);
}
END_TEST

/* what it may write */

/* Where its ring is in it: proc(5). */
static unsigned long ring_of(pid_t pid)
{
	unsigned long at = 0;
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	ck_assert_ptr_nonnull(maps);
	while (at == 0 && fgets(line, sizeof(line), maps))
		if (strstr(line, "fdbroker-ring"))
			at = strtoul(line, NULL, 16);
	fclose(maps);
	ck_assert_uint_ne(at, 0);
	return at;
}

static void assert_refused(const char *path)
{
	int sock = daemon_connect(&s.daemon);

	ck_assert_int_eq(daemon_ask(sock, path, WIRE_OPEN_READ, NULL), -EACCES);
	fd_close(sock);
}

static const struct {
	const char *name;
	uint64_t head;
	uint32_t size; /* of the first entry */
} lies[] = {
	{ "more than there is room for", UINT64_C(1) << 40, 100 },
	{ "an entry that is larger than any", 65536, 60000 },
	{ "an entry without an end", 65536, RING_SKIP },
};

/* P77: the audit process reads what a broker writes into memory that both have. */
START_TEST(takeover_ends_the_ring_that_it_writes_nonsense_into_and_nothing_else)
{
	unsigned long ring;
	pid_t audit, broker;

	start();
	audit = daemon_pid(&s.daemon, "audit");
	broker = daemon_pid(&s.daemon, "broker");
	ring = ring_of(broker);
	write_there(broker, ring + offsetof(struct ring_memory, bytes), &lies[_i].size,
		    sizeof(lies[_i].size));
	write_there(broker, ring + offsetof(struct ring_memory, head), &lies[_i].head,
		    sizeof(lies[_i].head));
	daemon_await_at_least(&s.daemon, "records-malformed", 1);
	/* Nobody reads that any more, and it serves. */
	assert_refused("/refused/unread");
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	assert_refused("/refused/read");
	daemon_await_at_least(&s.daemon, "records-written", 1);
	ck_assert_uint_eq(daemon_number(&s.daemon, "records-malformed"), 1);
	ck_assert_int_eq(daemon_pid(&s.daemon, "audit"), audit);
	daemon_stop(&s.daemon);
}
END_TEST

/* what it may change, where a policy makes files */

#define PIN    (LATER + 0) /* by O_PATH, of a file that no rule names */
#define OPENED (LATER + 1) /* the same, opened for neither reading nor writing */
#define NAME   (LATER + 2)
#define EMPTY  (LATER + 3)

#define FCHMODAT2 452 /* Linux 6.6 */

static const struct {
	const char *name;
	struct call call;
	long expected;
} changes[] = {
	{ "chmod", { SYS_chmod, { NAME, 0666 } }, ENDED },
	{ "fchmodat", { SYS_fchmodat, { CWD, NAME, 0666 } }, ENDED },
	{ "fchmodat2", { FCHMODAT2, { PIN, EMPTY, 0666, AT_EMPTY_PATH } }, ENDED },
	{ "chown", { SYS_chown, { NAME, ALICE, ALICE } }, ENDED },
	{ "lchown", { SYS_lchown, { NAME, ALICE, ALICE } }, ENDED },
	{ "fchownat", { SYS_fchownat, { CWD, NAME, 0, ALICE, 0 } }, ENDED },
	{ "fchownat of a pin", { SYS_fchownat, { PIN, EMPTY, 0, ALICE, AT_EMPTY_PATH } }, ENDED },
	{ "fchmod of a pin", { SYS_fchmod, { PIN, 0666 } }, -EBADF },
	{ "fchown of a pin", { SYS_fchown, { PIN, 0, ALICE } }, -EBADF },
	{ "set-user-ID", { SYS_fchmod, { OPENED, 04755 } }, ENDED },
};

/* The hull is of the first directory, and not of what is beside that. */
static void start_making(const char *modes)
{
	char policy[512], first[128], second[160];

	scene_prepare(&s);
	snprintf(first, sizeof(first), "%s/first", s.daemon.directory);
	snprintf(second, sizeof(second), "%s/second", first);
	ck_assert_int_eq(mkdir(first, 0755), 0);
	ck_assert_int_eq(mkdir(second, 0755), 0);
	snprintf(policy, sizeof(policy),
		 "version 1;\nfor user %d { made: allow %s as root \"%s/**\"; }\n", ALICE, modes,
		 second);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
	s.daemon.may_be_killed = true;
	daemon_start(&s.daemon);
	daemon_await_attendants(&s.daemon);
}

static long change(const struct captive *c, const struct call *call)
{
	const unsigned long later[] = {
		(unsigned long)open_there(c, AT_FDCWD, s.lent, O_PATH),
		(unsigned long)open_there(c, AT_FDCWD, s.lent, O_ACCMODE),
		give(c, 2048, s.lent, strlen(s.lent) + 1),
		give(c, 1024, "", 1),
	};
	struct call filled;

	ck_assert_int_ge((int)later[0], 0);
	return make(c, fill(call, later, ELEMENTSOF(later), &filled));
}

/* P74: Landlock judges neither; so it is the file that must have been opened, and that, Landlock judges. */
START_TEST(takeover_changes_no_owner_or_mode_by_name)
{
	long ended = filter_default_action == SCMP_ACT_KILL_PROCESS ? ENDED : -EPERM, r;
	struct captive c;
	struct stat st;

	start_making("create, tmpfile");
	capture(&c, daemon_pid(&s.daemon, "broker"));
	become_all_that_it_can(&c);
	ck_assert_int_eq(open_there(&c, AT_FDCWD, s.daemon.directory, O_RDONLY | O_DIRECTORY),
			 -EACCES);
	r = change(&c, &changes[_i].call);
	ck_assert_msg(r == (changes[_i].expected == ENDED ? ended : changes[_i].expected),
		      "%s: %ld", changes[_i].name, r);
	if (r != ENDED)
		release(&c);
	ck_assert_int_eq(stat(s.lent, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(st.st_gid, 0);
	daemon_stop(&s.daemon);
}
END_TEST

/* a program of another group, for who is in it by nothing else */

#define MADE  (LATER + 0) /* open, in the hull, of that group */
#define PLACE (LATER + 1) /* its name */
#define UPPER (1UL << 32) /* the call does not look there */

static const struct {
	const char *name, *modes;
	struct call call;
	long expected;
} lendings[] = {
	{ "fchmod", "create", { SYS_fchmod, { MADE, 02755 } }, ENDED },
	{ "fchmod, above 32 bits", "create", { SYS_fchmod, { MADE, UPPER | 02755 } }, ENDED },
	{ "fchmod by tmpfile", "create, tmpfile", { SYS_fchmod, { MADE, 02711 } }, ENDED },
	{ "fchmodat", "create, attributes", { SYS_fchmodat, { CWD, PLACE, 02755 } }, ENDED },
	{ "fchmodat of a user",
	  "create, attributes",
	  { SYS_fchmodat, { CWD, PLACE, 04755 } },
	  ENDED },
	{ "fchmod of no bit", "create", { SYS_fchmod, { MADE, 0755 } }, 0 },
	{ "fchmodat of no bit", "create, attributes", { SYS_fchmodat, { CWD, PLACE, 0755 } }, 0 },
};

/* By any group that it likes: CAP_SETGID is there for setgroups(2). */
static long make_of_a_group(const struct captive *c, const char *path, gid_t group)
{
	long fd = open_there(c, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(MAKE(c, SYS_setgroups, { 1, give(c, 0, &group, sizeof(group)) }), 0);
	ck_assert_int_eq(MAKE(c, SYS_fchown, { (unsigned long)fd, (unsigned long)-1, group }), 0);
	return fd;
}

/* P74 */
START_TEST(takeover_makes_no_program_that_lends_its_group)
{
	long ended = filter_default_action == SCMP_ACT_KILL_PROCESS ? ENDED : -EPERM, r;
	bool lends = lendings[_i].expected == ENDED;
	unsigned long later[2];
	struct captive c;
	struct call call;
	char path[160];
	struct stat st;

	start_making(lendings[_i].modes);
	snprintf(path, sizeof(path), "%s/first/second/made", s.daemon.directory);
	capture(&c, daemon_pid(&s.daemon, "broker"));
	become_all_that_it_can(&c);
	later[0] = (unsigned long)make_of_a_group(&c, path, BOB);
	later[1] = give(&c, 2048, path, strlen(path) + 1);
	r = make(&c, fill(&lendings[_i].call, later, ELEMENTSOF(later), &call));
	ck_assert_msg(r == (lends ? ended : 0), "%s: %ld", lendings[_i].name, r);
	if (r != ENDED)
		release(&c);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_gid, BOB);
	ck_assert_uint_eq(st.st_mode, S_IFREG | (lends ? 0600 : 0755));
	daemon_stop(&s.daemon);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("takeover");
	TCase *tcase = suite_case(suite, "takeover");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, takeover_of_the_broker_stays_in_its_hull);
	tcase_add_test(tcase, takeover_wins_no_capability);
	tcase_add_test(tcase, takeover_passes_no_descriptor_on);
	tcase_add_loop_test(tcase, takeover_ends_with_a_call_that_is_not_on_the_list, 0,
			    ELEMENTSOF(rows));
	tcase_add_loop_test(tcase,
			    takeover_ends_the_ring_that_it_writes_nonsense_into_and_nothing_else, 0,
			    ELEMENTSOF(lies));
	tcase_add_loop_test(tcase, takeover_changes_no_owner_or_mode_by_name, 0,
			    ELEMENTSOF(changes));
	tcase_add_loop_test(tcase, takeover_makes_no_program_that_lends_its_group, 0,
			    ELEMENTSOF(lendings));
	return suite_main(suite);
}
