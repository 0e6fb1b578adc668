/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * P48, P49: what others notice of opens that do not return. A caller opens a file of a local file
 * system; in every other round somebody else's requests hang meanwhile, for a reason of that
 * row, more of them than he has places. The 99th percentile of a round with them is taken by that
 * of the round before it: whatever else the machine does, it does to both.
 *
 * Requests begin to hang within the measured time, because the beginning is when they hurt. That they
 * do hang, and how they end, is tested by tests/system/check_slow_opens.c.
 *
 * With --alone other processes wait: on a machine that has other work a 99th percentile is
 * mostly that.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "bench/measure.h"
#include "bench/stage.h"
#include "client/fdbroker.h"
#include "tests/support/fuse.h"
#include "wire/codec.h"

#define ROUNDS	  31U
#define REQUESTS  2000U
#define HANGING	  16 /* of one uid, which has 8 places */
#define OTHER	  30001
#define RATIO_MAX 2.0
#define CROWD	  64
#define SHARE	  0.99

static struct stage stage;
static struct stage_daemon daemon_;
static struct fdbroker *broker;
static struct fuse fuse;
static unsigned int rounds = ROUNDS, requests = REQUESTS;
static bool smoke, over;

static char mounted[80], slow[96], held[80];
static uint32_t nsec[REQUESTS];

/* what hangs */

static int keeper = -EBADF; /* of a lease, or of a mark */

static void silence(uint32_t what)
{
	int r = fuse_start(&fuse, mounted, what);

	if (r < 0)
		measure_die(mounted, r);
}

static void silence_open(void)
{
	silence(FUSE_OPEN);
}

static void silence_lookup(void)
{
	silence(FUSE_LOOKUP);
}

static void silence_getattr(void)
{
	silence(FUSE_GETATTR);
}

static void silence_statfs(void)
{
	silence(FUSE_STATFS);
}

static void speak(void)
{
	int r;

	fuse_relent(&fuse);
	r = fuse_stop(&fuse);
	if (r < 0)
		measure_die(mounted, r);
}

static void take_lease(void)
{
	keeper = open(held, O_RDWR | O_CLOEXEC);
	signal(SIGIO, SIG_IGN);
	if (keeper < 0 || fcntl(keeper, F_SETLEASE, F_WRLCK) < 0)
		measure_die("F_SETLEASE", -errno);
}

static void mark(void)
{
	keeper = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	if (keeper < 0 || fanotify_mark(keeper, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, held) < 0)
		measure_die("fanotify", -errno);
}

static void let_go(void)
{
	keeper = fd_close(keeper);
}

static const struct stall {
	const char *name;
	const char *path;
	void (*begin)(void), (*end)(void);
} stalls[] = {
	{ "FUSE, which never answers OPEN", slow, silence_open, speak },
	{ "the same, LOOKUP", slow, silence_lookup, speak },
	{ "as a network mount that is gone: STATFS", slow, silence_statfs, speak },
	{ "the same, GETATTR", slow, silence_getattr, speak },
	{ "another user's lease", held, take_lease, let_go },
	{ "a mark of fanotify(7)'s", held, mark, let_go },
	{ "nothing: round against round", NULL, NULL, NULL },
};

/* who hangs */

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		measure_die(path, -errno);
	return sock;
}

/* One of a crowd, each with connections of its own. */
struct crowd {
	const char *path; /* asked for */
	uint8_t request[512];
	size_t size;
	int go; /* the other end is the measurement's */
};

static void join(struct crowd *crowd, int *socks, size_t n)
{
	const struct wire_open request = {
		.flags = WIRE_OPEN_READ,
		.path = crowd->path,
		.path_len = (uint16_t)strlen(crowd->path),
	};

	if (setresgid(OTHER, OTHER, OTHER) < 0 || setresuid(OTHER, OTHER, OTHER) < 0)
		_exit(1);
	crowd->size = (size_t)wire_open_write(1, &request, crowd->request, sizeof(crowd->request));
	for (size_t i = 0; i < n; i++)
		socks[i] = connect_to(daemon_.socket);
	if (write(crowd->go, "", 1) != 1)
		_exit(1);
}

static void ask_on_all(const struct crowd *crowd, const int *socks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (send(socks[i], crowd->request, crowd->size, 0) < 0)
			_exit(1);
}

/* Ask on as many connections, when told to, and take no answer. */
static void hang(struct crowd *crowd)
{
	int socks[HANGING];
	char byte;

	join(crowd, socks, HANGING);
	if (read(crowd->go, &byte, 1) != 1)
		_exit(1);
	ask_on_all(crowd, socks, HANGING);
	/* Until the end of the round. */
	(void)!read(crowd->go, &byte, 1);
	_exit(0);
}

/* Returns when it is there. */
static pid_t start_crowd(void (*live)(struct crowd *crowd), const char *path, int *ret_go)
{
	struct crowd crowd = { .path = path };
	int pair[2];
	char byte;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		measure_die("socketpair", -errno);
	pid = fork();
	if (pid == 0) {
		fd_close(pair[0]);
		crowd.go = pair[1];
		live(&crowd);
	}
	fd_close(pair[1]);
	if (pid < 0 || read(pair[0], &byte, 1) != 1)
		measure_die("no crowd", -ECHILD);
	*ret_go = pair[0];
	return pid;
}

/* the measurement */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Microseconds that @share of the requests of a round took at most. */
static double time_round(double share)
{
	stage_as_caller();
	for (size_t i = 0; i < requests; i++) {
		uint64_t start = measure_wall_nsec();
		int fd = fdbroker_open(broker, stage.paths[STAGE_OWN], O_RDONLY, 0, NULL);

		nsec[i] = (uint32_t)(measure_wall_nsec() - start);
		if (fd < 0)
			measure_die(stage.paths[STAGE_OWN], fd);
		fd_close(fd);
	}
	stage_as_root();
	qsort(nsec, requests, sizeof(*nsec), compare);
	return nsec[(size_t)(share * (requests - 1))] / 1e3;
}

static double time_stalled(const struct stall *stall)
{
	double usec;
	pid_t pid;
	int go;

	if (!stall->path)
		return time_round(SHARE);
	stall->begin();
	pid = start_crowd(hang, stall->path, &go);
	if (write(go, "", 1) != 1)
		measure_die(stall->name, -errno);
	usec = time_round(SHARE);
	fd_close(go);
	waitpid(pid, NULL, 0);
	stall->end();
	/* Let what hung come home. */
	usleep(20000);
	return usec;
}

static void run(const struct stall *stall)
{
	struct series idle = { .n = 0 }, stalled = { .n = 0 }, ratio = { .n = 0 };
	double most = 0;
	char note[96];

	for (unsigned int i = 0; i < rounds; i++) {
		double before = time_round(SHARE), during = time_stalled(stall);

		series_add(&idle, before);
		series_add(&stalled, during);
		series_add(&ratio, during / before);
		if (nsec[requests - 1] / 1e3 > most)
			most = nsec[requests - 1] / 1e3;
	}
	snprintf(note, sizeof(note), "%.1f us idle, %.1f us; the longest %.0f us",
		 series_median(&idle), series_median(&stalled), most);
	over |= !measure_row(stall->name, series_median(&ratio), smoke ? 0 : RATIO_MAX, "x idle",
			     note);
}

/* P50: a crowd */

/* Ask on as many connections as one uid may have, on each as soon as it is answered. */
static void ask_for_ever(struct crowd *crowd)
{
	int socks[CROWD];
	char byte;

	join(crowd, socks, CROWD);
	for (;;) {
		ask_on_all(crowd, socks, CROWD);
		for (size_t i = 0; i < CROWD; i++)
			if (recv(socks[i], &byte, 1, 0) < 0)
				_exit(1);
	}
}

static double time_beside_a_crowd(void)
{
	double usec;
	pid_t pid;
	int go;

	pid = start_crowd(ask_for_ever, stage.paths[STAGE_REFUSED], &go);
	usec = time_round(0.5);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fd_close(go);
	return usec;
}

/* Without a limit: the broker's turns are by uid, and the processors are the kernel's to share. */
static void run_crowd(void)
{
	struct series share = { .n = 0 };

	for (unsigned int i = 0; i < rounds / 4 + 1; i++) {
		double alone = time_round(0.5);

		series_add(&share, alone / time_beside_a_crowd());
	}
	measure_row("of one's rate beside 64 busy connections", series_median(&share), 0, "x alone",
		    NULL);
}

/* the scene */

static void make_scene(char *rules, size_t size)
{
	int fd;

	snprintf(mounted, sizeof(mounted), "%s/mounted", stage.directory);
	snprintf(slow, sizeof(slow), "%s/f", mounted);
	snprintf(held, sizeof(held), "%s/held", stage.directory);
	fd = open(held, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0 || mkdir(mounted, 0755) < 0)
		measure_die(held, -errno);
	fd_close(fd);
	snprintf(rules, size,
		 "for user %d { slow: allow read \"%s\" { fs fuse; }\n held: allow read \"%s\"; "
		 "}\n",
		 OTHER, slow, held);
	stage.rules = rules;
}

static int measure(void)
{
	static char rules[512];
	int r;

	r = stage_init(&stage);
	if (r != 0)
		return r;
	make_scene(rules, sizeof(rules));
	stage_daemon_start(&stage, 10, &daemon_);
	stage_as_caller();
	r = fdbroker_connect(&broker, daemon_.socket);
	stage_as_root();
	if (r < 0)
		measure_die("cannot connect", r);
	time_round(SHARE);
	for (size_t i = 0; i < ELEMENTSOF(stalls); i++)
		run(&stalls[i]);
	run_crowd();
	fdbroker_close(broker);
	stage_daemon_stop(&daemon_);
	stage_done(&stage);
	return 0;
}

int main(int argc, char **argv)
{
	const struct measure_options given = measure_begin(argc, argv);
	int r;

	smoke = given.smoke;
	if (smoke)
		rounds = 1, requests = 200;
	/* Mounts are the benchmark's own, and go with it. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		measure_die("a mount namespace", -errno);
	r = measure();
	if (r != 0)
		return r;
	return given.budget && over ? EXIT_FAILURE : EXIT_SUCCESS;
}
