/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/fake_broker.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/fdbroker.h"
#include "wire/codec.h"
#include "wire/message.h"

bool fake_receive(int sock, struct fake_request *ret)
{
	static const struct message_want want = { .credentials = true };
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	char bytes[WIRE_MESSAGE_MAX];
	struct wire_header header;
	struct wire_open open;
	struct message m;
	int r;

	while ((r = message_receive(sock, bytes, sizeof(bytes), &want, &m)) == -EAGAIN)
		poll(&pfd, 1, -1);
	if (r == 0 || r == -ECONNRESET)
		return false;
	ck_assert_int_eq(r, 1);
	ck_assert_int_eq(wire_header_read(bytes, m.size, &header), 0);
	ck_assert_int_eq(wire_open_read(bytes, m.size, &open), 0);
	ck_assert_uint_ne(header.id, 0);
	*ret = (struct fake_request){
		.id = header.id,
		.sender = m.sender,
		.flags = open.flags,
		.mode = open.mode,
	};
	memcpy(ret->path, open.path, open.path_len);
	return true;
}

void fake_send(int sock, const void *bytes, size_t size, int fd, unsigned n_fds)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	memset(&control, 0, sizeof(control));
	if (n_fds > 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		for (unsigned i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	}
	/* The client may be gone: that is for it to explain. */
	(void)!sendmsg(sock, &msg, MSG_NOSIGNAL);
}

void fake_answer(int sock, uint64_t id, const struct wire_answer *answer, int fd)
{
	char bytes[256];
	int size = wire_answer_write(id, answer, bytes, sizeof(bytes));

	ck_assert_int_gt(size, 0);
	fake_send(sock, bytes, (size_t)size, fd, answer->n_fds);
}

void fake_refuse(int sock, uint64_t id, int error, enum wire_reason reason)
{
	struct wire_answer answer = { .reason = (uint16_t)reason,
				      .error = error,
				      .decision = 0xdead };

	fake_answer(sock, id, &answer, -EBADF);
}

void fake_notice(int sock, uint16_t which)
{
	char bytes[256];
	int size = wire_notice_write(which, bytes, sizeof(bytes));

	ck_assert_int_gt(size, 0);
	fake_send(sock, bytes, (size_t)size, -EBADF, 0);
}

void fake_open(int sock, const struct fake_request *request)
{
	static const struct wire_answer yes = { .n_fds = 1, .decision = 0xbeef };
	_cleanup_(fd_closep) int fd = memfd_create("fake", MFD_CLOEXEC);
	size_t len = strlen(request->path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)pwrite(fd, request->path, len, 0), (int)len);
	fake_answer(sock, request->id, &yes, fd);
}

void fake_serve(int sock)
{
	struct fake_request request;

	while (fake_receive(sock, &request))
		if (strncmp(request.path, "/refuse", 7) == 0)
			fake_refuse(sock, request.id, EACCES, WIRE_REASON_DEFAULT);
		else
			fake_open(sock, &request);
}

static void serve_connections(int listener)
{
	for (;;) {
		int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fork() == 0) {
			fake_serve(sock);
			_exit(0);
		}
		close(sock);
	}
}

pid_t fake_listen(char *ret_path, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	pid_t pid;

	snprintf(ret_path, size, "/tmp/fake_broker.%d", getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", ret_path);
	unlink(ret_path);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 128), 0);
	ck_assert_int_ge(message_accept_credentials(listener, false), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		serve_connections(listener);
	}
	close(listener);
	return pid;
}

static void *run_script(void *argument)
{
	struct fake_stage *stage = argument;

	stage->script(stage->sock);
	stage->sock = fd_close(stage->sock);
	return NULL;
}

void fake_stage_begin(struct fake_stage *stage, void (*script)(int sock))
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_ge(message_accept_credentials(pair[1], false), 0);
	*stage = (struct fake_stage){ .script = script, .sock = pair[1] };
	ck_assert_int_eq(fdbroker_adopt(&stage->broker, pair[0]), 0);
	ck_assert_int_eq(pthread_create(&stage->thread, NULL, run_script, stage), 0);
}

void fake_stage_end(struct fake_stage *stage)
{
	stage->broker = fdbroker_close(stage->broker);
	ck_assert_int_eq(pthread_join(stage->thread, NULL), 0);
}
