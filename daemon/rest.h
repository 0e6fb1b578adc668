/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_REST_H
#define FDB_DAEMON_REST_H

#include <systemd/sd-event.h>

/*
 * Let a listener rest for a tenth of a second: what accept4(2) fails with for want of descriptors
 * or memory leaves it readable, and without more ado that is a busy loop.
 *
 * @accepting:	its event source; lives longer than *pause
 * @pause:	the caller's, to be unreferenced in the end; NULL at first
 */
void rest_listener(sd_event_source *accepting, sd_event_source **pause);

#endif
