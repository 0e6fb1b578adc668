/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel.h"
#include "base/macro.h"
#include "base/number.h"
#include "daemon/limits.h"
#include "daemon/opening.h"
#include "daemon/rooted.h"
#include "daemon/self.h"

/*
 * What is handed out is what was judged: the name is judged before anything is
 * touched, the object is pinned with O_PATH, which runs no driver's open,
 * wakes no FIFO's peer and breaks no lease, the pin is judged, and the pin
 * itself is opened through /proc/self/fd, so that no rename in between matters.
 * outright.c has the one exception, and says why it is none.
 * Links are never followed by the kernel: it says ELOOP, and walk.c finds where
 * the link leads, which is judged like a name that was asked for.
 *
 * This is the only file that calls openat2(2), and nothing in the broker calls
 * open(2) or openat(2); its seccomp filter kills for them.
 */

/* Never a way back to a plain open: a kernel that cannot do this is an error (P12). */
static int open_how(int dir, const char *path, const struct open_how *how)
{
	/* openat2(2), EAGAIN: a rename or mount somewhere raced the lookup; or not all of it is
	 * cached, and which of them is not told. */
	unsigned tries = how->resolve & RESOLVE_CACHED ? LIMIT_CACHED_TRIES : LIMIT_RETRIES;
	long r = -EAGAIN;

	for (unsigned i = 0; r == -EAGAIN && i < tries; i++) {
		r = syscall(SYS_openat2, dir, path, how, sizeof(*how));
		if (r < 0)
			r = -errno;
	}
	return (int)r;
}

/* Never through a link. */
static int open_at(const struct opening *o, int dir, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | resolve,
	};

	if (!o->order->may_block)
		how.resolve |= RESOLVE_CACHED;
	return open_how(dir, path, &how);
}

int opener_look(struct opening *o, int dir, const char *path, uint64_t resolve)
{
	/* O_NOFOLLOW with O_PATH pins a link itself when it is the last component; its own
	 * kind then says so. */
	int fd = open_at(o, dir, path, O_PATH | O_NOFOLLOW, resolve);

	if (fd == -EAGAIN)
		(void)opening_may_block(o);
	return fd;
}

int opener_pin(struct opening *o, int dir, const char *path, struct pin *ret)
{
	struct pin pin = PIN_EMPTY;
	int r;

	if (dir == AT_FDCWD && self_is_meant(o, path))
		pin.fd = self_look(o, path);
	else
		pin.fd = opener_look(o, dir, path, 0);
	if (pin.fd < 0)
		return pin.fd;
	r = pin_fill(o, &pin);
	if (r < 0) {
		pin_done(&pin);
		return r;
	}
	*ret = pin;
	return 0;
}

int opener_open_name(const struct opening *o, int flags)
{
	return open_at(o, AT_FDCWD, o->name, flags | O_NOCTTY, 0);
}

int opener_make(const struct opening *o, const struct pin *parent, const char *name, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC),
		.mode = 0,
		.resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};

	return opening_is_given_up(o) ? -ETIMEDOUT : open_how(parent->fd, name, &how);
}

/*
 * proc(5): what the link of a descriptor leads to is what that is open on, whatever has become of
 * its name. O_NONBLOCK so that nothing waits, whatever it is; O_NOCTTY so that no terminal becomes
 * ours (P15).
 */
int opener_open_again(const struct opening *o, int fd, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) };
	char number[NUMBER_SIZE];

	number_print((uint32_t)fd, number);
	return open_how(o->opener->shared.procfd, number, &how);
}

static int pin_existing(struct opening *o, struct pin *parent, struct pin *pin)
{
	const char *base;
	int r;

	/* Only who creates must know the directory: see create_is_trap(). */
	if (!o->order->request->create)
		return opener_pin(o, AT_FDCWD, o->name, pin);
	r = create_pin_parent(o, parent, &base);
	if (r < 0)
		return r;
	return opener_pin(o, parent->fd, base, pin);
}

/* Look, judge, open: what is handed out is what was judged. */
static enum step open_pinned(struct opening *o)
{
	_cleanup_(pin_done) struct pin parent = PIN_EMPTY;
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	enum step step;
	int r;

	r = pin_existing(o, &parent, &pin);
	if (r == -ELOOP || (r == 0 && S_ISLNK(pin.object.mode)))
		return walk_follow(o, false);
	if (r == -ENOENT && o->order->request->create)
		return STEP_MISSING;
	if (r < 0)
		return opening_kernel(o, r);

	step = opening_judge_pin(o, &pin);
	if (step != STEP_GO)
		return step;
	if (o->order->request->create && create_is_trap(o, &parent, &pin))
		return opening_kernel(o, -EACCES);
	step = reopen_pin(o, &pin);
	outright_learn(o, &pin);
	if (o->out->fd >= 0)
		o->out->pin = TAKE_FD(pin.fd);
	return step;
}

static enum step open_existing(struct opening *o)
{
	enum step step;

	if (outright_open(o, &step))
		return step;
	return o->out->would_block ? STEP_DONE : open_pinned(o);
}

int opener_take_authority(struct opening *o)
{
	struct authority *authority = &o->opener->authority;

	const struct policy_rule *rule = opening_rule(o);

	if (!rule->as_root)
		return authority_caller(authority, o->order->principal);
	if (o->order->request->create || o->order->request->tmpfile)
		return authority_creator(authority, rule->obligations->create_uid,
					 rule->obligations->create_gid);
	authority_broker(authority);
	return 0;
}

static bool changes_files(const struct request *request)
{
	return request->create || request->tmpfile || request->truncate;
}

static enum step attempt(struct opening *o)
{
	enum step step;

	if (o->order->request->opcode != WIRE_OPCODE_OPEN)
		return act_perform(o);
	/* Room is looked for, and journals are waited for. */
	if (changes_files(o->order->request) && opening_may_block(o) != STEP_GO)
		return STEP_DONE;
	if (o->order->request->tmpfile)
		return create_unnamed(o);
	if (o->order->request->exclusive)
		return create_file(o);
	step = open_existing(o);
	return step == STEP_MISSING ? create_file(o) : step;
}

static enum step try_allow(struct opening *o)
{
	enum step step = STEP_AGAIN;
	int r;

	r = opener_take_authority(o);
	if (r < 0)
		return opening_kernel(o, r);
	for (unsigned i = 0; step == STEP_AGAIN && !o->out->would_block && i < LIMIT_RETRIES; i++)
		step = o->attempt(o);
	return step == STEP_AGAIN ? opening_kernel(o, -EAGAIN) : step;
}

/* One name, whole: asked for or led to, it is judged from the first step. */
static enum step try_name(struct opening *o)
{
	enum step step;

	step = opening_judge_name(o);
	if (step != STEP_GO)
		return step;
	o->failed = false;
	o->out->condition = POLICY_CONDITION_NONE;
	o->out->dev = o->out->ino = 0;
	for (o->allow = 0; o->allow < o->opener->candidates->n_allows; o->allow++) {
		o->rule = o->opener->candidates->allows[o->allow].rule;
		step = try_allow(o);
		if (o->out->would_block)
			return STEP_DONE;
		if (step != STEP_NEXT)
			return step;
	}
	return STEP_DONE;
}

void opener_try(struct opening *o)
{
	enum step step;

	do
		step = try_name(o);
	while (step == STEP_LINK);
	if (o->links > 0)
		strcpy(o->out->canonical, o->name);
}

void outcome_clear(struct outcome *outcome)
{
	memset(outcome, 0, offsetof(struct outcome, canonical));
	outcome->canonical[0] = '\0';
	outcome->fd = outcome->pin = -EBADF;
}

void opening_init(struct opening *o, struct opener *opener, const struct order *order,
		  struct outcome *out)
{
	memset(o, 0, offsetof(struct opening, name));
	o->opener = opener;
	o->order = order;
	o->out = out;
	o->query.caller = order->caller;
	o->query.path = o->name;
	o->query.modes = order->request->modes;
	o->query.now_sec = order->now_sec;
}

void opener_open(struct opener *opener, const struct order *order, struct outcome *ret)
{
	struct opening o _uninitialized_;

	outcome_clear(ret);
	ret->reason = WIRE_REASON_DEFAULT;
	ret->error = EACCES;
	ret->in_flight = order->in_flight;
	if (order->request->two_names) {
		two_names_open(opener, order, ret);
		return;
	}
	opening_init(&o, opener, order, ret);
	o.attempt = attempt;
	strcpy(o.name, order->request->path);
	if (order->trace)
		trace_begin(order->trace);
	opener_try(&o);
}

/* openat2(2) is there, and does what it is asked. */
static int probe(void)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_(fd_closep) int fd = open_how(AT_FDCWD, "/", &how);

	return fd < 0 ? fd : 0;
}

int opener_init(struct opener *opener, const struct opener_setup *setup)
{
	struct opener new = { .shared = *setup };
	int r;

	r = probe();
	if (r < 0)
		return r;
	r = authority_init(&new.authority);
	if (r < 0)
		return r;
	r = candidates_new(&new.candidates, setup->policy);
	if (r < 0)
		return r;
	new.rooted = calloc(1, sizeof(*new.rooted));
	if (!new.rooted) {
		candidates_free(new.candidates);
		return -ENOMEM;
	}
	*opener = new;
	return 0;
}

void opener_done(struct opener *opener)
{
	opener->candidates = candidates_free(opener->candidates);
	free(opener->rooted);
	opener->rooted = NULL;
}
