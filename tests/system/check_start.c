/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

#define POLICY "version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n"

static void replace_listener(struct daemon *d, size_t i, int fd)
{
	fd_close(d->listeners[i]);
	d->listeners[i] = fd;
}

static void break_pid(struct daemon *d)
{
	d->environment[0] = "LISTEN_PID=1";
}
static void break_none(struct daemon *d)
{
	d->environment[0] = "LISTEN_FDS=0";
}
static void break_negative(struct daemon *d)
{
	d->environment[0] = "LISTEN_FDS=-1";
}
static void break_words(struct daemon *d)
{
	d->environment[0] = "LISTEN_FDS=two";
}
static void break_too_many(struct daemon *d)
{
	d->environment[0] = "LISTEN_FDS=3";
	d->environment[1] = "LISTEN_FDNAMES=client:admin:admin";
}
static void break_type(struct daemon *d)
{
	replace_listener(d, 0, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}
static void break_family(struct daemon *d)
{
	replace_listener(d, 0, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}
static void break_file(struct daemon *d)
{
	replace_listener(d, 0, open("/dev/null", O_RDONLY | O_CLOEXEC));
}
static void break_not_listening(struct daemon *d)
{
	replace_listener(d, 0, socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}
static void break_abstract(struct daemon *d)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0fdbroker-test" };

	replace_listener(d, 0, socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	bind(d->listeners[0], (struct sockaddr *)&address, sizeof(address));
	listen(d->listeners[0], 1);
}
static void break_twice(struct daemon *d)
{
	d->environment[0] = "LISTEN_FDNAMES=client:client";
}
static void break_no_client(struct daemon *d)
{
	d->environment[0] = "LISTEN_FDS=1";
	d->environment[1] = "LISTEN_FDNAMES=admin";
}

/* P71 */
static const struct {
	const char *name;
	void (*break_it)(struct daemon *d);
	const char *said;
} inputs[] = {
	{ "for another process", break_pid, "no socket was passed" },
	{ "none", break_none, "LISTEN_FDS" },
	{ "-1", break_negative, "LISTEN_FDS" },
	{ "not a number", break_words, "LISTEN_FDS" },
	{ "three", break_too_many, "" },
	{ "a stream", break_type, "not a listening SOCK_SEQPACKET" },
	{ "of the internet", break_family, "not a listening SOCK_SEQPACKET" },
	{ "no socket", break_file, "not a listening SOCK_SEQPACKET" },
	{ "one that does not listen", break_not_listening, "not a listening SOCK_SEQPACKET" },
	{ "an abstract one", break_abstract, "not bound in the file system" },
	{ "two for clients", break_twice, "two sockets for the same purpose" },
	{ "none for clients", break_no_client, "no socket for clients" },
};

START_TEST(start_refuses_sockets_that_are_not_ours)
{
	struct daemon d;

	daemon_prepare(&d);
	inputs[_i].break_it(&d);
	ck_assert_msg(daemon_fails(&d) == EXIT_FAILURE, "%s: it started", inputs[_i].name);
	daemon_assert_log_has(&d, inputs[_i].said);
	daemon_discard(&d);
}
END_TEST

START_TEST(start_tells_sockets_apart_by_path_where_they_have_no_names)
{
	struct daemon d;
	int listener;

	daemon_prepare(&d);
	listener = d.listeners[0];
	d.listeners[0] = d.listeners[1];
	d.listeners[1] = listener;
	d.environment[0] = "LISTEN_FDNAMES=unknown:unknown";
	daemon_start(&d);
	ck_assert_uint_gt(daemon_number(&d, "generation"), 0);
	daemon_stop(&d);
}
END_TEST

START_TEST(start_needs_no_admin_socket)
{
	struct daemon d;
	int sock;

	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", POLICY);
	d.environment[0] = "LISTEN_FDS=1";
	d.environment[1] = "LISTEN_FDNAMES=client";
	daemon_start(&d);
	sock = daemon_connect(&d);
	fd_close(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL));
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

/* Loading it takes a while. */
static void write_long_policy(const struct daemon *d)
{
	enum { RULES = 5000, LINE = 64 };
	char *text = malloc(RULES * LINE + 64), *end = text;

	end += sprintf(end, "version 1;\nfor user root {\n");
	for (int i = 0; i < RULES; i++)
		end += sprintf(end, "r%d: allow read \"/srv/%d/**\";\n", i, i);
	sprintf(end, "}\n");
	daemon_write_policy(d, "a.fdp", text);
	free(text);
}

/* Nothing may be promised before: P70. */
START_TEST(start_is_ready_when_the_policy_is_loaded)
{
	struct daemon d;

	daemon_prepare(&d);
	write_long_policy(&d);
	daemon_start(&d);
	daemon_assert_status(&d, "state", "active");
	daemon_stop(&d);
}
END_TEST

static bool has_children(pid_t pid)
{
	char path[64], byte;
	FILE *file;
	bool any;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	any = fread(&byte, 1, 1, file) == 1;
	fclose(file);
	return any;
}

/* Then there is a broker, and no audit process yet whose end could be waited for. */
START_TEST(start_that_is_ended_before_it_serves_is_over)
{
	struct daemon d;

	daemon_prepare(&d);
	write_long_policy(&d);
	daemon_launch(&d);
	while (!has_children(d.pid))
		sched_yield();
	daemon_stop(&d);
}
END_TEST

/* Who is served before there is an audit process is written down by it, also at once followed by
 * the end. */
START_TEST(start_that_is_ended_when_it_serves_loses_no_record)
{
	char decision[32], *audit;
	struct wire_answer answer;
	struct daemon d;
	int sock;

	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", POLICY);
	daemon_launch(&d);
	sock = daemon_connect(&d);
	ck_assert_int_eq(daemon_ask(sock, "/etc/shadow", WIRE_OPEN_READ, &answer), -EACCES);
	daemon_end(&d);
	snprintf(decision, sizeof(decision), "%016" PRIx64, answer.decision);
	audit = daemon_read_audit(&d);
	ck_assert_msg(strstr(audit, decision), "%s in %s", decision, audit);
	free(audit);
	fd_close(sock);
	daemon_discard(&d);
}
END_TEST

START_TEST(start_with_a_bad_policy_is_degraded_and_says_so)
{
	struct wire_answer answer;
	struct daemon d;
	int sock;

	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", "version 1;\nalow\n");
	daemon_start(&d);
	daemon_assert_status(&d, "state", "degraded");
	sock = daemon_connect(&d);
	ck_assert_int_eq(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, &answer), -EACCES);
	ck_assert_int_eq(answer.reason, WIRE_REASON_DEGRADED);
	/* Repaired, it serves who is there already. */
	daemon_write_policy(&d, "a.fdp", POLICY);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	fd_close(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, &answer));
	ck_assert_int_eq(answer.reason, WIRE_REASON_OK);
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

START_TEST(start_keeps_the_watchdog_content)
{
	struct daemon d;

	daemon_prepare(&d);
	d.environment[0] = "WATCHDOG_USEC=200000";
	daemon_start(&d);
	daemon_await(&d, "WATCHDOG=1");
	daemon_await(&d, "WATCHDOG=1");
	daemon_stop(&d);
}
END_TEST

static const char *const bad_arguments[] = {
	"--policy=relative",
	"--config=relative",
	"--unknown",
	"argument",
};

START_TEST(start_refuses_bad_arguments)
{
	struct daemon d;

	daemon_prepare(&d);
	d.arguments[0] = bad_arguments[_i];
	ck_assert_int_eq(daemon_fails(&d), 64);
	daemon_discard(&d);
}
END_TEST

START_TEST(start_refuses_an_audit_file_that_is_none)
{
	struct daemon d;

	daemon_prepare(&d);
	d.arguments[0] = "--audit-file=/dev/null";
	ck_assert_int_eq(daemon_fails(&d), EXIT_FAILURE);
	daemon_assert_log_has(&d, "not a regular file");
	daemon_discard(&d);
}
END_TEST

static const struct {
	const char *text;
	mode_t mode;
	const char *said;
} configs[] = {
	{ "version 1;\nsettings { max-cleints 5; }\n", 0644, ":2:12: error[E002]" },
	{ "version 1;\nsettings { max-clients 0; }\n", 0644, "E006" },
	{ "version 1;\nsettings { max-clients 32769; }\n", 0644, "E006" },
	{ "version 1;\nsettings { max-clients \"5\"; }\n", 0644, "E006" },
	{ "version 1;\nsettings { require-landlock maybe; }\n", 0644, "E006" },
	{ "version 1;\nsettings { max-clients 5; max-clients 6; }\n", 0644, "E003" },
	{ "version 1;\nsettings {", 0644, "E001" },
	{ "version 1;\nsettings { max-clients 5; }\n", 0666, "Operation not permitted" },
};

static void write_whole_config(struct daemon *d, const char *text, mode_t mode)
{
	FILE *file = fopen(d->config, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fchmod(fileno(file), mode), 0);
	ck_assert_int_eq(fclose(file), 0);
	d->has_config = true;
}

START_TEST(start_refuses_settings_that_are_wrong)
{
	struct daemon d;

	daemon_prepare(&d);
	write_whole_config(&d, configs[_i].text, configs[_i].mode);
	ck_assert_int_eq(daemon_fails(&d), EXIT_FAILURE);
	daemon_assert_log_has(&d, configs[_i].said);
	daemon_discard(&d);
}
END_TEST

START_TEST(start_refuses_settings_that_are_not_there)
{
	struct daemon d;

	daemon_prepare(&d);
	d.arguments[0] = "--config=/nonexistent";
	ck_assert_int_eq(daemon_fails(&d), EXIT_FAILURE);
	daemon_assert_log_has(&d, "/nonexistent: No such file");
	daemon_discard(&d);
}
END_TEST

struct shell {
	const struct daemon *d;
	const char *option;  /* of unshare(1) */
	const char *command; /* before the daemon's name */
};

static int run_shell(const void *arg)
{
	const struct shell *shell = arg;
	const char *build = getenv("builddir");
	char command[512];

	snprintf(command, sizeof(command), "exec 2>%s; %s %s/fdbrokerd --policy=%s; exit $?",
		 shell->d->log, shell->command, build ? build : ".", shell->d->policy);
	execlp("unshare", "unshare", shell->option, "--fork", "sh", "-c", command, NULL);
	return 127;
}

/* In a pid namespace of its own, where its parent is number 1 as the service manager is. */
START_TEST(start_as_a_service_takes_no_other_policy)
{
	struct daemon d;

	daemon_prepare(&d);
	ck_assert_int_eq(forked_run(run_shell, &(struct shell){ &d, "--pid", "INVOCATION_ID=0" }),
			 64);
	daemon_assert_log_has(&d, "--policy is for trying out");
	daemon_discard(&d);
}
END_TEST

START_TEST(start_without_its_users_says_how_to_get_them)
{
	struct daemon d;

	daemon_prepare(&d);
	ck_assert_int_eq(forked_run(run_shell,
				    &(struct shell){ &d, "--mount",
						     "mount --bind /dev/null /etc/passwd &&" }),
			 EXIT_FAILURE);
	daemon_assert_log_has(&d, "there is no user fdbroker: run systemd-sysusers");
	daemon_discard(&d);
}
END_TEST

/* A shell's command, with $BUILD, $POLICY, and $DIR that is the daemon's. */
static int run_command(const void *arg)
{
	const struct shell *shell = arg;
	const char *build = getenv("builddir");
	int log = open(shell->d->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	dup2(log, STDERR_FILENO);
	setenv("BUILD", build ? build : ".", 1);
	setenv("POLICY", shell->d->policy, 1);
	setenv("DIR", shell->d->directory, 1);
	setenv("SBIN", FDB_SBINDIR, 1);
	setenv("LIBEXEC", FDB_PKGLIBEXECDIR, 1);
	execlp("sh", "sh", "-c", shell->command, NULL);
	return 127;
}

/* $SBIN is a link to the directory of all programs, as it is on some systems. */
#define MERGED                                                                                     \
	"P=${SBIN%/*}; mkdir -p $DIR/merged/bin $DIR/merged/${LIBEXEC#$P} && "                     \
	"ln -s bin $DIR/merged/${SBIN##*/} && cp $BUILD/fdbrokerd $DIR/merged/bin && "             \
	"cp $BUILD/fdbroker-broker $DIR/merged/${LIBEXEC#$P} && exec unshare -m sh -c '"           \
	"mount -t overlay overlay -o lowerdir=$DIR/merged:${SBIN%/*} ${SBIN%/*} && "               \
	"exec $SBIN/fdbrokerd --policy=$POLICY'"

static const struct {
	const char *command;
	int status;
	const char *says;
} halves[] = {
	{ "cp $BUILD/fdbrokerd $BUILD/fdbroker-broker $DIR; exec $DIR/fdbrokerd --policy=$POLICY",
	  EXIT_FAILURE, "/fdbroker-audit, which belongs to fdbrokerd: No such file" },
	{ "cp $BUILD/fdbrokerd $BUILD/fdbroker-* $DIR; chmod a-x $DIR/fdbroker-pump; "
	  "exec $DIR/fdbrokerd --policy=$POLICY",
	  EXIT_FAILURE, "/fdbroker-pump, which belongs to fdbrokerd: Permission denied" },
	{ MERGED, EXIT_FAILURE,
	  FDB_PKGLIBEXECDIR "/fdbroker-audit, which belongs to fdbrokerd: No such file" },
	{ "exec $BUILD/fdbroker-broker", 64, "this is a part of fdbrokerd" },
	{ "exec $BUILD/fdbroker-audit 0", 64, "this is a part of fdbrokerd" },
	{ "exec $BUILD/fdbroker-pump " PACKAGE_VERSION " 1", 64, "this is a part of fdbrokerd" },
};

START_TEST(start_of_what_is_installed_by_halves_says_what_is_missing)
{
	struct daemon d;

	daemon_prepare(&d);
	ck_assert_int_eq(forked_run(run_command, &(struct shell){ &d, NULL, halves[_i].command }),
			 halves[_i].status);
	daemon_assert_log_has(&d, halves[_i].says);
	daemon_discard(&d);
}
END_TEST

/* By a descriptor: the build may be where only root can look. */
static int run_as_alice(const void *arg)
{
	static const struct user alice = { 1000, 1000, NULL, 0 };
	static const char *const argv[] = { "fdbrokerd", NULL };
	const struct daemon *d = arg;
	const char *build = getenv("builddir");
	char path[PATH_MAX];
	int program, log;

	snprintf(path, sizeof(path), "%s/fdbrokerd", build ? build : ".");
	program = open(path, O_RDONLY | O_CLOEXEC);
	log = open(d->log, O_WRONLY | O_CREAT, 0600);
	dup2(log, STDERR_FILENO);
	user_become(&alice);
	fexecve(program, (char **)(uintptr_t)argv, environ);
	return 127;
}

START_TEST(start_by_somebody_else_than_root_is_refused)
{
	struct daemon d;

	daemon_prepare(&d);
	ck_assert_int_eq(forked_run(run_as_alice, &d), EXIT_FAILURE);
	daemon_assert_log_has(&d, "must be started as root");
	daemon_discard(&d);
}
END_TEST

/* What a kernel without Landlock says, to this process and what it starts. */
static void take_landlock_away(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	ck_assert_int_eq(seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0), 0);
	ck_assert_int_eq(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
					  SCMP_SYS(landlock_create_ruleset), 0),
			 0);
	ck_assert_int_eq(seccomp_load(filter), 0);
	seccomp_release(filter);
}

START_TEST(start_without_landlock_is_refused)
{
	struct daemon d;

	daemon_prepare(&d);
	take_landlock_away();
	ck_assert_int_eq(daemon_fails(&d), EXIT_FAILURE);
	daemon_assert_log_has(&d, "to serve without: require-landlock no");
	daemon_discard(&d);
}
END_TEST

START_TEST(start_without_landlock_can_be_wanted)
{
	struct daemon d;
	int sock;

	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", POLICY);
	daemon_write_config(&d, "require-landlock no;");
	take_landlock_away();
	daemon_start(&d);
	daemon_assert_status(&d, "landlock", "none");
	sock = daemon_connect(&d);
	fd_close(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL));
	fd_close(sock);
	daemon_assert_log_has(&d, "this kernel has no Landlock");
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("start");
	TCase *tcase = suite_case(suite, "start");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_loop_test(tcase, start_refuses_sockets_that_are_not_ours, 0, ELEMENTSOF(inputs));
	tcase_add_test(tcase, start_tells_sockets_apart_by_path_where_they_have_no_names);
	tcase_add_test(tcase, start_needs_no_admin_socket);
	tcase_add_test(tcase, start_is_ready_when_the_policy_is_loaded);
	tcase_add_test(tcase, start_that_is_ended_before_it_serves_is_over);
	tcase_add_test(tcase, start_that_is_ended_when_it_serves_loses_no_record);
	tcase_add_test(tcase, start_with_a_bad_policy_is_degraded_and_says_so);
	tcase_add_test(tcase, start_keeps_the_watchdog_content);
	tcase_add_loop_test(tcase, start_refuses_bad_arguments, 0, ELEMENTSOF(bad_arguments));
	tcase_add_test(tcase, start_refuses_an_audit_file_that_is_none);
	tcase_add_loop_test(tcase, start_refuses_settings_that_are_wrong, 0, ELEMENTSOF(configs));
	tcase_add_test(tcase, start_refuses_settings_that_are_not_there);
	tcase_add_test(tcase, start_as_a_service_takes_no_other_policy);
	tcase_add_test(tcase, start_without_its_users_says_how_to_get_them);
	tcase_add_test(tcase, start_without_landlock_is_refused);
	tcase_add_test(tcase, start_without_landlock_can_be_wanted);
	tcase_add_loop_test(tcase, start_of_what_is_installed_by_halves_says_what_is_missing, 0,
			    ELEMENTSOF(halves));
	tcase_add_test(tcase, start_by_somebody_else_than_root_is_refused);
	return suite_main(suite);
}
