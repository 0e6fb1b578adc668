/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Both ends come from one build, and still the parent, which is root, takes
 * nothing but a header and one number. A reply's text is whatever is left of its
 * message: its length is the header's.
 */
#include "wire/admin.h"

#include <errno.h>
#include <stdbool.h>

#include "wire/codec.h"
#include "wire/cursor.h"

#define REPLY_SIZE (WIRE_HEADER_SIZE + 4) /* and the text */

static bool is_request(uint16_t opcode)
{
	return opcode >= ADMIN_OPCODE_RELOAD && opcode <= ADMIN_OPCODE_TALLY;
}

static uint32_t request_size(uint16_t opcode)
{
	return opcode == ADMIN_OPCODE_TRIAL ? WIRE_HEADER_SIZE + 4 : WIRE_HEADER_SIZE;
}

int admin_request_write(const struct admin_request *request, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	wire_header_write(&w, request->opcode, 1, request_size(request->opcode));
	if (request->opcode == ADMIN_OPCODE_TRIAL)
		cursor_write_u32(&w, request->sec);
	return cursor_write_end(&w);
}

int admin_request_read(const void *data, size_t size, struct admin_request *ret)
{
	struct cursor_reader reader = cursor_reader(data, size);
	struct admin_request request = { 0 };
	struct wire_header header;
	int r;

	r = wire_header_read(data, size, &header);
	if (r < 0)
		return r;
	if (header.version != WIRE_VERSION || !is_request(header.opcode))
		return -EOPNOTSUPP;
	if (size != request_size(header.opcode) || header.flags != 0)
		return -EBADMSG;
	request.opcode = header.opcode;
	(void)cursor_read_bytes(&reader, WIRE_HEADER_SIZE);
	if (request.opcode == ADMIN_OPCODE_TRIAL)
		request.sec = cursor_read_u32(&reader);
	if (cursor_read_end(&reader) < 0)
		return -EBADMSG;
	*ret = request;
	return 0;
}

int admin_reply_write(const struct admin_reply *reply, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	if (reply->text_len > ADMIN_TEXT_MAX)
		return -EMSGSIZE;
	wire_header_write(&w, reply->opcode | WIRE_OPCODE_REPLY, 1,
			  REPLY_SIZE + (uint32_t)reply->text_len);
	cursor_write_i32(&w, reply->exit_code);
	cursor_write_bytes(&w, reply->text, reply->text_len);
	return cursor_write_end(&w);
}

int admin_reply_read(const void *data, size_t size, struct admin_reply *ret)
{
	struct cursor_reader r = cursor_reader(data, size);
	struct admin_reply reply;
	struct wire_header header;
	int error;

	error = wire_header_read(data, size, &header);
	if (error < 0)
		return error;
	reply.opcode = header.opcode & (uint16_t)~WIRE_OPCODE_REPLY;
	if (header.version != WIRE_VERSION || header.opcode == reply.opcode ||
	    !is_request(reply.opcode))
		return -EOPNOTSUPP;
	(void)cursor_read_bytes(&r, WIRE_HEADER_SIZE);
	reply.exit_code = cursor_read_i32(&r);
	reply.text = cursor_read_rest(&r, &reply.text_len);
	if (cursor_read_end(&r) < 0 || header.flags != 0 || reply.text_len > ADMIN_TEXT_MAX)
		return -EBADMSG;
	*ret = reply;
	return 0;
}
