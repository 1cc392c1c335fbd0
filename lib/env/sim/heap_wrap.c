/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* malloc() and its family for programs that are linked with `--wrap` (sim_link_args of the build):
 * counts what is live, and fails the call that a test chose. What it doesn't know (blocks that the
 * C library allocated inside) it frees without counting.
 *
 * One OS thread. The live blocks stand in a hash set of addresses, with linear probing. */

#include "sim.h"

#include "spdk_internal/env_fault.h"

#define FIRST_SLOTS 1024

void *__real_malloc(size_t size);
void *__real_calloc(size_t num, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_posix_memalign(void **ptr, size_t align, size_t size);
void __real_free(void *ptr);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t num, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
void *__wrap_reallocarray(void *ptr, size_t num, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
int __wrap_posix_memalign(void **ptr, size_t align, size_t size);
void __wrap_free(void *ptr);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t max);
int __wrap_vasprintf(char **out, const char *fmt, va_list args);
int __wrap_asprintf(char **out, const char *fmt, ...);

static struct {
	uintptr_t *slots; /* 0: empty */
	size_t num_slots; /* power of two */
	size_t num_live;
} g_live __attribute__((section("basalt_sim_host"))); /* of the process, not of a simulated node */

static size_t
slot_of(uintptr_t addr)
{
	return (size_t)((addr >> 4) * 0x9e3779b97f4a7c15ull >> 20) & (g_live.num_slots - 1);
}

static void
set_insert(uintptr_t addr)
{
	size_t i = slot_of(addr);

	while (g_live.slots[i] != 0) {
		i = (i + 1) & (g_live.num_slots - 1);
	}
	g_live.slots[i] = addr;
	g_live.num_live++;
}

static void
set_grow(void)
{
	uintptr_t *old = g_live.slots;
	size_t num_old = g_live.num_slots;
	size_t i;

	g_live.num_slots = num_old != 0 ? num_old * 2 : FIRST_SLOTS;
	g_live.slots = __real_calloc(g_live.num_slots, sizeof(*g_live.slots));
	if (g_live.slots == NULL) {
		/* The machine of the test itself is out of memory. */
		abort();
	}
	g_live.num_live = 0;
	for (i = 0; i < num_old; i++) {
		if (old[i] != 0) {
			set_insert(old[i]);
		}
	}
	__real_free(old);
}

static void *
track(void *ptr)
{
	if (ptr != NULL) {
		if (2 * (g_live.num_live + 1) > g_live.num_slots) {
			set_grow();
		}
		set_insert((uintptr_t)ptr);
	}
	return ptr;
}

/* Take \p ptr out of the set; nothing when it is not in there. */
static void
untrack(void *ptr)
{
	size_t i, hole, home;

	if (ptr == NULL || g_live.num_slots == 0) {
		return;
	}
	i = slot_of((uintptr_t)ptr);
	while (g_live.slots[i] != (uintptr_t)ptr) {
		if (g_live.slots[i] == 0) {
			return;
		}
		i = (i + 1) & (g_live.num_slots - 1);
	}
	g_live.num_live--;
	hole = i;
	/* Move back what follows and would no longer be found behind the hole. */
	for (;;) {
		i = (i + 1) & (g_live.num_slots - 1);
		if (g_live.slots[i] == 0) {
			break;
		}
		home = slot_of(g_live.slots[i]);
		if (((i - home) & (g_live.num_slots - 1)) >=
		    ((i - hole) & (g_live.num_slots - 1))) {
			g_live.slots[hole] = g_live.slots[i];
			hole = i;
		}
	}
	g_live.slots[hole] = 0;
}

static bool
must_fail(void)
{
	if (env_fault(ENV_FAULT_HEAP)) {
		errno = ENOMEM;
		return true;
	}
	return false;
}

void *
__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : track(__real_malloc(size));
}

void *
__wrap_calloc(size_t num, size_t size)
{
	return must_fail() ? NULL : track(__real_calloc(num, size));
}

void *
__wrap_realloc(void *ptr, size_t size)
{
	void *moved;

	if (must_fail()) {
		return NULL;
	}
	moved = __real_realloc(ptr, size);
	if (moved != NULL || size == 0) {
		untrack(ptr);
	}
	return track(moved);
}

void *
__wrap_reallocarray(void *ptr, size_t num, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(num, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(ptr, total);
}

void *
__wrap_aligned_alloc(size_t align, size_t size)
{
	return must_fail() ? NULL : track(__real_aligned_alloc(align, size));
}

int
__wrap_posix_memalign(void **ptr, size_t align, size_t size)
{
	int rc;

	if (must_fail()) {
		return ENOMEM;
	}
	rc = __real_posix_memalign(ptr, align, size);
	if (rc == 0) {
		track(*ptr);
	}
	return rc;
}

void
__wrap_free(void *ptr)
{
	untrack(ptr);
	__real_free(ptr);
}

char *
__wrap_strndup(const char *s, size_t max)
{
	size_t len = strnlen(s, max);
	char *copy = __wrap_malloc(len + 1);

	if (copy != NULL) {
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return copy;
}

char *
__wrap_strdup(const char *s)
{
	return __wrap_strndup(s, SIZE_MAX);
}

int
__wrap_vasprintf(char **out, const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	*out = len >= 0 ? __wrap_malloc((size_t)len + 1) : NULL;
	if (*out == NULL) {
		return -1;
	}
	return vsnprintf(*out, (size_t)len + 1, fmt, args);
}

int
__wrap_asprintf(char **out, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = __wrap_vasprintf(out, fmt, args);
	va_end(args);
	return len;
}

uint64_t
env_sim_live_heap(void)
{
	/* What spdk_env_init(NULL) would start again with outlives spdk_env_fini(). */
	return g_live.num_live - env_opts_count_blocks(g_env_local.last_opts);
}
