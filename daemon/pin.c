/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "base/kernel.h"
#include "base/macro.h"
#include "daemon/opening.h"

/* What a descriptor is open on: two calls, and one where the second's answer is known. */

/* Bytes, of a file or of what is cached of its holes. Whatever is smaller is freed in some 0.3 ms (ext4),
 * unless it is in as many pieces as it has blocks. */
#define LARGE (UINT64_C(256) << 10)

static int would_block(struct opening *o)
{
	return opening_may_block(o) == STEP_GO ? 0 : -EAGAIN;
}

/*
 * A number for the mount. The unique one, since Linux 6.8, is never another's, and a mount is of
 * one file system as long as it is there. Before that, the device's number is a guess, of whether
 * asking may block: it comes to be used again.
 */
static uint32_t mount_number(const struct statx *sx, bool *ret_is_certain)
{
	*ret_is_certain = sx->stx_mask & STATX_MNT_ID_UNIQUE && sx->stx_mnt_id <= UINT32_MAX;
	return *ret_is_certain ? (uint32_t)sx->stx_mnt_id
			       : sx->stx_dev_major << 20 | sx->stx_dev_minor;
}

/* Whether anybody judges by the mount's flags, which change as long as it is there. */
static bool asks_mount(const struct opening *o)
{
	return policy_summary(o->opener->shared.policy)->asks_mount || o->order->trace;
}

/* fstatfs(2) asks whoever serves the file system; statx(2) with AT_STATX_DONT_SYNC does not. */
static int learn_place(struct opening *o, const struct statx *sx, struct pin *pin)
{
	struct locality *locality = o->opener->shared.locality;
	bool is_certain, is_known;
	uint32_t mount = mount_number(sx, &is_certain), magic = 0;
	struct statfs fs _uninitialized_;
	int r;

	is_known = locality_recall(locality, mount, &magic);
	pin->object.fs_magic = magic;
	pin->is_local = is_known && locality_is_local(magic);
	if (is_known && is_certain && !asks_mount(o))
		return 0;
	r = pin->is_local ? 0 : would_block(o);
	if (r < 0)
		return r;
	if (fstatfs(pin->fd, &fs) < 0)
		return -errno;
	locality_learn(locality, mount, (uint32_t)fs.f_type);
	pin->is_local = locality_is_local((uint32_t)fs.f_type);
	pin->object.fs_magic = (uint32_t)fs.f_type;
	pin->object.mount_flags = (uint32_t)fs.f_flags;
	return 0;
}

int pin_fill(struct opening *o, struct pin *pin)
{
	const uint32_t mounts = STATX_MNT_ID | STATX_MNT_ID_UNIQUE;
	struct statx sx _uninitialized_;
	int r;

	r = fd_statx(pin->fd, STATX_BASIC_STATS | mounts, &sx);
	if (r < 0)
		return r;
	if (!(sx.stx_mask & mounts))
		return -ENOSYS;
	pin->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	pin->ino = sx.stx_ino;
	pin->mount = sx.stx_mnt_id;
	pin->is_large = sx.stx_size >= LARGE || sx.stx_blocks >= LARGE / 512;
	pin->object = (struct policy_object){
		.mode = sx.stx_mode,
		.uid = sx.stx_uid,
		.gid = sx.stx_gid,
		.links = sx.stx_nlink,
		.size = sx.stx_size,
		.rdev = makedev(sx.stx_rdev_major, sx.stx_rdev_minor),
	};
	return learn_place(o, &sx, pin);
}

void pin_done(struct pin *pin)
{
	pin->fd = fd_close(pin->fd);
}
