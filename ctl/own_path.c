/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/own_path.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/parser.h"

/* A value is never a pattern (section 4): what would be active in one is escaped. */
static void add_value(const char *value, struct text *out)
{
	for (const char *p = value; *p; p++) {
		unsigned char byte = (unsigned char)*p;

		if (strchr("\"\\*?[{%", byte))
			text_printf(out, "\\%c", byte);
		else if (iscntrl(byte) || strchr("],}", byte))
			text_printf(out, "\\x%02x", byte);
		else
			text_printf(out, "%c", byte);
	}
}

/* The class that begins here, its brackets included; what is in it stands for itself. */
static size_t class_len(const char *at)
{
	size_t len = 1;

	while (at[len] && at[len] != ']')
		len += at[len] == '\\' && at[len + 1] ? 2 : 1;
	return at[len] ? len + 1 : len;
}

/* Bytes at @at that are taken over as they are: an escape, a class, `%%`, or one byte. */
static size_t copied_len(const char *at)
{
	if (*at == '[')
		return class_len(at);
	return (*at == '\\' && at[1]) || (*at == '%' && at[1] == '%') ? 2 : 1;
}

/* The specifier here by its value, or as it is written if that is not known. */
static enum own_path add_specifier(const char *at, const struct policy_caller *caller,
				   struct text *out)
{
	bool is_known;
	const char *value = policy_caller_value(caller, at[1], &is_known);

	if (value)
		add_value(value, out);
	else
		text_printf(out, "%.2s", at);
	return value ? OWN_PATH_WHOLE : is_known ? OWN_PATH_NONE : OWN_PATH_UNKNOWN;
}

static enum own_path add_pattern(const char *text, const struct policy_caller *caller,
				 struct text *out)
{
	enum own_path worst = OWN_PATH_WHOLE, found;
	size_t len;

	for (const char *at = text; *at; at += len) {
		len = copied_len(at);
		if (*at != '%' || len == 2) {
			text_printf(out, "%.*s", (int)len, at);
			continue;
		}
		len = at[1] ? 2 : 1;
		found = add_specifier(at, caller, out);
		worst = found > worst ? found : worst;
	}
	return worst;
}

enum own_path own_path_add(const struct ast_path *path, const struct policy_caller *caller,
			   struct text *out)
{
	_cleanup_(text_done) struct text own = TEXT_EMPTY;
	enum own_path kind;

	if (path->kind != AST_PATH_PATTERN) {
		ast_print_path(path, out);
		return OWN_PATH_WHOLE;
	}
	kind = add_pattern(path->text, caller, &own);
	if (kind != OWN_PATH_NONE)
		text_printf(out, "\"%s\"", own.data ? own.data : "");
	return kind;
}
