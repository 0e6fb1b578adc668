/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the sandbox does with every system call of x86_64, against sandbox.table.
 *
 * To learn it without letting the call happen, the child first loads a filter that
 * answers CANARY to every call that bears MAGIC as its sixth argument. Where two filters
 * return an errno the one loaded later wins (seccomp(2)), so CANARY is seen
 * exactly where the sandbox allows.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/support/confined.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

#define CANARY 999
#define MAGIC  UINT64_C(0x5eedfacecafe)
#define SELF   (UINT32_MAX - 1) /* stands for the child's pid */
#define KILLED (FORKED_SIGNALLED + SIGSYS)
/* uretprobe (Linux 6.11) and uprobe (6.18) are for the kernel's own trampolines. No filter sees
 * them (Linux 6.14, "seccomp: passthrough uretprobe systemcall without filtering"), and
 * they do nothing for anybody else. */
#define EXEMPT (-1000)

struct row {
	unsigned line;
	long nr;
	char name[40];
	int expected;
	uint64_t arguments[5];
};

static struct row rows[800];
static size_t n_rows;

/* Every call whose sixth argument is MAGIC ends with CANARY. */
static int load_canary(void)
{
	struct sock_filter program[] = {
		FILTER_LOAD(FILTER_ARGUMENT(5)),	   FILTER_UNLESS(MAGIC & UINT32_MAX, 3),
		FILTER_LOAD(FILTER_ARGUMENT(5) + 4),	   FILTER_UNLESS(MAGIC >> 32, 1),
		FILTER_RETURN(SECCOMP_RET_ERRNO | CANARY), FILTER_RETURN(SECCOMP_RET_ALLOW),
	};

	return confined_load(program, ELEMENTSOF(program));
}

static int ask_row(const void *argument)
{
	const struct row *row = argument;
	const uint64_t *a = row->arguments;
	uint64_t b[5];
	long r;

	if (load_canary() < 0)
		return CONFINED_NO_SANDBOX;
	confined_enter();
	for (size_t i = 0; i < ELEMENTSOF(b); i++)
		b[i] = (a[i] & 0xffffffff) == UINT32_MAX - 1
			       ? (a[i] >> 32 << 32) | (uint32_t)getpid()
			       : a[i];
	r = syscall(row->nr, b[0], b[1], b[2], b[3], b[4], MAGIC);
	if (r >= 0)
		return CONFINED_NO_SANDBOX;
	r = errno;
	/* Take MAGIC out of its register, or the exit to come ends with CANARY, too. */
	syscall(SYS_getpid, 0L, 0L, 0L, 0L, 0L, 0L);
	return r == CANARY ? CONFINED_ALLOWED : (int)r;
}

static uint64_t read_argument(char *text)
{
	char *high = strstr(text, "+4G");
	uint64_t value;

	if (high)
		*high = '\0';
	if (strcmp(text, "broker") == 0)
		value = CONFINED_BROKER;
	else if (strcmp(text, "self") == 0)
		value = SELF;
	else
		value = (uint64_t)strtoll(text, NULL, 0);
	return high ? value | UINT64_C(1) << 32 : value;
}

static int read_disposition(const char *word)
{
	static const struct {
		const char *word;
		int value;
	} words[] = {
		{ "allow", CONFINED_ALLOWED }, { "EACCES", EACCES }, { "EPERM", EPERM },
		{ "ENOSYS", ENOSYS },	       { "kill", KILLED },   { "exempt", EXEMPT },
	};

	for (size_t i = 0; i < ELEMENTSOF(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].value;
	ck_abort_msg("sandbox.table: what is %s?", word);
	return 0;
}

static void read_row(char *text, unsigned line)
{
	struct row *row = &rows[n_rows++];
	char *save, *word = strtok_r(text, "\t\n ", &save);

	ck_assert_uint_lt(n_rows, ELEMENTSOF(rows));
	row->line = line;
	row->nr = strtol(word, NULL, 10);
	snprintf(row->name, sizeof(row->name), "%s", strtok_r(NULL, "\t\n ", &save));
	row->expected = read_disposition(strtok_r(NULL, "\t\n ", &save));
	for (size_t i = 0; i < ELEMENTSOF(row->arguments); i++) {
		word = strtok_r(NULL, "\t\n ", &save);
		if (!word)
			return;
		row->arguments[i] = read_argument(word);
	}
}

static void read_table(void)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], text[256];
	unsigned line = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/unit/sandbox.table", srcdir ? srcdir : ".");
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s: %m", path);
	while (fgets(text, sizeof(text), f)) {
		line++;
		if (text[0] != '#')
			read_row(text, line);
	}
	fclose(f);
}

static bool is_as_expected(int expected, int got)
{
	if (expected == EXEMPT)
		return got == EPERM || got == ENXIO || got == FORKED_SIGNALLED + SIGILL;
	return got == expected;
}

/* P89 (x32), P90, P91, P28 */
START_TEST(every_system_call_ends_as_the_table_says)
{
	bool seen[501] = { false };
	unsigned failed = 0;

	read_table();
	for (size_t i = 0; i < n_rows; i++) {
		int got = forked_run(ask_row, &rows[i]);

		if (rows[i].nr <= 500)
			seen[rows[i].nr] = true;
		if (is_as_expected(rows[i].expected, got))
			continue;
		if (failed++ < 20)
			printf("sandbox.table:%u: %s: expected %d, got %d\n", rows[i].line,
			       rows[i].name, rows[i].expected, got);
	}
	ck_assert_uint_eq(failed, 0);
	for (size_t nr = 0; nr < ELEMENTSOF(seen); nr++)
		ck_assert_msg(seen[nr], "system call %zu has no line", nr);
}
END_TEST

/* P89: the 32-bit table has other numbers; 5 is open(2) there and fstat(2) here. */
static int open_by_int80(const void *unused)
{
	/* Below 4 GiB, where a 32-bit pointer reaches it. */
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long r = -1;

	(void)unused;
	if (path == MAP_FAILED)
		return CONFINED_NO_SANDBOX;
	memcpy(path, "/", 2);
	confined_enter();
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(5L), "b"(path), "c"((long)O_RDONLY), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return CONFINED_ALLOWED;
}

START_TEST(a_call_of_the_32_bit_table_kills)
{
	int got = forked_run(open_by_int80, NULL);

	/* A kernel without IA32 emulation has no such interrupt. */
	ck_assert_msg(got == KILLED || got == FORKED_SIGNALLED + SIGSEGV, "%d", got);
}
END_TEST

static int run_what_is_written(void)
{
	static const unsigned char ret = 0xc3;
	void *page;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return CONFINED_NO_SANDBOX;
	memcpy(page, &ret, 1);
	/* ASan would report the fault instead of dying by it. */
	signal(SIGSEGV, SIG_DFL);
	((void (*)(void))(uintptr_t)page)();
	return CONFINED_ALLOWED;
}

/* setarch(8) -X makes every mapping that can be read executable as well. */
static int run_by_implication(const void *enter)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		return CONFINED_NO_SANDBOX;
	if (enter)
		confined_enter();
	return run_what_is_written();
}

/* As LockPersonality= of systemd.exec(5) does, with what it was told by Personality=. */
static int lock_personality(uint32_t persona)
{
	struct sock_filter program[] = {
		FILTER_LOAD(offsetof(struct seccomp_data, nr)),
		FILTER_UNLESS(__NR_personality, 3),
		FILTER_LOAD(FILTER_ARGUMENT(0)),
		FILTER_UNLESS(persona, 2),
		FILTER_RETURN(SECCOMP_RET_ALLOW),
		FILTER_RETURN(SECCOMP_RET_ALLOW),
		FILTER_RETURN(SECCOMP_RET_ERRNO | EPERM),
	};

	return confined_load(program, ELEMENTSOF(program));
}

static int run_where_it_is_locked(const void *persona)
{
	if (personality(READ_IMPLIES_EXEC) < 0 || lock_personality(*(const uint32_t *)persona) < 0)
		return CONFINED_NO_SANDBOX;
	confined_enter();
	return run_what_is_written();
}

START_TEST(memory_is_not_executable_by_implication)
{
	ck_assert_int_eq(forked_run(run_by_implication, NULL), CONFINED_ALLOWED);
	ck_assert_int_eq(forked_run(run_by_implication, ""), FORKED_SIGNALLED + SIGSEGV);
}
END_TEST

START_TEST(a_unit_whose_personality_is_locked_has_a_sandbox)
{
	uint32_t of_linux = PER_LINUX, executing = READ_IMPLIES_EXEC;

	ck_assert_int_eq(forked_run(run_where_it_is_locked, &of_linux), FORKED_SIGNALLED + SIGSEGV);
	ck_assert_int_eq(forked_run(run_where_it_is_locked, &executing), CONFINED_NO_SANDBOX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox_table");
	TCase *tcase = suite_case(suite, "calls");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, every_system_call_ends_as_the_table_says);
	tcase_add_test(tcase, memory_is_not_executable_by_implication);
	tcase_add_test(tcase, a_unit_whose_personality_is_locked_has_a_sandbox);
	tcase_add_test(tcase, a_call_of_the_32_bit_table_kills);
	return suite_main(suite);
}
