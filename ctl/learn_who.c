/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whom a rule would be for, as narrowly as the record tells and as stably as it
 * will be true again: a unit; of a user's manager the user too, since its units are his to name; a
 * program that is in no unit by its user and its file. A login session is no unit to speak of: its
 * number is another the next time.
 */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/account.h"
#include "ctl/learn.h"

/* A name that is a word of the language, or else the number. */
static bool is_word(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789_.-")] == '\0';
}

static void add_user(struct text *out, uid_t uid)
{
	_cleanup_(account_done) struct account account = { 0 };

	if (account_by_uid(uid, &account) == 0 && is_word(account.name))
		text_printf(out, "user %s", account.name);
	else
		text_printf(out, "user %u", uid);
}

static bool is_session(const char *unit)
{
	return fnmatch("session-*.scope", unit, 0) == 0 ||
	       fnmatch("user@*.service", unit, 0) == 0 || strcmp(unit, "init.scope") == 0;
}

/* The recorded text is forgeable (a mount namespace), the number is not: only where the one names
 * the other may a rule say it. */
static bool is_exe(const struct found *found, const char *exe)
{
	const char *recorded = found_get(found, "exe_ino");
	uint64_t dev, ino;
	struct stat st;

	return recorded && sscanf(recorded, "%" SCNu64 ":%" SCNu64, &dev, &ino) == 2 &&
	       stat(exe, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static int add_program(const struct found *found, struct text *out, const char **ret_why)
{
	const char *exe = found_get(found, "exe");

	if (!exe || !is_exe(found, exe)) {
		*ret_why = "its program is in no unit, and its file is not there any more";
		return -ENOENT;
	}
	add_user(out, (uid_t)found_number(found, "uid"));
	text_puts(out, " and exe ");
	learn_add_quoted(out, exe, false);
	return out->failed ? -ENOMEM : 0;
}

int learn_who(const struct found *found, struct text *out, const char **ret_why)
{
	const char *unit = found_get(found, "unit"), *user_unit = found_get(found, "user_unit");

	if (user_unit) {
		add_user(out, (uid_t)found_number(found, "uid"));
		text_puts(out, " and user-unit ");
		learn_add_quoted(out, user_unit, false);
	} else if (unit && !is_session(unit)) {
		text_puts(out, "unit ");
		learn_add_quoted(out, unit, false);
	} else {
		return add_program(found, out, ret_why);
	}
	return out->failed ? -ENOMEM : 0;
}
