/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/policy/reference_object.h"

#include <ctype.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>

#define WRITING (POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE | POLICY_CREATE | POLICY_TMPFILE)

static const struct ast_attr *attr_of(const struct ast_rule *rule, enum ast_attr_name name)
{
	for (size_t i = 0; i < rule->n_attrs; i++)
		if (rule->attrs[i].name == name)
			return &rule->attrs[i];
	return NULL;
}

static bool has_word(const struct ast_attr *attr, const char *word)
{
	for (size_t i = 0; i < attr->values.n; i++)
		if (strcmp(attr->values.items[i].text, word) == 0)
			return true;
	return false;
}

static bool has_number(const struct ast_attr *attr, unsigned long number)
{
	char word[32];

	sprintf(word, "%lu", number);
	return has_word(attr, word) || (number == 0 && has_word(attr, "root"));
}

bool reference_hides(const struct ast_rule *rule)
{
	return attr_of(rule, AST_ATTR_HIDE);
}

bool reference_is_conditional(const struct ast_rule *rule)
{
	for (size_t i = 0; i < rule->n_attrs; i++)
		if (rule->attrs[i].name < AST_ATTR_UNTIL)
			return true;
	return false;
}

/* "2027-01-31" or "2027-01-31T18:00Z" */
bool reference_is_over(const struct ast_rule *rule, uint64_t now_sec)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_UNTIL);
	struct tm tm = { 0 };

	if (!attr)
		return false;
	if (sscanf(attr->values.items[0].text, "%d-%d-%dT%d:%dZ", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min) == 3)
		tm.tm_mday++;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return now_sec >= (uint64_t)timegm(&tm);
}

bool reference_creates_for_nobody(const struct ast_rule *rule)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_CREATE_OWNER);

	return attr && strstr(attr->values.items[0].text, "no-such-");
}

static const char *type_word(mode_t mode)
{
	return S_ISREG(mode)	? "regular"
	       : S_ISDIR(mode)	? "directory"
	       : S_ISLNK(mode)	? "symlink"
	       : S_ISCHR(mode)	? "char"
	       : S_ISBLK(mode)	? "block"
	       : S_ISFIFO(mode) ? "fifo"
				: "socket";
}

static bool type_ok(const struct ast_rule *rule, uint32_t modes, const struct policy_object *o)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_TYPE);

	if (rule->allow && o->fresh)
		return S_ISREG(o->mode) && !o->named ? true
		       : attr			     ? has_word(attr, type_word(o->mode))
						     : !(rule->as_root && S_ISLNK(o->mode));
	if (rule->allow && S_ISDIR(o->mode) && modes & (WRITING | POLICY_READ))
		return false;
	if (attr)
		return has_word(attr, type_word(o->mode));
	if (!rule->allow)
		return true;
	if (modes & POLICY_LIST)
		return S_ISDIR(o->mode);
	if (modes & POLICY_CONNECT)
		return S_ISSOCK(o->mode);
	return S_ISREG(o->mode) || !(modes & (WRITING | POLICY_READ));
}

static bool owner_ok(const struct ast_rule *rule, const struct policy_subject *s,
		     const struct policy_object *o)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_OWNER);

	if (!attr || has_number(attr, o->uid))
		return true;
	if (!has_word(attr, "caller"))
		return false;
	return s->known & POLICY_FACT_USER ? o->uid == s->uid : !rule->allow;
}

static bool links_ok(const struct ast_rule *rule, uint32_t modes, const struct policy_object *o)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_LINKS);

	if (attr)
		return has_word(attr, "any") || o->links == 1;
	return !rule->allow || S_ISDIR(o->mode) || o->links == 1 ||
	       !(modes & (POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE | POLICY_ATTRIBUTES));
}

static bool mode_ok(const struct ast_rule *rule, const struct policy_object *o)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_MODE_MAX);
	mode_t max = attr ? (mode_t)strtoul(attr->values.items[0].text, NULL, 8) : 07777;

	return ((o->mode & 07777) | max) == max;
}

static bool size_ok(const struct ast_rule *rule, const struct policy_object *o)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_MAX_SIZE);
	const struct ast_attr *deliver = attr_of(rule, AST_ATTR_DELIVER);
	char *unit;
	uint64_t size;

	/* A copy of more than 64 MiB is never made. */
	if (!attr && rule->allow && deliver && has_word(deliver, "snapshot"))
		return o->size <= 64 * 1024 * 1024;
	if (!attr)
		return true;
	size = strtoull(attr->values.items[0].text, &unit, 10);
	return o->size <= (*unit == 'K' ? size * 1024 : size);
}

static bool device_ok(const struct ast_rule *rule, const struct policy_object *o)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_DEVICE);
	char exact[64], any[64];

	if (!attr)
		return true;
	sprintf(exact, "%u:%u", major(o->rdev), minor(o->rdev));
	sprintf(any, "%u:*", major(o->rdev));
	return (S_ISCHR(o->mode) || S_ISBLK(o->mode)) &&
	       (has_word(attr, exact) || has_word(attr, any));
}

/* Only those that random objects are on; whatever else is the kernel's own and has no name here. */
static const struct {
	uint32_t magic;
	const char *name;
	char kind; /* 'l'ocal, 'n'etwork, 'u'ser, 'k'ernel */
} file_systems[] = {
	{ EXT4_SUPER_MAGIC, "ext4", 'l' },
	{ TMPFS_MAGIC, "tmpfs", 'l' },
	{ NFS_SUPER_MAGIC, "nfs", 'n' },
	{ 0x65735546, "fuse", 'u' },
	{ PROC_SUPER_MAGIC, "proc", 'k' },
	{ SYSFS_MAGIC, "sysfs", 'k' },
	{ 0, "", 'k' },
};

static bool fs_ok(const struct ast_rule *rule, uint32_t modes, const struct policy_object *o)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_FS);
	size_t i = 0;
	char kind;

	while (file_systems[i].magic != 0 && file_systems[i].magic != o->fs_magic)
		i++;
	kind = file_systems[i].kind;
	if (!attr)
		return !rule->allow || kind == 'l' || kind == 'n';
	if (kind == 'k' && rule->allow &&
	    (rule->as_root ||
	     modes & (WRITING | POLICY_REMOVE | POLICY_ATTRIBUTES | POLICY_CONNECT | POLICY_WATCH)))
		return false;
	return has_word(attr, file_systems[i].name) || (has_word(attr, "local") && kind == 'l') ||
	       (has_word(attr, "any") && !(rule->allow && kind == 'k'));
}

static bool mount_ok(const struct ast_rule *rule, const struct policy_object *o)
{
	const struct ast_attr *attr = attr_of(rule, AST_ATTR_MOUNT);

	return !attr || ((!has_word(attr, "noexec") || o->mount_flags & ST_NOEXEC) &&
			 (!has_word(attr, "nosuid") || o->mount_flags & ST_NOSUID) &&
			 (!has_word(attr, "nodev") || o->mount_flags & ST_NODEV) &&
			 (!has_word(attr, "ro") || o->mount_flags & ST_RDONLY));
}

enum policy_condition reference_condition(const struct ast_rule *rule, uint32_t modes,
					  const struct policy_subject *s,
					  const struct policy_object *o)
{
	const struct ast_attr *group = attr_of(rule, AST_ATTR_FILE_GROUP);
	bool all = !(rule->allow && o->fresh) || o->named;

	if (!type_ok(rule, modes, o))
		return POLICY_CONDITION_TYPE;
	if (all && !owner_ok(rule, s, o))
		return POLICY_CONDITION_OWNER;
	if (all && group && !has_number(group, o->gid))
		return POLICY_CONDITION_FILE_GROUP;
	if (all && !mode_ok(rule, o))
		return POLICY_CONDITION_MODE_MAX;
	if (all && !links_ok(rule, modes, o))
		return POLICY_CONDITION_LINKS;
	if (all && !size_ok(rule, o))
		return POLICY_CONDITION_MAX_SIZE;
	if (all && !device_ok(rule, o))
		return POLICY_CONDITION_DEVICE;
	if (!fs_ok(rule, modes, o))
		return POLICY_CONDITION_FS;
	return mount_ok(rule, o) ? POLICY_CONDITION_NONE : POLICY_CONDITION_MOUNT;
}

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && path[len] == '/';
}

static bool is_own(const char *path)
{
	static const char *const own[] = {
		"/etc/fdbroker",
		"/run/fdbroker",
		"/var/lib/fdbroker",
		"/var/log/fdbroker",
		"/usr/lib/fdbroker/policy.d",
		"/usr/local/lib/fdbroker/policy.d",
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(path, own[i]) == 0 || is_below(path, own[i]))
			return true;
	return false;
}

int reference_floor(const char *path, uint32_t modes, const struct policy_subject *s)
{
	uint32_t changing = WRITING | POLICY_REMOVE | POLICY_ATTRIBUTES;

	if ((is_below(path, "/proc") || is_below(path, "/sys")) && modes & changing)
		return YES;
	if (is_below(path, "/proc") && isdigit((unsigned char)path[6]))
		return YES;
	if (strcmp(path, "/dev/mem") == 0 || strcmp(path, "/dev/kmem") == 0 ||
	    strcmp(path, "/dev/port") == 0 || strcmp(path, "/proc/kcore") == 0)
		return YES;
	if (!is_own(path))
		return NO;
	if (modes != POLICY_READ)
		return YES;
	return !(s->known & POLICY_FACT_USER) ? MAYBE : s->uid == 0 ? NO : YES;
}

bool reference_floor_object(uint32_t modes, const struct policy_object *o)
{
	unsigned int number = minor(o->rdev);

	if (S_ISCHR(o->mode) && major(o->rdev) == 1 && (number == 1 || number == 2 || number == 4))
		return true;
	if (!(modes & WRITING))
		return false;
	if (S_ISCHR(o->mode) && (major(o->rdev) == 21 || major(o->rdev) == 162))
		return true;
	return S_ISBLK(o->mode) || (S_ISREG(o->mode) && o->mode & (S_ISUID | S_ISGID));
}
