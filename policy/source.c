/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/source.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

DEFINE_CLEANUP(struct source *, source_free)

/* The file name of @path without .fdp. */
static char *stem_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 4 && strcmp(name + len - 4, ".fdp") == 0)
		len -= 4;
	return strndup(name, len);
}

int source_new(struct source **ret, const char *path, const char *text, size_t size,
	       enum source_origin origin)
{
	_cleanup_(source_freep) struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return -ENOMEM;
	source->n_refs = 1;
	source->path = strdup(path);
	source->stem = stem_of(path);
	source->text = malloc(size + 1);
	if (!source->path || !source->stem || !source->text)
		return -ENOMEM;
	if (size > 0)
		memcpy(source->text, text, size);
	source->text[size] = '\0';
	source->size = size;
	source->origin = origin;
	*ret = TAKE_PTR(source);
	return 0;
}

struct source *source_ref(const struct source *source)
{
	/* Its text stays constant; how many hold it is not part of that. */
	struct source *held = (struct source *)(uintptr_t)source;

	if (held)
		held->n_refs++;
	return held;
}

struct source *source_free(struct source *source)
{
	if (source && --source->n_refs == 0) {
		free(source->path);
		free(source->stem);
		free(source->text);
		free(source);
	}
	return NULL;
}
