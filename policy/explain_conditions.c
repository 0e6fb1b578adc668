/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a rule asks of the object, in the words of the language; a default is said only where the
 * rule's modes have one that is not "regular". */
#include <inttypes.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "policy/compiled.h"
#include "policy/explain.h"
#include "policy/fstype.h"
#include "policy/values.h"

struct list {
	struct text *out;
	const char *separator, *next;
};

static struct text *item(struct list *list, const char *word)
{
	text_puts(list->out, list->next);
	text_puts(list->out, word);
	list->next = list->separator;
	return list->out;
}

static void add_word(struct text *out, const char **separator, const char *word)
{
	text_printf(out, "%s%s", *separator, word);
	*separator = ", ";
}

static bool is_asked(const struct conditions *conditions, enum policy_condition condition)
{
	return conditions->asked >> condition & 1;
}

static const struct {
	mode_t type;
	const char *name;
} types[] = {
	{ S_IFREG, "regular" }, { S_IFDIR, "directory" }, { S_IFLNK, "symlink" },
	{ S_IFCHR, "char" },	{ S_IFBLK, "block" },	  { S_IFIFO, "fifo" },
	{ S_IFSOCK, "socket" },
};

static void add_types(struct list *list, const struct conditions *conditions)
{
	const char *separator = "";

	if (!is_asked(conditions, POLICY_CONDITION_TYPE))
		return;
	item(list, "type { ");
	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		if (conditions->types >> (types[i].type >> 12) & 1)
			add_word(list->out, &separator, types[i].name);
	text_puts(list->out, " }");
}

static void add_ids(struct list *list, const char *word, const struct id_ranges *ids, bool caller)
{
	const char *separator = caller ? ", " : "";

	text_printf(item(list, word), " { %s", caller ? "caller" : "");
	for (size_t i = 0; i < ids->n; i++) {
		text_puts(list->out, separator);
		separator = ", ";
		if (ids->items[i].first == 0 && ids->items[i].last == 0)
			text_puts(list->out, "root");
		else
			text_printf(list->out, "%" PRIu32, ids->items[i].first);
		if (ids->items[i].last != ids->items[i].first)
			text_printf(list->out, "-%" PRIu32, ids->items[i].last);
	}
	text_puts(list->out, " }");
}

static void add_devices(struct list *list, const struct conditions *conditions)
{
	if (!is_asked(conditions, POLICY_CONDITION_DEVICE))
		return;
	item(list, "device { ");
	for (size_t i = 0; i < conditions->n_devices; i++) {
		const struct device_range *device = &conditions->devices[i];

		text_printf(list->out, "%s%" PRIu32 ":", i > 0 ? ", " : "", device->major);
		if (device->any_minor)
			text_puts(list->out, "*");
		else
			text_printf(list->out, "%" PRIu32, device->minor);
	}
	text_puts(list->out, " }");
}

static void add_fs(struct list *list, const struct conditions *conditions)
{
	const char *separator = "";

	if (!is_asked(conditions, POLICY_CONDITION_FS))
		return;
	item(list, "fs { ");
	if (conditions->fs_any)
		add_word(list->out, &separator, "any");
	if (conditions->fs_local)
		add_word(list->out, &separator, "local");
	for (size_t i = 0; i < conditions->n_fs_magics; i++)
		add_word(list->out, &separator, fstype_name(conditions->fs_magics[i]));
	text_puts(list->out, " }");
}

static void add_mount(struct list *list, const struct conditions *conditions)
{
	static const char *const words[] = { "noexec", "nosuid", "nodev", "ro" };
	const char *separator = "";
	uint32_t flag;

	if (!is_asked(conditions, POLICY_CONDITION_MOUNT))
		return;
	item(list, "mount { ");
	for (size_t i = 0; i < ELEMENTSOF(words); i++)
		if (value_mount(words[i], &flag) == 0 && conditions->mount_flags & flag)
			add_word(list->out, &separator, words[i]);
	text_puts(list->out, " }");
}

static void add_numbers(struct list *list, const struct conditions *conditions)
{
	if (is_asked(conditions, POLICY_CONDITION_MODE_MAX))
		text_printf(item(list, "mode-max "), "%04o", (unsigned int)conditions->mode_max);
	if (is_asked(conditions, POLICY_CONDITION_LINKS))
		item(list, conditions->any_links ? "links any" : "links 1");
	if (is_asked(conditions, POLICY_CONDITION_MAX_SIZE))
		text_printf(item(list, "max-size "), "%" PRIu64, conditions->max_size);
}

static const char *const symlinks[] = {
	[POLICY_SYMLINKS_FOLLOW] = "symlinks follow",
	[POLICY_SYMLINKS_TRUSTED] = "symlinks trusted",
	[POLICY_SYMLINKS_REFUSE] = "symlinks refuse",
};

/* What the opener holds the way to the object to. */
static void add_way(struct list *list, const struct policy_rule *rule)
{
	if (!rule->allow)
		return;
	if (rule->symlinks != POLICY_SYMLINKS_FOLLOW)
		item(list, symlinks[rule->symlinks]);
	if (rule->mounts_stay)
		item(list, "mounts stay");
	if (rule->parents_trusted)
		item(list, "parents trusted");
}

static void add_written(struct list *list, const struct policy_rule *rule)
{
	const struct conditions *conditions = ((const struct rule *)rule)->conditions;

	add_types(list, conditions);
	if (is_asked(conditions, POLICY_CONDITION_OWNER))
		add_ids(list, "owner", &conditions->owners, conditions->owner_caller);
	if (is_asked(conditions, POLICY_CONDITION_FILE_GROUP))
		add_ids(list, "file-group", &conditions->groups, false);
	add_numbers(list, conditions);
	add_devices(list, conditions);
	add_fs(list, conditions);
	add_mount(list, conditions);
	if (conditions->set_id)
		item(list, "set-user-ID or set-group-ID");
}

/* The way, where it is not what the rule would have without a word. `parents any` is nobody's
 * suggestion: it wants a reason, in a note. */
static void add_way_written(struct list *list, const struct policy_rule *rule)
{
	if (rule->symlinks != (rule->as_root ? POLICY_SYMLINKS_REFUSE : POLICY_SYMLINKS_FOLLOW))
		item(list, symlinks[rule->symlinks]);
	if (rule->mounts_stay != rule->as_root)
		item(list, rule->mounts_stay ? "mounts stay" : "mounts any");
	if (rule->parents_trusted && !rule->as_root)
		item(list, "parents trusted");
}

bool explain_asks(const struct policy_rule *rule)
{
	struct text text = TEXT_EMPTY;
	struct list list = { .out = &text, .separator = "", .next = "" };
	bool asks;

	add_written(&list, rule);
	asks = text.failed || text.len > 0;
	text_done(&text);
	return asks;
}

void explain_attributes(const struct policy_rule *rule, struct text *out)
{
	struct list list = { .out = out, .separator = "; ", .next = "" };

	add_written(&list, rule);
	if (rule->allow)
		add_way_written(&list, rule);
	if (rule->obligations->deliver != POLICY_DELIVER_FD)
		text_printf(item(&list, "deliver "), "%s",
			    policy_deliver_name(rule->obligations->deliver));
}

void explain_deliver(const struct policy_rule *rule, struct text *out)
{
	if (rule->obligations->deliver != POLICY_DELIVER_FD)
		text_printf(out, ", deliver %s", policy_deliver_name(rule->obligations->deliver));
}

void explain_conditions(const struct policy_rule *rule, struct text *out)
{
	struct list list = { .out = out, .separator = ", ", .next = "" };

	add_written(&list, rule);
	add_way(&list, rule);
}
