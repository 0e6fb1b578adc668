/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

#define PREFIX 8U
#define PAGE   4096U

static int memory, bell; /* the reader's end */
static struct ring_writer writer;
static struct ring_reader reader;
static uint8_t entry[RING_ENTRY_MAX];

static void open_ring(void)
{
	int pair[2];

	memory = ring_create();
	ck_assert_int_ge(memory, 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				    pair),
			 0);
	bell = pair[0];
	ck_assert_int_eq(ring_writer_init(&writer, memory, pair[1]), 0);
	ck_assert_int_eq(ring_reader_init(&reader, memory), 0);
}

static void close_ring(void)
{
	ring_reader_done(&reader);
	ring_writer_done(&writer);
	fd_close(writer.bell);
	fd_close(bell);
	fd_close(memory);
}

/* An entry of @size bytes, all of which tell its number. */
static bool put(uint32_t number, size_t size)
{
	uint8_t *room = ring_begin(&writer);

	if (!room)
		return false;
	memset(room, (uint8_t)(number * 7), size);
	ring_end(&writer, size);
	return true;
}

static bool is_entry(uint32_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (entry[i] != (uint8_t)(number * 7))
			return false;
	return true;
}

static void assert_entry(uint32_t number, size_t size)
{
	ck_assert_int_eq(ring_next(&reader, entry), (int)size);
	ck_assert(is_entry(number, size));
}

/* Uneven, from one byte to the most. */
static size_t size_of(uint32_t number)
{
	return number % 97 == 0 ? RING_ENTRY_MAX : 1 + (size_t)number * 2654435761U % 1500;
}

/* Ten times around, with some unread all the while, so that it never begins anew. */
START_TEST(ring_gives_entries_as_they_were_written_all_the_way_around)
{
	uint32_t read = 0, written = 0;
	uint64_t all = 0;

	while (all < UINT64_C(10) * RING_SIZE) {
		for (int i = 0; i < 20; i++, written++) {
			ck_assert(put(written, size_of(written)));
			all += size_of(written);
		}
		ck_assert_int_eq(ring_look(&reader), 1);
		while (read + 7 < written) {
			assert_entry(read, size_of(read));
			read++;
		}
	}
	for (; read < written; read++)
		assert_entry(read, size_of(read));
	ck_assert_int_eq(ring_next(&reader, entry), 0);
	ck_assert_int_eq(ring_look(&reader), 0);
}
END_TEST

START_TEST(ring_has_no_room_for_more_than_it_holds)
{
	uint32_t written = 0, read = 0;

	while (put(written, 1000))
		written++;
	ck_assert_uint_ge(written, (RING_SIZE - 2 * RING_ENTRY_MAX) / (1000 + PREFIX));
	ck_assert(!put(written, 1));
	ck_assert_int_eq(ring_look(&reader), 1);
	for (; read < 20; read++)
		assert_entry(read, 1000);
	ck_assert(put(written++, 1000));
	for (; read < written - 1; read++)
		assert_entry(read, 1000);
	/* What came after the look is of the next one. */
	ck_assert_int_eq(ring_next(&reader, entry), 0);
	ck_assert_int_eq(ring_look(&reader), 1);
	assert_entry(read, 1000);
}
END_TEST

/* Pages that were never needed take no memory. */
START_TEST(ring_begins_anew_whenever_all_is_read)
{
	struct stat st;

	for (uint32_t i = 0; i < 10000; i++) {
		ck_assert(put(i, 500));
		ck_assert_int_eq(ring_look(&reader), 1);
		assert_entry(i, 500);
	}
	ck_assert_int_eq(fstat(memory, &st), 0);
	ck_assert_int_eq(st.st_blocks * 512, PAGE);
}
END_TEST

/* A reader that dies is followed by one that knows nothing. */
START_TEST(ring_goes_on_where_the_last_reader_left_off)
{
	for (uint32_t i = 0; i < 10; i++)
		ck_assert(put(i, 100 + i));
	ck_assert_int_eq(ring_look(&reader), 1);
	for (uint32_t i = 0; i < 4; i++)
		assert_entry(i, 100 + i);
	ring_reader_done(&reader);
	ck_assert_int_eq(ring_reader_init(&reader, memory), 0);
	ck_assert_int_eq(ring_next(&reader, entry), 0);
	ck_assert_int_eq(ring_look(&reader), 1);
	for (uint32_t i = 4; i < 10; i++)
		assert_entry(i, 100 + i);
}
END_TEST

/* What is begun and not ended is not there. */
START_TEST(ring_keeps_what_is_not_ended_to_itself)
{
	ck_assert_ptr_nonnull(ring_begin(&writer));
	ck_assert_int_eq(ring_look(&reader), 0);
	ck_assert(put(1, 10));
	ck_assert_int_eq(ring_look(&reader), 1);
	assert_entry(1, 10);
	ck_assert_int_eq(ring_next(&reader, entry), 0);
}
END_TEST

/* SIGBUS is what a reader gets for memory that the writer has cut off. */
START_TEST(ring_has_a_size_that_nobody_can_change)
{
	ck_assert_int_eq(ftruncate(memory, PAGE), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(memory, 2 * sizeof(struct ring_memory)), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE), -1);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

/* nonsense */

static void set_size(size_t at, uint32_t size)
{
	memcpy(&writer.memory->bytes[at], &size, sizeof(size));
}

static void set_head(uint64_t head)
{
	atomic_store(&writer.memory->head, head);
}

static void set_origin(uint64_t origin)
{
	atomic_store(&writer.memory->origin, origin);
}

static void head_back(void)
{
	set_head(0);
}

static void head_too_far(void)
{
	set_head(reader.tail + RING_SIZE + PREFIX);
}

static void head_uneven(void)
{
	set_head(atomic_load(&writer.memory->head) + 1);
}

static void origin_uneven(void)
{
	set_origin(atomic_load(&writer.memory->origin) + 3);
}

static size_t place(void)
{
	return (reader.tail - atomic_load(&writer.memory->origin)) % RING_SIZE;
}

static void size_of_nothing(void)
{
	set_size(place(), 0);
}

static void size_beyond_what_is_taken(void)
{
	set_head(reader.tail + RING_SIZE);
	set_size(place(), RING_ENTRY_MAX + 1);
}

static void size_beyond_what_is_written(void)
{
	set_size(place(), 101 + PREFIX);
}

/* So that what is taken would be from behind the memory. */
static void size_beyond_the_ring(void)
{
	set_origin(reader.tail - (RING_SIZE - 64));
	set_head(reader.tail + 2048);
	set_size(RING_SIZE - 64, 1024);
}

static void skip_of_the_whole_ring(void)
{
	set_origin(reader.tail);
	set_head(reader.tail + RING_SIZE);
	set_size(0, RING_SKIP);
}

static void skip_of_more_than_is_written(void)
{
	set_size(place(), RING_SKIP);
}

static void skip_to_nothing(void)
{
	set_origin(reader.tail - (RING_SIZE - 64));
	set_head(reader.tail + 64);
	set_size(RING_SIZE - 64, RING_SKIP);
}

static void skip_after_skip(void)
{
	set_origin(reader.tail - (RING_SIZE - 64));
	set_head(reader.tail + RING_SIZE);
	set_size(RING_SIZE - 64, RING_SKIP);
	set_size(0, RING_SKIP);
}

static const struct {
	const char *name;
	void (*talk)(void);
} nonsense[] = {
	{ "it has written less than is read", head_back },
	{ "it has written more than there is room for", head_too_far },
	{ "it has written a part of a prefix", head_uneven },
	{ "the ring begins within a prefix", origin_uneven },
	{ "an entry of nothing", size_of_nothing },
	{ "an entry larger than any", size_beyond_what_is_taken },
	{ "an entry larger than what is written", size_beyond_what_is_written },
	{ "an entry beyond the end of the ring", size_beyond_the_ring },
	{ "a skip of all", skip_of_the_whole_ring },
	{ "a skip of more than is written", skip_of_more_than_is_written },
	{ "a skip to nothing", skip_to_nothing },
	{ "a skip after a skip", skip_after_skip },
};

/* The writer may be in somebody's hands (P77). */
START_TEST(ring_ends_for_its_reader_where_the_writer_talks_nonsense)
{
	int r;

	ck_assert(put(0, 50));
	ck_assert(put(1, 100));
	ck_assert_int_eq(ring_look(&reader), 1);
	assert_entry(0, 50);
	nonsense[_i].talk();
	r = ring_look(&reader);
	if (r == 1)
		r = ring_next(&reader, entry);
	ck_assert_msg(r == -EBADMSG, "%s: %d", nonsense[_i].name, r);
}
END_TEST

/* And so may its reader. */
START_TEST(ring_is_full_for_its_writer_where_the_reader_talks_nonsense)
{
	ck_assert(put(0, 50));
	atomic_store(&writer.memory->tail, writer.head + PREFIX);
	ck_assert(!put(1, 1));
	atomic_store(&writer.memory->tail, writer.head - RING_SIZE - PREFIX);
	ck_assert(!put(1, 1));
	atomic_store(&writer.memory->tail, 0);
	ck_assert(put(1, 1));
	ck_assert_int_eq(ring_look(&reader), 1);
	assert_entry(0, 50);
	assert_entry(1, 1);
}
END_TEST

/* the bell */

static bool is_rung(void)
{
	char byte;

	return recv(bell, &byte, 1, MSG_DONTWAIT) == 1;
}

START_TEST(ring_wakes_who_sleeps_once)
{
	ck_assert(put(0, 10));
	ck_assert(!is_rung());
	ck_assert(!ring_sleep(&reader));
	ck_assert_int_eq(ring_look(&reader), 1);
	assert_entry(0, 10);
	ck_assert(ring_sleep(&reader));
	ck_assert(put(1, 10));
	ck_assert(is_rung());
	ck_assert(put(2, 10));
	ck_assert(!is_rung());
	ck_assert(!ring_sleep(&reader));
	ring_wake(&reader);
	ck_assert(put(3, 10));
	ck_assert(!is_rung());
}
END_TEST

START_TEST(ring_tells_who_is_awake_of_much_once)
{
	uint32_t n = 0;

	for (int turn = 0; turn < 3; turn++) {
		while (!is_rung())
			ck_assert(put(n++, 1000));
		ck_assert_uint_eq(n, RING_MUCH / (1000 + PREFIX) + 1);
		ck_assert(put(n++, 1000));
		ck_assert(!is_rung());
		ck_assert_int_eq(ring_look(&reader), 1);
		for (uint32_t i = 0; i < n; i++)
			assert_entry(i, 1000);
		n = 0;
	}
}
END_TEST

#define MANY 20000U

static int write_many(const void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < MANY; i++)
		while (!put(i, 1 + i % 300))
			continue;
	return 0;
}

static void await_bell(void)
{
	struct pollfd poller = { .fd = bell, .events = POLLIN };

	ck_assert_msg(poll(&poller, 1, 30000) == 1, "nobody rang");
	while (is_rung())
		continue;
}

/* Two processes, one of which sleeps whenever it can: nothing is lost, and nobody sleeps on. */
START_TEST(ring_lets_no_reader_sleep_over_an_entry)
{
	uint32_t read = 0;
	pid_t child = forked_start(write_many, NULL);

	while (read < MANY) {
		int r = ring_look(&reader);

		ck_assert_int_ge(r, 0);
		if (r == 0 && ring_sleep(&reader))
			await_bell();
		for (; r == 1 && ring_next(&reader, entry) > 0; read++)
			if (!is_entry(read, 1 + read % 300))
				ck_abort_msg("entry %u is another one", read);
	}
	ck_assert_int_eq(forked_wait(child), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring");
	TCase *tcase = suite_case(suite, "ring");

	tcase_add_checked_fixture(tcase, open_ring, close_ring);
	tcase_add_test(tcase, ring_gives_entries_as_they_were_written_all_the_way_around);
	tcase_add_test(tcase, ring_has_no_room_for_more_than_it_holds);
	tcase_add_test(tcase, ring_begins_anew_whenever_all_is_read);
	tcase_add_test(tcase, ring_goes_on_where_the_last_reader_left_off);
	tcase_add_test(tcase, ring_keeps_what_is_not_ended_to_itself);
	tcase_add_test(tcase, ring_has_a_size_that_nobody_can_change);
	tcase_add_loop_test(tcase, ring_ends_for_its_reader_where_the_writer_talks_nonsense, 0,
			    ELEMENTSOF(nonsense));
	tcase_add_test(tcase, ring_is_full_for_its_writer_where_the_reader_talks_nonsense);
	tcase_add_test(tcase, ring_wakes_who_sleeps_once);
	tcase_add_test(tcase, ring_tells_who_is_awake_of_much_once);
	tcase_add_test(tcase, ring_lets_no_reader_sleep_over_an_entry);
	return suite_main(suite);
}
