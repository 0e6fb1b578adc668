/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `shadow --promote`: what was tried is what is installed, or nothing is. The candidate is believed
 * only if it is what the daemon says it has loaded, and installed only over what it was
 * compared with: somebody who changed a file meanwhile would lose the change.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "ctl/diff.h"
#include "ctl/file.h"
#include "ctl/findings.h"
#include "ctl/json.h"
#include "ctl/shadow.h"
#include "wire/admin.h"

#define INSTALLED      "/etc/fdbroker/policy.d"
#define RELOAD_TIMEOUT (90 * USEC_PER_SEC)

/* A policy with its files. */
struct side {
	struct load_options options;
	struct policy_files files;
	char sha256[65];
};

struct promotion {
	struct shadow *shadow;
	struct side installed, candidate;
	const char *target; /* the directory to install in */
	int lock;	    /* owned: of that */
	struct change *changes;
	size_t n_changes, n_done;
};

/* One file to install. */
struct change {
	const struct source *source;
	struct text path, before; /* what was there */
	struct stat st;		  /* of that */
	bool is_new;
};

static void side_done(struct side *side)
{
	policy_files_done(&side->files);
}

static void promotion_done(struct promotion *p)
{
	for (size_t i = 0; i < p->n_changes; i++) {
		text_done(&p->changes[i].path);
		text_done(&p->changes[i].before);
	}
	free(p->changes);
	side_done(&p->installed);
	side_done(&p->candidate);
	fd_close(p->lock);
}

static enum exit_code fail(const struct promotion *p, const char *path, int error)
{
	return ctl_fail(p->shadow->ctl, exit_of_errno(error), "%s: %s", path, strerror(error));
}

/* reading */

static enum exit_code read_side(const struct promotion *p, struct side *side)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY, twice = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	const struct ctl *ctl = p->shadow->ctl;
	enum exit_code code = input_read(ctl, &side->options, &diags, &policy);
	int r;

	if (code != EXIT_YES)
		return code;
	if (!policy) {
		findings_show(&ctl->err, &diags, FORMAT_TEXT, DIAG_ERROR);
		return EXIT_INVALID;
	}
	strcpy(side->sha256, policy_summary(policy)->sha256);
	r = load_trees(&side->options, &twice, &side->files);
	return r < 0 ? fail(p, "policy", -r) : EXIT_YES;
}

static bool is_what_runs(const struct promotion *p, const struct side *side, const char *key)
{
	_cleanup_(freep) char *sha256 = admin_value(p->shadow->status.text, key);

	return sha256 && strcmp(sha256, side->sha256) == 0;
}

static enum exit_code read_sides(struct promotion *p)
{
	const struct ctl *ctl = p->shadow->ctl;
	enum exit_code code;

	p->installed.options = shadow_options(p->shadow, NULL, 0);
	p->candidate.options = p->installed.options;
	p->candidate.options.directory = p->shadow->candidate.place.data;
	p->candidate.options.trust = LOAD_TRUST_ENFORCE;
	code = read_side(p, &p->installed);
	if (code == EXIT_YES)
		code = read_side(p, &p->candidate);
	if (code != EXIT_YES)
		return code;
	if (!is_what_runs(p, &p->installed, "policy"))
		return ctl_fail(ctl, EXIT_INVALID,
				"the policy on disk was changed since the shadow was started; "
				"reload it, and start the shadow again");
	if (!is_what_runs(p, &p->candidate, "shadow-policy"))
		return ctl_fail(ctl, EXIT_INVALID, "%s is not the shadow that runs; start it again",
				p->shadow->candidate.place.data);
	return EXIT_YES;
}

static const struct source *find_source(const struct policy_files *files, const char *stem)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->sources[i]->stem, stem) == 0)
			return files->sources[i];
	return NULL;
}

/* planning */

static bool is_same(const struct source *a, const struct source *b)
{
	return a && a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

static enum exit_code add_change(struct promotion *p, const struct source *source)
{
	struct change *change = &p->changes[p->n_changes++];
	int r;

	*change = (struct change){
		.source = source,
		.st = { .st_uid = geteuid(), .st_gid = getegid(), .st_mode = 0644 },
	};
	text_printf(&change->path, "%s/%s.fdp", p->target, source->stem);
	if (change->path.failed)
		return fail(p, source->stem, ENOMEM);
	if (lstat(change->path.data, &change->st) < 0) {
		change->is_new = errno == ENOENT;
		return change->is_new ? EXIT_YES : fail(p, change->path.data, errno);
	}
	if (!S_ISREG(change->st.st_mode))
		return ctl_fail(p->shadow->ctl, EXIT_IO, "%s is not a file: remove it first",
				change->path.data);
	r = file_read(change->path.data, &change->before);
	return r < 0 ? fail(p, change->path.data, -r) : EXIT_YES;
}

/* Nothing is removed: whether a package's file is to be masked is for somebody to say. */
static enum exit_code check_nothing_goes(const struct promotion *p)
{
	for (size_t i = 0; i < p->installed.files.n; i++) {
		const struct source *source = p->installed.files.sources[i];

		if (!find_source(&p->candidate.files, source->stem))
			return ctl_fail(p->shadow->ctl, EXIT_INVALID,
					"the shadow does without %s: remove or mask it first, "
					"reload, "
					"and start the shadow again",
					source->path);
	}
	return EXIT_YES;
}

static enum exit_code plan(struct promotion *p)
{
	const struct policy_files *files = &p->candidate.files;
	enum exit_code code = check_nothing_goes(p);

	p->changes = calloc(files->n + 1, sizeof(*p->changes));
	if (!p->changes)
		return fail(p, "policy", ENOMEM);
	for (size_t i = 0; code == EXIT_YES && i < files->n; i++) {
		const struct source *source = files->sources[i];

		if (!is_same(find_source(&p->installed.files, source->stem), source))
			code = add_change(p, source);
	}
	return code;
}

static enum exit_code lock_target(struct promotion *p)
{
	p->target = p->installed.options.directory ? p->installed.options.directory : INSTALLED;
	p->lock = open(p->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->lock < 0)
		return fail(p, p->target, errno);
	if (flock(p->lock, LOCK_EX | LOCK_NB) == 0)
		return EXIT_YES;
	if (errno != EWOULDBLOCK)
		return fail(p, p->target, errno);
	return ctl_fail(p->shadow->ctl, EXIT_IO, "%s is being edited by somebody else", p->target);
}

/* doing */

/* As it was before the first of them. */
static void take_back(struct promotion *p)
{
	while (p->n_done > 0) {
		const struct change *change = &p->changes[--p->n_done];
		int r;

		if (change->is_new)
			r = unlink(change->path.data) < 0 ? -errno : 0;
		else
			r = file_install(change->path.data, &change->st,
					 change->before.data ? change->before.data : "",
					 change->before.len);
		if (r < 0)
			(void)fail(p, change->path.data, -r);
	}
}

static enum exit_code install(struct promotion *p)
{
	for (; p->n_done < p->n_changes; p->n_done++) {
		const struct change *change = &p->changes[p->n_done];
		/* A package's file may be read by all, and so may the one that replaces it. */
		int r = file_install(change->path.data, &change->st, change->source->text,
				     change->source->size);

		if (r < 0) {
			take_back(p);
			return fail(p, change->path.data, -r);
		}
	}
	return EXIT_YES;
}

static void say(const struct promotion *p, const struct admin_answer *answer, bool done)
{
	const struct ctl *ctl = p->shadow->ctl;
	struct text out = TEXT_EMPTY;

	if (ctl->options.quiet)
		return;
	if (ctl->options.json) {
		struct json_object *object = json_answer(), *list = json_list();

		for (size_t i = 0; i < p->n_changes; i++)
			json_append_text(list, p->changes[i].path.data);
		json_add_bool(object, "promoted", done);
		json_add(object, "files", list);
		json_add_text(object, "text", answer->text);
		json_show(&ctl->out, object);
		return;
	}
	admin_add_lines(&out, answer->text);
	for (size_t i = 0; done && i < p->n_changes; i++) {
		screen_add(&out, p->changes[i].path.data);
		text_printf(&out, " %s\n", p->changes[i].is_new ? "is new" : "was changed");
	}
	text_puts(&out, done ? "The shadow is the policy now.\n"
			     : "Not loaded, and nothing was changed.\n");
	screen_show(done ? &ctl->out : &ctl->err, &out);
}

/* What the daemon refuses is taken back; where it cannot be asked, what was tried stays installed. */
static enum exit_code load(struct promotion *p)
{
	struct admin_answer answer = ADMIN_ANSWER_EMPTY;
	const struct ctl *ctl = p->shadow->ctl;
	enum exit_code code = admin_ask_for(ctl, ADMIN_REQUEST(RELOAD), RELOAD_TIMEOUT, &answer);

	if (code != EXIT_YES)
		return ctl_fail(ctl, code, "the files are installed, but not loaded");
	code = admin_exit_code(&answer);
	if (code != EXIT_YES)
		take_back(p);
	else
		candidate_remove(&p->shadow->candidate);
	say(p, &answer, code == EXIT_YES);
	admin_answer_done(&answer);
	return code;
}

/* Somebody may have waited for the lock with a change of his own. */
static enum exit_code show_changes(const struct promotion *p)
{
	const struct ctl *ctl = p->shadow->ctl;
	enum exit_code code = EXIT_YES;

	if (!ctl->options.quiet && !ctl->options.json)
		code = diff_show(ctl, &p->installed.options, &p->candidate.options);
	return code == EXIT_NO ? EXIT_YES : code;
}

enum exit_code shadow_promote(struct shadow *shadow)
{
	_cleanup_(promotion_done) struct promotion p = { .shadow = shadow, .lock = -EBADF };
	enum exit_code code;

	if (!shadow_runs(shadow))
		return ctl_fail(shadow->ctl, EXIT_NO, "no shadow runs");
	code = candidate_lock(shadow->ctl, &shadow->candidate);
	p.installed.options = shadow_options(shadow, NULL, 0);
	if (code == EXIT_YES)
		code = lock_target(&p);
	if (code == EXIT_YES)
		code = read_sides(&p);
	if (code == EXIT_YES)
		code = plan(&p);
	if (code == EXIT_YES)
		code = show_changes(&p);
	if (code == EXIT_YES)
		code = install(&p);
	return code == EXIT_YES ? load(&p) : code;
}
