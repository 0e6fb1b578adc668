/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/heap.h"

#include <malloc.h>

void heap_settle(void)
{
	malloc_trim(0);
	mallopt(M_TOP_PAD, 0);
}
