/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ctl/findings.h"

struct load_options input_options(const struct ctl *ctl, const char *const *files, size_t n_files)
{
	bool installed = !ctl->options.root && !ctl->options.policy && n_files == 0;

	return (struct load_options){
		.root = ctl->options.root,
		.directory = ctl->options.policy,
		.files = files,
		.n_files = n_files,
		.only_files = ctl->options.only,
		.trust = installed ? LOAD_TRUST_ENFORCE : LOAD_TRUST_NOTE,
	};
}

static enum exit_code check_readable(const struct ctl *ctl, const char *path)
{
	if (!path || access(path, R_OK) == 0)
		return EXIT_YES;
	return ctl_fail(ctl, exit_of_errno(errno), "%s: %s", path, strerror(errno));
}

enum exit_code input_check(const struct ctl *ctl, const struct load_options *options)
{
	enum exit_code code = check_readable(ctl, options->directory);

	if (code == EXIT_YES)
		code = check_readable(ctl, options->root);
	for (size_t i = 0; i < options->n_files && code == EXIT_YES; i++)
		code = check_readable(ctl, options->files[i]);
	return code;
}

enum exit_code input_read(const struct ctl *ctl, const struct load_options *options,
			  struct diags *diags, struct policy **ret)
{
	enum exit_code code;
	int r;

	code = input_check(ctl, options);
	if (code != EXIT_YES)
		return code;
	r = load_policy(options, diags, ret);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "cannot read the policy: %s", strerror(-r));
	diags_sort(diags);
	return EXIT_YES;
}

enum exit_code input_load(const struct ctl *ctl, struct policy **ret)
{
	struct load_options options =
		input_options(ctl, &ctl->options.with, ctl->options.with != NULL);
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	enum exit_code code;

	code = input_read(ctl, &options, &diags, &policy);
	if (code != EXIT_YES)
		return code;
	if (!policy) {
		findings_show(&ctl->err, &diags, FORMAT_TEXT, DIAG_ERROR);
		return findings_code(&diags);
	}
	*ret = TAKE_PTR(policy);
	return EXIT_YES;
}
