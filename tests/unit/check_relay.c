/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/suite.h"

#define HEAD	 sizeof(struct inotify_event)
#define PATIENCE 20000 /* ms, for what takes none on an idle machine */

/* One relay, and what the test keeps of it: what it reads is what the test says, like a broker that
 * somebody has taken over. */
struct rig {
	struct relay *relay;
	int source; /* where the relay's events come from */
	int end;    /* the reader's */
	int stop[2], ended[2];
	atomic_ullong lost;
};

static void start(struct rig *rig)
{
	int from[2], to[2];

	ck_assert_int_eq(pipe2(from, O_CLOEXEC | O_NONBLOCK | O_DIRECT), 0);
	ck_assert_int_eq(pipe2(to, O_CLOEXEC | O_NONBLOCK | O_DIRECT), 0);
	ck_assert_int_eq(pipe2(rig->stop, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(rig->ended, O_CLOEXEC), 0);
	atomic_store(&rig->lost, 0);
	rig->source = from[1];
	rig->end = to[0];
	ck_assert_int_eq(relay_start(&rig->relay,
				     &(const struct relay_setup){
					     .uid = 4711,
					     .instance = from[0],
					     .pipe = to[1],
					     .stop = rig->stop[0],
					     .ended = rig->ended[1],
					     .lost = &rig->lost,
				     }),
			 0);
}

/* What the relay writes last is its own pointer. */
static int join(struct rig *rig)
{
	struct relay *relay = NULL;
	struct relay_end end;

	ck_assert_int_eq(read(rig->ended[0], &relay, sizeof(relay)), sizeof(relay));
	ck_assert_ptr_eq(relay, rig->relay);
	relay_join(relay, &end);
	ck_assert_uint_eq(end.uid, 4711);
	fd_close(rig->end);
	fd_close(rig->source);
	for (int i = 0; i < 2; i++) {
		fd_close(rig->stop[i]);
		fd_close(rig->ended[i]);
	}
	return end.error;
}

struct event {
	struct inotify_event head;
	char name[NAME_MAX + 1];
};

static struct event event_of(uint32_t mask, uint32_t number)
{
	return (struct event){ .head = { .wd = 1, .mask = mask, .cookie = number, .len = 16 },
			       .name = "name" };
}

static size_t size_of(const struct event *event)
{
	return HEAD + event->head.len;
}

/* Waits for the relay to have taken what was said before. */
static void say(const struct rig *rig, const void *bytes, size_t size)
{
	struct pollfd poller = { .fd = rig->source, .events = POLLOUT };

	ck_assert_int_eq(poll(&poller, 1, PATIENCE), 1);
	ck_assert_int_eq(write(rig->source, bytes, size), (int)size);
}

/* What the relay has not read yet it cannot know to be the same. */
static void await_taken(const struct rig *rig)
{
	int bytes = 1;

	while (bytes > 0) {
		sched_yield();
		ck_assert_int_eq(ioctl(rig->source, FIONREAD, &bytes), 0);
	}
}

static void say_event(const struct rig *rig, uint32_t mask, uint32_t number)
{
	struct event event = event_of(mask, number);

	say(rig, &event, size_of(&event));
}

/* 0: the end. */
static size_t next(const struct rig *rig, struct event *ret)
{
	struct pollfd poller = { .fd = rig->end, .events = POLLIN };
	ssize_t n;

	ck_assert_int_eq(poll(&poller, 1, PATIENCE), 1);
	n = read(rig->end, ret, sizeof(*ret));
	ck_assert_int_ge(n, 0);
	return (size_t)n;
}

static void assert_next(const struct rig *rig, uint32_t mask, uint32_t number)
{
	struct event event = { .head.len = 0 };
	size_t n = next(rig, &event);

	ck_assert_uint_eq(n, size_of(&event));
	ck_assert_uint_eq(event.head.mask, mask);
	ck_assert_uint_eq(event.head.cookie, number);
	ck_assert_int_eq(event.head.wd, mask & IN_Q_OVERFLOW ? -1 : 1);
}

static void assert_end(const struct rig *rig)
{
	struct event event;

	ck_assert_uint_eq(next(rig, &event), 0);
}

/* Nobody reads any more. */
static void leave(struct rig *rig)
{
	rig->end = fd_close(rig->end);
	ck_assert_int_eq(join(rig), 0);
}

START_TEST(relay_makes_a_packet_of_each_event)
{
	struct event events[3] = { event_of(IN_CREATE, 1), event_of(IN_CREATE, 2),
				   event_of(IN_CREATE, 3) };
	uint8_t bytes[sizeof(events)];
	size_t size = 0;
	struct rig rig;

	start(&rig);
	for (size_t i = 0; i < ELEMENTSOF(events); i++) {
		memcpy(bytes + size, &events[i], size_of(&events[i]));
		size += size_of(&events[i]);
	}
	say(&rig, bytes, size);
	for (uint32_t i = 1; i <= 3; i++)
		assert_next(&rig, IN_CREATE, i);
	leave(&rig);
}
END_TEST

START_TEST(relay_takes_the_largest_event)
{
	struct event event = event_of(IN_CREATE, 1), seen;
	struct rig rig;

	start(&rig);
	event.head.len = sizeof(event.name);
	memset(event.name, 'x', NAME_MAX);
	say(&rig, &event, sizeof(event));
	ck_assert_uint_eq(next(&rig, &seen), sizeof(event));
	ck_assert_mem_eq(&seen, &event, sizeof(event));
	leave(&rig);
}
END_TEST

START_TEST(relay_ends_behind_the_last_event_of_its_watch)
{
	static const struct inotify_event ignored = { .wd = 1, .mask = IN_IGNORED };
	struct rig rig;

	start(&rig);
	for (uint32_t i = 0; i < 100; i++)
		say_event(&rig, IN_CREATE, i);
	say(&rig, &ignored, sizeof(ignored));
	for (uint32_t i = 0; i < 100; i++)
		assert_next(&rig, IN_CREATE, i);
	assert_next(&rig, IN_IGNORED, 0);
	assert_end(&rig);
	ck_assert_int_eq(join(&rig), 0);
}
END_TEST

START_TEST(relay_that_is_stopped_ends_at_once)
{
	struct rig rig;

	start(&rig);
	rig.stop[1] = fd_close(rig.stop[1]);
	assert_end(&rig);
	ck_assert_int_eq(join(&rig), 0);
}
END_TEST

/* Whoever does not read has so many events, and is told once that there were more. */
START_TEST(relay_of_a_reader_who_does_not_read_keeps_so_much_and_no_more)
{
	unsigned int kept = (RELAY_WAITING - 2 * HEAD) / (HEAD + 16), said = 2 * kept, in_pipe;
	struct rig rig;

	start(&rig);
	in_pipe = (unsigned int)(fcntl(rig.end, F_GETPIPE_SZ) / (int)sysconf(_SC_PAGESIZE));
	for (uint32_t i = 0; i < said; i++)
		say_event(&rig, IN_CREATE, i);
	while (atomic_load(&rig.lost) < said - kept - in_pipe)
		sched_yield();
	for (uint32_t i = 0; i < kept + in_pipe; i++)
		assert_next(&rig, IN_CREATE, i);
	assert_next(&rig, IN_Q_OVERFLOW, 0);
	/* And is told on what comes then. */
	say_event(&rig, IN_CREATE, said);
	assert_next(&rig, IN_CREATE, said);
	ck_assert_uint_eq(atomic_load(&rig.lost), said - kept - in_pipe);
	leave(&rig);
}
END_TEST

START_TEST(relay_passes_on_that_the_kernel_lost_some)
{
	static const struct inotify_event overflow = { .wd = -1, .mask = IN_Q_OVERFLOW };
	struct rig rig;

	start(&rig);
	say(&rig, &overflow, sizeof(overflow));
	assert_next(&rig, IN_Q_OVERFLOW, 0);
	leave(&rig);
}
END_TEST

/* inotify(7): while it waits. */
START_TEST(relay_does_not_say_twice_what_waits)
{
	unsigned int pages;
	struct rig rig;

	start(&rig);
	pages = (unsigned int)(fcntl(rig.end, F_GETPIPE_SZ) / (int)sysconf(_SC_PAGESIZE));
	for (uint32_t i = 0; i < 5000; i++)
		say_event(&rig, IN_MODIFY, 7);
	say_event(&rig, IN_MODIFY, 8);
	await_taken(&rig);
	for (uint32_t i = 0; i < pages; i++)
		assert_next(&rig, IN_MODIFY, 7);
	/* On its way there may have been one that followed each. */
	for (struct event event = event_of(0, 7); event.head.cookie == 7; pages--) {
		ck_assert_uint_gt(pages, 0);
		ck_assert_uint_gt(next(&rig, &event), 0);
	}
	ck_assert_uint_eq(atomic_load(&rig.lost), 0);
	leave(&rig);
}
END_TEST

/* Whoever sent the descriptor may be in somebody else's hands. */
static const struct {
	struct inotify_event head;
	size_t size;
} nonsense[] = {
	{ { .wd = 1, .mask = IN_CREATE }, HEAD - 1 },
	{ { .wd = 1, .mask = IN_CREATE, .len = 16 }, HEAD },
	{ { .wd = 1, .mask = IN_CREATE, .len = 16 }, HEAD + 15 },
	{ { .wd = 1, .mask = IN_CREATE, .len = UINT32_MAX }, HEAD + 16 },
	{ { .wd = 1, .mask = IN_CREATE, .len = UINT32_MAX - HEAD + 1 }, HEAD },
	{ { .wd = 1, .mask = IN_CREATE, .len = NAME_MAX + 2 }, HEAD + NAME_MAX + 2 },
	{ { .wd = 1, .mask = IN_IGNORED, .len = 16 }, HEAD + 16 },
};

START_TEST(relay_ends_where_no_events_come)
{
	uint8_t bytes[HEAD + NAME_MAX + 2] = { 0 };
	struct rig rig;

	start(&rig);
	memcpy(bytes, &nonsense[_i].head, HEAD);
	say(&rig, bytes, nonsense[_i].size);
	assert_end(&rig);
	ck_assert_int_eq(join(&rig), -EBADMSG);
}
END_TEST

START_TEST(relay_ends_where_nothing_comes_any_more)
{
	struct rig rig;

	start(&rig);
	rig.source = fd_close(rig.source);
	assert_end(&rig);
	ck_assert_int_eq(join(&rig), -EBADMSG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("relay");
	TCase *tcase = suite_case(suite, "relay");

	signal(SIGPIPE, SIG_IGN);
	tcase_add_test(tcase, relay_makes_a_packet_of_each_event);
	tcase_add_test(tcase, relay_takes_the_largest_event);
	tcase_add_test(tcase, relay_ends_behind_the_last_event_of_its_watch);
	tcase_add_test(tcase, relay_that_is_stopped_ends_at_once);
	tcase_add_test(tcase, relay_of_a_reader_who_does_not_read_keeps_so_much_and_no_more);
	tcase_add_test(tcase, relay_passes_on_that_the_kernel_lost_some);
	tcase_add_test(tcase, relay_does_not_say_twice_what_waits);
	tcase_add_loop_test(tcase, relay_ends_where_no_events_come, 0, ELEMENTSOF(nonsense));
	tcase_add_test(tcase, relay_ends_where_nothing_comes_any_more);
	return suite_main(suite);
}
