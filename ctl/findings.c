/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/findings.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "policy/source.h"

static const char *const severities[] = {
	[DIAG_NOTE] = "note",
	[DIAG_WARNING] = "warning",
	[DIAG_ERROR] = "error",
};

void findings_show(const struct screen *screen, const struct diags *diags,
		   enum options_format format, enum diag_severity severity)
{
	struct text out = TEXT_EMPTY;
	size_t hidden = diags->n_errors + diags->n_warnings + diags->n_notes - diags->n;

	for (size_t i = 0; i < diags->n; i++) {
		if (diags->items[i].severity < severity)
			continue;
		if (format == FORMAT_GCC)
			diag_render_gcc(&diags->items[i], &out);
		else
			diag_render(&diags->items[i], screen->colour, &out);
	}
	if (hidden > 0 && format == FORMAT_TEXT)
		text_printf(&out, "%zu more findings are not shown.\n", hidden);
	if (diags->failed)
		text_puts(&out, "out of memory: findings are missing\n");
	screen_show(screen, &out);
}

static void add_detail(struct json_object *object, const struct diag *diag)
{
	_cleanup_(freep) char *both = NULL;

	if (diag->detail && diag->more && asprintf(&both, "%s\n%s", diag->detail, diag->more) < 0)
		both = NULL;
	if (diag->detail)
		json_add_text(object, "detail", both ? both : diag->detail);
}

static struct json_object *finding_json(const struct diag *diag)
{
	struct json_object *object = json_part();
	struct json_object *fix;

	json_add_text(object, "file", diag->place.source ? diag->place.source->path : NULL);
	json_add_number(object, "line", diag->place.line);
	json_add_number(object, "col", diag->place.column);
	json_add_number(object, "end_col", diag->place.end_column);
	json_add_text(object, "severity", severities[diag->severity]);
	json_add_text(object, "id", diag->id);
	json_add_text(object, "message", diag->message);
	add_detail(object, diag);
	if (diag->help)
		json_add_text(object, "help", diag->help);
	if (diag->fix) {
		fix = json_part();
		json_add_text(fix, "replace", diag->fix);
		json_add(object, "fix", fix);
	}
	return object;
}

struct json_object *findings_json(const struct diags *diags)
{
	struct json_object *array = json_list();

	for (size_t i = 0; i < diags->n; i++)
		json_append(array, finding_json(&diags->items[i]));
	return array;
}

enum exit_code findings_code(const struct diags *diags)
{
	return diags->n_errors > 0 && diags->n_forbidden == diags->n_errors ? EXIT_NOT_PERMITTED
									    : EXIT_INVALID;
}

void findings_count(struct text *out, size_t n, const char *noun)
{
	text_printf(out, "%zu %s%s", n, noun, n == 1 ? "" : "s");
}
