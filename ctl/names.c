/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/names.h"

#include "base/account.h"
#include "base/cleanup.h"
#include "ctl/screen.h"

static void add(struct text *out, const char *name, unsigned int id)
{
	if (name)
		screen_add(out, name);
	text_printf(out, name ? "(%u)" : "%u", id);
}

void names_add_user(struct text *out, uid_t uid)
{
	_cleanup_(account_done) struct account account = { 0 };

	add(out, account_by_uid(uid, &account) == 0 ? account.name : NULL, uid);
}

void names_add_group(struct text *out, gid_t gid)
{
	_cleanup_(freep) char *name = NULL;

	add(out, account_group_name(gid, &name) == 0 ? name : NULL, gid);
}
