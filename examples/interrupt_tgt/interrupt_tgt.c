/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* interrupt_tgt: all targets that are built, as spdk_tgt, to try interrupt mode with: -E starts it,
 * and the RPC reactor_set_interrupt_mode lets one core poll, or use interrupts again, while it
 * serves. interrupt_plugin.py beside this file has the command for rpc.py. */

#include "spdk/event.h"
#include "spdk/json.h"
#include "spdk/jsonrpc.h"
#include "spdk/rpc.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/event.h"
#include "spdk_internal/subsystem.h"

struct mode_params {
	int32_t lcore;
	bool disable_interrupt;
};

static const struct spdk_json_object_decoder g_decoders[] = {
	{ "lcore", offsetof(struct mode_params, lcore), spdk_json_decode_int32 },
	{ "disable_interrupt", offsetof(struct mode_params, disable_interrupt),
	  spdk_json_decode_bool },
};

static void
switched(void *arg)
{
	spdk_jsonrpc_send_bool_response(arg, true);
}

static void
rpc_reactor_set_interrupt_mode(struct spdk_jsonrpc_request *request,
                               const struct spdk_json_val *params)
{
	struct mode_params p = { 0 };
	int rc;

	if (params == NULL ||
	    spdk_json_decode_object(params, g_decoders, SPDK_COUNTOF(g_decoders), &p) != 0) {
		spdk_jsonrpc_send_error_response(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		                                 "lcore is the number of a core, disable_interrupt "
		                                 "true or false; both are needed");
		return;
	}
	rc = p.lcore < 0 ? -EINVAL
	                 : reactor_set_interrupt_mode((uint32_t)p.lcore, !p.disable_interrupt,
	                                              switched, request);
	if (rc == -EINVAL) {
		spdk_jsonrpc_send_error_response_fmt(
		        request, rc, "lcore: core %d is not one of this program's", p.lcore);
	} else if (rc == -ENOTSUP) {
		spdk_jsonrpc_send_error_response(request, rc,
		                                 "the program was started without interrupt mode: "
		                                 "use -E");
	} else if (rc != 0) {
		spdk_jsonrpc_send_error_response_fmt(request, rc, "core %d stays as it is: %s",
		                                     p.lcore, spdk_strerror(-rc));
	}
}

static void
usage(void)
{
	printf("  -E                                 start in interrupt mode\n");
}

static struct spdk_app_opts g_opts;

static int
parse_arg(int ch, char *arg)
{
	if (ch != 'E') {
		return -EINVAL;
	}
	g_opts.interrupt_mode = true;
	return 0;
}

static void
started(void *arg)
{
}

int
main(int argc, char **argv)
{
	static const char *const subsystems[] = { "scheduler", "sock", "iobuf", "keyring",
		                                  "bdev",      "nvmf", NULL };
	int rc;

	subsystem_select(subsystems);
	spdk_rpc_register_method("reactor_set_interrupt_mode", rpc_reactor_set_interrupt_mode,
	                         SPDK_RPC_RUNTIME);
	spdk_app_opts_init(&g_opts, sizeof(g_opts));
	g_opts.name = "interrupt_tgt";
	rc = spdk_app_parse_args(argc, argv, &g_opts, "E", NULL, parse_arg, usage);
	if (rc != SPDK_APP_PARSE_ARGS_SUCCESS) {
		return rc;
	}
	rc = spdk_app_start(&g_opts, started, NULL);
	spdk_app_fini();
	return rc;
}
