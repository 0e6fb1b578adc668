/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_SYSCTL_H
#define FDB_TESTS_SYSCTL_H

/*
 * fs.protected_* (proc(5)): on with most hosts, and off with others; the broker relies on neither.
 * For unchecked fixtures, which run in the runner's process, so that they are put back whatever
 * becomes of a test. The whole machine has them once: whoever set them keeps others waiting
 * until he has put them back.
 */

void sysctl_protect(void);
void sysctl_unprotect(void);

/* fs.suid_dumpable (proc(5)), with which a process that has changed its user is as open to that
 * user as any other; off with most hosts. */
void sysctl_let_dump(void);

void sysctl_put_back(void);

#endif
