/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_REPORT_H
#define FDB_DAEMON_REPORT_H

/* What is told of a served request: to the counters always, to the audit process if its rule asks. */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "daemon/exchange.h"
#include "daemon/serve.h"

/* @sent: what became of the reply, 0 or -errno. Never blocks; a record that cannot be sent is counted. */
void report(const struct exchange *x, int sent);

/* The same of @n requests that differ from @x in what only a record would say, if they leave none.
 * False: they do, and each is to be reported. */
bool report_unrecorded(const struct exchange *x, int sent, uint32_t n);

/* Counters as `key value` lines. */
void report_counters(const struct server *server, struct text *out);

#endif
