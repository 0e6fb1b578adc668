/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The lock is the third of Ulrich Drepper's "Futexes Are Tricky" (2011): who has slept for it takes it as
 * one that is awaited, since he cannot know whether others sleep, too.
 */
#include "base/lock.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Returns for any reason, or none: whoever calls looks again. */
static void sleep_while(_Atomic(uint32_t) *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL);
}

/* Where nobody sleeps any more, nobody is woken; the word is not looked at. */
static void wake_one(_Atomic(uint32_t) *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

void lock_wait(struct lock *lock)
{
	while (atomic_exchange_explicit(&lock->state, LOCK_AWAITED, memory_order_acquire) !=
	       LOCK_FREE)
		sleep_while(&lock->state, LOCK_AWAITED);
}

void lock_wake(struct lock *lock)
{
	wake_one(&lock->state);
}

void bell_await(struct bell *bell)
{
	while (atomic_load_explicit(&bell->rung, memory_order_acquire) == 0)
		sleep_while(&bell->rung, 0);
}

void bell_ring(struct bell *bell)
{
	atomic_store_explicit(&bell->rung, 1, memory_order_release);
	wake_one(&bell->rung);
}
