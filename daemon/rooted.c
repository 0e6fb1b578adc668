/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rooted.h"

#include <string.h>

/*
 * Each name has one place, and the last that was used is in it. Whole names are compared: two that
 * share a place are never taken for each other.
 */

/* Looking at a directory's way from the root costs as much as the calls that three or four opens in it save. */
#define SIGHTS 4U

static size_t place_of(const char *name, size_t len)
{
	uint64_t hash = len, word = 0;

	for (size_t at = 0; at + sizeof(word) < len; at += sizeof(word)) {
		memcpy(&word, name + at, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	/* What is left, with as much of what is before as makes eight bytes. */
	if (len < sizeof(word))
		memcpy(&word, name, len);
	else
		memcpy(&word, name + len - sizeof(word), sizeof(word));
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(hash >> 32) % ROOTED_PLACES;
}

static bool is_of(const struct rooted_name *place, const char *name, size_t len, uint64_t second)
{
	return place->second == second && place->len == len && memcmp(place->bytes, name, len) == 0;
}

/* Its place, taken from whatever is there, or NULL: no name so long has one. */
static struct rooted_name *take_place(struct rooted *rooted, const char *name, size_t len,
				      uint64_t second)
{
	struct rooted_name *place;

	if (len > ROOTED_NAME_MAX)
		return NULL;
	place = &rooted->names[place_of(name, len)];
	if (is_of(place, name, len, second))
		return place;
	*place = (struct rooted_name){ .second = second, .len = (uint16_t)len };
	memcpy(place->bytes, name, len);
	return place;
}

bool rooted_knows(const struct rooted *rooted, const char *name, size_t len, uint64_t second)
{
	const struct rooted_name *place;

	if (len > ROOTED_NAME_MAX)
		return false;
	place = &rooted->names[place_of(name, len)];
	return place->is_known && is_of(place, name, len, second);
}

bool rooted_is_worth_a_look(struct rooted *rooted, const char *name, size_t len, uint64_t second)
{
	struct rooted_name *place = take_place(rooted, name, len, second);

	return place && place->sights < SIGHTS && ++place->sights == SIGHTS;
}

void rooted_add(struct rooted *rooted, const char *name, size_t len, uint64_t second)
{
	struct rooted_name *place = take_place(rooted, name, len, second);

	if (place)
		place->is_known = true;
}

void rooted_drop(struct rooted *rooted, const char *name, size_t len)
{
	if (len <= ROOTED_NAME_MAX)
		rooted->names[place_of(name, len)] = (struct rooted_name){ 0 };
}
