/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal takes fields of any name from anybody, so a record is believed for
 * the uid that journald saw, which only the audit process has; the file is believed for who may
 * write it. Neither makes the recorded strings harmless: they are shown escaped.
 */
#include "ctl/found.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/account.h"
#include "base/cleanup.h"

#define PREFIX "FDBROKER_"

int found_id(const char *text, char *ret)
{
	size_t len = strlen(text);

	if (len == 0 || len >= FOUND_ID_SIZE)
		return -EINVAL;
	memset(ret, '0', FOUND_ID_SIZE - 1 - len);
	for (size_t i = 0; i <= len; i++) {
		if (i < len && !isxdigit((unsigned char)text[i]))
			return -EINVAL;
		ret[FOUND_ID_SIZE - 1 - len + i] = (char)tolower((unsigned char)text[i]);
	}
	return 0;
}

void found_done(struct found *found)
{
	for (size_t i = 0; i < found->n; i++) {
		free(found->fields[i].name);
		free(found->fields[i].value);
	}
	free(found->fields);
	*found = FOUND_EMPTY;
}

const char *found_get(const struct found *found, const char *name)
{
	for (size_t i = 0; i < found->n; i++)
		if (strcmp(found->fields[i].name, name) == 0)
			return strlen(found->fields[i].value) == found->fields[i].len
				       ? found->fields[i].value
				       : NULL;
	return NULL;
}

static int add_field(struct found *found, char *take_name, const char *value, size_t len)
{
	_cleanup_(freep) char *name = take_name;
	_cleanup_(freep) char *copy = malloc(len + 1);
	struct found_field *fields;

	if (!name || !copy)
		return -ENOMEM;
	fields = reallocarray(found->fields, found->n + 1, sizeof(*fields));
	if (!fields)
		return -ENOMEM;
	memcpy(copy, value, len);
	copy[len] = '\0';
	found->fields = fields;
	found->fields[found->n++] = (struct found_field){
		.name = TAKE_PTR(name),
		.value = TAKE_PTR(copy),
		.len = len,
	};
	return 0;
}

/* the journal */

static sd_journal *close_journal(sd_journal *journal)
{
	sd_journal_close(journal);
	return NULL;
}
DEFINE_CLEANUP(sd_journal *, close_journal)

/* "FDBROKER_RULE_SRC=a" is the field "rule_src". Other fields are the journal's own. */
static int take_data(struct found *found, const char *data, size_t size)
{
	const char *equals = memchr(data, '=', size);
	char *name;

	if (!equals || (size_t)(equals - data) <= strlen(PREFIX) ||
	    strncmp(data, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	data += strlen(PREFIX);
	size -= strlen(PREFIX);
	name = strndup(data, (size_t)(equals - data));
	for (char *c = name; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return add_field(found, name, equals + 1, size - (size_t)(equals + 1 - data));
}

static int match_audit(sd_journal *journal, const char *id)
{
	_cleanup_(account_done) struct account audit = { 0 };
	char match[64];
	int r;

	r = account_by_name("fdbroker-audit", &audit);
	if (r < 0)
		return r;
	snprintf(match, sizeof(match), "_UID=%u", audit.uid);
	r = sd_journal_add_match(journal, match, 0);
	if (r < 0)
		return r;
	snprintf(match, sizeof(match), PREFIX "ID=%s", id);
	return sd_journal_add_match(journal, match, 0);
}

int found_in_journal(const char *id, struct found *ret)
{
	_cleanup_(close_journalp) sd_journal *journal = NULL;
	_cleanup_(found_done) struct found found = FOUND_EMPTY;
	const void *data;
	size_t size;
	int r;

	r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
	if (r < 0)
		return r;
	r = match_audit(journal, id);
	if (r < 0)
		return r;
	sd_journal_set_data_threshold(journal, 0);
	r = sd_journal_seek_tail(journal);
	if (r < 0)
		return r;
	r = sd_journal_previous(journal);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	SD_JOURNAL_FOREACH_DATA(journal, data, size)
	{
		r = take_data(&found, data, size);
		if (r < 0)
			return r;
	}
	*ret = found;
	found = FOUND_EMPTY;
	return 0;
}

/* JSON lines */

/* Bytes that are no UTF-8 stand as an array of numbers, as in `journalctl -o json`. */
static int take_bytes(struct found *found, const char *key, struct json_object *array)
{
	size_t len = json_object_array_length(array);
	_cleanup_(freep) char *bytes = malloc(len + 1);

	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)json_object_get_int(json_object_array_get_idx(array, i));
	return add_field(found, strdup(key), bytes, len);
}

static int take_value(struct found *found, const char *key, struct json_object *value)
{
	const char *string;

	if (json_object_is_type(value, json_type_array))
		return take_bytes(found, key, value);
	if (json_object_is_type(value, json_type_string))
		return add_field(found, strdup(key), json_object_get_string(value),
				 (size_t)json_object_get_string_len(value));
	string = json_object_get_string(value);
	return string ? add_field(found, strdup(key), string, strlen(string)) : 0;
}

static int take_object(struct json_object *object, struct found *ret)
{
	_cleanup_(found_done) struct found found = FOUND_EMPTY;

	json_object_object_foreach(object, key, value)
	{
		int r = take_value(&found, key, value);

		if (r < 0)
			return r;
	}
	found_done(ret);
	*ret = found;
	found = FOUND_EMPTY;
	return 0;
}

static int take_line(const char *line, const char *id, struct found *ret)
{
	struct json_object *object, *value;
	int r = 0;

	/* Most lines are others': look before parsing. */
	if (!strstr(line, id))
		return 0;
	object = json_tokener_parse(line);
	if (json_object_is_type(object, json_type_object) &&
	    json_object_object_get_ex(object, "id", &value) &&
	    json_object_is_type(value, json_type_string) &&
	    strcmp(json_object_get_string(value), id) == 0)
		r = take_object(object, ret);
	json_object_put(object);
	return r;
}

int found_in_file(const char *path, const char *id, struct found *ret)
{
	_cleanup_(found_done) struct found found = FOUND_EMPTY;
	_cleanup_(freep) char *line = NULL;
	size_t capacity = 0;
	FILE *file;
	int r = 0;

	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (r == 0 && getline(&line, &capacity, file) > 0)
		r = take_line(line, id, &found);
	if (r == 0 && ferror(file))
		r = -EIO;
	fclose(file);
	if (r < 0)
		return r;
	if (found.n == 0)
		return -ENOENT;
	*ret = found;
	found = FOUND_EMPTY;
	return 0;
}
