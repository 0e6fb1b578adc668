/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/observed.h"

#include <inttypes.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "base/macro.h"
#include "ctl/names.h"
#include "policy/fstype.h"

static void add_type(const struct policy_object *object, struct text *out)
{
	static const char *const types[] = {
		[S_IFREG >> 12] = "a regular file",  [S_IFDIR >> 12] = "a directory",
		[S_IFLNK >> 12] = "a symbolic link", [S_IFCHR >> 12] = "a character device",
		[S_IFBLK >> 12] = "a block device",  [S_IFIFO >> 12] = "a FIFO",
		[S_IFSOCK >> 12] = "a socket",
	};
	size_t type = (object->mode & S_IFMT) >> 12;

	text_printf(out, "it is %s",
		    type < ELEMENTSOF(types) && types[type] ? types[type] : "of no known type");
}

static void add_owner(const struct policy_object *object, struct text *out)
{
	text_puts(out, "its owner is ");
	names_add_user(out, object->uid);
}

static void add_group(const struct policy_object *object, struct text *out)
{
	text_puts(out, "its group is ");
	names_add_group(out, object->gid);
}

static void add_mode(const struct policy_object *object, struct text *out)
{
	text_printf(out, "its mode is %04o", (unsigned int)object->mode & 07777);
}

static void add_links(const struct policy_object *object, struct text *out)
{
	text_printf(out, "it has %" PRIu64 " names", object->links);
}

static void add_size(const struct policy_object *object, struct text *out)
{
	text_printf(out, "it has %" PRIu64 " bytes", object->size);
}

static void add_device(const struct policy_object *object, struct text *out)
{
	if (S_ISCHR(object->mode) || S_ISBLK(object->mode))
		text_printf(out, "it is device %u:%u", major(object->rdev), minor(object->rdev));
	else
		text_puts(out, "it is no device");
}

static void add_fs(const struct policy_object *object, struct text *out)
{
	const char *name = fstype_name(object->fs_magic);

	if (name)
		text_printf(out, "it is on %s", name);
	else
		text_printf(out, "it is on a file system of type 0x%" PRIx32, object->fs_magic);
}

static void add_mount(const struct policy_object *object, struct text *out)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} flags[] = {
		{ ST_NOEXEC, "noexec" },
		{ ST_NOSUID, "nosuid" },
		{ ST_NODEV, "nodev" },
		{ ST_RDONLY, "ro" },
	};
	const char *before = "it is mounted ";

	for (size_t i = 0; i < ELEMENTSOF(flags); i++)
		if (object->mount_flags & flags[i].flag) {
			text_printf(out, "%s%s", before, flags[i].word);
			before = ", ";
		}
	if (before[0] == 'i')
		text_puts(out, "it is mounted without such flags");
}

void observed_add(enum policy_condition condition, const struct policy_object *object,
		  struct text *out)
{
	static void (*const adds[POLICY_CONDITION_MAX])(const struct policy_object *,
							struct text *) = {
		[POLICY_CONDITION_TYPE] = add_type,	   [POLICY_CONDITION_OWNER] = add_owner,
		[POLICY_CONDITION_FILE_GROUP] = add_group, [POLICY_CONDITION_MODE_MAX] = add_mode,
		[POLICY_CONDITION_LINKS] = add_links,	   [POLICY_CONDITION_MAX_SIZE] = add_size,
		[POLICY_CONDITION_DEVICE] = add_device,	   [POLICY_CONDITION_FS] = add_fs,
		[POLICY_CONDITION_MOUNT] = add_mount,
	};

	if (adds[condition])
		adds[condition](object, out);
}
