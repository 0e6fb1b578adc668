/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_LIMITS_H
#define FDB_DAEMON_LIMITS_H

/* What one machine, one user and one connection may use. The first five are settings
 * of fdbroker.conf; these are their defaults. Of each connection one request at a time is in
 * work or waits for a thread. */

#define LIMIT_CLIENTS	      1024U /* connections */
#define LIMIT_CLIENTS_PER_UID 64U   /* connections of one uid: the defence against idle ones */
#define LIMIT_OPEN_SEC	      5U    /* then a caller is told that his open took too long */
#define LIMIT_IN_FLIGHT	      64U   /* requests that may block, and so the threads for them */
#define LIMIT_STUCK_PER_UID   8U    /* of them, those of one uid: what it can make hang for good */
#define LIMIT_IN_FLIGHT_EACH  16U   /* answers of one connection under way: see session.c */

/* Descriptors of batches that have not arrived: of all, a quarter of LIMIT_FILES, as the answers of
 * LIMIT_CLIENTS by themselves are; of one uid, 64 for each of its connections. */
#define LIMIT_BATCH_FILES	  16384U
#define LIMIT_BATCH_FILES_PER_UID 4096U

#define LIMIT_DISCARDS_PER_UID 256U /* files that wait to be closed: those of one batch may */
#define LIMIT_DISCARDS_MOST    4352U /* and those that were opened before so many waited: of batches */
#define LIMIT_DISCARDS	       8192U /* of all uids */

#define LIMIT_PIPES		 256U /* of `deliver pipe`: a thread and two descriptors of the pump each */
#define LIMIT_PIPES_PER_UID	 32U /* enough for a service with a file for each of its parts */
#define LIMIT_COPIES_MIB	 256U /* of `deliver snapshot`, held by anybody: half of MemoryMax= */
#define LIMIT_COPIES_MIB_PER_UID 64U /* one of the largest, or many that are of usual size */
#define LIMIT_WATCHES		 64U /* of 128 instances of inotify(7), fs.inotify.max_user_instances */
#define LIMIT_WATCHES_PER_UID	 8U /* what a service looks at: its files, and those it was given */
#define LIMIT_WATCHES_OWN	 64U /* of these instances, those of watches that are being made */
#define LIMIT_PUMP_SEC		 2U /* until it says whether there is room: it never waits itself */
#define LIMIT_DRAIN_SEC		 3U /* for pipes to be emptied at the end; within LIMIT_END_SEC */

#define LIMIT_BUCKETS 4096U /* callers whose `rate` is remembered; see rate.c */

#define LIMIT_ADMINS	8U  /* connections to the admin socket */
#define LIMIT_ADMIN_SEC 60U /* an admin's request that takes longer was not served */
#define LIMIT_START_SEC 30U /* a generation that is not ready by then is ended: names may be slow */
#define LIMIT_STOP_SEC	2U  /* a generation reads no more by then: between two requests of a loop */
#define LIMIT_KILL_SEC                                                                             \
	1U /* from SIGKILL to its exit: one in the kernel's hands may never come back */
#define LIMIT_LEAVE_SEC	    60U /* answers that nobody takes keep a generation that leaves so long */
#define LIMIT_END_SEC	    5U	/* of SIGTERM: for what was read to be answered and written down */
#define LIMIT_HANDSHAKE_SEC 2U	/* between parent and child: both are ours and awake */
#define LIMIT_FILES	    65536U /* RLIMIT_NOFILE asked for; less if the hard limit is lower */
#define LIMIT_FILES_OWN	    64U	   /* of them for what is not a connection, or a reply to one */
#define LIMIT_RINGS	    64U	   /* of generations whose records are not all read: see rings.c */
#define LIMIT_LINKS	    40U /* symbolic links followed in one request: the kernel's MAXSYMLINKS */
#define LIMIT_RETRIES	    32U /* openat2(2) EAGAIN under a storm of renames */
#define LIMIT_CACHED_TRIES  3U	/* and where the lookup may not block: others wait meanwhile */
#define LIMIT_PROGNAME	    15U /* TASK_COMM_LEN less the NUL */

#endif
