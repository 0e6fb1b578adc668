/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_TALLY_H
#define FDB_WIRE_TALLY_H

/*
 * The tally of one generation: what each rule has decided so far, in memory
 * that its broker writes while it serves and fdbrokerctl reads without asking anybody.
 * It never leaves its machine, so that integers are the machine's own.
 *
 *	header		struct tally_header
 *	names		struct tally_name for each rule, then their bytes, one after the other
 *	rows		from a multiple of 64 bytes on: TALLY_DEFAULT, TALLY_UNJUDGED, then the rules'
 *
 * Each request is counted once, in one row and as one of the first counts, so
 * that all rows together are all requests. Nobody adds them up while serving.
 *
 * A reader copies first and looks then: the broker goes on writing, and who has taken it over
 * writes what he likes.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"

#define TALLY_MAGIC    UINT64_C(0x31796c6c61544446) /* "FDTally1" */
#define TALLY_SIZE_MAX (UINT64_C(256) << 20)	    /* bytes: twice what 100,000 rules can need */

enum tally_count {
	TALLY_GRANTED,	 /* opened */
	TALLY_DENIED,	 /* by a deny, or for want of an allow */
	TALLY_CONDITION, /* the object was not what the rule wants */
	TALLY_RATE,	 /* refused for `rate` or `inflight` */
	TALLY_FAILED,	 /* allowed, and then not there, or the kernel said no */
	TALLY_DECISIONS, /* the counts above: one for each request */
	/* Connections for which the rule has no value for a specifier, so that it matches nothing. */
	TALLY_UNRESOLVED = TALLY_DECISIONS,
	TALLY_COUNTS,
};

/* Rows that are no rule's. */
enum { TALLY_DEFAULT, TALLY_UNJUDGED, TALLY_SPECIAL };

enum tally_flag {
	TALLY_ALLOW = 1U << 0,
	TALLY_AS_ROOT = 1U << 1,
	TALLY_BUILTIN = 1U << 2, /* of the floor */
};

struct tally_header {
	uint64_t magic;
	uint32_t n_rules;
	uint32_t names_size; /* bytes of all names together */
	uint64_t generation;
	uint64_t since_usec; /* UTC: when it began to count */
};

struct tally_name {
	uint32_t
		end; /* where the name ends among the bytes of all; it begins where the last ends */
	uint32_t flags; /* TALLY_ALLOW… */
};

struct tally_row {
	uint64_t counts[TALLY_COUNTS];
	uint64_t last_usec;	  /* UTC, of the last decision; 0: never */
	uint64_t sum_usec;	  /* of all latencies */
	struct histogram latency; /* µs, from the message's arrival to its answer */
};

/* Where everything is, for so many rules with names of so many bytes together. */
struct tally_layout {
	size_t names, bytes, rows, size;
};

/* 0; -EFBIG more than TALLY_SIZE_MAX. */
int tally_layout(uint64_t n_rules, uint64_t names_size, struct tally_layout *ret);

/* One that was read. Borrows the memory. */
struct tally {
	const struct tally_header *header;
	const struct tally_name *names;
	const char *bytes;
	const struct tally_row *rows;
	size_t n_rows; /* TALLY_SPECIAL and the rules */
};

/**
 * tally_read() - find one's way in what may be a tally
 * @data:	aligned as malloc(3) does; hostile
 *
 * Afterwards every row and name is within @data. Counts are whatever stands there.
 *
 * Return: 0; -EBADMSG it is none.
 */
int tally_read(const void *data, size_t size, struct tally *ret);

/* The name of a row and its length; of one that is no rule's, nothing. Any bytes but none: it may
 * hold NULs. */
const char *tally_name(const struct tally *tally, size_t row, size_t *ret_len);

/* TALLY_ALLOW… of a row; 0 of one that is no rule's. */
uint32_t tally_flags(const struct tally *tally, size_t row);

/* All decisions of a row; never wraps. */
uint64_t tally_decisions(const struct tally_row *row);

/* Add a row to another: counts, times and latencies; the later of the last times. Never wraps. */
void tally_sum(struct tally_row *sum, const struct tally_row *row);

#endif
