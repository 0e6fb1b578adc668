/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tokens to paths. Braces are multiplied out before anything is judged, so that
 * each alternative is held to the same rules as if it had been written alone.
 */
#include "policy/glob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/glob_component.h"
#include "policy/glob_scan.h"

static int wrong_start(const struct glob_scan *scan)
{
	struct diag *diag = glob_complain(scan, "E004", 0, scan->len, "relative pattern");

	char quote = scan->syntax == GLOB_SYNTAX_LITERAL ? '\'' : '"';

	if (*scan->text == '~' || *scan->text == '$')
		diag_help(scan->diags, diag,
			  "names are absolute; the caller's home directory is \"%%h/…\"");
	else if (strchr(scan->text, '{'))
		diag_help(scan->diags, diag,
			  "names are absolute: each alternative begins with \"/\"");
	else
		diag_help(scan->diags, diag, "names are absolute: write %c/%.60s%c", quote,
			  scan->text, quote);
	return -EINVAL;
}

static int wrong_end(const struct glob_scan *scan, const struct glob_token *slash)
{
	struct diag *diag =
		glob_complain(scan, "E004", slash->offset, 1, "trailing \"/\" in pattern");
	int len = (int)slash->offset;

	if (slash->offset + 1 != scan->len)
		diag_help(scan->diags, diag, "directories match without it");
	else if (scan->syntax == GLOB_SYNTAX_LITERAL)
		diag_help(scan->diags, diag, "directories match without it; write '%.*s'", len,
			  scan->text);
	else if (len >= 2 && strncmp(scan->text + len - 2, "**", 2) == 0)
		diag_help(scan->diags, diag, "directories match without it; write \"%.*s\"", len,
			  scan->text);
	else
		diag_help(scan->diags, diag,
			  "directories match without it; write \"%.*s\" or \"%.*s/**\"", len,
			  scan->text, len, scan->text);
	diag_fix(scan->diags, diag, "");
	return -EINVAL;
}

/* "/x/y" from line->at, each component with its slash. */
static int build_components(const struct glob_scan *scan, struct glob_path *path,
			    struct glob_line *line)
{
	while (line->at < line->n) {
		const struct glob_token *slash = line->tokens[line->at++];
		struct glob_line part = { .tokens = line->tokens + line->at };
		int r;

		while (line->at < line->n && line->tokens[line->at]->kind != GLOB_TOKEN_SLASH)
			line->at++, part.n++;
		if (part.n == 0 && line->at == line->n)
			return wrong_end(scan, slash);
		if (part.n == 0)
			return glob_wrong(scan, "E004", line->tokens[line->at],
					  "empty path component", "write one \"/\"");
		r = glob_component_check(scan, &part);
		if (r < 0)
			return r;
		r = glob_component_build(scan, &path->components[path->n++], &part);
		if (r < 0)
			return r;
	}
	return 0;
}

static int build_path(const struct glob_scan *scan, bool has_set, struct glob_path *path,
		      struct glob_line *line)
{
	size_t n_slashes = 0;
	const struct glob_token *first = line->n > 0 ? line->tokens[0] : NULL;

	path->home = !has_set && first && first->kind == GLOB_TOKEN_SPECIFIER && first->byte == 'h';
	if (path->home)
		line->at++;
	if (line->at < line->n && line->tokens[line->at]->kind != GLOB_TOKEN_SLASH && path->home)
		return glob_wrong(scan, "E005", first, "text after '%h'",
				  "it is the whole home directory: write \"%h/…\"");
	if (!path->home && !has_set && (!first || first->kind != GLOB_TOKEN_SLASH))
		return wrong_start(scan);
	if (!path->home && !has_set && line->n == 1)
		return 0;
	for (size_t i = line->at; i < line->n; i++)
		n_slashes += line->tokens[i]->kind == GLOB_TOKEN_SLASH;
	path->components = calloc(n_slashes + 1, sizeof(*path->components));
	if (!path->components)
		return -ENOMEM;
	return build_components(scan, path, line);
}

/* The tokens of alternative number @choice; each brace takes its share of the number. */
static void choose(const struct glob_scan *scan, size_t choice, struct glob_line *line)
{
	size_t skip = 0, wanted = 0;
	bool inside = false;

	line->n = line->at = 0;
	for (size_t i = 0; i < scan->n; i++) {
		const struct glob_token *token = &scan->tokens[i];

		if (token->kind == GLOB_TOKEN_OPEN) {
			wanted = choice % (size_t)token->byte;
			choice /= (size_t)token->byte;
			skip = 0;
			inside = true;
		} else if (token->kind == GLOB_TOKEN_COMMA) {
			skip++;
		} else if (token->kind == GLOB_TOKEN_CLOSE) {
			inside = false;
		} else if (!inside || skip == wanted) {
			line->tokens[line->n++] = token;
		}
	}
}

static int count_alternatives(const struct glob_scan *scan, size_t *ret)
{
	size_t n = 1;

	for (size_t i = 0; i < scan->n; i++) {
		if (scan->tokens[i].kind != GLOB_TOKEN_OPEN)
			continue;
		n *= (size_t)scan->tokens[i].byte;
		if (n > GLOB_PATHS_MAX) {
			diag_help(scan->diags,
				  glob_complain(scan, "E016", scan->tokens[i].offset, 1,
						"braces multiply to more than %u patterns",
						GLOB_PATHS_MAX),
				  "write several patterns");
			return -EINVAL;
		}
	}
	*ret = n;
	return 0;
}

/* A name has one component and no slash before it. */
static int build_name(const struct glob_scan *scan, struct glob_path *path, struct glob_line *line)
{
	for (size_t i = 0; i < line->n; i++) {
		if (line->tokens[i]->kind == GLOB_TOKEN_SLASH)
			return glob_wrong(scan, "E004", line->tokens[i], "\"/\" in a name",
					  "write the name alone, without a path");
		if (line->tokens[i]->kind == GLOB_TOKEN_DEEP)
			return glob_wrong(scan, "E004", line->tokens[i], "\"**\" in a name",
					  "\"*\" matches any bytes of a name");
	}
	if (line->n == 0)
		return glob_wrong(scan, "E006", NULL, "empty name", "write a name or a pattern");
	path->components = calloc(1, sizeof(*path->components));
	if (!path->components)
		return -ENOMEM;
	path->n = 1;
	return glob_component_build(scan, &path->components[0], line);
}

static int build(const struct glob_scan *scan, bool is_name, struct glob *glob)
{
	_cleanup_(freep) const struct glob_token **tokens = NULL;
	size_t n;
	int r;

	r = count_alternatives(scan, &n);
	if (r < 0)
		return r;
	glob->paths = calloc(n, sizeof(*glob->paths));
	tokens = calloc(scan->n + 1, sizeof(*tokens));
	if (!glob->paths || !tokens)
		return -ENOMEM;
	while (glob->n < n) {
		struct glob_line line = { .tokens = tokens };
		struct glob_path *path = &glob->paths[glob->n];

		choose(scan, glob->n++, &line);
		r = is_name ? build_name(scan, path, &line)
			    : build_path(scan, glob->set != NULL, path, &line);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The set that a pattern starts with: "@homes" of "@homes/x". */
static int read_set(const struct glob_scan *scan, char **ret, size_t *ret_len)
{
	const char *name = scan->text + 1;
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len == 0 || *name < 'a' || *name > 'z' || (name[len] && name[len] != '/')) {
		diag_help(scan->diags,
			  glob_complain(scan, "E004", 0, 1 + len, "not the name of a set"),
			  "write \"@name/…\" with small letters, digits and \"-\"");
		return -EINVAL;
	}
	*ret = strndup(scan->text, len + 1);
	*ret_len = len + 1;
	return *ret ? 0 : -ENOMEM;
}

static int parse(struct glob_scan *scan, bool is_name, struct glob **ret)
{
	_cleanup_(glob_freep) struct glob *glob = calloc(1, sizeof(*glob));
	size_t start = 0;
	int r;

	if (!glob)
		return -ENOMEM;
	if (scan->syntax == GLOB_SYNTAX_PATH && scan->text[0] == '@') {
		r = read_set(scan, &glob->set, &start);
		if (r < 0)
			return r;
	}
	r = glob_scan_read(scan, start);
	if (r < 0)
		return r;
	r = build(scan, is_name, glob);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(glob);
	return 0;
}

/* Where text[0] of something quoted stands. */
static struct place inside(struct place place)
{
	place.column++;
	return place;
}

int glob_parse(const struct ast_path *path, struct diags *diags, struct glob **ret)
{
	_cleanup_(glob_scan_done) struct glob_scan scan = {
		.text = path->text,
		.len = strlen(path->text),
		.place = inside(path->place),
		.syntax = path->kind == AST_PATH_PATTERN ? GLOB_SYNTAX_PATH : GLOB_SYNTAX_LITERAL,
		.diags = diags,
	};

	return parse(&scan, false, ret);
}

int glob_parse_name(const struct ast_value *value, struct diags *diags, struct glob **ret)
{
	_cleanup_(glob_scan_done) struct glob_scan scan = {
		.text = value->text,
		.len = strlen(value->text),
		.place = value->kind == AST_WORD ? value->place : inside(value->place),
		.syntax = value->kind == AST_PATTERN ? GLOB_SYNTAX_NAME : GLOB_SYNTAX_LITERAL,
		.diags = diags,
	};

	return parse(&scan, true, ret);
}

/* The bytes of tokens that are nothing but bytes. */
static int tokens_string(const struct glob_scan *scan, char **ret)
{
	char *string = malloc(scan->n + 1);

	if (!string)
		return -ENOMEM;
	for (size_t i = 0; i < scan->n; i++)
		string[i] = scan->tokens[i].byte;
	string[scan->n] = '\0';
	*ret = string;
	return 0;
}

int glob_literal(const struct ast_value *value, struct diags *diags, char **ret)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	_cleanup_(glob_scan_done) struct glob_scan scan = {
		.text = value->text,
		.len = strlen(value->text),
		.place = value->kind == AST_WORD ? value->place : inside(value->place),
		.syntax = value->kind == AST_PATTERN ? GLOB_SYNTAX_PATH : GLOB_SYNTAX_LITERAL,
		.diags = diags,
	};
	int r;

	r = parse(&scan, false, &glob);
	if (r < 0)
		return r;
	if (!glob_is_literal(glob))
		return glob_wrong(&scan, "E006", NULL, "a pattern where one path is expected",
				  "write the whole path, without wildcards");
	return tokens_string(&scan, ret);
}

int glob_string(const struct ast_value *value, struct diags *diags, char **ret)
{
	_cleanup_(glob_scan_done) struct glob_scan scan = {
		.text = value->text,
		.len = strlen(value->text),
		.place = value->kind == AST_WORD ? value->place : inside(value->place),
		.syntax = value->kind == AST_PATTERN ? GLOB_SYNTAX_STRING : GLOB_SYNTAX_LITERAL,
		.diags = diags,
	};
	int r = glob_scan_read(&scan, 0);

	return r < 0 ? r : tokens_string(&scan, ret);
}

static bool component_is_literal(const struct glob_component *component)
{
	return !component->deep && component->n == 1 && component->pieces[0].kind == GLOB_BYTES;
}

bool glob_is_literal(const struct glob *glob)
{
	if (glob->set || glob->n != 1 || glob->paths[0].home)
		return false;
	for (size_t i = 0; i < glob->paths[0].n; i++) {
		if (!component_is_literal(&glob->paths[0].components[i]))
			return false;
	}
	return true;
}

static bool component_uses(const struct glob_component *component, char specifier)
{
	for (size_t i = 0; i < component->n; i++) {
		if (component->pieces[i].kind == GLOB_SPECIFIER &&
		    component->pieces[i].specifier == specifier)
			return true;
	}
	return false;
}

bool glob_uses(const struct glob *glob, char specifier)
{
	for (size_t i = 0; i < glob->n; i++) {
		const struct glob_path *path = &glob->paths[i];

		if (path->home && specifier == 'h')
			return true;
		for (size_t j = 0; j < path->n; j++) {
			if (component_uses(&path->components[j], specifier))
				return true;
		}
	}
	return false;
}

static void path_done(struct glob_path *path)
{
	for (size_t i = 0; i < path->n; i++) {
		for (size_t j = 0; j < path->components[i].n; j++)
			free(path->components[i].pieces[j].bytes);
		free(path->components[i].pieces);
	}
	free(path->components);
}

struct glob *glob_free(struct glob *glob)
{
	if (glob) {
		for (size_t i = 0; i < glob->n; i++)
			path_done(&glob->paths[i]);
		free(glob->paths);
		free(glob->set);
		free(glob);
	}
	return NULL;
}
