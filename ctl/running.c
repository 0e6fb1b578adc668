/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/running.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/admin.h"

#define STATUS_TIMEOUT (10 * USEC_PER_SEC)
#define LAST_GOOD      "/var/lib/fdbroker/last-good/policy.d"

/* Nobody listens; whoever may not ask may not read the sources either, and is told so then. */
static bool is_away(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -EACCES;
}

static enum exit_code find_last_good(const struct ctl *ctl, struct running *ret)
{
	const char *root = ctl->options.root ? ctl->options.root : "";
	struct text path = TEXT_EMPTY;

	text_printf(&path, "%s" LAST_GOOD, root);
	if (text_finish(&path, &ret->directory) < 0)
		return ctl_fail(ctl, EXIT_IO, "%s", strerror(ENOMEM));
	if (access(ret->directory, R_OK) == 0)
		return EXIT_YES;
	if (errno != ENOENT)
		return ctl_fail(ctl, exit_of_errno(errno), "%s: %s", ret->directory,
				strerror(errno));
	return ctl_fail(ctl, EXIT_UNAVAILABLE,
			"the daemon has kept no policy in %s; compare with --with=FILE, or two "
			"policies",
			ret->directory);
}

static enum exit_code take_status(const struct ctl *ctl, const char *status, struct running *ret)
{
	_cleanup_(freep) char *why = admin_value(status, "not-kept");

	ret->asked = true;
	ret->directory = admin_value(status, "sources");
	ret->sha256 = admin_value(status, "policy");
	ret->installed = admin_value(status, "directory");
	if (!ret->sha256)
		return ctl_fail(ctl, EXIT_UNAVAILABLE, "the daemon serves no policy");
	if (!ret->directory)
		return ctl_fail(ctl, EXIT_UNAVAILABLE,
				"the daemon has not kept the sources of what it serves%s%s",
				why ? ": " : "", why ? why : "");
	return EXIT_YES;
}

enum exit_code running_find(const struct ctl *ctl, struct running *ret)
{
	const char *path = ctl->options.socket ? ctl->options.socket : ADMIN_SOCKET;
	struct admin_answer answer = ADMIN_ANSWER_EMPTY;
	enum exit_code code;
	int r;

	if (ctl->options.root)
		return find_last_good(ctl, ret);
	r = admin_ask(path, ADMIN_REQUEST(STATUS), STATUS_TIMEOUT, &answer);
	if (r == 0) {
		code = take_status(ctl, answer.text, ret);
		admin_answer_done(&answer);
		return code;
	}
	if (!is_away(r) || ctl->options.socket)
		return ctl_fail(ctl, EXIT_UNAVAILABLE, "cannot ask the daemon at %s: %s", path,
				strerror(-r));
	code = find_last_good(ctl, ret);
	if (code == EXIT_YES)
		(void)ctl_fail(ctl, code,
			       "the daemon cannot be asked (%s): this is what it kept last",
			       strerror(-r));
	return code;
}

void running_done(struct running *running)
{
	free(running->directory);
	free(running->sha256);
	free(running->installed);
	*running = (struct running){ 0 };
}
