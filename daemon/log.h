/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_LOG_H
#define FDB_DAEMON_LOG_H

/*
 * Operator events, each logged once, at the place that gives up. Lines go to
 * stderr with the priority prefix of sd-daemon(3), which the journal reads and
 * takes away. Bytes from outside are escaped before they come here.
 */

#include <stddef.h>

#include "base/macro.h"

/* How the process calls itself in its lines: "fdbrokerd", "fdbrokerd broker 3". Borrowed. */
void log_set_name(const char *name);

void log_error(const char *format, ...) _printf_(1, 2);
void log_warning(const char *format, ...) _printf_(1, 2);
void log_notice(const char *format, ...) _printf_(1, 2);

/* An error that the journal's catalog explains under @message_id of messages.h. */
void log_event(const char *message_id, const char *format, ...) _printf_(2, 3);

/* A text of several lines, an event each. */
void log_error_lines(const char *text, size_t len);

/* The error is @r, a negative errno, for %m in @format. Returns @r. */
int log_error_errno(int r, const char *format, ...) _printf_(2, 3);
int log_warning_errno(int r, const char *format, ...) _printf_(2, 3);

#endif
