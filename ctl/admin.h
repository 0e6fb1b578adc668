/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_ADMIN_H
#define FDB_CTL_ADMIN_H

/* One question to the running daemon, on its admin socket. */

#include <stdint.h>

#include "ctl/command.h"
#include "wire/admin.h"

#define ADMIN_SOCKET "/run/fdbroker/admin"

struct admin_answer {
	int32_t exit_code; /* the daemon's word for ours */
	char *text;	   /* NUL-terminated, owned; untrusted like everything from a socket */
};

#define ADMIN_ANSWER_EMPTY ((struct admin_answer){ 0 })

/**
 * admin_ask() - send, wait, receive
 * @socket:	path, or NULL for ADMIN_SOCKET
 * @request:	borrowed
 * @timeout_usec: for all of it
 *
 * Return: 0; -ENOENT or -ECONNREFUSED nobody listens; -EACCES or -EPERM; -ENAMETOOLONG;
 *	-ETIMEDOUT; -ECONNRESET the daemon closed without an answer; -EBADMSG it is none;
 *	another -errno.
 */
int admin_ask(const char *socket, const struct admin_request *request, uint64_t timeout_usec,
	      struct admin_answer *ret);

/* A request that has nothing but an opcode. */
#define ADMIN_REQUEST(name) (&(const struct admin_request){ .opcode = ADMIN_OPCODE_##name })

void admin_answer_done(struct admin_answer *answer);

/* admin_ask() at the socket of the command line, and a failure said on stderr: EXIT_YES with an
 * answer, or what to exit with. */
enum exit_code admin_ask_for(const struct ctl *ctl, const struct admin_request *request,
			     uint64_t timeout_usec, struct admin_answer *ret);

/* The same for ADMIN_OPCODE_TALLY; *ret_fd is the caller's, -EBADF if nobody serves. */
enum exit_code admin_ask_tally(const struct ctl *ctl, uint64_t timeout_usec,
			       struct admin_answer *ret, int *ret_fd);

/* The exit code that the daemon asks for; EXIT_IO for one that it has no business to ask for. */
enum exit_code admin_exit_code(const struct admin_answer *answer);

/* Add lines of the daemon's: each escaped, the line ends its own. */
void admin_add_lines(struct text *out, const char *lines);

/* The value of `key value` in a status text, the caller's to free; NULL if there is no such line. */
char *admin_value(const char *text, const char *key);
bool admin_has(const char *text, const char *key);

#endif
