/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_PATH_H
#define FDB_CLIENT_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/proto.h"

struct path {
	const char *text; /* the caller's own, if it needed no change; or built */
	size_t len;
	bool directory; /* it ended in a slash or in "." or "..": it must be a directory */
	bool dots;	/* it ended in "." or ".." */
	/* While it is built: of the beginning that holds no link. */
	size_t physical_len;
	char built[WIRE_PATH_MAX + 1];
};

/**
 * path_absolute() - the name that the broker wants: absolute, no empty, "." or ".." component
 * @name:	as for open(2); borrowed for as long as @ret is looked at
 * @ret:	to be looked at on success only: it is where the name is put together
 *
 * Return: 0; -EFAULT @name is NULL; -ENOENT it is empty, or the working directory
 *	has no name; -ENAMETOOLONG; -EINVAL a ".." that only the file system could
 *	resolve; or an errno of getcwd(3).
 */
int path_absolute(const char *name, struct path *ret);

#endif
