/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_SANDBOX_H
#define FDB_CLIENT_SANDBOX_H

/**
 * sandbox_enter() - confine the whole process to one connection
 * @fd:	the connection's descriptor; borrowed, and never closed again
 *
 * What remains is sandbox_table.c. There is no way back; after an error the
 * process may be partly confined.
 *
 * Return: 0; -ENOSYS no seccomp filters in this kernel, or none for all threads;
 *	-EPROTO the filter is loaded and does not hold; -ENOMEM; or the -errno of
 *	close_range(2), prctl(2) or seccomp(2).
 */
int sandbox_enter(int fd);

#endif
