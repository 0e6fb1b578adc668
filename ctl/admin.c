/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon is root's and is believed, but what it says may quote file names and
 * a policy's text, so it is escaped like anything else. A daemon that was taken over must not
 * get further through the terminal of the admin who looks into it (P79).
 */
#include "ctl/admin.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/fd.h"
#include "wire/admin.h"
#include "wire/message.h"
#include "wire/proto.h"

struct question {
	const struct admin_request *request;
	uint64_t timeout_usec;
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(fd_closep) int sock = -EBADF;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	/* connect(2): EAGAIN when the backlog is full; the caller may try again later. */
	if (connect(sock, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(sock);
}

static int send_request(int sock, const struct admin_request *asked)
{
	char request[ADMIN_REQUEST_MAX];
	int n;

	n = admin_request_write(asked, request, sizeof(request));
	if (n < 0)
		return n;
	return message_send(sock, request, (size_t)n, NULL);
}

/* Bytes received into @buffer. @ret_fd: for a descriptor that may come; NULL: none may. */
static int receive_reply(int sock, void *buffer, uint64_t deadline, int *ret_fd)
{
	const struct message_want want = { .fds = ret_fd ? 1 : 0 };
	struct message message = MESSAGE_EMPTY;
	int r;

	r = clock_wait(sock, POLLIN, deadline);
	if (r < 0)
		return r;
	r = message_receive(sock, buffer, WIRE_MESSAGE_MAX, &want, &message);
	if (r < 0)
		return r;
	if (r == 0)
		return -ECONNRESET;
	r = (int)message.size;
	if (message.n_fds > 0)
		*ret_fd = TAKE_FD(message.fds[0]);
	message_done(&message);
	return r;
}

/* admin_ask(), and *ret_fd is the descriptor that came, or as it was; on failure too. */
static int ask(const char *socket_path, const struct question *question, struct admin_answer *ret,
	       int *ret_fd)
{
	uint64_t deadline = clock_monotonic_usec() + question->timeout_usec;
	_cleanup_(freep) char *buffer = malloc(WIRE_MESSAGE_MAX);
	_cleanup_(fd_closep) int sock = -EBADF;
	struct admin_reply reply;
	char *text;
	int r;

	if (!buffer)
		return -ENOMEM;
	sock = connect_to(socket_path ? socket_path : ADMIN_SOCKET);
	if (sock < 0)
		return sock;
	r = send_request(sock, question->request);
	if (r < 0)
		return r;
	r = receive_reply(sock, buffer, deadline, ret_fd);
	if (r < 0)
		return r;
	r = admin_reply_read(buffer, (size_t)r, &reply);
	if (r < 0)
		return r;
	if (reply.opcode != question->request->opcode)
		return -EBADMSG;
	text = strndup(reply.text, reply.text_len);
	if (!text)
		return -ENOMEM;
	*ret = (struct admin_answer){ .exit_code = reply.exit_code, .text = text };
	return 0;
}

int admin_ask(const char *socket_path, const struct admin_request *request, uint64_t timeout_usec,
	      struct admin_answer *ret)
{
	return ask(socket_path, &(const struct question){ request, timeout_usec }, ret, NULL);
}

void admin_answer_done(struct admin_answer *answer)
{
	free(answer->text);
	*answer = ADMIN_ANSWER_EMPTY;
}

static enum exit_code exit_of_ask(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return EXIT_NOT_PERMITTED;
	case EBADMSG:
	case EMSGSIZE:
	case ENOMEM:
		return EXIT_IO;
	case ENAMETOOLONG:
		return EXIT_USAGE;
	default:
		return EXIT_UNAVAILABLE;
	}
}

static enum exit_code ask_for(const struct ctl *ctl, const struct question *question,
			      struct admin_answer *ret, int *ret_fd)
{
	const char *path = ctl->options.socket ? ctl->options.socket : ADMIN_SOCKET;
	int r;

	r = ask(path, question, ret, ret_fd);
	if (r < 0)
		return ctl_fail(ctl, exit_of_ask(-r), "cannot ask the daemon at %s: %s", path,
				strerror(-r));
	return EXIT_YES;
}

enum exit_code admin_ask_for(const struct ctl *ctl, const struct admin_request *request,
			     uint64_t timeout_usec, struct admin_answer *ret)
{
	return ask_for(ctl, &(const struct question){ request, timeout_usec }, ret, NULL);
}

enum exit_code admin_ask_tally(const struct ctl *ctl, uint64_t timeout_usec,
			       struct admin_answer *ret, int *ret_fd)
{
	const struct question question = { ADMIN_REQUEST(TALLY), timeout_usec };
	_cleanup_(fd_closep) int fd = -EBADF;
	enum exit_code code;

	code = ask_for(ctl, &question, ret, &fd);
	if (code == EXIT_YES)
		*ret_fd = TAKE_FD(fd);
	return code;
}

enum exit_code admin_exit_code(const struct admin_answer *answer)
{
	switch (answer->exit_code) {
	case EXIT_YES:
	case EXIT_NO:
	case EXIT_INVALID:
	case EXIT_UNAVAILABLE:
	case EXIT_NOT_PERMITTED:
		return (enum exit_code)answer->exit_code;
	default:
		return EXIT_IO;
	}
}

void admin_add_lines(struct text *out, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		text_escape(out, lines, len);
		text_puts(out, "\n");
		lines += len + (lines[len] == '\n');
	}
}

char *admin_value(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; *line;) {
		size_t line_len = strcspn(line, "\n");

		if (line_len > len && strncmp(line, key, len) == 0 && line[len] == ' ')
			return strndup(line + len + 1, line_len - len - 1);
		line += line_len + (line[line_len] == '\n');
	}
	return NULL;
}

bool admin_has(const char *text, const char *key)
{
	_cleanup_(freep) char *value = admin_value(text, key);

	return value;
}
