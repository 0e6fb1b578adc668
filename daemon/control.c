/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/control.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "base/text.h"
#include "daemon/limits.h"
#include "wire/cursor.h"
#include "wire/handshake.h"
#include "wire/message.h"

/*
 * A message is a u16 type and the type's fields. Both ends are this program,
 * but one of them reads what strangers wrote: the parent takes a broker's
 * message for a claim of its shape, and looks at every length.
 */

static size_t whole_lines(const char *text, size_t len, size_t max)
{
	const char *end;

	if (len <= max)
		return len;
	end = memrchr(text, '\n', max);
	return end ? (size_t)(end - text) + 1 : max;
}

static void put_text(struct cursor_writer *w, const struct control *control)
{
	cursor_write_bytes(w, control->text,
			   whole_lines(control->text, control->text_len, CONTROL_TEXT_MAX));
}

static void get_text(struct cursor_reader *r, struct control *ret)
{
	ret->text = cursor_read_rest(r, &ret->text_len);
}

static void put_ready(struct cursor_writer *w, const struct control *control)
{
	cursor_write_u16(w, (uint16_t)control->kept);
	cursor_write_u16(w, control->uses_pump);
	put_text(w, control);
}

static void get_ready(struct cursor_reader *r, struct control *ret)
{
	uint16_t kept = cursor_read_u16(r);

	ret->kept = kept < CONTROL_KEPTS ? (enum control_kept)kept : CONTROL_KEPT_NOT;
	ret->uses_pump = cursor_read_u16(r) != 0;
	get_text(r, ret);
}

static void put_start(struct cursor_writer *w, const struct control *control)
{
	const struct control_start *start = control->start;

	cursor_write_u64(w, start->generation);
	cursor_write_u64(w, start->first_decision);
	cursor_write_u16(w, (uint16_t)start->load);
	cursor_write_u32(w, start->uid);
	cursor_write_u32(w, start->gid);
	cursor_write_u16(w, start->must_keep);
	cursor_write_u16(w, start->require_landlock);
	cursor_write_u32(w, start->open_sec);
	cursor_write_u32(w, start->max_in_flight);
	cursor_write_u32(w, start->max_stuck_per_uid);
	cursor_write_text(w, start->policy_directory);
	cursor_write_text(w, start->state_directory);
	cursor_write_text(w, start->shadow_directory);
	cursor_write_text(w, start->same_policy);
}

static void put_connection(struct cursor_writer *w, const struct control *control)
{
	cursor_write_u16(w, control->lost);
	facts_put(w, &control->facts);
}

static void get_connection(struct cursor_reader *r, struct control *ret)
{
	ret->lost = cursor_read_u16(r) != 0;
	facts_get(r, &ret->facts);
}

static void put_room(struct cursor_writer *w, const struct control *control)
{
	cursor_write_u32(w, control->room.pipes);
	cursor_write_u32(w, control->room.pipes_each);
	cursor_write_u32(w, control->room.copies);
	cursor_write_u32(w, control->room.copies_each);
	cursor_write_u32(w, control->room.watches);
	cursor_write_u32(w, control->room.watches_each);
}

static void get_room(struct cursor_reader *r, struct control *ret)
{
	ret->room.pipes = cursor_read_u32(r);
	ret->room.pipes_each = cursor_read_u32(r);
	ret->room.copies = cursor_read_u32(r);
	ret->room.copies_each = cursor_read_u32(r);
	ret->room.watches = cursor_read_u32(r);
	ret->room.watches_each = cursor_read_u32(r);
}

static void put_ring(struct cursor_writer *w, const struct control *control)
{
	cursor_write_u64(w, control->ring);
}

static void get_ring(struct cursor_reader *r, struct control *ret)
{
	ret->ring = cursor_read_u64(r);
}

static void put_nothing(struct cursor_writer *w, const struct control *control)
{
	(void)w;
	(void)control;
}

static void get_nothing(struct cursor_reader *r, struct control *ret)
{
	(void)r;
	(void)ret;
}

#define CONTROL_FDS_MAX 2U

static const struct {
	void (*put)(struct cursor_writer *w, const struct control *control);
	void (*get)(struct cursor_reader *r, struct control *ret);
	size_t fds;
} types[] = {
	[CONTROL_START] = { put_start, get_text, 0 },
	[CONTROL_CONNECTION] = { put_connection, get_connection, 1 },
	[CONTROL_STOP] = { put_nothing, get_nothing, 0 },
	[CONTROL_READY] = { put_ready, get_ready, 0 },
	[CONTROL_REFUSED] = { put_text, get_text, 0 },
	[CONTROL_STOPPED] = { put_nothing, get_nothing, 0 },
	[CONTROL_ASK] = { put_nothing, get_nothing, 0 },
	[CONTROL_COUNTERS] = { put_text, get_text, 0 },
	[CONTROL_UNSERVED] = { put_connection, get_connection, 0 },
	[CONTROL_UNCONFIRMED] = { put_nothing, get_nothing, 0 },
	[CONTROL_ROOM] = { put_room, get_room, 0 },
	[CONTROL_UNSHADOW] = { put_nothing, get_nothing, 0 },
	[CONTROL_RENEW] = { put_nothing, get_nothing, 0 },
	[CONTROL_RING] = { put_ring, get_ring, CONTROL_FDS_MAX },
	[CONTROL_RING_READ] = { put_ring, get_ring, 0 },
};
static_assert(ELEMENTSOF(types) == CONTROL_RING_READ + 1, "each type has a row");

static bool is_type(unsigned int type)
{
	return type < ELEMENTSOF(types) && types[type].put;
}

int control_write(const struct control *control, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	cursor_write_u16(&w, (uint16_t)control->type);
	types[control->type].put(&w, control);
	return cursor_write_end(&w);
}

int control_read(const void *data, size_t size, struct control *ret)
{
	struct control control = { .fd = -EBADF, .bell = -EBADF };
	struct cursor_reader r = cursor_reader(data, size);
	unsigned int type = cursor_read_u16(&r);

	if (!is_type(type))
		return -EBADMSG;
	control.type = type;
	types[type].get(&r, &control);
	if (cursor_read_end(&r) < 0)
		return -EBADMSG;
	*ret = control;
	return 0;
}

int control_get_start(const struct control *control, struct control_start *ret)
{
	struct cursor_reader r = cursor_reader(control->text, control->text_len);

	ret->generation = cursor_read_u64(&r);
	ret->first_decision = cursor_read_u64(&r);
	ret->load = cursor_read_u16(&r);
	ret->uid = cursor_read_u32(&r);
	ret->gid = cursor_read_u32(&r);
	ret->must_keep = cursor_read_u16(&r) != 0;
	ret->require_landlock = cursor_read_u16(&r) != 0;
	ret->open_sec = cursor_read_u32(&r);
	ret->max_in_flight = cursor_read_u32(&r);
	ret->max_stuck_per_uid = cursor_read_u32(&r);
	cursor_read_text(&r, ret->policy_directory, sizeof(ret->policy_directory));
	cursor_read_text(&r, ret->state_directory, sizeof(ret->state_directory));
	cursor_read_text(&r, ret->shadow_directory, sizeof(ret->shadow_directory));
	cursor_read_text(&r, ret->same_policy, sizeof(ret->same_policy));
	return cursor_read_end(&r);
}

int control_send(int sock, const struct control *control)
{
	const int fds[CONTROL_FDS_MAX] = { control->fd, control->bell };
	const struct message_attach attach = { .fds = fds, .n_fds = types[control->type].fds };
	/* Of one thread, or with the broker's lock: nobody sends two at a time. Not on the stack, all pages of
	 * which would be touched, and no memory that there may not be. */
	static char buffer[CONTROL_SIZE_MAX];
	int size;

	size = control_write(control, buffer, sizeof(buffer));
	if (size < 0)
		return size;
	return message_send(sock, buffer, (size_t)size, &attach);
}

int control_receive(int sock, void *buffer, size_t size, struct control *ret)
{
	const struct message_want want = { .fds = CONTROL_FDS_MAX };
	_cleanup_(message_done) struct message m = MESSAGE_EMPTY;
	bool lost;
	int r;

	r = message_receive(sock, buffer, size, &want, &m);
	lost = r == -EMFILE;
	if (r <= 0 && !lost)
		return r;
	r = control_read(buffer, m.size, ret);
	if (r < 0)
		return r;
	if (lost)
		return ret->type == CONTROL_CONNECTION ? -EMFILE : -EBADMSG;
	if (m.n_fds != types[ret->type].fds)
		return -EBADMSG;
	if (m.n_fds > 0)
		ret->fd = TAKE_FD(m.fds[0]);
	if (m.n_fds > 1)
		ret->bell = TAKE_FD(m.fds[1]);
	return 1;
}

int control_receive_from_child(int sock, void *buffer, size_t size, struct control *ret)
{
	static const struct message_want want = { .credentials = true };
	struct message m;
	int r;

	r = message_receive(sock, buffer, size, &want, &m);
	if (r <= 0)
		return r;
	r = control_read(buffer, m.size, ret);
	if (r < 0)
		return r;
	return types[ret->type].fds == 0 ? 1 : -EBADMSG;
}

int control_meet_parent(void)
{
	struct ucred parent;
	int r;

	r = handshake_receive(CONTROL_FD, LIMIT_HANDSHAKE_SEC * USEC_PER_SEC, &parent);
	if (r < 0)
		return r;
	return parent.pid == getppid() && parent.uid == 0 ? 0 : -EPERM;
}

int control_copy_text(const struct control *control, char **ret)
{
	struct text text = TEXT_EMPTY;

	text_escape_lines(&text, control->text, control->text_len);
	return text_finish(&text, ret);
}
