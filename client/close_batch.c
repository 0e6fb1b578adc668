/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a batch brought has the lowest numbers that were free, in the order of its requests: mostly they
 * follow each other, and one close_range(2) closes them all. Such a run has only numbers that are in the
 * requests, so that it cannot close what somebody else has opened between them. And no number is closed
 * twice, since another thread may have been given it after the first time.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fd.h"
#include "client/fdbroker.h"

/*
 * Take the run that begins at the first of @requests, a descriptor, and whatever else names a number of
 * it, out of them. Requests without a descriptor do not end it. How many numbers it has.
 */
static uint32_t take_run(struct fdbroker_request *requests, size_t n)
{
	uint32_t first = (uint32_t)requests[0].fd, length = 0;
	bool ended = false;

	for (size_t i = 0; i < n; i++) {
		uint32_t place = (uint32_t)requests[i].fd - first;

		if (requests[i].fd < 0)
			continue;
		if (place == length && !ended)
			length++;
		else if (place >= length) {
			ended = true;
			continue;
		}
		requests[i].fd = -EBADF;
	}
	return length;
}

void fdbroker_close_batch(struct fdbroker_request *requests, size_t n)
{
	for (size_t i = 0; requests && i < n; i++) {
		int first = requests[i].fd;

		if (first >= 0)
			fd_close_many(first, take_run(&requests[i], n - i));
	}
}
