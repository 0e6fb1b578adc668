/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/batching.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"
#include "wire/admin.h"
#include "wire/message.h"

/* What the real daemon counts, as `fdbrokerctl top` and `metrics` show it. */

#define CLIENTS 4
#define ROUNDS	50 /* of each client */

static struct scene s;

static void start(void)
{
	char policy[1024];

	scene_prepare(&s);
	snprintf(policy, sizeof(policy),
		 "version 1;\n"
		 "for user 30000 or user 30001 {\n"
		 "    good: allow read \"%s\";\n"
		 "    bad: allow read \"/etc/hostname\" { owner 12345; }\n"
		 "    few: allow read \"/etc/passwd\" { rate 1/h burst 3 per rule; }\n"
		 "    gone: allow read \"/nowhere\";\n"
		 "    home: allow read \"%%h/x\";\n"
		 "    idle: allow read \"/idle\";\n"
		 "}\n"
		 "no: deny any '/etc/shadow';\n"
		 "hidden: deny any '/etc/gshadow' { hide; }\n",
		 s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", NULL);
	daemon_write_policy(&s.daemon, "t.fdp", policy);
	daemon_start(&s.daemon);
}

/* What a command writes on stdout; the caller frees it. */
static char *output_of(const char *command)
{
	char line[512], *text = NULL;
	size_t size;
	FILE *pipe, *memory = open_memstream(&text, &size);
	size_t n;

	ck_assert_ptr_nonnull(memory);
	snprintf(line, sizeof(line), "%s/fdbrokerctl %s --socket=%s", getenv("builddir"), command,
		 s.daemon.admin);
	pipe = popen(line, "re");
	ck_assert_ptr_nonnull(pipe);
	while ((n = fread(line, 1, sizeof(line), pipe)) > 0)
		fwrite(line, 1, n, memory);
	ck_assert_int_eq(pclose(pipe), 0);
	fclose(memory);
	return text;
}

static const char *const others[] = { "/etc/passwd",  "/etc/hostname", "/nowhere",  "/etc/shadow",
				      "/etc/gshadow", "/elsewhere",    "/no/../way" };

static void ask(int sock, const char *path)
{
	fd_close(daemon_ask(sock, path, WIRE_OPEN_READ, NULL));
}

static int one_of_each(const void *arg)
{
	int sock = daemon_connect(&s.daemon);

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		ask(sock, s.own);
		for (size_t j = 0; j < ELEMENTSOF(others); j++)
			ask(sock, others[j]);
	}
	fd_close(sock);
	return 0;
}

#define RUN 5 /* members of a batch that ask for the same, one after the other */

/* What one_of_each() asks for, in batches. */
static int runs_of_each(const void *arg)
{
	const char *paths[RUN * (1 + ELEMENTSOF(others))];
	struct wire_answer results[ELEMENTSOF(paths)];
	int sock = daemon_connect(&s.daemon);

	(void)arg;
	for (size_t i = 0; i < ELEMENTSOF(paths); i++)
		paths[i] = i < RUN ? s.own : others[i / RUN - 1];
	for (int i = 0; i < ROUNDS / RUN; i++) {
		batching_send(sock, 7, paths, ELEMENTSOF(paths));
		batching_receive(sock, 7, ELEMENTSOF(paths), results, NULL);
		for (size_t j = 0; j < ELEMENTSOF(paths); j++)
			if (results[j].reason == WIRE_REASON_SINGLY)
				ask(sock, paths[j]);
	}
	fd_close(sock);
	return 0;
}

static int (*const ways_to_ask[])(const void *arg) = { one_of_each, runs_of_each };

/* What one client runs: as whom, and how he asks. */
struct asking {
	uid_t uid;
	int (*ask)(const void *arg);
};

static int one_client(const void *arg)
{
	const struct asking *asking = arg;
	const struct user user = { .uid = asking->uid, .gid = asking->uid };

	user_become(&user);
	return asking->ask(NULL);
}

static void run_clients_that(int (*ask_all)(const void *arg))
{
	const struct asking asking[] = { { ALICE, ask_all }, { BOB, ask_all } };
	pid_t pids[CLIENTS];

	for (size_t i = 0; i < CLIENTS; i++)
		pids[i] = forked_start(one_client, &asking[i % ELEMENTSOF(asking)]);
	for (size_t i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(forked_wait(pids[i]), 0);
}

static void run_clients(void)
{
	run_clients_that(one_of_each);
}

/* The first object that `top --json` writes. */
static struct json_object *top_json(void)
{
	_cleanup_(freep) char *text = output_of("top --json -n 1");
	struct json_object *object = json_tokener_parse(text);

	ck_assert_msg(object, "%s", text);
	return object;
}

static uint64_t number(struct json_object *object, const char *key)
{
	struct json_object *value;

	ck_assert_msg(json_object_object_get_ex(object, key, &value), "no %s", key);
	return json_object_get_uint64(value);
}

/* The row of a rule in the list @key. */
static struct json_object *row_of(struct json_object *top, const char *key, const char *rule)
{
	struct json_object *list, *name;

	ck_assert(json_object_object_get_ex(top, key, &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *row = json_object_array_get_idx(list, i);

		ck_assert(json_object_object_get_ex(row, "rule", &name));
		if (strcmp(json_object_get_string(name), rule) == 0)
			return row;
	}
	ck_abort_msg("no row for %s", rule);
}

#define EACH (CLIENTS * ROUNDS)

static const struct expected {
	const char *list, *rule;
	uint64_t granted, denied, condition, rate, failed, unresolved;
} expectations[] = {
	{ "rules", "t.good", .granted = EACH },
	{ "rules", "t.bad", .condition = EACH },
	{ "rules", "t.few", .granted = 3, .rate = EACH - 3 },
	{ "rules", "t.gone", .failed = EACH },
	{ "rules", "t.home", .unresolved = CLIENTS },
	{ "rules", "t.idle", .granted = 0 },
	{ "rules", "t.no", .denied = EACH },
	{ "rules", "t.hidden", .denied = EACH },
	{ "others", "(default deny)", .denied = EACH },
	{ "others", "(not judged)", .denied = EACH },
};

static void assert_counts(struct json_object *top, const struct expected *e)
{
	struct json_object *row = row_of(top, e->list, e->rule);
	const struct {
		const char *key;
		uint64_t expected;
	} counts[] = {
		{ "granted", e->granted },
		{ "denied", e->denied },
		{ "condition_failed", e->condition },
		{ "rate_limited", e->rate },
		{ "failed", e->failed },
		{ "unresolved", e->unresolved },
		{ "decisions", e->granted + e->denied + e->condition + e->rate + e->failed },
	};

	for (size_t i = 0; i < ELEMENTSOF(counts); i++)
		ck_assert_msg(number(row, counts[i].key) == counts[i].expected,
			      "%s: %" PRIu64 " %s, not %" PRIu64, e->rule,
			      number(row, counts[i].key), counts[i].key, counts[i].expected);
	ck_assert_int_eq(number(row, "last") > 0, number(row, "decisions") > 0);
}

START_TEST(every_decision_is_counted_once_and_by_its_rule)
{
	struct json_object *top;

	start();
	run_clients_that(ways_to_ask[_i]);
	top = top_json();
	for (size_t i = 0; i < ELEMENTSOF(expectations); i++)
		assert_counts(top, &expectations[i]);
	ck_assert_uint_eq(number(top, "decisions"), 8 * EACH);
	ck_assert_uint_eq(number(top, "decisions"), daemon_number(&s.daemon, "requests"));
	ck_assert_uint_eq(number(top, "granted"), daemon_number(&s.daemon, "opened"));
	json_object_put(top);
	scene_stop(&s);
}
END_TEST

static uint64_t generation_now(void)
{
	struct json_object *top = top_json();
	uint64_t generation = number(top, "generation");

	json_object_put(top);
	return generation;
}

START_TEST(a_new_generation_counts_anew)
{
	struct json_object *top;

	start();
	run_clients();
	ck_assert_uint_eq(generation_now(), 1);
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	ck_assert_uint_eq(generation_now(), 2);
	top = top_json();
	ck_assert_uint_eq(number(top, "decisions"), 0);
	json_object_put(top);
	run_clients();
	top = top_json();
	ck_assert_uint_eq(number(top, "decisions"), 8 * EACH);
	json_object_put(top);
	scene_stop(&s);
}
END_TEST

START_TEST(a_batch_shows_the_rules_by_their_hits)
{
	_cleanup_(freep) char *text = NULL;
	const char *bad, *idle, *standard;

	start();
	run_clients();
	text = output_of("top -b -n 2 -d 0.1");
	ck_assert_msg(strncmp(text, "fdbroker  generation 1  sha256:", 31) == 0, "%s", text);
	bad = strstr(text, "\nt.bad ");
	idle = strstr(text, "\nt.idle ");
	standard = strstr(text, "\n(default deny) ");
	ck_assert_msg(bad && idle && standard && bad < idle && idle < standard, "%s", text);
	ck_assert_ptr_nonnull(strstr(idle, "never  "));
	ck_assert_ptr_nonnull(strstr(idle, "0 hits in "));
	ck_assert_ptr_nonnull(strstr(standard, "\n\nfdbroker  generation 1"));
	scene_stop(&s);
}
END_TEST

/* metrics: the exposition format, line by line */

struct exposition {
	char family[128], type[16]; /* of the samples that follow */
	char seen[4096];	    /* families so far, each with a space before and behind */
	uint64_t bucket, count;	    /* the last */
	bool has_ended;
};

static void begin_family(struct exposition *e, const char *line)
{
	char entry[160];

	ck_assert_msg(sscanf(line, "# TYPE %127s %15s", e->family, e->type) == 2, "%s", line);
	ck_assert_msg(strcmp(e->type, "counter") == 0 || strcmp(e->type, "gauge") == 0 ||
			      strcmp(e->type, "histogram") == 0,
		      "%s", line);
	snprintf(entry, sizeof(entry), " %s ", e->family);
	ck_assert_msg(!strstr(e->seen, entry), "%s comes twice", e->family);
	snprintf(e->seen + strlen(e->seen), sizeof(e->seen) - strlen(e->seen), "%s", entry);
	e->bucket = 0;
}

/* name="value", …; what follows "}". */
static const char *read_labels(const char *at)
{
	do {
		size_t name = strspn(++at, "abcdefghijklmnopqrstuvwxyz_");

		ck_assert_uint_gt(name, 0);
		at += name;
		ck_assert_int_eq(strncmp(at, "=\"", 2), 0);
		for (at += 2; *at != '"'; at++) {
			ck_assert(*at && *at != '\n');
			at += *at == '\\';
		}
		at++;
	} while (*at == ',');
	ck_assert_int_eq(*at, '}');
	return at + 1;
}

static void check_histogram(struct exposition *e, const char *suffix, uint64_t value)
{
	if (strcmp(suffix, "_bucket") == 0) {
		ck_assert_uint_ge(value, e->bucket);
		e->bucket = value;
	} else if (strcmp(suffix, "_count") == 0) {
		ck_assert_uint_eq(value, e->bucket);
		e->count = value;
	} else {
		ck_assert_str_eq(suffix, "_sum");
	}
}

static void check_sample(struct exposition *e, const char *line)
{
	size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz_"), family = strlen(e->family);
	_cleanup_(freep) char *suffix = NULL;
	const char *at = line + name;
	char *end;
	double value;

	ck_assert_msg(strncmp(line, e->family, family) == 0 && name >= family, "%s: %s", e->family,
		      line);
	suffix = strndup(line + family, name - family);
	if (*at == '{')
		at = read_labels(at);
	ck_assert_msg(*at == ' ', "%s", line);
	value = strtod(at + 1, &end);
	ck_assert_msg(end > at + 1 && *end == '\n' && value >= 0, "%s", line);
	if (strcmp(e->type, "histogram") == 0)
		check_histogram(e, suffix, (uint64_t)value);
	else
		ck_assert_str_eq(suffix, strcmp(e->type, "counter") == 0 ? "_total" : "");
}

static void check_exposition(struct exposition *e, const char *text)
{
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		ck_assert_ptr_nonnull(strchr(line, '\n'));
		ck_assert(!e->has_ended);
		if (strncmp(line, "# TYPE ", 7) == 0)
			begin_family(e, line);
		else if (strncmp(line, "# EOF\n", 6) == 0)
			e->has_ended = true;
		else if (strncmp(line, "# HELP ", 7) == 0)
			ck_assert_int_eq(strncmp(line + 7, e->family, strlen(e->family)), 0);
		else
			check_sample(e, line);
	}
	ck_assert(e->has_ended);
}

START_TEST(metrics_are_what_a_collector_reads)
{
	static const char *const lines[] = {
		"fdbroker_active 1\n",
		"fdbroker_generation 1\n",
		"fdbroker_decisions_total{outcome=\"rate\"} 197\n",
		"fdbroker_rule_decisions_total{rule=\"t.bad\",outcome=\"condition\"} 200\n",
		"fdbroker_rule_decisions_total{rule=\"t.idle\",outcome=\"granted\"} 0\n",
		"fdbroker_rule_decisions_total{rule=\"(default deny)\",outcome=\"denied\"} 200\n",
		"fdbroker_rule_unresolved_total{rule=\"t.home\"} 4\n",
		"fdbroker_records_lost_total ",
	};
	struct exposition e = { 0 };
	_cleanup_(freep) char *text = NULL;

	start();
	run_clients();
	text = output_of("metrics");
	check_exposition(&e, text);
	ck_assert_uint_eq(e.count, 8 * EACH);
	for (size_t i = 0; i < ELEMENTSOF(lines); i++)
		ck_assert_msg(strstr(text, lines[i]), "no %s in %s", lines[i], text);
	scene_stop(&s);
}
END_TEST

/* The descriptor that the admin socket gives; the caller's. */
static int ask_for_tally(void)
{
	const struct admin_request request = { .opcode = ADMIN_OPCODE_TALLY };
	const struct message_want want = { .fds = 1 };
	static uint8_t buffer[WIRE_MESSAGE_MAX];
	int sock = daemon_try_connect(s.daemon.admin), fd, size;
	struct message m = MESSAGE_EMPTY;

	ck_assert_int_ge(sock, 0);
	size = admin_request_write(&request, buffer, sizeof(buffer));
	ck_assert_int_eq(message_send(sock, buffer, (size_t)size, NULL), 0);
	scene_await(sock);
	ck_assert_int_eq(message_receive(sock, buffer, sizeof(buffer), &want, &m), 1);
	ck_assert_uint_eq(m.n_fds, 1);
	fd = TAKE_FD(m.fds[0]);
	message_done(&m);
	fd_close(sock);
	return fd;
}

START_TEST(nobody_but_the_broker_writes_the_counters)
{
	char byte = 0;
	int fd;

	start();
	fd = ask_for_tally();
	ck_assert_int_eq(pread(fd, &byte, 1, 0), 1);
	ck_assert(pwrite(fd, &byte, 1, 0) < 0 && errno == EPERM);
	ck_assert(ftruncate(fd, 0) < 0 && errno == EPERM);
	ck_assert(ftruncate(fd, 1 << 20) < 0 && errno == EPERM);
	ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	fd_close(fd);
	scene_stop(&s);
}
END_TEST

/* the live screen */

struct live {
	pid_t leader, top;
	int master, statuses; /* what waitpid(2) says of it */
	struct termios before;
};

static void run_top(void)
{
	char socket[128], program[256];

	snprintf(socket, sizeof(socket), "--socket=%s", s.daemon.admin);
	snprintf(program, sizeof(program), "%s/fdbrokerctl", getenv("builddir"));
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	execl(program, "fdbrokerctl", "top", "-d", "0.2", socket, NULL);
	_exit(127);
}

/* What a shell does: a process group of its own in front, else it could not be stopped. */
static void lead(int statuses)
{
	int status;
	pid_t pid;

	signal(SIGTTOU, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(STDIN_FILENO, getpid());
		signal(SIGTTOU, SIG_DFL);
		run_top();
	}
	setpgid(pid, pid);
	if (write(statuses, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	do {
		if (waitpid(pid, &status, WUNTRACED) < 0 ||
		    write(statuses, &status, sizeof(status)) != sizeof(status))
			_exit(1);
	} while (WIFSTOPPED(status));
	_exit(0);
}

/* Read from the terminal until @what comes. */
static void await_shown(struct live *live, const char *what)
{
	static char seen[1 << 20];
	size_t n = 0;

	while (!memmem(seen, n, what, strlen(what))) {
		ssize_t got = 0;

		ck_assert_int_gt(clock_wait(live->master, POLLIN,
					    clock_monotonic_usec() + 20 * USEC_PER_SEC),
				 0);
		got = read(live->master, seen + n, sizeof(seen) - n);
		ck_assert_int_gt(got, 0);
		n += (size_t)got;
		ck_assert_uint_lt(n, sizeof(seen));
	}
}

static bool is_as_before(const struct live *live)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(live->master, &now), 0);
	return now.c_lflag == live->before.c_lflag && now.c_iflag == live->before.c_iflag &&
	       now.c_oflag == live->before.c_oflag;
}

static void open_top(struct live *live)
{
	struct winsize size = { .ws_row = 24, .ws_col = 120 };
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	live->leader = forkpty(&live->master, NULL, NULL, &size);
	ck_assert_int_ge(live->leader, 0);
	if (live->leader == 0)
		lead(pipes[1]);
	close(pipes[1]);
	live->statuses = pipes[0];
	ck_assert_int_eq(tcgetattr(live->master, &live->before), 0);
	ck_assert_int_eq(read(live->statuses, &live->top, sizeof(live->top)), sizeof(live->top));
	await_shown(live, "q quit");
	ck_assert(!is_as_before(live));
}

static int next_status(struct live *live)
{
	int status;

	ck_assert_int_eq(read(live->statuses, &status, sizeof(status)), sizeof(status));
	return status;
}

static void press(const struct live *live, const char *keys)
{
	ck_assert_int_eq(write(live->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* It has ended; the terminal shows what it did before. */
static void assert_restored(struct live *live)
{
	await_shown(live, "\033[?1049l");
	ck_assert(is_as_before(live));
}

static void close_top(struct live *live)
{
	close(live->statuses);
	close(live->master);
	waitpid(live->leader, NULL, 0);
}

START_TEST(keys_work_on_the_live_screen)
{
	struct live live;
	int status;

	start();
	open_top(&live);
	press(&live, "ss");
	await_shown(&live, "refused");
	press(&live, "\033OB\033[6~\033OA\033[5~");
	/* A new generation is followed. */
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	await_shown(&live, "2");
	press(&live, "q");
	status = next_status(&live);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_restored(&live);
	close_top(&live);
	scene_stop(&s);
}
END_TEST

START_TEST(the_live_screen_fits_the_terminal)
{
	struct winsize narrow = { .ws_row = 10, .ws_col = 60 };
	struct live live;

	start();
	open_top(&live);
	ck_assert_int_eq(ioctl(live.master, TIOCSWINSZ, &narrow), 0);
	await_shown(&live, "…");
	press(&live, "q");
	(void)next_status(&live);
	assert_restored(&live);
	close_top(&live);
	scene_stop(&s);
}
END_TEST

static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

START_TEST(a_signal_ends_the_live_screen_and_the_terminal_is_as_before)
{
	struct live live;
	int status;

	start();
	open_top(&live);
	kill(live.top, deadly[_i]);
	status = next_status(&live);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == deadly[_i]);
	assert_restored(&live);
	close_top(&live);
	scene_stop(&s);
}
END_TEST

START_TEST(the_terminal_is_as_before_while_the_live_screen_is_stopped)
{
	struct live live;
	int status;

	start();
	open_top(&live);
	press(&live, "\032"); /* ^Z */
	status = next_status(&live);
	ck_assert(WIFSTOPPED(status));
	assert_restored(&live);
	kill(live.top, SIGCONT);
	await_shown(&live, "q quit");
	ck_assert(!is_as_before(&live));
	press(&live, "q");
	status = next_status(&live);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_restored(&live);
	close_top(&live);
	scene_stop(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("top");
	TCase *tcase = suite_case(suite, "top");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_loop_test(tcase, every_decision_is_counted_once_and_by_its_rule, 0,
			    ELEMENTSOF(ways_to_ask));
	tcase_add_test(tcase, a_new_generation_counts_anew);
	tcase_add_test(tcase, a_batch_shows_the_rules_by_their_hits);
	tcase_add_test(tcase, metrics_are_what_a_collector_reads);
	tcase_add_test(tcase, nobody_but_the_broker_writes_the_counters);
	tcase_add_test(tcase, keys_work_on_the_live_screen);
	tcase_add_test(tcase, the_live_screen_fits_the_terminal);
	tcase_add_loop_test(tcase, a_signal_ends_the_live_screen_and_the_terminal_is_as_before, 0,
			    (int)ELEMENTSOF(deadly));
	tcase_add_test(tcase, the_terminal_is_as_before_while_the_live_screen_is_stopped);
	return suite_main(suite);
}
