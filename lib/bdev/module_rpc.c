/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the RPCs of all bdev modules have in common. App thread. Timers: none. */

#include "spdk_internal/bdev_rpc.h"

#include "spdk/string.h"

void
bdev_rpc_created(struct spdk_jsonrpc_request *request, const char *name, int rc, const char *why)
{
	if (rc == -EEXIST && why == NULL) {
		why = "a bdev of that name or uuid exists: choose another, or delete that one";
	}
	if (rc != 0) {
		rpc_error(request, rc, "bdev %s: %s", name != NULL ? name : "(unnamed)",
		          why != NULL ? why : spdk_strerror(-rc));
		return;
	}
	rpc_answer_string(request, name);
}

void
bdev_rpc_deleting(struct spdk_jsonrpc_request *request, const char *name,
                  const struct spdk_bdev_module *module, int rc)
{
	if (rc == -ENODEV) {
		rpc_error(request, rc, "no %s bdev is named %s", module->name, name);
	} else if (rc != 0) {
		rpc_error(request, rc, "bdev %s: %s", name, spdk_strerror(-rc));
	}
}

void
bdev_rpc_delete(struct spdk_jsonrpc_request *request, const char *name,
                struct spdk_bdev_module *module)
{
	bdev_rpc_deleting(request, name, module,
	                  spdk_bdev_unregister_by_name(name, module, rpc_answer_done, request));
}
