/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_OPENING_H
#define FDB_DAEMON_OPENING_H

/*
 * One request on its way through the opener: what opener.c, judge.c, reopen.c, walk.c,
 * create.c and the others below share. Nobody else includes this.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "daemon/opener.h"
#include "daemon/trace.h"
#include "policy/decide.h"

/* An object held by O_PATH: judged, and not yet touched. */
struct pin {
	int fd; /* owned */
	uint64_t dev, ino, mount;
	bool is_local; /* nobody is asked to look at it, see locality.h */
	bool is_large;
	struct policy_object object;
};

#define PIN_EMPTY ((struct pin){ .fd = -EBADF })

void pin_done(struct pin *pin);

struct opening;

/* Of @pin->fd, whether it is open or only pinned; asks nobody who is not known as local, unless it
 * may block. 0; -EAGAIN if it would, of which @o->out knows; -ENOSYS before Linux 5.8, where
 * statx(2) tells no mount; another -errno. */
int pin_fill(struct opening *o, struct pin *pin);

/* A name in its directory. */
struct named {
	struct pin parent, pin; /* owned */
	const char *base;	/* in the name that was asked for */
};

#define NAMED_EMPTY ((struct named){ .parent = PIN_EMPTY, .pin = PIN_EMPTY })

void named_done(struct named *named);

/* What comes after one step of one candidate. */
enum step {
	STEP_GO,      /* nothing against it so far */
	STEP_DONE,    /* @out is the answer */
	STEP_NEXT,    /* this allow does not do; @out says why if no other does */
	STEP_LINK,    /* @name has changed: judge it */
	STEP_AGAIN,   /* the file system changed under us */
	STEP_MISSING, /* there is no such name */
};

struct opening {
	struct opener *opener;
	const struct order *order;
	struct outcome *out;
	struct policy_query query; /* what is asked of @name; its modes may change */
	enum step (*attempt)(struct opening *o);
	unsigned links;			/* followed */
	size_t allow;			/* index of the candidate that is tried */
	const struct policy_rule *rule; /* that one's */
	const struct opening *before;	/* of the same request: what it has cost is paid; or NULL */
	bool failed;			/* @out tells why an earlier candidate did not do */
	char name[WIRE_PATH_MAX + 1];	/* what was asked, or where links led so far */
};

const struct policy_rule *opening_rule(const struct opening *o);

/* Whose files count as the actor's own in sticky directories. */
uid_t opening_actor(const struct opening *o);

/* How much the policy lends of one mode, from the least. */
enum lent { LENT_DENIED, LENT_NOTHING, LENT_AS_CALLER, LENT_AS_ROOT };

/* Of @o->query.modes at @o->name, for @object. @place: where it was found; NULL: as if every way were good.
 * @o->out is what a refusal would say. The candidates and the thread's authority are others then. */
enum lent opening_lent(struct opening *o, const struct pin *place,
		       const struct policy_object *object);

/* judge.c: the ways an attempt ends. kernel: @r is a negative errno that the caller may see. */
enum step opening_granted(struct opening *o, int fd);
/* What was granted is not, after all. */
enum step opening_withdrawn(struct opening *o, int r);
enum step opening_condition(struct opening *o, enum policy_condition condition);
enum step opening_kernel(struct opening *o, int r);
/* The policy allows it, and the hull does not have it. */
enum step opening_outside(struct opening *o);
/* This rule's grant would be too much for now; no other rule is tried. */
enum step opening_busy(struct opening *o);

/*
 * To be called before whatever may block: reading a file, or opening where somebody else answers.
 * STEP_GO: the thread may. STEP_DONE: not here; return that, and it will be tried again, from the
 * start, where it may.
 */
enum step opening_may_block(struct opening *o);

/* The caller has been told that it took too long: nothing may be changed for him any more. */
bool opening_is_given_up(const struct opening *o);

/* Judge @o->name, touching nothing. STEP_GO or STEP_DONE. */
enum step opening_judge_name(struct opening *o);

/* Judge what @pin is, wherever it was found. As opening_judge(). */
enum step opening_judge_pin(struct opening *o, const struct pin *pin);

/* Judge what is, or would be, at @o->name. @place: the pinned object, or its parent if
 * @object is fresh. STEP_GO, STEP_NEXT, STEP_DONE or STEP_AGAIN. */
enum step opening_judge(struct opening *o, const struct pin *place,
			const struct policy_object *object);

/* With no name yet; @o stays where it is. */
void opening_init(struct opening *o, struct opener *opener, const struct order *order,
		  struct outcome *out);

/* A path or one component, never through a link: opener.c's openat2, with O_PATH and further
 * RESOLVE_*. A descriptor or -errno, -ELOOP at a link; -EAGAIN if it would block, of which
 * @o->out knows. */
int opener_look(struct opening *o, int dir, const char *path, uint64_t resolve);
/* The same, and what it is; a path from the root that means the caller's process is looked up
 * there (self.h). 0 or -errno. */
int opener_pin(struct opening *o, int dir, const char *path, struct pin *ret);
/* @o->name, never through a link, by @flags of open(2), which asks whoever answers there. A descriptor or -errno. */
int opener_open_name(const struct opening *o, int flags);
/* A new file without permissions in a pinned directory; name "." makes one without a name. A
 * descriptor or -errno. */
int opener_make(const struct opening *o, const struct pin *parent, const char *name, int flags);

/* What @fd is open on, once more, with O_NONBLOCK. A descriptor or -errno. */
int opener_open_again(const struct opening *o, int fd, int flags);

/* Judge @o->name and go where it leads, by @o->attempt for each allow: @o->out is the answer. */
void opener_try(struct opening *o);

/* By the authority that the candidate lends. 0 or -errno. */
int opener_take_authority(struct opening *o);

/* reopen.c: what @fd is open on, once more, with O_NONBLOCK only if it is in @flags. A descriptor or -errno. */
int reopen_fd(const struct opening *o, int fd, int flags);
/* The same of a file that somebody holds a lease on, when he has let go of it, with O_NONBLOCK; -EAGAIN
 * when nobody waits for it any more. */
int reopen_after_leases(const struct opening *o, const struct pin *pin, int flags);
/* Everything has passed: the pin becomes a descriptor, and is delivered. */
enum step reopen_pin(struct opening *o, const struct pin *pin);

/* deliver.c: to be called before there is a file to deliver. What opening_may_block() returns. */
enum step opening_may_deliver(struct opening *o);

/* Grant what the rule says for the file that was opened, which is taken where it is what is
 * granted; otherwise the broker's authority remains. STEP_DONE, or STEP_NEXT. */
enum step opening_deliver(struct opening *o, int *file);

/* walk.c: @o->name, or its parent if @of_parent, ran into a link. */
enum step walk_follow(struct opening *o, bool of_parent);
/* 0; -EPERM somebody could swap what lies on the way; -EAGAIN somebody did; another -errno. */
int walk_trusted(struct opening *o, const struct pin *place, const struct policy_object *object);
/* Whether nobody but root can put anything into the directory of @o->name, or of one on the way to it. */
bool walk_is_roots_alone(struct opening *o);

/* outright.c: open @o->name before the object is judged, where that can do no harm. True: @ret is
 * what came of it. False: it has to be looked at first; or @o->out->would_block. */
bool outright_open(struct opening *o, enum step *ret);
/* What was granted of @pin may tell that it can be opened so the next time. */
void outright_learn(struct opening *o, const struct pin *pin);

/* act.c: what is asked of @o->name besides opening it. */
enum step act_perform(struct opening *o);
/* What is done with an object that was judged. */
typedef enum step (*act_on_pin)(struct opening *o, const struct pin *pin);

/* make.c: a directory or a link. */
enum step make_name(struct opening *o, act_on_pin act);

/* change.c */
enum step change_mode(struct opening *o, const struct pin *pin);
enum step change_times(struct opening *o, const struct pin *pin);
enum step change_size(struct opening *o, const struct pin *pin);
enum step change_connect(struct opening *o, const struct pin *pin);

/* watch.c: tell what happens to it, from now on. */
enum step watch_perform(struct opening *o, const struct pin *pin);

/* Pin the directory of @o->name, and what is there in it, and judge that, as if it had so many more
 * links. @of_root: the -errno that `/` gets, which is in no directory. STEP_GO, or what ends the attempt. */
enum step act_find(struct opening *o, int of_root, unsigned int more_links, struct named *ret);
/* Whether @base in @parent is still the object that was judged. 0; -EAGAIN it is another; -errno. */
int act_is_still(struct opening *o, const struct pin *parent, const char *base,
		 const struct pin *judged);

/* two_names.c: rename and link. */
void two_names_open(struct opener *opener, const struct order *order, struct outcome *ret);

/* look.c: tell what it is. */
enum step look_perform(struct opening *o, const struct pin *pin);

/* outside.c: what opening_kernel() does, for an open that failed after all was judged: for which
 * the hull may be too small. */
enum step opening_unopened(struct opening *o, int r);

/* create.c: what an allow would make in the directory @parent. */
struct policy_object create_object(const struct order *order, const struct policy_rule *rule,
				   const struct policy_object *parent);
/* Whether its owner is the rule's to say, and not who happens to make it. */
bool create_has_owner(const struct policy_rule *rule);
/* The request makes a file at @o->name, or without a name below it. */
enum step create_file(struct opening *o);
enum step create_unnamed(struct opening *o);
/* Pin the parent of @o->name; *ret_base points into it. 0 or -errno. */
int create_pin_parent(struct opening *o, struct pin *ret, const char **ret_base);
/* What fs.protected_regular=2 and fs.protected_fifos=2 would refuse an O_CREAT. */
bool create_is_trap(const struct opening *o, const struct pin *parent, const struct pin *pin);

#endif
