/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names of any length, cut at any place: held to match_is_clean() and to a loop over the bytes. */
#include "policy/trie_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The key of the bytes from @from to @end, as the trie's builder makes it. */
static uint64_t key_of(const char *path, size_t from, size_t end)
{
	char padded[ROOM + TRIE_HASH_PAD] = { 0 };

	memcpy(padded, path + from, end - from);
	return trie_text_key(padded, end - from);
}

/* What is wrong with it, or NULL. A check(3) assertion that holds costs a write. */
static const char *wrong_part(struct trie_name *name, const char *path, size_t from)
{
	size_t n = 0, len = strlen(path);

	trie_name_cut(name);
	for (size_t start = 1, end; start < len; start = end + 1) {
		end = start + strcspn(path + start, "/");
		if (n == name->n_parts || name->stops[n + 1] != end ||
		    trie_name_part(name, n).text != trie_name_text(name) + start)
			return "a component";
		n++;
		if (end <= from)
			continue;
		if (!(name->ends[end / 64] >> end % 64 & 1))
			return "an end";
		if (end < 300 && trie_name_key(name, end) != key_of(path, from, end))
			return "a key";
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

static const char *wrong_name(struct random *random, struct trie_name *name, const char *path)
{
	const char *wrong;
	size_t below;

	if (strcmp(trie_name_text(name), path) != 0)
		return "the copy";
	wrong = wrong_part(name, path, 0);
	if (wrong || count_ends(name) != name->n_parts)
		return wrong ? wrong : "the number of ends";
	if (name->n_parts == 0)
		return NULL;
	below = random_below(random, (uint32_t)name->n_parts);
	trie_name_below(name, name->stops[below + 1]);
	wrong = wrong_part(name, path, name->stops[below + 1]);
	if (!wrong && count_ends(name) != name->n_parts - below - 1)
		return "the number of ends below";
	return wrong;
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
			wrong = wrong_name(&random, name, path);
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

int main(void)
{
	Suite *suite = suite_create("trie_name");
	TCase *tcase = suite_case(suite, "trie_name");

	tcase_add_test(tcase, trie_name_is_what_a_loop_over_its_bytes_says);
	tcase_add_test(tcase, trie_name_of_the_root_has_no_component);
	return suite_main(suite);
}
