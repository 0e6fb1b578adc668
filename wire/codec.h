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

#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"
#include "wire/proto.h"

/* 0; -EBADMSG too short, `length` is not the size, or `reserved` is not 0. Version, opcode and
 * flags are not judged: their errors have answers of their own. */
int wire_header_read(const void *data, size_t size, struct wire_header *ret);

/* The same, for codecs of other bodies: the reader goes on behind it, or has failed. */
void wire_header_take(struct cursor_reader *r, size_t size, struct wire_header *ret);

/* The header of a message that will be @length bytes. For codecs of other bodies. */
void wire_header_write(struct cursor_writer *w, uint16_t opcode, uint64_t id, uint32_t length);

/* A request whose header was found to be an open. 0; -EBADMSG lengths that do not add up;
 * -ENAMETOOLONG they do, and the path is beyond WIRE_PATH_MAX. @ret->path points into @data. */
int wire_open_read(const void *data, size_t size, struct wire_open *ret);
int wire_open_write(uint64_t id, const struct wire_open *open, void *buffer, size_t size);

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

#endif
