/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Keys that the Linux kernel keeps for a session. */

#ifndef MODULE_KEYRING_LINUX_KEYRING_LINUX_H
#define MODULE_KEYRING_LINUX_KEYRING_LINUX_H

#include "spdk/stdinc.h"

/* What the module asks of the kernel; kernel.c. Each returns a negative errno when it fails. */

/* The serial number of the session's key of the type "user" called `name`. */
int32_t kernel_key_find(const char *name);
/* The permission bits of a key, as linux/keyctl(2) has them. */
int64_t kernel_key_permissions(int32_t serial);
/* Bytes of the secret, which are in `buf` when they are not more than `len_bytes`. */
int64_t kernel_key_read(int32_t serial, void *buf, size_t len_bytes);

/* Whether the module looks for keys; set while the program starts. */
bool keyring_linux_is_enabled(void);
void keyring_linux_enable(bool enable);

#endif /* MODULE_KEYRING_LINUX_KEYRING_LINUX_H */
