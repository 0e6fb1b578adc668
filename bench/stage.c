/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/stage.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "bench/measure.h"

/* Not below /tmp: others may write there, and what the daemon does depends on who may. */
#define TEMPLATE "/var/lib/fdbroker-bench.XXXXXX"

static const struct {
	const char *name;
	uid_t owner;
	mode_t mode;
	const char *rule; /* to be followed by the name, or NULL */
	const char *conditions;
} files[] = {
	[STAGE_ORDINARY] = { "etc/app.conf", 0, 0644, "allow read", ";" },
	[STAGE_RECORDED] = { "etc/recorded.conf", 0, 0644, "allow read", " { audit all; }" },
	[STAGE_LENT] = { "etc/app.key", 0, 0600, "allow read as root", ";" },
	[STAGE_COPIED] = { "etc/copied.conf", 0, 0644, "allow read", " { deliver snapshot; }" },
	[STAGE_OWN] = { "home/note", STAGE_CALLER, 0644, "allow read", ";" },
	[STAGE_REFUSED] = { "etc/refused.conf", 0, 0644, NULL, NULL },
};

static_assert(ELEMENTSOF(files) == STAGE_FILES, "a row for each");

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

/* Whatever ends the benchmark closes the other end of the pipe. */
static void tidy_up(const char *directory, int lifeline)
{
	static const char *const mounts[] = { "cold", "fuse" };
	char byte, path[64];

	setsid();
	signal(SIGPIPE, SIG_IGN);
	while (read(lifeline, &byte, 1) < 0 && errno == EINTR)
		continue;
	for (size_t i = 0; i < ELEMENTSOF(mounts); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, mounts[i]);
		(void)umount2(path, MNT_DETACH);
	}
	(void)nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	_exit(0);
}

static void start_janitor(struct stage *stage)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		measure_die("pipe2", -errno);
	stage->lifeline = ends[1];
	stage->janitor = fork();
	if (stage->janitor < 0)
		measure_die("fork", -errno);
	if (stage->janitor == 0) {
		fd_close(ends[1]);
		tidy_up(stage->directory, ends[0]);
	}
	fd_close(ends[0]);
}

static void make_directory(const char *path, uid_t owner)
{
	if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0 || chown(path, owner, owner) < 0)
		measure_die(path, -errno);
}

void stage_make_file(const char *path, uid_t owner, mode_t mode)
{
	static const char content[] = "hello\n";
	_cleanup_(fd_closep) int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, content, sizeof(content) - 1) < 0 || fchown(fd, owner, owner) < 0 ||
	    fchmod(fd, mode) < 0)
		measure_die(path, -errno);
}

static void make_place(const struct stage *stage, const char *name, uid_t owner, char *ret)
{
	snprintf(ret, sizeof(stage->spool), "%s/%s", stage->directory, name);
	make_directory(ret, owner);
}

static void furnish(struct stage *stage)
{
	char path[sizeof(stage->spool)];

	make_place(stage, "etc", 0, path);
	make_place(stage, "home", STAGE_CALLER, path);
	make_place(stage, "spool", STAGE_CALLER, stage->spool);
	make_place(stage, "deep", 0, stage->deep);
	make_place(stage, "cold", 0, stage->cold);
	for (enum stage_file i = 0; i < STAGE_FILES; i++) {
		snprintf(stage->paths[i], sizeof(stage->paths[i]), "%s/%s", stage->directory,
			 files[i].name);
		stage_make_file(stage->paths[i], files[i].owner, files[i].mode);
	}
}

#define ALL_RULES 7U

size_t stage_n_rules(const struct stage *stage)
{
	return ALL_RULES - stage->copies_nothing;
}

void stage_write_rules(const struct stage *stage, FILE *file)
{
	fprintf(file, "for user %d {\n", STAGE_CALLER);
	for (enum stage_file i = 0; i < STAGE_FILES; i++)
		if (files[i].rule && !(stage->copies_nothing && i == STAGE_COPIED))
			fprintf(file, "    %s \"%s\"%s\n", files[i].rule, stage->paths[i],
				files[i].conditions);
	fprintf(file,
		"    allow create, write \"%s/*\";\n"
		"    allow read \"%s/**\", \"%s/*\";\n"
		"}\n",
		stage->spool, stage->deep, stage->cold);
}

static bool can_be(void)
{
	return geteuid() == 0 && getpwnam("fdbroker") && getpwnam("fdbroker-audit");
}

int stage_init(struct stage *stage)
{
	*stage = (struct stage){ .directory = TEMPLATE, .lifeline = -EBADF };
	if (!can_be()) {
		puts("needs root and the daemon's users: tests/support/with-users");
		return 77;
	}
	if (!mkdtemp(stage->directory))
		measure_die(stage->directory, -errno);
	start_janitor(stage);
	if (chmod(stage->directory, 0755) < 0 || setgroups(0, NULL) < 0)
		measure_die(stage->directory, -errno);
	furnish(stage);
	return 0;
}

void stage_done(struct stage *stage)
{
	stage->lifeline = fd_close(stage->lifeline);
	waitpid(stage->janitor, NULL, 0);
}

static void be(uid_t uid, gid_t gid)
{
	/* Back is only possible as root, there only before that. */
	if (uid == 0 && seteuid(uid) < 0)
		measure_die("seteuid", -errno);
	if (setegid(gid) < 0 || seteuid(uid) < 0)
		measure_die("seteuid", -errno);
}

void stage_as_caller(void)
{
	be(STAGE_CALLER, STAGE_CALLER);
}

void stage_as_root(void)
{
	be(0, 0);
}

void stage_become_caller(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(STAGE_CALLER, STAGE_CALLER, STAGE_CALLER) < 0 ||
	    setresuid(STAGE_CALLER, STAGE_CALLER, STAGE_CALLER) < 0)
		measure_die("setresuid", -errno);
	/* After that: prctl(2), credentials(7). */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}
