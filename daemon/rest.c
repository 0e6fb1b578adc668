/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rest.h"

#include <time.h>

#include "base/clock.h"

#define PAUSE_USEC (100 * USEC_PER_MSEC)

static int on_pause_over(sd_event_source *source, uint64_t usec, void *accepting)
{
	(void)source;
	(void)usec;
	return sd_event_source_set_enabled(accepting, SD_EVENT_ON);
}

void rest_listener(sd_event_source *accepting, sd_event_source **pause)
{
	*pause = sd_event_source_disable_unref(*pause);
	if (sd_event_add_time_relative(sd_event_source_get_event(accepting), pause, CLOCK_MONOTONIC,
				       PAUSE_USEC, 0, on_pause_over, accepting) >= 0)
		(void)sd_event_source_set_enabled(accepting, SD_EVENT_OFF);
}
