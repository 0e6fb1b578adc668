/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static const char *own_name = "fdbrokerd";

void log_set_name(const char *name)
{
	own_name = name;
}

/* One write(2) per event, so that lines of several processes never mix. */
__attribute__((__format__(__printf__, 2, 0))) static void log_line(const char *priority,
								   const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];
	int saved = errno;
	size_t head, len;
	int n;

	n = snprintf(line, sizeof(line), "%s%s: ", priority, own_name);
	head = n < 0 ? 0 : (size_t)n;
	errno = saved;
	n = vsnprintf(line + head, sizeof(line) - head - 1, format, args);
	len = head + (n < 0 ? 0 : (size_t)n);
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len] = '\n';
	if (write(STDERR_FILENO, line, len + 1) < 0)
		errno = saved; /* nobody left to tell */
	errno = saved;
}

#define LOG_BODY(priority)                                                                         \
	do {                                                                                       \
		va_list args;                                                                      \
		va_start(args, format);                                                            \
		log_line(priority, format, args);                                                  \
		va_end(args);                                                                      \
	} while (0)

void log_error(const char *format, ...)
{
	LOG_BODY(SD_ERR);
}

void log_warning(const char *format, ...)
{
	LOG_BODY(SD_WARNING);
}

void log_notice(const char *format, ...)
{
	LOG_BODY(SD_NOTICE);
}

int log_error_errno(int r, const char *format, ...)
{
	errno = -r;
	LOG_BODY(SD_ERR);
	return r;
}

int log_warning_errno(int r, const char *format, ...)
{
	errno = -r;
	LOG_BODY(SD_WARNING);
	return r;
}

void log_error_lines(const char *text, size_t len)
{
	const char *end;

	while (len > 0) {
		end = memchr(text, '\n', len);
		if (!end)
			end = text + len;
		log_error("%.*s", (int)(end - text), text);
		len -= (size_t)(end - text) + (end < text + len);
		text = end + 1;
	}
}
