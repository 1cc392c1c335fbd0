/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Start and stop of the layer, options, and the list of modules. App thread.
 *
 * Start: mgmt device, zero buffer, each module's module_init (those with async_init say when they
 * are done), each module's init_complete, the caller's call-back.
 * Stop: each module's fini_start, all bdevs unregistered (unclaimed ones first, the youngest first:
 * from the top of the stacks down), each module's module_fini in reverse, mgmt device.
 */

#include "bdev_internal.h"
#include "spdk/json.h"
#include "spdk/notify.h"
#include "spdk/util.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"

extern struct spdk_bdev_module *const g_bdev_module_table[];

static struct {
	spdk_bdev_init_cb init_cb;
	spdk_bdev_fini_cb fini_cb;
	void *cb_arg;
	struct spdk_bdev_module *stopping; /* whose asynchronous fini is awaited */
	struct spdk_thread *fini_thread;   /* which called spdk_bdev_finish() */
	bool unregistering;                /* all bdevs; registry lock */
	bool in_step;                      /* its done-call came within the call that started it */
	bool step_done;
} g_life SYSTEM_STATE;

/* ---- Options ---- */

void
spdk_bdev_get_opts(struct spdk_bdev_opts *opts, size_t opts_size)
{
	struct spdk_bdev_opts all = g_bdev.opts;

	if (opts == NULL || opts_size == 0) {
		SPDK_ERRLOG("no options, or of size 0\n");
		return;
	}
	all.opts_size = opts_size;
	memcpy(opts, &all, spdk_min(opts_size, sizeof(all)));
}

int
spdk_bdev_set_opts(struct spdk_bdev_opts *opts)
{
	struct spdk_bdev_opts new = g_bdev.opts;
	uint64_t min;

	if (opts == NULL || opts->opts_size == 0) {
		SPDK_ERRLOG("no options, or of size 0\n");
		return -EINVAL;
	}
#define TAKE(field) new.field = SPDK_GET_FIELD(opts, field, new.field, opts->opts_size)
	TAKE(bdev_io_pool_size);
	TAKE(bdev_io_cache_size);
	TAKE(bdev_auto_examine);
	TAKE(iobuf_small_cache_size);
	TAKE(iobuf_large_cache_size);
#undef TAKE
	min = (uint64_t) new.bdev_io_cache_size *(spdk_thread_get_count() + 1);
	if (new.bdev_io_pool_size < min) {
		SPDK_ERRLOG(
		        "bdev_io_pool_size %u does not fill the caches of %u threads, %u each: at "
		        "least %" PRIu64 "\n",
		        new.bdev_io_pool_size, spdk_thread_get_count() + 1, new.bdev_io_cache_size,
		        min);
		return -EINVAL;
	}
	g_bdev.opts = new;
	return 0;
}

/* ---- Modules ---- */

struct spdk_bdev_module *
spdk_bdev_module_list_find(const char *name)
{
	struct spdk_bdev_module *module;

	TAILQ_FOREACH(module, &g_bdev.modules, internal.tailq) {
		if (strcmp(module->name, name) == 0) {
			break;
		}
	}
	return module;
}

/* Those that examine come first, so that at start they know their configuration before the modules
 * below bring up bdevs. */
static void
list_insert(struct spdk_bdev_module *module)
{
	struct spdk_bdev_module *it;

	module->internal.state = MODULE_LISTED;
	if (module->examine_config == NULL && module->examine_disk == NULL) {
		TAILQ_INSERT_TAIL(&g_bdev.modules, module, internal.tailq);
		return;
	}
	TAILQ_FOREACH(it, &g_bdev.modules, internal.tailq) {
		if (it->examine_config == NULL && it->examine_disk == NULL) {
			TAILQ_INSERT_BEFORE(it, module, internal.tailq);
			return;
		}
	}
	TAILQ_INSERT_TAIL(&g_bdev.modules, module, internal.tailq);
}

static int
module_start(struct spdk_bdev_module *module)
{
	int rc;

	module->internal.state = MODULE_UP;
	if (module->async_init) {
		bdev_lock();
		module->internal.action_in_progress = 1;
		bdev_unlock();
	}
	rc = module->module_init();
	if (rc != 0) {
		SPDK_ERRLOG("bdev module %s did not start: %s\n", module->name, spdk_strerror(-rc));
		module->internal.state = MODULE_LISTED;
		module->internal.action_in_progress = 0;
	}
	return rc;
}

void
spdk_bdev_module_list_add(struct spdk_bdev_module *module)
{
	if (module->internal.state != MODULE_UNKNOWN || spdk_bdev_module_list_find(module->name)) {
		SPDK_ERRLOG("a bdev module named %s is there already\n", module->name);
		return;
	}
	list_insert(module);
	if (g_bdev.up) {
		if (module_start(module) == 0 && module->init_complete != NULL) {
			module->init_complete();
		}
	}
}

/* ---- Start ---- */

static void
init_reply(int rc)
{
	spdk_bdev_init_cb cb_fn = g_life.init_cb;

	g_life.init_cb = NULL;
	g_bdev.up = rc == 0;
	cb_fn(g_life.cb_arg, rc);
}

static void
modules_up(void *arg)
{
	struct spdk_bdev_module *module;

	TAILQ_FOREACH(module, &g_bdev.modules, internal.tailq) {
		if (module->init_complete != NULL) {
			module->init_complete();
		}
	}
	init_reply(0);
}

void
spdk_bdev_module_init_done(struct spdk_bdev_module *module)
{
	spdk_bdev_module_examine_done(module);
}

static size_t
max_ctx_size(void)
{
	struct spdk_bdev_module *module;
	size_t size = 256; /* room for modules that are added later */

	TAILQ_FOREACH(module, &g_bdev.modules, internal.tailq) {
		if (module->get_ctx_size != NULL) {
			size = spdk_max(size, (size_t)module->get_ctx_size());
		}
	}
	return size;
}

static int
start_all(void)
{
	struct spdk_bdev_module *const *in_tree, *module;
	int rc;

	for (in_tree = g_bdev_module_table; *in_tree != NULL; in_tree++) {
		if ((*in_tree)->internal.state == MODULE_UNKNOWN) {
			list_insert(*in_tree);
		}
	}
	bdev_pool_init(max_ctx_size());
	g_bdev.zero_buf =
	        spdk_zmalloc(BDEV_ZERO_BUF_SIZE, 4096, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	if (g_bdev.zero_buf == NULL) {
		return -ENOMEM;
	}
	TAILQ_FOREACH(module, &g_bdev.modules, internal.tailq) {
		rc = module_start(module);
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

static int
register_notifications(void)
{
	static const char *const types[] = { "bdev_register", "bdev_unregister", "bdev_resize" };
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(types); i++) {
		if (spdk_notify_type_register(types[i]) == NULL) {
			return -ENOMEM;
		}
	}
	return 0;
}

void
spdk_bdev_initialize(spdk_bdev_init_cb cb_fn, void *cb_arg)
{
	int rc;

	assert(cb_fn != NULL && !g_bdev.started);
	g_life.init_cb = cb_fn;
	g_life.cb_arg = cb_arg;
	rc = register_notifications();
	if (rc == 0) {
		rc = bdev_mgmt_init();
	}
	if (rc != 0) {
		init_reply(rc);
		return;
	}
	g_bdev.started = true;
	rc = start_all();
	if (rc == 0) {
		rc = spdk_bdev_wait_for_examine(modules_up, NULL);
	}
	if (rc != 0) {
		init_reply(rc);
	}
}

/* ---- Stop ---- */

static void fini_start_next(void);
static void module_fini_next(void);

static void
fini_reply(void)
{
	spdk_bdev_fini_cb cb_fn = g_life.fini_cb;
	void *cb_arg = g_life.cb_arg;

	memset(&g_life, 0, sizeof(g_life));
	cb_fn(cb_arg);
}

static void
mgmt_gone(void *io_device)
{
	bdev_pool_fini();
	bdev_examine_fini();
	spdk_free(g_bdev.zero_buf);
	g_bdev.zero_buf = NULL;
	g_bdev.started = false;
	fini_reply();
}

/** Forget in-tree modules; those of outside programs stay listed for the next start. */
static void
modules_forget(void)
{
	struct spdk_bdev_module *const *in_tree;
	struct spdk_bdev_module *module;

	TAILQ_FOREACH(module, &g_bdev.modules, internal.tailq) {
		module->internal.state = MODULE_LISTED;
	}
	for (in_tree = g_bdev_module_table; *in_tree != NULL; in_tree++) {
		if ((*in_tree)->internal.state == MODULE_LISTED) {
			TAILQ_REMOVE(&g_bdev.modules, *in_tree, internal.tailq);
			memset(&(*in_tree)->internal, 0, sizeof((*in_tree)->internal));
		}
	}
}

/** Call \p fn of a module whose end may come later, by \p next. A done-call from within fn is
 *  remembered, so that the walk does not recurse. True: go on at once. */
static bool
stop_step(struct spdk_bdev_module *module, void (*fn)(void), bool async)
{
	g_life.stopping = module;
	g_life.step_done = !async;
	g_life.in_step = true;
	fn();
	g_life.in_step = false;
	return g_life.step_done;
}

static void
module_fini_next(void)
{
	struct spdk_bdev_module *module = g_life.stopping;

	for (;;) {
		module = module == NULL ? TAILQ_LAST(&g_bdev.modules, bdev_module_list)
		                        : TAILQ_PREV(module, bdev_module_list, internal.tailq);
		if (module == NULL) {
			break;
		}
		if (module->internal.state == MODULE_UP && module->module_fini != NULL &&
		    !stop_step(module, module->module_fini, module->async_fini)) {
			return;
		}
	}
	modules_forget();
	bdev_mgmt_fini(mgmt_gone);
}

void
spdk_bdev_module_fini_done(void)
{
	g_life.step_done = true;
	if (!g_life.in_step) {
		module_fini_next();
	}
}

/** The next bdev to remove: the youngest that nobody has claimed, else the youngest. NULL: none, or
 *  one is on its way out; then it is waited for. \p left: how many there still are. */
static struct spdk_bdev *
next_to_unregister(uint32_t *left)
{
	struct spdk_bdev *bdev, *next = NULL;
	uint32_t ready = 0;

	bdev_lock();
	*left = g_bdev.num_bdevs;
	TAILQ_FOREACH_REVERSE(bdev, &g_bdev.bdevs, bdev_list, internal.link) {
		ready += bdev->internal.status == SPDK_BDEV_STATUS_READY;
		if (next == NULL || (next->internal.claim_type != SPDK_BDEV_CLAIM_NONE &&
		                     bdev->internal.claim_type == SPDK_BDEV_CLAIM_NONE)) {
			next = bdev;
		}
	}
	bdev_unlock();
	return ready == *left ? next : NULL;
}

/* One after the other: bdev_fini_go_on() comes back when the one before is gone. */
static void
unregister_next(void *arg)
{
	struct spdk_bdev *bdev;
	uint32_t left;

	if (!g_life.unregistering) {
		return;
	}
	bdev = next_to_unregister(&left);
	if (bdev != NULL) {
		spdk_bdev_unregister(bdev, NULL, NULL);
	} else if (left == 0) {
		bdev_lock();
		g_life.unregistering = false;
		bdev_unlock();
		g_life.stopping = NULL;
		module_fini_next();
	}
}

void
bdev_fini_go_on(void)
{
	struct spdk_thread *waits;

	bdev_lock();
	waits = g_life.unregistering ? g_life.fini_thread : NULL;
	bdev_unlock();
	if (waits != NULL) {
		spdk_thread_send_msg(waits, unregister_next, NULL);
	}
}

/** All bdevs go, from the top of the stacks down. */
static void
unregister_all(void)
{
	bdev_lock();
	g_life.unregistering = true;
	bdev_unlock();
	unregister_next(NULL);
}

static void
fini_start_next(void)
{
	struct spdk_bdev_module *module = g_life.stopping;

	for (;;) {
		module = module == NULL ? TAILQ_LAST(&g_bdev.modules, bdev_module_list)
		                        : TAILQ_PREV(module, bdev_module_list, internal.tailq);
		if (module == NULL) {
			break;
		}
		if (module->internal.state == MODULE_UP && module->fini_start != NULL &&
		    !stop_step(module, module->fini_start, module->async_fini_start)) {
			return;
		}
	}
	unregister_all();
}

void
spdk_bdev_module_fini_start_done(void)
{
	g_life.step_done = true;
	if (!g_life.in_step) {
		fini_start_next();
	}
}

static void
fini_begin(void *arg)
{
	g_life.stopping = NULL;
	fini_start_next();
}

void
spdk_bdev_finish(spdk_bdev_fini_cb cb_fn, void *cb_arg)
{
	assert(cb_fn != NULL);
	g_life.fini_cb = cb_fn;
	g_life.cb_arg = cb_arg;
	g_life.fini_thread = spdk_get_thread();
	g_bdev.up = false;
	if (!g_bdev.started) {
		fini_reply();
		return;
	}
	/* Examinations under way would register bdevs behind our back. */
	if (spdk_bdev_wait_for_examine(fini_begin, NULL) != 0) {
		fini_begin(NULL);
	}
}
