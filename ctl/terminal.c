/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ncurses knows the terminals, their keys and how to send them little; signals are
 * ours: they are blocked and read from a descriptor, so that nothing happens in the middle of a
 * line, and so that SIGTSTP and SIGTERM find the terminal given back. signalfd(2). It is given
 * back by exit(3) too.
 */
#include "ctl/terminal.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"

static struct {
	SCREEN *screen; /* NULL: closed */
	int signals;
	sigset_t mask; /* as it was */
} terminal = { .signals = -EBADF };

bool terminal_is_there(void)
{
	const char *name = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && name && *name &&
	       strcmp(name, "dumb") != 0;
}

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };

static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ELEMENTSOF(caught); i++)
		sigaddset(&set, caught[i]);
	terminal.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (terminal.signals < 0 || sigprocmask(SIG_BLOCK, &set, &terminal.mask) < 0)
		return -errno;
	return 0;
}

static void set_modes(void)
{
	/* newterm(3) has handlers of its own for some: what is raised in the end must act. */
	for (size_t i = 0; i < ELEMENTSOF(caught); i++)
		(void)signal(caught[i], SIG_DFL);
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)curs_set(0);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)set_escdelay(25);
}

int terminal_open(void)
{
	static bool at_exit;
	int r;

	if (!at_exit && atexit(terminal_close) != 0)
		return -ENOMEM;
	at_exit = true;
	r = take_signals();
	if (r < 0)
		return r;
	/* initscr(3) would exit for a terminal that it does not know. */
	terminal.screen = newterm(NULL, stdout, stdin);
	if (!terminal.screen) {
		terminal_close();
		return -ENOTTY;
	}
	set_modes();
	return 0;
}

void terminal_close(void)
{
	if (terminal.screen) {
		(void)endwin();
		delscreen(terminal.screen);
		terminal.screen = NULL;
	}
	if (terminal.signals >= 0) {
		terminal.signals = fd_close(terminal.signals);
		sigprocmask(SIG_SETMASK, &terminal.mask, NULL);
	}
}

size_t terminal_lines(void)
{
	return LINES > 0 ? (size_t)LINES : 1;
}

size_t terminal_columns(void)
{
	return COLS > 0 ? (size_t)COLS : 1;
}

void terminal_clear(void)
{
	(void)erase();
}

void terminal_put(size_t line, enum terminal_style style, const char *string)
{
	static const attr_t attributes[] = {
		[TERMINAL_PLAIN] = A_NORMAL,
		[TERMINAL_BOLD] = A_BOLD,
		[TERMINAL_REVERSE] = A_REVERSE,
		[TERMINAL_DIM] = A_DIM,
	};

	if (line >= terminal_lines())
		return;
	(void)attrset((int)attributes[style]);
	(void)mvaddstr((int)line, 0, string);
	(void)attrset(A_NORMAL);
}

void terminal_show(void)
{
	(void)refresh();
}

/* The size that the terminal has now. */
static void resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
		(void)resizeterm(size.ws_row, size.ws_col);
	(void)clearok(stdscr, TRUE);
}

/* Stop as the shell wants it, with the terminal given back. */
static void stop(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	(void)endwin();
	(void)raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	/* Here it stops, and goes on. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	resize();
}

static enum terminal_event signalled(int *ret)
{
	struct signalfd_siginfo info;

	if (read(terminal.signals, &info, sizeof(info)) != sizeof(info))
		return TERMINAL_RESIZE;
	if (info.ssi_signo == SIGWINCH) {
		resize();
		return TERMINAL_RESIZE;
	}
	if (info.ssi_signo == SIGTSTP) {
		stop();
		return TERMINAL_RESIZE;
	}
	*ret = (int)info.ssi_signo;
	return TERMINAL_END;
}

static int key_of(int code)
{
	static const struct {
		int code, key;
	} keys[] = {
		{ KEY_UP, TERMINAL_KEY_UP },	     { KEY_DOWN, TERMINAL_KEY_DOWN },
		{ KEY_PPAGE, TERMINAL_KEY_PAGE_UP }, { KEY_NPAGE, TERMINAL_KEY_PAGE_DOWN },
		{ KEY_HOME, TERMINAL_KEY_HOME },     { KEY_END, TERMINAL_KEY_END },
	};

	for (size_t i = 0; i < ELEMENTSOF(keys); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return code < 256 ? code : 0;
}

/* Milliseconds until then, rounded up: a wait that is too short would spin. */
static int time_left(uint64_t deadline)
{
	uint64_t now = clock_monotonic_usec();

	return now < deadline ? (int)((deadline - now) / USEC_PER_MSEC) + 1 : 0;
}

enum terminal_event terminal_wait(uint64_t deadline_usec, int *ret)
{
	struct pollfd fds[] = {
		{ .fd = terminal.signals, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	int code = getch(); /* what a read has left over */

	*ret = 0;
	if (code == ERR && poll(fds, ELEMENTSOF(fds), time_left(deadline_usec)) <= 0)
		return TERMINAL_TIME;
	if (fds[0].revents)
		return signalled(ret);
	if (code == ERR)
		code = getch();
	if (code == ERR)
		return TERMINAL_END; /* its end of file */
	*ret = key_of(code);
	return TERMINAL_KEY;
}
