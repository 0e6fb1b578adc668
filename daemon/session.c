/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "daemon/identity.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * The identity is the connector's. A child or a delegate that sends on the
 * connection acts as the connector, if the kernel says that it has the same uid
 * and gid; anybody else ends it.
 *
 * A reply takes room in the client's queue and its descriptor counts against our
 * own user (unix(7), ETOOMANYREFS), so that a client that never reads must not
 * have many of them under way (P32): the buffer is small, and when it is full
 * one reply is kept here and no further request is read.
 */

/* Bytes; the kernel doubles it. A small reply is charged about 768 (truesize of its buffers),
 * so that LIMIT_IN_FLIGHT_EACH and a few are under way at most. */
#define SEND_BUFFER 8192

/* By its birth too: the connection may be older than what has its executable's number by now. */
static bool is_exe(const struct facts *facts, const struct identity_file *file)
{
	return file->dev == facts->exe_dev && file->ino == facts->exe_ino &&
	       file->born == facts->exe_born;
}

/* Which of the executables that the policy names this one is. One that could not be attested, of
 * the process or of the policy, is not known to be another: `not exe` must not hold by it. */
static const char **exes_new(const struct facts *facts, const struct policy *policy,
			     struct policy_subject *subject)
{
	const char **exes;
	size_t n = 0;
	int r;

	while (policy_exe_path(policy, n))
		n++;
	exes = calloc(n + 1, sizeof(*exes));
	if (!exes)
		return NULL;
	if (facts->exe_ino == 0) {
		subject->known &= ~(uint32_t)POLICY_FACT_EXE;
		return exes;
	}
	for (size_t i = 0; i < n; i++) {
		const char *path = policy_exe_path(policy, i);
		struct identity_file file;

		/* Never the text, which a mount namespace forges (P43, P44). */
		r = identity_of_file(AT_FDCWD, path, &file);
		if (r == 0 && is_exe(facts, &file))
			exes[subject->n_exes++] = path;
		else if (r < 0 && r != -ENOENT && r != -ENOTDIR)
			subject->known &= ~(uint32_t)POLICY_FACT_EXE;
	}
	return exes;
}

static const char *or_null(const char *name)
{
	return name[0] == '\0' ? NULL : name;
}

/* @label: what the subject borrows of it. */
static void take_label(const struct facts *facts, struct policy_subject *subject,
		       struct label *label)
{
	uint32_t module = facts->attested & POLICY_LABELS;

	if (module == 0)
		return;
	if (label_read(module, facts->label, strlen(facts->label), label) < 0) {
		subject->known &= ~module;
		return;
	}
	subject->doubtful = label->doubtful ? module : 0;
	if (module == POLICY_FACT_APPARMOR)
		subject->apparmor = or_null(label->name);
	else
		subject->selinux = label->name;
}

static int recognise(const struct session *session, const struct policy *policy,
		     struct policy_caller **ret)
{
	const struct facts *facts = &session->facts;
	struct policy_subject subject = {
		.known = (POLICY_FACT_ALL & ~(uint32_t)(POLICY_TRAITS | POLICY_LABELS)) |
			 facts->attested,
		.attested = true,
		.traits = facts->traits,
		.uid = facts->uid,
		.gid = facts->gid,
		.groups = session->groups,
		.n_groups = session->principal.n_groups,
		.unit = or_null(facts->unit),
		.user_unit = or_null(facts->user_unit),
		.slice = or_null(facts->slice),
	};
	_cleanup_(freep) const char **exes = exes_new(facts, policy, &subject);
	struct label label;

	if (!exes)
		return -ENOMEM;
	take_label(facts, &subject, &label);
	subject.exes = exes;
	return policy_caller_new(ret, policy, &subject);
}

static int learn_groups(struct session *session, int fd)
{
	size_t n;
	int r;

	r = identity_groups(fd, &session->groups, &n);
	if (r < 0)
		return r;
	session->principal = (struct principal){
		.connection = session->facts.connection,
		.uid = session->facts.uid,
		.gid = session->facts.gid,
		.groups = session->groups,
		.n_groups = n,
		.cap_effective = session->facts.cap_effective,
		.pid = session->facts.pid,
		.pidfd_ino = session->facts.pidfd_ino,
	};
	return 0;
}

int session_new(struct session **ret, int fd, const struct facts *facts,
		const struct policy *policy)
{
	_cleanup_(session_unrefp) struct session *session = NULL;
	int size = SEND_BUFFER;
	int r;

	session = malloc(sizeof(*session));
	if (!session)
		return -ENOMEM;
	*session = (struct session){
		.references = 1,
		.fd = -EBADF,
		.facts = *facts,
		.reply_fd = -EBADF,
	};
	r = learn_groups(session, fd);
	if (r < 0)
		return r;
	r = policy ? recognise(session, policy, &session->caller) : 0;
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0)
		return -errno;
	session->fd = fd;
	*ret = TAKE_PTR(session);
	return 0;
}

int session_shadow(struct session *session, const struct policy *candidate)
{
	return recognise(session, candidate, &session->shadow);
}

void session_close(struct session *session)
{
	session->reply_fd = fd_close(session->reply_fd);
	session->fd = fd_close(session->fd);
}

struct session *session_ref(struct session *session)
{
	session->references++;
	return session;
}

struct session *session_unref(struct session *session)
{
	if (!session || --session->references > 0)
		return NULL;
	session_close(session);
	policy_caller_free(session->caller);
	policy_caller_free(session->shadow);
	free(session->groups);
	free(session->who);
	free(session->reply);
	free(session);
	return NULL;
}

bool session_agrees(const struct session *session, const struct ucred *sender)
{
	/* Pid 0 is a process outside our pid namespace: nobody we could name (P42). */
	if (sender->pid == 0)
		return false;
	return sender->uid == session->facts.uid && sender->gid == session->facts.gid;
}

static int keep(struct session *session, const void *reply, size_t size, int *fd)
{
	if (size > SESSION_REPLY_MAX)
		return -EMSGSIZE;
	session->reply = malloc(size);
	if (!session->reply)
		return -ENOMEM;
	memcpy(session->reply, reply, size);
	session->reply_size = size;
	session->reply_fd = TAKE_FD(*fd);
	return 0;
}

int session_send(struct session *session, const void *reply, size_t size, int *fd)
{
	const struct message_attach attach = { .fds = fd, .n_fds = *fd >= 0 };
	int r;

	r = message_send(session->fd, reply, size, &attach);
	/* Replies are under way and not taken: room will come. */
	if (r == -EAGAIN)
		return keep(session, reply, size, fd);
	return r;
}

static int send_kept(struct session *session)
{
	const struct message_attach attach = { .fds = &session->reply_fd,
					       .n_fds = session->reply_fd >= 0 };

	return message_send(session->fd, session->reply, session->reply_size, &attach);
}

static void refuse(struct wire_answer *answer)
{
	answer->reason = WIRE_REASON_BUSY;
	answer->error = EAGAIN;
	answer->n_fds = 0;
}

/* What comes with a descriptor comes with nothing else, so that a refusal is as long. */
static int keep_refusal_of_act(struct session *session)
{
	struct wire_act_answer act;
	struct wire_header header;
	int r;

	r = wire_act_answer_read(session->reply, session->reply_size, &header, &act);
	if (r < 0)
		return r;
	refuse(&act.answer);
	r = wire_act_answer_write(header.id, header.opcode & (uint16_t)~WIRE_OPCODE_REPLY, &act,
				  session->reply, session->reply_size);
	return r < 0 ? r : 0;
}

/* As exchange_reply() does with one that was never kept. */
static int keep_refusal(struct session *session)
{
	struct wire_header header;
	struct wire_answer answer;
	int r;

	r = wire_answer_read(session->reply, session->reply_size, &header, &answer);
	if (r < 0)
		return keep_refusal_of_act(session);
	refuse(&answer);
	r = wire_answer_write(header.id, &answer, session->reply, session->reply_size);
	return r < 0 ? r : 0;
}

int session_flush(struct session *session, int *ret_fd)
{
	int r;

	*ret_fd = -EBADF;
	if (session->reply_size == 0)
		return 0;
	r = send_kept(session);
	if (r == -ETOOMANYREFS && session->reply_fd >= 0) {
		*ret_fd = TAKE_FD(session->reply_fd);
		r = keep_refusal(session);
		if (r == 0)
			r = send_kept(session);
	}
	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return r;
	session->reply_size = 0;
	free(session->reply);
	session->reply = NULL;
	if (session->reply_fd >= 0)
		*ret_fd = TAKE_FD(session->reply_fd);
	return 0;
}
