/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What it costs to open a file through the real daemon, against opening it oneself and against the
 * least that a broker can do (bench/yardstick.h).
 *
 * Client and servers share one processor, so that what is measured is the work, and not how long a
 * processor that sleeps takes to wake. Absolute times are the machine's and the hour's; what means
 * something are the ratios, which are taken within a round.
 *
 * Peers (bench/peers.h) are started by this program, with all that is theirs in the stage's directory, and
 * asked over one connection each, where they have any. Root asks them: who has connected is root, and so is
 * who runs sudo(8), whose real id counts, by the machine's own sudoers, without a password or a terminal.
 * Those that open the file do no less, and mostly no more, than that: the D-Bus service judges nothing, the
 * file system neither. But seatd(1) takes only devices; it is shown a file under such a name, finds it by
 * realpath(3) and keeps it open until it is told to close it, which "open" leaves to the end of the round.
 * And s6-fdholderd(1) opens nothing: it has the descriptor already.
 */
#include "bench/bench_open.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "bench/measure.h"

#define ROUNDS	 21U
#define REQUESTS 2000U

/* What there will be besides, unmodified programs and what a launcher starts, is a part each. */
static const struct {
	const char *name;
	void (*run)(struct bench *bench);
} parts[] = {
	{ "kinds", bench_kinds },   { "others", bench_others }, { "costs", bench_costs },
	{ "growth", bench_growth }, { "crowds", bench_crowds }, { "peers", bench_peers },
};

static void note_row(struct bench *bench, const char *name, double value, const char *limit,
		     const char *unit, bool within)
{
	bench->over |= !within;
	if (bench->results)
		fprintf(bench->results, "row\t%s\t%.3f\t%s\t%s\t%s\n", name, value, limit, unit,
			within ? "" : "over");
}

void bench_row(struct bench *bench, const char *name, double value, double limit, const char *unit,
	       const char *note)
{
	bool within = measure_row(name, value, bench->smoke ? 0 : limit, unit, note);
	char text[32] = "";

	if (limit > 0)
		snprintf(text, sizeof(text), "≤ %.2f", limit);
	note_row(bench, name, value, text, unit, within);
}

void bench_row_least(struct bench *bench, const char *name, double value, double limit,
		     const char *unit, const char *note)
{
	bool within = measure_row_least(name, value, bench->smoke ? 0 : limit, unit, note);
	char text[32] = "";

	if (limit > 0)
		snprintf(text, sizeof(text), "≥ %.2f", limit);
	note_row(bench, name, value, text, unit, within);
}

void bench_point(struct bench *bench, const char *plot, const char *line, double x, double y)
{
	if (bench->results)
		fprintf(bench->results, "point\t%s\t%s\t%g\t%.4f\n", plot, line, x, y);
}

static int show_help(void)
{
	puts("usage: bench_open [OPTION]...\n"
	     "\n"
	     "  --budget        exit with 1 if a row is over its limit\n"
	     "  --only=PART     one part alone\n"
	     "  --results=FILE  write what came out for bench/report, too\n"
	     "  --smoke         little of everything: whether it runs\n"
	     "\n"
	     "Parts:");
	for (size_t i = 0; i < ELEMENTSOF(parts); i++)
		printf("  %s\n", parts[i].name);
	return EXIT_SUCCESS;
}

static void note_machine(FILE *results)
{
	char line[256], date[32] = "?";
	struct utsname name = { 0 };
	time_t now = time(NULL);
	struct tm tm;

	uname(&name);
	strftime(date, sizeof(date), "%Y-%m-%d", gmtime_r(&now, &tm));
	fprintf(results, "machine\tdate\t%s\n", date);
	fprintf(results, "machine\tkernel\t%s %s %s\n", name.sysname, name.release, name.machine);
	fprintf(results, "machine\tprocessor\t%s, %ld of them\n",
		measure_line("/proc/cpuinfo", "model name", line, sizeof(line)),
		sysconf(_SC_NPROCESSORS_ONLN));
	fprintf(results, "machine\tload when it began\t%s\n",
		measure_line("/proc/loadavg", "", line, sizeof(line)));
}

static void open_results(struct bench *bench, const char *path)
{
	bench->results = fopen(path, "we");
	if (!bench->results)
		measure_die(path, -errno);
	note_machine(bench->results);
}

static bool is_part(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(parts); i++)
		if (strcmp(name, parts[i].name) == 0)
			return true;
	return false;
}

static void run(struct bench *bench, const char *only)
{
	for (size_t i = 0; i < ELEMENTSOF(parts); i++)
		if (!only || strcmp(only, parts[i].name) == 0)
			parts[i].run(bench);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "budget", no_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ "only", required_argument, NULL, 'o' },
		{ "results", required_argument, NULL, 'r' },
		{ "smoke", no_argument, NULL, 's' },
		{ 0 },
	};
	static struct bench bench = { .rounds = ROUNDS, .requests = REQUESTS };
	const char *only = NULL;
	bool budget = false;
	int option, r;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h')
			return show_help();
		if (option == 'o')
			only = optarg;
		if (option == 'r')
			open_results(&bench, optarg);
		if (option == '?' || (only && !is_part(only)))
			return EX_USAGE;
		budget |= option == 'b';
		bench.smoke |= option == 's';
	}
	if (bench.smoke)
		bench.rounds = 1, bench.requests = 20;
	if (measure_on_one_processor() < 0)
		fprintf(stderr, "bench_open: not held to one processor\n");
	r = stage_init(&bench.stage);
	if (r != 0)
		return r;
	run(&bench, only);
	stage_done(&bench.stage);
	if (bench.results && fclose(bench.results) != 0)
		measure_die("results", -errno);
	return budget && bench.over ? EXIT_FAILURE : EXIT_SUCCESS;
}
