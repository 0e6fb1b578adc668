/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/parent.h"

/* fdbrokerd(8): the parent. The others are main_child.c. */

static const struct option long_options[] = {
	{ "policy", required_argument, NULL, 'p' },
	{ "audit-file", required_argument, NULL, 'a' },
	{ "config", required_argument, NULL, 'c' },
	{ "state", required_argument, NULL, 's' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int show_help(void)
{
	puts("usage: fdbrokerd [OPTION]...\n"
	     "\n"
	     "Opens files for programs that may not, as the policy allows. Wants its listening\n"
	     "sockets from systemd, or from systemd-socket-activate --seqpacket.\n"
	     "\n"
	     "  --policy=DIR       read the policy from DIR alone; not under systemd\n"
	     "  --audit-file=FILE  write audit records to FILE as JSON lines, not to the journal\n"
	     "  --state=DIR        keep the last good policy in DIR; not under systemd\n"
	     "  --config=FILE      settings instead of /etc/fdbroker/fdbroker.conf\n"
	     "  --version, --help\n"
	     "\n"
	     "fdbrokerd(8), fdbroker.policy(5)");
	return EXIT_SUCCESS;
}

static int usage(const char *what)
{
	fprintf(stderr, "fdbrokerd: %s\nusage: fdbrokerd --help\n", what);
	return EX_USAGE;
}

/* The service manager sets INVOCATION_ID and is our parent; a shell in its service is not. */
static bool is_service(void)
{
	return getenv("INVOCATION_ID") && getppid() == 1;
}

static bool is_absolute(const char *path)
{
	return !path || path[0] == '/';
}

int main(int argc, char *argv[])
{
	struct parent_options options = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		if (c == 'p')
			options.policy_directory = optarg;
		else if (c == 'a')
			options.audit_file = optarg;
		else if (c == 'c')
			options.config = optarg;
		else if (c == 's')
			options.state_directory = optarg;
		else if (c == 'h')
			return show_help();
		else if (c == 'V')
			return puts("fdbrokerd " PACKAGE_VERSION) < 0;
		else
			return EX_USAGE;
	}
	if (optind < argc)
		return usage("it takes no arguments");
	/* The daemon leaves its working directory. */
	if (!is_absolute(options.policy_directory) || !is_absolute(options.config) ||
	    !is_absolute(options.state_directory))
		return usage("--policy, --state and --config want absolute paths");
	/* The installed policy is trusted up to the root directory, another one only by itself. */
	if (options.policy_directory && is_service())
		return usage("--policy is for trying out, not for a service");
	/* The built-in floor protects the one place and no other. */
	if (options.state_directory && is_service())
		return usage("--state is for trying out, not for a service");
	return parent_main(&options);
}
