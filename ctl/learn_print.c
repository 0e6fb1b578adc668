/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/learn_print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/account.h"
#include "base/clock.h"
#include "policy/parser.h"

#define OWNERS_MAX 3U /* of a rule's files; of more than that none is worth a condition */

static const struct {
	mode_t type;
	const char *word;
} types[] = {
	{ S_IFCHR, "char" },
	{ S_IFBLK, "block" },
	{ S_IFIFO, "fifo" },
	{ S_IFSOCK, "socket" },
};

/* conditions */

static void add_owner(struct text *out, uid_t uid)
{
	_cleanup_(account_done) struct account account = { 0 };

	if (account_by_uid(uid, &account) == 0 &&
	    account.name[strspn(account.name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0')
		text_puts(out, account.name);
	else
		text_printf(out, "%u", uid);
}

/* UINT32_MAX stands for the caller. How many there are, or 0 for none that could be a condition. */
static size_t find_owners(const struct proposal *proposal, uid_t owners[static OWNERS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < proposal->n; i++) {
		const struct want *want = proposal->wants[i];
		uid_t owner = want->owner == want->uid && want->uid != 0 ? UINT32_MAX : want->owner;
		size_t j = 0;

		if (!want->exists)
			continue;
		while (j < n && owners[j] != owner)
			j++;
		if (j == OWNERS_MAX)
			return 0;
		owners[j] = owner;
		n = j == n ? n + 1 : n;
	}
	return n;
}

static void add_owners(const struct proposal *proposal, struct text *out)
{
	uid_t owners[OWNERS_MAX];
	size_t n = find_owners(proposal, owners);

	for (size_t i = 0; i < n; i++) {
		text_puts(out, i > 0 ? ", " : n > 1 ? " owner { " : " owner ");
		if (owners[i] == UINT32_MAX)
			text_puts(out, "caller");
		else
			add_owner(out, owners[i]);
	}
	text_puts(out, n == 0 ? "" : n > 1 ? " };" : ";");
}

static void add_attributes(const struct proposal *proposal, struct text *out)
{
	struct text attributes = TEXT_EMPTY;

	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		if (types[i].type == proposal->wants[0]->type)
			text_printf(&attributes, " type %s;", types[i].word);
	if (proposal->wants[0]->fs)
		text_printf(&attributes, " fs %s;", proposal->wants[0]->fs);
	add_owners(proposal, &attributes);
	if (attributes.len > 0)
		text_printf(out, " {%s }\n", attributes.data);
	else
		text_puts(out, ";\n");
	text_done(&attributes);
}

/* what is said of a rule in its file */

static void add_seen(const struct proposal *proposal, struct text *out)
{
	text_printf(out, "# seen ×%" PRIu64 ", ", proposal->seen);
	screen_time(out, proposal->first_usec / USEC_PER_SEC);
	text_puts(out, "…");
	screen_time(out, proposal->last_usec / USEC_PER_SEC);
	if (proposal->n_files > 1)
		text_printf(out, ": %zu files", proposal->n_files);
	text_puts(out, "\n");
}

static void add_others(const struct proposal *proposal, const char *indent, struct text *out)
{
	if (proposal->n_others == 0 && !proposal->unseen)
		return;
	text_printf(out, "%s# admits %s%zu %s there and nobody asked for", indent,
		    proposal->unseen ? "at least " : "", proposal->n_others,
		    proposal->n_others == 1 ? "file that is" : "files that are");
	for (size_t i = 0; i < LEARN_EXAMPLES_MAX && proposal->others[i]; i++) {
		text_puts(out, i == 0 ? ": " : ", ");
		screen_add(out, proposal->others[i]);
	}
	text_puts(out, proposal->n_others > LEARN_EXAMPLES_MAX ? ", …\n" : "\n");
}

static void add_reviews(const struct proposal *proposal, const char *indent, struct text *out)
{
	const uint32_t writing = POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE | POLICY_ATTRIBUTES;

	for (size_t i = 0; i < proposal->n; i++) {
		const struct want *want = proposal->wants[i];

		if (want->strays) {
			text_printf(out,
				    "%s# review: what this leads to needs a rule too: ", indent);
			screen_add(out, want->path);
			text_puts(out, "\n");
		}
		if (want->links > 1 && want->modes & writing) {
			text_printf(out,
				    "%s# review: has other names too, which `links 1` refuses: ",
				    indent);
			screen_add(out, want->path);
			text_puts(out, "\n");
		}
	}
	if (proposal->wants[0]->needs_root)
		text_printf(out,
			    "%s# review: the caller may not do it himself; only with root's "
			    "rights:\n",
			    indent);
}

/* the rule */

static void add_names(const struct screen *screen, const struct proposal *proposal,
		      const char *indent, struct text *out)
{
	for (size_t i = 0; i < proposal->n; i++) {
		const char *path = proposal->wants[i]->path;

		/* One name may have been asked for by several users of one unit. */
		if (i > 0 && strcmp(path, proposal->wants[i - 1]->path) == 0)
			continue;
		if (i > 0)
			text_printf(out, ",\n%s    ", indent);
		learn_add_quoted(out, path, screen->unicode);
	}
}

static void add_rule(const struct screen *screen, const struct proposal *proposal,
		     const char *indent, struct text *out)
{
	bool as_root = proposal->wants[0]->needs_root;

	text_puts(out, indent);
	add_seen(proposal, out);
	add_others(proposal, indent, out);
	add_reviews(proposal, indent, out);
	if (as_root && strchr(indent, '#') == NULL)
		indent = "    # ";
	text_printf(out, "%s%s: allow ", indent, proposal->label);
	policy_modes_print(proposal->wants[0]->modes, out);
	text_puts(out, as_root ? " as root " : " ");
	if (proposal->pattern)
		text_printf(out, "\"%s\"", proposal->pattern);
	else
		add_names(screen, proposal, indent, out);
	add_attributes(proposal, out);
}

/* All rules for one @who, from @i on; the index after them. Where all are comments the whole is. */
static size_t add_scope(const struct screen *screen, const struct proposals *proposals, size_t i,
			struct text *out)
{
	const char *who = proposals->items[i].wants[0]->who;
	bool live = false;
	size_t end = i;

	for (; end < proposals->n && strcmp(proposals->items[end].wants[0]->who, who) == 0; end++)
		live |= !proposals->items[end].wants[0]->needs_root;
	text_printf(out, "\n%sfor %s {\n", live ? "" : "# ", who);
	for (size_t first = i; i < end; i++) {
		text_puts(out, i == first ? "" : live ? "\n" : "#\n");
		add_rule(screen, &proposals->items[i], live ? "    " : "#     ", out);
	}
	text_puts(out, live ? "}\n" : "# }\n");
	return end;
}

static void add_withheld(const struct wants *wants, struct text *out)
{
	bool first = true;

	for (size_t i = 0; i < wants->n; i++) {
		const struct want *want = wants->items[i];

		if (!want->withheld)
			continue;
		text_puts(out, first ? "\n# Withheld:\n# " : "# ");
		first = false;
		policy_modes_print(want->modes, out);
		text_puts(out, " ");
		screen_add(out, want->path);
		text_printf(out, ": %s\n", want->withheld);
	}
}

void learn_add_policy(const struct screen *screen, const struct lesson *lesson, struct text *out)
{
	size_t i = 0;

	text_puts(out, "version 1;\n\n# Proposed by fdbrokerctl learn, ");
	screen_time(out, clock_realtime_usec() / USEC_PER_SEC);
	text_printf(out, ", of %" PRIu64 " requests. Nothing was installed.\n",
		    lesson->wants.n_requests);
	while (i < lesson->proposals.n)
		i = add_scope(screen, &lesson->proposals, i, out);
	add_withheld(&lesson->wants, out);
}
