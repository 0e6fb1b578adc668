/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The numbers are those of statfs(2) and of the kernel's include/uapi/linux/magic.h;
 * those that not every libc's copy of it has are written out. Several names may
 * share a number (ext2, ext3 and ext4; all of FUSE).
 *
 * The kernel gets new ones with each release, most of them interfaces to itself. So it is
 * the harmless ones that must be known: another counts as the kernel's own.
 * Each grant asks for the type of one: those that most files are on come first.
 */
#include "policy/fstype.h"

#include <errno.h>
#include <linux/magic.h>
#include <stddef.h>
#include <string.h>

#include "base/macro.h"

static const struct {
	const char *name;
	uint32_t magic;
	enum fstype type;
} table[] = {
	{ "ext4", EXT4_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "xfs", 0x58465342, FSTYPE_LOCAL },
	{ "btrfs", BTRFS_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "tmpfs", TMPFS_MAGIC, FSTYPE_LOCAL }, /* devtmpfs, too */
	{ "overlay", OVERLAYFS_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "ext3", EXT3_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "ext2", EXT2_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "f2fs", F2FS_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "zfs", 0x2fc12fc1, FSTYPE_LOCAL },
	{ "bcachefs", 0xca451a4e, FSTYPE_LOCAL },
	{ "jfs", 0x3153464a, FSTYPE_LOCAL },
	{ "nilfs2", NILFS_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "reiserfs", REISERFS_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "ramfs", RAMFS_MAGIC, FSTYPE_LOCAL },
	{ "ecryptfs", ECRYPTFS_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "squashfs", SQUASHFS_MAGIC, FSTYPE_LOCAL },
	{ "erofs", 0xe0f5e1e2, FSTYPE_LOCAL },
	{ "cramfs", CRAMFS_MAGIC, FSTYPE_LOCAL },
	{ "jffs2", JFFS2_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "ubifs", 0x24051905, FSTYPE_LOCAL },
	{ "vfat", MSDOS_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "exfat", 0x2011bab0, FSTYPE_LOCAL },
	{ "ntfs3", 0x7366746e, FSTYPE_LOCAL },
	{ "hfsplus", 0x482b, FSTYPE_LOCAL },
	{ "iso9660", ISOFS_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "udf", 0x15013346, FSTYPE_LOCAL },
	{ "minix", MINIX_SUPER_MAGIC, FSTYPE_LOCAL },
	{ "nfs", NFS_SUPER_MAGIC, FSTYPE_NETWORK },
	{ "cifs", 0xff534d42, FSTYPE_NETWORK },
	{ "smb2", 0xfe534d42, FSTYPE_NETWORK },
	{ "afs", AFS_SUPER_MAGIC, FSTYPE_NETWORK },
	{ "ceph", 0x00c36400, FSTYPE_NETWORK },
	{ "9p", V9FS_MAGIC, FSTYPE_NETWORK },
	{ "coda", CODA_SUPER_MAGIC, FSTYPE_NETWORK },
	{ "gfs2", 0x01161970, FSTYPE_NETWORK },
	{ "ocfs2", 0x7461636f, FSTYPE_NETWORK },
	{ "lustre", 0x0bd00bd0, FSTYPE_NETWORK },
	{ "orangefs", 0x20030528, FSTYPE_NETWORK },
	{ "fuse", 0x65735546, FSTYPE_USER },
	{ "autofs", AUTOFS_SUPER_MAGIC, FSTYPE_USER },
	/* Named to be nameable: what is in no row is as these are. */
	{ "proc", PROC_SUPER_MAGIC, FSTYPE_KERNEL },
	{ "sysfs", SYSFS_MAGIC, FSTYPE_KERNEL },
	{ "cgroup", CGROUP_SUPER_MAGIC, FSTYPE_KERNEL },
	{ "cgroup2", CGROUP2_SUPER_MAGIC, FSTYPE_KERNEL },
	{ "debugfs", DEBUGFS_MAGIC, FSTYPE_KERNEL },
	{ "tracefs", TRACEFS_MAGIC, FSTYPE_KERNEL },
	{ "securityfs", SECURITYFS_MAGIC, FSTYPE_KERNEL },
	{ "selinuxfs", SELINUX_MAGIC, FSTYPE_KERNEL },
	{ "smackfs", SMACK_MAGIC, FSTYPE_KERNEL },
	{ "bpf", BPF_FS_MAGIC, FSTYPE_KERNEL },
	{ "configfs", 0x62656570, FSTYPE_KERNEL },
	{ "efivarfs", EFIVARFS_MAGIC, FSTYPE_KERNEL },
	{ "pstore", PSTOREFS_MAGIC, FSTYPE_KERNEL },
	{ "binfmt_misc", BINFMTFS_MAGIC, FSTYPE_KERNEL },
	{ "fusectl", 0x65735543, FSTYPE_KERNEL },
	{ "nfsd", 0x6e667364, FSTYPE_KERNEL },
	{ "rpc_pipefs", 0x67596969, FSTYPE_KERNEL },
	{ "resctrl", RDTGROUP_SUPER_MAGIC, FSTYPE_KERNEL },
	{ "xenfs", XENFS_SUPER_MAGIC, FSTYPE_KERNEL },
	{ "devpts", DEVPTS_SUPER_MAGIC, FSTYPE_KERNEL },
	{ "mqueue", 0x19800202, FSTYPE_KERNEL },
	{ "hugetlbfs", HUGETLBFS_MAGIC, FSTYPE_KERNEL },
	{ "binder", 0x6c6f6f70, FSTYPE_KERNEL },
	{ "functionfs", 0xa647361, FSTYPE_KERNEL },
	{ "nsfs", NSFS_MAGIC, FSTYPE_KERNEL },
	{ "pidfs", 0x50494446, FSTYPE_KERNEL },
	{ "anon_inode", ANON_INODE_FS_MAGIC, FSTYPE_KERNEL },
	{ "sockfs", SOCKFS_MAGIC, FSTYPE_KERNEL },
	{ "pipefs", PIPEFS_MAGIC, FSTYPE_KERNEL },
	{ "secretmem", 0x5345434d, FSTYPE_KERNEL },
};

enum fstype fstype_of(uint32_t magic)
{
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		if (table[i].magic == magic)
			return table[i].type;
	return FSTYPE_KERNEL;
}

int fstype_magic(const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		if (strcmp(table[i].name, name) == 0) {
			*ret = table[i].magic;
			return 0;
		}
	}
	return -EINVAL;
}

const char *fstype_name(uint32_t magic)
{
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		if (table[i].magic == magic)
			return table[i].name;
	return NULL;
}
