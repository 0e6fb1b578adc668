/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/measure.h"
#include "bench/peers.h"

/* By hand, from linux/fuse.h: a library might do more than is needed. Names and attributes are
 * kept by the kernel, so that what it asks for, and waits for, is to open; it does not wait for the close. */

#define FILE_INODE 2
#define BUFFER	   (128 * 1024)

struct served {
	int device;
	const char *path;
};

static void reply(const struct served *s, uint64_t unique, int error, const void *data, size_t size)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + size),
		.error = error,
		.unique = unique,
	};
	struct iovec parts[] = { { &out, sizeof(out) }, { (void *)(uintptr_t)data, size } };

	(void)!writev(s->device, parts, 2);
}

static struct fuse_attr attr_of(uint64_t inode)
{
	return (struct fuse_attr){
		.ino = inode,
		.mode = inode == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644,
		.nlink = 1,
		.size = 6,
	};
}

static void answer_open(const struct served *s, uint64_t unique)
{
	struct fuse_open_out out = { .open_flags = FOPEN_KEEP_CACHE | FOPEN_NOFLUSH };
	int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	out.fh = (uint64_t)fd;
	reply(s, unique, fd < 0 ? -errno : 0, &out, fd < 0 ? 0 : sizeof(out));
}

static void answer_release(const struct served *s, uint64_t unique,
			   const struct fuse_release_in *release)
{
	fd_close((int)release->fh);
	reply(s, unique, 0, NULL, 0);
}

static void answer(const struct served *s, const struct fuse_in_header *in, const void *body)
{
	const struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION,
					    .minor = FUSE_KERNEL_MINOR_VERSION,
					    .max_write = 4096 };
	const struct fuse_attr_out attr = { .attr_valid = 3600, .attr = attr_of(in->nodeid) };
	const struct fuse_entry_out entry = { .nodeid = FILE_INODE,
					      .entry_valid = 3600,
					      .attr_valid = 3600,
					      .attr = attr_of(FILE_INODE) };

	switch (in->opcode) {
	case FUSE_INIT:
		return reply(s, in->unique, 0, &init, sizeof(init));
	case FUSE_GETATTR:
		return reply(s, in->unique, 0, &attr, sizeof(attr));
	case FUSE_LOOKUP:
		return reply(s, in->unique, 0, &entry, sizeof(entry));
	case FUSE_OPEN:
		return answer_open(s, in->unique);
	case FUSE_RELEASE:
		return answer_release(s, in->unique, body);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return; /* no answer to these */
	default:
		return reply(s, in->unique, -ENOSYS, NULL, 0);
	}
}

static void serve(const struct served *s)
{
	static uint8_t buffer[BUFFER] __attribute__((aligned(8)));
	ssize_t n;

	for (;;) {
		n = read(s->device, buffer, sizeof(buffer));
		if (n < 0 && errno != EINTR && errno != ENOENT && errno != EAGAIN)
			_exit(0);
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			answer(s, (const struct fuse_in_header *)buffer,
			       buffer + sizeof(struct fuse_in_header));
	}
}

int peer_fuse_start(struct peer_fuse *ret, const struct stage *stage, const char *path)
{
	struct served s = { .device = open("/dev/fuse", O_RDWR | O_CLOEXEC), .path = path };
	char options[96];

	*ret = (struct peer_fuse){ .server = -1 };
	if (s.device < 0)
		return -errno;
	snprintf(ret->directory, sizeof(ret->directory), "%s/fuse", stage->directory);
	snprintf(ret->file, sizeof(ret->file), "%s/fuse/file", stage->directory);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other",
		 s.device);
	if (mkdir(ret->directory, 0755) < 0 ||
	    mount("fdbroker-bench", ret->directory, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		fd_close(s.device);
		return -errno;
	}
	ret->server = measure_fork();
	if (ret->server == 0)
		serve(&s);
	fd_close(s.device);
	return 0;
}

void peer_fuse_stop(struct peer_fuse *peer)
{
	if (peer->server <= 0)
		return;
	umount2(peer->directory, MNT_DETACH);
	kill(peer->server, SIGKILL);
	waitpid(peer->server, NULL, 0);
	rmdir(peer->directory);
}
