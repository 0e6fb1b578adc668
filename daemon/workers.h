/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_WORKERS_H
#define FDB_DAEMON_WORKERS_H

/*
 * The threads of a broker. One of them leads: it waits for events and serves
 * what comes, on its own stack, with no queue and nobody to wake. Before it does
 * what may block it gives the lead to another, goes on with its own request, and
 * answers it itself. If it turns out to be blocked all the same, the lead is taken from it.
 *
 * One lock. It covers all that threads share and that changes: the workers, the
 * loop, its sessions, the server. Whoever runs has it, but not while it waits, for events or for
 * its turn, and not between worker_begin() and worker_end(), where it opens or
 * closes. What it touches there is its own, never changes (policy, caller, principal),
 * or has a lock of its own inside (rates, locality).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/lock.h"
#include "daemon/discards.h"
#include "daemon/opener.h"
#include "daemon/trace.h"

struct exchange;
struct session;
struct worker;

struct workers_setup {
	struct opener_setup opener; /* of each thread; policy NULL: they open nothing */
	uint32_t places;	    /* of requests that do what may block, together */
	uint32_t places_each;	    /* those of one uid */
	uint64_t files;		    /* descriptors that this process may have */
	uint64_t open_usec;	    /* then its caller is told that it took too long */
	/* Serve what the next events are; while it leads. */
	void (*lead)(void *context, struct worker *worker);
	/* Serve a request that waits for a place; false: there is none. */
	bool (*take_up)(void *context, struct worker *worker);
	/* It does not lead any more: nothing is read from worker->session until it is answered. */
	void (*left)(void *context, struct worker *worker);
	/* worker->x is not answered in time, and will not be by its worker. */
	void (*late)(void *context, struct worker *worker);
	void *context;
};

struct worker {
	struct workers *all;
	struct worker *next;
	struct bell wake; /* its turn has come */
	struct opener opener;
	struct trace trace; /* of what it opened last, if somebody asks for it */
	bool is_idle;
	bool is_away;		 /* has a place of those who may block */
	bool is_opening;	 /* between begin and end */
	bool was_surprised;	 /* away, and it was not foreseen */
	bool is_stuck;		 /* away, and beyond its deadline */
	atomic_bool given_up;	 /* the same, for itself to see while it opens */
	uint64_t deadline_usec;	 /* away: CLOCK_MONOTONIC */
	uid_t uid;		 /* away: whose place it is */
	struct exchange *x;	 /* opening: the request, until it is answered; on its stack */
	struct session *session; /* away: whose request it is; NULL: it is not for one */
};

struct workers {
	struct lock lock;
	struct workers_setup setup;
	struct worker *list, *leader;
	uint32_t n, n_idle, n_away, n_surprised;
	uint64_t n_left; /* requests that left the loop, ever */
	struct discards discards;
	/* The watch over the leader: the main thread's (lookout.h). */
	struct bell watch; /* there is something to watch, or it is over */
	bool is_watched;   /* it looks, every tick */
	atomic_uint tick;  /* how often it has */
	atomic_uint begun; /* by leaders: how often they were about to open or close */
	atomic_bool over;
	int status;
};

/* 0 or -ENOMEM. */
int workers_init(struct workers *w, const struct workers_setup *setup);

/* Start a leader, and watch it until workers_end(). Its status; other threads may be at work
 * still, so that nothing of theirs may be freed: what follows is _exit(2). */
int workers_run(struct workers *w);

/* The leader is blocked where it should not be: another one leads, as soon as there is a thread. */
void workers_replace_leader(struct workers *w);

/* Let the lock go until @bell is rung, by who has the lock. */
void workers_await(struct workers *w, struct bell *bell);

/* From any thread, with the lock. */
void workers_end(struct workers *w, int status);

/* Without the lock from here, opening @x for @uid, or something else (NULL); and with it again. */
void worker_begin(struct worker *worker, struct exchange *x, uid_t uid);
void worker_end(struct worker *worker);

/**
 * worker_leave() - go where this thread may block
 * @session:	whose request is the reason, or NULL
 *
 * Return: 0 it is there; -EAGAIN @uid has no place now, and will have; -EBUSY all that it may have
 *	are stuck; -ENOMEM: there is no thread to lead.
 */
int worker_leave(struct worker *worker, struct session *session, uid_t uid);

bool worker_leads(const struct worker *worker);

/* Nobody will be answered for @session. */
void workers_forget(struct workers *w, const struct session *session);

/* Give up those that are beyond their deadline at @now_usec; the next one, or UINT64_MAX. */
uint64_t workers_expire(struct workers *w, uint64_t now_usec);

#endif
