/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/cold.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/measure.h"

#define IMAGE_SIZE (16 << 20)

/* 0 if it ends with 0, silent or not. */
static int run(const char *const argv[])
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r, status;

	posix_spawn_file_actions_init(&actions);
	for (int fd = 1; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return -r;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return status == 0 ? 0 : -EIO;
}

static int mount_image(const struct cold *cold)
{
	const char *argv[] = { "mount", "-o", "loop,noatime", cold->image, cold->place, NULL };

	return run(argv);
}

static int make_image(const struct cold *cold)
{
	const char *argv[] = { "mkfs.ext4", "-q", "-F", cold->image, NULL };
	_cleanup_(fd_closep) int fd = open(cold->image, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, IMAGE_SIZE) < 0)
		return -errno;
	return run(argv);
}

static void mount_anew(const struct cold *cold)
{
	int r;

	/* The other side may be about to close the last file. */
	while ((r = umount2(cold->place, 0) < 0 ? -errno : 0) == -EBUSY)
		usleep(1000);
	if (r == 0)
		r = mount_image(cold);
	if (r < 0)
		measure_die(cold->place, r);
}

/* For as long as it is asked to. */
static void keep(const struct cold *cold, int sock)
{
	char byte;

	while (read(sock, &byte, 1) == 1) {
		mount_anew(cold);
		if (write(sock, &byte, 1) != 1)
			break;
	}
	_exit(EXIT_SUCCESS);
}

static void start_keeper(struct cold *cold)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		measure_die("socketpair", -errno);
	fflush(NULL);
	cold->keeper_pid = fork();
	if (cold->keeper_pid < 0)
		measure_die("fork", -errno);
	if (cold->keeper_pid == 0) {
		fd_close(ends[0]);
		keep(cold, ends[1]);
	}
	fd_close(ends[1]);
	cold->keeper = ends[0];
}

int cold_init(struct cold *cold, const struct stage *stage)
{
	int r;

	cold->place = stage->cold;
	snprintf(cold->image, sizeof(cold->image), "%s/image", stage->directory);
	r = make_image(cold);
	if (r == 0)
		r = mount_image(cold);
	if (r < 0)
		return r;
	for (size_t i = 0; i < COLD_FILES; i++) {
		snprintf(cold->paths[i], sizeof(cold->paths[i]), "%s/file-%zu", stage->cold, i);
		stage_make_file(cold->paths[i], 0, 0644);
	}
	start_keeper(cold);
	return 0;
}

void cold_done(struct cold *cold)
{
	cold->keeper = fd_close(cold->keeper);
	waitpid(cold->keeper_pid, NULL, 0);
	umount2(cold->place, MNT_DETACH);
	unlink(cold->image);
}

void cold_forget(const struct cold *cold)
{
	char byte = 0;

	if (write(cold->keeper, &byte, 1) != 1 || read(cold->keeper, &byte, 1) != 1)
		measure_die(cold->place, -ECHILD);
}
