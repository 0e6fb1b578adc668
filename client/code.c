/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/code.h"

#include <errno.h>

int code_filter(int r)
{
	if (r >= 0)
		return r;
	switch (r) {
	/* the library's own */
	case -EPERM:	    /* the socket's peer is not the broker */
	case -EFAULT:	    /* a path that is NULL */
	case -EINVAL:	    /* arguments; also open(2) */
	case -ENAMETOOLONG: /* also open(2) */
	case -ENOMEM:	    /* also open(2) */
	case -EPROTO:	    /* an answer that makes no sense; a filter that does not hold */
	case -ECONNRESET:   /* the broker is gone */
	case -ECHILD:	    /* a child that cannot connect anew */
	case -ENOSYS:	    /* the kernel lacks what the sandbox needs */
	case -ESRCH:	    /* seccomp(2): a thread that cannot be confined */
	case -EBADF:	    /* no such descriptor to adopt */
	case -ENOTSOCK:	    /* adopt: not a socket */
	case -ENOTCONN:	    /* adopt: not connected */
	/* connect(2) */
	case -EAGAIN: /* also a limit of the broker */
	case -ECONNREFUSED:
	case -EPROTOTYPE:
	case -ENOBUFS:
	/* open(2), by way of the broker */
	case -EACCES: /* also a refusal */
	case -EBUSY:
	case -EDQUOT:
	case -EEXIST:
	case -EFBIG:
	case -EINTR:
	case -EIO:
	case -EISDIR:
	case -ELOOP:
	case -EMFILE:
	case -ENFILE:
	case -EMLINK: /* mkdir(2), link(2) */
	case -ENODEV:
	case -ENOENT:
	case -ENOSPC:
	case -ENOTDIR:
	case -ENOTEMPTY: /* rmdir(2) */
	case -ENXIO:
	case -EOPNOTSUPP:
	case -EOVERFLOW:
	case -EROFS:
	case -ESTALE:
	case -ETIMEDOUT: /* also the broker's deadline */
	case -ETXTBSY:
	case -EXDEV: /* a mount that the rule does not cross */
		return r;
	default:
		return -EIO;
	}
}
