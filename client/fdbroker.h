/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDBROKER_H
#define FDBROKER_H

/*
 * libfdbroker: files for a program that may not open any.
 *
 * A function that can fail returns 0, a descriptor or a number on success and a
 * negative errno on failure, never -1 with errno; out parameters are written on
 * success only unless said otherwise.
 * The functions are thread-safe: any number of threads may share one
 * connection. None of them is async-signal-safe. A thread is not cancelled
 * (pthread_cancel(3)) while it connects or asks: it has its answer first.
 *
 * The list of all errors is libfdbroker(3)'s; what is no error of it comes as -EIO.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FDBROKER_SOCKET_DEFAULT "/run/fdbroker/socket"

#pragma GCC visibility push(default) /* what is declared here is what is exported */

struct fdbroker; /* a connection */

/* Why the broker answered as it did. */
enum fdbroker_reason {
	FDBROKER_REASON_OK = 0,
	FDBROKER_REASON_DEFAULT = 1, /* no rule allows it */
	FDBROKER_REASON_RULE = 2,    /* a rule denies it */
	FDBROKER_REASON_NOT_FOUND = 3,
	FDBROKER_REASON_CONDITION = 4, /* the file is not what the rule wants */
	FDBROKER_REASON_RATE = 5,      /* try again later */
	FDBROKER_REASON_BUSY = 6,      /* a limit of the broker; try again later */
	FDBROKER_REASON_DEADLINE = 7,  /* the open took too long */
	FDBROKER_REASON_BAD_PATH = 8,
	FDBROKER_REASON_BAD_FLAGS = 9,
	FDBROKER_REASON_UNSUPPORTED = 10,
	FDBROKER_REASON_KERNEL = 11,   /* allowed; the kernel said no */
	FDBROKER_REASON_DEGRADED = 12, /* the broker has no valid policy */
	FDBROKER_REASON_NONE = 0xffff, /* the broker was not asked, or did not answer */
};

/* What the broker said of one request; see fdbroker_open(). */
struct fdbroker_answer {
	enum fdbroker_reason reason;
	/* For the admin: `fdbrokerctl explain --decision` takes it as 16 hex digits. 0: none. */
	uint64_t decision;
};

/**
 * fdbroker_connect() - connect to the broker
 * @ret:	the connection; fdbroker_close() frees it
 * @path:	socket, or NULL: the descriptor number in FDBROKER_FD, else the
 *		path in FDBROKER_SOCKET, else FDBROKER_SOCKET_DEFAULT; the
 *		environment is ignored in setuid programs (secure_getenv(3)).
 *		The descriptor of FDBROKER_FD is adopted: that works once
 *
 * The peer of the socket must be uid 0; with a path of one's own choosing
 * (@path or FDBROKER_SOCKET) the caller's own uid will do.
 *
 * Return: 0; -EPERM the socket's peer is somebody else; -EINVAL FDBROKER_FD is
 *	no number; -ENAMETOOLONG; -ENOMEM; -EBADF, -ENOTSOCK, -EPROTOTYPE,
 *	-ENOTCONN not such a socket; or an errno of connect(2).
 */
int fdbroker_connect(struct fdbroker **ret, const char *path);

/**
 * fdbroker_adopt() - use a connection that somebody else made
 * @ret:	the connection
 * @fd:		connected SOCK_SEQPACKET socket; on success it is the connection's, on failure it
 *		stays the caller's
 *
 * The broker judges by who *connected*, not by who sends. The peer must be uid 0 or the
 * caller's own uid.
 *
 * Return: 0; -EBADF, -ENOTSOCK, -EPROTOTYPE, -ENOTCONN it is no connected SOCK_SEQPACKET Unix
 *	socket; -EPERM the peer is somebody else; -ENOMEM.
 */
int fdbroker_adopt(struct fdbroker **ret, int fd);

/**
 * fdbroker_open() - open a file through the broker
 * @broker:	connection
 * @path:	as for open(2); a relative name is joined with the working directory. "..": only
 *		to leave the working directory, as in "../x"; anywhere else it is -EINVAL, since
 *		nobody in a sandbox can tell where "link/.." leads
 * @flags:	as for open(2); O_CLOEXEC is always set, O_NOCTTY and O_LARGEFILE are implied;
 *		O_PATH, O_DIRECT, O_NOATIME, O_ASYNC and unknown bits are -EINVAL
 * @mode:	permission bits (0777) for O_CREAT and O_TMPFILE; ignored otherwise. The process's
 *		umask does not apply
 * @ret_answer:	or NULL; written in every case
 *
 * Blocks until the broker answers. A request that the broker lost, by a crash or because only its
 * successor can serve it, is repeated once, unless it creates or truncates. In a child of fork(2) the
 * first call makes a connection of the child's own.
 *
 * Return: a descriptor, the caller's, or a negative errno: what open(2) says,
 *	-EACCES for a refusal, -EAGAIN for a limit, -ETIMEDOUT, -EINVAL,
 *	-EFAULT, -ENAMETOOLONG, -ENOMEM, -EPROTO for an answer that makes no sense,
 *	-ECONNRESET when the broker lost it and it must not be repeated, or is gone: then all that is
 *	asked over this connection is, until one closes it and connects anew; -EMFILE (@ret_answer may
 *	say that the broker agreed), -ECHILD after a fork where the child cannot connect anew: an
 *	adopted connection, or in the sandbox.
 */
int fdbroker_open(struct fdbroker *broker, const char *path, int flags, mode_t mode,
		  struct fdbroker_answer *ret_answer);

#define FDBROKER_BATCH_MAX 253 /* as many descriptors as one message can carry */

/* One of many opens. */
struct fdbroker_request {
	const char *path; /* borrowed */
	int flags;
	mode_t mode;
	int fd; /* written: a descriptor, the caller's, or a negative errno */
	struct fdbroker_answer answer; /* written */
};

/**
 * fdbroker_open_batch() - open many files at once
 * @requests:	path, flags and mode of each, as for fdbroker_open(); written is what that would
 *		return and answer
 * @n:		1..FDBROKER_BATCH_MAX
 *
 * As fdbroker_open() called once for each, and quicker: each is judged and answered on its own, and
 * what one is refused touches no other. They are opened in no order that could be relied upon. What
 * creates or truncates a file, and what may take its time, is not quicker than by itself.
 *
 * A policy that is loaded meanwhile judges those that were not judged yet. What the broker lost by
 * a crash is asked for once more, and if it is lost again, each by itself.
 *
 * Blocks until all are answered. If the descriptors of a message do not all find room in this
 * process none is kept, and each of their requests has -EMFILE; refusals stand.
 *
 * Return: how many were opened; then each @fd is written, and each that is not negative
 *	is to be closed (fdbroker_close_batch()). -EINVAL @n, or a NULL; -ENOMEM; then none is written.
 */
int fdbroker_open_batch(struct fdbroker *broker, struct fdbroker_request *requests, size_t n);

/**
 * fdbroker_close_batch() - close what a batch brought
 * @requests:	what fdbroker_open_batch() has written, all of it or a part; or NULL
 * @n:		how many
 *
 * Closes each @fd that is not negative, and makes it -EBADF, so that a second call does nothing; an
 * error stays there. Nothing else is closed: a number that is there twice is closed once. It is
 * quicker than close(2) of each where their numbers follow each other, as they mostly do; each time that
 * they do not, all that come behind are looked at, so call it for each batch, not for many together.
 *
 * Who keeps a descriptor, or has closed it himself, makes its @fd negative before.
 * If fdbroker_open_batch() failed it has written none: then call this only if each @fd was negative
 * before. Asks no broker; it needs no connection any more. errno is preserved.
 */
void fdbroker_close_batch(struct fdbroker_request *requests, size_t n);

/*
 * What is asked of a name besides opening it: @path and @ret_answer are as for fdbroker_open(), and
 * so are the errors, beside those of the call that each stands for. What changes nothing is repeated
 * once if the broker lost it; what may have been done is -ECONNRESET. After -ETIMEDOUT, too, a change
 * that had begun may still be made.
 */

/* stat(2) and, with @flags AT_SYMLINK_NOFOLLOW, lstat(2). 0 or a negative errno. */
int fdbroker_stat(struct fdbroker *broker, const char *path, int flags, struct stat *ret,
		  struct fdbroker_answer *ret_answer);

/* access(2) with the rights that the rule lends. 0 or a negative errno. */
int fdbroker_access(struct fdbroker *broker, const char *path, int mode,
		    struct fdbroker_answer *ret_answer);

/* readlink(2): the bytes written, without a NUL, cut to @size; or a negative errno. */
ssize_t fdbroker_readlink(struct fdbroker *broker, const char *path, char *buffer, size_t size,
			  struct fdbroker_answer *ret_answer);

/* unlink(2), or with @flags AT_REMOVEDIR rmdir(2). 0 or a negative errno. */
int fdbroker_unlink(struct fdbroker *broker, const char *path, int flags,
		    struct fdbroker_answer *ret_answer);

/* mkdir(2), without the process's umask; never writable by group or others unless the rule's
 * create-mode says so. A name that ends in "." or ".." is -EINVAL where names are made or removed.
 * 0 or a negative errno. */
int fdbroker_mkdir(struct fdbroker *broker, const char *path, mode_t mode,
		   struct fdbroker_answer *ret_answer);

/* symlink(2): @target is any text of 1 to 4095 bytes, which nobody judges; where it leads is judged
 * when it is followed. 0 or a negative errno. */
int fdbroker_symlink(struct fdbroker *broker, const char *target, const char *path,
		     struct fdbroker_answer *ret_answer);

/* chmod(2) of permission bits (0777): a file loses its set-id bits by it, a directory keeps its
 * sticky bit, and one that has set-group-ID is -EPERM. 0 or a negative errno. */
int fdbroker_chmod(struct fdbroker *broker, const char *path, mode_t mode,
		   struct fdbroker_answer *ret_answer);

/* utimensat(2) with @flags AT_SYMLINK_NOFOLLOW or 0; @times: NULL is now. 0 or a negative errno. */
int fdbroker_utimens(struct fdbroker *broker, const char *path, const struct timespec times[2],
		     int flags, struct fdbroker_answer *ret_answer);

/* truncate(2). 0 or a negative errno. */
int fdbroker_truncate(struct fdbroker *broker, const char *path, off_t size,
		      struct fdbroker_answer *ret_answer);

/**
 * fdbroker_rename() - rename(2), of a file or a link; directories are refused
 * @old_path, @new_path: each is judged by itself; a link in the last place is meant itself
 * @flags:	RENAME_NOREPLACE, or 0
 *
 * Never repeated: after -ECONNRESET or -ETIMEDOUT it may have been done.
 *
 * Return: 0, or a negative errno; -EXDEV also where the broker was confined to less at the old
 *	name than at the new one.
 */
int fdbroker_rename(struct fdbroker *broker, const char *old_path, const char *new_path,
		    unsigned flags, struct fdbroker_answer *ret_answer);

/* link(2), of an ordinary file that is neither set-user-ID nor set-group-ID, and the caller's own or
 * one that he may read and write. Otherwise as fdbroker_rename(). */
int fdbroker_link(struct fdbroker *broker, const char *old_path, const char *new_path,
		  struct fdbroker_answer *ret_answer);

/* A socket that is connected to the Unix socket @path; @type: SOCK_STREAM, SOCK_SEQPACKET or
 * SOCK_DGRAM, with SOCK_NONBLOCK or SOCK_CLOEXEC, which is always set. Who listens sees the broker's
 * user and process as its peer. A descriptor or a negative errno; -EAGAIN its backlog is full. */
int fdbroker_connect_unix(struct fdbroker *broker, const char *path, int type,
			  struct fdbroker_answer *ret_answer);

/*
 * A descriptor from which struct inotify_event are read (inotify(7)), of what happens to @path, or
 * in it if it is a directory: @mask is of IN_ALL_EVENTS, with IN_ONLYDIR, IN_DONT_FOLLOW,
 * IN_EXCL_UNLINK or IN_ONESHOT.
 *
 * It is a pipe of the broker's: each read(2) returns one event, for which its buffer must have room
 * (sizeof(struct inotify_event) + NAME_MAX + 1), and its end comes when nothing more will. A
 * descriptor or a negative errno; -EAGAIN there are as many watches as may be.
 */
int fdbroker_watch(struct fdbroker *broker, const char *path, uint32_t mask,
		   struct fdbroker_answer *ret_answer);

/* Close the connection and free it: no other thread may be using it. NULL is allowed. Always returns
 * NULL. In the sandbox the connection ends, and its descriptor number stays taken, so that nothing
 * else gets it. */
struct fdbroker *fdbroker_close(struct fdbroker *broker);

/* "default", "rule", … as the audit says it; "unknown" for a number that is none. Static. */
const char *fdbroker_reason_name(enum fdbroker_reason reason);

/**
 * fdbroker_sandbox() - give up every way to get a file but the broker
 * @broker:	the connection that stays
 * @flags:	must be 0
 *
 * Closes every descriptor above 2 but the connection's (descriptors 0 to 2 are kept), sets
 * no_new_privs, and loads a seccomp filter for all threads of the process; there is no way back.
 * What remains is listed in libfdbroker(3); all else is denied. Ends with a self-test: an open that
 * works in spite of the filter is an error. After an error the process may be
 * partly confined: it should exit.
 *
 * Return: 0; -EINVAL flags; -ENOSYS the kernel lacks seccomp filters, TSYNC or close_range(2);
 *	-EPROTO the self-test found the filter inactive; -ECHILD the connection is the
 *	parent process's; -ESRCH a thread could not be confined; -ENOMEM; or an errno of
 *	seccomp(2), -EPERM if the process is in this sandbox already.
 */
int fdbroker_sandbox(struct fdbroker *broker, uint32_t flags);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
