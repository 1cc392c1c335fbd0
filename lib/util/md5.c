/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * MD5 by OpenSSL. 1 and -1 are the convention of this interface. No state of our own.
 */

#include "spdk/md5.h"

int
spdk_md5init(struct spdk_md5ctx *md5ctx)
{
	if (md5ctx == NULL) {
		return -1;
	}
	md5ctx->md5ctx = EVP_MD_CTX_new();
	if (md5ctx->md5ctx == NULL) {
		return -1;
	}
	if (EVP_DigestInit_ex(md5ctx->md5ctx, EVP_md5(), NULL) != 1) {
		EVP_MD_CTX_free(md5ctx->md5ctx);
		md5ctx->md5ctx = NULL;
		return -1;
	}
	return 1;
}

int
spdk_md5update(struct spdk_md5ctx *md5ctx, const void *data, size_t len)
{
	if (md5ctx == NULL || md5ctx->md5ctx == NULL || (data == NULL && len > 0)) {
		return -1;
	}
	return EVP_DigestUpdate(md5ctx->md5ctx, data, len) == 1 ? 1 : -1;
}

int
spdk_md5final(void *md5, struct spdk_md5ctx *md5ctx)
{
	int rc;

	if (md5ctx == NULL || md5ctx->md5ctx == NULL) {
		return -1;
	}
	rc = md5 != NULL && EVP_DigestFinal_ex(md5ctx->md5ctx, md5, NULL) == 1 ? 1 : -1;
	EVP_MD_CTX_free(md5ctx->md5ctx);
	md5ctx->md5ctx = NULL;
	return rc;
}
