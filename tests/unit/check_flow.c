/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/flow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/suite.h"

/* One pipe into one file: what the flow is started with, and what the test keeps of it. */
struct rig {
	struct flow *flow;
	int end;  /* the client's */
	int file; /* another way to what the flow appends to */
	int stop[2], ended[2];
};

static int new_file(void)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* @file: a way of its own to the file, for the flow. */
static void set_up(struct rig *rig, int take_file)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(pipe2(rig->stop, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(rig->ended, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(take_file, F_SETFL, fcntl(take_file, F_GETFL) | O_APPEND), 0);
	rig->end = ends[1];
	ck_assert_int_eq(flow_start(&rig->flow,
				    &(const struct flow_setup){
					    .uid = 4711,
					    .name = "/var/log/it",
					    .pipe = ends[0],
					    .file = take_file,
					    .stop = rig->stop[0],
					    .ended = rig->ended[1],
				    }),
			 0);
}

static void start(struct rig *rig)
{
	rig->file = new_file();
	set_up(rig, fcntl(rig->file, F_DUPFD_CLOEXEC, 0));
}

static void put(const struct rig *rig, const char *text)
{
	ck_assert_int_eq(write(rig->end, text, strlen(text)), (int)strlen(text));
}

/* What the flow writes last is its own pointer. The caller frees the name. */
static struct flow_end join(struct rig *rig)
{
	struct flow *flow = NULL;
	struct flow_end end;

	ck_assert_int_eq(read(rig->ended[0], &flow, sizeof(flow)), sizeof(flow));
	ck_assert_ptr_eq(flow, rig->flow);
	flow_join(flow, &end);
	ck_assert_uint_eq(end.uid, 4711);
	ck_assert_str_eq(end.name, "/var/log/it");
	return end;
}

static void tear_down(struct rig *rig)
{
	fd_close(rig->end);
	fd_close(rig->file);
	for (int i = 0; i < 2; i++) {
		fd_close(rig->stop[i]);
		fd_close(rig->ended[i]);
	}
}

static void assert_content(const struct rig *rig, const char *expected)
{
	char text[256] = "";

	ck_assert_int_ge(pread(rig->file, text, sizeof(text) - 1, 0), 0);
	ck_assert_str_eq(text, expected);
}

START_TEST(flow_ends_when_nobody_can_write_any_more)
{
	struct rig rig;
	struct flow_end end;
	int second;

	start(&rig);
	second = fcntl(rig.end, F_DUPFD_CLOEXEC, 0);
	put(&rig, "one\n");
	rig.end = fd_close(rig.end);
	ck_assert_int_eq(write(second, "two\n", 4), 4);
	fd_close(second);
	end = join(&rig);
	ck_assert_int_eq(end.error, 0);
	ck_assert_uint_eq(end.bytes, 8);
	ck_assert_uint_eq(end.lost, 0);
	assert_content(&rig, "one\ntwo\n");
	free(end.name);
	tear_down(&rig);
}
END_TEST

START_TEST(flow_appends_to_what_others_have_appended)
{
	struct rig rig;
	struct flow_end end;

	rig.file = new_file();
	ck_assert_int_eq(write(rig.file, "first\n", 6), 6);
	set_up(&rig, fcntl(rig.file, F_DUPFD_CLOEXEC, 0));
	put(&rig, "second\n");
	rig.end = fd_close(rig.end);
	end = join(&rig);
	assert_content(&rig, "first\nsecond\n");
	free(end.name);
	tear_down(&rig);
}
END_TEST

/* A disk that is full: the client learns it from his next write, and the log how much is lost. */
START_TEST(flow_that_cannot_write_breaks_its_pipe)
{
	struct rig rig = { .file = -EBADF };
	struct flow_end end;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(full, 0);
	set_up(&rig, full);
	put(&rig, "lost\n");
	end = join(&rig);
	ck_assert_int_eq(end.error, -ENOSPC);
	ck_assert_uint_eq(end.bytes, 0);
	ck_assert_uint_eq(end.lost, 5);
	ck_assert_int_lt(write(rig.end, "x", 1), 0);
	ck_assert_int_eq(errno, EPIPE);
	free(end.name);
	tear_down(&rig);
}
END_TEST

/* A "file" that takes nothing: a pipe that is full. */
static void make_full(int ret[2])
{
	static const char page[4096];

	ck_assert_int_eq(pipe2(ret, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(ret[1], page, sizeof(page)) > 0)
		continue;
}

/* Of what it had read a part could be written. */
START_TEST(flow_counts_what_it_could_not_write)
{
	struct rig rig = { .file = -EBADF };
	char bytes[8192] = "";
	struct flow_end end;
	int full[2];

	make_full(full);
	ck_assert_int_eq(read(full[0], bytes, 4096), 4096);
	set_up(&rig, full[1]);
	ck_assert_int_eq(write(rig.end, bytes, sizeof(bytes)), sizeof(bytes));
	end = join(&rig);
	ck_assert_int_eq(end.error, -EAGAIN);
	ck_assert_uint_eq(end.bytes, 4096);
	ck_assert_uint_eq(end.lost, 4096);
	free(end.name);
	tear_down(&rig);
	fd_close(full[0]);
}
END_TEST

START_TEST(flow_that_is_stopped_writes_what_is_in_the_pipe)
{
	struct rig rig;
	struct flow_end end;

	start(&rig);
	put(&rig, "one\n");
	put(&rig, "two\n");
	rig.stop[1] = fd_close(rig.stop[1]);
	end = join(&rig);
	ck_assert_int_eq(end.error, 0);
	assert_content(&rig, "one\ntwo\n");
	ck_assert_int_lt(write(rig.end, "x", 1), 0);
	ck_assert_int_eq(errno, EPIPE);
	free(end.name);
	tear_down(&rig);
}
END_TEST

START_TEST(flow_writes_each_message_whole)
{
	char lines[8][PIPE_BUF], text[PIPE_BUF];
	struct flow_end end;
	struct rig rig;

	start(&rig);
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		memset(lines[i], 'a' + (char)i, sizeof(lines[i]));
		ck_assert_int_eq(write(rig.end, lines[i], PIPE_BUF), PIPE_BUF);
	}
	rig.end = fd_close(rig.end);
	end = join(&rig);
	ck_assert_uint_eq(end.bytes, sizeof(lines));
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		ck_assert_int_eq(pread(rig.file, text, PIPE_BUF, (off_t)(i * PIPE_BUF)), PIPE_BUF);
		ck_assert_mem_eq(text, lines[i], PIPE_BUF);
	}
	free(end.name);
	tear_down(&rig);
}
END_TEST

/* P48 */
START_TEST(flow_whose_file_takes_nothing_holds_up_no_other)
{
	struct rig stuck = { .file = -EBADF }, rig;
	struct flow_end end;
	int full[2];

	make_full(full);
	ck_assert_int_eq(fcntl(full[1], F_SETFL, 0), 0);
	set_up(&stuck, full[1]);
	put(&stuck, "stuck\n");
	start(&rig);
	put(&rig, "through\n");
	rig.end = fd_close(rig.end);
	end = join(&rig);
	assert_content(&rig, "through\n");
	free(end.name);
	tear_down(&rig);
	/* Nobody reads it any more. */
	fd_close(full[0]);
	end = join(&stuck);
	ck_assert_int_eq(end.error, -EPIPE);
	ck_assert_uint_eq(end.lost, 6);
	free(end.name);
	tear_down(&stuck);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flow");
	TCase *tcase = suite_case(suite, "flow");

	signal(SIGPIPE, SIG_IGN);
	tcase_add_test(tcase, flow_ends_when_nobody_can_write_any_more);
	tcase_add_test(tcase, flow_appends_to_what_others_have_appended);
	tcase_add_test(tcase, flow_that_cannot_write_breaks_its_pipe);
	tcase_add_test(tcase, flow_counts_what_it_could_not_write);
	tcase_add_test(tcase, flow_that_is_stopped_writes_what_is_in_the_pipe);
	tcase_add_test(tcase, flow_writes_each_message_whole);
	tcase_add_test(tcase, flow_whose_file_takes_nothing_holds_up_no_other);
	return suite_main(suite);
}
