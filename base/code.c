/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/code.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * MADV_DONTNEED throws away what was written to a private mapping, so that it matters which are asked for:
 * those that the program header of a file says are not to be written to. The loader itself writes to one
 * only to relocate its code (DT_TEXTREL); what it relocates and protects then (PT_GNU_RELRO) is a part of
 * one that is to be written to. MADV_COLD unmaps nothing, and MADV_PAGEOUT neither unless the file is the
 * caller's own, nor what another process has mapped too (madvise(2)).
 */

static bool is_relocated(const struct dl_phdr_info *object, const ElfW(Phdr) * dynamic)
{
	const ElfW(Dyn) *entry = (const void *)(object->dlpi_addr + dynamic->p_vaddr);

	for (; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_TEXTREL ||
		    (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
			return true;
	return false;
}

static bool has_written_code(const struct dl_phdr_info *object)
{
	for (size_t i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_DYNAMIC &&
		    is_relocated(object, &object->dlpi_phdr[i]))
			return true;
	return false;
}

static void release(uintptr_t start, uintptr_t end)
{
	uintptr_t first = start & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	(void)madvise((void *)first, end - first, MADV_DONTNEED);
}

static int release_object(struct dl_phdr_info *object, size_t size, void *context)
{
	(void)size;
	(void)context;
	if (has_written_code(object))
		return 0;
	/* From behind: what tells of the others is in the first. */
	for (size_t i = object->dlpi_phnum; i-- > 0;) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t start = object->dlpi_addr + segment->p_vaddr;

		/* What is more than the file has, the loader filled with zeros. */
		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) &&
		    segment->p_memsz == segment->p_filesz)
			release(start, start + segment->p_memsz);
	}
	return 0;
}

void code_release(void)
{
	dl_iterate_phdr(release_object, NULL);
}
