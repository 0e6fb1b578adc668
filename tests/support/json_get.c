/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json-get KEY...: each line of stdin must be one JSON value, in UTF-8 and to the letter of RFC
 * 8259; print what stands there under the keys (a number is an index), strings without quotes.
 * Exits 1 at the first line that is not.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *parse(const char *line)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, line, (int)strlen(line));
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		printf("%s\n", json_tokener_error_desc(json_tokener_get_error(tokener)));
		exit(EXIT_FAILURE);
	}
	json_tokener_free(tokener);
	return object;
}

static struct json_object *descend(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_array))
		return json_object_array_get_idx(object, strtoul(key, NULL, 10));
	(void)json_object_object_get_ex(object, key, &value);
	return value;
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, stdin)) > 0) {
		struct json_object *object, *value;

		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		value = object = parse(line);
		for (int i = 1; i < argc; i++)
			value = descend(value, argv[i]);
		printf("%s\n", value ? json_object_get_string(value) : "null");
		json_object_put(object);
	}
	free(line);
	return EXIT_SUCCESS;
}
