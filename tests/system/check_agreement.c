/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `fdbrokerctl can` gives the answer of the live daemon. A random policy and a real tree; each of
 * some users asks the daemon for random names with random flags, and fdbrokerctl is asked just
 * before, both for the name alone and with --live.
 *
 * FDBROKER_TEST_SEED repeats a run; a failure prints its seed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/account.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/text.h"
#include "policy/ast.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

#define REQUESTS 10000

/* chance */

static uint64_t state;

static uint32_t chance(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((state >> 33) % n);
}

#define ANY(array) ((array)[chance(ELEMENTSOF(array))])

static void seed(void)
{
	const char *given = getenv("FDBROKER_TEST_SEED");

	state = given ? strtoull(given, NULL, 10) : 20261122;
	printf("FDBROKER_TEST_SEED=%llu\n", (unsigned long long)state);
}

/* the tree: no directory keeps anybody out, so that the policy is what decides */

struct tree {
	char root[64];
};

static const char *const directories[] = { "", "/a", "/a/sub", "/b" };

static const struct {
	const char *name;
	uid_t owner;
	mode_t mode;
	size_t size;
} files[] = {
	{ "/a/x.txt", 0, 0644, 10 },	  { "/a/y.log", 0, 0600, 10 },
	{ "/a/z", 1, 0640, 10 },	  { "/a/sub/x.txt", 1, 0600, 5000 },
	{ "/a/sub/daemon", 0, 0644, 10 }, { "/b/x.txt", 2, 0666, 5000 },
	{ "/b/y.log", 0, 0640, 10 },	  { "/b/2", 2, 0600, 10 },
};

static const char *const links[][2] = {
	{ "/b/link", "/a/x.txt" },
	{ "/a/lent", "/b/2" },
	{ "/b/ldir", "/a/sub" },
};

static const char *const names[] = {
	"/a/x.txt", "/a/y.log", "/a/z",	    "/a/sub/x.txt", "/a/sub/daemon",  "/b/x.txt",
	"/b/y.log", "/b/2",	"/b/link",  "/a/lent",	    "/b/ldir/x.txt",  "/b/fifo",
	"/b/hard",  "/a",	"/b",	    "/a/sub",	    "/b/ldir",	      "/a/none",
	"/b/new.1", "/b/new.2", "/a/new.1", "/a/sub/new",   "/none/x.txt",    "/a/x.txt/y",
	"//a",	    "/a/../b",	"/a/",	    "/./a/z",	    "/a/\\n\\x1b[2J", "/a/*",
};

static const char *at(const struct tree *tree, const char *name)
{
	static char path[2][PATH_MAX];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s%s", tree->root, name);
	return path[turn];
}

static void make_file(const struct tree *tree, size_t i)
{
	int fd = open(at(tree, files[i].name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)files[i].size), 0);
	ck_assert_int_eq(fchown(fd, files[i].owner, files[i].owner), 0);
	ck_assert_int_eq(fchmod(fd, files[i].mode), 0);
	fd_close(fd);
}

static void make_tree(struct tree *tree)
{
	suite_make_directory("/tmp", tree->root, sizeof(tree->root));
	for (size_t i = 1; i < ELEMENTSOF(directories); i++) {
		ck_assert_int_eq(mkdir(at(tree, directories[i]), 0755), 0);
		ck_assert_int_eq(chmod(at(tree, directories[i]), 0755), 0);
	}
	/* A place where everybody may create; not sticky, where the kernel's own rules come on top. */
	ck_assert_int_eq(chmod(at(tree, "/b"), 0777), 0);
	for (size_t i = 0; i < ELEMENTSOF(files); i++)
		make_file(tree, i);
	for (size_t i = 0; i < ELEMENTSOF(links); i++)
		ck_assert_int_eq(symlink(at(tree, links[i][1]), at(tree, links[i][0])), 0);
	ck_assert_int_eq(mkfifo(at(tree, "/b/fifo"), 0666), 0);
	ck_assert_int_eq(link(at(tree, "/a/z"), at(tree, "/b/hard")), 0);
}

static void remove_tree(const struct tree *tree)
{
	suite_remove(tree->root);
}

/* the policy */

static const char *const subjects[] = {
	"anyone",
	"user root",
	"user 1-2",
	"user bin",
	"not user daemon",
	"group root",
	"not group { 1, 2 }",
	"group daemon",
	"subject duo",
	"exe '/usr/bin/true'",
	"user bin or group 0",
	"not exe '/usr/bin/true' and user 1-99",
};
static const char *const modes[] = {
	"read",		"read, write", "write, truncate", "append",	"create, write", "create",
	"read, create", "list",	       "tmpfile",	  "read, list",
};
static const char *const patterns[] = {
	"/**",	     "/a/*",	  "/a/**",     "/*/x.txt",
	"/**/x.txt", "/b/*",	  "/a/[x-z]*", "/b/{x.txt,y.log,fifo}",
	"/a/sub/%u", "/b/%U",	  "/b/new.?",  "/a/z",
	"/b",	     "/a/sub/**", "/b/l*",     "/?/?*",
	"/a/**/d*n",
};
static const char *const attributes[] = {
	"owner root",	   "owner { root, caller }",
	"mode-max 0644",   "max-size 1K",
	"links any",	   "links 1",
	"owner bin",	   "type { regular, directory }",
	"file-group root",
};

static void add_rule(struct text *out, const struct tree *tree, bool allow)
{
	const char *pattern = ANY(patterns);
	bool as_root = allow && chance(3) == 0;

	text_printf(out, "\t%s %s%s \"%s%s\"", allow ? "allow" : "deny",
		    !allow && chance(4) == 0 ? "any" : ANY(modes), as_root ? " as root" : "",
		    tree->root, pattern);
	if (chance(4) == 0)
		text_printf(out, " except \"%s%s\"", tree->root, ANY(patterns));
	if (chance(3) == 0)
		text_printf(out, " { %s; }\n", ANY(attributes));
	else
		text_puts(out, ";\n");
}

static void write_policy(const struct daemon *d, const struct tree *tree)
{
	struct text out = TEXT_EMPTY;
	char *text;

	text_puts(&out, "version 1;\nsubject duo = user daemon or user bin;\n");
	for (int i = 0; i < 25; i++) {
		text_printf(&out, "for %s {\n", ANY(subjects));
		add_rule(&out, tree, chance(6) != 0);
		text_puts(&out, "}\n");
	}
	ck_assert_int_eq(text_finish(&out, &text), 0);
	daemon_write_policy(d, "10-random.fdp", text);
	free(text);
}

/* those who ask: each a process of his own uid with a connection, told what to ask by a pipe */

struct client {
	const char *account;
	char stated[PATH_MAX];
	pid_t pid;
	int pipe; /* socket: requests there, answers back */
};

struct ask {
	uint32_t flags;
	char path[256];
};

struct service {
	const struct daemon *daemon;
	const char *account;
	int pipe;
};

static void become(const char *name)
{
	struct account account;
	struct user user = { 0 };
	gid_t *groups;

	ck_assert_int_eq(account_by_name(name, &account), 0);
	ck_assert_int_eq(account_groups(&account, &groups, &user.n_groups), 0);
	user.uid = account.uid;
	user.gid = account.gid;
	user.groups = groups;
	user_become(&user);
	free(groups);
	account_done(&account);
}

static int serve(const void *arg)
{
	const struct service *service = arg;
	struct wire_answer answer;
	struct ask ask;
	int sock, fd;

	become(service->account);
	sock = daemon_connect(service->daemon);
	while (recv(service->pipe, &ask, sizeof(ask), 0) == sizeof(ask)) {
		fd = daemon_ask(sock, ask.path, ask.flags, &answer);
		(void)fd_close(fd);
		if (send(service->pipe, &answer, sizeof(answer), 0) != sizeof(answer))
			return 1;
	}
	fd_close(sock);
	return 0;
}

static void start_client(struct client *client, const struct daemon *d)
{
	struct service service = { .daemon = d, .account = client->account };
	char exe[PATH_MAX - 64];
	int pair[2];
	ssize_t n;

	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	ck_assert_int_gt(n, 0);
	exe[n] = '\0';
	snprintf(client->stated, sizeof(client->stated), "user %s and exe '%s'", client->account,
		 exe);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	service.pipe = pair[1];
	client->pid = fork();
	ck_assert_int_ge(client->pid, 0);
	if (client->pid == 0) {
		fd_close(pair[0]);
		_exit(serve(&service));
	}
	fd_close(pair[1]);
	client->pipe = pair[0];
}

static struct wire_answer ask_daemon(const struct client *client, const struct ask *ask)
{
	struct wire_answer answer;

	ck_assert_int_eq(send(client->pipe, ask, sizeof(*ask), 0), sizeof(*ask));
	ck_assert_int_eq(recv(client->pipe, &answer, sizeof(answer), 0), sizeof(answer));
	return answer;
}

static void stop_client(struct client *client)
{
	int status;

	/* Those that were started later hold a copy of it. */
	ck_assert_int_eq(shutdown(client->pipe, SHUT_RDWR), 0);
	client->pipe = fd_close(client->pipe);
	ck_assert_int_eq(waitpid(client->pid, &status, 0), client->pid);
	ck_assert_int_eq(status, 0);
}

/* fdbrokerctl, asked line by line */

struct tool {
	FILE *to, *from;
	pid_t pid;
};

static void start_tool(struct tool *tool, const struct daemon *d, const char *option)
{
	const char *build = getenv("builddir");
	char program[PATH_MAX], policy[128];
	int pair[2];

	snprintf(program, sizeof(program), "%s/fdbrokerctl", build ? build : ".");
	snprintf(policy, sizeof(policy), "--policy=%s", d->policy);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	tool->pid = fork();
	ck_assert_int_ge(tool->pid, 0);
	if (tool->pid == 0) {
		dup2(pair[1], STDIN_FILENO);
		dup2(pair[1], STDOUT_FILENO);
		execl(program, "fdbrokerctl", "can", policy, "--requests=-", option, (char *)NULL);
		_exit(127);
	}
	fd_close(pair[1]);
	tool->to = fdopen(pair[0], "w");
	tool->from = fdopen(fcntl(pair[0], F_DUPFD_CLOEXEC, 0), "r");
}

static void ask_tool(const struct tool *tool, const char *request, char *answer, size_t size)
{
	fputs(request, tool->to);
	fflush(tool->to);
	ck_assert_msg(fgets(answer, (int)size, tool->from), "fdbrokerctl ended at: %s", request);
}

static void stop_tool(struct tool *tool)
{
	int status;

	shutdown(fileno(tool->to), SHUT_RDWR);
	fclose(tool->to);
	fclose(tool->from);
	ck_assert_int_eq(waitpid(tool->pid, &status, 0), tool->pid);
	ck_assert_int_eq(status, 0);
}

/* questions */

static const struct {
	uint32_t flags;
	const char *modes;
} accesses[] = {
	{ WIRE_OPEN_READ, "read" },
	{ WIRE_OPEN_READ, "read" },
	{ WIRE_OPEN_READ | WIRE_OPEN_DIRECTORY, "list" },
	{ WIRE_OPEN_WRITE, "write" },
	{ WIRE_OPEN_WRITE | WIRE_OPEN_APPEND, "append" },
	{ WIRE_OPEN_READ | WIRE_OPEN_WRITE, "read,write" },
	{ WIRE_OPEN_READ | WIRE_OPEN_WRITE | WIRE_OPEN_APPEND, "read,append" },
	{ WIRE_OPEN_WRITE | WIRE_OPEN_TRUNCATE, "write,truncate" },
	{ WIRE_OPEN_WRITE | WIRE_OPEN_CREATE, "create,write" },
	{ WIRE_OPEN_WRITE | WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE, "create" },
	{ WIRE_OPEN_READ | WIRE_OPEN_CREATE, "create,read" },
	{ WIRE_OPEN_READ | WIRE_OPEN_WRITE | WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE,
	  "create,read" },
	{ WIRE_OPEN_WRITE | WIRE_OPEN_TMPFILE, "tmpfile" },
};

enum kind {
	YES,
	YES_AS_ROOT,
	OTHER_TYPES, /* to a directory or link that would be made, which open(2) does not */
	DEFAULT,
	RULE,
	BAD_PATH,
	CONDITION,
	NOT_FOUND,
	KERNEL,
};

static const struct {
	const char *text;
	enum kind kind;
} kinds[] = {
	{ "yes  ", YES },
	{ "no   default:", DEFAULT },
	{ "no   rule:", RULE },
	{ "no   bad-path:", BAD_PATH },
	{ "no   condition:", CONDITION },
	{ "no   not-found:", NOT_FOUND },
	{ "no   kernel:", KERNEL },
};

static enum kind kind_of(const char *answer)
{
	const char *types = strstr(answer, ", only of type ");

	if (types && !strstr(types, "regular"))
		return OTHER_TYPES;
	if (strncmp(answer, "yes  ", 5) == 0 && strstr(answer, ", as root"))
		return YES_AS_ROOT;
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (strncmp(answer, kinds[i].text, strlen(kinds[i].text)) == 0)
			return kinds[i].kind;
	ck_abort_msg("fdbrokerctl says: %s", answer);
	return YES;
}

/* A name is judged before anything is looked at: a no to it is the daemon's no, word for word. */
static bool name_agrees(enum kind kind, const struct wire_answer *answer)
{
	switch (kind) {
	case DEFAULT:
		return answer->reason == WIRE_REASON_DEFAULT;
	case RULE:
		return answer->reason == WIRE_REASON_RULE;
	case BAD_PATH:
		return answer->reason == WIRE_REASON_BAD_PATH;
	case YES:
	case YES_AS_ROOT:
		return answer->reason != WIRE_REASON_BAD_PATH;
	case OTHER_TYPES:
	case CONDITION:
	case NOT_FOUND:
	case KERNEL:
		break;
	}
	return false;
}

/* What only the kernel says comes after what the policy says. */
static bool object_agrees(enum kind kind, const struct wire_answer *answer)
{
	switch (kind) {
	case YES_AS_ROOT:
		/* Nobody writes to a directory, but a rule may say `type directory`. */
		return answer->reason == WIRE_REASON_OK || answer->error == EISDIR;
	case YES:
		/* The caller himself may be unable to; then the most specific rule's reason counts. */
		return answer->reason == WIRE_REASON_OK || answer->reason == WIRE_REASON_KERNEL ||
		       (answer->reason == WIRE_REASON_CONDITION && answer->error == EACCES);
	case OTHER_TYPES:
		return answer->reason == WIRE_REASON_RULE ||
		       answer->reason == WIRE_REASON_CONDITION;
	case CONDITION:
		return answer->reason == WIRE_REASON_CONDITION;
	case NOT_FOUND:
		return answer->reason == WIRE_REASON_NOT_FOUND;
	case KERNEL:
		return answer->reason == WIRE_REASON_KERNEL;
	case DEFAULT:
	case RULE:
	case BAD_PATH:
		break;
	}
	return name_agrees(kind, answer);
}

struct counts {
	size_t allowed, by_rule, by_default, other;
};

static void count(struct counts *counts, const struct wire_answer *answer)
{
	switch (answer->reason) {
	case WIRE_REASON_OK:
	case WIRE_REASON_KERNEL:
		counts->allowed++;
		break;
	case WIRE_REASON_RULE:
		counts->by_rule++;
		break;
	case WIRE_REASON_DEFAULT:
		counts->by_default++;
		break;
	default:
		counts->other++;
	}
}

static struct client clients[] = {
	{ .account = "root" },
	{ .account = "daemon" },
	{ .account = "bin" },
	{ .account = "www-data" },
};

/* O_CREAT|O_EXCL|O_RDWR needs the modes that O_CREAT|O_RDONLY needs, and means another object. */
static bool is_ambiguous(uint32_t flags)
{
	return (flags & WIRE_OPEN_EXCLUSIVE) && (flags & WIRE_OPEN_READ);
}

static void ask_once(const struct tree *tree, const struct tool *by_name, const struct tool *live,
		     struct counts *counts)
{
	const struct client *client = &ANY(clients);
	size_t access = chance(ELEMENTSOF(accesses));
	struct ask ask = { .flags = accesses[access].flags };
	char request[2 * PATH_MAX], named[1024], lived[1024];
	struct wire_answer answer;

	snprintf(ask.path, sizeof(ask.path), "%s%s", chance(50) == 0 ? "x" : tree->root,
		 ANY(names));
	snprintf(request, sizeof(request), "%s\t%s\t%s\n", accesses[access].modes, ask.path,
		 client->stated);
	ask_tool(by_name, request, named, sizeof(named));
	ask_tool(live, request, lived, sizeof(lived));
	answer = ask_daemon(client, &ask);
	ck_assert_msg(name_agrees(kind_of(named), &answer) &&
			      (is_ambiguous(ask.flags) || object_agrees(kind_of(lived), &answer)),
		      "%scan: %scan --live: %sdaemon: reason %u, errno %d", request, named, lived,
		      answer.reason, answer.error);
	count(counts, &answer);
}

/* sd_notify(3) waits for room: unread, some reloads would stop the daemon. */
static void read_notifications(const struct daemon *d)
{
	char text[1024];

	while (recv(d->notified, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
}

START_TEST(can_gives_the_answer_of_the_live_daemon)
{
	struct counts counts = { 0 };
	struct tool by_name, live;
	struct daemon d;
	struct tree tree;

	make_tree(&tree);
	daemon_prepare(&d);
	for (int round = 0; round < 5; round++) {
		write_policy(&d, &tree);
		if (round == 0)
			daemon_start(&d);
		else
			ck_assert_int_eq(daemon_reload(&d, NULL), 0);
		start_tool(&by_name, &d, "--color=never");
		start_tool(&live, &d, "--live");
		for (size_t i = 0; i < ELEMENTSOF(clients); i++)
			start_client(&clients[i], &d);
		for (int i = 0; i < REQUESTS / 5; i++)
			ask_once(&tree, &by_name, &live, &counts);
		for (size_t i = 0; i < ELEMENTSOF(clients); i++)
			stop_client(&clients[i]);
		stop_tool(&live);
		stop_tool(&by_name);
		read_notifications(&d);
	}
	daemon_stop(&d);
	remove_tree(&tree);
	printf("%zu allowed, %zu denied by rule, %zu by default, %zu otherwise\n", counts.allowed,
	       counts.by_rule, counts.by_default, counts.other);
	ck_assert_uint_gt(counts.allowed, REQUESTS / 50);
	ck_assert_uint_gt(counts.by_rule, REQUESTS / 50);
	ck_assert_uint_gt(counts.by_default, REQUESTS / 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agreement");
	TCase *tcase = suite_case(suite, "agreement");

	if (daemon_unavailable())
		return daemon_unavailable();
	signal(SIGPIPE, SIG_IGN);
	seed();
	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, can_gives_the_answer_of_the_live_daemon);
	return suite_main(suite);
}
