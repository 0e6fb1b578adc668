/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/fuse.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "wire/act.h"
#include "wire/codec.h"

/*
 * P82: Alice asks for what she may not name, in every way that there is, and holds the answers'
 * bytes against each other: whatever is there, and whether anything is, they are the same. How
 * long they take is measured by bench/bench_oracle.
 */

static struct daemon d;
static struct fuse fuse;
static int sock; /* hers */

/* What there is in `secret`, which she may search, so that only the broker keeps her from it. The
 * first is what all others are held against. */
static const char *const kinds[] = {
	"missing",	  "file",      "directory",   "link",	  "dangling",	   "loop",
	"unreadable",	  "fifo",      "socket",      "device",	  "setuid",	   "hard",
	"mounted",	  "mounted/f", "file/x",      "link/x",	  "missing/x",	   "loop/x",
	"directory/file", "closed/f",  "closed/none", "silent/f", "silent/none/x",
};

static const char *in(const char *directory, const char *name)
{
	static char paths[4][256];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s/%s", d.directory, directory, name);
	return path;
}

static void make_file(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	fd_close(fd);
}

static void make_directory(const char *path, mode_t mode)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void make_node(const char *path, mode_t type, dev_t dev)
{
	ck_assert_int_eq(mknod(path, type | 0666, dev), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
}

static void make_secrets(void)
{
	make_directory(in("secret", ""), 0755);
	make_file(in("secret", "file"), 0666);
	make_directory(in("secret", "directory"), 0777);
	make_file(in("secret", "directory/file"), 0666);
	ck_assert_int_eq(symlink("file", in("secret", "link")), 0);
	ck_assert_int_eq(symlink("none", in("secret", "dangling")), 0);
	ck_assert_int_eq(symlink("loop", in("secret", "loop")), 0);
	make_file(in("secret", "unreadable"), 0600);
	make_node(in("secret", "fifo"), S_IFIFO, 0);
	make_node(in("secret", "socket"), S_IFSOCK, 0);
	make_node(in("secret", "device"), S_IFCHR, makedev(1, 5));
	make_file(in("secret", "setuid"), 04755);
	ck_assert_int_eq(link(in("secret", "unreadable"), in("secret", "hard")), 0);
	make_directory(in("secret", "closed"), 0700);
	make_file(in("secret", "closed/f"), 0644);
	make_directory(in("secret", "mounted"), 0755);
	ck_assert_int_eq(mount("tmpfs", in("secret", "mounted"), "tmpfs", 0, "mode=0755"), 0);
	make_file(in("secret", "mounted/f"), 0644);
	make_directory(in("secret", "silent"), 0755);
	ck_assert_int_eq(fuse_start(&fuse, in("secret", "silent"), FUSE_LOOKUP), 0);
}

/* Her own, with a way out of it. */
static void make_open(void)
{
	make_directory(in("open", ""), 0755);
	ck_assert_int_eq(symlink("../secret", in("open", "way")), 0);
	ck_assert_int_eq(lchown(in("open", "way"), ALICE, ALICE), 0);
	make_file(in("open", "hidden"), 0666);
	make_directory(in("open", "hidden-directory"), 0777);
	ck_assert_int_eq(chown(in("open", ""), ALICE, ALICE), 0);
}

/* The mounts are the test's own, and go with it. */
static void start(const char *policy)
{
	char text[2048];

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	daemon_prepare(&d);
	make_secrets();
	make_open();
	snprintf(text, sizeof(text), "version 1;\nlet @d = \"%s\";\n%s\n", d.directory, policy);
	daemon_write_policy(&d, "a.fdp", text);
	daemon_start(&d);
}

static void stop(void)
{
	ck_assert_uint_eq(daemon_number(&d, "in-flight"), 0);
	ck_assert_uint_eq(daemon_number(&d, "deadline"), 0);
	ck_assert_int_eq(fuse_stop(&fuse), 0);
	ck_assert_int_eq(umount2(in("secret", "mounted"), MNT_DETACH), 0);
	daemon_stop(&d);
}

/* every way to ask */

static const uint32_t open_flags[] = {
	WIRE_OPEN_READ,
	WIRE_OPEN_WRITE,
	WIRE_OPEN_READ | WIRE_OPEN_WRITE,
	WIRE_OPEN_READ | WIRE_OPEN_NOFOLLOW,
	WIRE_OPEN_READ | WIRE_OPEN_NONBLOCK,
	WIRE_OPEN_READ | WIRE_OPEN_DIRECTORY,
	WIRE_OPEN_WRITE | WIRE_OPEN_APPEND,
	WIRE_OPEN_WRITE | WIRE_OPEN_TRUNCATE,
	WIRE_OPEN_WRITE | WIRE_OPEN_CREATE,
	WIRE_OPEN_WRITE | WIRE_OPEN_CREATE | WIRE_OPEN_TRUNCATE,
	WIRE_OPEN_WRITE | WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE,
	WIRE_OPEN_READ | WIRE_OPEN_WRITE | WIRE_OPEN_TMPFILE,
};

/* The acts carry different things. Each is asked with all of these, and one at least must fit. */
static const uint32_t act_flags[] = { 0, WIRE_ACT_NOFOLLOW };
static const uint32_t act_arguments[] = { 0, 1, WIRE_ACCESS_ALL };
static const struct {
	const char *bytes; /* NULL: a name beside the other one */
	uint16_t len;
} act_others[] = {
	{ "", 0 }, { NULL, 0 }, { (const char[24]){ 0 }, 8 }, { (const char[24]){ 0 }, 24 }
};

#define N_BODIES (ELEMENTSOF(act_flags) * ELEMENTSOF(act_arguments) * ELEMENTSOF(act_others))
#define N_ACTS	 ((size_t)(WIRE_OPCODE_ACT_LAST - WIRE_OPCODE_ACT_FIRST + 1))
#define N_WAYS	 (ELEMENTSOF(open_flags) + N_ACTS * N_BODIES)

static uint16_t opcode_of(size_t way)
{
	if (way < ELEMENTSOF(open_flags))
		return WIRE_OPCODE_OPEN;
	return (uint16_t)(WIRE_OPCODE_ACT_FIRST + (way - ELEMENTSOF(open_flags)) / N_BODIES);
}

static int write_open(size_t way, const char *path, uint8_t *buffer, size_t size)
{
	bool makes = open_flags[way] & (WIRE_OPEN_CREATE | WIRE_OPEN_TMPFILE);
	const struct wire_open request = {
		.flags = open_flags[way],
		.mode = makes ? 0600 : 0,
		.path = path,
		.path_len = (uint16_t)strlen(path),
	};

	return wire_open_write(7, &request, buffer, size);
}

static int write_act(size_t way, const char *path, uint8_t *buffer, size_t size)
{
	size_t body = (way - ELEMENTSOF(open_flags)) % N_BODIES;
	size_t other = body % ELEMENTSOF(act_others);
	char beside[300];
	struct wire_act act = {
		.flags = act_flags[body / ELEMENTSOF(act_others) / ELEMENTSOF(act_arguments)],
		.argument =
			act_arguments[body / ELEMENTSOF(act_others) % ELEMENTSOF(act_arguments)],
		.path = path,
		.path_len = (uint16_t)strlen(path),
		.other = act_others[other].bytes,
		.other_len = act_others[other].len,
	};

	if (!act.other) {
		snprintf(beside, sizeof(beside), "%s.beside", path);
		act.other = beside;
		act.other_len = (uint16_t)strlen(beside);
	}
	return wire_act_write(7, opcode_of(way), &act, buffer, size);
}

/* What came over the wire, all of it. */
struct reply {
	uint8_t bytes[512];
	size_t size;
};

#define DECISION_AT (WIRE_HEADER_SIZE + 8U)

static enum wire_reason reason_of(const struct reply *reply)
{
	return (enum wire_reason)(reply->bytes[WIRE_HEADER_SIZE + 4] |
				  reply->bytes[WIRE_HEADER_SIZE + 5] << 8);
}

static struct reply ask(size_t way, const char *path)
{
	union {
		struct cmsghdr align;
		char bytes[256];
	} control;
	struct reply reply = { .size = 0 };
	uint8_t request[1024];
	struct iovec part = { reply.bytes, sizeof(reply.bytes) };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	int size = (opcode_of(way) == WIRE_OPCODE_OPEN ? write_open : write_act)(way, path, request,
										 sizeof(request));
	ssize_t n;

	ck_assert_int_gt(size, 0);
	ck_assert_int_eq(send(sock, request, (size_t)size, 0), size);
	scene_await(sock);
	n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	ck_assert_int_ge(n, (ssize_t)(DECISION_AT + 8));
	ck_assert_int_eq(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC), 0);
	if (reason_of(&reply) != WIRE_REASON_OK)
		ck_assert_uint_eq(m.msg_controllen, 0);
	else if (m.msg_controllen > 0)
		fd_close(*(int *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&m)));
	reply.size = (size_t)n;
	memset(reply.bytes + DECISION_AT, 0, 8);
	return reply;
}

static bool are_same(const struct reply *a, const struct reply *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Which acts were understood in one of their ways. */
static bool understood[WIRE_OPCODE_ACT_LAST + 1];

/* All first names here are good ones. */
static bool is_misfit(const struct reply *reply)
{
	return reason_of(reply) == WIRE_REASON_BAD_FLAGS ||
	       reason_of(reply) == WIRE_REASON_BAD_PATH;
}

static void note_understood(size_t way, const struct reply *reply)
{
	if (!is_misfit(reply))
		understood[opcode_of(way)] = true;
}

static void assert_all_understood(void)
{
	for (uint16_t opcode = WIRE_OPCODE_OPEN; opcode <= WIRE_OPCODE_ACT_LAST; opcode++)
		ck_assert_msg(understood[opcode], "no body here fits opcode %d", opcode);
}

/* what she may not name */

static const struct scenario {
	const char *policy;
	enum wire_reason reason;
	const char *directory;
} scenarios[] = {
	{ "", WIRE_REASON_DEFAULT, "secret" },
	{ "for user 30001 { allow read, write, create, stat, list \"@d/secret/**\"; }",
	  WIRE_REASON_DEFAULT, "secret" },
	{ "for user 30000 { allow read, stat \"@d/secret/*.conf\"; }", WIRE_REASON_DEFAULT,
	  "secret" },
	{ "deny any \"@d/secret/**\";", WIRE_REASON_RULE, "secret" },
	{ "deny any \"@d/secret/**\" { hide; }", WIRE_REASON_NOT_FOUND, "secret" },
	{ "for user 30000 { allow read, stat \"@d/**\"; } deny any \"@d/secret/**\";",
	  WIRE_REASON_RULE, "secret" },
	{ "for user 30000 mode complain { } deny any \"@d/secret/**\" { hide; }",
	  WIRE_REASON_NOT_FOUND, "secret" },
};

static int compare_kinds(const void *arg)
{
	const struct scenario *scenario = arg;

	sock = daemon_connect(&d);
	for (size_t way = 0; way < N_WAYS; way++) {
		struct reply first = ask(way, in(scenario->directory, kinds[0])), reply;

		note_understood(way, &first);
		/* A body that does not fit, or a number that no opcode has. */
		if (is_misfit(&first) || reason_of(&first) == WIRE_REASON_UNSUPPORTED)
			continue;
		ck_assert_msg(reason_of(&first) == scenario->reason, "%s: opcode %d: reason %d",
			      scenario->policy, opcode_of(way), reason_of(&first));
		for (size_t i = 1; i < ELEMENTSOF(kinds); i++) {
			reply = ask(way, in(scenario->directory, kinds[i]));
			ck_assert_msg(are_same(&first, &reply), "%s: opcode %d: %s: reason %d",
				      scenario->policy, opcode_of(way), kinds[i],
				      reason_of(&reply));
		}
	}
	assert_all_understood();
	fd_close(sock);
	return 0;
}

START_TEST(oracle_tells_nothing_of_what_may_not_be_named)
{
	start(scenarios[_i].policy);
	ck_assert_int_eq(scene_as(ALICE, compare_kinds, &scenarios[_i]), 0);
	stop();
}
END_TEST

#define MODES                                                                                      \
	"read, write, append, truncate, create, tmpfile, list, stat, remove, attributes, connect"
/* What goes on telling goes with nothing else. */
#define ALL(paths) "for user 30000 { allow " MODES " " paths "; allow watch " paths "; }"

/* Her own link leads there: its target is a name like another, and is judged before it is touched. */
static const struct scenario link_scenarios[] = {
	{ ALL("\"@d/open/**\""), WIRE_REASON_DEFAULT, "open/way" },
	{ ALL("\"@d/open/**\"") " deny any \"@d/secret/**\" { hide; }", WIRE_REASON_NOT_FOUND,
	  "open/way" },
	{ ALL("\"@d/**\"") " deny any \"@d/secret/**\";", WIRE_REASON_RULE, "open/way" },
};

START_TEST(oracle_tells_nothing_of_where_a_link_leads)
{
	start(link_scenarios[_i].policy);
	ck_assert_int_eq(scene_as(ALICE, compare_kinds, &link_scenarios[_i]), 0);
	stop();
}
END_TEST

/* what is hidden among what she may name */

static const struct hiding {
	const char *deny;
	bool looks; /* at the object: who may make one there learns that it cannot be made */
} hiding[] = {
	{ "deny any \"@d/open/hidden*\" { hide; }", false },
	{ "deny any \"@d/open/hidden*\" { owner root; hide; }", true },
};

static bool makes(size_t way)
{
	return opcode_of(way) == WIRE_OPCODE_OPEN &&
	       open_flags[way] & (WIRE_OPEN_CREATE | WIRE_OPEN_TMPFILE);
}

static int compare_hidden(const void *arg)
{
	static const char *const hidden[] = { "hidden", "hidden-directory" };
	const struct hiding *how = arg;
	size_t compared = 0;

	sock = daemon_connect(&d);
	for (size_t way = 0; way < N_WAYS; way++) {
		struct reply none = ask(way, in("open", "none")), reply;

		/* Where it is made it is there. */
		if (reason_of(&none) != WIRE_REASON_NOT_FOUND || (how->looks && makes(way))) {
			(void)remove(in("open", "none"));
			continue;
		}
		for (size_t i = 0; i < ELEMENTSOF(hidden); i++) {
			reply = ask(way, in("open", hidden[i]));
			ck_assert_msg(are_same(&none, &reply), "opcode %d: %s: reason %d",
				      opcode_of(way), hidden[i], reason_of(&reply));
		}
		compared++;
	}
	fd_close(sock);
	return compared >= 10 ? 0 : 1;
}

START_TEST(oracle_cannot_tell_what_is_hidden_from_what_is_not_there)
{
	char policy[512];

	snprintf(policy, sizeof(policy), ALL("\"@d/open/**\"") "\n%s", hiding[_i].deny);
	start(policy);
	ck_assert_int_eq(scene_as(ALICE, compare_hidden, &hiding[_i]), 0);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle");
	TCase *tcase = suite_case(suite, "oracle");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_loop_test(tcase, oracle_tells_nothing_of_what_may_not_be_named, 0,
			    ELEMENTSOF(scenarios));
	tcase_add_loop_test(tcase, oracle_tells_nothing_of_where_a_link_leads, 0,
			    ELEMENTSOF(link_scenarios));
	tcase_add_loop_test(tcase, oracle_cannot_tell_what_is_hidden_from_what_is_not_there, 0,
			    ELEMENTSOF(hiding));
	return suite_main(suite);
}
