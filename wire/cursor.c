/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A length meets a buffer in two places, cursor_read_bytes() and
 * cursor_write_bytes(); everything else goes through them. Integers are copied
 * out, never read in place: a message owes nobody alignment.
 */
#include "wire/cursor.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

struct cursor_reader cursor_reader(const void *data, size_t size)
{
	return (struct cursor_reader){ .at = data, .left = size };
}

const void *cursor_read_bytes(struct cursor_reader *r, size_t size)
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
static void read_into(struct cursor_reader *r, void *ret, size_t size)
{
	const void *at = cursor_read_bytes(r, size);

	if (at)
		memcpy(ret, at, size);
}

uint16_t cursor_read_u16(struct cursor_reader *r)
{
	uint16_t le = 0;

	read_into(r, &le, sizeof(le));
	return le16toh(le);
}

uint32_t cursor_read_u32(struct cursor_reader *r)
{
	uint32_t le = 0;

	read_into(r, &le, sizeof(le));
	return le32toh(le);
}

uint64_t cursor_read_u64(struct cursor_reader *r)
{
	uint64_t le = 0;

	read_into(r, &le, sizeof(le));
	return le64toh(le);
}

int32_t cursor_read_i32(struct cursor_reader *r)
{
	return (int32_t)cursor_read_u32(r);
}

const char *cursor_read_string(struct cursor_reader *r, size_t max, uint16_t *ret_len)
{
	uint16_t len = cursor_read_u16(r);
	const char *bytes;

	if (len > max)
		r->error = -EBADMSG;
	bytes = cursor_read_bytes(r, len);
	*ret_len = bytes ? len : 0;
	return bytes;
}

void cursor_read_text(struct cursor_reader *r, char *buffer, size_t size)
{
	uint16_t len;
	const char *bytes = cursor_read_string(r, size - 1, &len);

	/* A NUL within would hide what follows it (P55). */
	if (bytes && memchr(bytes, '\0', len)) {
		r->error = -EBADMSG;
		len = 0;
	}
	if (len > 0)
		memcpy(buffer, bytes, len);
	buffer[len] = '\0';
}

const char *cursor_read_rest(struct cursor_reader *r, size_t *ret_len)
{
	*ret_len = r->error < 0 ? 0 : r->left;
	return cursor_read_bytes(r, *ret_len);
}

int cursor_read_end(const struct cursor_reader *r)
{
	if (r->error < 0)
		return r->error;
	return r->left == 0 ? 0 : -EBADMSG;
}

struct cursor_writer cursor_writer(void *buffer, size_t size)
{
	return (struct cursor_writer){ .at = buffer, .left = size };
}

void cursor_write_bytes(struct cursor_writer *w, const void *bytes, size_t size)
{
	if (w->error < 0 || size > w->left || size > INT_MAX - w->size) {
		w->error = -EMSGSIZE;
		return;
	}
	if (size > 0)
		memcpy(w->at, bytes, size);
	w->at += size;
	w->left -= size;
	w->size += size;
}

void cursor_write_u16(struct cursor_writer *w, uint16_t value)
{
	uint16_t le = htole16(value);

	cursor_write_bytes(w, &le, sizeof(le));
}

void cursor_write_u32(struct cursor_writer *w, uint32_t value)
{
	uint32_t le = htole32(value);

	cursor_write_bytes(w, &le, sizeof(le));
}

void cursor_write_u64(struct cursor_writer *w, uint64_t value)
{
	uint64_t le = htole64(value);

	cursor_write_bytes(w, &le, sizeof(le));
}

void cursor_write_i32(struct cursor_writer *w, int32_t value)
{
	cursor_write_u32(w, (uint32_t)value);
}

void cursor_write_string(struct cursor_writer *w, const char *bytes, size_t len)
{
	if (len > UINT16_MAX) {
		w->error = -EMSGSIZE;
		return;
	}
	cursor_write_u16(w, (uint16_t)len);
	cursor_write_bytes(w, bytes, len);
}

void cursor_write_text(struct cursor_writer *w, const char *string)
{
	cursor_write_string(w, string, strlen(string));
}

int cursor_write_end(const struct cursor_writer *w)
{
	return w->error < 0 ? w->error : (int)w->size;
}
