/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SETTINGS_H
#define FDB_DAEMON_SETTINGS_H

/* fdbroker.conf(5): what an admin may set of the limits. */

#include <stdint.h>

struct settings {
	uint32_t max_clients;
	uint32_t max_per_uid;
	uint32_t max_in_flight;
	uint32_t max_in_flight_each;
	uint32_t open_sec;
};

/* The defaults of limits.h. */
void settings_init(struct settings *settings);

#endif
