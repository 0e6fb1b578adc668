/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/filter.h"
#include "policy/ast.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/sysctl.h"

#define BROKER_ID 4242

static const struct confine_needs all_needs = {
	BROKER_ID, BROKER_ID, .reads_as_root = true, .writes_as_root = true, .owns_as_root = true,
};

/* What a hijacked broker would try (P75, P76). Each returns what the system call did. */

static long try_openat(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static long try_execve(void)
{
	static char *const none[] = { NULL };

	return syscall(SYS_execve, "/bin/true", none, none);
}

static long try_socket(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long try_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}

static long try_executable_mapping(void)
{
	return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
}

static long try_executable_protection(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	return syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
}

static long try_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
}

static long try_namespace(void)
{
	return syscall(SYS_unshare, 0x10000000);
}

static long try_setuid(void)
{
	return syscall(SYS_setresuid, 0, 0, 0);
}

static long try_kill(void)
{
	return syscall(SYS_kill, getpid(), 0);
}

static long try_other_signal(void)
{
	return syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
}

static pid_t tester; /* noted before: getppid(2) is forbidden too */

static long try_abort_of_another(void)
{
	return syscall(SYS_tgkill, tester, tester, SIGABRT);
}

static long try_dup(void)
{
	return syscall(SYS_fcntl, 0, F_DUPFD, 0);
}

/* P91: the bits that the kernel does not look at do not change what is meant. */
static long try_high_bits(void)
{
	return syscall(SYS_fcntl, 0, UINT64_C(0x100000000) | F_GETFD);
}

static const struct {
	const char *name;
	long (*call)(void);
} forbidden[] = {
	{ "openat", try_openat },
	{ "execve", try_execve },
	{ "socket", try_socket },
	{ "ptrace", try_ptrace },
	{ "mmap executable", try_executable_mapping },
	{ "mprotect executable", try_executable_protection },
	{ "fork", try_fork },
	{ "unshare", try_namespace },
	{ "setresuid", try_setuid },
	{ "kill", try_kill },
	{ "tgkill with another signal", try_other_signal },
	{ "tgkill of another process", try_abort_of_another },
	{ "fcntl duplicating", try_dup },
	{ "fcntl with high bits", try_high_bits },
};

static int confine_and_call(const void *arg)
{
	long (*const *call)(void) = arg;

	if (confine_broker(&all_needs) < 0)
		return 200;
	return (*call)() < 0 ? errno : 0;
}

static int of_forbidden(void)
{
	return filter_default_action == SCMP_ACT_KILL_PROCESS ? FORKED_SIGNALLED + SIGSYS : EPERM;
}

START_TEST(confine_kills_the_broker_for_a_forbidden_call)
{
	int got;

	tester = getpid();
	got = forked_run(confine_and_call, &forbidden[_i].call);

	ck_assert_msg(got == of_forbidden(), "%s: %d", forbidden[_i].name, got);
}
END_TEST

static long try_abort(void)
{
	abort();
}

START_TEST(confine_lets_the_broker_abort)
{
	long (*const call)(void) = try_abort;

	ck_assert_int_eq(forked_run(confine_and_call, &call), FORKED_SIGNALLED + SIGABRT);
}
END_TEST

/* glibc asks for clone3 first, and falls back to clone, whose flags can be seen. */
static long try_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

START_TEST(confine_says_that_there_is_no_clone3)
{
	long (*const call)(void) = try_clone3;

	ck_assert_int_eq(forked_run(confine_and_call, &call), ENOSYS);
}
END_TEST

#ifdef __x86_64__
/* getpid(2) of the i386 table. */
static long try_foreign(void)
{
	long r = 20;

	__asm__ volatile("int $0x80" : "+a"(r) : : "memory", "r8", "r9", "r10", "r11");
	return r;
}
#else
static long try_foreign(void)
{
	raise(SIGSYS);
	return 0;
}
#endif

/* P76 */
START_TEST(confine_kills_for_a_call_of_a_foreign_architecture)
{
	long (*const call)(void) = try_foreign;

	ck_assert_int_eq(forked_run(confine_and_call, &call), FORKED_SIGNALLED + SIGSYS);
}
END_TEST

static int refuse_root(const void *arg)
{
	const struct confine_needs needs = { .uid = 0, .gid = 0 };

	(void)arg;
	return confine_broker(&needs) == -EINVAL ? 0 : 1;
}

/* P75 */
START_TEST(confine_to_root_is_refused)
{
	ck_assert_int_eq(forked_run(refuse_root, NULL), 0);
}
END_TEST

struct waiter {
	const struct confine_needs *needs; /* NULL: the audit process */
	int pair[2];			   /* the test's end and the child's */
};

static int confine_and_wait(const void *arg)
{
	const struct waiter *waiter = arg;
	struct iovec iov = { .iov_base = (char[1]){ 0 }, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int sock = waiter->pair[1];
	int r;

	close(waiter->pair[0]);
	r = waiter->needs ? confine_broker(waiter->needs) : confine_audit(BROKER_ID, BROKER_ID);
	if (r < 0 || sendmsg(sock, &msg, 0) < 0)
		return 200;
	/* Until the test has seen enough. */
	return recvmsg(sock, &msg, 0) < 0 ? 201 : 0;
}

/* One line of /proc/PID/status, as hexadecimal or decimal. */
static uint64_t status_of(pid_t pid, const char *key, int base)
{
	char path[64], line[256];
	uint64_t value = UINT64_MAX;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoull(line + strlen(key) + 1, NULL, base);
	fclose(file);
	return value;
}

#define CAP_BIT(c) (UINT64_C(1) << (c))
#define SWITCH	   (CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID))

/* P74, P75 */
static const struct {
	const char *name;
	bool audit;
	struct confine_needs needs;
	uint64_t caps;
} kept[] = {
	{ "lends nothing", false, { BROKER_ID, BROKER_ID, .hull = NULL }, SWITCH },
	{ "lends reading",
	  false,
	  { BROKER_ID, BROKER_ID, .reads_as_root = true },
	  SWITCH | CAP_BIT(CAP_DAC_READ_SEARCH) },
	{ "lends writing",
	  false,
	  { BROKER_ID, BROKER_ID, .writes_as_root = true },
	  SWITCH | CAP_BIT(CAP_DAC_OVERRIDE) },
	{ "lends what owners may",
	  false,
	  { BROKER_ID, BROKER_ID, .owns_as_root = true },
	  SWITCH | CAP_BIT(CAP_FOWNER) },
	{ "audit", true, { 0 }, 0 },
};

static void assert_confined(pid_t pid, uint64_t caps)
{
	ck_assert_uint_eq(status_of(pid, "Uid:", 10), BROKER_ID);
	ck_assert_uint_eq(status_of(pid, "Gid:", 10), BROKER_ID);
	ck_assert_uint_eq(status_of(pid, "Groups:", 10), 0);
	ck_assert_uint_eq(status_of(pid, "CapPrm:", 16), caps);
	ck_assert_uint_eq(status_of(pid, "CapEff:", 16), caps);
	ck_assert_uint_eq(status_of(pid, "CapBnd:", 16), caps);
	ck_assert_uint_eq(status_of(pid, "CapInh:", 16), 0);
	ck_assert_uint_eq(status_of(pid, "CapAmb:", 16), 0);
	ck_assert_uint_eq(status_of(pid, "NoNewPrivs:", 10), 1);
	ck_assert_uint_eq(status_of(pid, "Seccomp:", 10), 2);
}

static int read_memory_of(const void *arg)
{
	char path[64];

	if (setresgid(BROKER_ID, BROKER_ID, BROKER_ID) < 0 ||
	    setresuid(BROKER_ID, BROKER_ID, BROKER_ID) < 0)
		return 200;
	snprintf(path, sizeof(path), "/proc/%d/environ", *(const pid_t *)arg);
	return open(path, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

/* A process that is confined and waits until the test closes waiter->pair[0]. */
static pid_t start_confined(struct waiter *waiter)
{
	int *pair = waiter->pair;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = forked_start(confine_and_wait, waiter);
	close(pair[1]);
	ck_assert_int_eq(recv(pair[0], &(char){ 0 }, 1, 0), 1);
	return pid;
}

START_TEST(confine_keeps_what_the_policy_needs_and_no_more)
{
	struct waiter waiter = { .needs = kept[_i].audit ? NULL : &kept[_i].needs };
	pid_t pid = start_confined(&waiter);

	assert_confined(pid, kept[_i].caps);
	close(waiter.pair[0]);
	ck_assert_int_eq(forked_wait(pid), 0);
}
END_TEST

static uint64_t caps_of(char *names)
{
	static const char between[] = " ,\n";
	uint64_t caps = 0;
	cap_value_t cap;

	for (char *name = strtok(names, between); name; name = strtok(NULL, between)) {
		ck_assert_msg(cap_from_name(name, &cap) == 0, "%s", name);
		caps |= CAP_BIT(cap);
	}
	return caps;
}

static uint64_t caps_of_unit(void)
{
	static const char key[] = "CapabilityBoundingSet=";
	const char *srcdir = getenv("srcdir");
	char path[4096], line[256];
	uint64_t caps = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/systemd/fdbroker.service.in", srcdir ? srcdir : ".");
	file = fopen(path, "re");
	ck_assert_msg(file, "%s: %m", path);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			caps |= caps_of(line + strlen(key));
	fclose(file);
	return caps;
}

/* What no child keeps: to look at callers' programs, to end children, and to give capabilities up. */
#define OF_PARENT (CAP_BIT(CAP_SYS_PTRACE) | CAP_BIT(CAP_KILL) | CAP_BIT(CAP_SETPCAP))

START_TEST(unit_has_what_brokers_keep_and_what_the_parent_needs)
{
	struct text text = TEXT_EMPTY;
	char *said, *names;

	confine_print(&all_needs, &text);
	ck_assert_int_eq(text_finish(&text, &said), 0);
	names = said + strlen("capabilities ");
	names[strcspn(names, "\n")] = '\0';
	ck_assert_uint_eq(caps_of_unit(), caps_of(names) | OF_PARENT);
	free(said);
}
END_TEST

/* P78: not even its own user can look into it, and not because of capabilities that he has not. */
START_TEST(confine_lets_nobody_look_into_a_process)
{
	struct waiter waiter = { .needs = NULL };
	pid_t pid = start_confined(&waiter);

	ck_assert_int_eq(forked_run(read_memory_of, &pid), EACCES);
	close(waiter.pair[0]);
	ck_assert_int_eq(forked_wait(pid), 0);
}
END_TEST

/* What the filter says, without the priorities that libseccomp gives. */
static void print_filter(uint32_t modes, char *out, size_t size)
{
	_cleanup_(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
	char line[512];
	size_t len = 0;
	FILE *file;

	ck_assert_int_eq(confine_print_broker(fd, modes), 0);
	file = fdopen(fd, "r");
	ck_assert_ptr_nonnull(file);
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		char *priority = strstr(line, " [priority");

		if (priority)
			strcpy(priority, "\n");
		ck_assert_uint_lt(len + strlen(line), size);
		len += (size_t)sprintf(out + len, "%s", line);
	}
	fclose(file);
	TAKE_FD(fd);
}

static size_t read_golden(char *out, size_t size)
{
	const char *srcdir = getenv("srcdir");
	char path[512];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/unit/broker.seccomp", srcdir ? srcdir : ".");
	file = fopen(path, "re");
	ck_assert_msg(file, "%s: %m", path);
	len = fread(out, 1, size - 1, file);
	out[len] = '\0';
	fclose(file);
	return len;
}

/*
 * The list as it is, so that one more system call in it is a change that a
 * reviewer sees. To renew it after such a change: the test prints the new one.
 */
START_TEST(confine_filter_is_the_golden_one)
{
	static char filter[1 << 16], golden[1 << 16];

	print_filter(0, filter, sizeof(filter));
	read_golden(golden, sizeof(golden));
	if (strcmp(filter, golden) != 0) {
		printf("%s", filter);
		fflush(stdout);
	}
	ck_assert_msg(strcmp(filter, golden) == 0, "the filter has changed; see above");
}
END_TEST

/* The minimal list is the golden one. */
static const struct {
	uint32_t modes; /* without any one of them it is not there */
	const char *call;
} by_mode[] = {
	{ POLICY_CREATE, "mkdirat" },
	{ POLICY_ATTRIBUTES, "fchmodat" },
	{ POLICY_ATTRIBUTES, "utimensat" },
	{ POLICY_CONNECT, "socket" },
	{ POLICY_CONNECT, "connect" },
	{ POLICY_CREATE, "symlinkat" },
	{ POLICY_WATCH, "inotify_init1" },
	{ POLICY_WATCH, "inotify_add_watch" },
	{ POLICY_CREATE | POLICY_REMOVE, "renameat2" },
	{ POLICY_CREATE | POLICY_READ, "linkat" },
};

START_TEST(confine_filter_has_calls_that_only_some_policies_need)
{
	static char minimal[1 << 16], filter[1 << 16];
	char line[64];

	snprintf(line, sizeof(line), "\"%s\"", by_mode[_i].call);
	for (uint32_t mode = 1; mode < POLICY_ANY; mode <<= 1) {
		if (!(by_mode[_i].modes & mode))
			continue;
		print_filter(POLICY_ANY & ~mode, minimal, sizeof(minimal));
		ck_assert_msg(!strstr(minimal, line), "%s without its mode", line);
	}
	print_filter(by_mode[_i].modes, filter, sizeof(filter));
	ck_assert_msg(strstr(filter, line), "no %s with its mode", line);
}
END_TEST

/* What two things need; and what nothing does. */
static const struct {
	const char *call;
	uint32_t modes;
	bool has;
} by_modes[] = {
	{ "faccessat2", POLICY_STAT, true },
	{ "faccessat2", POLICY_CREATE | POLICY_READ, true },
	{ "faccessat2", POLICY_ANY & ~(POLICY_STAT | POLICY_READ), false },
	{ "faccessat2", POLICY_ANY & ~(POLICY_STAT | POLICY_CREATE), false },
	{ "fchown", POLICY_CREATE, true },
	{ "fchown", POLICY_TMPFILE, true },
	{ "fchown", POLICY_ANY & ~(POLICY_CREATE | POLICY_TMPFILE), false },
	{ "fchmod", POLICY_CREATE, true },
	{ "fchmod", POLICY_TMPFILE, true },
	{ "fchmod", POLICY_ANY & ~(POLICY_CREATE | POLICY_TMPFILE), false },
	{ "fchownat", POLICY_ANY, false },
	{ "fchmodat", POLICY_ANY & ~POLICY_ATTRIBUTES, false },
};

START_TEST(confine_filter_has_a_call_where_a_policy_needs_it)
{
	static char filter[1 << 16];
	char line[64];

	snprintf(line, sizeof(line), "\"%s\"", by_modes[_i].call);
	print_filter(by_modes[_i].modes, filter, sizeof(filter));
	ck_assert_msg((strstr(filter, line) != NULL) == by_modes[_i].has, "%s by %#x",
		      by_modes[_i].call, by_modes[_i].modes);
}
END_TEST

/* As fchmod(2) and fchmodat(2) may not set them; whatever else the argument says. */
static const struct {
	const char *call;
	uint32_t modes;
	unsigned int argument;
	mode_t bits;
} kept_off[] = {
	{ "fchmod", POLICY_CREATE, 1, S_ISUID | S_ISGID | S_ISVTX },
	{ "fchmod", POLICY_TMPFILE, 1, S_ISUID | S_ISGID | S_ISVTX },
	{ "fchmodat", POLICY_ATTRIBUTES, 2, S_ISUID | S_ISGID },
};

START_TEST(confine_filter_lets_nobody_set_set_id_bits)
{
	static char filter[1 << 16];
	char line[64], condition[128];
	const char *at;

	print_filter(kept_off[_i].modes, filter, sizeof(filter));
	snprintf(line, sizeof(line), "\"%s\"", kept_off[_i].call);
	at = strstr(filter, line);
	ck_assert_msg(at, "no %s", line);
	snprintf(condition, sizeof(condition), "if ($a%u.lo32 & 0x%08x == 0)",
		 kept_off[_i].argument, kept_off[_i].bits);
	at = strstr(at, condition);
	ck_assert_msg(at, "%s by %#x: no %s in %s", kept_off[_i].call, kept_off[_i].modes,
		      condition, filter);
}
END_TEST

/* The golden file has x86-64's numbers, and the sanitizers' calls are not in it. */
static bool has_golden(void)
{
	return filter_default_action == SCMP_ACT_KILL_PROCESS &&
	       seccomp_arch_native() == SCMP_ARCH_X86_64;
}

int main(void)
{
	Suite *suite = suite_create("confine");
	TCase *tcase = suite_case(suite, "confine");
	TCase *dumpable = suite_case(suite, "dumpable");

	if (geteuid() != 0)
		return 77;
	sysctl_let_dump(dumpable);
	tcase_add_test(dumpable, confine_lets_nobody_look_into_a_process);
	tcase_add_loop_test(tcase, confine_kills_the_broker_for_a_forbidden_call, 0,
			    ELEMENTSOF(forbidden));
	tcase_add_test(tcase, confine_lets_the_broker_abort);
	tcase_add_test(tcase, confine_says_that_there_is_no_clone3);
	tcase_add_test(tcase, confine_kills_for_a_call_of_a_foreign_architecture);
	tcase_add_test(tcase, confine_to_root_is_refused);
	tcase_add_test(tcase, unit_has_what_brokers_keep_and_what_the_parent_needs);
	tcase_add_loop_test(tcase, confine_keeps_what_the_policy_needs_and_no_more, 0,
			    ELEMENTSOF(kept));
	tcase_add_loop_test(tcase, confine_filter_has_calls_that_only_some_policies_need, 0,
			    ELEMENTSOF(by_mode));
	tcase_add_loop_test(tcase, confine_filter_has_a_call_where_a_policy_needs_it, 0,
			    ELEMENTSOF(by_modes));
	tcase_add_loop_test(tcase, confine_filter_lets_nobody_set_set_id_bits, 0,
			    ELEMENTSOF(kept_off));
	if (has_golden())
		tcase_add_test(tcase, confine_filter_is_the_golden_one);
	return suite_main(suite);
}
