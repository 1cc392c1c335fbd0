/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The way up on the app thread: the early entries of the configuration, the control socket, with
 * --wait-for-rpc the wait for framework_start_init, the subsystems, the rest of the configuration,
 * start_fn. Each step first looks whether somebody asked to stop meanwhile. */

#include "app_internal.h"

#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk_internal/state.h"
#include "spdk_internal/subsystem.h"

int
app_when_ready(void (*fn)(void *arg, int rc), void *arg)
{
	struct ready_waiter *waiter;

	if (g_app.state == APP_RUNNING) {
		fn(arg, 0);
		return 0;
	}
	if (g_app.config_applied != NULL) {
		/* The control socket is closed or paused: it is an entry of the configuration,
		 * which would wait for its own end. */
		return -EDEADLK;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (waiter == NULL) {
		return -ENOMEM;
	}
	waiter->fn = fn;
	waiter->arg = arg;
	STAILQ_INSERT_TAIL(&g_app.waiters, waiter, link);
	return 0;
}

/* Everything is up, or why not. */
static void
app_init_done(int rc, void *arg)
{
	free(g_app.config);
	g_app.config = NULL;
	if (g_app.state != APP_INIT) {
		return; /* asked to stop meanwhile */
	}
	if (rc != 0) {
		app_tell_waiters(rc);
		spdk_app_stop(rc);
		return;
	}
	app_set_state(APP_RUNNING);
	if (g_app.rpc_up) {
		spdk_rpc_server_resume(g_app.opts.rpc_addr);
	}
	g_app.start_fn(g_app.start_arg);
	app_tell_waiters(0);
}

static void
app_config_applied(int rc, void *arg)
{
	spdk_subsystem_init_fn cb_fn = g_app.config_applied;

	g_app.config_applied = NULL;
	if (g_app.state == APP_STOPPING) {
		app_take_down();
	} else {
		cb_fn(rc, NULL);
	}
}

/* Entries of the configuration that may be applied in the present state, and only there. */
static void
app_apply_config(spdk_subsystem_init_fn cb_fn)
{
	if (state_is_open() && !state_is_fresh()) {
		g_app.config_applied = cb_fn;
		state_replay(app_config_applied, NULL, !g_app.opts.json_config_ignore_errors);
		return;
	}
	if (g_app.config == NULL) {
		cb_fn(0, NULL);
		return;
	}
	g_app.config_applied = cb_fn;
	subsystem_load_config(g_app.config_name, g_app.config, g_app.config_bytes,
	                      app_config_applied, NULL, !g_app.opts.json_config_ignore_errors);
}

/* From here on changes are recorded; with --wait-for-rpc they are since the control socket came. */
static void
app_all_applied(int rc, void *arg)
{
	if (rc == 0 && state_is_open() && !g_app.opts.delay_subsystem_init &&
	    g_app.state == APP_INIT) {
		state_begin(g_app.config != NULL, app_init_done, NULL);
	} else {
		app_init_done(rc, NULL);
	}
}

static void
app_subsystems_up(int rc, void *arg)
{
	if (rc != 0 || g_app.state != APP_INIT) {
		app_init_done(rc, NULL);
		return;
	}
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	app_apply_config(app_all_applied);
}

int
app_begin_init(void)
{
	if (g_app.state != APP_WAITING && g_app.state != APP_BOOTING) {
		return -EALREADY;
	}
	app_set_state(APP_INIT);
	g_app.subsystems_begun = true;
	spdk_subsystem_init(app_subsystems_up, NULL);
	return 0;
}

static int
app_start_rpc_server(void)
{
	struct spdk_rpc_opts opts = {
		.size = sizeof(opts),
		.log_file = g_app.opts.rpc_log_file,
		.log_level = g_app.opts.rpc_log_level,
	};
	int rc;

	if (g_app.opts.rpc_addr == NULL) {
		return 0;
	}
	rc = spdk_rpc_initialize(g_app.opts.rpc_addr, &opts);
	g_app.rpc_up = rc == 0;
	return rc;
}

/* What the configuration says for the time before the subsystems has been applied. The control
 * socket comes only now: a configuration with a syntax error or an unknown method has none. */
static void
app_ready_for_rpc(int rc, void *arg)
{
	if (g_app.state != APP_BOOTING) {
		return; /* asked to stop meanwhile */
	}
	if (rc == 0) {
		rc = app_start_rpc_server();
	}
	if (rc != 0) {
		spdk_app_stop(rc);
		return;
	}
	if (g_app.opts.delay_subsystem_init) {
		app_set_state(APP_WAITING);
		return;
	}
	if (g_app.rpc_up) {
		/* Requests wait until the configuration is applied: any answer means "ready". */
		spdk_rpc_server_pause(g_app.opts.rpc_addr);
	}
	app_begin_init();
}

static void
app_early_config_done(int rc, void *arg)
{
	if (rc == 0 && state_is_open() && g_app.opts.delay_subsystem_init) {
		state_begin(false, app_ready_for_rpc, NULL);
	} else {
		app_ready_for_rpc(rc, NULL);
	}
}

void
app_boot_msg(void *arg)
{
	if (g_app.state != APP_BOOTING) {
		return; /* asked to stop before it began */
	}
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	spdk_rpc_set_allowlist(g_app.opts.rpc_allowlist);
	app_apply_config(app_early_config_done);
}
