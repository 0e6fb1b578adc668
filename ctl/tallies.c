/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory is copied by pread(2), not mapped: a page that was never written
 * takes no memory when it is read so, and what a broker that was taken over changes meanwhile
 * is not looked at twice.
 */
#include "ctl/tallies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/number.h"

#define TALLY_TIMEOUT (10 * USEC_PER_SEC)

static int read_part(int fd, char *memory, off_t from, off_t to)
{
	while (from < to) {
		ssize_t n = pread(fd, memory + from, (size_t)(to - from), from);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		from += n;
	}
	return 0;
}

/* lseek(2): ENXIO when there is nothing but a hole to the end. */
static int read_written(int fd, char *memory, off_t size)
{
	off_t from, to = 0;
	int r = 0;

	while (r == 0 && to < size) {
		from = lseek(fd, to, SEEK_DATA);
		if (from < 0)
			return errno == ENXIO ? 0 : -errno;
		to = lseek(fd, from, SEEK_HOLE);
		if (to < 0)
			return -errno;
		r = read_part(fd, memory, from, to < size ? to : size);
	}
	return r;
}

static int copy(struct look *look, int fd)
{
	struct stat st;
	void *memory;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > TALLY_SIZE_MAX)
		return -EBADMSG;
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	look->memory = memory;
	look->size = (size_t)st.st_size;
	r = read_written(fd, memory, st.st_size);
	if (r < 0)
		return r;
	return tally_read(memory, look->size, &look->tally);
}

enum exit_code look_take(const struct ctl *ctl, struct look *ret)
{
	_cleanup_(look_done) struct look look = LOOK_EMPTY;
	_cleanup_(fd_closep) int fd = -EBADF;
	enum exit_code code;
	int r;

	code = admin_ask_tally(ctl, TALLY_TIMEOUT, &look.answer, &fd);
	if (code != EXIT_YES)
		return code;
	look.now_usec = clock_realtime_usec();
	if (fd >= 0) {
		r = copy(&look, fd);
		if (r < 0)
			return ctl_fail(ctl, EXIT_IO, "cannot read the daemon's counters: %s",
					strerror(-r));
		look.serving = true;
	}
	*ret = look;
	look = LOOK_EMPTY;
	return EXIT_YES;
}

void look_done(struct look *look)
{
	admin_answer_done(&look->answer);
	if (look->memory)
		munmap(look->memory, look->size);
	*look = LOOK_EMPTY;
}

void look_total(const struct look *look, struct tally_row *ret)
{
	*ret = (struct tally_row){ 0 };
	for (size_t i = 0; look->serving && i < look->tally.n_rows; i++)
		tally_sum(ret, &look->tally.rows[i]);
}

const char *look_name(const struct look *look, size_t row, size_t *ret_len)
{
	static const char *const names[] = {
		[TALLY_DEFAULT] = "(default deny)",
		[TALLY_UNJUDGED] = "(not judged)",
	};

	if (row >= TALLY_SPECIAL)
		return tally_name(&look->tally, row, ret_len);
	*ret_len = strlen(names[row]);
	return names[row];
}

uint64_t look_number(const struct look *look, const char *key)
{
	_cleanup_(freep) char *value = admin_value(look->answer.text, key);
	uint64_t number;

	return value && number_u64(value, &number) == 0 ? number : 0;
}
