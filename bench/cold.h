/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_COLD_H
#define FDB_BENCH_COLD_H

/*
 * Files whose names the kernel does not have in its cache: on a file system of their own, which is
 * mounted anew before each round. Its blocks are in memory; what is measured is the
 * way that is taken when a look-up would have to wait, not a disk.
 */

#include "bench/stage.h"

#define COLD_FILES 500U

struct cold {
	char image[STAGE_PATH_MAX];
	const char *place; /* borrowed */
	char paths[COLD_FILES][STAGE_PATH_MAX];
	pid_t keeper_pid; /* root's, who mounts it */
	int keeper;
};

/* 0, or -errno where there is no mkfs.ext4, mount or loop device. */
int cold_init(struct cold *cold, const struct stage *stage);
void cold_done(struct cold *cold);

/* Forget the names, whoever one is. */
void cold_forget(const struct cold *cold);

#endif
