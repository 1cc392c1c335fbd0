/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

#ifndef LIB_KEYRING_KEYRING_INTERNAL_H
#define LIB_KEYRING_KEYRING_INTERNAL_H

#include "spdk/keyring_module.h"

/* All under the keyring's lock but name and module, which never change. */
struct spdk_key {
	TAILQ_ENTRY(spdk_key) link;
	char *name; /* behind the context, in the same block */
	struct spdk_keyring_module *module;
	uint32_t refcnt; /* holders, and the keyring until it is removed */
	bool removed;
	bool probed; /* goes with its last holder */
	char ctx[] __attribute__((aligned(16)));
};

#endif /* LIB_KEYRING_KEYRING_INTERNAL_H */
