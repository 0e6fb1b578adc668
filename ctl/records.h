/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_RECORDS_H
#define FDB_CTL_RECORDS_H

/*
 * The audit's records, the oldest first, from the journal or from a file of JSON
 * lines and what was rotated away of it, to their end or on as they come.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/command.h"
#include "ctl/found.h"

#define AUDIT_FILE "/var/log/fdbroker/audit.json"
#define AUDIT_USER "fdbroker-audit"

struct records_query {
	const char *file;    /* NULL: the journal, and where it has no record AUDIT_FILE */
	const char *id;	     /* of this decision only; or NULL */
	uint64_t since_usec; /* those before may be left out; the caller looks at the time again */
	bool follow;
	bool recent; /* what was rotated away of a file may be left out */
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

/* Say on stderr which rotated files could not be read, and how many lines were no records: cut by
 * a full disk, or longer than a record can be. */
void records_complain(const struct ctl *ctl, const struct records *records);

/* records_open(), and what went wrong said on stderr: EXIT_YES, or what to exit with. */
enum exit_code records_open_for(const struct ctl *ctl, const struct records_query *query,
				struct records **ret);

/* The last record of a decision; @file as above. 0; -ENOENT, and said what was not read; or as
 * records_open(). */
int records_find(const struct ctl *ctl, const char *file, const char *id, struct found *ret);

/* What a source does. */
struct records_kind {
	int (*next)(void *source, struct found *found);
	int (*wait)(void *source);
	void (*free)(void *source);
};

/* records_journal.c; -ENODATA: it has no record */
extern const struct records_kind records_journal;
int records_journal_open(void **ret, const struct records_query *query);

/* What is missing of a file. */
struct records_trouble {
	uint64_t skipped;   /* lines that are no records */
	struct text unread; /* a line for each rotated file: "audit.json.2.xz: not read …" */
};

/* records_file.c */
extern const struct records_kind records_file;
int records_file_open(void **ret, const struct records_query *query,
		      struct records_trouble *trouble);

/* Bytes of a line: two names of 4095 bytes, each byte as "255,", and 8 KiB of other fields. */
#define RECORDS_LINE_SIZE (64U * 1024U)

/* records_line.c: 1; 0 it is another than @id; -EBADMSG it is no record; -ENOMEM. */
int records_line(const char *line, const char *id, struct found *found);

/* records_rotated.c; @trouble lives longer than what is opened, like path and id. */
struct rotated;
struct rotated_query {
	const char *path, *id;
	uint64_t since_usec;
	struct stat own; /* of what path names, which is opened already */
};
int rotated_open(struct rotated **ret, const struct rotated_query *query,
		 struct records_trouble *trouble);

/* query->file alone, which somebody compressed. 0 or -errno. */
extern const struct records_kind records_rotated;
int rotated_open_one(struct rotated **ret, const struct records_query *query,
		     struct records_trouble *trouble);
struct rotated *rotated_free(struct rotated *rotated);
DEFINE_CLEANUP(struct rotated *, rotated_free)

/* 1 and the next record, 0 at the end, -ENOMEM. */
int rotated_next(struct rotated *rotated, struct found *found);

#endif
