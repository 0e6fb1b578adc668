/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

static uint64_t now_usec(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_monotonic_usec(void)
{
	return now_usec(CLOCK_MONOTONIC);
}

uint64_t clock_realtime_usec(void)
{
	return now_usec(CLOCK_REALTIME);
}

/* By so much the kernel's clock goes on at once, or less (CONFIG_HZ). */
#define TICK_USEC (10 * USEC_PER_MSEC)

/* clock_gettime(2): the coarse clock stands still between ticks. Whoever sets it back is noticed too. */
uint64_t clock_realtime_as_of(uint64_t usec)
{
	uint64_t since_tick = usec - now_usec(CLOCK_REALTIME_COARSE);

	return since_tick < TICK_USEC ? usec : clock_realtime_usec();
}

int clock_wait(int fd, short events, uint64_t deadline_usec)
{
	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = events };
		uint64_t now = clock_monotonic_usec();
		uint64_t left = deadline_usec > now ? deadline_usec - now : 0;
		struct timespec ts = {
			.tv_sec = (time_t)(left / USEC_PER_SEC),
			.tv_nsec = (long)(left % USEC_PER_SEC) * 1000,
		};
		int n = ppoll(&pfd, 1, &ts, NULL);

		if (n > 0)
			return pfd.revents;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

void clock_sleep(uint64_t deadline_usec)
{
	const struct timespec until = {
		.tv_sec = (time_t)(deadline_usec / USEC_PER_SEC),
		.tv_nsec = (long)(deadline_usec % USEC_PER_SEC * 1000),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		continue;
}
