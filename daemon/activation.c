/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "wire/message.h"

/*
 * The sockets decide who can reach the daemon at all, and under which name an
 * admin's requests arrive, so nothing is guessed: a socket of the wrong kind, a
 * second one for the same purpose or one too many stops the start. The names
 * are those of FileDescriptorName=; systemd-socket-activate(1) gives none unless
 * told to ("unknown"), and then the last component of the path tells.
 */

#define FDS_MAX 2

static void strv_freep(char ***strv)
{
	for (char **s = *strv; s && *s; s++)
		free(*s);
	free(*strv);
}

static int get_path(int fd, char *ret, size_t size)
{
	struct sockaddr_un address = { 0 };
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	/* unix(7): an abstract name begins with NUL, an unnamed one is shorter. */
	if (len <= offsetof(struct sockaddr_un, sun_path) || address.sun_path[0] != '/')
		return -EINVAL;
	memset(ret, 0, size);
	memcpy(ret, address.sun_path, strnlen(address.sun_path, sizeof(address.sun_path)));
	return 0;
}

static bool is_for_admins(const char *name, const char *path)
{
	if (strcmp(name, "admin") == 0 || strcmp(name, "client") == 0)
		return name[0] == 'a';
	return strcmp(strrchr(path, '/'), "/admin") == 0;
}

/* Non-blocking, or accept(2) would wait for a client that has gone again. */
static int prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return message_accept_credentials(fd, true);
}

static int take_one(struct activation *a, int fd, const char *name, const char **reterr_why)
{
	char path[sizeof(a->client_path)];
	int *place, r;

	*reterr_why = "not a listening SOCK_SEQPACKET socket";
	r = sd_is_socket_unix(fd, SOCK_SEQPACKET, 1, NULL, 0);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	*reterr_why = "a socket that is not bound in the file system";
	r = get_path(fd, path, sizeof(path));
	if (r < 0)
		return r;
	*reterr_why = "two sockets for the same purpose";
	place = is_for_admins(name, path) ? &a->admin : &a->client;
	if (*place >= 0)
		return -EINVAL;
	*reterr_why = "a socket that cannot be prepared";
	r = prepare(fd);
	if (r < 0)
		return r;
	strcpy(place == &a->admin ? a->admin_path : a->client_path, path);
	*place = fd;
	return 0;
}

int activation_take(struct activation *ret, const char **reterr_why)
{
	_cleanup_(strv_freep) char **names = NULL;
	struct activation a = ACTIVATION_NONE;
	int n, r;

	*reterr_why = "LISTEN_FDS or LISTEN_PID is not a number";
	n = sd_listen_fds_with_names(1, &names);
	if (n < 0)
		return n;
	*reterr_why = "no socket was passed: start it by fdbroker.socket, or by "
		      "systemd-socket-activate --seqpacket";
	if (n == 0)
		return -EINVAL;
	*reterr_why = "more than the two sockets, client and admin";
	if (n > FDS_MAX)
		return -EINVAL;
	for (int i = 0; i < n; i++) {
		r = take_one(&a, SD_LISTEN_FDS_START + i, names[i], reterr_why);
		if (r < 0)
			return r;
	}
	*reterr_why = "no socket for clients";
	if (a.client < 0)
		return -EINVAL;
	*ret = a;
	return 0;
}

void activation_done(struct activation *activation)
{
	activation->client = fd_close(activation->client);
	activation->admin = fd_close(activation->admin);
}
