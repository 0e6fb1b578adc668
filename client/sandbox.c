/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Entering the sandbox: what is implied by the personality first, then descriptors, then
 * no_new_privs, then the filter for all threads at once, then a proof. The table of what is
 * allowed is sandbox_table.c; here is only how it becomes a filter.
 *
 * A filter of another architecture's calls would be another table, so those calls, and x32's
 * (nr >= 0x40000000 under the same AUDIT_ARCH), kill the process: libseccomp
 * checks the architecture before anything else. Everything that is not a row is refused
 * with an errno, not with a signal: a library that probes for a feature is no attack.
 */

#include "client/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/seccomp.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "client/sandbox_table.h"

#define LOW_32 UINT64_C(0xffffffff)

static scmp_filter_ctx filter_free(scmp_filter_ctx filter)
{
	if (filter)
		seccomp_release(filter);
	return NULL;
}
DEFINE_CLEANUP(scmp_filter_ctx, filter_free)

static int close_others(int fd)
{
	/* close_range(2), Linux 5.9; the broker needs 5.11 */
	if (fd > 3 && close_range(3, (unsigned)fd - 1, 0) < 0)
		return -errno;
	if (close_range(fd < 3 ? 3 : (unsigned)fd + 1, ~0U, 0) < 0)
		return -errno;
	return 0;
}

/*
 * personality(2): with READ_IMPLIES_EXEC what is mapped to be read can be executed, too, and no
 * filter sees it asked for. Where systemd.exec(5)'s LockPersonality= refuses all but one, to ask which it is
 * is refused as well: mostly it is that of Linux without any flag, and to set that does no harm.
 */
static int forbid_implied_exec(void)
{
	int persona = personality(0xffffffff);

	if (persona < 0 && errno == EPERM)
		persona = personality(PER_LINUX) < 0 ? -1 : PER_LINUX;
	if (persona < 0)
		return -errno;
	if (!(persona & READ_IMPLIES_EXEC))
		return 0;
	return personality((unsigned long)(persona & ~READ_IMPLIES_EXEC)) < 0 ? -errno : 0;
}

static uint32_t row_action(const struct sandbox_row *row)
{
	return row->error == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(row->error);
}

static int add_masked(scmp_filter_ctx filter, const struct sandbox_row *row, uint64_t mask,
		      uint64_t value)
{
	return seccomp_rule_add(filter, row_action(row), row->nr, 1,
				SCMP_CMP64(row->argument, SCMP_CMP_MASKED_EQ, mask, value));
}

/* libseccomp compares "not equal" in 64 bits only. In 32: at least one bit differs. */
static int add_not_equal(scmp_filter_ctx filter, const struct sandbox_row *row, uint32_t value)
{
	int r = 0;

	for (unsigned bit = 0; bit < 32 && r == 0; bit++)
		r = add_masked(filter, row, 1U << bit, ~value & (1U << bit));
	return r;
}

/* The same for "less" and "greater": a number is greater than @value if the highest bit in which they
 * differ is set in it, and less if it is not. So each rule that this adds is for one such bit. */
static int add_beside(scmp_filter_ctx filter, const struct sandbox_row *row, unsigned argument,
		      uint32_t value, bool greater)
{
	int r = 0;

	for (unsigned bit = 0; bit < 32 && r == 0; bit++) {
		uint32_t mask = UINT32_MAX << bit, differs = value ^ 1U << bit;

		if ((differs >> bit & 1U) == greater)
			r = seccomp_rule_add(filter, row_action(row), row->nr, 2,
					     SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask,
							differs & mask),
					     SCMP_A2_64(SCMP_CMP_MASKED_EQ, LOW_32, 0));
	}
	return r;
}

/* From argument 0 to argument 1: it ends before @fd, or begins behind it. */
static int add_range_without(scmp_filter_ctx filter, const struct sandbox_row *row, uint32_t fd)
{
	int r = add_beside(filter, row, 1, fd, false);

	return r < 0 ? r : add_beside(filter, row, 0, fd, true);
}

static int add_row(scmp_filter_ctx filter, const struct sandbox_row *row, int fd)
{
	switch ((enum sandbox_operand)row->operand) {
	case SANDBOX_ANY:
		return seccomp_rule_add(filter, row_action(row), row->nr, 0);
	case SANDBOX_MASK:
		return add_masked(filter, row, row->mask, row->value);
	case SANDBOX_BROKER:
		return add_masked(filter, row, LOW_32, (uint32_t)fd);
	case SANDBOX_NOT_BROKER:
		return add_not_equal(filter, row, (uint32_t)fd);
	case SANDBOX_SELF:
		return add_masked(filter, row, LOW_32, (uint32_t)getpid());
	case SANDBOX_READ_LIMIT:
		return seccomp_rule_add(filter, row_action(row), row->nr, 2,
					SCMP_A0_64(SCMP_CMP_MASKED_EQ, LOW_32, 0),
					SCMP_A2_64(SCMP_CMP_EQ, 0));
	case SANDBOX_CLOSE_MANY:
		return add_range_without(filter, row, (uint32_t)fd);
	}
	return -EINVAL;
}

static int add_table(scmp_filter_ctx filter, int fd)
{
	int r;

	for (size_t i = 0; i < sandbox_table_size; i++) {
		if (sandbox_table[i].nr < 0)
			continue;
		r = add_row(filter, &sandbox_table[i], fd);
		if (r < 0)
			return r;
	}
	for (int nr = SANDBOX_NEWEST_CALL + 1; nr <= SANDBOX_LAST_CALL; nr++) {
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), nr, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct {
	enum scmp_filter_attr attribute;
	uint32_t value;
} attributes[] = {
	{ SCMP_FLTATR_API_SYSRAWRC, 1 }, /* the kernel's errno, not ECANCELED */
	{ SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS },
	{ SCMP_FLTATR_CTL_NNP, 0 }, /* done and checked by sandbox_enter() */
	{ SCMP_FLTATR_CTL_TSYNC, 1 },
	{ SCMP_FLTATR_CTL_OPTIMIZE, 2 }, /* a binary tree */
};

static int set_attributes(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < ELEMENTSOF(attributes); i++) {
		int r = seccomp_attr_set(filter, attributes[i].attribute, attributes[i].value);

		if (r < 0)
			return r;
	}
	return 0;
}

static int load_filter(int fd)
{
	_cleanup_(filter_freep) scmp_filter_ctx filter = NULL;
	int r;

	/* seccomp_api_get(3): TSYNC came with level 2, KILL_PROCESS with 3 */
	if (seccomp_api_get() < 3)
		return -ENOSYS;
	filter = seccomp_init(SCMP_ACT_ERRNO(SANDBOX_DEFAULT_ERRNO));
	if (!filter)
		return -ENOMEM;
	r = set_attributes(filter);
	if (r < 0)
		return r;
	r = add_table(filter, fd);
	if (r < 0)
		return r;
	r = seccomp_load(filter);
	/* With TSYNC the kernel returns the id of a thread that it cannot move: seccomp(2). */
	if (r > 0)
		return -ESRCH;
	return r;
}

/* Calls that have no effect when they succeed, and must not. */
static const struct {
	long nr;
	long arguments[3];
	int expected;
} proofs[] = {
	{ SYS_openat, { AT_FDCWD, (long)"/", O_PATH | O_CLOEXEC }, EACCES },
	{ SYS_socket, { AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0 }, SANDBOX_DEFAULT_ERRNO },
	{ SYS_execve, { 0, 0, 0 }, SANDBOX_DEFAULT_ERRNO }, /* EFAULT without the filter */
};

static int prove(void)
{
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER)
		return -EPROTO;
	for (size_t i = 0; i < ELEMENTSOF(proofs); i++) {
		const long *a = proofs[i].arguments;
		long r = syscall(proofs[i].nr, a[0], a[1], a[2]);

		if (r >= 0)
			close((int)r);
		if (r >= 0 || errno != proofs[i].expected)
			return -EPROTO;
	}
	return 0;
}

int sandbox_enter(int fd)
{
	int r;

	if (fd < 0)
		return -EBADF;
	/* First: in this sandbox it is refused, and then nothing should have been closed. */
	r = forbid_implied_exec();
	if (r < 0)
		return r;
	r = close_others(fd);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = load_filter(fd);
	if (r < 0)
		return r;
	return prove();
}
