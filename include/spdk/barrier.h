/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Memory barriers: plain ones order device memory, smp ones order threads.
 */

#ifndef SPDK_BARRIER_H
#define SPDK_BARRIER_H

#include "spdk/stdinc.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "Basalt runs on x86-64 and arm64; add this processor's barriers here"
#endif

/** The compiler moves no load or store across this point. */
#define spdk_compiler_barrier() __asm volatile("" ::: "memory")

#if defined(__x86_64__)
#define _spdk_rmb() __asm volatile("lfence" ::: "memory")
#define _spdk_wmb() __asm volatile("sfence" ::: "memory")
#define _spdk_mb() __asm volatile("mfence" ::: "memory")
/* x86 reorders only a store with a later load, so two of the three cost nothing. */
#define _spdk_smp_rmb() spdk_compiler_barrier()
#define _spdk_smp_wmb() spdk_compiler_barrier()
#define _spdk_smp_mb() __asm volatile("lock addl $0, -128(%%rsp); " ::: "memory", "cc")
/* DMA is coherent: nothing to discard. */
#define _spdk_ivdt_dcache(pdata) ((void)(pdata))
#else
#define _spdk_rmb() __asm volatile("dsb ld" ::: "memory")
#define _spdk_wmb() __asm volatile("dsb st" ::: "memory")
#define _spdk_mb() __asm volatile("dsb sy" ::: "memory")
#define _spdk_smp_rmb() __asm volatile("dmb ishld" ::: "memory")
#define _spdk_smp_wmb() __asm volatile("dmb ishst" ::: "memory")
#define _spdk_smp_mb() __asm volatile("dmb ish" ::: "memory")
#define _spdk_ivdt_dcache(pdata) __asm volatile("dc civac, %0" : : "r"(pdata) : "memory")
#endif

/** Loads before come before loads after, also from device memory. */
#define spdk_rmb() _spdk_rmb()
/** Stores before come before stores after, also to device memory. */
#define spdk_wmb() _spdk_wmb()
/** Loads and stores before come before loads and stores after, also of device memory. */
#define spdk_mb() _spdk_mb()
/** As spdk_rmb(), among threads only. */
#define spdk_smp_rmb() _spdk_smp_rmb()
/** As spdk_wmb(), among threads only. */
#define spdk_smp_wmb() _spdk_smp_wmb()
/** As spdk_mb(), among threads only. */
#define spdk_smp_mb() _spdk_smp_mb()
/** Discard the cache line at \p pdata where device writes do not do so by themselves. */
#define spdk_ivdt_dcache(pdata) _spdk_ivdt_dcache(pdata)

#endif /* SPDK_BARRIER_H */
