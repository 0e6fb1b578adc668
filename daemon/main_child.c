/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "daemon/audit.h"
#include "daemon/broker.h"
#include "daemon/pump.h"

/*
 * fdbroker-broker, fdbroker-audit and fdbroker-pump: fdbrokerd starts them, and nobody else has
 * a use for them. FDB_CHILD_MAIN is the build's.
 */

int main(int argc, char *argv[])
{
	/* What was started before an upgrade does not speak with what came by it. */
	if (argc != 2 || strcmp(argv[1], PACKAGE_VERSION) != 0) {
		fputs("this is a part of fdbrokerd " PACKAGE_VERSION ", which starts it\n", stderr);
		return EX_USAGE;
	}
	(void)prctl(PR_SET_NAME, argv[0], 0, 0,
		    0); /* for ps(1): by a descriptor it was executed, and has no name */
	return FDB_CHILD_MAIN();
}
