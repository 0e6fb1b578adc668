/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_STAGE_H
#define FDB_BENCH_STAGE_H

/*
 * A directory with files, of root and of a caller, and real daemons whose policies allow the
 * caller to open them. Everything goes when this process ends, however it ends. As root, with the
 * users of the daemon.
 */

#include <stddef.h>
#include <sys/types.h>

#define STAGE_CALLER 30000 /* uid and gid */

enum stage_file {
	STAGE_ORDINARY, /* root's, in directories that only root may write to */
	STAGE_RECORDED, /* the same, and each grant leaves an audit record */
	STAGE_LENT,	/* root's alone, lent `as root` */
	STAGE_OWN,	/* the caller's, in a directory of his: he may put anything there */
	STAGE_REFUSED,	/* there, for all to read, and no rule names it */
	STAGE_FILES,
};

struct stage {
	char directory[48];
	char paths[STAGE_FILES][80];
	pid_t janitor;
	int lifeline;		/* while it is open, the janitor waits */
	unsigned int n_daemons; /* ever */
};

/* Return: 0; 77, having said why, where it cannot be. It dies on failure. */
int stage_init(struct stage *stage);
void stage_done(struct stage *stage);

/* Be the caller, or root again, in all that is asked of the kernel. */
void stage_as_caller(void);
void stage_as_root(void);

enum stage_process { STAGE_PARENT, STAGE_BROKER, STAGE_AUDIT, STAGE_PUMP, STAGE_PROCESSES };

struct stage_daemon {
	char directory[64];
	char socket[80];
	pid_t pids[STAGE_PROCESSES];
	double start_usec; /* from its start to its first answer */
};

/* A daemon with @n rules of bench/mixed_rules.h besides those for the files of the stage. */
void stage_daemon_start(struct stage *stage, size_t n, struct stage_daemon *ret);
void stage_daemon_stop(struct stage_daemon *daemon);

#endif
