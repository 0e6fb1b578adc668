/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/act.h"

#include <errno.h>
#include <stdbool.h>

#include "base/macro.h"
#include "wire/codec.h"

/* One body for all that is not an open, so that there is one reader of hostile bytes more, not ten. */

#define ACT_SIZE    (WIRE_HEADER_SIZE + 4 + 4 + 2 + 2)	      /* and both names */
#define ANSWER_SIZE (WIRE_HEADER_SIZE + WIRE_ANSWER_SIZE + 2) /* and the data */

int wire_act_read(const void *data, size_t size, struct wire_act *ret)
{
	struct cursor_reader r = cursor_reader(data, size);
	struct wire_header header;
	struct wire_act act;
	int error;

	wire_header_take(&r, size, &header);
	act.flags = cursor_read_u32(&r);
	act.argument = cursor_read_u32(&r);
	act.path = cursor_read_string(&r, UINT16_MAX, &act.path_len);
	act.other = cursor_read_string(&r, UINT16_MAX, &act.other_len);
	error = cursor_read_end(&r);
	if (error < 0)
		return error;
	if (act.path_len > WIRE_PATH_MAX || act.other_len > WIRE_PATH_MAX)
		return -ENAMETOOLONG;
	*ret = act;
	return 0;
}

int wire_act_write(uint64_t id, uint16_t opcode, const struct wire_act *act, void *buffer,
		   size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	if (act->path_len > WIRE_PATH_MAX || act->other_len > WIRE_PATH_MAX)
		return -EMSGSIZE;
	wire_header_write(&w, opcode, id, ACT_SIZE + act->path_len + act->other_len);
	cursor_write_u32(&w, act->flags);
	cursor_write_u32(&w, act->argument);
	cursor_write_string(&w, act->path, act->path_len);
	cursor_write_string(&w, act->other, act->other_len);
	return cursor_write_end(&w);
}

static const struct {
	bool known, gives, changes;
} opcodes[] = {
	[WIRE_OPCODE_STAT] = { true },
	[WIRE_OPCODE_ACCESS] = { true },
	[WIRE_OPCODE_READLINK] = { true },
	[WIRE_OPCODE_UNLINK] = { true, .changes = true },
	[WIRE_OPCODE_RMDIR] = { true, .changes = true },
	[WIRE_OPCODE_MKDIR] = { true, .changes = true },
	[WIRE_OPCODE_CHMOD] = { true, .changes = true },
	[WIRE_OPCODE_UTIMENS] = { true, .changes = true },
	[WIRE_OPCODE_TRUNCATE] = { true, .changes = true },
	[WIRE_OPCODE_CONNECT] = { true, .gives = true },
	[WIRE_OPCODE_SYMLINK] = { true, .changes = true },
	[WIRE_OPCODE_RENAME] = { true, .changes = true },
	[WIRE_OPCODE_LINK] = { true, .changes = true },
	[WIRE_OPCODE_WATCH] = { true, .gives = true },
};
_Static_assert(ELEMENTSOF(opcodes) == WIRE_OPCODE_ACT_LAST + 1, "each opcode has a row");

static bool is_act(uint16_t opcode)
{
	return opcode < ELEMENTSOF(opcodes) && opcodes[opcode].known;
}

bool wire_act_gives(uint16_t opcode)
{
	return is_act(opcode) && opcodes[opcode].gives;
}

bool wire_act_changes(uint16_t opcode)
{
	return is_act(opcode) && opcodes[opcode].changes;
}

static bool is_sound(uint16_t opcode, const struct wire_act_answer *act)
{
	const struct wire_answer *answer = &act->answer;

	if (answer->error < 0 || answer->error > WIRE_ERRNO_MAX)
		return false;
	if (act->data_len > WIRE_DATA_MAX)
		return false;
	if (answer->n_fds != (answer->error == 0 && opcodes[opcode].gives))
		return false;
	return answer->error == 0 || act->data_len == 0;
}

int wire_act_answer_read(const void *data, size_t size, struct wire_header *ret_header,
			 struct wire_act_answer *ret)
{
	struct cursor_reader r = cursor_reader(data, size);
	struct wire_act_answer act;
	struct wire_header header;
	uint16_t opcode;

	wire_header_take(&r, size, &header);
	opcode = header.opcode & (uint16_t)~WIRE_OPCODE_REPLY;
	wire_answer_take(&r, &act.answer);
	act.data = cursor_read_string(&r, UINT16_MAX, &act.data_len);
	if (cursor_read_end(&r) < 0 || header.version != WIRE_VERSION || header.flags != 0)
		return -EBADMSG;
	if (!(header.opcode & WIRE_OPCODE_REPLY) || !is_act(opcode) || !is_sound(opcode, &act))
		return -EBADMSG;
	*ret_header = header;
	*ret = act;
	return 0;
}

int wire_act_answer_write(uint64_t id, uint16_t opcode, const struct wire_act_answer *answer,
			  void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	wire_header_write(&w, opcode | WIRE_OPCODE_REPLY, id, ANSWER_SIZE + answer->data_len);
	wire_answer_put(&w, &answer->answer);
	cursor_write_string(&w, answer->data, answer->data_len);
	return cursor_write_end(&w);
}

static void time_read(struct cursor_reader *r, struct wire_time *ret)
{
	ret->sec = (int64_t)cursor_read_u64(r);
	ret->nsec = cursor_read_u32(r);
}

static void time_write(struct cursor_writer *w, const struct wire_time *time)
{
	cursor_write_u64(w, (uint64_t)time->sec);
	cursor_write_u32(w, time->nsec);
}

int wire_stat_read(const void *data, size_t size, struct wire_stat *ret)
{
	struct cursor_reader r = cursor_reader(data, size);
	struct wire_stat st;

	st.dev = cursor_read_u64(&r);
	st.ino = cursor_read_u64(&r);
	st.mode = cursor_read_u32(&r);
	st.uid = cursor_read_u32(&r);
	st.gid = cursor_read_u32(&r);
	st.links = cursor_read_u64(&r);
	st.rdev = cursor_read_u64(&r);
	st.size = cursor_read_u64(&r);
	st.blocks = cursor_read_u64(&r);
	st.block_size = cursor_read_u32(&r);
	time_read(&r, &st.accessed);
	time_read(&r, &st.modified);
	time_read(&r, &st.changed);
	if (cursor_read_end(&r) < 0)
		return -EBADMSG;
	*ret = st;
	return 0;
}

int wire_stat_write(const struct wire_stat *st, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	cursor_write_u64(&w, st->dev);
	cursor_write_u64(&w, st->ino);
	cursor_write_u32(&w, st->mode);
	cursor_write_u32(&w, st->uid);
	cursor_write_u32(&w, st->gid);
	cursor_write_u64(&w, st->links);
	cursor_write_u64(&w, st->rdev);
	cursor_write_u64(&w, st->size);
	cursor_write_u64(&w, st->blocks);
	cursor_write_u32(&w, st->block_size);
	time_write(&w, &st->accessed);
	time_write(&w, &st->modified);
	time_write(&w, &st->changed);
	return cursor_write_end(&w);
}

int wire_times_read(const void *data, size_t size, struct wire_time ret[2])
{
	struct cursor_reader r = cursor_reader(data, size);
	struct wire_time times[2];

	time_read(&r, &times[0]);
	time_read(&r, &times[1]);
	if (cursor_read_end(&r) < 0)
		return -EBADMSG;
	ret[0] = times[0];
	ret[1] = times[1];
	return 0;
}

int wire_times_write(const struct wire_time times[2], void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	time_write(&w, &times[0]);
	time_write(&w, &times[1]);
	return cursor_write_end(&w);
}

int wire_size_read(const void *data, size_t size, uint64_t *ret)
{
	struct cursor_reader r = cursor_reader(data, size);
	uint64_t value = cursor_read_u64(&r);

	if (cursor_read_end(&r) < 0)
		return -EBADMSG;
	*ret = value;
	return 0;
}

int wire_size_write(uint64_t value, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	cursor_write_u64(&w, value);
	return cursor_write_end(&w);
}
