/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Attributes against the rule that they stand in and against each other (E014):
 * a condition that no object of the rule can meet, an obligation that nobody
 * could keep.
 */
#include "base/macro.h"
#include "policy/check_parts.h"
#include "policy/fstype.h"
#include "policy/keywords.h"
#include "policy/parser.h"
#include "policy/policy.h"
#include "policy/values.h"

static const struct ast_attr *find(const struct ast_rule *rule, enum ast_attr_name name)
{
	for (size_t i = 0; i < rule->n_attrs; i++) {
		if (rule->attrs[i].name == name)
			return &rule->attrs[i];
	}
	return NULL;
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
			has_type |= check_value_is(&type->values, j, needed[i].type);
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
		if (check_value_is(&type->values, i, word))
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

	if (!type || (type->values.n == 1 && check_value_is(&type->values, 0, "regular")))
		return;
	if (check_value_is(&deliver->values, 0, "snapshot") ||
	    check_value_is(&deliver->values, 0, "pipe"))
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
	if (n_kernel > 0 && check_value_is(&deliver->values, 0, "snapshot"))
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
	if (check_value_is(&deliver->values, 0, "snapshot") && rule->modes & ~(uint32_t)POLICY_READ)
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", deliver->place,
				   "'deliver snapshot' with more than 'read'"),
			  "a snapshot is a sealed copy: what is written to it goes nowhere");
	if (check_value_is(&deliver->values, 0, "pipe") &&
	    rule->modes & ~(uint32_t)(POLICY_APPEND | POLICY_CREATE))
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", deliver->place,
				   "'deliver pipe' with more than 'append' and 'create'"),
			  "through a pipe one can only append");
	else if (check_value_is(&deliver->values, 0, "pipe") && !(rule->modes & POLICY_APPEND))
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", deliver->place,
				   "'deliver pipe' without 'append'"),
			  "what is written to a pipe is appended: add the mode append");
	check_deliver_type(rule, deliver, diags);
	check_snapshot_fs(rule, deliver, diags);
	if (check_value_is(&deliver->values, 0, "snapshot") && size && size->values.n > 0 &&
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

	if (parents && check_value_is(&parents->values, 0, "any") && !find(rule, AST_ATTR_NOTE))
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", parents->place,
				   "'parents any' without 'note'"),
			  "say in a note why somebody else may choose what is found there");
}

void check_attrs_together(const struct ast_rule *rule, struct diags *diags)
{
	check_type(rule, diags);
	check_device(rule, diags);
	check_fs(rule, diags);
	check_deliver(rule, diags);
	check_create(rule, diags);
	check_parents(rule, diags);
}
