/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_CLOCK_H
#define FDB_BASE_CLOCK_H

#include <stdint.h>

#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)

/* Microseconds of CLOCK_MONOTONIC, which no clock step changes. */
uint64_t clock_monotonic_usec(void);

/* Microseconds since the epoch, UTC. For records and `until`, never for time-outs. */
uint64_t clock_realtime_usec(void);

/* @usec, what clock_realtime_usec() was some time ago, if to time(2) it is still as late: less than a tick of
 * the kernel's has gone by, some milliseconds. If not, what it is now. A sixth of the time. */
uint64_t clock_realtime_as_of(uint64_t usec);

/**
 * clock_wait() - wait for events on one descriptor until a deadline
 * @fd:		borrowed
 * @events:	as for poll(2)
 * @deadline_usec: CLOCK_MONOTONIC, in microseconds
 *
 * Signals do not prolong the wait.
 *
 * Return: the events seen (> 0), -ETIMEDOUT, or another -errno from poll(2).
 */
int clock_wait(int fd, short events, uint64_t deadline_usec);

/* Sleep until then, signals or not. */
void clock_sleep(uint64_t deadline_usec);

#endif
