/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A control message is believed only if it is one of two kinds, whole, and the
 * first of its kind. The walk does not stop at the first fault: a descriptor
 * behind it is installed all the same and has to be found to be closed.
 *
 * CMSG_NXTHDR(3) is not used: it ends the walk silently at a bad length.
 */
#include "wire/ancillary.h"

#include <errno.h>
#include <string.h>

#include "base/kernel.h"
#include "wire/message.h"

/* Note every descriptor of the payload, also of one that will be refused. */
static void note_fds(const uint8_t *payload, size_t size, struct message *m)
{
	for (; size >= sizeof(int); payload += sizeof(int), size -= sizeof(int)) {
		int fd;

		memcpy(&fd, payload, sizeof(fd));
		if (fd >= 0)
			m->fds[m->n_fds++] = fd;
	}
}

static int read_rights(const uint8_t *payload, size_t size, struct message *m)
{
	size_t before = m->n_fds;

	note_fds(payload, size, m);
	if (before > 0 || size == 0 || (m->n_fds - before) * sizeof(int) != size)
		return -EBADMSG;
	return m->n_fds <= WIRE_FDS_MAX ? 0 : -EBADMSG;
}

static int read_credentials(const uint8_t *payload, size_t size, struct message *m)
{
	if (m->has_credentials || size != sizeof(m->sender))
		return -EBADMSG;
	memcpy(&m->sender, payload, sizeof(m->sender));
	m->has_credentials = true;
	return 0;
}

static int read_one(const struct cmsghdr *header, const uint8_t *payload, size_t size,
		    struct message *m)
{
	if (header->cmsg_level != SOL_SOCKET)
		return -EBADMSG;
	switch (header->cmsg_type) {
	case SCM_RIGHTS:
		return read_rights(payload, size, m);
	case SCM_CREDENTIALS:
		return read_credentials(payload, size, m);
	case SCM_PIDFD: /* Linux 6.5: carries a descriptor, too; nobody here asks for it */
		note_fds(payload, size, m);
		return -EBADMSG;
	default:
		return -EBADMSG;
	}
}

static int read_all(const uint8_t *at, size_t left, struct message *m)
{
	int result = 0;

	while (left > 0) {
		struct cmsghdr header;
		size_t step;
		int r;

		if (left < CMSG_LEN(0))
			return -EBADMSG;
		memcpy(&header, at, sizeof(header));
		if (header.cmsg_len < CMSG_LEN(0) || header.cmsg_len > left)
			return -EBADMSG;
		r = read_one(&header, at + CMSG_LEN(0), header.cmsg_len - CMSG_LEN(0), m);
		if (r < 0)
			result = r;
		/* The last one need not be padded. */
		step = CMSG_ALIGN(header.cmsg_len);
		step = step < left ? step : left;
		at += step;
		left -= step;
	}
	return result;
}

int ancillary_read(int msg_flags, const void *control, size_t size, struct message *ret)
{
	int r;

	message_init(ret);
	if (size > ANCILLARY_SIZE)
		return -EBADMSG;
	r = read_all(control, size, ret);
	if (msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (r < 0)
		return r;
	return msg_flags & MSG_CTRUNC ? -EMFILE : 0;
}
