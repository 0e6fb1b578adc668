/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tallies.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"

/*
 * Counting costs the hot path two or three additions to memory that is in the
 * cache, and whoever wants to know reads the memory: no message interrupts the
 * broker. The totals are left to the reader. memfd_create(2): pages that are not
 * written take no memory, and reading them by pread(2) does not change that.
 *
 * One thread counts at a time, the one that has the broker's lock (workers.h), so
 * that an addition needs no locked instruction; a reader sees each count whole, and who is one
 * behind sees it in the next look.
 */

int tallies_create(void)
{
	return fd_memory("fdbroker-tally");
}

/* fcntl(2), F_SEAL_FUTURE_WRITE (Linux 5.1): mappings that are there go on writing. */
int tallies_seal(int fd)
{
	static const int seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

static uint32_t flags_of(const struct policy_rule *rule)
{
	return (rule->allow ? TALLY_ALLOW : 0) | (rule->as_root ? TALLY_AS_ROOT : 0) |
	       (strcmp(rule->file, "builtin") == 0 ? TALLY_BUILTIN : 0);
}

static void write_names(const struct tallies *tallies, const struct tally_layout *layout)
{
	struct tally_header *header = tallies->memory;
	char *base = tallies->memory, *bytes = base + layout->bytes;
	struct tally_name *names = (void *)(base + layout->names);
	uint32_t end = 0;

	for (size_t i = 0; i < header->n_rules; i++) {
		const struct policy_rule *rule = policy_rule(tallies->policy, i);
		size_t len = strlen(rule->id);

		memcpy(bytes + end, rule->id, len);
		end += (uint32_t)len;
		names[i] = (struct tally_name){ .end = end, .flags = flags_of(rule) };
	}
}

static int plan(const struct policy *policy, struct tally_header *header,
		struct tally_layout *layout)
{
	size_t n = policy ? policy_n_rules(policy) : 0;
	uint64_t size = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		size += strlen(policy_rule(policy, i)->id);
	r = tally_layout(n, size, layout);
	if (r < 0)
		return r;
	header->n_rules = (uint32_t)n;
	header->names_size = (uint32_t)size;
	return 0;
}

int tallies_map(struct tallies *tallies, int fd, const struct policy *policy, uint64_t generation)
{
	struct tally_header header = { .magic = TALLY_MAGIC,
				       .generation = generation,
				       .since_usec = clock_realtime_usec() };
	struct tally_layout layout;
	void *memory;
	int r;

	r = plan(policy, &header, &layout);
	if (r < 0)
		return r;
	if (ftruncate(fd, (off_t)layout.size) < 0)
		return -errno;
	memory = mmap(NULL, layout.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	*tallies = (struct tallies){ .policy = policy,
				     .memory = memory,
				     .size = layout.size,
				     .rows = (void *)((char *)memory + layout.rows) };
	memcpy(memory, &header, sizeof(header));
	write_names(tallies, &layout);
	return 0;
}

void tallies_done(struct tallies *tallies)
{
	if (tallies->memory)
		munmap(tallies->memory, tallies->size);
	*tallies = (struct tallies){ 0 };
}

static void add(uint64_t *count, uint64_t n)
{
	__atomic_store_n(count, *count + n, __ATOMIC_RELAXED);
}

static const enum tally_count counts[] = {
	[WIRE_REASON_OK] = TALLY_GRANTED,	   [WIRE_REASON_DEFAULT] = TALLY_DENIED,
	[WIRE_REASON_RULE] = TALLY_DENIED,	   [WIRE_REASON_NOT_FOUND] = TALLY_FAILED,
	[WIRE_REASON_CONDITION] = TALLY_CONDITION, [WIRE_REASON_RATE] = TALLY_RATE,
	[WIRE_REASON_BUSY] = TALLY_FAILED,	   [WIRE_REASON_DEADLINE] = TALLY_FAILED,
	[WIRE_REASON_BAD_PATH] = TALLY_DENIED,	   [WIRE_REASON_BAD_FLAGS] = TALLY_DENIED,
	[WIRE_REASON_UNSUPPORTED] = TALLY_DENIED,  [WIRE_REASON_KERNEL] = TALLY_FAILED,
	[WIRE_REASON_DEGRADED] = TALLY_DENIED,
};
static_assert(ELEMENTSOF(counts) == WIRE_REASON_DEGRADED + 1, "each reason is counted");

static enum tally_count count_of(const struct tallies_event *event)
{
	if (event->closed)
		return TALLY_DENIED;
	if (event->unsent && event->reason == WIRE_REASON_OK)
		return TALLY_FAILED;
	/* `hide`: what the client takes for a missing file is a refusal. */
	if (event->reason == WIRE_REASON_NOT_FOUND && event->rule && !event->rule->allow)
		return TALLY_DENIED;
	return counts[event->reason];
}

static size_t row_of(const struct tallies *tallies, const struct tallies_event *event)
{
	if (event->rule && !event->closed)
		return TALLY_SPECIAL + policy_rule_index(tallies->policy, event->rule);
	return !event->closed && event->reason == WIRE_REASON_DEFAULT ? TALLY_DEFAULT
								      : TALLY_UNJUDGED;
}

void tallies_count(const struct tallies *tallies, const struct tallies_event *event)
{
	uint64_t usec =
		event->now_usec > event->arrived_usec ? event->now_usec - event->arrived_usec : 0;
	struct tally_row *row;

	if (!tallies->memory)
		return;
	row = &tallies->rows[row_of(tallies, event)];
	add(&row->counts[count_of(event)], event->n);
	add(&row->sum_usec, event->n * usec);
	histogram_add(&row->latency, usec, event->n);
	__atomic_store_n(&row->last_usec, event->now_usec, __ATOMIC_RELAXED);
}

void tallies_caller(const struct tallies *tallies, const struct policy_caller *caller)
{
	size_t n, i;

	if (!tallies->memory || !caller)
		return;
	n = policy_n_rules(tallies->policy);
	for (i = policy_caller_unresolved(caller, 0); i < n;
	     i = policy_caller_unresolved(caller, i + 1))
		add(&tallies->rows[TALLY_SPECIAL + i].counts[TALLY_UNRESOLVED], 1);
}
