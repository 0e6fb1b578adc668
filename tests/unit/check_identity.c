/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "policy/subject.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

static char path[64];
static int listener;

static void listen_somewhere(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(path, sizeof(path), "/tmp/fdbroker-identity.%d", getpid());
	strcpy(address.sun_path, path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
}

static void listen_no_more(void)
{
	unlink(path);
	listener = fd_close(listener);
}

static int connect_to(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, name);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

/* Connects and lives until the other side closes. */
static int connect_and_stay(const void *arg)
{
	const struct user *user = arg;
	char byte;
	int fd;

	if (user)
		user_become(user);
	fd = connect_to(path);
	return fd < 0 ? 1 : (int)read(fd, &byte, 1);
}

static int connect_and_go(const void *arg)
{
	(void)arg;
	return connect_to(path) < 0;
}

static int attest(struct facts *ret)
{
	int sock = accept(listener, NULL, NULL), r;

	ck_assert_int_ge(sock, 0);
	r = identity_attest(sock, 0, ret);
	fd_close(sock);
	return r;
}

static const gid_t groups[] = { 30002, 30003, 4000000000U };
static const struct user alice = { 30000, 30001, groups, ELEMENTSOF(groups) };

/* 0 where all pidfds are one inode. */
static uint64_t inode_of_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0),
	    own = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct stat st, other;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(fstat(own, &other), 0);
	close(fd);
	close(own);
	return st.st_ino == other.st_ino ? 0 : st.st_ino;
}

START_TEST(identity_is_the_connectors)
{
	struct facts facts;
	struct stat own;
	pid_t pid;

	listen_somewhere();
	pid = forked_start(connect_and_stay, &alice);
	ck_assert_int_eq(attest(&facts), 0);
	ck_assert_int_eq(facts.pid, pid);
	ck_assert_uint_eq(facts.uid, 30000);
	ck_assert_uint_eq(facts.gid, 30001);
	ck_assert_uint_eq(facts.cap_effective, 0);
	ck_assert_int_eq(stat("/proc/self/exe", &own), 0);
	ck_assert_uint_eq(facts.exe_dev, own.st_dev);
	ck_assert_uint_eq(facts.exe_ino, own.st_ino);
	ck_assert_uint_eq(facts.pidfd_ino, inode_of_pidfd(pid));
	ck_assert_int_eq(forked_wait(pid), 0);
	listen_no_more();
}
END_TEST

START_TEST(identity_groups_are_the_connectors)
{
	size_t n;
	gid_t *list;
	pid_t pid;
	int sock;

	listen_somewhere();
	pid = forked_start(connect_and_stay, &alice);
	sock = accept(listener, NULL, NULL);
	ck_assert_int_eq(identity_groups(sock, &list, &n), 0);
	ck_assert_uint_eq(n, ELEMENTSOF(groups));
	ck_assert_mem_eq(list, groups, sizeof(groups));
	free(list);
	fd_close(sock);
	ck_assert_int_eq(forked_wait(pid), 0);
	listen_no_more();
}
END_TEST

START_TEST(identity_of_root_has_its_capabilities)
{
	struct facts facts;
	pid_t pid;

	listen_somewhere();
	pid = forked_start(connect_and_stay, NULL);
	ck_assert_int_eq(attest(&facts), 0);
	ck_assert_uint_ne(facts.cap_effective, 0);
	ck_assert_int_eq(forked_wait(pid), 0);
	listen_no_more();
}
END_TEST

/* Sentinel and overflow ids, and the largest that is nobody's special one: P41, P42. */
static const struct {
	uid_t uid;
	int expected;
} uids[] = {
	{ 65533, 0 }, { 65534, -EACCES }, { 65535, 0 }, { 2147483648U, 0 }, { 4294967294U, 0 },
};

START_TEST(identity_refuses_the_overflow_uid_alone)
{
	const struct user user = { uids[_i].uid, 1000, NULL, 0 };
	struct facts facts;
	pid_t pid;

	listen_somewhere();
	pid = forked_start(connect_and_stay, &user);
	ck_assert_int_eq(attest(&facts), uids[_i].expected);
	if (uids[_i].expected == 0)
		ck_assert_uint_eq(facts.uid, uids[_i].uid);
	ck_assert_int_eq(forked_wait(pid), 0);
	listen_no_more();
}
END_TEST

/* A successor could have its number by now: P37, P40. */
START_TEST(identity_refuses_a_process_that_is_gone)
{
	struct facts facts = { .uid = 77 };
	pid_t pid;

	listen_somewhere();
	pid = forked_start(connect_and_go, NULL);
	ck_assert_int_eq(forked_wait(pid), 0);
	ck_assert_int_lt(attest(&facts), 0);
	ck_assert_uint_eq(facts.uid, 77);
	listen_no_more();
}
END_TEST

/* It has exited, and its parent has not waited: its number is still its own, its facts are not. */
START_TEST(identity_refuses_a_zombie)
{
	struct facts facts;
	siginfo_t si;
	pid_t pid;

	listen_somewhere();
	pid = forked_start(connect_and_go, NULL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	ck_assert_int_lt(attest(&facts), 0);
	ck_assert_int_eq(forked_wait(pid), 0);
	listen_no_more();
}
END_TEST

/* Another process with the connector's number, alive when we look: P37. */
START_TEST(identity_refuses_a_reused_pid)
{
	struct facts facts;
	pid_t pid;

	listen_somewhere();
	pid = forked_start(connect_and_go, NULL);
	ck_assert_int_eq(forked_wait(pid), 0);
	ck_assert_int_eq(forked_start_as(pid), pid);
	ck_assert_int_lt(attest(&facts), 0);
	kill(pid, SIGKILL);
	forked_wait(pid);
	listen_no_more();
}
END_TEST

/* Runs where the client has no number. */
static int serve_in_namespaces(const void *arg)
{
	struct facts facts;
	int sock, r;

	(void)arg;
	sock = accept(listener, NULL, NULL);
	r = identity_attest(sock, 0, &facts);
	return r == -EACCES ? 0 : 1;
}

/* In a user namespace of its own, in which root is root. */
static int become_root_of_userns(int more)
{
	int fd;

	if (unshare(CLONE_NEWUSER | more) < 0)
		return -1;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (write(fd, "0 0 1", 5) != 5)
		return -1;
	return close(fd);
}

static int enter_namespaces(const void *arg)
{
	if (become_root_of_userns(CLONE_NEWPID) < 0)
		return 99;
	return forked_run(serve_in_namespaces, arg);
}

/* P42 */
START_TEST(identity_refuses_who_has_no_number_here)
{
	pid_t server, client;

	listen_somewhere();
	server = forked_start(enter_namespaces, NULL);
	client = forked_start(connect_and_stay, NULL);
	ck_assert_int_eq(forked_wait(server), 0);
	listen_no_more();
	kill(client, SIGKILL);
	forked_wait(client);
}
END_TEST

static int connect_from_own_userns(const void *arg)
{
	(void)arg;
	if (become_root_of_userns(0) < 0)
		return 99;
	return connect_and_stay(NULL);
}

/* Full capabilities, over a user namespace of its own: none over our files. */
START_TEST(identity_counts_no_capabilities_of_another_user_namespace)
{
	struct facts facts;
	pid_t pid;

	listen_somewhere();
	pid = forked_start(connect_from_own_userns, NULL);
	ck_assert_int_eq(attest(&facts), 0);
	ck_assert_uint_eq(facts.uid, 0);
	ck_assert_uint_eq(facts.cap_effective, 0);
	ck_assert_int_eq(forked_wait(pid), 0);
	listen_no_more();
}
END_TEST

static int connect_bare(const void *arg)
{
	return connect_and_stay(arg);
}

static int connect_without_new_privileges(const void *arg)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? 99 : connect_and_stay(arg);
}

static int connect_filtered(const void *arg)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) < 0 || seccomp_load(filter) < 0)
		return 99;
	seccomp_release(filter);
	return connect_and_stay(arg);
}

static int connect_from_own_mntns(const void *arg)
{
	return unshare(CLONE_NEWNS) < 0 ? 99 : connect_and_stay(arg);
}

static int connect_from_own_pidns(const void *arg)
{
	return unshare(CLONE_NEWPID) < 0 ? 99 : forked_run(connect_and_stay, arg);
}

#define HOST (POLICY_FACT_USERNS | POLICY_FACT_MNTNS | POLICY_FACT_PIDNS)

static const struct {
	int (*connect)(const void *arg);
	uint32_t traits;
} traits[] = {
	{ connect_bare, HOST },
	{ connect_without_new_privileges, HOST | POLICY_FACT_NNP },
	{ connect_filtered, HOST | POLICY_FACT_SECCOMP },
	{ connect_from_own_mntns, HOST & ~(uint32_t)POLICY_FACT_MNTNS },
	{ connect_from_own_pidns, HOST & ~(uint32_t)POLICY_FACT_PIDNS },
	{ connect_from_own_userns, HOST & ~(uint32_t)POLICY_FACT_USERNS },
};

START_TEST(identity_knows_namespaces_and_restrictions)
{
	struct facts facts;
	pid_t pid;

	/* What the suite itself was started with stays. */
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	listen_somewhere();
	pid = forked_start(traits[_i].connect, NULL);
	ck_assert_int_eq(attest(&facts), 0);
	ck_assert_uint_eq(facts.attested, POLICY_TRAITS);
	ck_assert_uint_eq(facts.traits, traits[_i].traits);
	ck_assert_int_eq(forked_wait(pid), 0);
	listen_no_more();
}
END_TEST

START_TEST(identity_can_attest_all_of_itself)
{
	ck_assert_uint_eq(identity_unattestable(POLICY_FACT_ALL) & ~(uint32_t)POLICY_LABELS, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("identity");
	TCase *tcase = suite_case(suite, "identity");

	if (geteuid() != 0)
		return 77;
	tcase_add_test(tcase, identity_is_the_connectors);
	tcase_add_test(tcase, identity_groups_are_the_connectors);
	tcase_add_test(tcase, identity_of_root_has_its_capabilities);
	tcase_add_loop_test(tcase, identity_refuses_the_overflow_uid_alone, 0, ELEMENTSOF(uids));
	tcase_add_test(tcase, identity_refuses_a_process_that_is_gone);
	tcase_add_test(tcase, identity_refuses_a_zombie);
	tcase_add_test(tcase, identity_refuses_a_reused_pid);
	tcase_add_test(tcase, identity_refuses_who_has_no_number_here);
	tcase_add_test(tcase, identity_counts_no_capabilities_of_another_user_namespace);
	tcase_add_loop_test(tcase, identity_knows_namespaces_and_restrictions, 0,
			    ELEMENTSOF(traits));
	tcase_add_test(tcase, identity_can_attest_all_of_itself);
	return suite_main(suite);
}
