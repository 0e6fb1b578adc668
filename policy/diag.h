/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_DIAG_H
#define FDB_POLICY_DIAG_H

/*
 * What there is to say about a policy, to the person who must act: where,
 * which finding, what was expected, what to do. Collected here, rendered by
 * whoever shows them; nothing in policy/ prints.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/text.h"
#include "policy/ast.h"

enum diag_severity { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR };

struct diag {
	enum diag_severity severity;
	char id[5];	     /* "E002" */
	struct place place;  /* source NULL: about no file in particular; line 0: about the file */
	struct source *held; /* its source: owned in common, may outlive the tree */
	char *message;	     /* owned, like the rest */
	char *detail;	     /* further "= …" line, or NULL */
	char *more;	     /* a line below that, or NULL */
	char *help;	     /* "= help: …", or NULL */
	char *fix;	     /* what would stand at place instead, for tools, or NULL */
};

#define DIAGS_MAX                                                                                  \
	1000 /* kept; the rest are only counted, so that a hostile file cannot eat memory */

struct diags {
	struct diag *items;
	size_t n;
	size_t n_errors, n_warnings, n_notes; /* all, kept or not */
	size_t n_forbidden; /* errors that are files which whoever asks may not read */
	bool failed;	    /* out of memory: something is missing; treat as an error */
};

#define DIAGS_EMPTY ((struct diags){ 0 })

/* Add one; ownership of nothing is taken. Returns it for diag_detail() and the like, or NULL. */
struct diag *diag_add(struct diags *diags, enum diag_severity severity, const char *id,
		      struct place place, const char *format, ...) _printf_(5, 6);
void diag_detail(struct diags *diags, struct diag *diag, const char *format, ...) _printf_(3, 4);
void diag_more(struct diags *diags, struct diag *diag, const char *format, ...) _printf_(3, 4);
void diag_help(struct diags *diags, struct diag *diag, const char *format, ...) _printf_(3, 4);
void diag_fix(struct diags *diags, struct diag *diag, const char *replacement);

/* By file, line, column; stable. */
void diags_sort(struct diags *diags);

/* As in policy-language's screens: the message, the line, the caret, detail and help. */
void diag_render(const struct diag *diag, bool colour, struct text *out);
/* file:line:column: error: message [E002] */
void diag_render_gcc(const struct diag *diag, struct text *out);

void diags_done(struct diags *diags);

#endif
