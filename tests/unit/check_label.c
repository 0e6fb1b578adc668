/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/label.h"

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "policy/subject.h"
#include "tests/support/suite.h"

#define AA POLICY_FACT_APPARMOR
#define SE POLICY_FACT_SELINUX

static const struct {
	const char *list;
	uint32_t module;
} lists[] = {
	{ "lockdown,capability,landlock,yama,apparmor,bpf\n", AA },
	{ "capability,selinux,bpf", SE },
	{ "apparmor", AA },
	{ "capability,landlock,yama,bpf\n", 0 },
	{ "", 0 },
	{ "\n", 0 },
	/* One of them answers, and the kernel does not say which. */
	{ "capability,selinux,apparmor", 0 },
	{ "apparmor,smack", 0 },
	{ "smack", 0 },
	/* Part of a name is another name. */
	{ "apparmorx,xselinux", 0 },
	{ "app,armor", 0 },
};

START_TEST(label_module_is_one_or_none)
{
	ck_assert_msg(label_module(lists[_i].list) == lists[_i].module, "%s", lists[_i].list);
}
END_TEST

#define LABEL(module, text) module, text, sizeof(text) - 1

static const struct {
	uint32_t module;
	const char *bytes;
	size_t size;
	int r;
	const char *name;
	bool doubtful;
} labels[] = {
	{ LABEL(AA, "/usr/sbin/nginx (enforce)"), 0, "/usr/sbin/nginx", false },
	{ LABEL(AA, "/usr/sbin/nginx//child (enforce)\n"), 0, "/usr/sbin/nginx//child", false },
	{ LABEL(AA, "php-fpm (kill)"), 0, "php-fpm", false },
	{ LABEL(AA, "php-fpm (complain)"), 0, "php-fpm", true },
	{ LABEL(AA, "chrome (unconfined)"), 0, "chrome", true },
	{ LABEL(AA, "a//&b (mixed)"), 0, "a//&b", true },
	{ LABEL(AA, "a (prompt)"), 0, "a", true },
	{ LABEL(AA, "a (brandnew)"), 0, "a", true },
	{ LABEL(AA, ":lxd-x:snap.a.b (enforce)"), 0, ":lxd-x:snap.a.b", false },
	{ LABEL(AA, "a (complain) (enforce)"), 0, "a (complain)", false },
	{ LABEL(AA, "libvirt-12 (enforce)\0"), 0, "libvirt-12", false },
	{ LABEL(AA, "unconfined"), 0, "", false },
	{ LABEL(AA, "unconfined\n"), 0, "", false },
	{ LABEL(AA, "unconfined (enforce)"), 0, "unconfined", false },
	/* The module never leaves the mode out of a name. */
	{ LABEL(AA, "nginx"), -EBADMSG, NULL, false },
	{ LABEL(AA, " (enforce)"), -EBADMSG, NULL, false },
	{ LABEL(AA, "nginx(enforce)"), -EBADMSG, NULL, false },
	{ LABEL(AA, "system_u:system_r:httpd_t:s0"), -EBADMSG, NULL, false },
	{ LABEL(SE, "system_u:system_r:httpd_t:s0\0"), 0, "system_u:system_r:httpd_t:s0", false },
	{ LABEL(SE, "u:r:t"), 0, "u:r:t", false },
	{ LABEL(SE, "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023"), 0,
	  "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023", false },
	{ LABEL(SE, "system_u:system_r:svirt_t:s0:c1,c2\n"), 0,
	  "system_u:system_r:svirt_t:s0:c1,c2", false },
	{ LABEL(SE, "system_u:system_r:httpd_t:s0 (permissive)"), 0, "system_u:system_r:httpd_t:s0",
	  true },
	{ LABEL(SE, "system_u:system_r:httpd_t:s0 (enforce)"), -EBADMSG, NULL, false },
	/* An initial context, before a policy is loaded. */
	{ LABEL(SE, "kernel"), -EBADMSG, NULL, false },
	{ LABEL(SE, "u:r"), -EBADMSG, NULL, false },
	{ LABEL(SE, "u:r:"), -EBADMSG, NULL, false },
	{ LABEL(SE, ":r:t"), -EBADMSG, NULL, false },
	{ LABEL(SE, "u::t"), -EBADMSG, NULL, false },
	{ LABEL(SE, "unconfined"), -EBADMSG, NULL, false },
	{ LABEL(SE, ""), -EBADMSG, NULL, false },
	{ LABEL(AA, ""), -EBADMSG, NULL, false },
	{ LABEL(AA, "\0"), -EBADMSG, NULL, false },
	{ LABEL(AA, "\n"), -EBADMSG, NULL, false },
	{ LABEL(AA, "a\0b (enforce)"), -EBADMSG, NULL, false },
	{ LABEL(AA, "a\nb (enforce)"), -EBADMSG, NULL, false },
	{ LABEL(AA, "a\033[31m (enforce)"), -EBADMSG, NULL, false },
	{ LABEL(AA, "a (enforce)\n\n"), -EBADMSG, NULL, false },
	{ LABEL(0, "a (enforce)"), -EBADMSG, NULL, false },
	{ LABEL(AA | SE, "a (enforce)"), -EBADMSG, NULL, false },
};

START_TEST(label_is_read_by_its_modules_form)
{
	struct label label = { .name = "untouched" };
	int r = label_read(labels[_i].module, labels[_i].bytes, labels[_i].size, &label);

	ck_assert_msg(r == labels[_i].r, "'%s': %d", labels[_i].bytes, r);
	ck_assert_str_eq(label.name, labels[_i].name ? labels[_i].name : "untouched");
	ck_assert_int_eq(label.doubtful, labels[_i].doubtful);
}
END_TEST

static const struct {
	size_t len;
	int r;
} lengths[] = { { LABEL_MAX - 1, 0 }, { LABEL_MAX, 0 }, { LABEL_MAX + 1, -ENAMETOOLONG } };

START_TEST(label_is_never_cut)
{
	char bytes[LABEL_MAX + 2];
	struct label label;

	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "u:r:", 4);
	ck_assert_int_eq(label_read(SE, bytes, lengths[_i].len, &label), lengths[_i].r);
	if (lengths[_i].r == 0)
		ck_assert_uint_eq(strlen(label.name), lengths[_i].len);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("label");
	TCase *tcase = suite_case(suite, "label");

	tcase_add_loop_test(tcase, label_module_is_one_or_none, 0, ELEMENTSOF(lists));
	tcase_add_loop_test(tcase, label_is_read_by_its_modules_form, 0, ELEMENTSOF(labels));
	tcase_add_loop_test(tcase, label_is_never_cut, 0, ELEMENTSOF(lengths));
	return suite_main(suite);
}
