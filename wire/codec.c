/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The length of every message follows from its fields before it is written,
 * and is held against the size that arrived before anything else is read, so
 * that no prefix or extension of a message is ever a message.
 */
#include "wire/codec.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include "base/macro.h"

#define OPEN_SIZE     (WIRE_HEADER_SIZE + WIRE_OPEN_SIZE) /* and the path */
#define ANSWER_SIZE   (WIRE_HEADER_SIZE + WIRE_ANSWER_SIZE)
#define NOTICE_SIZE   (WIRE_HEADER_SIZE + 2)
#define VERSIONS_SIZE (WIRE_HEADER_SIZE + 2 + 2)

int wire_header_read(const void *data, size_t size, struct wire_header *ret)
{
	struct cursor_reader r = cursor_reader(data, size);
	struct wire_header header;

	wire_header_take(&r, size, &header);
	if (r.error < 0)
		return r.error;
	*ret = header;
	return 0;
}

int wire_open_rest(struct cursor_reader *r, struct wire_open *ret)
{
	struct wire_open open;
	int error;

	wire_open_take(r, &open);
	error = cursor_read_end(r);
	if (error < 0)
		return error;
	if (open.path_len > WIRE_PATH_MAX)
		return -ENAMETOOLONG;
	*ret = open;
	return 0;
}

int wire_open_read(const void *data, size_t size, struct wire_open *ret)
{
	struct cursor_reader r = cursor_reader(data, size);
	struct wire_header header;

	wire_header_take(&r, size, &header);
	return wire_open_rest(&r, ret);
}

int wire_open_write(uint64_t id, const struct wire_open *open, void *buffer, size_t size)
{
	uint32_t length = OPEN_SIZE + open->path_len;
	struct cursor_writer w = cursor_writer(buffer, length);

	if (open->path_len > WIRE_PATH_MAX || length > size)
		return -EMSGSIZE;
	wire_header_write(&w, WIRE_OPCODE_OPEN, id, length);
	wire_open_put(&w, open);
	return cursor_write_end(&w);
}

/* What a client may expect of every message of its broker. */
static _always_inline_ void broker_header_read(struct cursor_reader *r, size_t size,
					       uint16_t opcode, struct wire_header *ret)
{
	wire_header_take(r, size, ret);
	if (ret->version != WIRE_VERSION || ret->opcode != opcode || ret->flags != 0)
		r->error = -EBADMSG;
}

static bool answer_is_sound(const struct wire_answer *answer)
{
	if (answer->error < 0 || answer->error > WIRE_ERRNO_MAX)
		return false;
	return answer->n_fds == (answer->error == 0 ? 1 : 0);
}

int wire_answer_read(const void *data, size_t size, struct wire_header *ret_header,
		     struct wire_answer *ret)
{
	struct cursor_reader r = cursor_reader(data, ANSWER_SIZE);
	struct wire_header header;
	struct wire_answer answer;

	if (size != ANSWER_SIZE)
		return -EBADMSG;
	broker_header_read(&r, ANSWER_SIZE, WIRE_OPCODE_OPEN | WIRE_OPCODE_REPLY, &header);
	wire_answer_take(&r, &answer);
	if (cursor_read_end(&r) < 0 || !answer_is_sound(&answer))
		return -EBADMSG;
	*ret_header = header;
	*ret = answer;
	return 0;
}

int wire_answer_write(uint64_t id, const struct wire_answer *answer, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	wire_header_write(&w, WIRE_OPCODE_OPEN | WIRE_OPCODE_REPLY, id, ANSWER_SIZE);
	wire_answer_put(&w, answer);
	return cursor_write_end(&w);
}

int wire_notice_read(const void *data, size_t size, uint16_t *ret_which)
{
	struct cursor_reader r = cursor_reader(data, size);
	struct wire_header header;
	uint16_t which;

	broker_header_read(&r, size, WIRE_OPCODE_NOTICE, &header);
	which = cursor_read_u16(&r);
	if (cursor_read_end(&r) < 0 || header.id != 0)
		return -EBADMSG;
	*ret_which = which;
	return 0;
}

int wire_notice_write(uint16_t which, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	wire_header_write(&w, WIRE_OPCODE_NOTICE, 0, NOTICE_SIZE);
	cursor_write_u16(&w, which);
	return cursor_write_end(&w);
}

int wire_versions_read(const void *data, size_t size, uint16_t *ret_low, uint16_t *ret_high)
{
	struct cursor_reader r = cursor_reader(data, size);
	struct wire_header header;
	uint16_t low, high;

	/* The version of this header is the broker's own, whatever it is. */
	wire_header_take(&r, size, &header);
	low = cursor_read_u16(&r);
	high = cursor_read_u16(&r);
	if (cursor_read_end(&r) < 0 || header.opcode != WIRE_OPCODE_VERSIONS || low > high)
		return -EBADMSG;
	*ret_low = low;
	*ret_high = high;
	return 0;
}

int wire_versions_write(uint64_t id, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	wire_header_write(&w, WIRE_OPCODE_VERSIONS, id, VERSIONS_SIZE);
	cursor_write_u16(&w, WIRE_VERSION_LOW);
	cursor_write_u16(&w, WIRE_VERSION);
	return cursor_write_end(&w);
}

static const char *const reason_names[] = {
	[WIRE_REASON_OK] = "ok",
	[WIRE_REASON_DEFAULT] = "default",
	[WIRE_REASON_RULE] = "rule",
	[WIRE_REASON_NOT_FOUND] = "not-found",
	[WIRE_REASON_CONDITION] = "condition",
	[WIRE_REASON_RATE] = "rate",
	[WIRE_REASON_BUSY] = "busy",
	[WIRE_REASON_DEADLINE] = "deadline",
	[WIRE_REASON_BAD_PATH] = "bad-path",
	[WIRE_REASON_BAD_FLAGS] = "bad-flags",
	[WIRE_REASON_UNSUPPORTED] = "unsupported",
	[WIRE_REASON_KERNEL] = "kernel",
	[WIRE_REASON_DEGRADED] = "degraded",
	[WIRE_REASON_SINGLY] = "singly",
};
static_assert(ELEMENTSOF(reason_names) == WIRE_REASON_SINGLY + 1, "a reason has no name");

const char *wire_reason_name(uint16_t reason)
{
	return reason < ELEMENTSOF(reason_names) ? reason_names[reason] : "unknown";
}
