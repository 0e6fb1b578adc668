/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/daemon.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "wire/admin.h"
#include "wire/codec.h"
#include "wire/message.h"

#define PATIENCE_USEC (30 * USEC_PER_SEC) /* for what takes milliseconds on an idle machine */

static int notified = -EBADF; /* of the daemon that runs */

int daemon_unavailable(void)
{
	if (geteuid() == 0 && getpwnam("fdbroker") && getpwnam("fdbroker-audit"))
		return 0;
	puts("needs root and the daemon's users: tests/support/with-users");
	return 77;
}

/* places */

static int bind_socket(const char *path, int type, mode_t mode)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	if (type == SOCK_SEQPACKET)
		ck_assert_int_eq(listen(fd, SOMAXCONN), 0);
	return fd;
}

void daemon_prepare(struct daemon *d)
{
	static const int on = 1;

	*d = (struct daemon){ .admin_sock = -EBADF };
	suite_make_directory("/tmp", d->directory, sizeof(d->directory));
	snprintf(d->policy, sizeof(d->policy), "%s/policy.d", d->directory);
	snprintf(d->shadow, sizeof(d->shadow), "%s/shadow", d->directory);
	snprintf(d->socket, sizeof(d->socket), "%s/socket", d->directory);
	snprintf(d->admin, sizeof(d->admin), "%s/admin", d->directory);
	snprintf(d->audit, sizeof(d->audit), "%s/audit.json", d->directory);
	snprintf(d->log, sizeof(d->log), "%s/log", d->directory);
	snprintf(d->notify, sizeof(d->notify), "%s/notify", d->directory);
	snprintf(d->state, sizeof(d->state), "%s/state", d->directory);
	snprintf(d->config, sizeof(d->config), "%s/fdbroker.conf", d->directory);
	ck_assert_int_eq(mkdir(d->policy, 0755), 0);
	ck_assert_int_eq(chmod(d->policy, 0755), 0);
	d->listeners[0] = bind_socket(d->socket, SOCK_SEQPACKET, 0666);
	d->listeners[1] = bind_socket(d->admin, SOCK_SEQPACKET, 0600);
	/* As PassCredentials=yes of the socket units. */
	setsockopt(d->listeners[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	d->notified = bind_socket(d->notify, SOCK_DGRAM, 0600);
}

void daemon_discard(struct daemon *d)
{
	for (size_t i = 0; i < 2; i++)
		d->listeners[i] = fd_close(d->listeners[i]);
	d->notified = notified = fd_close(d->notified);
	d->admin_sock = fd_close(d->admin_sock);
	suite_remove(d->directory);
}

void daemon_write_policy(const struct daemon *d, const char *name, const char *text)
{
	char path[PATH_MAX], next[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", d->policy, name);
	snprintf(next, sizeof(next), "%s/.next", d->policy);
	if (!text) {
		ck_assert_int_eq(unlink(path), 0);
		return;
	}
	file = fopen(next, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fchmod(fileno(file), 0644), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(rename(next, path), 0);
}

void daemon_write_config(struct daemon *d, const char *settings, ...)
{
	FILE *file = fopen(d->config, "we");
	va_list arguments;

	ck_assert_ptr_nonnull(file);
	fputs("version 1;\nsettings { ", file);
	va_start(arguments, settings);
	vfprintf(file, settings, arguments);
	va_end(arguments);
	fputs(" }\n", file);
	ck_assert_int_eq(fchmod(fileno(file), 0644), 0);
	ck_assert_int_eq(fclose(file), 0);
	d->has_config = true;
}

static char *read_file(const char *path)
{
	char *content = NULL;
	size_t capacity = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return strdup("");
	if (getdelim(&content, &capacity, EOF, file) < 0) {
		free(content);
		content = strdup("");
	}
	fclose(file);
	return content;
}

char *daemon_read_audit(const struct daemon *d)
{
	return read_file(d->audit);
}

char *daemon_read_log(const struct daemon *d)
{
	return read_file(d->log);
}

/* life */

static void pass_listeners(const struct daemon *d)
{
	char pid[16];
	int high[2];

	for (size_t i = 0; i < 2; i++)
		high[i] = fcntl(d->listeners[i], F_DUPFD, 100);
	for (int i = 0; i < 2; i++)
		dup2(high[i], 3 + i);
	closefrom(5);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 0);
	setenv("LISTEN_FDS", "2", 0);
	setenv("LISTEN_FDNAMES", "client:admin", 0);
}

static void preload(const char *library)
{
	const char *build = getenv("builddir"), *options = getenv("ASAN_OPTIONS");
	char directory[PATH_MAX], path[PATH_MAX], asan[256];

	if (!realpath(build ? build : ".", directory))
		_exit(127);
	snprintf(path, sizeof(path), "%.3900s/.libs/%s", directory, library);
	setenv("LD_PRELOAD", path, 1);
	/* In that build it wants to be the first library. */
	snprintf(asan, sizeof(asan), "%s:verify_asan_link_order=0", options ? options : "");
	setenv("ASAN_OPTIONS", asan, 1);
}

static int execute(const void *arg)
{
	const struct daemon *d = arg;
	const char *build = getenv("builddir");
	const char *argv[16] = { "fdbrokerd", NULL, NULL };
	char program[PATH_MAX], policy[100], audit[100], state[100], config[100];
	size_t n = 1;
	int log;

	snprintf(program, sizeof(program), "%s/fdbrokerd", build ? build : ".");
	snprintf(policy, sizeof(policy), "--policy=%s", d->policy);
	snprintf(audit, sizeof(audit), "--audit-file=%s", d->audit);
	argv[n++] = policy;
	argv[n++] = audit;
	snprintf(state, sizeof(state), "--state=%s", d->state);
	if (d->keeps)
		argv[n++] = state;
	snprintf(config, sizeof(config), "--config=%s", d->config);
	if (d->has_config)
		argv[n++] = config;
	for (size_t i = 0; d->arguments[i]; i++)
		argv[n++] = d->arguments[i];
	for (size_t i = 0; d->environment[i]; i++)
		putenv(strdup(d->environment[i]));
	if (d->preload)
		preload(d->preload);
	setenv("NOTIFY_SOCKET", d->notify, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that failed leaves nothing behind */
	log = open(d->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(log, STDERR_FILENO);
	pass_listeners(d);
	if (d->has_stray)
		dup2(STDERR_FILENO, 20);
	if (d->ignores_children)
		signal(SIGCHLD, SIG_IGN);
	execv(program, (char **)(uintptr_t)argv);
	dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
	return 127;
}

static void show_log(const struct daemon *d)
{
	char *log = daemon_read_log(d);

	fprintf(stderr, "--- log of the daemon:\n%s---\n", log);
	free(log);
}

void daemon_await(const struct daemon *d, const char *what)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	char text[1024];
	ssize_t n;
	int r;

	do {
		r = clock_wait(d->notified, POLLIN, deadline);
		if (r < 0)
			show_log(d);
		ck_assert_msg(r > 0, "no notification with %s", what);
		n = recv(d->notified, text, sizeof(text) - 1, 0);
		ck_assert_int_ge(n, 0);
		text[n] = '\0';
	} while (!strstr(text, what));
}

void daemon_launch(struct daemon *d)
{
	d->pid = forked_start(execute, d);
}

void daemon_start(struct daemon *d)
{
	daemon_launch(d);
	daemon_await(d, "READY=1");
	notified = d->notified;
	d->admin_sock = daemon_try_connect(d->admin);
}

int daemon_fails(struct daemon *d)
{
	pid_t pid = forked_start(execute, d);
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	int events = clock_wait(process, POLLIN, clock_monotonic_usec() + PATIENCE_USEC);

	fd_close(process);
	if (events <= 0)
		forked_end(pid);
	ck_assert_msg(events > 0, "it does not end");
	return forked_wait(pid);
}

void daemon_stop(struct daemon *d)
{
	daemon_end(d);
	daemon_discard(d);
}

void daemon_drain(const struct daemon *d)
{
	char text[1024];

	while (recv(d->notified, text, sizeof(text), MSG_DONTWAIT) >= 0)
		continue;
}

void daemon_end(struct daemon *d)
{
	bool killed, stuck, reported;
	int status;
	char *log;

	ck_assert_int_eq(kill(d->pid, SIGTERM), 0);
	status = forked_wait(d->pid);
	log = daemon_read_log(d);
	killed = strstr(log, "ended by signal") && !d->may_be_killed;
	stuck = strstr(log, "a process does not end: leaving it");
	/* A sanitizer's words, where it has no file for them. */
	reported = strstr(log, "runtime error:") || strstr(log, "Sanitizer");
	free(log);
	if (status != 0 || killed || stuck || reported)
		show_log(d);
	ck_assert_int_eq(status, 0);
	ck_assert_msg(!killed, "a signal ended a process of the daemon");
	ck_assert_msg(!reported, "a sanitizer reported");
	ck_assert_msg(!stuck, "a process of the daemon did not end");
	d->admin_sock = fd_close(d->admin_sock);
	/* READY=1 of this one is nothing to the next one. */
	daemon_drain(d);
}

/* sockets */

int daemon_try_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), r;

	ck_assert_int_ge(fd, 0);
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	r = -errno;
	fd_close(fd);
	return r;
}

int daemon_connect(const struct daemon *d)
{
	int fd = daemon_try_connect(d->socket);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* A daemon whose notifications nobody reads blocks after a few, as sd_notify(3) does. */
static void wait_for_message(int sock)
{
	struct pollfd fds[] = { { .fd = sock, .events = POLLIN },
				{ .fd = notified, .events = POLLIN } };
	char text[1024];

	do {
		int n = poll(fds, ELEMENTSOF(fds), (int)(PATIENCE_USEC / USEC_PER_MSEC));

		ck_assert_msg(n > 0 || errno == EINTR, "no answer");
		if (n > 0 && fds[1].revents)
			/* Unless a child of ours was faster. */
			(void)recv(notified, text, sizeof(text), MSG_DONTWAIT);
	} while (!fds[0].revents);
}

static int receive(int sock, void *buffer, size_t size, struct message *ret)
{
	static const struct message_want want = { .fds = 1 };
	int r;

	wait_for_message(sock);
	r = message_receive(sock, buffer, size, &want, ret);
	return r == 0 ? -ECONNRESET : r;
}

int daemon_ask(int sock, const char *path, uint32_t flags, struct wire_answer *ret)
{
	const struct wire_open request = { .flags = flags,
					   .path = path,
					   .path_len = (uint16_t)strlen(path) };
	const struct ucred self = { getpid(), geteuid(), getegid() };
	const struct message_attach attach = { .credentials = &self };
	static uint8_t buffer[WIRE_MESSAGE_MAX];
	struct wire_answer answer;
	struct wire_header header;
	struct message m;
	uint16_t notice;
	int r;

	r = wire_open_write(1, &request, buffer, sizeof(buffer));
	ck_assert_int_gt(r, 0);
	r = message_send(sock, buffer, (size_t)r, &attach);
	if (r < 0)
		return r;
	do {
		r = receive(sock, buffer, sizeof(buffer), &m);
		if (r < 0)
			return r;
	} while (wire_notice_read(buffer, m.size, &notice) == 0);
	ck_assert_int_eq(wire_answer_read(buffer, m.size, &header, &answer), 0);
	if (ret)
		*ret = answer;
	return answer.error == 0 ? m.fds[0] : -answer.error;
}

enum wire_reason daemon_reason(const struct daemon *d, const char *path)
{
	int sock = daemon_connect(d);
	struct wire_answer answer;

	fd_close(daemon_ask(sock, path, WIRE_OPEN_READ, &answer));
	fd_close(sock);
	return answer.reason;
}

static int admin_request(const struct daemon *d, const struct admin_request *request,
			 char **ret_text)
{
	static uint8_t buffer[WIRE_MESSAGE_MAX];
	struct admin_reply reply;
	int sock = d->admin_sock, r;
	struct message m;

	r = admin_request_write(request, buffer, sizeof(buffer));
	ck_assert_int_gt(r, 0);
	ck_assert_int_eq(message_send(sock, buffer, (size_t)r, NULL), 0);
	ck_assert_int_eq(receive(sock, buffer, sizeof(buffer), &m), 1);
	ck_assert_int_eq(admin_reply_read(buffer, m.size, &reply), 0);
	*ret_text = strndup(reply.text, reply.text_len);
	return reply.exit_code;
}

int daemon_reload(const struct daemon *d, char **ret_text)
{
	char *text;
	int exit_code = daemon_admin(d, ADMIN_OPCODE_RELOAD, 0, &text);

	if (ret_text)
		*ret_text = text;
	else
		free(text);
	return exit_code;
}

int daemon_admin(const struct daemon *d, uint16_t opcode, uint32_t sec, char **ret_text)
{
	return admin_request(d, &(struct admin_request){ opcode, sec }, ret_text);
}
