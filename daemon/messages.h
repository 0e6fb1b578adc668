/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_MESSAGES_H
#define FDB_DAEMON_MESSAGES_H

/* MESSAGE_ID of journal entries; systemd/fdbroker.catalog explains the same ids. */
#define MESSAGE_DECISION    "96e869cf24f34460a6e6d6470d38ec47"
#define MESSAGE_REFUSED	    "dd5a2cddd34f460bac7795782b0fd2f1"
#define MESSAGE_DEGRADED    "9348895504a3415395196f4b749ad8d2"
#define MESSAGE_UNCONFIRMED "5e0c1a7bd2f94c35a8e64df7013b92c6"
#define MESSAGE_STAYS	    "b70d4e6f8a1c4b0e9d52c3f6a7e81b24"

#endif
