/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/forge.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * Who sends, and what comes along. Alice's connection is Alice's: whoever else
 * writes on it is turned away, and nobody becomes more by it. The file `lent` tells them
 * apart: it is opened for Alice and for nobody else.
 */

static struct scene s;

static void start(void)
{
	scene_start(&s);
}

static void stop(void)
{
	scene_assert_unharmed(&s);
	ck_assert_uint_eq(daemon_number(&s.daemon, "refused-per-uid"), 0);
	scene_stop(&s);
}

enum fate { ENDED, REFUSED, OPENED };

/* What becomes of a request for the lent file. @claim: NULL leaves it to the kernel. */
static enum fate ask(int sock, const struct ucred *claim)
{
	static const struct message_want want = { .fds = 1 };
	uint8_t buffer[512];
	struct forge forge = { .data = buffer, .credentials = claim };
	struct wire_header header;
	struct wire_answer answer;
	struct message m;
	int r;

	forge.size = scene_request(1, s.lent, buffer, sizeof(buffer));
	ck_assert_int_eq(forge_send(sock, &forge), 0);
	scene_await(sock);
	r = message_receive(sock, buffer, sizeof(buffer), &want, &m);
	if (r == 0 || r == -ECONNRESET)
		return ENDED;
	ck_assert_int_eq(r, 1);
	ck_assert_int_eq(wire_answer_read(buffer, m.size, &header, &answer), 0);
	ck_assert_uint_eq(m.n_fds, answer.error == 0);
	message_done(&m);
	return answer.error == 0 ? OPENED : REFUSED;
}

static void become(uid_t real, uid_t effective, uid_t saved)
{
	/* As root, the groups first. */
	ck_assert_int_eq(setresgid(real, effective, saved), 0);
	ck_assert_int_eq(setresuid(real, effective, saved), 0);
}

static struct ucred claim_of(uid_t id)
{
	return (struct ucred){ getpid(), id, id };
}

/* P39: three ids of a process, and what it says of itself. */
static const uid_t uids[] = { 0, ALICE, BOB };
#define MATRIX (3 * 3 * 3)

struct who {
	uid_t real, effective, saved;
};

static struct who who_at(int i)
{
	return (struct who){ uids[i / 9], uids[i / 3 % 3], uids[i % 3] };
}

static enum fate expected_of(uid_t connector, uid_t sender)
{
	if (sender != connector)
		return ENDED;
	return connector == ALICE ? OPENED : REFUSED;
}

static enum fate ask_once(const struct ucred *claim)
{
	int sock = daemon_connect(&s.daemon);
	enum fate fate = ask(sock, claim);

	fd_close(sock);
	return fate;
}

static int ask_as_all_of(const void *arg)
{
	const struct who *who = arg;
	const uid_t claims[] = { who->real, who->effective, who->saved };

	become(who->real, who->effective, who->saved);
	/* Of itself the kernel attaches the real ids: unix(7). */
	ck_assert_int_eq(ask_once(NULL), expected_of(who->effective, who->real));
	for (size_t i = 0; i < ELEMENTSOF(claims); i++) {
		struct ucred claim = claim_of(claims[i]);

		ck_assert_int_eq(ask_once(&claim), expected_of(who->effective, claims[i]));
	}
	return 0;
}

START_TEST(a_sender_agrees_with_the_effective_ids_of_the_connector)
{
	struct who who = who_at(_i);

	ck_assert_int_eq(forked_run(ask_as_all_of, &who), 0);
}
END_TEST

/* P36, P38: Alice's connection, and who then writes on it. */
static const struct later {
	const char *name;
	struct who who;
	bool by_kernel; /* it does not say who it is */
	uid_t claim;
	enum fate fate;
} later[] = {
	{ "Alice", { ALICE, ALICE, ALICE }, true, 0, OPENED },
	{ "Bob", { BOB, BOB, BOB }, true, 0, ENDED },
	{ "Bob who says so", { BOB, BOB, BOB }, false, BOB, ENDED },
	{ "root", { 0, 0, 0 }, true, 0, ENDED },
	{ "root who says so", { 0, 0, 0 }, false, 0, ENDED },
	{ "a setuid program that was tricked", { ALICE, 0, 0 }, true, 0, OPENED },
	{ "a setuid program that says so", { ALICE, 0, 0 }, false, 0, ENDED },
	{ "a program that is Bob's setuid", { ALICE, BOB, BOB }, true, 0, OPENED },
	{ "a program that is Bob's setuid and says so", { ALICE, BOB, BOB }, false, BOB, ENDED },
	{ "a setuid program that became root", { 0, 0, 0 }, true, 0, ENDED },
	{ "a program of Bob's that is Alice's setuid", { BOB, ALICE, ALICE }, true, 0, ENDED },
};

struct inherited {
	const struct later *later;
	int sock;
};

static int write_on_it(const void *arg)
{
	const struct inherited *inherited = arg;
	const struct later *row = inherited->later;
	struct ucred claim = claim_of(row->claim);

	become(row->who.real, row->who.effective, row->who.saved);
	return ask(inherited->sock, row->by_kernel ? NULL : &claim) == row->fate ? 0 : 1;
}

static int connect_and_hand_on(const void *arg)
{
	struct inherited inherited = { .later = arg };

	/* Root may go back, so that one process can be Alice first and anybody later. */
	become(ALICE, ALICE, 0);
	inherited.sock = daemon_connect(&s.daemon);
	become(0, 0, 0);
	return forked_run(write_on_it, &inherited);
}

START_TEST(an_inherited_connection_serves_whom_it_belongs_to)
{
	int r = forked_run(connect_and_hand_on, &later[_i]);

	ck_assert_msg(r == 0, "%s: %d", later[_i].name, r);
}
END_TEST

/* The same process, too: what counts is who it was, and nobody else may ask. */
static int change(const void *arg)
{
	const struct later *row = arg;
	struct ucred claim = claim_of(row->claim);
	int sock;

	become(ALICE, ALICE, 0);
	sock = daemon_connect(&s.daemon);
	become(0, 0, 0);
	become(row->who.real, row->who.effective, row->who.saved);
	return ask(sock, row->by_kernel ? NULL : &claim) == row->fate ? 0 : 1;
}

START_TEST(a_connector_who_changes_gains_nothing)
{
	int r = forked_run(change, &later[_i]);

	ck_assert_msg(r == 0, "%s: %d", later[_i].name, r);
}
END_TEST

/* What the kernel does not let Alice say. */
static int lie(const void *arg)
{
	static const uid_t lies[] = { 0, BOB, 65534, (uid_t)-1 };
	const uint8_t byte = 0;
	int sock = daemon_connect(&s.daemon);

	(void)arg;
	for (size_t i = 0; i < ELEMENTSOF(lies); i++) {
		struct ucred uid = { getpid(), lies[i], ALICE }, gid = { getpid(), ALICE, lies[i] };
		struct forge forge = { .data = &byte, .size = 1, .credentials = &uid };

		ck_assert_int_lt(forge_send(sock, &forge), 0);
		forge.credentials = &gid;
		ck_assert_int_lt(forge_send(sock, &forge), 0);
	}
	ck_assert_int_lt(forge_send(sock,
				    &(struct forge){ .data = &byte,
						     .size = 1,
						     .credentials =
							     &(struct ucred){ 1, ALICE, ALICE } }),
			 0);
	/* Nothing of it arrived. */
	ck_assert_int_eq(ask(sock, NULL), OPENED);
	return 0;
}

START_TEST(a_lie_does_not_leave_the_kernel)
{
	ck_assert_int_eq(scene_as(ALICE, lie, NULL), 0);
}
END_TEST

/* A user namespace of her own, in which Alice is root. */

static int stay(const void *arg)
{
	(void)arg;
	return pause();
}

/* In a pid namespace of her own the kernel lets her forge the number: of what is hers alone. */
static void claim_other_numbers(int sock)
{
	const struct ucred sibling = { forked_start(stay, NULL), 0, 0 }, outside = { 999999, 0, 0 };

	ck_assert_int_eq(ask(sock, &sibling), OPENED);
	ck_assert_int_lt(forge_send(sock, &(struct forge){ .data = "x",
							   .size = 1,
							   .credentials = &outside }),
			 0);
	kill(sibling.pid, SIGKILL);
	forked_wait(sibling.pid);
	/* Nobody has the number. */
	ck_assert_int_lt(forge_send(sock, &(struct forge){ .data = "x",
							   .size = 1,
							   .credentials = &sibling }),
			 0);
}

static int ask_as_root_of_nothing(const void *arg)
{
	const struct ucred root = { 1, 0, 0 };
	int sock = daemon_connect(&s.daemon);

	(void)arg;
	ck_assert_int_eq(getpid(), 1);
	ck_assert_int_eq(geteuid(), 0);
	/* Translated it is Alice, who asks for what is hers, and is root nowhere else. */
	ck_assert_int_eq(ask(sock, &root), OPENED);
	claim_other_numbers(sock);
	ck_assert_int_eq(daemon_ask(sock, "/etc/shadow", WIRE_OPEN_READ, NULL), -EACCES);
	return 0;
}

static int live_in_a_namespace(const void *arg)
{
	/* Lost with the change of user, and with it the files below: proc(5). */
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	ck_assert_int_eq(unshare(CLONE_NEWUSER | CLONE_NEWPID), 0);
	user_map_root(ALICE);
	return forked_run(ask_as_root_of_nothing, arg);
}

START_TEST(root_of_a_namespace_is_who_it_is_outside)
{
	ck_assert_int_eq(scene_as(ALICE, live_in_a_namespace, NULL), 0);
}
END_TEST

/* P29: descriptors, in one control message or several. */
static const struct forge with_fds[] = {
	{ .n_fds = { 1 } },	    { .n_fds = { 2 } },
	{ .n_fds = { 8 } },	    { .n_fds = { 9 } },
	{ .n_fds = { 64 } },	    { .n_fds = { 252 } },
	{ .n_fds = { 253 } },	    { .n_fds = { 1, 1 } },
	{ .n_fds = { 1, 1, 1 } },   { .n_fds = { 100, 100, 53 } },
	{ .n_fds = { 251, 1, 1 } },
};

static int send_fds(int sock, const struct forge *row)
{
	const struct ucred self = claim_of(geteuid());
	uint8_t buffer[512];
	struct forge forge = *row;

	forge.data = buffer;
	forge.size = scene_request(1, s.lent, buffer, sizeof(buffer));
	forge.credentials = &self;
	return forge_send(sock, &forge);
}

static bool has_ended(int sock)
{
	scene_await(sock);
	return recv(sock, &(char){ 0 }, 1, 0) <= 0;
}

static int send_fds_often(const void *arg)
{
	for (int i = 0; i < 100; i++) {
		int sock = daemon_connect(&s.daemon);
		int r = send_fds(sock, arg);

		/* A kernel with SO_PASSRIGHTS (6.16) does not even take them. */
		ck_assert(r == -EPERM || has_ended(sock));
		fd_close(sock);
	}
	return 0;
}

START_TEST(descriptors_from_a_client_are_not_taken)
{
	ck_assert_int_eq(scene_as(ALICE, send_fds_often, &with_fds[_i]), 0);
}
END_TEST

struct early {
	const struct forge *forge;
	int go;
};

static int wait_and_send(const void *arg)
{
	const struct early *early = arg;
	int sock = daemon_connect(&s.daemon);

	if (send_fds(sock, early->forge) < 0 || send(early->go, "", 1, 0) < 0)
		return 1;
	return has_ended(sock) ? 0 : 2;
}

/* A first client's message is in the queue when the daemon starts, from before any option that
 * the daemon could set: only closing helps. */
START_TEST(descriptors_from_before_the_start_are_closed)
{
	int pair[2];
	struct early early = { .forge = &with_fds[_i] };
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	early.go = pair[1];
	scene_prepare(&s);
	pid = forked_start(wait_and_send, &early);
	ck_assert_int_eq(recv(pair[0], &(char){ 0 }, 1, 0), 1);
	scene_start(&s);
	ck_assert_int_eq(forked_wait(pid), 0);
	ck_assert_uint_eq(daemon_number(&s.daemon, "closed"), 1);
	fd_close(pair[0]);
	fd_close(pair[1]);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hostile senders");
	TCase *tcase = suite_case(suite, "hostile senders");
	TCase *early = suite_case(suite, "early senders");

	if (daemon_unavailable() != 0)
		return daemon_unavailable();
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, a_sender_agrees_with_the_effective_ids_of_the_connector, 0,
			    MATRIX);
	tcase_add_loop_test(tcase, an_inherited_connection_serves_whom_it_belongs_to, 0,
			    ELEMENTSOF(later));
	tcase_add_loop_test(tcase, a_connector_who_changes_gains_nothing, 0, ELEMENTSOF(later));
	tcase_add_test(tcase, a_lie_does_not_leave_the_kernel);
	tcase_add_test(tcase, root_of_a_namespace_is_who_it_is_outside);
	tcase_add_loop_test(tcase, descriptors_from_a_client_are_not_taken, 0,
			    ELEMENTSOF(with_fds));
	tcase_add_loop_test(early, descriptors_from_before_the_start_are_closed, 0,
			    ELEMENTSOF(with_fds));
	return suite_main(suite);
}
