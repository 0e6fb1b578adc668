/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/thread.h"

#define STACK 131072U /* bytes: of what little they call, and room for a sanitizer's */

int thread_start(pthread_t *ret, void *(*what)(void *argument), void *argument)
{
	pthread_attr_t attributes;
	int r;

	r = pthread_attr_init(&attributes);
	if (r != 0)
		return -r;
	r = pthread_attr_setstacksize(&attributes, STACK);
	if (r == 0)
		r = pthread_create(ret, &attributes, what, argument);
	pthread_attr_destroy(&attributes);
	return -r;
}
