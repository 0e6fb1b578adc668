/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/locality.h"

#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "policy/fstype.h"

/*
 * Each mount has one place, and the last local one that was learnt is in it: its number above, its
 * file system below. One word says both, so that no order among words has to be kept.
 *
 * Only local ones: users can mount their own file systems, and those would take the places of all.
 */

static size_t place_of(uint32_t mount)
{
	return (size_t)((mount * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % LOCALITY_PLACES;
}

bool locality_recall(const struct locality *locality, uint32_t mount, uint32_t *ret_magic)
{
	uint64_t known =
		atomic_load_explicit(&locality->mounts[place_of(mount)], memory_order_relaxed);

	if (known >> 32 != mount)
		return false;
	*ret_magic = (uint32_t)known;
	return true;
}

void locality_learn(struct locality *locality, uint32_t mount, uint32_t magic)
{
	_Atomic(uint64_t) *place = &locality->mounts[place_of(mount)];
	uint32_t known;

	if (locality_is_local(magic))
		atomic_store_explicit(place, (uint64_t)mount << 32 | magic, memory_order_relaxed);
	else if (locality_recall(locality, mount, &known))
		atomic_store_explicit(place, 0, memory_order_relaxed);
}

/* struct mnt_id_req and how struct statmount begins: linux/mount.h, Linux 6.8 */
struct mount_asked {
	uint32_t size, spare;
	uint64_t mount, what;
};
struct mount_told {
	uint32_t size, spare;
	uint64_t what;
	uint32_t dev_major, dev_minor;
	uint64_t magic;
};

void locality_learn_at(struct locality *locality, int fd)
{
	struct mount_asked asked = { .size = sizeof(asked), .what = STATMOUNT_SB_BASIC };
	struct mount_told told = { 0 };
	struct statx sx;

	if (fd_statx(fd, STATX_MNT_ID_UNIQUE, &sx) < 0 || !(sx.stx_mask & STATX_MNT_ID_UNIQUE) ||
	    sx.stx_mnt_id > UINT32_MAX)
		return;
	asked.mount = sx.stx_mnt_id;
	if (syscall(SYS_statmount, &asked, &told, sizeof(told), 0) == 0 &&
	    told.what & STATMOUNT_SB_BASIC)
		locality_learn(locality, (uint32_t)sx.stx_mnt_id, (uint32_t)told.magic);
}

bool locality_is_local(uint32_t magic)
{
	return fstype_of(magic) == FSTYPE_LOCAL;
}
