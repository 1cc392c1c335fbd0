/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What a keyring module is: a place where secrets are, behind spdk/keyring.h.
 */

#ifndef SPDK_KEYRING_MODULE_H
#define SPDK_KEYRING_MODULE_H

#include "spdk/assert.h"
#include "spdk/keyring.h"
#include "spdk/queue.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_keyring_module;

struct spdk_key_opts {
	/** Size of this struct in bytes. */
	size_t size;
	/** Not empty; copied. */
	const char *name;
	struct spdk_keyring_module *module;
	/** For the module's add_key(). */
	void *ctx;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_key_opts) == 32, "key options");

/** The functions of a module run one at a time, under the keyring's lock, and may call its
 *  functions. */
struct spdk_keyring_module {
	const char *name;
	/** Start; may be NULL. -ENODEV: it has nothing to do in this process, and is left alone. */
	int (*init)(void);
	/** Stop, after all keys are removed; may be NULL. */
	void (*cleanup)(void);
	/** Write the method calls that bring its configuration back; may be NULL. */
	void (*write_config)(struct spdk_json_write_ctx *w);
	/** Add the key called \p name when it is where this module looks: 0, -ENOKEY when it is
	 * not, or another negative errno, which it logged. May be NULL. */
	int (*probe_key)(const char *name);
	/** Set up the context of a new key. 0, or a negative errno: the key is not added. */
	int (*add_key)(struct spdk_key *key, void *ctx);
	/** The key is removed: give back what its context holds, with secrets wiped. */
	void (*remove_key)(struct spdk_key *key);
	/** Write the secret to \p buf: its bytes, -ENOBUFS, or another negative errno. */
	int (*get_key)(struct spdk_key *key, void *buf, int len);
	/** Bytes of a key's context. */
	size_t (*get_ctx_size)(void);
	/** Write members that say where the key is, and not what; may be NULL. */
	void (*dump_info)(struct spdk_key *key, struct spdk_json_write_ctx *w);
	TAILQ_ENTRY(spdk_keyring_module) tailq;
};

/**
 * Add a key.
 * \return 0; -EINVAL for options without a size, name or module; -EEXIST; -ENOMEM; what the
 * module's add_key() said.
 */
int spdk_keyring_add_key(const struct spdk_key_opts *opts);

/**
 * Remove the key called \p name of \p module. Who holds it may keep it.
 * \return 0, -ENOKEY when there is none, -EINVAL when it is another module's.
 */
int spdk_keyring_remove_key(const char *name, struct spdk_keyring_module *module);

/** Add a module to those that spdk_keyring_init() starts. It stays the caller's, for ever. */
void spdk_keyring_register_module(struct spdk_keyring_module *module);

/** The module's part of \p key, of its get_ctx_size(); zero bytes at first; aligned as malloc(). */
void *spdk_key_get_ctx(struct spdk_key *key);

/** The module that added \p key. */
struct spdk_keyring_module *spdk_key_get_module(struct spdk_key *key);

/** Register \p module before main(). For modules outside the library. */
#define SPDK_KEYRING_REGISTER_MODULE(name, module) \
	static void __attribute__((constructor)) _spdk_keyring_register_##name(void) \
	{ \
		spdk_keyring_register_module(module); \
	}

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_KEYRING_MODULE_H */
