/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/keywords.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "policy/ast.h"
#include "policy/parser.h"

#define WORD_MAX 64U /* bytes; nobody misspells a keyword into more */

static const char *const statements[] = {
	"let", "extend", "subject", "for", "deny", "allow", "expect", "disable", "version",
};

static const char *const actions[] = { "allow", "deny" };

static const char *const modes[] = {
	"read", "write",  "append",	"truncate", "create", "tmpfile", "list",
	"stat", "remove", "attributes", "connect",  "watch",  "any",
};
static_assert(POLICY_ANY == (1U << (ELEMENTSOF(modes) - 1)) - 1, "a bit for each mode but `any`");

static const char *const keys[] = {
	[AST_KEY_USER] = "user",	 [AST_KEY_GROUP] = "group",
	[AST_KEY_UNIT] = "unit",	 [AST_KEY_USER_UNIT] = "user-unit",
	[AST_KEY_SLICE] = "slice",	 [AST_KEY_EXE] = "exe",
	[AST_KEY_APPARMOR] = "apparmor", [AST_KEY_SELINUX] = "selinux",
	[AST_KEY_USERNS] = "userns",	 [AST_KEY_MNTNS] = "mntns",
	[AST_KEY_PIDNS] = "pidns",	 [AST_KEY_NNP] = "nnp",
	[AST_KEY_SECCOMP] = "seccomp",	 [AST_KEY_MAX] = "anyone",
	[AST_KEY_MAX + 1] = "subject",
};
static_assert(ELEMENTSOF(keys) == AST_KEY_MAX + 2, "a word for each key");

static const char *const attrs[] = {
	[AST_ATTR_TYPE] = "type",
	[AST_ATTR_OWNER] = "owner",
	[AST_ATTR_FILE_GROUP] = "file-group",
	[AST_ATTR_MODE_MAX] = "mode-max",
	[AST_ATTR_LINKS] = "links",
	[AST_ATTR_MAX_SIZE] = "max-size",
	[AST_ATTR_DEVICE] = "device",
	[AST_ATTR_FS] = "fs",
	[AST_ATTR_MOUNT] = "mount",
	[AST_ATTR_MOUNTS] = "mounts",
	[AST_ATTR_SYMLINKS] = "symlinks",
	[AST_ATTR_PARENTS] = "parents",
	[AST_ATTR_UNTIL] = "until",
	[AST_ATTR_DELIVER] = "deliver",
	[AST_ATTR_CREATE_MODE] = "create-mode",
	[AST_ATTR_CREATE_OWNER] = "create-owner",
	[AST_ATTR_RATE] = "rate",
	[AST_ATTR_INFLIGHT] = "inflight",
	[AST_ATTR_AUDIT] = "audit",
	[AST_ATTR_NOTE] = "note",
	[AST_ATTR_HIDE] = "hide",
};
static_assert(ELEMENTSOF(attrs) == AST_ATTR_MAX, "a word for each attribute");

const struct keyword_table keyword_statements = { statements, ELEMENTSOF(statements) };
const struct keyword_table keyword_actions = { actions, ELEMENTSOF(actions) };
const struct keyword_table keyword_modes = { modes, ELEMENTSOF(modes) };
const struct keyword_table keyword_keys = { keys, ELEMENTSOF(keys) };
const struct keyword_table keyword_attrs = { attrs, ELEMENTSOF(attrs) };

int keyword_find(const struct keyword_table *table, const char *word)
{
	for (size_t i = 0; i < table->n; i++) {
		if (strcmp(table->words[i], word) == 0)
			return (int)i;
	}
	return -1;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: Damerau's distance, in which no part is edited twice. Three rows of
 * the matrix suffice. */
size_t keyword_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1] = { 0 };
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a > WORD_MAX || len_b > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= len_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		size_t *oldest = before;

		before = above;
		above = row;
		row = oldest;
		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			row[j] = smaller(smaller(above[j], row[j - 1]) + 1,
					 above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
	}
	return row[len_b];
}

const char *keyword_nearest(const struct keyword_table *table, const char *word)
{
	size_t len = strlen(word), best = len < 3 ? 0 : len < 5 ? 1 : len < 8 ? 2 : 3;
	const char *nearest = NULL;

	for (size_t i = 0; i < table->n; i++) {
		size_t distance = keyword_distance(word, table->words[i]);

		if (distance < best + (nearest ? 0 : 1) && distance < strlen(table->words[i])) {
			best = distance;
			nearest = table->words[i];
		}
	}
	return nearest;
}

const char *policy_mode_name(uint32_t bit)
{
	for (size_t i = 0; i + 1 < keyword_modes.n; i++) {
		if (bit == 1U << i)
			return modes[i];
	}
	return NULL;
}

uint32_t policy_mode_bit(const char *name)
{
	int i = keyword_find(&keyword_modes, name);

	return i < 0 || (size_t)i + 1 == keyword_modes.n ? 0 : 1U << i;
}

void policy_modes_print(uint32_t bits, struct text *out)
{
	const char *separator = "";

	if (bits == POLICY_ANY) {
		text_puts(out, "any");
		return;
	}
	for (size_t i = 0; i + 1 < keyword_modes.n; i++) {
		if (bits & 1U << i) {
			text_printf(out, "%s%s", separator, modes[i]);
			separator = ", ";
		}
	}
}
