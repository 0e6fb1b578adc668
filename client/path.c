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
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"

static int add_component(struct path *path, const char *component, size_t len)
{
	if (len > WIRE_COMPONENT_MAX || path->len + 1 + len > WIRE_PATH_MAX)
		return -ENAMETOOLONG;
	path->built[path->len] = '/';
	memcpy(path->built + path->len + 1, component, len);
	path->len += 1 + len;
	return 0;
}

static int remove_component(struct path *path)
{
	if (path->len > path->physical_len)
		return -EINVAL;
	while (path->len > 0 && path->built[--path->len] != '/')
		;
	path->physical_len = path->len;
	return 0;
}

static int add(struct path *path, const char *component, size_t len)
{
	bool dot = len == 1 && component[0] == '.';
	bool dots = len == 2 && component[0] == '.' && component[1] == '.';

	/* What ends in nothing (a slash), "." or ".." names a directory. */
	path->directory = len == 0 || dot || dots;
	path->dots = dot || dots || (len == 0 && path->dots);
	if (dots)
		return remove_component(path);
	if (path->directory)
		return 0;
	return add_component(path, component, len);
}

static int add_name(struct path *path, const char *name)
{
	for (;;) {
		size_t len = (size_t)(strchrnul(name, '/') - name);
		int r = add(path, name, len);

		if (r < 0)
			return r;
		if (name[len] == '\0')
			return 0;
		name += len + 1;
	}
}

static int add_working_directory(struct path *path)
{
	char cwd[WIRE_PATH_MAX + 1] _uninitialized_;
	int r;

	if (!getcwd(cwd, sizeof(cwd)))
		return errno == ERANGE ? -ENAMETOOLONG : -errno;
	/* getcwd(3): "(unreachable)" where it is outside the root */
	if (cwd[0] != '/')
		return -ENOENT;
	r = add_name(path, cwd);
	path->physical_len = path->len;
	return r;
}

/* Without a slash at its end, while it is built: "" is the root. */
static int build(struct path *path, const char *name)
{
	int r = 0;

	path->len = path->physical_len = 0;
	if (name[0] != '/')
		r = add_working_directory(path);
	if (r == 0)
		r = add_name(path, name);
	if (r < 0)
		return r;
	if (path->len == 0)
		path->built[path->len++] = '/';
	path->built[path->len] = '\0';
	path->text = path->built;
	return 0;
}

/* Of eight bytes, and of the ones behind them: is one a slash, and then a slash or a dot? These two
 * differ in their lowest bit only. */
static bool is_untidy(const char *at)
{
	const uint64_t slashes = UINT64_C(0x2f2f2f2f2f2f2f2f), ones = UINT64_C(0x0101010101010101);
	uint64_t eight, next, differs;

	memcpy(&eight, at, sizeof(eight));
	memcpy(&next, at + 1, sizeof(next));
	differs = (eight ^ slashes) | ((next ^ slashes) & ~ones);
	return ((differs - ones) & ~differs & (ones << 7)) != 0;
}

/* Is it as it would be built? Not known of the shortest, nor of one with a long component. */
static bool is_tidy(const char *name, size_t len)
{
	if (len < sizeof(uint64_t) || len > WIRE_COMPONENT_MAX)
		return false;
	if (name[0] != '/' || name[len - 1] == '/')
		return false;
	for (size_t at = 0; at < len - sizeof(uint64_t); at += sizeof(uint64_t))
		if (is_untidy(name + at))
			return false;
	return !is_untidy(name + len - sizeof(uint64_t));
}

int path_absolute(const char *name, struct path *ret)
{
	if (!name)
		return -EFAULT;
	ret->len = strnlen(name, WIRE_PATH_MAX + 1);
	if (ret->len == 0)
		return -ENOENT;
	if (ret->len > WIRE_PATH_MAX)
		return -ENAMETOOLONG;
	ret->directory = ret->dots = false;
	ret->text = name;
	return is_tidy(name, ret->len) ? 0 : build(ret, name);
}
