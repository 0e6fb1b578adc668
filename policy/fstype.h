/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_FSTYPE_H
#define FDB_POLICY_FSTYPE_H

/* File systems by statfs(2)'s f_type: how far what they say can be trusted. */

#include <stdint.h>

enum fstype {
	FSTYPE_LOCAL,	/* the kernel answers, from a disk or from memory */
	FSTYPE_NETWORK, /* another machine answers */
	FSTYPE_USER,	/* a process answers, or a look alone changes something: FUSE, autofs */
	FSTYPE_KERNEL,	/* the files are the kernel's own state */
};

/* What is not in the table is KERNEL: nobody has said that it is harmless. */
enum fstype fstype_of(uint32_t magic);

/* "ext4". 0 or -EINVAL. */
int fstype_magic(const char *name, uint32_t *ret);

/* The first of the names that share a number, or NULL. */
const char *fstype_name(uint32_t magic);

#endif
