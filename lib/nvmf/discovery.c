/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The discovery log: one entry for each listener of each subsystem that the asking host may use,
 * and the referrals. It is built on the target thread, which owns all of that, straight into the
 * request's buffers; the request waits meanwhile.
 *
 * Each change of the log raises the generation counter and tells the discovery controllers.
 */

#include "nvmf_internal.h"

struct discovery_read {
	struct spdk_nvmf_request *req;
	struct spdk_thread *thread;
	struct spdk_nvmf_tgt *tgt;
	char hostnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	struct spdk_nvme_transport_id source;
	struct spdk_nvmf_subsystem *subsystem; /* the discovery subsystem that was asked */
	uint64_t offset;
	uint32_t num_entries;
	struct wire_disc_entry *entries;
	int status;
};

static bool
listener_passes_filter(const struct discovery_read *read, const struct spdk_nvme_transport_id *trid)
{
	uint32_t filter = read->tgt->discovery_filter; /* bits, of which the enum has the numbers */

	if ((filter & 1u << SPDK_NVMF_TGT_DISCOVERY_FILTER_TYPE) &&
	    strcasecmp(trid->trstring, read->source.trstring) != 0) {
		return false;
	}
	if ((filter & 1u << SPDK_NVMF_TGT_DISCOVERY_FILTER_ADDRESS) &&
	    strcasecmp(trid->traddr, read->source.traddr) != 0) {
		return false;
	}
	return !(filter & 1u << SPDK_NVMF_TGT_DISCOVERY_FILTER_SVCID) ||
	       strcasecmp(trid->trsvcid, read->source.trsvcid) == 0;
}

static void
entry_set_trid(struct wire_disc_entry *entry, const struct spdk_nvme_transport_id *trid)
{
	entry->trtype = (uint8_t)trid->trtype;
	entry->adrfam = (uint8_t)trid->adrfam;
	entry->treq = SPDK_NVMF_TREQ_SECURE_CHANNEL_NOT_SPECIFIED;
	entry->sectype = SPDK_NVME_TCP_SECURITY_NONE;
	entry->cntlid = 0xffff;
	snprintf(entry->traddr, sizeof(entry->traddr), "%s", trid->traddr);
	snprintf(entry->trsvcid, sizeof(entry->trsvcid), "%s", trid->trsvcid);
}

static void
entry_from_listener(struct wire_disc_entry *entry,
                    const struct spdk_nvmf_subsystem_listener *listener,
                    const struct spdk_nvmf_subsystem *asked)
{
	entry_set_trid(entry, &listener->trid);
	entry->subtype = (uint8_t)listener->subsystem->subtype;
	if (listener->subsystem == asked) {
		entry->subtype = SPDK_NVMF_SUBTYPE_DISCOVERY_CURRENT;
	}
	entry->portid = listener->portid;
	entry->asqsz = (uint16_t)listener->transport->opts.max_aq_depth;
	snprintf(entry->subnqn, sizeof(entry->subnqn), "%s", listener->subsystem->nqn);
}

static void
entry_from_referral(struct wire_disc_entry *entry, const struct spdk_nvmf_referral *referral)
{
	entry_set_trid(entry, &referral->trid);
	entry->subtype = SPDK_NVMF_SUBTYPE_DISCOVERY;
	entry->asqsz = 128;
	if (referral->secure_channel) {
		entry->treq = SPDK_NVMF_TREQ_SECURE_CHANNEL_REQUIRED;
	}
	snprintf(entry->subnqn, sizeof(entry->subnqn), "%s", referral->trid.subnqn);
}

/** Visit all entries: fill those of `entries` when it is there, count anyhow. */
static uint32_t
discovery_walk(struct discovery_read *read, struct wire_disc_entry *entries)
{
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvmf_subsystem_listener *listener;
	struct spdk_nvmf_referral *referral;
	uint32_t n = 0;

	TAILQ_FOREACH(subsystem, &read->tgt->subsystems, link) {
		if (!nvmf_subsystem_is_active(subsystem) ||
		    !spdk_nvmf_subsystem_host_allowed(subsystem, read->hostnqn)) {
			continue;
		}
		TAILQ_FOREACH(listener, &subsystem->listeners, link) {
			if (!listener_passes_filter(read, &listener->trid)) {
				continue;
			}
			if (entries != NULL) {
				entry_from_listener(&entries[n], listener, read->subsystem);
			}
			n++;
		}
	}
	TAILQ_FOREACH(referral, &read->tgt->referrals, link) {
		if (entries != NULL) {
			entry_from_referral(&entries[n], referral);
		}
		n++;
	}
	return n;
}

static void
discovery_get_entry(void *ctx, uint64_t index, struct wire_disc_entry *entry)
{
	const struct discovery_read *read = ctx;

	*entry = read->entries[index];
}

static void
discovery_read_done(void *arg)
{
	struct discovery_read *read = arg;
	struct spdk_nvmf_request *req = read->req;

	if (read->status != 0) {
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INTERNAL_DEVICE_ERROR);
	}
	free(read);
	spdk_nvmf_request_complete(req);
}

static void
discovery_read_on_target(void *arg)
{
	struct discovery_read *read = arg;
	struct wire_disc_log log = { .get = discovery_get_entry, .ctx = read };

	read->num_entries = discovery_walk(read, NULL);
	read->entries = calloc(read->num_entries + 1, sizeof(*read->entries));
	if (read->entries == NULL) {
		read->status = -ENOMEM;
	} else {
		discovery_walk(read, read->entries);
		log.genctr = read->tgt->discovery_genctr;
		log.numrec = read->num_entries;
		wire_disc_log_read(&log, read->offset, read->req->iov, read->req->iovcnt);
		free(read->entries);
	}
	spdk_thread_send_msg(read->thread, discovery_read_done, read);
}

enum spdk_nvmf_request_exec_status
nvmf_discovery_log_exec(struct spdk_nvmf_request *req, uint64_t offset, bool clear)
{
	struct spdk_nvmf_ctrlr *ctrlr = req->qpair->ctrlr;
	struct discovery_read *read = calloc(1, sizeof(*read));

	if (read == NULL) {
		nvmf_rsp_set(req, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INTERNAL_DEVICE_ERROR);
		return SPDK_NVMF_REQUEST_EXEC_STATUS_COMPLETE;
	}
	read->req = req;
	read->thread = spdk_get_thread();
	read->tgt = ctrlr->subsys->tgt;
	read->subsystem = ctrlr->subsys;
	read->source = ctrlr->listen_trid;
	read->offset = offset;
	snprintf(read->hostnqn, sizeof(read->hostnqn), "%s", ctrlr->hostnqn);
	if (clear) {
		nvmf_ctrlr_unmask_notice(ctrlr, NVMF_NOTICE_DISCOVERY);
	}
	spdk_thread_send_msg(read->tgt->thread, discovery_read_on_target, read);
	return SPDK_NVMF_REQUEST_EXEC_STATUS_ASYNCHRONOUS;
}

static void
discovery_notice_msg(void *arg)
{
	nvmf_ctrlr_notify(arg, NVMF_NOTICE_DISCOVERY);
}

/** Why the controllers outlive the messages: ctrlr.c. */
static void
discovery_notify(struct spdk_nvmf_tgt *tgt, const char *hostnqn)
{
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvmf_ctrlr *ctrlr;

	TAILQ_FOREACH(subsystem, &tgt->subsystems, link) {
		if (subsystem->subtype == SPDK_NVMF_SUBTYPE_NVME) {
			continue;
		}
		TAILQ_FOREACH(ctrlr, &subsystem->ctrlrs, link) {
			if (hostnqn == NULL || strcmp(hostnqn, ctrlr->hostnqn) == 0) {
				spdk_thread_send_msg(ctrlr->thread, discovery_notice_msg, ctrlr);
			}
		}
	}
}

void
nvmf_discovery_changed(struct spdk_nvmf_tgt *tgt)
{
	assert(nvmf_tgt_on_thread(tgt));
	tgt->discovery_genctr++;
	discovery_notify(tgt, NULL);
}

void
spdk_nvmf_send_discovery_log_notice(struct spdk_nvmf_tgt *tgt, const char *hostnqn)
{
	assert(nvmf_tgt_on_thread(tgt));
	tgt->discovery_genctr++;
	discovery_notify(tgt, hostnqn);
}

/* ---- Referrals ---- */

static struct spdk_nvmf_referral *
find_referral(struct spdk_nvmf_tgt *tgt, const struct spdk_nvme_transport_id *trid)
{
	struct spdk_nvmf_referral *referral;

	TAILQ_FOREACH(referral, &tgt->referrals, link) {
		if (nvmf_trid_equal(&referral->trid, trid) &&
		    strcmp(referral->trid.subnqn, trid->subnqn) == 0) {
			return referral;
		}
	}
	return NULL;
}

static void
referral_trid(const struct spdk_nvmf_referral_opts *opts, struct spdk_nvme_transport_id *trid)
{
	*trid = opts->trid;
	if (trid->subnqn[0] == '\0') {
		snprintf(trid->subnqn, sizeof(trid->subnqn), "%s", SPDK_NVMF_DISCOVERY_NQN);
	}
}

int
spdk_nvmf_tgt_add_referral(struct spdk_nvmf_tgt *tgt, const struct spdk_nvmf_referral_opts *opts)
{
	struct spdk_nvmf_referral *referral;
	struct spdk_nvme_transport_id trid;

	assert(nvmf_tgt_on_thread(tgt));
	referral_trid(opts, &trid);
	if (!wire_nqn_is_valid(trid.subnqn)) {
		return -EINVAL;
	}
	if (find_referral(tgt, &trid) != NULL) {
		return 0;
	}
	referral = calloc(1, sizeof(*referral));
	if (referral == NULL) {
		return -ENOMEM;
	}
	referral->trid = trid;
	referral->secure_channel = SPDK_GET_FIELD(opts, secure_channel, false);
	TAILQ_INSERT_TAIL(&tgt->referrals, referral, link);
	nvmf_discovery_changed(tgt);
	return 0;
}

int
spdk_nvmf_tgt_remove_referral(struct spdk_nvmf_tgt *tgt, const struct spdk_nvmf_referral_opts *opts)
{
	struct spdk_nvmf_referral *referral;
	struct spdk_nvme_transport_id trid;

	assert(nvmf_tgt_on_thread(tgt));
	referral_trid(opts, &trid);
	referral = find_referral(tgt, &trid);
	if (referral == NULL) {
		return -ENOENT;
	}
	TAILQ_REMOVE(&tgt->referrals, referral, link);
	free(referral);
	nvmf_discovery_changed(tgt);
	return 0;
}

struct spdk_nvmf_referral *
spdk_nvmf_tgt_get_first_referral(struct spdk_nvmf_tgt *tgt)
{
	return TAILQ_FIRST(&tgt->referrals);
}

struct spdk_nvmf_referral *
spdk_nvmf_tgt_referral_get_next(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_referral *prev_referral)
{
	return TAILQ_NEXT(prev_referral, link);
}

const struct spdk_nvme_transport_id *
spdk_nvmf_referral_get_trid(struct spdk_nvmf_referral *referral)
{
	return &referral->trid;
}
