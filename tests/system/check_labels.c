/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"

/*
 * Labels of security modules in the real daemon. The kernel that these tests
 * run on need not have such a module: the daemon's two questions to the kernel,
 * and nothing else of it, are answered by tests/support/fake_lsm.c.
 */

#define ALLOW "version 1;\nfor %s { it: allow read \"%s\" { audit all; } }\n"
#define DENY  "version 1;\nfor anyone { other: allow read \"%s\"; }\nfor %s { deny read \"%s\"; }\n"

static struct scene s;
static char modules[64], label[256];

static void pretend(const char *list, const char *text)
{
	snprintf(modules, sizeof(modules), "FAKE_MODULES=%s", list);
	snprintf(label, sizeof(label), "FAKE_LABEL=%s", text);
	s.daemon.preload = "libfakelsm.so";
	s.daemon.environment[0] = modules;
	s.daemon.environment[1] = label;
}

static int ask_own(const void *arg)
{
	int sock = daemon_connect(&s.daemon), fd;

	(void)arg;
	fd = daemon_ask(sock, s.own, WIRE_OPEN_READ, NULL);
	return fd >= 0 ? 0 : -fd;
}

static char *status_of_rules(void)
{
	return daemon_status(&s.daemon, "unattested-rules");
}

static const struct {
	const char *list, *label, *who;
	int allowed, denied;
	bool attested; /* the rule's fact */
} cases[] = {
	{ "capability,apparmor", "nginx (enforce)", "apparmor \"nginx\"", 0, EACCES, true },
	{ "capability,apparmor", "nginx (enforce)", "apparmor \"mysqld\"", EACCES, 0, true },
	{ "capability,apparmor", "/usr/sbin/nginx//child (enforce)",
	  "apparmor \"/usr/sbin/nginx//*\"", 0, EACCES, true },
	{ "capability,apparmor", "nginx (complain)", "apparmor \"nginx\"", EACCES, EACCES, true },
	{ "capability,apparmor", "nginx (complain)", "not apparmor \"nginx\"", EACCES, EACCES,
	  true },
	{ "capability,apparmor", "unconfined", "apparmor \"**\"", EACCES, 0, true },
	{ "capability,apparmor", "unconfined", "not apparmor \"**\"", 0, EACCES, true },
	/* Whose label it is, is not told by what it looks like. */
	{ "capability,selinux", "nginx (enforce)", "apparmor \"nginx\"", EACCES, 0, false },
	{ "capability,apparmor", "u:r:t:s0", "selinux \"u:r:t\"", EACCES, 0, false },
	{ "capability,apparmor,selinux", "nginx (enforce)", "apparmor \"nginx\"", EACCES, 0,
	  false },
	{ "capability,bpf", "nginx (enforce)", "apparmor \"nginx\"", EACCES, 0, false },
	/* Here nothing says that SELinux binds. */
	{ "capability,selinux", "u:r:t:s0", "selinux \"u:r:t\"", EACCES, EACCES, true },
};

START_TEST(labels_are_whom_rules_are_for)
{
	char policy[512], *status;

	scene_prepare(&s);
	pretend(cases[_i].list, cases[_i].label);
	snprintf(policy, sizeof(policy), ALLOW, cases[_i].who, s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
	scene_start(&s);
	ck_assert_int_eq(scene_as(ALICE, ask_own, NULL), cases[_i].allowed);
	status = status_of_rules();
	ck_assert_str_eq(status, cases[_i].attested ? "" : "scene.it");
	free(status);

	snprintf(policy, sizeof(policy), DENY, s.own, cases[_i].who, s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	ck_assert_int_eq(scene_as(ALICE, ask_own, NULL), cases[_i].denied);
	scene_stop(&s);
}
END_TEST

START_TEST(labels_are_written_down)
{
	char policy[512], *audit;

	scene_prepare(&s);
	pretend("apparmor", "nginx (enforce)");
	snprintf(policy, sizeof(policy), ALLOW, "apparmor \"nginx\"", s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
	scene_start(&s);
	ck_assert_int_eq(scene_as(ALICE, ask_own, NULL), 0);
	do
		audit = daemon_read_audit(&s.daemon);
	while (!strstr(audit, "\"scene.it\"") && (free(audit), true));
	ck_assert_ptr_nonnull(strstr(audit, "\"nginx (enforce)\""));
	free(audit);
	scene_stop(&s);
}
END_TEST

/* As this kernel is: such a rule loads, is for nobody, and the status says so. */
START_TEST(labels_that_the_kernel_does_not_give_out_are_nobodys)
{
	char policy[512], *status;

	scene_prepare(&s);
	snprintf(policy, sizeof(policy), ALLOW, "apparmor \"**\" or not apparmor \"**\"", s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
	scene_start(&s);
	status = status_of_rules();
	if (*status) {
		ck_assert_str_eq(status, "scene.it");
		ck_assert_int_eq(scene_as(ALICE, ask_own, NULL), EACCES);
	}
	free(status);
	scene_stop(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("labels");
	TCase *tcase = suite_case(suite, "labels");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_loop_test(tcase, labels_are_whom_rules_are_for, 0, ELEMENTSOF(cases));
	tcase_add_test(tcase, labels_are_written_down);
	tcase_add_test(tcase, labels_that_the_kernel_does_not_give_out_are_nobodys);
	return suite_main(suite);
}
