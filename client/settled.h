/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_SETTLED_H
#define FDB_CLIENT_SETTLED_H

#include <stdbool.h>

/* Are this thread's ids settled: its effective ones its real ones for as long as it runs this program?
 * Looked for once per thread. */
bool settled(void);

/* Look once more: a thread that was not may be now. */
void settled_forget(void);

#endif
