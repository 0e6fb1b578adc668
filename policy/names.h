/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_NAMES_H
#define FDB_POLICY_NAMES_H

/* File names in a policy directory. */

enum name_kind {
	NAME_POLICY,
	NAME_LEFTOVER, /* of an editor or a package manager */
	NAME_OTHER,
};

enum name_kind name_kind(const char *name);

#endif
