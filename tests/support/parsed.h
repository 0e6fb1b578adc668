/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_PARSED_H
#define FDB_TESTS_PARSED_H

/* Policies in tests: from a file or a string to a tree and what there is to say about it. */

#include <stddef.h>

#include "policy/ast.h"
#include "policy/diag.h"
#include "policy/source.h"

struct parsed {
	struct source *source;
	struct ast *ast;
	struct diags diags;
};

/* The bytes of a file below $srcdir; fails the test if there is none. The caller frees it. */
char *parsed_file(const char *path, size_t *ret_size);

/* The policies in a directory below $srcdir, at least one; and the text NAME.expected beside NAME.fdp,
 * which the caller frees. */
struct dirent;
int parsed_list(const char *directory, struct dirent ***ret);
void parsed_list_done(struct dirent **names, int n);
char *parsed_expected(const char *directory, const char *name);

/* Parse only. */
struct parsed parsed_text(const char *name, const char *text, size_t size);
struct parsed parsed_string(const char *text);

/* Parse, check, and where all could be read, check names too: what the daemon does. Sorted. */
struct parsed parsed_checked(const char *name, const char *text, size_t size);

/* check_trees(), with the floor. */
void parsed_check_trees(const struct ast *const *trees, size_t n, struct diags *diags);

/* All diagnostics as on the screen; the caller frees it. */
char *parsed_render(const struct parsed *parsed);

/* The tree printed back; the caller frees it. */
char *parsed_print(const struct ast *ast);

void parsed_done(struct parsed *parsed);

#endif
