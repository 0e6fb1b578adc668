/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/peer.h"
#include "bench/peers.h"

/*
 * dbus-broker(1) does not listen by itself: who has started it is its controller, at the other end of a
 * socket, and gives it a listener with a policy. dbus-broker-launch(1) is one, and wants systemd for
 * another; this one wants nothing. What is sent is as in src/launch/policy.c and test/dbus/util-broker.c of
 * version 33.
 */

#define PATH	  "/org/bus1/DBus/Broker"
#define LISTENER  "/org/bus1/DBus/Listener/0"
#define INTERFACE "org.bus1.DBus.Broker"

/* Who may connect; own a name; send; receive. Each with its priority. */
#define RULES                                                                                      \
	"bt"                                                                                       \
	"a(btbs)"                                                                                  \
	"a(btssssuutt)"                                                                            \
	"a(btssssuutt)"
/* Those of users, of ranges of groups, of labels; whether there is AppArmor; and what bus it is. */
#define POLICY                                                                                     \
	"a(u(" RULES "))"                                                                          \
	"a(buu(" RULES "))"                                                                        \
	"a(ss)"                                                                                    \
	"bs"

/* One of them for whatever is sent or received: name, path, interface, member, type, broadcast, fewest and
 * most descriptors. */
#define ANY 1, 1, (uint64_t)1, "", "", "", "", 0, 0, (uint64_t)0, UINT64_MAX

static int append_policy(sd_bus_message *m)
{
	int r = sd_bus_message_open_container(m, 'v', "(" POLICY ")");

	if (r >= 0)
		r = sd_bus_message_append(m, "(" POLICY ")", 1, UINT32_MAX, 1, (uint64_t)1, 1, 1,
					  (uint64_t)1, 1, "", ANY, ANY, 0, 0, 0, "session");
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int add_listener(sd_bus *controller, int listener)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(controller, &m, NULL, PATH, INTERFACE,
					       "AddListener");

	if (r >= 0)
		r = sd_bus_message_append(m, "oh", LISTENER, listener);
	if (r >= 0)
		r = append_policy(m);
	if (r >= 0)
		r = sd_bus_call(controller, m, 0, NULL, NULL);
	sd_bus_message_unref(m);
	return r;
}

static int keep_open(const void *context)
{
	const int *fd = context;

	return fcntl(*fd, F_SETFD, 0) < 0 ? -errno : 0;
}

static pid_t start(int controlled)
{
	static char program[] = "dbus-broker", controller[] = "--controller";
	static char machine[] = "--machine-id", id[] = "0123456789abcdef0123456789abcdef";
	char fd[16], *argv[] = { program, controller, fd, machine, id, NULL };

	snprintf(fd, sizeof(fd), "%d", controlled);
	return peer_start(argv, keep_open, &controlled);
}

/* @sock is the bus's from here on. */
static int control(sd_bus *bus, int sock, int listener)
{
	int r = sd_bus_set_fd(bus, sock, sock);

	if (r >= 0)
		r = sd_bus_start(bus);
	return r < 0 ? r : add_listener(bus, listener);
}

int peer_broker_start(struct peer_bus *peer, const char *socket)
{
	_cleanup_(fd_closep) int listener = peer_listen(socket), ours = -EBADF, theirs = -EBADF;
	sd_bus *bus = NULL;
	int pair[2], r;

	if (listener < 0)
		return listener;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	r = start(theirs);
	if (r < 0)
		return r;
	theirs = fd_close(theirs);
	peer->daemon = r;
	r = sd_bus_new(&bus);
	if (r < 0)
		return r;
	peer->controller = bus;
	return control(bus, TAKE_FD(ours), listener);
}
