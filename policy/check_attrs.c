/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One row per attribute: how many values, how each reads, what it asks of its
 * rule. What nothing will come of is an error, because its author believes in it.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/number.h"
#include "policy/check_parts.h"
#include "policy/fstype.h"
#include "policy/glob.h"
#include "policy/keywords.h"
#include "policy/values.h"

typedef int read_value(const char *text);

static int read_type(const char *text)
{
	mode_t type;

	return value_file_type(text, &type);
}

/* `caller` has the form of a name. */
static int read_ids(const char *text)
{
	struct value_ids ids;

	return value_ids(text, &ids);
}

static int read_mode(const char *text)
{
	mode_t mode;

	return value_mode(text, &mode);
}

static int read_size(const char *text)
{
	uint64_t size;

	return value_size(text, &size);
}

static int read_device(const char *text)
{
	struct value_device device;

	return value_device(text, &device);
}

static int read_until(const char *text)
{
	uint64_t sec;

	return value_until(text, &sec);
}

static int read_count(const char *text)
{
	uint32_t count;
	int r = number_u32(text, &count);

	return r == 0 && count == 0 ? -ERANGE : r;
}

/* "user:group" */
static int read_owner_group(const char *text)
{
	const char *colon = strchr(text, ':');
	char user[256];
	struct value_ids ids;

	if (!colon || (size_t)(colon - text) >= sizeof(user))
		return -EINVAL;
	snprintf(user, sizeof(user), "%.*s", (int)(colon - text), text);
	if (value_ids(user, &ids) < 0 || (!ids.named && ids.first != ids.last))
		return -EINVAL;
	if (value_ids(colon + 1, &ids) < 0 || (!ids.named && ids.first != ids.last))
		return -EINVAL;
	return 0;
}

static int read_note(const char *text)
{
	return *text ? 0 : -EINVAL;
}

static int read_fs(const char *text)
{
	uint32_t magic;

	if (strcmp(text, "any") == 0 || strcmp(text, "local") == 0)
		return 0;
	return fstype_magic(text, &magic);
}

/* The rate itself; the words after it are check_rate()'s. */
static int read_rate(const char *text)
{
	struct value_rate rate;

	return value_rate(text, &rate);
}

enum attr_form {
	FORM_NONE,   /* no value */
	FORM_ONE,    /* one word */
	FORM_LIST,   /* one word or { several } */
	FORM_NAMES,  /* the same, and names may be quoted */
	FORM_STRING, /* one quoted string */
	FORM_RATE,   /* rate [burst n] per scope */
};

static const struct attr_rule {
	enum attr_form form;
	bool deny; /* may stand on a deny */
	bool allow;
	read_value *read;	  /* or */
	const char *const *words; /* all that may be written */
	const char *expected;
} attr_rules[] = {
#define WORDS(...)                                                                                 \
	.words = (const char *const[])                                                             \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
	[AST_ATTR_TYPE] = { FORM_LIST, true, true, read_type,
			    .expected =
				    "regular, directory, symlink, char, block, fifo or socket" },
	[AST_ATTR_OWNER] = { FORM_NAMES, true, true, read_ids,
			     .expected = "caller, root, or the name or number of a user" },
	[AST_ATTR_FILE_GROUP] = { FORM_NAMES, true, true, read_ids,
				  .expected = "the name or number of a group" },
	[AST_ATTR_MODE_MAX] = { FORM_ONE, true, true, read_mode,
				.expected = "permission bits in octal, as in 0640" },
	[AST_ATTR_LINKS] = { FORM_ONE, true, true, WORDS("1", "any"), .expected = "1 or any" },
	[AST_ATTR_MAX_SIZE] = { FORM_ONE, true, true, read_size,
				.expected = "a number of bytes, as in 4096, 64K, 1M, 1G" },
	[AST_ATTR_DEVICE] = { FORM_LIST, true, true, read_device,
			      .expected = "major:minor or major:*, as in 188:*" },
	[AST_ATTR_FS] = { FORM_LIST, true, true, read_fs,
			  .expected =
				  "local, any, or names of file systems, as in ext4, nfs or proc" },
	[AST_ATTR_MOUNT] = { FORM_LIST, true, true, WORDS("noexec", "nosuid", "nodev", "ro"),
			     .expected = "noexec, nosuid, nodev or ro" },
	[AST_ATTR_MOUNTS] = { FORM_ONE, false, true, WORDS("stay", "any"),
			      .expected = "stay or any" },
	[AST_ATTR_SYMLINKS] = { FORM_ONE, false, true, WORDS("follow", "trusted", "refuse"),
				.expected = "follow, trusted or refuse" },
	[AST_ATTR_PARENTS] = { FORM_ONE, false, true, WORDS("trusted", "any"),
			       .expected = "trusted or any" },
	[AST_ATTR_UNTIL] = { FORM_ONE, true, true, read_until,
			     .expected = "a day or minute in UTC, as in 2027-01-31 or "
					 "2027-01-31T18:00Z" },
	[AST_ATTR_DELIVER] = { FORM_ONE, false, true, WORDS("fd", "snapshot", "pipe"),
			       .expected = "fd, snapshot or pipe" },
	[AST_ATTR_CREATE_MODE] = { FORM_ONE, false, true, read_mode,
				   .expected = "permission bits in octal, as in 0640" },
	[AST_ATTR_CREATE_OWNER] = { FORM_STRING, false, true, read_owner_group,
				    .expected = "\"user:group\"" },
	[AST_ATTR_RATE] = { FORM_RATE, false, true, read_rate,
			    .expected = "N/s, N/min or N/h [burst N] per rule, uid or unit" },
	[AST_ATTR_INFLIGHT] = { FORM_ONE, false, true, read_count, .expected = "a number from 1" },
	[AST_ATTR_AUDIT] = { FORM_ONE, true, true, WORDS("none", "deny", "all"),
			     .expected = "none, deny or all" },
	[AST_ATTR_NOTE] = { FORM_STRING, true, true, read_note, .expected = "a quoted text" },
	[AST_ATTR_HIDE] = { FORM_NONE, true, false, .expected = "nothing" },
#undef WORDS
};
static_assert(ELEMENTSOF(attr_rules) == AST_ATTR_MAX, "a row for each attribute");

struct diag *check_complain(struct diags *diags, const struct ast_value *value, const char *what)
{
	bool is_long = strlen(value->text) > 60;

	return diag_add(diags, DIAG_ERROR, "E006", value->place, "'%.60s%s' is %s", value->text,
			is_long ? "..." : "", what);
}

static bool is_kind(enum attr_form form, enum ast_value_kind kind)
{
	if (form == FORM_STRING)
		return kind != AST_WORD;
	return kind == AST_WORD || form == FORM_NAMES;
}

static bool is_word_of(const char *const *words, const char *text)
{
	for (size_t i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0)
			return true;
	}
	return false;
}

static void check_value(const struct ast_attr *attr, const struct ast_value *value,
			struct diags *diags)
{
	const struct attr_rule *row = &attr_rules[attr->name];
	_cleanup_(freep) char *decoded = NULL;
	int r = -EINVAL;

	if (is_kind(row->form, value->kind)) {
		if (glob_string(value, diags, &decoded) < 0)
			return;
		r = row->words ? (is_word_of(row->words, decoded) ? 0 : -EINVAL)
			       : row->read(decoded);
	}
	if (r < 0)
		diag_help(diags,
			  check_complain(diags, value,
					 r == -ERANGE ? "out of range"
						      : "not a value of this attribute"),
			  "'%s' takes %s", keyword_attrs.words[attr->name], row->expected);
}

/* A value missing, or one too many: said at the attribute. */
static void check_count(const struct ast_attr *attr, struct diags *diags)
{
	const struct attr_rule *row = &attr_rules[attr->name];
	const char *name = keyword_attrs.words[attr->name];
	bool is_list = row->form == FORM_LIST || row->form == FORM_NAMES;
	size_t max = row->form == FORM_NONE ? 0 : 1;
	struct diag *diag = NULL;

	if (attr->values.n == 0 && max > 0)
		diag = diag_add(diags, DIAG_ERROR, "E006", attr->place, "'%s' without a value",
				name);
	else if (attr->values.braced && !is_list)
		diag = diag_add(diags, DIAG_ERROR, "E006", attr->place, "'%s' takes no list", name);
	else if (attr->values.n > max && !attr->values.braced)
		diag = diag_add(diags, DIAG_ERROR, "E006", attr->values.items[max].place,
				"one value too many for '%s'", name);
	if (diag && is_list && attr->values.n > max)
		diag_help(diags, diag, "write several as a list: { a, b }");
	else if (diag)
		diag_help(diags, diag, "'%s' takes %s", name, row->expected);
}

bool check_value_is(const struct ast_values *values, size_t i, const char *word)
{
	return i < values->n && values->items[i].kind == AST_WORD &&
	       strcmp(values->items[i].text, word) == 0;
}

/* "20/s burst 40 per rule" */
static void check_rate(const struct ast_attr *attr, struct diags *diags)
{
	static const char *const scopes[] = { "rule", "uid", "unit", NULL };
	const struct ast_values *values = &attr->values;
	size_t at = 0;
	bool good = values->n > 0 && !values->braced && values->items[0].kind == AST_WORD &&
		    read_rate(values->items[0].text) == 0;

	if (good && check_value_is(values, ++at, "burst")) {
		good = ++at < values->n && read_count(values->items[at].text) == 0;
		at++;
	}
	good = good && check_value_is(values, at, "per") && at + 2 == values->n &&
	       is_word_of(scopes, values->items[at + 1].text);
	if (!good)
		diag_help(diags, diag_add(diags, DIAG_ERROR, "E006", attr->place, "bad rate"),
			  "'rate' takes %s", attr_rules[AST_ATTR_RATE].expected);
}

static void check_attr(const struct ast_rule *rule, const struct ast_attr *attr,
		       struct diags *diags)
{
	const struct attr_rule *row = &attr_rules[attr->name];
	const char *name = keyword_attrs.words[attr->name];

	if (!row->allow && rule->allow)
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", attr->place, "'%s' on an allow",
				   name),
			  "it says how a refusal looks: write it on a deny");
	if (!row->deny && !rule->allow)
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", attr->place, "'%s' on a deny", name),
			  "it says how a file is reached or handed out: write it on an allow");
	if (row->form == FORM_RATE) {
		check_rate(attr, diags);
		return;
	}
	check_count(attr, diags);
	for (size_t i = 0; i < attr->values.n && row->form != FORM_NONE; i++)
		check_value(attr, &attr->values.items[i], diags);
}

static void check_twice(const struct ast_rule *rule, struct diags *diags)
{
	const struct ast_attr *seen[AST_ATTR_MAX] = { NULL };

	for (size_t i = 0; i < rule->n_attrs; i++) {
		const struct ast_attr *attr = &rule->attrs[i], *first = seen[attr->name];

		seen[attr->name] = first ? first : attr;
		if (first)
			diag_detail(diags,
				    diag_add(diags, DIAG_ERROR, "E003", attr->place,
					     "'%s' given twice", keyword_attrs.words[attr->name]),
				    "first at %u:%u", first->place.line, first->place.column);
	}
}

void check_attrs(const struct ast_rule *rule, struct diags *diags)
{
	check_twice(rule, diags);
	for (size_t i = 0; i < rule->n_attrs; i++)
		check_attr(rule, &rule->attrs[i], diags);
	check_attrs_together(rule, diags);
}
