/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_RECORD_FIELDS_H
#define FDB_DAEMON_RECORD_FIELDS_H

/* What a record is to who reads it: its fields, by the names that they have in the journal and in JSON,
 * which are stable, and a line for a person. */

#include <stddef.h>
#include <stdint.h>

#include "daemon/record.h"

struct text;

/**
 * record_fields() - say a record as fields, in a fixed order
 * @record:	borrowed
 * @repeat:	how many requests it stands for, >= 1
 * @emit:	called for each field that is known: "FDBROKER_PATH" and its bytes, which may be anything
 *
 * FDBROKER_DECISION is allow, deny, error, complain or closed; FDBROKER_ID is the decision id that the
 * client was told, 16 hex digits.
 */
void record_fields(const struct record *record, uint32_t repeat,
		   void (*emit)(void *context, const char *name, const char *value, size_t len),
		   void *context);

/* The same in one line for a person; untrusted bytes are escaped. */
void record_print(const struct record *record, uint32_t repeat, struct text *out);

/* "allow", "deny", "complain", "allow-if", or "none". */
const char *record_shadow_name(enum shadow_kind kind);

#endif
