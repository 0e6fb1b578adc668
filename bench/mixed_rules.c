/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/mixed_rules.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bench/measure.h"
#include "policy/load.h"

#define RULES_PER_FILE 8000U /* below 1 MiB */
#define FILES_MAX      64U

DEFINE_CLEANUP(struct policy *, policy_free)

static void spell_all(struct mixed_rule *rule, char *pattern, size_t size, size_t i)
{
	static const char *const forms[] = { "exact",	"exact",   "exact",   "exact", "exact",
					     "subtree", "subtree", "subtree", "deep",  "glob" };

	switch (forms[i % 10][0]) {
	case 'e':
		snprintf(pattern, size, "/srv/app%zu/conf.d/%zu/site-%zu.conf", i % 997, i % 31, i);
		break;
	case 's':
		snprintf(pattern, size, "/home/user%zu/docs/project-%zu/**", i % 499, i);
		rule->flags = 0;
		break;
	case 'd':
		snprintf(pattern, size, "/srv/*/logs-%zu/**/*.log", i);
		rule->flags = 0;
		break;
	case 'g':
		snprintf(pattern, size, "/var/lib/app%zu/*/cache-%zu/*.db", i % 997, i);
		break;
	}
}

/* fnmatch(3) has no `**`: without FNM_PATHNAME its star crosses slashes, which is close enough
 * for the questions here. */
static char *to_fnmatch(const char *pattern)
{
	char *glob = strdup(pattern), *deep = glob ? strstr(glob, "**/*") : NULL;

	if (deep)
		memmove(deep, deep + strlen("**/"), strlen(deep + strlen("**/")) + 1);
	deep = glob ? strstr(glob, "**") : NULL;
	if (deep)
		deep[1] = '\0';
	return glob;
}

static int spell(struct mixed_rule *rule, enum mix mix, size_t i)
{
	char pattern[128] = "";

	rule->flags = FNM_PATHNAME;
	rule->everybody = mix != MIX_ALL || i % 8 != 7;
	rule->uid = MIXED_FIRST_USER + (uid_t)(i % MIXED_USERS);
	if (mix == MIX_ALL)
		spell_all(rule, pattern, sizeof(pattern), i);
	else if (mix == MIX_HEADS)
		snprintf(pattern, sizeof(pattern), "/opt/tool-%zu-*/bin/*", i);
	else
		snprintf(pattern, sizeof(pattern), "/opt/x*-%zu/bin/*", i);
	rule->pattern = strdup(pattern);
	rule->glob = to_fnmatch(pattern);
	return rule->pattern && rule->glob ? 0 : -ENOMEM;
}

int mixed_rules_new(struct mixed_rules *ret, enum mix mix, size_t n)
{
	int r = 0;

	ret->n = n;
	ret->rules = calloc(n + 1, sizeof(*ret->rules));
	if (!ret->rules)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = spell(&ret->rules[i], mix, i);
	return r;
}

void mixed_rules_done(struct mixed_rules *rules)
{
	for (size_t i = 0; rules->rules && i < rules->n; i++) {
		free(rules->rules[i].pattern);
		free(rules->rules[i].glob);
	}
	free(rules->rules);
	*rules = (struct mixed_rules){ 0 };
}

struct mixed_question mixed_question(enum mix mix, size_t i, bool miss)
{
	struct mixed_question q = { .uid = MIXED_FIRST_USER + (uid_t)(i % MIXED_USERS) };
	const char *more = miss ? "-no" : "";
	size_t form = i % 10;

	if (mix == MIX_HEADS)
		snprintf(q.path, sizeof(q.path), "/opt/tool-%zu%s-v2/bin/run", i, more);
	else if (mix == MIX_TAILS)
		snprintf(q.path, sizeof(q.path), "/opt/x-v2-%zu%s/bin/run", i, more);
	else if (form < 5)
		snprintf(q.path, sizeof(q.path), "/srv/app%zu/conf.d/%zu/site-%zu.conf%s", i % 997,
			 i % 31, i, more);
	else if (form < 8)
		snprintf(q.path, sizeof(q.path), "/home/user%zu/docs/project-%zu%s/a/b/notes.txt",
			 i % 499, i, more);
	else if (form == 8)
		snprintf(q.path, sizeof(q.path), "/srv/web%zu/logs-%zu/2026/11/access.log%s",
			 i % 97, i, more);
	else
		snprintf(q.path, sizeof(q.path), "/var/lib/app%zu/main/cache-%zu/index.db%s",
			 i % 997, i, more);
	return q;
}

static void write_scope(FILE *file, const struct mixed_rules *rules, size_t first, size_t last,
			bool everybody, uid_t uid)
{
	if (everybody)
		fprintf(file, "for anyone {\n");
	else
		fprintf(file, "for user %u {\n", uid);
	for (size_t i = first; i < last; i++)
		if (rules->rules[i].everybody == everybody &&
		    (everybody || rules->rules[i].uid == uid))
			fprintf(file, "\tr%zu: allow read \"%s\";\n", i, rules->rules[i].pattern);
	fprintf(file, "}\n");
}

static void file_name(const char *directory, size_t first, char *name, size_t size)
{
	snprintf(name, size, "%s/m%zu.fdp", directory, first / RULES_PER_FILE);
}

static int write_file(const char *directory, const struct mixed_rules *rules, size_t first)
{
	size_t last = first + RULES_PER_FILE < rules->n ? first + RULES_PER_FILE : rules->n;
	char name[128];
	FILE *file;

	file_name(directory, first, name, sizeof(name));
	file = fopen(name, "we");
	if (!file)
		return -errno;
	fprintf(file, "version 1;\n");
	write_scope(file, rules, first, last, true, 0);
	for (uid_t uid = 0; uid < MIXED_USERS; uid++)
		write_scope(file, rules, first, last, false, MIXED_FIRST_USER + uid);
	return fclose(file) == 0 ? 0 : -errno;
}

int mixed_rules_write(const struct mixed_rules *rules, const char *directory)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rules->n; i += RULES_PER_FILE)
		r = write_file(directory, rules, i);
	return r;
}

int mixed_rules_load_from(const char *directory, struct policy **ret, double *ret_usec)
{
	struct load_options options = { .directory = directory, .trust = LOAD_TRUST_NOTE };
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	double start = measure_now_usec();
	int r = load_policy(&options, &diags, ret);

	*ret_usec = measure_now_usec() - start;
	if (r == 0 && !*ret) {
		fprintf(stderr, "%s\n", diags.n > 0 ? diags.items[0].message : "does not load");
		return -EINVAL;
	}
	return r;
}

int mixed_rules_load(const struct mixed_rules *rules, struct policy **ret, double *ret_usec)
{
	char directory[] = "/tmp/bench-decide-XXXXXX", name[128];
	int r;

	if (!mkdtemp(directory))
		return -errno;
	r = mixed_rules_write(rules, directory);
	if (r == 0)
		r = mixed_rules_load_from(directory, ret, ret_usec);
	for (size_t i = 0; i < rules->n; i += RULES_PER_FILE) {
		file_name(directory, i, name, sizeof(name));
		unlink(name);
	}
	rmdir(directory);
	return r;
}
