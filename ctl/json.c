/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/exit.h"

static void check_memory(bool ok)
{
	if (ok)
		return;
	fputs("fdbrokerctl: out of memory\n", stderr);
	exit(EXIT_IO);
}

static struct json_object *escaped(const char *bytes, size_t len)
{
	_cleanup_(freep) char *safe = NULL;
	struct json_object *value;
	struct text text = TEXT_EMPTY;

	text_escape(&text, bytes, len);
	check_memory(text_finish(&text, &safe) == 0);
	value = json_object_new_string(safe);
	check_memory(value);
	return value;
}

void json_add(struct json_object *object, const char *key, struct json_object *take_value)
{
	check_memory(json_object_object_add(object, key, take_value) == 0);
}

void json_add_text(struct json_object *object, const char *key, const char *string)
{
	json_add(object, key, string ? escaped(string, strlen(string)) : NULL);
}

void json_add_bytes(struct json_object *object, const char *key, const char *bytes, size_t len)
{
	json_add(object, key, escaped(bytes, len));
}

void json_add_number(struct json_object *object, const char *key, uint64_t number)
{
	struct json_object *value = json_object_new_uint64(number);

	check_memory(value);
	json_add(object, key, value);
}

void json_add_real(struct json_object *object, const char *key, double number)
{
	struct json_object *value = NULL;
	char digits[64];

	if (isfinite(number) && fabs(number) < 1e18) {
		snprintf(digits, sizeof(digits), "%.3f", number);
		value = json_object_new_double_s(number, digits);
		check_memory(value);
	}
	json_add(object, key, value);
}

void json_add_bool(struct json_object *object, const char *key, bool value)
{
	struct json_object *boolean = json_object_new_boolean(value);

	check_memory(boolean);
	json_add(object, key, boolean);
}

void json_append(struct json_object *list, struct json_object *take_value)
{
	check_memory(json_object_array_add(list, take_value) == 0);
}

void json_append_text(struct json_object *list, const char *string)
{
	json_append(list, escaped(string, strlen(string)));
}

struct json_object *json_part(void)
{
	struct json_object *object = json_object_new_object();

	check_memory(object);
	return object;
}

struct json_object *json_list(void)
{
	struct json_object *list = json_object_new_array();

	check_memory(list);
	return list;
}

struct json_object *json_answer(void)
{
	struct json_object *object = json_part();

	json_add_number(object, "schema", 1);
	return object;
}

void json_show(const struct screen *screen, struct json_object *take_object)
{
	const char *line =
		json_object_to_json_string_ext(take_object, JSON_C_TO_STRING_PLAIN |
								    JSON_C_TO_STRING_NOSLASHESCAPE);

	check_memory(line);
	fprintf(screen->file, "%s\n", line);
	json_object_put(take_object);
}
