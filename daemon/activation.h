/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_ACTIVATION_H
#define FDB_DAEMON_ACTIVATION_H

/* The listening sockets, as whoever starts the daemon passes them: sd_listen_fds(3). */

#include <sys/socket.h>
#include <sys/un.h>

struct activation {
	int client, admin; /* owned; admin is -EBADF if there is none */
	char client_path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	char admin_path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
};

#define ACTIVATION_NONE ((struct activation){ .client = -EBADF, .admin = -EBADF })

/**
 * activation_take() - take the sockets and prepare them
 * @ret:	written on success only
 * @reterr_why:	what is wrong, for a person; a constant
 *
 * Wanted is one socket for clients and at most one for admins, each SOCK_SEQPACKET, listening,
 * bound in the file system. What else was passed is a mistake of whoever did. The
 * environment is cleared in any case.
 *
 * Return: 0; -EINVAL not what we want; another -errno.
 */
int activation_take(struct activation *ret, const char **reterr_why);
void activation_done(struct activation *activation);

#endif
