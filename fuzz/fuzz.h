/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_FUZZ_FUZZ_H
#define FDB_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry point. Aborts if a property does not hold; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
