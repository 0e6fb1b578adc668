/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "policy/files.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)

#define ETC	"etc/fdbroker/policy.d"
#define RUN	"run/fdbroker/policy.d"
#define LOCAL	"usr/local/lib/fdbroker/policy.d"
#define VENDOR	"usr/lib/fdbroker/policy.d"
#define ALLOW_X "version 1;\nfor anyone { x: allow read '/x'; }\n"
#define DENY_X	"version 1;\nx: deny read '/x';\n"
#define NOTHING "version 1;\n"

/* A directory that stands for `/`, with the four directories in it. */
static char root[64];

static const char *at(const char *name)
{
	static char paths[2][PATH_MAX]; /* for two in one call */
	static unsigned int turn;
	char *path = paths[turn++ % 2];

	snprintf(path, PATH_MAX, "%s/%s", root, name);
	return path;
}

/* Below the root, with all that lead there. */
static void make_directories(const char *name)
{
	char path[PATH_MAX];

	for (size_t len = strcspn(name, "/");; len += 1 + strcspn(name + len + 1, "/")) {
		snprintf(path, sizeof(path), "%s/%.*s", root, (int)len, name);
		ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
		if (!name[len])
			return;
	}
}

static void write_bytes(const char *name, const char *bytes, size_t len)
{
	_cleanup_(fd_closep) int fd =
		open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_msg(fd >= 0, "%s: %m", at(name));
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, 0644), 0);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static void set_up(void)
{
	umask(022);
	suite_make_directory("/tmp", root, sizeof(root));
	make_directories(ETC);
	make_directories(RUN);
	make_directories(LOCAL);
	make_directories(VENDOR);
}

static void tear_down(void)
{
	suite_remove(root);
}

/* Trust is asked for where the tests may own what root must own. */
static struct load_options options_of(void)
{
	return (struct load_options){
		.root = root,
		.trust = geteuid() == 0 ? LOAD_TRUST_ENFORCE : LOAD_TRUST_NOTE,
	};
}

static struct policy *load_with(const struct load_options *options, struct diags *diags)
{
	struct policy *policy = NULL;

	ck_assert_int_eq(load_policy(options, diags, &policy), 0);
	ck_assert(!!policy == (diags->n_errors == 0));
	return policy;
}

static struct policy *load(struct diags *diags)
{
	struct load_options options = options_of();

	return load_with(&options, diags);
}

static struct policy *load_well(void)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct policy *policy = load(&diags);

	ck_assert_msg(policy != NULL, "%s", findings_text(&diags));
	return policy;
}

static const char *answer_x(const struct policy *policy)
{
	return answer_of(policy, "user 1", "read", "/x");
}

/* P60 */
START_TEST(load_without_directories_is_a_policy_without_rules)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	suite_remove(at("etc"));
	suite_remove(at("usr"));
	policy = load_well();
	ck_assert_uint_eq(policy_summary(policy)->n_rules, 0);
	ck_assert_uint_eq(policy_summary(policy)->n_files, 0);
	ck_assert_str_eq(answer_x(policy), "deny");
}
END_TEST

/* P60 */
START_TEST(load_of_empty_directories_is_a_policy_without_rules)
{
	_cleanup_(policy_freep) struct policy *policy = load_well();

	ck_assert_uint_eq(policy_summary(policy)->n_rules, 0);
	ck_assert_str_eq(answer_x(policy), "deny");
}
END_TEST

static const struct {
	const char *higher, *lower;
} precedence[] = {
	{ ETC, RUN },	 { RUN, LOCAL }, { LOCAL, VENDOR },
	{ ETC, VENDOR }, { ETC, LOCAL }, { RUN, VENDOR },
};

START_TEST(load_takes_a_name_from_the_highest_directory)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s/a.fdp", precedence[_i].lower);
	write_text(name, DENY_X);
	snprintf(name, sizeof(name), "%s/a.fdp", precedence[_i].higher);
	write_text(name, ALLOW_X);
	policy = load_well();
	ck_assert_str_eq(answer_x(policy), "allow");
	ck_assert_uint_eq(policy_summary(policy)->n_files, 1);
}
END_TEST

START_TEST(load_never_reads_what_is_replaced)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	write_text(VENDOR "/a.fdp", "this is no policy");
	write_text(ETC "/a.fdp", ALLOW_X);
	policy = load_well();
	ck_assert_str_eq(answer_x(policy), "allow");
}
END_TEST

START_TEST(load_joins_files_of_different_names)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	write_text(VENDOR "/50-deny.fdp", "version 1;\ndeny read @no;\nlet @no = '/y';\n");
	write_text(ETC "/20-more.fdp", "version 1;\nextend @no += '/x';\n");
	write_text(RUN "/90-allow.fdp", "version 1;\nfor anyone { allow read \"/*\"; }\n");
	policy = load_well();
	ck_assert_str_eq(answer_x(policy), "deny");
	ck_assert_str_eq(answer_of(policy, "user 1", "read", "/y"), "deny");
	ck_assert_str_eq(answer_of(policy, "user 1", "read", "/z"), "allow");
}
END_TEST

START_TEST(load_masks_by_a_link_to_dev_null)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	write_text(VENDOR "/a.fdp", ALLOW_X);
	ck_assert_int_eq(symlink("/dev/null", at(ETC "/a.fdp")), 0);
	policy = load_well();
	ck_assert_str_eq(answer_x(policy), "deny");
	ck_assert_uint_eq(policy_summary(policy)->n_files, 0);
}
END_TEST

START_TEST(load_disables_a_rule_by_its_id)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	write_text(VENDOR "/50-v.fdp", "version 1;\nno: deny read '/x';\nstill: deny read '/y';\n");
	write_text(ETC "/60-e.fdp",
		   "version 1;\ndisable \"50-v.no\";\nfor anyone { allow read \"/*\"; }\n");
	policy = load_well();
	ck_assert_str_eq(answer_x(policy), "allow");
	ck_assert_str_eq(answer_of(policy, "user 1", "read", "/y"), "deny");
}
END_TEST

static const struct {
	const char *directory, *id, *finding;
} disables[] = {
	{ ETC, "50-v.nope", "E012" },
	{ ETC, "builtin.own", "E012" },
	{ VENDOR, "50-v.no", "E014" },
	{ LOCAL, "50-v.no", "E014" },
};

START_TEST(load_refuses_to_disable_what_may_not_be)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	char name[PATH_MAX], text[256];

	write_text(VENDOR "/50-v.fdp", "version 1;\nno: deny read '/x';\n");
	snprintf(name, sizeof(name), "%s/60-e.fdp", disables[_i].directory);
	snprintf(text, sizeof(text), "version 1;\ndisable \"%s\";\n", disables[_i].id);
	write_text(name, text);
	ck_assert_ptr_null(load(&diags));
	ck_assert_msg(count_findings(&diags, disables[_i].finding) == 1, "%s",
		      findings_text(&diags));
}
END_TEST

/* P63 */
static const struct {
	const char *name;
	enum { READ, LEFT_OVER, WARNED } expected;
} entries[] = {
	{ "a.fdp", READ },
	{ "10-a.b.fdp", READ },
	{ ".a.fdp", LEFT_OVER },
	{ ".#a.fdp", LEFT_OVER },
	{ "#a.fdp#", LEFT_OVER },
	{ ".a.fdp.swp", LEFT_OVER },
	{ "a.fdp~", LEFT_OVER },
	{ "a.fdp.bak", LEFT_OVER },
	{ "a.fdp.swp", LEFT_OVER },
	{ "a.fdp.dpkg-old", LEFT_OVER },
	{ "a.fdp.dpkg-new", LEFT_OVER },
	{ "a.fdp.rpmnew", LEFT_OVER },
	{ "a.fdp.rpmsave", LEFT_OVER },
	{ "a.conf", WARNED },
	{ "a.FDP", WARNED },
	{ "fdp", WARNED },
	{ "README", WARNED },
};

START_TEST(load_reads_policy_files_and_says_what_it_does_not_read)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	char name[PATH_MAX];

	snprintf(name, sizeof(name), ETC "/%s", entries[_i].name);
	write_text(name, ALLOW_X);
	policy = load(&diags);
	ck_assert_msg(policy != NULL, "%s", findings_text(&diags));
	ck_assert_str_eq(answer_x(policy), entries[_i].expected == READ ? "allow" : "deny");
	ck_assert_uint_eq(count_findings(&diags, "W010"), entries[_i].expected != READ);
	if (entries[_i].expected == LEFT_OVER)
		ck_assert_str_eq(diags.items[0].message,
				 "not read: left over by an editor or a package manager");
	if (entries[_i].expected == WARNED)
		ck_assert_str_eq(diags.items[0].message, "not read: policy files must end in .fdp");
	ck_assert_uint_eq(diags.n_warnings, entries[_i].expected == WARNED);
}
END_TEST

/* P62 */
START_TEST(load_refuses_an_empty_file_and_one_that_is_cut_short)
{
	static const char *const texts[] = { "", "version 1;", "version 1;\n# no newline", "\n",
					     "# only a comment\n" };

	for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
		_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

		write_text(ETC "/a.fdp", texts[i]);
		ck_assert_ptr_null(load(&diags));
		ck_assert_msg(count_findings(&diags, "E001") == 1, "%zu: %s", i,
			      findings_text(&diags));
	}
}
END_TEST

/* An empty file in /etc does not take away what a vendor denies. */
START_TEST(load_takes_no_empty_file_for_a_mask)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

	write_text(VENDOR "/a.fdp", DENY_X);
	write_text(ETC "/a.fdp", "");
	ck_assert_ptr_null(load(&diags));
}
END_TEST

static const char whole[] = "version 1;\n"
			    "# A comment; with { and \" in it\n"
			    "let @set = \"/a/*\", '/b';\n"
			    "subject who = user 1 and\n"
			    "    unit \"x.service\";\n"
			    "for subject who {\n"
			    "    one: allow read @set except \"/a/b\" {\n"
			    "        owner root; max-size 64K;\n"
			    "    }\n"
			    "    deny write '/b';\n"
			    "}\n"
			    "\n"
			    "deny any '/c' { hide; }\n"
			    "expect deny read '/d' as user 1;\n";

/* Between two statements, where a cut cannot be told from an edit. */
static bool is_between(const char *text, size_t len)
{
	int depth = 0;
	char last = '\0';

	if (len == 0 || text[len - 1] != '\n')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '#')
			i += strcspn(text + i, "\n");
		depth += (text[i] == '{') - (text[i] == '}');
		if (!strchr(" \n", text[i]))
			last = text[i];
	}
	return depth == 0 && strchr(";}", last);
}

/* P62 */
START_TEST(load_refuses_a_policy_cut_anywhere_inside_a_statement)
{
	for (size_t len = 0; len <= strlen(whole); len++) {
		_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
		_cleanup_(policy_freep) struct policy *policy = NULL;

		write_bytes(ETC "/a.fdp", whole, len);
		policy = load(&diags);
		ck_assert_msg(!!policy == is_between(whole, len), "cut at %zu: %s", len,
			      findings_text(&diags));
	}
}
END_TEST

START_TEST(load_shows_the_errors_of_all_files_in_their_order)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

	write_text(VENDOR "/b.fdp",
		   "version 1;\nalow read '/x';\nfor user 1 { deny raed '/y'; }\n");
	write_text(ETC "/a.fdp", "version 1;\nfor user 1 { allow read \"y\"; }\n");
	write_text(RUN "/c.fdp", "");
	ck_assert_ptr_null(load(&diags));
	ck_assert_msg(diags.n >= 4, "%s", findings_text(&diags));
	for (size_t i = 1; i < diags.n; i++)
		ck_assert_int_le(strcmp(diags.items[i - 1].place.source->path,
					diags.items[i].place.source->path),
				 0);
}
END_TEST

static const struct {
	const char *text, *message, *detail;
} expectations[] = {
	{ "expect allow read '/y' as user 1;\n", "expected allow, got deny",
	  "no allow rule names this request" },
	{ "expect allow read,write '/x' as user 1;\n", "expected allow, got deny",
	  "nearest is a.x, which allows read, not write" },
	{ "expect deny read '/x' as user 1;\n", "expected deny, got allow", "allowed by a.x" },
	{ "expect allow read '/z' as user 1;\n", "expected allow, got deny", "denied by a.z" },
	{ "expect allow read '/u' as user 1;\n", "not decided: state unit", "a.u" },
	{ "expect deny read '/u' as user 1;\n", "not decided: state unit", "a.u" },
	{ "expect allow read 'y' as user 1;\n", "", "" },
};

START_TEST(load_holds_a_policy_to_its_expectations)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	char text[1024];

	snprintf(text, sizeof(text),
		 "version 1;\nfor user 1 { x: allow read \"/[xz]\"; }\nz: deny read '/z';\n"
		 "for unit \"u.service\" { u: allow read '/u'; }\n%s",
		 expectations[_i].text);
	write_text(ETC "/a.fdp", text);
	ck_assert_ptr_null(load(&diags));
	ck_assert_msg(diags.n_errors == 1, "%s", findings_text(&diags));
	ck_assert_msg(strstr(diags.items[0].message, expectations[_i].message) != NULL, "%s",
		      diags.items[0].message);
	if (!expectations[_i].detail[0])
		return;
	ck_assert_str_eq(diags.items[0].id, "E013");
	ck_assert_uint_eq(diags.items[0].place.line, 5);
	ck_assert_msg(strstr(diags.items[0].detail, expectations[_i].detail) != NULL, "%s",
		      diags.items[0].detail);
}
END_TEST

static const char *sum(char *ret)
{
	_cleanup_(policy_freep) struct policy *policy = load_well();

	return strcpy(ret, policy_summary(policy)->sha256);
}

START_TEST(load_gives_each_policy_a_sum_of_its_own)
{
	char a[65], b[65], c[65], d[65];

	write_text(ETC "/a.fdp", ALLOW_X);
	sum(a);
	write_text(ETC "/a.fdp", ALLOW_X "\n");
	sum(b);
	write_text(ETC "/a.fdp", ALLOW_X);
	write_text(ETC "/b.fdp", NOTHING);
	sum(c);
	ck_assert_int_eq(unlink(at(ETC "/b.fdp")), 0);
	sum(d);
	ck_assert_str_eq(a, d);
	ck_assert_str_ne(a, b);
	ck_assert_str_ne(a, c);
}
END_TEST

/* Files named by hand. */

START_TEST(load_lets_a_file_replace_the_installed_one_of_its_name)
{
	char path[PATH_MAX];
	const char *const files[] = { path };
	struct load_options options = options_of();
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;

	write_text(ETC "/a.fdp", DENY_X);
	write_text(VENDOR "/b.fdp", "version 1;\nfor anyone { allow read '/y'; }\n");
	make_directories("home");
	write_text("home/a.fdp", ALLOW_X);
	snprintf(path, sizeof(path), "%s", at("home/a.fdp"));
	options.files = files;
	options.n_files = 1;
	policy = load_with(&options, &diags);
	ck_assert_msg(policy != NULL, "%s", findings_text(&diags));
	ck_assert_str_eq(answer_x(policy), "allow");
	ck_assert_str_eq(answer_of(policy, "user 1", "read", "/y"), "allow");
}
END_TEST

START_TEST(load_of_files_only_reads_no_directory)
{
	char path[PATH_MAX];
	const char *const files[] = { path };
	struct load_options options = options_of();
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;

	write_text(ETC "/deny.fdp", DENY_X);
	write_text("a.fdp", ALLOW_X);
	snprintf(path, sizeof(path), "%s", at("a.fdp"));
	options.files = files;
	options.n_files = 1;
	options.only_files = true;
	policy = load_with(&options, &diags);
	ck_assert_msg(policy != NULL, "%s", findings_text(&diags));
	ck_assert_str_eq(answer_x(policy), "allow");
}
END_TEST

START_TEST(load_of_one_directory_reads_no_other)
{
	char path[PATH_MAX];
	struct load_options options = options_of();
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;

	write_text(ETC "/deny.fdp", DENY_X);
	make_directories("mine");
	write_text("mine/a.fdp", ALLOW_X);
	snprintf(path, sizeof(path), "%s", at("mine"));
	options.directory = path;
	policy = load_with(&options, &diags);
	ck_assert_msg(policy != NULL, "%s", findings_text(&diags));
	ck_assert_str_eq(answer_x(policy), "allow");
}
END_TEST

START_TEST(load_refuses_a_file_that_is_not_there)
{
	static const char *const files[] = { "/no/such/file.fdp" };
	struct load_options options = { .files = files, .n_files = 1, .only_files = true };
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

	ck_assert_ptr_null(load_with(&options, &diags));
	ck_assert_uint_eq(diags.n_errors, 1);
}
END_TEST

/* Limits. */

static void write_sparse(const char *name, off_t size)
{
	_cleanup_(fd_closep) int fd =
		open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
}

static size_t read_files(struct diags *diags)
{
	_cleanup_(source_list_done) struct source_list list = { 0 };
	struct load_options options = options_of();

	ck_assert_int_eq(files_read(&options, diags, &list), 0);
	return list.n;
}

START_TEST(load_reads_files_up_to_a_limit)
{
	for (int more = -1; more <= 1; more++) {
		_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

		write_sparse(ETC "/a.fdp", (off_t)POLICY_FILE_MAX + more);
		ck_assert_uint_eq(read_files(&diags), more <= 0);
		ck_assert_uint_eq(count_findings(&diags, "E016"), more > 0);
		if (more > 0)
			ck_assert_str_eq(diags.items[0].message, "larger than 1 MiB");
	}
}
END_TEST

START_TEST(load_reads_all_files_together_up_to_a_limit)
{
	char name[PATH_MAX];
	size_t n = POLICY_TOTAL_MAX / POLICY_FILE_MAX;

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), ETC "/%03zu.fdp", i);
		write_sparse(name, POLICY_FILE_MAX);
	}
	for (int more = 0; more <= 1; more++) {
		_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

		snprintf(name, sizeof(name), ETC "/%03zu.fdp", n);
		if (more)
			write_sparse(name, 1);
		ck_assert_uint_eq(read_files(&diags), n);
		ck_assert_uint_eq(count_findings(&diags, "E016"), (size_t)more);
		if (more)
			ck_assert_str_eq(diags.items[0].message,
					 "all policy files together are larger than 64 MiB");
	}
}
END_TEST

/* Trust: what is spoilt, and what each kind of caller thinks of it. P61 */

static void spoil_directory_mode(void)
{
	ck_assert_int_eq(chmod(at(ETC), 0775), 0);
}

static void spoil_directory_sticky(void)
{
	ck_assert_int_eq(chmod(at(ETC), 01777), 0);
}

static void spoil_directory_owner(void)
{
	ck_assert_int_eq(chown(at(ETC), 1, 0), 0);
}

static void spoil_parent_mode(void)
{
	ck_assert_int_eq(chmod(at("etc"), 0757), 0);
}

static void spoil_parent_owner(void)
{
	ck_assert_int_eq(chown(at("etc/fdbroker"), 1, 0), 0);
}

static void spoil_parent_link(void)
{
	ck_assert_int_eq(rename(at("etc/fdbroker"), at("etc/elsewhere")), 0);
	ck_assert_int_eq(symlink("elsewhere", at("etc/fdbroker")), 0);
}

static void spoil_file_mode(void)
{
	ck_assert_int_eq(chmod(at(ETC "/a.fdp"), 0664), 0);
}

static void spoil_file_others(void)
{
	ck_assert_int_eq(chmod(at(ETC "/a.fdp"), 0646), 0);
}

static void spoil_file_owner(void)
{
	ck_assert_int_eq(chown(at(ETC "/a.fdp"), 1, 0), 0);
}

static void spoil_file_link(void)
{
	ck_assert_int_eq(rename(at(ETC "/a.fdp"), at("a.fdp")), 0);
	ck_assert_int_eq(symlink(at("a.fdp"), at(ETC "/a.fdp")), 0);
}

static void spoil_file_fifo(void)
{
	ck_assert_int_eq(unlink(at(ETC "/a.fdp")), 0);
	ck_assert_int_eq(mkfifo(at(ETC "/a.fdp"), 0644), 0);
}

static void spoil_file_directory(void)
{
	ck_assert_int_eq(unlink(at(ETC "/a.fdp")), 0);
	ck_assert_int_eq(mkdir(at(ETC "/a.fdp"), 0755), 0);
}

static void spoil_directory_is_file(void)
{
	ck_assert_int_eq(unlink(at(ETC "/a.fdp")), 0);
	ck_assert_int_eq(rmdir(at(ETC)), 0);
	write_text(ETC, ALLOW_X);
}

static void leave_sticky_parent(void)
{
	ck_assert_int_eq(chmod(at("etc"), 01777), 0);
}

static void leave_alone(void)
{
}

enum opinion { FINE, NOTE, ERROR };

static const struct {
	const char *name;
	void (*spoil)(void);
	enum opinion daemon, tree, tool;
} spoils[] = {
	{ "nothing", leave_alone, FINE, FINE, FINE },
	{ "root's sticky parent", leave_sticky_parent, FINE, FINE, FINE },
	{ "directory's mode", spoil_directory_mode, ERROR, ERROR, NOTE },
	{ "sticky directory", spoil_directory_sticky, ERROR, ERROR, NOTE },
	{ "directory's owner", spoil_directory_owner, ERROR, ERROR, NOTE },
	{ "parent's mode", spoil_parent_mode, ERROR, FINE, FINE },
	{ "parent's owner", spoil_parent_owner, ERROR, FINE, FINE },
	{ "parent is a link", spoil_parent_link, ERROR, FINE, FINE },
	{ "file's mode for the group", spoil_file_mode, ERROR, ERROR, NOTE },
	{ "file's mode for others", spoil_file_others, ERROR, ERROR, NOTE },
	{ "file's owner", spoil_file_owner, ERROR, ERROR, NOTE },
	{ "file is a link", spoil_file_link, ERROR, ERROR, NOTE },
	{ "file is a fifo", spoil_file_fifo, ERROR, ERROR, ERROR },
	{ "file is a directory", spoil_file_directory, ERROR, ERROR, ERROR },
	{ "directory is a file", spoil_directory_is_file, ERROR, ERROR, ERROR },
};

static void judge(enum load_trust trust, enum opinion expected, const char *name)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct load_options options = options_of();

	options.trust = trust;
	policy = load_with(&options, &diags);
	ck_assert_msg((diags.n_errors > 0) == (expected == ERROR), "%s, trust %d: %s", name, trust,
		      findings_text(&diags));
	ck_assert_msg((diags.n_notes > 0) == (expected == NOTE), "%s, trust %d: %s", name, trust,
		      findings_text(&diags));
	ck_assert_uint_eq(count_findings(&diags, "E009") > 0, expected != FINE);
	if (expected != ERROR)
		ck_assert_str_eq(answer_x(policy), "allow");
}

START_TEST(load_trusts_only_what_root_alone_can_change)
{
	write_text(ETC "/a.fdp", ALLOW_X);
	spoils[_i].spoil();
	judge(LOAD_TRUST_ENFORCE, spoils[_i].daemon, spoils[_i].name);
	judge(LOAD_TRUST_TREE, spoils[_i].tree, spoils[_i].name);
	judge(LOAD_TRUST_NOTE, spoils[_i].tool, spoils[_i].name);
}
END_TEST

/* The examples of the language's text: all of its words, and their expectations hold. */
START_TEST(load_takes_the_examples_together)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	const char *srcdir = getenv("srcdir");
	char path[PATH_MAX];
	struct load_options options = { .directory = path, .trust = LOAD_TRUST_NOTE };

	snprintf(path, sizeof(path), "%s/examples/policy", srcdir ? srcdir : ".");
	policy = load_with(&options, &diags);
	ck_assert_msg(policy != NULL, "%s", findings_text(&diags));
	ck_assert_uint_eq(policy_summary(policy)->n_files, 10);
	ck_assert_uint_eq(policy_summary(policy)->n_expects, 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("load");
	TCase *tcase = suite_case(suite, "load");
	TCase *trust = suite_case(suite, "trust");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_checked_fixture(trust, set_up, tear_down);
	tcase_add_test(tcase, load_without_directories_is_a_policy_without_rules);
	tcase_add_test(tcase, load_of_empty_directories_is_a_policy_without_rules);
	tcase_add_loop_test(tcase, load_takes_a_name_from_the_highest_directory, 0,
			    ELEMENTSOF(precedence));
	tcase_add_test(tcase, load_never_reads_what_is_replaced);
	tcase_add_test(tcase, load_joins_files_of_different_names);
	tcase_add_test(tcase, load_masks_by_a_link_to_dev_null);
	tcase_add_test(tcase, load_disables_a_rule_by_its_id);
	tcase_add_loop_test(tcase, load_refuses_to_disable_what_may_not_be, 0,
			    ELEMENTSOF(disables));
	tcase_add_loop_test(tcase, load_reads_policy_files_and_says_what_it_does_not_read, 0,
			    ELEMENTSOF(entries));
	tcase_add_test(tcase, load_refuses_an_empty_file_and_one_that_is_cut_short);
	tcase_add_test(tcase, load_takes_no_empty_file_for_a_mask);
	tcase_add_test(tcase, load_refuses_a_policy_cut_anywhere_inside_a_statement);
	tcase_add_test(tcase, load_shows_the_errors_of_all_files_in_their_order);
	tcase_add_loop_test(tcase, load_holds_a_policy_to_its_expectations, 0,
			    ELEMENTSOF(expectations));
	tcase_add_test(tcase, load_gives_each_policy_a_sum_of_its_own);
	tcase_add_test(tcase, load_lets_a_file_replace_the_installed_one_of_its_name);
	tcase_add_test(tcase, load_of_files_only_reads_no_directory);
	tcase_add_test(tcase, load_of_one_directory_reads_no_other);
	tcase_add_test(tcase, load_refuses_a_file_that_is_not_there);
	tcase_add_test(tcase, load_reads_files_up_to_a_limit);
	tcase_add_test(tcase, load_reads_all_files_together_up_to_a_limit);
	tcase_add_test(tcase, load_takes_the_examples_together);
	/* Only root can make files that are not his. */
	if (geteuid() == 0)
		tcase_add_loop_test(trust, load_trusts_only_what_root_alone_can_change, 0,
				    ELEMENTSOF(spoils));
	else
		printf("SKIP: trust is tested as root only\n");
	return suite_main(suite);
}
