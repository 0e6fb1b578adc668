/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "tests/support/suite.h"

/* Each number: its default and its bounds, as fdbroker.conf(5) says them. */
static const struct {
	const char *name;
	size_t offset;
	uint32_t initial, max;
} numbers[] = {
	{ "max-clients", offsetof(struct settings, max_clients), 1024, 32768 },
	{ "max-per-uid", offsetof(struct settings, max_per_uid), 64, 32768 },
	{ "open-seconds", offsetof(struct settings, open_seconds), 5, 3600 },
	{ "max-in-flight", offsetof(struct settings, max_in_flight), 64, 1024 },
	{ "max-stuck-per-uid", offsetof(struct settings, max_stuck_per_uid), 8, 1024 },
	{ "max-pipes", offsetof(struct settings, max_pipes), 256, 16384 },
	{ "max-pipes-per-uid", offsetof(struct settings, max_pipes_per_uid), 32, 16384 },
	{ "max-watches", offsetof(struct settings, max_watches), 64, 16384 },
	{ "max-watches-per-uid", offsetof(struct settings, max_watches_per_uid), 8, 16384 },
	{ "max-snapshots-mib", offsetof(struct settings, max_snapshots_mib), 256, 4096 },
	{ "max-snapshots-mib-per-uid", offsetof(struct settings, max_snapshots_mib_per_uid), 64,
	  4096 },
};

static uint32_t number_of(const struct settings *settings, size_t i)
{
	return *(const uint32_t *)(const void *)((const char *)settings + numbers[i].offset);
}

static struct settings settings;
static struct diags diags;

/* The defaults, and then what @line says. */
static void parse(const char *line)
{
	struct source *source;
	char text[256];

	snprintf(text, sizeof(text), "version 1;\nsettings { %s }\n", line);
	ck_assert_int_eq(source_new(&source, "fdbroker.conf", text, strlen(text), SOURCE_ADMIN), 0);
	settings_init(&settings);
	diags = DIAGS_EMPTY;
	ck_assert_int_eq(settings_parse(&settings, source, &diags), 0);
	source_free(source);
}

/* Every number is the default, but that of @changed. */
static void assert_defaults_but(size_t changed)
{
	for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
		if (i != changed)
			ck_assert_uint_eq(number_of(&settings, i), numbers[i].initial);
	ck_assert_uint_eq(settings.on_start_error, ON_START_LAST_GOOD);
}

static void assert_set(size_t i, uint32_t value)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %u;", numbers[i].name, value);
	parse(line);
	ck_assert_uint_eq(diags.n, 0);
	ck_assert_uint_eq(number_of(&settings, i), value);
	assert_defaults_but(i);
	diags_done(&diags);
}

static void assert_refused(size_t i, const char *value)
{
	char line[64], expected[96];

	snprintf(line, sizeof(line), "%s %s;", numbers[i].name, value);
	snprintf(expected, sizeof(expected), "'%s' wants a number from 1 to %u", numbers[i].name,
		 numbers[i].max);
	parse(line);
	ck_assert_uint_eq(diags.n, 1);
	ck_assert_str_eq(diags.items[0].id, "E006");
	ck_assert_str_eq(diags.items[0].message, expected);
	assert_defaults_but(SIZE_MAX);
	diags_done(&diags);
}

START_TEST(settings_are_the_defaults_where_nothing_is_said)
{
	parse("");
	ck_assert_uint_eq(diags.n, 0);
	assert_defaults_but(SIZE_MAX);
	diags_done(&diags);
}
END_TEST

START_TEST(settings_take_their_bounds_and_nothing_beyond)
{
	char above[16];

	assert_set((size_t)_i, 1);
	assert_set((size_t)_i, numbers[_i].max);
	snprintf(above, sizeof(above), "%u", numbers[_i].max + 1);
	assert_refused((size_t)_i, above);
	assert_refused((size_t)_i, "0");
}
END_TEST

START_TEST(settings_take_no_other_text_for_a_number)
{
	static const char *const values[] = {
		"4294967297", "18446744073709551617", "1K", "many", "0x10", "\"5\"", "'5'"
	};

	for (size_t i = 0; i < ELEMENTSOF(values); i++)
		assert_refused((size_t)_i, values[i]);
}
END_TEST

START_TEST(settings_of_the_start_are_words)
{
	parse("on-start-error deny-all;");
	ck_assert_uint_eq(diags.n, 0);
	ck_assert_uint_eq(settings.on_start_error, ON_START_DENY_ALL);
	diags_done(&diags);
	parse("on-start-error 1;");
	ck_assert_uint_eq(diags.n, 1);
	ck_assert_str_eq(diags.items[0].id, "E006");
	assert_defaults_but(SIZE_MAX);
	diags_done(&diags);
}
END_TEST

START_TEST(settings_are_told_apart_from_what_is_not_one)
{
	parse("max-pipe 5;");
	ck_assert_uint_eq(diags.n, 1);
	ck_assert_ptr_nonnull(strstr(diags.items[0].help, "max-pipes"));
	assert_defaults_but(SIZE_MAX);
	diags_done(&diags);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tcase = suite_case(suite, "settings");

	tcase_add_test(tcase, settings_are_the_defaults_where_nothing_is_said);
	tcase_add_loop_test(tcase, settings_take_their_bounds_and_nothing_beyond, 0,
			    ELEMENTSOF(numbers));
	tcase_add_loop_test(tcase, settings_take_no_other_text_for_a_number, 0,
			    ELEMENTSOF(numbers));
	tcase_add_test(tcase, settings_of_the_start_are_words);
	tcase_add_test(tcase, settings_are_told_apart_from_what_is_not_one);
	return suite_main(suite);
}
