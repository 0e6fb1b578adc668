/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/* By hand, from linux/fuse.h: a library would answer more than is wanted, and not keep silent. */

#define FILE_INODE   2
#define UNLINKED     3
#define LARGE	     (1 << 20) /* bytes, as it says */
#define VALID_SEC    3600      /* of what is not asked again */
#define PENDING_MAX  256
#define FUSE_OPCODES 64 /* counted */
#define SILENT	     FUSE_OPCODES

static const char content[] = "slowly";

/* The beginning of a message. */
struct request {
	struct fuse_in_header header;
	union {
		struct fuse_read_in read;
		struct fuse_write_in write;
		char name[16]; /* its beginning, of a lookup */
	};
};

static struct {
	int device;
	struct request pending[PENDING_MAX];
	size_t n_pending;
} server;

static volatile sig_atomic_t relented;

static uint64_t *begin_counting(void)
{
	uint64_t *seen = mmap(NULL, (FUSE_OPCODES + 1) * sizeof(*seen), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return seen == MAP_FAILED ? NULL : seen;
}

static void count(uint64_t *seen, uint32_t opcode)
{
	if (opcode < FUSE_OPCODES)
		__atomic_add_fetch(&seen[opcode], 1, __ATOMIC_SEQ_CST);
}

static void on_usr1(int signal)
{
	(void)signal;
	relented = 1;
}

static void reply(const struct fuse_in_header *in, int error, const void *data, size_t size)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + size),
		.error = error,
		.unique = in->unique,
	};
	struct iovec parts[] = { { &out, sizeof(out) }, { (void *)(uintptr_t)data, size } };

	/* Whoever asked may be gone: ENOENT. */
	(void)!writev(server.device, parts, 2);
}

static struct fuse_attr attr_of(uint64_t inode)
{
	return (struct fuse_attr){
		.ino = inode,
		.size = inode == UNLINKED ? LARGE : strlen(content),
		.mode = inode == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644,
		.nlink = inode != UNLINKED,
	};
}

static void answer_read(const struct request *request)
{
	uint64_t size = strlen(content), from = request->read.offset;

	if (from > size)
		from = size;
	size -= from;
	if (size > request->read.size)
		size = request->read.size;
	reply(&request->header, 0, content + from, size);
}

/* It is not kept: every name is the same file. */
static void answer_write(const struct request *request)
{
	const struct fuse_write_out out = { .size = request->write.size };

	reply(&request->header, 0, &out, sizeof(out));
}

static void answer_lookup(const struct request *request)
{
	bool unlinked = strncmp(request->name, "un", 2) == 0;
	const struct fuse_entry_out entry = {
		.nodeid = unlinked ? UNLINKED : FILE_INODE,
		.entry_valid = unlinked ? VALID_SEC : 0,
		.attr_valid = unlinked ? VALID_SEC : 0,
		.attr = attr_of(unlinked ? UNLINKED : FILE_INODE),
	};

	if (strncmp(request->name, "no", 2) == 0)
		return reply(&request->header, -ENOENT, NULL, 0);
	reply(&request->header, 0, &entry, sizeof(entry));
}

static void answer(const struct request *request)
{
	const struct fuse_in_header *in = &request->header;
	const struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION,
					    .minor = FUSE_KERNEL_MINOR_VERSION,
					    .max_write = 4096 };
	const struct fuse_attr_out attr = { .attr = attr_of(in->nodeid) };
	const struct fuse_open_out opened = { .fh = 1 };
	const struct fuse_statfs_out statfs = { .st = { .bsize = 4096 } };

	switch (in->opcode) {
	case FUSE_INIT:
		return reply(in, 0, &init, sizeof(init));
	case FUSE_GETATTR:
		return reply(in, 0, &attr, sizeof(attr));
	case FUSE_LOOKUP:
		return answer_lookup(request);
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		return reply(in, 0, &opened, sizeof(opened));
	case FUSE_STATFS:
		return reply(in, 0, &statfs, sizeof(statfs));
	case FUSE_READ:
		return answer_read(request);
	case FUSE_WRITE:
		return answer_write(request);
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		return reply(in, 0, NULL, 0);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	default:
		return reply(in, -ENOSYS, NULL, 0);
	}
}

static void answer_pending(uint64_t *seen)
{
	__atomic_store_n(&seen[SILENT], 0, __ATOMIC_SEQ_CST);
	while (server.n_pending > 0)
		answer(&server.pending[--server.n_pending]);
}

static int serve(uint64_t *seen)
{
	static union {
		struct request request;
		char bytes[FUSE_MIN_READ_BUFFER];
	} message;
	const struct sigaction action = { .sa_handler = on_usr1 };
	ssize_t n;

	sigaction(SIGUSR1, &action, NULL);
	for (;;) {
		n = read(server.device, &message, sizeof(message));
		if (relented)
			answer_pending(seen);
		if (n < 0 && errno == ENODEV)
			return 0;
		if (n < (ssize_t)sizeof(struct fuse_in_header))
			continue;
		count(seen, message.request.header.opcode);
		if (message.request.header.opcode ==
			    __atomic_load_n(&seen[SILENT], __ATOMIC_SEQ_CST) &&
		    server.n_pending < PENDING_MAX)
			server.pending[server.n_pending++] = message.request;
		else
			answer(&message.request);
	}
}

int fuse_start(struct fuse *fuse, const char *directory, uint32_t silent)
{
	char options[128];

	snprintf(fuse->directory, sizeof(fuse->directory), "%s", directory);
	server.device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 server.device);
	if (server.device < 0 ||
	    mount("silent", directory, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		return -errno;
	fuse->seen = begin_counting();
	if (!fuse->seen)
		return -ENOMEM;
	fuse_silence(fuse, silent);
	fuse->server = fork();
	if (fuse->server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(serve(fuse->seen));
	}
	server.device = fd_close(server.device);
	return fuse->server < 0 ? -errno : 0;
}

uint64_t fuse_seen(const struct fuse *fuse, uint32_t opcode)
{
	return __atomic_load_n(&fuse->seen[opcode], __ATOMIC_SEQ_CST);
}

void fuse_silence(const struct fuse *fuse, uint32_t opcode)
{
	__atomic_store_n(&fuse->seen[SILENT], opcode, __ATOMIC_SEQ_CST);
}

void fuse_relent(const struct fuse *fuse)
{
	kill(fuse->server, SIGUSR1);
}

/* The last descriptor of the device ends the connection, and all that waits for it fails. */
int fuse_stop(struct fuse *fuse)
{
	kill(fuse->server, SIGKILL);
	waitpid(fuse->server, NULL, 0);
	munmap(fuse->seen, (FUSE_OPCODES + 1) * sizeof(*fuse->seen));
	return umount2(fuse->directory, MNT_DETACH) < 0 ? -errno : 0;
}
