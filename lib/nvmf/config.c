/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A target as configuration: the calls that make it again, in an order in which they work, all at
 * once or in pieces. Target thread. */

#include "nvmf_rpc.h"
#include "spdk_internal/json.h"
#include "spdk_internal/rpc_pieces.h"

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
write_referral(struct spdk_json_write_ctx *w, const struct spdk_nvmf_referral *referral)
{
	rpc_write_entry_begin(w, "nvmf_discovery_add_referral");
	rpc_nvmf_write_trid(w, "address", &referral->trid);
	spdk_json_write_named_bool(w, "secure_channel", referral->secure_channel);
	spdk_json_write_named_string(w, "subnqn", referral->trid.subnqn);
	rpc_write_entry_end(w);
}

/* ---- In pieces ---- */

enum config_part {
	CONFIG_TGT,       /* options and transports */
	CONFIG_SUBSYSTEM, /* of each subsystem: */
	CONFIG_HOSTS,
	CONFIG_NAMESPACES,
	CONFIG_LISTENERS, /* then the next subsystem */
	CONFIG_REFERRALS,
	CONFIG_END,
};

struct config {
	struct rpc_pieces pieces;
	struct nvmf_walk walk;
	enum config_part part;
	uint32_t pos; /* in the list of the part */
};

static void
write_tgt(struct spdk_json_write_ctx *w, const struct spdk_nvmf_tgt *tgt)
{
	struct spdk_nvmf_transport *transport;

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
}

static void
write_host(struct spdk_json_write_ctx *w, const struct spdk_nvmf_subsystem *subsystem,
           const struct spdk_nvmf_host *host)
{
	rpc_write_entry_begin(w, "nvmf_subsystem_add_host");
	spdk_json_write_named_string(w, "nqn", subsystem->nqn);
	spdk_json_write_named_string(w, "host", host->nqn);
	rpc_write_entry_end(w);
}

/* Some elements of the list, from *pos on. How many; 0: that was the end. */
static uint32_t
write_hosts(struct spdk_json_write_ctx *w, struct spdk_nvmf_subsystem *subsystem, uint32_t *pos)
{
	const struct spdk_nvmf_host *host;
	uint32_t i = 0, num = 0;

	TAILQ_FOREACH(host, &subsystem->hosts, link) {
		if (i++ >= *pos && num < NVMF_PER_PIECE) {
			write_host(w, subsystem, host);
			num++;
		}
	}
	*pos += num;
	return num;
}

static uint32_t
write_listeners(struct spdk_json_write_ctx *w, struct spdk_nvmf_subsystem *subsystem, uint32_t *pos)
{
	const struct spdk_nvmf_subsystem_listener *listener;
	uint32_t i = 0, num = 0;

	TAILQ_FOREACH(listener, &subsystem->listeners, link) {
		if (i++ >= *pos && num < NVMF_PER_PIECE) {
			write_listener(w, listener);
			num++;
		}
	}
	*pos += num;
	return num;
}

static uint32_t
write_referrals(struct spdk_json_write_ctx *w, struct spdk_nvmf_tgt *tgt, uint32_t *pos)
{
	const struct spdk_nvmf_referral *referral;
	uint32_t i = 0, num = 0;

	TAILQ_FOREACH(referral, &tgt->referrals, link) {
		if (i++ >= *pos && num < NVMF_PER_PIECE) {
			write_referral(w, referral);
			num++;
		}
	}
	*pos += num;
	return num;
}

static uint32_t
write_namespaces(struct spdk_json_write_ctx *w, struct spdk_nvmf_subsystem *subsystem,
                 uint32_t *pos)
{
	const struct spdk_nvmf_ns *ns;
	uint32_t num;

	for (num = 0; num < NVMF_PER_PIECE; num++) {
		ns = nvmf_ns_from(subsystem, *pos + 1);
		if (ns == NULL) {
			break;
		}
		write_namespace(w, ns);
		*pos = ns->nsid;
	}
	return num;
}

/* Whether the part has more. */
static bool
subsystem_part(struct config *c, struct spdk_json_write_ctx *w,
               struct spdk_nvmf_subsystem *subsystem)
{
	bool nvme = subsystem->subtype == SPDK_NVMF_SUBTYPE_NVME;

	switch (c->part) {
	case CONFIG_SUBSYSTEM:
		if (nvme) {
			write_create_subsystem(w, subsystem);
		}
		return false;
	case CONFIG_HOSTS:
		return nvme && write_hosts(w, subsystem, &c->pos) > 0;
	case CONFIG_NAMESPACES:
		return nvme && write_namespaces(w, subsystem, &c->pos) > 0;
	default:
		return write_listeners(w, subsystem, &c->pos) > 0;
	}
}

static void
set_part(struct config *c, enum config_part part)
{
	c->part = part;
	c->pos = 0;
}

static void
next_of_subsystem(struct config *c, struct spdk_json_write_ctx *w)
{
	uint64_t seq = c->walk.seq;
	struct spdk_nvmf_subsystem *subsystem = nvmf_walk_at(&c->walk);

	if (subsystem == NULL) {
		set_part(c, CONFIG_REFERRALS);
	} else if (c->walk.seq != seq) {
		set_part(c, CONFIG_SUBSYSTEM); /* the one at hand is gone: this is the next */
	} else if (!subsystem_part(c, w, subsystem)) {
		if (c->part == CONFIG_LISTENERS) {
			nvmf_walk_next(&c->walk);
			set_part(c, CONFIG_SUBSYSTEM);
		} else {
			set_part(c, c->part + 1);
		}
	}
}

static bool
config_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct config *c = SPDK_CONTAINEROF(pieces, struct config, pieces);
	struct spdk_nvmf_tgt *tgt = nvmf_walk_tgt(&c->walk);

	if (tgt == NULL || c->part == CONFIG_END) {
		return false;
	}
	if (c->part == CONFIG_TGT) {
		write_tgt(w, tgt);
		set_part(c, CONFIG_SUBSYSTEM);
	} else if (c->part != CONFIG_REFERRALS) {
		next_of_subsystem(c, w);
	} else if (write_referrals(w, tgt, &c->pos) == 0) {
		set_part(c, CONFIG_END);
	}
	return true;
}

static void
config_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct config *c = SPDK_CONTAINEROF(pieces, struct config, pieces);

	nvmf_walk_end(&c->walk);
	free(c);
}

struct rpc_pieces *
nvmf_tgt_config_pieces(struct spdk_nvmf_tgt *tgt)
{
	struct config *c = calloc(1, sizeof(*c));

	assert(nvmf_tgt_on_thread(tgt));
	if (c == NULL) {
		return NULL;
	}
	c->pieces.next = config_next;
	c->pieces.end = config_end;
	nvmf_walk_begin(&c->walk, tgt);
	return &c->pieces;
}

void
spdk_nvmf_tgt_write_config_json(struct spdk_json_write_ctx *w, struct spdk_nvmf_tgt *tgt)
{
	struct rpc_pieces *pieces = nvmf_tgt_config_pieces(tgt);

	if (pieces != NULL) {
		rpc_write_pieces(w, pieces);
	} else {
		json_write_fail(w);
	}
}
