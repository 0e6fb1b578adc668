/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every name below /proc that begins with a digit is a process. The caller's
 * own has the name /proc/self; a link that leads from there on is judged where
 * it leads, and the broker's own directory is one of those with a number.
 */
#include "policy/floor.h"

#include "policy/parser.h"

const char floor_text[] =
	"version 1;\n"
	"\n"
	"# The broker's policy, sockets and state. Root may read them.\n"
	"let @own = \"/etc/fdbroker\", \"/etc/fdbroker/**\", \"/run/fdbroker\", "
	"\"/run/fdbroker/**\",\n"
	"           \"/var/lib/fdbroker\", \"/var/lib/fdbroker/**\",\n"
	"           \"/var/log/fdbroker\", \"/var/log/fdbroker/**\",\n"
	"           \"/usr/local/lib/fdbroker/policy.d\", "
	"\"/usr/local/lib/fdbroker/policy.d/**\",\n"
	"           \"/usr/lib/fdbroker/policy.d\", \"/usr/lib/fdbroker/policy.d/**\";\n"
	"own: deny write, list, stat, remove, attributes, connect, watch @own;\n"
	"for not user 0 { own-read: deny any @own; }\n"
	"\n"
	"# The kernel's and the machine's settings, and other processes.\n"
	"kernel-write: deny write, remove, attributes \"/proc/**\", \"/sys/**\";\n"
	"processes: deny any \"/proc/[0-9]*\", \"/proc/[0-9]*/**\";\n"
	"\n"
	"# Memory, by name and by number; disks without their file systems.\n"
	"memory: deny any '/dev/mem', '/dev/kmem', '/dev/port', '/proc/kcore';\n"
	"memory-device: deny any \"/**\" { type char; device { 1:1, 1:2, 1:4 }; }\n"
	"disk: deny write, attributes \"/**\" { type block; }\n"
	"disk-device: deny write, attributes \"/**\" { type char; device { 21:*, 162:* }; }\n"
	"\n"
	"# Only files with the set-user-ID or set-group-ID bit.\n"
	"set-id: deny write \"/**\" { type regular; }\n";

const size_t floor_size = sizeof(floor_text) - 1;

int floor_parse(struct floor *ret, struct diags *diags)
{
	int r;

	*ret = FLOOR_EMPTY;
	r = source_new(&ret->source, FLOOR_STEM, floor_text, floor_size, SOURCE_VENDOR);
	return r < 0 ? r : parser_parse(ret->source, diags, &ret->tree);
}

void floor_done(struct floor *floor)
{
	floor->tree = ast_free(floor->tree);
	floor->source = source_free(floor->source);
}
