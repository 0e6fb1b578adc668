/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_CODEC_H
#define FDB_WIRE_CODEC_H

/*
 * Messages of proto.h to and from bytes. Pure: no I/O, no allocation. What a
 * reader returns is well-formed, not permitted: it is a claim of its sender.
 *
 * Readers are given the whole message as it arrived; out parameters are written on success only.
 * Writers return the bytes written, or -EMSGSIZE; WIRE_MESSAGE_MAX always suffices.
 */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "wire/cursor.h"
#include "wire/proto.h"

/* 0; -EBADMSG too short, `length` is not the size, or `reserved` is not 0. Version, opcode and
 * flags are not judged: their errors have answers of their own. */
int wire_header_read(const void *data, size_t size, struct wire_header *ret);

/* The same, for codecs of other bodies: the reader goes on behind it, or has failed. */
static _always_inline_ void wire_header_take(struct cursor_reader *r, size_t size,
					     struct wire_header *ret);

/* The header of a message that will be @length bytes. For codecs of other bodies. */
static _always_inline_ void wire_header_write(struct cursor_writer *w, uint16_t opcode, uint64_t id,
					      uint32_t length);

/* What every answer begins with behind its header, and every result of a batch is. */
static inline void wire_answer_take(struct cursor_reader *r, struct wire_answer *ret);
/* The same of WIRE_ANSWER_SIZE @bytes, which are there. */
static inline void wire_answer_get(const void *bytes, struct wire_answer *ret);
static inline void wire_answer_put(struct cursor_writer *w, const struct wire_answer *answer);

/* A request whose header was found to be an open. 0; -EBADMSG lengths that do not add up;
 * -ENAMETOOLONG they do, and the path is beyond WIRE_PATH_MAX. @ret->path points into @data. */
int wire_open_read(const void *data, size_t size, struct wire_open *ret);
/* The same behind its header, which has been read. */
int wire_open_rest(struct cursor_reader *r, struct wire_open *ret);
int wire_open_write(uint64_t id, const struct wire_open *open, void *buffer, size_t size);

/* The body of an open request, which each open of a batch is too. The path is not bounded, when read; when
 * written, by WIRE_PATH_MAX, by its caller. */
static inline void wire_open_take(struct cursor_reader *r, struct wire_open *ret);
static inline void wire_open_put(struct cursor_writer *w, const struct wire_open *open);

/* 0; -EBADMSG not an answer to an open, or one that contradicts itself: an open that succeeded
 * comes with one descriptor, a failed one with an errno and none. Whether the
 * descriptor did come is the caller's to see. */
int wire_answer_read(const void *data, size_t size, struct wire_header *ret_header,
		     struct wire_answer *ret);
int wire_answer_write(uint64_t id, const struct wire_answer *answer, void *buffer, size_t size);

int wire_notice_read(const void *data, size_t size, uint16_t *ret_which);
int wire_notice_write(uint16_t which, void *buffer, size_t size);

int wire_versions_read(const void *data, size_t size, uint16_t *ret_low, uint16_t *ret_high);
int wire_versions_write(uint64_t id, void *buffer, size_t size);

/* "ok", "not-found", ...; "unknown" for a number that is none. Static. */
const char *wire_reason_name(uint16_t reason);

/*
 * Inline, as all that moves a cursor. What is always there, and always as long, is held against what is
 * left once: the cursor over that part alone is the compiler's to do without.
 */

static _always_inline_ void wire_header_take(struct cursor_reader *r, size_t size,
					     struct wire_header *ret)
{
	const void *bytes = cursor_read_bytes(r, WIRE_HEADER_SIZE);
	struct cursor_reader part = cursor_reader(bytes, WIRE_HEADER_SIZE);

	*ret = (struct wire_header){ 0 };
	if (!bytes)
		return;
	ret->version = cursor_read_u16(&part);
	ret->opcode = cursor_read_u16(&part);
	ret->flags = cursor_read_u32(&part);
	ret->id = cursor_read_u64(&part);
	ret->length = cursor_read_u32(&part);
	if (ret->length != size || cursor_read_u32(&part) != 0)
		r->error = -EBADMSG;
}

static _always_inline_ void wire_header_write(struct cursor_writer *w, uint16_t opcode, uint64_t id,
					      uint32_t length)
{
	void *bytes = cursor_write_space(w, WIRE_HEADER_SIZE);
	struct cursor_writer part = cursor_writer(bytes, WIRE_HEADER_SIZE);

	if (!bytes)
		return;
	cursor_write_u16(&part, WIRE_VERSION);
	cursor_write_u16(&part, opcode);
	cursor_write_u32(&part, 0);
	cursor_write_u64(&part, id);
	cursor_write_u32(&part, length);
	cursor_write_u32(&part, 0);
}

static inline void wire_open_take(struct cursor_reader *r, struct wire_open *ret)
{
	const void *bytes = cursor_read_bytes(r, WIRE_OPEN_SIZE);
	struct cursor_reader part = cursor_reader(bytes, WIRE_OPEN_SIZE);

	*ret = (struct wire_open){ 0 };
	if (!bytes)
		return;
	ret->flags = cursor_read_u32(&part);
	ret->mode = cursor_read_u32(&part);
	ret->path_len = cursor_read_u16(&part);
	ret->path = cursor_read_bytes(r, ret->path_len);
	if (!ret->path)
		ret->path_len = 0;
}

static inline void wire_open_put(struct cursor_writer *w, const struct wire_open *open)
{
	uint8_t *bytes = cursor_write_space(w, (size_t)WIRE_OPEN_SIZE + open->path_len);
	struct cursor_writer part = cursor_writer(bytes, WIRE_OPEN_SIZE);

	if (!bytes)
		return;
	cursor_write_u32(&part, open->flags);
	cursor_write_u32(&part, open->mode);
	cursor_write_u16(&part, open->path_len);
	if (open->path_len > 0)
		memcpy(bytes + WIRE_OPEN_SIZE, open->path, open->path_len);
}

static inline void wire_answer_get(const void *bytes, struct wire_answer *ret)
{
	struct cursor_reader part = cursor_reader(bytes, WIRE_ANSWER_SIZE);

	ret->error = cursor_read_i32(&part);
	ret->reason = cursor_read_u16(&part);
	ret->n_fds = cursor_read_u16(&part);
	ret->decision = cursor_read_u64(&part);
}

static inline void wire_answer_take(struct cursor_reader *r, struct wire_answer *ret)
{
	const void *bytes = cursor_read_bytes(r, WIRE_ANSWER_SIZE);

	*ret = (struct wire_answer){ 0 };
	if (bytes)
		wire_answer_get(bytes, ret);
}

static inline void wire_answer_put(struct cursor_writer *w, const struct wire_answer *answer)
{
	void *bytes = cursor_write_space(w, WIRE_ANSWER_SIZE);
	struct cursor_writer part = cursor_writer(bytes, WIRE_ANSWER_SIZE);

	if (!bytes)
		return;
	cursor_write_i32(&part, answer->error);
	cursor_write_u16(&part, answer->reason);
	cursor_write_u16(&part, answer->n_fds);
	cursor_write_u64(&part, answer->decision);
}

#endif
