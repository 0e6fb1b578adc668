/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/batching.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/support/scene.h"
#include "wire/message.h"

size_t batching_request(uint64_t id, const char *const paths[], uint16_t n, uint8_t *buffer,
			size_t size)
{
	struct wire_batch_writer w = wire_batch_begin(buffer, size);

	for (uint16_t i = 0; i < n; i++) {
		const struct wire_open open = {
			.flags = WIRE_OPEN_READ,
			.path = paths[i],
			.path_len = (uint16_t)strlen(paths[i]),
		};

		ck_assert_int_eq(wire_batch_add(&w, &open), 0);
	}
	return wire_batch_end(&w, id);
}

void batching_send(int sock, uint64_t id, const char *const paths[], uint16_t n)
{
	static uint8_t buffer[WIRE_MESSAGE_MAX];
	size_t size = batching_request(id, paths, n, buffer, sizeof(buffer));

	ck_assert_int_eq(send(sock, buffer, size, 0), (ssize_t)size);
}

size_t batching_receive(int sock, uint64_t id, uint16_t n, struct wire_answer *results,
			int *ret_fds)
{
	static const struct message_want want = { .fds = WIRE_FDS_MAX };
	uint8_t buffer[WIRE_BATCH_REPLY(WIRE_BATCH_MAX)];
	struct wire_header header;
	struct message m;
	size_t n_fds;

	scene_await(sock);
	ck_assert_int_eq(message_receive(sock, buffer, sizeof(buffer), &want, &m), 1);
	n_fds = m.n_fds;
	ck_assert_int_eq(wire_batch_answer_read(buffer, m.size, &header, results, n), (int)n_fds);
	ck_assert_uint_eq(header.id, id);
	if (ret_fds) {
		memcpy(ret_fds, m.fds, n_fds * sizeof(int));
		m.n_fds = 0;
	}
	message_done(&m);
	return n_fds;
}
