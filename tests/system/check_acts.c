/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"

/*
 * What the library asks of names besides opening them, with the real daemon. Each row of a table
 * is a question and what the answer must be; what an answer claims is then looked at by root.
 */

static struct scene s;
static char tree[128];
static int listening[8];
static size_t n_listening;

/* "%s" is the tree. */
static void start(const char *rules)
{
	char text[4096], policy[8192];

	scene_prepare(&s);
	snprintf(tree, sizeof(tree), "%s/tree", s.daemon.directory);
	ck_assert_int_eq(mkdir(tree, 0755), 0);
	snprintf(text, sizeof(text), "version 1;\nlet @t = \"%s\";\n%s", tree, rules);
	snprintf(policy, sizeof(policy), "%sfor user %d { bobs: allow read \"%s\"; }\n", text, BOB,
		 s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
}

static const char *in_tree(const char *name)
{
	static char paths[4][256];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", tree, name);
	return path;
}

static void make_file(const char *name, uid_t owner, mode_t mode)
{
	int fd = open(in_tree(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s: %m", in_tree(name));
	ck_assert_int_eq(write(fd, "text", 4), 4);
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	fd_close(fd);
}

static void make_directory(const char *name, uid_t owner, mode_t mode)
{
	ck_assert_int_eq(mkdir(in_tree(name), 0700), 0);
	ck_assert_int_eq(chown(in_tree(name), owner, owner), 0);
	ck_assert_int_eq(chmod(in_tree(name), mode), 0);
}

static void make_link(const char *name, const char *target)
{
	ck_assert_int_eq(symlink(target, in_tree(name)), 0);
}

enum question_kind {
	STAT,
	LSTAT,
	ACCESS,
	READLINK,
	UNLINK,
	RMDIR,
	MKDIR,
	CHMOD,
	TOUCH,
	TRUNCATE,
	CONNECT,
};

struct row {
	enum question_kind kind;
	const char *name; /* in the tree */
	int argument;
	int expected; /* errno, or 0 */
	enum fdbroker_reason reason;
};

static const struct timespec long_ago[2] = { { 1, 2 }, { 3, 4 } };

static int question(struct fdbroker *broker, const struct row *row, struct fdbroker_answer *answer)
{
	const char *path = in_tree(row->name);
	char target[256];
	struct stat st;
	int r = -ENOSYS;

	switch (row->kind) {
	case STAT:
	case LSTAT:
		r = fdbroker_stat(broker, path, row->kind == LSTAT ? AT_SYMLINK_NOFOLLOW : 0, &st,
				  answer);
		break;
	case ACCESS:
		r = fdbroker_access(broker, path, row->argument, answer);
		break;
	case READLINK:
		r = (int)fdbroker_readlink(broker, path, target, sizeof(target), answer);
		break;
	case UNLINK:
	case RMDIR:
		r = fdbroker_unlink(broker, path, row->kind == RMDIR ? AT_REMOVEDIR : 0, answer);
		break;
	case MKDIR:
		r = fdbroker_mkdir(broker, path, (mode_t)row->argument, answer);
		break;
	case CHMOD:
		r = fdbroker_chmod(broker, path, (mode_t)row->argument, answer);
		break;
	case TOUCH:
		r = fdbroker_utimens(broker, path, long_ago, 0, answer);
		break;
	case TRUNCATE:
		r = fdbroker_truncate(broker, path, row->argument, answer);
		break;
	case CONNECT:
		r = fdbroker_connect_unix(broker, path, row->argument, answer);
		if (r >= 0 && send(r, "x", 1, MSG_NOSIGNAL) != 1)
			r = -EPIPE;
		break;
	}
	return r;
}

struct story {
	const struct row *rows;
	size_t n;
};

/* 0, or the number of the first row that was answered otherwise, from 1. */
static int ask_rows(const void *arg)
{
	const struct story *story = arg;
	struct fdbroker *broker;

	if (fdbroker_connect(&broker, s.daemon.socket) < 0)
		return 200;
	for (size_t i = 0; i < story->n; i++) {
		const struct row *row = &story->rows[i];
		struct fdbroker_answer answer;
		int r = question(broker, row, &answer);

		if ((r < 0 ? -r : 0) != row->expected || answer.reason != row->reason) {
			fprintf(stderr, "row %zu, %s: %s (%s)\n", i + 1, row->name,
				r < 0 ? strerror(-r) : "granted",
				fdbroker_reason_name(answer.reason));
			return (int)i + 1;
		}
	}
	fdbroker_close(broker);
	return 0;
}

static void assert_rows(const struct row *rows, size_t n)
{
	const struct story story = { rows, n };

	ck_assert_int_eq(scene_as(ALICE, ask_rows, &story), 0);
}

#define GRANTED	   0, FDBROKER_REASON_OK
#define BY_DEFAULT EACCES, FDBROKER_REASON_DEFAULT
#define BY_RULE	   EACCES, FDBROKER_REASON_RULE
#define HIDDEN	   ENOENT, FDBROKER_REASON_NOT_FOUND
#define CONDITION  EACCES, FDBROKER_REASON_CONDITION
#define KERNEL(e)  e, FDBROKER_REASON_KERNEL

static const char looking[] = "for user 30000 {\n"
			      "    look: allow stat \"@t/open/**\";\n"
			      "    both: allow read, stat \"@t/open/readable\";\n"
			      "    roots: allow stat as root \"@t/closed/**\";\n"
			      "    mine: allow stat \"@t/mine/*\" { owner caller; }\n"
			      "}\n"
			      "gone: deny stat \"@t/open/hidden\" { hide; }\n"
			      "never: deny stat \"@t/open/denied\", \"@t/open/absent-denied\";\n";

static const struct row looks[] = {
	{ STAT, "open/file", 0, GRANTED },
	{ STAT, "open/directory", 0, GRANTED },
	{ STAT, "open/absent", 0, HIDDEN },
	{ STAT, "open/hidden", 0, HIDDEN },
	{ STAT, "open/denied", 0, BY_RULE },
	{ STAT, "open/absent-denied", 0, BY_RULE },
	{ STAT, "elsewhere", 0, BY_DEFAULT },
	{ STAT, "elsewhere-absent", 0, BY_DEFAULT },
	/* where a link leads is judged before it is looked at */
	{ STAT, "open/link", 0, GRANTED },
	{ STAT, "open/out", 0, BY_DEFAULT },
	{ STAT, "open/out-absent", 0, BY_DEFAULT },
	{ STAT, "open/dangling", 0, HIDDEN },
	{ LSTAT, "open/link", 0, GRANTED },
	{ LSTAT, "open/out", 0, GRANTED },
	{ LSTAT, "open/out-absent", 0, GRANTED },
	{ READLINK, "open/out", 0, GRANTED },
	{ READLINK, "open/file", 0, KERNEL(EINVAL) },
	{ READLINK, "elsewhere-link", 0, BY_DEFAULT },
	/* the caller's rights, or root's */
	{ STAT, "open/private/file", 0, KERNEL(EACCES) },
	{ STAT, "closed/file", 0, GRANTED },
	{ STAT, "mine/his", 0, GRANTED },
	{ STAT, "mine/roots", 0, CONDITION },
	/* who asks first may trust the answer */
	{ ACCESS, "open/file", F_OK, GRANTED },
	{ ACCESS, "open/file", X_OK, KERNEL(EACCES) },
	{ ACCESS, "open/directory", X_OK, GRANTED },
	{ ACCESS, "open/file", R_OK, BY_DEFAULT },
	{ ACCESS, "open/readable", R_OK, GRANTED },
	{ ACCESS, "open/readable", W_OK, BY_DEFAULT },
	{ ACCESS, "closed/file", F_OK, GRANTED },
};

static void start_looking(void)
{
	start(looking);
	make_directory("open", 0, 0755);
	make_directory("open/directory", 0, 0755);
	make_directory("open/private", 0, 0700);
	make_directory("closed", 0, 0700);
	make_directory("mine", 0, 0755);
	make_file("open/file", 0, 0644);
	make_file("open/readable", 0, 0644);
	make_file("open/hidden", 0, 0644);
	make_file("open/denied", 0, 0644);
	make_file("open/private/file", 0, 0644);
	make_file("closed/file", 0, 0600);
	make_file("mine/his", ALICE, 0600);
	make_file("mine/roots", 0, 0600);
	make_file("elsewhere", 0, 0644);
	make_link("open/link", "file");
	make_link("open/out", in_tree("elsewhere"));
	make_link("open/out-absent", in_tree("elsewhere-absent"));
	make_link("open/dangling", in_tree("open/absent"));
	make_link("elsewhere-link", "elsewhere");
	scene_start(&s);
}

START_TEST(stat_readlink_and_access_tell_what_the_policy_lets_them)
{
	start_looking();
	assert_rows(looks, ELEMENTSOF(looks));
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
	       a->st_nlink == b->st_nlink && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_rdev == b->st_rdev && a->st_size == b->st_size &&
	       a->st_blksize == b->st_blksize && a->st_blocks == b->st_blocks &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int compare(const void *arg)
{
	struct stat told, seen;
	struct fdbroker *broker;
	char target[256] = "", cut[3] = "";

	(void)arg;
	if (fdbroker_connect(&broker, s.daemon.socket) < 0)
		return 200;
	if (fdbroker_stat(broker, in_tree("open/link"), 0, &told, NULL) < 0 ||
	    stat(in_tree("open/file"), &seen) < 0 || !same(&told, &seen))
		return 1;
	if (fdbroker_stat(broker, in_tree("open/link"), AT_SYMLINK_NOFOLLOW, &told, NULL) < 0 ||
	    lstat(in_tree("open/link"), &seen) < 0 || !same(&told, &seen))
		return 2;
	if (fdbroker_readlink(broker, in_tree("open/link"), target, sizeof(target), NULL) != 4 ||
	    strcmp(target, "file") != 0)
		return 3;
	if (fdbroker_readlink(broker, in_tree("open/link"), cut, 2, NULL) != 2 ||
	    strcmp(cut, "fi") != 0)
		return 4;
	fdbroker_close(broker);
	return 0;
}

START_TEST(what_is_told_is_what_the_kernel_tells)
{
	start_looking();
	ck_assert_int_eq(scene_as(ALICE, compare, NULL), 0);
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

static const char changing[] =
	"for user 30000 {\n"
	"    his: allow remove, create, attributes, truncate \"@t/his/**\";\n"
	"    lent: allow remove, create, attributes as root \"@t/lent/**\";\n"
	"    sticky: allow remove as root \"@t/sticky/*\" { note \"x\"; }\n"
	"    files: allow remove \"@t/files/*\" { type regular; }\n"
	"}\n"
	"kept: deny remove, attributes \"@t/his/kept\";\n";

static const struct row changes[] = {
	{ UNLINK, "his/file", 0, GRANTED },
	{ UNLINK, "his/file", 0, HIDDEN },
	{ UNLINK, "his/kept", 0, BY_RULE },
	{ UNLINK, "elsewhere", 0, BY_DEFAULT },
	{ UNLINK, "elsewhere-absent", 0, BY_DEFAULT },
	{ UNLINK, "his/link", 0, GRANTED },
	{ UNLINK, "his/full", 0, KERNEL(EISDIR) },
	{ RMDIR, "his/full", 0, KERNEL(ENOTEMPTY) },
	{ RMDIR, "his/empty", 0, GRANTED },
	{ RMDIR, "his/other", 0, KERNEL(ENOTDIR) },
	{ UNLINK, "his/out/file", 0, BY_DEFAULT },
	{ UNLINK, "files/link", 0, CONDITION },
	{ UNLINK, "files/roots", 0, KERNEL(EACCES) },
	{ UNLINK, "lent/roots", 0, GRANTED },
	{ UNLINK, "sticky/bobs", 0, GRANTED },
	{ MKDIR, "his/new", 0777, GRANTED },
	{ MKDIR, "his/new", 0777, KERNEL(EEXIST) },
	{ MKDIR, "lent/new", 0700, GRANTED },
	{ MKDIR, "elsewhere-absent", 0700, BY_DEFAULT },
	{ CHMOD, "his/other", 0640, GRANTED },
	{ CHMOD, "his/kept", 0640, BY_RULE },
	{ CHMOD, "his/roots", 0640, KERNEL(EPERM) },
	{ CHMOD, "his/out-file", 0640, BY_DEFAULT },
	{ CHMOD, "lent/mode", 0644, GRANTED },
	{ TOUCH, "his/other", 0, GRANTED },
	{ TOUCH, "lent/mode", 0, GRANTED },
	{ TOUCH, "his/roots", 0, KERNEL(EPERM) },
	{ TRUNCATE, "his/other", 2, GRANTED },
	{ TRUNCATE, "lent/mode", 2, BY_DEFAULT },
	{ TRUNCATE, "his/roots", 2, KERNEL(EACCES) },
};

static void start_changing(void)
{
	start(changing);
	make_directory("his", ALICE, 0755);
	make_directory("his/full", ALICE, 0755);
	make_directory("his/full/er", ALICE, 0755);
	make_directory("his/empty", ALICE, 0755);
	make_directory("lent", 0, 0755);
	make_directory("sticky", 0, 01777);
	make_directory("files", 0, 0755);
	make_directory("elsewhere-directory", ALICE, 0755);
	make_file("elsewhere-directory/file", ALICE, 0644);
	make_file("his/file", ALICE, 0644);
	make_file("his/other", ALICE, 0644);
	make_file("his/kept", ALICE, 0644);
	make_file("his/roots", 0, 0644);
	make_file("elsewhere", ALICE, 0644);
	make_file("lent/roots", 0, 0644);
	make_file("lent/mode", 0, 0600);
	make_file("sticky/bobs", BOB, 0644);
	make_file("files/roots", 0, 0644);
	make_link("files/link", "roots");
	make_link("his/link", in_tree("elsewhere"));
	make_link("his/out-file", in_tree("elsewhere"));
	make_link("his/out", in_tree("elsewhere-directory"));
	scene_start(&s);
}

static void assert_is(const char *name, uid_t owner, mode_t mode)
{
	struct stat st;

	ck_assert_msg(lstat(in_tree(name), &st) == 0, "%s: %m", name);
	ck_assert_msg(st.st_uid == owner && st.st_mode == mode, "%s: %u %o", name, st.st_uid,
		      st.st_mode);
}

START_TEST(names_and_attributes_change_as_the_policy_lets_them)
{
	struct stat st;

	start_changing();
	assert_rows(changes, ELEMENTSOF(changes));
	ck_assert_int_eq(access(in_tree("elsewhere"), F_OK), 0);
	ck_assert_int_eq(access(in_tree("his/file"), F_OK), -1);
	assert_is("his/new", ALICE, S_IFDIR | 0755);
	assert_is("lent/new", 0, S_IFDIR | 0700);
	assert_is("his/other", ALICE, S_IFREG | 0640);
	assert_is("lent/mode", 0, S_IFREG | 0644);
	assert_is("elsewhere", ALICE, S_IFREG | 0644);
	ck_assert_int_eq(stat(in_tree("lent/mode"), &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 3);
	ck_assert_int_eq(stat(in_tree("his/other"), &st), 0);
	ck_assert_int_eq(st.st_size, 2);
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

static const char reaching[] = "for user 30000 {\n"
			       "    his: allow connect \"@t/open/*\";\n"
			       "    lent: allow connect as root \"@t/closed/*\";\n"
			       "}\n";

static const struct row reaches[] = {
	{ CONNECT, "open/socket", SOCK_STREAM, GRANTED },
	{ CONNECT, "open/link", SOCK_STREAM, GRANTED },
	{ CONNECT, "open/out", SOCK_STREAM, BY_DEFAULT },
	{ CONNECT, "open/socket", SOCK_DGRAM, KERNEL(EPROTOTYPE) },
	{ CONNECT, "open/file", SOCK_STREAM, CONDITION },
	{ CONNECT, "open/private", SOCK_STREAM, KERNEL(EACCES) },
	{ CONNECT, "closed/socket", SOCK_STREAM, GRANTED },
	{ CONNECT, "elsewhere", SOCK_STREAM, BY_DEFAULT },
	{ CONNECT, "elsewhere-absent", SOCK_STREAM, BY_DEFAULT },
	/* nobody accepts: what is full is said at once */
	{ CONNECT, "open/full", SOCK_STREAM, GRANTED },
	{ CONNECT, "open/full", SOCK_STREAM, KERNEL(EAGAIN) },
};

static void listen_at(const char *name, mode_t mode, int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_tree(name));
	ck_assert_int_eq(bind(sock, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(chmod(in_tree(name), mode), 0);
	ck_assert_int_eq(listen(sock, backlog), 0);
	listening[n_listening++] = sock;
}

START_TEST(sockets_are_reached_as_the_policy_lets_them)
{
	start(reaching);
	make_directory("open", 0, 0755);
	make_directory("closed", 0, 0700);
	listen_at("open/socket", 0666, 8);
	listen_at("open/private", 0600, 8);
	listen_at("open/full", 0666, 0);
	listen_at("closed/socket", 0600, 8);
	listen_at("elsewhere", 0666, 8);
	make_file("open/file", ALICE, 0666);
	make_link("open/link", "socket");
	make_link("open/out", in_tree("elsewhere"));
	scene_start(&s);
	assert_rows(reaches, ELEMENTSOF(reaches));
	scene_assert_unharmed(&s);
	while (n_listening > 0)
		fd_close(listening[--n_listening]);
	scene_stop(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("acts");
	TCase *tcase = suite_case(suite, "acts");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, stat_readlink_and_access_tell_what_the_policy_lets_them);
	tcase_add_test(tcase, names_and_attributes_change_as_the_policy_lets_them);
	tcase_add_test(tcase, sockets_are_reached_as_the_policy_lets_them);
	tcase_add_test(tcase, what_is_told_is_what_the_kernel_tells);
	return suite_main(suite);
}
