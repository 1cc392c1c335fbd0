/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* iobuf as a whole: options, start and end, modules that use it, statistics.
 *
 * Options outlive a run; pools and modules do not. Start, end and registering run on the app
 * thread, before and after channels exist. */

#include "iobuf_internal.h"

#include "spdk_internal/system_state.h"

/* SPDK's defaults; here they are caps. */
#define SMALL_POOL_COUNT 8192
#define LARGE_POOL_COUNT 1024
#define SMALL_BUFSIZE (8 * 1024)
#define LARGE_BUFSIZE (132 * 1024)
#define SMALL_BUFSIZE_MIN 4096
#define LARGE_BUFSIZE_MIN 8192
#define BUFSIZE_MAX (64 * 1024 * 1024)
#define POOL_COUNT_MAX (1ull << 24)

static struct {
	struct spdk_iobuf_opts opts;
	TAILQ_HEAD(, iobuf_module) modules;
	uint32_t num_modules;
	bool device_gone; /* while the end waits for a growth */
	spdk_iobuf_finish_cb finish_cb;
	void *finish_arg;
} g_iobuf SYSTEM_STATE = {
	.opts = {
		.small_pool_count = SMALL_POOL_COUNT,
		.large_pool_count = LARGE_POOL_COUNT,
		.small_bufsize = SMALL_BUFSIZE,
		.large_bufsize = LARGE_BUFSIZE,
		.opts_size = sizeof(struct spdk_iobuf_opts),
	},
	.modules = TAILQ_HEAD_INITIALIZER(g_iobuf.modules),
};

struct spdk_io_channel *
iobuf_get_thread_channel(void)
{
	return spdk_get_io_channel(&g_iobuf);
}

static int
opts_check(const struct spdk_iobuf_opts *opts)
{
	if (opts->small_pool_count == 0 || opts->small_pool_count > POOL_COUNT_MAX) {
		SPDK_ERRLOG("small_pool_count must be 1 to %llu\n", POOL_COUNT_MAX);
		return -EINVAL;
	}
	if (opts->large_pool_count == 0 || opts->large_pool_count > POOL_COUNT_MAX) {
		SPDK_ERRLOG("large_pool_count must be 1 to %llu\n", POOL_COUNT_MAX);
		return -EINVAL;
	}
	if (opts->small_bufsize < SMALL_BUFSIZE_MIN || opts->small_bufsize > BUFSIZE_MAX) {
		SPDK_ERRLOG("small_bufsize must be %d to %d bytes\n", SMALL_BUFSIZE_MIN,
		            BUFSIZE_MAX);
		return -EINVAL;
	}
	if (opts->large_bufsize < LARGE_BUFSIZE_MIN || opts->large_bufsize > BUFSIZE_MAX) {
		SPDK_ERRLOG("large_bufsize must be %d to %d bytes\n", LARGE_BUFSIZE_MIN,
		            BUFSIZE_MAX);
		return -EINVAL;
	}
	if (opts->small_bufsize > opts->large_bufsize) {
		SPDK_ERRLOG("small_bufsize must not be above large_bufsize\n");
		return -EINVAL;
	}
	return 0;
}

/* What lies within `size` bytes of src. */
static void
opts_copy(struct spdk_iobuf_opts *dst, const struct spdk_iobuf_opts *src, size_t size)
{
#define COPY(field) \
	if (SPDK_FIELD_VALID(src, field, size)) { \
		dst->field = src->field; \
	}
	COPY(small_pool_count);
	COPY(large_pool_count);
	COPY(small_bufsize);
	COPY(large_bufsize);
	COPY(enable_numa);
#undef COPY
}

int
spdk_iobuf_set_opts(const struct spdk_iobuf_opts *opts)
{
	struct spdk_iobuf_opts wanted = g_iobuf.opts;
	int rc;

	if (opts == NULL || opts->opts_size == 0) {
		SPDK_ERRLOG("The options of iobuf need their size in opts_size\n");
		return -EINVAL;
	}
	opts_copy(&wanted, opts, opts->opts_size);
	rc = opts_check(&wanted);
	if (rc != 0) {
		return rc;
	}
	wanted.opts_size = sizeof(wanted);
	g_iobuf.opts = wanted;
	return 0;
}

void
spdk_iobuf_get_opts(struct spdk_iobuf_opts *opts, size_t opts_size)
{
	if (opts == NULL || opts_size == 0) {
		SPDK_ERRLOG("The options of iobuf need a place and its size\n");
		return;
	}
	/* The caller's struct may be smaller than ours: only what it has room for is written. */
#define COPY(field) \
	if (SPDK_FIELD_VALID(opts, field, opts_size)) { \
		opts->field = g_iobuf.opts.field; \
	}
	COPY(small_pool_count);
	COPY(large_pool_count);
	COPY(small_bufsize);
	COPY(large_bufsize);
	COPY(enable_numa);
#undef COPY
	if (SPDK_FIELD_VALID(opts, opts_size, opts_size)) {
		opts->opts_size = opts_size;
	}
}

int
spdk_iobuf_initialize(void)
{
	int rc;

	assert(thread_current() != NULL);
	rc = iobuf_nodes_create(&g_iobuf.opts);
	if (rc != 0) {
		return rc;
	}
	spdk_io_device_register(&g_iobuf, iobuf_thread_create, iobuf_thread_destroy,
	                        sizeof(struct iobuf_thread), "iobuf");
	return 0;
}

static void
module_free(struct iobuf_module *module)
{
	TAILQ_REMOVE(&g_iobuf.modules, module, link);
	if (TAILQ_EMPTY(&g_iobuf.modules)) {
		TAILQ_INIT(&g_iobuf.modules);
	}
	g_iobuf.num_modules--;
	free(module->name);
	free(module);
}

/* The end: the device has no channels, and no growth is under way. */
static void
iobuf_end(void)
{
	spdk_iobuf_finish_cb cb_fn = g_iobuf.finish_cb;
	void *cb_arg = g_iobuf.finish_arg;
	struct iobuf_module *module;

	iobuf_nodes_destroy();
	while ((module = TAILQ_FIRST(&g_iobuf.modules)) != NULL) {
		module_free(module);
	}
	g_iobuf.device_gone = false;
	g_iobuf.finish_cb = NULL;
	g_iobuf.finish_arg = NULL;
	if (cb_fn != NULL) {
		cb_fn(cb_arg);
	}
}

void
iobuf_growth_ended(struct iobuf_pool *pool)
{
	if (g_iobuf.device_gone && !iobuf_nodes_are_growing()) {
		iobuf_end();
	}
}

static void
iobuf_device_gone(void *io_device)
{
	g_iobuf.device_gone = true;
	iobuf_growth_ended(NULL);
}

void
spdk_iobuf_finish(spdk_iobuf_finish_cb cb_fn, void *cb_arg)
{
	if (!iobuf_nodes_are_up()) {
		if (cb_fn != NULL) {
			cb_fn(cb_arg);
		}
		return;
	}
	g_iobuf.finish_cb = cb_fn;
	g_iobuf.finish_arg = cb_arg;
	spdk_io_device_unregister(&g_iobuf, iobuf_device_gone);
}

struct iobuf_module *
iobuf_find_module(const char *name)
{
	struct iobuf_module *module;

	TAILQ_FOREACH(module, &g_iobuf.modules, link) {
		if (strcmp(module->name, name) == 0) {
			break;
		}
	}
	return module;
}

int
spdk_iobuf_register_module(const char *name)
{
	struct iobuf_module *module;

	if (iobuf_find_module(name) != NULL) {
		return -EEXIST;
	}
	module = calloc(1, sizeof(*module));
	if (module == NULL) {
		return -ENOMEM;
	}
	module->name = strdup(name);
	if (module->name == NULL) {
		free(module);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&g_iobuf.modules, module, link);
	g_iobuf.num_modules++;
	return 0;
}

int
spdk_iobuf_unregister_module(const char *name)
{
	struct iobuf_module *module = iobuf_find_module(name);

	if (module == NULL) {
		return -ENOENT;
	}
	module_free(module);
	return 0;
}

/* ---- Statistics: one call on each thread adds up ---- */

/* With copies of the names behind it: a module may be unregistered meanwhile. */
struct stats_sum {
	spdk_iobuf_get_stats_cb cb_fn;
	void *cb_arg;
	uint32_t num_modules;
	struct spdk_iobuf_module_stats modules[];
};

static void
pool_stats_add(struct spdk_iobuf_pool_stats *sum, const struct spdk_iobuf_pool_cache *cache)
{
	sum->cache_size += cache->stats.cache_size;
	sum->cache += cache->stats.cache;
	sum->main += cache->stats.main;
	sum->retry += cache->stats.retry;
}

static void
stats_visit(struct spdk_io_channel_iter *iter)
{
	struct stats_sum *sum = spdk_io_channel_iter_get_ctx(iter);
	struct iobuf_thread *thr = spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(iter));
	struct iobuf_owner *owner;
	uint32_t i;

	TAILQ_FOREACH(owner, &thr->owners, link) {
		for (i = 0; i < sum->num_modules; i++) {
			if (strcmp(sum->modules[i].module, owner->module->name) == 0) {
				pool_stats_add(&sum->modules[i].small_pool,
				               &owner->ch->cache[0].small);
				pool_stats_add(&sum->modules[i].large_pool,
				               &owner->ch->cache[0].large);
			}
		}
	}
	spdk_for_each_channel_continue(iter, 0);
}

static void
stats_done(struct spdk_io_channel_iter *iter, int status)
{
	struct stats_sum *sum = spdk_io_channel_iter_get_ctx(iter);

	sum->cb_fn(sum->modules, status == 0 ? sum->num_modules : 0, sum->cb_arg);
	free(sum);
}

int
spdk_iobuf_get_stats(spdk_iobuf_get_stats_cb cb_fn, void *cb_arg)
{
	size_t size = sizeof(struct stats_sum);
	struct iobuf_module *module;
	struct stats_sum *sum;
	char *name;

	TAILQ_FOREACH(module, &g_iobuf.modules, link) {
		size += sizeof(sum->modules[0]) + strlen(module->name) + 1;
	}
	sum = calloc(1, size);
	if (sum == NULL) {
		return -ENOMEM;
	}
	sum->cb_fn = cb_fn;
	sum->cb_arg = cb_arg;
	name = (char *)&sum->modules[g_iobuf.num_modules];
	TAILQ_FOREACH(module, &g_iobuf.modules, link) {
		sum->modules[sum->num_modules++].module = name;
		name = stpcpy(name, module->name) + 1;
	}
	spdk_for_each_channel(&g_iobuf, stats_visit, sum, stats_done);
	return 0;
}
