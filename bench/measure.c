/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/measure.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

double measure_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

uint64_t measure_wall_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void measure_die(const char *what, int r)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(-r));
	exit(EXIT_FAILURE);
}

void series_add(struct series *series, double value)
{
	if (series->n < MEASURE_ROUNDS_MAX)
		series->items[series->n++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double series_median(struct series *series)
{
	qsort(series->items, series->n, sizeof(series->items[0]), compare);
	return series->n > 0 ? series->items[series->n / 2] : 0;
}

double series_least(struct series *series)
{
	qsort(series->items, series->n, sizeof(series->items[0]), compare);
	return series->n > 0 ? series->items[0] : 0;
}

static cpu_set_t at_first; /* none: not known yet */

int measure_on_one_processor(void)
{
	cpu_set_t set;

	if (CPU_COUNT(&at_first) == 0 && sched_getaffinity(0, sizeof(at_first), &at_first) < 0)
		return -errno;
	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0 ? 0 : -errno;
}

int measure_on_all_processors(void)
{
	if (CPU_COUNT(&at_first) == 0)
		return 0;
	return sched_setaffinity(0, sizeof(at_first), &at_first) == 0 ? 0 : -errno;
}

static uint64_t switches_of_thread(pid_t pid, const char *thread)
{
	static const char key[] = "voluntary_ctxt_switches:"; /* and "non" before it */
	char path[320], line[128];
	uint64_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, thread);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, key);

		if (at)
			n += strtoull(at + strlen(key), NULL, 10);
	}
	if (file)
		fclose(file);
	return n;
}

uint64_t measure_switches(pid_t pid)
{
	struct dirent *entry;
	uint64_t n = 0;
	char path[64];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	while (threads && (entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			n += switches_of_thread(pid, entry->d_name);
	if (threads)
		closedir(threads);
	return n;
}

const char *measure_line(const char *path, const char *key, char *line, size_t size)
{
	const char *value = "?";
	FILE *file = fopen(path, "re");

	while (file && fgets(line, (int)size, file)) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		value = line + strlen(key) + strspn(line + strlen(key), "\t :");
		break;
	}
	if (file)
		fclose(file);
	return value;
}

pid_t measure_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		measure_die("fork", -errno);
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

void *measure_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		measure_die("memory", -errno);
	return memory;
}

size_t measure_heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void show_row(const char *name, double value, const char *limit, const char *unit,
		     const char *verdict, const char *note)
{
	printf("%-44s %10.3f %-12s %-6s %-4s %s\n", name, value, limit, unit, verdict,
	       note ? note : "");
	fflush(stdout);
}

static bool row(const char *name, double value, const char *sign, double limit, bool within,
		const char *unit, const char *note)
{
	char text[32] = "";

	if (limit > 0)
		snprintf(text, sizeof(text), "%s %8.3f", sign, limit);
	show_row(name, value, text, unit, within ? "" : "OVER", note);
	return within;
}

bool measure_row(const char *name, double value, double limit, const char *unit, const char *note)
{
	return row(name, value, "<=", limit, limit <= 0 || value <= limit, unit, note);
}

bool measure_row_least(const char *name, double value, double limit, const char *unit,
		       const char *note)
{
	return row(name, value, ">=", limit, value >= limit, unit, note);
}

/* the command line */

/* sched(7): on a machine that has other work, which would be most of what is measured, and which
 * waits meanwhile. What is started inherits it. */
static void go_first(void)
{
	const struct sched_param parameter = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &parameter) < 0)
		measure_die("SCHED_FIFO", -errno);
}

struct measure_options measure_begin(int argc, char **argv)
{
	static const struct option options[] = {
		{ "alone", no_argument, NULL, 'a' },
		{ "budget", no_argument, NULL, 'b' },
		{ "smoke", no_argument, NULL, 's' },
		{ 0 },
	};
	struct measure_options given = { false, false };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			exit(EX_USAGE);
		if (option == 'a')
			go_first();
		given.budget |= option == 'b';
		given.smoke |= option == 's';
	}
	if (measure_on_one_processor() < 0)
		fprintf(stderr, "%s: not held to one processor\n", program_invocation_short_name);
	return given;
}
