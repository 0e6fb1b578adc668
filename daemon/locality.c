/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/locality.h"

#include <stddef.h>

#include "policy/fstype.h"

/*
 * By device, because statx(2) tells that from memory even where fstatfs(2) would ask a server that
 * hangs. Each device has one place, and the last one that was learnt is in it. The values stand
 * for themselves, so that no order among them has to be kept.
 */

static size_t place_of(uint64_t device)
{
	return (size_t)((device * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % LOCALITY_PLACES;
}

bool locality_knows(const struct locality *locality, uint64_t device)
{
	return atomic_load_explicit(&locality->devices[place_of(device)], memory_order_relaxed) ==
	       device;
}

bool locality_learn(struct locality *locality, uint64_t device, uint32_t magic)
{
	bool is_local = fstype_of(magic) == FSTYPE_LOCAL, known = locality_knows(locality, device);

	if (is_local != known)
		atomic_store_explicit(&locality->devices[place_of(device)], is_local ? device : 0,
				      memory_order_relaxed);
	return is_local;
}
