/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/audit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/account.h"
#include "base/clock.h"
#include "base/code.h"
#include "base/fd.h"
#include "base/heap.h"
#include "base/macro.h"
#include "base/text.h"
#include "daemon/confine.h"
#include "daemon/control.h"
#include "daemon/flood.h"
#include "daemon/fold.h"
#include "daemon/intake.h"
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

#define REST_USEC (5 * USEC_PER_MSEC) /* if much comes meanwhile, this process is woken: ring.h */

struct audit {
	struct fold fold;
	struct flood flood;
	uint64_t written, folded, suppressed, failed, malformed; /* records */
	int file;						 /* or -EBADF: the journal */
	sd_event *event;
	sd_event_source *timer, *rest;
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

/* time */

static int on_timer(sd_event_source *source, uint64_t usec, void *context);

static int set_timer(struct audit *audit)
{
	uint64_t fold = fold_next_usec(&audit->fold), flood = flood_next_usec(&audit->flood);
	uint64_t next = fold < flood ? fold : flood;

	if (next == UINT64_MAX)
		return 0;
	/* To the microsecond: for anything coarser sd-event reads the boot id, which the filter
	 * does not let it open. */
	if (!audit->timer)
		return sd_event_add_time(audit->event, &audit->timer, CLOCK_MONOTONIC, next, 1,
					 on_timer, audit);
	(void)sd_event_source_set_time(audit->timer, next);
	return sd_event_source_set_enabled(audit->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
	struct audit *audit = context;

	(void)source;
	(void)usec;
	write_folded(audit, clock_monotonic_usec());
	return set_timer(audit);
}

/* rings */

static int on_rest(sd_event_source *source, uint64_t usec, void *context);

static int rest(struct audit *audit)
{
	uint64_t until = clock_monotonic_usec() + REST_USEC;
	int r;

	if (!audit->rest)
		return sd_event_add_time(audit->event, &audit->rest, CLOCK_MONOTONIC, until, 1,
					 on_rest, audit);
	r = sd_event_source_set_time(audit->rest, until);
	return r < 0 ? r : sd_event_source_set_enabled(audit->rest, SD_EVENT_ONESHOT);
}

/* Never again at once: a broker that writes without end would keep it from the parent. */
static int read_and_rest(struct audit *audit)
{
	int r = 0;

	if (intake_read(&audit->intake) > 0 || !intake_sleep(&audit->intake))
		r = rest(audit);
	return r < 0 ? r : set_timer(audit);
}

static int on_rest(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	return read_and_rest(context);
}

static int on_bell(void *context)
{
	return read_and_rest(context);
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
		return r < 0 ? r : read_and_rest(audit);
	}
	fd_close(message->fd);
	if (message->type != CONTROL_ASK)
		return -EPROTO;
	/* Who asks may have seen what a record is about. */
	r = read_and_rest(audit);
	return r < 0 ? r : answer(audit);
}

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct audit *audit = context;
	static uint8_t buffer[CONTROL_SIZE_MAX];
	struct control message = { .fd = -EBADF, .bell = -EBADF };
	int r;

	(void)source;
	(void)revents;
	r = control_receive(fd, buffer, sizeof(buffer), &message);
	if (r == -EAGAIN)
		return 0;
	if (r <= 0)
		return sd_event_exit(audit->event, 0);
	r = obey(audit, &message);
	return r < 0 ? sd_event_exit(audit->event, r) : 0;
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
	int r;

	r = sd_event_default(&audit->event);
	if (r < 0)
		return r;
	intake_init(&audit->intake, &(const struct intake_setup){ .event = audit->event,
								  .take = take_record,
								  .rung = on_bell,
								  .ended = on_end,
								  .context = audit });
	return sd_event_add_io(audit->event, NULL, CONTROL_FD, EPOLLIN, on_control, audit);
}

static int run(struct audit *audit)
{
	int r;

	r = control_meet_parent();
	if (r < 0)
		return r;
	r = become_confined();
	if (r < 0)
		return r;
	heap_settle();
	r = fold_init(&audit->fold);
	if (r < 0)
		return r;
	r = flood_init(&audit->flood);
	if (r < 0)
		return r;
	r = listen_to_all(audit);
	if (r < 0)
		return r;
	code_release();
	r = sd_event_loop(audit->event);
	while (intake_read(&audit->intake) > 0)
		continue;
	write_folded(audit, UINT64_MAX);
	return r;
}

int audit_main(void)
{
	struct audit audit = { .file = fcntl(AUDIT_FILE_FD, F_GETFD) < 0 ? -EBADF : AUDIT_FILE_FD };
	int r;

	log_set_name("fdbrokerd audit");
	r = run(&audit);
	if (r < 0)
		log_error_errno(r, "the audit process ends: %m");
	sd_event_source_unref(audit.timer);
	sd_event_source_unref(audit.rest);
	intake_done(&audit.intake);
	sd_event_unref(audit.event);
	fold_done(&audit.fold);
	flood_done(&audit.flood);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
