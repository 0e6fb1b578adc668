/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/macro.h"
#include "policy/analysis_parts.h"
#include "tests/support/suite.h"

#define AA AST_KEY_APPARMOR
#define SE AST_KEY_SELINUX

static struct {
	enum ast_key key;
	char one[40], other[40];
	bool within, apart;
} cases[] = {
	{ AST_KEY_UNIT, "a.service", "a*", true, false },
	{ AST_KEY_UNIT, "a.service", "b*", false, true },
	{ AA, "a", "a", true, false },
	{ AA, "a", "b", false, true },
	{ AA, "a", "?", true, false },
	{ AA, "a/b", "a/*", true, false },
	{ AA, "a/b/c", "a/*", false, true },
	{ AA, "a/b/c", "a/**", true, false },
	{ AA, "a", "a/**", false, true },
	{ AA, "a/**", "a/**", true, false },
	{ AA, "a/**/b", "a/**", true, false },
	/* May be, and is not said. */
	{ AA, "a/**", "a/*", false, false },
	{ AA, "a/b", "**/b", false, false },
	{ AA, "a//b", "a/*/b", false, true },
	{ AA, "a//b", "a/**/c", false, false },
	{ AA, "b/**", "a/**", false, true },
	{ SE, "u:r:t", "u:r:t", true, false },
	{ SE, "u:r:t", "u:r:x", false, true },
	{ SE, "u:r:t:s0", "u:r:t", true, false },
	{ SE, "u:r:t", "u:r:t:s0", false, false },
	{ SE, "u:r:t:s0", "u:r:t:s1", false, true },
	{ SE, "*:*:t", "u:r:t", false, false },
	{ SE, "u:r:t", "*:*:t", true, false },
	{ SE, "u:r:t:s0:c1", "u:r:t:s0*", true, false },
};

static bool relate(enum ast_key key, const struct ast_value *one, const struct ast_value *other,
		   enum relation relation)
{
	struct analysis a = { .budget = 1U << 20 };
	const struct ast_value *values[] = { one, other };

	return relate_values(&a, key, values, relation);
}

START_TEST(analysis_values_says_only_what_is_sure)
{
	const struct ast_value one = { .kind = AST_PATTERN, .text = cases[_i].one };
	const struct ast_value other = { .kind = AST_PATTERN, .text = cases[_i].other };

	ck_assert_msg(relate(cases[_i].key, &one, &other, RELATION_WITHIN) == cases[_i].within,
		      "%s within %s", one.text, other.text);
	ck_assert_msg(relate(cases[_i].key, &one, &other, RELATION_APART) == cases[_i].apart,
		      "%s apart from %s", one.text, other.text);
	/* Nothing is both at once, and apart is apart from either side. */
	ck_assert_int_eq(relate(cases[_i].key, &other, &one, RELATION_APART), cases[_i].apart);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("analysis_values");
	TCase *tcase = suite_case(suite, "analysis_values");

	tcase_add_loop_test(tcase, analysis_values_says_only_what_is_sure, 0, ELEMENTSOF(cases));
	return suite_main(suite);
}
