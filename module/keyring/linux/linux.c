/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Keys of the kernel's session keyring: found by name when somebody asks for one, and forgotten
 * with its last holder. A key's context is its serial number; the secret stays in the kernel. Under
 * the keyring's lock, but for the option, which is set while the program starts. */

#include "keyring_linux.h"

#include "spdk/json.h"
#include "spdk/keyring_module.h"
#include "spdk/log.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"

/* Bits of group and others: a key that they may use is no secret. */
#define PERMISSIONS_OF_OTHERS 0xffff

extern struct spdk_keyring_module g_keyring_linux_module;

struct linux_key {
	int32_t serial;
};

static struct {
	bool enabled;
} g_linux SYSTEM_STATE;

bool
keyring_linux_is_enabled(void)
{
	return g_linux.enabled;
}

void
keyring_linux_enable(bool enable)
{
	g_linux.enabled = enable;
}

static int
linux_init(void)
{
	return g_linux.enabled ? 0 : -ENODEV;
}

static void
linux_write_config(struct spdk_json_write_ctx *w)
{
	rpc_write_entry_begin(w, "keyring_linux_set_options");
	spdk_json_write_named_bool(w, "enable", g_linux.enabled);
	rpc_write_entry_end(w);
}

static int
check_permissions(const char *name, int32_t serial)
{
	int64_t permissions = kernel_key_permissions(serial);

	if (permissions < 0) {
		SPDK_ERRLOG("The kernel's key \"%s\" can't be looked at: %s\n", name,
		            strerror((int)-permissions));
		return (int)permissions;
	}
	if ((permissions & PERMISSIONS_OF_OTHERS) != 0) {
		SPDK_ERRLOG("The kernel's key \"%s\" is not safe: others than its owner may use "
		            "it: keyctl setperm %d 0x3f010000\n",
		            name, serial);
		return -EPERM;
	}
	return 0;
}

static int
linux_probe_key(const char *name)
{
	struct linux_key found = { .serial = kernel_key_find(name) };
	struct spdk_key_opts opts = {
		.size = sizeof(opts),
		.name = name,
		.module = &g_keyring_linux_module,
		.ctx = &found,
	};
	int rc;

	if (found.serial < 0) {
		if (found.serial != -ENOKEY) {
			SPDK_ERRLOG("The kernel's key \"%s\" can't be had: %s\n", name,
			            strerror(-found.serial));
		}
		return found.serial;
	}
	rc = check_permissions(name, found.serial);
	return rc == 0 ? spdk_keyring_add_key(&opts) : rc;
}

static int
linux_add_key(struct spdk_key *key, void *ctx)
{
	memcpy(spdk_key_get_ctx(key), ctx, sizeof(struct linux_key));
	return 0;
}

static void
linux_remove_key(struct spdk_key *key)
{
}

static int
linux_get_key(struct spdk_key *key, void *buf, int len)
{
	struct linux_key *linux_key = spdk_key_get_ctx(key);
	int rc = check_permissions(spdk_key_get_name(key), linux_key->serial);
	int64_t num;

	if (rc != 0) {
		return rc;
	}
	num = kernel_key_read(linux_key->serial, buf, (size_t)len);
	return num > len ? -ENOBUFS : (int)num;
}

static size_t
linux_get_ctx_size(void)
{
	return sizeof(struct linux_key);
}

static void
linux_dump_info(struct spdk_key *key, struct spdk_json_write_ctx *w)
{
	struct linux_key *linux_key = spdk_key_get_ctx(key);

	spdk_json_write_named_int32(w, "sn", linux_key->serial);
}

struct spdk_keyring_module g_keyring_linux_module SYSTEM_STATE = {
	.name = "keyring_linux",
	.init = linux_init,
	.write_config = linux_write_config,
	.probe_key = linux_probe_key,
	.add_key = linux_add_key,
	.remove_key = linux_remove_key,
	.get_key = linux_get_key,
	.get_ctx_size = linux_get_ctx_size,
	.dump_info = linux_dump_info,
};
