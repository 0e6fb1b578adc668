/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names of any length, cut at any place: held to match_is_clean() and to a loop over the bytes. */
#include "policy/trie_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/match.h"
#include "tests/policy/random_policy.h"
#include "tests/support/suite.h"

#define NAMES 100000U
#define ROOM  (TRIE_NAME_MAX + 600)

/* Around where blocks of 64 bytes end, and the limit. */
static const uint32_t lengths[] = { 1, 7, 8, 9, 62, 63, 64, 65, 127, 128, 129, 192, 700, 4094 };

static const char *const names[] = {
	"a", "bc", "...", ".a", "..b", "a.", "..", ".", "site.conf", "c-", "..............a", ""
};
#define N_CLEAN_NAMES 6U

/* Components up to about a length; one of a few hundred is none. */
static void make_path(struct random *random, char *path)
{
	size_t wanted =
		lengths[random_below(random, ELEMENTSOF(lengths))] + random_below(random, 4);
	size_t len = 0;

	path[0] = '\0';
	while (len < wanted) {
		bool any = random_below(random, 200) == 0;
		const char *name =
			names[random_below(random, any ? ELEMENTSOF(names) : N_CLEAN_NAMES)];

		len += (size_t)snprintf(path + len, ROOM - len, "/%s", name);
	}
	/* Cut anywhere, behind a slash too. */
	if (random_below(random, 2))
		path[wanted] = '\0';
	if (random_below(random, 50) == 0)
		path[0] = 'a';
}

/* What is wrong with it, or NULL. A check(3) assertion that holds costs a write. */
static const char *wrong_part(const struct trie_name *name, struct trie_hash *hash, size_t n,
			      const char *path, size_t end)
{
	char text[ROOM + TRIE_HASH_PAD] = { 0 };

	memcpy(text, path, end);
	if (!(name->ends[end / 64] >> end % 64 & 1))
		return "an end";
	if (trie_name_count(name, end) != n + 1 || trie_name_count(name, end - 1) != n)
		return "how many there are up to one";
	if (end < 300 && trie_hash_head(hash, name->text, end) != trie_hash_all(text, end))
		return "a key";
	if (!trie_name_begins(name, text, end))
		return "what it begins with";
	text[end - 1] ^= 1;
	if (trie_name_begins(name, text, end))
		return "what it does not begin with";
	return NULL;
}

static const char *wrong_parts(const struct trie_name *name, const char *path)
{
	size_t n = 0, len = strlen(path);
	struct trie_hash hash = { 0 };
	const char *wrong = NULL;

	for (size_t start = 1, end; !wrong && start < len; start = end + 1) {
		end = start + strcspn(path + start, "/");
		wrong = wrong_part(name, &hash, n++, path, end);
	}
	return wrong;
}

static const char *wrong_cut(struct trie_name *name, const char *path)
{
	size_t n = 0, len = strlen(path);

	trie_name_cut(name);
	if (strcmp(name->text, path) != 0)
		return "the copy";
	for (size_t start = 1, end; start < len; start = end + 1, n++) {
		end = start + strcspn(path + start, "/");
		if (n == name->n_parts || name->stops[n + 1] != end ||
		    trie_name_part(name, n).text != name->text + start)
			return "a component";
	}
	return n == name->n_parts ? NULL : "the number of components";
}

static size_t count_ends(const struct trie_name *name)
{
	size_t n = 0;

	for (size_t i = 0; i <= name->len / TRIE_NAME_BLOCK; i++)
		n += (size_t)__builtin_popcountll(name->ends[i]);
	return n;
}

static const char *wrong_name(struct trie_name *name, const char *path)
{
	const char *wrong = wrong_parts(name, path);

	if (!wrong)
		wrong = wrong_cut(name, path);
	if (!wrong && count_ends(name) != name->n_parts)
		wrong = "the number of ends";
	return wrong;
}

/* Of what comes behind some component. */
static const char *wrong_rest(struct random *random, struct trie_name *name, const char *path)
{
	size_t from = name->stops[random_below(random, (uint32_t)name->n_parts + 1)];

	trie_name_read_rest(name, path + from);
	return wrong_name(name, path + from);
}

START_TEST(trie_name_is_what_a_loop_over_its_bytes_says)
{
	_cleanup_(freep) struct trie_name *name = calloc(1, sizeof(*name));
	struct random random = { 20261122 };
	size_t n_clean = 0;
	char path[ROOM];

	ck_assert_ptr_nonnull(name);
	for (unsigned int i = 0; i < NAMES; i++) {
		const char *wrong = NULL;
		bool clean;

		make_path(&random, path);
		clean = strlen(path) <= TRIE_NAME_MAX && match_is_clean(path);
		if (trie_name_read(name, path) != clean)
			wrong = "whether it is clean";
		else if (clean)
			wrong = wrong_name(name, path[1] ? path : "");
		if (clean && !wrong && path[1])
			wrong = wrong_rest(&random, name, path);
		if (wrong)
			ck_abort_msg("%s is wrong: %s", wrong, path);
		n_clean += clean;
	}
	ck_assert_uint_gt(n_clean, NAMES / 4);
	ck_assert_uint_lt(n_clean, NAMES / 4 * 3);
}
END_TEST

START_TEST(trie_name_of_the_root_has_no_component)
{
	_cleanup_(freep) struct trie_name *name = calloc(1, sizeof(*name));

	ck_assert_ptr_nonnull(name);
	ck_assert(trie_name_read(name, "/"));
	trie_name_cut(name);
	ck_assert_uint_eq(name->n_parts, 0);
	ck_assert_uint_eq(count_ends(name), 0);
}
END_TEST

/* Bytes that may not be read are on both sides. */
START_TEST(trie_name_reads_nothing_else)
{
	_cleanup_(freep) struct trie_name *name = calloc(1, sizeof(*name));
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	char *pages =
		mmap(NULL, 3 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *page = pages + size;

	ck_assert_ptr_nonnull(name);
	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(mprotect(pages, size, PROT_NONE), 0);
	ck_assert_int_eq(mprotect(page + size, size, PROT_NONE), 0);
	for (size_t len = 2; len < 300; len++) {
		char *paths[] = { page, page + size - len - 1 };

		for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
			memset(paths[i], 'a', len);
			paths[i][0] = paths[i][len / 2 & ~1U] = '/';
			paths[i][len] = '\0';
			ck_assert(trie_name_read(name, paths[i]));
			ck_assert_ptr_null(wrong_name(name, paths[i]));
		}
	}
	munmap(pages, 3 * size);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trie_name");
	TCase *tcase = suite_case(suite, "trie_name");

	tcase_add_test(tcase, trie_name_is_what_a_loop_over_its_bytes_says);
	tcase_add_test(tcase, trie_name_of_the_root_has_no_component);
	tcase_add_test(tcase, trie_name_reads_nothing_else);
	return suite_main(suite);
}
