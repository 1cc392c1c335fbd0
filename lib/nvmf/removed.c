/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What SPDK has dropped of nvmf.h, nvmf_cmd.h and nvmf_transport.h: thin wrappers of what took its
 * place, mostly of a subsystem's options. On the target's thread; requests on their queue's. */

#include "nvmf_internal.h"

struct spdk_nvmf_subsystem *
spdk_nvmf_subsystem_create(struct spdk_nvmf_tgt *tgt, const char *nqn, enum spdk_nvmf_subtype type,
                           uint32_t num_ns)
{
	struct spdk_nvmf_subsystem_opts opts;

	spdk_nvmf_subsystem_opts_init(type, &opts, sizeof(opts));
	opts.max_nsid = num_ns;
	return spdk_nvmf_subsystem_create_ext(tgt, nqn, type, &opts);
}

bool
spdk_nvmf_subsystem_get_ana_reporting(struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->opts.ana_reporting;
}

int
spdk_nvmf_subsystem_set_ana_reporting(struct spdk_nvmf_subsystem *subsystem, bool ana_reporting)
{
	if (subsystem->state != NVMF_SUBSYSTEM_INACTIVE) {
		return -EAGAIN;
	}
	return ana_reporting ? -ENOTSUP : 0; /* not built: it is always off */
}

uint32_t
spdk_nvmf_subsystem_get_max_namespaces(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->opts.max_namespaces;
}

uint32_t
spdk_nvmf_subsystem_get_max_nsid(struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->opts.max_nsid;
}

enum spdk_nvmf_subtype
spdk_nvmf_subsystem_get_type(struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->subtype;
}

const char *
spdk_nvmf_subsystem_get_sn(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->opts.sn;
}

const char *
spdk_nvmf_subsystem_get_mn(const struct spdk_nvmf_subsystem *subsystem)
{
	return subsystem->opts.mn;
}

/* Controllers show these texts: they change only while there is none. */
static int
text_set(struct spdk_nvmf_subsystem *subsystem, char *to, size_t size, const char *text)
{
	if (subsystem->state != NVMF_SUBSYSTEM_INACTIVE) {
		return -EAGAIN;
	}
	if (text == NULL || !nvmf_is_ascii_text(text, size)) {
		SPDK_ERRLOG("%s: serial and model number must be printable ASCII of %zu characters "
		            "at most\n",
		            subsystem->nqn, size - 1);
		return -EINVAL;
	}
	memset(to, 0, size);
	memcpy(to, text, strlen(text));
	return 0;
}

int
spdk_nvmf_subsystem_set_sn(struct spdk_nvmf_subsystem *subsystem, const char *sn)
{
	return text_set(subsystem, subsystem->opts.sn, sizeof(subsystem->opts.sn), sn);
}

int
spdk_nvmf_subsystem_set_mn(struct spdk_nvmf_subsystem *subsystem, const char *mn)
{
	return text_set(subsystem, subsystem->opts.mn, sizeof(subsystem->opts.mn), mn);
}

bool
spdk_nvmf_subsytem_any_listener_allowed(struct spdk_nvmf_subsystem *subsystem)
{
	return spdk_nvmf_subsystem_any_listener_allowed(subsystem);
}

int
spdk_nvmf_poll_group_get_stat(struct spdk_nvmf_tgt *tgt, struct spdk_nvmf_poll_group_stat *stat)
{
	struct spdk_io_channel *ch;

	if (tgt == NULL || stat == NULL) {
		return -EINVAL;
	}
	ch = spdk_get_io_channel(tgt);
	if (ch == NULL) {
		return -ENOMEM;
	}
	*stat = ((struct spdk_nvmf_poll_group *)spdk_io_channel_get_ctx(ch))->stat;
	spdk_put_io_channel(ch);
	return 0;
}

void
spdk_nvmf_request_exec_fabrics(struct spdk_nvmf_request *req)
{
	spdk_nvmf_request_exec(req);
}

void
spdk_nvmf_request_get_data(struct spdk_nvmf_request *req, void **data, uint32_t *length)
{
	*data = req->iovcnt > 0 ? req->iov[0].iov_base : NULL;
	*length = req->length;
}
