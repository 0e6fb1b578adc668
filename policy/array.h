/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_ARRAY_H
#define FDB_POLICY_ARRAY_H

/* Arrays that grow: room doubles at each power of two, so that no capacity need be kept. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline void *array_grow(void *items, size_t n, size_t size)
{
	size_t wanted = n ? n * 2 : 1;

	if ((n & (n - 1)) != 0)
		return items;
	return wanted > SIZE_MAX / size ? NULL : realloc(items, wanted * size);
}

/* A new zeroed element at the end, or NULL: no memory, and the array is as it was. */
#define ARRAY_ADD(items, n)                                                                        \
	({                                                                                         \
		__typeof__(items) _grown = array_grow((items), (n), sizeof(*(items)));             \
		if (_grown) {                                                                      \
			(items) = _grown;                                                          \
			memset(&_grown[(n)], 0, sizeof(*_grown));                                  \
			_grown += (n)++;                                                           \
		}                                                                                  \
		_grown;                                                                            \
	})

/* Give back the room that was taken in advance. */
#define ARRAY_TRIM(items, n)                                                                       \
	({                                                                                         \
		void *_trimmed = (n) > 0 ? realloc((items), (n) * sizeof(*(items))) : NULL;        \
		if (_trimmed)                                                                      \
			(items) = _trimmed;                                                        \
	})

#endif
