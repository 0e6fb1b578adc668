/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/number.h"

#include <errno.h>
#include <string.h>

int number_u64(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

int number_u32(const char *text, uint32_t *ret)
{
	uint64_t value;
	int r = number_u64(text, &value);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

int number_id(const char *text, uint32_t *ret)
{
	uint32_t value;
	int r = number_u32(text, &value);

	if (r < 0)
		return r;
	if (value == UINT32_MAX)
		return -ERANGE;
	*ret = value;
	return 0;
}

size_t number_print(uint32_t value, char *ret)
{
	char digits[NUMBER_SIZE];
	size_t at = sizeof(digits), len;

	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	len = sizeof(digits) - at;
	memcpy(ret, digits + at, len);
	ret[len] = '\0';
	return len;
}

uint32_t number_sum(uint32_t a, uint32_t b)
{
	uint32_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

void number_fd_path(int fd, char *ret)
{
	static const char directory[] = "/proc/self/fd/";

	memcpy(ret, directory, sizeof(directory) - 1);
	number_print((uint32_t)fd, ret + sizeof(directory) - 1);
}
