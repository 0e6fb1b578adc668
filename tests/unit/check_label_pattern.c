/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/label_pattern.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

/* By a whole policy, stated labels and all. */
static const struct {
	const char *term, *caller, *expected;
} cases[] = {
	{ "apparmor \"nginx\"", "apparmor \"nginx\"", "allow" },
	{ "apparmor nginx", "apparmor 'nginx'", "allow" },
	{ "apparmor \"nginx\"", "apparmor \"nginx//child\"", "deny" },
	{ "apparmor \"nginx*\"", "apparmor \"nginx-debug\"", "allow" },
	{ "apparmor \"nginx*\"", "apparmor \"nginx//child\"", "deny" },
	{ "apparmor \"nginx//*\"", "apparmor \"nginx//child\"", "allow" },
	{ "apparmor \"nginx//*\"", "apparmor \"nginx\"", "deny" },
	{ "apparmor \"/usr/sbin/nginx//child\"", "apparmor '/usr/sbin/nginx//child'", "allow" },
	{ "apparmor \"/usr/sbin/*\"", "apparmor '/usr/sbin/nginx'", "allow" },
	{ "apparmor \"/usr/sbin/*\"", "apparmor '/usr/sbin/nginx//child'", "deny" },
	{ "apparmor \"/usr/*/nginx\"", "apparmor '/usr/local/sbin/nginx'", "deny" },
	{ "apparmor \"/usr/**/nginx\"", "apparmor '/usr/local/sbin/nginx'", "allow" },
	{ "apparmor \"/usr/**/nginx\"", "apparmor '/usr/nginx'", "allow" },
	{ "apparmor \"/usr/**\"", "apparmor '/usr/sbin/nginx//child'", "allow" },
	{ "apparmor \"/usr/**\"", "apparmor '/usr'", "deny" },
	{ "apparmor \"**\"", "apparmor 'a'", "allow" },
	{ "apparmor \"**\"", "apparmor '/a//&b'", "allow" },
	{ "apparmor \"**/c\"", "apparmor 'a/c/b/c'", "allow" },
	{ "apparmor \"**/c\"", "apparmor 'a/c/b'", "deny" },
	{ "apparmor \"*\"", "apparmor '/a'", "deny" },
	{ "apparmor \"?\"", "apparmor '/'", "deny" },
	{ "apparmor \"a/*/b\"", "apparmor 'a//b'", "deny" },
	{ "apparmor \"a/**/b\"", "apparmor 'a//b'", "allow" },
	{ "apparmor \"{a,b}/x\"", "apparmor 'b/x'", "allow" },
	{ "apparmor \"{a,b}/x\"", "apparmor 'c/x'", "deny" },
	{ "apparmor { \"a\", \"b\" }", "apparmor 'b'", "allow" },
	{ "apparmor \"snap.[a-z]*.x\"", "apparmor 'snap.foo.x'", "allow" },
	{ "apparmor \":lxd-*:*/**\"", "apparmor ':lxd-a:b/c'", "allow" },
	{ "apparmor 'a*'", "apparmor 'ab'", "deny" },
	{ "apparmor 'a*'", "apparmor 'a*'", "allow" },
	{ "apparmor \"a\\*\"", "apparmor 'a*'", "allow" },
	{ "apparmor \"a/.\"", "apparmor 'a/.'", "allow" },
	{ "not apparmor \"a\"", "apparmor 'b'", "allow" },
	{ "apparmor \"a\"", "user 0", "undecided" },
	{ "apparmor \"a\"", "selinux 'u:r:t'", "undecided" },
	{ "selinux \"u:r:t\"", "selinux 'u:r:t'", "allow" },
	{ "selinux u:r:t", "selinux u:r:t", "allow" },
	{ "selinux \"u:r:t\"", "selinux 'u:r:t:s0'", "allow" },
	{ "selinux \"u:r:t\"", "selinux 'u:r:t:s0-s0:c0.c1023'", "allow" },
	{ "selinux \"u:r:t\"", "selinux 'u:r:tt'", "deny" },
	{ "selinux \"*:*:httpd_*\"", "selinux 'u:r:httpd_t:s0'", "allow" },
	{ "selinux \"*:*:t\"", "selinux 'u:r:x:t'", "deny" },
	{ "selinux \"u:r:*\"", "selinux 'u:r:a:s0'", "allow" },
	{ "selinux \"u:r:t:s0\"", "selinux 'u:r:t:s0'", "allow" },
	{ "selinux \"u:r:t:s0\"", "selinux 'u:r:t:s0:c1'", "deny" },
	{ "selinux \"u:r:t:s0*\"", "selinux 'u:r:t:s0:c1,c2'", "allow" },
	{ "selinux \"u:r:t:s0:c1,c2\"", "selinux 'u:r:t:s0:c1,c2'", "allow" },
	/* A level that is asked for and not stated. */
	{ "selinux \"u:r:t:s0\"", "selinux 'u:r:t'", "undecided" },
	{ "selinux \"u:r:t:*\"", "selinux 'u:r:t'", "undecided" },
	{ "selinux \"u:r:t:s0\"", "selinux 'u:r:x'", "deny" },
	{ "selinux { \"u:r:t:s0\", \"u:r:t\" }", "selinux 'u:r:t'", "allow" },
	{ "selinux \"{a,b}_u:r:t\"", "selinux 'b_u:r:t'", "allow" },
};

START_TEST(label_patterns_match_in_parts)
{
	char text[512];

	snprintf(text, sizeof(text), "version 1;\nfor %s { allow read '/x'; }\n", cases[_i].term);
	ck_assert_msg(strcmp(answer_by(text, cases[_i].caller, "read", "/x"), cases[_i].expected) ==
			      0,
		      "for %s as %s", cases[_i].term, cases[_i].caller);
}
END_TEST

/* What is wrong refuses the policy: matching nobody would under `not` be everybody (P64). */
static const struct {
	const char *term, *id;
} wrong[] = {
	{ "apparmor \"\"", "E006" },
	{ "apparmor \"unconfined\"", "E006" },
	{ "apparmor \"nginx (enforce)\"", "E006" },
	{ "apparmor \"a**\"", "E004" },
	{ "apparmor \"a/b**/c\"", "E004" },
	{ "apparmor \":lxd-*:**\"", "E004" },
	{ "apparmor \"[/]\"", "E004" },
	{ "apparmor \"{a/b,c}\"", "E004" },
	{ "apparmor \"{a,}\"", "E006" },
	{ "apparmor \"%u\"", "E005" },
	{ "apparmor \"\\x2f\"", "E004" },
	{ "apparmor a*", "E006" },
	{ "selinux \"httpd_t\"", "E006" },
	{ "selinux \"u:r\"", "E006" },
	{ "selinux \"u:r:\"", "E006" },
	{ "selinux \"u::t\"", "E006" },
	{ "selinux \"u:r:t:\"", "E006" },
	{ "selinux \"**:r:t\"", "E004" },
	{ "selinux \"{u:r,x}:t\"", "E004" },
};

START_TEST(label_patterns_that_are_wrong_refuse_the_policy)
{
	struct diags diags;
	char text[256];

	snprintf(text, sizeof(text), "version 1;\nfor %s { allow read '/x'; }\n", wrong[_i].term);
	diags = findings_of(text);
	ck_assert_msg(count_findings(&diags, wrong[_i].id) == 1, "%s", wrong[_i].term);
	diags_done(&diags);
}
END_TEST

static const struct {
	size_t len;
	bool wrong;
} lengths[] = { { LABEL_MAX - 1, false }, { LABEL_MAX, false }, { LABEL_MAX + 1, true } };

START_TEST(label_pattern_is_no_longer_than_a_label)
{
	char name[LABEL_MAX + 2];
	const struct ast_value value = { .kind = AST_PATTERN, .text = name };
	struct diags diags = DIAGS_EMPTY;

	memset(name, 'x', lengths[_i].len);
	name[lengths[_i].len] = '\0';
	label_check(AST_KEY_APPARMOR, &value, &diags);
	ck_assert_uint_eq(diags.n, lengths[_i].wrong);
	diags_done(&diags);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("label_pattern");
	TCase *tcase = suite_case(suite, "label_pattern");

	tcase_add_loop_test(tcase, label_patterns_match_in_parts, 0, ELEMENTSOF(cases));
	tcase_add_loop_test(tcase, label_patterns_that_are_wrong_refuse_the_policy, 0,
			    ELEMENTSOF(wrong));
	tcase_add_loop_test(tcase, label_pattern_is_no_longer_than_a_label, 0, ELEMENTSOF(lengths));
	return suite_main(suite);
}
