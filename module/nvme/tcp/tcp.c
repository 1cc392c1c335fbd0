/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * NVMe over TCP, host side: the transport's table, and its controllers. Registers go by Property
 * Get and Set (lib/nvme/fabric.c), queues by one TCP connection each (qpair.c), commands out in
 * send.c, everything in by recv.c, polled alone or in groups (group.c). TLS and in-band
 * authentication are not there: a controller that needs one of them is refused.
 */

#include "tcp.h"
#include "spdk_internal/system_state.h"

static struct spdk_nvme_ctrlr *
tcp_ctrlr_construct(const struct spdk_nvme_transport_id *trid,
                    const struct spdk_nvme_ctrlr_opts *opts, void *devhandle)
{
	struct nvme_tcp_ctrlr *tctrlr;
	struct spdk_nvme_ctrlr *ctrlr;

	if (opts->tls_psk != NULL || opts->dhchap_key != NULL) {
		SPDK_ERRLOG("%s: TLS and in-band authentication are not part of this version\n",
		            trid->subnqn);
		return NULL;
	}
	if (trid->adrfam != SPDK_NVMF_ADRFAM_IPV4 && trid->adrfam != SPDK_NVMF_ADRFAM_IPV6 &&
	    trid->adrfam != SPDK_NVMF_ADRFAM_NOT_SPECIFIED) {
		SPDK_ERRLOG("%s: TCP needs adrfam IPv4 or IPv6\n", trid->subnqn);
		return NULL;
	}
	tctrlr = calloc(1, sizeof(*tctrlr));
	if (tctrlr == NULL) {
		return NULL;
	}
	ctrlr = &tctrlr->ctrlr;
	ctrlr->ops = nvme_transport_find(SPDK_NVME_TRANSPORT_NAME_TCP);
	ctrlr->trid = *trid;
	ctrlr->opts = *opts;
	if (nvme_ctrlr_construct(ctrlr) != 0) {
		free(tctrlr);
		return NULL;
	}
	ctrlr->adminq =
	        nvme_tcp_qpair_create(ctrlr, 0, opts->admin_queue_size, SPDK_NVME_QPRIO_URGENT,
	                              opts->admin_queue_size + NVME_ADMIN_REQUESTS_EXTRA, true);
	if (ctrlr->adminq == NULL) {
		nvme_ctrlr_destruct_finish(ctrlr);
		free(tctrlr);
		return NULL;
	}
	return ctrlr;
}

static int
tcp_ctrlr_destruct(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_tcp_qpair_delete(ctrlr, ctrlr->adminq);
	nvme_ctrlr_destruct_finish(ctrlr);
	free(SPDK_CONTAINEROF(ctrlr, struct nvme_tcp_ctrlr, ctrlr));
	return 0;
}

static struct spdk_nvme_qpair *
tcp_ctrlr_create_io_qpair(struct spdk_nvme_ctrlr *ctrlr, uint16_t qid,
                          const struct spdk_nvme_io_qpair_opts *opts)
{
	return nvme_tcp_qpair_create(ctrlr, qid, opts->io_queue_size, opts->qprio,
	                             opts->io_queue_requests, opts->async_mode);
}

static uint32_t
tcp_ctrlr_get_max_xfer_size(struct spdk_nvme_ctrlr *ctrlr)
{
	/* Only the controller's MDTS limits; lengths here are 32 bits and whole pages. */
	return UINT32_MAX & ~4095u;
}

static uint16_t
tcp_ctrlr_get_max_sges(struct spdk_nvme_ctrlr *ctrlr)
{
	return NVME_TCP_SGES_MAX;
}

struct spdk_nvme_transport_ops g_nvme_tcp_ops SYSTEM_STATE = {
	.name = SPDK_NVME_TRANSPORT_NAME_TCP,
	.type = SPDK_NVME_TRANSPORT_TCP,
	.ctrlr_construct = tcp_ctrlr_construct,
	.ctrlr_scan = nvme_fabric_scan,
	.ctrlr_destruct = tcp_ctrlr_destruct,

	.ctrlr_set_reg_4_async = nvme_fabric_set_reg_4_async,
	.ctrlr_set_reg_8_async = nvme_fabric_set_reg_8_async,
	.ctrlr_get_reg_4_async = nvme_fabric_get_reg_4_async,
	.ctrlr_get_reg_8_async = nvme_fabric_get_reg_8_async,

	.ctrlr_get_max_xfer_size = tcp_ctrlr_get_max_xfer_size,
	.ctrlr_get_max_sges = tcp_ctrlr_get_max_sges,

	.ctrlr_create_io_qpair = tcp_ctrlr_create_io_qpair,
	.ctrlr_delete_io_qpair = nvme_tcp_qpair_delete,
	.ctrlr_connect_qpair = nvme_tcp_qpair_connect,
	.ctrlr_disconnect_qpair = nvme_tcp_qpair_disconnect,

	.qpair_abort_reqs = nvme_tcp_qpair_abort_reqs,
	.qpair_submit_request = nvme_tcp_submit,
	.qpair_process_completions = nvme_tcp_qpair_process_completions,
	.qpair_iterate_requests = nvme_tcp_qpair_iterate,
	.admin_qpair_abort_aers = nvme_tcp_qpair_abort_aers,

	.poll_group_create = nvme_tcp_group_create,
	.poll_group_process_completions = nvme_tcp_group_process_completions,
	.poll_group_destroy = nvme_tcp_group_destroy,
	.poll_group_get_stats = nvme_tcp_group_get_stats,
	.poll_group_free_stats = nvme_tcp_group_free_stats,
};
