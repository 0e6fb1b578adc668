/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Names that mean the same on every machine: secrets, and what root executes or
 * believes. Only `as root` counts: without it a rule lends nobody more than his
 * own rights. What is below /etc/fdbroker the floor denies in any case.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/analysis_parts.h"

/* Of a secret that root alone may read, chmod(2) makes one that everybody may. */
#define YIELDING (POLICY_READ | POLICY_CONNECT | POLICY_ATTRIBUTES)
#define CHANGING                                                                                   \
	(POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE | POLICY_CREATE | POLICY_TMPFILE |         \
	 POLICY_REMOVE | POLICY_ATTRIBUTES)

/* Of a directory they change what is in it: others may write there then, or it is renamed. */
#define MOVING (POLICY_REMOVE | POLICY_ATTRIBUTES)

struct known {
	const char *what;
	const char *pattern;
};

static const struct known secrets[] = {
	{ "password hashes", "/etc/{shadow,shadow-,gshadow,gshadow-}" },
	{ "password hashes", "/etc/security/opasswd" },
	{ "SSH host key", "/etc/ssh/ssh_host_*_key" },
	{ "Kerberos keytab", "/etc/*.keytab" },
	{ "Kerberos database", "/var/{lib,kerberos}/krb5kdc/**" },
	{ "sssd's database", "/var/lib/sss/{db,secrets}/**" },
	{ "TLS private key", "/etc/ssl/private/**" },
	{ "TLS private key", "/etc/pki/tls/private/**" },
	{ "TLS private key", "/etc/letsencrypt/{live,archive}/*/privkey*.pem" },
	{ "TLS private key", "/etc/letsencrypt/{accounts,keys}/**" },
	{ "disk encryption key", "/{etc,run}/cryptsetup-keys.d/**" },
	{ "disk encryption key", "/etc/luks/**" },
	{ "system credential", "/var/lib/systemd/credential.secret" },
	{ "system credential", "/etc/{credstore,credstore.encrypted}/**" },
	{ "system credential", "/run/{credentials,credstore}/**" },
	{ "network key", "/etc/{NetworkManager/system-connections,wireguard}/**" },
	{ "network key", "/etc/{ipsec.secrets,wpa_supplicant/*.conf}" },
	{ "user's keys", "/home/*/{.ssh,.gnupg,.aws,.kube}/**" },
	{ "user's keys", "/home/*/.netrc" },
	{ "root's home", "/root/**" },
	{ "container runtime, which is root", "/{run,var/run}/{docker,crio/crio}.sock" },
	{ "container runtime, which is root", "/run/containerd/containerd.sock" },
	{ "container runtime, which is root", "/run/podman/podman.sock" },
	{ "virtual machines, whose manager is root", "/{run,var/run}/libvirt/libvirt-sock" },
	{ "packages, whose manager is root", "/run/snapd.socket" },
	{ "systemd, which is root", "/run/systemd/private" },
};

static const struct known trusted[] = {
	{ "cron", "/etc/{crontab,anacrontab}" },
	{ "cron", "/etc/cron.*/**" },
	{ "cron", "/var/spool/cron/**" },
	{ "sudo", "/etc/{sudoers,doas.conf,sudo.conf}" },
	{ "sudo", "/etc/{sudoers.d,polkit-1}/**" },
	{ "systemd's units", "/{etc,run}/systemd/**" },
	{ "start scripts", "/etc/{init.d,rc.local}" },
	{ "start scripts", "/etc/init.d/**" },
	{ "the dynamic linker", "/etc/ld.so.*" },
	{ "the dynamic linker", "/etc/ld.so.conf.d/**" },
	{ "PAM", "/etc/{pam.conf,nsswitch.conf,login.defs}" },
	{ "PAM", "/etc/{pam.d,security}/**" },
	{ "accounts", "/etc/{passwd,group,shadow,gshadow,subuid,subgid}" },
	{ "root's shell", "/etc/{profile,environment,bash.bashrc,bashrc,zshrc}" },
	{ "root's shell", "/etc/{profile.d,zsh}/**" },
	{ "udev and modules", "/etc/{udev,modprobe.d,modules-load.d}/**" },
	{ "D-Bus and SSH", "/etc/{dbus-1,ssh,apt}/**" },
	{ "confinement", "/etc/{apparmor,apparmor.d,selinux}/**" },
	{ "programs", "/{usr,bin,sbin,lib,lib64}/**" },
	{ "the kernel", "/boot/**" },
	{ "SSH logins", "/home/*/.ssh/{authorized_keys,authorized_keys2,rc}" },
	{ "root's home", "/root/**" },
};

/* Directories that have such names in them and others too. */
static const struct known above[] = {
	{ "everything", "/" },
	{ "what is below it", "/{etc,home,run,var,var/spool}" },
};

static const struct table {
	const char *id;
	uint32_t modes;	 /* that it is about */
	uint32_t moving; /* for which a directory counts as all that is in it */
	const struct known *items;
	size_t n;
} tables[] = {
	{ "W112", YIELDING, 0, secrets, ELEMENTSOF(secrets) },
	{ "W113", CHANGING, MOVING, trusted, ELEMENTSOF(trusted) },
	{ "W113", MOVING, 0, above, ELEMENTSOF(above) },
};

static int add_pattern(const char *pattern, size_t len, struct arena *arena,
		       struct language_area *ret)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	_cleanup_(freep) char *text = strndup(pattern, len);
	struct ast_path path = { .kind = AST_PATH_PATTERN, .text = text };
	int r = text ? glob_parse(&path, NULL, &glob) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < glob->n; i++)
		r = language_add(&ret->paths, arena, NULL, &glob->paths[i]);
	return r;
}

/* For a mode that moves, "/etc/pam.d" beside "/etc/pam.d/…". */
static int known_area(const struct known *known, bool moving, struct arena *arena,
		      struct language_area *ret)
{
	size_t len = strlen(known->pattern);
	int r = add_pattern(known->pattern, len, arena, ret);

	if (r == 0 && moving && len > 3 && strcmp(known->pattern + len - 3, "/**") == 0)
		r = add_pattern(known->pattern, len - 3, arena, ret);
	return r;
}

static bool may_meet(const struct language_list *a, const struct language_list *b)
{
	for (size_t i = 0; i < a->n; i++) {
		for (size_t j = 0; j < b->n; j++) {
			if (!language_apart(a->items[i], b->items[j]))
				return true;
		}
	}
	return false;
}

/* One rule, one kind of access, and what is denied of it. */
struct inquiry {
	struct analysis *analysis;
	const struct analysed_rule *rule;
	uint32_t mode;
	const struct language_area **out; /* owned */
	size_t n_out;
};

/* Where in analysis.known a table begins; for the one behind the last, where that ends. */
static size_t first_known(const struct table *table)
{
	size_t first = 0;

	while (table-- > tables)
		first += 2 * table->n;
	return first;
}

/* All tables once, each name as it is and for a mode that moves. */
static int make_known(struct analysis *a)
{
	size_t n = first_known(tables + ELEMENTSOF(tables));
	int r = 0;

	a->known = calloc(n, sizeof(*a->known));
	if (!a->known)
		return -ENOMEM;
	a->n_known = n;
	for (const struct table *table = tables; table < tables + ELEMENTSOF(tables); table++)
		for (size_t i = 0; r == 0 && i < 2 * table->n; i++)
			r = known_area(&table->items[i / 2], i % 2, &a->arena,
				       &a->known[first_known(table) + i]);
	return r;
}

void analysis_known_done(struct analysis *a)
{
	for (size_t i = 0; i < a->n_known; i++)
		language_list_done(&a->known[i].paths);
	free(a->known);
}

/* The name at @i: 1 and a name that is of both, 0, -ENOMEM. */
static int meets(const struct inquiry *inquiry, const struct table *table, size_t i,
		 struct text *ret)
{
	struct analysis *a = inquiry->analysis;
	bool moving = table->moving & inquiry->mode;
	const struct language_area *known = &a->known[first_known(table) + 2 * i + moving];
	const struct language_area *in[] = { &inquiry->rule->area, known };
	struct language_question question = {
		.in = in, .n_in = 2, .out = inquiry->out, .n_out = inquiry->n_out, .loose = true
	};
	int r = 0;

	if (may_meet(&known->paths, &inquiry->rule->area.paths))
		r = analysis_find(a, question, ret);
	return r == -E2BIG ? 0 : r;
}

static void say(const struct inquiry *inquiry, const char *id, const struct known *known,
		const struct text *name)
{
	struct diags *diags = inquiry->analysis->diags;
	const struct ast_rule *ast = inquiry->rule->ast;
	bool secret = strcmp(id, "W112") == 0;
	struct diag *diag = diag_add(diags, DIAG_WARNING, id, ast->paths.items[0].place,
				     secret ? "rule %s can yield a secret: %s"
					    : "rule %s can change what root trusts: %s",
				     inquiry->rule->id, known->what);

	diag_detail(diags, diag, "%s %s as root", first_mode(inquiry->mode), name->data);
	if (secret)
		diag_help(diags, diag, "if it is meant to, say why:  note \"…\";");
	else
		diag_help(diags, diag, "whoever can write this can become root: name less");
}

/* 1 if something was said. */
static int inquire(const struct inquiry *inquiry, const struct table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		_cleanup_(text_done) struct text name = TEXT_EMPTY;
		int r = meets(inquiry, table, i, &name);

		if (r < 0)
			return r;
		if (r == 1) {
			say(inquiry, table->id, &table->items[i], &name);
			return 1;
		}
	}
	return 0;
}

/* Each mode has its own denies. 1 if something was said. */
static int inquire_modes(struct inquiry *inquiry, const struct table *table,
			 const struct analysed_rule *const *denies, size_t n_denies)
{
	uint32_t modes = inquiry->rule->ast->modes & table->modes;
	int r = 0;

	for (uint32_t bit = 1; bit <= modes && r == 0; bit <<= 1) {
		if (!(modes & bit))
			continue;
		inquiry->mode = bit;
		inquiry->n_out = 0;
		for (size_t i = 0; i < n_denies; i++) {
			if (denies[i]->effect & bit)
				inquiry->out[inquiry->n_out++] = &denies[i]->area;
		}
		r = inquire(inquiry, table);
	}
	return r;
}

int analysis_known(struct analysis *a, const struct analysed_rule *rule,
		   const struct analysed_rule *const *denies, size_t n_denies)
{
	_cleanup_(freep) const struct language_area **out = NULL;
	struct inquiry inquiry = { .analysis = a, .rule = rule };
	int r = 0;

	if (!rule->ast->as_root)
		return 0;
	if (!a->known)
		r = make_known(a);
	if (r < 0)
		return r;
	out = calloc(n_denies + 1, sizeof(*out));
	if (!out)
		return -ENOMEM;
	inquiry.out = out;
	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(tables); i++) {
		const struct table *table = &tables[i];

		/* Once is enough of each. */
		if (r == 1 && i > 0 && strcmp(table->id, table[-1].id) == 0)
			continue;
		r = 0;
		if (strcmp(table->id, "W112") != 0 || !rule_attr(rule->ast, AST_ATTR_NOTE))
			r = inquire_modes(&inquiry, table, denies, n_denies);
	}
	return r < 0 ? r : 0;
}

/* without a policy */

#define MEET_BUDGET ((size_t)1000000) /* steps; where it is not enough the name counts as met */

static int area_meets(const struct language_area *area, const struct known *known, bool moving)
{
	struct arena arena = ARENA_EMPTY;
	struct language_area other = { 0 };
	const struct language_area *in[] = { area, &other };
	size_t budget = MEET_BUDGET;
	const struct language_question question = {
		.in = in, .n_in = 2, .loose = true, .budget = &budget
	};
	int r = known_area(known, moving, &arena, &other);

	if (r == 0 && may_meet(&other.paths, &area->paths))
		r = language_find(&question, NULL);
	language_list_done(&other.paths);
	arena_done(&arena);
	return r == -E2BIG ? 1 : r;
}

static int table_meets(const struct language_area *area, const struct table *table, uint32_t modes,
		       struct analysis_known_name *ret)
{
	bool moving = table->moving & modes;
	int r = 0;

	for (size_t i = 0; r == 0 && modes & table->modes && i < table->n; i++) {
		r = area_meets(area, &table->items[i], moving);
		ret->id = table->id;
		ret->what = table->items[i].what;
	}
	return r;
}

/* What root trusts first: that is worse. */
static int tables_meet(const struct language_area *area, uint32_t modes,
		       struct analysis_known_name *ret)
{
	int r = 0;

	for (size_t i = ELEMENTSOF(tables); r == 0 && i-- > 0;)
		r = table_meets(area, &tables[i], modes, ret);
	return r;
}

int analysis_known_meets(const struct ast_path *path, uint32_t modes,
			 struct analysis_known_name *ret)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	struct arena arena = ARENA_EMPTY;
	struct language_area area = { 0 };
	int r = glob_parse(path, NULL, &glob);

	for (size_t i = 0; r == 0 && i < glob->n; i++)
		r = language_add(&area.paths, &arena, NULL, &glob->paths[i]);
	if (r == 0)
		r = tables_meet(&area, modes, ret);
	language_list_done(&area.paths);
	arena_done(&arena);
	return r;
}
