/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "daemon/broker_parts.h"
#include "daemon/identity.h"
#include "daemon/limits.h"
#include "daemon/log.h"

/*
 * A generation's life: know the parent, read the policy with root's rights
 * while no stranger is near, give those rights up, serve, end. What fails before
 * READY is told to the parent, whose older generation goes on.
 */

static int receive_start(struct control_start *ret)
{
	uint64_t deadline = clock_monotonic_usec() + LIMIT_START_SEC * USEC_PER_SEC;
	static uint8_t buffer[CONTROL_SIZE_MAX];
	struct control control;
	int r;

	r = clock_wait(CONTROL_FD, POLLIN, deadline);
	if (r < 0)
		return r;
	r = control_receive(CONTROL_FD, buffer, sizeof(buffer), &control);
	if (r <= 0)
		return r < 0 ? r : -ECONNRESET;
	fd_close(control.fd);
	return control.type == CONTROL_START ? control_get_start(&control, ret) : -EPROTO;
}

static bool is_degraded(const struct broker *broker)
{
	return broker->start.load == CONTROL_LOAD_NOTHING;
}

/* The descriptor is not kept: a process that was taken over has nothing to give away. */
static int map_tallies(struct broker *broker)
{
	int r;

	r = tallies_map(&broker->server.tallies, TALLY_FD, broker->reading.policy,
			broker->start.generation);
	fd_close(TALLY_FD);
	return r < 0 ? log_error_errno(r, "cannot count by rule: %m") : 0;
}

static int map_ring(struct broker *broker)
{
	int r = ring_writer_init(&broker->server.ring, RING_FD, BELL_FD);

	fd_close(RING_FD);
	return r < 0 ? log_error_errno(r, "cannot tell the audit process: %m") : 0;
}

static bool is_bad(const struct reading *reading)
{
	return reading->diags.n_errors > 0 || reading->diags.failed || !reading->policy;
}

/* As many descriptors as are allowed: less than wished is no failure. */
static rlim_t raise_files(void)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max < LIMIT_FILES ? limit.rlim_max : LIMIT_FILES;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

/* "/proc", if it is the one in which our number, and so everybody's, is what we think it is. */
static int open_procfs(void)
{
	_cleanup_(fd_closep) int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char own[16], seen[16] = "";
	struct statfs fs;

	snprintf(own, sizeof(own), "%d", getpid());
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC ||
	    readlinkat(fd, "self", seen, sizeof(seen) - 1) < 0 || strcmp(own, seen) != 0)
		return -EBADF;
	return TAKE_FD(fd);
}

static uint32_t facts_of_rules(const struct policy *policy)
{
	uint32_t facts = 0;

	for (size_t i = 0; i < policy_n_rules(policy); i++)
		facts |= policy_rule_facts(policy, i);
	return facts;
}

static int make_hull(struct broker *broker)
{
	int r = hull_new(&broker->hull, broker->reading.policy, &broker->server.locality);

	broker->needs.hull = broker->hull;
	if (r == -EOPNOTSUPP && !broker->start.require_landlock) {
		log_warning("this kernel has no Landlock: a broker that was taken over could open "
			    "more than the policy names");
		return 0;
	}
	return r < 0 ? log_error_errno(r, "cannot bound what may be opened (landlock): %m") : 0;
}

/* All that a confined process cannot do. */
static int prepare(struct broker *broker)
{
	int r;

	broker->needs.uid = broker->start.uid;
	broker->needs.gid = broker->start.gid;
	broker->files = raise_files();
	r = under_way_init(&broker->server.under_way, broker->files);
	if (r < 0)
		return r;
	/* Of this process, after its exec: proc(5), /proc/self is looked up here. */
	broker->procfd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (broker->procfd < 0)
		return -errno;
	broker->procfs = open_procfs();
	if (broker->reading.policy) {
		const struct policy_summary *summary = policy_summary(broker->reading.policy);

		broker->needs.reads_as_root = summary->as_root_reads;
		broker->needs.writes_as_root = summary->as_root_writes;
		broker->needs.owns_as_root = summary->as_root_owns;
		broker->needs.modes = summary->modes;
		broker->unattested = identity_unattestable(facts_of_rules(broker->reading.policy));
	}
	r = loop_init(&broker->loop, &broker->server, CONTROL_FD);
	if (r < 0)
		return r;
	return make_hull(broker);
}

static int cast_shadow(struct broker *broker)
{
	struct server *server = &broker->server;
	int r;

	r = shadow_init(&broker->shadow, broker->candidate.policy);
	if (r < 0)
		return r;
	server->shadow = &broker->shadow;
	return 0;
}

static struct opener_setup opener_setup(struct broker *broker)
{
	return (struct opener_setup){
		.procfd = broker->procfd,
		.procfs = broker->procfs,
		.pump = PUMP_FD,
		.policy = broker->reading.policy,
		.hull = broker->hull,
		.rates = &broker->server.rates,
		.locality = &broker->server.locality,
	};
}

/* What each thread will do: it must be known before READY. */
static int try_opener(struct broker *broker)
{
	const struct opener_setup setup = opener_setup(broker);
	struct opener opener;
	int r;

	r = opener_init(&opener, &setup);
	if (r < 0)
		return log_error_errno(r, "this kernel cannot open as the broker must: %m");
	opener_done(&opener);
	return 0;
}

static int serve_clients(struct broker *broker)
{
	const struct control_start *start = &broker->start;
	const struct workers_setup limits = {
		.opener = opener_setup(broker),
		.places = start->max_in_flight,
		.places_each = start->max_stuck_per_uid,
		.files = broker->files,
		.open_usec = start->open_sec * USEC_PER_SEC,
	};

	broker->has_threads = true;
	return loop_run(&broker->loop, &limits);
}

static int become_confined(struct broker *broker)
{
	struct server *server = &broker->server;
	int r;

	r = confine_broker(&broker->needs);
	if (r < 0)
		return log_error_errno(r, "cannot confine the broker: %m");
	server->degraded = is_degraded(broker);
	server->generation = broker->start.generation;
	server->next_decision = broker->start.first_decision;
	server->control = CONTROL_FD;
	if (server->degraded)
		return 0;
	server->policy = broker->reading.policy;
	r = rates_init(&server->rates, server->policy);
	if (r < 0)
		return r;
	r = try_opener(broker);
	if (r < 0)
		return r;
	return broker->candidate.policy ? cast_shadow(broker) : 0;
}

/* 1 all is there to be served; 0 it is refused, and the parent knows why; -errno. */
static int read_all(struct broker *broker)
{
	int r;

	if (is_degraded(broker))
		return 1;
	r = reading_policy(&broker->start, &broker->reading);
	if (r < 0)
		return r;
	if (is_bad(&broker->reading))
		return broker_refuse(&broker->reading);
	if (broker->start.load != CONTROL_LOAD_SHADOW)
		return 1;
	r = reading_candidate(&broker->start, &broker->candidate);
	if (r < 0)
		return r;
	return is_bad(&broker->candidate) ? broker_refuse(&broker->candidate) : 1;
}

static int serve_policy(struct broker *broker)
{
	int r;

	r = read_all(broker);
	if (r < 0)
		return log_error_errno(r, "cannot load the policy: %m");
	if (r == 0)
		return 0;
	memory_release();
	memory_be_frugal();
	r = map_tallies(broker);
	if (r < 0)
		return r;
	r = map_ring(broker);
	if (r < 0)
		return r;
	r = prepare(broker);
	if (r < 0)
		return r;
	r = become_confined(broker);
	if (r < 0)
		return r;
	memory_release();
	r = broker_say_ready(broker);
	if (r < 0)
		return r;
	return serve_clients(broker);
}

static void done(struct broker *broker)
{
	loop_done(&broker->loop);
	under_way_done(&broker->server.under_way);
	rates_done(&broker->server.rates);
	shadow_done(&broker->shadow);
	shadow_tally_done(&broker->server.shadow_tally);
	tallies_done(&broker->server.tallies);
	ring_writer_done(&broker->server.ring);
	reading_done(&broker->candidate);
	reading_done(&broker->reading);
	hull_free(broker->hull);
	fd_close(broker->procfd);
	fd_close(broker->procfs);
}

int broker_main(void)
{
	/* Large: as it begins with zeros it takes memory where it is used, and none of the program's file. */
	static struct broker broker;
	int r;

	broker.procfd = broker.procfs = broker.loop.clients.epoll = -EBADF;
	log_set_name("fdbrokerd broker");
	r = control_meet_parent();
	if (r == 0)
		r = receive_start(&broker.start);
	if (r == 0)
		r = serve_policy(&broker);
	if (r < 0)
		log_error_errno(r, "the broker ends: %m");
	if (broker.has_threads)
		_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	done(&broker);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
