/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A value is cut before its wildcards are read, so that each part is a name
 * like a unit's, and what is compared is small. Braces and classes therefore do
 * not reach over a slash or a colon.
 */
#include "policy/label_pattern.h"

#include <string.h>

#include "base/cleanup.h"
#include "policy/check_parts.h"
#include "policy/glob.h"

/* The level is the last field, whatever stands in it: "s0-s0:c0.c1023". */
static size_t part_len(enum ast_key key, const char *text, size_t n)
{
	if (key == AST_KEY_APPARMOR)
		return strcspn(text, "/");
	return n + 1 < LABEL_FIELDS ? strcspn(text, ":") : strlen(text);
}

bool label_cut(struct label_cut *cut, enum ast_key key, const struct ast_value *value)
{
	const char *text = value->text + cut->next;
	size_t len;

	if (cut->ended)
		return false;
	len = part_len(key, text, cut->n);
	memcpy(cut->text, text, len);
	cut->text[len] = '\0';
	cut->part = *value;
	cut->part.text = cut->text;
	cut->part.place.column += (unsigned int)cut->next;
	cut->deep = key == AST_KEY_APPARMOR && value->kind == AST_PATTERN &&
		    strcmp(cut->text, "**") == 0;
	cut->n++;
	cut->ended = text[len] == '\0';
	cut->next += len + 1;
	return true;
}

/* matching */

static bool part_matches(const struct label_part *part, const char *text, size_t len)
{
	static const struct match_values none;

	/* No wildcard but `**` stands for nothing at all between two slashes. */
	if (part->n == 0 || len == 0)
		return part->n == 0 && len == 0;
	for (size_t i = 0; i < part->n; i++)
		if (match_component(&part->names[i], text, len, &none))
			return true;
	return false;
}

/* What follows the part at @text, or NULL: nothing does. */
static const char *after(const char *text, size_t len)
{
	return text[len] ? text + len + 1 : NULL;
}

static enum truth match_context(const struct label_pattern *pattern, const char *label)
{
	const char *at = label;

	for (size_t i = 0; i < pattern->n; i++) {
		size_t len;

		if (!at)
			return TRUTH_UNKNOWN;
		len = part_len(AST_KEY_SELINUX, at, i);
		if (!part_matches(&pattern->parts[i], at, len))
			return TRUTH_NO;
		at = after(at, len);
	}
	return TRUTH_YES;
}

/* Going back to the last `**` is enough, as in match_components(). */
static bool match_profile(const struct label_pattern *pattern, const char *label)
{
	const struct label_part *deep = NULL, *part = pattern->parts, *end = part + pattern->n;
	const char *at = label, *deep_at = NULL;

	while (at || part < end) {
		size_t len = at ? strcspn(at, "/") : 0;

		if (part < end && part->deep) {
			deep = part++;
			deep_at = at;
			if (part == end)
				return at;
		} else if (at && part < end && part_matches(part, at, len)) {
			part++;
			at = after(at, len);
		} else if (at && deep) {
			/* The last `**` takes one part more. */
			deep_at = after(deep_at, strcspn(deep_at, "/"));
			at = deep_at;
			part = deep + 1;
		} else {
			return false;
		}
	}
	return true;
}

enum truth label_match(enum ast_key key, const struct label_pattern *pattern, const char *label)
{
	if (key == AST_KEY_SELINUX)
		return match_context(pattern, label);
	return match_profile(pattern, label) ? TRUTH_YES : TRUTH_NO;
}

/* checking */

static bool check_parts(enum ast_key key, const struct ast_value *value, struct diags *diags)
{
	struct label_cut cut = { .n = 0 };
	size_t empty = 0;

	while (label_cut(&cut, key, value)) {
		_cleanup_(glob_freep) struct glob *glob = NULL;

		empty += cut.text[0] == '\0';
		if (!cut.deep && cut.text[0] != '\0' &&
		    glob_parse_name(&cut.part, diags, &glob) < 0)
			return true;
	}
	return key == AST_KEY_APPARMOR || (cut.n + 1 >= LABEL_FIELDS && empty == 0);
}

static void check_profile(const struct ast_value *value, struct diags *diags)
{
	const char *open = strrchr(value->text, '(');
	size_t len = strlen(value->text);

	if (len == 0)
		check_complain(diags, value, "not the name of a profile");
	else if (open && open > value->text && open[-1] == ' ' && value->text[len - 1] == ')')
		diag_help(diags, check_complain(diags, value, "a profile with its mode"),
			  "write the name alone; only a profile that is enforced matches");
	else if (strcmp(value->text, "unconfined") == 0)
		diag_help(diags, check_complain(diags, value, "not the name of a profile"),
			  "write  not apparmor \"**\"  for whom no profile confines");
}

void label_check(enum ast_key key, const struct ast_value *value, struct diags *diags)
{
	if (strlen(value->text) > LABEL_MAX) {
		check_complain(diags, value, "longer than any label");
		return;
	}
	if (value->kind == AST_WORD && strchr(value->text, '*')) {
		diag_help(diags, check_complain(diags, value, "an unquoted pattern"),
			  "write \"%.60s\"", value->text);
		return;
	}
	if (!check_parts(key, value, diags))
		diag_help(diags, check_complain(diags, value, "not a label"),
			  "write user:role:type or user:role:type:level; a field may be \"*\"");
	else if (key == AST_KEY_APPARMOR)
		check_profile(value, diags);
}
