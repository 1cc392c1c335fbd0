/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A target as configuration: the calls that make it again, in an order in which they work. */

#include "nvmf_rpc.h"

static void
write_transport(struct spdk_json_write_ctx *w, struct spdk_nvmf_transport *transport)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "method", "nvmf_create_transport");
	spdk_json_write_name(w, "params");
	nvmf_transport_write_opts(w, transport);
	spdk_json_write_object_end(w);
}

static void
write_create_subsystem(struct spdk_json_write_ctx *w, const struct spdk_nvmf_subsystem *subsystem)
{
	const struct spdk_nvmf_subsystem_opts *opts = &subsystem->opts;

	rpc_write_entry_begin(w, "nvmf_create_subsystem");
	spdk_json_write_named_string(w, "nqn", subsystem->nqn);
	spdk_json_write_named_bool(w, "allow_any_host", subsystem->allow_any_host);
	spdk_json_write_named_string(w, "serial_number", opts->sn);
	spdk_json_write_named_string(w, "model_number", opts->mn);
	if (opts->admin_label[0] != '\0') {
		spdk_json_write_named_string(w, "admin_label", opts->admin_label);
	}
	spdk_json_write_named_uint32(w, "max_namespaces", opts->max_nsid);
	spdk_json_write_named_uint32(w, "min_cntlid", subsystem->min_cntlid);
	spdk_json_write_named_uint32(w, "max_cntlid", subsystem->max_cntlid);
	spdk_json_write_named_bool(w, "ana_reporting", opts->ana_reporting);
	spdk_json_write_named_uint32(w, "dmrsl", opts->dmrsl);
	spdk_json_write_named_uint32(w, "wzsl", opts->wzsl);
	spdk_json_write_named_bool(w, "passthrough", opts->passthrough);
	spdk_json_write_named_bool(w, "enable_nssr", opts->enable_nssr);
	rpc_write_entry_end(w);
}

static void
write_namespace(struct spdk_json_write_ctx *w, const struct spdk_nvmf_ns *ns)
{
	rpc_write_entry_begin(w, "nvmf_subsystem_add_ns");
	spdk_json_write_named_string(w, "nqn", ns->subsystem->nqn);
	spdk_json_write_named_object_begin(w, "namespace");
	spdk_json_write_named_uint32(w, "nsid", ns->nsid);
	spdk_json_write_named_string(w, "bdev_name", spdk_bdev_get_name(ns->bdev));
	nvmf_ns_write_ids(w, ns);
	spdk_json_write_named_bool(w, "no_auto_visible", ns->opts.no_auto_visible);
	spdk_json_write_object_end(w);
	rpc_write_entry_end(w);
}

static void
write_listener(struct spdk_json_write_ctx *w, const struct spdk_nvmf_subsystem_listener *listener)
{
	rpc_write_entry_begin(w, "nvmf_subsystem_add_listener");
	spdk_json_write_named_string(w, "nqn", listener->subsystem->nqn);
	rpc_nvmf_write_trid(w, "listen_address", &listener->trid);
	spdk_json_write_named_bool(w, "secure_channel", listener->opts.secure_channel);
	rpc_write_entry_end(w);
}

static void
write_subsystem(struct spdk_json_write_ctx *w, struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_subsystem_listener *listener;
	struct spdk_nvmf_host *host;
	struct spdk_nvmf_ns *ns;

	if (subsystem->subtype == SPDK_NVMF_SUBTYPE_NVME) {
		write_create_subsystem(w, subsystem);
		TAILQ_FOREACH(host, &subsystem->hosts, link) {
			rpc_write_entry_begin(w, "nvmf_subsystem_add_host");
			spdk_json_write_named_string(w, "nqn", subsystem->nqn);
			spdk_json_write_named_string(w, "host", host->nqn);
			rpc_write_entry_end(w);
		}
		for (ns = spdk_nvmf_subsystem_get_first_ns(subsystem); ns != NULL;
		     ns = spdk_nvmf_subsystem_get_next_ns(subsystem, ns)) {
			write_namespace(w, ns);
		}
	}
	TAILQ_FOREACH(listener, &subsystem->listeners, link) {
		write_listener(w, listener);
	}
}

static void
write_referral(struct spdk_json_write_ctx *w, const struct spdk_nvmf_referral *referral)
{
	rpc_write_entry_begin(w, "nvmf_discovery_add_referral");
	rpc_nvmf_write_trid(w, "address", &referral->trid);
	spdk_json_write_named_bool(w, "secure_channel", referral->secure_channel);
	spdk_json_write_named_string(w, "subnqn", referral->trid.subnqn);
	rpc_write_entry_end(w);
}

void
spdk_nvmf_tgt_write_config_json(struct spdk_json_write_ctx *w, struct spdk_nvmf_tgt *tgt)
{
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvmf_transport *transport;
	struct spdk_nvmf_referral *referral;

	assert(nvmf_tgt_on_thread(tgt));
	rpc_write_entry_begin(w, "nvmf_set_max_subsystems");
	spdk_json_write_named_uint32(w, "max_subsystems", tgt->max_subsystems);
	rpc_write_entry_end(w);
	rpc_write_entry_begin(w, "nvmf_set_crdt");
	spdk_json_write_named_uint32(w, "crdt1", tgt->crdt[0]);
	spdk_json_write_named_uint32(w, "crdt2", tgt->crdt[1]);
	spdk_json_write_named_uint32(w, "crdt3", tgt->crdt[2]);
	rpc_write_entry_end(w);
	TAILQ_FOREACH(transport, &tgt->transports, link) {
		write_transport(w, transport);
	}
	TAILQ_FOREACH(subsystem, &tgt->subsystems, link) {
		write_subsystem(w, subsystem);
	}
	TAILQ_FOREACH(referral, &tgt->referrals, link) {
		write_referral(w, referral);
	}
}
