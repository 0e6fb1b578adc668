/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/acts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/suite.h"

struct scene acts_scene;
static char tree[128];

void acts_write_policy(const char *rules)
{
	struct scene *s = &acts_scene;
	char text[4096], policy[8192];

	snprintf(text, sizeof(text), "version 1;\nlet @t = \"%s\";\n%s", tree, rules);
	snprintf(policy, sizeof(policy), "%sfor user %d { bobs: allow read \"%s\"; }\n", text, BOB,
		 s->own);
	daemon_write_policy(&s->daemon, "scene.fdp", policy);
}

void acts_prepare(const char *rules)
{
	scene_prepare(&acts_scene);
	snprintf(tree, sizeof(tree), "%s/tree", acts_scene.daemon.directory);
	ck_assert_int_eq(mkdir(tree, 0755), 0);
	acts_write_policy(rules);
}

const char *acts_path(const char *name)
{
	static char paths[FDBROKER_BATCH_MAX][256];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", tree, name);
	return path;
}

const char *acts_name_of(const char *path)
{
	return path + strlen(tree) + 1;
}

static void make_file(const char *name, uid_t owner, mode_t mode, const char *content)
{
	int fd = open(acts_path(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s: %m", acts_path(name));
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	fd_close(fd);
}

void acts_make_file(const char *name, uid_t owner, mode_t mode)
{
	make_file(name, owner, mode, "text");
}

void acts_make_named_file(const char *name, uid_t owner, mode_t mode)
{
	make_file(name, owner, mode, name);
}

void acts_make_directory(const char *name, uid_t owner, mode_t mode)
{
	ck_assert_int_eq(mkdir(acts_path(name), 0700), 0);
	ck_assert_int_eq(chown(acts_path(name), owner, owner), 0);
	ck_assert_int_eq(chmod(acts_path(name), mode), 0);
}

void acts_make_link(const char *name, const char *target)
{
	ck_assert_int_eq(symlink(target, acts_path(name)), 0);
}

static const struct timespec long_ago[2] = { { ACTS_READ_SEC, 2 }, { ACTS_WRITTEN_SEC, 4 } };

static const char arrow[] = " -> ";

static const char *old_path(const char *name)
{
	const char *end = strstr(name, arrow);
	char old[128];

	snprintf(old, sizeof(old), "%.*s", end ? (int)(end - name) : (int)strlen(name), name);
	return acts_path(old);
}

static const char *new_path(const struct acts_row *row, const char *path)
{
	const char *other = strstr(row->name, arrow);
	static char name[256];

	if (other)
		return acts_path(other + strlen(arrow));
	snprintf(name, sizeof(name), "%.*s" ACTS_NEW, (int)(strrchr(path, '/') + 1 - path), path);
	return name;
}

int acts_ask(struct fdbroker *broker, const struct acts_row *row, struct fdbroker_answer *answer)
{
	const char *path = old_path(row->name);
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
	case SYMLINK:
		r = fdbroker_symlink(broker, ACTS_TARGET, path, answer);
		break;
	case TOUCH:
	case LTOUCH:
		r = fdbroker_utimens(broker, path, long_ago,
				     row->kind == LTOUCH ? AT_SYMLINK_NOFOLLOW : 0, answer);
		break;
	case TRUNCATE:
		r = fdbroker_truncate(broker, path, row->argument, answer);
		break;
	case CONNECT:
		r = fdbroker_connect_unix(broker, path, row->argument, answer);
		if (r >= 0 && send(r, "x", 1, MSG_NOSIGNAL) != 1)
			r = -EPIPE;
		break;
	case RENAME:
	case NOREPLACE:
		r = fdbroker_rename(broker, path, new_path(row, path),
				    row->kind == NOREPLACE ? RENAME_NOREPLACE : 0, answer);
		break;
	case LINK:
		r = fdbroker_link(broker, path, new_path(row, path), answer);
		break;
	case WATCH:
		r = fdbroker_watch(broker, path, IN_ALL_EVENTS, answer);
		break;
	}
	return r;
}

struct story {
	const struct acts_row *rows;
	size_t n;
};

/* 0, or the number of the first row that was answered otherwise, from 1. */
static int ask_rows(const void *arg)
{
	const struct story *story = arg;
	struct fdbroker *broker;

	if (fdbroker_connect(&broker, acts_scene.daemon.socket) < 0)
		return 200;
	for (size_t i = 0; i < story->n; i++) {
		const struct acts_row *row = &story->rows[i];
		struct fdbroker_answer answer;
		int r = acts_ask(broker, row, &answer);

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

void acts_assert_rows_as(uid_t uid, const struct acts_row *rows, size_t n)
{
	const struct story story = { rows, n };

	ck_assert_int_eq(scene_as(uid, ask_rows, &story), 0);
}

void acts_stop(void)
{
	scene_assert_unharmed(&acts_scene);
	scene_stop(&acts_scene);
}

struct stat acts_look(const char *name)
{
	struct stat st = { 0 };

	ck_assert_msg(lstat(acts_path(name), &st) == 0, "%s: %m", name);
	return st;
}

void acts_assert_is(const char *name, uid_t owner, mode_t mode)
{
	struct stat st = acts_look(name);

	ck_assert_msg(st.st_uid == owner && st.st_mode == mode, "%s: %u %o", name, st.st_uid,
		      st.st_mode);
}

void acts_assert_group(const char *name, gid_t group)
{
	ck_assert_uint_eq(acts_look(name).st_gid, group);
}

void acts_assert_none(const char *name)
{
	struct stat st;

	ck_assert_msg(lstat(acts_path(name), &st) < 0 && errno == ENOENT, "%s is there", name);
}

void acts_assert_untouched(const char *name, const struct stat *before)
{
	struct stat now = acts_look(name);

	ck_assert_uint_eq(now.st_ino, before->st_ino);
	ck_assert_uint_eq(now.st_mode, before->st_mode);
	ck_assert_uint_eq(now.st_uid, before->st_uid);
	ck_assert_uint_eq(now.st_nlink, before->st_nlink);
	ck_assert_int_eq(now.st_size, before->st_size);
	ck_assert_int_eq(now.st_mtim.tv_sec, before->st_mtim.tv_sec);
	ck_assert_int_eq(now.st_mtim.tv_nsec, before->st_mtim.tv_nsec);
}

int acts_listen_at(const char *name, int type, mode_t mode, int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", acts_path(name));
	ck_assert_int_eq(bind(sock, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(chmod(acts_path(name), mode), 0);
	if (type != SOCK_DGRAM)
		ck_assert_int_eq(listen(sock, backlog), 0);
	return sock;
}
