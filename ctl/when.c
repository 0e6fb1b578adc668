/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/number.h"

static const struct {
	const char *word;
	uint32_t seconds;
} units[] = { { "s", 1 },    { "m", 60 },    { "min", 60 },
	      { "h", 3600 }, { "d", 86400 }, { "w", 7 * 86400 } };

static const struct {
	const char *format; /* strptime(3) */
	bool has_day;
} forms[] = {
	{ "%Y-%m-%dT%H:%M:%S", true },
	{ "%Y-%m-%d %H:%M:%S", true },
	{ "%Y-%m-%dT%H:%M", true },
	{ "%Y-%m-%d %H:%M", true },
	{ "%Y-%m-%d", true },
	{ "%H:%M:%S", false },
	{ "%H:%M", false },
};

/* @at is moved behind it; 0: it is none. */
static uint32_t read_unit(const char **at)
{
	size_t len = strspn(*at, "abcdefghijklmnopqrstuvwxyz");

	for (size_t i = 0; i < ELEMENTSOF(units); i++) {
		if (strlen(units[i].word) != len || strncmp(units[i].word, *at, len) != 0)
			continue;
		*at += len;
		return units[i].seconds;
	}
	return 0;
}

int when_span(const char *text, uint64_t *ret_sec)
{
	uint64_t sum = 0;

	if (*text == '\0')
		return -EINVAL;
	while (*text) {
		uint64_t number = 0;
		const char *digits = text;
		uint32_t unit;

		while (isdigit((unsigned char)*text) && text - digits < 10)
			number = number * 10 + (uint64_t)(*text++ - '0');
		if (text == digits)
			return -EINVAL;
		unit = read_unit(&text);
		if (unit == 0)
			return -EINVAL;
		sum += number * unit;
	}
	*ret_sec = sum;
	return 0;
}

/* The first second of today, or of so many days before. */
static uint64_t day_before(uint64_t now_usec, int days)
{
	time_t now = (time_t)(now_usec / USEC_PER_SEC);
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return 0;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= days;
	tm.tm_isdst = -1;
	return (uint64_t)mktime(&tm) * USEC_PER_SEC;
}

static int parse_form(const char *text, size_t i, uint64_t now_usec, uint64_t *ret_usec)
{
	time_t now = (time_t)(now_usec / USEC_PER_SEC), found;
	struct tm tm = { .tm_mday = 1 };
	const char *rest;

	if (!forms[i].has_day && !localtime_r(&now, &tm))
		return -EINVAL;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	rest = strptime(text, forms[i].format, &tm);
	if (!rest || (*rest != '\0' && strcmp(rest, "Z") != 0))
		return -EINVAL;
	tm.tm_isdst = -1;
	found = *rest == 'Z' ? timegm(&tm) : mktime(&tm);
	if (found < 0 || (*rest == 'Z' && !forms[i].has_day))
		return -EINVAL;
	*ret_usec = (uint64_t)found * USEC_PER_SEC;
	return 0;
}

static int parse_ago(const char *text, uint64_t now_usec, uint64_t *ret_usec)
{
	uint64_t sec;

	if (when_span(text, &sec) < 0)
		return -EINVAL;
	*ret_usec = sec > now_usec / USEC_PER_SEC ? 0 : now_usec - sec * USEC_PER_SEC;
	return 0;
}

static int parse_seconds(const char *text, uint64_t *ret_usec)
{
	uint64_t sec;

	if (number_u64(text, &sec) < 0 || sec > UINT64_MAX / USEC_PER_SEC)
		return -EINVAL;
	*ret_usec = sec * USEC_PER_SEC;
	return 0;
}

int when_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec)
{
	static const char *const days[] = { "today", "yesterday" };

	if (strcmp(text, "now") == 0) {
		*ret_usec = now_usec;
		return 0;
	}
	for (size_t i = 0; i < ELEMENTSOF(days); i++)
		if (strcmp(text, days[i]) == 0) {
			*ret_usec = day_before(now_usec, (int)i);
			return 0;
		}
	if (*text == '-')
		return parse_ago(text + 1, now_usec, ret_usec);
	if (*text == '@')
		return parse_seconds(text + 1, ret_usec);
	for (size_t i = 0; i < ELEMENTSOF(forms); i++)
		if (parse_form(text, i, now_usec, ret_usec) == 0)
			return 0;
	return -EINVAL;
}
