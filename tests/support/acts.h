/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_ACTS_H
#define FDB_TESTS_ACTS_H

/*
 * What the library asks of names besides opening them, with the real daemon: a scene with a tree
 * of names, and tables of questions, each with the answer that it must get.
 */

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "client/fdbroker.h"
#include "tests/support/scene.h"

extern struct scene acts_scene;

/* The daemon's directory with an empty tree, and these rules, in which @t is the tree; not started. */
void acts_prepare(const char *rules);

/* The same, of a running daemon. */
void acts_write_policy(const char *rules);

/* A path in the tree, which stays for a while. */
const char *acts_path(const char *name);
/* And what it was called there. */
const char *acts_name_of(const char *path);

/* Things in it. The content of a file is "text", or its name. */
void acts_make_file(const char *name, uid_t owner, mode_t mode);
void acts_make_named_file(const char *name, uid_t owner, mode_t mode);
void acts_make_directory(const char *name, uid_t owner, mode_t mode);
void acts_make_link(const char *name, const char *target);

/* What is there now, by lstat(2). */
struct stat acts_look(const char *name);
void acts_assert_is(const char *name, uid_t owner, mode_t mode);
void acts_assert_group(const char *name, gid_t group);
void acts_assert_none(const char *name);
/* Nothing was done to it since: not even a name given or taken. */
void acts_assert_untouched(const char *name, const struct stat *before);

enum acts_kind {
	STAT,
	LSTAT,
	ACCESS,
	READLINK,
	UNLINK,
	RMDIR,
	MKDIR,
	SYMLINK,
	CHMOD,
	TOUCH,
	LTOUCH,
	TRUNCATE,
	CONNECT,
	RENAME,
	NOREPLACE,
	LINK,
	WATCH,
};

struct acts_row {
	enum acts_kind kind;
	const char *name; /* in the tree; of two: "OLD -> NEW" */
	int argument;
	int expected; /* errno, or 0 */
	enum fdbroker_reason reason;
};

#define GRANTED	   0, FDBROKER_REASON_OK
#define BY_DEFAULT EACCES, FDBROKER_REASON_DEFAULT
#define BY_RULE	   EACCES, FDBROKER_REASON_RULE
#define HIDDEN	   ENOENT, FDBROKER_REASON_NOT_FOUND
#define CONDITION  EACCES, FDBROKER_REASON_CONDITION
#define KERNEL(e)  e, FDBROKER_REASON_KERNEL
#define UNASKED(e) e, FDBROKER_REASON_NONE

/* What RENAME, NOREPLACE and LINK name it, where it is, unless the row says another name. */
#define ACTS_NEW "none"

/* What SYMLINK makes links say. */
#define ACTS_TARGET "../any/where"

/* When TOUCH says that a file was read and written. */
#define ACTS_READ_SEC	 1
#define ACTS_WRITTEN_SEC 3

/* Ask it of the path; what the library says. */
int acts_ask(struct fdbroker *broker, const struct acts_row *row, struct fdbroker_answer *ret);

/* Ask it all as that user, on one connection. */
void acts_assert_rows_as(uid_t uid, const struct acts_row *rows, size_t n);
#define acts_assert_rows(rows) acts_assert_rows_as(ALICE, rows, sizeof(rows) / sizeof((rows)[0]))

/* The daemon has come to no harm, and is stopped. */
void acts_stop(void);

/* A listener in the tree. */
int acts_listen_at(const char *name, int type, mode_t mode, int backlog);

#endif
