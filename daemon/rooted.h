/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_ROOTED_H
#define FDB_DAEMON_ROOTED_H

/*
 * Names known, for the second in which that was seen, to be root's alone: of a file, that it is a
 * regular one of root's, where nobody else can put another; of a directory, which is named with
 * a slash at its end, that nobody else can put anything into it. One thread's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROOTED_NAME_MAX 108U /* bytes; a longer name is never known */
#define ROOTED_PLACES	256U /* names remembered; one more takes another's place */

struct rooted_name {
	uint64_t second; /* UTC, of the sights; 0: none */
	uint16_t len;
	uint8_t sights; /* how often it was asked for */
	bool is_known;
	char bytes[ROOTED_NAME_MAX];
};

struct rooted {
	struct rooted_name names[ROOTED_PLACES];
};

/* Whether it was added in this second. */
bool rooted_knows(const struct rooted *rooted, const char *name, size_t len, uint64_t second);

/* Count that it is used. True once a second, when it is used so often that finding out who can change it
 * is worth while. */
bool rooted_is_worth_a_look(struct rooted *rooted, const char *name, size_t len, uint64_t second);

/* It is root's alone. */
void rooted_add(struct rooted *rooted, const char *name, size_t len, uint64_t second);

/* It is not, after all, or may not be. */
void rooted_drop(struct rooted *rooted, const char *name, size_t len);

#endif
