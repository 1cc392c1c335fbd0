/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The part of a controller's way up that goes through its registers: version and capabilities,
 * then CC.EN down and up again, each time until CSTS.RDY follows. Handlers of the machine in
 * ctrlr_init.c, under ctrlr->lock; disabling and enabling have CAP.TO as their deadline, the others
 * that of an admin command.
 */

#include "ctrlr_init.h"

#include "spdk/log.h"
#include "spdk/util.h"

#define REG(field) offsetof(struct spdk_nvme_registers, field)
#define CAP_TO_UNIT_MS 500

static void
init_vs_done(void *arg, uint64_t value, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	if (nvme_init_done_ok(ctrlr, cpl)) {
		ctrlr->vs.raw = (uint32_t)value;
		nvme_init_set_state(ctrlr, NVME_CTRLR_READ_CAP);
	}
}

void
nvme_init_read_vs(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_init_sent(ctrlr,
	               ctrlr->ops->ctrlr_get_reg_4_async(ctrlr, REG(vs), init_vs_done, ctrlr));
}

static void
init_cap_done(void *arg, uint64_t value, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	if (!nvme_init_done_ok(ctrlr, cpl)) {
		return;
	}
	ctrlr->cap.raw = value;
	ctrlr->page_size = 1u << (12 + ctrlr->cap.bits.mpsmin);
	/* MQES is 0's based. */
	ctrlr->opts.io_queue_size =
	        spdk_min(ctrlr->opts.io_queue_size, (uint32_t)ctrlr->cap.bits.mqes + 1);
	ctrlr->opts.io_queue_size =
	        spdk_max(ctrlr->opts.io_queue_size, (uint32_t)SPDK_NVME_IO_QUEUE_MIN_ENTRIES);
	nvme_init_set_state(ctrlr, NVME_CTRLR_READ_CC);
}

void
nvme_init_read_cap(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_init_sent(ctrlr,
	               ctrlr->ops->ctrlr_get_reg_8_async(ctrlr, REG(cap), init_cap_done, ctrlr));
}

static void
init_cc_done(void *arg, uint64_t value, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	if (!nvme_init_done_ok(ctrlr, cpl)) {
		return;
	}
	ctrlr->cc.raw = (uint32_t)value;
	nvme_init_set_state(ctrlr, ctrlr->cc.bits.en != 0 ? NVME_CTRLR_DISABLE
	                                                  : NVME_CTRLR_WAIT_NOT_READY);
}

void
nvme_init_read_cc(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_init_sent(ctrlr,
	               ctrlr->ops->ctrlr_get_reg_4_async(ctrlr, REG(cc), init_cc_done, ctrlr));
}

static uint64_t
init_ready_timeout_ms(const struct spdk_nvme_ctrlr *ctrlr)
{
	/* CAP.TO 0 comes from careless controllers: they get one unit. */
	return spdk_max((uint64_t)ctrlr->cap.bits.to, 1u) * CAP_TO_UNIT_MS;
}

static void
init_disable_done(void *arg, uint64_t value, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	if (nvme_init_done_ok(ctrlr, cpl)) {
		ctrlr->cc.raw = (uint32_t)value;
		nvme_init_set_state_ms(ctrlr, NVME_CTRLR_WAIT_NOT_READY,
		                       init_ready_timeout_ms(ctrlr));
	}
}

void
nvme_init_disable(struct spdk_nvme_ctrlr *ctrlr)
{
	union spdk_nvme_cc_register cc = ctrlr->cc;

	cc.bits.en = 0;
	nvme_init_sent(ctrlr, ctrlr->ops->ctrlr_set_reg_4_async(ctrlr, REG(cc), cc.raw,
	                                                        init_disable_done, ctrlr));
}

/* Reads CSTS until RDY is what the state waits for. */
static void
init_csts_done(void *arg, uint64_t value, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;
	bool want = ctrlr->init.state == NVME_CTRLR_WAIT_READY;

	if (!nvme_init_done_ok(ctrlr, cpl)) {
		return;
	}
	ctrlr->csts.raw = (uint32_t)value;
	if (want && ctrlr->csts.bits.cfs != 0) {
		SPDK_ERRLOG("%s: the controller reports a fatal status\n", ctrlr->trid.subnqn);
		nvme_init_fail(ctrlr, -EIO);
	} else if ((ctrlr->csts.bits.rdy != 0) == want) {
		nvme_init_set_state(ctrlr, want ? NVME_CTRLR_IDENTIFY : NVME_CTRLR_ENABLE);
	}
}

void
nvme_init_read_csts(struct spdk_nvme_ctrlr *ctrlr)
{
	nvme_init_sent(ctrlr,
	               ctrlr->ops->ctrlr_get_reg_4_async(ctrlr, REG(csts), init_csts_done, ctrlr));
}

static void
init_enable_done(void *arg, uint64_t value, const struct spdk_nvme_cpl *cpl)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;

	if (nvme_init_done_ok(ctrlr, cpl)) {
		ctrlr->cc.raw = (uint32_t)value;
		nvme_init_set_state_ms(ctrlr, NVME_CTRLR_WAIT_READY, init_ready_timeout_ms(ctrlr));
	}
}

/* CC for the command set, arbitration and queue entry sizes that we use. False: can't be had. */
static bool
init_make_cc(struct spdk_nvme_ctrlr *ctrlr, union spdk_nvme_cc_register *cc)
{
	const struct spdk_nvme_ctrlr_opts *opts = &ctrlr->opts;

	cc->raw = 0;
	cc->bits.en = 1;
	cc->bits.iosqes = 6; /* 64 bytes */
	cc->bits.iocqes = 4; /* 16 bytes */
	cc->bits.mps = 0;
	cc->bits.css = SPDK_NVME_CC_CSS_NVM;
	if (opts->command_set != (enum spdk_nvme_cc_css)CHAR_BIT &&
	    opts->command_set != SPDK_NVME_CC_CSS_NVM) {
		SPDK_ERRLOG("%s: command set %u is asked for; only NVM is there\n",
		            ctrlr->trid.subnqn, (unsigned)opts->command_set);
		return false;
	}
	if ((opts->arb_mechanism == SPDK_NVME_CC_AMS_WRR &&
	     (ctrlr->cap.bits.ams & SPDK_NVME_CAP_AMS_WRR) == 0) ||
	    (opts->arb_mechanism == SPDK_NVME_CC_AMS_VS &&
	     (ctrlr->cap.bits.ams & SPDK_NVME_CAP_AMS_VS) == 0)) {
		SPDK_ERRLOG("%s: the controller lacks the arbitration that is asked for\n",
		            ctrlr->trid.subnqn);
		return false;
	}
	cc->bits.ams = opts->arb_mechanism;
	return true;
}

void
nvme_init_enable(struct spdk_nvme_ctrlr *ctrlr)
{
	union spdk_nvme_cc_register cc;
	int rc;

	rc = ctrlr->ops->ctrlr_enable != NULL ? ctrlr->ops->ctrlr_enable(ctrlr) : 0;
	if (rc == 0 && !init_make_cc(ctrlr, &cc)) {
		rc = -ENOTSUP;
	}
	if (rc == 0) {
		rc = ctrlr->ops->ctrlr_set_reg_4_async(ctrlr, REG(cc), cc.raw, init_enable_done,
		                                       ctrlr);
	}
	nvme_init_sent(ctrlr, rc);
}
