/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_HELD_H
#define FDB_TESTS_HELD_H

/*
 * One act of a confined broker, in a child that a debugger holds between its system calls, where others
 * change what it looks at. As root.
 */

#include <stdint.h>
#include <sys/types.h>

struct held_act {
	const char *policy; /* the whole text */
	uid_t uid;	    /* who asks; his group has the same number */
	uint16_t opcode;    /* WIRE_OPCODE_*, of acts */
	const char *path, *other;
	uint32_t argument;
};

/* Held by nobody. The error that the caller is told of, or 0. */
int held_not(const struct held_act *act);

/* Held before it confines itself. */
pid_t held_start(const struct held_act *act);

/* On to the next system call: its number. It has not been done yet. */
long held_call(pid_t pid);

/* On to its return, which must not be an error. */
void held_return(pid_t pid);

/* Until its end. What held_not() returns. */
int held_release(pid_t pid);

#endif
