/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A security module for a kernel that has none: preloaded into the daemon, it
 * gives every peer the label $FAKE_LABEL and lists the modules $FAKE_MODULES.
 * What a kernel with such a module answers is the only thing that is made up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
	const char *label = getenv("FAKE_LABEL");

	if (level != SOL_SOCKET || option != SO_PEERSEC || !label)
		return (int)syscall(SYS_getsockopt, fd, level, option, value, size);
	if (*size < strlen(label)) {
		errno = ERANGE;
		return -1;
	}
	*size = (socklen_t)strlen(label);
	memcpy(value, label, *size);
	return 0;
}

static int open_list(const char *modules)
{
	int fd = memfd_create("lsm", MFD_CLOEXEC);

	if (write(fd, modules, strlen(modules)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

EXPORTED int open(const char *path, int flags, ...)
{
	const char *modules = getenv("FAKE_MODULES");
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	if (modules && strcmp(path, "/sys/kernel/security/lsm") == 0)
		return open_list(modules);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
