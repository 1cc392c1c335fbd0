/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Starting and stopping the subsystems, one after the other, and back in the opposite order. App
 * thread.
 *
 *	IDLE -> STARTING: each says spdk_subsystem_init_next() when it is up
 *	     -> UP, or FAILED at the first that fails: those before it stay up until
 *	fini -> STOPPING: each says spdk_subsystem_fini_next() -> IDLE
 *
 * A fini while STARTING waits for the answer of the one that is starting (CANCELLED), for that one
 * has begun to own things: when it came up it is the first to be stopped. */

#include "init_internal.h"
#include "spdk/log.h"
#include "spdk_internal/system_state.h"

enum init_state {
	IDLE,
	STARTING,
	UP,
	FAILED,
	CANCELLED,
	STOPPING,
};

static SYSTEM_STATE struct {
	enum init_state state;
	struct subsystem_list list; /* empty while IDLE */
	size_t num_up;
	bool stepping; /* in the loop of start_some() or stop_some() */
	bool again;    /* the answer came inside that loop */
	int failed_rc;
	spdk_subsystem_init_fn init_fn;
	spdk_subsystem_fini_fn fini_fn;
	void *cb_arg;
} g_init;

static void stop_some(void);

/* Start one after the other, without recursion when they are up at once. */
static void
start_some(void)
{
	struct spdk_subsystem *subsystem;

	g_init.stepping = true;
	do {
		g_init.again = false;
		if (g_init.num_up == g_init.list.num) {
			g_init.state = UP;
			break;
		}
		subsystem = g_init.list.nodes[g_init.num_up].subsystem;
		if (subsystem->init != NULL) {
			subsystem->init();
		} else {
			spdk_subsystem_init_next(0);
		}
	} while (g_init.again);
	g_init.stepping = false;

	if (g_init.state == UP || g_init.state == FAILED) {
		g_init.init_fn(g_init.failed_rc, g_init.cb_arg);
	} else if (g_init.state == STOPPING) {
		stop_some();
	}
}

void
spdk_subsystem_init(spdk_subsystem_init_fn cb_fn, void *cb_arg)
{
	int rc;

	assert(g_init.state == IDLE);
	rc = subsystem_list_make(&g_init.list);
	if (rc != 0) {
		g_init.state = FAILED;
		cb_fn(rc, cb_arg);
		return;
	}
	g_init.init_fn = cb_fn;
	g_init.cb_arg = cb_arg;
	g_init.num_up = 0;
	g_init.failed_rc = 0;
	g_init.state = STARTING;
	start_some();
}

/* The answer that fini waited for. */
static void
cancelled_next(int rc)
{
	if (rc == 0) {
		g_init.num_up++;
	}
	g_init.state = STOPPING;
	if (!g_init.stepping) {
		stop_some();
	}
}

void
spdk_subsystem_init_next(int rc)
{
	if (g_init.state == CANCELLED) {
		cancelled_next(rc);
		return;
	}
	if (g_init.state != STARTING) {
		return; /* a second answer, which nobody waits for */
	}
	if (rc != 0) {
		/* Why and what to do is said where it is known. */
		SPDK_NOTICELOG("Subsystem %s did not start\n",
		               g_init.list.nodes[g_init.num_up].subsystem->name);
		g_init.state = FAILED;
		g_init.failed_rc = rc;
	} else {
		g_init.num_up++;
	}
	if (g_init.stepping) {
		g_init.again = rc == 0;
	} else if (rc == 0) {
		start_some();
	} else {
		g_init.init_fn(rc, g_init.cb_arg);
	}
}

static void
fini_done(void)
{
	spdk_subsystem_fini_fn fini_fn = g_init.fini_fn;
	void *cb_arg = g_init.cb_arg;

	subsystem_list_free(&g_init.list);
	memset(&g_init, 0, sizeof(g_init));
	fini_fn(cb_arg);
}

/* The last one that came up goes first. */
static void
stop_some(void)
{
	struct spdk_subsystem *subsystem;

	g_init.stepping = true;
	do {
		g_init.again = false;
		if (g_init.num_up == 0) {
			fini_done();
			return;
		}
		subsystem = g_init.list.nodes[--g_init.num_up].subsystem;
		if (subsystem->fini != NULL) {
			subsystem->fini();
		} else {
			spdk_subsystem_fini_next();
		}
	} while (g_init.again);
	g_init.stepping = false;
}

void
spdk_subsystem_fini(spdk_subsystem_fini_fn cb_fn, void *cb_arg)
{
	assert(g_init.state != STOPPING && g_init.state != CANCELLED);
	g_init.fini_fn = cb_fn;
	g_init.cb_arg = cb_arg;
	if (g_init.state == STARTING) {
		g_init.state = CANCELLED;
		return;
	}
	g_init.state = STOPPING;
	stop_some();
}

void
spdk_subsystem_fini_next(void)
{
	assert(g_init.state == STOPPING);
	if (g_init.stepping) {
		g_init.again = true;
	} else {
		stop_some();
	}
}

int
subsystem_for_each(subsystem_visit_fn fn, void *ctx)
{
	struct subsystem_list made = { NULL };
	const struct subsystem_list *list = &g_init.list;
	static const char *const nothing[] = { NULL };
	size_t i;
	int rc;

	if (g_init.state == IDLE) {
		rc = subsystem_list_make(&made);
		if (rc != 0) {
			return rc;
		}
		list = &made;
	}
	for (i = 0; i < list->num; i++) {
		const char *const *depends_on = list->nodes[i].depends_on;

		fn(ctx, list->nodes[i].subsystem, depends_on != NULL ? depends_on : nothing);
	}
	subsystem_list_free(&made);
	return 0;
}

struct exists_ctx {
	const char *name;
	bool found;
};

static void
compare_name(void *_ctx, const struct spdk_subsystem *subsystem, const char *const *depends_on)
{
	struct exists_ctx *ctx = _ctx;

	ctx->found |= strcmp(subsystem->name, ctx->name) == 0;
}

bool
spdk_subsystem_exists(const char *name)
{
	struct exists_ctx ctx = { .name = name };

	subsystem_for_each(compare_name, &ctx);
	return ctx.found;
}
