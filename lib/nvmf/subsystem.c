/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Subsystems: what one is called and allows, and its life from create to destroy. All on the target
 * thread. The states are in subsystem_state.c, its parts in ns.c, host.c, listener.c.
 */

#include "nvmf_internal.h"
#include "spdk_internal/usdt.h"

void
spdk_nvmf_subsystem_opts_init(enum spdk_nvmf_subtype type, struct spdk_nvmf_subsystem_opts *opts,
                              size_t opts_size)
{
	struct spdk_nvmf_subsystem_opts all;

	memset(&all, 0, sizeof(all));
	all.opts_size = opts_size;
	all.type = type;
	all.max_nsid = type == SPDK_NVMF_SUBTYPE_NVME ? NVMF_MAX_NAMESPACES_DEFAULT : 0;
	snprintf(all.sn, sizeof(all.sn), "%s", "00000000000000000000");
	snprintf(all.mn, sizeof(all.mn), "%s", "SPDK bdev Controller");
	memcpy(opts, &all, spdk_min(opts_size, sizeof(all)));
}

/** Serial and model number are ASCII, 20h to 7Eh. NVMe Base 2.0, 1.4.2. */
bool
nvmf_is_ascii_text(const char *s, size_t max)
{
	size_t i;

	for (i = 0; i < max && s[i] != '\0'; i++) {
		if (s[i] < 0x20 || s[i] > 0x7e) {
			return false;
		}
	}
	return i < max;
}

static int
subsystem_check_opts(const char *nqn, const struct spdk_nvmf_subsystem_opts *opts)
{
	if (!wire_nqn_is_valid(nqn)) {
		SPDK_ERRLOG("'%s' is not a valid NQN\n", nqn);
		return -EINVAL;
	}
	if (opts->type == SPDK_NVMF_SUBTYPE_NVME && strcmp(nqn, SPDK_NVMF_DISCOVERY_NQN) == 0) {
		SPDK_ERRLOG("%s is the name of the discovery subsystem\n", nqn);
		return -EINVAL;
	}
	if (!nvmf_is_ascii_text(opts->sn, sizeof(opts->sn)) ||
	    !nvmf_is_ascii_text(opts->mn, sizeof(opts->mn))) {
		SPDK_ERRLOG("%s: serial and model number must be printable ASCII\n", nqn);
		return -EINVAL;
	}
	if (opts->max_nsid > NVMF_MAX_NAMESPACES_LIMIT) {
		SPDK_ERRLOG("%s: max_namespaces %u is above %d\n", nqn, opts->max_nsid,
		            NVMF_MAX_NAMESPACES_LIMIT);
		return -EINVAL;
	}
	if (opts->ana_reporting || opts->passthrough || opts->enable_nssr) {
		SPDK_ERRLOG("%s: ANA reporting, passthrough and subsystem reset are not built\n",
		            nqn);
		return -ENOTSUP;
	}
	return 0;
}

static struct spdk_nvmf_subsystem *
subsystem_alloc(struct spdk_nvmf_tgt *tgt, uint32_t id, const char *nqn,
                const struct spdk_nvmf_subsystem_opts *opts)
{
	struct spdk_nvmf_subsystem *subsystem = calloc(1, sizeof(*subsystem));

	if (subsystem == NULL) {
		return NULL;
	}
	if (opts->max_nsid > 0) {
		subsystem->ns = calloc(opts->max_nsid, sizeof(*subsystem->ns));
		if (subsystem->ns == NULL) {
			free(subsystem);
			return NULL;
		}
	}
	subsystem->tgt = tgt;
	subsystem->id = id;
	subsystem->subtype = opts->type;
	subsystem->opts = *opts;
	snprintf(subsystem->nqn, sizeof(subsystem->nqn), "%s", nqn);
	subsystem->min_cntlid = NVMF_MIN_CNTLID;
	subsystem->max_cntlid = NVMF_MAX_CNTLID;
	subsystem->next_cntlid = NVMF_MIN_CNTLID;
	TAILQ_INIT(&subsystem->hosts);
	TAILQ_INIT(&subsystem->listeners);
	TAILQ_INIT(&subsystem->ctrlrs);
	STAILQ_INIT(&subsystem->ops);
	return subsystem;
}

struct spdk_nvmf_subsystem *
spdk_nvmf_subsystem_create_ext(struct spdk_nvmf_tgt *tgt, const char *nqn,
                               enum spdk_nvmf_subtype type,
                               const struct spdk_nvmf_subsystem_opts *user_opts)
{
	struct spdk_nvmf_subsystem_opts opts;
	struct spdk_nvmf_subsystem *subsystem;
	uint32_t id;

	USDT_PROBE1(nvmf_subsystem_create, nqn);
	assert(nvmf_tgt_on_thread(tgt));
	spdk_nvmf_subsystem_opts_init(type, &opts, sizeof(opts));
	if (user_opts != NULL && user_opts->opts_size == 0) {
		SPDK_ERRLOG("subsystem %s: its options have the size 0\n", nqn);
		return NULL;
	}
	if (user_opts != NULL) {
		memcpy(&opts, user_opts, spdk_min(user_opts->opts_size, sizeof(opts)));
		opts.opts_size = sizeof(opts);
		opts.type = type;
		if (type == SPDK_NVMF_SUBTYPE_NVME && opts.max_nsid == 0) {
			opts.max_nsid = NVMF_MAX_NAMESPACES_DEFAULT;
		}
	}
	if (type != SPDK_NVMF_SUBTYPE_NVME) {
		opts.max_nsid = 0;
	}
	if (subsystem_check_opts(nqn, &opts) != 0) {
		return NULL;
	}
	if (spdk_nvmf_tgt_find_subsystem(tgt, nqn) != NULL) {
		SPDK_ERRLOG("subsystem %s exists already\n", nqn);
		return NULL;
	}
	id = spdk_bit_array_find_first_clear(tgt->subsystem_ids, 0);
	if (id == UINT32_MAX) {
		SPDK_ERRLOG("target '%s' has its %u subsystems: raise max_subsystems\n", tgt->name,
		            tgt->max_subsystems);
		return NULL;
	}
	subsystem = subsystem_alloc(tgt, id, nqn, &opts);
	if (subsystem != NULL) {
		spdk_bit_array_set(tgt->subsystem_ids, id);
		pthread_mutex_lock(&tgt->mutex);
		TAILQ_INSERT_TAIL(&tgt->subsystems, subsystem, link);
		pthread_mutex_unlock(&tgt->mutex);
		subsystem->seq = nvmf_lists_changed();
	}
	return subsystem;
}

void
nvmf_subsystem_free(struct spdk_nvmf_subsystem *subsystem)
{
	struct spdk_nvmf_tgt *tgt = subsystem->tgt;

	nvmf_subsystem_fail_ops(subsystem);
	nvmf_subsystem_free_listeners(subsystem);
	nvmf_subsystem_free_hosts(subsystem);
	nvmf_subsystem_free_namespaces(subsystem);
	pthread_mutex_lock(&tgt->mutex);
	TAILQ_REMOVE(&tgt->subsystems, subsystem, link);
	pthread_mutex_unlock(&tgt->mutex);
	nvmf_lists_changed();
	spdk_bit_array_clear(tgt->subsystem_ids, subsystem->id);
	nvmf_discovery_changed(tgt);
	free(subsystem->ns);
	free(subsystem);
}

int
spdk_nvmf_subsystem_destroy(struct spdk_nvmf_subsystem *subsystem, nvmf_subsystem_destroy_cb cpl_cb,
                            void *cpl_cb_arg)
{
	USDT_PROBE1(nvmf_subsystem_destroy, subsystem->nqn);
	assert(nvmf_tgt_on_thread(subsystem->tgt));
	if (subsystem->state != NVMF_SUBSYSTEM_INACTIVE) {
		return -EAGAIN;
	}
	if (subsystem->destroying) {
		return -EALREADY;
	}
	if (subsystem->op_running) {
		/* The end of an operation that is under way frees it. */
		subsystem->destroying = true;
		subsystem->destroy_cb_fn = cpl_cb;
		subsystem->destroy_cb_arg = cpl_cb_arg;
		return -EINPROGRESS;
	}
	assert(TAILQ_EMPTY(&subsystem->ctrlrs));
	nvmf_subsystem_free(subsystem);
	return 0;
}

int
spdk_nvmf_subsystem_set_cntlid_range(struct spdk_nvmf_subsystem *subsystem, uint16_t min_cntlid,
                                     uint16_t max_cntlid)
{
	if (subsystem->state != NVMF_SUBSYSTEM_INACTIVE) {
		return -EAGAIN;
	}
	if (min_cntlid < NVMF_MIN_CNTLID || max_cntlid > NVMF_MAX_CNTLID ||
	    min_cntlid > max_cntlid) {
		return -EINVAL;
	}
	subsystem->min_cntlid = min_cntlid;
	subsystem->max_cntlid = max_cntlid;
	subsystem->next_cntlid = min_cntlid;
	return 0;
}

uint16_t
spdk_nvmf_subsystem_get_min_cntlid(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->min_cntlid;
}

uint16_t
spdk_nvmf_subsystem_get_max_cntlid(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->max_cntlid;
}

const struct spdk_nvmf_subsystem_opts *
spdk_nvmf_subsystem_get_opts(const struct spdk_nvmf_subsystem *subsystem)
{
	return &subsystem->opts;
}

const char *
spdk_nvmf_subsystem_get_nqn(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->nqn;
}

bool
spdk_nvmf_subsystem_is_discovery(struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->subtype != SPDK_NVMF_SUBTYPE_NVME;
}

bool
nvmf_subsystem_is_active(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->state != NVMF_SUBSYSTEM_INACTIVE &&
	       subsystem->state != NVMF_SUBSYSTEM_DEACTIVATING;
}

/** Without memory for a number, the list says "too many to name". */
static void
any_ns_changed_msg(void *arg)
{
	nvmf_ctrlr_note_changed_ns(arg, 0);
}

struct ns_changed {
	struct spdk_nvmf_ctrlr *ctrlr;
	uint32_t nsid;
};

static void
ns_changed_msg(void *arg)
{
	struct ns_changed *msg = arg;

	nvmf_ctrlr_note_changed_ns(msg->ctrlr, msg->nsid);
	free(msg);
}

/** The controller outlives the message: it is freed by a message that the target thread sends to
 *  the same thread later, when the controller is in no list any more. */
void
nvmf_subsystem_ns_changed(struct spdk_nvmf_subsystem *subsystem, uint32_t nsid)
{
	struct spdk_nvmf_ctrlr *ctrlr;
	struct ns_changed *msg;

	assert(nvmf_tgt_on_thread(subsystem->tgt));
	TAILQ_FOREACH(ctrlr, &subsystem->ctrlrs, link) {
		msg = malloc(sizeof(*msg));
		if (msg == NULL) {
			spdk_thread_send_msg(ctrlr->thread, any_ns_changed_msg, ctrlr);
			continue;
		}
		msg->ctrlr = ctrlr;
		msg->nsid = nsid;
		spdk_thread_send_msg(ctrlr->thread, ns_changed_msg, msg);
	}
}

bool
nvmf_subsystem_is_inactive(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->state == NVMF_SUBSYSTEM_INACTIVE;
}
