/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/request.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "policy/ast.h"

/*
 * The flags are an allow-list, and so are their combinations: what open(2)
 * would ignore or what means something else in some kernels (O_RDONLY|O_TRUNC
 * truncates, access mode 3 is an ioctl-only open) is refused. The library is
 * where open(2)'s leniency lives.
 */

/* Never set-id or sticky, and never writable by others, whoever asks (P21). */
#define CREATE_MASK (0666 & ~022)

struct combination {
	uint32_t flag, requires, excludes;
};

static const struct combination combinations[] = {
	{ WIRE_OPEN_APPEND, WIRE_OPEN_WRITE, 0 },
	{ WIRE_OPEN_TRUNCATE, WIRE_OPEN_WRITE, 0 },
	{ WIRE_OPEN_EXCLUSIVE, WIRE_OPEN_CREATE, 0 },
	{ WIRE_OPEN_DIRECTORY, WIRE_OPEN_READ, WIRE_OPEN_WRITE | WIRE_OPEN_CREATE },
	{ WIRE_OPEN_TMPFILE, WIRE_OPEN_WRITE,
	  WIRE_OPEN_CREATE | WIRE_OPEN_TRUNCATE | WIRE_OPEN_DIRECTORY },
};

static const struct {
	uint32_t wire;
	int open;
} open_flags[] = {
	{ WIRE_OPEN_APPEND, O_APPEND },	    { WIRE_OPEN_DIRECTORY, O_DIRECTORY },
	{ WIRE_OPEN_NONBLOCK, O_NONBLOCK }, { WIRE_OPEN_SYNC, O_SYNC },
	{ WIRE_OPEN_DSYNC, O_DSYNC },
};

/* Nothing but read or write is asked, as mostly: of that the tables say nothing. */
static bool is_plain(uint32_t flags)
{
	return !(flags & ~(uint32_t)(WIRE_OPEN_READ | WIRE_OPEN_WRITE));
}

static bool flags_make_sense(uint32_t flags)
{
	if (flags & ~(uint32_t)WIRE_OPEN_ALL)
		return false;
	if (!(flags & (WIRE_OPEN_READ | WIRE_OPEN_WRITE)))
		return false;
	if (is_plain(flags))
		return true;
	for (size_t i = 0; i < sizeof(combinations) / sizeof(combinations[0]); i++) {
		const struct combination *c = &combinations[i];

		if (!(flags & c->flag))
			continue;
		if ((flags & c->requires) != c->requires || (flags & c->excludes))
			return false;
	}
	return true;
}

static bool mode_makes_sense(const struct wire_open *claim)
{
	if (claim->mode & ~(uint32_t)07777)
		return false;
	return claim->mode == 0 || (claim->flags & (WIRE_OPEN_CREATE | WIRE_OPEN_TMPFILE));
}

bool request_path_makes_sense(const char *path, size_t len)
{
	const char *end = path + len;

	if (len == 0 || len > WIRE_PATH_MAX || memchr(path, '\0', len))
		return false;
	/* It is long enough for a component that is too long, or not; most are not. */
	while ((size_t)(end - path) > WIRE_COMPONENT_MAX) {
		const char *slash = memchr(path, '/', WIRE_COMPONENT_MAX + 1);

		if (!slash)
			return false;
		path = slash + 1;
	}
	return true;
}

static int to_open(uint32_t flags)
{
	int open = O_RDONLY;

	if (flags & WIRE_OPEN_WRITE)
		open = flags & WIRE_OPEN_READ ? O_RDWR : O_WRONLY;
	if (is_plain(flags))
		return open;
	for (size_t i = 0; i < sizeof(open_flags) / sizeof(open_flags[0]); i++)
		if (flags & open_flags[i].wire)
			open |= open_flags[i].open;
	return open;
}

/* The mode for a file that exists: policy-language, section 6. */
static uint32_t modes_existing(uint32_t flags)
{
	uint32_t modes = 0;

	if (flags & WIRE_OPEN_DIRECTORY)
		return POLICY_LIST;
	if (flags & WIRE_OPEN_READ)
		modes |= POLICY_READ;
	if (flags & WIRE_OPEN_WRITE)
		modes |= flags & WIRE_OPEN_APPEND ? POLICY_APPEND : POLICY_WRITE;
	if (flags & WIRE_OPEN_TRUNCATE)
		modes |= POLICY_TRUNCATE;
	return modes;
}

static uint32_t modes_needed(uint32_t flags)
{
	if (flags & WIRE_OPEN_TMPFILE)
		return POLICY_TMPFILE;
	if (!(flags & WIRE_OPEN_CREATE))
		return modes_existing(flags);
	/* The file is this request's own: there is nothing in it to protect from writing. */
	if (flags & WIRE_OPEN_EXCLUSIVE)
		return POLICY_CREATE | (flags & WIRE_OPEN_READ ? POLICY_READ : 0);
	return POLICY_CREATE | modes_existing(flags);
}

void request_clear(struct request *request)
{
	memset(request, 0, offsetof(struct request, path));
	request->path[0] = request->other[0] = '\0';
}

enum wire_reason request_read(const struct wire_open *claim, struct request *ret)
{
	if (!flags_make_sense(claim->flags) || !mode_makes_sense(claim))
		return WIRE_REASON_BAD_FLAGS;
	if (!request_path_makes_sense(claim->path, claim->path_len))
		return WIRE_REASON_BAD_PATH;

	request_clear(ret);
	ret->opcode = WIRE_OPCODE_OPEN;
	ret->modes = modes_needed(claim->flags);
	ret->flags = to_open(claim->flags);
	ret->mode = claim->mode & CREATE_MASK;
	ret->create = claim->flags & WIRE_OPEN_CREATE;
	ret->exclusive = claim->flags & WIRE_OPEN_EXCLUSIVE;
	ret->truncate = claim->flags & WIRE_OPEN_TRUNCATE;
	ret->tmpfile = claim->flags & WIRE_OPEN_TMPFILE;
	ret->nofollow = claim->flags & WIRE_OPEN_NOFOLLOW;
	memcpy(ret->path, claim->path, claim->path_len);
	ret->path[claim->path_len] = '\0';
	return WIRE_REASON_OK;
}
