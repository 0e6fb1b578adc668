/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_TOOL_H
#define FDB_TESTS_TOOL_H

/* fdbrokerctl, the real one, in front of the real daemon. In every text below `@` stands for the
 * daemon's directory. */

#include "tests/support/daemon.h"

/* The caller frees it. */
char *tool_expand(const struct daemon *d, const char *text);

/* Run it with @arguments, words for a shell; its exit status, and what it wrote, stderr too, which
 * the caller frees. */
int tool_run(const struct daemon *d, const char *arguments, char **ret_said);

/* It exits with @status, and says @says among other things. */
void tool_expect(const struct daemon *d, const char *arguments, int status, const char *says);

#endif
