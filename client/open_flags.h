/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_OPEN_FLAGS_H
#define FDB_CLIENT_OPEN_FLAGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/proto.h"

/**
 * open_flags_translate() - open(2)'s flags and mode in the wire's words
 * @flags, @mode: as for open(2)
 * @directory:	the name says that it must be a directory
 * @ret:	its flags and mode are written, on success only
 *
 * Return: 0; -EINVAL; -EISDIR writing or creating what must be a directory.
 */
int open_flags_translate(int flags, mode_t mode, bool directory, struct wire_open *ret);

#endif
