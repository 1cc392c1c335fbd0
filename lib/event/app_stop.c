/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The way down, from a request to stop to the reactors' end: control socket, changes on their way
 * to the state file, subsystems, reactors. On the app thread but for the requests themselves, which
 * any thread and a signal handler may make. A program whose configuration is being applied goes
 * down when the entry that runs has ended. */

#include "app_internal.h"

#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk_internal/state.h"
#include "spdk_internal/subsystem.h"

void
app_tell_waiters(int rc)
{
	struct ready_waiter *waiter;

	while ((waiter = STAILQ_FIRST(&g_app.waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&g_app.waiters, link);
		waiter->fn(waiter->arg, rc);
		free(waiter);
	}
}

static void
app_subsystems_gone(void *arg)
{
	reactors_stop();
}

/* No change is on its way to the state file any more. */
static void
app_state_at_rest(void *arg)
{
	if (g_app.subsystems_begun) {
		spdk_subsystem_fini(app_subsystems_gone, NULL);
	} else {
		app_subsystems_gone(NULL);
	}
}

void
app_take_down(void)
{
	state_end(app_state_at_rest, NULL);
}

static void
app_stop_msg(void *arg)
{
	int rc = (int)(intptr_t)arg;

	if (g_app.state == APP_STOPPING) {
		SPDK_NOTICELOG("The program is stopping already\n");
		return;
	}
	app_set_state(APP_STOPPING);
	g_app.rc = rc;
	app_tell_waiters(rc != 0 ? rc : -ECANCELED);
	if (g_app.rpc_up) {
		spdk_rpc_finish();
		g_app.rpc_up = false;
	}
	if (g_app.config_applied != NULL) {
		/* The entry that runs now works on subsystems: they go down when it has ended. */
		subsystem_load_config_cancel();
		state_replay_cancel();
	} else {
		app_take_down();
	}
}

void
spdk_app_stop(int rc)
{
	struct spdk_thread *thread;

	if (rc != 0) {
		SPDK_WARNLOG("The program stops with status %d\n", rc);
	}
	thread = app_thread_get();
	if (thread == NULL) {
		SPDK_ERRLOG("There is no running program to stop\n");
		return;
	}
	spdk_thread_send_msg(thread, app_stop_msg, (void *)(intptr_t)rc);
	app_thread_put();
}

static void
app_shutdown_msg(void *arg)
{
	spdk_app_shutdown_cb shutdown_cb = g_app.opts.shutdown_cb;

	if (shutdown_cb != NULL && g_app.state == APP_RUNNING) {
		/* Once; a program that is asked again while it winds up is not disturbed. */
		g_app.opts.shutdown_cb = NULL;
		g_app.shutdown_begun = true;
		shutdown_cb();
	} else if (g_app.state != APP_STOPPING && !g_app.shutdown_begun) {
		spdk_app_stop(0);
	}
}

void
spdk_app_start_shutdown(void)
{
	app_shutdown_from_signal();
}

void
app_shutdown_from_signal(void)
{
	struct spdk_thread *thread = app_thread_get();

	if (thread != NULL) {
		spdk_thread_send_critical_msg(thread, app_shutdown_msg);
		app_thread_put();
	}
}
