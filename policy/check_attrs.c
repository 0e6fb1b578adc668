/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One row per attribute: how many values, how each reads, what it asks of its
 * rule. A condition that cannot hold or an obligation that nobody will keep is
 * an error, because its author believes in it.
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
#include "policy/parser.h"
#include "policy/policy.h"
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

static bool value_is(const struct ast_values *values, size_t i, const char *word)
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

	if (good && value_is(values, ++at, "burst")) {
		good = ++at < values->n && read_count(values->items[at].text) == 0;
		at++;
	}
	good = good && value_is(values, at, "per") && at + 2 == values->n &&
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

static const struct ast_attr *find(const struct ast_rule *rule, enum ast_attr_name name)
{
	for (size_t i = 0; i < rule->n_attrs; i++) {
		if (rule->attrs[i].name == name)
			return &rule->attrs[i];
	}
	return NULL;
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

/* Can an object of one of these types be opened in this mode? */
static void check_type(const struct ast_rule *rule, struct diags *diags)
{
	static const struct {
		uint32_t mode;
		const char *type;
	} needed[] = { { POLICY_LIST, "directory" }, { POLICY_CONNECT, "socket" } };
	const struct ast_attr *type = find(rule, AST_ATTR_TYPE);
	bool has_type;

	if (!type || !rule->allow || type->values.n == 0)
		return;
	for (size_t i = 0; i < ELEMENTSOF(needed); i++) {
		has_type = false;
		for (size_t j = 0; j < type->values.n; j++)
			has_type |= value_is(&type->values, j, needed[i].type);
		if (rule->modes & needed[i].mode && !has_type)
			diag_help(diags,
				  diag_add(diags, DIAG_ERROR, "E014", type->place,
					   "'%s' needs 'type %s'", policy_mode_name(needed[i].mode),
					   needed[i].type),
				  "name that type too, or allow the other modes in a rule of their "
				  "own");
	}
}

static bool is_kernel_fs(const struct ast_value *value)
{
	uint32_t magic;

	return fstype_magic(value->text, &magic) == 0 && fstype_of(magic) == FSTYPE_KERNEL;
}

/* The kernel's own files are read as the caller: object.c. */
static void check_fs(const struct ast_rule *rule, struct diags *diags)
{
	const struct ast_attr *fs = find(rule, AST_ATTR_FS);
	size_t n_kernel = 0;

	for (size_t i = 0; fs && i < fs->values.n; i++)
		n_kernel += is_kernel_fs(&fs->values.items[i]);
	if (!rule->allow || !rule->as_root || n_kernel == 0 || n_kernel < fs->values.n)
		return;
	diag_help(diags,
		  diag_add(diags, DIAG_ERROR, "E014", fs->place, "'fs %s' with 'as root'",
			   fs->values.items[0].text),
		  "the kernel's own files are opened as the caller: leave out  as root");
}

static bool type_has(const struct ast_attr *type, const char *word)
{
	for (size_t i = 0; type && i < type->values.n; i++) {
		if (value_is(&type->values, i, word))
			return true;
	}
	return false;
}

/* An allow's default type is regular, and no regular file has a device number. */
static void check_device(const struct ast_rule *rule, struct diags *diags)
{
	const struct ast_attr *device = find(rule, AST_ATTR_DEVICE);
	const struct ast_attr *type = find(rule, AST_ATTR_TYPE);

	if (!device || (!rule->allow && !type) || type_has(type, "char") || type_has(type, "block"))
		return;
	diag_help(diags,
		  diag_add(diags, DIAG_ERROR, "E014", device->place,
			   "'device' without 'type char' or 'type block'"),
		  "other files have no device number: add  type char;");
}

/* Of what is no regular file there is neither a copy nor an end. */
static void check_deliver_type(const struct ast_rule *rule, const struct ast_attr *deliver,
			       struct diags *diags)
{
	const struct ast_attr *type = find(rule, AST_ATTR_TYPE);

	if (!type || (type->values.n == 1 && value_is(&type->values, 0, "regular")))
		return;
	if (value_is(&deliver->values, 0, "snapshot") || value_is(&deliver->values, 0, "pipe"))
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", type->place,
				   "'deliver %s' of what is no regular file",
				   deliver->values.items[0].text),
			  "leave out 'type', or have the other types in a rule of their own");
}

/* The kernel's own files have no size. */
static void check_snapshot_fs(const struct ast_rule *rule, const struct ast_attr *deliver,
			      struct diags *diags)
{
	const struct ast_attr *fs = find(rule, AST_ATTR_FS);
	size_t n_kernel = 0;

	for (size_t i = 0; fs && i < fs->values.n; i++)
		n_kernel += is_kernel_fs(&fs->values.items[i]);
	if (n_kernel > 0 && value_is(&deliver->values, 0, "snapshot"))
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", fs->place,
				   "'deliver snapshot' with a file system of the kernel's own"),
			  "its files have no size to copy: have them in a rule of their own");
}

static void check_deliver(const struct ast_rule *rule, struct diags *diags)
{
	const struct ast_attr *deliver = find(rule, AST_ATTR_DELIVER);
	const struct ast_attr *size = find(rule, AST_ATTR_MAX_SIZE);
	uint64_t bytes;

	if (!deliver || !rule->allow)
		return;
	if (value_is(&deliver->values, 0, "snapshot") && rule->modes & ~(uint32_t)POLICY_READ)
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", deliver->place,
				   "'deliver snapshot' with more than 'read'"),
			  "a snapshot is a sealed copy: what is written to it goes nowhere");
	if (value_is(&deliver->values, 0, "pipe") &&
	    rule->modes & ~(uint32_t)(POLICY_APPEND | POLICY_CREATE))
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", deliver->place,
				   "'deliver pipe' with more than 'append' and 'create'"),
			  "through a pipe one can only append");
	else if (value_is(&deliver->values, 0, "pipe") && !(rule->modes & POLICY_APPEND))
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", deliver->place,
				   "'deliver pipe' without 'append'"),
			  "what is written to a pipe is appended: add the mode append");
	check_deliver_type(rule, deliver, diags);
	check_snapshot_fs(rule, deliver, diags);
	if (value_is(&deliver->values, 0, "snapshot") && size && size->values.n > 0 &&
	    value_size(size->values.items[0].text, &bytes) == 0 && bytes > POLICY_SNAPSHOT_MAX)
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", size->place,
				   "'deliver snapshot' of more than 64M"),
			  "snapshots are copied to memory: write  max-size 64M;  or less");
}

/* `create-…` asks for a rule that creates. */
static void check_create(const struct ast_rule *rule, struct diags *diags)
{
	static const enum ast_attr_name names[] = { AST_ATTR_CREATE_MODE, AST_ATTR_CREATE_OWNER };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		const struct ast_attr *attr = find(rule, names[i]);

		if (attr && rule->allow && !(rule->modes & (POLICY_CREATE | POLICY_TMPFILE)))
			diag_help(diags,
				  diag_add(diags, DIAG_ERROR, "E014", attr->place,
					   "'%s' in a rule that creates nothing",
					   keyword_attrs.words[names[i]]),
				  "add the mode create or tmpfile, or remove it");
	}
}

static void check_parents(const struct ast_rule *rule, struct diags *diags)
{
	const struct ast_attr *parents = find(rule, AST_ATTR_PARENTS);

	if (parents && value_is(&parents->values, 0, "any") && !find(rule, AST_ATTR_NOTE))
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", parents->place,
				   "'parents any' without 'note'"),
			  "say in a note why somebody else may choose what is found there");
}

void check_attrs(const struct ast_rule *rule, struct diags *diags)
{
	check_twice(rule, diags);
	for (size_t i = 0; i < rule->n_attrs; i++)
		check_attr(rule, &rule->attrs[i], diags);
	check_type(rule, diags);
	check_device(rule, diags);
	check_fs(rule, diags);
	check_deliver(rule, diags);
	check_create(rule, diags);
	check_parents(rule, diags);
}
