/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_STAGE_H
#define FDB_BENCH_STAGE_H

/*
 * A directory with files, of root and of a caller, and real daemons whose policies allow the
 * caller to open them. Everything goes when this process ends, however it ends. As root, with the
 * users of the daemon.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define STAGE_CALLER 30000 /* uid and gid */

enum stage_file {
	STAGE_ORDINARY, /* root's, in directories that only root may write to */
	STAGE_RECORDED, /* the same, and each grant leaves an audit record */
	STAGE_LENT,	/* root's alone, lent `as root` */
	STAGE_COPIED,	/* lent as a snapshot */
	STAGE_OWN,	/* the caller's, in a directory of his: he may put anything there */
	STAGE_REFUSED,	/* there, for all to read, and no rule names it */
	STAGE_FILES,
};

#define STAGE_PATH_MAX 192U

struct stage {
	char directory[48];
	char paths[STAGE_FILES][STAGE_PATH_MAX];
	char spool[64]; /* the caller's, and he may make files in it by the policy too */
	char deep[64];	/* root's; all that is below it may be read by the policy */
	char cold[64];	/* the same, for something to be mounted there */
	pid_t janitor;
	int lifeline;		/* while it is open, the janitor waits */
	unsigned int n_daemons; /* ever */
	bool copies_nothing;	/* of the daemons that are started: then they have no pump */
	const char *rules; /* further ones, for the daemons that are started; borrowed, or NULL */
};

/* Return: 0; 77, having said why, where it cannot be. It dies on failure. */
int stage_init(struct stage *stage);
void stage_done(struct stage *stage);

/* A file of @owner for all to read. */
void stage_make_file(const char *path, uid_t owner, mode_t mode);

/* The rules that allow it all to the caller, but for STAGE_COPIED if nothing is copied: how many. */
size_t stage_n_rules(const struct stage *stage);
void stage_write_rules(const struct stage *stage, FILE *file);

/* Be the caller, or root again, in all that is asked of the kernel. */
void stage_as_caller(void);
void stage_as_root(void);

/* Be the caller and nobody else, for good, and no longer than the benchmark is there: in a child. */
void stage_become_caller(void);

enum stage_process { STAGE_PARENT, STAGE_BROKER, STAGE_AUDIT, STAGE_PUMP, STAGE_PROCESSES };

struct stage_daemon {
	char directory[64];
	char socket[80];
	pid_t pids[STAGE_PROCESSES]; /* 0: there is none */
	double start_usec;	     /* from its start to its first answer */
};

/* A daemon with @n rules, those for the stage and others of bench/mixed_rules.h. */
void stage_daemon_start(struct stage *stage, size_t n, struct stage_daemon *ret);
void stage_daemon_stop(struct stage_daemon *daemon);

#endif
