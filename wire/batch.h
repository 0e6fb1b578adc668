/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_BATCH_H
#define FDB_WIRE_BATCH_H

/*
 * Many opens in one message, and many answers with their descriptors in one. Both continue the header
 * of proto.h. A request, with WIRE_OPCODE_BATCH:
 *
 *	offset	size
 *	24	2	number of opens, 1..WIRE_BATCH_MAX; then for each, one behind the other:
 *		4	open flags
 *		4	mode
 *		2	length of the path, then the path: as in an open request
 *
 * Body of a reply:
 *
 *	24	2	number of results: that of the opens, and in their order
 *	26	2	number of descriptors with the message; then for each:
 *		4	i32 errno
 *		2	reason
 *		2	number of its descriptors: 1 if errno is 0, otherwise 0
 *		8	decision id; 0 with WIRE_REASON_SINGLY
 *
 * The descriptors are in the order of the results that have one. A request of which not even that much
 * can be said is answered as an open is, with an errno.
 *
 * Pure, as codec.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"
#include "wire/proto.h"

#define WIRE_BATCH_MAX	    WIRE_FDS_MAX /* opens: each may come with a descriptor */
#define WIRE_BATCH_HEAD	    (WIRE_HEADER_SIZE + 2U)
#define WIRE_BATCH_REPLY(n) (WIRE_HEADER_SIZE + 4U + (n)*WIRE_ANSWER_SIZE) /* bytes */

/* A request that was read: the opens that were not taken yet. */
struct wire_batch {
	uint16_t n;
	struct cursor_reader opens; /* borrows the message */
};

/* A request whose header was found to be a batch. 0; -EBADMSG it is not exactly so many opens. */
int wire_batch_read(const void *data, size_t size, struct wire_batch *ret);
/* The next one; to be called @n times at most. Its path may be longer than WIRE_PATH_MAX. */
void wire_batch_take(struct wire_batch *batch, struct wire_open *ret);

/* A request that is being written. */
struct wire_batch_writer {
	uint8_t *buffer; /* borrowed */
	size_t size;
	struct cursor_writer opens; /* behind the head */
	uint16_t n;
};

/* Over @size bytes, WIRE_BATCH_HEAD at least. */
struct wire_batch_writer wire_batch_begin(void *buffer, size_t size);
/* One more; its path is copied. 0; -EMSGSIZE there is no room for it: nothing was added. */
int wire_batch_add(struct wire_batch_writer *w, const struct wire_open *open);
/* Its head, which makes it a message: any number of times. The bytes of it. */
size_t wire_batch_end(struct wire_batch_writer *w, uint64_t id);

/* @results: of @n opens. Bytes written, or -EMSGSIZE. */
int wire_batch_answer_write(uint64_t id, const struct wire_answer *results, uint16_t n,
			    void *buffer, size_t size);
/* @results: of so many opens; written on success only. The descriptors that come with it; -EBADMSG
 * not an answer to @n opens, or one that contradicts itself. */
int wire_batch_answer_read(const void *data, size_t size, struct wire_header *ret_header,
			   struct wire_answer *results, uint16_t n);

#endif
