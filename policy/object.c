/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 6: what the kernel says of the pinned object against what the rules ask
 * of it. A deny asks exactly what it writes; an allow asks also what it leaves
 * unsaid: an ordinary file, with one name if it is to be changed, on a file
 * system that neither speaks for the kernel nor lets a user answer.
 */
#include <assert.h>
#include <sys/sysmacros.h>

#include "base/macro.h"
#include "policy/compiled.h"
#include "policy/decide.h"
#include "policy/fstype.h"
#include "policy/search.h"

#define MODES_FILE                                                                                 \
	(POLICY_READ | POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE | POLICY_CREATE |            \
	 POLICY_TMPFILE)
#define MODES_CHANGING (POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE | POLICY_ATTRIBUTES)
#define MODES_LOOKING  (POLICY_READ | POLICY_LIST | POLICY_STAT)

static const char *const condition_names[] = {
	[POLICY_CONDITION_NONE] = "none",
	[POLICY_CONDITION_TYPE] = "type",
	[POLICY_CONDITION_OWNER] = "owner",
	[POLICY_CONDITION_FILE_GROUP] = "file-group",
	[POLICY_CONDITION_MODE_MAX] = "mode-max",
	[POLICY_CONDITION_LINKS] = "links",
	[POLICY_CONDITION_MAX_SIZE] = "max-size",
	[POLICY_CONDITION_DEVICE] = "device",
	[POLICY_CONDITION_FS] = "fs",
	[POLICY_CONDITION_MOUNT] = "mount",
	[POLICY_CONDITION_MOUNTS] = "mounts",
	[POLICY_CONDITION_SYMLINKS] = "symlinks",
	[POLICY_CONDITION_PARENTS] = "parents",
};
static_assert(ELEMENTSOF(condition_names) == POLICY_CONDITION_MAX, "a name for every condition");

const char *policy_condition_name(enum policy_condition condition)
{
	return condition_names[condition];
}

/* One question: who asks what of which object. */
struct question {
	const struct conditions *conditions;
	const struct policy_query *query;
	const struct policy_object *object;
	bool allow; /* by an allow: what it does not ask has a default */
	bool as_root;
};

static bool is_asked(const struct question *q, enum policy_condition condition)
{
	return q->conditions->asked >> condition & 1;
}

static bool type_default(uint32_t modes, mode_t type)
{
	if (modes & POLICY_LIST)
		return S_ISDIR(type);
	if (modes & POLICY_CONNECT)
		return S_ISSOCK(type);
	return !(modes & MODES_FILE) || S_ISREG(type);
}

static bool is_of_types(const struct question *q)
{
	return q->conditions->types >> ((q->object->mode & S_IFMT) >> 12) & 1;
}

/*
 * By an allow. A file that is made is what `create` means; a directory or a link is made too, unless
 * the rule says of what type things are. And a link that is root's must be meant: programs follow
 * those where they follow nobody else's.
 */
static bool type_of_fresh_holds(const struct question *q)
{
	if (S_ISREG(q->object->mode) && !q->object->named)
		return true;
	if (is_asked(q, POLICY_CONDITION_TYPE))
		return is_of_types(q);
	return !(q->as_root && S_ISLNK(q->object->mode));
}

static bool type_holds(const struct question *q)
{
	if (q->allow && q->object->fresh)
		return type_of_fresh_holds(q);
	/* Whatever type a rule names: a directory's descriptor is for `list` alone, or a deny of that
	 * could be asked around (P17). */
	if (q->allow && S_ISDIR(q->object->mode) && q->query->modes & MODES_FILE)
		return false;
	if (is_asked(q, POLICY_CONDITION_TYPE))
		return is_of_types(q);
	return !q->allow || type_default(q->query->modes, q->object->mode);
}

static bool owner_holds(const struct question *q)
{
	const struct policy_caller *caller = q->query->caller;

	if (id_ranges_have(&q->conditions->owners, q->object->uid))
		return true;
	if (!q->conditions->owner_caller)
		return false;
	/* Not known who asks: against him, whichever way. */
	return caller->uid_known ? q->object->uid == caller->uid : !q->allow;
}

static bool group_holds(const struct question *q)
{
	return id_ranges_have(&q->conditions->groups, q->object->gid);
}

static bool mode_max_holds(const struct question *q)
{
	return (q->object->mode & 07777 & ~q->conditions->mode_max) == 0;
}

static bool links_holds(const struct question *q)
{
	if (is_asked(q, POLICY_CONDITION_LINKS))
		return q->conditions->any_links || q->object->links == 1;
	/* A directory's links are not names that somebody else gave it. */
	return !q->allow || !(q->query->modes & MODES_CHANGING) || S_ISDIR(q->object->mode) ||
	       q->object->links == 1;
}

static bool max_size_holds(const struct question *q)
{
	return q->object->size <= q->conditions->max_size;
}

static bool device_holds(const struct question *q)
{
	if (!S_ISCHR(q->object->mode) && !S_ISBLK(q->object->mode))
		return false;
	for (size_t i = 0; i < q->conditions->n_devices; i++) {
		const struct device_range *device = &q->conditions->devices[i];

		if (device->major == major(q->object->rdev) &&
		    (device->any_minor || device->minor == minor(q->object->rdev)))
			return true;
	}
	return false;
}

static bool fs_is_named(const struct question *q)
{
	for (size_t i = 0; i < q->conditions->n_fs_magics; i++)
		if (q->conditions->fs_magics[i] == q->object->fs_magic)
			return true;
	return false;
}

static bool fs_holds(const struct question *q)
{
	enum fstype type = fstype_of(q->object->fs_magic);
	bool asked = is_asked(q, POLICY_CONDITION_FS);

	if (asked && fs_is_named(q))
		return !q->allow || type != FSTYPE_KERNEL ||
		       (!q->as_root && !(q->query->modes & ~(uint32_t)MODES_LOOKING));
	if (asked)
		return (q->conditions->fs_any && (type != FSTYPE_KERNEL || !q->allow)) ||
		       (q->conditions->fs_local && type == FSTYPE_LOCAL);
	return !q->allow || type == FSTYPE_LOCAL || type == FSTYPE_NETWORK;
}

/* As the kernel would act: a mount is read-only too where its file system is (statfs(2)). */
static bool mount_holds(const struct question *q)
{
	return (q->conditions->mount_flags & ~q->object->mount_flags) == 0;
}

/* In the order in which the first that fails is told. The opener asks those behind them. */
static bool (*const checks[])(const struct question *q) = {
	[POLICY_CONDITION_TYPE] = type_holds,	     [POLICY_CONDITION_OWNER] = owner_holds,
	[POLICY_CONDITION_FILE_GROUP] = group_holds, [POLICY_CONDITION_MODE_MAX] = mode_max_holds,
	[POLICY_CONDITION_LINKS] = links_holds,	     [POLICY_CONDITION_MAX_SIZE] = max_size_holds,
	[POLICY_CONDITION_DEVICE] = device_holds,    [POLICY_CONDITION_FS] = fs_holds,
	[POLICY_CONDITION_MOUNT] = mount_holds,
};
static_assert(ELEMENTSOF(checks) == POLICY_CONDITION_MOUNTS,
	      "a check for every condition of objects");

#define BIT(condition) (UINT32_C(1) << (condition))

/* All that there are checks for. */
#define CHECKED (BIT(POLICY_CONDITION_MOUNTS) - BIT(POLICY_CONDITION_TYPE))
/* What an allow asks whatever it says. */
#define ALWAYS (BIT(POLICY_CONDITION_TYPE) | BIT(POLICY_CONDITION_LINKS) | BIT(POLICY_CONDITION_FS))
/* What it asks also of what is not there yet. */
#define OF_PLACE                                                                                   \
	(BIT(POLICY_CONDITION_TYPE) | BIT(POLICY_CONDITION_FS) | BIT(POLICY_CONDITION_MOUNT))

/* NONE if all hold. */
static enum policy_condition first_failing(const struct question *q)
{
	uint32_t asked = q->conditions->asked & CHECKED;

	if (q->allow)
		asked |= ALWAYS;
	if (q->allow && q->object->fresh && !q->object->named)
		asked &= OF_PLACE;
	for (; asked; asked &= asked - 1) {
		int condition = __builtin_ctz(asked);

		if (!checks[condition](q))
			return (enum policy_condition)condition;
	}
	return POLICY_CONDITION_NONE;
}

static bool denies(const struct policy_rule *deny, const struct policy_query *query,
		   const struct policy_object *object)
{
	const struct rule *rule = (const struct rule *)deny;
	struct question q = {
		.conditions = rule->conditions,
		.query = query,
		.object = object,
	};

	/* Most ask for a type that it is not. */
	if (is_asked(&q, POLICY_CONDITION_TYPE) && !is_of_types(&q))
		return false;
	if (rule->conditions->set_id && !(object->mode & (S_ISUID | S_ISGID)))
		return false;
	return first_failing(&q) == POLICY_CONDITION_NONE;
}

/* One that hides does so whatever others say, as among those that need not see the object; else the first
 * of the rules is told. */
static bool is_told_before(const struct policy_rule *deny, const struct policy_rule *found)
{
	if (!found)
		return true;
	return deny->hide == found->hide ? deny < found : deny->hide;
}

/* Of those of every name. */
static const struct policy_rule *find_standing(const struct candidates *candidates,
					       const struct policy_query *query,
					       const struct policy_object *object)
{
	const struct policy_rule *found = NULL;
	struct trie_uses standing;

	/* All other names are below "/". */
	if (!candidates->search || !query->path[1])
		return NULL;
	standing = search_standing(candidates->search);
	for (size_t i = 0; i < standing.n; i++) {
		const struct trie_use *use = &standing.items[i];
		const struct policy_rule *deny;

		if (search_concerns(query, use) == TRUTH_NO)
			continue;
		deny = &query->caller->policy->rules[use->rule].shown;
		if (is_told_before(deny, found) && denies(deny, query, object))
			found = deny;
	}
	return found;
}

static const struct policy_rule *find_deny(const struct candidates *candidates,
					   const struct policy_query *query,
					   const struct policy_object *object)
{
	const struct policy_rule *found = find_standing(candidates, query, object);

	for (size_t i = 0; i < candidates->n_denies; i++) {
		const struct policy_rule *deny = candidates->denies[i].rule;

		if (is_told_before(deny, found) && denies(deny, query, object))
			found = deny;
	}
	return found;
}

struct decision decide_object(const struct candidates *candidates, size_t i,
			      const struct policy_query *query, const struct policy_object *object)
{
	const struct rule *allow = (const struct rule *)candidates->allows[i].rule;
	struct question q = {
		.conditions = allow->conditions,
		.query = query,
		.object = object,
		.allow = true,
		.as_root = allow->shown.as_root,
	};
	struct decision decision = { .verdict = VERDICT_NEXT, .rule = &allow->shown };
	const struct policy_rule *deny = find_deny(candidates, query, object);

	if (deny)
		return (struct decision){ .verdict = VERDICT_DENY, .rule = deny };
	decision.condition = first_failing(&q);
	if (decision.condition == POLICY_CONDITION_NONE)
		decision.verdict = VERDICT_ALLOW;
	return decision;
}
