/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macro.h"

#define STACK_SIZE  (128U * 1024) /* looked at: the kernel maps nothing that near below a stack */
#define TABLE_BYTES (16 * 1024)	  /* of a table that is mapped by itself, and not cleared */

/* Ahead of what is asked for, untouched, and by itself too little for a table. With none, each page more of
 * a heap that grows is a system call. */
#define TOP_PAD_BYTES (TABLE_BYTES / 2)

/* Below what this function calls by: a page more than it is in. What is not mapped there is no loss.
 * Not inlined: in its caller's frame, all that the caller has would be below. */
static _noinline_ void release_stack(void)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	const uintptr_t end = (here & ~(page - 1)) - page;

	(void)madvise((void *)(end - STACK_SIZE), STACK_SIZE, MADV_DONTNEED);
}

void memory_release(void)
{
	malloc_trim(0);
	release_stack();
}

void memory_be_frugal(void)
{
	mallopt(M_TOP_PAD, TOP_PAD_BYTES);
	mallopt(M_MMAP_THRESHOLD, TABLE_BYTES);
}
