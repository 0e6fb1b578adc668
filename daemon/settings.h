/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SETTINGS_H
#define FDB_DAEMON_SETTINGS_H

/* fdbroker.conf(5): what an admin may set. */

#include <stddef.h>
#include <stdint.h>

#include "policy/diag.h"
#include "policy/source.h"

#define SETTINGS_FILE "/etc/fdbroker/fdbroker.conf"

enum on_start_error { ON_START_LAST_GOOD, ON_START_DENY_ALL };

struct settings {
	uint32_t on_start_error;   /* enum on_start_error */
	uint32_t require_landlock; /* bool: do not serve without a hull */
	uint32_t max_clients;
	uint32_t max_per_uid;
	uint32_t max_pipes, max_pipes_per_uid;
	uint32_t max_snapshots_mib, max_snapshots_mib_per_uid;
	uint32_t max_watches, max_watches_per_uid;
	uint32_t open_seconds;
	uint32_t max_in_flight;
	uint32_t max_stuck_per_uid;
};

/* The defaults of limits.h. */
void settings_init(struct settings *settings);

/* Apply what @source says; names and values that are wrong go to @diags. 0 or -ENOMEM. */
int settings_parse(struct settings *settings, const struct source *source, struct diags *diags);

/**
 * settings_load() - apply a file
 * @path:	or NULL for SETTINGS_FILE, which need not exist
 * @diags:	what is wrong with it, not its owner's trust alone
 *
 * Return: 0, see @diags; -EPERM somebody else than root can change the file; another -errno.
 */
int settings_load(struct settings *settings, const char *path, struct diags *diags);

#endif
