/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * LD_PRELOAD: how many blocks of the heap a program uses, and how many bytes, as two 64-bit numbers
 * in the file that BASALT_HEAP_COUNT names (16 bytes, made by who asks). So a test sees from
 * outside whether a call has left anything behind, to the byte. glibc only.
 */

#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct count {
	_Atomic int64_t blocks;
	_Atomic int64_t bytes;
};

static struct count g_early;
static struct count *g_count = &g_early;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t num, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *p);

__attribute__((constructor)) static void
count_open(void)
{
	const char *path = getenv("BASALT_HEAP_COUNT");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	struct count *count;

	if (fd < 0) {
		return;
	}
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (count != MAP_FAILED) {
		*count = g_early;
		g_count = count;
	}
}

static void *
count_block(void *p, int sign)
{
	if (p != NULL) {
		atomic_fetch_add(&g_count->blocks, sign);
		atomic_fetch_add(&g_count->bytes, sign * (int64_t)malloc_usable_size(p));
	}
	return p;
}

#pragma GCC visibility push(default)

void *
malloc(size_t size)
{
	return count_block(__libc_malloc(size), 1);
}

void *
calloc(size_t num, size_t size)
{
	return count_block(__libc_calloc(num, size), 1);
}

void *
realloc(void *p, size_t size)
{
	void *q;

	count_block(p, -1);
	q = __libc_realloc(p, size);
	if (q == NULL && size > 0) {
		count_block(p, 1);
	}
	return count_block(q, 1);
}

void *
memalign(size_t align, size_t size)
{
	return count_block(__libc_memalign(align, size), 1);
}

void *
aligned_alloc(size_t align, size_t size)
{
	return count_block(__libc_memalign(align, size), 1);
}

int
posix_memalign(void **p, size_t align, size_t size)
{
	*p = count_block(__libc_memalign(align, size), 1);
	return *p != NULL ? 0 : 12; /* ENOMEM */
}

void
free(void *p)
{
	count_block(p, -1);
	__libc_free(p);
}

#pragma GCC visibility pop
