/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_STARTUP_H
#define FDB_BASE_STARTUP_H

/*
 * Let go of the code that only the start ran: of programs and libraries, what is mapped and cannot
 * be written. What is run again is mapped again, from the kernel's cache, where it stays.
 * A debugger's breakpoints go too.
 */
void startup_forget(void);

#endif
