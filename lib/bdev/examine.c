/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Examination: modules look at each new bdev, by its configuration (examine_config) and by its
 * contents (examine_disk), and build theirs on it. App thread.
 *
 * A module says when it is done with each call; internal.action_in_progress counts what it still
 * works on (its initialisation too), under the registry lock. Who waits for "all examined" is
 * called by a message when the sum reaches 0.
 */

#include "bdev_internal.h"
#include "spdk/json.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"

struct waiter {
	spdk_bdev_wait_for_examine_cb cb_fn;
	void *cb_arg;
	struct spdk_thread *thread;
	TAILQ_ENTRY(waiter) link;
};

struct allowed {
	char *name;
	TAILQ_ENTRY(allowed) link;
};

static struct {
	TAILQ_HEAD(, waiter) waiters;  /* registry lock */
	TAILQ_HEAD(, allowed) allowed; /* app thread: names given to spdk_bdev_examine() */
} g_examine SYSTEM_STATE = {
	.waiters = TAILQ_HEAD_INITIALIZER(g_examine.waiters),
	.allowed = TAILQ_HEAD_INITIALIZER(g_examine.allowed),
};

bool
bdev_any_action_locked(void)
{
	struct spdk_bdev_module *module;

	TAILQ_FOREACH(module, &g_bdev.modules, internal.tailq) {
		if (module->internal.action_in_progress > 0) {
			return true;
		}
	}
	return false;
}

static void
waiter_call(void *arg)
{
	struct waiter *w = arg;

	w->cb_fn(w->cb_arg);
	free(w);
}

void
bdev_examine_action_done(void)
{
	struct waiter *w;

	bdev_lock();
	while (!bdev_any_action_locked() && (w = TAILQ_FIRST(&g_examine.waiters)) != NULL) {
		TAILQ_REMOVE(&g_examine.waiters, w, link);
		spdk_thread_send_msg(w->thread, waiter_call, w);
	}
	bdev_unlock();
}

int
spdk_bdev_wait_for_examine(spdk_bdev_wait_for_examine_cb cb_fn, void *cb_arg)
{
	struct waiter *w;
	bool wait;

	bdev_lock();
	wait = bdev_any_action_locked();
	bdev_unlock();
	if (!wait) {
		cb_fn(cb_arg);
		return 0;
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		return -ENOMEM;
	}
	w->cb_fn = cb_fn;
	w->cb_arg = cb_arg;
	w->thread = spdk_get_thread();
	bdev_lock();
	TAILQ_INSERT_TAIL(&g_examine.waiters, w, link);
	bdev_unlock();
	bdev_examine_action_done(); /* the last one may just have ended */
	return 0;
}

static void
action_add(struct spdk_bdev_module *module)
{
	bdev_lock();
	module->internal.action_in_progress++;
	bdev_unlock();
}

void
spdk_bdev_module_examine_done(struct spdk_bdev_module *module)
{
	bool busy;

	bdev_lock();
	busy = module->internal.action_in_progress > 0;
	module->internal.action_in_progress -= busy;
	bdev_unlock();
	if (!busy) {
		SPDK_ERRLOG("bdev module %s says that it is done, but has nothing to do: ignored\n",
		            module->name);
		return;
	}
	bdev_examine_action_done();
}

static bool
name_allowed(const char *name)
{
	struct allowed *a;

	TAILQ_FOREACH(a, &g_examine.allowed, link) {
		if (strcmp(a->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static bool
may_examine(const struct spdk_bdev *bdev)
{
	struct spdk_bdev_alias *alias;

	if (g_bdev.opts.bdev_auto_examine || name_allowed(bdev->name)) {
		return true;
	}
	TAILQ_FOREACH(alias, &bdev->aliases, tailq) {
		if (name_allowed(alias->alias.name)) {
			return true;
		}
	}
	return false;
}

/** Whether \p module may look at the contents: anybody's when unclaimed, else only the claimer. */
static bool
may_look_at_disk(const struct spdk_bdev *bdev, const struct spdk_bdev_module *module)
{
	const struct spdk_bdev_module_claim *claim;
	bool found = false;

	bdev_lock();
	if (bdev->internal.claim_type == SPDK_BDEV_CLAIM_NONE) {
		found = true;
	} else if (bdev->internal.claim_type == SPDK_BDEV_CLAIM_EXCL_WRITE) {
		found = bdev->internal.claim.v1.module == module;
	} else {
		TAILQ_FOREACH(claim, &bdev->internal.claim.v2.claims, link) {
			found = found || claim->module == module;
		}
	}
	bdev_unlock();
	return found;
}

static void
examine(struct spdk_bdev *bdev)
{
	struct spdk_bdev_module *module;

	TAILQ_FOREACH(module, &g_bdev.modules, internal.tailq) {
		if (module->examine_config != NULL) {
			action_add(module);
			module->examine_config(bdev);
		}
	}
	TAILQ_FOREACH(module, &g_bdev.modules, internal.tailq) {
		if (module->examine_disk != NULL && may_look_at_disk(bdev, module)) {
			action_add(module);
			module->examine_disk(bdev);
		}
	}
}

void
bdev_examine_registered(struct spdk_bdev *bdev)
{
	if (may_examine(bdev)) {
		examine(bdev);
	}
}

static int
allow(const char *name)
{
	struct allowed *a;

	if (name_allowed(name)) {
		return -EEXIST;
	}
	a = calloc(1, sizeof(*a));
	if (a == NULL) {
		return -ENOMEM;
	}
	a->name = strdup(name);
	if (a->name == NULL) {
		free(a);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&g_examine.allowed, a, link);
	return 0;
}

int
spdk_bdev_examine(const char *name)
{
	struct spdk_bdev_desc *held = NULL;
	struct spdk_bdev *bdev;
	int rc;

	if (g_bdev.opts.bdev_auto_examine) {
		SPDK_ERRLOG("bdev %s: bdevs are examined automatically, not by name\n", name);
		return -EINVAL;
	}
	rc = allow(name);
	if (rc != 0) {
		return rc;
	}
	bdev = spdk_bdev_get_by_name(name);
	if (bdev != NULL && bdev_hold(bdev, &held) == 0) {
		examine(bdev);
		spdk_bdev_close(held);
	}
	return 0;
}

uint32_t
bdev_examine_config_json(struct spdk_json_write_ctx *w, uint32_t first, uint32_t max)
{
	struct allowed *a;
	uint32_t i = 0, num = 0;

	TAILQ_FOREACH(a, &g_examine.allowed, link) {
		if (i++ >= first && num < max) {
			rpc_write_entry_begin(w, "bdev_examine");
			spdk_json_write_named_string(w, "name", a->name);
			rpc_write_entry_end(w);
			num++;
		}
	}
	return num;
}

void
bdev_examine_fini(void)
{
	struct allowed *a;
	struct waiter *w;

	while ((a = TAILQ_FIRST(&g_examine.allowed)) != NULL) {
		TAILQ_REMOVE(&g_examine.allowed, a, link);
		free(a->name);
		free(a);
	}
	while ((w = TAILQ_FIRST(&g_examine.waiters)) != NULL) {
		TAILQ_REMOVE(&g_examine.waiters, w, link);
		free(w);
	}
}
