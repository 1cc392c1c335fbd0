/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * On which addresses a subsystem may be reached. Target thread. The address itself is the
 * transport's (transport.c); a listener here says that Connect through it is allowed, and puts an
 * entry in the discovery log.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

static struct spdk_nvmf_subsystem_listener *
subsystem_find_listener(const struct spdk_nvmf_subsystem *subsystem,
                        const struct spdk_nvme_transport_id *trid)
{
	struct spdk_nvmf_subsystem_listener *listener;

	TAILQ_FOREACH(listener, &subsystem->listeners, link) {
		if (nvmf_trid_equal(&listener->trid, trid)) {
			return listener;
		}
	}
	return NULL;
}

void
spdk_nvmf_subsystem_listener_opts_init(struct spdk_nvmf_listener_opts *opts, size_t size)
{
	struct spdk_nvmf_listener_opts all;

	memset(&all, 0, sizeof(all));
	all.opts_size = size;
	all.ana_state = SPDK_NVME_ANA_OPTIMIZED_STATE;
	memcpy(opts, &all, spdk_min(size, sizeof(all)));
}

/** How far the door is open: one line for each listener, and one when any host is let in later. */
void
nvmf_listener_say(const struct spdk_nvmf_subsystem_listener *listener)
{
	const struct spdk_nvmf_subsystem *subsystem = listener->subsystem;

	if (subsystem->subtype != SPDK_NVMF_SUBTYPE_NVME) {
		return; /* it names subsystems, and to each host only those that it may use */
	}
	SPDK_NOTICELOG(
	        "%s: %s %s:%s is plaintext, and %s: keep it on a network that you trust%s\n",
	        subsystem->nqn, listener->trid.trstring, listener->trid.traddr,
	        listener->trid.trsvcid,
	        subsystem->allow_any_host ? "lets any host in" : "a host is known by its name only",
	        subsystem->allow_any_host ? ", or name its hosts (nvmf_subsystem_add_host)" : "");
}

static int
listener_add(struct spdk_nvmf_subsystem *subsystem, const struct spdk_nvme_transport_id *trid,
             const struct spdk_nvmf_listener_opts *opts)
{
	struct spdk_nvmf_subsystem_listener *listener;
	struct spdk_nvmf_transport *transport;

	if (subsystem_find_listener(subsystem, trid) != NULL) {
		return -EEXIST;
	}
	transport = spdk_nvmf_tgt_get_transport(subsystem->tgt, trid->trstring);
	if (transport == NULL || nvmf_transport_find_listener(transport, trid) == NULL) {
		SPDK_ERRLOG("%s: nobody listens on %s %s:%s\n", subsystem->nqn, trid->trstring,
		            trid->traddr, trid->trsvcid);
		return -EINVAL;
	}
	listener = calloc(1, sizeof(*listener));
	if (listener == NULL) {
		return -ENOMEM;
	}
	listener->subsystem = subsystem;
	listener->trid = *trid;
	listener->transport = transport;
	listener->opts = *opts;
	listener->opts.sock_impl = NULL;
	listener->portid = subsystem->next_portid++;
	TAILQ_INSERT_TAIL(&subsystem->listeners, listener, link);
	nvmf_listener_say(listener);
	nvmf_discovery_changed(subsystem->tgt);
	return 0;
}

void
spdk_nvmf_subsystem_add_listener_ext(struct spdk_nvmf_subsystem *subsystem,
                                     const struct spdk_nvme_transport_id *trid,
                                     spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg,
                                     struct spdk_nvmf_listener_opts *user_opts)
{
	struct spdk_nvmf_listener_opts opts;
	int rc;

	USDT_PROBE4(nvmf_subsystem_add_listener, subsystem->nqn, trid->trtype, trid->traddr,
	            trid->trsvcid);
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	spdk_nvmf_subsystem_listener_opts_init(&opts, sizeof(opts));
	if (user_opts != NULL) {
		memcpy(&opts, user_opts, spdk_min(user_opts->opts_size, sizeof(opts)));
		opts.opts_size = sizeof(opts);
	}
	if (user_opts != NULL && user_opts->opts_size == 0) {
		SPDK_ERRLOG("%s: the options of a listener have the size 0\n", subsystem->nqn);
		rc = -EINVAL;
	} else if (opts.secure_channel || opts.ana_state != SPDK_NVME_ANA_OPTIMIZED_STATE) {
		SPDK_ERRLOG("%s: secure channels and ANA states are not built\n", subsystem->nqn);
		rc = -ENOTSUP;
	} else {
		rc = listener_add(subsystem, trid, &opts);
	}
	cb_fn(cb_arg, rc);
}

void
spdk_nvmf_subsystem_add_listener(struct spdk_nvmf_subsystem *subsystem,
                                 const struct spdk_nvme_transport_id *trid,
                                 spdk_nvmf_tgt_subsystem_listen_done_fn cb_fn, void *cb_arg)
{
	spdk_nvmf_subsystem_add_listener_ext(subsystem, trid, cb_fn, cb_arg, NULL);
}

static void
listener_free(struct spdk_nvmf_subsystem_listener *listener)
{
	TAILQ_REMOVE(&listener->subsystem->listeners, listener, link);
	nvmf_discovery_changed(listener->subsystem->tgt);
	free(listener);
}

int
spdk_nvmf_subsystem_remove_listener(struct spdk_nvmf_subsystem *subsystem,
                                    const struct spdk_nvme_transport_id *trid)
{
	struct spdk_nvmf_subsystem_listener *listener;

	USDT_PROBE4(nvmf_subsystem_remove_listener, subsystem->nqn, trid->trtype, trid->traddr,
	            trid->trsvcid);
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	listener = subsystem_find_listener(subsystem, trid);
	if (listener == NULL) {
		return -ENOENT;
	}
	listener_free(listener);
	return 0;
}

/** What add_listener took from the transport goes back with the subsystem. */
void
nvmf_subsystem_free_listeners(struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_subsystem_listener *listener;

	while ((listener = TAILQ_FIRST(&subsystem->listeners)) != NULL) {
		spdk_nvmf_transport_stop_listen(listener->transport, &listener->trid);
		listener_free(listener);
	}
}

void
nvmf_subsystem_drop_transport(struct spdk_nvmf_subsystem *subsystem,
                              struct spdk_nvmf_transport *transport)
{
	struct spdk_nvmf_subsystem_listener *listener, *tmp;

	TAILQ_FOREACH_SAFE(listener, &subsystem->listeners, link, tmp) {
		if (listener->transport == transport) {
			listener_free(listener);
		}
	}
}

/** The discovery subsystem answers on every address where nobody named some for it. */
bool
spdk_nvmf_subsystem_listener_allowed(struct spdk_nvmf_subsystem *subsystem,
                                     const struct spdk_nvme_transport_id *trid)
{
	if (subsystem->allow_any_listener) {
		return true;
	}
	if (subsystem->subtype != SPDK_NVMF_SUBTYPE_NVME && TAILQ_EMPTY(&subsystem->listeners)) {
		return true;
	}
	return subsystem_find_listener(subsystem, trid) != NULL;
}

struct spdk_nvmf_subsystem_listener *
spdk_nvmf_subsystem_get_first_listener(struct spdk_nvmf_subsystem *subsystem)
{
	return TAILQ_FIRST(&subsystem->listeners);
}

struct spdk_nvmf_subsystem_listener *
spdk_nvmf_subsystem_get_next_listener(struct spdk_nvmf_subsystem *subsystem,
                                      struct spdk_nvmf_subsystem_listener *prev_listener)
{
	return TAILQ_NEXT(prev_listener, link);
}

const struct spdk_nvme_transport_id *
spdk_nvmf_subsystem_listener_get_trid(struct spdk_nvmf_subsystem_listener *listener)
{
	return &listener->trid;
}

void
spdk_nvmf_subsystem_allow_any_listener(struct spdk_nvmf_subsystem *subsystem,
                                       bool allow_any_listener)
{
	subsystem->allow_any_listener = allow_any_listener;
}

bool
spdk_nvmf_subsystem_any_listener_allowed(struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->allow_any_listener;
}
