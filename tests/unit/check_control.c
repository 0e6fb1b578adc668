/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/control.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "policy/subject.h"
#include "tests/support/forked.h"
#include "tests/support/fuse.h"
#include "tests/support/suite.h"
#include "wire/cursor.h"
#include "wire/message.h"

#define PATIENCE_USEC (20 * USEC_PER_SEC)

static const struct facts alice = {
	.connection = 7,
	.pid = 4711,
	.uid = 4000000000U, /* beyond INT_MAX: P41 */
	.gid = 1000,
	.cap_effective = UINT64_C(1) << 40,
	.attested = POLICY_TRAITS,
	.traits = POLICY_FACT_NNP | POLICY_FACT_PIDNS,
	.exe_dev = 0xfd01,
	.exe_ino = 918273,
	.exe_born = 1795315443123456789,
	.unit = "php8.2-fpm.service",
	.user_unit = "app.service",
	.slice = "system.slice",
	.exe = "/usr/sbin/php-fpm8.2",
};

static const struct control_start start = {
	.generation = 42,
	.first_decision = UINT64_C(0x7f3a91c200000000),
	.load = CONTROL_LOAD_LAST_GOOD,
	.uid = 998,
	.gid = 4000000000U,
	.must_keep = true,
	.require_landlock = true,
	.open_sec = 5,
	.max_in_flight = 64,
	.max_stuck_per_uid = 8,
	.policy_directory = "/etc/fdbroker/policy.d",
	.state_directory = "/var/lib/fdbroker",
	.shadow_directory = "/run/fdbroker/shadow",
	.same_policy = "9c1e",
};

static const struct control controls[] = {
	{ .type = CONTROL_CONNECTION, .facts = alice, .lost = true },
	{ .type = CONTROL_STOP },
	{ .type = CONTROL_READY,
	  .kept = CONTROL_KEPT_LOADING,
	  .uses_pump = true,
	  .text = "files 7\n\n",
	  .text_len = 9 },
	{ .type = CONTROL_REFUSED, .text = "a.fdp:1:1: error", .text_len = 16 },
	{ .type = CONTROL_STOPPED },
	{ .type = CONTROL_ASK },
	{ .type = CONTROL_UNSHADOW },
	{ .type = CONTROL_RENEW },
	{ .type = CONTROL_COUNTERS, .text = "", .text_len = 0 },
	{ .type = CONTROL_UNCONFIRMED },
	{ .type = CONTROL_RING, .ring = 42 },
	{ .type = CONTROL_RING_READ, .ring = UINT64_MAX },
};

static uint8_t buffer[CONTROL_SIZE_MAX];

static void assert_same_facts(const struct facts *a, const struct facts *b)
{
	ck_assert_uint_eq(a->connection, b->connection);
	ck_assert_int_eq(a->pid, b->pid);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_uint_eq(a->gid, b->gid);
	ck_assert_uint_eq(a->cap_effective, b->cap_effective);
	ck_assert_uint_eq(a->exe_dev, b->exe_dev);
	ck_assert_uint_eq(a->exe_ino, b->exe_ino);
	ck_assert_uint_eq(a->exe_born, b->exe_born);
	ck_assert_str_eq(a->unit, b->unit);
	ck_assert_str_eq(a->user_unit, b->user_unit);
	ck_assert_str_eq(a->slice, b->slice);
	ck_assert_str_eq(a->exe, b->exe);
}

static void assert_same(const struct control *a, const struct control *b)
{
	ck_assert_int_eq(a->type, b->type);
	ck_assert_int_eq(a->kept, b->kept);
	ck_assert_int_eq(a->uses_pump, b->uses_pump);
	assert_same_facts(&a->facts, &b->facts);
	ck_assert_int_eq(a->lost, b->lost);
	ck_assert_uint_eq(a->ring, b->ring);
	ck_assert_uint_eq(a->text_len, b->text_len);
	if (a->text_len > 0)
		ck_assert_mem_eq(a->text, b->text, a->text_len);
}

START_TEST(control_reads_what_it_wrote)
{
	struct control read;
	int size = control_write(&controls[_i], buffer, sizeof(buffer));

	ck_assert_int_gt(size, 0);
	ck_assert_int_eq(control_read(buffer, (size_t)size, &read), 0);
	assert_same(&controls[_i], &read);
}
END_TEST

static int write_start(void)
{
	const struct control control = { .type = CONTROL_START, .start = &start };
	int size = control_write(&control, buffer, sizeof(buffer));

	ck_assert_int_gt(size, 0);
	return size;
}

static int read_start(size_t size, struct control_start *ret)
{
	struct control read;
	int r = control_read(buffer, size, &read);

	return r < 0 ? r : control_get_start(&read, ret);
}

START_TEST(control_reads_the_start_that_it_wrote)
{
	struct control_start read;

	ck_assert_int_eq(read_start((size_t)write_start(), &read), 0);
	ck_assert_uint_eq(read.generation, start.generation);
	ck_assert_uint_eq(read.first_decision, start.first_decision);
	ck_assert_int_eq(read.load, start.load);
	ck_assert_uint_eq(read.uid, start.uid);
	ck_assert_uint_eq(read.gid, start.gid);
	ck_assert_int_eq(read.must_keep, start.must_keep);
	ck_assert_int_eq(read.require_landlock, start.require_landlock);
	ck_assert_uint_eq(read.open_sec, start.open_sec);
	ck_assert_uint_eq(read.max_in_flight, start.max_in_flight);
	ck_assert_uint_eq(read.max_stuck_per_uid, start.max_stuck_per_uid);
	ck_assert_str_eq(read.policy_directory, start.policy_directory);
	ck_assert_str_eq(read.state_directory, start.state_directory);
	ck_assert_str_eq(read.shadow_directory, start.shadow_directory);
	ck_assert_str_eq(read.same_policy, start.same_policy);
}
END_TEST

START_TEST(control_refuses_a_start_of_another_length)
{
	struct control_start read;
	int size = write_start();

	for (int cut = 0; cut < size; cut++)
		ck_assert_int_eq(read_start((size_t)cut, &read), -EBADMSG);
	buffer[size] = 0;
	ck_assert_int_eq(read_start((size_t)size + 1, &read), -EBADMSG);
}
END_TEST

static bool has_text(const struct control *control)
{
	return control->text;
}

START_TEST(control_refuses_a_message_cut_anywhere)
{
	struct control read;
	int size = control_write(&controls[_i], buffer, sizeof(buffer));

	for (size_t cut = 0; cut < (size_t)size; cut++) {
		if (has_text(&controls[_i]) && cut >= (controls[_i].type == CONTROL_READY ? 6 : 2))
			continue; /* a text ends where its message does */
		ck_assert_int_eq(control_read(buffer, cut, &read), -EBADMSG);
	}
}
END_TEST

START_TEST(control_refuses_a_byte_too_many)
{
	struct control read;
	int size = control_write(&controls[_i], buffer, sizeof(buffer));

	buffer[size] = 0;
	if (!has_text(&controls[_i]))
		ck_assert_int_eq(control_read(buffer, (size_t)size + 1, &read), -EBADMSG);
}
END_TEST

START_TEST(control_refuses_unknown_types)
{
	struct control read;

	buffer[1] = 0;
	for (unsigned int type = CONTROL_RING_READ + 1; type < 256; type++) {
		buffer[0] = (uint8_t)type;
		ck_assert_int_eq(control_read(buffer, 2, &read), -EBADMSG);
	}
	buffer[0] = 0;
	ck_assert_int_eq(control_read(buffer, 2, &read), -EBADMSG);
}
END_TEST

START_TEST(control_cuts_a_long_text_where_a_line_ends)
{
	static char text[CONTROL_TEXT_MAX + 10];
	struct control read;
	int size;

	memset(text, 'x', sizeof(text));
	text[CONTROL_TEXT_MAX - 3] = '\n';
	size = control_write(&(const struct control){ .type = CONTROL_REFUSED,
						      .text = text,
						      .text_len = sizeof(text) },
			     buffer, sizeof(buffer));
	ck_assert_int_eq(control_read(buffer, (size_t)size, &read), 0);
	ck_assert_uint_eq(read.text_len, CONTROL_TEXT_MAX - 2);
	ck_assert_int_eq(read.text[read.text_len - 1], '\n');
}
END_TEST

START_TEST(control_passes_a_connection_with_its_descriptor)
{
	struct control sent = controls[0], received;
	int pair[2], r;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	sent.fd = pair[0];
	ck_assert_int_eq(control_send(pair[0], &sent), 0);
	r = control_receive(pair[1], buffer, sizeof(buffer), &received);
	ck_assert_int_eq(r, 1);
	assert_same(&sent, &received);
	ck_assert_int_ge(received.fd, 0);
	ck_assert_int_eq(fcntl(received.fd, F_GETFD), FD_CLOEXEC);
	fd_close(received.fd);
	fd_close(pair[0]);
	ck_assert_int_eq(control_receive(pair[1], buffer, sizeof(buffer), &received), 0);
	fd_close(pair[1]);
}
END_TEST

START_TEST(control_passes_a_ring_with_its_bell)
{
	struct control sent = { .type = CONTROL_RING, .ring = 7 }, received;
	struct stat here, there;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	sent.fd = pair[0];
	sent.bell = pair[1];
	ck_assert_int_eq(control_send(pair[0], &sent), 0);
	ck_assert_int_eq(control_receive(pair[1], buffer, sizeof(buffer), &received), 1);
	assert_same(&sent, &received);
	ck_assert_int_eq(fstat(received.fd, &there), 0);
	ck_assert_int_eq(fstat(sent.fd, &here), 0);
	ck_assert_uint_eq(here.st_ino, there.st_ino);
	ck_assert_int_eq(fstat(received.bell, &there), 0);
	ck_assert_int_eq(fstat(sent.bell, &here), 0);
	ck_assert_uint_eq(here.st_ino, there.st_ino);
	ck_assert_int_eq(fcntl(received.bell, F_GETFD), FD_CLOEXEC);
	fd_close(received.fd);
	fd_close(received.bell);
	fd_close(pair[0]);
	fd_close(pair[1]);
}
END_TEST

/* A broker that sends descriptors to the parent, or a connection without one. */
START_TEST(control_refuses_descriptors_that_do_not_belong)
{
	const struct control *control = &controls[_i];
	struct control received;
	struct message_attach attach = { 0 };
	int pair[2], size;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	attach.fds = pair;
	attach.n_fds = control->type == CONTROL_CONNECTION ? 0 : 1;
	size = control_write(control, buffer, sizeof(buffer));
	ck_assert_int_eq(message_send(pair[0], buffer, (size_t)size, &attach), 0);
	ck_assert_int_eq(control_receive(pair[1], buffer, sizeof(buffer), &received), -EBADMSG);
	fd_close(pair[0]);
	fd_close(pair[1]);
}
END_TEST

struct sending {
	const char *path;
	int sock;
};

/* In a process of its own, whose end does not come before the file is closed. */
static int send_what_does_not_close(const void *arg)
{
	const struct sending *sending = arg;
	const struct control counters = { .type = CONTROL_COUNTERS,
					  .text = "n 1\n",
					  .text_len = 4 };
	const int fds[] = { open(sending->path, O_RDONLY | O_CLOEXEC) };
	const struct message_attach attach = { .fds = fds, .n_fds = 1 };
	int size = control_write(&counters, buffer, sizeof(buffer));

	return fds[0] < 0 || message_send(sending->sock, buffer, (size_t)size, &attach) < 0;
}

/* The same: by a descriptor that does not close it would be held up. */
static int receive_and_tell(const void *arg)
{
	const int *socks = arg;
	struct control received;
	int r = control_receive_from_child(socks[0], buffer, sizeof(buffer), &received);

	return send(socks[1], &r, sizeof(r), 0) != sizeof(r);
}

/* P77: also where the kernel does not refuse it at the sender, which is before Linux 6.16. */
START_TEST(control_of_a_child_takes_no_descriptor_not_even_to_close_it)
{
	static const int on = 1;
	char directory[64], path[80];
	struct sending sending = { .path = path };
	struct fuse fuse;
	int pair[2], told[2], r, events;
	pid_t sender, receiver;

	suite_make_directory("/tmp", directory, sizeof(directory));
	fuse_start(&fuse, directory, FUSE_FLUSH);
	snprintf(path, sizeof(path), "%s/file", directory);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_ge(message_accept_credentials(pair[0], true), 0);
	(void)setsockopt(pair[0], SOL_SOCKET, SO_PASSRIGHTS, &on, sizeof(on));
	sending.sock = pair[1];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, told), 0);
	sender = forked_start(send_what_does_not_close, &sending);
	ck_assert_int_gt(clock_wait(pair[0], POLLIN, UINT64_MAX), 0);
	receiver = forked_start(receive_and_tell, (int[]){ pair[0], told[1] });
	events = clock_wait(told[0], POLLIN, clock_monotonic_usec() + PATIENCE_USEC);
	fuse_relent(&fuse);
	ck_assert_int_gt(events, 0);
	ck_assert_int_eq(recv(told[0], &r, sizeof(r), 0), sizeof(r));
	ck_assert_int_eq(r, -E2BIG);
	ck_assert_int_eq(forked_wait(sender), 0);
	ck_assert_int_eq(forked_wait(receiver), 0);
	fuse_stop(&fuse);
	suite_remove(directory);
	for (int i = 0; i < 2; i++) {
		fd_close(pair[i]);
		fd_close(told[i]);
	}
}
END_TEST

START_TEST(facts_refuse_a_name_that_is_too_long)
{
	char name[FACTS_NAME_MAX + 2];
	struct cursor_writer w = cursor_writer(buffer, sizeof(buffer));
	struct cursor_reader r;
	struct facts facts;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	facts_put(&w, &alice);
	/* The last name is "/usr/sbin/php-fpm8.2": write another in its place. */
	w.at -= strlen(alice.exe) + 2;
	w.left += strlen(alice.exe) + 2;
	w.size -= strlen(alice.exe) + 2;
	cursor_write_text(&w, name);
	r = cursor_reader(buffer, w.size);
	facts_get(&r, &facts);
	ck_assert_int_eq(cursor_read_end(&r), -EBADMSG);
}
END_TEST

/* P79: a broker may be hijacked, and an admin reads what it says. */
START_TEST(control_text_is_fit_for_a_terminal_whoever_wrote_it)
{
	static const char said[] = "a.fdp:1:1: \\x1b\n\x1b]0;owned\a\n";
	const struct control control = { .type = CONTROL_REFUSED,
					 .text = said,
					 .text_len = sizeof(said) - 1 };
	char *text;

	ck_assert_int_eq(control_copy_text(&control, &text), 0);
	ck_assert_str_eq(text, "a.fdp:1:1: \\x1b\n\\x1b]0;owned\\x07\n");
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control");
	TCase *tcase = suite_case(suite, "control");

	tcase_add_loop_test(tcase, control_reads_what_it_wrote, 0, ELEMENTSOF(controls));
	tcase_add_loop_test(tcase, control_refuses_a_message_cut_anywhere, 0, ELEMENTSOF(controls));
	tcase_add_loop_test(tcase, control_refuses_a_byte_too_many, 0, ELEMENTSOF(controls));
	tcase_add_test(tcase, control_reads_the_start_that_it_wrote);
	tcase_add_test(tcase, control_refuses_a_start_of_another_length);
	tcase_add_test(tcase, control_refuses_unknown_types);
	tcase_add_test(tcase, control_cuts_a_long_text_where_a_line_ends);
	tcase_add_test(tcase, control_passes_a_connection_with_its_descriptor);
	tcase_add_test(tcase, control_passes_a_ring_with_its_bell);
	tcase_add_loop_test(tcase, control_refuses_descriptors_that_do_not_belong, 0,
			    ELEMENTSOF(controls));
	if (geteuid() == 0)
		tcase_add_test(tcase, control_of_a_child_takes_no_descriptor_not_even_to_close_it);
	tcase_add_test(tcase, facts_refuse_a_name_that_is_too_long);
	tcase_add_test(tcase, control_text_is_fit_for_a_terminal_whoever_wrote_it);
	return suite_main(suite);
}
