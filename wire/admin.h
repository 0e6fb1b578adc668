/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_ADMIN_H
#define FDB_WIRE_ADMIN_H

/*
 * The protocol of the admin socket, between fdbrokerctl and the parent: the
 * header of proto.h with an opcode below; a request has no body, but that of TRIAL, u32 seconds.
 * The reply's body is i32 exit code (of policy-language's table), then UTF-8 text to the end of the message.
 *
 * SHADOW loads the candidate in the directory `shadow` beside the admin socket; UNSHADOW ends that.
 * The text of RELOAD, TRIAL and SHADOW is the diagnostics, ready to print, cut at a line if they are
 * longer than a message. STATUS's text is lines `key value`, keys in the order of
 * fdbrokerctl(8); an unknown key is to be shown or skipped, never an error.
 *
 * TALLY's text is the part of STATUS's that the parent knows without asking anybody. With it
 * comes, where a generation serves, one descriptor: its tally, see wire/tally.h, which can be read
 * for as long as it is open, whoever serves.
 */

#include <stddef.h>
#include <stdint.h>

#include "wire/proto.h"

enum admin_opcode {
	ADMIN_OPCODE_RELOAD = 0x4001,
	ADMIN_OPCODE_STATUS = 0x4002,
	ADMIN_OPCODE_TRIAL =
		0x4003, /* a reload that is taken back unless it is confirmed in time */
	ADMIN_OPCODE_CONFIRM = 0x4004, /* a text for a person */
	ADMIN_OPCODE_SHADOW = 0x4005,
	ADMIN_OPCODE_UNSHADOW = 0x4006,
	ADMIN_OPCODE_TALLY = 0x4007,
};

#define ADMIN_REQUEST_MAX (WIRE_HEADER_SIZE + 4)

#define ADMIN_TEXT_MAX 61440U /* bytes: a message less header, exit code and slack */

struct admin_request {
	uint16_t opcode;
	uint32_t sec; /* TRIAL: to confirm in */
};

struct admin_reply {
	int32_t exit_code;
	uint16_t opcode;  /* of the request it answers */
	const char *text; /* borrowed from the message, not NUL-terminated */
	size_t text_len;
};

/* Encode; return bytes written, or -EMSGSIZE. @buffer of WIRE_MESSAGE_MAX always suffices, and of
 * ADMIN_REQUEST_MAX for a request. */
int admin_request_write(const struct admin_request *request, void *buffer, size_t size);
int admin_reply_write(const struct admin_reply *reply, void *buffer, size_t size);

/* Decode; 0, or -EBADMSG, or -EOPNOTSUPP for an opcode or version that is not ours. */
int admin_request_read(const void *data, size_t size, struct admin_request *ret);
int admin_reply_read(const void *data, size_t size, struct admin_reply *ret);

#endif
