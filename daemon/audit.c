/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/account.h"
#include "base/clock.h"
#include "base/code.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/confine.h"
#include "daemon/control.h"
#include "daemon/flood.h"
#include "daemon/fold.h"
#include "daemon/intake.h"
#include "daemon/journal.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/sink.h"

/*
 * Brokers do not wait for this process and it does not trust them: what they
 * send is decoded whole or counted as malformed, by a user that owns nothing.
 *
 * After each look into the rings it rests: what comes meanwhile waits there, safe from whatever
 * becomes of the broker that sent it, and is read at one go. A broker that reports every request
 * would otherwise wake this process for each, which costs more than the request.
 *
 * A record leaves its ring only to be written at once or counted into one that
 * was. The end of the control socket says that the parent is gone, or that no more
 * will come: the rest of the rings is written first.
 */

#define EVENTS_MAX 8
#define REST_USEC  (5 * USEC_PER_MSEC) /* if much comes meanwhile, this process is woken: ring.h */

struct audit {
	struct fold fold;
	struct flood flood;
	uint64_t written, folded, suppressed, failed, malformed; /* records */
	int file;						 /* or -EBADF: the journal */
	int epoll;
	uint64_t rest_usec; /* until when it rests, monotonic; UINT64_MAX: it sleeps */
	bool is_over;	    /* the parent has hung up */
	struct intake intake;
};

/* records */

static void write_record(struct audit *audit, const struct record *record, uint32_t repeat)
{
	int r = audit->file >= 0 ? sink_file(audit->file, record, repeat)
				 : sink_journal(record, repeat);

	if (r == 0) {
		audit->written++;
		return;
	}
	if (audit->failed++ == 0)
		log_error_errno(r, "cannot write an audit record: %m (more are only counted)");
}

static void write_folded(struct audit *audit, uint64_t now_usec)
{
	struct record record;
	uint32_t repeat;

	while (fold_take(&audit->fold, now_usec, &record, &repeat))
		write_record(audit, &record, repeat);
	while (flood_take(&audit->flood, now_usec, &record))
		write_record(audit, &record, 1);
}

/* The first that says something. */
static void begin(struct audit *audit, const void *data, size_t size, struct record *record)
{
	uint64_t now_usec = clock_monotonic_usec();

	fold_begin(&audit->fold, data, size, now_usec);
	if (flood_admits(&audit->flood, record, now_usec))
		write_record(audit, record, 1);
	else
		audit->suppressed++;
}

static void take_record(void *context, const void *data, size_t size)
{
	struct audit *audit = context;
	struct record record _uninitialized_;

	if (fold_counts(&audit->fold, data, size))
		audit->folded++;
	else if (record_read(data, size, &record) < 0)
		audit->malformed++;
	else
		begin(audit, data, size, &record);
}

/* rings */

/* Never again at once: a broker that writes without end would keep it from the parent. */
static void read_and_rest(struct audit *audit)
{
	bool has_more = intake_read(&audit->intake) > 0 || !intake_sleep(&audit->intake);

	audit->rest_usec = has_more ? clock_monotonic_usec() + REST_USEC : UINT64_MAX;
}

static void on_end(void *context, uint64_t generation, bool is_sound)
{
	const struct control message = { .type = CONTROL_RING_READ, .ring = generation };
	struct audit *audit = context;

	if (!is_sound) {
		audit->malformed++;
		log_error("what broker %" PRIu64 " writes is no record: reading no more of it",
			  generation);
	}
	/* Without the parent, who else would keep it? */
	(void)control_send(CONTROL_FD, &message);
}

/* parent */

static int answer(const struct audit *audit)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	text_printf(&text, "records-written %" PRIu64 "\n", audit->written);
	text_printf(&text, "records-folded %" PRIu64 "\n", audit->folded);
	text_printf(&text, "records-suppressed %" PRIu64 "\n", audit->suppressed);
	text_printf(&text, "records-failed %" PRIu64 "\n", audit->failed);
	text_printf(&text, "records-malformed %" PRIu64 "\n", audit->malformed);
	if (text.failed)
		return -ENOMEM;
	return control_send(CONTROL_FD, &(const struct control){ .type = CONTROL_COUNTERS,
								 .text = text.data,
								 .text_len = text.len });
}

static int obey(struct audit *audit, const struct control *message)
{
	int r;

	if (message->type == CONTROL_RING) {
		r = intake_add(&audit->intake, message->ring, message->fd, message->bell);
		read_and_rest(audit);
		return r;
	}
	fd_close(message->fd);
	if (message->type != CONTROL_ASK)
		return -EPROTO;
	/* Who asks may have seen what a record is about. */
	read_and_rest(audit);
	return answer(audit);
}

static int hear_parent(struct audit *audit)
{
	static uint8_t buffer[CONTROL_SIZE_MAX];
	struct control message = { .fd = -EBADF, .bell = -EBADF };
	int r;

	r = control_receive(CONTROL_FD, buffer, sizeof(buffer), &message);
	if (r == -EAGAIN)
		return 0;
	audit->is_over = r <= 0;
	return r <= 0 ? 0 : obey(audit, &message);
}

/* life */

static int become_confined(void)
{
	_cleanup_(account_done) struct account account = { 0 };
	int r;

	r = account_by_name(AUDIT_USER, &account);
	if (r < 0)
		return r;
	return confine_audit(account.uid, account.gid);
}

static int listen_to_all(struct audit *audit)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = CONTROL_FD };

	audit->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (audit->epoll < 0 || epoll_ctl(audit->epoll, EPOLL_CTL_ADD, CONTROL_FD, &event) < 0)
		return -errno;
	intake_init(&audit->intake, &(const struct intake_setup){ .epoll = audit->epoll,
								  .take = take_record,
								  .ended = on_end,
								  .context = audit });
	return 0;
}

/* As epoll_wait(2) has it. */
static int time_left(const struct audit *audit)
{
	uint64_t fold = fold_next_usec(&audit->fold), flood = flood_next_usec(&audit->flood);
	uint64_t next = fold < flood ? fold : flood, now;

	if (audit->rest_usec < next)
		next = audit->rest_usec;
	if (next == UINT64_MAX)
		return -1;
	now = clock_monotonic_usec();
	return next > now ? (int)((next - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC) : 0;
}

static int turn(struct audit *audit)
{
	struct epoll_event events[EVENTS_MAX];
	bool is_rung = false;
	int n, r = 0;

	n = epoll_wait(audit->epoll, events, EVENTS_MAX, time_left(audit));
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++)
		if (events[i].data.fd == CONTROL_FD)
			r = hear_parent(audit);
		else
			is_rung = true;
	if (is_rung || clock_monotonic_usec() >= audit->rest_usec)
		read_and_rest(audit);
	write_folded(audit, clock_monotonic_usec());
	return r;
}

static int prepare(struct audit *audit)
{
	int r;

	r = control_meet_parent();
	if (r == 0 && audit->file < 0)
		r = journal_load();
	if (r == 0)
		r = listen_to_all(audit);
	if (r == 0)
		r = become_confined();
	if (r < 0)
		return r;
	memory_release();
	memory_be_frugal();
	r = fold_init(&audit->fold);
	return r < 0 ? r : flood_init(&audit->flood);
}

static int run(struct audit *audit)
{
	int r;

	r = prepare(audit);
	if (r < 0)
		return r;
	code_release();
	while (r == 0 && !audit->is_over)
		r = turn(audit);
	while (intake_read(&audit->intake) > 0)
		continue;
	write_folded(audit, UINT64_MAX);
	return r;
}

int audit_main(void)
{
	struct audit audit = { .file = fcntl(AUDIT_FILE_FD, F_GETFD) < 0 ? -EBADF : AUDIT_FILE_FD,
			       .epoll = -EBADF,
			       .rest_usec = UINT64_MAX };
	int r;

	log_set_name("fdbrokerd audit");
	r = run(&audit);
	if (r < 0)
		log_error_errno(r, "the audit process ends: %m");
	intake_done(&audit.intake);
	fd_close(audit.epoll);
	fold_done(&audit.fold);
	flood_done(&audit.flood);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
