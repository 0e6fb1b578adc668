/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_RECORDS_H
#define FDB_CTL_RECORDS_H

/*
 * The audit's records, the oldest first, from the journal or from a file of JSON
 * lines, to their end or on as they come.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "ctl/command.h"
#include "ctl/found.h"

#define AUDIT_FILE "/var/log/fdbroker/audit.json"
#define AUDIT_USER "fdbroker-audit"

struct records_query {
	const char *file;    /* NULL: the journal, and where it has no record AUDIT_FILE */
	const char *id;	     /* of this decision only; or NULL */
	uint64_t since_usec; /* those before may be left out; the caller looks at the time again */
	bool follow;
};

struct records;

/**
 * records_open() - find the source
 *
 * Return: 0; -ENOENT there is neither; -EACCES the journal may not be read and there is no file;
 *	another -errno of opening the file.
 */
int records_open(struct records **ret, const struct records_query *query);
struct records *records_free(struct records *records);
DEFINE_CLEANUP(struct records *, records_free)

/* 1 and the next record, which replaces what @found had; 0 there is none now; -errno. */
int records_next(struct records *records, struct found *found);

/* Wait until records_next() may find another. 0 or -errno. Only with follow. */
int records_wait(struct records *records);

/* Where they come from, for a message: "the journal", or the file's name. */
const char *records_source(const struct records *records);

/* Say on stderr how many lines of the file were no records, if any: cut by a full disk, or longer
 * than a record can be. */
void records_complain(const struct ctl *ctl, const struct records *records);

/* records_open(), and what went wrong said on stderr: EXIT_YES, or what to exit with. */
enum exit_code records_open_for(const struct ctl *ctl, const struct records_query *query,
				struct records **ret);

/* The last record of a decision; @file as above. 0; -ENOENT; or as records_open(). */
int records_find(const char *file, const char *id, struct found *ret);

/* What a source does. */
struct records_kind {
	int (*next)(void *source, struct found *found);
	int (*wait)(void *source);
	void (*free)(void *source);
};

/* records_journal.c; -ENODATA: it has no record */
extern const struct records_kind records_journal;
int records_journal_open(void **ret, const struct records_query *query);

/* records_file.c */
extern const struct records_kind records_file;
int records_file_open(void **ret, const struct records_query *query, uint64_t *skipped);

#endif
