/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The time of day, stopped where a test wants it: preloaded into the daemon, it gives for CLOCK_REALTIME and
 * CLOCK_REALTIME_COARSE the first and the second number in the file $FAKE_CLOCK, microseconds that the test may
 * change at any time. What goes on by itself, as CLOCK_MONOTONIC does, goes on.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const _Atomic(uint64_t) *times;
static __typeof__(clock_gettime) *libcs;

/* While it may still open files, and before it has a thread. */
__attribute__((constructor)) static void begin(void)
{
	int fd = open(getenv("FAKE_CLOCK"), O_RDONLY | O_CLOEXEC);
	void *map = mmap(NULL, 2 * sizeof(*times), PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		abort();
	close(fd);
	times = map;
	libcs = (__typeof__(libcs))dlsym(RTLD_NEXT, "clock_gettime");
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
	uint64_t usec;

	/* Other libraries begin before this one does. */
	if (!times || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return libcs ? libcs(clock, ret) : -1;
	usec = atomic_load(&times[clock == CLOCK_REALTIME_COARSE]);
	*ret = (struct timespec){ .tv_sec = (time_t)(usec / 1000000),
				  .tv_nsec = (long)(usec % 1000000 * 1000) };
	return 0;
}
