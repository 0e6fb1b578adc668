/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/number.h"
#include "daemon/limits.h"
#include "policy/conf.h"

/*
 * Read once, by the parent, before it has a socket that anybody could have
 * written to. A setting that is wrong stops the start: a limit that is not the
 * one its admin thinks it is would be found out too late.
 */

#define SETTINGS_SIZE_MAX 65536 /* bytes: some hundred times what there is to say */

static const char *const start_words[] = { "last-good", "deny-all", NULL };
static const char *const yes_words[] = { "no", "yes", NULL };

static const struct {
	const char *name;
	size_t offset;
	uint32_t initial, max;	  /* the least is 1 */
	const char *const *words; /* instead of numbers; NULL ends them */
} known[] = {
	{ "on-start-error", offsetof(struct settings, on_start_error), ON_START_LAST_GOOD,
	  .words = start_words },
	{ "require-landlock", offsetof(struct settings, require_landlock), true,
	  .words = yes_words },
	{ "max-clients", offsetof(struct settings, max_clients), LIMIT_CLIENTS, 32768, NULL },
	{ "max-per-uid", offsetof(struct settings, max_per_uid), LIMIT_CLIENTS_PER_UID, 32768,
	  NULL },
	{ "max-pipes", offsetof(struct settings, max_pipes), LIMIT_PIPES, 16384, NULL },
	{ "max-pipes-per-uid", offsetof(struct settings, max_pipes_per_uid), LIMIT_PIPES_PER_UID,
	  16384, NULL },
	{ "max-snapshots-mib", offsetof(struct settings, max_snapshots_mib), LIMIT_COPIES_MIB, 4096,
	  NULL },
	{ "max-snapshots-mib-per-uid", offsetof(struct settings, max_snapshots_mib_per_uid),
	  LIMIT_COPIES_MIB_PER_UID, 4096, NULL },
	{ "max-watches", offsetof(struct settings, max_watches), LIMIT_WATCHES, 16384, NULL },
	{ "max-watches-per-uid", offsetof(struct settings, max_watches_per_uid),
	  LIMIT_WATCHES_PER_UID, 16384, NULL },
	{ "open-seconds", offsetof(struct settings, open_seconds), LIMIT_OPEN_SEC, 3600, NULL },
	{ "max-in-flight", offsetof(struct settings, max_in_flight), LIMIT_IN_FLIGHT, 1024, NULL },
	{ "max-stuck-per-uid", offsetof(struct settings, max_stuck_per_uid), LIMIT_STUCK_PER_UID,
	  1024, NULL },
};

static uint32_t *place_of(struct settings *settings, size_t i)
{
	return (uint32_t *)(void *)((char *)settings + known[i].offset);
}

void settings_init(struct settings *settings)
{
	for (size_t i = 0; i < ELEMENTSOF(known); i++)
		*place_of(settings, i) = known[i].initial;
}

static void complain_unknown(const struct setting *setting, struct diags *diags)
{
	const char *names[ELEMENTSOF(known)];

	for (size_t i = 0; i < ELEMENTSOF(known); i++)
		names[i] = known[i].name;
	conf_unknown(setting, names, ELEMENTSOF(names), diags);
}

static bool read_number(size_t i, const char *text, uint32_t *ret)
{
	return number_u32(text, ret) == 0 && *ret >= 1 && *ret <= known[i].max;
}

static bool read_word(size_t i, const char *text, uint32_t *ret)
{
	for (*ret = 0; known[i].words[*ret]; ++*ret)
		if (strcmp(known[i].words[*ret], text) == 0)
			return true;
	return false;
}

static void complain_value(size_t i, const struct setting *setting, struct diags *diags)
{
	const char *const *words = known[i].words;

	if (words)
		diag_add(diags, DIAG_ERROR, "E006", setting->value.place, "'%s' is %s or %s",
			 known[i].name, words[0], words[1]);
	else
		diag_add(diags, DIAG_ERROR, "E006", setting->value.place,
			 "'%s' wants a number from 1 to %u", known[i].name, known[i].max);
}

static void apply(struct settings *settings, const struct setting *setting, struct diags *diags)
{
	const char *text = setting->value.text;
	uint32_t value;

	for (size_t i = 0; i < ELEMENTSOF(known); i++) {
		if (strcmp(known[i].name, setting->name) != 0)
			continue;
		if (setting->value.kind == AST_WORD &&
		    (known[i].words ? read_word(i, text, &value) : read_number(i, text, &value)))
			*place_of(settings, i) = value;
		else
			complain_value(i, setting, diags);
		return;
	}
	complain_unknown(setting, diags);
}

int settings_parse(struct settings *settings, const struct source *source, struct diags *diags)
{
	_cleanup_(conf_done) struct conf conf = CONF_EMPTY;
	int r;

	r = conf_parse(source, diags, &conf);
	if (r < 0)
		return r;
	for (size_t i = 0; i < conf.n; i++)
		apply(settings, &conf.items[i], diags);
	return 0;
}

static int check_trusted(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? 0 : -EPERM;
}

static int read_source(const char *path, struct source **ret)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	_cleanup_(freep) char *text = malloc(SETTINGS_SIZE_MAX + 1);
	size_t size = 0;
	ssize_t n;
	int r;

	if (!text)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	r = check_trusted(fd);
	if (r < 0)
		return r;
	do {
		n = read(fd, text + size, SETTINGS_SIZE_MAX + 1 - size);
		if (n < 0)
			return -errno;
		size += (size_t)n;
	} while (n > 0 && size <= SETTINGS_SIZE_MAX);
	if (size > SETTINGS_SIZE_MAX)
		return -EFBIG;
	return source_new(ret, path, text, size, SOURCE_ADMIN);
}

int settings_load(struct settings *settings, const char *path, struct diags *diags)
{
	struct source *source;
	int r;

	r = read_source(path ? path : SETTINGS_FILE, &source);
	if (r == -ENOENT && !path)
		return 0;
	if (r < 0)
		return r;
	r = settings_parse(settings, source, diags);
	source_free(source);
	return r;
}
