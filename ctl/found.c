/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/found.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "policy/parser.h"

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

int found_add(struct found *found, char *take_name, const char *value, size_t len)
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

uint64_t found_number(const struct found *found, const char *name)
{
	const char *value = found_get(found, name);
	uint64_t number;

	return value && number_u64(value, &number) == 0 ? number : 0;
}

bool found_is(const struct found *found, const char *name, const char *word)
{
	const char *value = found_get(found, name);

	return value && strcmp(value, word) == 0;
}

/* "read, write" as policy_modes_print() has it. */
uint32_t found_modes(const struct found *found, const char *name)
{
	const char *value = found_get(found, name);
	_cleanup_(freep) char *words = value ? strdup(value) : NULL;
	char *save = NULL, *word;
	uint32_t modes = 0;

	if (!words)
		return 0;
	for (word = strtok_r(words, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
		uint32_t bit = policy_mode_bit(word);

		if (bit == 0)
			return 0;
		modes |= bit;
	}
	return modes;
}
