/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-admin SOCKET HOW TEXTFILE COMMAND...: listen at SOCKET as the daemon's parent does, run
 * COMMAND, answer every request until it ends, and exit as it did. HOW is the exit code to answer with,
 * or `closes`: hang up without an answer, or `babbles`: answer what is no message.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/admin.h"
#include "wire/message.h"
#include "wire/proto.h"

static void die(const char *what)
{
	perror(what);
	exit(99);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (sock < 0 || strlen(path) >= sizeof(address.sun_path))
		die("socket");
	strcpy(address.sun_path, path);
	(void)unlink(path);
	if (bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(sock, 8) < 0)
		die(path);
	return sock;
}

static size_t read_text(const char *path, char *buffer, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		die(path);
	n = fread(buffer, 1, size, file);
	fclose(file);
	return n;
}

static void answer(int sock, const char *how, const char *textfile)
{
	static const struct message_want nothing = { 0 };
	static char in[WIRE_MESSAGE_MAX], out[WIRE_MESSAGE_MAX], text[ADMIN_TEXT_MAX];
	struct admin_reply reply = { .text = text };
	struct admin_request request;
	struct message message;
	struct pollfd pollfd = { .fd = sock, .events = POLLIN };
	int n;

	if (poll(&pollfd, 1, 10000) != 1)
		return;
	n = message_receive(sock, in, sizeof(in), &nothing, &message);
	if (n <= 0 || strcmp(how, "closes") == 0)
		return;
	if (admin_request_read(in, message.size, &request) < 0)
		die("admin_request_read");
	reply.opcode = request.opcode;
	reply.exit_code = atoi(how);
	reply.text_len = read_text(textfile, text, sizeof(text));
	n = admin_reply_write(&reply, out, sizeof(out));
	if (strcmp(how, "babbles") == 0)
		memset(out, 'x', (size_t)n);
	(void)message_send(sock, out, (size_t)n, NULL);
}

static pid_t start(char **command, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, mask, NULL);
		execvp(command[0], command);
		die(command[0]);
	}
	return pid;
}

static void on_child(int signal)
{
	(void)signal;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_child }; /* no SA_RESTART: ends ppoll() */
	sigset_t blocked, open;
	int sock, status;
	pid_t pid;

	if (argc < 5)
		return 64;
	sock = listen_at(argv[1]);
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, &open);
	pid = start(argv + 4, &open);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd pollfd = { .fd = sock, .events = POLLIN };
		int client;

		if (ppoll(&pollfd, 1, NULL, &open) != 1)
			continue;
		client = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		answer(client, argv[2], argv[3]);
		close(client);
	}
	(void)unlink(argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}
