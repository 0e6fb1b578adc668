/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole way from files to a policy. Every stage adds what it finds wrong,
 * and what comes after a stage with errors runs only where its findings would
 * be true all the same: a definition that could not be read is not an
 * undefined name.
 */
#include "policy/load.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/check.h"
#include "policy/compile.h"
#include "policy/expect.h"
#include "policy/files.h"
#include "policy/floor.h"
#include "policy/parser.h"

DEFINE_CLEANUP(struct policy *, policy_free)

/* The first rule of @tree for which there is no room, given @n before it; or NULL, and @n grows. */
static const struct ast_rule *find_surplus(const struct ast *tree, size_t *n)
{
	for (size_t i = 0; i < tree->n; i++) {
		const struct ast_statement *statement = &tree->statements[i];
		size_t here = statement->kind == AST_SCOPE ? statement->scope.n_rules
							   : statement->kind == AST_DENY;
		size_t room = POLICY_RULES_MAX - *n;

		if (here > room)
			return statement->kind == AST_SCOPE ? &statement->scope.rules[room]
							    : &statement->rule;
		*n += here;
	}
	return NULL;
}

/* The first of @paths for which there is no room, given @n before it; or NULL, and @n grows. */
static const struct ast_path *surplus_of(const struct ast_paths *paths, size_t *n)
{
	size_t room = POLICY_PATHS_MAX - *n;

	if (paths->n > room)
		return &paths->items[room];
	*n += paths->n;
	return NULL;
}

static const struct ast_path *surplus_of_rules(const struct ast_rule *rules, size_t n_rules,
					       size_t *n)
{
	const struct ast_path *surplus = NULL;

	for (size_t i = 0; !surplus && i < n_rules; i++) {
		surplus = surplus_of(&rules[i].paths, n);
		if (!surplus)
			surplus = surplus_of(&rules[i].except, n);
	}
	return surplus;
}

static const struct ast_path *find_surplus_path(const struct ast *tree, size_t *n)
{
	const struct ast_path *surplus = NULL;

	for (size_t i = 0; !surplus && i < tree->n; i++) {
		const struct ast_statement *statement = &tree->statements[i];

		if (statement->kind == AST_LET || statement->kind == AST_EXTEND)
			surplus = surplus_of(&statement->set.paths, n);
		else if (statement->kind == AST_SCOPE)
			surplus = surplus_of_rules(statement->scope.rules, statement->scope.n_rules,
						   n);
		else if (statement->kind == AST_DENY)
			surplus = surplus_of_rules(&statement->rule, 1, n);
	}
	return surplus;
}

/* Of all files so far. */
struct amounts {
	size_t rules, paths;
};

/* A tree takes up to fifty times the memory of its text, and findings beyond DIAGS_MAX are not
 * kept: at some point there is nothing to be gained by looking at one file more. */
static bool is_enough(const struct ast *tree, struct amounts *amounts, struct diags *diags)
{
	const struct ast_rule *rule = find_surplus(tree, &amounts->rules);
	const struct ast_path *path = find_surplus_path(tree, &amounts->paths);

	if (rule)
		diag_add(diags, DIAG_ERROR, "E016", rule->place, "more than %u rules",
			 POLICY_RULES_MAX);
	if (path)
		diag_add(diags, DIAG_ERROR, "E016", path->place, "more than %u paths",
			 POLICY_PATHS_MAX);
	return rule || path || diags->n_errors >= DIAGS_MAX;
}

static void drop_after(struct policy_files *files, size_t n)
{
	while (files->n > n)
		source_free(files->sources[--files->n]);
}

/* Consumes the list, also on failure. */
static int parse_all(struct source_list *take_list, struct diags *diags, struct policy_files *ret)
{
	struct policy_files files = {
		.sources = take_list->items,
		.trees = calloc(take_list->n + 1, sizeof(*files.trees)),
		.n = take_list->n,
	};
	int r = files.trees ? 0 : -ENOMEM;
	struct amounts amounts = { 0 };

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		r = parser_parse(files.sources[i], diags, &files.trees[i]);
		if (r == 0 && is_enough(files.trees[i], &amounts, diags))
			drop_after(&files, i + 1);
	}
	if (r < 0) {
		policy_files_done(&files);
		return r;
	}
	*ret = files;
	return 0;
}

int load_trees(const struct load_options *options, struct diags *diags, struct policy_files *ret)
{
	struct source_list list;
	int r = files_read(options, diags, &list);

	if (r < 0)
		return r;
	return parse_all(&list, diags, ret);
}

void policy_files_done(struct policy_files *files)
{
	for (size_t i = 0; files->trees && i < files->n; i++)
		ast_free(files->trees[i]);
	for (size_t i = 0; i < files->n; i++)
		source_free(files->sources[i]);
	free(files->trees);
	free(files->sources);
	*files = (struct policy_files){ 0 };
}

int load_names(const struct load_options *options, struct diags *diags, struct policy_names *ret)
{
	return files_list(options, diags, ret);
}

void policy_names_done(struct policy_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i].path);
	free(names->items);
	*names = (struct policy_names){ 0 };
}

/* Names and lengths too, so that moving a line from one file to the next is a change. */
static void hash_files(const struct policy_files *files, char *hex)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;

	sha256_init(&context);
	for (size_t i = 0; i < files->n; i++) {
		const struct source *source = files->sources[i];
		uint64_t size = source->size;
		uint8_t length[8];

		for (size_t j = 0; j < sizeof(length); j++)
			length[j] = (uint8_t)(size >> (8 * j));
		sha256_update(&context, strlen(source->stem) + 1, (const uint8_t *)source->stem);
		sha256_update(&context, sizeof(length), length);
		sha256_update(&context, source->size, (const uint8_t *)source->text);
	}
	sha256_digest(&context, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++) {
		hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
}

static bool has_errors(const struct diags *diags)
{
	return diags->n_errors > 0 || diags->failed;
}

static void check_all(const struct policy_files *files, const struct floor *floor,
		      struct diags *diags)
{
	bool all_read = !has_errors(diags);

	for (size_t i = 0; i < files->n; i++)
		check_tree(files->trees[i], diags);
	if (all_read)
		check_trees((const struct ast *const *)files->trees, files->n, floor, diags);
}

static int compile_files(const struct policy_files *files, const struct floor *floor,
			 struct diags *diags, struct policy **ret)
{
	const struct ast *const *trees = (const struct ast *const *)files->trees;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	char hex[2 * SHA256_DIGEST_SIZE];
	int r;

	*ret = NULL;
	if (has_errors(diags))
		return 0;
	r = compile_trees(trees, files->n, floor, diags, &policy);
	if (r < 0 || !policy)
		return r;
	hash_files(files, hex);
	compile_set_sha256(policy, hex);
	r = expect_all(policy, trees, files->n, clock_realtime_usec() / USEC_PER_SEC, diags);
	if (r < 0)
		return r;
	if (!has_errors(diags))
		*ret = TAKE_PTR(policy);
	return 0;
}

/* From trees to the policy. */
static int load_files(const struct policy_files *files, struct diags *diags, struct policy **ret)
{
	_cleanup_(floor_done) struct floor floor;
	int r = floor_parse(&floor, diags);

	if (r < 0)
		return r;
	check_all(files, &floor, diags);
	r = compile_files(files, &floor, diags, ret);
	diags_sort(diags);
	return r;
}

int load_policy(const struct load_options *options, struct diags *diags, struct policy **ret)
{
	_cleanup_(policy_files_done) struct policy_files files = { 0 };
	int r = load_trees(options, diags, &files);

	if (r < 0)
		return r;
	r = load_files(&files, diags, ret);
	if (r < 0 || !*ret || !options->inspect)
		return r;
	r = options->inspect(&files, diags, options->userdata);
	if (r < 0)
		*ret = policy_free(*ret);
	return r;
}

static int list_of_one(const char *name, const char *text, size_t size, struct source_list *ret)
{
	int r;

	ret->n = 0;
	ret->items = calloc(1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	r = source_new(&ret->items[0], name, text, size, SOURCE_ADMIN);
	if (r < 0) {
		source_list_done(ret);
		return r;
	}
	ret->n = 1;
	return 0;
}

int load_text(const char *name, const char *text, size_t size, struct diags *diags,
	      struct policy **ret)
{
	_cleanup_(policy_files_done) struct policy_files files = { 0 };
	struct source_list list;
	int r = list_of_one(name, text, size, &list);

	if (r < 0)
		return r;
	r = parse_all(&list, diags, &files);
	if (r < 0)
		return r;
	return load_files(&files, diags, ret);
}
