/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/tool.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"

char *tool_expand(const struct daemon *d, const char *text)
{
	struct text out = TEXT_EMPTY;
	char *string;

	for (; *text; text++)
		if (*text == '@')
			text_puts(&out, d->directory);
		else
			text_add(&out, text, 1);
	ck_assert_int_eq(text_finish(&out, &string), 0);
	return string;
}

int tool_run(const struct daemon *d, const char *arguments, char **ret_said)
{
	const char *build = getenv("builddir");
	struct text command = TEXT_EMPTY;
	char *expanded = tool_expand(d, arguments);
	size_t capacity = 0;
	FILE *pipe;
	int status;

	text_printf(&command, "%s/fdbrokerctl %s 2>&1 </dev/null", build ? build : ".", expanded);
	pipe = popen(command.data, "re");
	text_done(&command);
	free(expanded);
	ck_assert_ptr_nonnull(pipe);
	*ret_said = NULL;
	if (getdelim(ret_said, &capacity, '\0', pipe) < 0)
		**ret_said = '\0';
	status = pclose(pipe);
	daemon_drain(d);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void tool_expect(const struct daemon *d, const char *arguments, int status, const char *says)
{
	char *said, *expected = tool_expand(d, says);
	int r = tool_run(d, arguments, &said);

	ck_assert_msg(r == status && strstr(said, expected),
		      "%s: exit status %d, not %d, or not '%s':\n%s", arguments, r, status,
		      expected, said);
	free(expected);
	free(said);
}
