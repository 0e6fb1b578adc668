/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"

/*
 * Many opens in one message, with the real daemon and the real library: what each member gets is what
 * it would get alone, whatever the others are.
 */

static struct scene s;
static char tree[128];

static const char rules[] = "for user 30000 {\n"
			    "    all: allow read \"@t/open/**\" { audit all; }\n"
			    "    lent: allow read as root \"@t/lent\";\n"
			    "    made: allow create,write \"@t/made/**\";\n"
			    "    large: allow read \"@t/large\" { max-size 1; }\n"
			    "}\n"
			    "deny read \"@t/open/secret\";\n"
			    "deny any \"@t/open/hidden\" { hide; }\n";

static const char *in_tree(const char *name)
{
	static char paths[FDBROKER_BATCH_MAX][256];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", tree, name);
	return path;
}

/* Its content is its name. */
static void make_file(const char *name, uid_t owner, mode_t mode)
{
	int fd = open(in_tree(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s: %m", in_tree(name));
	ck_assert_int_eq(write(fd, name, strlen(name)), (ssize_t)strlen(name));
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	fd_close(fd);
}

static void make_directory(const char *name, uid_t owner)
{
	ck_assert_int_eq(mkdir(in_tree(name), 0755), 0);
	ck_assert_int_eq(chown(in_tree(name), owner, owner), 0);
}

static const char *numbered(unsigned int i)
{
	char name[32];

	snprintf(name, sizeof(name), "open/%u", i);
	return in_tree(name);
}

static void start(void)
{
	char policy[4096];

	scene_prepare(&s);
	snprintf(tree, sizeof(tree), "%s/tree", s.daemon.directory);
	make_directory("", 0);
	make_directory("open", 0);
	make_directory("made", ALICE);
	make_file("lent", 0, 0600);
	make_file("large", 0, 0644);
	make_file("open/secret", 0, 0644);
	make_file("open/hidden", 0, 0644);
	make_file("open/private", 0, 0600);
	for (unsigned int i = 0; i < FDBROKER_BATCH_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "open/%u", i);
		make_file(name, 0, 0644);
	}
	snprintf(policy, sizeof(policy),
		 "version 1;\nlet @t = \"%s\";\n%sfor user %d { bobs: allow read \"%s\"; }\n", tree,
		 rules, BOB, s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
	scene_start(&s);
}

static void stop(void)
{
	scene_assert_unharmed(&s);
	scene_stop(&s);
}

/* Whether @fd is open for reading on what has this name as its content. */
static bool reads(int fd, const char *path)
{
	const char *name = path + strlen(tree) + 1;
	char content[64] = "";

	return read(fd, content, sizeof(content) - 1) >= 0 && strcmp(content, name) == 0 &&
	       (fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

struct row {
	const char *name; /* in the tree; or the name itself */
	int flags;
	int expected; /* errno, or 0 */
	enum fdbroker_reason reason;
};

static const struct row mixed[] = {
	{ "open/1", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/secret", O_RDONLY, EACCES, FDBROKER_REASON_RULE },
	{ "lent", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/hidden", O_RDONLY, ENOENT, FDBROKER_REASON_NOT_FOUND },
	{ "open/2", O_RDWR, EACCES, FDBROKER_REASON_DEFAULT },
	{ "open/2", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/2", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/none", O_RDONLY, ENOENT, FDBROKER_REASON_NOT_FOUND },
	{ "open/private", O_RDONLY, EACCES, FDBROKER_REASON_KERNEL },
	{ "large", O_RDONLY, EACCES, FDBROKER_REASON_CONDITION },
	{ "open/3/", O_RDONLY, EACCES, FDBROKER_REASON_DEFAULT },
	{ "open//./4", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/../lent", O_RDONLY, EINVAL, FDBROKER_REASON_NONE },
	{ "open/5", O_RDONLY | O_PATH, EINVAL, FDBROKER_REASON_NONE },
	{ "made/new", O_WRONLY | O_CREAT, 0, FDBROKER_REASON_OK },
	{ "open/6", O_RDONLY, 0, FDBROKER_REASON_OK },
};

static bool is_as_expected(const struct row *row, const struct fdbroker_request *request)
{
	int error = request->fd < 0 ? -request->fd : 0;

	if (error == row->expected && request->answer.reason == row->reason)
		return true;
	fprintf(stderr, "%s: %s (%s)\n", row->name, error ? strerror(error) : "granted",
		fdbroker_reason_name(request->answer.reason));
	return false;
}

static int ask_mixed(const void *arg)
{
	struct fdbroker_request requests[ELEMENTSOF(mixed)];
	struct fdbroker *broker;
	int granted = 0;

	(void)arg;
	if (fdbroker_connect(&broker, s.daemon.socket) < 0)
		return 200;
	for (size_t i = 0; i < ELEMENTSOF(mixed); i++) {
		requests[i] = (struct fdbroker_request){
			.path = in_tree(mixed[i].name),
			.flags = mixed[i].flags,
			.mode = 0600,
			.fd = -1,
		};
		granted += mixed[i].expected == 0;
	}
	if (fdbroker_open_batch(broker, requests, ELEMENTSOF(mixed)) != granted)
		return 201;
	for (size_t i = 0; i < ELEMENTSOF(mixed); i++)
		if (!is_as_expected(&mixed[i], &requests[i]))
			return (int)i + 1;
	for (size_t i = 0; i < ELEMENTSOF(mixed); i++)
		if (requests[i].fd >= 0 && mixed[i].flags == O_RDONLY && mixed[i].name[5] != '/' &&
		    !reads(requests[i].fd, requests[i].path))
			return (int)i + 101;
	fdbroker_close(broker);
	return 0;
}

START_TEST(each_member_gets_what_it_would_get_alone)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, ask_mixed, NULL), 0);
	stop();
}
END_TEST

static int ask_most(const void *arg)
{
	struct fdbroker_request requests[FDBROKER_BATCH_MAX + 1] = { 0 };
	struct fdbroker *broker;

	(void)arg;
	if (fdbroker_connect(&broker, s.daemon.socket) < 0)
		return 200;
	for (unsigned int i = 0; i < FDBROKER_BATCH_MAX; i++)
		requests[i].path = numbered(i);
	if (fdbroker_open_batch(broker, requests, FDBROKER_BATCH_MAX + 1) != -EINVAL ||
	    fdbroker_open_batch(broker, requests, 0) != -EINVAL)
		return 1;
	if (fdbroker_open_batch(broker, requests, FDBROKER_BATCH_MAX) != FDBROKER_BATCH_MAX)
		return 2;
	for (unsigned int i = 0; i < FDBROKER_BATCH_MAX; i++)
		if (!reads(requests[i].fd, requests[i].path))
			return 3;
	fdbroker_close(broker);
	return 0;
}

START_TEST(as_many_as_one_message_carries_and_no_more)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, ask_most, NULL), 0);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("batch");
	TCase *tcase = suite_case(suite, "batch");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, each_member_gets_what_it_would_get_alone);
	tcase_add_test(tcase, as_many_as_one_message_carries_and_no_more);
	return suite_main(suite);
}
