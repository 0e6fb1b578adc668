/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/shadow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/text.h"
#include "daemon/confine.h"
#include "daemon/record_fields.h"
#include "policy/load.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "wire/message.h"

/*
 * What the shadow says is what its policy would have done. Two random policies: a child confined as the
 * broker is opens a random request by one of them, asks the other as a shadow, and then opens the
 * same request by the other in earnest. No directory and no file keeps anybody out, so that the policies
 * decide and not the kernel.
 *
 * FDBROKER_TEST_SEED repeats a run; a failure prints its seed.
 */

#define PAIRS	  40
#define REQUESTS  500
#define BROKER_ID 4242
#define ALICE	  30000

static uint64_t state;
static char directory[64];

static uint32_t chance(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((state >> 33) % n);
}

#define ANY(array) ((array)[chance(ELEMENTSOF(array))])

/* the tree */

static const struct {
	const char *name;
	uid_t owner;
	mode_t mode;
	size_t size;
} files[] = {
	{ "a/x", 0, 0666, 10 }, { "a/y", ALICE, 0666, 10 },   { "a/sub/x", 0, 0777, 5000 },
	{ "b/x", 1, 0666, 10 }, { "b/y", ALICE, 0677, 5000 },
};

static const char *const links[][2] = {
	{ "b/link", "a/x" },
	{ "a/link", "b/link" },
	{ "b/dir", "a/sub" },
};

static const char *at(const char *name)
{
	static char paths[2][256];
	static int turn;

	turn = !turn;
	snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", directory, name);
	return paths[turn];
}

static void make_tree(void)
{
	static const char *const directories[] = { "a", "a/sub", "b" };

	suite_make_directory("/tmp", directory, sizeof(directory));
	for (size_t i = 0; i < ELEMENTSOF(directories); i++)
		ck_assert_int_eq(mkdir(at(directories[i]), 0755), 0);
	/* Where everybody may create, and another's file can be removed. */
	ck_assert_int_eq(chmod(at("b"), 0777), 0);
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		int fd = open(at(files[i].name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(ftruncate(fd, (off_t)files[i].size), 0);
		ck_assert_int_eq(fchown(fd, files[i].owner, files[i].owner), 0);
		ck_assert_int_eq(fchmod(fd, files[i].mode), 0);
		fd_close(fd);
	}
	for (size_t i = 0; i < ELEMENTSOF(links); i++)
		ck_assert_int_eq(symlink(at(links[i][1]), at(links[i][0])), 0);
	ck_assert_int_eq(link(at("a/x"), at("b/hard")), 0);
}

static void remove_tree(void)
{
	suite_remove(directory);
}

/* the policies */

static const char *const subjects[] = { "anyone", "user 30000", "user root", "not user root" };
static const char *const modes[] = { "read",	      "read, write", "append",
				     "create, write", "tmpfile",     "list" };
static const char *const patterns[] = {
	"/**", "/a/*", "/b/*", "/*/x", "/a/**", "/b/new", "/a/x", "/b/l*", "/**/x", "/b/dir/*",
};
static const char *const attributes[] = {
	"owner root", "owner caller",	 "mode-max 0666",    "max-size 1K",  "links any",
	"links 1",    "parents trusted", "symlinks refuse",  "mounts stay",  "symlinks trusted",
	"owner bin",  "audit none",	 "create-mode 0600", "type regular", "mounts any",
};

static void add_rule(struct text *out)
{
	bool allow = chance(5) != 0, as_root = allow && chance(5) == 0;
	const char *attribute = ANY(attributes);

	text_printf(out, "for %s { %s %s%s \"%s%s\"", ANY(subjects), allow ? "allow" : "deny",
		    ANY(modes), as_root ? " as root" : "", directory, ANY(patterns));
	/* What only an allow may say; and what makes its object anybody's. */
	if (chance(2) == 0 && (allow || strncmp(attribute, "owner", 5) == 0))
		text_printf(out, " { %s; }", attribute);
	else
		text_puts(out, ";");
	text_puts(out, " }\n");
}

/* One that loads: some combinations of words are errors, and do not matter here. */
static struct policy *make_policy(void)
{
	struct policy *policy = NULL;

	while (!policy) {
		struct diags diags = DIAGS_EMPTY;
		struct text text = TEXT_EMPTY;

		text_puts(&text, "version 1;\n");
		for (int i = 0; i < 16; i++)
			add_rule(&text);
		ck_assert_int_eq(load_text("test", text.data, text.len, &diags, &policy), 0);
		text_done(&text);
		diags_done(&diags);
	}
	return policy;
}

/* a policy in the child, with an opener of its own */

static const struct principal principals[] = {
	{ .connection = 1, .uid = ALICE, .gid = ALICE },
	{ .connection = 2, .cap_effective = UINT64_MAX },
};

struct side {
	struct policy *policy;
	struct policy_caller *callers[ELEMENTSOF(principals)];
	struct rates rates;
	struct locality locality;
	struct opener opener;
};

static int side_init(struct side *side, int procfd)
{
	const struct opener_setup setup = { .procfd = procfd,
					    .policy = side->policy,
					    .rates = &side->rates,
					    .locality = &side->locality };

	for (size_t i = 0; i < ELEMENTSOF(principals); i++) {
		const struct policy_subject subject = { .known = POLICY_FACT_ALL,
							.uid = principals[i].uid,
							.gid = principals[i].gid };

		if (policy_caller_new(&side->callers[i], side->policy, &subject) < 0)
			return -ENOMEM;
	}
	if (rates_init(&side->rates, side->policy) < 0)
		return -ENOMEM;
	return opener_init(&side->opener, &setup);
}

static const char *const names[] = {
	"a/x",	 "a/y",	   "a/sub/x", "b/x",   "b/y",	"b/link", "a/link", "b/dir/x",
	"b/dir", "b/hard", "a/none",  "b/new", "b/new", "a/sub",  "b",	    "none/x",
};
static const uint32_t flags[] = {
	WIRE_OPEN_READ,
	WIRE_OPEN_READ,
	WIRE_OPEN_READ | WIRE_OPEN_DIRECTORY,
	WIRE_OPEN_READ | WIRE_OPEN_WRITE,
	WIRE_OPEN_WRITE | WIRE_OPEN_APPEND,
	WIRE_OPEN_WRITE | WIRE_OPEN_CREATE,
	WIRE_OPEN_WRITE | WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE,
	WIRE_OPEN_WRITE | WIRE_OPEN_TMPFILE,
};

/* Only what the kernel does not refuse for reasons of its own. */
static const char *name_for(uint32_t wanted)
{
	static const char *const created[] = { "b/new", "b/new", "b/x", "b/link" };

	if (wanted & WIRE_OPEN_EXCLUSIVE)
		return "b/new";
	if (wanted & WIRE_OPEN_TMPFILE)
		return "b";
	return wanted & WIRE_OPEN_CREATE ? ANY(created) : ANY(names);
}

struct world {
	struct side sides[2];
	int result; /* where counts go */
};

struct counts {
	size_t certain, unknown, different;
};

static struct outcome *open_by(struct side *side, struct order *order, size_t who)
{
	static struct outcome outcome;

	order->caller = side->callers[who];
	opener_open(&side->opener, order, &outcome);
	fd_close(outcome.pin);
	fd_close(outcome.fd);
	/* As it was, for the next. */
	(void)unlinkat(AT_FDCWD, at("b/new"), 0);
	return &outcome;
}

static bool says_what_happens(const struct shadow_verdict *verdict, const struct outcome *outcome)
{
	if (verdict->kind == SHADOW_ALLOW_IF)
		return true;
	if (verdict->kind != shadow_kind_of(outcome))
		return false;
	/* Of two that grant it alike, one in doubt, the other is named. */
	if (verdict->kind == SHADOW_ALLOW)
		return outcome->reason != WIRE_REASON_OK ||
		       verdict->rule->as_root == outcome->rule->as_root;
	return verdict->reason == outcome->reason && verdict->rule == outcome->rule &&
	       (verdict->reason != WIRE_REASON_CONDITION ||
		verdict->condition == outcome->condition);
}

/* Without stdio, which the filter ends. */
static void complain(const struct request *request, const struct shadow_verdict *verdict,
		     const struct outcome *outcome)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
			 "%s, modes %x, flags %x: shadow %s %u %s (%s), and then %u %s (%s)\n",
			 request->path, request->modes, request->flags,
			 record_shadow_name(verdict->kind), verdict->reason,
			 policy_condition_name(verdict->condition),
			 verdict->rule ? verdict->rule->id : "-", outcome->reason,
			 policy_condition_name(outcome->condition),
			 outcome->rule ? outcome->rule->id : "-");

	(void)!write(STDERR_FILENO, text, (size_t)n);
}

static bool ask_once(struct world *world, struct shadow *shadow, struct trace *trace,
		     struct counts *counts)
{
	struct wire_open claim = { .flags = ANY(flags) };
	struct side *live = &world->sides[0], *candidate = &world->sides[1];
	size_t who = chance(ELEMENTSOF(principals));
	struct shadow_verdict verdict;
	enum shadow_result result;
	struct outcome *outcome;
	struct request request;
	struct order order = { .request = &request,
			       .principal = &principals[who],
			       .now_sec = 1,
			       .may_block = true,
			       .trace = trace };

	if (claim.flags & (WIRE_OPEN_CREATE | WIRE_OPEN_TMPFILE))
		claim.mode = 0666;
	claim.path = at(name_for(claim.flags));
	claim.path_len = (uint16_t)strlen(claim.path);
	if (request_read(&claim, &request) != WIRE_REASON_OK)
		return true;
	outcome = open_by(live, &order, who);
	order.caller = candidate->callers[who];
	result = shadow_judge(shadow, &order, outcome, &verdict);
	counts->different += result == SHADOW_DIFFERENT;
	order.trace = NULL;
	/* One thread, one identity. */
	candidate->opener.authority = live->opener.authority;
	outcome = open_by(candidate, &order, who);
	live->opener.authority = candidate->opener.authority;
	counts->unknown += verdict.kind == SHADOW_ALLOW_IF;
	counts->certain += verdict.kind != SHADOW_ALLOW_IF;
	if (says_what_happens(&verdict, outcome))
		return true;
	complain(&request, &verdict, outcome);
	return false;
}

static int broker(const void *arg)
{
	struct world world = *(const struct world *)arg;
	const struct confine_needs needs = {
		.uid = BROKER_ID,
		.gid = BROKER_ID,
		.modes = POLICY_ANY,
		.reads_as_root = true,
		.writes_as_root = true,
	};
	struct trace trace = TRACE_EMPTY;
	struct counts counts = { 0 };
	struct shadow shadow = { 0 };
	int procfd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (procfd < 0 || confine_broker(&needs) < 0 || side_init(&world.sides[0], procfd) < 0 ||
	    side_init(&world.sides[1], procfd) < 0 ||
	    shadow_init(&shadow, world.sides[1].policy) < 0)
		return 200;
	for (int i = 0; i < REQUESTS; i++)
		if (!ask_once(&world, &shadow, &trace, &counts))
			return 201;
	return message_send(world.result, &counts, sizeof(counts), NULL) < 0 ? 202 : 0;
}

START_TEST(shadow_says_what_its_policy_would_have_done)
{
	struct counts all = { 0 };
	int result[2];

	make_tree();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, result), 0);
	for (int i = 0; i < PAIRS; i++) {
		struct world world = { .result = result[1] };
		struct counts counts;

		world.sides[0].policy = make_policy();
		world.sides[1].policy = make_policy();
		ck_assert_int_eq(forked_run(broker, &world), 0);
		ck_assert_int_eq(read(result[0], &counts, sizeof(counts)), sizeof(counts));
		all.certain += counts.certain;
		all.unknown += counts.unknown;
		all.different += counts.different;
		policy_free(world.sides[0].policy);
		policy_free(world.sides[1].policy);
	}
	fd_close(result[0]);
	fd_close(result[1]);
	remove_tree();
	printf("%zu certain, %zu not, %zu different\n", all.certain, all.unknown, all.different);
	ck_assert_uint_gt(all.certain, PAIRS * REQUESTS / 2);
	ck_assert_uint_gt(all.unknown, PAIRS * REQUESTS / 100);
	ck_assert_uint_gt(all.different, PAIRS * REQUESTS / 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shadow");
	TCase *tcase = suite_case(suite, "shadow");
	const char *given = getenv("FDBROKER_TEST_SEED");

	if (geteuid() != 0) {
		printf("needs root\n");
		return 77;
	}
	state = given ? strtoull(given, NULL, 10) : 20261122;
	printf("FDBROKER_TEST_SEED=%llu\n", (unsigned long long)state);
	tcase_add_test(tcase, shadow_says_what_its_policy_would_have_done);
	return suite_main(suite);
}
