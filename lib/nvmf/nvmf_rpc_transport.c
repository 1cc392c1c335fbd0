/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * RPCs of transports. Parameters that belong to transports which are not here (RDMA, vfio-user) are
 * accepted and without effect, as they are in SPDK for TCP.
 */

#include "nvmf_rpc.h"

struct create_transport {
	char *trtype;
	char *tgt_name;
	uint16_t max_queue_depth;
	uint16_t max_io_qpairs_per_ctrlr;
	uint32_t in_capsule_data_size;
	uint32_t max_io_size;
	uint32_t io_unit_size;
	uint32_t max_aq_depth;
	uint32_t num_shared_buffers;
	uint32_t buf_cache_size;
	uint32_t iobuf_small_cache_size;
	uint32_t iobuf_large_cache_size;
	bool zcopy;
	bool c2h_success;
	bool dif_insert_or_strip;
	uint32_t sock_priority;
	uint32_t abort_timeout_sec;
	uint16_t control_msg_num;
	uint32_t acceptor_poll_rate;
	uint32_t ack_timeout;
	uint32_t data_wr_pool_size;
	bool disable_command_passthru;
	uint16_t kas;
	uint32_t min_kato;
	uint32_t masked_oncs;
	uint32_t masked_fuses;
	/* of transports that are not here */
	int32_t num_cqe;
	uint32_t max_srq_depth;
	bool no_srq, no_wr_batching, disable_mappable_bar0, disable_adaptive_irq;
	bool disable_shadow_doorbells;
	struct {
		bool max_queue_depth, max_io_qpairs_per_ctrlr, in_capsule_data_size, max_io_size;
		bool io_unit_size, max_aq_depth, num_shared_buffers, buf_cache_size;
		bool iobuf_small_cache_size, iobuf_large_cache_size, abort_timeout_sec;
		bool acceptor_poll_rate, ack_timeout, data_wr_pool_size, kas, min_kato;
	} given;
	/* for the answer */
	struct spdk_jsonrpc_request *request;
	struct spdk_nvmf_transport *transport;
};

static const struct rpc_enum_value oncs_names[] = {
	{ "nvmcmps", 0 }, { "nvmdsmsv", 2 }, { "nvmwzsv", 3 },
	{ "reservs", 5 }, { "nvmcpys", 8 },  { NULL },
};

static const struct rpc_enum_value fuses_names[] = {
	{ "fcws", 0 },
	{ NULL },
};

#define OPT(field, rtype, flags_, ...) \
	RPC_PARAM(struct create_transport, field, rtype, \
	          RPC_GIVEN(struct create_transport, given.field), .cli = RPC_OPTION(flags_), \
	          __VA_ARGS__)
#define FLAG(field, flags_, ...) \
	RPC_PARAM(struct create_transport, field, RPC_BOOL, .cli = RPC_OPTION(flags_), __VA_ARGS__)

static const struct rpc_param create_transport_params[] = {
	RPC_PARAM(struct create_transport, trtype, RPC_STRING, .required = true,
	          .help = "Transport: TCP", .cli = RPC_OPTION("-t/--trtype")),
	RPC_TGT_NAME(struct create_transport, "-g/--tgt-name"),
	OPT(max_queue_depth, RPC_UINT16, "-q/--max-queue-depth", .min = 2,
	    .help = "Most commands outstanding in an I/O queue"),
	OPT(max_io_qpairs_per_ctrlr, RPC_UINT16, "-m/--max-io-qpairs-per-ctrlr", .min = 1,
	    .max = UINT16_MAX - 1, .help = "Most I/O queues of a controller"),
	OPT(in_capsule_data_size, RPC_UINT32, "-c/--in-capsule-data-size", .unit = "bytes",
	    .help = "Most data that a command carries with it"),
	OPT(max_io_size, RPC_UINT32, "-i/--max-io-size", .unit = "bytes",
	    .help = "Most data of a command"),
	OPT(io_unit_size, RPC_UINT32, "-u/--io-unit-size", .deprecated = true, .unit = "bytes",
	    .help = "Without effect: buffers are those of iobuf"),
	OPT(max_aq_depth, RPC_UINT32, "-a/--max-aq-depth",
	    .help = "Most commands outstanding in the admin queue"),
	OPT(num_shared_buffers, RPC_UINT32, "-n/--num-shared-buffers", .deprecated = true,
	    .help = "Without effect: buffers are those of iobuf"),
	OPT(buf_cache_size, RPC_UINT32, "-b/--buf-cache-size", .deprecated = true,
	    .help = "Old name of iobuf_small_cache_size"),
	OPT(iobuf_small_cache_size, RPC_UINT32, "--iobuf-small-cache-size",
	    .help = "Small iobuf buffers kept by each poll group"),
	OPT(iobuf_large_cache_size, RPC_UINT32, "--iobuf-large-cache-size",
	    .help = "Large iobuf buffers kept by each poll group"),
	FLAG(zcopy, "-z/--zcopy", .help = "Not built: must be false"),
	RPC_PARAM(struct create_transport, c2h_success, RPC_BOOL, .dflt = "true",
	          .help = "TCP: data of a read that succeeded says so, without a response",
	          .cli = { .kind = RPC_CLI_OPTION,
	                   .flags = "-o/--c2h-success",
	                   .action = "store_false" }),
	FLAG(dif_insert_or_strip, "-f/--dif-insert-or-strip", .help = "Not built: must be false"),
	RPC_PARAM(struct create_transport, sock_priority, RPC_UINT32,
	          .help = "TCP: priority of the sockets", .cli = RPC_OPTION("-y/--sock-priority")),
	OPT(abort_timeout_sec, RPC_UINT32, "-x/--abort-timeout-sec", .unit = "s",
	    .help = "How long an Abort may wait"),
	/* SPDK's rpc.py sends the switches for any transport, and SPDK ignores them for TCP. */
	RPC_PARAM(struct create_transport, num_cqe, RPC_INT32, .help = "RDMA: without effect",
	          .cli = RPC_OPTION("-d/--num-cqe")),
	RPC_PARAM(struct create_transport, max_srq_depth, RPC_UINT32,
	          .help = "RDMA: without effect", .cli = RPC_OPTION("-s/--max-srq-depth")),
	FLAG(no_srq, "-r/--no-srq", .help = "RDMA: without effect"),
	FLAG(no_wr_batching, "-w/--no-wr-batching", .help = "RDMA: without effect"),
	FLAG(disable_mappable_bar0, "-M/--disable-mappable-bar0",
	     .help = "vfio-user: without effect"),
	FLAG(disable_adaptive_irq, "-I/--disable-adaptive-irq",
	     .help = "vfio-user: without effect"),
	FLAG(disable_shadow_doorbells, "-S/--disable-shadow-doorbells",
	     .help = "vfio-user: without effect"),
	RPC_PARAM(struct create_transport, control_msg_num, RPC_UINT16,
	          .help = "Without effect: each queue has what it needs",
	          .cli = RPC_OPTION("-e/--control-msg-num")),
	OPT(acceptor_poll_rate, RPC_UINT32, "--acceptor-poll-rate", .unit = "us",
	    .help = "How often a thread that is awake looks for connections"),
	OPT(ack_timeout, RPC_UINT32, "--ack-timeout", .unit = "ms",
	    .help = "How long the peer's TCP may take to acknowledge"),
	OPT(data_wr_pool_size, RPC_UINT32, "--data-wr-pool-size",
	    .help = "Without effect but for RDMA"),
	FLAG(disable_command_passthru, "--disable-command-passthru",
	     .help = "Without effect: no command is passed through"),
	OPT(kas, RPC_UINT16, "--kas", .unit = "100 ms", .help = "Granularity of keep-alive timers"),
	OPT(min_kato, RPC_UINT32, "--min-kato", .unit = "ms", .help = "Least keep-alive timeout"),
	RPC_PARAM(struct create_transport, masked_oncs, RPC_BITMASK, .values = oncs_names,
	          .help = "Optional commands not to offer",
	          .cli = { .kind = RPC_CLI_OPTION, .flags = "--masked-oncs", .conv = "split:," }),
	RPC_PARAM(struct create_transport, masked_fuses, RPC_BITMASK, .values = fuses_names,
	          .help = "Fused commands not to offer: none is",
	          .cli = { .kind = RPC_CLI_OPTION, .flags = "--masked-fuses", .conv = "split:," }),
};

#define TAKE(field) \
	do { \
		if (params->given.field) { \
			opts->field = params->field; \
		} \
	} while (0)

static void
read_opts(const struct create_transport *params, struct spdk_nvmf_transport_opts *opts)
{
	TAKE(max_queue_depth);
	TAKE(in_capsule_data_size);
	TAKE(max_io_size);
	TAKE(io_unit_size);
	TAKE(max_aq_depth);
	TAKE(num_shared_buffers);
	TAKE(buf_cache_size);
	TAKE(iobuf_small_cache_size);
	TAKE(iobuf_large_cache_size);
	TAKE(abort_timeout_sec);
	TAKE(acceptor_poll_rate);
	TAKE(ack_timeout);
	TAKE(data_wr_pool_size);
	TAKE(kas);
	TAKE(min_kato);
	if (params->given.max_io_qpairs_per_ctrlr) {
		opts->max_qpairs_per_ctrlr = params->max_io_qpairs_per_ctrlr + 1;
	}
	opts->zcopy = params->zcopy;
	opts->dif_insert_or_strip = params->dif_insert_or_strip;
	opts->disable_command_passthru = params->disable_command_passthru;
	opts->oncs.raw &= (uint16_t)~params->masked_oncs;
	opts->fuses.raw &= (uint16_t)~params->masked_fuses;
}

static struct spdk_json_val
json_val(enum spdk_json_val_type type, const char *text)
{
	struct spdk_json_val val = { .type = type };

	val.start = (void *)(uintptr_t)text;
	val.len = (uint32_t)strlen(text);
	return val;
}

/** The options that are the transport's own, in the form in which it reads them. */
static void
write_specific(const struct create_transport *params, char *number, size_t size,
               struct spdk_json_val vals[6])
{
	snprintf(number, size, "%u", params->sock_priority);
	vals[0] = json_val(SPDK_JSON_VAL_OBJECT_BEGIN, "{");
	vals[0].len = 4;
	vals[1] = json_val(SPDK_JSON_VAL_NAME, "c2h_success");
	vals[2] = params->c2h_success ? json_val(SPDK_JSON_VAL_TRUE, "true")
	                              : json_val(SPDK_JSON_VAL_FALSE, "false");
	vals[3] = json_val(SPDK_JSON_VAL_NAME, "sock_priority");
	vals[4] = json_val(SPDK_JSON_VAL_NUMBER, number);
	vals[5] = json_val(SPDK_JSON_VAL_OBJECT_END, "}");
	vals[5].len = 4;
}

static void
create_transport_done(void *arg, int status)
{
	struct create_transport *params = arg;
	struct spdk_jsonrpc_request *request = params->request;

	if (status != 0) {
		spdk_nvmf_transport_destroy(params->transport, NULL, NULL);
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "trtype: the target can't take transport %s: %s", params->trtype,
		          spdk_strerror(-status));
		return;
	}
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
rpc_nvmf_create_transport(struct spdk_jsonrpc_request *request, void *arg)
{
	struct create_transport *params = arg;
	struct spdk_nvmf_transport_opts opts;
	struct spdk_json_val specific[6];
	struct spdk_nvmf_tgt *tgt;
	char number[16];

	tgt = rpc_nvmf_get_tgt(request, params->tgt_name, SPDK_JSONRPC_ERROR_INTERNAL_ERROR);
	if (tgt == NULL) {
		return;
	}
	if (!spdk_nvmf_transport_opts_init(params->trtype, &opts, sizeof(opts))) {
		rpc_error(request, RPC_NVMF_CODE, "trtype: transport '%s' is not built in",
		          params->trtype);
		return;
	}
	if (spdk_nvmf_tgt_get_transport(tgt, params->trtype) != NULL) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "trtype: the target has transport %s already", params->trtype);
		return;
	}
	read_opts(params, &opts);
	write_specific(params, number, sizeof(number), specific);
	opts.transport_specific = specific;
	params->request = request;
	params->transport = spdk_nvmf_transport_create(params->trtype, &opts);
	if (params->transport == NULL) {
		rpc_error(request, SPDK_JSONRPC_ERROR_INTERNAL_ERROR,
		          "can't create transport %s with these options: see the log",
		          params->trtype);
		return;
	}
	spdk_nvmf_tgt_add_transport(tgt, params->transport, create_transport_done, params);
}

/* ---- Get ---- */

struct get_transports {
	char *tgt_name;
	char *trtype;
};

static const struct rpc_param get_transports_params[] = {
	RPC_TGT_NAME(struct get_transports, "-t/--tgt-name"),
	RPC_PARAM(struct get_transports, trtype, RPC_STRING, .help = "Only this transport",
	          .cli = RPC_OPTION("--trtype")),
};

void
nvmf_transport_write_opts(struct spdk_json_write_ctx *w, struct spdk_nvmf_transport *transport)
{
	const struct spdk_nvmf_transport_opts *opts = &transport->opts;

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "trtype", transport->ops->name);
	spdk_json_write_named_uint32(w, "max_queue_depth", opts->max_queue_depth);
	spdk_json_write_named_uint32(w, "max_io_qpairs_per_ctrlr", opts->max_qpairs_per_ctrlr - 1);
	spdk_json_write_named_uint32(w, "in_capsule_data_size", opts->in_capsule_data_size);
	spdk_json_write_named_uint32(w, "max_io_size", opts->max_io_size);
	spdk_json_write_named_uint32(w, "max_aq_depth", opts->max_aq_depth);
	spdk_json_write_named_uint32(w, "iobuf_small_cache_size", opts->iobuf_small_cache_size);
	spdk_json_write_named_uint32(w, "iobuf_large_cache_size", opts->iobuf_large_cache_size);
	spdk_json_write_named_bool(w, "dif_insert_or_strip", opts->dif_insert_or_strip);
	spdk_json_write_named_bool(w, "zcopy", opts->zcopy);
	if (transport->ops->dump_opts != NULL) {
		transport->ops->dump_opts(transport, w);
	}
	spdk_json_write_named_uint32(w, "abort_timeout_sec", opts->abort_timeout_sec);
	spdk_json_write_named_uint32(w, "ack_timeout", opts->ack_timeout);
	spdk_json_write_named_uint32(w, "data_wr_pool_size", opts->data_wr_pool_size);
	spdk_json_write_named_bool(w, "disable_command_passthru", opts->disable_command_passthru);
	spdk_json_write_named_uint32(w, "kas", opts->kas);
	spdk_json_write_named_uint32(w, "min_kato", opts->min_kato);
	spdk_json_write_object_end(w);
}

static void
rpc_nvmf_get_transports(struct spdk_jsonrpc_request *request, void *arg)
{
	struct get_transports *params = arg;
	struct spdk_nvmf_transport *transport;
	struct spdk_json_write_ctx *w;
	struct spdk_nvmf_tgt *tgt;

	tgt = rpc_nvmf_get_tgt(request, params->tgt_name, SPDK_JSONRPC_ERROR_INTERNAL_ERROR);
	if (tgt == NULL) {
		return;
	}
	if (params->trtype != NULL && spdk_nvmf_tgt_get_transport(tgt, params->trtype) == NULL) {
		spdk_jsonrpc_send_error_response(request, -ENODEV, spdk_strerror(ENODEV));
		return;
	}
	w = spdk_jsonrpc_begin_result(request);
	spdk_json_write_array_begin(w);
	TAILQ_FOREACH(transport, &tgt->transports, link) {
		if (params->trtype == NULL ||
		    strcasecmp(params->trtype, transport->ops->name) == 0) {
			nvmf_transport_write_opts(w, transport);
		}
	}
	spdk_json_write_array_end(w);
	spdk_jsonrpc_end_result(request, w);
}

static const struct rpc_method transport_methods[] = {
	{ .name = "nvmf_create_transport",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_ADMIN,
	  .changes_config = true,
	  RPC_PARAMS(struct create_transport, create_transport_params),
	  .handler = rpc_nvmf_create_transport,
	  .result = RPC_RESULT_BOOL,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "Make a transport, so that listeners can be added" },
	{ .name = "nvmf_get_transports",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  RPC_PARAMS(struct get_transports, get_transports_params),
	  .handler = rpc_nvmf_get_transports,
	  .result = RPC_RESULT_ARRAY,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "The transports and their options" },
};

const struct rpc_table nvmf_transport_rpc_table = RPC_TABLE(transport_methods);
