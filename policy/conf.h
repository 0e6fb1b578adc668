/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_CONF_H
#define FDB_POLICY_CONF_H

/*
 * fdbroker.conf: `version 1; settings { name value; … }`, by the policy's lexer.
 * Which names there are and what their values mean is the daemon's to say.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "policy/ast.h"
#include "policy/diag.h"

#define CONF_MAX 256U /* settings in one file, each of which is compared with those before it */

struct setting {
	char *name;
	struct place place; /* of the name */
	struct ast_value value;
};

struct conf {
	struct setting *items;
	size_t n;
};

#define CONF_EMPTY ((struct conf){ 0 })

/**
 * conf_parse() - text to names and values
 * @source:	borrowed; must outlive @ret
 * @diags:	E001, E015, E016, E018 and, for a name given twice, E003
 * @ret:	what could be read; conf_done()
 *
 * Return: 0, whatever errors were found; -ENOMEM.
 */
int conf_parse(const struct source *source, struct diags *diags, struct conf *ret);
void conf_done(struct conf *conf);

/* Is this text settings rather than policy? Whichever it is, it may be full of mistakes. */
bool conf_is(const struct source *source);

/* Add the settings as text: two files that mean the same give the same. */
void conf_print(const struct conf *conf, struct text *out);

/* E002 at a setting whose name is none of @names. */
void conf_unknown(const struct setting *setting, const char *const *names, size_t n,
		  struct diags *diags);

#endif
