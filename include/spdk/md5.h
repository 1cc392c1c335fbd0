/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * MD5, for protocols that ask for it (CHAP of iSCSI). It protects nothing by itself. A context
 * belongs to one thread at a time.
 */

#ifndef SPDK_MD5_H
#define SPDK_MD5_H

#include "spdk/stdinc.h"

#include <openssl/evp.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** Bytes of a digest. */
#define SPDK_MD5DIGEST_LEN 16

struct spdk_md5ctx {
	EVP_MD_CTX *md5ctx;
};

/**
 * Begin a digest in \p md5ctx, the caller's; spdk_md5final() frees what it holds.
 * \return 1, or -1: NULL, no memory, or the library's policy forbids MD5.
 */
int spdk_md5init(struct spdk_md5ctx *md5ctx);

/** Add \p len bytes. \return 1, or -1: NULL, or no digest was begun. */
int spdk_md5update(struct spdk_md5ctx *md5ctx, const void *data, size_t len);

/**
 * End the digest and free what spdk_md5init() made, also on failure.
 * \param md5 gets SPDK_MD5DIGEST_LEN bytes. \return 1, or -1 as spdk_md5update().
 */
int spdk_md5final(void *md5, struct spdk_md5ctx *md5ctx);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_MD5_H */
