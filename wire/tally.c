/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/tally.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

/*
 * The places follow from two numbers in the header and from nothing else, so that
 * there is one layout for them, and the size must be just that: what passes tally_read() leaves
 * no pointer to check.
 */

#define ROW_ALIGNMENT 64U /* a cache line */

static_assert(sizeof(struct tally_row) % ROW_ALIGNMENT == 0, "rows do not share cache lines");

int tally_layout(uint64_t n_rules, uint64_t names_size, struct tally_layout *ret)
{
	uint64_t names = sizeof(struct tally_header), bytes, rows, size;

	if (n_rules > TALLY_SIZE_MAX || names_size > TALLY_SIZE_MAX)
		return -EFBIG;
	bytes = names + n_rules * sizeof(struct tally_name);
	rows = (bytes + names_size + ROW_ALIGNMENT - 1) / ROW_ALIGNMENT * ROW_ALIGNMENT;
	size = rows + (TALLY_SPECIAL + n_rules) * sizeof(struct tally_row);
	if (size > TALLY_SIZE_MAX)
		return -EFBIG;
	*ret = (struct tally_layout){ .names = names, .bytes = bytes, .rows = rows, .size = size };
	return 0;
}

/* Each name ends where it begins or later, and the last one where all end. */
static bool has_names(const struct tally_header *header, const struct tally_name *names)
{
	uint32_t end = 0;

	for (size_t i = 0; i < header->n_rules; i++) {
		if (names[i].end < end || names[i].end > header->names_size)
			return false;
		end = names[i].end;
	}
	return end == header->names_size;
}

int tally_read(const void *data, size_t size, struct tally *ret)
{
	const struct tally_header *header = data;
	const char *base = data;
	struct tally_layout layout;

	if (size < sizeof(*header) || header->magic != TALLY_MAGIC)
		return -EBADMSG;
	if (tally_layout(header->n_rules, header->names_size, &layout) < 0 || layout.size != size)
		return -EBADMSG;
	*ret = (struct tally){
		.header = header,
		.names = (const void *)(base + layout.names),
		.bytes = base + layout.bytes,
		.rows = (const void *)(base + layout.rows),
		.n_rows = TALLY_SPECIAL + (size_t)header->n_rules,
	};
	return has_names(header, ret->names) ? 0 : -EBADMSG;
}

const char *tally_name(const struct tally *tally, size_t row, size_t *ret_len)
{
	uint32_t from;

	*ret_len = 0;
	if (row < TALLY_SPECIAL)
		return "";
	row -= TALLY_SPECIAL;
	from = row > 0 ? tally->names[row - 1].end : 0;
	*ret_len = tally->names[row].end - from;
	return tally->bytes + from;
}

uint32_t tally_flags(const struct tally *tally, size_t row)
{
	return row < TALLY_SPECIAL ? 0 : tally->names[row - TALLY_SPECIAL].flags;
}

static void add(uint64_t *sum, uint64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = UINT64_MAX;
}

uint64_t tally_decisions(const struct tally_row *row)
{
	uint64_t all = 0;

	for (size_t i = 0; i < TALLY_DECISIONS; i++)
		add(&all, row->counts[i]);
	return all;
}

void tally_sum(struct tally_row *sum, const struct tally_row *row)
{
	for (size_t i = 0; i < TALLY_COUNTS; i++)
		add(&sum->counts[i], row->counts[i]);
	if (row->last_usec > sum->last_usec)
		sum->last_usec = row->last_usec;
	add(&sum->sum_usec, row->sum_usec);
	histogram_sum(&sum->latency, &row->latency);
}
