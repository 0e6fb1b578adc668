/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A page that the kernel hands to a child full of zeros, whatever made the child: madvise(2),
 * MADV_WIPEONFORK, Linux 4.14. To compare pids would not do: the child of PID 1 is
 * PID 1 in a new namespace, and pids come again. pthread_atfork(3) handlers do not
 * run for clone(2).
 */

#include "client/forkmark.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

struct forkmark {
	volatile pid_t pid;
};

struct forkmark *forkmark_new(void)
{
	struct forkmark *mark = mmap(NULL, sizeof(*mark), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mark == MAP_FAILED)
		return NULL;
	if (madvise(mark, sizeof(*mark), MADV_WIPEONFORK) < 0)
		return forkmark_free(mark);
	mark->pid = getpid();
	return mark;
}

bool forkmark_is_ours(const struct forkmark *mark)
{
	return mark->pid != 0;
}

pid_t forkmark_pid(const struct forkmark *mark)
{
	return mark->pid;
}

struct forkmark *forkmark_free(struct forkmark *mark)
{
	if (mark)
		munmap(mark, sizeof(*mark));
	return NULL;
}
