/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The library is as lenient as open(2) where leniency is harmless, since
 * programs rely on it; the wire is strict, and what cannot be said on it is
 * -EINVAL here. Never is a flag dropped that would give less protection or another file.
 *
 * O_EXCL with O_TMPFILE (tmpfile(3) sets both) forbids to link the file in
 * later. That is for its holder only, who needs not be held to it: dropped.
 */

#include "client/open_flags.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "base/macro.h"

/* glibc keeps the bits of the two compound flags to itself; open(2) knows them. */
#define KERNEL_SYNC    (O_SYNC & ~O_DSYNC)
#define KERNEL_TMPFILE (O_TMPFILE & ~O_DIRECTORY)
/* The kernel's bit: in glibc on x86_64 O_LARGEFILE is 0 with 64-bit offsets. */
#define KERNEL_LARGEFILE 0100000

/* Without effect on a descriptor from the broker, or always so. */
#define DROPPED (O_CLOEXEC | O_NOCTTY | O_LARGEFILE | KERNEL_LARGEFILE)

static const struct {
	int open;
	uint32_t wire;
} words[] = {
	{ O_APPEND, WIRE_OPEN_APPEND },	      { O_TRUNC, WIRE_OPEN_TRUNCATE },
	{ O_CREAT, WIRE_OPEN_CREATE },	      { O_EXCL, WIRE_OPEN_EXCLUSIVE },
	{ O_DIRECTORY, WIRE_OPEN_DIRECTORY }, { KERNEL_TMPFILE, WIRE_OPEN_TMPFILE },
	{ O_NOFOLLOW, WIRE_OPEN_NOFOLLOW },   { O_NONBLOCK, WIRE_OPEN_NONBLOCK },
	{ KERNEL_SYNC, WIRE_OPEN_SYNC },      { O_DSYNC, WIRE_OPEN_DSYNC },
};

static const uint32_t access_words[] = {
	[O_RDONLY] = WIRE_OPEN_READ,
	[O_WRONLY] = WIRE_OPEN_WRITE,
	[O_RDWR] = WIRE_OPEN_READ | WIRE_OPEN_WRITE,
};

/* Each flag has a word, or -EINVAL. */
static int translate(int flags, uint32_t *ret)
{
	unsigned access = (unsigned)(flags & O_ACCMODE);
	uint32_t wire = 0;

	if (access >= ELEMENTSOF(access_words))
		return -EINVAL;
	wire = access_words[access];
	flags &= ~(O_ACCMODE | DROPPED);
	for (size_t i = 0; flags != 0 && i < ELEMENTSOF(words); i++)
		if (flags & words[i].open) {
			wire |= words[i].wire;
			flags &= ~words[i].open;
		}
	if (flags != 0)
		return -EINVAL;
	*ret = wire;
	return 0;
}

/* Drop what means nothing beside the other flags. */
static uint32_t simplify(uint32_t wire)
{
	if (!(wire & WIRE_OPEN_CREATE))
		wire &= ~(uint32_t)WIRE_OPEN_EXCLUSIVE;
	if (!(wire & WIRE_OPEN_WRITE))
		wire &= ~(uint32_t)WIRE_OPEN_APPEND;
	if (wire & WIRE_OPEN_SYNC)
		wire &= ~(uint32_t)WIRE_OPEN_DSYNC;
	return wire;
}

/* The combinations that open(2) refuses, and O_RDONLY|O_TRUNC, whose effect it leaves open. */
static int check_combination(uint32_t wire)
{
	if ((wire & WIRE_OPEN_TRUNCATE) && !(wire & WIRE_OPEN_WRITE))
		return -EINVAL;
	if (wire & WIRE_OPEN_TMPFILE) {
		bool sound = (wire & WIRE_OPEN_DIRECTORY) && (wire & WIRE_OPEN_WRITE) &&
			     !(wire & WIRE_OPEN_CREATE);

		return sound ? 0 : -EINVAL;
	}
	/* Linux 6.4: before, it made a regular file */
	if ((wire & WIRE_OPEN_DIRECTORY) && (wire & WIRE_OPEN_CREATE))
		return -EINVAL;
	return 0;
}

int open_flags_translate(int flags, mode_t mode, bool directory, struct wire_open *ret)
{
	uint32_t wire = 0;
	int r;

	r = translate(flags, &wire);
	if (r < 0)
		return r;
	wire = simplify(wire);
	r = check_combination(wire);
	if (r < 0)
		return r;

	if (wire & WIRE_OPEN_TMPFILE)
		wire &= ~(uint32_t)WIRE_OPEN_DIRECTORY; /* the new file is none */
	else if (directory)
		wire |= WIRE_OPEN_DIRECTORY;
	if ((wire & WIRE_OPEN_DIRECTORY) && (wire & (WIRE_OPEN_WRITE | WIRE_OPEN_CREATE)))
		return -EISDIR;

	ret->flags = wire;
	ret->mode = wire & (WIRE_OPEN_CREATE | WIRE_OPEN_TMPFILE) ? mode & 0777 : 0;
	return 0;
}
