/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_LOCK_H
#define FDB_BASE_LOCK_H

/*
 * What threads of a process wait for: a lock, and a bell. Who takes a lock that nobody has, and gives it
 * back while nobody waits for it, pays for one locked instruction each time and for no call; where there
 * is no other thread, for none. No thread is cancelled here (pthreads(7)).
 *
 * All zeros is a lock that is free, and a bell that was not rung. There is nothing to destroy.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/single_threaded.h> /* glibc 2.32 */

struct lock {
	_Atomic(uint32_t) state;
};

struct bell {
	_Atomic(uint32_t) rung;
};

static inline void lock_take(struct lock *lock);
static inline void lock_release(struct lock *lock);

/* Sleep until it is rung, which it is once. */
void bell_await(struct bell *bell);

/* Who waits may be gone, and the bell with him, before this returns. */
void bell_ring(struct bell *bell);

/* What the two below do if they are not alone. */
void lock_wait(struct lock *lock);
void lock_wake(struct lock *lock);

enum lock_state {
	LOCK_FREE = 0,
	LOCK_TAKEN = 1,
	LOCK_AWAITED = 2, /* taken, and somebody may sleep until it is free */
};

/* Of two steps, which nobody can come between: there is nobody, and pthread_create(3) shows a new thread all
 * that was done before it. */
static inline bool lock_take_alone(struct lock *lock)
{
	if (atomic_load_explicit(&lock->state, memory_order_relaxed) != LOCK_FREE)
		return false;
	atomic_store_explicit(&lock->state, LOCK_TAKEN, memory_order_relaxed);
	return true;
}

static inline void lock_take(struct lock *lock)
{
	uint32_t state = LOCK_FREE;

	if (__libc_single_threaded && lock_take_alone(lock))
		return;
	if (!atomic_compare_exchange_strong_explicit(&lock->state, &state, LOCK_TAKEN,
						     memory_order_acquire, memory_order_relaxed))
		lock_wait(lock);
}

static inline void lock_release(struct lock *lock)
{
	if (__libc_single_threaded)
		atomic_store_explicit(&lock->state, LOCK_FREE, memory_order_relaxed);
	else if (atomic_exchange_explicit(&lock->state, LOCK_FREE, memory_order_release) ==
		 LOCK_AWAITED)
		lock_wake(lock);
}

#endif
