/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A star stands for names that differ in nothing but what comes before their
 * extension, in one directory, and never for names that a machine keeps secret or that root trusts.
 * What would need root's authority is never put together: each name of it is for a person to see.
 */
#include "ctl/learn_rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/analysis.h"
#include "policy/array.h"

struct making {
	struct proposals *proposals;
	enum learn_width width;
	bool unicode;
};

void proposals_done(struct proposals *proposals)
{
	for (size_t i = 0; i < proposals->n; i++) {
		free(proposals->items[i].pattern);
		free(proposals->items[i].wider);
		for (size_t j = 0; j < LEARN_EXAMPLES_MAX; j++)
			free(proposals->items[i].others[j]);
	}
	free(proposals->items);
	*proposals = PROPOSALS_EMPTY;
}

/* what wants have in common */

static bool same_kind(const struct want *a, const struct want *b)
{
	return strcmp(a->who, b->who) == 0 && a->needs_root == b->needs_root &&
	       a->type == b->type && a->modes == b->modes &&
	       strcmp(a->fs ? a->fs : "", b->fs ? b->fs : "") == 0;
}

static bool same_directory(const struct want *a, const struct want *b)
{
	size_t len = learn_directory_len(a->path);

	return same_kind(a, b) && len == learn_directory_len(b->path) &&
	       memcmp(a->path, b->path, len) == 0;
}

static bool same_extension(const struct want *a, const struct want *b)
{
	return same_directory(a, b) &&
	       strcmp(learn_extension(a->path), learn_extension(b->path)) == 0;
}

static bool is_below(const struct want *a, const struct want *b)
{
	size_t len = learn_directory_len(a->path);

	return same_kind(a, b) && strncmp(a->path, b->path, len) == 0 && b->path[len] == '/';
}

/* How many from @i on, of @n, are to its first one as @is says. */
static size_t run_of(struct want *const *wants, size_t i, size_t n,
		     bool (*is)(const struct want *, const struct want *))
{
	size_t end = i + 1;

	while (end < n && is(wants[i], wants[end]))
		end++;
	return end - i;
}

static size_t count_files(struct want *const *wants, size_t n)
{
	size_t files = n > 0;

	for (size_t i = 1; i < n; i++)
		files += strcmp(wants[i]->path, wants[i - 1]->path) != 0;
	return files;
}

/* patterns */

/* Bytes that all their names begin with, without digits at the end: those count. */
static size_t common_len(struct want *const *wants, size_t n)
{
	size_t start = learn_directory_len(wants[0]->path) + 1;
	size_t len = strlen(wants[0]->path);

	for (size_t i = 1; i < n; i++) {
		size_t same = 0;

		while (same < len && wants[0]->path[same] == wants[i]->path[same])
			same++;
		len = same;
	}
	while (len > start && isdigit((unsigned char)wants[0]->path[len - 1]))
		len--;
	return len;
}

/* "/etc/erp/conf.d/" and "*.ini"; names without extension: what they begin with, and a star. */
static int make_pattern(struct want *const *wants, size_t n, bool unicode, char **ret)
{
	const char *path = wants[0]->path, *extension = learn_extension(path);
	size_t len = *extension ? learn_directory_len(path) + 1 : common_len(wants, n);
	struct text text = TEXT_EMPTY;

	learn_add_escaped(&text, path, len, unicode);
	text_puts(&text, "*");
	learn_add_escaped(&text, extension, strlen(extension), unicode);
	return text_finish(&text, ret);
}

static int make_wide_pattern(const struct want *want, bool unicode, char **ret)
{
	struct text text = TEXT_EMPTY;

	learn_add_escaped(&text, want->path, learn_directory_len(want->path), unicode);
	text_puts(&text, "/**");
	return text_finish(&text, ret);
}

/* Nothing that a rule should name on purpose only. 1, 0, -ENOMEM. */
static int is_harmless(char *pattern, uint32_t modes)
{
	const struct ast_path path = { .kind = AST_PATH_PATTERN, .text = pattern };
	struct analysis_known_name known;
	int r = analysis_known_meets(&path, modes, &known);

	return r == -EINVAL ? 0 : r < 0 ? r : !r;
}

/* The pattern, or NULL if it would not be harmless. */
static int keep_harmless(char *take_pattern, uint32_t modes, char **ret)
{
	_cleanup_(freep) char *pattern = take_pattern;
	int r = is_harmless(pattern, modes);

	*ret = r == 1 ? TAKE_PTR(pattern) : NULL;
	return r < 0 ? r : 0;
}

/* Directly below the root stands the system itself; a directory of it holds too much for `**`. */
static size_t depth_of(const struct want *want)
{
	size_t depth = 0;

	for (const char *c = want->path; *c; c++)
		depth += *c == '/';
	return depth;
}

static int pattern_for(const struct making *making, struct want *const *wants, size_t n, char **ret)
{
	char *pattern;
	int r;

	*ret = NULL;
	if (making->width == LEARN_NARROW || wants[0]->needs_root || depth_of(wants[0]) < 2 ||
	    count_files(wants, n) < LEARN_GLOB_MIN)
		return 0;
	r = make_pattern(wants, n, making->unicode, &pattern);
	return r < 0 ? r : keep_harmless(pattern, wants[0]->modes, ret);
}

static int wide_pattern_for(const struct making *making, struct want *const *wants, size_t n,
			    char **ret)
{
	char *pattern;
	int r;

	*ret = NULL;
	if (making->width == LEARN_NARROW || wants[0]->needs_root || depth_of(wants[0]) < 3 ||
	    count_files(wants, n) < LEARN_GLOB_MIN)
		return 0;
	r = make_wide_pattern(wants[0], making->unicode, &pattern);
	return r < 0 ? r : keep_harmless(pattern, wants[0]->modes, ret);
}

/* proposals */

static void sum_up(struct proposal *proposal)
{
	proposal->n_files = count_files(proposal->wants, proposal->n);
	proposal->first_usec = UINT64_MAX;
	for (size_t i = 0; i < proposal->n; i++) {
		const struct want *want = proposal->wants[i];

		proposal->seen += want->n;
		if (want->first_usec < proposal->first_usec)
			proposal->first_usec = want->first_usec;
		if (want->last_usec > proposal->last_usec)
			proposal->last_usec = want->last_usec;
	}
}

static bool is_taken(const struct proposals *proposals, const char *label)
{
	for (size_t i = 0; i < proposals->n; i++)
		if (strcmp(proposals->items[i].label, label) == 0)
			return true;
	return false;
}

/* After the directory: "conf" of /etc/erp/conf.d, "log" of /var/log. A label is of small letters,
 * digits and dashes, and only one rule's. */
static void make_label(const struct proposals *proposals, const struct want *want, char *ret,
		       size_t size)
{
	size_t len = learn_directory_len(want->path), start = len, n = 0;
	char label[32];

	while (start > 0 && want->path[start - 1] != '/')
		start--;
	for (size_t i = start; i < len && n < sizeof(label) - 1 && want->path[i] != '.'; i++)
		if (isalnum((unsigned char)want->path[i]) && (unsigned char)want->path[i] < 0x80)
			label[n++] = (char)tolower((unsigned char)want->path[i]);
		else if (n > 0 && label[n - 1] != '-')
			label[n++] = '-';
	while (n > 0 && label[n - 1] == '-')
		n--;
	label[n] = '\0';
	if (!isalpha((unsigned char)*label))
		strcpy(label, "files");
	snprintf(ret, size, "%s", label);
	for (unsigned int i = 2; is_taken(proposals, ret); i++)
		snprintf(ret, size, "%s-%u", label, i);
}

static int propose(const struct making *making, struct want *const *wants, size_t n,
		   char *take_pattern)
{
	_cleanup_(freep) char *pattern = take_pattern;
	struct proposal proposal = { .wants = wants, .n = n }, *added;
	int r = 0;

	if (pattern && making->width == LEARN_USUAL)
		r = wide_pattern_for(making, wants, n, &proposal.wider);
	if (r < 0)
		return r;
	make_label(making->proposals, wants[0], proposal.label, sizeof(proposal.label));
	sum_up(&proposal);
	added = ARRAY_ADD(making->proposals->items, making->proposals->n);
	if (!added) {
		free(proposal.wider);
		return -ENOMEM;
	}
	proposal.pattern = TAKE_PTR(pattern);
	*added = proposal;
	return added->pattern ? proposal_find_others(added) : 0;
}

/* Those of one directory: a rule for each extension that is worth a star. What is left over from
 * @i on, up to one that is, becomes one rule of names. */
static int propose_directory(const struct making *making, struct want *const *wants, size_t n)
{
	size_t left = 0, run;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i += run) {
		char *pattern;

		run = run_of(wants, i, n, same_extension);
		r = pattern_for(making, wants + i, run, &pattern);
		if (r < 0 || !pattern)
			continue;
		if (i > left)
			r = propose(making, wants + left, i - left, NULL);
		if (r < 0) {
			free(pattern);
			return r;
		}
		r = propose(making, wants + i, run, pattern);
		left = i + run;
	}
	return r < 0 || left == n ? r : propose(making, wants + left, n - left, NULL);
}

static int propose_next(const struct making *making, struct want *const *wants, size_t n,
			size_t *ret_run)
{
	size_t below = run_of(wants, 0, n, is_below);
	char *pattern = NULL;
	int r = 0;

	if (making->width == LEARN_WIDE)
		r = wide_pattern_for(making, wants, below, &pattern);
	if (r < 0)
		return r;
	*ret_run = pattern ? below : run_of(wants, 0, n, same_directory);
	return pattern ? propose(making, wants, below, pattern)
		       : propose_directory(making, wants, *ret_run);
}

int proposals_make(struct proposals *ret, const struct wants *wants, enum learn_width width,
		   bool unicode)
{
	const struct making making = { .proposals = ret, .width = width, .unicode = unicode };
	size_t run, i = 0;
	int r = 0;

	while (r == 0 && i < wants->n && want_is_proposable(wants->items[i])) {
		size_t n = 0;

		while (i + n < wants->n && want_is_proposable(wants->items[i + n]))
			n++;
		r = propose_next(&making, wants->items + i, n, &run);
		i += run;
	}
	return r;
}
