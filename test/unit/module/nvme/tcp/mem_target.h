/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A target made of bytes, for tests of the NVMe/TCP host: sockets in memory, one or two at a time,
 * whose other side the test plays with the builders of lib/nvme_wire. It can also answer ICReq and
 * Connect by itself and remember the ids of all other commands.
 */

#ifndef MEM_TARGET_H
#define MEM_TARGET_H

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/env.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/nvme.h"
#include "spdk_internal/nvme_wire.h"
#include "spdk_internal/sock_module.h"

#define MEM_NETS 2
#define MEM_BYTES (256 * 1024)
#define MEM_CIDS_MAX 64

/** One connection: both directions, and how its target behaves. */
struct mem_net {
	struct spdk_sock *sock; /* NULL: closed */
	uint8_t rx[MEM_BYTES];  /* target to host */
	size_t rx_len;
	size_t rx_pos;
	bool rx_eof;
	uint8_t tx[MEM_BYTES]; /* host to target */
	size_t tx_len;
	bool tx_blocked;
	bool tx_eager;       /* a write goes out at once; its call-back waits for a flush */
	bool never_connects; /* the connection stays on its way */
	struct wire_link link;

	/* The target that answers. */
	bool answers_ic;
	bool answers_connect;
	size_t tx_seen;
	uint16_t cids[MEM_CIDS_MAX]; /* of all other commands, in order */
	uint32_t num_cids;
};

/** The connections in the order in which they are made, and the one that put() and others mean. */
extern struct mem_net g_nets[MEM_NETS];
extern struct mem_net *g_net;

/** Forget all connections, which must be closed; g_net is the first. */
void mem_reset(void);
/** The target of every connection answers ICReq and Connect. */
void mem_answer_all(void);

/* What the target sends on g_net. */
void put(const void *bytes, size_t len);
void put_resp(uint16_t cid, uint8_t sct, uint8_t sc);
void
put_data(uint16_t cid, uint32_t offset, uint32_t len, bool last, bool success, bool bad_digest);
void put_r2t(uint16_t cid, uint16_t ttag, uint32_t offset, uint32_t len);

/** A controller over such a connection; nothing is connected yet. */
struct spdk_nvme_ctrlr *mem_ctrlr_new(bool hdgst, bool ddgst);

/* Of the group of tests: the environment, with such sockets as the default. */
int mem_setup(void **state);
int mem_teardown(void **state);

#endif /* MEM_TARGET_H */
