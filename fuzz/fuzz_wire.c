/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The first byte chooses a reader, the rest is its input, in memory of exactly
 * its size. Beside the sanitizers' properties: what was read, written again,
 * gives the same bytes, so that there is one encoding of a message only.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "fuzz/fuzz.h"
#include "wire/act.h"
#include "wire/admin.h"
#include "wire/ancillary.h"
#include "wire/batch.h"
#include "wire/codec.h"
#include "wire/message.h"
#include "wire/tally.h"

static uint8_t again[WIRE_MESSAGE_MAX];

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void expect_same(const uint8_t *data, size_t size, int written)
{
	expect(written == (int)size && memcmp(again, data, size) == 0);
}

static void fuzz_open(const uint8_t *data, size_t size)
{
	struct wire_header header;
	struct wire_open open;

	if (wire_open_read(data, size, &open) < 0)
		return;
	expect(wire_header_read(data, size, &header) == 0);
	if (header.version == WIRE_VERSION && header.opcode == WIRE_OPCODE_OPEN &&
	    header.flags == 0)
		expect_same(data, size, wire_open_write(header.id, &open, again, sizeof(again)));
}

static void fuzz_answer(const uint8_t *data, size_t size)
{
	struct wire_header header;
	struct wire_answer answer;

	if (wire_answer_read(data, size, &header, &answer) == 0)
		expect_same(data, size,
			    wire_answer_write(header.id, &answer, again, sizeof(again)));
}

static void fuzz_notice(const uint8_t *data, size_t size)
{
	uint16_t which;

	if (wire_notice_read(data, size, &which) == 0)
		expect_same(data, size, wire_notice_write(which, again, sizeof(again)));
}

static void fuzz_versions(const uint8_t *data, size_t size)
{
	uint16_t low, high;

	if (wire_versions_read(data, size, &low, &high) == 0)
		expect(low <= high);
}

static void fuzz_admin_request(const uint8_t *data, size_t size)
{
	struct admin_request request;

	if (admin_request_read(data, size, &request) == 0)
		expect(admin_request_write(&request, again, sizeof(again)) == (int)size);
}

static void fuzz_admin_reply(const uint8_t *data, size_t size)
{
	struct admin_reply reply;

	if (admin_reply_read(data, size, &reply) == 0)
		expect(reply.text + reply.text_len == (const char *)data + size);
}

/* P35: msg_flags, then control bytes */
static void fuzz_ancillary(const uint8_t *data, size_t size)
{
	struct message a;
	int flags;

	if (size < sizeof(flags))
		return;
	memcpy(&flags, data, sizeof(flags));
	(void)ancillary_read(flags, data + sizeof(flags), size - sizeof(flags), &a);
	expect(a.n_fds * sizeof(int) <= size);
	for (size_t i = 0; i < a.n_fds; i++)
		expect(a.fds[i] >= 0);
}

/* whatever stands in it, every row and every name can be looked at. */
static void fuzz_tally(const uint8_t *data, size_t size)
{
	struct tally_row sum = { 0 };
	struct tally tally;
	double value;

	if (tally_read(data, size, &tally) < 0)
		return;
	for (size_t i = 0; i < tally.n_rows; i++) {
		size_t len, seen = 0;
		const char *name = tally_name(&tally, i, &len);

		while (seen < len && name[seen] != '\n')
			seen++;
		expect(seen <= len && tally_flags(&tally, i) <= UINT32_MAX);
		tally_sum(&sum, &tally.rows[i]);
		expect(tally_decisions(&tally.rows[i]) <= tally_decisions(&sum));
	}
	if (histogram_quantile(&sum.latency, 0.99, &value) == 0)
		expect(value >= 0 && value <= (double)histogram_low(HISTOGRAM_BUCKETS));
}

/* The other part of an act, whatever it is of. */
static void fuzz_other(const struct wire_act *act)
{
	struct wire_time times[2];
	uint64_t value;

	if (wire_times_read(act->other, act->other_len, times) == 0)
		expect_same((const uint8_t *)act->other, act->other_len,
			    wire_times_write(times, again, sizeof(again)));
	if (wire_size_read(act->other, act->other_len, &value) == 0)
		expect_same((const uint8_t *)act->other, act->other_len,
			    wire_size_write(value, again, sizeof(again)));
}

static void fuzz_act(const uint8_t *data, size_t size)
{
	struct wire_header header;
	struct wire_act act;

	if (wire_act_read(data, size, &act) < 0)
		return;
	expect(wire_header_read(data, size, &header) == 0);
	if (header.version == WIRE_VERSION && header.flags == 0)
		expect_same(data, size,
			    wire_act_write(header.id, header.opcode, &act, again, sizeof(again)));
	fuzz_other(&act);
}

static void fuzz_act_answer(const uint8_t *data, size_t size)
{
	struct wire_act_answer answer;
	struct wire_header header;
	struct wire_stat st;
	uint16_t opcode;

	if (wire_act_answer_read(data, size, &header, &answer) < 0)
		return;
	opcode = header.opcode & (uint16_t)~WIRE_OPCODE_REPLY;
	expect_same(data, size,
		    wire_act_answer_write(header.id, opcode, &answer, again, sizeof(again)));
	if (wire_stat_read(answer.data, answer.data_len, &st) == 0)
		expect(wire_stat_write(&st, again, sizeof(again)) == WIRE_STAT_SIZE);
}

static void fuzz_batch(const uint8_t *data, size_t size)
{
	struct wire_batch_writer w = wire_batch_begin(again, sizeof(again));
	struct wire_header header;
	struct wire_batch batch;
	struct wire_open open;
	bool written = true;

	if (wire_batch_read(data, size, &batch) < 0)
		return;
	expect(wire_header_read(data, size, &header) == 0);
	expect(batch.n > 0 && batch.n <= WIRE_BATCH_MAX);
	for (uint16_t i = 0; i < batch.n; i++) {
		wire_batch_take(&batch, &open);
		written = wire_batch_add(&w, &open) == 0 && written;
		expect(open.path_len == 0 ||
		       (open.path >= (const char *)data &&
			open.path + open.path_len <= (const char *)data + size));
	}
	expect(batch.opens.error == 0 && batch.opens.left == 0);
	if (written && header.version == WIRE_VERSION && header.opcode == WIRE_OPCODE_BATCH &&
	    header.flags == 0)
		expect_same(data, size, (int)wire_batch_end(&w, header.id));
}

/* An answer to as many opens as it says that it has results. */
static void fuzz_batch_answer(const uint8_t *data, size_t size)
{
	struct wire_answer results[WIRE_BATCH_MAX];
	struct wire_header header;
	uint16_t n;

	if (size < WIRE_BATCH_HEAD)
		return;
	n = (uint16_t)(data[WIRE_HEADER_SIZE] | data[WIRE_HEADER_SIZE + 1] << 8);
	if (wire_batch_answer_read(data, size, &header, results, n) < 0)
		return;
	expect(n <= WIRE_BATCH_MAX);
	expect_same(data, size,
		    wire_batch_answer_write(header.id, results, n, again, sizeof(again)));
}

static void (*const readers[])(const uint8_t *data, size_t size) = {
	fuzz_open,	    fuzz_answer,      fuzz_notice,    fuzz_versions,
	fuzz_admin_request, fuzz_admin_reply, fuzz_ancillary, fuzz_tally,
	fuzz_act,	    fuzz_act_answer,  fuzz_batch,     fuzz_batch_answer,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) uint8_t *exact = NULL;

	if (size == 0)
		return 0;
	exact = malloc(size > 1 ? size - 1 : 1);
	if (!exact)
		return 0;
	memcpy(exact, data + 1, size - 1);
	readers[data[0] % ELEMENTSOF(readers)](exact, size - 1);
	return 0;
}
