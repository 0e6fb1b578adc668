/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/support/acts.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

/* What the library changes besides the content of files, with the real daemon. */

static const char changing[] =
	"for user 30000 {\n"
	"    his: allow remove, create, attributes, truncate \"@t/his/**\";\n"
	"    lent: allow remove, create, attributes as root \"@t/lent/**\";\n"
	"    sticky: allow remove as root \"@t/sticky/*\" { note \"x\"; }\n"
	"    files: allow remove \"@t/files/*\" { type regular; }\n"
	"}\n"
	"kept: deny remove, attributes \"@t/his/kept\";\n";

static const struct acts_row changes[] = {
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
	{ TRUNCATE, "his/linked", 2, CONDITION },
	{ CHMOD, "his/linked", 0600, CONDITION },
	{ TOUCH, "his/linked", 0, CONDITION },
	{ TRUNCATE, "his/out-file", 2, BY_DEFAULT },
	{ SYMLINK, "his/made", 0, GRANTED },
	{ SYMLINK, "his/made", 0, KERNEL(EEXIST) },
	{ SYMLINK, "his/out/made", 0, BY_DEFAULT },
	{ SYMLINK, "elsewhere-absent", 0, BY_DEFAULT },
	{ LTOUCH, "his/made", 0, GRANTED },
	{ LTOUCH, "his/out-file", 0, KERNEL(EPERM) },
	/* mounted over: it is in use */
	{ RMDIR, "his/mounted", 0, KERNEL(EBUSY) },
	/* what ends in a slash is a directory, and no link: path_resolution(7) */
	{ UNLINK, "his/other/", 0, KERNEL(ENOTDIR) },
	{ UNLINK, "his/full/", 0, KERNEL(EISDIR) },
	{ UNLINK, "his/to-full/", 0, KERNEL(ENOTDIR) },
	{ UNLINK, "his/absent/", 0, HIDDEN },
	{ RMDIR, "his/to-full/", 0, KERNEL(ENOTDIR) },
	{ RMDIR, "his/full/er/", 0, GRANTED },
	{ RMDIR, "his/full/.", 0, UNASKED(EINVAL) },
	{ MKDIR, "his/slash/", 0777, GRANTED },
	{ MKDIR, "his/none/.", 0777, UNASKED(EINVAL) },
	{ SYMLINK, "his/none/", 0, HIDDEN },
	{ SYMLINK, "his/full/", 0, KERNEL(EEXIST) },
	{ CHMOD, "his/other/", 0600, KERNEL(ENOTDIR) },
	{ CHMOD, "his/to-full/", 0700, GRANTED },
	{ TOUCH, "his/other/", 0, KERNEL(ENOTDIR) },
	{ TRUNCATE, "his/other/", 0, KERNEL(ENOTDIR) },
};

static void start_changing(void)
{
	acts_prepare(changing);
	acts_make_directory("his", ALICE, 0755);
	acts_make_directory("his/full", ALICE, 0755);
	acts_make_directory("his/full/er", ALICE, 0755);
	acts_make_directory("his/empty", ALICE, 0755);
	acts_make_directory("lent", 0, 0755);
	acts_make_directory("sticky", 0, 01777);
	acts_make_directory("files", 0, 0755);
	acts_make_directory("elsewhere-directory", ALICE, 0755);
	acts_make_file("elsewhere-directory/file", ALICE, 0644);
	acts_make_file("his/file", ALICE, 0644);
	acts_make_file("his/other", ALICE, 0644);
	acts_make_file("his/kept", ALICE, 0644);
	acts_make_file("his/roots", 0, 0644);
	acts_make_file("elsewhere", ALICE, 0644);
	acts_make_file("lent/roots", 0, 0644);
	acts_make_file("lent/mode", 0, 0600);
	acts_make_file("sticky/bobs", BOB, 0644);
	acts_make_file("files/roots", 0, 0644);
	acts_make_link("files/link", "roots");
	acts_make_link("his/link", acts_path("elsewhere"));
	acts_make_link("his/out-file", acts_path("elsewhere"));
	acts_make_link("his/out", acts_path("elsewhere-directory"));
	acts_make_link("his/to-full", "full");
	acts_make_file("his/linked", ALICE, 0644);
	ck_assert_int_eq(link(acts_path("his/linked"), acts_path("second-name")), 0);
	acts_make_directory("his/mounted", ALICE, 0755);
	ck_assert_int_eq(mount("tmpfs", acts_path("his/mounted"), "tmpfs", 0, ""), 0);
	scene_start(&acts_scene);
}

static void assert_says(const char *name, const char *target)
{
	char said[256] = "";

	ck_assert_int_ge(readlink(acts_path(name), said, sizeof(said) - 1), 0);
	ck_assert_str_eq(said, target);
}

START_TEST(names_and_attributes_change_as_the_policy_lets_them)
{
	struct stat st;

	start_changing();
	acts_assert_rows(changes);
	ck_assert_int_eq(access(acts_path("elsewhere"), F_OK), 0);
	acts_assert_none("his/file");
	acts_assert_none("his/none");
	acts_assert_is("his/new", ALICE, S_IFDIR | 0755);
	acts_assert_is("lent/new", 0, S_IFDIR | 0700);
	acts_assert_is("his/other", ALICE, S_IFREG | 0640);
	acts_assert_is("lent/mode", 0, S_IFREG | 0644);
	acts_assert_is("elsewhere", ALICE, S_IFREG | 0644);
	ck_assert_int_eq(stat(acts_path("lent/mode"), &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 3);
	ck_assert_int_eq(stat(acts_path("his/other"), &st), 0);
	ck_assert_int_eq(st.st_size, 2);
	assert_says("his/made", ACTS_TARGET);
	ck_assert_int_eq(lstat(acts_path("his/made"), &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, ACTS_WRITTEN_SEC);
	acts_assert_is("his/full", ALICE, S_IFDIR | 0700);
	scene_assert_unharmed(&acts_scene);
	ck_assert_int_eq(umount2(acts_path("his/mounted"), MNT_DETACH), 0);
	scene_stop(&acts_scene);
}
END_TEST

#define GROUP 30077

static const char making[] =
	"for user 30000 {\n"
	"    his: allow create \"@t/his/*\", \"@t/shared/*\";\n"
	"    lent: allow create as root \"@t/lent/*\";\n"
	"    given: allow create as root \"@t/given/*\" {\n"
	"        type { directory, symlink }; create-owner \"30001:2000\"; create-mode 0640;\n"
	"    }\n"
	"    away: allow create \"@t/away/*\" { create-owner \"30001:30001\"; }\n"
	"    files: allow create \"@t/files/*\" { type regular; }\n"
	"}\n"
	"links: deny create \"@t/his/no-*\" { type symlink; }\n";

static const struct acts_row makes[] = {
	{ MKDIR, "his/d", 07777, GRANTED },	  { SYMLINK, "his/l", 0, GRANTED },
	{ MKDIR, "his/no-d", 0700, GRANTED },	  { SYMLINK, "his/no-l", 0, BY_RULE },
	{ MKDIR, "shared/d", 0750, GRANTED },	  { SYMLINK, "shared/l", 0, GRANTED },
	{ MKDIR, "lent/d", 0777, GRANTED },	  { SYMLINK, "lent/l", 0, CONDITION },
	{ MKDIR, "given/d", 0700, GRANTED },	  { SYMLINK, "given/l", 0, GRANTED },
	{ MKDIR, "away/d", 0700, KERNEL(EPERM) }, { SYMLINK, "away/l", 0, KERNEL(EPERM) },
	{ MKDIR, "files/d", 0700, CONDITION },	  { SYMLINK, "files/l", 0, CONDITION },
};

/* One whose group, and the set-group-ID bit, what is made in it has by itself. */
static void make_shared(const char *name, uid_t owner)
{
	acts_make_directory(name, owner, 0755);
	ck_assert_int_eq(chown(acts_path(name), owner, GROUP), 0);
	ck_assert_int_eq(chmod(acts_path(name), 02755), 0);
}

/* P21 */
START_TEST(what_is_made_belongs_to_whom_the_rule_says)
{
	acts_prepare(making);
	acts_make_directory("his", ALICE, 0755);
	make_shared("shared", ALICE);
	make_shared("lent", 0);
	make_shared("given", 0);
	acts_make_directory("away", ALICE, 0755);
	acts_make_directory("files", ALICE, 0755);
	scene_start(&acts_scene);
	acts_assert_rows(makes);
	acts_assert_is("his/d", ALICE, S_IFDIR | 0755);
	acts_assert_is("his/l", ALICE, S_IFLNK | 0777);
	acts_assert_is("shared/d", ALICE, S_IFDIR | S_ISGID | 0750);
	acts_assert_group("shared/d", GROUP);
	/* Of another group than the parent: without the bit. */
	acts_assert_is("lent/d", 0, S_IFDIR | 0755);
	acts_assert_group("lent/d", 0);
	acts_assert_is("given/d", 30001, S_IFDIR | 0750);
	acts_assert_group("given/d", 2000);
	acts_assert_is("given/l", 30001, S_IFLNK | 0777);
	/* Nobody asks for a link's, and nothing could be done to it but by its name. */
	acts_assert_group("given/l", GROUP);
	acts_assert_none("his/no-l");
	acts_assert_none("away/d");
	acts_assert_none("away/l");
	acts_assert_none("files/d");
	acts_stop();
}
END_TEST

static const struct acts_row modes[] = {
	{ CHMOD, "his/set-id", 0755, GRANTED },
	{ CHMOD, "his/sticky", 0777, GRANTED },
	{ CHMOD, "his/shared", 0700, KERNEL(EPERM) },
	{ CHMOD, "lent/set-id", 0777, GRANTED },
	{ CHMOD, "lent/sticky", 0755, GRANTED },
	{ CHMOD, "his/set-id", 04755, UNASKED(EINVAL) },
	{ CHMOD, "lent/shared", 0750, KERNEL(EPERM) },
	{ TOUCH, "his/shared", 0, GRANTED },
};

START_TEST(a_mode_gives_no_set_id_bits_and_takes_no_sticky_one)
{
	acts_prepare("for user 30000 {\n"
		     "    his: allow attributes \"@t/his/*\";\n"
		     "    lent: allow attributes as root \"@t/lent/*\";\n"
		     "}\n");
	acts_make_directory("his", ALICE, 0755);
	acts_make_directory("lent", 0, 0755);
	acts_make_file("his/set-id", ALICE, 06755);
	acts_make_directory("his/sticky", ALICE, 01777);
	acts_make_directory("his/shared", ALICE, 02755);
	acts_make_file("lent/set-id", 0, 04755);
	acts_make_directory("lent/sticky", 0, 01777);
	acts_make_directory("lent/shared", 0, 02755);
	scene_start(&acts_scene);
	acts_assert_rows(modes);
	acts_assert_is("his/set-id", ALICE, S_IFREG | 0755);
	acts_assert_is("his/sticky", ALICE, S_IFDIR | 01777);
	acts_assert_is("his/shared", ALICE, S_IFDIR | 02755);
	acts_assert_is("lent/set-id", 0, S_IFREG | 0777);
	acts_assert_is("lent/sticky", 0, S_IFDIR | 01755);
	acts_assert_is("lent/shared", 0, S_IFDIR | 02755);
	acts_stop();
}
END_TEST

/* Bytes that a file may have in the next test; that in which each of its assertions is noted, too. */
#define MOST (1 << 30)

static const struct acts_row sizes[] = {
	{ TRUNCATE, "his/file", MOST, GRANTED },
	{ TRUNCATE, "his/file", MOST + 1, KERNEL(EFBIG) },
	/* P13 */
	{ TRUNCATE, "his/fifo", 0, KERNEL(EINVAL) },
};

/* setrlimit(2): who grows a file beyond its limit is sent a signal that ends it. */
START_TEST(a_size_beyond_all_limits_ends_nobody)
{
	const struct rlimit few = { MOST, MOST };
	struct pollfd fifo = { .events = POLLIN };

	acts_prepare("for user 30000 {\n"
		     "    his: allow truncate \"@t/his/*\" { type { regular, fifo }; }\n"
		     "}\n");
	acts_make_directory("his", ALICE, 0755);
	acts_make_file("his/file", ALICE, 0644);
	ck_assert_int_eq(mkfifo(acts_path("his/fifo"), 0666), 0);
	ck_assert_int_eq(chmod(acts_path("his/fifo"), 0666), 0);
	fifo.fd = open(acts_path("his/fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
	scene_start(&acts_scene);
	acts_assert_rows(sizes);
	/* poll(2): it hangs up when a writer has been there. */
	ck_assert_int_eq(poll(&fifo, 1, 0), 0);
	scene_assert_unharmed(&acts_scene);
	fd_close(fifo.fd);
	scene_stop(&acts_scene);
}
END_TEST

static int truncate_it(const void *arg)
{
	static const struct acts_row row[] = { { TRUNCATE, "his/held", 1, GRANTED } };

	(void)arg;
	acts_assert_rows(row);
	return 0;
}

/* P49 */
START_TEST(a_leased_file_is_truncated_when_its_holder_lets_go)
{
	struct stat st;
	pid_t asker;
	int held;

	ck_assert_ptr_ne(signal(SIGIO, SIG_IGN), SIG_ERR);
	acts_prepare("for user 30000 { his: allow truncate \"@t/his/*\"; }\n");
	acts_make_directory("his", ALICE, 0755);
	acts_make_file("his/held", ALICE, 0644);
	held = open(acts_path("his/held"), O_RDWR | O_CLOEXEC);
	scene_start(&acts_scene);
	ck_assert_int_eq(fcntl(held, F_SETLEASE, F_WRLCK), 0);
	asker = forked_start(truncate_it, NULL);
	while (fcntl(held, F_GETLEASE) == F_WRLCK)
		scene_assert_bob_is_served(&acts_scene);
	ck_assert_int_eq(fstat(held, &st), 0);
	ck_assert_int_eq(st.st_size, 4);
	ck_assert_int_eq(fcntl(held, F_SETLEASE, F_UNLCK), 0);
	ck_assert_int_eq(forked_wait(asker), 0);
	ck_assert_int_eq(fstat(held, &st), 0);
	ck_assert_int_eq(st.st_size, 1);
	fd_close(held);
	scene_stop(&acts_scene);
}
END_TEST

/* What she could do alone, she may; and nothing else. */
static const struct acts_row complaints[] = {
	{ STAT, "his/file", 0, GRANTED },
	{ STAT, "closed/file", 0, KERNEL(EACCES) },
	{ CHMOD, "his/file", 0600, GRANTED },
	{ CHMOD, "roots", 0666, KERNEL(EPERM) },
	{ TOUCH, "roots", 0, KERNEL(EPERM) },
	{ TRUNCATE, "roots", 0, KERNEL(EACCES) },
	{ UNLINK, "his/file", 0, GRANTED },
	{ UNLINK, "roots", 0, KERNEL(EACCES) },
	{ MKDIR, "his/new", 0700, GRANTED },
	{ MKDIR, "new", 0700, KERNEL(EACCES) },
	{ SYMLINK, "his/link", 0, GRANTED },
	{ SYMLINK, "link", 0, KERNEL(EACCES) },
	{ RMDIR, "his/new", 0, GRANTED },
	{ UNLINK, "his/kept", 0, BY_RULE },
	/* who listens would take her for the broker */
	{ CONNECT, "his/socket", SOCK_STREAM, BY_DEFAULT },
};

START_TEST(complaint_lets_a_caller_change_what_it_could_alone)
{
	int listening;

	acts_prepare("for user 30000 mode complain { }\n"
		     "kept: deny remove \"@t/his/kept\";\n");
	acts_make_directory("his", ALICE, 0755);
	acts_make_directory("closed", 0, 0700);
	acts_make_file("his/file", ALICE, 0644);
	acts_make_file("his/kept", ALICE, 0644);
	acts_make_file("roots", 0, 0644);
	acts_make_file("closed/file", 0, 0644);
	listening = acts_listen_at("his/socket", SOCK_STREAM, 0666, 8);
	scene_start(&acts_scene);
	acts_assert_rows(complaints);
	acts_assert_is("roots", 0, S_IFREG | 0644);
	scene_assert_unharmed(&acts_scene);
	fd_close(listening);
	scene_stop(&acts_scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("changes");
	TCase *tcase = suite_case(suite, "changes");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, names_and_attributes_change_as_the_policy_lets_them);
	tcase_add_test(tcase, what_is_made_belongs_to_whom_the_rule_says);
	tcase_add_test(tcase, a_mode_gives_no_set_id_bits_and_takes_no_sticky_one);
	tcase_add_test(tcase, a_size_beyond_all_limits_ends_nobody);
	tcase_add_test(tcase, a_leased_file_is_truncated_when_its_holder_lets_go);
	tcase_add_test(tcase, complaint_lets_a_caller_change_what_it_could_alone);
	return suite_main(suite);
}
