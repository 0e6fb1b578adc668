/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_FOUND_H
#define FDB_CTL_FOUND_H

/*
 * A decision that was made, as the audit recorded it, in the journal or in a file
 * of JSON lines. Values are untrusted: a path is whatever a client asked for.
 */

#include <stddef.h>
#include <stdint.h>

#define AUDIT_FILE "/var/log/fdbroker/audit.json"

struct found_field {
	char *name;  /* as in JSON: "decision", "path" */
	char *value; /* NUL-terminated, and may hold NULs before that */
	size_t len;  /* bytes without that NUL */
};

struct found {
	struct found_field *fields;
	size_t n;
};

#define FOUND_EMPTY ((struct found){ 0 })

/* "7F3A91C2" to 16 lower-case hex digits. 0 or -EINVAL. */
#define FOUND_ID_SIZE 17U
int found_id(const char *text, char *ret);

/**
 * found_in_journal() - look in the journal
 * @id:	of found_id()
 *
 * Anybody may log fields of any name: only records of the user `fdbroker-audit`, as the journal
 * daemon attests them, count.
 *
 * Return: 0; -ENOENT no such record; -ESRCH there is no such user; another -errno.
 */
int found_in_journal(const char *id, struct found *ret);

/* The same in a file of JSON lines; the last record of that id counts. */
int found_in_file(const char *path, const char *id, struct found *ret);

void found_done(struct found *found);

/* The value, borrowed, or NULL; one that holds a NUL is none. */
const char *found_get(const struct found *found, const char *name);

#endif
