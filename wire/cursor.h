/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_CURSOR_H
#define FDB_WIRE_CURSOR_H

/*
 * A position in a borrowed buffer, for reading or for writing; integers are
 * little-endian, whatever the machine.
 *
 * Errors stick: after the first access that does not fit nothing more is read
 * or written, and the end reports it. So a codec names its fields one after
 * the other and checks once.
 */

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor_reader {
	const uint8_t *at;
	size_t left; /* bytes */
	int error;   /* 0 or -EBADMSG */
};

struct cursor_writer {
	uint8_t *at;
	size_t left; /* bytes */
	size_t size; /* bytes written */
	int error;   /* 0 or -EMSGSIZE */
};

static inline struct cursor_reader cursor_reader(const void *data, size_t size);

/* The next integer, or 0 once the reader has failed. */
static inline uint16_t cursor_read_u16(struct cursor_reader *r);
static inline uint32_t cursor_read_u32(struct cursor_reader *r);
static inline uint64_t cursor_read_u64(struct cursor_reader *r);
static inline int32_t cursor_read_i32(struct cursor_reader *r);

/* The next @size bytes, borrowed from the buffer; NULL once the reader has failed. */
static inline const void *cursor_read_bytes(struct cursor_reader *r, size_t size);

/* u16 length, then that many bytes, any bytes; longer than @max fails. Borrowed, not
 * NUL-terminated; NULL and length 0 once the reader has failed. */
const char *cursor_read_string(struct cursor_reader *r, size_t max, uint16_t *ret_len);

/* The same, copied to @buffer of @size with a NUL behind; a NUL within, or no room for it, fails.
 * "" once the reader has failed. */
void cursor_read_text(struct cursor_reader *r, char *buffer, size_t size);

/* All bytes that are left, borrowed; possibly none. */
const char *cursor_read_rest(struct cursor_reader *r, size_t *ret_len);

/* 0 if every read fitted and no byte is left, otherwise -EBADMSG. */
static inline int cursor_read_end(const struct cursor_reader *r);

static inline struct cursor_writer cursor_writer(void *buffer, size_t size);

static inline void cursor_write_u16(struct cursor_writer *w, uint16_t value);
static inline void cursor_write_u32(struct cursor_writer *w, uint32_t value);
static inline void cursor_write_u64(struct cursor_writer *w, uint64_t value);
static inline void cursor_write_i32(struct cursor_writer *w, int32_t value);
static inline void cursor_write_bytes(struct cursor_writer *w, const void *bytes, size_t size);

/* Room for the next @size bytes, for the caller to write; NULL once the writer has failed. */
static inline void *cursor_write_space(struct cursor_writer *w, size_t size);

/* u16 length, then the bytes; more than 65535 fails. The inverse of cursor_read_string(). */
void cursor_write_string(struct cursor_writer *w, const char *bytes, size_t len);

/* A NUL-terminated string without its NUL. The inverse of cursor_read_text(). */
void cursor_write_text(struct cursor_writer *w, const char *string);

/* Bytes written, or -EMSGSIZE. */
static inline int cursor_write_end(const struct cursor_writer *w);

/*
 * Inline: a message has a dozen integers, and a call for each is most of what reading it costs. They
 * are copied out, never read in place: a message owes nobody alignment.
 */

static inline struct cursor_reader cursor_reader(const void *data, size_t size)
{
	return (struct cursor_reader){ .at = data, .left = size };
}

static inline const void *cursor_read_bytes(struct cursor_reader *r, size_t size)
{
	const uint8_t *at = r->at;

	if (r->error < 0 || size > r->left) {
		r->error = -EBADMSG;
		return NULL;
	}
	r->at += size;
	r->left -= size;
	return at;
}

/* Copy the next @size bytes, or leave @ret zeroed as its caller made it. */
static inline void cursor_read_into(struct cursor_reader *r, void *ret, size_t size)
{
	const void *at = cursor_read_bytes(r, size);

	if (at)
		memcpy(ret, at, size);
}

static inline uint16_t cursor_read_u16(struct cursor_reader *r)
{
	uint16_t le = 0;

	cursor_read_into(r, &le, sizeof(le));
	return le16toh(le);
}

static inline uint32_t cursor_read_u32(struct cursor_reader *r)
{
	uint32_t le = 0;

	cursor_read_into(r, &le, sizeof(le));
	return le32toh(le);
}

static inline uint64_t cursor_read_u64(struct cursor_reader *r)
{
	uint64_t le = 0;

	cursor_read_into(r, &le, sizeof(le));
	return le64toh(le);
}

static inline int32_t cursor_read_i32(struct cursor_reader *r)
{
	return (int32_t)cursor_read_u32(r);
}

static inline int cursor_read_end(const struct cursor_reader *r)
{
	if (r->error < 0)
		return r->error;
	return r->left == 0 ? 0 : -EBADMSG;
}

static inline struct cursor_writer cursor_writer(void *buffer, size_t size)
{
	/* What was written is told as an int. */
	return (struct cursor_writer){ .at = buffer, .left = size < INT_MAX ? size : INT_MAX };
}

static inline void *cursor_write_space(struct cursor_writer *w, size_t size)
{
	uint8_t *at = w->at;

	if (w->error < 0 || size > w->left) {
		w->error = -EMSGSIZE;
		return NULL;
	}
	w->at += size;
	w->left -= size;
	w->size += size;
	return at;
}

static inline void cursor_write_bytes(struct cursor_writer *w, const void *bytes, size_t size)
{
	void *at = cursor_write_space(w, size);

	if (at && size > 0)
		memcpy(at, bytes, size);
}

static inline void cursor_write_u16(struct cursor_writer *w, uint16_t value)
{
	uint16_t le = htole16(value);

	cursor_write_bytes(w, &le, sizeof(le));
}

static inline void cursor_write_u32(struct cursor_writer *w, uint32_t value)
{
	uint32_t le = htole32(value);

	cursor_write_bytes(w, &le, sizeof(le));
}

static inline void cursor_write_u64(struct cursor_writer *w, uint64_t value)
{
	uint64_t le = htole64(value);

	cursor_write_bytes(w, &le, sizeof(le));
}

static inline void cursor_write_i32(struct cursor_writer *w, int32_t value)
{
	cursor_write_u32(w, (uint32_t)value);
}

static inline int cursor_write_end(const struct cursor_writer *w)
{
	return w->error < 0 ? w->error : (int)w->size;
}

#endif
