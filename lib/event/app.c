/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk_app_start(): from options to a running program and back.
 *
 * States: IDLE -> BOOTING (environment, reactors, app thread) -> WAITING (with --wait-for-rpc,
 * until framework_start_init) -> INIT (subsystems, configuration) -> RUNNING -> STOPPING -> IDLE.
 * What happens here is on the caller's thread, before the reactors run (app_boot.c goes on from
 * there) and after they ended (app_stop.c brought them there). What fails on the way stops the
 * program as a request to stop does: subsystems that are up are taken down, then all threads exit,
 * then the reactors end. */

#include "app_internal.h"

#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk/trace.h"
#include "spdk/util.h"
#include "spdk_internal/state.h"
#include "spdk_internal/system_state.h"

struct app g_app SYSTEM_STATE = { .waiters = STAILQ_HEAD_INITIALIZER(g_app.waiters) };

void
app_set_state(enum app_state state)
{
	static const uint32_t legal_from[] = {
		[APP_IDLE] = SPDK_BIT(APP_BOOTING) | SPDK_BIT(APP_STOPPING),
		[APP_BOOTING] = SPDK_BIT(APP_IDLE),
		[APP_WAITING] = SPDK_BIT(APP_BOOTING),
		[APP_INIT] = SPDK_BIT(APP_BOOTING) | SPDK_BIT(APP_WAITING),
		[APP_RUNNING] = SPDK_BIT(APP_INIT),
		[APP_STOPPING] = SPDK_BIT(APP_BOOTING) | SPDK_BIT(APP_WAITING) |
		                 SPDK_BIT(APP_INIT) | SPDK_BIT(APP_RUNNING),
	};

	assert((legal_from[state] & SPDK_BIT(g_app.state)) != 0);
	g_app.state = state;
}

/* ---- Start, before the reactors run ---- */

static int
app_start_env(void)
{
	const struct spdk_app_opts *opts = &g_app.opts;
	struct spdk_env_opts env = { .opts_size = sizeof(env) };
	int rc;

	spdk_env_opts_init(&env);
	env.name = opts->name;
	env.core_mask = opts->reactor_mask;
	env.lcore_map = opts->lcore_map;
	env.shm_id = opts->shm_id;
	env.mem_channel = opts->mem_channel;
	env.main_core = opts->main_core;
	env.mem_size = opts->mem_size;
	env.no_pci = opts->no_pci;
	env.hugepage_single_segments = opts->hugepage_single_segments;
	env.unlink_hugepage = opts->unlink_hugepage;
	env.no_huge = opts->no_huge;
	env.hugedir = opts->hugedir;
	env.num_pci_addr = opts->num_pci_addr;
	env.pci_blocked = opts->pci_blocked;
	env.pci_allowed = opts->pci_allowed;
	env.iova_mode = opts->iova_mode;
	env.base_virtaddr = opts->base_virtaddr;
	env.env_context = opts->env_context;
	env.vf_token = opts->vf_token;
	env.enforce_numa = opts->enforce_numa;
	rc = spdk_env_init(&env);
	g_app.env_up = rc == 0;
	return rc;
}

/* What was recorded before comes before what a file says. */
static int
app_open_state(void)
{
	const char *path = app_options_state_file();
	int rc;

	if (path == NULL) {
		return 0;
	}
	rc = state_open(path);
	if (rc == 0 && !state_is_fresh() && g_app.config != NULL) {
		SPDK_WARNLOG("%s is not applied: the configuration is that of the state file %s. "
		             "It is for the first start, while there is no state file\n",
		             g_app.config_name, path);
		free(g_app.config);
		g_app.config = NULL;
	}
	return rc;
}

static int
app_start_cores(void)
{
	const struct spdk_app_opts *opts = &g_app.opts;
	bool named = opts->reactor_mask != NULL || opts->lcore_map != NULL;
	int rc;

	if (named && !opts->disable_cpumask_locks) {
		rc = app_claim_cores();
		if (rc != 0) {
			return rc;
		}
	}
	rc = reactors_init(opts->msg_mempool_size);
	if (rc != 0) {
		return rc;
	}
	if (opts->interrupt_mode) {
		rc = spdk_interrupt_mode_enable();
	}
	return rc == 0 ? reactors_launch() : rc;
}

static int
app_make_thread(void)
{
	struct spdk_thread *thread;
	struct spdk_cpuset mask;

	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, spdk_env_get_main_core(), true);
	thread = spdk_thread_create("app_thread", &mask);
	if (thread == NULL) {
		return -ENOMEM;
	}
	app_thread_open(thread);
	return spdk_thread_send_msg(thread, app_boot_msg, NULL);
}

static int
app_check_opts(const struct spdk_app_opts *opts)
{
	if (opts->name == NULL) {
		SPDK_ERRLOG("The program's options lack its name\n");
		return -EINVAL;
	}
	if (opts->reactor_mask != NULL && opts->lcore_map != NULL) {
		SPDK_ERRLOG("Cores are named either by a mask (-m) or by --lcores\n");
		return -EINVAL;
	}
	if (opts->delay_subsystem_init &&
	    (opts->json_config_file != NULL || opts->json_data != NULL)) {
		SPDK_ERRLOG("--wait-for-rpc and a configuration file exclude each other: with it, "
		            "send the configuration by RPC\n");
		return -EINVAL;
	}
	return 0;
}

static void
app_open_log(const struct spdk_app_opts *opts)
{
	spdk_log_set_print_level(opts->print_level);
	spdk_log_open(opts->log);
	g_app.log_open = true;
}

/* All that can fail before the reactors run; spdk_app_fini() undoes it. */
static int
app_prepare(void)
{
	int rc;

	rc = app_check_opts(&g_app.opts);
	if (rc != 0) {
		return rc;
	}
	app_open_log(&g_app.opts);
	if (g_app.opts.enable_coredump) {
		env_allow_core_dump();
	}
	rc = app_config_load(&g_app.opts, &g_app.config, &g_app.config_bytes, &g_app.config_name);
	if (rc != 0) {
		return rc;
	}
	rc = app_start_env();
	if (rc == 0) {
		rc = app_open_state();
	}
	if (rc != 0) {
		return rc;
	}
	rc = app_trace_start(&g_app.opts);
	if (rc != 0) {
		return rc;
	}
	rc = app_start_cores();
	if (rc != 0) {
		return rc;
	}
	rc = app_make_thread();
	if (rc == 0 && !g_app.opts.disable_signal_handlers) {
		rc = app_signals_set();
	}
	return rc;
}

int
spdk_app_start(struct spdk_app_opts *opts_user, spdk_msg_fn start_fn, void *ctx)
{
	int rc;

	if (opts_user == NULL || start_fn == NULL || opts_user->opts_size == 0) {
		SPDK_ERRLOG("spdk_app_start() needs options set up by spdk_app_opts_init(), and a "
		            "function to start\n");
		return 1;
	}
	if (g_app.state != APP_IDLE || g_app.env_up) {
		SPDK_ERRLOG("A program that was started is ended by spdk_app_fini() before it is "
		            "started again\n");
		return 1;
	}
	app_opts_copy(&g_app.opts, opts_user);
	g_app.started = true;
	g_app.rpc_state_before = spdk_rpc_get_state();
	g_app.start_fn = start_fn;
	g_app.start_arg = ctx;
	app_set_state(APP_BOOTING);
	rc = app_prepare();
	if (rc != 0) {
		app_set_state(APP_IDLE);
		free(g_app.config);
		g_app.config = NULL;
		return 1;
	}
	SPDK_NOTICELOG("%s: %u core(s), main core %u\n", g_app.opts.name, spdk_env_get_core_count(),
	               spdk_env_get_main_core());
	reactors_run();
	app_signals_restore();
	app_thread_close();
	app_set_state(APP_IDLE);
	return g_app.rc;
}

void
spdk_app_fini(void)
{
	struct spdk_cpuset *core_mask = g_app.core_mask;

	app_signals_restore();
	app_thread_close();
	reactors_fini();
	app_release_cores();
	spdk_trace_cleanup();
	spdk_rpc_set_allowlist(NULL);
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	state_close();
	if (g_app.env_up) {
		spdk_env_fini();
	}
	if (g_app.log_open) {
		spdk_log_close();
	}
	if (g_app.started) {
		spdk_rpc_set_state(g_app.rpc_state_before);
		spdk_rpc_set_allowlist(NULL);
	}
	app_args_free();
	free(g_app.config);
	free(core_mask);
	memset(&g_app, 0, sizeof(g_app));
	STAILQ_INIT(&g_app.waiters);
}

/* ---- Questions ---- */

int
spdk_app_get_shm_id(void)
{
	return g_app.opts.shm_id;
}

const struct spdk_cpuset *
spdk_app_get_core_mask(void)
{
	if (g_app.core_mask == NULL) {
		g_app.core_mask = spdk_cpuset_alloc();
		if (g_app.core_mask == NULL) {
			return NULL;
		}
	}
	spdk_env_get_cpuset(g_app.core_mask);
	return g_app.core_mask;
}

int
spdk_app_parse_core_mask(const char *mask, struct spdk_cpuset *cpumask)
{
	int rc;

	rc = spdk_cpuset_parse(cpumask, mask);
	if (rc < 0) {
		return rc;
	}
	spdk_cpuset_and(cpumask, spdk_app_get_core_mask());
	return 0;
}
