/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * P82: whether the time of an answer tells what is there. A caller asks, again and again, for
 * names of six kinds of objects in an order drawn anew each time, and each kind is held against
 * what is not there: by the sign test, whose pairs are of one draw, so that whatever else the
 * machine does is done to both. That a name is another name is no difference: the kinds change
 * places. What the caller may name is measured too, where there must be a difference: it
 * says that one would be seen.
 *
 * tests/system/check_oracle.c compares the answers themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "bench/measure.h"
#include "bench/stage.h"
#include "client/fdbroker.h"

#define DRAWS_MAX 12000U
#define RULES	  1000U
#define Z_MAX	  4.5 /* by chance once in 150,000 */

enum kind { MISSING, FILE_, DIRECTORY, LINK, UNREADABLE, FIFO, KINDS };

static const char *const kind_names[] = {
	[MISSING] = "missing",	     [FILE_] = "file", [DIRECTORY] = "directory", [LINK] = "link",
	[UNREADABLE] = "unreadable", [FIFO] = "fifo",
};

static struct stage stage;
static struct fdbroker *broker;
static unsigned int draws = DRAWS_MAX;
static bool smoke, over;

static uint32_t nsec[KINDS][DRAWS_MAX];

/* what is asked */

static int ask_open(const char *path)
{
	int fd = fdbroker_open(broker, path, O_RDONLY | O_NONBLOCK, 0, NULL);

	if (fd >= 0)
		fd_close(fd);
	return fd < 0 ? fd : 0;
}

static int ask_stat(const char *path)
{
	struct stat st;

	return fdbroker_stat(broker, path, AT_SYMLINK_NOFOLLOW, &st, NULL);
}

static int ask_create(const char *path)
{
	return fdbroker_open(broker, path, O_WRONLY | O_CREAT | O_EXCL, 0600, NULL);
}

static const struct question {
	const char *name;
	const char *place, *asked; /* where the objects are, and by what way they are asked for */
	int (*ask)(const char *path);
	int refusal; /* 0: as it comes */
	bool tells;  /* and is to be seen to */
} questions[] = {
	{ "no rule names it, open", "secret", "secret", ask_open, -EACCES, false },
	{ "no rule names it, stat", "secret", "secret", ask_stat, -EACCES, false },
	{ "no rule names it, create", "secret", "secret", ask_create, -EACCES, false },
	{ "a rule denies it, open", "denied", "denied", ask_open, -EACCES, false },
	{ "a rule hides it, open", "hidden", "hidden", ask_open, -ENOENT, false },
	{ "a rule hides it, stat", "hidden", "hidden", ask_stat, -ENOENT, false },
	{ "her own link leads there, open", "secret", "home/way", ask_open, -EACCES, false },
	{ "it may be named, stat", "named", "named", ask_stat, 0, true },
};

/* the scene */

static void path_of(char *path, size_t size, const char *place, size_t i)
{
	snprintf(path, size, "%s/%s/n%zu", stage.directory, place, i);
}

static void make(enum kind kind, const char *path)
{
	int r = 0;

	if (kind == FILE_ || kind == UNREADABLE)
		r = mknod(path, S_IFREG | 0600, 0);
	else if (kind == DIRECTORY)
		r = mkdir(path, 0755);
	else if (kind == LINK)
		r = symlink("/etc/passwd", path);
	else if (kind == FIFO)
		r = mkfifo(path, 0600);
	if (r == 0 && kind != MISSING && kind != LINK && kind != UNREADABLE)
		r = chmod(path, 0777);
	if (r < 0)
		measure_die(path, -errno);
}

/* Kind number k is at name number k + @turn. */
static void arrange(const char *place, size_t turn)
{
	char path[128];

	for (size_t i = 0; i < KINDS; i++) {
		path_of(path, sizeof(path), place, i);
		(void)remove(path);
	}
	for (size_t kind = 0; kind < KINDS; kind++) {
		path_of(path, sizeof(path), place, (kind + turn) % KINDS);
		make((enum kind)kind, path);
	}
}

static void make_places(void)
{
	static const char *const places[] = { "secret", "denied", "hidden", "named" };
	char path[128];

	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		snprintf(path, sizeof(path), "%s/%s", stage.directory, places[i]);
		if (mkdir(path, 0755) < 0)
			measure_die(path, -errno);
	}
	snprintf(path, sizeof(path), "%s/home/way", stage.directory);
	if (symlink("../secret", path) < 0 || lchown(path, STAGE_CALLER, STAGE_CALLER) < 0)
		measure_die(path, -errno);
}

static void write_rules(char *rules, size_t size)
{
	const char *d = stage.directory;

	snprintf(rules, size,
		 "for user %d { way: allow read, stat, create \"%s/home/**\", \"%s/named/**\"; }\n"
		 "denied: deny any \"%s/denied/**\";\n"
		 "hidden: deny any \"%s/hidden/**\" { hide; }\n",
		 STAGE_CALLER, d, d, d, d);
	stage.rules = rules;
}

/* the measurement */

static void shuffle(size_t *order)
{
	for (size_t i = KINDS; i-- > 1;) {
		size_t other = (size_t)random() % (i + 1), was = order[i];

		order[i] = order[other];
		order[other] = was;
	}
}

static void draw(const struct question *question, size_t turn, size_t at)
{
	size_t order[KINDS];
	char path[128];

	for (size_t i = 0; i < KINDS; i++)
		order[i] = i;
	shuffle(order);
	for (size_t i = 0; i < KINDS; i++) {
		uint64_t start;
		int r;

		path_of(path, sizeof(path), question->asked, (order[i] + turn) % KINDS);
		start = measure_wall_nsec();
		r = question->ask(path);
		nsec[order[i]][at] = (uint32_t)(measure_wall_nsec() - start);
		if (question->refusal != 0 && r != question->refusal)
			measure_die(question->name, r);
	}
}

static void draw_all(const struct question *question)
{
	unsigned int a_turn = draws / KINDS;

	for (size_t turn = 0; turn < KINDS; turn++) {
		arrange(question->place, turn);
		stage_as_caller();
		for (size_t i = 0; i < a_turn; i++)
			draw(question, turn, turn * a_turn + i);
		stage_as_root();
	}
}

/* How often the one was quicker than the other, in standard deviations from half of the draws. */
static double sign_test(const uint32_t *one, const uint32_t *other, size_t n)
{
	double less = 0, decided = 0;

	for (size_t i = 0; i < n; i++) {
		less += one[i] < other[i];
		decided += one[i] != other[i];
	}
	return decided > 0 ? (less - decided / 2) / sqrt(decided / 4) : 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double median_usec(const uint32_t *items, size_t n)
{
	static uint32_t sorted[DRAWS_MAX];

	memcpy(sorted, items, n * sizeof(*items));
	qsort(sorted, n, sizeof(*sorted), compare);
	return sorted[n / 2] / 1e3;
}

static void judge(const struct question *question, double most)
{
	bool told = most > Z_MAX;

	if (smoke)
		return;
	if (told != question->tells)
		over = true;
	printf("%-32s %s%s\n", "", told ? "can be told apart" : "cannot be told apart",
	       told == question->tells ? "" : ": OVER");
}

static void run(const struct question *question)
{
	size_t n = draws / KINDS * KINDS;
	double most = 0;

	draw_all(question);
	printf("%-32s %-11s %8.3f us\n", question->name, kind_names[MISSING],
	       median_usec(nsec[MISSING], n));
	for (size_t kind = 1; kind < KINDS; kind++) {
		double z = sign_test(nsec[kind], nsec[MISSING], n);

		if (fabs(z) > most)
			most = fabs(z);
		printf("%-32s %-11s %8.3f us  z %+6.1f\n", "", kind_names[kind],
		       median_usec(nsec[kind], n), z);
	}
	judge(question, most);
	fflush(stdout);
}

/* Where all else may be named it is the same answer; and another work, that is no secret. */
static void compare_hidden(void)
{
	static uint32_t hidden[DRAWS_MAX], none[DRAWS_MAX];
	char path[128];

	stage_as_caller();
	for (size_t i = 0; i < draws; i++) {
		uint64_t start = measure_wall_nsec();

		path_of(path, sizeof(path), "hidden", i % KINDS);
		ask_open(path);
		hidden[i] = (uint32_t)(measure_wall_nsec() - start);
		start = measure_wall_nsec();
		path_of(path, sizeof(path), "named", KINDS + i % KINDS);
		ask_open(path);
		none[i] = (uint32_t)(measure_wall_nsec() - start);
	}
	stage_as_root();
	printf("%-32s %-11s %8.3f us\n", "not there, where it may be named", "missing",
	       median_usec(none, draws));
	printf("%-32s %-11s %8.3f us  z %+6.1f\n", "", "hidden", median_usec(hidden, draws),
	       sign_test(hidden, none, draws));
}

static int measure(void)
{
	struct stage_daemon daemon;
	static char rules[1024];
	int r;

	r = stage_init(&stage);
	if (r != 0)
		return r;
	make_places();
	write_rules(rules, sizeof(rules));
	stage_daemon_start(&stage, smoke ? 10 : RULES, &daemon);
	stage_as_caller();
	r = fdbroker_connect(&broker, daemon.socket);
	stage_as_root();
	if (r < 0)
		measure_die("cannot connect", r);
	for (size_t i = 0; i < ELEMENTSOF(questions); i++)
		run(&questions[i]);
	compare_hidden();
	fdbroker_close(broker);
	stage_daemon_stop(&daemon);
	stage_done(&stage);
	return 0;
}

int main(int argc, char **argv)
{
	const struct measure_options given = measure_begin(argc, argv);
	int r;

	smoke = given.smoke;
	if (smoke)
		draws = 4 * KINDS;
	r = measure();
	if (r != 0)
		return r;
	return given.budget && over ? EXIT_FAILURE : EXIT_SUCCESS;
}
