/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/settings.h"

#include "daemon/limits.h"

void settings_init(struct settings *settings)
{
	*settings = (struct settings){
		.max_clients = LIMIT_CLIENTS,
		.max_per_uid = LIMIT_CLIENTS_PER_UID,
		.max_in_flight = LIMIT_IN_FLIGHT,
		.max_in_flight_each = LIMIT_IN_FLIGHT_EACH,
		.open_sec = LIMIT_OPEN_SEC,
	};
}
