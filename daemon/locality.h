/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_LOCALITY_H
#define FDB_DAEMON_LOCALITY_H

/*
 * Which local file system a mount is of, so that nobody has to be asked twice: statx(2) tells the
 * mount from memory, and fstatfs(2) asks whoever serves the file system, who may hang.
 *
 * Any thread may call any of these at any time.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LOCALITY_PLACES 1024U /* mounts remembered; one more makes another be learnt again */

struct locality {
	_Atomic(uint64_t) mounts[LOCALITY_PLACES]; /* 0: none */
};

/* @mount: a number that means one mount, as long as that is remembered; not 0. */
bool locality_recall(const struct locality *locality, uint32_t mount, uint32_t *ret_magic);

/* @magic: fstatfs(2), f_type. What is not local is not remembered. */
void locality_learn(struct locality *locality, uint32_t mount, uint32_t magic);

/* The mount of @fd, which may be O_PATH, by what this kernel knows of it: nobody is asked. Nothing is
 * learnt before Linux 6.8. Before confinement. */
void locality_learn_at(struct locality *locality, int fd);

/* Answered by this kernel alone, from a disk or from memory: an open of what is cached there
 * returns at once. */
bool locality_is_local(uint32_t magic);

#endif
