/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_SOURCE_H
#define FDB_POLICY_SOURCE_H

/* The text of one policy file, and what precedence it has. */

#include <stdbool.h>
#include <stddef.h>

enum source_origin { SOURCE_VENDOR, SOURCE_LOCAL, SOURCE_RUNTIME, SOURCE_ADMIN };

struct source {
	char *path;  /* as messages show it; owned */
	char *stem;  /* file name without .fdp: first half of rule ids; owned */
	char *text;  /* owned, NUL-terminated for convenience; may hold NULs */
	size_t size; /* bytes without that NUL */
	enum source_origin origin;
	size_t n_refs; /* holders; the last one frees it */
};

#define POLICY_FILE_MAX	 (1U << 20)  /* bytes; E016 */
#define POLICY_TOTAL_MAX (64U << 20) /* bytes of all files; E016 */
#define POLICY_RULES_MAX 100000U
#define POLICY_PATHS_MAX 1000000U /* as written, in rules and sets; E016 */

/* Copy strings and text into a new source. 0 or -ENOMEM. */
int source_new(struct source **ret, const char *path, const char *text, size_t size,
	       enum source_origin origin);
/* One holder more: findings outlive the trees that they were made about. */
struct source *source_ref(const struct source *source);
/* One holder less. Returns NULL. */
struct source *source_free(struct source *source);

#endif
