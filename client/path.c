/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Names are tidied before they are asked for, so that the policy judges one
 * spelling of each. Doubled slashes and "." mean nothing and go.
 *
 * ".." means the parent of wherever the rest leads. Behind a symbolic link that is
 * not the text less one component, and nobody in a sandbox can look whether there is
 * a link. So ".." is taken back only over what getcwd(3) said, whose
 * components are directories and no links, and at the root, where it stays. Any other is
 * -EINVAL: it is better to refuse a name than to open another file than the one meant.
 */

#include "client/path.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"

/* The name so far, without a trailing slash: "" is the root. */
struct builder {
	struct path *path;
	size_t physical_len; /* of the beginning that holds no link */
};

static int add_component(struct builder *b, const char *component, size_t len)
{
	struct path *path = b->path;

	if (len > WIRE_COMPONENT_MAX || path->len + 1 + len > WIRE_PATH_MAX)
		return -ENAMETOOLONG;
	path->built[path->len] = '/';
	memcpy(path->built + path->len + 1, component, len);
	path->len += 1 + len;
	return 0;
}

static int remove_component(struct builder *b)
{
	struct path *path = b->path;

	if (path->len > b->physical_len)
		return -EINVAL;
	while (path->len > 0 && path->built[--path->len] != '/')
		;
	b->physical_len = path->len;
	return 0;
}

static int add(struct builder *b, const char *component, size_t len)
{
	bool dot = len == 1 && component[0] == '.';
	bool dots = len == 2 && component[0] == '.' && component[1] == '.';

	/* What ends in nothing (a slash), "." or ".." names a directory. */
	b->path->directory = len == 0 || dot || dots;
	b->path->dots = dot || dots || (len == 0 && b->path->dots);
	if (dots)
		return remove_component(b);
	if (b->path->directory)
		return 0;
	return add_component(b, component, len);
}

static int add_name(struct builder *b, const char *name)
{
	for (;;) {
		size_t len = (size_t)(strchrnul(name, '/') - name);
		int r = add(b, name, len);

		if (r < 0)
			return r;
		if (name[len] == '\0')
			return 0;
		name += len + 1;
	}
}

static int add_working_directory(struct builder *b)
{
	char cwd[WIRE_PATH_MAX + 1] _uninitialized_;
	int r;

	if (!getcwd(cwd, sizeof(cwd)))
		return errno == ERANGE ? -ENAMETOOLONG : -errno;
	/* getcwd(3): "(unreachable)" where it is outside the root */
	if (cwd[0] != '/')
		return -ENOENT;
	r = add_name(b, cwd);
	b->physical_len = b->path->len;
	return r;
}

static int build(const char *name, struct path *path)
{
	struct builder b = { .path = path };
	int r = 0;

	if (strnlen(name, WIRE_PATH_MAX + 1) > WIRE_PATH_MAX)
		return -ENAMETOOLONG;
	if (name[0] != '/')
		r = add_working_directory(&b);
	if (r == 0)
		r = add_name(&b, name);
	if (r < 0)
		return r;
	if (path->len == 0)
		path->built[path->len++] = '/';
	path->built[path->len] = '\0';
	path->text = path->built;
	return 0;
}

/* The length of a name that is tidy as it is; 0 of one that has to be looked at more closely. */
static size_t tidy_len(const char *name)
{
	const char *end = name, *component;

	if (name[0] != '/')
		return 0;
	do {
		component = end + 1;
		if (component[0] == '\0' || component[0] == '/' || component[0] == '.')
			return 0;
		end = strchrnul(component, '/');
		if (end - component > WIRE_COMPONENT_MAX || end - name > WIRE_PATH_MAX)
			return 0;
	} while (end[0] != '\0');
	return (size_t)(end - name);
}

int path_absolute(const char *name, struct path *ret)
{
	if (!name)
		return -EFAULT;
	if (name[0] == '\0')
		return -ENOENT;
	ret->directory = ret->dots = false;
	ret->text = name;
	ret->len = tidy_len(name);
	return ret->len > 0 ? 0 : build(name, ret);
}
