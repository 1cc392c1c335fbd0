/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The nvmf subsystem: makes the program's target with its discovery subsystem, and takes it down.
 * App thread.
 *
 * The target's poll groups have a thread for each core; they are made when the first transport is,
 * so that a program that serves nobody has none of them.
 *
 * Stop: subsystems (hosts are disconnected, I/O drained), poll groups and their threads, target.
 */

#include "spdk/bit_array.h"
#include "spdk/cpuset.h"
#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk/nvmf.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk_internal/json.h"
#include "spdk_internal/nvmf.h"
#include "spdk_internal/rpc_pieces.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/subsystem.h"
#include "spdk_internal/system_state.h"

#define TGT_NAME "nvmf_tgt"

extern struct subsystem_entry g_nvmf_subsystem;

/** A poll group and its thread. */
struct group {
	uint32_t core;
	struct spdk_thread *thread;
	struct spdk_nvmf_poll_group *group;
	TAILQ_ENTRY(group) link;
};

static struct {
	/* what the RPCs before start set */
	struct spdk_nvmf_target_opts opts;
	bool max_subsystems_given;
	struct spdk_cpuset mask;
	bool mask_given;

	struct spdk_nvmf_tgt *tgt;
	TAILQ_HEAD(, group) groups;
	uint32_t groups_pending; /* messages under way */
	int groups_status;
	nvmf_tgt_prepared_fn prepared_fn;
} g_nvmf SYSTEM_STATE = { .groups = TAILQ_HEAD_INITIALIZER(g_nvmf.groups) };

/* ---- Poll groups ---- */

static void
groups_made(void)
{
	nvmf_tgt_prepared_fn fn = g_nvmf.prepared_fn;

	g_nvmf.prepared_fn = NULL;
	fn(g_nvmf.tgt, g_nvmf.groups_status);
}

/** App thread: one group more, or none. */
static void
group_made(void *arg)
{
	struct group *group = arg;

	if (group->group == NULL) {
		g_nvmf.groups_status = -ENOMEM;
		TAILQ_REMOVE(&g_nvmf.groups, group, link);
		free(group);
	}
	if (--g_nvmf.groups_pending == 0) {
		groups_made();
	}
}

/** The group's thread. */
static void
group_make(void *arg)
{
	struct group *group = arg;
	struct spdk_cpuset cores;

	group->group = spdk_nvmf_poll_group_create(g_nvmf.tgt);
	if (group->group == NULL) {
		spdk_thread_exit(group->thread);
	}
	/* It began on a core of its own; a scheduler may move it among the cores of all groups. */
	spdk_env_get_cpuset(&cores);
	if (g_nvmf.mask_given) {
		spdk_cpuset_and(&cores, &g_nvmf.mask);
	}
	spdk_thread_set_cpumask(&cores);
	spdk_thread_send_msg(spdk_thread_get_app_thread(), group_made, group);
}

static void
group_start(uint32_t core)
{
	struct group *group = calloc(1, sizeof(*group));
	struct spdk_cpuset cpuset;
	char name[32];

	if (group == NULL) {
		g_nvmf.groups_status = -ENOMEM;
		return;
	}
	spdk_cpuset_zero(&cpuset);
	spdk_cpuset_set_cpu(&cpuset, core, true);
	snprintf(name, sizeof(name), "nvmf_tgt_poll_group_%03u", core);
	group->thread = spdk_thread_create(name, &cpuset);
	if (group->thread == NULL) {
		g_nvmf.groups_status = -ENOMEM;
		free(group);
		return;
	}
	group->core = core;
	TAILQ_INSERT_TAIL(&g_nvmf.groups, group, link);
	g_nvmf.groups_pending++;
	spdk_thread_send_msg(group->thread, group_make, group);
}

/** From an earlier try that was not complete. */
static bool
group_is_there(uint32_t core)
{
	struct group *group;

	TAILQ_FOREACH(group, &g_nvmf.groups, link) {
		if (group->core == core) {
			return true;
		}
	}
	return false;
}

static void
nvmf_prepare(struct spdk_nvmf_tgt *tgt, void *arg, nvmf_tgt_prepared_fn done)
{
	uint32_t core;

	g_nvmf.prepared_fn = done;
	g_nvmf.groups_status = 0;
	g_nvmf.groups_pending++;
	SPDK_ENV_FOREACH_CORE(core) {
		if ((!g_nvmf.mask_given || spdk_cpuset_get_cpu(&g_nvmf.mask, core)) &&
		    !group_is_there(core)) {
			group_start(core);
		}
	}
	if (--g_nvmf.groups_pending == 0) {
		if (g_nvmf.groups_status == 0 && TAILQ_EMPTY(&g_nvmf.groups)) {
			SPDK_ERRLOG("poll_groups_mask names none of the program's cores\n");
			g_nvmf.groups_status = -EINVAL;
		}
		groups_made();
	}
}

/* ---- Start ---- */

static void
init_fail(int rc)
{
	SPDK_ERRLOG("the NVMe-oF target can't start: %s\n", spdk_strerror(-rc));
	spdk_subsystem_init_next(rc);
}

static void
discovery_started(struct spdk_nvmf_subsystem *subsystem, void *cb_arg, int status)
{
	if (status != 0) {
		init_fail(status);
		return;
	}
	spdk_subsystem_init_next(0);
}

static void
nvmf_init(void)
{
	struct spdk_nvmf_subsystem *discovery;
	int rc;

	snprintf(g_nvmf.opts.name, sizeof(g_nvmf.opts.name), "%s", TGT_NAME);
	g_nvmf.opts.size = sizeof(g_nvmf.opts);
	g_nvmf.tgt = spdk_nvmf_tgt_create(&g_nvmf.opts);
	if (g_nvmf.tgt == NULL) {
		init_fail(-ENOMEM);
		return;
	}
	nvmf_tgt_set_prepare(g_nvmf.tgt, nvmf_prepare, NULL);
	discovery = spdk_nvmf_subsystem_create_ext(g_nvmf.tgt, SPDK_NVMF_DISCOVERY_NQN,
	                                           SPDK_NVMF_SUBTYPE_DISCOVERY_CURRENT, NULL);
	if (discovery == NULL) {
		init_fail(-ENOMEM);
		return;
	}
	spdk_nvmf_subsystem_set_allow_any_host(discovery, true);
	rc = spdk_nvmf_subsystem_start(discovery, discovery_started, NULL);
	if (rc != 0) {
		init_fail(rc);
	}
}

/* ---- Stop ---- */

static void
fini_done(void *arg, int status)
{
	memset(&g_nvmf.opts, 0, sizeof(g_nvmf.opts));
	spdk_cpuset_zero(&g_nvmf.mask);
	g_nvmf.mask_given = false;
	g_nvmf.max_subsystems_given = false;
	g_nvmf.groups_status = 0;
	g_nvmf.tgt = NULL;
	spdk_subsystem_fini_next();
}

/** Those of nvmf_create_target first; they have no poll groups. */
static void
fini_tgts(void *arg, int status)
{
	struct spdk_nvmf_tgt *tgt = spdk_nvmf_get_first_tgt();

	while (tgt != NULL && !nvmf_tgt_is_of_rpc(tgt)) {
		tgt = spdk_nvmf_get_next_tgt(tgt);
	}
	if (tgt != NULL) {
		spdk_nvmf_tgt_destroy(tgt, fini_tgts, NULL);
	} else {
		spdk_nvmf_tgt_destroy(g_nvmf.tgt, fini_done, NULL);
	}
}

/** App thread. */
static void
group_gone(void *arg)
{
	struct group *group = arg;

	TAILQ_REMOVE(&g_nvmf.groups, group, link);
	free(group);
	if (TAILQ_EMPTY(&g_nvmf.groups)) {
		fini_tgts(NULL, 0);
	}
}

/** The group's thread. */
static void
group_destroyed(void *arg, int status)
{
	spdk_thread_exit(spdk_get_thread());
	spdk_thread_send_msg(spdk_thread_get_app_thread(), group_gone, arg);
}

static void
group_destroy(void *arg)
{
	struct group *group = arg;

	spdk_nvmf_poll_group_destroy(group->group, group_destroyed, group);
}

static void
fini_groups(void)
{
	struct group *group;

	if (TAILQ_EMPTY(&g_nvmf.groups)) {
		fini_tgts(NULL, 0);
		return;
	}
	TAILQ_FOREACH(group, &g_nvmf.groups, link) {
		spdk_thread_send_msg(group->thread, group_destroy, group);
	}
}

static void fini_subsystems(void *arg);

static void
fini_subsystem_stopped(struct spdk_nvmf_subsystem *subsystem, void *cb_arg, int status)
{
	fini_subsystems(NULL);
}

static void
fini_hosts_gone(void *arg, int status)
{
	spdk_thread_send_msg(spdk_get_thread(), fini_subsystems, NULL);
}

/** One that is just changing its state may wait for a command in the bdev: its hosts go first, so
 *  that the command has a deadline. */
static void
fini_subsystem(struct spdk_nvmf_subsystem *subsystem)
{
	if (spdk_nvmf_subsystem_stop(subsystem, fini_subsystem_stopped, NULL) == 0) {
		return;
	}
	if (nvmf_subsystem_disconnect(subsystem, NULL, NULL, fini_hosts_gone, NULL, 0) != 0) {
		fini_hosts_gone(NULL, 0);
	}
}

static struct spdk_nvmf_subsystem *
find_running(struct spdk_nvmf_tgt *tgt)
{
	struct spdk_nvmf_subsystem *subsystem = spdk_nvmf_subsystem_get_first(tgt);

	while (subsystem != NULL && nvmf_subsystem_is_inactive(subsystem)) {
		subsystem = spdk_nvmf_subsystem_get_next(subsystem);
	}
	return subsystem;
}

/** One after another, of our targets. */
static void
fini_subsystems(void *arg)
{
	struct spdk_nvmf_subsystem *subsystem = NULL;
	struct spdk_nvmf_tgt *tgt;

	if (nvmf_tgt_is_busy(g_nvmf.tgt)) {
		/* Groups or a transport come to be, which takes a few messages. */
		fini_hosts_gone(NULL, 0);
		return;
	}
	for (tgt = spdk_nvmf_get_first_tgt(); tgt != NULL; tgt = spdk_nvmf_get_next_tgt(tgt)) {
		if (tgt == g_nvmf.tgt || nvmf_tgt_is_of_rpc(tgt)) {
			subsystem = find_running(tgt);
		}
		if (subsystem != NULL) {
			fini_subsystem(subsystem);
			return;
		}
	}
	fini_groups();
}

static void
nvmf_fini(void)
{
	if (g_nvmf.tgt == NULL) {
		fini_done(NULL, 0);
		return;
	}
	fini_subsystems(NULL);
}

/* ---- Configuration ---- */

static void
write_set_config(struct spdk_json_write_ctx *w)
{
	uint32_t i;

	rpc_write_entry_begin(w, "nvmf_set_config");
	spdk_json_write_named_array_begin(w, "discovery_filters");
	for (i = 0; nvmf_rpc_discovery_filters[i].name != NULL; i++) {
		if (g_nvmf.opts.discovery_filter & 1u << nvmf_rpc_discovery_filters[i].value) {
			spdk_json_write_string(w, nvmf_rpc_discovery_filters[i].name);
		}
	}
	spdk_json_write_array_end(w);
	if (g_nvmf.mask_given) {
		spdk_json_write_named_string(w, "poll_groups_mask", spdk_cpuset_fmt(&g_nvmf.mask));
	}
	spdk_json_write_named_string(w, "dup_host_policy",
	                             nvmf_rpc_dup_host_policies[g_nvmf.opts.dup_host_policy].name);
	rpc_write_entry_end(w);
}

/** The entry for all targets, then those of the program's own. */
struct nvmf_config {
	struct rpc_pieces pieces;
	struct rpc_pieces *tgt; /* NULL: there is none */
	bool begun;
};

static bool
nvmf_config_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct nvmf_config *c = SPDK_CONTAINEROF(pieces, struct nvmf_config, pieces);

	if (!c->begun) {
		c->begun = true;
		write_set_config(w);
		return true;
	}
	return c->tgt != NULL && c->tgt->next(c->tgt, w);
}

static void
nvmf_config_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct nvmf_config *c = SPDK_CONTAINEROF(pieces, struct nvmf_config, pieces);

	if (c->tgt != NULL) {
		c->tgt->end(c->tgt, w);
	}
	free(c);
}

static struct rpc_pieces *
nvmf_config_pieces(void)
{
	struct nvmf_config *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		return NULL;
	}
	c->pieces.next = nvmf_config_next;
	c->pieces.end = nvmf_config_end;
	c->tgt = g_nvmf.tgt != NULL ? nvmf_tgt_config_pieces(g_nvmf.tgt) : NULL;
	if (g_nvmf.tgt != NULL && c->tgt == NULL) {
		free(c);
		return NULL;
	}
	return &c->pieces;
}

static void
nvmf_write_config_json(struct spdk_json_write_ctx *w)
{
	struct rpc_pieces *pieces = nvmf_config_pieces();

	spdk_json_write_array_begin(w);
	if (pieces != NULL) {
		rpc_write_pieces(w, pieces);
	} else {
		json_write_fail(w);
	}
	spdk_json_write_array_end(w);
}

/* ---- RPCs before start ---- */

struct set_max_subsystems {
	uint32_t max_subsystems;
};

static const struct rpc_param set_max_subsystems_params[] = {
	RPC_PARAM(struct set_max_subsystems, max_subsystems, RPC_UINT32, .required = true, .min = 1,
	          .max = 65536, .help = "Most subsystems of the target",
	          .cli = RPC_OPTION("-x/--max-subsystems")),
};

static void
rpc_nvmf_set_max_subsystems(struct spdk_jsonrpc_request *request, void *arg)
{
	struct set_max_subsystems *params = arg;

	if (g_nvmf.max_subsystems_given) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "max_subsystems: is set to %u already", g_nvmf.opts.max_subsystems);
		return;
	}
	g_nvmf.opts.max_subsystems = params->max_subsystems;
	g_nvmf.max_subsystems_given = true;
	spdk_jsonrpc_send_bool_response(request, true);
}

struct set_config {
	char *poll_groups_mask;
	uint32_t discovery_filters;
	int32_t dup_host_policy;
};

static const struct rpc_param set_config_params[] = {
	RPC_PARAM(struct set_config, poll_groups_mask, RPC_STRING,
	          .help = "Cores that get a poll group; not given: all of the program's",
	          .cli = RPC_OPTION("-m/--poll-groups-mask")),
	RPC_PARAM(struct set_config, discovery_filters, RPC_BITMASK,
	          .values = nvmf_rpc_discovery_filters,
	          .help = "Discovery shows only what matches the address that was asked",
	          .cli = { .kind = RPC_CLI_OPTION,
	                   .flags = "--discovery-filters",
	                   .conv = "split:," }),
	RPC_PARAM(struct set_config, dup_host_policy, RPC_ENUM,
	          .values = nvmf_rpc_dup_host_policies, .dflt = "\"allow\"",
	          .help = "May a host connect twice through one listener",
	          .cli = RPC_OPTION("--dup-host-policy")),
};

static void
rpc_nvmf_set_config(struct spdk_jsonrpc_request *request, void *arg)
{
	struct set_config *params = arg;
	struct spdk_cpuset mask;

	if (params->poll_groups_mask != NULL) {
		if (spdk_cpuset_parse(&mask, params->poll_groups_mask) != 0) {
			rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
			          "poll_groups_mask: '%s' is not a mask of cores",
			          params->poll_groups_mask);
			return;
		}
		g_nvmf.mask = mask;
		g_nvmf.mask_given = true;
	}
	g_nvmf.opts.discovery_filter = params->discovery_filters;
	g_nvmf.opts.dup_host_policy = params->dup_host_policy;
	spdk_jsonrpc_send_bool_response(request, true);
}

struct set_crdt {
	uint16_t crdt1;
	uint16_t crdt2;
	uint16_t crdt3;
};

static const struct rpc_param set_crdt_params[] = {
	RPC_PARAM(struct set_crdt, crdt1, RPC_UINT16, .unit = "100 ms",
	          .help = "Command Retry Delay Time 1", .cli = RPC_OPTION("-t1/--crdt1")),
	RPC_PARAM(struct set_crdt, crdt2, RPC_UINT16, .unit = "100 ms",
	          .help = "Command Retry Delay Time 2", .cli = RPC_OPTION("-t2/--crdt2")),
	RPC_PARAM(struct set_crdt, crdt3, RPC_UINT16, .unit = "100 ms",
	          .help = "Command Retry Delay Time 3", .cli = RPC_OPTION("-t3/--crdt3")),
};

static void
rpc_nvmf_set_crdt(struct spdk_jsonrpc_request *request, void *arg)
{
	struct set_crdt *params = arg;

	g_nvmf.opts.crdt[0] = params->crdt1;
	g_nvmf.opts.crdt[1] = params->crdt2;
	g_nvmf.opts.crdt[2] = params->crdt3;
	spdk_jsonrpc_send_bool_response(request, true);
}

static const struct rpc_method nvmf_methods[] = {
	{ .name = "nvmf_set_max_subsystems",
	  .states = SPDK_RPC_STARTUP,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct set_max_subsystems, set_max_subsystems_params),
	  .handler = rpc_nvmf_set_max_subsystems,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .help = "Set how many subsystems the target can have" },
	{ .name = "nvmf_set_config",
	  .states = SPDK_RPC_STARTUP,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct set_config, set_config_params),
	  .handler = rpc_nvmf_set_config,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .help = "Set options of the target" },
	{ .name = "nvmf_set_crdt",
	  .states = SPDK_RPC_STARTUP,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct set_crdt, set_crdt_params),
	  .handler = rpc_nvmf_set_crdt,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .cli_output = "json",
	  .help = "Set the Command Retry Delay Times that controllers report" },
};

extern const struct rpc_table nvmf_rpc_table;
const struct rpc_table nvmf_rpc_table = RPC_TABLE(nvmf_methods);

static const char *const g_depends_on[] = { "bdev", "sock", NULL };

struct subsystem_entry g_nvmf_subsystem SYSTEM_STATE = {
	.subsystem = {
		.name = "nvmf",
		.init = nvmf_init,
		.fini = nvmf_fini,
		.write_config_json = nvmf_write_config_json,
	},
	.depends_on = g_depends_on,
	.config_pieces = nvmf_config_pieces,
};
