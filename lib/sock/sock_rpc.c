/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * RPCs of the socket layer: the default implementation, options of each, and all of it as
 * configuration. On the app thread.
 */

#include "spdk/json.h"
#include "spdk_internal/rpc_table.h"
#include "sock_internal.h"

struct impl_name {
	char *impl_name;
};

static const struct rpc_param impl_name_params[] = {
	RPC_PARAM(struct impl_name, impl_name, RPC_STRING, .required = true,
	          .help = "Name of the socket implementation, such as posix",
	          .cli = RPC_OPTION("-i/--impl")),
};

struct set_options {
	char *impl_name;
	struct spdk_sock_impl_opts opts;
	/* Which of them were given, in the order of the table. */
	bool recv_buf_size, send_buf_size, enable_recv_pipe, enable_quickack, enable_placement_id;
	bool enable_zerocopy_send_server, enable_zerocopy_send_client, zerocopy_threshold;
	bool tls_version, enable_ktls;
};

#define OPTION(field, rtype, flags_, ...) \
	RPC_PARAM_AS(#field, struct set_options, opts.field, rtype, \
	             RPC_GIVEN(struct set_options, field), \
	             .cli = { .kind = RPC_CLI_OPTION, \
	                      .flags = flags_, \
	                      .action = rtype == RPC_BOOL ? "boolean_optional" : NULL }, \
	             __VA_ARGS__)

static const struct rpc_param set_options_params[] = {
	RPC_PARAM(struct set_options, impl_name, RPC_STRING, .required = true,
	          .help = "Name of the socket implementation, such as posix",
	          .cli = RPC_OPTION("-i/--impl")),
	OPTION(recv_buf_size, RPC_UINT32, "-r/--recv-buf-size", .unit = "bytes",
	       .help = "Size of the system's receive buffer of a socket"),
	OPTION(send_buf_size, RPC_UINT32, "-s/--send-buf-size", .unit = "bytes",
	       .help = "Size of the system's send buffer of a socket"),
	OPTION(enable_placement_id, RPC_UINT32, "-p/--enable-placement-id", .max = PLACEMENT_MARK,
	       .help = "Sockets go to groups by 0: nothing, 1: NAPI id, 2: CPU, 3: mark"),
	OPTION(enable_recv_pipe, RPC_BOOL, "--recv-pipe",
	       .help = "Receive ahead of the reader, to save system calls"),
	OPTION(enable_quickack, RPC_BOOL, "--quickack", .help = "Acknowledge without delay"),
	OPTION(enable_zerocopy_send_server, RPC_BOOL, "--zerocopy-send-server",
	       .help = "Send without copying on accepted sockets, where the implementation can"),
	OPTION(enable_zerocopy_send_client, RPC_BOOL, "--zerocopy-send-client",
	       .help = "Send without copying on connected sockets, where the implementation can"),
	OPTION(zerocopy_threshold, RPC_UINT32, "--zerocopy-threshold", .unit = "bytes",
	       .help = "Smaller sends are copied"),
	OPTION(tls_version, RPC_UINT32, "--tls-version", .help = "TLS version, of TLS sockets"),
	OPTION(enable_ktls, RPC_BOOL, "--ktls", .help = "TLS by the kernel, of TLS sockets"),
};

static void
opts_write(struct spdk_json_write_ctx *w, const struct spdk_sock_impl_opts *o)
{
	spdk_json_write_named_uint32(w, "recv_buf_size", o->recv_buf_size);
	spdk_json_write_named_uint32(w, "send_buf_size", o->send_buf_size);
	spdk_json_write_named_bool(w, "enable_recv_pipe", o->enable_recv_pipe);
	spdk_json_write_named_bool(w, "enable_quickack", o->enable_quickack);
	spdk_json_write_named_uint32(w, "enable_placement_id", o->enable_placement_id);
	spdk_json_write_named_bool(w, "enable_zerocopy_send_server",
	                           o->enable_zerocopy_send_server);
	spdk_json_write_named_bool(w, "enable_zerocopy_send_client",
	                           o->enable_zerocopy_send_client);
	spdk_json_write_named_uint32(w, "zerocopy_threshold", o->zerocopy_threshold);
	spdk_json_write_named_uint32(w, "tls_version", o->tls_version);
	spdk_json_write_named_bool(w, "enable_ktls", o->enable_ktls);
}

/* The implementation, or an error to \p request and NULL. */
static struct spdk_net_impl *
impl_find_or_answer(struct spdk_jsonrpc_request *request, const char *name)
{
	struct spdk_net_impl *impl = sock_impl_find(name);

	if (impl == NULL) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "impl_name: there is no socket implementation named \"%s\"", name);
	}
	return impl;
}

static void
rpc_sock_impl_get_options(struct spdk_jsonrpc_request *request, void *_params)
{
	struct impl_name *params = _params;
	struct spdk_net_impl *impl = impl_find_or_answer(request, params->impl_name);
	struct spdk_json_write_ctx *w;

	if (impl == NULL) {
		return;
	}
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_object_begin(w);
	opts_write(w, impl->opts);
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static void
rpc_sock_impl_set_options(struct spdk_jsonrpc_request *request, void *_params)
{
	struct set_options *params = _params;
	struct spdk_net_impl *impl = impl_find_or_answer(request, params->impl_name);
	struct spdk_sock_impl_opts opts;

	if (impl == NULL) {
		return;
	}
	opts = *impl->opts;
#define TAKE(field) opts.field = params->field ? params->opts.field : opts.field
	TAKE(recv_buf_size);
	TAKE(send_buf_size);
	TAKE(enable_recv_pipe);
	TAKE(enable_quickack);
	TAKE(enable_placement_id);
	TAKE(enable_zerocopy_send_server);
	TAKE(enable_zerocopy_send_client);
	TAKE(zerocopy_threshold);
	TAKE(tls_version);
	TAKE(enable_ktls);
#undef TAKE
	if (spdk_sock_impl_set_opts(impl->name, &opts, sizeof(opts)) != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "socket implementation \"%s\" can't do that", impl->name);
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_sock_set_default_impl(struct spdk_jsonrpc_request *request, void *_params)
{
	struct impl_name *params = _params;
	struct spdk_net_impl *impl = impl_find_or_answer(request, params->impl_name);

	if (impl == NULL) {
		return;
	}
	if (spdk_sock_set_default_impl(impl->name) != 0) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
		          "impl_name: \"%s\" does not work on this machine, the log says why",
		          impl->name);
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_sock_get_default_impl(struct spdk_jsonrpc_request *request, void *_params)
{
	const char *name = spdk_sock_get_default_impl();
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(request);

	spdk_json_write_object_begin(w);
	if (name != NULL) {
		spdk_json_write_named_string(w, "impl_name", name);
	}
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static const struct rpc_method sock_methods[] = {
	{ .name = "sock_impl_get_options",
	  .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  RPC_PARAMS(struct impl_name, impl_name_params),
	  .handler = rpc_sock_impl_get_options,
	  .result = RPC_RESULT_OBJECT,
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .help = "Show the options of a socket implementation" },
	{ .name = "sock_impl_set_options",
	  .states = SPDK_RPC_STARTUP,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct set_options, set_options_params),
	  .handler = rpc_sock_impl_set_options,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .help = "Set options of a socket implementation; those not given stay" },
	{ .name = "sock_set_default_impl",
	  .states = SPDK_RPC_STARTUP,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct impl_name, impl_name_params),
	  .handler = rpc_sock_set_default_impl,
	  .result = RPC_RESULT_BOOL,
	  .cli_output = "string",
	  .decode_code = SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	  .help = "Name the socket implementation that is used where none is named" },
	{ .name = "sock_get_default_impl",
	  .states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  .handler = rpc_sock_get_default_impl,
	  .result = RPC_RESULT_OBJECT,
	  .cli_output = "string",
	  .help = "Show the default socket implementation" },
};

extern const struct rpc_table sock_rpc_table;
const struct rpc_table sock_rpc_table = RPC_TABLE(sock_methods);

static void
write_method(struct spdk_json_write_ctx *w, const char *method, const struct spdk_net_impl *impl,
             bool with_opts)
{
	rpc_write_entry_begin(w, method);
	spdk_json_write_named_string(w, "impl_name", impl->name);
	if (with_opts) {
		opts_write(w, impl->opts);
	}
	rpc_write_entry_end(w);
}

void
spdk_sock_write_config_json(struct spdk_json_write_ctx *w)
{
	struct spdk_net_impl *impl = sock_impl_find(NULL);

	spdk_json_write_array_begin(w);
	if (impl != NULL) {
		write_method(w, "sock_set_default_impl", impl, false);
	}
	for (impl = sock_impl_next(NULL); impl != NULL; impl = sock_impl_next(impl)) {
		write_method(w, "sock_impl_set_options", impl, true);
	}
	spdk_json_write_array_end(w);
}
