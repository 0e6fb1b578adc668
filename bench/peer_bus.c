/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/measure.h"
#include "bench/peer.h"
#include "bench/peers.h"

#define OBJECT	  "/fdbroker"
#define INTERFACE "org.example.FdBroker"
#define TRIES	  3000 /* milliseconds, for what takes a few */

/* service */

static int on_open(sd_bus_message *message, void *context, sd_bus_error *error)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	const char *path;
	int r;

	(void)context;
	(void)error;
	r = sd_bus_message_read(message, "s", &path);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	return sd_bus_reply_method_return(message, "h", fd);
}

static const sd_bus_vtable methods[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Open", "s", "h", on_open, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static void serve(sd_bus *bus)
{
	int r = sd_bus_add_object_vtable(bus, NULL, OBJECT, INTERFACE, methods, NULL);

	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	_exit(1);
}

static int meet(sd_bus *bus, int sock, bool serves)
{
	sd_id128_t id;
	int r = sd_bus_set_fd(bus, sock, sock);

	if (r >= 0 && serves)
		r = sd_id128_randomize(&id);
	if (r >= 0 && serves)
		r = sd_bus_set_server(bus, true, id);
	if (r >= 0)
		r = sd_bus_set_anonymous(bus, true);
	if (r >= 0)
		r = sd_bus_negotiate_fds(bus, true);
	return r < 0 ? r : sd_bus_start(bus);
}

static int join(sd_bus *bus, const char *address)
{
	int r = sd_bus_set_address(bus, address);

	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_negotiate_fds(bus, true);
	return r < 0 ? r : sd_bus_start(bus);
}

static sd_bus *new_bus(void)
{
	sd_bus *bus;
	int r = sd_bus_new(&bus);

	if (r < 0)
		measure_die("sd-bus", r);
	return bus;
}

/* client */

int peer_bus_ask(void *context)
{
	const struct peer_bus *peer = context;
	sd_bus_message *reply = NULL;
	int fd, r;

	r = sd_bus_call_method(peer->bus, peer->destination, OBJECT, INTERFACE, "Open", NULL,
			       &reply, "s", peer->path);
	if (r >= 0)
		r = sd_bus_message_read(reply, "h", &fd); /* closed with the message */
	sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

int peer_bus_direct(struct peer_bus *ret, const char *path)
{
	int pair[2], r;

	*ret = (struct peer_bus){ .path = path };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ret->service = measure_fork();
	if (ret->service == 0) {
		sd_bus *bus = new_bus();

		fd_close(pair[0]);
		if (meet(bus, pair[1], true) >= 0)
			serve(bus);
		_exit(1);
	}
	fd_close(pair[1]);
	ret->bus = new_bus();
	r = meet(ret->bus, pair[0], false);
	return r < 0 ? r : peer_bus_ask(ret);
}

static int write_config(const char *path, const char *address)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	fprintf(file,
		"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration "
		"1.0//EN\"\n"
		" \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
		"<busconfig><type>session</type><listen>%s</listen>\n"
		"<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\n"
		"<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n",
		address);
	return fclose(file) == 0 ? 0 : -errno;
}

static pid_t start_daemon(const char *config)
{
	static char program[] = "dbus-daemon", nofork[] = "--nofork", nopidfile[] = "--nopidfile";
	char argument[STAGE_PATH_MAX + 16];
	char *argv[] = { program, argument, nofork, nopidfile, NULL };

	snprintf(argument, sizeof(argument), "--config-file=%s", config);
	return peer_start(argv, NULL, NULL);
}

static void be_service(const char *address)
{
	int r = -ENOENT;

	for (int i = 0; r < 0 && i < TRIES; i++) {
		sd_bus *bus = new_bus();

		r = join(bus, address);
		if (r >= 0)
			r = sd_bus_request_name(bus, INTERFACE, 0);
		if (r >= 0)
			serve(bus);
		sd_bus_unref(bus);
		usleep(1000);
	}
	_exit(1);
}

static bool is_gone(struct peer_bus *peer)
{
	if (waitpid(peer->daemon, NULL, WNOHANG) == 0)
		return false;
	peer->daemon = 0;
	return true;
}

/* Until the daemon listens and the service is there. */
static int find_service(struct peer_bus *peer, const char *address)
{
	int r = -ENXIO;

	for (int i = 0; r < 0 && i < TRIES; i++) {
		if (is_gone(peer))
			return -EPIPE;
		peer->bus = sd_bus_unref(peer->bus);
		peer->bus = new_bus();
		r = join(peer->bus, address);
		if (r >= 0)
			r = peer_bus_ask(peer);
		usleep(1000);
	}
	return r;
}

static int serve_at(struct peer_bus *peer, const char *address)
{
	peer->service = measure_fork();
	if (peer->service == 0)
		be_service(address);
	return find_service(peer, address);
}

int peer_bus_daemon(struct peer_bus *ret, const struct stage *stage, const char *path)
{
	char config[STAGE_PATH_MAX], address[STAGE_PATH_MAX];
	int r;

	*ret = (struct peer_bus){ .path = path, .destination = INTERFACE };
	snprintf(config, sizeof(config), "%s/bus.conf", stage->directory);
	snprintf(address, sizeof(address), "unix:path=%s/bus", stage->directory);
	r = write_config(config, address);
	if (r < 0)
		return r;
	r = start_daemon(config);
	if (r < 0)
		return r;
	ret->daemon = r;
	return serve_at(ret, address);
}

int peer_bus_broker(struct peer_bus *ret, const struct stage *stage, const char *path)
{
	char socket[STAGE_PATH_MAX], address[STAGE_PATH_MAX];
	int r;

	*ret = (struct peer_bus){ .path = path, .destination = INTERFACE };
	snprintf(socket, sizeof(socket), "%s/broker", stage->directory);
	snprintf(address, sizeof(address), "unix:path=%s/broker", stage->directory);
	r = peer_broker_start(ret, socket);
	return r < 0 ? r : serve_at(ret, address);
}

void peer_bus_stop(struct peer_bus *peer)
{
	sd_bus_unref(peer->bus);
	peer_stop(peer->service);
	sd_bus_unref(peer->controller);
	peer_stop(peer->daemon);
}
