/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_FORKED_H
#define FDB_TESTS_FORKED_H

/* For what changes a process for good: it happens in a child, and the test looks at what became of it. */

#include <sys/types.h>

#define FORKED_SIGNALLED 1000 /* added to the number of the signal that ended it */

/* Run @body in a child until it returns. Its return value, 0 to 255, or FORKED_SIGNALLED + signal. */
int forked_run(int (*body)(const void *arg), const void *arg);

/* Start one that runs on; forked_wait() gives what forked_run() does. */
pid_t forked_start(int (*body)(const void *arg), const void *arg);
int forked_wait(pid_t pid);

/* End one that would run for ever; that it still does is asserted. */
void forked_end(pid_t pid);

/* One that waits to be killed, and has this number, which nobody has any more: as root. The number, or
 * -errno. */
pid_t forked_start_as(pid_t pid);

#endif
