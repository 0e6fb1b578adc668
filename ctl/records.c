/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct records {
	const struct records_kind *kind;
	void *source; /* the kind's; owned */
	const char *name;
	struct records_trouble trouble;
};

static int open_compressed(struct records *records, const struct records_query *query)
{
	struct rotated *rotated = NULL;
	int r = rotated_open_one(&rotated, query, &records->trouble);

	records->kind = &records_rotated;
	records->source = rotated;
	return r;
}

static int open_file(struct records *records, const struct records_query *query)
{
	struct records_query of_file = *query;
	size_t len;

	of_file.file = query->file ? query->file : AUDIT_FILE;
	len = strlen(of_file.file);
	records->name = of_file.file;
	if (len > 3 && strcmp(of_file.file + len - 3, ".gz") == 0)
		return open_compressed(records, &of_file);
	records->kind = &records_file;
	return records_file_open(&records->source, &of_file, &records->trouble);
}

/* A daemon with --audit-file leaves the journal empty; one without leaves no file. */
static int open_any(struct records *records, const struct records_query *query)
{
	int r, in_journal;

	records->kind = &records_journal;
	records->name = "the journal";
	in_journal = records_journal_open(&records->source, query);
	if (in_journal == 0)
		return 0;
	r = open_file(records, query);
	if (r != -ENOENT)
		return r;
	return in_journal == -ESRCH || in_journal == -ENODATA ? -ENOENT : in_journal;
}

int records_open(struct records **ret, const struct records_query *query)
{
	_cleanup_(records_freep) struct records *records = calloc(1, sizeof(*records));
	int r;

	if (!records)
		return -ENOMEM;
	r = query->file ? open_file(records, query) : open_any(records, query);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(records);
	return 0;
}

struct records *records_free(struct records *records)
{
	if (!records)
		return NULL;
	if (records->source)
		records->kind->free(records->source);
	text_done(&records->trouble.unread);
	free(records);
	return NULL;
}

int records_next(struct records *records, struct found *found)
{
	found_done(found);
	return records->kind->next(records->source, found);
}

int records_wait(struct records *records)
{
	return records->kind->wait(records->source);
}

const char *records_source(const struct records *records)
{
	return records->name;
}

void records_complain(const struct ctl *ctl, const struct records *records)
{
	const struct records_trouble *trouble = &records->trouble;

	for (const char *line = trouble->unread.data; line && *line;) {
		size_t len = strcspn(line, "\n");

		(void)ctl_fail(ctl, EXIT_YES, "%.*s", (int)len, line);
		line += len + 1;
	}
	if (trouble->skipped > 0)
		(void)ctl_fail(ctl, EXIT_YES, "%s: %" PRIu64 " lines were no records",
			       records->name, trouble->skipped);
}

enum exit_code records_open_for(const struct ctl *ctl, const struct records_query *query,
				struct records **ret)
{
	int r = records_open(ret, query);

	if (r == 0)
		return EXIT_YES;
	if (query->file)
		return ctl_fail(ctl, exit_of_errno(-r), "%s: %s", query->file, strerror(-r));
	if (r == -ENOENT)
		return ctl_fail(ctl, EXIT_IO,
				"no records: the journal has none, and there is no " AUDIT_FILE);
	return ctl_fail(ctl, exit_of_errno(-r), "cannot read the journal or " AUDIT_FILE ": %s",
			strerror(-r));
}

static int find_last(struct records *records, struct found *ret)
{
	_cleanup_(found_done) struct found found = FOUND_EMPTY;
	int r = records_next(records, &found), n = 0;

	for (; r > 0; n++) {
		found_done(ret);
		*ret = found;
		found = FOUND_EMPTY;
		r = records_next(records, &found);
	}
	if (r < 0)
		return r;
	return n > 0 ? 0 : -ENOENT;
}

int records_find(const struct ctl *ctl, const char *file, const char *id, struct found *ret)
{
	const struct records_query query = { .file = file, .id = id };
	_cleanup_(records_freep) struct records *records = NULL;
	int r = records_open(&records, &query);

	if (r < 0)
		return r;
	r = find_last(records, ret);
	if (r == -ENOENT)
		records_complain(ctl, records);
	return r;
}
