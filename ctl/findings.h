/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_FINDINGS_H
#define FDB_CTL_FINDINGS_H

/* Diagnostics as people and programs read them. */

#include "ctl/exit.h"
#include "ctl/json.h"
#include "ctl/options.h"
#include "ctl/screen.h"
#include "policy/diag.h"

/* As text or as a compiler's messages; those of at least @severity. */
void findings_show(const struct screen *screen, const struct diags *diags,
		   enum options_format format, enum diag_severity severity);

/* An array of {"file", "line", "col", "end_col", "severity", "id", "message", …}. */
struct json_object *findings_json(const struct diags *diags);

/* What to exit with where a policy has errors: that it is invalid, or, if that is all there is to say,
 * that it may not be read. */
enum exit_code findings_code(const struct diags *diags);

/* Add "12 errors", "1 warning". */
void findings_count(struct text *out, size_t n, const char *noun);

#endif
