/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_TERMINAL_H
#define FDB_CTL_TERMINAL_H

/*
 * The whole terminal, by ncurses: text lines go in, keys come out, and whatever
 * ends the program leaves the terminal as it was. One at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether stdin and stdout are one that can do this. */
bool terminal_is_there(void);

/* Take it over. From now on signals are events. 0; -ENOTTY it cannot do this; another -errno. */
int terminal_open(void);

/* Give it back. May be called at any time. */
void terminal_close(void);

size_t terminal_lines(void);
size_t terminal_columns(void);

enum terminal_style { TERMINAL_PLAIN, TERMINAL_BOLD, TERMINAL_REVERSE, TERMINAL_DIM };

/* Put @string on a line; it must be fit for a terminal, and no wider than this one. */
void terminal_put(size_t line, enum terminal_style style, const char *string);

/* Begin anew; and show what was put since. */
void terminal_clear(void);
void terminal_show(void);

enum terminal_event {
	TERMINAL_TIME,	 /* the deadline has come */
	TERMINAL_RESIZE, /* or it was stopped and goes on: draw again */
	TERMINAL_KEY,
	TERMINAL_END, /* a signal wants the program to end, or the terminal is gone */
};

enum terminal_key {
	TERMINAL_KEY_UP = 256, /* below: the character */
	TERMINAL_KEY_DOWN,
	TERMINAL_KEY_PAGE_UP,
	TERMINAL_KEY_PAGE_DOWN,
	TERMINAL_KEY_HOME,
	TERMINAL_KEY_END,
};

/* Wait until @deadline_usec (CLOCK_MONOTONIC) at most. *ret: with KEY the key, with END the signal
 * or 0. */
enum terminal_event terminal_wait(uint64_t deadline_usec, int *ret);

#endif
