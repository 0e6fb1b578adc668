/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal takes fields of any name from anybody, so a record is believed for
 * the uid that journald saw, which only the audit process has. That does not make the recorded
 * strings harmless: they are shown escaped.
 */
#include "ctl/records.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/account.h"

#define PREFIX	   "FDBROKER_"
#define MESSAGE_ID "96e869cf24f34460a6e6d6470d38ec47" /* a decision: fdbroker-audit(7) */

static sd_journal *close_journal(sd_journal *journal)
{
	sd_journal_close(journal);
	return NULL;
}
DEFINE_CLEANUP(sd_journal *, close_journal)

/* "FDBROKER_RULE_SRC=a" is the field "rule_src". Other fields are the journal's own. */
static int take_field(struct found *found, const char *bytes, size_t size)
{
	const char *equals = memchr(bytes, '=', size);
	char *name;

	if (!equals || (size_t)(equals - bytes) <= strlen(PREFIX) ||
	    strncmp(bytes, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	bytes += strlen(PREFIX);
	size -= strlen(PREFIX);
	name = strndup(bytes, (size_t)(equals - bytes));
	for (char *c = name; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return found_add(found, name, equals + 1, size - (size_t)(equals + 1 - bytes));
}

static int take_entry(sd_journal *journal, struct found *found)
{
	const void *bytes;
	size_t size;
	int r;

	SD_JOURNAL_FOREACH_DATA(journal, bytes, size)
	{
		r = take_field(found, bytes, size);
		if (r < 0)
			return r;
	}
	return 0;
}

static int next(void *source, struct found *found)
{
	int r = sd_journal_next(source);

	if (r <= 0)
		return r;
	r = take_entry(source, found);
	return r < 0 ? r : 1;
}

static int wait_for_more(void *source)
{
	int r = sd_journal_wait(source, (uint64_t)-1);

	return r < 0 ? r : 0;
}

static void free_journal(void *source)
{
	sd_journal_close(source);
}

const struct records_kind records_journal = {
	.next = next,
	.wait = wait_for_more,
	.free = free_journal,
};

static int add_matches(sd_journal *journal, const char *id)
{
	_cleanup_(account_done) struct account audit = { 0 };
	char match[64];
	int r;

	r = account_by_name(AUDIT_USER, &audit);
	if (r < 0)
		return r;
	snprintf(match, sizeof(match), "_UID=%u", audit.uid);
	r = sd_journal_add_match(journal, match, 0);
	if (r == 0)
		r = sd_journal_add_match(journal, "MESSAGE_ID=" MESSAGE_ID, 0);
	if (r < 0 || !id)
		return r;
	snprintf(match, sizeof(match), PREFIX "ID=%s", id);
	return sd_journal_add_match(journal, match, 0);
}

/* Has it a record at all? Who may not read its files sees none: sd_journal_open(3). */
static int seek(sd_journal *journal, const struct records_query *query)
{
	int r;

	r = sd_journal_seek_head(journal);
	if (r < 0)
		return r;
	r = sd_journal_next(journal);
	if (r < 0)
		return r;
	if (r == 0 && geteuid() != 0 && sd_journal_has_persistent_files(journal) <= 0 &&
	    sd_journal_has_runtime_files(journal) <= 0)
		return -EACCES;
	if (r == 0)
		return -ENODATA;
	return query->since_usec > 0 ? sd_journal_seek_realtime_usec(journal, query->since_usec)
				     : sd_journal_seek_head(journal);
}

int records_journal_open(void **ret, const struct records_query *query)
{
	_cleanup_(close_journalp) sd_journal *journal = NULL;
	int r;

	r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
	if (r < 0)
		return r;
	(void)sd_journal_set_data_threshold(journal, 0);
	r = add_matches(journal, query->id);
	if (r < 0)
		return r;
	r = seek(journal, query);
	/* Whoever follows waits for the first one, unless there is a file. */
	if (r == -ENODATA && query->follow && access(AUDIT_FILE, F_OK) < 0)
		r = 0;
	if (r < 0)
		return r;
	*ret = TAKE_PTR(journal);
	return 0;
}
