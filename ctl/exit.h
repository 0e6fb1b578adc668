/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_EXIT_H
#define FDB_CTL_EXIT_H

/*
 * What the exit status of every command means, so that a script can tell "no"
 * from "the tool broke". The upper ones are those of sysexits(3head).
 */
enum exit_code {
	EXIT_YES = 0,	    /* yes, clean, done */
	EXIT_NO = 1,	    /* a negative answer: denied, warnings under --strict */
	EXIT_INVALID = 2,   /* the policy has errors; a reload was refused */
	EXIT_UNDECIDED = 3, /* hinges on a fact that was not stated */
	EXIT_USAGE = 64,
	EXIT_UNAVAILABLE = 69, /* the daemon cannot be reached */
	EXIT_IO = 74,
	EXIT_NOT_PERMITTED = 77,
};

#endif
