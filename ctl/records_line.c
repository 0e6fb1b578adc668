/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of JSON as a record. */
#include "ctl/records.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/text.h"

/* Bytes that are no UTF-8 stand as an array of numbers, as in `journalctl -o json`. */
static int take_bytes(struct found *found, const char *key, struct json_object *array)
{
	_cleanup_(text_done) struct text bytes = TEXT_EMPTY;

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		char byte = (char)json_object_get_int(json_object_array_get_idx(array, i));

		text_add(&bytes, &byte, 1);
	}
	if (bytes.failed)
		return -ENOMEM;
	return found_add(found, strdup(key), bytes.data ? bytes.data : "", bytes.len);
}

static int take_value(struct found *found, const char *key, struct json_object *value)
{
	const char *string;

	if (json_object_is_type(value, json_type_array))
		return take_bytes(found, key, value);
	if (json_object_is_type(value, json_type_string))
		return found_add(found, strdup(key), json_object_get_string(value),
				 (size_t)json_object_get_string_len(value));
	string = json_object_get_string(value);
	return string ? found_add(found, strdup(key), string, strlen(string)) : 0;
}

static int take_object(struct json_object *object, struct found *found)
{
	json_object_object_foreach(object, key, value)
	{
		int r = take_value(found, key, value);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Every record has an id. */
static int take_record(struct json_object *object, const char *wanted, struct found *found)
{
	struct json_object *id;
	int r;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, "id", &id) ||
	    !json_object_is_type(id, json_type_string))
		return -EBADMSG;
	if (wanted && strcmp(json_object_get_string(id), wanted) != 0)
		return 0;
	r = take_object(object, found);
	return r < 0 ? r : 1;
}

int records_line(const char *line, const char *id, struct found *found)
{
	struct json_object *object;
	int r;

	/* Most lines are others': look before parsing. */
	if (id && !strstr(line, id))
		return 0;
	object = json_tokener_parse(line);
	r = take_record(object, id, found);
	json_object_put(object);
	return r;
}
