/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A length meets a buffer in two places, cursor_read_bytes() and
 * cursor_write_space(); everything else goes through them.
 */
#include "wire/cursor.h"

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

void cursor_write_string(struct cursor_writer *w, const char *bytes, size_t len)
{
	const uint16_t le = htole16((uint16_t)len);
	uint8_t *at;

	if (len > UINT16_MAX) {
		w->error = -EMSGSIZE;
		return;
	}
	at = cursor_write_space(w, sizeof(le) + len);
	if (!at)
		return;
	memcpy(at, &le, sizeof(le));
	if (len > 0)
		memcpy(at + sizeof(le), bytes, len);
}

void cursor_write_text(struct cursor_writer *w, const char *string)
{
	cursor_write_string(w, string, strlen(string));
}
