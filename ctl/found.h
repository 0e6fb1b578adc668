/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_FOUND_H
#define FDB_CTL_FOUND_H

/*
 * A decision that was made, as the audit recorded it; ctl/records.h finds them. Values are
 * untrusted: a path is whatever a client asked for.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

void found_done(struct found *found);

/* The value, borrowed, or NULL; one that holds a NUL is none. */
const char *found_get(const struct found *found, const char *name);

/* 0 where it is none. */
uint64_t found_number(const struct found *found, const char *name);

bool found_is(const struct found *found, const char *name, const char *word);

/* POLICY_*; 0: none, or one that is not known. */
uint32_t found_modes(const struct found *found, const char *name);

/* 0 or -ENOMEM; @take_name is consumed in either case, NULL is -ENOMEM. */
int found_add(struct found *found, char *take_name, const char *value, size_t len);

#endif
