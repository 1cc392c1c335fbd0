/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Comparing addresses. Pure; any thread. */

#include "nvmf_internal.h"

bool
nvmf_trid_equal(const struct spdk_nvme_transport_id *a, const struct spdk_nvme_transport_id *b)
{
	return strcasecmp(a->trstring, b->trstring) == 0 && a->adrfam == b->adrfam &&
	       strcasecmp(a->traddr, b->traddr) == 0 && strcasecmp(a->trsvcid, b->trsvcid) == 0;
}
