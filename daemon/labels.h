/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_LABELS_H
#define FDB_DAEMON_LABELS_H

/*
 * Labels of security modules, as the daemon takes them: whose they are is the
 * kernel's word, and what does not bind the process says so.
 *
 * Must not know: sockets; identity.c asks those.
 */

#include <stddef.h>
#include <stdint.h>

#include "daemon/facts.h"

/* Whose labels this kernel gives out: POLICY_FACT_APPARMOR, POLICY_FACT_SELINUX, or 0: it does not
 * say. The same until the machine is started again. */
uint32_t labels_module(void);

/**
 * labels_take() - a label into facts
 * @module:	as labels_module()
 *
 * What is not a label of that module is kept for the audit only, and attests nothing.
 */
void labels_take(uint32_t module, const char *bytes, size_t size, struct facts *facts);

#endif
