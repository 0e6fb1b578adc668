/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "bench/peer.h"
#include "bench/peers.h"

/*
 * By hand, as s6-fdholder-store(1) and s6-fdholder-retrieve(1) do it, but with one connection for all that
 * is asked. Whoever is root may store and have anything: that is said in a directory of rules.
 *
 * A message is the size of what follows, in 4 bytes, how many descriptors come with it, in 2, the greatest
 * first, and then what follows.
 */

#define NAME "\4held" /* with its length, and its NUL */

static const char store_it[] = "\0\0\0\23\0\1"
			       "S"
			       "\x60\0\0\0\0\0\0\0\0\0\0\0" /* for ever: TAI64N */
	NAME;
static const char retrieve_it[] = "\0\0\0\10\0\0"
				  "R\0" /* and keep it */
	NAME;

#define HEADER_SIZE 6U

static_assert(sizeof(store_it) == HEADER_SIZE + 023, "as it says");
static_assert(sizeof(retrieve_it) == HEADER_SIZE + 010, "as it says");

/* client */

static int receive(int sock, int *ret_fd)
{
	uint8_t reply[HEADER_SIZE + 1]; /* an error */
	ssize_t n = peer_receive(sock, reply, sizeof(reply), ret_fd);

	if (n < 0)
		return (int)n;
	if (n == sizeof(reply) && reply[HEADER_SIZE] == 0)
		return 0;
	*ret_fd = fd_close(*ret_fd);
	return n == sizeof(reply) ? -reply[HEADER_SIZE] : -EBADMSG;
}

static int store(int sock, const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int none, r;

	if (fd < 0)
		return -errno;
	r = peer_send(sock, store_it, sizeof(store_it), fd);
	return r < 0 ? r : receive(sock, &none);
}

int peer_fdholder_ask(void *context)
{
	const struct peer_fdholder *peer = context;
	int fd, r = peer_send(peer->sock, retrieve_it, sizeof(retrieve_it), -EBADF);

	if (r == 0)
		r = receive(peer->sock, &fd);
	if (r < 0)
		return r;
	if (fd < 0)
		return -EBADMSG;
	fd_close(fd);
	return 0;
}

/* life */

#define PLACE "fdholder" /* of the rules, and of its socket */

/* As of s6-accessrules, with the variables of s6-fdholderd: any name. */
static int write_rules(const struct stage *stage)
{
	static const struct {
		const char *name, *content;
	} files[] = {
		{ "allow", "" },
		{ "env/S6_FDHOLDER_STORE_REGEX", "." },
		{ "env/S6_FDHOLDER_RETRIEVE_REGEX", "." },
	};
	static const char *const places[] = { PLACE, PLACE "/uid", PLACE "/uid/0",
					      PLACE "/uid/0/env", NULL };
	char path[STAGE_PATH_MAX];
	int r = peer_make_directories(stage, places);

	for (size_t i = 0; r == 0 && i < ELEMENTSOF(files); i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/" PLACE "/uid/0/%s", stage->directory,
			 files[i].name);
		file = fopen(path, "we");
		if (!file)
			return -errno;
		fputs(files[i].content, file);
		r = fclose(file) == 0 ? 0 : -errno;
	}
	return r;
}

/* It listens on its standard input. */
static int give_listener(const void *context)
{
	const int *listener = context;

	return dup2(*listener, STDIN_FILENO) < 0 ? -errno : 0;
}

static pid_t start(const char *socket, char *rules)
{
	static char program[] = "s6-fdholderd", option[] = "-i";
	char *argv[] = { program, option, rules, NULL };
	_cleanup_(fd_closep) int listener = peer_listen(socket);

	return listener < 0 ? listener : peer_start(argv, give_listener, &listener);
}

int peer_fdholder_start(struct peer_fdholder *ret, const struct stage *stage, const char *path)
{
	char rules[STAGE_PATH_MAX], socket[STAGE_PATH_MAX];
	int r;

	*ret = (struct peer_fdholder){ .sock = -EBADF };
	snprintf(rules, sizeof(rules), "%s/" PLACE, stage->directory);
	snprintf(socket, sizeof(socket), "%s/" PLACE "/socket", stage->directory);
	r = write_rules(stage);
	if (r < 0)
		return r;
	r = start(socket, rules);
	if (r < 0)
		return r;
	ret->server = r;
	ret->sock = peer_connect(socket);
	if (ret->sock < 0)
		return ret->sock;
	r = store(ret->sock, path);
	return r < 0 ? r : peer_fdholder_ask(ret);
}

void peer_fdholder_stop(struct peer_fdholder *peer)
{
	peer->sock = fd_close(peer->sock);
	peer_stop(peer->server);
}
