/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Fabrics commands and SGL descriptors: Connect with its data, Property Get and Set, and what SGL 1
 * of a command over TCP means. Pure functions; any thread.
 */

#include "spdk/assert.h"
#include "spdk/endian.h"
#include "spdk_internal/nvme_wire.h"

/* Offsets in a command, and in connect data. */
#define CMD_FCTYPE 4
#define CMD_ATTRIB 40
#define CMD_OFST 44
#define CMD_VALUE 48
#define CMD_RECFMT 40
#define CMD_QID 42
#define CMD_SQSIZE 44
#define CMD_CATTR 46
#define CMD_KATO 48
#define DATA_CNTLID 16
#define DATA_SUBNQN 256
#define DATA_HOSTNQN 512

#define SGL_ID_OFFSET ((SPDK_NVME_SGL_TYPE_DATA_BLOCK << 4) | SPDK_NVME_SGL_SUBTYPE_OFFSET)
#define SGL_ID_TRANSPORT \
	((SPDK_NVME_SGL_TYPE_TRANSPORT_DATA_BLOCK << 4) | SPDK_NVME_SGL_SUBTYPE_TRANSPORT)

static const uint8_t *
cmd_bytes(const struct spdk_nvme_cmd *cmd)
{
	return (const uint8_t *)cmd;
}

static int
refuse(struct wire_status *status, uint8_t sct, uint8_t sc, bool in_data, uint16_t offset)
{
	status->sct = sct;
	status->sc = sc;
	status->in_data = in_data;
	status->offset = offset;
	return -EINVAL;
}

static int
refuse_connect(struct wire_status *status, bool in_data, uint16_t offset)
{
	return refuse(status, SPDK_NVME_SCT_COMMAND_SPECIFIC, SPDK_NVMF_FABRIC_SC_INVALID_PARAM,
	              in_data, offset);
}

enum wire_dir
wire_cmd_dir(const struct spdk_nvme_cmd *cmd)
{
	uint8_t op = cmd->opc == SPDK_NVME_OPC_FABRIC ? cmd_bytes(cmd)[CMD_FCTYPE] : cmd->opc;

	switch (op & 3) {
	case 1:
		return WIRE_TO_CONTROLLER;
	case 2:
		return WIRE_TO_HOST;
	default:
		return WIRE_NO_DATA;
	}
}

uint8_t
wire_sgl_decode(const struct spdk_nvme_cmd *cmd, enum wire_dir dir, uint32_t capsule_data_bytes,
                struct wire_sgl *sgl)
{
	uint64_t address = cmd->dptr.sgl1.address;
	uint32_t len_bytes = cmd->dptr.sgl1.unkeyed.length;
	uint8_t id = (cmd->dptr.sgl1.unkeyed.type << 4) | cmd->dptr.sgl1.unkeyed.subtype;

	/* Fabrics commands have reserved bits where others say which kind of pointer they carry. */
	if (cmd->opc != SPDK_NVME_OPC_FABRIC && cmd->psdt != SPDK_NVME_PSDT_SGL_MPTR_CONTIG &&
	    cmd->psdt != SPDK_NVME_PSDT_SGL_MPTR_SGL) {
		return SPDK_NVME_SC_INVALID_FIELD;
	}
	sgl->len_bytes = len_bytes;
	sgl->offset_bytes = 0;
	if (id == SGL_ID_TRANSPORT) {
		sgl->kind = len_bytes == 0 ? WIRE_SGL_NONE : WIRE_SGL_TRANSPORT;
		return 0;
	}
	if (id != SGL_ID_OFFSET || dir != WIRE_TO_CONTROLLER) {
		return SPDK_NVME_SC_SGL_DESCRIPTOR_TYPE_INVALID;
	}
	if (address > capsule_data_bytes) {
		return SPDK_NVME_SC_INVALID_SGL_OFFSET;
	}
	if (len_bytes > capsule_data_bytes - address) {
		return SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID;
	}
	sgl->kind = len_bytes == 0 ? WIRE_SGL_NONE : WIRE_SGL_IN_CAPSULE;
	sgl->offset_bytes = address;
	return 0;
}

void
wire_sgl_encode(struct spdk_nvme_cmd *cmd, const struct wire_sgl *sgl)
{
	struct spdk_nvme_sgl_descriptor *d = &cmd->dptr.sgl1;

	memset(d, 0, sizeof(*d));
	cmd->psdt = SPDK_NVME_PSDT_SGL_MPTR_CONTIG;
	if (sgl->kind == WIRE_SGL_IN_CAPSULE) {
		d->address = sgl->offset_bytes;
		d->unkeyed.length = sgl->len_bytes;
		d->unkeyed.type = SPDK_NVME_SGL_TYPE_DATA_BLOCK;
		d->unkeyed.subtype = SPDK_NVME_SGL_SUBTYPE_OFFSET;
		return;
	}
	d->unkeyed.length = sgl->kind == WIRE_SGL_NONE ? 0 : sgl->len_bytes;
	d->unkeyed.type = SPDK_NVME_SGL_TYPE_TRANSPORT_DATA_BLOCK;
	d->unkeyed.subtype = SPDK_NVME_SGL_SUBTYPE_TRANSPORT;
}

int
wire_connect_cmd_decode(const struct spdk_nvme_cmd *cmd, uint16_t sqsize_max,
                        struct wire_connect_cmd *out, struct wire_status *status)
{
	const uint8_t *p = cmd_bytes(cmd);

	if (from_le16(p + CMD_RECFMT) != 0) {
		return refuse(status, SPDK_NVME_SCT_COMMAND_SPECIFIC,
		              SPDK_NVMF_FABRIC_SC_INCOMPATIBLE_FORMAT, false, 0);
	}
	out->cid = cmd->cid;
	out->qid = from_le16(p + CMD_QID);
	out->sqsize = from_le16(p + CMD_SQSIZE);
	out->cattr = p[CMD_CATTR];
	out->kato_ms = from_le32(p + CMD_KATO);
	if (out->sqsize == 0 || out->sqsize > sqsize_max) {
		return refuse_connect(status, false, CMD_SQSIZE);
	}
	return 0;
}

void
wire_connect_cmd_encode(const struct wire_connect_cmd *in, struct spdk_nvme_cmd *cmd)
{
	struct wire_sgl sgl = { WIRE_SGL_IN_CAPSULE, WIRE_CONNECT_DATA_BYTES, 0 };
	uint8_t *p = (uint8_t *)cmd;

	memset(cmd, 0, sizeof(*cmd));
	cmd->opc = SPDK_NVME_OPC_FABRIC;
	cmd->cid = in->cid;
	p[CMD_FCTYPE] = SPDK_NVMF_FABRIC_COMMAND_CONNECT;
	wire_sgl_encode(cmd, &sgl);
	to_le16(p + CMD_QID, in->qid);
	to_le16(p + CMD_SQSIZE, in->sqsize);
	p[CMD_CATTR] = in->cattr;
	to_le32(p + CMD_KATO, in->kato_ms);
}

/* Copy a 256-byte NQN field that must end within its first 224 bytes. */
static bool
nqn_copy(char *out, const uint8_t *field)
{
	size_t len = strnlen((const char *)field, WIRE_NQN_BYTES);

	if (len == 0 || len == WIRE_NQN_BYTES) {
		return false;
	}
	memset(out, 0, WIRE_NQN_BYTES);
	memcpy(out, field, len);
	return true;
}

int
wire_connect_data_decode(const void *buf, size_t len_bytes, struct wire_connect_data *out,
                         struct wire_status *status)
{
	const uint8_t *p = buf;

	if (len_bytes < WIRE_CONNECT_DATA_BYTES) {
		return refuse(status, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_DATA_SGL_LENGTH_INVALID,
		              false, 0);
	}
	memcpy(out->hostid, p, sizeof(out->hostid));
	out->cntlid = from_le16(p + DATA_CNTLID);
	if (!nqn_copy(out->subnqn, p + DATA_SUBNQN)) {
		return refuse_connect(status, true, DATA_SUBNQN);
	}
	if (!nqn_copy(out->hostnqn, p + DATA_HOSTNQN)) {
		return refuse_connect(status, true, DATA_HOSTNQN);
	}
	return 0;
}

void
wire_connect_data_encode(const struct wire_connect_data *in, void *buf)
{
	uint8_t *p = buf;

	memset(p, 0, WIRE_CONNECT_DATA_BYTES);
	memcpy(p, in->hostid, sizeof(in->hostid));
	to_le16(p + DATA_CNTLID, in->cntlid);
	memcpy(p + DATA_SUBNQN, in->subnqn, strnlen(in->subnqn, SPDK_NVMF_NQN_MAX_LEN));
	memcpy(p + DATA_HOSTNQN, in->hostnqn, strnlen(in->hostnqn, SPDK_NVMF_NQN_MAX_LEN));
}

void
wire_status_to_cpl(const struct wire_status *status, struct spdk_nvme_cpl *cpl)
{
	cpl->status.sct = status->sct;
	cpl->status.sc = status->sc;
	if (status->sct == SPDK_NVME_SCT_COMMAND_SPECIFIC &&
	    status->sc == SPDK_NVMF_FABRIC_SC_INVALID_PARAM) {
		/* IPO in the low half, IATTR in the byte above it. */
		cpl->cdw0 = status->offset | (status->in_data ? 1u << 16 : 0);
	}
}

int
wire_prop_decode(const struct spdk_nvme_cmd *cmd, struct wire_prop *out, struct wire_status *status)
{
	const uint8_t *p = cmd_bytes(cmd);
	uint8_t size = p[CMD_ATTRIB] & 7;

	if (size != SPDK_NVMF_PROP_SIZE_4 && size != SPDK_NVMF_PROP_SIZE_8) {
		return refuse(status, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INVALID_FIELD, false, 0);
	}
	out->cid = cmd->cid;
	out->is_set = p[CMD_FCTYPE] == SPDK_NVMF_FABRIC_COMMAND_PROPERTY_SET;
	out->size_bytes = size == SPDK_NVMF_PROP_SIZE_8 ? 8 : 4;
	out->offset = from_le32(p + CMD_OFST);
	out->value = 0;
	if (out->offset % out->size_bytes != 0) {
		return refuse(status, SPDK_NVME_SCT_GENERIC, SPDK_NVME_SC_INVALID_FIELD, false, 0);
	}
	if (out->is_set) {
		out->value =
		        out->size_bytes == 8 ? from_le64(p + CMD_VALUE) : from_le32(p + CMD_VALUE);
	}
	return 0;
}

void
wire_prop_encode(const struct wire_prop *in, struct spdk_nvme_cmd *cmd)
{
	struct wire_sgl sgl = { WIRE_SGL_NONE, 0, 0 };
	uint8_t *p = (uint8_t *)cmd;

	assert(in->size_bytes == 4 || in->size_bytes == 8);
	memset(cmd, 0, sizeof(*cmd));
	cmd->opc = SPDK_NVME_OPC_FABRIC;
	cmd->cid = in->cid;
	p[CMD_FCTYPE] = in->is_set ? SPDK_NVMF_FABRIC_COMMAND_PROPERTY_SET
	                           : SPDK_NVMF_FABRIC_COMMAND_PROPERTY_GET;
	wire_sgl_encode(cmd, &sgl);
	p[CMD_ATTRIB] = in->size_bytes == 8 ? SPDK_NVMF_PROP_SIZE_8 : SPDK_NVMF_PROP_SIZE_4;
	to_le32(p + CMD_OFST, in->offset);
	if (in->is_set) {
		to_le64(p + CMD_VALUE, in->size_bytes == 8 ? in->value : (uint32_t)in->value);
	}
}

void
wire_prop_value_to_cpl(uint64_t value, struct spdk_nvme_cpl *cpl)
{
	cpl->cdw0 = (uint32_t)value;
	cpl->cdw1 = value >> 32;
}

uint64_t
wire_prop_value_from_cpl(const struct spdk_nvme_cpl *cpl)
{
	return (uint64_t)cpl->cdw1 << 32 | cpl->cdw0;
}
