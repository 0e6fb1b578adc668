/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/sink.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/text.h"
#include "daemon/journal.h"
#include "daemon/messages.h"
#include "daemon/record_fields.h"

/* journal */

#define ENTRY_FIELDS_MAX 64 /* more than record_fields() has */

struct entry {
	struct text bytes; /* all fields, one after the other */
	size_t ends[ENTRY_FIELDS_MAX];
	size_t n;
};

static void end_field(struct entry *entry)
{
	if (entry->n < ENTRY_FIELDS_MAX)
		entry->ends[entry->n++] = entry->bytes.len;
	else
		entry->bytes.failed = true;
}

static void add_to_entry(void *context, const char *name, const char *value, size_t len)
{
	struct entry *entry = context;

	text_printf(&entry->bytes, "%s=", name);
	text_add(&entry->bytes, value, len);
	end_field(entry);
}

static int priority_of(const struct record *record)
{
	switch (record->outcome) {
	case RECORD_ALLOW:
		return LOG_INFO;
	case RECORD_DENY:
	case RECORD_ERROR:
	case RECORD_COMPLAIN:
		return LOG_NOTICE;
	case RECORD_CLOSED:
		break;
	}
	return LOG_WARNING;
}

static void add_head(struct entry *entry, const struct record *record, uint32_t repeat)
{
	text_puts(&entry->bytes, "MESSAGE=");
	record_print(record, repeat, &entry->bytes);
	end_field(entry);
	text_puts(&entry->bytes, "MESSAGE_ID=" MESSAGE_DECISION);
	end_field(entry);
	text_puts(&entry->bytes, "SYSLOG_IDENTIFIER=fdbrokerd");
	end_field(entry);
	text_printf(&entry->bytes, "PRIORITY=%d", priority_of(record));
	end_field(entry);
}

static int send_entry(const struct entry *entry)
{
	struct iovec fields[ENTRY_FIELDS_MAX];
	size_t start = 0;

	for (size_t i = 0; i < entry->n; i++) {
		fields[i].iov_base = entry->bytes.data + start;
		fields[i].iov_len = entry->ends[i] - start;
		start = entry->ends[i];
	}
	return journal_send(fields, (int)entry->n);
}

int sink_journal(const struct record *record, uint32_t repeat)
{
	struct entry entry = { .bytes = TEXT_EMPTY };
	int r = -ENOMEM;

	add_head(&entry, record, repeat);
	record_fields(record, repeat, add_to_entry, &entry);
	if (!entry.bytes.failed)
		r = send_entry(&entry);
	text_done(&entry.bytes);
	return r;
}

/* file */

static bool is_utf8(const char *bytes, size_t len)
{
	uint32_t rune;
	size_t n;

	for (; len > 0; bytes += n, len -= n) {
		n = text_character(bytes, len, &rune);
		if (n == 0)
			return false;
	}
	return true;
}

static struct json_object *bytes_json(const char *bytes, size_t len)
{
	struct json_object *array = json_object_new_array_ext((int)len);

	for (size_t i = 0; array && i < len; i++)
		json_object_array_add(array, json_object_new_int((unsigned char)bytes[i]));
	return array;
}

static void add_to_object(void *context, const char *name, const char *value, size_t len)
{
	char key[32];
	size_t i = 0;

	name += strlen("FDBROKER_");
	for (; name[i] != '\0' && i < sizeof(key) - 1; i++)
		key[i] = (char)tolower((unsigned char)name[i]);
	key[i] = '\0';
	json_object_object_add(context, key,
			       is_utf8(value, len) ? json_object_new_string_len(value, (int)len)
						   : bytes_json(value, len));
}

/* O_APPEND and one write(2): a line is whole or, on a full disk, cut and counted as failed. */
static int write_line(int fd, const char *line)
{
	_cleanup_(freep) char *whole = NULL;
	int len = asprintf(&whole, "%s\n", line);
	ssize_t n;

	if (len < 0)
		return -ENOMEM;
	n = write(fd, whole, (size_t)len);
	if (n < 0)
		return -errno;
	return n == len ? 0 : -ENOSPC;
}

int sink_file(int fd, const struct record *record, uint32_t repeat)
{
	struct json_object *object = json_object_new_object();
	const char *line;
	int r = -ENOMEM;

	if (!object)
		return -ENOMEM;
	record_fields(record, repeat, add_to_object, object);
	line = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (line)
		r = write_line(fd, line);
	json_object_put(object);
	return r;
}
