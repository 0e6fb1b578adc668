/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What editors and package managers leave behind looks like a policy to a human
 * and must not be one: an old version would come into force beside the new one.
 */
#include "policy/names.h"

#include <fnmatch.h>
#include <stddef.h>

#include "base/macro.h"

/* Hidden files end in .fdp too: `.20-nginx.fdp.swp` and `.#20-nginx.fdp` are vim's and Emacs's. */
static const char *const hidden[] = { ".*", "#*#" };
static const char *const leftovers[] = { "*~", "*.dpkg-*", "*.rpm*", "*.swp", "*.bak" };

enum name_kind name_kind(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(hidden); i++)
		if (fnmatch(hidden[i], name, 0) == 0)
			return NAME_LEFTOVER;
	if (fnmatch("*.fdp", name, 0) == 0)
		return NAME_POLICY;
	for (size_t i = 0; i < ELEMENTSOF(leftovers); i++)
		if (fnmatch(leftovers[i], name, 0) == 0)
			return NAME_LEFTOVER;
	return NAME_OTHER;
}
