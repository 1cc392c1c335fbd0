/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * RPCs of I/O statistics. App thread. A request walks over its bdevs one after the other, each held
 * open until the answer is complete, because a device's figures are added up on all its threads.
 */

#include "bdev_internal.h"
#include "spdk/json.h"
#include "spdk_internal/json.h"
#include "spdk_internal/rpc_table.h"

extern const struct rpc_table bdev_stat_rpc_table;

static const struct rpc_enum_value g_modes[] = {
	{ "all", SPDK_BDEV_RESET_STAT_ALL },
	{ "maxmin", SPDK_BDEV_RESET_STAT_MAXMIN },
	{ "error", SPDK_BDEV_RESET_STAT_ERROR },
	{ "none", SPDK_BDEV_RESET_STAT_NONE },
	{ NULL, 0 },
};

/** A request over one or several bdevs: named ones are all held, of all bdevs only the present. */
struct stat_request {
	struct spdk_jsonrpc_request *request;
	struct spdk_json_write_ctx *w; /* NULL: only reset */
	enum spdk_bdev_reset_stat_mode mode;
	struct spdk_bdev_io_stat *stat;
	struct spdk_bdev_desc **held;
	size_t count;
	size_t next;
	bool all; /* bdevs; held[0] is the present one, NULL before the first */
};

static void
stat_request_free(struct stat_request *sr)
{
	size_t i;

	for (i = 0; i < sr->count; i++) {
		if (sr->held[i] != NULL) {
			spdk_bdev_close(sr->held[i]);
		}
	}
	if (sr->stat != NULL) {
		bdev_stat_free(sr->stat);
	}
	free(sr->held);
	free(sr);
}

/** Room for \p num names and hold each; or one place for any. */
static int
hold(struct stat_request *sr, const char **names, size_t num)
{
	int rc = 0;

	sr->all = num == 0;
	sr->held = calloc(sr->all ? 1 : num, sizeof(*sr->held));
	if (sr->held == NULL) {
		return -ENOMEM;
	}
	sr->count = sr->all ? 1 : 0;
	while (sr->count < num && rc == 0) {
		rc = bdev_hold_by_name(names[sr->count], &sr->held[sr->count]);
		if (rc == 0) {
			sr->count++;
		}
	}
	return rc;
}

static void
answer_failed(struct spdk_jsonrpc_request *request, const char **names, size_t num, int rc)
{
	size_t i;

	for (i = 0; i < num && rc == -ENODEV; i++) {
		if (spdk_bdev_get_by_name(names[i]) == NULL) {
			rpc_error(request, rc, "no bdev is named %s", names[i]);
			return;
		}
	}
	rpc_error(request, rc, "can't read the statistics: %s", spdk_strerror(-rc));
}

/** A request over \p names, or all bdevs when \p num is 0; NULL when it has been answered. */
static struct stat_request *
stat_request_new(struct spdk_jsonrpc_request *request, const char **names, size_t num,
                 enum spdk_bdev_reset_stat_mode mode)
{
	struct stat_request *sr = calloc(1, sizeof(*sr));
	int rc = -ENOMEM;

	if (sr != NULL) {
		sr->request = request;
		sr->mode = mode;
		sr->stat = bdev_stat_alloc();
		if (sr->stat != NULL) {
			rc = hold(sr, names, num);
		}
		if (rc != 0) {
			stat_request_free(sr);
			sr = NULL;
		}
	}
	if (rc != 0) {
		answer_failed(request, names, num, rc);
	}
	return sr;
}

static void
begin_result(struct stat_request *sr)
{
	sr->w = spdk_jsonrpc_begin_result(sr->request);
	spdk_json_write_object_begin(sr->w);
	spdk_json_write_named_uint64(sr->w, "tick_rate", spdk_get_ticks_hz());
	spdk_json_write_named_uint64(sr->w, "ticks", spdk_get_ticks());
}

static void
end_request(struct stat_request *sr, int rc)
{
	if (sr->w != NULL) {
		spdk_json_write_array_end(sr->w);
		spdk_json_write_object_end(sr->w);
		spdk_jsonrpc_end_result(sr->request, sr->w);
	} else {
		rpc_answer_done(sr->request, rc);
	}
	stat_request_free(sr);
}

/* ---- Devices ---- */

static void device_next(struct stat_request *sr);

static void
device_got(struct spdk_bdev *bdev, struct spdk_bdev_io_stat *stat, void *cb_arg, int rc)
{
	struct stat_request *sr = cb_arg;

	if (sr->w != NULL && rc == 0) {
		spdk_json_write_object_begin(sr->w);
		spdk_json_write_named_string(sr->w, "name", bdev->name);
		spdk_bdev_dump_io_stat_json(stat, sr->w);
		if (bdev->fn_table->dump_device_stat_json != NULL) {
			spdk_json_write_named_object_begin(sr->w, "driver_specific");
			bdev->fn_table->dump_device_stat_json(bdev->ctxt, sr->w);
			spdk_json_write_object_end(sr->w);
		}
		spdk_json_write_object_end(sr->w);
	}
	if (sr->mode == SPDK_BDEV_RESET_STAT_ALL && bdev->fn_table->reset_device_stat != NULL) {
		bdev->fn_table->reset_device_stat(bdev->ctxt);
	}
	device_next(sr);
}

/* The call-back comes by a message, so each bdev is done in a step of its own. */
static void
device_next(struct stat_request *sr)
{
	int rc = 0;

	if (sr->all) {
		rc = bdev_hold_next(&sr->held[0]);
	} else if (sr->next == sr->count) {
		rc = -ENOENT;
	}
	if (rc == -ENOMEM && sr->w != NULL) {
		json_write_fail(sr->w);
	}
	if (rc != 0) {
		end_request(sr, rc == -ENOENT ? 0 : rc);
		return;
	}
	spdk_bdev_get_device_stat(sr->held[sr->all ? 0 : sr->next++]->bdev, sr->stat, sr->mode,
	                          device_got, sr);
}

/* ---- Channels of one device ---- */

/* Each on its own thread, but one after the other: the writer has one user at a time. */
static void
channel_dump(struct spdk_bdev_channel_iter *i, struct spdk_bdev *bdev, struct spdk_io_channel *ch,
             void *ctx)
{
	struct stat_request *sr = ctx;

	spdk_bdev_get_io_stat(bdev, ch, sr->stat, sr->mode);
	spdk_json_write_object_begin(sr->w);
	spdk_json_write_named_uint64(sr->w, "thread_id", spdk_thread_get_id(spdk_get_thread()));
	spdk_bdev_dump_io_stat_json(sr->stat, sr->w);
	spdk_json_write_object_end(sr->w);
	spdk_bdev_for_each_channel_continue(i, 0);
}

static void
channels_dumped(struct spdk_bdev *bdev, void *ctx, int status)
{
	end_request(ctx, 0);
}

/* ---- bdev_get_iostat ---- */

struct rpc_get_iostat {
	struct rpc_array names;
	bool per_channel;
	int32_t reset_mode;
};

static const struct rpc_param g_get_iostat_params[] = {
	RPC_PARAM(struct rpc_get_iostat, names, RPC_ARRAY, .element = RPC_STRING, .max = 1024,
	          .help = "Names of bdevs; all by default",
	          .cli = { .kind = RPC_CLI_OPTION, .flags = "--names", .conv = "split:," }),
	RPC_PARAM(struct rpc_get_iostat, per_channel, RPC_BOOL,
	          .help = "The figures of each thread; takes one name",
	          .cli = RPC_OPTION("-c/--per-channel")),
	RPC_PARAM(struct rpc_get_iostat, reset_mode, RPC_ENUM, .values = g_modes,
	          .dflt = "\"none\"", .help = "What to set back after reading",
	          .cli = RPC_OPTION("--reset-mode")),
};

static void
rpc_bdev_get_iostat(struct spdk_jsonrpc_request *request, void *params)
{
	struct rpc_get_iostat *p = params;
	struct stat_request *sr;

	if (p->per_channel && p->names.count != 1) {
		rpc_error(request, -EINVAL, "per_channel: give exactly one name in names");
		return;
	}
	sr = stat_request_new(request, p->names.items, p->names.count,
	                      (enum spdk_bdev_reset_stat_mode)p->reset_mode);
	if (sr == NULL) {
		return;
	}
	begin_result(sr);
	if (p->per_channel) {
		spdk_json_write_named_string(sr->w, "name", sr->held[0]->bdev->name);
		spdk_json_write_named_array_begin(sr->w, "channels");
		spdk_bdev_for_each_channel(sr->held[0]->bdev, channel_dump, sr, channels_dumped);
		return;
	}
	spdk_json_write_named_array_begin(sr->w, "bdevs");
	device_next(sr);
}

/* ---- bdev_reset_iostat ---- */

struct rpc_reset_iostat {
	const char *name;
	int32_t mode;
};

static const struct rpc_param g_reset_iostat_params[] = {
	RPC_PARAM(struct rpc_reset_iostat, name, RPC_STRING,
	          .help = "Name of the bdev; all by default", .cli = RPC_OPTION("-b/--name")),
	RPC_PARAM(struct rpc_reset_iostat, mode, RPC_ENUM, .values = g_modes, .dflt = "\"all\"",
	          .help = "What to set back", .cli = RPC_OPTION("-m/--mode")),
};

static void
rpc_bdev_reset_iostat(struct spdk_jsonrpc_request *request, void *params)
{
	struct rpc_reset_iostat *p = params;
	struct stat_request *sr = stat_request_new(request, &p->name, p->name == NULL ? 0 : 1,
	                                           (enum spdk_bdev_reset_stat_mode)p->mode);

	if (sr != NULL) {
		device_next(sr);
	}
}

static const struct rpc_method g_methods[] = {
	{
	        .name = "bdev_get_iostat",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OBSERVE,
	        RPC_PARAMS(struct rpc_get_iostat, g_get_iostat_params),
	        .handler = rpc_bdev_get_iostat,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Read I/O statistics",
	},
	{
	        .name = "bdev_reset_iostat",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_OPERATE,
	        RPC_PARAMS(struct rpc_reset_iostat, g_reset_iostat_params),
	        .handler = rpc_bdev_reset_iostat,
	        .result = RPC_RESULT_BOOL,
	        .help = "Set I/O statistics back",
	},
};

const struct rpc_table bdev_stat_rpc_table = RPC_TABLE(g_methods);
