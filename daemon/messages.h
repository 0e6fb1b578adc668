/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_MESSAGES_H
#define FDB_DAEMON_MESSAGES_H

/* MESSAGE_ID of journal entries; systemd/fdbroker.catalog explains the same ids. */
#define MESSAGE_DECISION "96e869cf24f34460a6e6d6470d38ec47"

#endif
