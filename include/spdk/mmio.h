/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Registers of devices: one access of the width named, not torn, not merged and not left out by the
 * compiler. Order against memory is spdk/barrier.h.
 */

#ifndef SPDK_MMIO_H
#define SPDK_MMIO_H

#include "spdk/stdinc.h"
#include "spdk/barrier.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_MMIO_64BIT 1

/** The 8 bits of a register at \p addr. */
static inline uint8_t
spdk_mmio_read_1(const volatile uint8_t *addr)
{
	spdk_compiler_barrier();
	return *addr;
}

/** Write \p val to the 8-bit register at \p addr. */
static inline void
spdk_mmio_write_1(volatile uint8_t *addr, uint8_t val)
{
	spdk_compiler_barrier();
	*addr = val;
}

/** The 16 bits of a register at \p addr. */
static inline uint16_t
spdk_mmio_read_2(const volatile uint16_t *addr)
{
	spdk_compiler_barrier();
	return *addr;
}

/** Write \p val to the 16-bit register at \p addr. */
static inline void
spdk_mmio_write_2(volatile uint16_t *addr, uint16_t val)
{
	spdk_compiler_barrier();
	*addr = val;
}

/** The 32 bits of a register at \p addr. */
static inline uint32_t
spdk_mmio_read_4(const volatile uint32_t *addr)
{
	spdk_compiler_barrier();
	return *addr;
}

/** Write \p val to the 32-bit register at \p addr. */
static inline void
spdk_mmio_write_4(volatile uint32_t *addr, uint32_t val)
{
	spdk_compiler_barrier();
	*addr = val;
}

/** The 64 bits of a register at \p addr. */
static inline uint64_t
spdk_mmio_read_8(volatile uint64_t *addr)
{
	spdk_compiler_barrier();
	return *addr;
}

/** Write \p val to the 64-bit register at \p addr. */
static inline void
spdk_mmio_write_8(volatile uint64_t *addr, uint64_t val)
{
	spdk_compiler_barrier();
	*addr = val;
}

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_MMIO_H */
