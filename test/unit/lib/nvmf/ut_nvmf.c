/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

#include "ut_nvmf.h"

struct ut g_ut;

/* ---- The bdev ---- */

static int
ut_bdev_module_init(void)
{
	return 0;
}

static struct spdk_bdev_module g_ut_module = { .name = "ut", .module_init = ut_bdev_module_init };

static int
ut_channel_create(void *io_device, void *ctx)
{
	return 0;
}

static void
ut_channel_destroy(void *io_device, void *ctx)
{
}

static int
ut_bdev_destruct(void *ctx)
{
	return 0;
}

static void
ut_bdev_complete(struct spdk_bdev_io *bdev_io, int sc)
{
	if (sc != 0) {
		spdk_bdev_io_complete_nvme_status(bdev_io, 0, SPDK_NVME_SCT_GENERIC, sc);
	} else {
		spdk_bdev_io_complete(bdev_io, SPDK_BDEV_IO_STATUS_SUCCESS);
	}
}

/** Take \p bdev_io, which is held, back. */
static void
ut_unhold(struct spdk_bdev_io *bdev_io)
{
	uint32_t i;

	for (i = 0; g_ut.held[i] != bdev_io; i++) {
		assert_true(i < g_ut.num_held);
	}
	g_ut.held[i] = g_ut.held[--g_ut.num_held];
}

static void
ut_bdev_abort(struct spdk_bdev_io *abort)
{
	struct spdk_bdev_io *target = abort->u.abort.bio_to_abort;

	g_ut.num_aborts++;
	if (g_ut.abort == UT_ABORT_HELD) {
		g_ut.held_aborts[g_ut.num_held_aborts++] = abort;
		return;
	}
	if (g_ut.abort == UT_ABORT_WORKS) {
		ut_unhold(target);
		spdk_bdev_io_complete(target, SPDK_BDEV_IO_STATUS_ABORTED);
	}
	spdk_bdev_io_complete(abort, g_ut.abort == UT_ABORT_WORKS ? SPDK_BDEV_IO_STATUS_SUCCESS
	                                                          : SPDK_BDEV_IO_STATUS_FAILED);
}

static void
ut_bdev_reset(struct spdk_bdev_io *reset)
{
	g_ut.num_resets++;
	while (g_ut.reset_works && g_ut.num_held > 0) {
		spdk_bdev_io_complete(g_ut.held[--g_ut.num_held], SPDK_BDEV_IO_STATUS_ABORTED);
	}
	spdk_bdev_io_complete(reset, g_ut.reset_works ? SPDK_BDEV_IO_STATUS_SUCCESS
	                                              : SPDK_BDEV_IO_STATUS_FAILED);
}

static void
ut_bdev_submit(struct spdk_io_channel *ch, struct spdk_bdev_io *bdev_io)
{
	struct ut_io *io;

	if (bdev_io->type == SPDK_BDEV_IO_TYPE_ABORT) {
		ut_bdev_abort(bdev_io);
		return;
	}
	if (bdev_io->type == SPDK_BDEV_IO_TYPE_RESET) {
		ut_bdev_reset(bdev_io);
		return;
	}
	io = &g_ut.ios[g_ut.num_ios++ % UT_IO_MAX];
	io->type = bdev_io->type;
	io->offset = bdev_io->u.bdev.offset_blocks;
	io->num_blocks = bdev_io->u.bdev.num_blocks;
	io->fua = bdev_io->type == SPDK_BDEV_IO_TYPE_WRITE &&
	          (bdev_io->u.bdev.nvme_cdw12.raw & SPDK_NVME_IO_FLAGS_FORCE_UNIT_ACCESS);
	if (g_ut.hold) {
		assert_true(g_ut.num_held < UT_IO_MAX);
		g_ut.held[g_ut.num_held++] = bdev_io;
	} else {
		ut_bdev_complete(bdev_io, g_ut.fail_sc);
	}
}

static bool
ut_bdev_io_type_supported(void *ctx, enum spdk_bdev_io_type type)
{
	return type == SPDK_BDEV_IO_TYPE_READ || type == SPDK_BDEV_IO_TYPE_WRITE ||
	       type == SPDK_BDEV_IO_TYPE_FLUSH || type == SPDK_BDEV_IO_TYPE_UNMAP ||
	       type == SPDK_BDEV_IO_TYPE_WRITE_ZEROES || type == SPDK_BDEV_IO_TYPE_RESET ||
	       (type == SPDK_BDEV_IO_TYPE_ABORT && g_ut.abort != UT_ABORT_NONE);
}

static struct spdk_io_channel *
ut_bdev_get_channel(void *ctx)
{
	return ctx == g_ut.no_channel ? NULL : spdk_get_io_channel(&g_ut);
}

static const struct spdk_bdev_fn_table g_ut_fn_table = {
	.destruct = ut_bdev_destruct,
	.submit_request = ut_bdev_submit,
	.io_type_supported = ut_bdev_io_type_supported,
	.get_io_channel = ut_bdev_get_channel,
};

void
ut_release(bool success)
{
	uint32_t i, n = g_ut.num_held;

	g_ut.num_held = 0;
	set_thread(1);
	for (i = 0; i < n; i++) {
		ut_bdev_complete(g_ut.held[i], success ? 0 : SPDK_NVME_SC_INTERNAL_DEVICE_ERROR);
	}
	set_thread(0);
	poll_threads();
}

void
ut_release_aborts(void)
{
	set_thread(1);
	while (g_ut.num_held_aborts > 0) {
		spdk_bdev_io_complete(g_ut.held_aborts[--g_ut.num_held_aborts],
		                      SPDK_BDEV_IO_STATUS_FAILED);
	}
	set_thread(0);
	poll_threads();
}

static void
ut_bdev_register(struct spdk_bdev *bdev, char *name)
{
	memset(bdev, 0, sizeof(*bdev));
	bdev->name = name;
	bdev->product_name = "unit test";
	bdev->ctxt = bdev;
	bdev->blocklen = 512;
	bdev->blockcnt = UT_BLOCKS;
	bdev->fn_table = &g_ut_fn_table;
	bdev->module = &g_ut_module;
	bdev_set_traits(bdev, &g_ut.traits);
	assert_int_equal(spdk_bdev_register(bdev), 0);
	poll_threads();
}

static void
ut_bdev_start(void)
{
	spdk_io_device_register(&g_ut, ut_channel_create, ut_channel_destroy, 0, "ut");
	ut_bdev_register(&g_ut.bdev, "ut0");
	ut_bdev_register(&g_ut.bdev2, "ut1");
}

/* ---- The transport ---- */

static void
ut_opts_init(struct spdk_nvmf_transport_opts *opts)
{
	opts->max_queue_depth = 32;
	opts->max_qpairs_per_ctrlr = 4;
	opts->in_capsule_data_size = 4096;
	opts->max_io_size = 131072;
	opts->max_aq_depth = 32;
}

static struct spdk_nvmf_transport *
ut_create(struct spdk_nvmf_transport_opts *opts)
{
	return calloc(1, sizeof(struct spdk_nvmf_transport));
}

static void
ut_destroy(struct spdk_nvmf_transport *transport, spdk_nvmf_transport_destroy_done_cb cb_fn,
           void *cb_arg)
{
	free(transport);
	if (cb_fn != NULL) {
		cb_fn(cb_arg);
	}
}

static int
ut_listen(struct spdk_nvmf_transport *transport, const struct spdk_nvme_transport_id *trid,
          struct spdk_nvmf_listen_opts *opts)
{
	return 0;
}

static void
ut_stop_listen(struct spdk_nvmf_transport *transport, const struct spdk_nvme_transport_id *trid)
{
}

static struct spdk_nvmf_transport_poll_group *
ut_group_create(struct spdk_nvmf_transport *transport, struct spdk_nvmf_poll_group *group)
{
	return calloc(1, sizeof(struct spdk_nvmf_transport_poll_group));
}

static void
ut_group_destroy(struct spdk_nvmf_transport_poll_group *group)
{
	free(group);
}

static int
ut_group_move(struct spdk_nvmf_transport_poll_group *group, struct spdk_nvmf_qpair *qpair)
{
	return 0;
}

static void
ut_req_free(struct spdk_nvmf_request *req)
{
	SPDK_CONTAINEROF(req, struct ut_req, req)->freed++;
}

static void
ut_req_complete(struct spdk_nvmf_request *req)
{
	SPDK_CONTAINEROF(req, struct ut_req, req)->completed++;
}

static void
ut_qpair_fini(struct spdk_nvmf_qpair *qpair, spdk_nvmf_transport_qpair_fini_cb cb_fn, void *cb_arg)
{
	SPDK_CONTAINEROF(qpair, struct ut_qpair, qpair)->fini = true;
	cb_fn(cb_arg);
}

static struct spdk_nvmf_transport_poll_group *
ut_get_optimal(struct spdk_nvmf_qpair *qpair)
{
	return g_ut.optimal != NULL ? nvmf_poll_group_get_tgroup(g_ut.optimal, g_ut.transport)
	                            : NULL;
}

static int
ut_set_trid(struct spdk_nvme_transport_id *trid, const char *traddr)
{
	snprintf(trid->trstring, sizeof(trid->trstring), "UT");
	snprintf(trid->traddr, sizeof(trid->traddr), "%s", traddr);
	return 0;
}

static int
ut_get_peer_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid)
{
	return ut_set_trid(trid, "peer");
}

static int
ut_get_local_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid)
{
	return ut_set_trid(trid, "local");
}

static int
ut_get_listen_trid(struct spdk_nvmf_qpair *qpair, struct spdk_nvme_transport_id *trid)
{
	return ut_set_trid(trid, "here");
}

static const struct spdk_nvmf_transport_ops g_ut_ops = {
	.name = "UT",
	.type = SPDK_NVME_TRANSPORT_CUSTOM_FABRICS,
	.opts_init = ut_opts_init,
	.create = ut_create,
	.destroy = ut_destroy,
	.listen = ut_listen,
	.stop_listen = ut_stop_listen,
	.poll_group_create = ut_group_create,
	.get_optimal_poll_group = ut_get_optimal,
	.poll_group_destroy = ut_group_destroy,
	.poll_group_add = ut_group_move,
	.poll_group_remove = ut_group_move,
	.req_free = ut_req_free,
	.req_complete = ut_req_complete,
	.qpair_fini = ut_qpair_fini,
	.qpair_get_peer_trid = ut_get_peer_trid,
	.qpair_get_local_trid = ut_get_local_trid,
	.qpair_get_listen_trid = ut_get_listen_trid,
};

/* ---- Start and stop ---- */

static void
ut_done(void *arg, int status)
{
	*(int *)arg = status;
}

static void
ut_state_done(struct spdk_nvmf_subsystem *subsystem, void *arg, int status)
{
	*(int *)arg = status;
}

static void
ut_bdev_init_done(void *arg, int rc)
{
	*(int *)arg = rc;
}

static void
ut_finished(void *arg)
{
	*(int *)arg = 0;
}

static void
ut_created(void *arg, struct spdk_nvmf_transport *transport)
{
	g_ut.transport = transport;
}

static void
ut_tgt_start(void)
{
	struct spdk_nvmf_target_opts opts = { .size = sizeof(opts),
		                              .name = "ut",
		                              .max_subsystems = 4 };
	struct spdk_nvmf_transport_opts topts;
	int status = 1;

	g_ut.tgt = spdk_nvmf_tgt_create(&opts);
	assert_non_null(g_ut.tgt);
	assert_true(spdk_nvmf_transport_opts_init("ut", &topts, sizeof(topts)));
	assert_int_equal(spdk_nvmf_transport_create_async("UT", &topts, ut_created, NULL), 0);
	assert_non_null(g_ut.transport);
	spdk_nvmf_tgt_add_transport(g_ut.tgt, g_ut.transport, ut_done, &status);
	poll_threads();
	assert_int_equal(status, 0);
	set_thread(1);
	g_ut.group = spdk_nvmf_poll_group_create(g_ut.tgt);
	set_thread(0);
	assert_non_null(g_ut.group);
}

static struct spdk_nvmf_subsystem *
ut_subsystem_start(const char *nqn, enum spdk_nvmf_subtype type)
{
	struct spdk_nvmf_subsystem *subsystem;
	int status = 1;

	subsystem = spdk_nvmf_subsystem_create_ext(g_ut.tgt, nqn, type, NULL);
	assert_non_null(subsystem);
	spdk_nvmf_subsystem_set_allow_any_host(subsystem, true);
	spdk_nvmf_subsystem_allow_any_listener(subsystem, true);
	if (type == SPDK_NVMF_SUBTYPE_NVME) {
		assert_int_equal(spdk_nvmf_subsystem_add_ns_ext(subsystem, "ut0", NULL, 0, NULL),
		                 1);
	}
	assert_int_equal(spdk_nvmf_subsystem_start(subsystem, ut_state_done, &status), 0);
	poll_threads();
	assert_int_equal(status, 0);
	return subsystem;
}

void
ut_start(const struct bdev_traits *traits)
{
	static bool registered;
	int status = 1;

	ut_threads_start(2);
	memset(&g_ut, 0, sizeof(g_ut));
	g_ut.traits = *traits;
	if (!registered) {
		spdk_bdev_module_list_add(&g_ut_module);
		spdk_nvmf_transport_register(&g_ut_ops);
		registered = true;
	}
	set_thread(0);
	assert_int_equal(spdk_iobuf_initialize(), 0);
	spdk_bdev_initialize(ut_bdev_init_done, &status);
	poll_threads();
	assert_int_equal(status, 0);
	ut_bdev_start();
	ut_tgt_start();
	g_ut.subsystem = ut_subsystem_start(UT_NQN, SPDK_NVMF_SUBTYPE_NVME);
	g_ut.discovery =
	        ut_subsystem_start(SPDK_NVMF_DISCOVERY_NQN, SPDK_NVMF_SUBTYPE_DISCOVERY_CURRENT);
}

static void
ut_wait(int *status)
{
	poll_threads();
	assert_int_equal(*status, 0);
	*status = 1;
}

void
ut_stop(void)
{
	int status = 1;

	set_thread(0);
	spdk_nvmf_subsystem_stop(g_ut.subsystem, ut_state_done, &status);
	ut_wait(&status);
	spdk_nvmf_subsystem_stop(g_ut.discovery, ut_state_done, &status);
	ut_wait(&status);
	set_thread(1);
	spdk_nvmf_poll_group_destroy(g_ut.group, ut_done, &status);
	ut_wait(&status);
	set_thread(0);
	spdk_nvmf_tgt_destroy(g_ut.tgt, ut_done, &status);
	ut_wait(&status);
	if (!g_ut.bdev_gone) {
		spdk_bdev_unregister(&g_ut.bdev, NULL, NULL);
	}
	spdk_bdev_unregister(&g_ut.bdev2, NULL, NULL);
	poll_threads();
	spdk_io_device_unregister(&g_ut, NULL);
	poll_threads();
	spdk_bdev_finish(ut_finished, &status);
	ut_wait(&status);
	spdk_iobuf_finish(ut_finished, &status);
	ut_wait(&status);
	ut_threads_stop();
}

/* ---- Queues and commands ---- */

struct ut_qpair *
ut_qpair_new(void)
{
	struct ut_qpair *uq = test_calloc(1, sizeof(*uq));

	uq->qpair.transport = g_ut.transport;
	TAILQ_INIT(&uq->qpair.outstanding);
	uq->qpair.sq_head_max = 1;
	spdk_nvmf_tgt_new_qpair(g_ut.tgt, &uq->qpair);
	poll_threads();
	assert_int_equal(uq->qpair.state, SPDK_NVMF_QPAIR_CONNECTING);
	return uq;
}

void
ut_qpair_free(struct ut_qpair *uq)
{
	assert_true(uq->fini);
	test_free(uq);
}

void
ut_exec(struct ut_qpair *uq, struct ut_req *req, uint32_t len)
{
	req->req.qpair = &uq->qpair;
	req->req.cmd = &req->cmd;
	req->req.rsp = &req->rsp;
	req->req.length = len;
	req->req.iovcnt = len > 0;
	req->req.iov[0].iov_base = req->data;
	req->req.iov[0].iov_len = len;
	req->completed = 0;
	req->freed = 0;
	set_thread(1);
	if (req->req.cmd->nvme_cmd.opc == SPDK_NVME_OPC_FABRIC) {
		spdk_nvmf_request_exec_fabrics(&req->req); /* as older transports do */
	} else {
		spdk_nvmf_request_exec(&req->req);
	}
	set_thread(0);
}

uint16_t
ut_run(struct ut_qpair *uq, struct ut_req *req, uint32_t len)
{
	ut_exec(uq, req, len);
	poll_threads();
	assert_int_equal(req->completed, 1);
	assert_int_equal(req->freed, 0);
	assert_int_equal(req->rsp.nvme_cpl.cid, req->cmd.nvme_cmd.cid);
	return (uint16_t)(req->rsp.nvme_cpl.status.sct << 8 | req->rsp.nvme_cpl.status.sc);
}

void
ut_connect_fill(struct ut_req *req, const char *subnqn, uint16_t qid, uint16_t cntlid)
{
	struct wire_connect_cmd cmd = { .cid = 1, .qid = qid, .sqsize = 31 };
	struct wire_connect_data data = { .hostid = { 1 }, .cntlid = cntlid };

	snprintf(data.subnqn, sizeof(data.subnqn), "%s", subnqn);
	snprintf(data.hostnqn, sizeof(data.hostnqn), "%s", UT_HOST);
	memset(req, 0, sizeof(*req));
	wire_connect_cmd_encode(&cmd, &req->cmd.nvme_cmd);
	wire_connect_data_encode(&data, req->data);
}

uint16_t
ut_set_cc(struct ut_qpair *uq, uint32_t cc)
{
	struct wire_prop prop = {
		.cid = 2, .is_set = true, .size_bytes = 4, .offset = 0x14, .value = cc
	};
	struct ut_req req = {};

	wire_prop_encode(&prop, &req.cmd.nvme_cmd);
	return ut_run(uq, &req, 0);
}

uint64_t
ut_get_prop(struct ut_qpair *uq, uint32_t offset)
{
	struct wire_prop prop = { .cid = 3, .size_bytes = offset == 0 ? 8 : 4, .offset = offset };
	struct ut_req req = {};

	wire_prop_encode(&prop, &req.cmd.nvme_cmd);
	assert_int_equal(ut_run(uq, &req, 0), 0);
	return wire_prop_value_from_cpl(&req.rsp.nvme_cpl);
}

struct ut_qpair *
ut_admin(const char *subnqn, uint16_t *cntlid, uint32_t kato_ms)
{
	struct ut_qpair *uq = ut_qpair_new();
	struct ut_req req;

	ut_connect_fill(&req, subnqn, 0, 0xffff);
	req.cmd.connect_cmd.kato = kato_ms;
	assert_int_equal(ut_run(uq, &req, 1024), 0);
	*cntlid = req.rsp.connect_rsp.status_code_specific.success.cntlid;
	assert_int_equal(ut_set_cc(uq, 0x00460001), 0);
	assert_int_equal(ut_get_prop(uq, 0x1c) & 1, 1);
	return uq;
}

struct ut_qpair *
ut_io_queue(uint16_t cntlid, uint16_t qid)
{
	struct ut_qpair *uq = ut_qpair_new();
	struct ut_req req;

	ut_connect_fill(&req, UT_NQN, qid, cntlid);
	assert_int_equal(ut_run(uq, &req, 1024), 0);
	return uq;
}

void
ut_disconnect(struct ut_qpair *uq)
{
	set_thread(1);
	spdk_nvmf_qpair_disconnect(&uq->qpair);
	set_thread(0);
	poll_threads();
}

void
ut_begin_admin(const struct bdev_traits *traits)
{
	ut_start(traits);
	g_ut.admin = ut_admin(UT_NQN, &g_ut.cntlid, 0);
}

void
ut_begin(const struct bdev_traits *traits, uint32_t kato_ms)
{
	ut_start(traits);
	g_ut.admin = ut_admin(UT_NQN, &g_ut.cntlid, kato_ms);
	g_ut.q = ut_io_queue(g_ut.cntlid, 1);
}

void
ut_end(void)
{
	if (!g_ut.admin->fini) {
		ut_disconnect(g_ut.admin);
	}
	if (g_ut.q != NULL) {
		ut_qpair_free(g_ut.q);
	}
	ut_qpair_free(g_ut.admin);
	ut_stop();
}
