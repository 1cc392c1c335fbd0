/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Keys by name: who needs a secret (TLS, DH-HMAC-CHAP) asks for the key of a name, holds it, and
 * reads the secret when it uses it. Where a secret comes from is a module's (keyring_module.h).
 *
 * A key that was removed while somebody holds it answers by name only; it goes with its last
 * holder. Any thread; one lock guards all, and modules may block in it, so nothing for the I/O
 * path.
 */

#ifndef SPDK_KEYRING_H
#define SPDK_KEYRING_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** Of spdk_keyring_for_each_key(): removed keys that somebody holds, too. */
#define SPDK_KEYRING_FOR_EACH_ALL 0x1

struct spdk_json_write_ctx;
struct spdk_key;
struct spdk_keyring;

/**
 * Hold the key called \p name. One that is not there is looked for by the modules that can, and
 * goes again with its last holder. \return a key for spdk_keyring_put_key(); NULL when there is
 * none.
 */
struct spdk_key *spdk_keyring_get_key(const char *name);

/** Hold \p key no more. NULL is allowed. */
void spdk_keyring_put_key(struct spdk_key *key);

/** The key's name, for as long as the caller holds the key. */
const char *spdk_key_get_name(struct spdk_key *key);

/**
 * Read the secret of a key that the caller holds. May block. Wipe \p buf after use.
 * \param len size of \p buf in bytes.
 * \return bytes of the secret; -ENOKEY when the key was removed, -ENOBUFS when \p buf is too small,
 * or another negative errno of its module. \p buf then has none of it.
 */
int spdk_key_get_key(struct spdk_key *key, void *buf, int len);

/** Hold \p key, which the caller holds, once more. Returns it. */
struct spdk_key *spdk_key_dup(struct spdk_key *key);

/**
 * Start the modules. Once, before any key is added.
 * \return 0, -ENOMEM, or a module's negative errno: then none is started.
 */
int spdk_keyring_init(void);

/** Remove all keys and stop the modules. Keys that are still held are logged. */
void spdk_keyring_cleanup(void);

/**
 * Call \p fn for each key, in the order in which they came. \p fn may add keys, and remove the one
 * it was called for.
 * \param keyring NULL: the one of the process; there is no other.
 * \param flags 0 or SPDK_KEYRING_FOR_EACH_ALL.
 */
void spdk_keyring_for_each_key(struct spdk_keyring *keyring, void *ctx,
                               void (*fn)(void *ctx, struct spdk_key *key), uint32_t flags);

/** Write the modules' configuration, as an array of method calls. No secret is in it. */
void spdk_keyring_write_config(struct spdk_json_write_ctx *w);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_KEYRING_H */
