/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/startup.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Loading, relocating, reading a policy and making a filter run through most of what is there, and a fault
 * maps sixteen pages at a time. Afterwards the kernel believes them in use, and takes them back
 * last.
 *
 * A segment that cannot be written has no relocations in it (elf(5): DF_TEXTREL, which no
 * library of a 64-bit distribution has), so that its file has all of it. RELRO is a part of one that can.
 */

static int forget(struct dl_phdr_info *object, size_t size, void *context)
{
	const uintptr_t page = *(const uintptr_t *)context;

	(void)size;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_filesz;

		/* A wish: what it is refused for stays as it is. */
		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

void startup_forget(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	dl_iterate_phdr(forget, &page);
}
