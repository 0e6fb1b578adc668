/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_JSON_H
#define FDB_CTL_JSON_H

/*
 * Answers for programs. Every answer is one object with "schema": 1. Strings from
 * outside are escaped as on a terminal (base/text.h), so that the output is UTF-8 and safe to
 * show, and no byte is lost: undo \\, \n, \t and \xHH to get the bytes back.
 *
 * Out of memory ends the program.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctl/screen.h"

/* A new answer, with its schema. */
struct json_object *json_answer(void);

/* Parts of one. */
struct json_object *json_part(void);
struct json_object *json_list(void);

/* Add a member; @string may be NULL, which is null. */
void json_add_text(struct json_object *object, const char *key, const char *string);
void json_add_bytes(struct json_object *object, const char *key, const char *bytes, size_t len);
/* With three digits behind the point; what is not a number is null. */
void json_add_real(struct json_object *object, const char *key, double number);
void json_add_bool(struct json_object *object, const char *key, bool value);
void json_add_number(struct json_object *object, const char *key, uint64_t number);
void json_add(struct json_object *object, const char *key, struct json_object *take_value);

void json_append(struct json_object *list, struct json_object *take_value);
void json_append_text(struct json_object *list, const char *string);

/* Write on one line, and free. */
void json_show(const struct screen *screen, struct json_object *take_object);

#endif
