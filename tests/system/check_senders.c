/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/*
 * Who the library asks as: the effective ids, whether it attaches them or the kernel attaches those of a thread
 * that cannot change its own. The file `lent` tells who that was: Alice gets it, Bob and root are
 * refused it, and whoever is not the one who connected ends the connection.
 */

static struct scene s;

static void start(void)
{
	scene_start(&s);
}

static void stop(void)
{
	scene_assert_unharmed(&s);
	scene_stop(&s);
}

/* Of this thread alone; as root, the groups first. */
static void become(uid_t real, uid_t effective, uid_t saved)
{
	ck_assert_int_eq(syscall(SYS_setresgid, real, effective, saved), 0);
	ck_assert_int_eq(syscall(SYS_setresuid, real, effective, saved), 0);
}

static struct fdbroker *join(void)
{
	struct fdbroker *broker;

	ck_assert_int_eq(fdbroker_connect(&broker, s.daemon.socket), 0);
	return broker;
}

/* 0 or -errno */
static int ask(struct fdbroker *broker)
{
	int fd = fdbroker_open(broker, s.lent, O_RDONLY, 0, NULL);

	if (fd < 0)
		return fd;
	fd_close(fd);
	return 0;
}

static int ask_anew(void)
{
	struct fdbroker *broker = join();
	int r = ask(broker);

	fdbroker_close(broker);
	return r;
}

/* P39 */
static const struct who {
	uid_t real, effective, saved;
	int expected;
} whos[] = {
	{ ALICE, ALICE, ALICE, 0 }, { ALICE, ALICE, 0, 0 },	  { ALICE, ALICE, BOB, 0 },
	{ BOB, ALICE, ALICE, 0 },   { 0, ALICE, 0, 0 },		  { BOB, ALICE, BOB, 0 },
	{ BOB, BOB, BOB, -EACCES }, { ALICE, BOB, BOB, -EACCES }, { ALICE, BOB, ALICE, -EACCES },
	{ 0, 0, 0, -EACCES },	    { ALICE, 0, 0, -EACCES },	  { 0, BOB, ALICE, -EACCES },
};

static int ask_as(const void *argument)
{
	const struct who *who = argument;

	become(who->real, who->effective, who->saved);
	ck_assert_int_eq(ask_anew(), who->expected);
	return 0;
}

START_TEST(a_request_is_by_the_effective_ids)
{
	ck_assert_int_eq(forked_run(ask_as, &whos[_i]), 0);
}
END_TEST

/* P38: one that gave up rights for a while, as a set-user-ID program does: as whom it still may ask. */
static const struct other {
	uid_t uid;
	gid_t gid;
	bool by_capability; /* rather than by its saved ids */
	int expected;
} others[] = {
	{ 0, 0, false, -EACCES }, { BOB, BOB, false, -EACCES }, { BOB, ALICE, false, -EACCES },
	{ ALICE, BOB, false, 0 }, { BOB, BOB, true, -EACCES },	{ BOB, ALICE, true, -EACCES },
	{ ALICE, BOB, true, 0 },
};

static void raise_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
	for (size_t i = 0; i < ELEMENTSOF(data); i++)
		data[i].effective = data[i].permitted;
	ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
}

static void become_again(const struct other *other, bool alice)
{
	uid_t uid = alice ? ALICE : other->uid, kept_uid = alice ? other->uid : ALICE;
	gid_t gid = alice ? ALICE : other->gid, kept_gid = alice ? other->gid : ALICE;

	if (other->by_capability) {
		raise_capabilities();
		kept_uid = kept_gid = ALICE;
	}
	ck_assert_int_eq(syscall(SYS_setresgid, ALICE, gid, kept_gid), 0);
	ck_assert_int_eq(syscall(SYS_setresuid, ALICE, uid, kept_uid), 0);
}

static int go_back_and_forth(const void *argument)
{
	const struct other *other = argument;
	struct fdbroker *broker;

	ck_assert_int_eq(prctl(PR_SET_KEEPCAPS, other->by_capability), 0);
	become_again(other, true);
	broker = join();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ask(broker), 0);
		become_again(other, false);
		become_again(other, true);
	}
	become_again(other, false);
	ck_assert_int_eq(ask(broker), -ECONNRESET);
	fdbroker_close(broker);
	ck_assert_int_eq(ask_anew(), other->expected);
	become_again(other, true);
	ck_assert_int_eq(ask_anew(), 0);
	return 0;
}

START_TEST(who_takes_other_effective_ids_asks_as_them)
{
	ck_assert_int_eq(forked_run(go_back_and_forth, &others[_i]), 0);
}
END_TEST

/* Whoever was not settled, and has become somebody else for good. */
static int become_another(const void *argument)
{
	const uid_t *uid = argument;
	struct fdbroker *broker;

	become(0, ALICE, 0);
	broker = join();
	ck_assert_int_eq(ask(broker), 0);
	become(0, 0, 0);
	become(*uid, *uid, *uid);
	ck_assert_int_eq(ask(broker), *uid == ALICE ? 0 : -ECONNRESET);
	fdbroker_close(broker);
	return 0;
}

START_TEST(who_becomes_another_asks_as_that)
{
	static const uid_t uids[] = { 0, ALICE, BOB };

	for (size_t i = 0; i < ELEMENTSOF(uids); i++)
		ck_assert_int_eq(forked_run(become_another, &uids[i]), 0);
}
END_TEST

/* Threads, each with ids of its own, over one connection. */
struct thread {
	struct fdbroker *broker;
	uid_t uid;
	int answer;
};

static void *ask_as_thread(void *argument)
{
	struct thread *thread = argument;

	become(0, 0, 0);
	become(thread->uid, thread->uid, thread->uid);
	thread->answer = ask(thread->broker);
	return NULL;
}

static int ask_in_thread(struct fdbroker *broker, uid_t uid)
{
	struct thread thread = { .broker = broker, .uid = uid };
	pthread_t id;

	ck_assert_int_eq(pthread_create(&id, NULL, ask_as_thread, &thread), 0);
	ck_assert_int_eq(pthread_join(id, NULL), 0);
	return thread.answer;
}

static int have_threads(const void *unused)
{
	struct fdbroker *broker;

	(void)unused;
	become(0, ALICE, 0);
	broker = join();
	ck_assert_int_eq(ask_in_thread(broker, ALICE), 0);
	/* Really it is root. */
	ck_assert_int_eq(ask(broker), 0);
	ck_assert_int_eq(ask_in_thread(broker, BOB), -ECONNRESET);
	fdbroker_close(broker);
	return 0;
}

START_TEST(each_thread_asks_as_itself)
{
	ck_assert_int_eq(forked_run(have_threads, NULL), 0);
}
END_TEST

/* Children: of whom the library knew already what it is. */
struct child {
	struct fdbroker *broker;
	struct who who;
};

static int change_and_ask(const void *argument)
{
	const struct child *child = argument;

	become(child->who.real, child->who.effective, child->who.saved);
	ck_assert_int_eq(ask(child->broker), child->who.expected);
	ck_assert_int_eq(ask_anew(), child->who.expected);
	return 0;
}

static int have_a_child_that_is(const void *argument)
{
	struct child child = { .who = *(const struct who *)argument };

	child.broker = join();
	ck_assert_int_eq(ask(child.broker), -EACCES);
	ck_assert_int_eq(forked_run(change_and_ask, &child), 0);
	ck_assert_int_eq(ask(child.broker), -EACCES);
	fdbroker_close(child.broker);
	return 0;
}

START_TEST(a_child_of_root_asks_as_whom_it_has_become)
{
	ck_assert_int_eq(forked_run(have_a_child_that_is, &whos[_i]), 0);
}
END_TEST

static int ask_both(const void *argument)
{
	const struct child *child = argument;

	ck_assert_int_eq(ask(child->broker), 0);
	ck_assert_int_eq(ask_anew(), 0);
	return 0;
}

static int have_a_child(const void *unused)
{
	struct child child = { .broker = join() };

	(void)unused;
	ck_assert_int_eq(ask(child.broker), 0);
	ck_assert_int_eq(forked_run(ask_both, &child), 0);
	ck_assert_int_eq(ask(child.broker), 0);
	fdbroker_close(child.broker);
	return 0;
}

START_TEST(a_child_of_alice_asks_as_alice)
{
	ck_assert_int_eq(scene_as(ALICE, have_a_child, NULL), 0);
}
END_TEST

/* P38: Alice's connection in other hands. */
static const struct who delegates[] = {
	{ ALICE, ALICE, ALICE, 0 },	    { BOB, BOB, BOB, -ECONNRESET },
	{ ALICE, BOB, BOB, -ECONNRESET },   { BOB, ALICE, ALICE, 0 },
	{ ALICE, BOB, ALICE, -ECONNRESET }, { 0, 0, 0, -ECONNRESET },
};

struct handed {
	const struct who *who;
	int sock;
};

static int adopt_and_ask(const void *argument)
{
	const struct handed *handed = argument;
	struct fdbroker *broker;

	become(handed->who->real, handed->who->effective, handed->who->saved);
	ck_assert_int_eq(fdbroker_adopt(&broker, handed->sock), 0);
	ck_assert_int_eq(ask(broker), handed->who->expected);
	fdbroker_close(broker);
	return 0;
}

static int connect_and_hand_on(const void *argument)
{
	struct handed handed = { .who = argument };

	become(ALICE, ALICE, 0);
	handed.sock = daemon_connect(&s.daemon);
	become(0, 0, 0);
	return forked_run(adopt_and_ask, &handed);
}

START_TEST(a_connection_that_is_handed_on_serves_its_connector)
{
	ck_assert_int_eq(forked_run(connect_and_hand_on, &delegates[_i]), 0);
}
END_TEST

/* Namespaces */

/* Root is nobody there, so that no broker is trusted: what is connected stays all that there is. */
static int enter_a_user_namespace(const void *unused)
{
	struct fdbroker *broker = join();

	(void)unused;
	ck_assert_int_eq(ask(broker), 0);
	/* Lost with the change of user, and with it the files below: proc(5). */
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
	/* Without a number, as long as nothing is mapped. */
	ck_assert_int_eq(ask(broker), 0);
	user_map_root(ALICE);
	ck_assert_int_eq(geteuid(), 0);
	ck_assert_int_eq(ask(broker), 0);
	fdbroker_close(broker);
	return 0;
}

START_TEST(who_enters_a_user_namespace_asks_as_whom_it_was)
{
	ck_assert_int_eq(scene_as(ALICE, enter_a_user_namespace, NULL), 0);
}
END_TEST

static int ask_as_first(const void *argument)
{
	ck_assert_int_eq(getpid(), 1);
	return ask_as(argument);
}

static int enter_a_pid_namespace(const void *argument)
{
	ck_assert_int_eq(unshare(CLONE_NEWPID), 0);
	return forked_run(ask_as_first, argument);
}

START_TEST(the_first_of_a_pid_namespace_asks_as_itself)
{
	ck_assert_int_eq(forked_run(enter_a_pid_namespace, &whos[_i]), 0);
}
END_TEST

static void await_byte(int sock)
{
	ck_assert_int_eq(recv(sock, &(char){ 0 }, 1, 0), 1);
}

/* In a namespace that has root and both of them: 0, 1 and 2. */
static int be_another_in_there(const void *argument)
{
	const int *sock = argument;
	struct fdbroker *broker;

	become(ALICE, ALICE, ALICE);
	broker = join();
	ck_assert_int_eq(ask(broker), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
	ck_assert_int_eq(send(*sock, "", 1, 0), 1);
	await_byte(*sock);
	become(1, 2, 1);
	/* libfdbroker(3) */
	ck_assert_int_eq(ask(broker), 0);
	fdbroker_close(broker);
	ck_assert_int_eq(ask_anew(), -EACCES);
	become(1, 1, 1);
	ck_assert_int_eq(ask_anew(), 0);
	return 0;
}

static void map_all(pid_t pid)
{
	char map[64];

	snprintf(map, sizeof(map), "0 0 1\n1 %d 1\n2 %d 1\n", ALICE, BOB);
	user_map(pid, "gid_map", map);
	user_map(pid, "uid_map", map);
}

START_TEST(who_takes_other_ids_in_a_namespace_asks_as_them_when_it_connects_anew)
{
	int pair[2];
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = forked_start(be_another_in_there, &pair[1]);
	await_byte(pair[0]);
	map_all(pid);
	ck_assert_int_eq(send(pair[0], "", 1, 0), 1);
	ck_assert_int_eq(forked_wait(pid), 0);
	fd_close(pair[0]);
	fd_close(pair[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("senders");
	TCase *tcase = suite_case(suite, "senders");

	if (daemon_unavailable() != 0)
		return daemon_unavailable();
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, a_request_is_by_the_effective_ids, 0, ELEMENTSOF(whos));
	tcase_add_loop_test(tcase, who_takes_other_effective_ids_asks_as_them, 0,
			    ELEMENTSOF(others));
	tcase_add_test(tcase, who_becomes_another_asks_as_that);
	tcase_add_test(tcase, each_thread_asks_as_itself);
	tcase_add_loop_test(tcase, a_child_of_root_asks_as_whom_it_has_become, 0, ELEMENTSOF(whos));
	tcase_add_test(tcase, a_child_of_alice_asks_as_alice);
	tcase_add_loop_test(tcase, a_connection_that_is_handed_on_serves_its_connector, 0,
			    ELEMENTSOF(delegates));
	tcase_add_test(tcase, who_enters_a_user_namespace_asks_as_whom_it_was);
	tcase_add_loop_test(tcase, the_first_of_a_pid_namespace_asks_as_itself, 0,
			    ELEMENTSOF(whos));
	tcase_add_test(tcase,
		       who_takes_other_ids_in_a_namespace_asks_as_them_when_it_connects_anew);
	return suite_main(suite);
}
