/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/policy/random_policy.h"

#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"

#define PICK(random, words) ((words)[random_below((random), ELEMENTSOF(words))])

/* xorshift64* */
uint32_t random_below(struct random *random, uint32_t n)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (uint32_t)((random->state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static bool once_in(struct random *random, uint32_t n)
{
	return random_below(random, n) == 0;
}

/* Names are taken apart otherwise where they are longer than a register. */
#define FIFTEEN "fifteen-letters"
#define LONG	"longer-than-two-registers-at-once"

static const char *const components[] = {
	"a",	  "b",	   "ab",     ".h",  "c.d",   "*",  "a",	 "b",  "a*",  "*b",    "?",  "[ab]",
	"[a-c]?", "{a,b}", "{a,c}*", "*.*", "\\x61", "**", "**", "**", "*b*", FIFTEEN, LONG,
};
static const char *const specifiers[] = { "%U", "%u", "%g", "%G", "%n",
					  "%N", "%p", "%j", "%s", "x%U" };

static bool is_deep(const char *component)
{
	return strcmp(component, "**") == 0;
}

static void add_components(struct random *random, struct text *out, bool instance)
{
	uint32_t n = 1 + random_below(random, 3);
	const char *last = "";

	for (uint32_t i = 0; i < n; i++) {
		const char *component = PICK(random, components);

		if (once_in(random, 12))
			component = PICK(random, specifiers);
		if (instance && once_in(random, 4))
			component = once_in(random, 2) ? "%i" : "%p-%i";
		if (is_deep(component) && is_deep(last))
			component = "b";
		text_printf(out, "/%s", component);
		last = component;
	}
}

static void add_path(struct random *random, struct text *out, bool instance)
{
	static const char *const literals[] = { "'/a'", "'/a/b'", "'/b/*'", "'/[ab]'", "'/.h/a'" };
	static const char *const sets[] = { "@s0", "@s1", "\"@s0/a\"", "\"@s1/**\"",
					    "\"@s0/{a,b}\"" };

	if (once_in(random, 8)) {
		text_puts(out, PICK(random, literals));
		return;
	}
	if (once_in(random, 6)) {
		text_puts(out, PICK(random, sets));
		return;
	}
	text_puts(out, once_in(random, 15) ? "\"%h" : "\"");
	add_components(random, out, instance);
	text_puts(out, "\"");
}

static void add_paths(struct random *random, struct text *out, bool instance)
{
	add_path(random, out, instance);
	while (once_in(random, 3)) {
		text_puts(out, ", ");
		add_path(random, out, instance);
	}
}

static const char *const terms[] = {
	"userns host",
	"not userns other",
	"mntns other",
	"pidns { host, other }",
	"nnp yes",
	"not seccomp filter",
	"apparmor \"a\"",
	"apparmor \"/a/{b,c}//*\"",
	"not apparmor \"**/b\"",
	"apparmor { \"a?\", \"/a/**\" }",
	"selinux \"u:*:t\"",
	"not selinux \"{u,v}:r:t_*:s0*\"",
	"user 0",
	"user 1",
	"user { 0, 4242 }",
	"user 1-5000",
	"user root",
	"user no-such-user",
	"group 0",
	"group 4242",
	"group { 7, 4243-4250 }",
	"unit \"a.service\"",
	"unit \"a@*.service\"",
	"unit { \"{a,b}.service\", 'a@*.service' }",
	"unit \"*.scope\"",
	"user 1 and user-unit \"app-*.scope\"",
	"slice \"system.slice\"",
	"slice \"user.slice\"",
	"slice \"user-*.slice\"",
	"slice '-.slice'",
	"exe \"/usr/bin/a\"",
	"exe { \"/usr/bin/a\", '/usr/bin/b' }",
	"not user 1",
	"not group 4242",
	"not unit \"a@*.service\"",
	"not slice \"user.slice\"",
	"not exe '/usr/bin/b'",
};
static const char *const named[] = { "subject t0", "subject t1", "not subject t0",
				     "not subject t1" };

static void add_conj(struct random *random, struct text *out, bool names)
{
	text_puts(out, names && once_in(random, 4) ? PICK(random, named) : PICK(random, terms));
	while (once_in(random, 3))
		text_printf(out, " and %s",
			    names && once_in(random, 4) ? PICK(random, named)
							: PICK(random, terms));
}

/* True if it has a template unit, which %i needs. */
static bool add_who(struct random *random, struct text *out)
{
	if (once_in(random, 3)) {
		text_puts(out, "anyone");
		return false;
	}
	if (once_in(random, 5)) {
		text_puts(out, "unit \"a@*.service\"");
		return true;
	}
	add_conj(random, out, true);
	while (once_in(random, 2)) {
		text_puts(out, " or ");
		add_conj(random, out, true);
	}
	return false;
}

static const char *const conditions[] = {
	"type regular;",
	"type { regular, char, block };",
	"owner root;",
	"owner caller;",
	"owner { 1, caller };",
	"owner no-such-user;",
	"file-group 0;",
	"file-group { 1, 2 };",
	"mode-max 0644;",
	"mode-max 0755;",
	"links 1;",
	"links any;",
	"max-size 64K;",
	"max-size 10;",
	"fs local;",
	"fs any;",
	"fs { proc, fuse };",
	"mount nodev;",
	"mount { noexec, ro };",
	"until 2026-06-01;",
	"until 2026-06-02T12:00Z;",
	"create-owner \"1:2\";",
	"create-owner \"no-such-user:2\";",
	"create-owner \"1:no-such-group\";",
	"deliver snapshot;",
};

/* What may stand on a deny without making it conditional. */
static const char *const beside[] = {
	";", ";", ";", " { hide; }", " { audit all; }", " { hide; note \"why\"; audit none; }",
};

/* E014: a copy is of a regular file with a size, and can only be read. */
static bool can_be_copied(bool allow, const char *modes, const char *attrs)
{
	return allow && strcmp(modes, "read") == 0 && !strstr(attrs, "type {") &&
	       !strstr(attrs, "proc");
}

static void add_attrs(struct random *random, struct text *out, bool allow, const char *modes)
{
	bool any = false;
	size_t start;

	if (!allow && !once_in(random, 3)) {
		text_puts(out, PICK(random, beside));
		return;
	}
	text_puts(out, " {");
	start = out->len;
	/* Each attribute at most once: go through them in order. */
	for (size_t i = 0; i < ELEMENTSOF(conditions); i++) {
		const char *space = strchr(conditions[i], ' ');
		const char *before = i ? conditions[i - 1] : "";
		bool same = strncmp(before, conditions[i], (size_t)(space - conditions[i])) == 0;

		any = any && same;
		/* E014: what is listed is a directory, and an owner is given to what is created. */
		if (any || !once_in(random, 14) || (strstr(modes, "list") && i < 2) ||
		    (strncmp(conditions[i], "create-", 7) == 0 &&
		     (!allow || !strstr(modes, "create"))) ||
		    (strncmp(conditions[i], "deliver", 7) == 0 &&
		     !can_be_copied(allow, modes, out->data + start)))
			continue;
		text_printf(out, " %s", conditions[i]);
		any = true;
	}
	text_puts(out, !allow && once_in(random, 3) ? " hide; }" : " }");
}

static const char *const allow_modes[] = {
	"read",
	"read, write",
	"read, append",
	"write",
	"read, create, stat",
	"list, read",
	"read, write, append, truncate, create, remove",
	"read, write, create, stat, list",
};
static const char *const deny_modes[] = { "read",	  "write", "any", "append",
					  "create, stat", "any",   "read" };

static void add_rule(struct random *random, struct text *out, unsigned int number, bool instance)
{
	bool allow = !once_in(random, 3);
	const char *modes = allow ? PICK(random, allow_modes) : PICK(random, deny_modes);

	if (!once_in(random, 5))
		text_printf(out, "r%u: ", number);
	text_printf(out, "%s %s %s", allow ? "allow" : "deny", modes,
		    allow && once_in(random, 5) ? "as root " : "");
	add_paths(random, out, instance);
	if (once_in(random, 3)) {
		text_puts(out, " except ");
		add_paths(random, out, instance);
	}
	add_attrs(random, out, allow, modes);
	text_puts(out, "\n");
}

static void add_scope(struct random *random, struct text *out, unsigned int *number)
{
	bool instance;

	text_puts(out, "for ");
	instance = add_who(random, out);
	text_puts(out, once_in(random, 10) ? " mode complain {\n" : " {\n");
	do
		add_rule(random, out, (*number)++, instance);
	while (once_in(random, 2));
	text_puts(out, "}\n");
}

static void add_definitions(struct random *random, struct text *out)
{
	text_puts(out, "let @s0 = \"/a\", \"/*/b\", '/[ab]';\nlet @s1 = @s0, \"@s0/c.d\";\n");
	if (once_in(random, 2))
		text_puts(out, "extend @s0 += \"/b/**\";\n");
	text_puts(out, "subject t0 = ");
	add_conj(random, out, false);
	text_puts(out, ";\nsubject t1 = subject t0 or ");
	add_conj(random, out, false);
	text_puts(out, ";\n");
}

/* Denies that many names meet. */
static const char *const broad[] = {
	"any \"/b/**\"", "read \"/**/a\"", "any \"/a*/**\" except \"/**/a\"",
	"write \"/**\"", "any \"/*\"",	   "read, write \"/*/*\"",
};

void random_policy(struct random *random, struct text *out)
{
	unsigned int number = 0, n = 2 + random_below(random, 6);

	text_puts(out, "version 1;\n");
	add_definitions(random, out);
	if (once_in(random, 2))
		text_puts(out, "for anyone { wide: allow read, write, list, stat \"/**\"; }\n");
	for (unsigned int i = 0; i < n; i++)
		add_scope(random, out, &number);
	if (once_in(random, 2))
		text_printf(out, "broad: deny %s;\n", PICK(random, broad));
	if (once_in(random, 2)) {
		text_printf(out, "last: deny %s ", PICK(random, deny_modes));
		add_paths(random, out, false);
		text_puts(out, ";\n");
	}
}

struct policy_subject random_subject(struct random *random)
{
	static const uid_t uids[] = { 0, 1, 1, 2, 4242, 65534 };
	static const gid_t gids[] = { 0, 1, 7, 4242, 4243 };
	static const gid_t groups[] = { 7, 4242, 4250, 1 };
	static const char *const units[] = {
		NULL,	      "a.service",     "b.service", "a@b.service",    "a@a.service",
		"a@.service", "x-a@..service", "ab.scope",  "user@1.service", "a@*.service",
	};
	static const char *const user_units[] = { NULL, "app-x.scope", "x.scope" };
	static const char *const slices[] = { NULL,	      "system.slice",	"user.slice",
					      "user-1.slice", "user-1-a.slice", "users.slice",
					      "-.slice" };
	static const char *const exes[] = { "/usr/bin/a", "/usr/bin/b" };
	static const char *const profiles[] = { NULL, "a", "ab", "/a/b", "/a/b//c", "/a//b", "b" };
	static const char *const contexts[] = { "u:r:t", "u:r:t:s0", "v:r:t_x:s0:c1,c2",
						"v:r:t_x" };
	struct policy_subject subject = {
		.known = POLICY_FACT_ALL,
		.uid = PICK(random, uids),
		.gid = PICK(random, gids),
		.groups = groups,
		.n_groups = random_below(random, ELEMENTSOF(groups) + 1),
		.unit = PICK(random, units),
		.user_unit = PICK(random, user_units),
		.slice = PICK(random, slices),
		.exes = exes,
		.n_exes = random_below(random, ELEMENTSOF(exes) + 1),
	};

	subject.traits = random_below(random, POLICY_FACT_ALL + 1) & POLICY_TRAITS;
	subject.apparmor = PICK(random, profiles);
	subject.selinux = PICK(random, contexts);
	subject.doubtful = random_below(random, POLICY_FACT_ALL + 1) & POLICY_LABELS;
	if (once_in(random, 8)) {
		subject.known = random_below(random, POLICY_FACT_ALL + 1);
	} else if (once_in(random, 2)) {
		/* As in the daemon. */
		subject.attested = true;
		subject.known &= ~(random_below(random, POLICY_FACT_ALL + 1) &
				   (POLICY_TRAITS | POLICY_LABELS));
		if (!(subject.known & POLICY_FACT_APPARMOR))
			subject.apparmor = NULL;
		if (!(subject.known & POLICY_FACT_SELINUX))
			subject.selinux = NULL;
		subject.traits &= subject.known;
	}
	return subject;
}

void random_path(struct random *random, char *ret, size_t size)
{
	static const char *const names[] = {
		"a",	"b", "ab", ".h",  "c.d", "a",	  "b",	"*",
		"[ab]", "c", "1",  "a-b", "aa",	 FIFTEEN, LONG,
	};
	static const char *const others[] = {
		"/",
		"/proc/1/maps",
		"/proc/self/maps",
		"/proc/a",
		"/sys/a",
		"/etc/fdbroker/a",
		"/etc/fdbroker",
		"/run/fdbroker/socket",
		"/dev/mem",
		"/a/../b",
		"/a//b",
		"a",
		"/a/",
		"/root/a",
		"/usr/sbin/b",
		"/bin/a",
		"/usr/lib/fdbroker/policy.d/a",
		"/.",
		"/proc",
	};
	uint32_t n = 1 + random_below(random, 4);
	size_t len = 0;

	if (once_in(random, 14)) {
		strncpy(ret, PICK(random, others), size);
		return;
	}
	while (n-- > 0) {
		const char *name = PICK(random, names);

		ret[len] = '/';
		strcpy(ret + len + 1, name);
		len += 1 + strlen(name);
	}
}

uint32_t random_modes(struct random *random)
{
	static const uint32_t modes[] = {
		POLICY_READ,
		POLICY_READ,
		POLICY_READ,
		POLICY_WRITE,
		POLICY_READ | POLICY_WRITE,
		POLICY_APPEND,
		POLICY_READ | POLICY_APPEND,
		POLICY_WRITE | POLICY_TRUNCATE,
		POLICY_CREATE,
		POLICY_READ | POLICY_CREATE,
		POLICY_LIST,
		POLICY_STAT,
		POLICY_REMOVE,
	};

	return PICK(random, modes);
}

struct policy_object random_object(struct random *random)
{
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFREG, S_IFREG, S_IFREG,
					S_IFDIR, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK };
	static const mode_t modes[] = { 0644, 0644, 0600, 0755, 0640, 04755, 02755 };
	static const uint32_t magics[] = { EXT4_SUPER_MAGIC,	  EXT4_SUPER_MAGIC,
					   TMPFS_MAGIC,		  EXT4_SUPER_MAGIC,
					   PROC_SUPER_MAGIC,	  NFS_SUPER_MAGIC,
					   0x65735546 /* FUSE */, SYSFS_MAGIC,
					   DEVPTS_SUPER_MAGIC,	  0x12345678 };
	static const uint64_t sizes[] = {
		0, 10, 11, 64 * 1024, 64 * 1024 + 1, 64 << 20, (64 << 20) + 1
	};

	return (struct policy_object){
		.mode = PICK(random, types) | PICK(random, modes),
		.uid = random_below(random, 3),
		.gid = random_below(random, 3),
		.links = 1 + (once_in(random, 5)),
		.size = PICK(random, sizes),
		.rdev = (once_in(random, 4) ? 21 : 1) << 8 | random_below(random, 6),
		.fs_magic = PICK(random, magics),
		.mount_flags = random_below(random, 16), /* ST_RDONLY to ST_NOEXEC */
		.fresh = once_in(random, 10),
	};
}
