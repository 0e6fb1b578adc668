/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_DAEMON_H
#define FDB_TESTS_DAEMON_H

/*
 * The real fdbrokerd, started as systemd starts it: with sockets that are bound
 * and listen already, so that nobody connects too early, and with a socket to
 * notify, so that nobody waits too long.
 *
 *	struct daemon d;
 *
 *	daemon_prepare(&d);
 *	daemon_write_policy(&d, "a.fdp", "version 1; …");
 *	daemon_start(&d);
 *	…
 *	daemon_stop(&d);
 *
 * Everything aborts the test if it does not work. As root, with the users of the daemon.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"
#include "wire/proto.h"

struct daemon {
	char directory[64]; /* root's, for all to search; removed in the end */
	char policy[80];    /* a directory in it, empty at first */
	char shadow[80];    /* where fdbrokerctl shadow puts a candidate */
	char socket[80], admin[80];
	char audit[80]; /* JSON lines */
	char log[80];	/* stderr of all its processes */
	char notify[80];
	char state[80];		    /* a directory that the daemon makes, if `keeps` */
	char config[80];	    /* for daemon_write_config() */
	const char *arguments[8];   /* further ones; NULL ends them */
	const char *environment[8]; /* "NAME=value"; NULL ends them */
	const char *preload;	    /* a library of the build, for all its processes; or NULL */
	bool keeps;		    /* the last good policy, in `state` */
	bool has_config;	    /* starts with `config` */
	bool has_stray;		    /* starts with a descriptor that it does not know of */
	bool ignores_children;	    /* SIGCHLD, as execve(2) leaves it */
	bool may_be_killed;	    /* a process of it that a signal ended is no failure */
	pid_t pid;
	int listeners[2]; /* client, admin */
	int notified;
	int admin_sock; /* one for all requests, so that descriptors can be counted */
};

/* 0, or 77 for main() to return where such tests cannot run. */
int daemon_unavailable(void);

void daemon_prepare(struct daemon *d);

/* Replaces the whole file, atomically. NULL removes it. */
void daemon_write_policy(const struct daemon *d, const char *name, const char *text);

/* What it starts with from now on: the settings, without those of before. */
void daemon_write_config(struct daemon *d, const char *settings, ...) _printf_(2, 3);

/* Start, and return when it said READY=1. */
void daemon_start(struct daemon *d);

/* Start, and return at once; d->pid is there. */
void daemon_launch(struct daemon *d);

/* Start what is expected to give up; its exit status. daemon_discard() follows. */
int daemon_fails(struct daemon *d);

/* SIGTERM; it must exit with 0, and no process of it may have been ended by a signal. Removes
 * everything. */
void daemon_stop(struct daemon *d);

/* The same, but everything is left for another daemon_start(), or daemon_discard(). */
void daemon_end(struct daemon *d);

/* Close and remove what daemon_prepare() made. */
void daemon_discard(struct daemon *d);

/* Wait for a notification that contains @what. */
void daemon_await(const struct daemon *d, const char *what);

/* Forget what it has notified so far. One whose notifications nobody reads blocks after a few. */
void daemon_drain(const struct daemon *d);

/* Wait until the audit process and the pump serve; READY=1 does not wait for them. */
void daemon_await_attendants(const struct daemon *d);

/* The value of one line of the status, or "" if there is none; the caller frees it. */
char *daemon_status(const struct daemon *d, const char *key);
/* 0 if there is none. */
uint64_t daemon_number(const struct daemon *d, const char *key);
void daemon_await_number(const struct daemon *d, const char *key, uint64_t expected);
void daemon_await_at_least(const struct daemon *d, const char *key, uint64_t least);

/* The whole value, "" where there is none; or something in it. */
void daemon_assert_status(const struct daemon *d, const char *key, const char *expected);
void daemon_assert_status_has(const struct daemon *d, const char *key, const char *part);

/* Of "parent", "broker", "audit" or "pump". */
pid_t daemon_pid(const struct daemon *d, const char *process);

/* The exit code of a reload; *ret_text, if wanted, is the caller's to free. */
int daemon_reload(const struct daemon *d, char **ret_text);

/* Any request on the admin socket: the exit code of the answer. The caller frees its text. */
int daemon_admin(const struct daemon *d, uint16_t opcode, uint32_t sec, char **ret_text);

/* The files' whole content, NUL-terminated; the caller frees it. */
char *daemon_read_audit(const struct daemon *d);
char *daemon_read_log(const struct daemon *d);
void daemon_assert_log_has(const struct daemon *d, const char *part);

/* The one record in which this is, when it is written; the caller frees it. */
char *daemon_await_record(const struct daemon *d, const char *part);

/* A client's connection. */
int daemon_connect(const struct daemon *d);
/* Of either socket; -errno where the kernel or the daemon refuses it. */
int daemon_try_connect(const char *path);

/* Ask to open @path; the descriptor, or -errno of the answer. Skips the notice `lost`. */
int daemon_ask(int sock, const char *path, uint32_t flags, struct wire_answer *ret);

/* Ask to read @path on a connection of its own: what comes of it. */
enum wire_reason daemon_reason(const struct daemon *d, const char *path);

#endif
