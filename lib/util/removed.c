/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What SPDK has dropped of util.h. Pure. */

#include "spdk/util.h"

void
spdk_iov_one(struct iovec *iov, int *iovcnt, void *buf, size_t buflen)
{
	SPDK_IOV_ONE(iov, iovcnt, buf, buflen);
}
