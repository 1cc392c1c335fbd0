/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The iobuf subsystem: I/O buffers shared by all who need some, up before them and down after
 * them; its options and its two RPCs. App thread. */

#include "spdk/init.h"
#include "spdk/json.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/subsystem.h"
#include "spdk_internal/system_state.h"

static void
iobuf_subsystem_init(void)
{
	int rc;

	rc = spdk_iobuf_initialize();
	/* To SPDK a memory too small for the pools is a bad option; programs' exit status. */
	spdk_subsystem_init_next(rc == -ENOMEM ? -EINVAL : rc);
}

static void
iobuf_finished(void *arg)
{
	spdk_subsystem_fini_next();
}

static void
iobuf_subsystem_fini(void)
{
	spdk_iobuf_finish(iobuf_finished, NULL);
}

static void
iobuf_write_config(struct spdk_json_write_ctx *w)
{
	struct spdk_iobuf_opts opts;

	spdk_iobuf_get_opts(&opts, sizeof(opts));
	spdk_json_write_array_begin(w);
	rpc_write_entry_begin(w, "iobuf_set_options");
	spdk_json_write_named_uint64(w, "small_pool_count", opts.small_pool_count);
	spdk_json_write_named_uint64(w, "large_pool_count", opts.large_pool_count);
	spdk_json_write_named_uint32(w, "small_bufsize", opts.small_bufsize);
	spdk_json_write_named_uint32(w, "large_bufsize", opts.large_bufsize);
	spdk_json_write_named_bool(w, "enable_numa", opts.enable_numa);
	rpc_write_entry_end(w);
	spdk_json_write_array_end(w);
}

extern struct subsystem_entry g_iobuf_subsystem;
struct subsystem_entry g_iobuf_subsystem SYSTEM_STATE = {
	.subsystem = {
		.name = "iobuf",
		.init = iobuf_subsystem_init,
		.fini = iobuf_subsystem_fini,
		.write_config_json = iobuf_write_config,
	},
};

/* ---- iobuf_set_options ---- */

struct iobuf_params {
	uint64_t small_pool_count;
	uint64_t large_pool_count;
	uint32_t small_bufsize;
	uint32_t large_bufsize;
	bool enable_numa;
	bool has_small_pool_count;
	bool has_large_pool_count;
	bool has_small_bufsize;
	bool has_large_bufsize;
	bool has_enable_numa;
};

#define IOBUF_PARAM(field, rtype, unit_, help_) \
	RPC_PARAM(struct iobuf_params, field, rtype, RPC_GIVEN(struct iobuf_params, has_##field), \
	          .unit = unit_, .help = help_, .cli = { .kind = RPC_CLI_OPTION })

static const struct rpc_param iobuf_params[] = {
	IOBUF_PARAM(small_pool_count, RPC_UINT64, NULL, "Most small buffers"),
	IOBUF_PARAM(large_pool_count, RPC_UINT64, NULL, "Most large buffers"),
	IOBUF_PARAM(small_bufsize, RPC_UINT32, "bytes", "Size of a small buffer, at least 4096"),
	IOBUF_PARAM(large_bufsize, RPC_UINT32, "bytes", "Size of a large buffer, at least 8192"),
	IOBUF_PARAM(enable_numa, RPC_BOOL, NULL,
	            "Pools for each NUMA node; counts are then per node"),
};

static void
rpc_iobuf_set_options(struct spdk_jsonrpc_request *request, void *arg)
{
	const struct iobuf_params *params = arg;
	struct spdk_iobuf_opts opts;
	int rc;

	spdk_iobuf_get_opts(&opts, sizeof(opts));
	if (params->has_small_pool_count) {
		opts.small_pool_count = params->small_pool_count;
	}
	if (params->has_large_pool_count) {
		opts.large_pool_count = params->large_pool_count;
	}
	if (params->has_small_bufsize) {
		opts.small_bufsize = params->small_bufsize;
	}
	if (params->has_large_bufsize) {
		opts.large_bufsize = params->large_bufsize;
	}
	if (params->has_enable_numa) {
		opts.enable_numa = params->enable_numa;
	}
	rc = spdk_iobuf_set_opts(&opts);
	if (rc != 0) {
		rpc_error(request, rc,
		          "small_pool_count and large_pool_count are at least 1, small_bufsize at "
		          "least 4096, large_bufsize at least 8192 and not below small_bufsize; "
		          "the log says which is not");
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

/* ---- iobuf_get_stats ---- */

static void
write_pool(struct spdk_json_write_ctx *w, const char *key,
           const struct spdk_iobuf_pool_stats *stats)
{
	spdk_json_write_named_object_begin(w, key);
	spdk_json_write_named_uint64(w, "cache", stats->cache);
	spdk_json_write_named_uint64(w, "main", stats->main);
	spdk_json_write_named_uint64(w, "retry", stats->retry);
	spdk_json_write_named_uint32(w, "cache_size", stats->cache_size);
	spdk_json_write_object_end(w);
}

static void
write_stats(struct spdk_iobuf_module_stats *modules, uint32_t num_modules, void *arg)
{
	struct spdk_jsonrpc_request *request = arg;
	struct spdk_json_write_ctx *w;
	uint32_t i;

	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	for (i = 0; i < num_modules; i++) {
		spdk_json_write_object_begin(w);
		spdk_json_write_named_string(w, "module", modules[i].module);
		write_pool(w, "small_pool", &modules[i].small_pool);
		write_pool(w, "large_pool", &modules[i].large_pool);
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static void
rpc_iobuf_get_stats(struct spdk_jsonrpc_request *request, void *params)
{
	int rc = spdk_iobuf_get_stats(write_stats, request);

	if (rc != 0) {
		rpc_error(request, rc, "no memory to ask the threads");
	}
}

static const struct rpc_method iobuf_methods[] = {
	{
	        .name = "iobuf_set_options",
	        .states = SPDK_RPC_STARTUP,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct iobuf_params, iobuf_params),
	        .handler = rpc_iobuf_set_options,
	        .result = RPC_RESULT_BOOL,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Set the caps and sizes of the I/O buffer pools",
	},
	{
	        .name = "iobuf_get_stats",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_iobuf_get_stats,
	        .result = RPC_RESULT_ARRAY,
	        .ignores_params = true,
	        .help = "Where I/O buffers came from, and how often one had to wait",
	},
};

extern const struct rpc_table iobuf_rpc_table;
const struct rpc_table iobuf_rpc_table = RPC_TABLE(iobuf_methods);
