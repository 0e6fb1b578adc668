/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `edit`: a policy file changed as visudo(8) changes sudoers. The editor gets a
 * copy, in a directory that nobody else can enter and that no policy is read from; what it leaves is
 * checked with everything else that is installed, and takes the file's place only
 * if the policy as a whole is good, and only if nobody changed the file meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "ctl/file.h"
#include "ctl/findings.h"
#include "ctl/input.h"
#include "ctl/plain_diff.h"
#include "ctl/spawn.h"
#include "policy/names.h"

#define INSTALLED "/etc/fdbroker/policy.d"

struct edit {
	struct ctl *ctl;
	struct text directory, name, target; /* "/etc/…", "20-nginx.fdp", both */
	struct text scratch, copy;	     /* the copy's directory, and the copy */
	struct text before, after;
	int lock;    /* owned */
	bool is_new; /* there is no such file here yet */
	bool keep;   /* the copy is all there is of somebody's work */
};

static void edit_done(struct edit *edit)
{
	if (edit->copy.data && !edit->keep)
		(void)unlink(edit->copy.data);
	if (edit->scratch.data && !edit->keep)
		(void)rmdir(edit->scratch.data);
	text_done(&edit->directory);
	text_done(&edit->name);
	text_done(&edit->target);
	text_done(&edit->scratch);
	text_done(&edit->copy);
	text_done(&edit->before);
	text_done(&edit->after);
	fd_close(edit->lock);
}

static enum exit_code fail(const struct edit *edit, const char *path, int error)
{
	return ctl_fail(edit->ctl, exit_of_errno(error), "%s: %s", path, strerror(error));
}

/* beginning */

static enum exit_code choose_target(struct edit *edit)
{
	const struct ctl *ctl = edit->ctl;
	const char *name = ctl->operands[0];
	size_t len = strlen(name);

	if (ctl->options.policy)
		text_puts(&edit->directory, ctl->options.policy);
	else
		text_printf(&edit->directory, "%s" INSTALLED,
			    ctl->options.root ? ctl->options.root : "");
	text_printf(&edit->name, "%s%s", name,
		    len > 4 && strcmp(name + len - 4, ".fdp") == 0 ? "" : ".fdp");
	if (edit->directory.failed || edit->name.failed)
		return fail(edit, name, ENOMEM);
	if (strchr(name, '/') || name_kind(edit->name.data) != NAME_POLICY)
		return ctl_usage(ctl, "'%s' is not the name of a policy file, like 20-nginx", name);
	text_printf(&edit->target, "%s/%s", edit->directory.data, edit->name.data);
	return edit->target.failed ? fail(edit, name, ENOMEM) : EXIT_YES;
}

static enum exit_code lock_directory(struct edit *edit)
{
	edit->lock = open(edit->directory.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (edit->lock < 0)
		return fail(edit, edit->directory.data, errno);
	if (flock(edit->lock, LOCK_EX | LOCK_NB) == 0)
		return EXIT_YES;
	if (errno != EWOULDBLOCK)
		return fail(edit, edit->directory.data, errno);
	return ctl_fail(edit->ctl, EXIT_IO, "%s is being edited by somebody else",
			edit->directory.data);
}

/* The file of this name that counts now, if it is a package's: what is edited begins with it. */
static int read_lower(struct edit *edit)
{
	struct load_options options = input_options(edit->ctl, NULL, 0);
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct policy_names names;
	int r;

	options.trust = LOAD_TRUST_NOTE;
	r = load_names(&options, &diags, &names);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *slash = strrchr(names.items[i].path, '/');

		if (!names.items[i].masked_by && !names.items[i].is_mask && slash &&
		    strcmp(slash + 1, edit->name.data) == 0)
			r = file_read(names.items[i].path, &edit->before);
	}
	policy_names_done(&names);
	return r;
}

static enum exit_code read_before(struct edit *edit)
{
	struct stat st;
	int r;

	if (lstat(edit->target.data, &st) == 0 && S_ISLNK(st.st_mode))
		return ctl_fail(edit->ctl, EXIT_IO, "%s is a link: remove it first",
				edit->target.data);
	r = file_read(edit->target.data, &edit->before);
	edit->is_new = r == -ENOENT;
	if (edit->is_new)
		r = read_lower(edit);
	if (r == 0 && edit->before.len == 0)
		text_puts(&edit->before, "version 1;\n\n");
	return r < 0 ? fail(edit, edit->target.data, -r) : EXIT_YES;
}

static enum exit_code make_copy(struct edit *edit)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	int r;

	text_printf(&edit->scratch, "%s/.edit-XXXXXX", edit->directory.data);
	if (edit->scratch.failed)
		return fail(edit, edit->name.data, ENOMEM);
	if (!mkdtemp(edit->scratch.data)) {
		r = errno;
		text_done(&edit->scratch);
		return fail(edit, edit->directory.data, r);
	}
	text_printf(&edit->copy, "%s/%s", edit->scratch.data, edit->name.data);
	if (edit->copy.failed)
		return fail(edit, edit->name.data, ENOMEM);
	fd = open(edit->copy.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : file_write(fd, edit->before.data, edit->before.len);
	return r < 0 ? fail(edit, edit->copy.data, -r) : EXIT_YES;
}

/* the editor */

static const char *choose_editor(void)
{
	static const char *const names[] = { "SUDO_EDITOR", "VISUAL", "EDITOR" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		const char *value = getenv(names[i]);

		if (value && value[strspn(value, " ")] != '\0')
			return value;
	}
	return "vi";
}

static int run_editor(const struct edit *edit)
{
	const char *argv[SPAWN_WORDS_MAX + 1];
	_cleanup_(freep) char *words = strdup(choose_editor());
	size_t n;
	pid_t pid;
	int r;

	if (!words)
		return -ENOMEM;
	n = spawn_split(words, argv);
	if (n == SPAWN_WORDS_MAX)
		return -E2BIG;
	argv[n] = edit->copy.data;
	argv[n + 1] = NULL;
	fflush(stdout);
	r = spawn_start(argv, NULL, &pid);
	return r < 0 ? r : spawn_wait(pid);
}

static enum exit_code edit_copy(struct edit *edit)
{
	int r = run_editor(edit);

	if (r != 0)
		return ctl_fail(edit->ctl, EXIT_IO, "the editor failed: %s; nothing was changed",
				r < 0 ? strerror(-r) : "it said so");
	text_done(&edit->after);
	r = file_read(edit->copy.data, &edit->after);
	return r < 0 ? fail(edit, edit->copy.data, -r) : EXIT_YES;
}

static bool is_same(const struct text *a, const struct text *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* The first letter of an answer, or the first of @letters where nobody can answer. */
static char ask(const struct ctl *ctl, const char *question, const char *letters)
{
	_cleanup_(freep) char *line = NULL;
	struct text out = TEXT_EMPTY;
	size_t capacity = 0;

	if (!isatty(STDIN_FILENO))
		return *letters;
	for (;;) {
		text_puts(&out, question);
		screen_show(&ctl->out, &out);
		fflush(stdout);
		if (getline(&line, &capacity, stdin) <= 0 || *line == '\n')
			return *letters;
		if (strchr(letters, *line))
			return *line;
	}
}

/* checking */

/* What the policy as a whole is with the copy in the file's place. */
static enum exit_code check_copy(const struct edit *edit)
{
	const char *copy = edit->copy.data;
	struct load_options options = input_options(edit->ctl, &copy, 1);
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	enum exit_code code = input_read(edit->ctl, &options, &diags, &policy);

	if (code != EXIT_YES)
		return code;
	findings_show(&edit->ctl->err, &diags, FORMAT_TEXT, DIAG_WARNING);
	if (!policy)
		return EXIT_INVALID;
	return diags.n_warnings > 0 ? EXIT_NO : EXIT_YES;
}

/* Edit until it is good, or until somebody says that it is good enough or not worth it. */
static enum exit_code edit_until_good(struct edit *edit)
{
	for (;;) {
		enum exit_code code = edit_copy(edit);
		char answer = 'x';

		if (code != EXIT_YES)
			return code;
		if (is_same(&edit->before, &edit->after))
			return EXIT_YES;
		code = check_copy(edit);
		if (code == EXIT_INVALID)
			answer = ask(edit->ctl, "e: edit again, x: exit and change nothing? [x] ",
				     "xe");
		else if (code == EXIT_NO)
			answer = ask(edit->ctl,
				     "e: edit again, x: exit and change nothing, s: save with "
				     "these warnings? [x] ",
				     "xes");
		else
			return code;
		if (answer == 's')
			return EXIT_YES;
		if (answer == 'x')
			return ctl_fail(edit->ctl, code, "%s is as it was", edit->target.data);
	}
}

/* the end */

static enum exit_code check_unchanged(struct edit *edit)
{
	_cleanup_(text_done) struct text now = TEXT_EMPTY;
	int r = file_read(edit->target.data, &now);

	if (edit->is_new ? r == -ENOENT : r == 0 && is_same(&now, &edit->before))
		return EXIT_YES;
	edit->keep = true;
	return ctl_fail(edit->ctl, EXIT_IO,
			"%s was changed by somebody else; what you wrote is in %s",
			edit->target.data, edit->copy.data);
}

static enum exit_code install(struct edit *edit)
{
	struct stat st = { .st_uid = geteuid(), .st_gid = getegid(), .st_mode = 0644 };
	enum exit_code code = check_unchanged(edit);
	int r;

	if (code != EXIT_YES)
		return code;
	if (!edit->is_new && stat(edit->target.data, &st) < 0)
		return fail(edit, edit->target.data, errno);
	r = file_install(edit->target.data, &st, edit->after.data ? edit->after.data : "",
			 edit->after.len);
	return r < 0 ? fail(edit, edit->target.data, -r) : EXIT_YES;
}

static void say(const struct edit *edit, const char *what)
{
	struct text out = TEXT_EMPTY;

	if (edit->ctl->options.quiet)
		return;
	screen_add(&out, edit->target.data);
	text_printf(&out, " %s\n", what);
	screen_show(&edit->ctl->out, &out);
}

/* Only what is installed is what the daemon reads. */
static enum exit_code offer_reload(struct edit *edit)
{
	if (edit->ctl->options.policy || edit->ctl->options.root)
		return EXIT_YES;
	if (ask(edit->ctl, "Load it now? y/n [n] ", "ny") == 'y')
		return command_reload(edit->ctl);
	say(edit, "is not loaded yet  → fdbrokerctl reload");
	return EXIT_YES;
}

static enum exit_code finish(struct edit *edit)
{
	enum exit_code code;

	if (is_same(&edit->before, &edit->after)) {
		say(edit, "is unchanged");
		return EXIT_YES;
	}
	code = plain_diff(edit->ctl, &edit->before, &edit->after);
	if (code > EXIT_NO)
		return code;
	code = install(edit);
	if (code != EXIT_YES)
		return code;
	say(edit, edit->is_new ? "is new" : "was changed");
	edit->ctl->n_operands = 0; /* `reload` takes none */
	return offer_reload(edit);
}

enum exit_code command_edit(struct ctl *ctl)
{
	_cleanup_(edit_done) struct edit edit = { .ctl = ctl, .lock = -EBADF };
	enum exit_code code;

	if (ctl->n_operands != 1)
		return ctl_usage(ctl, "wants the NAME of one policy file");
	code = choose_target(&edit);
	if (code == EXIT_YES)
		code = lock_directory(&edit);
	if (code == EXIT_YES)
		code = read_before(&edit);
	if (code == EXIT_YES)
		code = make_copy(&edit);
	if (code == EXIT_YES)
		code = edit_until_good(&edit);
	return code == EXIT_YES ? finish(&edit) : code;
}
