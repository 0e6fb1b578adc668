/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "daemon/journal.h"

#include <dlfcn.h>
#include <errno.h>
#include <systemd/sd-journal.h>

#include "daemon/log.h"

/* The name that programs are linked to, of the ABI that <systemd/sd-journal.h> declares; fdbrokerd is. */
#define LIBRARY "libsystemd.so.0"

static __typeof__(sd_journal_sendv) *sendv;

int journal_load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	/* Through void *: dlsym(3), of functions. */
	if (library)
		*(void **)&sendv = dlsym(library, "sd_journal_sendv");
	if (!sendv)
		log_error("no record can be written to the journal: %s", dlerror());
	return sendv ? 0 : -ELIBACC;
}

int journal_send(const struct iovec *fields, int n)
{
	return sendv(fields, n);
}
