/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/filter.h"
#include "daemon/hull.h"

/*
 * The order is the kernel's (capabilities(7)): securebits and the bounding set
 * need CAP_SETPCAP, so they come before it is given up; with
 * SECBIT_NO_SETUID_FIXUP locked the change of user keeps the capabilities, and a
 * later setfsuid(0) raises none; changing credentials makes a process dumpable
 * or not as sysctl says (prctl(2), PR_SET_DUMPABLE), so that comes after all of
 * them; the filter is last, because it forbids everything above.
 */

#define SECUREBITS                                                                                 \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                           \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |   \
	 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

static int keep_within_bounds(const cap_value_t *keep, int n)
{
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++) {
		bool kept = false;

		for (int i = 0; i < n; i++)
			kept |= keep[i] == cap;
		if (!kept && cap_drop_bound(cap) < 0)
			return -errno;
	}
	return 0;
}

static int change_user(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

static void free_caps(cap_t *caps)
{
	if (*caps)
		cap_free(*caps);
}

static int keep_only(const cap_value_t *keep, int n)
{
	_cleanup_(free_caps) cap_t caps = cap_init();

	if (!caps)
		return -errno;
	if (n > 0 && (cap_set_flag(caps, CAP_PERMITTED, n, keep, CAP_SET) < 0 ||
		      cap_set_flag(caps, CAP_EFFECTIVE, n, keep, CAP_SET) < 0))
		return -errno;
	return cap_set_proc(caps) < 0 ? -errno : 0;
}

static int leave_no_core(void)
{
	static const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

static int give_up(const struct confine_needs *needs, const cap_value_t *keep, int n_keep)
{
	int r;

	/* A uid 0 that may do nothing is still the owner of root's files. */
	if (needs->uid == 0 || needs->gid == 0)
		return -EINVAL;
	umask(0);
	if (prctl(PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0) < 0)
		return -errno;
	r = keep_within_bounds(keep, n_keep);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = change_user(needs->uid, needs->gid);
	if (r < 0)
		return r;
	r = keep_only(keep, n_keep);
	if (r < 0)
		return r;
	r = leave_no_core();
	if (r < 0)
		return r;
	filter_prepare();
	return needs->hull ? hull_enforce(needs->hull) : 0;
}

#define KEPT_MAX 5

/* Without CAP_CHOWN: what is created `as root` is made as the user who is to own it. */
static int broker_keeps(const struct confine_needs *needs, cap_value_t ret[KEPT_MAX])
{
	int n = 0;

	ret[n++] = CAP_SETUID;
	ret[n++] = CAP_SETGID;
	if (needs->reads_as_root)
		ret[n++] = CAP_DAC_READ_SEARCH;
	if (needs->writes_as_root)
		ret[n++] = CAP_DAC_OVERRIDE;
	if (needs->owns_as_root)
		ret[n++] = CAP_FOWNER;
	return n;
}

int confine_broker(const struct confine_needs *needs)
{
	cap_value_t keep[KEPT_MAX];
	int n = broker_keeps(needs, keep), r;

	r = give_up(needs, keep, n);
	return r < 0 ? r : filter_load_broker(needs->modes);
}

void confine_print(const struct confine_needs *needs, struct text *out)
{
	cap_value_t keep[KEPT_MAX];
	int n = broker_keeps(needs, keep);

	text_puts(out, "capabilities ");
	for (int i = 0; i < n; i++) {
		char *name = cap_to_name(keep[i]);

		text_printf(out, "%s%s", i > 0 ? "," : "", name ? name : "?");
		cap_free(name);
	}
	text_printf(out, "\nseccomp enforced\nlandlock %s\n", needs->hull ? "enforced" : "none");
}

/* What they write to they have open already. Whether Landlock may be missing is the parent's to say. */
static int give_up_all(uid_t uid, gid_t gid)
{
	_cleanup_(hull_freep) struct hull *hull = NULL;
	int r = hull_new(&hull, NULL, NULL);
	const struct confine_needs needs = { .uid = uid, .gid = gid, .hull = hull };

	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	return give_up(&needs, NULL, 0);
}

int confine_audit(uid_t uid, gid_t gid)
{
	int r = give_up_all(uid, gid);

	return r < 0 ? r : filter_load_audit();
}

int confine_pump(uid_t uid, gid_t gid)
{
	int r = give_up_all(uid, gid);

	return r < 0 ? r : filter_load_pump();
}

int confine_print_broker(int fd, uint32_t modes)
{
	return filter_print_broker(fd, modes);
}
