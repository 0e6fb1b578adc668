/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Control bytes that no kernel would deliver (P35): the sender cannot choose
 * level, type or length of what the receiver sees, so this is the only way to
 * see that they are checked.
 */
#include "wire/ancillary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/support/suite.h"
#include "wire/message.h"

/* One control message to forge. Its payload is descriptors 100, 101, ... or, for credentials,
 * whatever these numbers make. */
struct part {
	int level, type;
	size_t payload; /* bytes; 0 ends a list, BARE is none */
	size_t len;	/* cmsg_len; 0: the right one */
};

#define BARE   SIZE_MAX
#define SOCKET SOL_SOCKET
#define RIGHTS SCM_RIGHTS
#define CREDS  SCM_CREDENTIALS

static const struct {
	const char *name;
	struct part parts[3];
	int flags;
	int expected;
	size_t n_fds; /* seen, also after an error */
} cases[] = {
	{ "nothing", { { 0 } }, 0, 0, 0 },
	{ "credentials", { { SOCKET, CREDS, 12, 0 } }, 0, 0, 0 },
	{ "one descriptor", { { SOCKET, RIGHTS, 4, 0 } }, 0, 0, 1 },
	{ "two descriptors", { { SOCKET, RIGHTS, 8, 0 } }, 0, 0, 2 },
	{ "the most", { { SOCKET, RIGHTS, 253 * 4, 0 } }, 0, 0, 253 },
	{ "one more", { { SOCKET, RIGHTS, 254 * 4, 0 } }, 0, -EBADMSG, 254 },
	{ "both", { { SOCKET, RIGHTS, 4, 0 }, { SOCKET, CREDS, 12, 0 } }, 0, 0, 1 },
	{ "both, unpadded between",
	  { { SOCKET, CREDS, 12, 0 }, { SOCKET, RIGHTS, 4, 0 } },
	  0,
	  0,
	  1 },
	{ "data cut", { { SOCKET, RIGHTS, 4, 0 } }, MSG_TRUNC, -EMSGSIZE, 1 },
	{ "control cut", { { SOCKET, RIGHTS, 4, 0 } }, MSG_CTRUNC, -EMFILE, 1 },
	{ "control cut to nothing", { { 0 } }, MSG_CTRUNC, -EMFILE, 0 },
	{ "both cut", { { 0 } }, MSG_TRUNC | MSG_CTRUNC, -EMSGSIZE, 0 },
	{ "flags that mean nothing", { { 0 } }, MSG_EOR | MSG_CMSG_CLOEXEC, 0, 0 },
	{ "level", { { SOL_SOCKET + 1, RIGHTS, 4, 0 } }, 0, -EBADMSG, 0 },
	{ "level of credentials", { { 0, CREDS, 12, 0 } }, 0, -EBADMSG, 0 },
	{ "type", { { SOCKET, 77, 4, 0 } }, 0, -EBADMSG, 0 },
	{ "security context", { { SOCKET, 3, 8, 0 } }, 0, -EBADMSG, 0 },
	{ "pidfd", { { SOCKET, 4, 4, 0 } }, 0, -EBADMSG, 1 },
	{ "wrong, then descriptors",
	  { { 1, 77, 4, 0 }, { SOCKET, RIGHTS, 8, 0 } },
	  0,
	  -EBADMSG,
	  2 },
	{ "descriptors, then wrong",
	  { { SOCKET, RIGHTS, 8, 0 }, { 1, 77, 4, 0 } },
	  0,
	  -EBADMSG,
	  2 },
	{ "no descriptor", { { SOCKET, RIGHTS, BARE, 0 } }, 0, -EBADMSG, 0 },
	{ "half a descriptor", { { SOCKET, RIGHTS, 2, 0 } }, 0, -EBADMSG, 0 },
	{ "one and a half", { { SOCKET, RIGHTS, 6, 0 } }, 0, -EBADMSG, 1 },
	{ "twice descriptors",
	  { { SOCKET, RIGHTS, 4, 0 }, { SOCKET, RIGHTS, 8, 0 } },
	  0,
	  -EBADMSG,
	  3 },
	{ "twice credentials",
	  { { SOCKET, CREDS, 12, 0 }, { SOCKET, CREDS, 12, 0 } },
	  0,
	  -EBADMSG,
	  0 },
	{ "short credentials", { { SOCKET, CREDS, 11, 0 } }, 0, -EBADMSG, 0 },
	{ "long credentials", { { SOCKET, CREDS, 13, 0 } }, 0, -EBADMSG, 0 },
	{ "length 1", { { SOCKET, RIGHTS, 4, 1 } }, 0, -EBADMSG, 0 },
	{ "length less than a header", { { SOCKET, RIGHTS, 4, 15 } }, 0, -EBADMSG, 0 },
	{ "length one too long", { { SOCKET, RIGHTS, 8, 25 } }, 0, -EBADMSG, 0 },
	{ "length wraps", { { SOCKET, RIGHTS, 4, SIZE_MAX } }, 0, -EBADMSG, 0 },
	{ "length wraps when aligned", { { SOCKET, RIGHTS, 4, SIZE_MAX - 6 } }, 0, -EBADMSG, 0 },
	{ "length of half the space", { { SOCKET, RIGHTS, 4, SIZE_MAX / 2 } }, 0, -EBADMSG, 0 },
	{ "good, then a bad length",
	  { { SOCKET, RIGHTS, 8, 0 }, { SOCKET, CREDS, 12, 99 } },
	  0,
	  -EBADMSG,
	  2 },
};

static size_t forge_part(const struct part *part, uint8_t *at)
{
	size_t payload = part->payload == BARE ? 0 : part->payload;
	struct cmsghdr header = {
		.cmsg_len = part->len ? part->len : CMSG_LEN(payload),
		.cmsg_level = part->level,
		.cmsg_type = part->type,
	};

	memcpy(at, &header, sizeof(header));
	for (size_t i = 0; i < payload; i += sizeof(int)) {
		int number = 100 + (int)(i / sizeof(int));

		memcpy(at + CMSG_LEN(0) + i, &number,
		       payload - i < sizeof(number) ? payload - i : sizeof(number));
	}
	return CMSG_SPACE(payload);
}

/* The control bytes of a case, in memory of exactly their size: what reads beyond them is seen. */
static void *forge_control(size_t i, size_t shift, size_t *ret_size)
{
	uint8_t bytes[4096] = { 0 };
	size_t size = 0;
	uint8_t *exact;

	for (size_t k = 0; k < ELEMENTSOF(cases[i].parts); k++)
		if (cases[i].parts[k].payload > 0)
			size += forge_part(&cases[i].parts[k], bytes + size);
	exact = malloc(size + shift > 0 ? size + shift : 1);
	ck_assert_ptr_nonnull(exact);
	memcpy(exact + shift, bytes, size);
	*ret_size = size;
	return exact;
}

START_TEST(control_data_is_believed_only_if_every_part_is_right)
{
	for (size_t shift = 0; shift < 8; shift++) {
		size_t size;
		_cleanup_(freep) uint8_t *control = forge_control((size_t)_i, shift, &size);
		struct message a;
		int r = ancillary_read(cases[_i].flags, control + shift, size, &a);

		ck_assert_msg(r == cases[_i].expected, "%s: %d", cases[_i].name, r);
		ck_assert_msg(a.n_fds == cases[_i].n_fds, "%s: %zu", cases[_i].name, a.n_fds);
		for (size_t k = 0; k < a.n_fds && a.n_fds <= 2; k++)
			ck_assert_int_eq(a.fds[k], 100 + (int)k);
	}
}
END_TEST

START_TEST(cut_at_any_byte_it_is_refused_or_whole)
{
	size_t size;
	_cleanup_(freep) uint8_t *control = forge_control((size_t)_i, 0, &size);
	struct message whole;

	ancillary_read(0, control, size, &whole);
	for (size_t n = 0; n < size; n++) {
		_cleanup_(freep) uint8_t *cut = malloc(n > 0 ? n : 1);
		struct message a;

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, control, n);
		if (ancillary_read(0, cut, n, &a) == 0 && a.n_fds > whole.n_fds)
			ck_abort_msg("%s: more descriptors when cut", cases[_i].name);
	}
}
END_TEST

START_TEST(random_bytes_never_give_more_than_they_hold)
{
	for (int round = 0; round < 20000; round++) {
		size_t size;
		_cleanup_(freep) uint8_t *control =
			forge_control((size_t)rand() % ELEMENTSOF(cases), 0, &size);
		struct message a;

		for (int flips = rand() % 4; flips > 0 && size > 0; flips--)
			control[(size_t)rand() % size] ^= (uint8_t)(1U << (rand() % 8));
		(void)ancillary_read(0, control, size, &a);
		ck_assert_uint_le(a.n_fds * sizeof(int), size);
	}
}
END_TEST

START_TEST(a_negative_descriptor_is_refused_and_not_given_to_be_closed)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct cmsghdr header = { CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	int fds[2] = { -1, 100 };
	struct message a;

	memcpy(control, &header, sizeof(header));
	memcpy(control + CMSG_LEN(0), fds, sizeof(fds));
	ck_assert_int_eq(ancillary_read(0, control, sizeof(control), &a), -EBADMSG);
	ck_assert_uint_eq(a.n_fds, 1);
	ck_assert_int_eq(a.fds[0], 100);
}
END_TEST

START_TEST(more_than_a_control_buffer_is_refused)
{
	static uint8_t control[ANCILLARY_SIZE + 1];
	struct message a;

	ck_assert_int_eq(ancillary_read(0, control, sizeof(control), &a), -EBADMSG);
	ck_assert_uint_eq(a.n_fds, 0);
}
END_TEST

START_TEST(the_last_part_need_not_be_padded)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_LEN(sizeof(int))] = { 0 };
	struct cmsghdr header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	struct message a;

	memcpy(control, &header, sizeof(header));
	ck_assert_int_eq(ancillary_read(0, control, sizeof(control), &a), 0);
	ck_assert_uint_eq(a.n_fds, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ancillary");
	TCase *tcase = suite_case(suite, "forged");

	tcase_add_loop_test(tcase, control_data_is_believed_only_if_every_part_is_right, 0,
			    (int)ELEMENTSOF(cases));
	tcase_add_loop_test(tcase, cut_at_any_byte_it_is_refused_or_whole, 0,
			    (int)ELEMENTSOF(cases));
	tcase_add_test(tcase, random_bytes_never_give_more_than_they_hold);
	tcase_add_test(tcase, a_negative_descriptor_is_refused_and_not_given_to_be_closed);
	tcase_add_test(tcase, more_than_a_control_buffer_is_refused);
	tcase_add_test(tcase, the_last_part_need_not_be_padded);
	return suite_main(suite);
}
