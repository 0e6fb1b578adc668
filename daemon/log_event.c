/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define SD_JOURNAL_SUPPRESS_LOCATION

/* The parent's alone: the broker has no libsystemd. */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "daemon/log.h"

#define MESSAGE_MAX_BYTES 2048

/* systemd.exec(5): device and inode of the stream that the journal reads. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return strcmp(stream, own) == 0;
}

/* A line on stderr has no room for the id. */
void log_event(const char *message_id, const char *format, ...)
{
	char message[MESSAGE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (!stderr_is_journal() ||
	    sd_journal_send("MESSAGE=fdbrokerd: %s", message, "MESSAGE_ID=%s", message_id,
			    "PRIORITY=%d", LOG_ERR, "SYSLOG_IDENTIFIER=fdbrokerd", NULL) < 0)
		log_error("%s", message);
}
