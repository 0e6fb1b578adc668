/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/batch.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/macro.h"
#include "wire/codec.h"

/*
 * The whole of a request is walked before the first of its opens is given away, so that what is taken
 * is of a message that is well-formed to its last byte.
 */

int wire_batch_read(const void *data, size_t size, struct wire_batch *ret)
{
	struct cursor_reader r = cursor_reader(data, size), opens;
	struct wire_header header;
	struct wire_open open;
	uint16_t n;

	wire_header_take(&r, size, &header);
	n = cursor_read_u16(&r);
	if (r.error < 0 || n == 0 || n > WIRE_BATCH_MAX)
		return -EBADMSG;
	opens = r;
	for (uint16_t i = 0; i < n && r.error == 0; i++)
		wire_open_take(&r, &open);
	if (cursor_read_end(&r) < 0)
		return -EBADMSG;
	*ret = (struct wire_batch){ .n = n, .opens = opens };
	return 0;
}

void wire_batch_take(struct wire_batch *batch, struct wire_open *ret)
{
	wire_open_take(&batch->opens, ret);
}

struct wire_batch_writer wire_batch_begin(void *buffer, size_t size)
{
	size = size < WIRE_MESSAGE_MAX ? size : WIRE_MESSAGE_MAX;
	return (struct wire_batch_writer){
		.buffer = buffer,
		.size = size,
		.opens = cursor_writer((uint8_t *)buffer + WIRE_BATCH_HEAD, size - WIRE_BATCH_HEAD),
	};
}

int wire_batch_add(struct wire_batch_writer *b, const struct wire_open *open)
{
	if (b->n == WIRE_BATCH_MAX || open->path_len > WIRE_PATH_MAX ||
	    b->opens.left < (size_t)WIRE_OPEN_SIZE + open->path_len)
		return -EMSGSIZE;
	wire_open_put(&b->opens, open);
	b->n++;
	return 0;
}

size_t wire_batch_end(struct wire_batch_writer *b, uint64_t id)
{
	struct cursor_writer w = cursor_writer(b->buffer, WIRE_BATCH_HEAD);
	size_t size = WIRE_BATCH_HEAD + b->opens.size;

	wire_header_write(&w, WIRE_OPCODE_BATCH, id, (uint32_t)size);
	cursor_write_u16(&w, b->n);
	return size;
}

static uint16_t count_fds(const struct wire_answer *results, uint16_t n)
{
	uint16_t n_fds = 0;

	for (uint16_t i = 0; i < n; i++)
		n_fds += results[i].n_fds;
	return n_fds;
}

int wire_batch_answer_write(uint64_t id, const struct wire_answer *results, uint16_t n,
			    void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	wire_header_write(&w, WIRE_OPCODE_BATCH | WIRE_OPCODE_REPLY, id, WIRE_BATCH_REPLY(n));
	cursor_write_u16(&w, n);
	cursor_write_u16(&w, count_fds(results, n));
	for (uint16_t i = 0; i < n; i++)
		wire_answer_put(&w, &results[i]);
	return cursor_write_end(&w);
}

static bool is_sound(const struct wire_answer *result)
{
	if (result->error < 0 || result->error > WIRE_ERRNO_MAX)
		return false;
	if (result->reason == WIRE_REASON_SINGLY &&
	    (result->error != EAGAIN || result->decision != 0))
		return false;
	if ((result->error == 0) != (result->reason == WIRE_REASON_OK))
		return false;
	return result->n_fds == (result->error == 0 ? 1 : 0);
}

/* Of @n results as they stand in a message: how many descriptors they have; or -EBADMSG. */
static int read_results(const uint8_t *bytes, struct wire_answer *results, uint16_t n)
{
	int n_fds = 0;

	for (uint16_t i = 0; i < n; i++) {
		wire_answer_get(bytes + i * WIRE_ANSWER_SIZE, &results[i]);
		if (!is_sound(&results[i]))
			return -EBADMSG;
		n_fds += results[i].n_fds;
	}
	return n_fds;
}

int wire_batch_answer_read(const void *data, size_t size, struct wire_header *ret_header,
			   struct wire_answer *results, uint16_t n)
{
	struct cursor_reader r = cursor_reader(data, size);
	struct wire_answer read[WIRE_BATCH_MAX] _uninitialized_;
	struct wire_header header;
	const uint8_t *bytes;
	int n_fds;

	wire_header_take(&r, size, &header);
	if (header.version != WIRE_VERSION || header.flags != 0 ||
	    header.opcode != (WIRE_OPCODE_BATCH | WIRE_OPCODE_REPLY))
		return -EBADMSG;
	if (n > WIRE_BATCH_MAX || cursor_read_u16(&r) != n)
		return -EBADMSG;
	n_fds = cursor_read_u16(&r);
	bytes = cursor_read_bytes(&r, n * WIRE_ANSWER_SIZE);
	if (cursor_read_end(&r) < 0 || read_results(bytes, read, n) != n_fds)
		return -EBADMSG;
	*ret_header = header;
	memcpy(results, read, n * sizeof(*results));
	return n_fds;
}
