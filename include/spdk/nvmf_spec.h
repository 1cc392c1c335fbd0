/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * NVMe over Fabrics 1.1 and the NVMe/TCP transport 1.0: structs as they are on the wire.
 */

#ifndef SPDK_NVMF_SPEC_H
#define SPDK_NVMF_SPEC_H

#include "spdk/stdinc.h"
#include "spdk/nvme_spec.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_NVME_OPC_FABRIC 127
#define SPDK_NVMF_DISCOVERY_LOG_EFLAGS_DUPRETINFO 1
#define SPDK_NVMF_DISCOVERY_LOG_EFLAGS_EPCSD 2
#define SPDK_NVMF_PROP_SIZE_4 0
#define SPDK_NVMF_PROP_SIZE_8 1
#define SPDK_NVMF_NQN_MIN_LEN 11
#define SPDK_NVMF_NQN_MAX_LEN 223
#define SPDK_NVMF_NQN_UUID_PRE_LEN 32
#define SPDK_NVMF_UUID_STRING_LEN 36
#define SPDK_NVMF_NQN_UUID_PRE "nqn.2014-08.org.nvmexpress:uuid:"
#define SPDK_NVMF_DISCOVERY_NQN "nqn.2014-08.org.nvmexpress.discovery"
#define SPDK_DOMAIN_LABEL_MAX_LEN 63
#define SPDK_NVMF_TRSTRING_MAX_LEN 32
#define SPDK_NVMF_TRADDR_MAX_LEN 256
#define SPDK_NVMF_TRSVCID_MAX_LEN 32
#define SPDK_NVMF_MIN_ADMIN_MAX_SQ_SIZE 32
#define SPDK_NVMF_ADMIN_LABEL_MIN_LEN 4
#define SPDK_NVMF_ADMIN_LABEL_MAX_LEN 256
#define SPDK_NVMF_DISC_ENTRY_SIZE 1024
#define SPDK_NVMF_DISC_LOG_PAGE_HEADER_SIZE 1024
#define SPDK_NVMF_DISC_EXT_ENTRY_BASE_SIZE 1032
#define SPDK_NVMF_EXATTYPE_SIZE 2
#define SPDK_NVMF_EXATLEN_SIZE 2
#define SPDK_NVMF_AUTH_SECP_NVME 233
#define SPDK_NVMF_AUTH_FAILURE 1
#define SPDK_NVME_SGL_SUBTYPE_INVALIDATE_KEY 15
#define SPDK_NVME_TCP_CH_FLAGS_HDGSTF 1
#define SPDK_NVME_TCP_CH_FLAGS_DDGSTF 2
#define SPDK_NVME_TCP_HPDA_MAX 31
#define SPDK_NVME_TCP_CPDA_MAX 31
#define SPDK_NVME_TCP_PDU_PDO_MAX_OFFSET 128
#define SPDK_NVME_TCP_TERM_REQ_ERROR_DATA_MAX_SIZE 128
#define SPDK_NVME_TCP_TERM_REQ_PDU_MAX_SIZE 152
#define SPDK_NVME_TCP_H2C_DATA_FLAGS_LAST_PDU 4
#define SPDK_NVME_TCP_H2C_DATA_FLAGS_SUCCESS 8
#define SPDK_NVME_TCP_H2C_DATA_PDO_MULT 8
#define SPDK_NVME_TCP_C2H_DATA_FLAGS_SUCCESS 8
#define SPDK_NVME_TCP_C2H_DATA_FLAGS_LAST_PDU 4
#define SPDK_NVME_TCP_C2H_DATA_PDO_MULT 8

#define SPDK_NVMF_DISC_EXT_ENTRY_TEL(exatlen) \
	(sizeof(struct spdk_nvmf_discovery_ext_entry) + (exatlen))

struct spdk_nvme_cmd;
struct spdk_nvme_cpl;
struct spdk_nvme_sgl_descriptor;
struct spdk_nvme_status;
struct spdk_nvme_tcp_c2h_data_hdr;
struct spdk_nvme_tcp_cmd;
struct spdk_nvme_tcp_common_pdu_hdr;
struct spdk_nvme_tcp_h2c_data_hdr;
struct spdk_nvme_tcp_ic_req;
struct spdk_nvme_tcp_ic_resp;
struct spdk_nvme_tcp_r2t_hdr;
struct spdk_nvme_tcp_rsp;
struct spdk_nvme_tcp_term_req_hdr;
struct spdk_nvme_tcp_transport_specific_address_subtype;
struct spdk_nvmf_auth_descriptor;
struct spdk_nvmf_auth_failure;
struct spdk_nvmf_auth_negotiate;
struct spdk_nvmf_capsule_cmd;
struct spdk_nvmf_dhchap_challenge;
struct spdk_nvmf_dhchap_reply;
struct spdk_nvmf_dhchap_success1;
struct spdk_nvmf_dhchap_success2;
struct spdk_nvmf_discovery_extended_attribute;
struct spdk_nvmf_discovery_log_page;
struct spdk_nvmf_discovery_log_page_entry;
struct spdk_nvmf_discovery_log_page_entry_extended;
struct spdk_nvmf_fabric_auth_recv_cmd;
struct spdk_nvmf_fabric_auth_send_cmd;
struct spdk_nvmf_fabric_connect_cmd;
struct spdk_nvmf_fabric_connect_data;
struct spdk_nvmf_fabric_connect_rsp;
struct spdk_nvmf_fabric_prop_get_cmd;
struct spdk_nvmf_fabric_prop_get_rsp;
struct spdk_nvmf_fabric_prop_set_cmd;
struct spdk_nvmf_rdma_accept_private_data;
struct spdk_nvmf_rdma_reject_private_data;
struct spdk_nvmf_rdma_request_private_data;
struct spdk_nvmf_rdma_transport_specific_address_subtype;

enum spdk_nvmf_fabric_cmd_types {
	SPDK_NVMF_FABRIC_COMMAND_PROPERTY_SET = 0,
	SPDK_NVMF_FABRIC_COMMAND_CONNECT = 1,
	SPDK_NVMF_FABRIC_COMMAND_PROPERTY_GET = 4,
	SPDK_NVMF_FABRIC_COMMAND_AUTHENTICATION_SEND = 5,
	SPDK_NVMF_FABRIC_COMMAND_AUTHENTICATION_RECV = 6,
	SPDK_NVMF_FABRIC_COMMAND_START_VENDOR_SPECIFIC = 192,
};

enum spdk_nvmf_fabric_cmd_status_code {
	SPDK_NVMF_FABRIC_SC_INCOMPATIBLE_FORMAT = 128,
	SPDK_NVMF_FABRIC_SC_CONTROLLER_BUSY = 129,
	SPDK_NVMF_FABRIC_SC_INVALID_PARAM = 130,
	SPDK_NVMF_FABRIC_SC_RESTART_DISCOVERY = 131,
	SPDK_NVMF_FABRIC_SC_INVALID_HOST = 132,
	SPDK_NVMF_FABRIC_SC_LOG_RESTART_DISCOVERY = 144,
	SPDK_NVMF_FABRIC_SC_AUTH_REQUIRED = 145,
};

enum spdk_nvmf_rdma_qptype {
	SPDK_NVMF_RDMA_QPTYPE_RELIABLE_CONNECTED = 1,
	SPDK_NVMF_RDMA_QPTYPE_RELIABLE_DATAGRAM = 2,
};

enum spdk_nvmf_rdma_prtype {
	SPDK_NVMF_RDMA_PRTYPE_NONE = 1,
	SPDK_NVMF_RDMA_PRTYPE_IB = 2,
	SPDK_NVMF_RDMA_PRTYPE_ROCE = 3,
	SPDK_NVMF_RDMA_PRTYPE_ROCE2 = 4,
	SPDK_NVMF_RDMA_PRTYPE_IWARP = 5,
};

enum spdk_nvmf_rdma_cms {
	SPDK_NVMF_RDMA_CMS_RDMA_CM = 1,
};

enum spdk_nvmf_trtype {
	SPDK_NVMF_TRTYPE_RDMA = 1,
	SPDK_NVMF_TRTYPE_FC = 2,
	SPDK_NVMF_TRTYPE_TCP = 3,
	SPDK_NVMF_TRTYPE_INTRA_HOST = 254,
};

enum spdk_nvmf_adrfam {
	SPDK_NVMF_ADRFAM_NOT_SPECIFIED = 0,
	SPDK_NVMF_ADRFAM_IPV4 = 1,
	SPDK_NVMF_ADRFAM_IPV6 = 2,
	SPDK_NVMF_ADRFAM_IB = 3,
	SPDK_NVMF_ADRFAM_FC = 4,
	SPDK_NVMF_ADRFAM_INTRA_HOST = 254,
};

enum spdk_nvmf_subtype {
	SPDK_NVMF_SUBTYPE_DISCOVERY = 1,
	SPDK_NVMF_SUBTYPE_NVME = 2,
	SPDK_NVMF_SUBTYPE_DISCOVERY_CURRENT = 3,
};

enum spdk_nvmf_treq_secure_channel {
	SPDK_NVMF_TREQ_SECURE_CHANNEL_NOT_SPECIFIED = 0,
	SPDK_NVMF_TREQ_SECURE_CHANNEL_REQUIRED = 1,
	SPDK_NVMF_TREQ_SECURE_CHANNEL_NOT_REQUIRED = 2,
};

enum spdk_nvme_tcp_secure_socket_type {
	SPDK_NVME_TCP_SECURITY_NONE = 0,
	SPDK_NVME_TCP_SECURITY_TLS_1_2 = 1,
	SPDK_NVME_TCP_SECURITY_TLS_1_3 = 2,
};

enum spdk_nvmf_extat_type {
	SPDK_NVMF_EXTAT_HOST_ID = 1,
	SPDK_NVMF_EXTAT_ADMIN_LABEL = 2,
	SPDK_NVMF_EXTAT_ADMIN_LABEL_UTF8 = 3,
};

enum spdk_nvmf_auth_type {
	SPDK_NVMF_AUTH_TYPE_COMMON_MESSAGE = 0,
	SPDK_NVMF_AUTH_TYPE_DHCHAP = 1,
};

enum spdk_nvmf_auth_id {
	SPDK_NVMF_AUTH_ID_NEGOTIATE = 0,
	SPDK_NVMF_AUTH_ID_DHCHAP_CHALLENGE = 1,
	SPDK_NVMF_AUTH_ID_DHCHAP_REPLY = 2,
	SPDK_NVMF_AUTH_ID_DHCHAP_SUCCESS1 = 3,
	SPDK_NVMF_AUTH_ID_DHCHAP_SUCCESS2 = 4,
	SPDK_NVMF_AUTH_ID_FAILURE2 = 240,
	SPDK_NVMF_AUTH_ID_FAILURE1 = 241,
};

enum spdk_nvmf_dhchap_hash {
	SPDK_NVMF_DHCHAP_HASH_NONE = 0,
	SPDK_NVMF_DHCHAP_HASH_SHA256 = 1,
	SPDK_NVMF_DHCHAP_HASH_SHA384 = 2,
	SPDK_NVMF_DHCHAP_HASH_SHA512 = 3,
};

enum spdk_nvmf_dhchap_dhgroup {
	SPDK_NVMF_DHCHAP_DHGROUP_NULL = 0,
	SPDK_NVMF_DHCHAP_DHGROUP_2048 = 1,
	SPDK_NVMF_DHCHAP_DHGROUP_3072 = 2,
	SPDK_NVMF_DHCHAP_DHGROUP_4096 = 3,
	SPDK_NVMF_DHCHAP_DHGROUP_6144 = 4,
	SPDK_NVMF_DHCHAP_DHGROUP_8192 = 5,
};

enum spdk_nvmf_auth_scc {
	SPDK_NVMF_AUTH_SCC_DISABLED = 0,
	SPDK_NVMF_AUTH_SCC_TLS = 1,
};

enum spdk_nvmf_auth_failure_reason {
	SPDK_NVMF_AUTH_FAILED = 1,
	SPDK_NVMF_AUTH_PROTOCOL_UNUSABLE = 2,
	SPDK_NVMF_AUTH_SCC_MISMATCH = 3,
	SPDK_NVMF_AUTH_HASH_UNUSABLE = 4,
	SPDK_NVMF_AUTH_DHGROUP_UNUSABLE = 5,
	SPDK_NVMF_AUTH_INCORRECT_PAYLOAD = 6,
	SPDK_NVMF_AUTH_INCORRECT_PROTOCOL_MESSAGE = 7,
};

enum spdk_nvmf_rdma_transport_error {
	SPDK_NVMF_RDMA_ERROR_INVALID_PRIVATE_DATA_LENGTH = 1,
	SPDK_NVMF_RDMA_ERROR_INVALID_RECFMT = 2,
	SPDK_NVMF_RDMA_ERROR_INVALID_QID = 3,
	SPDK_NVMF_RDMA_ERROR_INVALID_HSQSIZE = 4,
	SPDK_NVMF_RDMA_ERROR_INVALID_HRQSIZE = 5,
	SPDK_NVMF_RDMA_ERROR_NO_RESOURCES = 6,
	SPDK_NVMF_RDMA_ERROR_INVALID_IRD = 7,
	SPDK_NVMF_RDMA_ERROR_INVALID_ORD = 8,
};

enum spdk_nvme_tcp_pdu_type {
	SPDK_NVME_TCP_PDU_TYPE_IC_REQ = 0,
	SPDK_NVME_TCP_PDU_TYPE_IC_RESP = 1,
	SPDK_NVME_TCP_PDU_TYPE_H2C_TERM_REQ = 2,
	SPDK_NVME_TCP_PDU_TYPE_C2H_TERM_REQ = 3,
	SPDK_NVME_TCP_PDU_TYPE_CAPSULE_CMD = 4,
	SPDK_NVME_TCP_PDU_TYPE_CAPSULE_RESP = 5,
	SPDK_NVME_TCP_PDU_TYPE_H2C_DATA = 6,
	SPDK_NVME_TCP_PDU_TYPE_C2H_DATA = 7,
	SPDK_NVME_TCP_PDU_TYPE_R2T = 9,
};

enum spdk_nvme_tcp_term_req_fes {
	SPDK_NVME_TCP_TERM_REQ_FES_INVALID_HEADER_FIELD = 1,
	SPDK_NVME_TCP_TERM_REQ_FES_PDU_SEQUENCE_ERROR = 2,
	SPDK_NVME_TCP_TERM_REQ_FES_HDGST_ERROR = 3,
	SPDK_NVME_TCP_TERM_REQ_FES_DATA_TRANSFER_OUT_OF_RANGE = 4,
	SPDK_NVME_TCP_TERM_REQ_FES_DATA_TRANSFER_LIMIT_EXCEEDED = 5,
	SPDK_NVME_TCP_TERM_REQ_FES_R2T_LIMIT_EXCEEDED = 5,
	SPDK_NVME_TCP_TERM_REQ_FES_INVALID_DATA_UNSUPPORTED_PARAMETER = 6,
};

struct spdk_nvmf_capsule_cmd {
	uint8_t opcode;
	uint8_t reserved1;
	uint16_t cid;
	uint8_t fctype;
	uint8_t reserved2[35];
	uint8_t fabric_specific[24];
};

struct spdk_nvmf_fabric_auth_recv_cmd {
	uint8_t opcode;
	uint8_t reserved1;
	uint16_t cid;
	uint8_t fctype;
	uint8_t reserved2[19];
	struct spdk_nvme_sgl_descriptor sgl1;
	uint8_t reserved3;
	uint8_t spsp0;
	uint8_t spsp1;
	uint8_t secp;
	uint32_t al;
	uint8_t reserved4[16];
};

struct spdk_nvmf_fabric_auth_send_cmd {
	uint8_t opcode;
	uint8_t reserved1;
	uint16_t cid;
	uint8_t fctype;
	uint8_t reserved2[19];
	struct spdk_nvme_sgl_descriptor sgl1;
	uint8_t reserved3;
	uint8_t spsp0;
	uint8_t spsp1;
	uint8_t secp;
	uint32_t tl;
	uint8_t reserved4[16];
};

struct spdk_nvmf_fabric_connect_data {
	uint8_t hostid[16];
	uint16_t cntlid;
	uint8_t reserved5[238];
	uint8_t subnqn[SPDK_NVME_NQN_FIELD_SIZE];
	uint8_t hostnqn[SPDK_NVME_NQN_FIELD_SIZE];
	uint8_t reserved6[256];
};

struct spdk_nvmf_fabric_connect_cmd {
	uint8_t opcode;
	uint8_t reserved1;
	uint16_t cid;
	uint8_t fctype;
	uint8_t reserved2[19];
	struct spdk_nvme_sgl_descriptor sgl1;
	uint16_t recfmt;
	uint16_t qid;
	uint16_t sqsize;
	union {
		uint8_t raw;
		struct {
			uint8_t prioclass : 2;
			uint8_t dissqfc : 1;
			uint8_t indivioqels : 1;
			uint8_t connent : 1;
			uint8_t reserved : 3;
		} bits;
	} cattr;
	uint8_t reserved3;
	uint32_t kato;
	uint8_t reserved4[12];
};

struct spdk_nvmf_fabric_connect_rsp {
	union {
		struct {
			uint16_t cntlid;
			struct {
				uint16_t reserved1 : 1;
				uint16_t atr : 1;
				uint16_t ascr : 1;
				uint16_t reserved2 : 13;
			} authreq;
		} success;
		struct {
			uint16_t ipo;
			uint8_t iattr;
			uint8_t reserved;
		} invalid;
		uint32_t raw;
	} status_code_specific;
	uint32_t reserved0;
	uint16_t sqhd;
	uint16_t reserved1;
	uint16_t cid;
	struct spdk_nvme_status status;
};

struct spdk_nvmf_fabric_prop_get_cmd {
	uint8_t opcode;
	uint8_t reserved1;
	uint16_t cid;
	uint8_t fctype;
	uint8_t reserved2[35];
	struct {
		uint8_t size : 3;
		uint8_t reserved : 5;
	} attrib;
	uint8_t reserved3[3];
	uint32_t ofst;
	uint8_t reserved4[16];
};

struct spdk_nvmf_fabric_prop_get_rsp {
	union {
		uint64_t u64;
		struct {
			uint32_t low;
			uint32_t high;
		} u32;
	} value;
	uint16_t sqhd;
	uint16_t reserved0;
	uint16_t cid;
	struct spdk_nvme_status status;
};

struct spdk_nvmf_fabric_prop_set_cmd {
	uint8_t opcode;
	uint8_t reserved0;
	uint16_t cid;
	uint8_t fctype;
	uint8_t reserved1[35];
	struct {
		uint8_t size : 3;
		uint8_t reserved : 5;
	} attrib;
	uint8_t reserved2[3];
	uint32_t ofst;
	union {
		uint64_t u64;
		struct {
			uint32_t low;
			uint32_t high;
		} u32;
	} value;
	uint8_t reserved4[8];
};

struct spdk_nvmf_rdma_transport_specific_address_subtype {
	uint8_t rdma_qptype;
	uint8_t rdma_prtype;
	uint8_t rdma_cms;
	uint8_t reserved0[5];
	uint16_t rdma_pkey;
	uint8_t reserved2[246];
};

struct spdk_nvme_tcp_transport_specific_address_subtype {
	uint8_t sectype;
	uint8_t reserved0[255];
};

union spdk_nvmf_transport_specific_address_subtype {
	uint8_t raw[256];
	struct spdk_nvmf_rdma_transport_specific_address_subtype rdma;
	struct spdk_nvme_tcp_transport_specific_address_subtype tcp;
};

struct spdk_nvmf_discovery_log_page_entry {
	uint8_t trtype;
	uint8_t adrfam;
	uint8_t subtype;
	struct {
		uint8_t secure_channel : 2;
		uint8_t reserved : 6;
	} treq;
	uint16_t portid;
	uint16_t cntlid;
	uint16_t asqsz;
	uint16_t eflags;
	uint8_t reserved0[20];
	uint8_t trsvcid[SPDK_NVMF_TRSVCID_MAX_LEN];
	uint8_t reserved1[192];
	uint8_t subnqn[256];
	uint8_t traddr[SPDK_NVMF_TRADDR_MAX_LEN];
	union spdk_nvmf_transport_specific_address_subtype tsas;
};

struct spdk_nvmf_discovery_log_page {
	uint64_t genctr;
	uint64_t numrec;
	uint16_t recfmt;
	struct {
		uint8_t extend : 1;
		uint8_t portlcl : 1;
		uint8_t allsub : 1;
		uint8_t reserved : 5;
	} dlpf;
	uint8_t reserved0;
	uint32_t tdlpl;
	uint8_t reserved1[1000];
	struct spdk_nvmf_discovery_log_page_entry entries[0];
};

union spdk_nvmf_discovery_log_lsp {
	struct {
		uint8_t extdlpe : 1;
		uint8_t pleo : 1;
		uint8_t allsube : 1;
		uint8_t reserved : 5;
	} bits;
	uint8_t raw;
};

struct spdk_nvmf_discovery_extended_attribute {
	uint16_t exattype;
	uint16_t exatlen;
	uint8_t exatval[SPDK_NVMF_ADMIN_LABEL_MAX_LEN];
};

struct spdk_nvmf_discovery_log_page_entry_extended {
	uint32_t tel;
	uint16_t numexat;
	uint16_t reserved;
};

struct spdk_nvmf_auth_descriptor {
	uint8_t auth_id;
	uint8_t reserved0;
	uint8_t halen;
	uint8_t dhlen;
	uint8_t hash_id_list[30];
	uint8_t dhg_id_list[30];
};

struct spdk_nvmf_auth_negotiate {
	uint8_t auth_type;
	uint8_t auth_id;
	uint8_t reserved0[2];
	uint16_t t_id;
	uint8_t sc_c;
	uint8_t napd;
	struct spdk_nvmf_auth_descriptor descriptors[0];
};

struct spdk_nvmf_dhchap_challenge {
	uint8_t auth_type;
	uint8_t auth_id;
	uint8_t reserved0[2];
	uint16_t t_id;
	uint8_t hl;
	uint8_t reserved1;
	uint8_t hash_id;
	uint8_t dhg_id;
	uint16_t dhvlen;
	uint32_t seqnum;
	uint8_t cval[0];
};

struct spdk_nvmf_dhchap_reply {
	uint8_t auth_type;
	uint8_t auth_id;
	uint8_t reserved0[2];
	uint16_t t_id;
	uint8_t hl;
	uint8_t reserved1;
	uint8_t cvalid;
	uint8_t reserved2;
	uint16_t dhvlen;
	uint32_t seqnum;
	uint8_t rval[0];
};

struct spdk_nvmf_dhchap_success1 {
	uint8_t auth_type;
	uint8_t auth_id;
	uint8_t reserved0[2];
	uint16_t t_id;
	uint8_t hl;
	uint8_t reserved1;
	uint8_t rvalid;
	uint8_t reserved2[7];
	uint8_t rval[0];
};

struct spdk_nvmf_dhchap_success2 {
	uint8_t auth_type;
	uint8_t auth_id;
	uint8_t reserved0[2];
	uint16_t t_id;
	uint8_t reserved1[10];
};

struct spdk_nvmf_auth_failure {
	uint8_t auth_type;
	uint8_t auth_id;
	uint8_t reserved0[2];
	uint16_t t_id;
	uint8_t rc;
	uint8_t rce;
};

struct spdk_nvmf_rdma_request_private_data {
	uint16_t recfmt;
	uint16_t qid;
	uint16_t hrqsize;
	uint16_t hsqsize;
	uint16_t cntlid;
	uint8_t reserved[22];
};

struct spdk_nvmf_rdma_accept_private_data {
	uint16_t recfmt;
	uint16_t crqsize;
	uint8_t reserved[28];
};

struct spdk_nvmf_rdma_reject_private_data {
	uint16_t recfmt;
	uint16_t sts;
};

union spdk_nvmf_rdma_private_data {
	struct spdk_nvmf_rdma_request_private_data pd_request;
	struct spdk_nvmf_rdma_accept_private_data pd_accept;
	struct spdk_nvmf_rdma_reject_private_data pd_reject;
};

struct spdk_nvme_tcp_common_pdu_hdr {
	uint8_t pdu_type;
	uint8_t flags;
	uint8_t hlen;
	uint8_t pdo;
	uint32_t plen;
};

struct spdk_nvme_tcp_ic_req {
	struct spdk_nvme_tcp_common_pdu_hdr common;
	uint16_t pfv;
	uint8_t hpda;
	union {
		uint8_t raw;
		struct {
			uint8_t hdgst_enable : 1;
			uint8_t ddgst_enable : 1;
			uint8_t reserved : 6;
		} bits;
	} dgst;
	uint32_t maxr2t;
	uint8_t reserved16[112];
};

struct spdk_nvme_tcp_ic_resp {
	struct spdk_nvme_tcp_common_pdu_hdr common;
	uint16_t pfv;
	uint8_t cpda;
	union {
		uint8_t raw;
		struct {
			uint8_t hdgst_enable : 1;
			uint8_t ddgst_enable : 1;
			uint8_t reserved : 6;
		} bits;
	} dgst;
	uint32_t maxh2cdata;
	uint8_t reserved16[112];
};

struct spdk_nvme_tcp_term_req_hdr {
	struct spdk_nvme_tcp_common_pdu_hdr common;
	uint16_t fes;
	uint8_t fei[4];
	uint8_t reserved14[10];
};

struct spdk_nvme_tcp_cmd {
	struct spdk_nvme_tcp_common_pdu_hdr common;
	struct spdk_nvme_cmd ccsqe;
};

struct spdk_nvme_tcp_rsp {
	struct spdk_nvme_tcp_common_pdu_hdr common;
	struct spdk_nvme_cpl rccqe;
};

struct spdk_nvme_tcp_h2c_data_hdr {
	struct spdk_nvme_tcp_common_pdu_hdr common;
	uint16_t cccid;
	uint16_t ttag;
	uint32_t datao;
	uint32_t datal;
	uint8_t reserved20[4];
};

struct spdk_nvme_tcp_c2h_data_hdr {
	struct spdk_nvme_tcp_common_pdu_hdr common;
	uint16_t cccid;
	uint8_t reserved10[2];
	uint32_t datao;
	uint32_t datal;
	uint8_t reserved20[4];
};

struct spdk_nvme_tcp_r2t_hdr {
	struct spdk_nvme_tcp_common_pdu_hdr common;
	uint16_t cccid;
	uint16_t ttag;
	uint32_t r2to;
	uint32_t r2tl;
	uint8_t reserved20[4];
};

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NVMF_SPEC_H */
