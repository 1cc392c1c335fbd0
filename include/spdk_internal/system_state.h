/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Where the mutable static data of lib/ and module/ stands.
 *
 * Each file that needs any has one struct of it, marked SYSTEM_STATE, so that all of it lies in one
 * linker section. The simulator swaps that section to switch from one node to another; a test
 * compares it after a stop with how it was before the start. Therefore: nothing big (hang it on a
 * pointer), list heads initialised statically, and fini puts every field back.
 */

#ifndef SPDK_INTERNAL_SYSTEM_STATE_H
#define SPDK_INTERNAL_SYSTEM_STATE_H

#include "spdk/stdinc.h"

#define SYSTEM_STATE __attribute__((section("basalt_state")))

/** The section's address and length in bytes. Any thread. */
void system_state_get(void **base, size_t *size_bytes);

#endif /* SPDK_INTERNAL_SYSTEM_STATE_H */
