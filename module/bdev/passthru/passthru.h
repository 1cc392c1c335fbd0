/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A bdev that hands each I/O to the bdev below it: the model of a virtual device. */

#ifndef BDEV_PASSTHRU_H
#define BDEV_PASSTHRU_H

#include "spdk/bdev_module.h"
#include "spdk/uuid.h"

extern struct spdk_bdev_module g_passthru_module;

/**
 * Build \p name over the bdev \p base_name, now or when one of that name is registered.
 * \param uuid null: made from the base's.
 * \return 0, -EEXIST, -EPERM when another module has claimed the base, -ENOMEM. App thread.
 */
int passthru_create(const char *name, const char *base_name, const struct spdk_uuid *uuid);

/** Forget \p name and remove its bdev. 0 and then \p cb_fn once, when it is gone, or -ENODEV. App
 *  thread. */
int passthru_delete(const char *name, spdk_bdev_unregister_cb cb_fn, void *cb_arg);

#endif /* BDEV_PASSTHRU_H */
