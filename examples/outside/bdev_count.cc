/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A bdev module in C++: a virtual bdev that hands each I/O to the bdev below it, and counts. What
 * such a module has beyond bdev_ram.c, which read first:
 *
 *	- it opens its base and claims it, so that nobody else writes there
 *	- when the base goes, it unregisters its own bdev; when that is gone, it closes the base
 *	- its channel holds a channel of the base
 *	- the base may be short of memory for the moment (-ENOMEM): then the I/O waits for room
 *
 * The counts belong to channels, so that counting costs no atomic; who asks for them visits each
 * channel on its thread.
 */

#include "spdk/bdev_module.h"
#include "spdk/json.h"
#include "spdk/jsonrpc.h"
#include "spdk/rpc.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk/util.h"

#include <new>
#include <string>

extern "C" {
extern struct spdk_bdev_module bdev_count_module;
}

namespace
{

struct Count {
	struct spdk_bdev bdev = {};
	std::string name;
	struct spdk_bdev_desc *base_desc = nullptr;
	struct spdk_bdev *base = nullptr;
	struct spdk_thread *thread = nullptr; /* that opened the base, and closes it */
};

struct CountChannel {
	struct spdk_io_channel *base_ch;
	uint64_t reads, writes, others;
};

/** What each I/O has room for behind its struct spdk_bdev_io. */
struct CountIo {
	struct spdk_bdev_io_wait_entry wait;
	struct spdk_io_channel *ch;
};

CountChannel *
channel_of(struct spdk_io_channel *ch)
{
	return static_cast<CountChannel *>(spdk_io_channel_get_ctx(ch));
}

/* ---- I/O ---- */

void submit(struct spdk_io_channel *ch, struct spdk_bdev_io *io);

void
base_done(struct spdk_bdev_io *base_io, bool success, void *arg)
{
	auto *io = static_cast<struct spdk_bdev_io *>(arg);

	spdk_bdev_io_complete_base_io_status(io, base_io);
	spdk_bdev_free_io(base_io);
}

int
forward(Count *count, struct spdk_io_channel *base_ch, struct spdk_bdev_io *io)
{
	const uint64_t offset = io->u.bdev.offset_blocks, num = io->u.bdev.num_blocks;

	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_READ:
		return spdk_bdev_readv_blocks(count->base_desc, base_ch, io->u.bdev.iovs,
		                              io->u.bdev.iovcnt, offset, num, base_done, io);
	case SPDK_BDEV_IO_TYPE_WRITE:
		return spdk_bdev_writev_blocks(count->base_desc, base_ch, io->u.bdev.iovs,
		                               io->u.bdev.iovcnt, offset, num, base_done, io);
	case SPDK_BDEV_IO_TYPE_UNMAP:
		return spdk_bdev_unmap_blocks(count->base_desc, base_ch, offset, num, base_done,
		                              io);
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
		return spdk_bdev_write_zeroes_blocks(count->base_desc, base_ch, offset, num,
		                                     base_done, io);
	case SPDK_BDEV_IO_TYPE_FLUSH:
		return spdk_bdev_flush_blocks(count->base_desc, base_ch, offset, num, base_done,
		                              io);
	case SPDK_BDEV_IO_TYPE_RESET:
		return spdk_bdev_reset(count->base_desc, base_ch, base_done, io);
	default:
		return -ENOTSUP;
	}
}

void
there_is_room(void *arg)
{
	auto *io = static_cast<struct spdk_bdev_io *>(arg);

	submit(reinterpret_cast<CountIo *>(io->driver_ctx)->ch, io);
}

void
submit(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	auto *count = static_cast<Count *>(io->bdev->ctxt);
	struct spdk_io_channel *base_ch = channel_of(ch)->base_ch;
	int rc = forward(count, base_ch, io);

	if (rc == -ENOMEM) {
		auto *ctx = reinterpret_cast<CountIo *>(io->driver_ctx);

		ctx->ch = ch;
		ctx->wait = {};
		ctx->wait.bdev = count->base;
		ctx->wait.cb_fn = there_is_room;
		ctx->wait.cb_arg = io;
		rc = spdk_bdev_queue_io_wait(count->base, base_ch, &ctx->wait);
	}
	if (rc != 0) {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	}
}

void
have_buf(struct spdk_io_channel *ch, struct spdk_bdev_io *io, bool success)
{
	if (success) {
		submit(ch, io);
	} else {
		spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
	}
}

void
submit_request(struct spdk_io_channel *ch, struct spdk_bdev_io *io)
{
	CountChannel *channel = channel_of(ch);

	switch (io->type) {
	case SPDK_BDEV_IO_TYPE_READ:
		channel->reads++;
		/* Whoever reads looks for the data in this I/O, so the buffer is this one's. */
		spdk_bdev_io_get_buf(io, have_buf, io->u.bdev.num_blocks * io->bdev->blocklen);
		return;
	case SPDK_BDEV_IO_TYPE_WRITE:
		channel->writes++;
		break;
	default:
		channel->others++;
	}
	submit(ch, io);
}

/* ---- Table ---- */

bool
io_type_supported(void *ctx, enum spdk_bdev_io_type type)
{
	switch (type) {
	case SPDK_BDEV_IO_TYPE_READ:
	case SPDK_BDEV_IO_TYPE_WRITE:
	case SPDK_BDEV_IO_TYPE_UNMAP:
	case SPDK_BDEV_IO_TYPE_WRITE_ZEROES:
	case SPDK_BDEV_IO_TYPE_FLUSH:
	case SPDK_BDEV_IO_TYPE_RESET:
		return spdk_bdev_io_type_supported(static_cast<Count *>(ctx)->base, type);
	default:
		return false;
	}
}

struct spdk_io_channel *
get_io_channel(void *ctx)
{
	return spdk_get_io_channel(ctx);
}

int
channel_create(void *io_device, void *ctx)
{
	auto *channel = static_cast<CountChannel *>(ctx);

	*channel = {};
	channel->base_ch = spdk_bdev_get_io_channel(static_cast<Count *>(io_device)->base_desc);
	return channel->base_ch != nullptr ? 0 : -ENOMEM;
}

void
channel_destroy(void *io_device, void *ctx)
{
	spdk_put_io_channel(static_cast<CountChannel *>(ctx)->base_ch);
}

void
close_base(void *arg)
{
	auto *count = static_cast<Count *>(arg);

	spdk_bdev_module_release_bdev(count->base);
	spdk_bdev_close(count->base_desc);
	spdk_bdev_destruct_done(&count->bdev, 0);
	delete count;
}

void
unregistered(void *io_device)
{
	auto *count = static_cast<Count *>(io_device);

	/* A descriptor is closed on the thread that opened it. */
	spdk_thread_exec_msg(count->thread, close_base, count);
}

int
destruct(void *ctx)
{
	spdk_io_device_unregister(ctx, unregistered);
	return 1;
}

void
write_config_json(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	auto *count = static_cast<Count *>(bdev->ctxt);

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "method", "bdev_count_create");
	spdk_json_write_named_object_begin(w, "params");
	spdk_json_write_named_string(w, "base_bdev_name", spdk_bdev_get_name(count->base));
	spdk_json_write_named_string(w, "name", bdev->name);
	spdk_json_write_object_end(w);
	spdk_json_write_object_end(w);
}

const struct spdk_bdev_fn_table g_fn_table = {
	.destruct = destruct,
	.submit_request = submit_request,
	.io_type_supported = io_type_supported,
	.get_io_channel = get_io_channel,
	.write_config_json = write_config_json,
};

/* ---- Create ---- */

void
base_event(enum spdk_bdev_event_type type, struct spdk_bdev *base, void *ctx)
{
	if (type == SPDK_BDEV_EVENT_REMOVE) {
		spdk_bdev_unregister(&static_cast<Count *>(ctx)->bdev, nullptr, nullptr);
	}
}

void
fill(Count *count)
{
	struct spdk_bdev &bdev = count->bdev;

	bdev.name = &count->name[0];
	bdev.product_name = const_cast<char *>("counting bdev");
	bdev.write_cache = spdk_bdev_has_write_cache(count->base);
	bdev.required_alignment = count->base->required_alignment;
	bdev.optimal_io_boundary = count->base->optimal_io_boundary;
	bdev.blocklen = spdk_bdev_get_block_size(count->base);
	bdev.blockcnt = spdk_bdev_get_num_blocks(count->base);
	bdev.ctxt = count;
	bdev.fn_table = &g_fn_table;
	bdev.module = &bdev_count_module;
}

int
create(const char *base_name, const char *name)
{
	auto *count = new (std::nothrow) Count;
	int rc = count == nullptr ? -ENOMEM : 0;

	if (rc == 0) {
		count->name = name;
		count->thread = spdk_get_thread();
		rc = spdk_bdev_open_ext(base_name, true, base_event, count, &count->base_desc);
	}
	if (rc != 0) {
		delete count;
		return rc;
	}
	count->base = spdk_bdev_desc_get_bdev(count->base_desc);
	rc = spdk_bdev_module_claim_bdev(count->base, count->base_desc, &bdev_count_module);
	if (rc == 0) {
		fill(count);
		spdk_io_device_register(count, channel_create, channel_destroy,
		                        sizeof(CountChannel), name);
		rc = spdk_bdev_register(&count->bdev);
		if (rc == 0) {
			return 0;
		}
		spdk_io_device_unregister(count, nullptr);
		spdk_bdev_module_release_bdev(count->base);
	}
	spdk_bdev_close(count->base_desc);
	delete count;
	return rc;
}

int
init()
{
	return 0;
}

int
get_ctx_size()
{
	return sizeof(CountIo);
}

/* ---- RPC ---- */

struct Params {
	char *base_bdev_name = nullptr;
	char *name = nullptr;

	~Params()
	{
		free(base_bdev_name);
		free(name);
	}
};

const struct spdk_json_object_decoder g_create_decoders[] = {
	{ "base_bdev_name", offsetof(Params, base_bdev_name), spdk_json_decode_string, false },
	{ "name", offsetof(Params, name), spdk_json_decode_string, false },
};
const struct spdk_json_object_decoder g_name_decoders[] = {
	{ "name", offsetof(Params, name), spdk_json_decode_string, false },
};

void
answer(struct spdk_jsonrpc_request *request, int rc)
{
	if (rc == 0) {
		spdk_jsonrpc_send_bool_response(request, true);
	} else {
		spdk_jsonrpc_send_error_response(request, rc, spdk_strerror(-rc));
	}
}

template <size_t N>
bool
decode(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params,
       const struct spdk_json_object_decoder (&decoders)[N], Params *out)
{
	if (params != nullptr && spdk_json_decode_object(params, decoders, N, out) == 0) {
		return true;
	}
	spdk_jsonrpc_send_error_response(request, SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	                                 "wanted: name, and to create one base_bdev_name");
	return false;
}

void
rpc_create(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	Params p;

	if (decode(request, params, g_create_decoders, &p)) {
		answer(request, create(p.base_bdev_name, p.name));
	}
}

void
deleted(void *arg, int rc)
{
	answer(static_cast<struct spdk_jsonrpc_request *>(arg), rc);
}

void
rpc_delete(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	Params p;

	if (decode(request, params, g_name_decoders, &p)) {
		int rc = spdk_bdev_unregister_by_name(p.name, &bdev_count_module, deleted, request);

		if (rc != 0) {
			answer(request, rc);
		}
	}
}

/** A walk over the channels of one bdev. */
struct Sum {
	struct spdk_jsonrpc_request *request;
	struct spdk_bdev_desc *desc; /* keeps the bdev there meanwhile */
	uint64_t reads = 0, writes = 0, others = 0;
};

void
sum_channel(struct spdk_io_channel_iter *iter)
{
	auto *sum = static_cast<Sum *>(spdk_io_channel_iter_get_ctx(iter));
	CountChannel *channel = channel_of(spdk_io_channel_iter_get_channel(iter));

	sum->reads += channel->reads;
	sum->writes += channel->writes;
	sum->others += channel->others;
	spdk_for_each_channel_continue(iter, 0);
}

void
sum_done(struct spdk_io_channel_iter *iter, int status)
{
	auto *sum = static_cast<Sum *>(spdk_io_channel_iter_get_ctx(iter));
	struct spdk_json_write_ctx *w = spdk_jsonrpc_begin_result(sum->request);

	spdk_json_write_object_begin(w);
	spdk_json_write_named_uint64(w, "reads", sum->reads);
	spdk_json_write_named_uint64(w, "writes", sum->writes);
	spdk_json_write_named_uint64(w, "others", sum->others);
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(sum->request, w);
	spdk_bdev_close(sum->desc);
	delete sum;
}

void
ignore_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
}

void
rpc_get(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	struct spdk_bdev_desc *desc = nullptr;
	Params p;
	int rc;

	if (!decode(request, params, g_name_decoders, &p)) {
		return;
	}
	rc = spdk_bdev_open_ext(p.name, false, ignore_event, nullptr, &desc);
	if (rc == 0 && spdk_bdev_desc_get_bdev(desc)->module != &bdev_count_module) {
		spdk_bdev_close(desc);
		rc = -ENODEV;
	}
	if (rc != 0) {
		answer(request, rc);
		return;
	}
	auto *sum = new Sum;
	sum->request = request;
	sum->desc = desc;
	spdk_for_each_channel(spdk_bdev_desc_get_bdev(desc)->ctxt, sum_channel, sum, sum_done);
}

SPDK_RPC_REGISTER("bdev_count_create", rpc_create, SPDK_RPC_RUNTIME)
SPDK_RPC_REGISTER("bdev_count_delete", rpc_delete, SPDK_RPC_RUNTIME)
SPDK_RPC_REGISTER("bdev_count_get", rpc_get, SPDK_RPC_RUNTIME)

} // namespace

/* Of constants only, so that it is there before anything runs that registers it. */
struct spdk_bdev_module bdev_count_module = {
	.module_init = init,
	.name = "count",
	.get_ctx_size = get_ctx_size,
};

SPDK_BDEV_MODULE_REGISTER(count, &bdev_count_module)
