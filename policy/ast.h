/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_AST_H
#define FDB_POLICY_AST_H

/*
 * What a policy file says, as written: the parse tree. Nothing is resolved,
 * expanded or defaulted here; text of a pattern is what stands between the
 * quotes, escapes included. A tree owns all its strings; `struct place` borrows
 * the source it points to.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source; /* policy/source.h */

/* Where something stands. Lines and columns count from 1, columns in characters. */
struct place {
	const struct source *source;
	uint32_t line;
	uint32_t column;
	uint32_t end_column; /* one past the last character on this line */
};

/* Access modes, as bits. The order is that of the grammar. */
enum policy_mode {
	POLICY_READ = 1U << 0,
	POLICY_WRITE = 1U << 1,
	POLICY_APPEND = 1U << 2,
	POLICY_TRUNCATE = 1U << 3,
	POLICY_CREATE = 1U << 4,
	POLICY_TMPFILE = 1U << 5,
	POLICY_LIST = 1U << 6,
	POLICY_STAT = 1U << 7,
	POLICY_REMOVE = 1U << 8,
	POLICY_ATTRIBUTES = 1U << 9,
	POLICY_CONNECT = 1U << 10,
	POLICY_WATCH = 1U << 11,
	POLICY_ANY = (1U << 12) - 1, /* printed back as `any` */
	/* Whatever the type of what stands there, if a rule does not say. */
	POLICY_ANY_TYPE = POLICY_STAT | POLICY_REMOVE | POLICY_ATTRIBUTES | POLICY_WATCH,
};

/* The modes of a rule one by one, for whoever must point at one. */
struct ast_mode {
	uint32_t bits; /* POLICY_ANY for `any` */
	struct place place;
};

struct ast_modes {
	struct ast_mode *items;
	size_t n;
};

enum ast_value_kind { AST_WORD, AST_PATTERN, AST_LITERAL };

struct ast_value {
	enum ast_value_kind kind;
	char *text;
	struct place place;
};

struct ast_values {
	struct ast_value *items;
	size_t n;
	bool braced; /* written as { a, b } */
};

enum ast_path_kind { AST_PATH_PATTERN, AST_PATH_LITERAL, AST_PATH_SET };

struct ast_path {
	enum ast_path_kind kind;
	char *text; /* of a set: its name with the @ */
	struct place place;
};

struct ast_paths {
	struct ast_path *items;
	size_t n;
};

enum ast_key {
	AST_KEY_USER,
	AST_KEY_GROUP,
	AST_KEY_UNIT,
	AST_KEY_USER_UNIT,
	AST_KEY_SLICE,
	AST_KEY_EXE,
	AST_KEY_APPARMOR,
	AST_KEY_SELINUX,
	AST_KEY_USERNS,
	AST_KEY_MNTNS,
	AST_KEY_PIDNS,
	AST_KEY_NNP,
	AST_KEY_SECCOMP,
	AST_KEY_MAX,
};

enum ast_term_kind { AST_TERM_ANYONE, AST_TERM_SUBJECT, AST_TERM_KEY };

struct ast_term {
	enum ast_term_kind kind;
	bool negated;
	enum ast_key key;	  /* AST_TERM_KEY */
	struct ast_values values; /* AST_TERM_KEY; of AST_TERM_SUBJECT the one name */
	struct place place;	  /* of the key, `anyone` or `subject` */
};

struct ast_conj {
	struct ast_term *terms;
	size_t n;
};

/* Who: one of these conjunctions holds. */
struct ast_who {
	struct ast_conj *conjs;
	size_t n;
};

enum ast_attr_name {
	AST_ATTR_TYPE,
	AST_ATTR_OWNER,
	AST_ATTR_FILE_GROUP,
	AST_ATTR_MODE_MAX,
	AST_ATTR_LINKS,
	AST_ATTR_MAX_SIZE,
	AST_ATTR_DEVICE,
	AST_ATTR_FS,
	AST_ATTR_MOUNT,
	AST_ATTR_MOUNTS,
	AST_ATTR_SYMLINKS,
	AST_ATTR_PARENTS,
	AST_ATTR_UNTIL,
	AST_ATTR_DELIVER,
	AST_ATTR_CREATE_MODE,
	AST_ATTR_CREATE_OWNER,
	AST_ATTR_RATE, /* values: rate [`burst` n] `per` scope, as written */
	AST_ATTR_INFLIGHT,
	AST_ATTR_AUDIT,
	AST_ATTR_NOTE,
	AST_ATTR_HIDE, /* no value */
	AST_ATTR_MAX,
};

struct ast_attr {
	enum ast_attr_name name;
	struct ast_values values;
	struct place place; /* of the name */
};

struct ast_rule {
	char *label; /* or NULL */
	bool allow;
	bool as_root;
	uint32_t modes; /* POLICY_* bits, or POLICY_ANY */
	struct ast_modes modes_written;
	struct ast_paths paths;
	struct ast_paths except;
	struct ast_attr *attrs;
	size_t n_attrs;
	struct place place;	  /* of `allow` or `deny` */
	struct place label_place; /* valid if label */
	struct place modes_place; /* of the first mode */
};

enum ast_scope_mode { AST_SCOPE_DEFAULT, AST_SCOPE_ENFORCE, AST_SCOPE_COMPLAIN };

struct ast_scope {
	struct ast_who who;
	enum ast_scope_mode mode;
	struct place mode_place;
	struct ast_rule *rules;
	size_t n_rules;
};

struct ast_set {    /* let and extend */
	char *name; /* with the @ */
	struct ast_paths paths;
	struct place name_place;
};

struct ast_subject {
	char *name;
	struct ast_who who;
	struct place name_place;
};

struct ast_expect {
	bool allow;
	uint32_t modes;
	struct ast_modes modes_written;
	struct ast_path path; /* a literal */
	struct ast_conj who;
};

struct ast_disable {
	struct ast_value rule; /* pattern or literal: the rule's id */
};

enum ast_kind {
	AST_LET,
	AST_EXTEND,
	AST_SUBJECT,
	AST_SCOPE,
	AST_DENY, /* a rule outside `for` */
	AST_EXPECT,
	AST_DISABLE,
};

struct ast_statement {
	enum ast_kind kind;
	struct place place; /* of its first word */
	union {
		struct ast_set set;	    /* AST_LET, AST_EXTEND */
		struct ast_subject subject; /* AST_SUBJECT */
		struct ast_scope scope;	    /* AST_SCOPE */
		struct ast_rule rule;	    /* AST_DENY */
		struct ast_expect expect;   /* AST_EXPECT */
		struct ast_disable disable; /* AST_DISABLE */
	};
};

struct ast {
	const struct source *source; /* borrowed; outlives the tree */
	struct ast_statement *statements;
	size_t n;
	bool is_garbled; /* has bytes that are no text (E018): what they stood for is not known */
};

/* Frees everything the tree owns, a half-built one too. Returns NULL. */
struct ast *ast_free(struct ast *ast);

#endif
