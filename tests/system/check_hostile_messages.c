/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * Messages of every wrong form to the real daemon. Whatever comes, a connection
 * gets one answer to each request, with its id, or it ends; a descriptor is the one file's that
 * the policy names; and Bob does not notice.
 */

#define MESSAGE_MAX (WIRE_MESSAGE_MAX + 1)

static struct scene s;
static struct stat own;

static void start(void)
{
	scene_start(&s);
	ck_assert_int_eq(stat(s.own, &own), 0);
}

static void stop(void)
{
	scene_assert_unharmed(&s);
	/* A connection over the limit ends, too, but it would have tested nothing. */
	ck_assert_uint_eq(daemon_number(&s.daemon, "refused-per-uid"), 0);
	scene_stop(&s);
}

struct reply {
	uint64_t id;
	bool is_versions;
	struct wire_answer answer;
};

static uint64_t id_of(const uint8_t *message)
{
	uint64_t id = 0;

	for (size_t i = 0; i < 8; i++)
		id |= (uint64_t)message[8 + i] << (8 * i);
	return id;
}

static void check_file(const struct reply *reply, const struct message *m)
{
	struct stat st;

	ck_assert_uint_eq(m->n_fds, reply->answer.error == 0);
	if (m->n_fds == 0)
		return;
	ck_assert_int_eq(fstat(m->fds[0], &st), 0);
	ck_assert(st.st_dev == own.st_dev && st.st_ino == own.st_ino);
}

/* Whether there is a reply; otherwise it was the end. */
static bool receive(int sock, struct reply *ret)
{
	static const struct message_want want = { .fds = 1 };
	struct wire_header header;
	uint8_t buffer[256];
	uint16_t low, high;
	struct message m;
	int r;

	scene_await(sock);
	r = message_receive(sock, buffer, sizeof(buffer), &want, &m);
	if (r == 0 || r == -ECONNRESET)
		return false;
	ck_assert_int_eq(r, 1);
	*ret = (struct reply){ .id = id_of(buffer) };
	ret->is_versions = wire_versions_read(buffer, m.size, &low, &high) == 0;
	if (!ret->is_versions) {
		ck_assert_int_eq(wire_answer_read(buffer, m.size, &header, &ret->answer), 0);
		check_file(ret, &m);
	}
	message_done(&m);
	return true;
}

static size_t good_request(uint64_t id, uint8_t *buffer)
{
	return scene_request(id, s.own, buffer, MESSAGE_MAX);
}

static void assert_still_served(int sock)
{
	uint8_t buffer[MESSAGE_MAX];
	struct reply reply;

	ck_assert_int_gt(send(sock, buffer, good_request(77, buffer), 0), 0);
	ck_assert(receive(sock, &reply));
	ck_assert_uint_eq(reply.id, 77);
	ck_assert_int_eq(reply.answer.error, 0);
}

/* Whether it ended the connection. If not there was one answer, and it is served on. */
static bool send_alone(const uint8_t *message, size_t size, struct reply *ret)
{
	int sock = daemon_connect(&s.daemon);
	bool answered;

	ck_assert_int_eq(send(sock, message, size, MSG_NOSIGNAL), (ssize_t)size);
	answered = receive(sock, ret);
	if (answered) {
		ck_assert_uint_eq(ret->id, id_of(message));
		assert_still_served(sock);
	}
	fd_close(sock);
	return !answered;
}

static int cut_everywhere(const void *arg)
{
	uint8_t message[MESSAGE_MAX];
	size_t size = good_request(1, message);
	struct reply reply;

	(void)arg;
	for (size_t len = 0; len < size; len++)
		ck_assert_msg(send_alone(message, len, &reply), "%zu bytes are an answer", len);
	return 0;
}

/* P54 */
START_TEST(a_message_cut_anywhere_ends_its_connection)
{
	uint64_t closed = daemon_number(&s.daemon, "closed");
	uint8_t message[MESSAGE_MAX];

	ck_assert_int_eq(scene_as(ALICE, cut_everywhere, NULL), 0);
	ck_assert_uint_eq(daemon_number(&s.daemon, "closed") - closed, good_request(1, message));
}
END_TEST

static int flip_every_bit(const void *arg)
{
	uint8_t message[MESSAGE_MAX];
	size_t size = good_request(0x100, message);
	struct reply reply;

	(void)arg;
	for (size_t bit = 0; bit < 8 * size; bit++) {
		message[bit / 8] ^= (uint8_t)(1U << bit % 8);
		(void)send_alone(message, size, &reply);
		message[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	return 0;
}

START_TEST(a_flipped_bit_is_an_answer_or_the_end)
{
	ck_assert_int_eq(scene_as(ALICE, flip_every_bit, NULL), 0);
}
END_TEST

static void fill(uint8_t *at, size_t size, uint64_t *seed)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)scene_random(seed);
}

static void put_length(uint8_t *message, size_t size)
{
	for (size_t i = 0; i < 4; i++)
		message[16 + i] = (uint8_t)(size >> (8 * i));
}

/* Noise; noise in the right frame; a request with a noisy body; one with some noisy bytes. */
static size_t random_message(uint8_t *message, unsigned int kind, uint64_t *seed)
{
	size_t size = 1 + scene_random(seed) % (kind == 0 ? WIRE_MESSAGE_MAX : 300);
	size_t whole = good_request(1 + scene_random(seed) % 1000, message);

	if (kind == 0)
		fill(message, size, seed);
	else if (kind == 1)
		fill(message + WIRE_HEADER_SIZE, size, seed);
	else if (kind == 2)
		fill(message + WIRE_HEADER_SIZE + 10, whole - WIRE_HEADER_SIZE - 10, seed);
	else
		fill(message + scene_random(seed) % whole, 1, seed);
	if (kind == 0)
		return size;
	whole = kind == 1 ? WIRE_HEADER_SIZE + size : whole;
	put_length(message, whole);
	return whole;
}

static int send_noise(const void *arg)
{
	uint8_t message[MESSAGE_MAX];
	uint64_t seed = 20260101;
	struct reply reply;

	(void)arg;
	for (unsigned int i = 0; i < 1000; i++) {
		size_t size = random_message(message, i % 4, &seed);

		(void)send_alone(message, size, &reply);
	}
	return 0;
}

START_TEST(noise_is_an_answer_or_the_end)
{
	ck_assert_int_eq(scene_as(ALICE, send_noise, NULL), 0);
}
END_TEST

static const size_t sizes[] = { WIRE_MESSAGE_MAX, WIRE_MESSAGE_MAX + 1, 200 * 1024 };

static int send_much(const void *arg)
{
	size_t size = *(const size_t *)arg;
	uint8_t *message = calloc(1, size);
	struct reply reply;

	(void)good_request(1, message);
	ck_assert(send_alone(message, size, &reply));
	/* Also if it says what its length is. */
	put_length(message, size);
	ck_assert(send_alone(message, size, &reply));
	free(message);
	return 0;
}

/* P58 */
START_TEST(a_message_that_is_too_long_ends_its_connection)
{
	ck_assert_int_eq(scene_as(ALICE, send_much, &sizes[_i]), 0);
}
END_TEST

static const uint16_t versions[] = { 0, 1, 2, 0xff, 0xffff };

/* All of one byte, and those of the replies. */
static uint16_t opcode_at(unsigned int i)
{
	return (uint16_t)(i < 256 ? i : 0x8000 + i - 256);
}

static int ask_every_opcode(const void *arg)
{
	uint16_t version = *(const uint16_t *)arg;
	uint8_t message[MESSAGE_MAX];
	size_t size = good_request(5, message);
	int sock = daemon_connect(&s.daemon);
	struct reply reply;

	for (unsigned int i = 0; i < 512; i++) {
		uint16_t opcode = opcode_at(i);

		/* Another body: this message ends the connection (act.h). */
		if (version == WIRE_VERSION && opcode >= WIRE_OPCODE_ACT_FIRST &&
		    opcode <= WIRE_OPCODE_ACT_LAST)
			continue;
		memcpy(message, &(uint8_t[]){ version & 0xff, version >> 8 }, 2);
		memcpy(message + 2, &(uint8_t[]){ opcode & 0xff, opcode >> 8 }, 2);
		ck_assert_int_eq(send(sock, message, size, 0), (ssize_t)size);
		ck_assert(receive(sock, &reply));
		ck_assert_uint_eq(reply.id, 5);
		ck_assert_int_eq(reply.is_versions, version != WIRE_VERSION);
		if (!reply.is_versions)
			ck_assert_int_eq(reply.answer.error,
					 opcode == WIRE_OPCODE_OPEN ? 0 : EOPNOTSUPP);
	}
	return 0;
}

/* P57 */
START_TEST(every_opcode_of_every_version_has_its_answer)
{
	ck_assert_int_eq(scene_as(ALICE, ask_every_opcode, &versions[_i]), 0);
}
END_TEST

static const uint64_t ids[] = { 1, 7, 7, 7, UINT64_MAX, UINT64_C(1) << 63, 2, UINT64_MAX, 1 };

static int pipeline(const void *arg)
{
	uint8_t message[MESSAGE_MAX];
	int sock = daemon_connect(&s.daemon);
	struct reply reply;

	(void)arg;
	for (size_t i = 0; i < ELEMENTSOF(ids); i++)
		ck_assert_int_gt(send(sock, message, good_request(ids[i], message), 0), 0);
	/* The id of notices is none that a client may choose. */
	ck_assert_int_gt(send(sock, message, good_request(0, message), 0), 0);
	for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
		ck_assert(receive(sock, &reply));
		ck_assert_uint_eq(reply.id, ids[i]);
		ck_assert_int_eq(reply.answer.error, 0);
	}
	ck_assert(!receive(sock, &reply));
	return 0;
}

/* P59 */
START_TEST(each_request_has_one_answer_whatever_its_id)
{
	ck_assert_int_eq(scene_as(ALICE, pipeline, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hostile messages");
	TCase *tcase = suite_case(suite, "hostile messages");

	if (daemon_unavailable() != 0)
		return daemon_unavailable();
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_message_cut_anywhere_ends_its_connection);
	tcase_add_test(tcase, a_flipped_bit_is_an_answer_or_the_end);
	tcase_add_test(tcase, noise_is_an_answer_or_the_end);
	tcase_add_loop_test(tcase, a_message_that_is_too_long_ends_its_connection, 0,
			    ELEMENTSOF(sizes));
	tcase_add_loop_test(tcase, every_opcode_of_every_version_has_its_answer, 0,
			    ELEMENTSOF(versions));
	tcase_add_test(tcase, each_request_has_one_answer_whatever_its_id);
	return suite_main(suite);
}
