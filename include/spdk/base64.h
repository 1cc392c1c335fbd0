/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Base64 (RFC 4648): the standard alphabet (section 4) and the one for URLs and file names (section
 * 5), always padded. Pure functions; any thread.
 */

#ifndef SPDK_BASE64_H
#define SPDK_BASE64_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * Characters that \p raw_len bytes become, without the terminating zero.
 */
static inline size_t
spdk_base64_get_encoded_strlen(size_t raw_len)
{
	return (raw_len + 2) / 3 * 4;
}

/**
 * Bytes that a text of \p encoded_strlen characters can become at most: room enough for decoding.
 */
static inline size_t
spdk_base64_get_decoded_len(size_t encoded_strlen)
{
	return encoded_strlen / 4 * 3;
}

/**
 * Encode.
 * \param dst room for spdk_base64_get_encoded_strlen() + 1 characters; ends in a zero.
 * \param src not NULL.
 * \param src_len not 0.
 * \return 0, -EINVAL for an argument that is not so.
 */
int spdk_base64_encode(char *dst, const void *src, size_t src_len);

/** As spdk_base64_encode(), with "-" and "_" in place of "+" and "/". */
int spdk_base64_urlsafe_encode(char *dst, const void *src, size_t src_len);

/**
 * Decode.
 * \param dst room for spdk_base64_get_decoded_len() bytes; NULL: only check and count. It is not
 * touched when the text is wrong.
 * \param dst_len set to the number of bytes; may be NULL.
 * \param src a text with its padding, not empty.
 * \return 0; -EINVAL when the text is NULL, empty, of a length that is no multiple of 4, or has a
 * character that is not of the alphabet, or padding elsewhere than at its end.
 */
int spdk_base64_decode(void *dst, size_t *dst_len, const char *src);

/** As spdk_base64_decode(), with "-" and "_" in place of "+" and "/". */
int spdk_base64_urlsafe_decode(void *dst, size_t *dst_len, const char *src);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_BASE64_H */
