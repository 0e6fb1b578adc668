/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Both levels, bytes in a component and components in a path, are sequences
 * with stars in between, and for those going back to the last star alone is
 * enough: what stands between two stars may always be placed as early as it
 * fits, and an earlier placement never takes a later one's room.
 *
 * Specifiers are expanded while matching and compared as bytes, so a unit
 * called `*` names the file `*` and nothing else. A value that is not known
 * (only outside the daemon) matches like a star, and a match that needed it is
 * reported as unknown.
 */
#include "policy/match.h"

#include <string.h>

static const char letters[SPECIFIER_MAX] = {
	[SPECIFIER_USER] = 'u',	     [SPECIFIER_UID] = 'U',    [SPECIFIER_GROUP] = 'g',
	[SPECIFIER_GID] = 'G',	     [SPECIFIER_HOME] = 'h',   [SPECIFIER_UNIT] = 'n',
	[SPECIFIER_UNIT_BARE] = 'N', [SPECIFIER_PREFIX] = 'p', [SPECIFIER_INSTANCE] = 'i',
	[SPECIFIER_LAST] = 'j',	     [SPECIFIER_SLICE] = 's',
};

enum specifier specifier_of(char letter)
{
	for (enum specifier i = 0; i < SPECIFIER_MAX; i++)
		if (letters[i] == letter)
			return i;
	return SPECIFIER_MAX;
}

bool match_is_component(const char *bytes, size_t len)
{
	return !match_is_no_name(bytes, len) && !memchr(bytes, '/', len);
}

bool match_is_clean(const char *path)
{
	size_t len;

	if (path[0] != '/')
		return false;
	for (const char *at = path; *at && path[1]; at += 1 + len) {
		len = strcspn(at + 1, "/");
		if (!match_is_component(at + 1, len))
			return false;
	}
	return true;
}

static bool class_has(const uint64_t *class, unsigned char byte)
{
	return class[byte / 64] >> (byte % 64) & 1;
}

static size_t take_bytes(const char *bytes, size_t bytes_len, const char *text, size_t len)
{
	return bytes_len <= len && memcmp(bytes, text, bytes_len) == 0 ? bytes_len
								       : MATCH_NOT_THERE;
}

static bool is_star(const struct atom *atom, const struct match_values *values)
{
	return atom->kind == ATOM_STAR ||
	       (atom->kind == ATOM_SPECIFIER && values->unknown >> atom->len & 1);
}

/* How many bytes at the front of @text this atom, not a star, stands for, or MATCH_NOT_THERE. */
static size_t take(const struct atom *atom, const char *text, size_t len,
		   const struct match_values *values)
{
	const char *value;

	switch (atom->kind) {
	case ATOM_BYTES:
		return take_bytes(atom->bytes, atom->len, text, len);
	case ATOM_QUESTION:
		return len > 0 ? 1 : MATCH_NOT_THERE;
	case ATOM_CLASS:
		return len > 0 && class_has(atom->class, (unsigned char)*text) ? 1
									       : MATCH_NOT_THERE;
	case ATOM_SPECIFIER:
		value = values->text[atom->len];
		return value ? take_bytes(value, strlen(value), text, len) : MATCH_NOT_THERE;
	case ATOM_STAR:
		break;
	}
	return MATCH_NOT_THERE;
}

/* The atoms up to @end. */
static bool match_atoms(const struct component *component, size_t end, const char *text, size_t len,
			const struct match_values *values)
{
	size_t atom = 0, at = 0, star = MATCH_NOT_THERE, star_at = 0, taken;

	for (;;) {
		if (atom == end && at == len)
			return true;
		if (atom < end && is_star(&component->atoms[atom], values)) {
			star = atom++;
			star_at = at;
			/* As the last one it takes all there is. */
			if (atom == end)
				return true;
			continue;
		}
		taken = MATCH_NOT_THERE;
		if (atom < end)
			taken = take(&component->atoms[atom], text + at, len - at, values);
		if (taken != MATCH_NOT_THERE) {
			atom++;
			at += taken;
			continue;
		}
		/* The last star takes one byte more. */
		if (star == MATCH_NOT_THERE || star_at == len)
			return false;
		at = ++star_at;
		atom = star + 1;
	}
}

/* Bytes at the end can only stand at the end: they tell most names apart at once. */
bool match_component(const struct component *component, const char *text, size_t len,
		     const struct match_values *values)
{
	size_t n = component->n;
	const struct atom *last = n > 0 ? &component->atoms[n - 1] : NULL;

	if (last && last->kind == ATOM_BYTES) {
		if (last->len > len || memcmp(text + len - last->len, last->bytes, last->len) != 0)
			return false;
		len -= last->len;
		n--;
	}
	if (n == 1 && component->atoms->kind == ATOM_STAR)
		return true;
	return match_atoms(component, n, text, len, values);
}

bool match_name(const struct component *component, const char *name)
{
	static const struct match_values none;

	return match_component(component, name, strlen(name), &none);
}

/* Length of the component that begins after the slash at @at. */
static size_t component_len(const char *path, size_t at)
{
	return (size_t)(strchrnul(path + at + 1, '/') - (path + at + 1));
}

bool match_components(const struct pattern *pattern, uint32_t first, const char *path, size_t at,
		      const struct match_values *values)
{
	size_t i = first, deep = MATCH_NOT_THERE, deep_at = 0, len;

	for (;;) {
		if (i == pattern->n && !path[at])
			return true;
		if (i < pattern->n && pattern->components[i]->deep) {
			deep = i++;
			/* As the last one: at least one component, whatever it is. */
			if (i == pattern->n)
				return path[at];
			deep_at = at;
			continue;
		}
		if (!path[at])
			return false;
		len = component_len(path, at);
		if (i < pattern->n &&
		    match_component(pattern->components[i], path + at + 1, len, values)) {
			i++;
			at += 1 + len;
			continue;
		}
		/* The last `**` takes one component more. */
		if (deep == MATCH_NOT_THERE)
			return false;
		deep_at += 1 + component_len(path, deep_at);
		at = deep_at;
		i = deep + 1;
	}
}

size_t match_home(const char *path, const struct match_values *values)
{
	const char *home = values->text[SPECIFIER_HOME];
	size_t len;

	if (!home)
		return MATCH_NOT_THERE;
	len = strlen(home);
	if (strncmp(path, home, len) != 0 || (path[len] && path[len] != '/'))
		return MATCH_NOT_THERE;
	return len;
}

/* From the slash at @at on, or the end. */
static bool match_all(const struct pattern *pattern, const char *path, size_t at,
		      const struct match_values *values)
{
	const char *rest = path + at;

	if (strncmp(rest, pattern_plain(pattern), pattern->plain_len) != 0)
		return false;
	rest += pattern->plain_len;
	return (!*rest || *rest == '/') &&
	       match_components(pattern, 0, path, at + pattern->plain_len, values);
}

/* With a home directory that may be any directory. */
static enum truth match_unknown_home(const struct pattern *pattern, const char *path, size_t at,
				     const struct match_values *values)
{
	for (;; at += 1 + component_len(path, at)) {
		if (match_all(pattern, path, at, values))
			return TRUTH_UNKNOWN;
		if (!path[at])
			return TRUTH_NO;
	}
}

static size_t prefix_len(const struct pattern *pattern, const char *path, size_t at)
{
	for (uint32_t i = 0; i < pattern->n_leading; i++)
		at += 1 + component_len(path, at);
	return at;
}

enum truth match_path(const struct pattern *pattern, const char *path,
		      const struct match_values *values, size_t *ret_prefix)
{
	size_t at = path[1] ? 0 : 1;

	if (ret_prefix)
		*ret_prefix = 0;
	for (enum specifier i = 0; i < SPECIFIER_MAX; i++)
		if (pattern->specifiers >> i & 1 && !(values->unknown >> i & 1) && !values->text[i])
			return TRUTH_NO;
	if (pattern->home && values->unknown >> SPECIFIER_HOME & 1)
		return match_unknown_home(pattern, path, at, values);
	if (pattern->home)
		at = match_home(path, values);
	if (at == MATCH_NOT_THERE || !match_all(pattern, path, at, values))
		return TRUTH_NO;
	if (ret_prefix)
		*ret_prefix = prefix_len(pattern, path, at);
	return pattern->specifiers & values->unknown ? TRUTH_UNKNOWN : TRUTH_YES;
}
