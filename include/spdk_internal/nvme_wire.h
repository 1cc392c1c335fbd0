/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * NVMe/TCP and Fabrics on the wire, for host and target alike: decoding, checking and building of
 * PDUs, digests, connect data, properties, SGL descriptors and the discovery log. Pure functions:
 * no socket, no clock, no heap, no state but what the caller hands in; any thread.
 *
 * Receiving a PDU:
 *	1. read WIRE_PDU_CH_BYTES; wire_pdu_begin() checks the common header against the state
 *	   of the connection, and says how long everything is;
 *	2. read the rest of pdu.hdr_bytes; wire_pdu_decode() checks the header digest and all fields
 *	   that need no knowledge of requests, and fills the native form;
 *	3. for a PDU that belongs to a transfer, wire_xfer_*() checks it against that transfer;
 *	4. skip pdu.pad_bytes, read pdu.data_bytes, and, when pdu.ddgst, 4 bytes more, which
 *	   wire_ddgst_match() compares with the digest of the data.
 * A failed check fills a struct wire_fault, which wire_build_term_req() turns into the TermReq that
 * ends the connection. Data digest errors are no fault: the command fails with a transient
 * transport error, and the connection goes on.
 */

#ifndef SPDK_INTERNAL_NVME_WIRE_H
#define SPDK_INTERNAL_NVME_WIRE_H

#include "spdk/nvmf_spec.h"

#define WIRE_PDU_CH_BYTES 8   /* common header */
#define WIRE_PDU_HLEN_MAX 128 /* ICReq, ICResp */
#define WIRE_DIGEST_BYTES 4
#define WIRE_CAPSULE_CMD_HLEN 72
#define WIRE_DATA_HLEN 24 /* also CapsuleResp, R2T and TermReq */
#define WIRE_PDA_MAX 31   /* of HPDA and CPDA: dwords, 0's based: 128 bytes */
/** Longest header that is received: ICReq (no digest), or CapsuleCmd with digest. */
#define WIRE_RX_HDR_BYTES_MAX WIRE_PDU_HLEN_MAX
/** Longest thing any builder but wire_build_term_req() writes: a header, its digest and padding. */
#define WIRE_TX_HDR_BYTES_MAX 148
#define WIRE_TERM_REQ_BYTES_MAX SPDK_NVME_TCP_TERM_REQ_PDU_MAX_SIZE
#define WIRE_MAXH2CDATA_MIN 4096
#define WIRE_NQN_BYTES (SPDK_NVMF_NQN_MAX_LEN + 1)
#define WIRE_CONNECT_DATA_BYTES 1024
#define WIRE_DISC_ENTRY_BYTES SPDK_NVMF_DISC_ENTRY_SIZE

/* ---- The connection ---- */

enum wire_role {
	WIRE_HOST,       /* receives what a controller sends */
	WIRE_CONTROLLER, /* receives what a host sends */
};

enum wire_phase {
	WIRE_AWAIT_IC,   /* nothing but the peer's ICReq or ICResp (or TermReq) is legal */
	WIRE_READY,      /* commands, responses, data */
	WIRE_TERMINATED, /* a TermReq was sent or received: nothing is legal */
};

/** What both sides agreed on; the caller embeds it in its queue pair and owns it. */
struct wire_link {
	enum wire_role role;
	enum wire_phase phase;
	bool hdgst;
	bool ddgst;
	uint8_t rx_align; /* bytes: data of PDUs that we receive starts at a multiple of it */
	uint8_t tx_align; /* the same of PDUs that we send */
	/** Controller: the most data a capsule may carry; the caller sets it (IOCCSZ x 16 - 64). */
	uint32_t in_capsule_bytes_max;
	/** The most data one H2CData PDU may carry: the controller's MAXH2CDATA. */
	uint32_t h2c_bytes_max;
	/** The most R2Ts that may be outstanding for a command: the host's MAXR2T, 1's based. */
	uint32_t r2t_max;
};

/** What one side wants in ICReq or ICResp. */
struct wire_ic_opts {
	bool hdgst;
	bool ddgst;
	uint8_t pda;      /* HPDA of a host, CPDA of a controller: alignment of what we receive */
	uint32_t r2t_max; /* host: outstanding R2Ts for a command, 1's based, > 0 */
	uint32_t h2c_bytes_max; /* controller: MAXH2CDATA: a multiple of 4, >= 4096 */
};

/** ICReq, decoded. */
struct wire_ic_req {
	uint16_t pfv;
	uint8_t hpda;
	bool hdgst;
	bool ddgst;
	uint32_t r2t_max; /* 1's based; UINT32_MAX when the field would wrap */
};

/** ICResp, decoded. */
struct wire_ic_resp {
	uint16_t pfv;
	uint8_t cpda;
	bool hdgst;
	bool ddgst;
	uint32_t h2c_bytes_max;
};

/** Why a PDU is refused: goes into a TermReq. */
struct wire_fault {
	uint16_t fes; /* enum spdk_nvme_tcp_term_req_fes */
	/** Invalid header field and unsupported parameter: offset of the field in the header.
	 * Header digest error: the digest received. Else 0. */
	uint32_t fei;
	const char *what; /* static text for one log line */
};

/** A fresh connection: phase WIRE_AWAIT_IC, no digests, alignment 4. */
void wire_link_init(struct wire_link *link, enum wire_role role, uint32_t in_capsule_bytes_max);

/* ---- Receiving ---- */

struct wire_term_req {
	uint16_t fes;
	uint32_t fei;
	/* behind the header follow pdu.data_bytes (<= 128) of the PDU that displeased the peer */
};

/** H2CData (with ttag) or C2HData, decoded. */
struct wire_data {
	uint16_t cid;
	uint16_t ttag;
	uint32_t offset_bytes; /* in the command's data */
	uint32_t len_bytes;    /* > 0 */
	bool last;
	bool success; /* C2HData: no CapsuleResp follows */
};

struct wire_r2t {
	uint16_t cid;
	uint16_t ttag;
	uint32_t offset_bytes;
	uint32_t len_bytes; /* > 0 */
};

/** A received PDU: lengths after wire_pdu_begin(), the union after wire_pdu_decode(). */
struct wire_pdu {
	uint8_t type; /* enum spdk_nvme_tcp_pdu_type */
	uint8_t flags;
	uint8_t hlen;
	uint8_t pdo;
	bool hdgst;          /* the header ends with a digest */
	bool ddgst;          /* a digest follows the data */
	uint8_t hdr_bytes;   /* hlen and digest: hand so many to wire_pdu_decode(); <= 128 */
	uint8_t pad_bytes;   /* between header and data */
	uint32_t data_bytes; /* without digest; 0: nothing follows the header */
	uint32_t plen;       /* = hdr_bytes + pad_bytes + data_bytes + (ddgst ? 4 : 0) */
	union {
		struct wire_ic_req ic_req;
		struct wire_ic_resp ic_resp;
		struct wire_term_req term_req;
		struct spdk_nvme_cmd cmd; /* CapsuleCmd */
		struct spdk_nvme_cpl cpl; /* CapsuleResp */
		struct wire_data data;    /* H2CData, C2HData */
		struct wire_r2t r2t;
	};
};

/**
 * Check a common header: is this type legal for our role and in this phase, are HLEN, PDO, PLEN and
 * the digest flags right.
 * \param ch WIRE_PDU_CH_BYTES bytes.
 * \param pdu filled but for the union; after a fault only type and hlen are set.
 * \return 0, or -EPROTO with \p fault filled.
 */
int wire_pdu_begin(const struct wire_link *link, const void *ch, struct wire_pdu *pdu,
                   struct wire_fault *fault) __attribute__((warn_unused_result));

/**
 * Check the header digest and the fields behind the common header, and decode them.
 * \param hdr the whole header from its first byte: pdu->hdr_bytes bytes.
 * \return 0, or -EPROTO with \p fault filled.
 */
int wire_pdu_decode(const struct wire_link *link, const void *hdr, struct wire_pdu *pdu,
                    struct wire_fault *fault) __attribute__((warn_unused_result));

/**
 * Controller: take the host's ICReq and say what to answer. On success \p link is WIRE_READY; build
 * the answer with wire_build_ic_resp(). A digest is on when both sides want it.
 * \return 0, or -EPROTO with \p fault filled: unknown PFV, HPDA out of range.
 */
int wire_ic_accept(struct wire_link *link, const struct wire_ic_req *req,
                   const struct wire_ic_opts *ours, struct wire_ic_resp *resp,
                   struct wire_fault *fault) __attribute__((warn_unused_result));

/**
 * Host: take the controller's ICResp to what we asked for in \p ours. On success \p link is
 * WIRE_READY.
 * \return 0, or -EPROTO with \p fault filled: unknown PFV, CPDA out of range, a digest that we did
 * not offer, MAXH2CDATA below 4096 or odd.
 */
int wire_ic_confirm(struct wire_link *link, const struct wire_ic_resp *resp,
                    const struct wire_ic_opts *ours, struct wire_fault *fault)
        __attribute__((warn_unused_result));

/* ---- A command's data transfer ---- */

enum wire_dir {
	WIRE_NO_DATA,
	WIRE_TO_CONTROLLER, /* write: R2T, H2CData or in-capsule data */
	WIRE_TO_HOST,       /* read: C2HData */
};

/**
 * How far the data of one command (host) or of one R2T (controller) has got. Either side keeps one
 * for each, so that data that nobody asked for, or for a command of the other direction, is
 * refused.
 */
struct wire_xfer {
	enum wire_dir dir;
	uint16_t cid;
	uint16_t ttag; /* controller: of the R2T that is being answered */
	/** Host: 0. Controller: R2TO of the R2T. */
	uint32_t start_bytes;
	uint32_t end_bytes;       /* where it ends, from the start of the command's data */
	uint32_t next_bytes;      /* data before it has arrived (or, host's write, was asked for) */
	uint32_t r2t_outstanding; /* host: R2Ts received whose data we have not wholly sent */
	bool last_seen;           /* C2HData with LAST_PDU came: no more may follow */
};

/** Host: begin the transfer of a command of \p len_bytes of data. */
void wire_xfer_begin(struct wire_xfer *xfer, enum wire_dir dir, uint16_t cid, uint32_t len_bytes);

/** Controller: begin to wait for the data of an R2T that is being sent. */
void wire_xfer_begin_r2t(struct wire_xfer *xfer, const struct wire_r2t *r2t);

/**
 * Controller: check an H2CData PDU against the R2T that it answers (looked up by ttag), and
 * advance. \return 0, or -EPROTO: wrong CCCID, not at the expected offset, beyond the R2T, LAST_PDU
 * missing or too early. xfer->next_bytes == xfer->end_bytes: that was the last.
 */
int wire_xfer_h2c_data(struct wire_xfer *xfer, const struct wire_data *data,
                       struct wire_fault *fault) __attribute__((warn_unused_result));

/**
 * Host: check a C2HData PDU against its command (looked up by CCCID), and advance.
 * \return 0, or -EPROTO: the command reads nothing, not at the expected offset, beyond the end,
 * after the last.
 */
int wire_xfer_c2h_data(struct wire_xfer *xfer, const struct wire_data *data,
                       struct wire_fault *fault) __attribute__((warn_unused_result));

/**
 * Host: check an R2T against its command (looked up by CCCID), and advance. When all data of an R2T
 * was handed to the socket call wire_xfer_r2t_done().
 * \return 0, or -EPROTO: the command writes nothing, not at the expected offset, beyond the end, or
 * more outstanding than link->r2t_max.
 */
int wire_xfer_r2t(const struct wire_link *link, struct wire_xfer *xfer, const struct wire_r2t *r2t,
                  struct wire_fault *fault) __attribute__((warn_unused_result));

/** Host: the data of one R2T was sent. */
void wire_xfer_r2t_done(struct wire_xfer *xfer);

/** The fault for a CCCID or TTAG that the caller does not know; \p type of the PDU that has it. */
void wire_fault_unknown_tag(uint8_t type, bool is_ttag, struct wire_fault *fault);

/* ---- Building ----
 * Each writes a PDU without its data into the caller's buffer of WIRE_TX_HDR_BYTES_MAX bytes:
 * header, header digest where agreed, padding up to the data. It returns how many bytes it wrote.
 * PLEN counts the data, and its digest where agreed, which the caller sends behind it.
 */

/** ICReq with what we want. */
size_t wire_build_ic_req(void *buf, const struct wire_ic_opts *ours);

/** ICResp as wire_ic_accept() decided. */
size_t wire_build_ic_resp(void *buf, const struct wire_ic_resp *resp);

/** CapsuleCmd with \p in_capsule_bytes of data behind it, 0 for none. */
size_t wire_build_cmd(const struct wire_link *link, void *buf, const struct spdk_nvme_cmd *cmd,
                      uint32_t in_capsule_bytes);

/** CapsuleResp. */
size_t wire_build_resp(const struct wire_link *link, void *buf, const struct spdk_nvme_cpl *cpl);

/** H2CData; data->len_bytes > 0 and <= link->h2c_bytes_max. */
size_t wire_build_h2c_data(const struct wire_link *link, void *buf, const struct wire_data *data);

/** C2HData; data->len_bytes > 0; success only with last. */
size_t wire_build_c2h_data(const struct wire_link *link, void *buf, const struct wire_data *data);

/** R2T. */
size_t wire_build_r2t(const struct wire_link *link, void *buf, const struct wire_r2t *r2t);

/**
 * H2CTermReq of a host, C2HTermReq of a controller, with the header that we refuse behind it. The
 * caller sets link->phase to WIRE_TERMINATED, sends it, and closes.
 * \param buf WIRE_TERM_REQ_BYTES_MAX bytes.
 * \param hdr what was received of the header, \p hdr_bytes of it (more than 128: cut).
 */
size_t wire_build_term_req(const struct wire_link *link, void *buf, const struct wire_fault *fault,
                           const void *hdr, size_t hdr_bytes);

/* ---- Digests: CRC32C ---- */

#define WIRE_DDGST_START 0xffffffffu

/** The digest of a header of \p len_bytes, in the CPU's byte order. */
uint32_t wire_hdgst(const void *hdr, size_t len_bytes);

/** Go on with a data digest: start with WIRE_DDGST_START, feed pieces in order. */
uint32_t wire_ddgst_update(uint32_t crc, const void *data, size_t len_bytes);

/** The same over the bytes [\p offset_bytes, + \p len_bytes) of an iovec, which reaches so far. */
uint32_t wire_ddgst_update_iov(uint32_t crc, const struct iovec *iov, int iovcnt,
                               size_t offset_bytes, size_t len_bytes);

/** Write the digest of all that was fed as 4 bytes to \p out. */
void wire_ddgst_put(uint32_t crc, void *out);

/** Are the 4 bytes at \p in the digest of all that was fed? */
bool wire_ddgst_match(uint32_t crc, const void *in);

/* ---- Commands ---- */

/** Status of a command: 0/0 is success. */
struct wire_status {
	uint8_t sct;
	uint8_t sc;
	/** Connect Invalid Parameters: which one. */
	bool in_data;    /* IATTR: offset into the data, not into the command */
	uint16_t offset; /* IPO */
};

/** The direction that an opcode (for Fabrics: FCTYPE) says. WIRE_NO_DATA for the reserved 11b. */
enum wire_dir wire_cmd_dir(const struct spdk_nvme_cmd *cmd);

enum wire_sgl_kind {
	WIRE_SGL_NONE,       /* length 0 */
	WIRE_SGL_IN_CAPSULE, /* the data came with the command: offset_bytes into it */
	WIRE_SGL_TRANSPORT,  /* by R2T or C2HData */
};

struct wire_sgl {
	enum wire_sgl_kind kind;
	uint32_t len_bytes;
	uint32_t offset_bytes;
};

/**
 * Classify SGL 1 of a command over TCP that moves data.
 * \param capsule_data_bytes how much data came in the capsule.
 * \param dir in-capsule data is legal to the controller only.
 * \return 0, or the generic status code (SPDK_NVME_SC_*) for a descriptor type that is not legal
 * here (PRP, keyed, segments), an offset or length beyond the capsule.
 */
uint8_t
wire_sgl_decode(const struct spdk_nvme_cmd *cmd, enum wire_dir dir, uint32_t capsule_data_bytes,
                struct wire_sgl *sgl) __attribute__((warn_unused_result));

/** Write SGL 1 and PSDT of a command that we send. */
void wire_sgl_encode(struct spdk_nvme_cmd *cmd, const struct wire_sgl *sgl);

struct wire_connect_cmd {
	uint16_t cid;
	uint16_t qid;
	uint16_t sqsize; /* 0's based */
	uint8_t cattr;   /* bit 2: disable SQ flow control */
	uint32_t kato_ms;
};

/** Connect data; strings end with 0. */
struct wire_connect_data {
	uint8_t hostid[16];
	uint16_t cntlid; /* 0xffff: any */
	char subnqn[WIRE_NQN_BYTES];
	char hostnqn[WIRE_NQN_BYTES];
};

/**
 * Decode a Connect command: record format, queue size. \p sqsize_max: the largest SQSIZE (0's
 * based) that the caller offers.
 * \return 0, or -EINVAL with \p status for the answer.
 */
int wire_connect_cmd_decode(const struct spdk_nvme_cmd *cmd, uint16_t sqsize_max,
                            struct wire_connect_cmd *out, struct wire_status *status)
        __attribute__((warn_unused_result));

/** Build a Connect command; SGL 1 (in-capsule, 1024 bytes) included. */
void wire_connect_cmd_encode(const struct wire_connect_cmd *in, struct spdk_nvme_cmd *cmd);

/**
 * Decode connect data of \p len_bytes: both NQNs must have 1 to 223 bytes and end within their
 * fields. Whether they are well formed is up to who looks them up (wire_nqn_is_valid()). \return 0,
 * or -EINVAL with \p status for the answer.
 */
int wire_connect_data_decode(const void *buf, size_t len_bytes, struct wire_connect_data *out,
                             struct wire_status *status) __attribute__((warn_unused_result));

/** Write WIRE_CONNECT_DATA_BYTES of connect data. */
void wire_connect_data_encode(const struct wire_connect_data *in, void *buf);

/** Fill a completion's status, and for Connect Invalid Parameters its IPO and IATTR; cid, sqhd are
 *  the caller's. */
void wire_status_to_cpl(const struct wire_status *status, struct spdk_nvme_cpl *cpl);

/** Is this an NQN by the rules of NVMe Base 4.5 (length, "nqn.", date, domain; UUID form)? */
bool wire_nqn_is_valid(const char *nqn);

/** Property Get or Set, decoded. */
struct wire_prop {
	uint16_t cid;
	bool is_set;
	uint8_t size_bytes; /* 4 or 8 */
	uint32_t offset;
	uint64_t value; /* of a Set; the upper half of a 4-byte value is 0 */
};

/** Decode. Returns 0, or -EINVAL with \p status: size not 4 or 8, offset not a multiple of it. */
int wire_prop_decode(const struct spdk_nvme_cmd *cmd, struct wire_prop *out,
                     struct wire_status *status) __attribute__((warn_unused_result));

/** Build the command. */
void wire_prop_encode(const struct wire_prop *in, struct spdk_nvme_cmd *cmd);

/** The value in a Property Get's completion: write it, read it. */
void wire_prop_value_to_cpl(uint64_t value, struct spdk_nvme_cpl *cpl);
uint64_t wire_prop_value_from_cpl(const struct spdk_nvme_cpl *cpl);

/* ---- Discovery log page ---- */

/** One entry; strings end with 0 here and are padded with spaces or 0 on the wire. */
struct wire_disc_entry {
	uint8_t trtype;  /* enum spdk_nvmf_trtype */
	uint8_t adrfam;  /* enum spdk_nvmf_adrfam */
	uint8_t subtype; /* enum spdk_nvmf_subtype */
	uint8_t treq;    /* enum spdk_nvmf_treq_secure_channel */
	uint8_t sectype; /* TCP: enum spdk_nvme_tcp_secure_socket_type */
	uint16_t portid;
	uint16_t cntlid; /* 0xffff: dynamic */
	uint16_t asqsz;
	uint16_t eflags;
	char trsvcid[SPDK_NVMF_TRSVCID_MAX_LEN + 1];
	char subnqn[WIRE_NQN_BYTES];
	char traddr[SPDK_NVMF_TRADDR_MAX_LEN + 1];
};

/** A log as the controller sees it at one generation. */
struct wire_disc_log {
	uint64_t genctr;
	uint64_t numrec;
	/** Fill entry \p index (< numrec); the caller zeroed it. */
	void (*get)(void *ctx, uint64_t index, struct wire_disc_entry *entry);
	void *ctx;
};

struct wire_disc_header {
	uint64_t genctr;
	uint64_t numrec;
	uint16_t recfmt;
};

/**
 * Copy the bytes [\p offset_bytes, + the iovec's length) of the log page to \p iov; what lies
 * behind its end is 0. Every byte of the iovec is written.
 */
void wire_disc_log_read(const struct wire_disc_log *log, uint64_t offset_bytes,
                        const struct iovec *iov, int iovcnt);

/**
 * Host: decode the page's first 1,024 bytes.
 * \return 0, -EINVAL when \p len_bytes is too short, -EPROTO for a record format other than 0 or
 * more than 2^32 records.
 */
int wire_disc_header_decode(const void *buf, size_t len_bytes, struct wire_disc_header *out)
        __attribute__((warn_unused_result));

/**
 * Host: decode one entry of WIRE_DISC_ENTRY_BYTES; trailing spaces of strings are cut.
 * \return 0, -EINVAL when too short, -EPROTO when the subsystem's NQN is not ended.
 */
int wire_disc_entry_decode(const void *buf, size_t len_bytes, struct wire_disc_entry *out)
        __attribute__((warn_unused_result));

#endif /* SPDK_INTERNAL_NVME_WIRE_H */
