/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_SANDBOX_TABLE_H
#define FDB_CLIENT_SANDBOX_TABLE_H

/*
 * What a sandboxed program may ask of the kernel, as a list of rows. A system
 * call may have several rows: one that fits is enough. What no row fits gets
 * SANDBOX_DEFAULT_ERRNO, or ENOSYS where the call is younger than the table.
 */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define SANDBOX_DEFAULT_ERRNO EPERM
/* x86_64 and arm64 count new calls alike. A libc that is younger than this table tries a call
 * of its time and goes back to an older one at ENOSYS, not at EPERM. */
#define SANDBOX_NEWEST_CALL 450 /* set_mempolicy_home_node, Linux 5.17 */
#define SANDBOX_LAST_CALL   511 /* x32 owns the numbers from 512 */

/* What the row's argument is held against. Always its low 32 bits, as the kernel reads an int:
 * a comparison of all 64 lets `1 << 32 | value` pass (flatpak, CVE-2019-10063). */
enum sandbox_operand {
	SANDBOX_ANY = 0,    /* the row has no condition */
	SANDBOX_MASK,	    /* argument & mask == value */
	SANDBOX_BROKER,	    /* argument == the connection's descriptor */
	SANDBOX_NOT_BROKER, /* argument != the connection's descriptor */
	SANDBOX_SELF,	    /* argument == this process's pid */
	SANDBOX_READ_LIMIT, /* argument 0 is 0 and argument 2 is NULL: prlimit64(2), to read */
	SANDBOX_CLOSE_MANY, /* arguments 0 to 1 are without the connection's descriptor, and argument 2
			     * is 0: close_range(2) */
};

struct sandbox_row {
	int nr;		 /* negative where the architecture has no such call */
	uint16_t error;	 /* 0: allowed */
	uint8_t operand; /* enum sandbox_operand */
	uint8_t argument;
	uint32_t mask;
	uint32_t value;
};

extern const struct sandbox_row sandbox_table[];
extern const size_t sandbox_table_size;

#endif
