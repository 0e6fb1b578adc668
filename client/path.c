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
	path->text[path->len] = '/';
	memcpy(path->text + path->len + 1, component, len);
	path->len += 1 + len;
	return 0;
}

static int remove_component(struct builder *b)
{
	struct path *path = b->path;

	if (path->len > b->physical_len)
		return -EINVAL;
	while (path->len > 0 && path->text[--path->len] != '/')
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

int path_absolute(const char *name, struct path *ret)
{
	struct builder b = { .path = ret };
	int r = 0;

	if (!name)
		return -EFAULT;
	if (name[0] == '\0')
		return -ENOENT;
	if (strnlen(name, WIRE_PATH_MAX + 1) > WIRE_PATH_MAX)
		return -ENAMETOOLONG;
	ret->len = 0;
	ret->directory = ret->dots = false;
	if (name[0] != '/')
		r = add_working_directory(&b);
	if (r == 0)
		r = add_name(&b, name);
	if (r < 0)
		return r;
	if (ret->len == 0)
		ret->text[ret->len++] = '/';
	ret->text[ret->len] = '\0';
	return 0;
}
