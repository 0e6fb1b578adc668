/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_LABEL_H
#define FDB_POLICY_LABEL_H

/*
 * What a security module says a process is. A label is text whose form depends
 * on the module, so that the module is told with it and never guessed from it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LABEL_MAX 511U /* bytes; a longer one is not attested */

/* Behind a context that does not bind: SELinux itself does not say so in the label. */
#define LABEL_PERMISSIVE " (permissive)"

/* A label, taken apart. */
struct label {
	char name[LABEL_MAX + 1]; /* the profile, or the context; "": confined by no profile */
	/* It is so in name only: the module lets the process do as it likes. */
	bool doubtful;
};

/**
 * label_module() - whose labels this kernel gives out
 * @list:	/sys/kernel/security/lsm: "lockdown,capability,yama,apparmor"
 *
 * Return: POLICY_FACT_APPARMOR or POLICY_FACT_SELINUX; 0: neither, or more than one that could be
 *	meant.
 */
uint32_t label_module(const char *list);

/**
 * label_read() - a label as the kernel gives it
 * @module:	as label_module()
 * @size:	bytes of @bytes, with or without a newline and a NUL at the end
 *
 * Return: 0; -EBADMSG not a label of that module; -ENAMETOOLONG.
 */
int label_read(uint32_t module, const char *bytes, size_t size, struct label *ret);

#endif
