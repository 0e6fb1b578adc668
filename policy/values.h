/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_VALUES_H
#define FDB_POLICY_VALUES_H

/*
 * The words that stand for quantities, read strictly: one spelling, nothing
 * before or after it, no value that would be cut.
 *
 * Return: 0; -EINVAL not such a word; -ERANGE a number out of range. *ret is
 * written on success only.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A user or group: a name, a number, a range. (uid_t)-1 is nobody. */
struct value_ids {
	bool named; /* look the text itself up; first and last are not set */
	uint32_t first, last;
};
int value_ids(const char *text, struct value_ids *ret);

/* "64K": bytes, with at most one of K, M, G, T (powers of 1024). */
int value_size(const char *text, uint64_t *ret);

/* "0640": permission bits, three or four octal digits, four only with a leading zero. */
int value_mode(const char *text, mode_t *ret);

/* "188:*", "166:0". */
struct value_device {
	uint32_t major, minor;
	bool any_minor;
};
int value_device(const char *text, struct value_device *ret);

/* "2027-01-31" or "2027-01-31T18:00Z": the first UTC second at which it is over. */
int value_until(const char *text, uint64_t *ret_sec);

/* "20/s", "6/min", "100/h". */
struct value_rate {
	uint32_t count;
	uint32_t period_sec;
};
int value_rate(const char *text, struct value_rate *ret);

/* "regular", "directory", …: S_IFREG, S_IFDIR, … */
int value_file_type(const char *text, mode_t *ret);

/* "noexec", "nosuid", "nodev", "ro": ST_NOEXEC, … of statfs(2)'s f_flags. */
int value_mount(const char *text, uint32_t *ret);

/* "nginx.service": is this the name of a unit of systemd, wildcards left out of account? */
bool value_is_unit(const char *text);

#endif
