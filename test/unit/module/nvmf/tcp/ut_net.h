/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * A network in memory for the target's NVMe/TCP transport, and hosts on it that the tests play by
 * hand. One listening address; a peer is one connection to it. Sockets are level-triggered: one
 * with unread bytes, or hung up, is told of in each poll, unless nobody wants input.
 */

#ifndef UT_NET_H
#define UT_NET_H

#include "lib/nvmf/ut_nvmf.h"
#include "spdk_internal/sock_module.h"

#define NET_BYTES (512 * 1024)
#define NET_PEERS 8

struct mem_sock;

/** The host's side of a connection; lives until net_reset(). */
struct peer {
	struct mem_sock *sock; /* NULL: the target closed it */
	struct wire_link link; /* the host's */
	uint16_t cid;          /* last one used */
	uint16_t ttag;         /* of the last R2T */
	uint8_t to_target[NET_BYTES];
	size_t in_len;
	size_t in_pos;
	bool eof;     /* no more will come */
	bool reset;   /* and nothing can be sent */
	bool blocked; /* takes nothing */
	uint8_t from_target[NET_BYTES];
	size_t out_len;
	size_t out_pos;
	uint32_t told; /* call-backs of its group */
	/** What came so far, as text: see peer_text(). */
	char text[1024];
};

extern struct spdk_net_impl g_mem_net;

/** Forget all peers; none may be open. */
void net_reset(void);
/** A fresh connection; the target has not accepted it. */
struct peer *peer_connect(void);
/** Bytes from the host; nothing runs. */
void peer_put(struct peer *peer, const void *bytes, size_t len);
/** ICReq; the answer is taken by peer_text(). */
void peer_put_ic(struct peer *peer, bool digests);
/** A command with \p len bytes of data in its capsule, 0 for none; a CID is given to it. */
void peer_put_cmd(struct peer *peer, struct spdk_nvme_cmd *cmd, const void *data, uint32_t len);
/** Connect of queue \p qid, with \p depth entries. */
void peer_put_connect(struct peer *peer, uint16_t qid, uint16_t cntlid, uint16_t depth);
/** Property Set of CC: enable. */
void peer_put_enable(struct peer *peer);
/** Read or Write of \p len bytes at LBA 0; of a write \p in_capsule bytes come along. */
void peer_put_rw(struct peer *peer, bool write, uint32_t len, uint32_t in_capsule);
/** A write of \p len bytes that are to come by R2T, with \p extra bytes in the capsule. */
void peer_put_unnamed(struct peer *peer, uint32_t len, uint32_t extra);
/** H2CData. */
void peer_put_data(struct peer *peer, const struct wire_data *data, bool bad_digest);
/**
 * All that the target sent, and whether it closed: "ic", "ok" and "err:SCT/SC" (with * when DNR is
 * set), "r2t:OFFSET+LEN", "data:LEN", "term:FES/FEI", "closed", with spaces between.
 */
const char *peer_text(struct peer *peer);

#endif /* UT_NET_H */
