/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/measure.h"
#include "bench/mixed_rules.h"
#include "bench/stage.h"
#include "client/fdbroker.h"

/*
 * Started as systemd starts it, with sockets that listen already; so that the first request
 * waits in the queue for as long as the start takes.
 */

#define LISTENER 3 /* sd_listen_fds(3) */

static const char *const names[] = {
	[STAGE_PARENT] = "fdbrokerd",
	[STAGE_BROKER] = "fdbroker-broker",
	[STAGE_AUDIT] = "fdbroker-audit",
	[STAGE_PUMP] = "fdbroker-pump",
};

static FILE *create(const char *directory, const char *name)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	if (!file)
		measure_die(path, -errno);
	return file;
}

static void finish(FILE *file)
{
	if (fchmod(fileno(file), 0644) < 0 || fclose(file) != 0)
		measure_die("cannot write", -errno);
}

static void write_policy(const struct stage *stage, const char *directory, size_t n)
{
	struct mixed_rules rules;
	int r = mixed_rules_new(&rules, MIX_ALL, n - stage_n_rules(stage));
	FILE *file = create(directory, "stage.fdp");

	if (r == 0)
		r = mixed_rules_write(&rules, directory);
	if (r < 0)
		measure_die("rules", r);
	mixed_rules_done(&rules);
	fprintf(file, "version 1;\n");
	stage_write_rules(stage, file);
	fputs(stage->rules ? stage->rules : "", file);
	finish(file);
}

static void write_settings(const char *directory)
{
	FILE *file = create(directory, "fdbroker.conf");

	fputs("version 1;\nsettings { max-clients 2048; max-per-uid 2048; }\n", file);
	finish(file);
}

static int listen_at(const char *path, mode_t mode)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, mode) < 0 || listen(fd, SOMAXCONN) < 0)
		measure_die(path, -errno);
	return fd;
}

/* In the child, which says when it began to be the daemon: what was before, the fork of a process as large
 * as this one too, is the benchmark's own. */
static void execute(const struct stage_daemon *daemon, int listener, uint64_t *ret_began)
{
	const char *build = getenv("builddir");
	static const struct rlimit files = { 65536, 65536 };
	char program[256], policy[96], audit[96], config[96], pid[16];

	snprintf(program, sizeof(program), "%s/fdbrokerd", build ? build : ".");
	snprintf(policy, sizeof(policy), "--policy=%s/policy.d", daemon->directory);
	snprintf(audit, sizeof(audit), "--audit-file=%s/audit.json", daemon->directory);
	snprintf(config, sizeof(config), "--config=%s/fdbroker.conf", daemon->directory);
	snprintf(pid, sizeof(pid), "%d", getpid());
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setrlimit(RLIMIT_NOFILE, &files); /* as the unit's LimitNOFILE= */
	unsetenv("NOTIFY_SOCKET");
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", "client", 1);
	/* By way of a number that is none of these: dup2(2) to itself would keep CLOEXEC. */
	dup2(fcntl(listener, F_DUPFD, 100), LISTENER);
	closefrom(LISTENER + 1);
	*ret_began = measure_wall_nsec();
	execl(program, "fdbrokerd", policy, audit, config, NULL);
	measure_die(program, -errno);
}

/* Then it has done all that it does at its start. */
static bool is_confined(pid_t pid)
{
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return strcmp(measure_line(path, "Seccomp:", line, sizeof(line)), "2") == 0;
}

static void note(struct stage_daemon *daemon, pid_t pid)
{
	char path[64], line[32];
	const char *name;

	if (!is_confined(pid))
		return;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	name = measure_line(path, "", line, sizeof(line));
	for (size_t i = STAGE_BROKER; i < STAGE_PROCESSES; i++)
		if (strcmp(name, names[i]) == 0)
			daemon->pids[i] = pid;
}

/* Its children, by the names that they give themselves. */
static void find_processes(struct stage_daemon *daemon)
{
	pid_t parent = daemon->pids[STAGE_PARENT], child;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1)
		note(daemon, child);
	if (file)
		fclose(file);
}

static bool is_complete(const struct stage *stage, struct stage_daemon *daemon)
{
	find_processes(daemon);
	for (size_t i = 0; i < STAGE_PROCESSES; i++)
		if (daemon->pids[i] == 0 && !(stage->copies_nothing && i == STAGE_PUMP))
			return false;
	return true;
}

static void show_log(const struct stage_daemon *daemon)
{
	char path[80], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/log", daemon->directory);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		fputs(line, stderr);
	if (file)
		fclose(file);
}

static void ask_first(const struct stage *stage, const struct stage_daemon *daemon)
{
	struct fdbroker *broker = NULL;
	int r;

	stage_as_caller();
	r = fdbroker_connect(&broker, daemon->socket);
	if (r == 0)
		r = fdbroker_open(broker, stage->paths[STAGE_ORDINARY], O_RDONLY, 0, NULL);
	fdbroker_close(broker);
	stage_as_root();
	if (r < 0) {
		show_log(daemon);
		measure_die("the daemon's first answer", r);
	}
	fd_close(r);
}

static void prepare(struct stage *stage, size_t n, struct stage_daemon *daemon)
{
	char policy[80];

	*daemon = (struct stage_daemon){ 0 };
	snprintf(daemon->directory, sizeof(daemon->directory), "%s/daemon%u", stage->directory,
		 stage->n_daemons++);
	snprintf(daemon->socket, sizeof(daemon->socket), "%s/socket", daemon->directory);
	snprintf(policy, sizeof(policy), "%s/policy.d", daemon->directory);
	if (mkdir(daemon->directory, 0755) < 0 || mkdir(policy, 0755) < 0)
		measure_die(daemon->directory, -errno);
	write_policy(stage, policy, n);
	write_settings(daemon->directory);
	/* As on every start but the first: what the file system does to make a file is none of it. */
	finish(create(daemon->directory, "audit.json"));
}

static pid_t start(const struct stage_daemon *daemon, int listener, uint64_t *ret_began)
{
	FILE *log = create(daemon->directory, "log");
	pid_t pid = fork();

	if (pid < 0)
		measure_die("fork", -errno);
	if (pid == 0) {
		dup2(fileno(log), STDERR_FILENO);
		execute(daemon, listener, ret_began);
	}
	fclose(log);
	return pid;
}

void stage_daemon_start(struct stage *stage, size_t n, struct stage_daemon *ret)
{
	_cleanup_(fd_closep) int listener = -EBADF;
	uint64_t *began = measure_share(sizeof(*began));

	prepare(stage, n, ret);
	listener = listen_at(ret->socket, 0666);
	ret->pids[STAGE_PARENT] = start(ret, listener, began);
	listener = fd_close(listener);
	ask_first(stage, ret);
	ret->start_usec = (double)(measure_wall_nsec() - *began) / 1e3;
	munmap(began, sizeof(*began));
	/* Its attendants come a moment after it is ready. */
	while (!is_complete(stage, ret))
		usleep(1000);
}

void stage_daemon_stop(struct stage_daemon *daemon)
{
	kill(daemon->pids[STAGE_PARENT], SIGTERM);
	waitpid(daemon->pids[STAGE_PARENT], NULL, 0);
	*daemon = (struct stage_daemon){ 0 };
}
