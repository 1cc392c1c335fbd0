/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Small things that everything uses: arithmetic, arrays, growable structs, walking and copying I/O
 * vectors. Pure; any thread; a walker belongs to one.
 */

#ifndef SPDK_UTIL_H
#define SPDK_UTIL_H

#include "basalt/deprecated.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define __STDC_WANT_LIB_EXT1__ 1
#define SPDK_CACHE_LINE_SIZE 64
#define SPDK_SEC_TO_MSEC 1000
#define SPDK_SEC_TO_USEC 1000000
#define SPDK_SEC_TO_NSEC 1000000000
#define SPDK_MSEC_TO_USEC 1000
#define SPDK_SN32_CMPMAX 2147483648

#define spdk_min(a, b) (((a) < (b)) ? (a) : (b))
#define spdk_max(a, b) (((a) > (b)) ? (a) : (b))
/** Number of elements of an array (not of a pointer). */
#define SPDK_COUNTOF(arr) (sizeof(arr) / sizeof((arr)[0]))
/** The struct of type \p type whose \p member is at \p ptr. */
#define SPDK_CONTAINEROF(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))
/** Bytes from the start of what \p ptr points to, to the end of \p member. */
#define SPDK_SIZEOF(ptr, member) (offsetof(__typeof__(*(ptr)), member) + sizeof((ptr)->member))
#define SPDK_SIZEOF_MEMBER(type, member) (sizeof(((type *)NULL)->member))
#define SPDK_COUNTOF_MEMBER(type, member) (SPDK_COUNTOF(((type *)NULL)->member))
/** x / y, rounded up. */
#define SPDK_CEIL_DIV(x, y) (((x) + (y)-1) / (y))
/** Nearest multiple of \p align, a power of two, that is not above \p val. */
#define SPDK_ALIGN_FLOOR(val, align) ((__typeof__(val))((val) & ~((__typeof__(val))((align)-1))))
/** Nearest multiple of \p align, a power of two, that is not below \p val. */
#define SPDK_ALIGN_CEIL(val, align) SPDK_ALIGN_FLOOR(((val) + ((__typeof__(val))(align)-1)), align)
#define SPDK_BIT(n) (1ul << (n))

/**
 * True when \p field lies within the first `size` bytes of \p obj. The size is the optional third
 * argument, and `obj->size` without it: how a growable option struct is read.
 */
#define SPDK_FIELD_VALID(obj, field, ...) _SPDK_FIELD_VALID(obj, field, ##__VA_ARGS__, (obj)->size)
#define _SPDK_FIELD_VALID(obj, field, size, ...) (SPDK_SIZEOF(obj, field) <= (size))
/** `obj->field` when SPDK_FIELD_VALID(), else \p defval. */
#define SPDK_GET_FIELD(obj, field, defval, ...) \
	_SPDK_GET_FIELD(obj, field, defval, ##__VA_ARGS__, (obj)->size)
#define _SPDK_GET_FIELD(obj, field, defval, size, ...) \
	(_SPDK_FIELD_VALID(obj, field, size) ? (obj)->field : (defval))

/** Bytes that a struct spdk_ioviter over \p count vectors takes. */
#define SPDK_IOVITER_SIZE(count) \
	(sizeof(struct spdk_single_ioviter) * (count) + sizeof(struct spdk_ioviter))
/** Make \p piov a vector of one element. */
#define SPDK_IOV_ONE(piov, piovcnt, buf, buflen) \
	do { \
		(piov)->iov_base = (buf); \
		(piov)->iov_len = (buflen); \
		*(piovcnt) = 1; \
	} while (0)

#ifdef __clang_analyzer__
#define SPDK_CLANG_ANALYZER_PREINIT_PTR_ARRAY(arr, arr_size, buf_size) \
	do { \
		size_t spdk_pre_i_; \
		for (spdk_pre_i_ = 0; spdk_pre_i_ < (arr_size); spdk_pre_i_++) { \
			(arr)[spdk_pre_i_] = calloc(1, (buf_size)); \
		} \
	} while (0)
#else
#define SPDK_CLANG_ANALYZER_PREINIT_PTR_ARRAY(arr, arr_size, buf_size)
#endif

struct spdk_iov_xfer;
struct spdk_ioviter;
struct spdk_single_ioviter;

struct spdk_single_ioviter {
	struct iovec *iov;
	size_t iovcnt;
	size_t idx;
	size_t iov_len;
	uint8_t *iov_base;
};

struct spdk_ioviter {
	uint32_t count;
	union {
		struct spdk_single_ioviter iters_compat[2];
		struct spdk_single_ioviter iters[0];
	};
};

struct spdk_iov_xfer {
	struct iovec *iovs;
	int iovcnt;
	int cur_iov_idx;
	size_t cur_iov_offset;
};

/** The number of the highest bit that is 1: log2, rounded down; 0 for 0. */
uint32_t spdk_u32log2(uint32_t x);

/** As spdk_u32log2(), for 64 bits. */
uint64_t spdk_u64log2(uint64_t x);

/**
 * Start walking two vectors in step, and give the first piece that lies in one element of both.
 * \param iter the caller's, as are the vectors, until the walk ends.
 * \param src out: the piece in \p siov.
 * \param dst out: the piece in \p diov.
 * \return its length; 0 when one of the vectors has no bytes.
 */
size_t spdk_ioviter_first(struct spdk_ioviter *iter, struct iovec *siov, size_t siovcnt,
                          struct iovec *diov, size_t diovcnt, void **src, void **dst);

/**
 * As spdk_ioviter_first() for \p count vectors.
 * \param iter SPDK_IOVITER_SIZE(count) bytes.
 * \param out \p count pointers: the piece in each.
 */
size_t spdk_ioviter_firstv(struct spdk_ioviter *iter, uint32_t count, struct iovec **iov,
                           size_t *iovcnt, void **out);

/** The next piece of a walk from spdk_ioviter_first(); 0 at the end of the shorter vector. */
size_t spdk_ioviter_next(struct spdk_ioviter *iter, void **src, void **dst);

/** The next piece of a walk from spdk_ioviter_firstv(); 0 at the end of the shortest. */
size_t spdk_ioviter_nextv(struct spdk_ioviter *iter, void **out);

/** memset() of all elements. */
void spdk_iov_memset(struct iovec *iovs, int iovcnt, int c);

/** Copy as much as the shorter vector has; they must not overlap. Returns the bytes copied. */
size_t spdk_iovcpy(struct iovec *siov, size_t siovcnt, struct iovec *diov, size_t diovcnt);

/**
 * As spdk_iovcpy(), but a piece may overlap the one that it goes to, as with memmove(). Pieces go
 * from the front to the back.
 */
size_t spdk_iovmove(struct iovec *siov, size_t siovcnt, struct iovec *diov, size_t diovcnt);

/** Stand at the front of a vector, which stays the caller's. */
void spdk_iov_xfer_init(struct spdk_iov_xfer *ix, struct iovec *iovs, int iovcnt);

/** Copy \p buf to where \p ix stands, which moves on. Returns the bytes; fewer at the end. */
size_t spdk_iov_xfer_from_buf(struct spdk_iov_xfer *ix, const void *buf, size_t buf_len);

/**
 * Copy from where \p ix stands, which moves on, to \p buf. Returns the bytes; fewer at the end.
 */
size_t spdk_iov_xfer_to_buf(struct spdk_iov_xfer *ix, const void *buf, size_t buf_len);

/** Copy from the front of a vector to \p buf, as much as both have. */
void spdk_copy_iovs_to_buf(void *buf, size_t buf_len, struct iovec *iovs, int iovcnt);

/** Copy \p buf to the front of a vector, as much as both have. */
void spdk_copy_buf_to_iovs(struct iovec *iovs, int iovcnt, void *buf, size_t buf_len);

/** The next value of Marsaglia's 64-bit xorshift; \p state must not be 0. Not for secrets. */
static inline uint64_t
spdk_rand_xorshift64(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/** A number that is not 0 and differs from call to call; for seeds, never for secrets. Any thread.
 */
uint64_t basalt_rand_seed(void);

/** A seed for spdk_rand_xorshift64() that differs from call to call. */
static inline uint64_t
spdk_rand_xorshift64_seed(void)
{
	return basalt_rand_seed();
}

/** The smallest power of two that is not below \p x; 0 when there is none. */
static inline uint32_t
spdk_align32pow2(uint32_t x)
{
	return x <= 1 ? x : (uint32_t)(1ull << (32 - __builtin_clz(x - 1)));
}

/** The smallest power of two that is not below \p x; 0 when there is none. */
static inline uint64_t
spdk_align64pow2(uint64_t x)
{
	if (x <= 1) {
		return x;
	}
	return x > (1ull << 63) ? 0 : 1ull << (64 - __builtin_clzll(x - 1));
}

/** Whether exactly one bit is 1. */
static inline bool
spdk_u32_is_pow2(uint32_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/** Whether exactly one bit is 1. */
static inline bool
spdk_u64_is_pow2(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/** \p num / \p divisor, rounded up. */
static inline uint64_t
spdk_divide_round_up(uint64_t num, uint64_t divisor)
{
	return num / divisor + (num % divisor != 0);
}

/** \p num rounded up to a multiple of \p divisor. */
static inline uint64_t
spdk_round_up(uint64_t num, uint64_t divisor)
{
	return spdk_divide_round_up(num, divisor) * divisor;
}

/** Serial number arithmetic, RFC 1982. */
static inline uint32_t
spdk_sn32_add(uint32_t s1, uint32_t s2)
{
	return s1 + s2;
}

/** Whether \p s1 comes before \p s2, RFC 1982. */
static inline bool
spdk_sn32_lt(uint32_t s1, uint32_t s2)
{
	return s1 != s2 &&
	       ((s1 < s2 && s2 - s1 < SPDK_SN32_CMPMAX) || (s1 > s2 && s1 - s2 > SPDK_SN32_CMPMAX));
}

/** Whether \p s1 comes after \p s2, RFC 1982. */
static inline bool
spdk_sn32_gt(uint32_t s1, uint32_t s2)
{
	return s1 != s2 &&
	       ((s1 < s2 && s2 - s1 > SPDK_SN32_CMPMAX) || (s1 > s2 && s1 - s2 < SPDK_SN32_CMPMAX));
}

/** memset() of secrets: never removed by the compiler, never beyond \p data_size. */
static inline void
spdk_memset_s(void *data, size_t data_size, int ch, size_t count)
{
	volatile unsigned char *p = (volatile unsigned char *)data;
	size_t i;

	for (i = 0; i < count && i < data_size; i++) {
		p[i] = (unsigned char)ch;
	}
}

/* ---- Dropped by SPDK ---- */

/** SPDK_IOV_ONE() as a function. */
void spdk_iov_one(struct iovec *iov, int *iovcnt, void *buf, size_t buflen)
        BASALT_DEPRECATED("SPDK_IOV_ONE()");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_UTIL_H */
