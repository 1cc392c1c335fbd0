/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Sets of processor numbers from 0 to SPDK_CPUSET_SIZE - 1. A set belongs to its caller; one thread
 * uses it at a time.
 */

#ifndef SPDK_CPUSET_H
#define SPDK_CPUSET_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_CPUSET_SIZE 1024

struct spdk_cpuset;

struct spdk_cpuset {
	char str[SPDK_CPUSET_SIZE / 4 + 1];
	uint8_t cpus[SPDK_CPUSET_SIZE / 8];
};

/** A new, empty set, or NULL when out of memory; to be freed by spdk_cpuset_free(). */
struct spdk_cpuset *spdk_cpuset_alloc(void);

/** Free a set that spdk_cpuset_alloc() made; NULL is allowed. */
void spdk_cpuset_free(struct spdk_cpuset *set);

/** Whether both sets hold the same processors. */
bool spdk_cpuset_equal(const struct spdk_cpuset *set1, const struct spdk_cpuset *set2);

/** Make \p dst hold what \p src holds. */
void spdk_cpuset_copy(struct spdk_cpuset *dst, const struct spdk_cpuset *src);

/** Take from \p dst what is not in \p src. */
void spdk_cpuset_and(struct spdk_cpuset *dst, const struct spdk_cpuset *src);

/** Add to \p dst what is in \p src. */
void spdk_cpuset_or(struct spdk_cpuset *dst, const struct spdk_cpuset *src);

/** Leave in \p dst what was in exactly one of the two. */
void spdk_cpuset_xor(struct spdk_cpuset *dst, const struct spdk_cpuset *src);

/** Make \p set hold exactly those of the SPDK_CPUSET_SIZE processors that it did not. */
void spdk_cpuset_negate(struct spdk_cpuset *set);

/** Make \p set empty. */
void spdk_cpuset_zero(struct spdk_cpuset *set);

/** Add a processor (\p state true) or remove it; nothing for a number out of range. */
void spdk_cpuset_set_cpu(struct spdk_cpuset *set, uint32_t cpu, bool state);

/** Whether a processor is in the set; false for a number out of range. */
bool spdk_cpuset_get_cpu(const struct spdk_cpuset *set, uint32_t cpu);

/** Call \p fn with \p ctx for each processor in the set, in ascending order, before returning. */
void spdk_cpuset_for_each_cpu(const struct spdk_cpuset *set, void (*fn)(void *ctx, uint32_t cpu),
                              void *ctx);

/** How many processors are in the set. */
uint32_t spdk_cpuset_count(const struct spdk_cpuset *set);

/**
 * The set as a hexadecimal mask without "0x" and leading zeros; "0" for an empty one.
 * \return text inside \p set: valid until the next call with it.
 */
const char *spdk_cpuset_fmt(struct spdk_cpuset *set);

/**
 * Read a set from text: a hexadecimal mask with or without "0x" ("0xf", "1,00000000" as the kernel
 * writes it), or a list in brackets ("[0-3,8]").
 * \return 0, or -EINVAL for anything else and for a processor out of range; \p set is then as
 * before.
 */
int spdk_cpuset_parse(struct spdk_cpuset *set, const char *mask);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_CPUSET_H */
