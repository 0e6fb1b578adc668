/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * Who asks, as the kernel has it: programs that are run and not what they seem, ids and groups at the
 * ends of their ranges, a setuid program that is made to write. In policies and names @ is the
 * daemon's directory.
 */

static struct daemon d;

enum fate { OPENED, REFUSED, FAILED };

static void in_place(char *ret, size_t size, const char *format)
{
	size_t len = 0;

	for (; *format && len + sizeof(d.directory) < size; format++)
		if (*format == '@')
			len += (size_t)snprintf(ret + len, size - len, "%s", d.directory);
		else
			ret[len++] = *format;
	ret[len] = '\0';
}

static void start(const char *policy)
{
	char text[1024];

	in_place(text, sizeof(text), policy);
	daemon_write_policy(&d, "a.fdp", text);
	daemon_start(&d);
	daemon_assert_status(&d, "state", "active");
}

static void make(const char *format, uid_t uid, gid_t gid, mode_t mode)
{
	char path[256];
	int fd;

	in_place(path, sizeof(path), format);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchown(fd, uid, gid), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	fd_close(fd);
}

static int ask_for(const void *format)
{
	char path[256];
	int sock, fd;

	in_place(path, sizeof(path), format);
	sock = daemon_connect(&d);
	fd = daemon_ask(sock, path, WIRE_OPEN_READ, NULL);
	fd_close(sock);
	if (fd < 0)
		return fd == -EACCES ? REFUSED : FAILED;
	fd_close(fd);
	return OPENED;
}

/* programs */

#define CLIENT "CHECK_CALLERS" /* in its environment: this program is the client, of that socket */

/* It is there, and waits until it may ask. */
static int be_client(const char *socket)
{
	struct fdbroker *broker;
	char byte;
	int fd;

	if (write(STDOUT_FILENO, "x", 1) != 1 || read(STDIN_FILENO, &byte, 1) != 1 ||
	    fdbroker_connect(&broker, socket) < 0)
		return FAILED;
	fd = fdbroker_open(broker, getenv(CLIENT "_FILE"), O_RDONLY, 0, NULL);
	fdbroker_close(broker);
	if (fd < 0)
		return fd == -EACCES ? REFUSED : FAILED;
	fd_close(fd);
	return OPENED;
}

static void copy(const char *from, int to)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, fd, NULL, (size_t)left);

		ck_assert_int_gt(n, 0);
		left -= n;
	}
	fd_close(fd);
}

static void install(const char *from, const char *format, uid_t owner, mode_t mode)
{
	char path[256];
	int fd;

	in_place(path, sizeof(path), format);
	make(format, 0, 0, 0700);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	copy(from, fd);
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	fd_close(fd);
}

static void change(int (*call)(const char *from, const char *to), const char *from, const char *to)
{
	char a[256], b[256];

	in_place(a, sizeof(a), from);
	in_place(b, sizeof(b), to);
	ck_assert_int_eq(call(a, b), 0);
}

static int remove_first(const char *path, const char *unused)
{
	(void)unused;
	return unlink(path);
}

static int mount_over(const char *from, const char *to)
{
	return mount(from, to, NULL, MS_BIND, NULL);
}

/* before it runs, in its own process */

static void enter_a_mount_namespace(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void forge_its_path(void)
{
	enter_a_mount_namespace();
	change(mount_over, "@/other", "@/tool");
}

/* while it runs */

static void delete_it(void)
{
	change(remove_first, "@/tool", "");
}

static void replace_it(void)
{
	change(rename, "@/other", "@/tool");
}

static void make_it_anew(void)
{
	delete_it();
	install("/proc/self/exe", "@/tool", 0, 0755);
}

static const struct program {
	const char *name;
	const char *run; /* NULL: a file in memory that has the name of the tool */
	void (*before)(void);
	void (*meanwhile)(void);
	enum fate fate;
} programs[] = {
	{ "the tool", "@/tool", NULL, NULL, OPENED },
	{ "the tool by a link", "@/link", NULL, NULL, OPENED },
	{ "the tool in another mount namespace", "@/tool", enter_a_mount_namespace, NULL, OPENED },
	{ "another program", "@/other", NULL, NULL, REFUSED },
	{ "another program at its path, in a mount namespace", "@/tool", forge_its_path, NULL,
	  REFUSED },
	{ "a tool that is deleted", "@/tool", NULL, delete_it, REFUSED },
	{ "a tool that is replaced", "@/tool", NULL, replace_it, REFUSED },
	{ "a tool that is deleted and installed anew", "@/tool", NULL, make_it_anew, REFUSED },
	{ "a file with the name of a deleted one", "@/tool (deleted)", NULL, NULL, REFUSED },
	{ "a file in memory", NULL, NULL, NULL, REFUSED },
};

struct run {
	const struct program *program;
	int in[2], out[2];
};

static void execute(const struct program *program, char *const environment[])
{
	char path[256];
	char *const argv[] = { path, NULL };
	int memory;

	in_place(path, sizeof(path), program->run ?: "@/tool");
	if (program->run)
		execve(path, argv, environment);
	memory = memfd_create(path, MFD_CLOEXEC);
	copy("/proc/self/exe", memory);
	syscall(SYS_execveat, memory, "", argv, environment, AT_EMPTY_PATH);
}

static int run(const void *arg)
{
	static const struct user alice = { .uid = ALICE, .gid = ALICE };
	const struct run *run = arg;
	char socket[128], file[128];
	char *const environment[] = { socket, file, NULL };

	snprintf(socket, sizeof(socket), CLIENT "=%s", d.socket);
	in_place(file, sizeof(file), CLIENT "_FILE=@/file");
	dup2(run->in[0], STDIN_FILENO);
	dup2(run->out[1], STDOUT_FILENO);
	if (run->program->before)
		run->program->before();
	user_become(&alice);
	execute(run->program, environment);
	return FAILED;
}

/* P44 */
START_TEST(callers_are_the_program_that_runs_and_not_its_name)
{
	struct run r = { .program = &programs[_i] };
	char byte;
	pid_t pid;
	int fate;

	daemon_prepare(&d);
	make("@/file", 0, 0, 0644);
	install("/proc/self/exe", "@/tool", 0, 0755);
	install("/proc/self/exe", "@/other", 0, 0755);
	install("/proc/self/exe", "@/tool (deleted)", 0, 0755);
	change(symlink, "@/tool", "@/link");
	start("version 1;\nfor exe '@/tool' { a: allow read '@/file'; }\n");
	ck_assert_int_eq(pipe2(r.in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(r.out, O_CLOEXEC), 0);
	pid = forked_start(run, &r);
	fd_close(r.out[1]);
	ck_assert_int_eq(read(r.out[0], &byte, 1), 1);
	if (r.program->meanwhile)
		r.program->meanwhile();
	ck_assert_int_eq(write(r.in[1], "x", 1), 1);
	fate = forked_wait(pid);
	ck_assert_msg(fate == (int)r.program->fate, "%s: %d", r.program->name, fate);
	fd_close(r.in[0]);
	fd_close(r.in[1]);
	fd_close(r.out[0]);
	daemon_stop(&d);
}
END_TEST

/* ids */

#define GROUPS	    65536 /* NGROUPS_MAX */
#define FIRST_GROUP 100000U

/* All the groups that a process can have, and the last of them gives the file; once to the rule, once
 * to the open as the caller. */
START_TEST(callers_have_as_many_groups_as_they_may)
{
	static gid_t groups[GROUPS];
	const struct user many = { ALICE, ALICE, groups, GROUPS },
			  fewer = { ALICE, ALICE, groups, GROUPS - 1 };

	for (size_t i = 0; i < GROUPS; i++)
		groups[i] = FIRST_GROUP + (gid_t)i;
	daemon_prepare(&d);
	make("@/file", 0, FIRST_GROUP + GROUPS - 1, 0640);
	make("@/all", 0, FIRST_GROUP + GROUPS - 1, 0640);
	start("version 1;\nfor group 165535 { a: allow read '@/file'; }\n"
	      "for anyone { b: allow read '@/all'; }\n");
	ck_assert_int_eq(user_run(&many, ask_for, "@/file"), OPENED);
	ck_assert_int_eq(user_run(&many, ask_for, "@/all"), OPENED);
	ck_assert_int_eq(user_run(&fewer, ask_for, "@/file"), REFUSED);
	ck_assert_int_eq(user_run(&fewer, ask_for, "@/all"), REFUSED);
	daemon_stop(&d);
}
END_TEST

/* P41: and what would be the same number for somebody who counts with a sign. */
static const struct {
	uid_t uid, other;
} uids[] = {
	{ 2147483647U, 4294967294U },
	{ 2147483648U, 2147483647U },
	{ 4000000000U, 4000000000U - 2147483648U },
	{ 4294967294U, 2147483646U },
};

START_TEST(callers_have_uids_beyond_half_of_them)
{
	const struct user owner = { .uid = uids[_i].uid, .gid = uids[_i].uid },
			  other = { .uid = uids[_i].other, .gid = uids[_i].other };
	char policy[256];

	daemon_prepare(&d);
	make("@/file", uids[_i].uid, 0, 0400);
	make("@/all", uids[_i].uid, 0, 0400);
	snprintf(policy, sizeof(policy),
		 "version 1;\nfor user %u { a: allow read '@/file'; }\n"
		 "for anyone { b: allow read '@/all'; }\n",
		 uids[_i].uid);
	start(policy);
	ck_assert_int_eq(user_run(&owner, ask_for, "@/file"), OPENED);
	ck_assert_int_eq(user_run(&owner, ask_for, "@/all"), OPENED);
	ck_assert_int_eq(user_run(&other, ask_for, "@/file"), REFUSED);
	ck_assert_int_eq(user_run(&other, ask_for, "@/all"), REFUSED);
	daemon_stop(&d);
}
END_TEST

/* a setuid program */

static void write_request(const char *format, const char *asked, uid_t owner)
{
	uint8_t bytes[512];
	char path[256];
	size_t size;
	int fd;

	make(format, owner, owner, 0600);
	in_place(path, sizeof(path), asked);
	size = scene_request(1, path, bytes, sizeof(bytes));
	in_place(path, sizeof(path), format);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	fd_close(fd);
}

struct trick {
	const char *request;
	int sock;
};

/* It can read the request by being setuid, which shows that it is. */
static int run_cat(const void *arg)
{
	const struct trick *trick = arg;
	char program[256], request[256];

	in_place(program, sizeof(program), "@/cat");
	in_place(request, sizeof(request), trick->request);
	dup2(trick->sock, STDOUT_FILENO);
	execl(program, "cat", request, NULL);
	return FAILED;
}

static enum fate trick(const char *request)
{
	static const struct message_want want = { .fds = 1 };
	const struct trick trick = { request, daemon_connect(&d) };
	struct wire_header header;
	struct wire_answer answer;
	uint8_t buffer[512];
	struct message m;
	int r;

	if (forked_run(run_cat, &trick) != 0)
		return FAILED;
	scene_await(trick.sock);
	r = message_receive(trick.sock, buffer, sizeof(buffer), &want, &m);
	fd_close(trick.sock);
	if (r != 1 || wire_answer_read(buffer, m.size, &header, &answer) < 0)
		return FAILED;
	message_done(&m);
	return answer.error == 0 ? OPENED : REFUSED;
}

static int trick_it(const void *arg)
{
	(void)arg;
	if (trick("@/for-alice") != OPENED)
		return 1;
	return trick("@/for-owner") == REFUSED ? 0 : 2;
}

/* P38: cat(1) of root's, or of Bob's, whose output is Alice's connection. */
static const uid_t owners[] = { 0, BOB };

START_TEST(callers_gain_nothing_by_a_setuid_program_that_writes_for_them)
{
	static const struct user alice = { .uid = ALICE, .gid = ALICE };

	daemon_prepare(&d);
	make("@/alices", 0, 0, 0600);
	make("@/owners", 0, 0, 0600);
	install("/bin/cat", "@/cat", owners[_i], 04755);
	write_request("@/for-alice", "@/alices", owners[_i]);
	write_request("@/for-owner", "@/owners", owners[_i]);
	start("version 1;\nfor user 30000 { a: allow read as root '@/alices'; }\n"
	      "for user root { b: allow read as root '@/owners'; }\n"
	      "for user 30001 { c: allow read as root '@/owners'; }\n");
	ck_assert_int_eq(user_run(&alice, trick_it, NULL), 0);
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	const char *socket = getenv(CLIENT);
	Suite *suite;
	TCase *tcase;
	int r;

	if (socket)
		return be_client(socket);
	r = daemon_unavailable();
	if (r != 0)
		return r;
	suite = suite_create("callers");
	tcase = suite_case(suite, "callers");
	tcase_add_loop_test(tcase, callers_are_the_program_that_runs_and_not_its_name, 0,
			    ELEMENTSOF(programs));
	tcase_add_test(tcase, callers_have_as_many_groups_as_they_may);
	tcase_add_loop_test(tcase, callers_have_uids_beyond_half_of_them, 0, ELEMENTSOF(uids));
	tcase_add_loop_test(tcase, callers_gain_nothing_by_a_setuid_program_that_writes_for_them, 0,
			    ELEMENTSOF(owners));
	return suite_main(suite);
}
