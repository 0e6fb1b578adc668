/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_LOCALITY_H
#define FDB_DAEMON_LOCALITY_H

/*
 * Which file systems are known to be answered by this kernel alone, from a disk or from memory, so
 * that an open of what is cached there returns at once. A guess: device numbers come to be used
 * again. Whoever acts on it must bear that it is wrong now and then.
 *
 * Any thread may call any of these at any time.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LOCALITY_PLACES 64U /* file systems remembered; one more makes another be learnt again */

struct locality {
	_Atomic(uint64_t) devices[LOCALITY_PLACES]; /* 0: none */
};

bool locality_knows(const struct locality *locality, uint64_t device);

/* @magic: what fstatfs(2) says of the file system on @device. Whether it is local. */
bool locality_learn(struct locality *locality, uint64_t device, uint32_t magic);

#endif
