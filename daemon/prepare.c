/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/account.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/text.h"
#include "daemon/audit.h"
#include "daemon/broker.h"
#include "daemon/landlock.h"
#include "daemon/limits.h"
#include "daemon/log.h"

static int require_user(const char *name, struct account *ret)
{
	int r = account_by_name(name, ret);

	if (r == -ESRCH)
		log_error("there is no user %s: run systemd-sysusers, or see "
			  "sysusers.d/fdbroker.conf",
			  name);
	else if (r < 0)
		log_error_errno(r, "cannot look for the user %s: %m", name);
	return r;
}

int prepare_users(uid_t *ret_uid, gid_t *ret_gid)
{
	_cleanup_(account_done) struct account broker = { 0 }, audit = { 0 };
	int r;

	if (geteuid() != 0) {
		log_error("must be started as root");
		return -EPERM;
	}
	r = require_user(BROKER_USER, &broker);
	if (r == 0)
		r = require_user(AUDIT_USER, &audit);
	if (r < 0)
		return r;
	*ret_uid = broker.uid;
	*ret_gid = broker.gid;
	return 0;
}

/* Descriptors of a broker: each connection, and each that is on its way out with a kept reply; a
 * quarter is for batches (under_way.h). */
static void fit_clients(struct settings *settings, rlim_t files)
{
	rlim_t usable = files - files / 4;
	rlim_t most = usable > LIMIT_FILES_OWN ? (usable - LIMIT_FILES_OWN) / 2 : 0;

	if (settings->max_clients <= most)
		return;
	log_warning("max-clients is %llu, not %u: LimitNOFILE= is %llu", (unsigned long long)most,
		    settings->max_clients, (unsigned long long)files);
	settings->max_clients = (uint32_t)most;
}

/* fs.inotify.max_user_instances is for all that the daemon's user has; 0: not known. */
static uint32_t read_instances(void)
{
	_cleanup_(fd_closep) int fd =
		open("/proc/sys/fs/inotify/max_user_instances", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char text[16] = "";
	uint32_t value = 0;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return number_u32(text, &value) < 0 ? 0 : value;
}

/* What nobody could have anyway is said at the start, not by whoever asks for the last one. */
static void fit_watches(struct settings *settings)
{
	uint32_t instances = read_instances();
	uint32_t most = instances > LIMIT_WATCHES_OWN ? instances - LIMIT_WATCHES_OWN : 0;

	if (instances == 0 || settings->max_watches <= most)
		return;
	log_warning("max-watches is %u, not %u: fs.inotify.max_user_instances is %u", most,
		    settings->max_watches, instances);
	settings->max_watches = most;
}

int prepare_process(struct settings *settings)
{
	struct rlimit none = { 0, 0 }, files;

	umask(077);
	if (chdir("/") < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    getrlimit(RLIMIT_NOFILE, &files) < 0)
		return -errno;
	files.rlim_cur = files.rlim_max < LIMIT_FILES ? files.rlim_max : LIMIT_FILES;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	/* Whoever has it ignored lets the kernel reap what daemon/child.c waits for. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return -errno;
	fit_clients(settings, files.rlim_cur);
	fit_watches(settings);
	return settings->max_clients == 0 ? -EMFILE : 0;
}

static int show(struct diags *diags)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	diags_sort(diags);
	for (size_t i = 0; i < diags->n; i++)
		diag_render(&diags->items[i], false, &text);
	log_error_lines(text.data ? text.data : "", text.len);
	return -EINVAL;
}

int prepare_settings(const char *path, struct settings *ret)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	int r;

	settings_init(ret);
	r = settings_load(ret, path, &diags);
	if (r < 0)
		return log_error_errno(r, "%s: %m", path ? path : SETTINGS_FILE);
	return diags.n_errors > 0 || diags.failed ? show(&diags) : 0;
}

int prepare_landlock(const struct settings *settings)
{
	int r = settings->require_landlock ? landlock_probe() : 0;

	if (r < 0)
		log_error_errno(r, "this kernel has no Landlock to confine brokers with, or it is "
				   "switched off; to serve without: require-landlock no: %m");
	return r;
}

int prepare_audit_file(const char *path, int *ret)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	struct stat st;

	fd = open(path,
		  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		  0640);
	if (fd < 0)
		return log_error_errno(-errno, "%s: %m", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return log_error_errno(-EINVAL, "%s: not a regular file", path);
	*ret = TAKE_FD(fd);
	return 0;
}
