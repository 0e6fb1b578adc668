/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/intake.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/ring.h"
#include "wire/message.h"

/*
 * The bell says three things. A byte: look. More than one: this is an entry, for which the ring has no
 * room. Its end: the broker is gone, as only that had the other end; what a look after that does not
 * find was never written.
 */

static_assert(INTAKE_ENTRY_MAX >= RING_ENTRY_MAX, "what is in a ring has room");

#define AT_ONE_GO 4096U /* messages, before others are listened to */

static uint8_t entry[INTAKE_ENTRY_MAX];

struct inlet {
	struct inlet *next;
	struct intake *all;
	uint64_t generation;
	struct ring_reader ring;
	int bell;
	bool is_over; /* the broker is gone */
};

static struct inlet *free_one(struct inlet *inlet)
{
	if (!inlet)
		return NULL;
	ring_reader_done(&inlet->ring);
	/* Not by its close alone: the parent has it too (epoll(7), "Questions and answers"). */
	if (inlet->bell >= 0)
		(void)epoll_ctl(inlet->all->setup.epoll, EPOLL_CTL_DEL, inlet->bell, NULL);
	fd_close(inlet->bell);
	free(inlet);
	return NULL;
}

DEFINE_CLEANUP(struct inlet *, free_one)

void intake_init(struct intake *intake, const struct intake_setup *setup)
{
	*intake = (struct intake){ .setup = *setup };
}

static void drop(struct inlet **at)
{
	struct inlet *inlet = *at;

	*at = inlet->next;
	free_one(inlet);
}

void intake_done(struct intake *intake)
{
	while (intake->list)
		drop(&intake->list);
}

static int watch(const struct inlet *inlet)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = inlet->bell };
	int r = epoll_ctl(inlet->all->setup.epoll, EPOLL_CTL_ADD, inlet->bell, &event);

	return r < 0 ? -errno : 0;
}

int intake_add(struct intake *intake, uint64_t generation, int take_memory, int take_bell)
{
	_cleanup_(fd_closep) int memory = take_memory, bell = take_bell;
	_cleanup_(free_onep) struct inlet *inlet = calloc(1, sizeof(*inlet));
	struct inlet **at = &intake->list;
	int r;

	if (!inlet)
		return -ENOMEM;
	inlet->all = intake;
	inlet->generation = generation;
	inlet->bell = TAKE_FD(bell);
	r = ring_reader_init(&inlet->ring, memory);
	if (r < 0)
		return r;
	r = watch(inlet);
	if (r < 0)
		return r;
	while (*at)
		at = &(*at)->next;
	*at = TAKE_PTR(inlet);
	return 0;
}

static void take(const struct inlet *inlet, size_t size, size_t *n)
{
	const struct intake_setup *setup = &inlet->all->setup;

	setup->take(setup->context, entry, size);
	(*n)++;
}

/* 0; -EBADMSG it is nonsense. */
static int read_ring(struct inlet *inlet, size_t *n)
{
	int r;

	ring_wake(&inlet->ring);
	r = ring_look(&inlet->ring);
	if (r <= 0)
		return r;
	while ((r = ring_next(&inlet->ring, entry)) > 0)
		take(inlet, (size_t)r, n);
	return r;
}

/* Whether there may be more. What is none is an entry too, of which its taker makes nothing. */
static bool hear(struct inlet *inlet, size_t *n)
{
	/* Bytes alone: a broker's descriptor, which may not close, is not even installed. */
	static const struct message_want want = { .credentials = true };
	struct message m;
	int r;

	r = message_receive(inlet->bell, entry, sizeof(entry), &want, &m);
	switch (r) {
	case 1:
		if (m.size > 1)
			take(inlet, m.size, n);
		return true;
	case -EMSGSIZE:
	case -EBADMSG:
	case -E2BIG:
	case -EMFILE:
		take(inlet, 0, n);
		return true;
	case -EAGAIN:
		return false;
	default:
		inlet->is_over = true;
		return false;
	}
}

static int read_one(struct inlet *inlet, size_t *n)
{
	unsigned int heard = 0;
	int r = read_ring(inlet, n);

	while (r == 0 && heard < AT_ONE_GO && hear(inlet, n))
		heard++;
	return r == 0 && inlet->is_over ? read_ring(inlet, n) : r;
}

size_t intake_read(struct intake *intake)
{
	struct inlet **at = &intake->list;
	size_t n = 0;

	while (*at) {
		const uint64_t generation = (*at)->generation;
		int r = read_one(*at, &n);

		if (r == 0 && !(*at)->is_over) {
			at = &(*at)->next;
			continue;
		}
		drop(at);
		intake->setup.ended(intake->setup.context, generation, r == 0);
	}
	return n;
}

bool intake_sleep(struct intake *intake)
{
	bool is_empty = true;

	for (struct inlet *inlet = intake->list; inlet; inlet = inlet->next)
		is_empty &= ring_sleep(&inlet->ring);
	return is_empty;
}
