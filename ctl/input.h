/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_INPUT_H
#define FDB_CTL_INPUT_H

/* The policy that a command is about: the installed one, or that of --root or --policy. */

#include "base/cleanup.h"
#include "ctl/command.h"
#include "policy/load.h"

DEFINE_CLEANUP(struct policy *, policy_free)

/* The load_options of this command line; FILE operands are @files. */
struct load_options input_options(const struct ctl *ctl, const char *const *files, size_t n_files);

/* EXIT_YES if what the options name is there and can be read; else says what is not, and returns
 * what to exit with. A typing error is not an empty policy. */
enum exit_code input_check(const struct ctl *ctl, const struct load_options *options);

/* load_policy() for this command line; says what is wrong beside the policy and returns what to exit
 * with. Does input_check() first. */
enum exit_code input_read(const struct ctl *ctl, const struct load_options *options,
			  struct diags *diags, struct policy **ret);

/**
 * input_load() - the policy to evaluate, exactly as the daemon would take it; --with joins
 * @ret:	the caller's; only when EXIT_YES
 *
 * A policy that the daemon would refuse, for a word it does not support too, has no answers:
 * its errors go to stderr, and EXIT_INVALID is returned.
 */
enum exit_code input_load(const struct ctl *ctl, struct policy **ret);

#endif
