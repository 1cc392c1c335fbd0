/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPCs that list who is connected to a subsystem: controllers and queue pairs. Hosts come and go
 * without asking us, so what is listed is copied, quickly, on the threads that own it, and written
 * in pieces from the copy. App thread, but for the visits of the groups, one after the other. */

#include "nvmf_rpc.h"
#include "spdk_internal/rpc_pieces.h"

struct get_params {
	char *nqn;
	char *tgt_name;
};

static const struct rpc_param get_params[] = {
	RPC_NQN(struct get_params),
	RPC_TGT_NAME(struct get_params, "-t/--tgt-name"),
};

/** A controller, or a queue pair. */
struct row {
	uint16_t cntlid;
	uint16_t qid;
	uint8_t state;
	bool discovery;
	bool has_listen_trid;
	bool has_peer_trid;
	uint32_t num_io_qpairs;
	struct spdk_uuid hostid;
	char hostnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	char thread[256];
	struct spdk_nvme_transport_id listen_trid;
	struct spdk_nvme_transport_id peer_trid;
};

struct show {
	struct rpc_pieces pieces;
	struct spdk_jsonrpc_request *request;
	struct spdk_nvmf_subsystem *subsystem; /* compared only */
	struct spdk_nvmf_tgt *tgt;
	void (*write_row)(struct spdk_json_write_ctx *w, const struct row *row);
	struct row **rows;
	uint32_t num_rows;
	uint32_t max_rows;
	uint32_t next;                          /* to be written */
	bool no_memory;                         /* for a row */
	uint32_t num_io_qpairs[UINT16_MAX + 1]; /* by controller id */
	char nqn[SPDK_NVMF_NQN_MAX_LEN + 1];
};

static void
show_free(struct show *show)
{
	uint32_t i;

	for (i = 0; i < show->num_rows; i++) {
		free(show->rows[i]);
	}
	free(show->rows);
	free(show);
}

static struct show *
show_begin(struct spdk_jsonrpc_request *request, const struct get_params *params)
{
	struct spdk_nvmf_subsystem *subsystem;
	struct show *show;

	subsystem = rpc_nvmf_get_subsystem(request, params->tgt_name, params->nqn);
	if (subsystem == NULL) {
		return NULL;
	}
	show = calloc(1, sizeof(*show));
	if (show == NULL) {
		rpc_error(request, -ENOMEM, "no memory for the list");
		return NULL;
	}
	show->request = request;
	show->subsystem = subsystem;
	show->tgt = subsystem->tgt;
	snprintf(show->nqn, sizeof(show->nqn), "%s", subsystem->nqn);
	return show;
}

/** A new row; NULL when out of memory, which is remembered. */
static struct row *
add_row(struct show *show)
{
	uint32_t max = show->max_rows * 2 + 16;
	struct row **rows, *row = NULL;

	if (show->num_rows == show->max_rows) {
		rows = realloc(show->rows, max * sizeof(*rows));
		if (rows != NULL) {
			show->rows = rows;
			show->max_rows = max;
		}
	}
	if (show->num_rows < show->max_rows) {
		row = malloc(sizeof(*row));
	}
	if (row == NULL) {
		show->no_memory = true;
		return NULL;
	}
	show->rows[show->num_rows++] = row;
	return row;
}

static bool
show_next(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	struct show *show = SPDK_CONTAINEROF(pieces, struct show, pieces);

	if (show->next == show->num_rows) {
		return false;
	}
	show->write_row(w, show->rows[show->next++]);
	return true;
}

static void
show_end(struct rpc_pieces *pieces, struct spdk_json_write_ctx *w)
{
	spdk_json_write_array_end(w);
	show_free(SPDK_CONTAINEROF(pieces, struct show, pieces));
}

/** All rows are there, or \p status says why not. */
static void
show_answer(struct show *show, int status)
{
	struct spdk_json_write_ctx *w;

	if (status != 0 || show->no_memory) {
		rpc_error(show->request, status != 0 ? status : -ENOMEM, "no memory for the list");
		show_free(show);
		return;
	}
	show->pieces.next = show_next;
	show->pieces.end = show_end;
	w = spdk_jsonrpc_begin_result(show->request);
	spdk_json_write_array_begin(w);
	rpc_answer_in_pieces(show->request, w, &show->pieces);
}

/* ---- Controllers: those of the list; each group counts its queues ---- */

static void
count_qpairs_group(struct spdk_io_channel_iter *i)
{
	struct show *show = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_poll_group *group;
	struct spdk_nvmf_qpair *qpair;

	group = spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(i));
	TAILQ_FOREACH(qpair, &group->qpairs, link) {
		if (nvmf_qpair_is_of(qpair, show->subsystem) && qpair->qid != 0) {
			show->num_io_qpairs[qpair->ctrlr->cntlid]++;
		}
	}
	spdk_for_each_channel_continue(i, 0);
}

static void
write_ctrlr(struct spdk_json_write_ctx *w, const struct row *row)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_uint32(w, "cntlid", row->cntlid);
	spdk_json_write_named_string(w, "cntrltype", row->discovery ? "discovery" : "io");
	spdk_json_write_named_string(w, "hostnqn", row->hostnqn);
	spdk_json_write_named_uuid(w, "hostid", &row->hostid);
	spdk_json_write_named_uint32(w, "num_io_qpairs", row->num_io_qpairs);
	spdk_json_write_object_end(w);
}

static void
add_ctrlr(struct show *show, const struct spdk_nvmf_ctrlr *ctrlr)
{
	struct row *row = add_row(show);

	if (row != NULL) {
		row->cntlid = ctrlr->cntlid;
		row->discovery = ctrlr->discovery;
		row->hostid = ctrlr->hostid;
		row->num_io_qpairs = show->num_io_qpairs[ctrlr->cntlid];
		snprintf(row->hostnqn, sizeof(row->hostnqn), "%s", ctrlr->hostnqn);
	}
}

static void
get_controllers_counted(struct spdk_io_channel_iter *i, int status)
{
	struct show *show = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_subsystem *subsystem = NULL;
	struct spdk_nvmf_ctrlr *ctrlr;

	if (status == 0) {
		subsystem = spdk_nvmf_tgt_find_subsystem(show->tgt, show->nqn);
	}
	if (subsystem != NULL) {
		TAILQ_FOREACH(ctrlr, &subsystem->ctrlrs, link) {
			add_ctrlr(show, ctrlr);
		}
	}
	show_answer(show, status);
}

static void
rpc_nvmf_subsystem_get_controllers(struct spdk_jsonrpc_request *request, void *arg)
{
	struct show *show = show_begin(request, arg);

	if (show != NULL) {
		show->write_row = write_ctrlr;
		spdk_for_each_channel(show->tgt, count_qpairs_group, show, get_controllers_counted);
	}
}

/* ---- Queue pairs ---- */

static const char *
qpair_state_name(uint8_t state)
{
	switch (state) {
	case SPDK_NVMF_QPAIR_CONNECTING:
		return "connecting";
	case SPDK_NVMF_QPAIR_ENABLED:
		return "enabled";
	case SPDK_NVMF_QPAIR_DEACTIVATING:
		return "deactivating";
	case SPDK_NVMF_QPAIR_ERROR:
		return "error";
	default:
		return "uninitialized";
	}
}

static void
write_qpair(struct spdk_json_write_ctx *w, const struct row *row)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_uint32(w, "cntlid", row->cntlid);
	spdk_json_write_named_uint32(w, "qid", row->qid);
	spdk_json_write_named_string(w, "state", qpair_state_name(row->state));
	spdk_json_write_named_string(w, "thread", row->thread);
	spdk_json_write_named_string(w, "hostnqn", row->hostnqn);
	if (row->has_listen_trid) {
		rpc_nvmf_write_trid(w, "listen_address", &row->listen_trid);
	}
	if (row->has_peer_trid) {
		rpc_nvmf_write_trid(w, "peer_address", &row->peer_trid);
	}
	spdk_json_write_object_end(w);
}

static void
add_qpair(struct show *show, struct spdk_nvmf_qpair *qpair)
{
	struct row *row = add_row(show);

	if (row == NULL) {
		return;
	}
	row->cntlid = qpair->ctrlr->cntlid;
	row->qid = qpair->qid;
	row->state = qpair->state;
	snprintf(row->thread, sizeof(row->thread), "%s", spdk_thread_get_name(spdk_get_thread()));
	snprintf(row->hostnqn, sizeof(row->hostnqn), "%s", qpair->ctrlr->hostnqn);
	row->has_listen_trid = spdk_nvmf_qpair_get_listen_trid(qpair, &row->listen_trid) == 0;
	row->has_peer_trid = spdk_nvmf_qpair_get_peer_trid(qpair, &row->peer_trid) == 0;
}

static void
get_qpairs_group(struct spdk_io_channel_iter *i)
{
	struct show *show = spdk_io_channel_iter_get_ctx(i);
	struct spdk_nvmf_poll_group *group;
	struct spdk_nvmf_qpair *qpair;

	group = spdk_io_channel_get_ctx(spdk_io_channel_iter_get_channel(i));
	TAILQ_FOREACH(qpair, &group->qpairs, link) {
		if (nvmf_qpair_is_of(qpair, show->subsystem)) {
			add_qpair(show, qpair);
		}
	}
	spdk_for_each_channel_continue(i, 0);
}

static void
get_qpairs_done(struct spdk_io_channel_iter *i, int status)
{
	show_answer(spdk_io_channel_iter_get_ctx(i), status);
}

static void
rpc_nvmf_subsystem_get_qpairs(struct spdk_jsonrpc_request *request, void *arg)
{
	struct show *show = show_begin(request, arg);

	if (show != NULL) {
		show->write_row = write_qpair;
		spdk_for_each_channel(show->tgt, get_qpairs_group, show, get_qpairs_done);
	}
}

static const struct rpc_method ctrlr_methods[] = {
	{ .name = "nvmf_subsystem_get_controllers",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  RPC_PARAMS(struct get_params, get_params),
	  .handler = rpc_nvmf_subsystem_get_controllers,
	  .result = RPC_RESULT_ARRAY,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "The controllers of a subsystem" },
	{ .name = "nvmf_subsystem_get_qpairs",
	  .states = SPDK_RPC_RUNTIME,
	  .role = RPC_ROLE_OBSERVE,
	  RPC_PARAMS(struct get_params, get_params),
	  .handler = rpc_nvmf_subsystem_get_qpairs,
	  .result = RPC_RESULT_ARRAY,
	  .decode_code = RPC_NVMF_CODE,
	  .help = "The queues of a subsystem's hosts" },
};

extern const struct rpc_table nvmf_ctrlr_rpc_table;
const struct rpc_table nvmf_ctrlr_rpc_table = RPC_TABLE(ctrlr_methods);
