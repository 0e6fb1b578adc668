/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_MATCH_H
#define FDB_POLICY_MATCH_H

/*
 * One pattern against one name, bytewise. Cost is bounded by the length of the
 * name times that of the pattern's longest stretch between two wildcards,
 * whatever the wildcards: there is no backtracking but to the last star.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Logic with facts that are not known. The order is that of certainty. */
enum truth { TRUTH_NO, TRUTH_UNKNOWN, TRUTH_YES };

static inline enum truth truth_not(enum truth a)
{
	return (enum truth)(TRUTH_YES - a);
}

static inline enum truth truth_and(enum truth a, enum truth b)
{
	return a < b ? a : b;
}

static inline enum truth truth_or(enum truth a, enum truth b)
{
	return a > b ? a : b;
}

enum atom_kind { ATOM_BYTES, ATOM_STAR, ATOM_QUESTION, ATOM_CLASS, ATOM_SPECIFIER };

struct atom {
	enum atom_kind kind;
	uint32_t len; /* ATOM_BYTES: bytes; ATOM_SPECIFIER: which, an enum specifier */
	union {
		const char *bytes; /* ATOM_BYTES */
		const uint64_t
			*class; /* ATOM_CLASS: four words; byte b is bit b % 64 of word b / 64 */
	};
};

struct component {
	const struct atom *atoms;
	uint32_t n;
	bool deep;    /* `**`: any number of components; as the last one at least one */
	bool literal; /* neither deep nor with a wildcard; a specifier is literal */
	bool plain;   /* one atom of bytes: no specifier either */
};

/* The plain components that it begins with are kept as text, "/srv/www"; the others one by one. */
struct pattern {
	uint32_t specifiers; /* 1U << enum specifier, for each in it */
	uint16_t n_plain;    /* components in the text */
	uint16_t plain_len;  /* bytes of the text */
	uint16_t n_leading;  /* literal ones before the first that is not */
	uint16_t n;	     /* components that are not in the text */
	uint8_t n_wildcards; /* stars, question marks, classes and `**` */
	uint8_t tail_len; /* bytes, eight at most, that every name ends with; 0 if a text tells */
	bool home;	  /* begins with the caller's home directory */
	bool below;	  /* behind the text there is `**` alone */
	uint64_t tail;	  /* those bytes, the last one highest */
	/* Without any, text and home: "/". The text is behind them. */
	const struct component *components[];
};

static inline const char *pattern_plain(const struct pattern *pattern)
{
	return (const char *)(pattern->components + pattern->n);
}

/* What it matches is told by the text, and by whether the name goes on. */
static inline bool pattern_is_text(const struct pattern *pattern)
{
	return pattern->n <= pattern->below;
}

/* Bytes that it takes, all in all. */
static inline size_t pattern_size(const struct pattern *pattern)
{
	return sizeof(*pattern) + pattern->n * sizeof(pattern->components[0]) + pattern->plain_len;
}

enum specifier {
	SPECIFIER_USER,	     /* %u */
	SPECIFIER_UID,	     /* %U */
	SPECIFIER_GROUP,     /* %g */
	SPECIFIER_GID,	     /* %G */
	SPECIFIER_HOME,	     /* %h */
	SPECIFIER_UNIT,	     /* %n */
	SPECIFIER_UNIT_BARE, /* %N */
	SPECIFIER_PREFIX,    /* %p */
	SPECIFIER_INSTANCE,  /* %i */
	SPECIFIER_LAST,	     /* %j */
	SPECIFIER_SLICE,     /* %s */
	SPECIFIER_MAX,
};

/* The specifier that has this letter, or SPECIFIER_MAX. */
enum specifier specifier_of(char letter);

/* Empty, `.` or `..`. */
static inline bool match_is_no_name(const char *bytes, size_t len)
{
	return len == 0 || (bytes[0] == '.' && (len == 1 || (len == 2 && bytes[1] == '.')));
}

/* Not empty, no slash, neither `.` nor `..`. */
bool match_is_component(const char *bytes, size_t len);
/* "/", or slashes each followed by a component. */
bool match_is_clean(const char *path);

/* What the caller's specifiers stand for. */
struct match_values {
	const char *text[SPECIFIER_MAX]; /* NULL: has none that may stand in a path */
	uint32_t unknown;		 /* 1U << enum specifier: the fact is not known */
};

/**
 * match_path() - does a pattern match a name?
 * @path:	clean
 * @ret_prefix:	bytes of @path that the pattern's literal leading components cover, if it
 *		matches; may be NULL
 *
 * Values stand for themselves, byte by byte. A pattern with a value that the caller has not,
 * matches nothing; with one that is not known, it is unknown whether it matches, unless no value
 * would make it match.
 */
enum truth match_path(const struct pattern *pattern, const char *path,
		      const struct match_values *values, size_t *ret_prefix);

/* The parts of it, for whoever has matched the others: the components that are not in the text, from
 * @first on, against @path from the slash at @at on, or its end. */
bool match_components(const struct pattern *pattern, uint32_t first, const char *path, size_t at,
		      const struct match_values *values);
bool match_component(const struct component *component, const char *text, size_t len,
		     const struct match_values *values);

#define MATCH_NOT_THERE ((size_t)-1)

/* Where @path goes on after the home directory, or NOT_THERE: it is elsewhere or there is none. */
size_t match_home(const char *path, const struct match_values *values);

/* A name without slashes against one component that has no specifiers. */
bool match_name(const struct component *component, const char *name);

#endif
