/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The malloc family, wrapped by the linker in objects of the test and of the library (not inside
 * the C library). Counters are atomic, since some tests have threads.
 */

#include "fail_alloc.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_posix_memalign(void **p, size_t align, size_t size);
char *__real_strdup(const char *s);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
char *__wrap_strdup(const char *s);
void __wrap_free(void *p);

static int g_left = -1;
static bool g_happened;
static long g_held;

void
fail_alloc_after(int n)
{
	g_left = n;
	g_happened = false;
}

bool
fail_alloc_happened(void)
{
	return g_happened;
}

long
fail_alloc_held(void)
{
	return __atomic_load_n(&g_held, __ATOMIC_RELAXED);
}

static bool
fails_now(void)
{
	int left = __atomic_load_n(&g_left, __ATOMIC_RELAXED);

	if (left < 0) {
		return false;
	}
	__atomic_store_n(&g_left, left - 1, __ATOMIC_RELAXED);
	if (left == 0) {
		g_happened = true;
		errno = ENOMEM;
	}
	return left == 0;
}

static void *
count(void *p)
{
	if (p != NULL) {
		__atomic_fetch_add(&g_held, 1, __ATOMIC_RELAXED);
	}
	return p;
}

void *
__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : count(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : count(__real_calloc(n, size));
}

void *
__wrap_realloc(void *p, size_t size)
{
	if (fails_now()) {
		return NULL;
	}
	return p == NULL ? count(__real_realloc(NULL, size)) : __real_realloc(p, size);
}

void *
__wrap_aligned_alloc(size_t align, size_t size)
{
	return fails_now() ? NULL : count(__real_aligned_alloc(align, size));
}

int
__wrap_posix_memalign(void **p, size_t align, size_t size)
{
	int rc;

	if (fails_now()) {
		return ENOMEM;
	}
	rc = __real_posix_memalign(p, align, size);
	if (rc == 0) {
		count(*p);
	}
	return rc;
}

char *
__wrap_strdup(const char *s)
{
	return fails_now() ? NULL : count(__real_strdup(s));
}

void
__wrap_free(void *p)
{
	if (p != NULL) {
		__atomic_fetch_sub(&g_held, 1, __ATOMIC_RELAXED);
	}
	__real_free(p);
}
