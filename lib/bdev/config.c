/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The bdev layer as configuration: the calls that make it again, in an order in which they work,
 * one after the other or all at once. App thread.
 *
 *	options -> names to examine -> what modules keep -> bdevs -> wait for examination -> end
 */

#include "bdev_internal.h"
#include "spdk/json.h"
#include "spdk_internal/json.h"
#include "spdk_internal/rpc_pieces.h"
#include "spdk_internal/rpc_table.h"

/* Entries that one piece writes where they are short. */
#define EXAMINE_PER_PIECE 32u

enum config_part {
	CONFIG_OPTIONS,
	CONFIG_EXAMINE,
	CONFIG_MODULES,
	CONFIG_BDEVS,
	CONFIG_WAIT,
	CONFIG_END,
};

struct config {
	struct rpc_pieces pieces;
	enum config_part part;
	uint32_t num_examine;            /* written */
	struct spdk_bdev_module *module; /* the next; modules never go */
	struct spdk_bdev_desc *held;     /* the last bdev */
};

static void
write_options(struct spdk_json_write_ctx *w)
{
	rpc_write_entry_begin(w, "bdev_set_options");
	spdk_json_write_named_uint32(w, "bdev_io_pool_size", g_bdev.opts.bdev_io_pool_size);
	spdk_json_write_named_uint32(w, "bdev_io_cache_size", g_bdev.opts.bdev_io_cache_size);
	spdk_json_write_named_bool(w, "bdev_auto_examine", g_bdev.opts.bdev_auto_examine);
	spdk_json_write_named_uint32(w, "iobuf_small_cache_size",
	                             g_bdev.opts.iobuf_small_cache_size);
	spdk_json_write_named_uint32(w, "iobuf_large_cache_size",
	                             g_bdev.opts.iobuf_large_cache_size);
	rpc_write_entry_end(w);
}

/* What was built on others by examination is complete when this answers. */
static void
write_wait(struct spdk_json_write_ctx *w)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "method", "bdev_wait_for_examine");
	spdk_json_write_object_end(w);
}

static bool
next_examine(struct config *c, struct spdk_json_write_ctx *w)
{
	uint32_t num = bdev_examine_config_json(w, c->num_examine, EXAMINE_PER_PIECE);

	c->num_examine += num;
	return num > 0;
}

static bool
next_module(struct config *c, struct spdk_json_write_ctx *w)
{
	struct spdk_bdev_module *module = c->module;

	if (module == NULL) {
		return false;
	}
	c->module = TAILQ_NEXT(module, internal.tailq);
	if (module->internal.state == MODULE_UP && module->config_json != NULL) {
		module->config_json(w);
	}
	return true;
}

static bool
next_bdev(struct config *c, struct spdk_json_write_ctx *w)
{
	int rc = bdev_hold_next(&c->held);

	if (rc == 0 && c->held->bdev->fn_table->write_config_json != NULL) {
		c->held->bdev->fn_table->write_config_json(c->held->bdev, w);
	} else if (rc == -ENOMEM) {
		json_write_fail(w);
	}
	return rc == 0;
}

static bool
config_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct config *c = SPDK_CONTAINEROF(pieces, struct config, pieces);
	bool more = false;

	switch (c->part) {
	case CONFIG_OPTIONS:
		write_options(w);
		break;
	case CONFIG_EXAMINE:
		more = next_examine(c, w);
		break;
	case CONFIG_MODULES:
		more = next_module(c, w);
		break;
	case CONFIG_BDEVS:
		more = next_bdev(c, w);
		break;
	case CONFIG_WAIT:
		write_wait(w);
		break;
	case CONFIG_END:
		return false;
	}
	if (!more) {
		c->part++;
	}
	return true;
}

static void
config_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct config *c = SPDK_CONTAINEROF(pieces, struct config, pieces);

	if (c->held != NULL) {
		spdk_bdev_close(c->held);
	}
	free(c);
}

struct rpc_pieces *
bdev_config_pieces(void)
{
	struct config *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		return NULL;
	}
	c->pieces.next = config_next;
	c->pieces.end = config_end;
	c->module = TAILQ_FIRST(&g_bdev.modules);
	return &c->pieces;
}

void
spdk_bdev_subsystem_config_json(struct spdk_json_write_ctx *w)
{
	struct rpc_pieces *pieces = bdev_config_pieces();

	spdk_json_write_array_begin(w);
	if (pieces != NULL) {
		rpc_write_pieces(w, pieces);
	} else {
		json_write_fail(w);
	}
	spdk_json_write_array_end(w);
}
