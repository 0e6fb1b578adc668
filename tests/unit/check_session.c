/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "daemon/identity.h"
#include "daemon/limits.h"
#include "policy/decide.h"
#include "policy/load.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"
#include "wire/codec.h"
#include "wire/message.h"

struct connection {
	struct session *session;
	int client;
};

static struct connection connect_with(const struct facts *facts, const struct policy *policy)
{
	struct connection c;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(session_new(&c.session, pair[0], facts, policy), 0);
	c.client = pair[1];
	return c;
}

static void disconnect(struct connection *c)
{
	session_unref(c->session);
	close(c->client);
}

/* P38, P39: the matrix of who connected and who sends. */
static const struct {
	const char *name;
	struct ucred sender;
	bool agrees;
} senders[] = {
	{ "the connector", { 100, 1000, 1000 }, true },
	{ "a child of his", { 101, 1000, 1000 }, true },
	{ "another user", { 100, 1001, 1000 }, false },
	{ "root", { 100, 0, 0 }, false },
	{ "root with his group", { 100, 0, 1000 }, false },
	{ "he with another group", { 100, 1000, 1001 }, false },
	{ "nobody in particular", { 100, 65534, 65534 }, false },
	{ "a process from elsewhere", { 0, 1000, 1000 }, false }, /* P42 */
	{ "no id at all", { 100, (uid_t)-1, (gid_t)-1 }, false },
};

START_TEST(session_agrees_with_nobody_but_the_connector)
{
	static const struct facts facts = { .connection = 1, .pid = 100, .uid = 1000, .gid = 1000 };
	struct connection c = connect_with(&facts, NULL);

	ck_assert_msg(session_agrees(c.session, &senders[_i].sender) == senders[_i].agrees, "%s",
		      senders[_i].name);
	disconnect(&c);
}
END_TEST

/* Send replies, each with a descriptor, until one is kept; how many went before it. */
static size_t fill(struct session *session)
{
	static const char reply[40];
	size_t n = 0;

	while (session->reply_size == 0) {
		_cleanup_(fd_closep) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		ck_assert_int_eq(session_send(session, reply, sizeof(reply), &fd), 0);
		ck_assert_uint_lt(++n, 1000);
	}
	return n - 1;
}

/* P32 */
START_TEST(session_has_few_replies_under_way_to_a_client_that_does_not_read)
{
	static const struct facts facts = { .connection = 1, .pid = 1 };
	struct connection c = connect_with(&facts, NULL);
	size_t n = fill(c.session);

	ck_assert_msg(n >= LIMIT_IN_FLIGHT_EACH && n <= 2 * LIMIT_IN_FLIGHT_EACH, "%zu", n);
	disconnect(&c);
}
END_TEST

static void take(int client)
{
	const struct message_want want = { .fds = 1 };
	struct message m;
	char reply[64];

	ck_assert_int_eq(message_receive(client, reply, sizeof(reply), &want, &m), 1);
	ck_assert_uint_eq(m.n_fds, 1);
	message_done(&m);
}

START_TEST(session_sends_what_it_kept_once_there_is_room)
{
	static const struct facts facts = { .connection = 1, .pid = 1 };
	struct connection c = connect_with(&facts, NULL);
	size_t n = fill(c.session);
	int kept = c.session->reply_fd, fd;

	ck_assert_int_eq(session_flush(c.session, &fd), 0);
	ck_assert_int_eq(fd, -EBADF);
	ck_assert_uint_gt(c.session->reply_size, 0);
	for (size_t i = 0; i < n; i++)
		take(c.client);
	ck_assert_int_eq(session_flush(c.session, &fd), 0);
	ck_assert_int_eq(fd, kept);
	fd_close(fd);
	ck_assert_uint_eq(c.session->reply_size, 0);
	take(c.client);
	disconnect(&c);
}
END_TEST

/* More descriptors of this user are under way than it may have open: unix(7). */
static void exhaust(const int pair[2])
{
	const struct rlimit few = { 4, 4 };
	const struct message_attach six = { .fds = (int[]){ 0, 0, 0, 0, 0, 0 }, .n_fds = 6 };

	user_become(&(const struct user){ .uid = 30000, .gid = 30000 });
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(message_send(pair[0], "x", 1, &six), 0);
}

static int flush_with_too_many_under_way(const void *arg)
{
	static const struct wire_answer granted = { .n_fds = 1, .decision = 7 };
	static const struct facts facts = { .connection = 1, .pid = 1 };
	struct connection c = connect_with(&facts, NULL);
	struct session *session = c.session;
	static const struct message_want want; /* no descriptor */
	struct wire_header header;
	struct wire_answer answer;
	struct message m;
	uint8_t reply[64];
	int kept, fd;

	for (size_t n = fill(session); n > 0; n--)
		take(c.client);
	free(session->reply);
	session->reply = malloc(SESSION_REPLY_MAX);
	ck_assert_ptr_nonnull(session->reply);
	session->reply_size =
		(size_t)wire_answer_write(5, &granted, session->reply, SESSION_REPLY_MAX);
	kept = session->reply_fd;
	exhaust(arg);
	ck_assert_int_eq(session_flush(session, &fd), 0);
	ck_assert_int_eq(fd, kept);
	fd_close(fd);
	ck_assert_uint_eq(session->reply_size, 0);
	ck_assert_int_eq(message_receive(c.client, reply, sizeof(reply), &want, &m), 1);
	ck_assert_int_eq(wire_answer_read(reply, m.size, &header, &answer), 0);
	ck_assert_uint_eq(header.id, 5);
	ck_assert_uint_eq(answer.reason, WIRE_REASON_BUSY);
	ck_assert_int_eq(answer.error, EAGAIN);
	ck_assert_uint_eq(answer.decision, 7);
	disconnect(&c);
	return 0;
}

/* P32 */
START_TEST(session_sends_a_kept_reply_as_busy_where_its_descriptor_cannot_go)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(forked_run(flush_with_too_many_under_way, pair), 0);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

/* P33 */
START_TEST(session_whose_client_left_is_of_no_use)
{
	static const struct facts facts = { .connection = 1, .pid = 1 };
	struct connection c = connect_with(&facts, NULL);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	c.client = fd_close(c.client);
	ck_assert_int_eq(session_send(c.session, "x", 1, &fd), -EPIPE);
	/* Whoever sent it knows where it may be closed. */
	ck_assert_int_ge(fd, 0);
	fd_close(fd);
	session_unref(c.session);
}
END_TEST

static struct policy *policy_for_exe(const char *who, const char *path)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct policy *policy = NULL;
	char text[512];
	int n;

	n = snprintf(text, sizeof(text), "version 1; for %s '%s' { a: allow read \"/srv/f\"; }\n",
		     who, path);
	ck_assert_int_eq(load_text("test", text, (size_t)n, &diags, &policy), 0);
	ck_assert_ptr_nonnull(policy);
	return policy;
}

/* P43, P44: what a process runs is a device and an inode, whatever it calls itself. */
static const struct {
	const char *name;
	const char *path; /* in the policy */
	const char *runs; /* whose inode the facts have; NULL: not attested */
	const char *text;
	enum policy_reason reason;
	bool reused; /* the inode was another file's when the facts were taken */
	const char *who;
} exes[] = {
	{ "it", "/bin/true", "/bin/true", "/bin/true", POLICY_REASON_OK, false, "exe" },
	{ "it, by another name", "/bin/true", "/bin/true", "/tmp/x (deleted)", POLICY_REASON_OK,
	  false, "exe" },
	{ "another that calls itself so", "/bin/true", "/bin/false", "/bin/true",
	  POLICY_REASON_DEFAULT, false, "exe" },
	{ "nothing that was attested", "/bin/true", NULL, "/bin/true", POLICY_REASON_DEFAULT, false,
	  "exe" },
	{ "what had its number before it", "/bin/true", "/bin/true", "/bin/true",
	  POLICY_REASON_DEFAULT, true, "exe" },
	{ "what is not there", "/nonexistent", "/bin/true", "/nonexistent", POLICY_REASON_DEFAULT,
	  false, "exe" },
	{ "not it", "/bin/true", "/bin/true", "/bin/true", POLICY_REASON_DEFAULT, false,
	  "not exe" },
	{ "another that is not it", "/bin/true", "/bin/false", "/bin/false", POLICY_REASON_OK,
	  false, "not exe" },
	{ "nothing that was attested to be another", "/bin/true", NULL, "/bin/false",
	  POLICY_REASON_DEFAULT, false, "not exe" },
	{ "another than what cannot be looked at", "/bin/true/x", "/bin/false", "/bin/false",
	  POLICY_REASON_OK, false, "not exe" },
};

START_TEST(session_knows_an_executable_by_its_inode)
{
	struct facts facts = { .connection = 1, .pid = 1 };
	struct policy *policy = policy_for_exe(exes[_i].who, exes[_i].path);
	struct candidates *candidates;
	struct identity_file file;
	struct connection c;

	if (exes[_i].runs) {
		ck_assert_int_eq(identity_of_file(AT_FDCWD, exes[_i].runs, &file), 0);
		facts.exe_dev = file.dev;
		facts.exe_ino = file.ino;
		facts.exe_born = exes[_i].reused ? file.born - 1 : file.born;
	}
	strcpy(facts.exe, exes[_i].text);
	c = connect_with(&facts, policy);
	ck_assert_int_eq(candidates_new(&candidates, policy), 0);
	decide_name(policy,
		    &(struct policy_query){
			    .caller = c.session->caller, .path = "/srv/f", .modes = POLICY_READ },
		    candidates);
	ck_assert_msg(candidates->reason == exes[_i].reason, "%s: %d", exes[_i].name,
		      candidates->reason);
	candidates_free(candidates);
	disconnect(&c);
	policy_free(policy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session");
	TCase *tcase = suite_case(suite, "session");

	tcase_add_loop_test(tcase, session_agrees_with_nobody_but_the_connector, 0,
			    ELEMENTSOF(senders));
	tcase_add_test(tcase, session_has_few_replies_under_way_to_a_client_that_does_not_read);
	tcase_add_test(tcase, session_sends_what_it_kept_once_there_is_room);
	if (geteuid() == 0)
		tcase_add_test(tcase,
			       session_sends_a_kept_reply_as_busy_where_its_descriptor_cannot_go);
	tcase_add_test(tcase, session_whose_client_left_is_of_no_use);
	tcase_add_loop_test(tcase, session_knows_an_executable_by_its_inode, 0, ELEMENTSOF(exes));
	return suite_main(suite);
}
