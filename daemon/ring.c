/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "wire/message.h"

/*
 * The two processes share nothing but this memory, and either may be in somebody's hands. So nothing
 * is read from it twice, and nothing that was read is used before it was compared with what can be.
 * Its size is sealed: reading what the other one has cut off would end this one (SIGBUS).
 *
 * head is stored after what it speaks of, and tail after that was copied (release; acquire on the other
 * side). Who says that it sleeps, and who has written, each look at the other's word behind a full
 * barrier: one of the two sees the other's.
 */

#define PREFIX sizeof(uint64_t)

static_assert(sizeof(struct ring_memory) == 1U << 16, "whole pages");
static_assert(RING_SIZE % PREFIX == 0, "a prefix is never cut in two");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "no lock that the other process could keep");

/* Of the ring, that an entry takes. */
static size_t room_of(size_t size)
{
	return PREFIX + (size + PREFIX - 1) / PREFIX * PREFIX;
}

int ring_create(void)
{
	static const int seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
	_cleanup_(fd_closep) int fd = fd_memory("fdbroker-ring");

	if (fd < 0)
		return fd;
	if (ftruncate(fd, sizeof(struct ring_memory)) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int map(int fd, struct ring_memory **ret)
{
	void *memory =
		mmap(NULL, sizeof(struct ring_memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*ret = memory;
	return 0;
}

static void unmap(struct ring_memory **memory)
{
	if (*memory)
		munmap(*memory, sizeof(struct ring_memory));
	*memory = NULL;
}

/* the writer */

int ring_writer_init(struct ring_writer *w, int fd, int bell)
{
	*w = (struct ring_writer){ .bell = bell };
	return map(fd, &w->memory);
}

void ring_writer_done(struct ring_writer *w)
{
	unmap(&w->memory);
}

static void put_size(struct ring_writer *w, size_t at, uint32_t size)
{
	memcpy(&w->memory->bytes[at], &size, sizeof(size));
}

/* To where an entry can stand whole. */
static void skip(struct ring_writer *w, size_t at, size_t n)
{
	if (n > 0)
		put_size(w, at, RING_SKIP);
	w->head += n;
}

void *ring_begin(struct ring_writer *w)
{
	const size_t room = room_of(RING_ENTRY_MAX);
	size_t at, left;

	if (!w->memory)
		return NULL;
	w->tail = atomic_load_explicit(&w->memory->tail, memory_order_acquire);
	w->unread = w->head - w->tail;
	if (w->unread == 0) {
		w->origin = w->head;
		atomic_store_explicit(&w->memory->origin, w->origin, memory_order_relaxed);
	}
	at = (w->head - w->origin) % RING_SIZE;
	left = RING_SIZE - at < room ? RING_SIZE - at : 0;
	if (w->unread > RING_SIZE || RING_SIZE - w->unread < left + room)
		return NULL;
	skip(w, at, left);
	return &w->memory->bytes[(at + left) % RING_SIZE + PREFIX];
}

static bool must_ring(const struct ring_writer *w)
{
	if (atomic_load_explicit(&w->memory->sleeps, memory_order_relaxed) != 0) {
		atomic_store_explicit(&w->memory->sleeps, 0, memory_order_relaxed);
		return true;
	}
	return w->unread < RING_MUCH && w->head - w->tail >= RING_MUCH;
}

void ring_end(struct ring_writer *w, size_t size)
{
	put_size(w, (w->head - w->origin) % RING_SIZE, (uint32_t)size);
	w->head += room_of(size);
	atomic_store_explicit(&w->memory->head, w->head, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	/* One that cannot be sent follows one that is not read yet, or nobody reads. */
	if (must_ring(w))
		(void)message_send(w->bell, "", 1, NULL);
}

/* the reader */

int ring_reader_init(struct ring_reader *r, int fd)
{
	int err;

	*r = (struct ring_reader){ 0 };
	err = map(fd, &r->memory);
	if (err < 0)
		return err;
	r->tail = r->end = atomic_load_explicit(&r->memory->tail, memory_order_relaxed);
	return 0;
}

void ring_reader_done(struct ring_reader *r)
{
	unmap(&r->memory);
}

int ring_look(struct ring_reader *r)
{
	r->end = atomic_load_explicit(&r->memory->head, memory_order_acquire);
	r->origin = atomic_load_explicit(&r->memory->origin, memory_order_relaxed);
	if (r->end - r->tail > RING_SIZE || (r->end | r->tail | r->origin) % PREFIX != 0)
		return -EBADMSG;
	return r->end != r->tail;
}

/* Once: the next look may see something else. */
static uint32_t get_size(const struct ring_reader *r, size_t at)
{
	return *(const volatile uint32_t *)(const void *)&r->memory->bytes[at];
}

static bool fits(uint32_t size, size_t at, uint64_t left)
{
	return size > 0 && size <= RING_ENTRY_MAX && room_of(size) <= left &&
	       room_of(size) <= RING_SIZE - at;
}

int ring_next(struct ring_reader *r, void *buffer)
{
	uint64_t left = r->end - r->tail;
	size_t at = (r->tail - r->origin) % RING_SIZE;
	uint32_t size;

	if (left == 0)
		return 0;
	size = get_size(r, at);
	if (size == RING_SKIP) {
		/* Never by itself, and never all of it. */
		if (at == 0 || RING_SIZE - at >= left)
			return -EBADMSG;
		left -= RING_SIZE - at;
		at = 0;
		size = get_size(r, at);
	}
	if (!fits(size, at, left))
		return -EBADMSG;
	memcpy(buffer, &r->memory->bytes[at + PREFIX], size);
	r->tail = r->end - left + room_of(size);
	atomic_store_explicit(&r->memory->tail, r->tail, memory_order_release);
	return (int)size;
}

bool ring_sleep(struct ring_reader *r)
{
	atomic_store_explicit(&r->memory->sleeps, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(&r->memory->head, memory_order_relaxed) == r->tail;
}

void ring_wake(struct ring_reader *r)
{
	atomic_store_explicit(&r->memory->sleeps, 0, memory_order_relaxed);
}
