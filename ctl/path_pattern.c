/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/path_pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "policy/compiler.h"

struct path_pattern {
	struct arena arena;
	const struct pattern **patterns; /* braces multiplied out; owned */
	size_t n;
};

static int add(struct path_pattern *p, const struct glob_path *path)
{
	struct pattern *pattern =
		arena_alloc(&p->arena, 1,
			    sizeof(*pattern) + path->n * sizeof(pattern->components[0]));
	int r = pattern ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	*pattern = (struct pattern){ .n = (uint32_t)path->n };
	for (size_t i = 0; r == 0 && i < path->n; i++) {
		struct component *component = arena_alloc(&p->arena, 1, sizeof(*component));

		pattern->components[i] = component;
		r = component ? compile_component(&p->arena, &path->components[i], component)
			      : -ENOMEM;
	}
	p->patterns[p->n++] = pattern;
	return r;
}

static bool stands_alone(const struct glob *glob)
{
	for (size_t i = 0; i < glob->n; i++)
		if (glob->paths[i].home)
			return false;
	for (const char *letter = "uUgGnNpijs"; *letter; letter++)
		if (glob_uses(glob, *letter))
			return false;
	return !glob->set;
}

int path_pattern_new(struct path_pattern **ret, const char *text)
{
	_cleanup_(path_pattern_freep) struct path_pattern *p = calloc(1, sizeof(*p));
	_cleanup_(glob_freep) struct glob *glob = NULL;
	_cleanup_(freep) char *copy = strdup(text);
	const struct ast_path path = { .kind = AST_PATH_PATTERN, .text = copy };
	int r = copy && p ? glob_parse(&path, NULL, &glob) : -ENOMEM;

	if (r < 0)
		return r;
	if (!stands_alone(glob))
		return -EINVAL;
	p->patterns = calloc(glob->n, sizeof(*p->patterns));
	if (!p->patterns)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < glob->n; i++)
		r = add(p, &glob->paths[i]);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(p);
	return 0;
}

struct path_pattern *path_pattern_free(struct path_pattern *p)
{
	if (!p)
		return NULL;
	free(p->patterns);
	arena_done(&p->arena);
	free(p);
	return NULL;
}

bool path_pattern_admits(const struct path_pattern *p, const char *path)
{
	static const struct match_values nobody;

	if (!match_is_clean(path))
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (match_path(p->patterns[i], path, &nobody, NULL) == TRUTH_YES)
			return true;
	return false;
}
