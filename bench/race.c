/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/race.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define WARM_UP 4U /* of a round's requests one in so many is made before, uncounted */

static unsigned int files_of(const struct lane *lane)
{
	return lane->files > 0 ? lane->files : 1;
}

static unsigned int requests_of(const struct race *race, const struct lane *lane)
{
	unsigned int n = race->requests / (lane->slow > 0 ? lane->slow : 1);

	return n > 2 ? n : 2;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double median(const uint32_t *nsec, size_t n)
{
	uint32_t *sorted = calloc(n, sizeof(*sorted));
	double usec;

	if (!sorted)
		measure_die("race", -ENOMEM);
	for (size_t i = 0; i < n; i++)
		sorted[i] = nsec[i];
	qsort(sorted, n, sizeof(*sorted), compare);
	usec = (double)sorted[n / 2] / 1e3;
	free(sorted);
	return usec;
}

static void make_request(struct lane *lane)
{
	int r = lane->once(lane->context);

	if (r < 0)
		measure_die(lane->name, r);
}

static uint64_t switches_of(const struct lane *lane)
{
	uint64_t n = measure_switches(getpid());

	for (size_t i = 0; i < RACE_PIDS && lane->servers[i] != 0; i++)
		n += measure_switches(lane->servers[i]);
	return n;
}

/* From the end of one request to that of the next: nothing is left out. */
static uint64_t time_requests(struct lane *lane, uint32_t *nsec, unsigned int n)
{
	uint64_t start = measure_wall_nsec(), last = start, now;

	for (unsigned int i = 0; i < n; i++) {
		make_request(lane);
		now = measure_wall_nsec();
		nsec[i] = now - last > UINT32_MAX ? UINT32_MAX : (uint32_t)(now - last);
		last = now;
	}
	return last - start;
}

static void run_lane(const struct race *race, struct lane *lane)
{
	unsigned int n = requests_of(race, lane);
	uint32_t *nsec = lane->nsec + lane->n;
	double files = (double)n * files_of(lane);
	uint64_t before, nsecs;

	if (lane->reset)
		lane->reset(lane->context);
	else
		for (unsigned int i = 0; i < n / WARM_UP + 1; i++)
			make_request(lane);
	before = switches_of(lane);
	nsecs = time_requests(lane, nsec, n);
	lane->n += n;
	series_add(&lane->switches, (double)(switches_of(lane) - before) / n);
	series_add(&lane->usec, median(nsec, n) / files_of(lane));
	series_add(&lane->rate, files * 1e9 / (double)nsecs);
}

static size_t size_of(const struct race *race, const struct lane *lane)
{
	return sizeof(*lane->nsec) * race->rounds * requests_of(race, lane);
}

void race_prepare(struct race *race)
{
	for (size_t i = 0; i < race->n; i++)
		race->lanes[i].nsec = measure_share(size_of(race, &race->lanes[i]));
}

void race_run(struct race *race)
{
	for (unsigned int round = 0; round < race->rounds; round++)
		for (size_t i = 0; i < race->n; i++)
			run_lane(race, &race->lanes[i]);
}

void race_done(struct race *race)
{
	for (size_t i = 0; i < race->n; i++) {
		munmap(race->lanes[i].nsec, size_of(race, &race->lanes[i]));
		race->lanes[i].nsec = NULL;
	}
}

double race_ratio(const struct lane *lane, const struct lane *other)
{
	struct series ratios = { .n = 0 };

	for (size_t i = 0; i < lane->usec.n && i < other->usec.n; i++)
		series_add(&ratios, lane->usec.items[i] / other->usec.items[i]);
	return series_median(&ratios);
}

double race_quantile(struct lane *lane, double share)
{
	size_t at = (size_t)(share * (double)lane->n);

	if (lane->n == 0)
		return 0;
	qsort(lane->nsec, lane->n, sizeof(*lane->nsec), compare);
	return (double)lane->nsec[at < lane->n ? at : lane->n - 1] / 1e3 / files_of(lane);
}
