/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/broker.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/sysctl.h"
#include "tests/support/user.h"
#include "wire/message.h"

/*
 * A child loads a policy, confines itself as the broker does, opens what the
 * test wishes, one after the other, and sends what it got. In policies, @d is
 * the test's own directory, which is root's and nobody else's to write; in
 * wishes a path without a leading slash is below it.
 */

#define ALICE 30000
#define BOB   30001

#define R      WIRE_OPEN_READ
#define W      WIRE_OPEN_WRITE
#define RW     (WIRE_OPEN_READ | WIRE_OPEN_WRITE)
#define CREATE WIRE_OPEN_CREATE
#define EXCL   (WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE)
#define TRUNC  WIRE_OPEN_TRUNCATE

enum who { AS_ALICE, AS_BOB, AS_ROOT };

static const struct principal principals[] = {
	[AS_ALICE] = { .connection = 1, .uid = ALICE, .gid = ALICE },
	[AS_BOB] = { .connection = 2, .uid = BOB, .gid = BOB },
	[AS_ROOT] = { .connection = 3, .cap_effective = UINT64_MAX },
};

struct wish {
	enum who who;
	const char *path;
	uint32_t flags;
	uint32_t mode;
};

struct seen {
	bool would_block, lingers;
	enum wire_reason reason;
	int error;
	enum policy_condition condition;
	uint64_t ino;
	char canonical[512];
	int fd; /* the test's */
};

static char directory[64];
static bool at_once; /* the broker may not block */

struct world {
	const char *policy;
	const struct wish *wishes;
	size_t n;
	int sock;
	bool bind_etc; /* on m/, in a mount namespace of the child's own */
	bool leads_session;
};

static struct policy *load_world(const struct world *world)
{
	char text[4096];

	snprintf(text, sizeof(text), "version 1;\nlet @d = \"%s\";\n%s\n", directory,
		 world->policy);
	return broker_load(text);
}

static int grant_wish(struct opener *opener, struct policy_caller *const *callers,
		      const struct wish *wish, struct outcome *ret)
{
	struct wire_open claim = { .flags = wish->flags, .mode = wish->mode };
	char path[WIRE_PATH_MAX + 1];
	struct request request;
	struct order order = {
		.request = &request,
		.principal = &principals[wish->who],
		.caller = callers[wish->who],
		.now_sec = 1,
		.may_block = !at_once,
	};

	if (wish->path[0] == '/')
		snprintf(path, sizeof(path), "%s", wish->path);
	else
		snprintf(path, sizeof(path), "%s/%s", directory, wish->path);
	claim.path = path;
	claim.path_len = (uint16_t)strlen(path);
	if (request_read(&claim, &request) != WIRE_REASON_OK)
		return -EINVAL;
	opener_open(opener, &order, ret);
	return 0;
}

static int tell(int sock, const struct outcome *outcome)
{
	const struct message_attach attach = { .fds = &outcome->fd, .n_fds = outcome->fd >= 0 };
	struct seen seen = {
		.reason = outcome->reason,
		.error = outcome->error,
		.would_block = outcome->would_block,
		.lingers = outcome->lingers,
		.condition = outcome->condition,
		.ino = outcome->ino,
	};
	int r;

	snprintf(seen.canonical, sizeof(seen.canonical), "%.500s", outcome->canonical);
	/* The test takes them as fast as it can. */
	do
		r = message_send(sock, &seen, sizeof(seen), &attach);
	while (r == -EAGAIN);
	fd_close(outcome->pin);
	fd_close(outcome->fd);
	return r;
}

static int grant_wishes(const struct world *world, struct opener *opener,
			struct policy_caller *const *callers)
{
	static struct outcome outcome;

	for (size_t i = 0; i < world->n; i++) {
		if (grant_wish(opener, callers, &world->wishes[i], &outcome) < 0)
			return 203;
		if (tell(world->sock, &outcome) < 0)
			return 204;
	}
	return 0;
}

static int bind_etc(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/m", directory);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return mount("/etc", path, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int broker(const void *arg)
{
	const struct world *world = arg;
	struct policy_caller *callers[ELEMENTSOF(principals)];
	struct policy *policy = load_world(world);
	struct rates rates;
	struct locality locality = { 0 };
	struct opener_setup setup = { .rates = &rates, .locality = &locality, .pump = -EBADF };
	struct opener opener;
	int procfd;

	if (!policy || (world->bind_etc && bind_etc() < 0) ||
	    (world->leads_session && setsid() < 0))
		return 200;
	for (size_t i = 0; i < ELEMENTSOF(principals); i++) {
		struct policy_subject subject = { .known = POLICY_FACT_ALL,
						  .uid = principals[i].uid,
						  .gid = principals[i].gid };

		if (policy_caller_new(&callers[i], policy, &subject) < 0)
			return 201;
	}
	procfd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rates_init(&rates, policy) < 0)
		return 202;
	setup.procfd = procfd;
	setup.policy = policy;
	if (procfd < 0 || broker_confine(policy) < 0 || opener_init(&opener, &setup) < 0)
		return 202;
	return grant_wishes(world, &opener, callers);
}

static void receive_seen(int sock, struct seen *ret)
{
	const struct message_want want = { .fds = 1 };
	struct pollfd poller = { .fd = sock, .events = POLLIN };
	struct message m;

	/* Linux says end of file where the last message and the end come between its look at the
	 * queue and its look at the peer: what is received must be there already. */
	ck_assert_int_eq(poll(&poller, 1, -1), 1);
	ck_assert_int_eq(message_receive(sock, ret, sizeof(*ret), &want, &m), 1);
	ck_assert_uint_eq(m.size, sizeof(*ret));
	ret->fd = m.n_fds > 0 ? m.fds[0] : -EBADF;
}

static void play(struct world *world, struct seen *seen)
{
	int pair[2];
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	world->sock = pair[1];
	pid = forked_start(broker, world);
	close(pair[1]);
	for (size_t i = 0; i < world->n; i++)
		receive_seen(pair[0], &seen[i]);
	close(pair[0]);
	ck_assert_int_eq(forked_wait(pid), 0);
}

static struct seen ask(const char *policy, struct wish wish)
{
	struct world world = { .policy = policy, .wishes = &wish, .n = 1 };
	struct seen seen;

	play(&world, &seen);
	return seen;
}

static const char *in_directory(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void make(const char *name, uid_t owner, mode_t mode, const char *content)
{
	const char *path = in_directory(name);
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void make_directory(const char *name, uid_t owner, mode_t mode)
{
	const char *path = in_directory(name);

	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chown(path, owner, owner), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void make_link(const char *name, const char *target, uid_t owner)
{
	const char *path = in_directory(name);

	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(lchown(path, owner, owner), 0);
}

static void make_node(const char *name, mode_t mode, dev_t dev)
{
	const char *path = in_directory(name);

	ck_assert_int_eq(mknod(path, mode, dev), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
}

static void make_hard_link(const char *name, const char *second)
{
	char path[512];

	snprintf(path, sizeof(path), "%s", in_directory(name));
	ck_assert_int_eq(link(path, in_directory(second)), 0);
}

static void make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory, name);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(chmod(address.sun_path, 0666), 0);
	close(fd);
}

static void make_directory_of_test(void)
{
	suite_make_directory("/tmp", directory, sizeof(directory));
}

static void remove_directory_of_test(void)
{
	suite_remove(directory);
}

static const char read_all[] = "for user 30000 { allow read \"@d/**\"; }";

START_TEST(opener_opens_what_a_rule_allows)
{
	struct seen seen;
	char byte;

	make("f", ALICE, 0600, "x");
	seen = ask(read_all, (struct wish){ AS_ALICE, "f", R, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_OK);
	ck_assert_int_eq(read(seen.fd, &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
	close(seen.fd);
}
END_TEST

/* What a reader of everything below @d is told of each kind of object. */
static const struct object_row {
	const char *name;
	const char *path;
	uint32_t flags;
	enum wire_reason reason;
	int error;
	enum policy_condition condition;
} objects[] = {
	{ "FIFO to read", "fifo", R, WIRE_REASON_CONDITION, EACCES,
	  POLICY_CONDITION_TYPE }, /* P13 */
	{ "FIFO to write", "fifo", W, WIRE_REASON_CONDITION, EACCES, POLICY_CONDITION_TYPE },
	{ "FIFO for both", "fifo", RW, WIRE_REASON_CONDITION, EACCES, POLICY_CONDITION_TYPE },
	{ "device", "zero", R, WIRE_REASON_CONDITION, EACCES, POLICY_CONDITION_TYPE },	  /* P14 */
	{ "terminal", "ptmx", RW, WIRE_REASON_CONDITION, EACCES, POLICY_CONDITION_TYPE }, /* P15 */
	{ "socket", "socket", RW, WIRE_REASON_CONDITION, EACCES, POLICY_CONDITION_TYPE }, /* P16 */
	{ "directory", "dir", R, WIRE_REASON_CONDITION, EACCES, POLICY_CONDITION_TYPE },  /* P17 */
	{ "directory as one", "dir", R | WIRE_OPEN_DIRECTORY, WIRE_REASON_DEFAULT, EACCES, 0 },
	{ "hard link to write", "hard", W, WIRE_REASON_CONDITION, EACCES,
	  POLICY_CONDITION_LINKS }, /* P08 */
	{ "hard link to truncate", "hard", W | TRUNC, WIRE_REASON_CONDITION, EACCES,
	  POLICY_CONDITION_LINKS },
	{ "nothing", "missing", R, WIRE_REASON_NOT_FOUND, ENOENT, 0 },
	{ "nothing below a file", "plain/x", R, WIRE_REASON_KERNEL, ENOTDIR, 0 },
	{ "somebody else's", "bobs", R, WIRE_REASON_KERNEL, EACCES, 0 },
	{ "outside", "/etc/passwd", R, WIRE_REASON_DEFAULT, EACCES, 0 },
	{ "outside, not there", "/etc/fdbroker-none", R, WIRE_REASON_DEFAULT, EACCES, 0 },
	{ "below a file outside", "/etc/passwd/x", R, WIRE_REASON_DEFAULT, EACCES, 0 },
};

static void make_objects(void)
{
	make("plain", ALICE, 0666, "content");
	make("hard", ALICE, 0666, "content");
	make_hard_link("hard", "hard2");
	make("bobs", BOB, 0600, "content");
	make_directory("dir", ALICE, 0755);
	make_node("fifo", S_IFIFO | 0666, 0);
	make_node("zero", S_IFCHR | 0666, makedev(1, 5));
	make_node("ptmx", S_IFCHR | 0666, makedev(5, 2));
	make_socket("socket");
}

static int watch_opens(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	ck_assert_int_ge(inotify_add_watch(fd, directory, IN_OPEN), 0);
	return fd;
}

START_TEST(opener_refuses_an_object_without_opening_it)
{
	static const char policy[] = "for user 30000 { allow read, write, truncate \"@d/**\"; }";
	const struct object_row *row = &objects[_i];
	struct seen seen;
	char event[512];
	int opens;

	make_objects();
	opens = watch_opens();
	seen = ask(policy, (struct wish){ AS_ALICE, row->path, row->flags, 0 });
	ck_assert_msg(seen.reason == row->reason, "%s: reason %d", row->name, seen.reason);
	ck_assert_msg(seen.error == row->error, "%s: errno %d", row->name, seen.error);
	ck_assert_msg(seen.condition == row->condition, "%s: condition %d", row->name,
		      seen.condition);
	ck_assert_int_eq(seen.fd, -EBADF);
	/* O_PATH is no opening: no driver, no FIFO's peer, no inotify sees it. */
	ck_assert_msg(read(opens, event, sizeof(event)) < 0 && errno == EAGAIN, "%s was opened",
		      row->name);
	close(opens);
}
END_TEST

/* P13 */
START_TEST(opener_of_a_fifo_is_not_seen_by_its_peer)
{
	static const char policy[] = "for user 30000 { allow read, write \"@d/**\"; }";
	struct seen seen;
	struct pollfd reader = { .events = POLLIN };

	make_node("fifo", S_IFIFO | 0666, 0);
	reader.fd = open(in_directory("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	seen = ask(policy, (struct wish){ AS_ALICE, "fifo", W, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_CONDITION);
	/* A writer that has come and gone leaves POLLHUP, and none does not: poll(2). */
	ck_assert_int_eq(poll(&reader, 1, 0), 0);
	close(reader.fd);
}
END_TEST

/* P06, P07, P27: whatever it may open elsewhere, the broker's own process and kernel files are not
 * among it. */
static const char *const kernel_files[] = {
	"/proc/self/exe",
	"/proc/self/mem",
	"/proc/self/status",
	"/proc/self/fd/0",
	"/proc/self/root/etc/passwd",
	"/proc/self/cwd/etc/passwd",
	"/proc/thread-self/mem",
	"/proc/1/root/etc/passwd",
	"/proc/version",
	"/proc/sys/kernel/ostype",
	"/sys/kernel/uevent_seqnum",
	"/dev/fd/0",
	"/dev/stdin",
	"/proc/mounts",
	"/dev/pts/ptmx",
};

START_TEST(opener_never_opens_kernel_files_by_a_broad_rule)
{
	static const char policy[] = "for anyone { allow read \"/**\" { note \"all\"; } }";
	struct seen seen;

	seen = ask(policy, (struct wish){ AS_ROOT, kernel_files[_i], R, 0 });
	ck_assert_msg(seen.error == EACCES && seen.fd == -EBADF, "%s: reason %d errno %d",
		      kernel_files[_i], seen.reason, seen.error);
}
END_TEST

/* Links, under each setting of the sysctls that a host may or may not have. */
static const struct link_row {
	const char *name;
	const char *path;
	uint32_t flags;
	enum wire_reason reason;
	int error;
	const char *canonical; /* below the directory, or absolute, or "" */
} links[] = {
	{ "to an allowed file", "to-plain", R, WIRE_REASON_OK, 0, "plain" },
	{ "relative, through its parent", "dir/up", R, WIRE_REASON_OK, 0, "plain" },
	{ "in the middle", "to-dir/inner", R, WIRE_REASON_OK, 0, "dir/inner" },
	{ "of links", "chain", R, WIRE_REASON_OK, 0, "plain" },
	{ "to a secret", "to-shadow", R, WIRE_REASON_DEFAULT, EACCES, "/etc/shadow" }, /* P01 */
	{ "to what is not there", "to-none", R, WIRE_REASON_DEFAULT, EACCES, "/root/none" },
	{ "to a directory of secrets", "to-etc/shadow", R, WIRE_REASON_DEFAULT, EACCES,
	  "/etc/shadow" }, /* P03 */
	{ "to itself", "loop", R, WIRE_REASON_KERNEL, ELOOP, NULL },
	{ "dangling", "dangling", R, WIRE_REASON_NOT_FOUND, ENOENT, "missing" },
	{ "not to be followed", "to-plain", R | WIRE_OPEN_NOFOLLOW, WIRE_REASON_KERNEL, ELOOP, "" },
	{ "in the middle, the last not to be", "to-dir/inner", R | WIRE_OPEN_NOFOLLOW,
	  WIRE_REASON_OK, 0, "dir/inner" },
	{ "down and up again", "crooked", R, WIRE_REASON_CONDITION, EACCES, "" },
	{ "left for others in a sticky directory", "tmp/trap", R, WIRE_REASON_CONDITION, EACCES,
	  "" },
	{ "her own in a sticky directory", "tmp/own", R, WIRE_REASON_OK, 0, "plain" },
};

static void make_links(void)
{
	char plain[512];

	snprintf(plain, sizeof(plain), "%s", in_directory("plain"));
	make("plain", ALICE, 0600, "content");
	make_directory("dir", 0, 0755);
	make("dir/inner", ALICE, 0600, "content");
	make_link("to-plain", plain, 0);
	make_link("dir/up", "../plain", 0);
	make_link("to-dir", "dir/", 0);
	make_link("chain", "./to-plain", 0);
	make_link("to-shadow", "/etc/shadow", ALICE);
	make_link("to-none", "/root/none", ALICE);
	make_link("to-etc", "/etc", ALICE);
	make_link("loop", "loop", 0);
	make_link("dangling", "missing", 0);
	make_link("crooked", "dir/../plain", 0);
	make_directory("tmp", 0, 01777);
	make_link("tmp/trap", "../plain", BOB);
	make_link("tmp/own", "../plain", ALICE);
}

static void assert_canonical(const struct link_row *row, const struct seen *seen)
{
	const char *expected = row->canonical;

	if (!expected)
		return;
	if (expected[0] != '/' && expected[0] != '\0')
		expected = in_directory(expected);
	ck_assert_str_eq(seen->canonical, expected);
}

START_TEST(opener_follows_a_link_only_where_its_target_is_allowed)
{
	const struct link_row *row = &links[_i];
	struct seen seen;

	make_links();
	seen = ask(read_all, (struct wish){ AS_ALICE, row->path, row->flags, 0 });
	ck_assert_msg(seen.reason == row->reason && seen.error == row->error,
		      "link %s: reason %d errno %d", row->name, seen.reason, seen.error);
	assert_canonical(row, &seen);
	fd_close(seen.fd);
}
END_TEST

START_TEST(opener_follows_no_link_as_root_unless_told)
{
	struct seen seen;

	make("plain", 0, 0600, "content");
	make_link("link", "plain", 0);
	seen = ask("for user 30000 { allow read as root \"@d/**\"; }",
		   (struct wish){ AS_ALICE, "link", R, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_CONDITION);
	ck_assert_int_eq(seen.condition, POLICY_CONDITION_SYMLINKS);
}
END_TEST

START_TEST(opener_lends_roots_file_by_a_rule_only)
{
	static const char policy[] =
		"for user 30000 { allow read as root \"@d/lent\"; allow read \"@d/own\"; }";
	const struct wish wishes[] = {
		{ AS_ALICE, "lent", R, 0 },
		{ AS_ALICE, "own", R, 0 },
		{ AS_ALICE, "lent", R, 0 },
		{ AS_BOB, "lent", R, 0 },
	};
	struct world world = { .policy = policy, .wishes = wishes, .n = ELEMENTSOF(wishes) };
	struct seen seen[ELEMENTSOF(wishes)];

	make("lent", 0, 0600, "content");
	make("own", 0, 0600, "content");
	play(&world, seen);
	ck_assert_int_eq(seen[0].reason, WIRE_REASON_OK);
	ck_assert_int_eq(seen[1].reason, WIRE_REASON_KERNEL);
	ck_assert_int_eq(seen[1].error, EACCES);
	ck_assert_int_eq(seen[2].reason, WIRE_REASON_OK);
	ck_assert_int_eq(seen[3].reason, WIRE_REASON_DEFAULT);
	close(seen[0].fd);
	close(seen[2].fd);
}
END_TEST

/* P10 */
static const struct {
	const char *name;
	uid_t directory_owner;
	mode_t mode;
	uid_t owner;
	enum wire_reason reason;
} chains[] = {
	{ "root's", 0, 0755, 0, WIRE_REASON_OK },
	{ "root's, sticky", 0, 01777, 0, WIRE_REASON_OK },
	{ "root's, writable by all", 0, 0777, 0, WIRE_REASON_CONDITION },
	{ "root's, writable by a group", 0, 0775, 0, WIRE_REASON_CONDITION },
	{ "bob's, with bob's file", BOB, 0755, BOB, WIRE_REASON_OK },
	{ "bob's, with root's file", BOB, 0755, 0, WIRE_REASON_CONDITION },
	{ "bob's, with alice's file", BOB, 0755, ALICE, WIRE_REASON_CONDITION },
	{ "bob's, sticky, with root's file", BOB, 01755, 0, WIRE_REASON_CONDITION },
};

START_TEST(opener_as_root_wants_a_chain_that_nobody_can_swap)
{
	struct seen seen;

	make_directory("chain", chains[_i].directory_owner, chains[_i].mode);
	make("chain/f", chains[_i].owner, 0600, "content");
	seen = ask("for user 30000 { allow read as root \"@d/**\"; }",
		   (struct wish){ AS_ALICE, "chain/f", R, 0 });
	ck_assert_msg(seen.reason == chains[_i].reason, "%s: %d", chains[_i].name, seen.reason);
	if (seen.reason == WIRE_REASON_CONDITION)
		ck_assert_int_eq(seen.condition, POLICY_CONDITION_PARENTS);
	fd_close(seen.fd);
}
END_TEST

/* P10, P08: where fs.protected_hardlinks is off, anybody may link what he cannot read to there. */
START_TEST(opener_as_root_reads_nothing_that_was_linked_to_where_all_may)
{
	struct seen seen;

	make_directory("chain", 0, _i == 0 ? 01777 : 0755);
	make("secret", 0, 0600, "content");
	make_hard_link("secret", "chain/f");
	seen = ask("for user 30000 { allow read as root \"@d/chain/*\"; }",
		   (struct wish){ AS_ALICE, "chain/f", R, 0 });
	ck_assert_int_eq(seen.reason, _i == 0 ? WIRE_REASON_CONDITION : WIRE_REASON_OK);
	fd_close(seen.fd);
}
END_TEST

/* P09 */
START_TEST(opener_as_root_stays_on_the_mount_of_its_rule)
{
	static const char *const policies[] = {
		"for user 30000 { allow read as root \"@d/**\"; }",
		"for user 30000 { allow read as root \"@d/**\" { mounts any; } }",
	};
	const struct wish wish = { AS_ALICE, "m/passwd", R, 0 };
	struct world world = { .policy = policies[_i], .wishes = &wish, .n = 1, .bind_etc = true };
	struct seen seen;

	make_directory("m", 0, 0755);
	play(&world, &seen);
	if (_i == 0) {
		ck_assert_int_eq(seen.reason, WIRE_REASON_CONDITION);
		ck_assert_int_eq(seen.condition, POLICY_CONDITION_MOUNTS);
	} else {
		ck_assert_int_eq(seen.reason, WIRE_REASON_OK);
	}
	fd_close(seen.fd);
}
END_TEST

/* Whose link, in whose directories. Every user may write to /tmp, so they are elsewhere. */
static const struct {
	const char *name;
	uid_t upper_owner, inner_owner, link_owner;
	mode_t inner_mode;
	enum wire_reason reason;
} trusted_links[] = {
	{ "root's in root's", 0, 0, 0, 0755, WIRE_REASON_OK },
	{ "bob's in root's", 0, 0, BOB, 0755, WIRE_REASON_CONDITION },
	{ "alice's own", 0, 0, ALICE, 0755, WIRE_REASON_CONDITION },
	{ "root's in bob's", 0, BOB, 0, 0755, WIRE_REASON_CONDITION },
	{ "root's in root's in bob's", BOB, 0, 0, 0755, WIRE_REASON_CONDITION },
	{ "root's where all may write", 0, 0, 0, 0777, WIRE_REASON_CONDITION },
	{ "root's where a group may write", 0, 0, 0, 0775, WIRE_REASON_CONDITION },
	{ "root's in a sticky directory", 0, 0, 0, 01777, WIRE_REASON_CONDITION },
};

#define LINKED "/var/lib/fdb-check-opener" /* root's alone, up to / */

static void remove_linked(void)
{
	ck_assert_int_eq(system("rm -rf " LINKED), 0);
}

static void make_linked(int i)
{
	ck_assert_int_eq(system("rm -rf " LINKED " && mkdir -p " LINKED "/u/i"), 0);
	ck_assert_int_eq(symlink("../f", LINKED "/u/i/l"), 0);
	ck_assert_int_eq(system("echo content >" LINKED "/u/f"), 0);
	ck_assert_int_eq(lchown(LINKED "/u/i/l", trusted_links[i].link_owner, 0), 0);
	ck_assert_int_eq(chown(LINKED "/u/i", trusted_links[i].inner_owner, 0), 0);
	ck_assert_int_eq(chmod(LINKED "/u/i", trusted_links[i].inner_mode), 0);
	ck_assert_int_eq(chown(LINKED "/u", trusted_links[i].upper_owner, 0), 0);
}

START_TEST(opener_follows_trusted_links_only_where_root_alone_made_the_way)
{
	static const char policy[] =
		"for user 30000 { allow read \"" LINKED "/**\" { symlinks trusted; } }";
	struct seen seen;

	make_linked(_i);
	seen = ask(policy, (struct wish){ AS_ALICE, LINKED "/u/i/l", R, 0 });
	remove_linked();
	ck_assert_msg(seen.reason == trusted_links[_i].reason, "%s: %d", trusted_links[_i].name,
		      seen.reason);
	if (seen.reason == WIRE_REASON_CONDITION)
		ck_assert_int_eq(seen.condition, POLICY_CONDITION_SYMLINKS);
	fd_close(seen.fd);
}
END_TEST

/* What a rule without `as root` may ask of the way, by a link of the caller's through a directory
 * that everybody may write to. */
static const struct {
	const char *attrs;
	enum wire_reason reason;
	enum policy_condition condition;
} ways[] = {
	{ "symlinks refuse;", WIRE_REASON_CONDITION, POLICY_CONDITION_SYMLINKS },
	{ "symlinks follow;", WIRE_REASON_OK, POLICY_CONDITION_NONE },
	{ "parents trusted;", WIRE_REASON_CONDITION, POLICY_CONDITION_PARENTS },
	{ "parents any; note \"why not\";", WIRE_REASON_OK, POLICY_CONDITION_NONE },
	{ "mounts any;", WIRE_REASON_OK, POLICY_CONDITION_NONE },
	{ "mounts stay;", WIRE_REASON_OK, POLICY_CONDITION_NONE },
	{ "mount { ro, nodev };", WIRE_REASON_CONDITION, POLICY_CONDITION_MOUNT },
	{ "fs nfs;", WIRE_REASON_CONDITION, POLICY_CONDITION_FS },
	{ "fs { ext4, tmpfs, overlay, xfs, btrfs };", WIRE_REASON_OK, POLICY_CONDITION_NONE },
};

START_TEST(opener_holds_a_rule_to_the_way_that_it_writes)
{
	char policy[256];
	struct seen seen;

	make_directory("bobs", BOB, 0777);
	make("bobs/f", 0, 0644, "content");
	make_link("bobs/l", "f", ALICE);
	snprintf(policy, sizeof(policy), "for user 30000 { allow read \"@d/**\" { %s } }",
		 ways[_i].attrs);
	seen = ask(policy, (struct wish){ AS_ALICE, "bobs/l", R, 0 });
	ck_assert_msg(seen.reason == ways[_i].reason && seen.condition == ways[_i].condition,
		      "%s: %d, %s", ways[_i].attrs, seen.reason,
		      policy_condition_name(seen.condition));
	fd_close(seen.fd);
}
END_TEST

/* What is made is held to the place where it would be. */
static const struct {
	const char *attrs;
	enum wire_reason reason;
	enum policy_condition condition;
} places[] = {
	{ "fs { ext4, tmpfs, overlay, xfs, btrfs };", WIRE_REASON_OK, POLICY_CONDITION_NONE },
	{ "fs nfs;", WIRE_REASON_CONDITION, POLICY_CONDITION_FS },
	{ "mount ro;", WIRE_REASON_CONDITION, POLICY_CONDITION_MOUNT },
	{ "parents trusted;", WIRE_REASON_CONDITION, POLICY_CONDITION_PARENTS },
	{ "mounts stay;", WIRE_REASON_OK, POLICY_CONDITION_NONE },
};

START_TEST(opener_holds_what_it_makes_to_its_directory)
{
	char policy[256];
	struct seen seen;

	make_directory("bobs", BOB, 0777);
	snprintf(policy, sizeof(policy), "for user 30000 { allow write, create \"@d/**\" { %s } }",
		 places[_i].attrs);
	seen = ask(policy, (struct wish){ AS_ALICE, "bobs/new", W | CREATE, 0600 });
	ck_assert_msg(seen.reason == places[_i].reason && seen.condition == places[_i].condition,
		      "%s: %d, %s", places[_i].attrs, seen.reason,
		      policy_condition_name(seen.condition));
	ck_assert_int_eq(access(in_directory("bobs/new"), F_OK) == 0,
			 places[_i].reason == WIRE_REASON_OK);
	fd_close(seen.fd);
}
END_TEST

/* P06, P07 */
static const struct {
	const char *path, *policy;
	enum wire_reason reason;
} named_kernel_files[] = {
	{ "/proc/version", "allow read \"/proc/*\" { fs proc; }", WIRE_REASON_OK },
	{ "/proc/version", "allow read \"/proc/*\" { fs any; }", WIRE_REASON_CONDITION },
	{ "/proc/version", "allow read \"/proc/*\" { fs sysfs; }", WIRE_REASON_CONDITION },
	{ "/proc/version", "allow read as root \"/proc/*\" { fs { ext4, proc }; }",
	  WIRE_REASON_CONDITION },
	/* root's own, which the caller could not read */
	{ "/proc/kpagecount", "allow read \"/proc/*\" { fs proc; }", WIRE_REASON_KERNEL },
	/* would mean the broker */
	{ "/proc/self/status", "allow read \"/proc/**\" { fs proc; }", WIRE_REASON_CONDITION },
	{ "/proc/thread-self/status", "allow read \"/proc/**\" { fs proc; }",
	  WIRE_REASON_CONDITION },
	{ "/proc/mounts", "allow read \"/proc/**\" { fs proc; }", WIRE_REASON_CONDITION },
	{ "/proc/1/status", "allow read \"/proc/**\" { fs proc; }", WIRE_REASON_RULE },
};

START_TEST(opener_reads_kernel_files_only_as_the_caller_and_where_named)
{
	char policy[256];
	struct seen seen;

	snprintf(policy, sizeof(policy), "for user 30000 { %s }", named_kernel_files[_i].policy);
	seen = ask(policy, (struct wish){ AS_ALICE, named_kernel_files[_i].path, R, 0 });
	ck_assert_msg(seen.reason == named_kernel_files[_i].reason, "%s by %s: %d",
		      named_kernel_files[_i].path, policy, seen.reason);
	fd_close(seen.fd);
}
END_TEST

static off_t size_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(in_directory(name), &st), 0);
	return st.st_size;
}

/* P19 */
START_TEST(opener_truncates_only_after_all_has_passed)
{
	static const char policy[] =
		"for user 30000 { allow write, truncate \"@d/f\"; allow read \"@d/**\";\n"
		" allow write, truncate \"@d/small\" { max-size 3; } }";
	const struct wish wishes[] = {
		{ AS_ALICE, "small", W | TRUNC, 0 },
		{ AS_ALICE, "bobs", W | TRUNC, 0 },
		{ AS_ALICE, "f", W | TRUNC, 0 },
	};
	struct world world = { .policy = policy, .wishes = wishes, .n = ELEMENTSOF(wishes) };
	struct seen seen[ELEMENTSOF(wishes)];

	make("f", ALICE, 0600, "content");
	make("small", ALICE, 0600, "content");
	make("bobs", BOB, 0644, "content");
	play(&world, seen);
	ck_assert_int_eq(seen[0].reason, WIRE_REASON_CONDITION);
	ck_assert_int_eq(size_of("small"), 7);
	ck_assert_int_eq(seen[1].reason, WIRE_REASON_DEFAULT);
	ck_assert_int_eq(size_of("bobs"), 7);
	ck_assert_int_eq(seen[2].reason, WIRE_REASON_OK);
	ck_assert_int_eq(size_of("f"), 0);
	close(seen[2].fd);
}
END_TEST

/* P26 */
static const struct {
	uint32_t wire;
	int flags;
} status_flags[] = {
	{ R, O_RDONLY },
	{ W, O_WRONLY },
	{ RW, O_RDWR },
	{ W | WIRE_OPEN_APPEND, O_WRONLY | O_APPEND },
	{ R | WIRE_OPEN_NONBLOCK, O_RDONLY | O_NONBLOCK },
	{ W | WIRE_OPEN_SYNC, O_WRONLY | O_SYNC },
	{ W | WIRE_OPEN_DSYNC | WIRE_OPEN_APPEND, O_WRONLY | O_DSYNC | O_APPEND },
	{ W | CREATE | WIRE_OPEN_APPEND, O_WRONLY | O_APPEND },
};

START_TEST(opener_gives_the_status_flags_that_were_asked_for)
{
	static const char policy[] =
		"for user 30000 { allow read, write, append, create \"@d/**\"; }";
	struct seen seen;

	make("f", ALICE, 0600, "content");
	seen = ask(policy, (struct wish){ AS_ALICE, "f", status_flags[_i].wire, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_OK);
	/* The kernel adds O_LARGEFILE, which has no name in 64-bit builds: open(2). */
	ck_assert_int_eq(fcntl(seen.fd, F_GETFL) & ~0100000, status_flags[_i].flags);
	/* P25 */
	ck_assert_int_eq(fcntl(seen.fd, F_GETFD), FD_CLOEXEC);
	close(seen.fd);
}
END_TEST

START_TEST(opener_lists_a_directory_by_its_own_mode)
{
	struct seen seen;

	make_directory("dir", 0, 0755);
	seen = ask("for user 30000 { allow list \"@d/**\"; }",
		   (struct wish){ AS_ALICE, "dir", R | WIRE_OPEN_DIRECTORY, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_OK);
	ck_assert_int_eq(fcntl(seen.fd, F_GETFL) & O_PATH, 0);
	close(seen.fd);
}
END_TEST

START_TEST(opener_hides_as_if_there_were_nothing)
{
	static const char policy[] =
		"for user 30000 { allow read \"@d/**\"; deny read \"@d/h\" { hide; } }";
	const struct wish wishes[] = { { AS_ALICE, "h", R, 0 }, { AS_ALICE, "none", R, 0 } };
	struct world world = { .policy = policy, .wishes = wishes, .n = ELEMENTSOF(wishes) };
	struct seen seen[ELEMENTSOF(wishes)];

	make("h", ALICE, 0600, "content");
	play(&world, seen);
	ck_assert_int_eq(seen[0].reason, WIRE_REASON_NOT_FOUND);
	ck_assert_int_eq(seen[0].error, ENOENT);
	ck_assert_int_eq(seen[1].reason, WIRE_REASON_NOT_FOUND);
	ck_assert_int_eq(seen[1].error, ENOENT);
}
END_TEST

/* P21: what is made, whoever's umask, directory or wish. */
static const struct creation_row {
	const char *name;
	const char *path;
	uint32_t flags, mode;
	bool as_root;
	enum wire_reason reason;
	int error;
	/* of what is there then */
	const char *made;
	uid_t uid;
	gid_t gid;
	mode_t permissions;
} creations[] = {
	{ "anew", "hers/f", RW | EXCL, 0640, false, 0, 0, "hers/f", ALICE, ALICE, 0640 },
	{ "with every bit", "hers/f", W | EXCL, 07777, false, 0, 0, "hers/f", ALICE, ALICE, 0644 },
	{ "with no bit", "hers/f", W | EXCL, 0, false, 0, 0, "hers/f", ALICE, ALICE, 0 },
	{ "if need be", "hers/f", W | CREATE, 0600, false, 0, 0, "hers/f", ALICE, ALICE, 0600 },
	{ "if need be, with no need", "hers/there", W | CREATE, 0600, false, 0, 0, "hers/there",
	  ALICE, ALICE, 0666 },
	{ "anew, over a file", "hers/there", W | EXCL, 0600, false, WIRE_REASON_KERNEL, EEXIST,
	  "hers/there", ALICE, ALICE, 0666 },
	{ "anew, over a link", "hers/dangling", W | EXCL, 0600, false, WIRE_REASON_KERNEL, EEXIST,
	  NULL, 0, 0, 0 },
	{ "through a link that dangles", "hers/dangling", W | CREATE, 0600, false, 0, 0,
	  "hers/target", ALICE, ALICE, 0600 },
	{ "through a link to elsewhere", "hers/away", W | CREATE, 0600, false, WIRE_REASON_DEFAULT,
	  EACCES, NULL, 0, 0, 0 },
	{ "below a link", "to-hers/f", W | EXCL, 0600, false, 0, 0, "hers/f", ALICE, ALICE, 0600 },
	{ "below nothing", "none/f", W | CREATE, 0600, false, WIRE_REASON_NOT_FOUND, ENOENT, NULL,
	  0, 0, 0 },
	{ "below a file", "hers/there/f", W | EXCL, 0600, false, WIRE_REASON_KERNEL, ENOTDIR, NULL,
	  0, 0, 0 },
	{ "where she may not", "roots/f", W | EXCL, 0600, false, WIRE_REASON_KERNEL, EACCES, NULL,
	  0, 0, 0 },
	{ "in a set-group-ID directory", "group/f", W | EXCL, 0664, false, 0, 0, "group/f", ALICE,
	  BOB, 0644 },
	{ "as root", "roots/f", W | EXCL, 0666, true, 0, 0, "roots/f", 0, 0, 0644 },
	{ "as root, in a set-group-ID directory", "sgid/f", W | EXCL, 0666, true, 0, 0, "sgid/f", 0,
	  0, 0644 },
	{ "as root, where others may write", "group/f", W | EXCL, 0600, true, WIRE_REASON_CONDITION,
	  EACCES, NULL, 0, 0, 0 },
	{ "over another's in a sticky directory", "tmp/bobs", W | CREATE, 0600, false,
	  WIRE_REASON_KERNEL, EACCES, "tmp/bobs", BOB, BOB, 0666 },
	{ "over one's own in a sticky directory", "tmp/own", W | CREATE, 0600, false, 0, 0,
	  "tmp/own", ALICE, ALICE, 0666 },
	{ "not, in a sticky directory", "tmp/bobs", W, 0, false, 0, 0, "tmp/bobs", BOB, BOB, 0666 },
};

static void make_places(void)
{
	make_directory("hers", ALICE, 0755);
	make_directory("roots", 0, 0755);
	make_directory("group", 0, 02777);
	ck_assert_int_eq(chown(in_directory("group"), 0, BOB), 0);
	ck_assert_int_eq(chmod(in_directory("group"), 02777), 0);
	make_directory("sgid", 0, 0755);
	ck_assert_int_eq(chown(in_directory("sgid"), 0, BOB), 0);
	ck_assert_int_eq(chmod(in_directory("sgid"), 02755), 0);
	make_directory("tmp", 0, 01777);
	make("hers/there", ALICE, 0666, "content");
	make("tmp/bobs", BOB, 0666, "content");
	make("tmp/own", ALICE, 0666, "content");
	make_link("hers/dangling", "target", 0);
	make_link("hers/away", "/tmp/fdbroker-none", ALICE);
	make_link("to-hers", "hers", 0);
}

static void assert_made(const struct creation_row *row)
{
	struct stat st;

	if (!row->made)
		return;
	ck_assert_int_eq(stat(in_directory(row->made), &st), 0);
	ck_assert_msg(st.st_uid == row->uid && st.st_gid == row->gid, "%s: owner %u:%u", row->name,
		      st.st_uid, st.st_gid);
	ck_assert_msg((st.st_mode & 07777) == row->permissions, "%s: mode %o", row->name,
		      st.st_mode);
}

START_TEST(opener_creates_what_was_asked_and_nothing_looser)
{
	static const char caller[] = "for user 30000 { allow read, write, create \"@d/**\"; }";
	static const char root[] = "for user 30000 { allow write, create as root \"@d/**\"; }";
	const struct creation_row *row = &creations[_i];
	struct seen seen;

	make_places();
	seen = ask(row->as_root ? root : caller,
		   (struct wish){ AS_ALICE, row->path, row->flags, row->mode });
	ck_assert_msg(seen.reason == row->reason && seen.error == row->error,
		      "%s: reason %d errno %d", row->name, seen.reason, seen.error);
	assert_made(row);
	fd_close(seen.fd);
}
END_TEST

#define MODES "for user 30000 { allow write, append, create, tmpfile "

/* P21: the same where the rule says what it is to be. */
static const struct promise_row {
	const char *rule;
	struct wish wish;
	enum wire_reason reason;
	int error;
	enum policy_condition condition;
	/* of what is there then; NULL: there is nothing at the path */
	const char *made;
	uid_t uid;
	gid_t gid;
	mode_t permissions;
} promises[] = {
	{ MODES "\"@d/**\" { create-mode 0664; } }",
	  { AS_ALICE, "hers/f", W | EXCL, 0 },
	  0,
	  0,
	  0,
	  "hers/f",
	  ALICE,
	  ALICE,
	  0664 },
	{ MODES "\"@d/**\" { create-mode 0400; } }",
	  { AS_ALICE, "hers/f", W | EXCL, 0666 },
	  0,
	  0,
	  0,
	  "hers/f",
	  ALICE,
	  ALICE,
	  0400 },
	{ MODES "\"@d/**\" { create-mode 0600; } }",
	  { AS_ALICE, "hers/there", W | CREATE, 0 },
	  0,
	  0,
	  0,
	  "hers/there",
	  ALICE,
	  ALICE,
	  0666 },
	{ MODES "as root \"@d/**\" { create-owner \"30001:2000\"; create-mode 0640; } }",
	  { AS_ALICE, "roots/f", W | EXCL, 0 },
	  0,
	  0,
	  0,
	  "roots/f",
	  BOB,
	  2000,
	  0640 },
	{ MODES "as root \"@d/**\" { create-owner \"30001:2000\"; } }",
	  { AS_ALICE, "sgid/f", W | CREATE, 0666 },
	  0,
	  0,
	  0,
	  "sgid/f",
	  BOB,
	  2000,
	  0644 },
	{ MODES "as root \"@d/**\" { create-owner \"30001:2000\"; } }",
	  { AS_ALICE, "bobs/f", W | EXCL, 0600 },
	  0,
	  0,
	  0,
	  "bobs/f",
	  BOB,
	  2000,
	  0600 },
	{ MODES "as root \"@d/**\" { create-owner \"30001:2000\"; } }",
	  { AS_ALICE, "hers/f", W | EXCL, 0600 },
	  WIRE_REASON_CONDITION,
	  EACCES,
	  POLICY_CONDITION_PARENTS,
	  NULL,
	  0,
	  0,
	  0 },
	{ MODES "as root \"@d/**\" { create-owner \"30001:2000\"; } }",
	  { AS_ALICE, "tmp/bobs", W | CREATE, 0600 },
	  0,
	  0,
	  0,
	  "tmp/bobs",
	  BOB,
	  BOB,
	  0666 },
	{ MODES "as root \"@d/**\" { create-owner \"30001:2000\"; } }",
	  { AS_ALICE, "tmp/own", W | CREATE, 0600 },
	  WIRE_REASON_KERNEL,
	  EACCES,
	  0,
	  "tmp/own",
	  ALICE,
	  ALICE,
	  0666 },
	{ MODES "\"@d/**\" { create-owner \"30000:30000\"; } }",
	  { AS_ALICE, "group/f", W | EXCL, 0 },
	  0,
	  0,
	  0,
	  "group/f",
	  ALICE,
	  ALICE,
	  0 },
	{ MODES "\"@d/**\" { create-owner \"30001:30000\"; } }",
	  { AS_ALICE, "hers/f", W | EXCL, 0 },
	  WIRE_REASON_KERNEL,
	  EPERM,
	  0,
	  NULL,
	  0,
	  0,
	  0 },
	{ MODES "as root \"@d/**\" { create-owner \"fdb-no-such:root\"; } }",
	  { AS_ALICE, "roots/f", W | EXCL, 0 },
	  WIRE_REASON_DEFAULT,
	  EACCES,
	  0,
	  NULL,
	  0,
	  0,
	  0 },
	{ MODES "as root \"@d/**\" { create-owner \"root:fdb-no-such\"; } }",
	  { AS_ALICE, "roots/f", W | EXCL, 0 },
	  WIRE_REASON_DEFAULT,
	  EACCES,
	  0,
	  NULL,
	  0,
	  0,
	  0 },
	{ MODES "as root \"@d/**\" { create-mode 0666; } } deny any \"@d/**\" { mode-max 0600; }",
	  { AS_ALICE, "roots/f", W | EXCL, 0 },
	  0,
	  0,
	  0,
	  "roots/f",
	  0,
	  0,
	  0666 },
	{ MODES "as root \"@d/**\" { create-owner \"30001:2000\"; } } deny any \"@d/**\" { owner "
		"30001; }",
	  { AS_ALICE, "roots/f", W | EXCL, 0 },
	  WIRE_REASON_RULE,
	  EACCES,
	  0,
	  NULL,
	  0,
	  0,
	  0 },
};

static void assert_promised(const struct promise_row *row)
{
	struct stat st;

	if (!row->made) {
		ck_assert_msg(lstat(in_directory(row->wish.path), &st) < 0, "%s", row->rule);
		return;
	}
	ck_assert_int_eq(stat(in_directory(row->made), &st), 0);
	ck_assert_msg(st.st_uid == row->uid && st.st_gid == row->gid, "%s: owner %u:%u", row->rule,
		      st.st_uid, st.st_gid);
	ck_assert_msg((st.st_mode & 07777) == row->permissions, "%s: mode %o", row->rule,
		      st.st_mode);
}

START_TEST(opener_creates_what_the_rule_promises)
{
	const struct promise_row *row = &promises[_i];
	struct seen seen;

	make_places();
	make_directory("bobs", BOB, 0755);
	seen = ask(row->rule, row->wish);
	ck_assert_msg(seen.reason == row->reason && seen.error == row->error &&
			      seen.condition == row->condition,
		      "%s: reason %d errno %d", row->rule, seen.reason, seen.error);
	assert_promised(row);
	fd_close(seen.fd);
}
END_TEST

START_TEST(opener_makes_a_file_without_a_name_for_its_owner)
{
	struct seen seen;
	struct stat st;

	make_places();
	seen = ask(MODES "as root \"@d/**\" { create-owner \"30001:2000\"; create-mode 0640; } }",
		   (struct wish){ AS_ALICE, "roots", RW | WIRE_OPEN_TMPFILE, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_OK);
	ck_assert_int_eq(fstat(seen.fd, &st), 0);
	ck_assert_uint_eq(st.st_uid, BOB);
	ck_assert_uint_eq(st.st_gid, 2000);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	fd_close(seen.fd);
}
END_TEST

/* What is made, step by step, as those who watch its directory see it (inotify(7)). */
static const struct {
	const char *name, *rule;
	bool is_made;
} made_in_steps[] = {
	{ "it cannot be handed out",
	  "for user 30000 { allow append, create \"@d/**\" { deliver pipe; } }", false },
	{ "it cannot be given away", MODES "\"@d/**\" { create-owner \"30001:30000\"; } }", false },
	{ "granted", MODES "\"@d/**\"; }", true },
};

/* One, without the name that follows it. */
static bool next_event(int watch, struct inotify_event *ret)
{
	static union {
		struct inotify_event event;
		char bytes[4096];
	} events;
	static size_t at, end;

	if (at == end) {
		ssize_t n = read(watch, &events, sizeof(events));

		if (n <= 0)
			return false;
		at = 0;
		end = (size_t)n;
	}
	memcpy(ret, events.bytes + at, sizeof(*ret));
	at += sizeof(*ret) + ret->len;
	return true;
}

/* P21: until all has passed it has no permission bits, and none can have been changed. */
START_TEST(opener_opens_what_it_makes_to_nobody_until_all_has_passed)
{
	bool changed = false, made = false;
	struct inotify_event event;
	struct seen seen;
	int watch;

	make_places();
	watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ck_assert_int_ge(inotify_add_watch(watch, in_directory("hers"),
					   IN_CREATE | IN_ATTRIB | IN_DELETE),
			 0);
	seen = ask(made_in_steps[_i].rule,
		   (struct wish){ AS_ALICE, "hers/f", W | WIRE_OPEN_APPEND | EXCL, 0666 });
	ck_assert_int_eq(seen.reason == WIRE_REASON_OK, made_in_steps[_i].is_made);
	while (next_event(watch, &event)) {
		made |= event.mask & IN_CREATE;
		changed |= event.mask & IN_ATTRIB;
	}
	ck_assert(made);
	ck_assert_msg(changed == made_in_steps[_i].is_made, "%s", made_in_steps[_i].name);
	ck_assert_int_eq(access(in_directory("hers/f"), F_OK) == 0, made_in_steps[_i].is_made);
	fd_close(seen.fd);
	close(watch);
}
END_TEST

/* acl(5), as xattr(7) has it: everything for everybody, and for Bob by his name. */
static void give_default_acl(const char *name)
{
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entries[5];
	} acl = { 2,
		  { { 0x01, 7, UINT32_MAX },
		    { 0x02, 7, BOB },
		    { 0x04, 7, UINT32_MAX },
		    { 0x10, 7, UINT32_MAX },
		    { 0x20, 7, UINT32_MAX } } };

	ck_assert_int_eq(setxattr(in_directory(name), "system.posix_acl_default", &acl, sizeof(acl),
				  0),
			 0);
}

static const struct first_row {
	const char *directory, *rule;
	uint32_t mode;
	/* in the end */
	uid_t uid;
	gid_t gid;
	mode_t permissions;
	bool is_bobs; /* he can read it */
} firsts[] = {
	{ "hers", MODES "\"@d/**\"; }", 0666, ALICE, ALICE, 0644, true },
	{ "hers", MODES "\"@d/**\"; }", 0600, ALICE, ALICE, 0600, false },
	{ "group", MODES "\"@d/**\"; }", 0640, ALICE, BOB, 0640, true },
	{ "sgid", MODES "as root \"@d/**\"; }", 0640, 0, 0, 0640, false },
	{ "roots", MODES "as root \"@d/**\" { create-owner \"30001:2000\"; } }", 0600, BOB, 2000,
	  0600, true },
	{ "acl", MODES "\"@d/**\"; }", 0640, ALICE, ALICE, 0640, true },
	{ "acl", MODES "\"@d/**\"; }", 0600, ALICE, ALICE, 0600, false },
	{ "acl", MODES "\"@d/**\" { create-mode 0664; } }", 0, ALICE, ALICE, 0664, true },
};

struct watcher {
	int group, out; /* of fanotify(7), and where to */
};

/* Whoever makes a file opens it, and is held up there: what others could see of it meanwhile. */
static int watch_makers(const void *arg)
{
	const struct watcher *watcher = arg;
	struct fanotify_event_metadata event;
	struct stat st;

	while (read(watcher->group, &event, sizeof(event)) == sizeof(event)) {
		const struct fanotify_response allow = { event.fd, FAN_ALLOW };

		if (fstat(event.fd, &st) < 0 ||
		    write(watcher->out, &st.st_mode, sizeof(st.st_mode)) < 0 ||
		    write(watcher->group, &allow, sizeof(allow)) < 0)
			return 1;
		close(event.fd);
	}
	return 2;
}

static int read_as_bob(const void *arg)
{
	static const struct user bob = { BOB, BOB, NULL, 0 };

	user_become(&bob);
	return open(arg, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

/* P21: set-group-ID directories, default ACLs and owners change nothing of that. */
START_TEST(opener_makes_a_file_that_nobody_can_open_before_it_is_whose_it_is_to_be)
{
	const struct first_row *row = &firsts[_i];
	struct watcher watcher;
	struct stat st = { 0 };
	struct seen seen;
	char path[128];
	int pair[2];
	pid_t pid;

	make_places();
	make_directory("acl", ALICE, 0755);
	give_default_acl("acl");
	snprintf(path, sizeof(path), "%s/f", row->directory);
	watcher.group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fanotify_mark(watcher.group, FAN_MARK_ADD,
				       FAN_OPEN_PERM | FAN_EVENT_ON_CHILD, AT_FDCWD,
				       in_directory(row->directory)),
			 0);
	ck_assert_int_eq(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	watcher.out = pair[1];
	pid = forked_start(watch_makers, &watcher);
	seen = ask(row->rule, (struct wish){ AS_ALICE, path, W | EXCL, row->mode });
	forked_end(pid);
	close(watcher.group);
	ck_assert_int_eq(seen.reason, WIRE_REASON_OK);
	ck_assert_int_eq(read(pair[0], &st.st_mode, sizeof(st.st_mode)), sizeof(st.st_mode));
	/* Of an ACL these are the mask: acl(5). */
	ck_assert_msg((st.st_mode & 07777) == 0, "%s: first seen with %o", path, st.st_mode);
	ck_assert_int_eq(stat(in_directory(path), &st), 0);
	ck_assert_msg(st.st_uid == row->uid && st.st_gid == row->gid, "%s: owner %u:%u", path,
		      st.st_uid, st.st_gid);
	ck_assert_msg((st.st_mode & 07777) == row->permissions, "%s: mode %o", path, st.st_mode);
	ck_assert_int_eq(forked_run(read_as_bob, in_directory(path)), row->is_bobs ? 0 : EACCES);
	fd_close(seen.fd);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

#define COMPLAINS "for user 30000 mode complain { "

/* What no rule allows is tried as the caller, and never as anybody else. */
static const struct complaint_row {
	const char *policy;
	struct wish wish;
	enum wire_reason reason;
	int error;
} complaints[] = {
	{ COMPLAINS "}", { AS_ALICE, "hers/there", RW, 0 }, 0, 0 },
	{ COMPLAINS "}", { AS_ALICE, "hers/new", W | EXCL, 0600 }, 0, 0 },
	{ COMPLAINS "}", { AS_ALICE, "hers", R | WIRE_OPEN_DIRECTORY, 0 }, 0, 0 },
	{ COMPLAINS "}", { AS_ALICE, "secret", R, 0 }, WIRE_REASON_KERNEL, EACCES },
	{ COMPLAINS "}", { AS_ALICE, "roots/f", W | EXCL, 0600 }, WIRE_REASON_KERNEL, EACCES },
	{ COMPLAINS "}", { AS_ALICE, "to-secret", R, 0 }, WIRE_REASON_KERNEL, EACCES },
	{ COMPLAINS "}", { AS_ALICE, "none", R, 0 }, WIRE_REASON_NOT_FOUND, ENOENT },
	{ COMPLAINS "}", { AS_BOB, "tmp/bobs", R, 0 }, WIRE_REASON_DEFAULT, EACCES },
	{ COMPLAINS "}", { AS_ALICE, "/dev/null", R, 0 }, WIRE_REASON_CONDITION, EACCES },
	{ COMPLAINS "}", { AS_ALICE, "/proc/self/status", R, 0 }, WIRE_REASON_CONDITION, EACCES },
	{ COMPLAINS "}", { AS_ALICE, "/etc/fdbroker/x", W, 0 }, WIRE_REASON_RULE, EACCES },
	/* The condition of a rule fails: still no more than her own rights. */
	{ COMPLAINS "allow read as root \"@d/secret\" { owner 30001; } }",
	  { AS_ALICE, "secret", R, 0 },
	  WIRE_REASON_CONDITION,
	  EACCES },
	{ COMPLAINS "allow read as root \"@d/hers/there\" { owner 30001; } }",
	  { AS_ALICE, "hers/there", R, 0 },
	  0,
	  0 },
	{ COMPLAINS "allow read as root \"@d/secret\"; }", { AS_ALICE, "secret", R, 0 }, 0, 0 },
	{ COMPLAINS "} deny read \"@d/hers/**\";",
	  { AS_ALICE, "hers/there", R, 0 },
	  WIRE_REASON_RULE,
	  EACCES },
	{ COMPLAINS "} deny read \"@d/**\" { owner 30000; }",
	  { AS_ALICE, "hers/there", R, 0 },
	  WIRE_REASON_RULE,
	  EACCES },
	{ COMPLAINS "} deny read \"@d/**\" { owner 30000; hide; }",
	  { AS_ALICE, "hers/there", R, 0 },
	  WIRE_REASON_NOT_FOUND,
	  ENOENT },
};

START_TEST(opener_grants_by_complaint_what_the_caller_could_do_alone)
{
	const struct complaint_row *row = &complaints[_i];
	struct seen seen;

	make_places();
	make("secret", 0, 0600, "content");
	make_link("to-secret", "secret", ALICE);
	seen = ask(row->policy, row->wish);
	ck_assert_msg(seen.reason == row->reason && seen.error == row->error,
		      "%s, %s: reason %d errno %d", row->policy, row->wish.path, seen.reason,
		      seen.error);
	fd_close(seen.fd);
}
END_TEST

START_TEST(opener_makes_a_file_without_a_name)
{
	struct seen seen;
	struct stat st;

	make_places();
	seen = ask("for user 30000 { allow tmpfile \"@d/hers\"; }",
		   (struct wish){ AS_ALICE, "hers", RW | WIRE_OPEN_TMPFILE, 0600 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_OK);
	ck_assert_int_eq(fstat(seen.fd, &st), 0);
	ck_assert_int_eq(st.st_nlink, 0);
	ck_assert_int_eq(st.st_uid, ALICE);
	ck_assert_int_eq(st.st_mode, S_IFREG | 0600);
	close(seen.fd);
}
END_TEST

/* A file of 3 TiB that has no block: nothing counts its bytes but those who ask for them. */
START_TEST(opener_opens_a_huge_file_and_judges_its_size)
{
	static const char small[] = "for user 30000 { allow read \"@d/**\" { max-size 1M; } }";
	static const char copy[] =
		"for user 30000 { allow read \"@d/**\" { deliver snapshot; max-size 64M; } }";
	const off_t size = (off_t)3 << 40;
	struct seen seen;
	struct stat st;
	char byte = 'x';

	make("huge", ALICE, 0644, "x");
	ck_assert_int_eq(truncate(in_directory("huge"), size), 0);
	seen = ask(read_all, (struct wish){ AS_ALICE, "huge", R, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_OK);
	ck_assert_int_eq(fstat(seen.fd, &st), 0);
	ck_assert_int_eq(st.st_size, size);
	ck_assert_int_eq(pread(seen.fd, &byte, 1, size - 1), 1);
	ck_assert_int_eq(byte, '\0');
	close(seen.fd);
	seen = ask(small, (struct wish){ AS_ALICE, "huge", R, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_CONDITION);
	ck_assert_int_eq(seen.condition, POLICY_CONDITION_MAX_SIZE);
	seen = ask(copy, (struct wish){ AS_ALICE, "huge", R, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_CONDITION);
	ck_assert_int_eq(seen.condition, POLICY_CONDITION_MAX_SIZE);
}
END_TEST

/* The kernel would clear the bits at the first write, and not before. */
START_TEST(opener_gives_no_set_id_file_to_write)
{
	static const char policy[] = "for user 30000 { allow read, write, truncate \"@d/**\"; }";
	static const mode_t modes[] = { 04755, 02755, 06777 };

	for (size_t i = 0; i < ELEMENTSOF(modes); i++) {
		make("program", ALICE, modes[i], "x");
		ck_assert_int_eq(ask(policy, (struct wish){ AS_ALICE, "program", W, 0 }).reason,
				 WIRE_REASON_RULE);
		ck_assert_int_eq(ask(policy, (struct wish){ AS_ALICE, "program", RW | TRUNC, 0 })
					 .reason,
				 WIRE_REASON_RULE);
		fd_close(ask(policy, (struct wish){ AS_ALICE, "program", R, 0 }).fd);
		ck_assert_int_eq(unlink(in_directory("program")), 0);
	}
}
END_TEST

/* @arg: what openat2(2) answers instead. */
static int start_without_openat2(const void *arg)
{
	static const struct rlimit processor = { 10, 10 }; /* seconds, of who asks for ever */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	struct policy *policy = broker_load("version 1;\n");
	struct opener opener;
	const int *error = arg;

	if (!policy || setrlimit(RLIMIT_CPU, &processor) < 0)
		return 200;
	if (seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)*error), SCMP_SYS(openat2), 0) < 0 ||
	    seccomp_load(filter) < 0)
		return 201;
	return -opener_init(&opener, &(struct opener_setup){ .procfd = -EBADF, .policy = policy });
}

/* P12 */
START_TEST(opener_does_not_start_without_openat2)
{
	ck_assert_int_eq(forked_run(start_without_openat2, &(int){ ENOSYS }), ENOSYS);
}
END_TEST

/* P11: a kernel that says "again" for ever is asked a few times, and nothing else is tried. */
START_TEST(opener_repeats_a_lookup_only_so_often)
{
	ck_assert_int_eq(forked_run(start_without_openat2, &(int){ EAGAIN }), EAGAIN);
}
END_TEST

/* P49: who holds a lease makes an open wait for 45 s, fcntl(2), unless it says O_NONBLOCK. */
START_TEST(opener_does_not_wait_for_the_holder_of_a_lease)
{
	struct seen seen;
	int fd;

	make("f", ALICE, 0600, "content");
	fd = open(in_directory("f"), O_RDWR | O_CLOEXEC);
	/* What the holder is told by. */
	ck_assert(signal(SIGIO, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	seen = ask("for user 30000 { allow read \"@d/**\"; }",
		   (struct wish){ AS_ALICE, "f", R, 0 });
	ck_assert_int_eq(seen.reason, WIRE_REASON_KERNEL);
	ck_assert_int_eq(seen.error, EAGAIN);
	close(fd);
}
END_TEST

/* P15: the first terminal that the leader of a session opens becomes its own, tty(4), unless it says
 * O_NOCTTY; then there is a /dev/tty. */
START_TEST(opener_takes_no_terminal_for_its_own)
{
	char slave[32];
	const struct wish wishes[] = {
		{ AS_ALICE, slave, R, 0 },
		{ AS_ALICE, "/dev/tty", R, 0 },
	};
	struct world world = {
		.policy = "for user 30000 { allow read \"/dev/pts/*\" { type char; fs devpts; }\n"
			  " allow read \"/dev/tty\" { type char; } }",
		.wishes = wishes,
		.n = ELEMENTSOF(wishes),
		.leads_session = true,
	};
	struct seen seen[ELEMENTSOF(wishes)];
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_eq(unlockpt(master), 0);
	ck_assert_int_eq(ptsname_r(master, slave, sizeof(slave)), 0);
	ck_assert_int_eq(chown(slave, ALICE, ALICE), 0);
	play(&world, seen);
	ck_assert_int_eq(seen[0].reason, WIRE_REASON_OK);
	ck_assert_int_eq(seen[1].reason, WIRE_REASON_KERNEL);
	ck_assert_int_eq(seen[1].error, ENXIO);
	close(seen[0].fd);
	close(master);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("opener");
	TCase *tcase = suite_case(suite, "opener");
	TCase *either[SYSCTL_CASES];

	if (geteuid() != 0)
		return 77;
	tcase_add_checked_fixture(tcase, make_directory_of_test, remove_directory_of_test);
	tcase_add_test(tcase, opener_opens_what_a_rule_allows);
	tcase_add_loop_test(tcase, opener_refuses_an_object_without_opening_it, 0,
			    ELEMENTSOF(objects));
	tcase_add_test(tcase, opener_of_a_fifo_is_not_seen_by_its_peer);
	tcase_add_loop_test(tcase, opener_never_opens_kernel_files_by_a_broad_rule, 0,
			    ELEMENTSOF(kernel_files));
	tcase_add_test(tcase, opener_follows_no_link_as_root_unless_told);
	tcase_add_test(tcase, opener_lends_roots_file_by_a_rule_only);
	tcase_add_loop_test(tcase, opener_as_root_wants_a_chain_that_nobody_can_swap, 0,
			    ELEMENTSOF(chains));
	tcase_add_loop_test(tcase, opener_as_root_reads_nothing_that_was_linked_to_where_all_may, 0,
			    2);
	tcase_add_loop_test(tcase, opener_as_root_stays_on_the_mount_of_its_rule, 0, 2);
	tcase_add_loop_test(tcase, opener_follows_trusted_links_only_where_root_alone_made_the_way,
			    0, ELEMENTSOF(trusted_links));
	tcase_add_loop_test(tcase, opener_holds_a_rule_to_the_way_that_it_writes, 0,
			    ELEMENTSOF(ways));
	tcase_add_loop_test(tcase, opener_holds_what_it_makes_to_its_directory, 0,
			    ELEMENTSOF(places));
	tcase_add_loop_test(tcase, opener_reads_kernel_files_only_as_the_caller_and_where_named, 0,
			    ELEMENTSOF(named_kernel_files));
	tcase_add_test(tcase, opener_truncates_only_after_all_has_passed);
	tcase_add_loop_test(tcase, opener_gives_the_status_flags_that_were_asked_for, 0,
			    ELEMENTSOF(status_flags));
	tcase_add_test(tcase, opener_lists_a_directory_by_its_own_mode);
	tcase_add_test(tcase, opener_hides_as_if_there_were_nothing);
	tcase_add_loop_test(tcase, opener_creates_what_the_rule_promises, 0,
			    (int)ELEMENTSOF(promises));
	tcase_add_loop_test(tcase, opener_opens_what_it_makes_to_nobody_until_all_has_passed, 0,
			    ELEMENTSOF(made_in_steps));
	tcase_add_loop_test(tcase,
			    opener_makes_a_file_that_nobody_can_open_before_it_is_whose_it_is_to_be,
			    0, ELEMENTSOF(firsts));
	tcase_add_loop_test(tcase, opener_grants_by_complaint_what_the_caller_could_do_alone, 0,
			    (int)ELEMENTSOF(complaints));
	tcase_add_test(tcase, opener_makes_a_file_without_a_name);
	tcase_add_test(tcase, opener_makes_a_file_without_a_name_for_its_owner);
	tcase_add_test(tcase, opener_opens_a_huge_file_and_judges_its_size);
	tcase_add_test(tcase, opener_gives_no_set_id_file_to_write);
	tcase_add_test(tcase, opener_does_not_start_without_openat2);
	tcase_add_test(tcase, opener_repeats_a_lookup_only_so_often);
	tcase_add_test(tcase, opener_does_not_wait_for_the_holder_of_a_lease);
	tcase_add_test(tcase, opener_takes_no_terminal_for_its_own);
	sysctl_cases(suite, either);
	for (size_t i = 0; i < ELEMENTSOF(either); i++) {
		tcase_add_checked_fixture(either[i], make_directory_of_test,
					  remove_directory_of_test);
		tcase_add_loop_test(either[i],
				    opener_follows_a_link_only_where_its_target_is_allowed, 0,
				    ELEMENTSOF(links));
		tcase_add_loop_test(either[i], opener_creates_what_was_asked_and_nothing_looser, 0,
				    ELEMENTSOF(creations));
	}
	return suite_main(suite);
}
