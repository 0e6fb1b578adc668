/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_MACRO_H
#define FDB_BASE_MACRO_H

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

/* For a large buffer that is written before it is read: not cleared by -ftrivial-auto-var-init. */
#define _uninitialized_ __attribute__((__uninitialized__))

/* For a function that is a few instructions where what it is given is known, and many where it is not. */
#define _always_inline_ inline __attribute__((__always_inline__))
/* For one that only some requests come to: the others need keep no register for it. */
#define _noinline_ __attribute__((__noinline__))

#define _printf_(at, first) __attribute__((__format__(__printf__, at, first)))

#endif
