/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_THREAD_H
#define FDB_DAEMON_THREAD_H

/* Threads of the pump: many, and small. */

#include <pthread.h>

/* 0 or -errno. */
int thread_start(pthread_t *ret, void *(*what)(void *argument), void *argument);

#endif
