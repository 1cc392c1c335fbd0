/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The options that all programs on spdk_app_start() have: one table, each with what it does. Main
 * thread, before the start. What an option needs memory for lives until spdk_app_fini(). */

#include "app_internal.h"

#include "spdk/init.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/system_state.h"

/* Options without a letter. Programs use letters and their own numbers from 1000 on. */
enum {
	OPT_SILENCE_NOTICELOG = 257,
	OPT_WAIT_FOR_RPC,
	OPT_HUGE_DIR,
	OPT_NUM_TRACE_ENTRIES,
	OPT_JSON_IGNORE_INIT_ERRORS,
	OPT_IOVA_MODE,
	OPT_BASE_VIRTADDR,
	OPT_ENV_CONTEXT,
	OPT_DISABLE_CPUMASK_LOCKS,
	OPT_RPCS_ALLOWED,
	OPT_VFIO_VF_TOKEN,
	OPT_MSG_MEMPOOL_SIZE,
	OPT_LCORES,
	OPT_NO_HUGE,
	OPT_NO_RPC_SERVER,
	OPT_ENFORCE_NUMA,
	OPT_INTERRUPT_MODE,
	OPT_BUSY_POLLER_SLEEP_US,
	OPT_STATE,
	OPT_RPC_ROLE,
};

static struct {
	const char *state_file; /* an argument */
	char **rpcs_allowed;
	struct spdk_pci_addr *pci;
	bool pci_is_allowed; /* else blocked */
} g_args SYSTEM_STATE;

void
app_options_free(void)
{
	spdk_strarray_free(g_args.rpcs_allowed);
	free(g_args.pci);
	rpc_roles_clear();
	memset(&g_args, 0, sizeof(g_args));
}

const char *
app_options_state_file(void)
{
	return g_args.state_file;
}

/* ---- What each option does ---- */

static int
bad_value(const char *option, const char *arg, const char *want)
{
	fprintf(stderr, "%s: '%s' is not %s\n", option, arg, want);
	return -EINVAL;
}

static int
parse_int(const char *option, const char *arg, int min, int max, int *value)
{
	long number = spdk_strtol(arg, 0);

	if (number < min || number > max) {
		fprintf(stderr, "%s: '%s' is not a number from %d to %d\n", option, arg, min, max);
		return -EINVAL;
	}
	*value = (int)number;
	return 0;
}

static int
set_config(struct spdk_app_opts *opts, const char *arg)
{
	opts->json_config_file = arg;
	return 0;
}

static int
set_limit_coredump(struct spdk_app_opts *opts, const char *arg)
{
	opts->enable_coredump = false;
	return 0;
}

static int
set_tpoint_group(struct spdk_app_opts *opts, const char *arg)
{
	opts->tpoint_group_mask = arg;
	return 0;
}

static int
set_single_file_segments(struct spdk_app_opts *opts, const char *arg)
{
	opts->hugepage_single_segments = true;
	return 0;
}

static int
set_shm_id(struct spdk_app_opts *opts, const char *arg)
{
	int value, rc;

	rc = parse_int("--shm-id", arg, 0, INT_MAX, &value);
	if (rc == 0) {
		opts->shm_id = value;
	}
	return rc;
}

static int
set_cpumask(struct spdk_app_opts *opts, const char *arg)
{
	opts->reactor_mask = arg;
	return 0;
}

static int
set_mem_channels(struct spdk_app_opts *opts, const char *arg)
{
	int value, rc;

	rc = parse_int("--mem-channels", arg, 0, INT_MAX, &value);
	if (rc == 0) {
		opts->mem_channel = value;
	}
	return rc;
}

static int
set_main_core(struct spdk_app_opts *opts, const char *arg)
{
	int value, rc;

	rc = parse_int("--main-core", arg, 0, INT_MAX, &value);
	if (rc == 0) {
		opts->main_core = value;
	}
	return rc;
}

static int
set_rpc_socket(struct spdk_app_opts *opts, const char *arg)
{
	opts->rpc_addr = arg;
	return 0;
}

static int
set_mem_size(struct spdk_app_opts *opts, const char *arg)
{
	uint64_t size_mb;
	bool has_unit;

	if (spdk_parse_capacity(arg, &size_mb, &has_unit) != 0) {
		return bad_value("--mem-size", arg, "a size in MB, or with a unit, as 2G");
	}
	/* What is below 1 MB must not end as 0, which means no limit. */
	if (has_unit && size_mb != 0) {
		size_mb = SPDK_CEIL_DIV(size_mb, 1024 * 1024);
	}
	if (size_mb > INT_MAX) {
		return bad_value("--mem-size", arg, "a size that a machine can have");
	}
	opts->mem_size = (int)size_mb;
	return 0;
}

static int
set_no_pci(struct spdk_app_opts *opts, const char *arg)
{
	opts->no_pci = true;
	return 0;
}

static int
add_pci(struct spdk_app_opts *opts, const char *arg, bool allowed)
{
	unsigned int domain = 0, bus, dev, func;
	struct spdk_pci_addr *addrs;

	if (sscanf(arg, "%x:%x:%x.%x", &domain, &bus, &dev, &func) != 4) {
		domain = 0;
		if (sscanf(arg, "%x:%x.%x", &bus, &dev, &func) != 3) {
			return bad_value(allowed ? "-A" : "-B", arg,
			                 "a PCI address (domain:bus:dev.func)");
		}
	}
	if (bus > 0xff || dev > 0x1f || func > 7) {
		return bad_value(allowed ? "-A" : "-B", arg, "a PCI address");
	}
	if (opts->num_pci_addr > 0 && g_args.pci_is_allowed != allowed) {
		fprintf(stderr, "-A and -B exclude each other\n");
		return -EINVAL;
	}
	addrs = realloc(g_args.pci, (opts->num_pci_addr + 1) * sizeof(*addrs));
	if (addrs == NULL) {
		return -ENOMEM;
	}
	addrs[opts->num_pci_addr++] = (struct spdk_pci_addr){ domain, bus, dev, func };
	g_args.pci = addrs;
	g_args.pci_is_allowed = allowed;
	if (allowed) {
		opts->pci_allowed = addrs;
	} else {
		opts->pci_blocked = addrs;
	}
	return 0;
}

static int
add_pci_blocked(struct spdk_app_opts *opts, const char *arg)
{
	return add_pci(opts, arg, false);
}

static int
add_pci_allowed(struct spdk_app_opts *opts, const char *arg)
{
	return add_pci(opts, arg, true);
}

static int
set_logflag(struct spdk_app_opts *opts, const char *arg)
{
	if (spdk_log_set_flag(arg) != 0) {
		fprintf(stderr, "-L: there is no log flag '%s'\n", arg);
		return -EINVAL;
	}
	opts->print_level = SPDK_LOG_DEBUG;
	return 0;
}

static int
set_huge_unlink(struct spdk_app_opts *opts, const char *arg)
{
	opts->unlink_hugepage = true;
	return 0;
}

static int
set_silence_noticelog(struct spdk_app_opts *opts, const char *arg)
{
	opts->print_level = SPDK_LOG_WARN;
	return 0;
}

static int
set_wait_for_rpc(struct spdk_app_opts *opts, const char *arg)
{
	opts->delay_subsystem_init = true;
	return 0;
}

static int
set_huge_dir(struct spdk_app_opts *opts, const char *arg)
{
	opts->hugedir = arg;
	return 0;
}

static int
set_num_trace_entries(struct spdk_app_opts *opts, const char *arg)
{
	long long entries = spdk_strtoll(arg, 0);

	if (entries < 0 || (entries & (entries - 1)) != 0) {
		return bad_value("--num-trace-entries", arg, "0 or a power of two");
	}
	opts->num_entries = (uint64_t)entries;
	return 0;
}

static int
set_json_ignore(struct spdk_app_opts *opts, const char *arg)
{
	opts->json_config_ignore_errors = true;
	return 0;
}

static int
set_iova_mode(struct spdk_app_opts *opts, const char *arg)
{
	opts->iova_mode = arg;
	return 0;
}

static int
set_base_virtaddr(struct spdk_app_opts *opts, const char *arg)
{
	long long addr = spdk_strtoll(arg, 0);

	if (addr < 0) {
		return bad_value("--base-virtaddr", arg, "an address");
	}
	opts->base_virtaddr = (uint64_t)addr;
	return 0;
}

static int
set_env_context(struct spdk_app_opts *opts, const char *arg)
{
	opts->env_context = (void *)arg;
	return 0;
}

static int
set_no_cpumask_locks(struct spdk_app_opts *opts, const char *arg)
{
	opts->disable_cpumask_locks = true;
	return 0;
}

static int
set_rpcs_allowed(struct spdk_app_opts *opts, const char *arg)
{
	spdk_strarray_free(g_args.rpcs_allowed);
	g_args.rpcs_allowed = spdk_strarray_from_string(arg, ",");
	if (g_args.rpcs_allowed == NULL) {
		return -ENOMEM;
	}
	opts->rpc_allowlist = (const char **)g_args.rpcs_allowed;
	return 0;
}

static int
set_vf_token(struct spdk_app_opts *opts, const char *arg)
{
	opts->vf_token = arg;
	return 0;
}

static int
set_msg_mempool_size(struct spdk_app_opts *opts, const char *arg)
{
	int size;

	if (parse_int("--msg-mempool-size", arg, 1, INT_MAX, &size) != 0) {
		return -EINVAL;
	}
	opts->msg_mempool_size = (size_t)size;
	return 0;
}

static int
set_lcores(struct spdk_app_opts *opts, const char *arg)
{
	opts->lcore_map = arg;
	return 0;
}

static int
set_no_huge(struct spdk_app_opts *opts, const char *arg)
{
	opts->no_huge = true;
	return 0;
}

static int
set_no_rpc_server(struct spdk_app_opts *opts, const char *arg)
{
	opts->rpc_addr = NULL;
	return 0;
}

static int
set_enforce_numa(struct spdk_app_opts *opts, const char *arg)
{
	opts->enforce_numa = true;
	return 0;
}

static int
set_interrupt_mode(struct spdk_app_opts *opts, const char *arg)
{
	opts->interrupt_mode = true;
	return 0;
}

static int
set_busy_poller_sleep(struct spdk_app_opts *opts, const char *arg)
{
	int us;

	if (parse_int("--busy-poller-sleep-us", arg, 0, 1000000, &us) != 0) {
		return -EINVAL;
	}
	reactors_set_nap_us((uint32_t)us);
	return 0;
}

static int
set_state(struct spdk_app_opts *opts, const char *arg)
{
	g_args.state_file = arg;
	return 0;
}

static int
add_rpc_role(struct spdk_app_opts *opts, const char *arg)
{
	int rc = rpc_role_add(arg);

	if (rc == -ENOENT) {
		fprintf(stderr, "--rpc-role: '%s' names a user or group that is not there\n", arg);
		fprintf(stderr, "--rpc-role takes user:NAME=ROLE, group:NAME=ROLE or tcp=ROLE\n");
	} else if (rc != 0) {
		bad_value("--rpc-role", arg,
		          "user:NAME=ROLE, group:NAME=ROLE or tcp=ROLE, with observe, operate or "
		          "admin for ROLE");
	}
	return rc;
}

/* By name. --json is another name of --config. */
const struct app_option g_app_options[] = {
	{ "base-virtaddr", OPT_BASE_VIRTADDR, "ADDR", "where memory starts in the address space",
	  set_base_virtaddr },
	{ "busy-poller-sleep-us", OPT_BUSY_POLLER_SLEEP_US, "US",
	  "let a core nap this long though a poller may have work", set_busy_poller_sleep },
	{ "config", 'c', "FILE", "apply this JSON configuration", set_config },
	{ "cpumask", 'm', "MASK", "cores to run on: 0x mask or [list], pinned", set_cpumask },
	{ "disable-cpumask-locks", OPT_DISABLE_CPUMASK_LOCKS, NULL,
	  "share cores with other programs", set_no_cpumask_locks },
	{ "enforce-numa", OPT_ENFORCE_NUMA, NULL, "no memory of another node than asked for",
	  set_enforce_numa },
	{ "env-context", OPT_ENV_CONTEXT, "TEXT", "handed to the environment", set_env_context },
	{ "help", 'h', NULL, "show this and end", NULL },
	{ "huge-dir", OPT_HUGE_DIR, "PATH", "hugetlbfs mount to use", set_huge_dir },
	{ "huge-unlink", 'R', NULL, "remove hugepage files after the start", set_huge_unlink },
	{ "interrupt-mode", OPT_INTERRUPT_MODE, NULL, "ask devices for interrupts",
	  set_interrupt_mode },
	{ "iova-mode", OPT_IOVA_MODE, "pa|va", "addresses that devices see", set_iova_mode },
	{ "json", 'c', "FILE", "the same as --config", set_config },
	{ "json-ignore-init-errors", OPT_JSON_IGNORE_INIT_ERRORS, NULL,
	  "go on after entries of the configuration that fail", set_json_ignore },
	{ "lcores", OPT_LCORES, "MAP", "cores to run on, and what CPUs each may use", set_lcores },
	{ "limit-coredump", 'd', NULL, "leave the size of core dumps as it is",
	  set_limit_coredump },
	{ "logflag", 'L', "FLAG", "log what this flag covers; repeatable", set_logflag },
	{ "main-core", 'p', "CORE", "core of the application thread", set_main_core },
	{ "mem-channels", 'n', "N", "memory channels of the machine", set_mem_channels },
	{ "mem-size", 's', "MB", "most memory for buffers", set_mem_size },
	{ "msg-mempool-size", OPT_MSG_MEMPOOL_SIZE, "N", "most pooled messages between threads",
	  set_msg_mempool_size },
	{ "no-huge", OPT_NO_HUGE, NULL, "use no hugepages", set_no_huge },
	{ "no-pci", 'u', NULL, "leave PCI devices alone", set_no_pci },
	{ "no-rpc-server", OPT_NO_RPC_SERVER, NULL, "no control socket", set_no_rpc_server },
	{ "num-trace-entries", OPT_NUM_TRACE_ENTRIES, "N", "trace records a core",
	  set_num_trace_entries },
	{ "pci-allowed", 'A', "ADDR", "use only this PCI device; repeatable", add_pci_allowed },
	{ "pci-blocked", 'B', "ADDR", "leave this PCI device alone; repeatable", add_pci_blocked },
	{ "rpc-role", OPT_RPC_ROLE, "WHO=ROLE",
	  "what others may call: user:X, group:X or tcp may observe, operate or admin; repeatable",
	  add_rpc_role },
	{ "rpc-socket", 'r', "PATH", "control socket, or host:port", set_rpc_socket },
	{ "rpcs-allowed", OPT_RPCS_ALLOWED, "LIST", "only these RPC methods, by comma",
	  set_rpcs_allowed },
	{ "shm-id", 'i', "ID", "instance number for shared memory", set_shm_id },
	{ "silence-noticelog", OPT_SILENCE_NOTICELOG, NULL, "log warnings and errors only",
	  set_silence_noticelog },
	{ "single-file-segments", 'g', NULL, "one file for all hugepages",
	  set_single_file_segments },
	{ "state", OPT_STATE, "FILE", "record changes here, and start with what is recorded",
	  set_state },
	{ "tpoint-group", 'e', "GROUPS", "tracepoints to switch on", set_tpoint_group },
	{ "version", 'v', NULL, "show the version and end", NULL },
	{ "vfio-vf-token", OPT_VFIO_VF_TOKEN, "UUID", "token of PF and VF drivers", set_vf_token },
	{ "wait-for-rpc", OPT_WAIT_FOR_RPC, NULL, "start the subsystems on framework_start_init",
	  set_wait_for_rpc },
};

const size_t g_num_app_options = SPDK_COUNTOF(g_app_options);
