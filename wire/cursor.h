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

#include <stddef.h>
#include <stdint.h>

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

struct cursor_reader cursor_reader(const void *data, size_t size);

/* The next integer, or 0 once the reader has failed. */
uint16_t cursor_read_u16(struct cursor_reader *r);
uint32_t cursor_read_u32(struct cursor_reader *r);
uint64_t cursor_read_u64(struct cursor_reader *r);
int32_t cursor_read_i32(struct cursor_reader *r);

/* The next @size bytes, borrowed from the buffer; NULL once the reader has failed. */
const void *cursor_read_bytes(struct cursor_reader *r, size_t size);

/* u16 length, then that many bytes, any bytes; longer than @max fails. Borrowed, not
 * NUL-terminated; NULL and length 0 once the reader has failed. */
const char *cursor_read_string(struct cursor_reader *r, size_t max, uint16_t *ret_len);

/* The same, copied to @buffer of @size with a NUL behind; a NUL within, or no room for it, fails.
 * "" once the reader has failed. */
void cursor_read_text(struct cursor_reader *r, char *buffer, size_t size);

/* All bytes that are left, borrowed; possibly none. */
const char *cursor_read_rest(struct cursor_reader *r, size_t *ret_len);

/* 0 if every read fitted and no byte is left, otherwise -EBADMSG. */
int cursor_read_end(const struct cursor_reader *r);

struct cursor_writer cursor_writer(void *buffer, size_t size);

void cursor_write_u16(struct cursor_writer *w, uint16_t value);
void cursor_write_u32(struct cursor_writer *w, uint32_t value);
void cursor_write_u64(struct cursor_writer *w, uint64_t value);
void cursor_write_i32(struct cursor_writer *w, int32_t value);
void cursor_write_bytes(struct cursor_writer *w, const void *bytes, size_t size);

/* u16 length, then the bytes; more than 65535 fails. The inverse of cursor_read_string(). */
void cursor_write_string(struct cursor_writer *w, const char *bytes, size_t len);

/* A NUL-terminated string without its NUL. The inverse of cursor_read_text(). */
void cursor_write_text(struct cursor_writer *w, const char *string);

/* Bytes written, or -EMSGSIZE. */
int cursor_write_end(const struct cursor_writer *w);

#endif
