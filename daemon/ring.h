/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_RING_H
#define FDB_DAEMON_RING_H

/*
 * Entries on their way from one process to another without a system call: a ring in memory that
 * both have mapped. A broker writes its audit records there, with the lock of workers.h, and the
 * audit process reads them. It is small; what has no room in it is its owner's to send otherwise.
 *
 * Neither trusts the other, and each keeps its own place. What the other one says of his is a
 * claim: nonsense means to the writer that there is no room, and to the reader the end.
 *
 * The reader says when it sleeps, and is woken by a message on a socket, the bell. One that is
 * awake is only told when there is much.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_ENTRY_MAX 8192U  /* bytes of an entry */
#define RING_MUCH      32768U /* bytes that are not read: then the bell is rung all the same */

/*
 * Positions are bytes since the start, and never go back; an entry stands at (position - origin) %
 * RING_SIZE and begins with its size: u32, u32 of nothing, at 8. No entry is cut in two: in the place of
 * one for which the end of the ring has no room is RING_SKIP, and it stands at the first byte. Whenever
 * all is read the writer begins there too: memory that was never needed is none.
 */
#define RING_SIZE ((1U << 16) - 128U)
#define RING_SKIP UINT32_MAX

struct ring_memory {
	_Alignas(64) _Atomic uint64_t head; /* the writer's: so far it has written */
	_Atomic uint64_t origin;	    /* the writer's; changes while all is read */
	_Alignas(64) _Atomic uint64_t tail; /* the reader's: so far it has read */
	_Atomic uint32_t sleeps;	    /* the reader's, until the writer has rung */
	_Alignas(64) uint8_t bytes[RING_SIZE];
};

/* A descriptor of it, of a size that nobody can change, the caller's; or -errno. */
int ring_create(void);

struct ring_writer {
	struct ring_memory *memory; /* mapped; NULL: there is no ring */
	int bell;		    /* borrowed */
	uint64_t head, origin;
	uint64_t tail, unread; /* as ring_begin() saw it */
};

struct ring_reader {
	struct ring_memory *memory; /* mapped */
	uint64_t tail, end, origin;
};

/* Map it; @fd is borrowed, and of no use afterwards. 0 or -errno. */
int ring_writer_init(struct ring_writer *w, int fd, int bell);
void ring_writer_done(struct ring_writer *w);

/* Where an entry of RING_ENTRY_MAX bytes has room; NULL: nowhere. It is nobody's until ring_end(). */
void *ring_begin(struct ring_writer *w);
/* @size bytes are there, >= 1. */
void ring_end(struct ring_writer *w, size_t size);

/* Map it, and go on where the last reader left off. 0 or -errno. */
int ring_reader_init(struct ring_reader *r, int fd);
void ring_reader_done(struct ring_reader *r);

/* Is there anything? 1; 0; -EBADMSG the writer talks nonsense: read no more. */
int ring_look(struct ring_reader *r);

/**
 * ring_next() - take the next entry of those that the last ring_look() saw
 * @buffer:	RING_ENTRY_MAX bytes; the entry's are copied here, and the writer may use its room
 *
 * Return: its size; 0 that was all; -EBADMSG as ring_look().
 */
int ring_next(struct ring_reader *r, void *buffer);

/* From now on ring the bell; true if there is nothing to read yet. */
bool ring_sleep(struct ring_reader *r);
/* Do not: it will be looked at. */
void ring_wake(struct ring_reader *r);

#endif
