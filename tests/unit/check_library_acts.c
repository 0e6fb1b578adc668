/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is done by a name: answers that are too long, and what becomes of an act that is lost. The broker is a
 * thread of the test.
 */
#include "client/fdbroker.h"

#include <check.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/support/fake_broker.h"
#include "tests/support/suite.h"
#include "wire/act.h"
#include "wire/codec.h"
#include "wire/message.h"

static bool receive_act(int sock, struct wire_header *ret)
{
	static const struct message_want want = { .credentials = true, .wait = true };
	uint8_t bytes[WIRE_MESSAGE_MAX];
	struct wire_act act;
	struct message m;

	if (message_receive(sock, bytes, sizeof(bytes), &want, &m) != 1)
		return false;
	ck_assert_int_eq(wire_header_read(bytes, m.size, ret), 0);
	ck_assert_int_eq(wire_act_read(bytes, m.size, &act), 0);
	return true;
}

/* Yes, with so many bytes of nothing. */
static void answer_act(int sock, const struct wire_header *request, uint16_t data_len)
{
	uint8_t data[WIRE_DATA_MAX] = { 0 }, bytes[WIRE_MESSAGE_MAX];
	const struct wire_act_answer answer = { .data = data, .data_len = data_len };
	int size =
		wire_act_answer_write(request->id, request->opcode, &answer, bytes, sizeof(bytes));

	ck_assert_int_gt(size, 0);
	fake_send(sock, bytes, (size_t)size, -1, 0);
}

static uint16_t data_len;

static void answer_at_length(int sock)
{
	struct wire_header request;

	while (receive_act(sock, &request))
		answer_act(sock, &request, data_len);
}

static int ask_stat(struct fdbroker *broker)
{
	struct stat st;

	return fdbroker_stat(broker, "/a", 0, &st, NULL);
}

/* What has no room is copied nowhere, and who sends it is believed nothing more. */
static const struct {
	const char *name;
	uint16_t data_len;
	int first, second;
} lengths[] = {
	{ "a stat", WIRE_STAT_SIZE, 0, 0 },
	{ "a byte short", WIRE_STAT_SIZE - 1, -EPROTO, -EPROTO },
	{ "a byte long", WIRE_STAT_SIZE + 1, -EPROTO, -ECONNRESET },
	{ "as long as any", WIRE_DATA_MAX, -EPROTO, -ECONNRESET },
};

START_TEST(an_answer_has_no_more_data_than_was_asked_for)
{
	struct fake_stage stage;
	int r;

	data_len = lengths[_i].data_len;
	fake_stage_begin(&stage, answer_at_length);
	r = ask_stat(stage.broker);
	ck_assert_msg(r == lengths[_i].first, "%s: %d", lengths[_i].name, r);
	r = ask_stat(stage.broker);
	ck_assert_msg(r == lengths[_i].second, "%s, again: %d", lengths[_i].name, r);
	fake_stage_end(&stage);
}
END_TEST

static unsigned int asked;

static void lose_act(int sock)
{
	struct wire_header request;

	for (asked = 0; receive_act(sock, &request); asked++)
		if (asked < 1)
			fake_notice(sock, WIRE_NOTICE_LOST);
		else
			answer_act(sock, &request,
				   request.opcode == WIRE_OPCODE_STAT ? WIRE_STAT_SIZE : 0);
}

static int ask_access(struct fdbroker *broker)
{
	return fdbroker_access(broker, "/a", R_OK, NULL);
}

static int ask_unlink(struct fdbroker *broker)
{
	return fdbroker_unlink(broker, "/a", 0, NULL);
}

static int ask_mkdir(struct fdbroker *broker)
{
	return fdbroker_mkdir(broker, "/a", 0700, NULL);
}

static int ask_rename(struct fdbroker *broker)
{
	return fdbroker_rename(broker, "/a", "/b", 0, NULL);
}

static const struct {
	const char *name;
	int (*ask)(struct fdbroker *broker);
	bool repeated;
} lost_acts[] = {
	{ "stat", ask_stat, true },	 { "access", ask_access, true },
	{ "unlink", ask_unlink, false }, { "mkdir", ask_mkdir, false },
	{ "rename", ask_rename, false },
};

START_TEST(a_lost_act_is_repeated_if_that_is_harmless)
{
	struct fake_stage stage;
	int r;

	fake_stage_begin(&stage, lose_act);
	r = lost_acts[_i].ask(stage.broker);
	fake_stage_end(&stage);
	ck_assert_msg(r == (lost_acts[_i].repeated ? 0 : -ECONNRESET), "%s: %d", lost_acts[_i].name,
		      r);
	ck_assert_uint_eq(asked, lost_acts[_i].repeated ? 2 : 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("library, acts");
	TCase *tcase = suite_case(suite, "acts");

	tcase_add_loop_test(tcase, an_answer_has_no_more_data_than_was_asked_for, 0,
			    (int)ELEMENTSOF(lengths));
	tcase_add_loop_test(tcase, a_lost_act_is_repeated_if_that_is_harmless, 0,
			    (int)ELEMENTSOF(lost_acts));
	return suite_main(suite);
}
