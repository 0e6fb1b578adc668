/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench_open.h"
#include "bench/lanes.h"
#include "bench/peers.h"

#define RULES	  10000U
#define SLOW_SEAT 50 /* so that a round is no more than seatd may have open */

struct peers {
	struct bench *bench;
	struct course course;
	struct stage_daemon daemon;
	struct peer_bus direct, bus, broker;
	struct peer_fuse fuse;
	struct peer_seat seat;
	struct peer_fdholder fdholder;
	char *cat[3], *sudo[5];
};

/* A program that prints the file, waited for. @context: its arguments, NULL at the end. */
static int spawn(void *context)
{
	char *const *argv = context;
	posix_spawn_file_actions_t actions;
	int r, status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	for (int fd = 1; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return -r;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return status == 0 ? 0 : -EACCES;
}

/* @r is what came of its start. */
static bool is_there(const char *name, int r)
{
	if (r < 0)
		printf("%s: not measured: %s\n", name,
		       r == -ENOENT ? "not installed" : strerror(-r));
	return r >= 0;
}

static void add_spawned(struct peers *p, const char *name, char **argv, unsigned int slow)
{
	if (is_there(name, spawn(argv)))
		course_add_other(&p->course, name, spawn, argv)->slow = slow;
}

static void add_bus(struct peers *p, const char *name, struct peer_bus *peer, int r)
{
	struct lane *lane;

	if (!is_there(name, r))
		return;
	lane = course_add_other(&p->course, name, peer_bus_ask, peer);
	lane->servers[0] = peer->service;
	lane->servers[1] = peer->daemon;
	lane->slow = 2;
}

static void add_fuse(struct peers *p, const char *path)
{
	static const char name[] = "FUSE pass-through";

	if (is_there(name, peer_fuse_start(&p->fuse, &p->bench->stage, path)))
		course_add_direct(&p->course, name, p->fuse.file)->servers[0] = p->fuse.server;
}

/* Both begin a round with nothing open: it looks for what it opens among what is. */
static void add_seat(struct peers *p)
{
	struct lane *lane;

	if (!is_there("seatd", peer_seat_start(&p->seat, &p->bench->stage)))
		return;
	lane = course_add_other(&p->course, "seatd, open", peer_seat_open, &p->seat);
	lane->reset = peer_seat_close_all;
	lane->servers[0] = p->seat.server;
	lane->slow = SLOW_SEAT;
	lane = course_add_other(&p->course, "seatd, open and close", peer_seat_open_and_close,
				&p->seat);
	lane->reset = peer_seat_close_all;
	lane->servers[0] = p->seat.server;
}

static void add_fdholder(struct peers *p, const char *path)
{
	static const char name[] = "s6-fdholder, nothing opened";

	if (is_there(name, peer_fdholder_start(&p->fdholder, &p->bench->stage, path)))
		course_add_other(&p->course, name, peer_fdholder_ask, &p->fdholder)->servers[0] =
			p->fdholder.server;
}

static void add_ours(struct peers *p)
{
	struct stage *stage = &p->bench->stage;
	const struct connection *to = course_connect(&p->course, &p->daemon);

	course_add(&p->course, "fdbroker, ordinary", to, stage->paths[STAGE_ORDINARY]);
	course_add(&p->course, "fdbroker, two-step", to, stage->paths[STAGE_OWN]);
}

static void add_all(struct peers *p)
{
	static char cat[] = "cat", sudo[] = "sudo", no_questions[] = "-n";
	char *path = p->bench->stage.paths[STAGE_ORDINARY];

	p->cat[0] = p->sudo[2] = cat;
	p->sudo[0] = sudo;
	p->sudo[1] = no_questions;
	p->cat[1] = p->sudo[3] = path;
	add_ours(p);
	add_bus(p, "sd-bus, peer to peer", &p->direct, peer_bus_direct(&p->direct, path));
	add_bus(p, "dbus-daemon", &p->bus, peer_bus_daemon(&p->bus, &p->bench->stage, path));
	add_bus(p, "dbus-broker", &p->broker, peer_bus_broker(&p->broker, &p->bench->stage, path));
	add_seat(p);
	add_fdholder(p, path);
	add_fuse(p, path);
	add_spawned(p, "cat", p->cat, 40);
	add_spawned(p, "sudo -n cat, by root", p->sudo, 200);
}

void bench_peers(struct bench *bench)
{
	static struct peers p;

	p = (struct peers){ .bench = bench };
	stage_daemon_start(&bench->stage, bench->smoke ? 10 : RULES, &p.daemon);
	course_init(&p.course, bench->stage.paths[STAGE_ORDINARY]);
	p.course.needs_root = true; /* for sudo(8), and sd-bus is not used over fork(2) */
	puts("");
	add_all(&p);
	course_run(&p.course, bench->rounds, bench->requests);
	course_show(&p.course, "peers", bench->results);
	for (size_t i = 0; i < p.course.race.n; i++)
		bench_point(bench, "peers", p.course.lanes[i].name, 0,
			    race_ratio(&p.course.lanes[i], p.course.minimal));
	course_done(&p.course);
	peer_bus_stop(&p.direct);
	peer_bus_stop(&p.bus);
	peer_bus_stop(&p.broker);
	peer_seat_stop(&p.seat);
	peer_fdholder_stop(&p.fdholder);
	peer_fuse_stop(&p.fuse);
	stage_daemon_stop(&p.daemon);
}
