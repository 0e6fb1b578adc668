/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attributes to conditions and obligations. The checks have judged every value
 * before; a value that is nevertheless not understood is E006 here, never
 * passed over.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "policy/compiler.h"
#include "policy/fstype.h"
#include "policy/values.h"

int compile_bad_value(struct compiler *c, const struct ast_value *value)
{
	diag_add(c->diags, DIAG_ERROR, "E006", value->place, "'%s' makes no sense here",
		 value->text);
	return 0;
}

static bool is_word(const struct ast_attr *attr, const char *word)
{
	return attr->values.n == 1 && strcmp(attr->values.items[0].text, word) == 0;
}

static int read_type(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	mode_t type;

	for (size_t i = 0; i < attr->values.n; i++) {
		if (value_file_type(attr->values.items[i].text, &type) < 0)
			return compile_bad_value(c, &attr->values.items[i]);
		rule->conditions->types |= 1U << (type >> 12);
	}
	return 0;
}

/* Users, or the word `caller`, which no user may be called. */
static int read_owner(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	struct ast_values names = { .n = 0 };
	struct ast_value *items = arena_alloc(&c->policy->arena, attr->values.n, sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < attr->values.n; i++) {
		if (strcmp(attr->values.items[i].text, "caller") == 0)
			rule->conditions->owner_caller = true;
		else
			items[names.n++] = attr->values.items[i];
	}
	names.items = items;
	return compile_ids(c, COMPILE_USERS, &names, false, &rule->conditions->owners);
}

static int read_file_group(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	return compile_ids(c, COMPILE_GROUPS, &attr->values, false, &rule->conditions->groups);
}

static int read_mode_max(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	if (value_mode(attr->values.items[0].text, &rule->conditions->mode_max) < 0)
		return compile_bad_value(c, &attr->values.items[0]);
	return 0;
}

static int read_links(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	rule->conditions->any_links = is_word(attr, "any");
	if (!is_word(attr, "1") && !is_word(attr, "any"))
		return compile_bad_value(c, &attr->values.items[0]);
	return 0;
}

static int read_max_size(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	if (value_size(attr->values.items[0].text, &rule->conditions->max_size) < 0)
		return compile_bad_value(c, &attr->values.items[0]);
	return 0;
}

static int read_device(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	struct device_range *devices =
		arena_alloc(&c->policy->arena, attr->values.n, sizeof(*devices));
	struct value_device value;

	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < attr->values.n; i++) {
		if (value_device(attr->values.items[i].text, &value) < 0)
			return compile_bad_value(c, &attr->values.items[i]);
		devices[i] = (struct device_range){ value.major, value.minor, value.any_minor };
	}
	rule->conditions->devices = devices;
	rule->conditions->n_devices = attr->values.n;
	return 0;
}

static int read_fs(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	struct conditions *conditions = rule->conditions;
	uint32_t *magics = arena_alloc(&c->policy->arena, attr->values.n, sizeof(*magics));

	if (!magics)
		return -ENOMEM;
	for (size_t i = 0; i < attr->values.n; i++) {
		const char *name = attr->values.items[i].text;

		if (strcmp(name, "any") == 0)
			conditions->fs_any = true;
		else if (strcmp(name, "local") == 0)
			conditions->fs_local = true;
		else if (fstype_magic(name, &magics[conditions->n_fs_magics]) == 0)
			conditions->n_fs_magics++;
		else
			return compile_bad_value(c, &attr->values.items[i]);
	}
	conditions->fs_magics = magics;
	return 0;
}

static int read_mount(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	uint32_t flag;

	for (size_t i = 0; i < attr->values.n; i++) {
		if (value_mount(attr->values.items[i].text, &flag) < 0)
			return compile_bad_value(c, &attr->values.items[i]);
		rule->conditions->mount_flags |= flag;
	}
	return 0;
}

static int read_mounts(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	(void)c;
	rule->shown.mounts_stay = !is_word(attr, "any");
	return 0;
}

static int read_symlinks(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	if (is_word(attr, "follow"))
		rule->shown.symlinks = POLICY_SYMLINKS_FOLLOW;
	else if (is_word(attr, "trusted"))
		rule->shown.symlinks = POLICY_SYMLINKS_TRUSTED;
	else if (is_word(attr, "refuse"))
		rule->shown.symlinks = POLICY_SYMLINKS_REFUSE;
	else
		return compile_bad_value(c, &attr->values.items[0]);
	return 0;
}

static int read_parents(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	(void)c;
	rule->shown.parents_trusted = !is_word(attr, "any");
	return 0;
}

static int read_until(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	if (value_until(attr->values.items[0].text, &rule->until_sec) < 0)
		return compile_bad_value(c, &attr->values.items[0]);
	return 0;
}

static int read_audit(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	if (is_word(attr, "none"))
		rule->shown.audit = POLICY_AUDIT_NONE;
	else if (is_word(attr, "deny"))
		rule->shown.audit = POLICY_AUDIT_DENY;
	else if (is_word(attr, "all"))
		rule->shown.audit = POLICY_AUDIT_ALL;
	else
		return compile_bad_value(c, &attr->values.items[0]);
	return 0;
}

static int read_note(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	rule->shown.note = arena_string(&c->policy->arena, attr->values.items[0].text);
	return rule->shown.note ? 0 : -ENOMEM;
}

static int read_hide(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	(void)c;
	(void)attr;
	rule->shown.hide = true;
	return 0;
}

enum nature {
	OBLIGATION,	   /* does not decide */
	CONDITION,	   /* of the object: makes a deny conditional */
	CONDITION_OF_PATH, /* of an allow, found by the opener on the way */
	TIME,		   /* decided with the name */
};

static const struct {
	enum nature nature;
	enum policy_condition condition;
	int (*read)(struct compiler *c, const struct ast_attr *attr, struct rule *rule);
	size_t n_values_min;
} attrs[] = {
	[AST_ATTR_TYPE] = { CONDITION, POLICY_CONDITION_TYPE, read_type, 1 },
	[AST_ATTR_OWNER] = { CONDITION, POLICY_CONDITION_OWNER, read_owner, 1 },
	[AST_ATTR_FILE_GROUP] = { CONDITION, POLICY_CONDITION_FILE_GROUP, read_file_group, 1 },
	[AST_ATTR_MODE_MAX] = { CONDITION, POLICY_CONDITION_MODE_MAX, read_mode_max, 1 },
	[AST_ATTR_LINKS] = { CONDITION, POLICY_CONDITION_LINKS, read_links, 1 },
	[AST_ATTR_MAX_SIZE] = { CONDITION, POLICY_CONDITION_MAX_SIZE, read_max_size, 1 },
	[AST_ATTR_DEVICE] = { CONDITION, POLICY_CONDITION_DEVICE, read_device, 1 },
	[AST_ATTR_FS] = { CONDITION, POLICY_CONDITION_FS, read_fs, 1 },
	[AST_ATTR_MOUNT] = { CONDITION, POLICY_CONDITION_MOUNT, read_mount, 1 },
	[AST_ATTR_MOUNTS] = { CONDITION_OF_PATH, POLICY_CONDITION_MOUNTS, read_mounts, 1 },
	[AST_ATTR_SYMLINKS] = { CONDITION_OF_PATH, POLICY_CONDITION_SYMLINKS, read_symlinks, 1 },
	[AST_ATTR_PARENTS] = { CONDITION_OF_PATH, POLICY_CONDITION_PARENTS, read_parents, 1 },
	[AST_ATTR_UNTIL] = { TIME, POLICY_CONDITION_NONE, read_until, 1 },
	[AST_ATTR_DELIVER] = { OBLIGATION, POLICY_CONDITION_NONE, compile_deliver, 1 },
	[AST_ATTR_CREATE_MODE] = { OBLIGATION, POLICY_CONDITION_NONE, compile_create_mode, 1 },
	[AST_ATTR_CREATE_OWNER] = { OBLIGATION, POLICY_CONDITION_NONE, compile_create_owner, 1 },
	[AST_ATTR_RATE] = { OBLIGATION, POLICY_CONDITION_NONE, compile_rate, 3 },
	[AST_ATTR_INFLIGHT] = { OBLIGATION, POLICY_CONDITION_NONE, compile_in_flight, 1 },
	[AST_ATTR_AUDIT] = { OBLIGATION, POLICY_CONDITION_NONE, read_audit, 1 },
	[AST_ATTR_NOTE] = { OBLIGATION, POLICY_CONDITION_NONE, read_note, 1 },
	[AST_ATTR_HIDE] = { OBLIGATION, POLICY_CONDITION_NONE, read_hide, 0 },
};
_Static_assert(ELEMENTSOF(attrs) == AST_ATTR_MAX, "a row for every attribute");

static int read_attr(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	enum nature nature = attrs[attr->name].nature;

	if (attr->values.n < attrs[attr->name].n_values_min) {
		diag_add(c->diags, DIAG_ERROR, "E006", attr->place, "a value is missing");
		return 0;
	}
	if (nature == CONDITION || nature == CONDITION_OF_PATH)
		rule->unconditional = false;
	if (nature == CONDITION)
		rule->conditions->asked |= 1U << attrs[attr->name].condition;
	return attrs[attr->name].read(c, attr, rule);
}

int compile_attrs(struct compiler *c, const struct ast_rule *ast, struct rule *rule)
{
	int r;

	rule->unconditional = !ast->allow;
	rule->until_sec = UINT64_MAX;
	rule->shown.audit = POLICY_AUDIT_DENY;
	rule->shown.symlinks = ast->as_root ? POLICY_SYMLINKS_REFUSE : POLICY_SYMLINKS_FOLLOW;
	rule->shown.mounts_stay = ast->as_root;
	rule->shown.parents_trusted = ast->as_root;
	memset(&c->conditions, 0, sizeof(c->conditions));
	rule->conditions = &c->conditions;
	c->obligations = (struct policy_obligations){ 0 };
	c->has_obligations = false;
	for (size_t i = 0; i < ast->n_attrs; i++) {
		r = read_attr(c, &ast->attrs[i], rule);
		if (r < 0)
			return r;
	}
	return compile_obligations(c, rule);
}
