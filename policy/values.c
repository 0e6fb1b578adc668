/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/values.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/macro.h"
#include "base/number.h"

#define DIGITS	       "0123456789"
#define NAME_MAX_BYTES 256U
#define UNIT_NAME_MAX  255U /* systemd's UNIT_NAME_MAX, without the NUL */

/* The first @len bytes of @text as a number. */
static int number_of(const char *text, size_t len, uint64_t *ret)
{
	char digits[24];

	if (len >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return number_u64(digits, ret);
}

static int id_of(const char *text, size_t len, uint32_t *ret)
{
	uint64_t value;
	int r = number_of(text, len, &value);

	if (r < 0)
		return r;
	/* (uid_t)-1 means "no change" to setfsuid(2) and chown(2). */
	if (value >= UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

/* No name of passwd(5) starts with a digit here: "0day" must not be read as 0 (CVE-2017-1000082). */
static bool is_account_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= NAME_MAX_BYTES && !strchr(DIGITS "-", text[0]) &&
	       !strpbrk(text, ":/,*?[]{}\"\t\n ");
}

int value_ids(const char *text, struct value_ids *ret)
{
	struct value_ids ids = { 0 };
	size_t len = strspn(text, DIGITS);
	int r;

	if (len == 0) {
		if (!is_account_name(text))
			return -EINVAL;
		ret->named = true;
		return 0;
	}
	if (text[len] && text[len] != '-')
		return -EINVAL;
	r = id_of(text, len, &ids.first);
	if (r < 0)
		return r;
	ids.last = ids.first;
	if (text[len] == '-') {
		r = id_of(text + len + 1, strlen(text + len + 1), &ids.last);
		if (r < 0)
			return r;
		if (ids.last < ids.first)
			return -ERANGE;
	}
	*ret = ids;
	return 0;
}

int value_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGT";
	size_t len = strspn(text, DIGITS);
	const char *unit = text[len] ? strchr(units, text[len]) : NULL;
	uint64_t value;
	int r;

	if (len == 0 || (text[len] && (!unit || text[len + 1])))
		return -EINVAL;
	r = number_of(text, len, &value);
	if (r < 0)
		return r;
	for (const char *p = units; unit && p <= unit; p++) {
		if (__builtin_mul_overflow(value, 1024, &value))
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

int value_mode(const char *text, mode_t *ret)
{
	size_t len = strlen(text);
	mode_t mode = 0;

	if (strspn(text, "01234567") != len || (len != 3 && (len != 4 || text[0] != '0')))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		mode = mode << 3 | (mode_t)(text[i] - '0');
	*ret = mode;
	return 0;
}

/* Linux: 12 bits of major, 20 of minor. */
int value_device(const char *text, struct value_device *ret)
{
	struct value_device device = { 0 };
	size_t len = strspn(text, DIGITS);
	uint32_t value;
	int r;

	if (text[len] != ':')
		return -EINVAL;
	r = id_of(text, len, &value);
	if (r < 0)
		return r;
	device.major = value;
	device.any_minor = strcmp(text + len + 1, "*") == 0;
	if (!device.any_minor) {
		r = id_of(text + len + 1, strlen(text + len + 1), &device.minor);
		if (r < 0)
			return r;
	}
	if (device.major >= 1U << 12 || device.minor >= 1U << 20)
		return -ERANGE;
	*ret = device;
	return 0;
}

/* Does @text have exactly the form of @form, in which 9 stands for any digit? */
static bool has_form(const char *text, const char *form)
{
	for (; *form; text++, form++) {
		if (*form == '9' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	}
	return !*text;
}

static int digits_of(const char *text, size_t len)
{
	int value = 0;

	for (size_t i = 0; i < len; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

int value_until(const char *text, uint64_t *ret_sec)
{
	bool has_time = has_form(text, "9999-99-99T99:99Z");
	struct tm tm = { 0 }, wanted;
	time_t sec;

	if (!has_time && !has_form(text, "9999-99-99"))
		return -EINVAL;
	tm.tm_year = digits_of(text, 4) - 1900;
	tm.tm_mon = digits_of(text + 5, 2) - 1;
	tm.tm_mday = digits_of(text + 8, 2);
	if (has_time) {
		tm.tm_hour = digits_of(text + 11, 2);
		tm.tm_min = digits_of(text + 14, 2);
	}
	wanted = tm;
	sec = timegm(&tm);
	/* timegm(3) turns the 30th of February into the 2nd of March. */
	if (tm.tm_year != wanted.tm_year || tm.tm_mon != wanted.tm_mon ||
	    tm.tm_mday != wanted.tm_mday || tm.tm_hour != wanted.tm_hour ||
	    tm.tm_min != wanted.tm_min || sec < 0)
		return -ERANGE;
	/* A bare date ends at 24:00 UTC. */
	*ret_sec = (uint64_t)sec + (has_time ? 0 : 24 * 60 * 60);
	return 0;
}

int value_rate(const char *text, struct value_rate *ret)
{
	static const struct {
		const char *unit;
		uint32_t sec;
	} periods[] = { { "/s", 1 }, { "/min", 60 }, { "/h", 60 * 60 } };
	size_t len = strspn(text, DIGITS);
	uint32_t count;
	int r;

	for (size_t i = 0; i < ELEMENTSOF(periods); i++) {
		if (strcmp(text + len, periods[i].unit) != 0)
			continue;
		r = id_of(text, len, &count);
		if (r < 0)
			return r;
		if (count == 0)
			return -ERANGE;
		*ret = (struct value_rate){ count, periods[i].sec };
		return 0;
	}
	return -EINVAL;
}

int value_file_type(const char *text, mode_t *ret)
{
	static const struct {
		const char *word;
		mode_t type;
	} types[] = {
		{ "regular", S_IFREG }, { "directory", S_IFDIR }, { "symlink", S_IFLNK },
		{ "char", S_IFCHR },	{ "block", S_IFBLK },	  { "fifo", S_IFIFO },
		{ "socket", S_IFSOCK },
	};

	for (size_t i = 0; i < ELEMENTSOF(types); i++) {
		if (strcmp(text, types[i].word) == 0) {
			*ret = types[i].type;
			return 0;
		}
	}
	return -EINVAL;
}

int value_mount(const char *text, uint32_t *ret)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} flags[] = {
		{ "noexec", ST_NOEXEC },
		{ "nosuid", ST_NOSUID },
		{ "nodev", ST_NODEV },
		{ "ro", ST_RDONLY },
	};

	for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
		if (strcmp(text, flags[i].word) == 0) {
			*ret = flags[i].flag;
			return 0;
		}
	}
	return -EINVAL;
}

bool value_is_unit(const char *text)
{
	static const char *const suffixes[] = {
		".service", ".socket", ".target", ".device", ".mount", ".automount",
		".swap",    ".timer",  ".path",	  ".slice",  ".scope",
	};
	size_t len = strlen(text);

	if (len > UNIT_NAME_MAX || strpbrk(text, "/ \t\n"))
		return false;
	for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
		size_t suffix = strlen(suffixes[i]);

		if (len > suffix && strcmp(text + len - suffix, suffixes[i]) == 0)
			return true;
	}
	/* A pattern may leave the suffix open. */
	return len > 0 && strchr("*]}?", text[len - 1]);
}
