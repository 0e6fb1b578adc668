/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_NUMBER_H
#define FDB_BASE_NUMBER_H

/*
 * Strict decimal numbers: digits only, no sign, no space, no leading zero but
 * "0" itself, nothing after them.
 *
 * Return: 0; -EINVAL not such a number; -ERANGE too large. *ret is written on
 * success only.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int number_u64(const char *text, uint64_t *ret);
int number_u32(const char *text, uint32_t *ret);

/* A uid or gid: as number_u32(), and -ERANGE for (uid_t)-1, which is nobody's. */
int number_id(const char *text, uint32_t *ret);

/* Their sum, or if there is no room for it the most that there is for. */
uint32_t number_sum(uint32_t a, uint32_t b);

/* Room for any of 32 bits and its NUL. */
#define NUMBER_SIZE 11

/* The other way: @value in decimal at @ret, which has NUMBER_SIZE bytes. The length. */
size_t number_print(uint32_t value, char *ret);

#define NUMBER_FD_PATH_SIZE (sizeof("/proc/self/fd/") - 1 + NUMBER_SIZE)

/* The name by which procfs knows a descriptor of this process. @ret has NUMBER_FD_PATH_SIZE bytes. */
void number_fd_path(int fd, char *ret);

#endif
