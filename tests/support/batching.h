/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_BATCHING_H
#define FDB_TESTS_BATCHING_H

/* Batches by hand, with what the library would not do. */

#include <stddef.h>
#include <stdint.h>

#include "wire/batch.h"

/* A request to read each of @paths, as bytes. */
size_t batching_request(uint64_t id, const char *const paths[], uint16_t n, uint8_t *buffer,
			size_t size);

/* Send it, and do not wait. */
void batching_send(int sock, uint64_t id, const char *const paths[], uint16_t n);

/* Wait for the results of @n opens; how many descriptors came. They are the caller's, or closed if
 * @ret_fds is NULL. Aborts if it is no answer to @id. */
size_t batching_receive(int sock, uint64_t id, uint16_t n, struct wire_answer *results,
			int *ret_fds);

#endif
