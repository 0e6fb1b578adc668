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

/* Note every descriptor of the payload, also of one that will be refused. */
static void note_fds(const uint8_t *payload, size_t size, struct ancillary *a)
{
	for (; size >= sizeof(int); payload += sizeof(int), size -= sizeof(int)) {
		int fd;

		memcpy(&fd, payload, sizeof(fd));
		if (fd >= 0)
			a->fds[a->n_fds++] = fd;
	}
}

static int read_rights(const uint8_t *payload, size_t size, struct ancillary *a)
{
	size_t before = a->n_fds;

	note_fds(payload, size, a);
	if (before > 0 || size == 0 || (a->n_fds - before) * sizeof(int) != size)
		return -EBADMSG;
	return a->n_fds <= WIRE_FDS_MAX ? 0 : -EBADMSG;
}

static int read_credentials(const uint8_t *payload, size_t size, struct ancillary *a)
{
	if (a->has_credentials || size != sizeof(a->sender))
		return -EBADMSG;
	memcpy(&a->sender, payload, sizeof(a->sender));
	a->has_credentials = true;
	return 0;
}

static int read_one(const struct cmsghdr *header, const uint8_t *payload, size_t size,
		    struct ancillary *a)
{
	if (header->cmsg_level != SOL_SOCKET)
		return -EBADMSG;
	switch (header->cmsg_type) {
	case SCM_RIGHTS:
		return read_rights(payload, size, a);
	case SCM_CREDENTIALS:
		return read_credentials(payload, size, a);
	case SCM_PIDFD: /* Linux 6.5: carries a descriptor, too; nobody here asks for it */
		note_fds(payload, size, a);
		return -EBADMSG;
	default:
		return -EBADMSG;
	}
}

static int read_all(const uint8_t *at, size_t left, struct ancillary *a)
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
		r = read_one(&header, at + CMSG_LEN(0), header.cmsg_len - CMSG_LEN(0), a);
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

int ancillary_read(int msg_flags, const void *control, size_t size, struct ancillary *ret)
{
	int r;

	ret->has_credentials = false;
	ret->sender = (struct ucred){ 0 };
	ret->n_fds = 0;
	if (size > ANCILLARY_SIZE)
		return -EBADMSG;
	r = read_all(control, size, ret);
	if (msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (r < 0)
		return r;
	return msg_flags & MSG_CTRUNC ? -EMFILE : 0;
}
