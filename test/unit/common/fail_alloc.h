/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Makes the n-th allocation fail, and counts what is still held. A test that uses it names
 * `fail_alloc_dep` among its dependencies.
 */

#ifndef UNIT_FAIL_ALLOC_H
#define UNIT_FAIL_ALLOC_H

#include "spdk/stdinc.h"

/** Let \p n allocations succeed from now on, fail the next one, and let all after it succeed.
 *  -1: fail none. */
void fail_alloc_after(int n);

/** Whether the failure asked for last happened. */
bool fail_alloc_happened(void);

/** Allocations that the code under test holds now. */
long fail_alloc_held(void);

#endif /* UNIT_FAIL_ALLOC_H */
