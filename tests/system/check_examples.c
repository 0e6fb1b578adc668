/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/*
 * The policies of examples/policy that deliver copies and pipes, as they are, in the real daemon,
 * and each used by whom it is for. What they name is made where nobody else sees it: the
 * file systems of this process are its own, with an /etc, a /usr/sbin and a /var/log for the
 * test. Units are control groups, which are made in the system's, and removed.
 */

#define PATIENCE_USEC (20 * USEC_PER_SEC)
#define NGINX	      "/usr/sbin/nginx"
#define MYAPP	      30010
#define CI	      30011

static struct daemon d;
static pid_t owner; /* the test's own process */

/* files */

static void write_file(const char *path, mode_t mode, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	ck_assert_msg(fd >= 0, "%s: %m", path);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	fd_close(fd);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	ck_assert_msg(file, "%s: %m", path);
	if (getdelim(&text, &size, '\0', file) < 0)
		text[0] = '\0';
	fclose(file);
	return text;
}

static void make_directories(const char *path)
{
	char part[128];

	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		ck_assert_msg(mkdir(part, 0755) == 0 || errno == EEXIST, "%s: %m", part);
	}
}

/* The accounts of the system, and those that the policies name. */
static void mount_etc(void)
{
	static const struct {
		const char *path, *more;
	} kept[] = {
		{ "/etc/passwd",
		  "myapp:x:30010:30010::/:/bin/false\nci:x:30011:30011::/:/bin/false\n" },
		{ "/etc/group", "myapp:x:30010:\nci:x:30011:\n" },
		{ "/etc/nsswitch.conf", "" },
	};
	char *text[ELEMENTSOF(kept)], *all;

	for (size_t i = 0; i < ELEMENTSOF(kept); i++)
		text[i] = access(kept[i].path, F_OK) == 0 ? read_file(kept[i].path) : strdup("");
	ck_assert_int_eq(mount("none", "/etc", "tmpfs", 0, "mode=0755"), 0);
	for (size_t i = 0; i < ELEMENTSOF(kept); i++) {
		ck_assert_int_gt(asprintf(&all, "%s%s", text[i], kept[i].more), 0);
		write_file(kept[i].path, 0644, all);
		free(all);
		free(text[i]);
	}
}

static void make_world(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), 0);
	mount_etc();
	ck_assert_int_eq(mount("none", "/usr/sbin", "tmpfs", 0, "mode=0755"), 0);
	ck_assert_int_eq(mount("none", "/var/log", "tmpfs", 0, "mode=0755"), 0);
}

/* units */

/* Where libsystemd looks for units: cgroups(7), the second version if both are there. */
static const char *cgroups(void)
{
	static const char *const roots[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd",
					     "/sys/fs/cgroup" };
	char path[64];

	for (size_t i = 0; i < ELEMENTSOF(roots); i++) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", roots[i]);
		if (access(path, W_OK) == 0)
			return roots[i];
	}
	return NULL;
}

/* A slice for each test, as several may run at once. */
static void path_of_slice(char *ret, size_t size)
{
	snprintf(ret, size, "%s/fdbtest%d.slice", cgroups(), owner);
}

static void path_of_unit(const char *unit, char *ret, size_t size)
{
	path_of_slice(ret, size);
	snprintf(ret + strlen(ret), size - strlen(ret), "/%s", unit);
}

static void make_unit(const char *unit)
{
	char path[128];

	path_of_slice(path, sizeof(path));
	ck_assert_msg(mkdir(path, 0755) == 0, "%s: %m", path);
	path_of_unit(unit, path, sizeof(path));
	ck_assert_msg(mkdir(path, 0755) == 0, "%s: %m", path);
}

static void join_unit(const char *unit)
{
	char path[160];

	path_of_unit(unit, path, sizeof(path) - 16);
	strcat(path, "/cgroup.procs");
	write_file(path, 0644, "0");
}

static void remove_unit(const char *unit)
{
	char path[128];

	path_of_unit(unit, path, sizeof(path));
	ck_assert_msg(rmdir(path) == 0, "%s: %m", path);
	path_of_slice(path, sizeof(path));
	ck_assert_msg(rmdir(path) == 0, "%s: %m", path);
}

/* callers */

struct use {
	const char *unit;
	struct user user;
	const char *path, *text; /* NULL: it is refused */
};

/* A copy that nobody changes any more. */
static void assert_copy(const struct use *use)
{
	int sock = daemon_connect(&d), fd = daemon_ask(sock, use->path, WIRE_OPEN_READ, NULL);
	char text[64] = "";

	fd_close(sock);
	if (!use->text) {
		ck_assert_int_eq(fd, -EACCES);
		return;
	}
	ck_assert_msg(fd >= 0, "%s: %d", use->path, fd);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE, F_SEAL_WRITE);
	ck_assert_int_ge(read(fd, text, sizeof(text) - 1), 0);
	ck_assert_str_eq(text, use->text);
	fd_close(fd);
}

static void become(const struct use *use)
{
	join_unit(use->unit);
	user_become(&use->user);
}

static int copy(const void *arg)
{
	const struct use *use = arg;

	become(use);
	assert_copy(use);
	return 0;
}

/* With a filter that allows everything: that there is one is what the policy asks for. */
static int copy_in_sandbox(const void *arg)
{
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	const struct sock_fprog program = { ELEMENTSOF(allow), allow };

	become(arg);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return 1;
	assert_copy(arg);
	return 0;
}

static int append(const void *arg)
{
	const struct use *use = arg;
	struct stat st;
	int sock, fd;

	become(use);
	sock = daemon_connect(&d);
	fd = daemon_ask(sock, use->path, WIRE_OPEN_WRITE | WIRE_OPEN_APPEND | WIRE_OPEN_CREATE,
			NULL);
	fd_close(sock);
	ck_assert_msg(fd >= 0, "%s: %d", use->path, fd);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_int_eq(write(fd, use->text, strlen(use->text)), (int)strlen(use->text));
	fd_close(fd);
	return 0;
}

static int copy_as_program(const void *arg)
{
	const struct use *use = arg;

	become(use);
	execl(NGINX, NGINX, d.socket, use->path, use->text, NULL);
	return 1;
}

/* In the program that was executed there is no test around it yet. */
static struct use executed;

START_TEST(an_executed_program_copies)
{
	assert_copy(&executed);
}
END_TEST

static int be_executed(char *argv[])
{
	Suite *suite = suite_create("executed");
	TCase *tcase = suite_case(suite, "executed");

	snprintf(d.socket, sizeof(d.socket), "%s", argv[1]);
	executed = (struct use){ .path = argv[2], .text = argv[3] };
	tcase_add_test(tcase, an_executed_program_copies);
	return suite_main(suite);
}

/* the examples */

static void install_policies(void)
{
	const char *srcdir = getenv("srcdir");
	glob_t found;
	char pattern[256], *text;

	snprintf(pattern, sizeof(pattern), "%s/examples/policy/*.fdp", srcdir ? srcdir : ".");
	ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		text = read_file(found.gl_pathv[i]);
		daemon_write_policy(&d, strrchr(found.gl_pathv[i], '/') + 1, text);
		free(text);
	}
	globfree(&found);
}

static void install_program(const char *path)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to;

	to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ck_assert_int_ge(to, 0);
	while (sendfile(to, from, NULL, 1 << 20) > 0)
		continue;
	ck_assert_int_eq(fchmod(to, 0755), 0);
	fd_close(to);
	fd_close(from);
}

static void install_file(const char *path, const char *text)
{
	make_directories(path);
	write_file(path, 0600, text);
}

/* Called before the world is made, where the policies and the program still are. */
static void start(void)
{
	owner = getpid();
	daemon_prepare(&d);
	install_policies();
	make_world();
	install_program(NGINX);
}

static void run_use(int (*body)(const void *arg), const struct use *use)
{
	int r;

	make_unit(use->unit);
	r = forked_run(body, use);
	remove_unit(use->unit);
	ck_assert_int_eq(r, 0);
}

START_TEST(examples_nginx_gets_copies_of_its_keys)
{
	static const struct use uses[] = {
		{ "nginx.service", { 0 }, "/etc/ssl/private/site.key", "key" },
		{ "nginx.service", { 0 }, "/etc/letsencrypt/live/site/privkey.pem", "pem" },
	};
	const struct use other = { "nginx.service", { 0 }, "/etc/ssl/private/site.key", NULL };

	start();
	install_file("/etc/ssl/private/site.key", "key");
	install_file("/etc/letsencrypt/archive/site/privkey1.pem", "pem");
	make_directories(uses[1].path);
	ck_assert_int_eq(symlink("../../archive/site/privkey1.pem", uses[1].path), 0);
	daemon_start(&d);
	for (size_t i = 0; i < ELEMENTSOF(uses); i++)
		run_use(copy_as_program, &uses[i]);
	/* In its unit, and not its program. */
	run_use(copy, &other);
	daemon_stop(&d);
}
END_TEST

START_TEST(examples_myapp_appends_to_its_log)
{
	static const char path[] = "/var/log/myapp/a.log";
	const struct user myapp = { .uid = MYAPP, .gid = MYAPP };
	const struct use uses[] = {
		{ "myapp.service", myapp, path, "one\n" },
		{ "myapp.service", myapp, path, "two\n" },
	};
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	struct stat st;
	char *text;

	start();
	make_directories(path);
	daemon_start(&d);
	for (size_t i = 0; i < ELEMENTSOF(uses); i++) {
		run_use(append, &uses[i]);
		while (daemon_number(&d, "pipes") > 0)
			ck_assert_uint_lt(clock_monotonic_usec(), deadline);
	}
	text = read_file(path);
	ck_assert_str_eq(text, "one\ntwo\n");
	free(text);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_uint_eq(st.st_uid, MYAPP);
	ck_assert_uint_ne(st.st_gid, MYAPP);
	daemon_stop(&d);
}
END_TEST

/* The first second of February 2027, UTC: the rule of the token ends with January. */
#define TOKEN_UNTIL 1801440000

START_TEST(examples_ci_runner_gets_a_copy_of_its_own_token)
{
	const struct user ci = { .uid = CI, .gid = CI };
	const bool is_over = clock_realtime_usec() / USEC_PER_SEC >= TOKEN_UNTIL;
	const struct use own = { "ci-runner@a.service", ci, "/etc/ci/tokens/a.token",
				 is_over ? NULL : "token" };
	const struct use other = { "ci-runner@a.service", ci, "/etc/ci/tokens/b.token", NULL };
	const struct use naked = { "ci-runner@a.service", ci, "/etc/ci/tokens/a.token", NULL };

	start();
	install_file(own.path, "token");
	install_file(other.path, "another");
	daemon_start(&d);
	run_use(copy_in_sandbox, &own);
	run_use(copy_in_sandbox, &other);
	run_use(copy, &naked);
	daemon_stop(&d);
}
END_TEST

START_TEST(examples_instances_get_copies_of_their_configuration)
{
	const struct user web = { .uid = 30000, .gid = 30000 };
	const struct use own = { "web@a.service", web, "/etc/myapp/web.d/a.toml", "a = 1" };
	const struct use other = { "web@b.service", web, "/etc/myapp/web.d/a.toml", NULL };

	start();
	install_file(own.path, own.text);
	ck_assert_int_eq(chmod(own.path, 0644), 0);
	daemon_start(&d);
	run_use(copy, &own);
	run_use(copy, &other);
	daemon_stop(&d);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite;
	TCase *tcase;
	int r;

	if (argc == 4)
		return be_executed(argv);
	suite = suite_create("examples");
	tcase = suite_case(suite, "examples");
	r = daemon_unavailable();
	if (r != 0)
		return r;
	if (!cgroups()) {
		puts("needs control groups that can be made");
		return 77;
	}
	tcase_add_test(tcase, examples_nginx_gets_copies_of_its_keys);
	tcase_add_test(tcase, examples_myapp_appends_to_its_log);
	tcase_add_test(tcase, examples_ci_runner_gets_a_copy_of_its_own_token);
	tcase_add_test(tcase, examples_instances_get_copies_of_their_configuration);
	return suite_main(suite);
}
