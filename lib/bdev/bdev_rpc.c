/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * RPCs of the bdev layer. App thread. Timers: one poller per bdev_get_bdevs that waits for a name,
 * 10 ms, until its timeout.
 */

#include "bdev_internal.h"
#include "spdk/json.h"
#include "spdk/uuid.h"
#include "spdk_internal/bdev_rpc.h"
#include "spdk_internal/json.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc_pieces.h"

extern const struct rpc_table bdev_rpc_table;

const struct rpc_param bdev_rpc_name_params[1] = {
	RPC_PARAM(struct bdev_rpc_name, name, RPC_STRING, .required = true,
	          .help = "Name of the bdev", .cli = RPC_POSITIONAL),
};

#define WAIT_POLL_US 10000u

/* ---- bdev_set_options ---- */

struct rpc_set_options {
	uint32_t bdev_io_pool_size;
	uint32_t bdev_io_cache_size;
	uint32_t iobuf_small_cache_size;
	uint32_t iobuf_large_cache_size;
	bool bdev_auto_examine;
	bool given_pool, given_cache, given_small, given_large, given_examine;
};

static const struct rpc_param g_set_options_params[] = {
	RPC_PARAM(struct rpc_set_options, bdev_io_pool_size, RPC_UINT32,
	          RPC_GIVEN(struct rpc_set_options, given_pool), .min = 1,
	          .help = "Most I/Os that exist at once, for all threads",
	          .cli = RPC_OPTION("-p/--bdev-io-pool-size")),
	RPC_PARAM(struct rpc_set_options, bdev_io_cache_size, RPC_UINT32,
	          RPC_GIVEN(struct rpc_set_options, given_cache),
	          .help = "Most free I/Os that a thread keeps to itself",
	          .cli = RPC_OPTION("-c/--bdev-io-cache-size")),
	RPC_PARAM(struct rpc_set_options, bdev_auto_examine, RPC_BOOL,
	          RPC_GIVEN(struct rpc_set_options, given_examine),
	          .help = "Let modules look at each new bdev without being asked",
	          .cli = { .kind = RPC_CLI_OPTION,
	                   .flags = "--auto-examine",
	                   .action = "boolean_optional" }),
	RPC_PARAM(struct rpc_set_options, iobuf_small_cache_size, RPC_UINT32,
	          RPC_GIVEN(struct rpc_set_options, given_small),
	          .help = "Most free small buffers that a thread keeps to itself",
	          .cli = RPC_OPTION("--iobuf-small-cache-size")),
	RPC_PARAM(struct rpc_set_options, iobuf_large_cache_size, RPC_UINT32,
	          RPC_GIVEN(struct rpc_set_options, given_large),
	          .help = "Most free large buffers that a thread keeps to itself",
	          .cli = RPC_OPTION("--iobuf-large-cache-size")),
};

static void
rpc_bdev_set_options(struct spdk_jsonrpc_request *request, void *params)
{
	struct rpc_set_options *p = params;
	struct spdk_bdev_opts opts = {};

	spdk_bdev_get_opts(&opts, sizeof(opts));
	opts.bdev_io_pool_size = p->given_pool ? p->bdev_io_pool_size : opts.bdev_io_pool_size;
	opts.bdev_io_cache_size = p->given_cache ? p->bdev_io_cache_size : opts.bdev_io_cache_size;
	opts.bdev_auto_examine = p->given_examine ? p->bdev_auto_examine : opts.bdev_auto_examine;
	opts.iobuf_small_cache_size =
	        p->given_small ? p->iobuf_small_cache_size : opts.iobuf_small_cache_size;
	opts.iobuf_large_cache_size =
	        p->given_large ? p->iobuf_large_cache_size : opts.iobuf_large_cache_size;
	if (spdk_bdev_set_opts(&opts) != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "bdev_io_pool_size %u does not fill the caches of all threads, "
		          "bdev_io_cache_size %u each: raise the one or lower the other",
		          opts.bdev_io_pool_size, opts.bdev_io_cache_size);
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

/* ---- bdev_examine, bdev_wait_for_examine ---- */

struct rpc_bdev_name {
	char *name;
};

static const struct rpc_param g_examine_params[] = {
	RPC_PARAM(struct rpc_bdev_name, name, RPC_STRING, .required = true, .min = 1,
	          .help = "Name or alias of the bdev, which may come later",
	          .cli = { .kind = RPC_CLI_OPTION, .flags = "-b/--name" }),
};

static void
rpc_bdev_examine(struct spdk_jsonrpc_request *request, void *params)
{
	struct rpc_bdev_name *p = params;
	int rc = spdk_bdev_examine(p->name);

	if (rc == -EINVAL) {
		rpc_error(request, rc,
		          "bdev_auto_examine is on: bdevs are examined without being asked");
	} else if (rc != 0) {
		rpc_error(request, rc, "bdev %s: %s", p->name, spdk_strerror(-rc));
	} else {
		spdk_jsonrpc_send_bool_response(request, true);
	}
}

static void
examine_waited(void *arg)
{
	spdk_jsonrpc_send_bool_response(arg, true);
}

static void
rpc_bdev_wait_for_examine(struct spdk_jsonrpc_request *request, void *params)
{
	int rc = spdk_bdev_wait_for_examine(examine_waited, request);

	if (rc != 0) {
		rpc_error(request, rc, "can't wait for examinations: %s", spdk_strerror(-rc));
	}
}

/* ---- bdev_get_bdevs ---- */

struct rpc_get_bdevs {
	char *name;
	uint64_t timeout;
};

static const struct rpc_param g_get_bdevs_params[] = {
	RPC_PARAM(struct rpc_get_bdevs, name, RPC_STRING, .help = "Name or alias; all by default",
	          .cli = RPC_OPTION("-b/--name")),
	RPC_PARAM(struct rpc_get_bdevs, timeout, RPC_UINT64, .unit = "ms",
	          .help = "How long to wait for the bdev of that name to appear",
	          .cli = RPC_OPTION("-t/--timeout-ms")),
};

static void
dump_metadata(struct spdk_json_write_ctx *w, const struct spdk_bdev *bdev)
{
	if (bdev->md_len == 0) {
		return;
	}
	spdk_json_write_named_uint32(w, "md_size", bdev->md_len);
	spdk_json_write_named_bool(w, "md_interleave", bdev->md_interleave);
	spdk_json_write_named_uint32(w, "dif_type", (uint32_t)bdev->dif_type);
	if (bdev->dif_type == SPDK_DIF_DISABLE) {
		return;
	}
	spdk_json_write_named_bool(w, "dif_is_head_of_md", bdev->dif_is_head_of_md);
	spdk_json_write_named_object_begin(w, "enabled_dif_check_types");
	spdk_json_write_named_bool(
	        w, "reftag", spdk_bdev_is_dif_check_enabled(bdev, SPDK_DIF_CHECK_TYPE_REFTAG));
	spdk_json_write_named_bool(
	        w, "apptag", spdk_bdev_is_dif_check_enabled(bdev, SPDK_DIF_CHECK_TYPE_APPTAG));
	spdk_json_write_named_bool(w, "guard",
	                           spdk_bdev_is_dif_check_enabled(bdev, SPDK_DIF_CHECK_TYPE_GUARD));
	spdk_json_write_object_end(w);
	spdk_json_write_named_uint32(w, "dif_pi_format", (uint32_t)bdev->dif_pi_format);
}

static void
dump_geometry(struct spdk_json_write_ctx *w, struct spdk_bdev *bdev)
{
	struct spdk_bdev_alias *alias;

	spdk_json_write_named_string(w, "name", bdev->name);
	spdk_json_write_named_array_begin(w, "aliases");
	TAILQ_FOREACH(alias, &bdev->aliases, tailq) {
		spdk_json_write_string(w, alias->alias.name);
	}
	spdk_json_write_array_end(w);
	spdk_json_write_named_string(w, "product_name", bdev->product_name);
	spdk_json_write_named_uint32(w, "block_size", bdev->blocklen);
	spdk_json_write_named_uint64(w, "num_blocks", bdev->blockcnt);
	spdk_json_write_named_uint32(w, "preferred_write_alignment",
	                             bdev->preferred_write_alignment);
	spdk_json_write_named_uint32(w, "preferred_write_granularity",
	                             bdev->preferred_write_granularity);
	spdk_json_write_named_uint32(w, "optimal_write_size", bdev->optimal_write_size);
	spdk_json_write_named_uint32(w, "preferred_unmap_alignment",
	                             bdev->preferred_unmap_alignment);
	spdk_json_write_named_uint32(w, "preferred_unmap_granularity",
	                             bdev->preferred_unmap_granularity);
	spdk_json_write_named_uuid(w, "uuid", &bdev->uuid);
	if (bdev->numa.id_valid) {
		spdk_json_write_named_int32(w, "numa_id", bdev->numa.id);
	}
	dump_metadata(w, bdev);
}

static void
dump_rate_limits(struct spdk_json_write_ctx *w)
{
	static const char *const names[] = { "rw_ios_per_sec", "rw_mbytes_per_sec",
		                             "r_mbytes_per_sec", "w_mbytes_per_sec" };
	size_t i;

	/* 0: no limit. Limits can't be set in this version. */
	spdk_json_write_named_object_begin(w, "assigned_rate_limits");
	for (i = 0; i < SPDK_COUNTOF(names); i++) {
		spdk_json_write_named_uint64(w, names[i], 0);
	}
	spdk_json_write_object_end(w);
}

static void
dump_bdev(struct spdk_json_write_ctx *w, struct spdk_bdev *bdev)
{
	enum spdk_bdev_claim_type claim = bdev->internal.claim_type;
	int type;

	spdk_json_write_object_begin(w);
	dump_geometry(w, bdev);
	dump_rate_limits(w);
	spdk_json_write_named_bool(w, "claimed", claim != SPDK_BDEV_CLAIM_NONE);
	if (claim != SPDK_BDEV_CLAIM_NONE) {
		spdk_json_write_named_string(w, "claim_type", spdk_bdev_claim_get_name(claim));
	}
	spdk_json_write_named_bool(w, "zoned", bdev->zoned);
	spdk_json_write_named_object_begin(w, "supported_io_types");
	for (type = SPDK_BDEV_IO_TYPE_READ; type < SPDK_BDEV_NUM_IO_TYPES; type++) {
		spdk_json_write_named_bool(w, spdk_bdev_get_io_type_name(type),
		                           spdk_bdev_io_type_supported(bdev, type));
	}
	spdk_json_write_object_end(w);
	spdk_json_write_named_object_begin(w, "driver_specific");
	spdk_bdev_dump_info_json(bdev, w);
	spdk_json_write_object_end(w);
	spdk_json_write_object_end(w);
}

/** All bdevs, one a piece. */
struct all_bdevs {
	struct rpc_pieces pieces;
	struct spdk_bdev_desc *held; /* the last one written */
};

static bool
all_bdevs_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct all_bdevs *all = SPDK_CONTAINEROF(pieces, struct all_bdevs, pieces);
	int rc = bdev_hold_next(&all->held);

	if (rc == 0) {
		dump_bdev(w, all->held->bdev);
	} else if (rc == -ENOMEM) {
		json_write_fail(w);
	}
	return rc == 0;
}

static void
all_bdevs_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct all_bdevs *all = SPDK_CONTAINEROF(pieces, struct all_bdevs, pieces);

	if (all->held != NULL) {
		spdk_bdev_close(all->held);
	}
	spdk_json_write_array_end(w);
}

static void
answer_all(struct spdk_jsonrpc_request *request)
{
	struct all_bdevs *all = jsonrpc_request_alloc(request, sizeof(*all));
	struct spdk_json_write_ctx *w;

	if (all == NULL) {
		rpc_error(request, -ENOMEM, "no memory to list the bdevs");
		return;
	}
	all->pieces.next = all_bdevs_next;
	all->pieces.end = all_bdevs_end;
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	rpc_answer_in_pieces(request, w, &all->pieces);
}

/** Answer with the one bdev; false when there is none. */
static bool
answer_one(struct spdk_jsonrpc_request *request, const char *name)
{
	struct spdk_bdev_desc *held;
	struct spdk_json_write_ctx *w;

	if (bdev_hold_by_name(name, &held) != 0) {
		return false;
	}
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	dump_bdev(w, held->bdev);
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
	spdk_bdev_close(held);
	return true;
}

struct name_wait {
	struct spdk_jsonrpc_request *request;
	const char *name; /* the request's */
	struct spdk_poller *poller;
	uint64_t deadline;
};

static int
name_wait_poll(void *arg)
{
	struct name_wait *wait = arg;

	if (!answer_one(wait->request, wait->name)) {
		if (spdk_get_ticks() < wait->deadline) {
			return SPDK_POLLER_IDLE;
		}
		rpc_error(wait->request, -ETIMEDOUT, "no bdev named %s appeared in time",
		          wait->name);
	}
	spdk_poller_unregister(&wait->poller);
	free(wait);
	return SPDK_POLLER_BUSY;
}

static void
name_wait_start(struct spdk_jsonrpc_request *request, const struct rpc_get_bdevs *p)
{
	struct poller_opts opts = {
		.name = "bdev_get_bdevs",
		.kind = POLLER_TIMED,
		.period_us = WAIT_POLL_US,
		.fd = -1,
	};
	struct name_wait *wait = calloc(1, sizeof(*wait));
	uint64_t ticks_ms = spdk_get_ticks_hz() / SPDK_SEC_TO_MSEC;
	uint64_t timeout = spdk_min(p->timeout, UINT64_MAX / 4 / ticks_ms);

	if (wait != NULL) {
		wait->request = request;
		wait->name = p->name;
		wait->deadline = spdk_get_ticks() + timeout * ticks_ms;
		wait->poller = thread_poller_register(name_wait_poll, wait, &opts);
	}
	if (wait == NULL || wait->poller == NULL) {
		free(wait);
		rpc_error(request, -ENOMEM, "no memory to wait for bdev %s", p->name);
	}
}

static void
rpc_bdev_get_bdevs(struct spdk_jsonrpc_request *request, void *params)
{
	struct rpc_get_bdevs *p = params;

	if (p->name == NULL) {
		answer_all(request);
	} else if (!answer_one(request, p->name)) {
		if (p->timeout != 0) {
			name_wait_start(request, p);
		} else {
			rpc_error(request, -ENODEV, "no bdev is named %s", p->name);
		}
	}
}

static const struct rpc_method g_methods[] = {
	{
	        .name = "bdev_set_options",
	        .states = SPDK_RPC_STARTUP,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct rpc_set_options, g_set_options_params),
	        .handler = rpc_bdev_set_options,
	        .result = RPC_RESULT_BOOL,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Set the options of the bdev layer",
	},
	{
	        .name = "bdev_get_bdevs",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        RPC_PARAMS(struct rpc_get_bdevs, g_get_bdevs_params),
	        .handler = rpc_bdev_get_bdevs,
	        .result = RPC_RESULT_ARRAY,
	        .help = "Describe one bdev or all",
	},
	{
	        .name = "bdev_examine",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .changes_config = true,
	        RPC_PARAMS(struct rpc_bdev_name, g_examine_params),
	        .handler = rpc_bdev_examine,
	        .result = RPC_RESULT_BOOL,
	        .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	        .help = "Let modules look at a bdev while automatic examination is off",
	},
	{
	        .name = "bdev_wait_for_examine",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        .handler = rpc_bdev_wait_for_examine,
	        .result = RPC_RESULT_BOOL,
	        .help = "Answer when no module looks at a bdev any more",
	},
};

const struct rpc_table bdev_rpc_table = RPC_TABLE(g_methods);
