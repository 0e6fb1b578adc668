/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRUST_H
#define FDB_POLICY_TRUST_H

/* May this file or directory be the policy's? For files.c alone. */

#include <sys/stat.h>

#include "policy/diag.h"
#include "policy/load.h"

struct trust {
	struct diags *diags;
	enum load_trust level;
};

/* A finding about a file as a whole, of which no text is needed. */
struct diag *trust_complain(const struct trust *trust, enum diag_severity severity, const char *id,
			    const char *path, const char *message);
void trust_cannot_read(const struct trust *trust, const char *path, int error);

/* How bad it is here that somebody else could change the policy. */
enum diag_severity trust_severity(const struct trust *trust);

void trust_check_owner(const struct trust *trust, const char *path, const struct stat *st);
void trust_check_mode(const struct trust *trust, const char *path, const struct stat *st);

/* A descriptor to read the directory by; -ENOENT there is none; -EINVAL it must not be read. */
int trust_open_directory(const struct trust *trust, const char *path);

#endif
