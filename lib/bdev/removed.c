/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What SPDK has dropped of bdev_module.h. App thread. */

#include "spdk/bdev_module.h"

void
spdk_bdev_module_finish_done(void)
{
	spdk_bdev_module_fini_done();
}
