/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The discovery log page: 1,024 bytes of header, 1,024 bytes an entry. The controller never holds
 * the page; any range of it is made from the entries when it is read. Pure functions; any thread.
 */

#include "spdk/assert.h"
#include "spdk/endian.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

#define UNIT_BYTES WIRE_DISC_ENTRY_BYTES /* header and entries alike */
#define NUMREC_MAX UINT32_MAX

typedef struct spdk_nvmf_discovery_log_page_entry wire_entry;

SPDK_STATIC_ASSERT(sizeof(wire_entry) == UNIT_BYTES, "an entry is 1,024 bytes");
SPDK_STATIC_ASSERT(sizeof(struct spdk_nvmf_discovery_log_page) == UNIT_BYTES,
                   "the header is 1,024 bytes");

/* A text field of fixed width, padded with spaces. */
static void
text_put(uint8_t *field, size_t width, const char *s)
{
	size_t len = strnlen(s, width);

	memcpy(field, s, len);
	memset(field + len, ' ', width - len);
}

/* The text of such a field, up to a 0 and without trailing spaces. */
static void
text_get(char *out, const uint8_t *field, size_t width)
{
	size_t len = strnlen((const char *)field, width);

	while (len > 0 && field[len - 1] == ' ') {
		len--;
	}
	memcpy(out, field, len);
	out[len] = '\0';
}

static void
entry_encode(const struct wire_disc_entry *in, void *buf)
{
	wire_entry *e = buf;

	memset(e, 0, sizeof(*e));
	e->trtype = in->trtype;
	e->adrfam = in->adrfam;
	e->subtype = in->subtype;
	e->treq.secure_channel = in->treq;
	to_le16(&e->portid, in->portid);
	to_le16(&e->cntlid, in->cntlid);
	to_le16(&e->asqsz, in->asqsz);
	to_le16(&e->eflags, in->eflags);
	text_put(e->trsvcid, sizeof(e->trsvcid), in->trsvcid);
	memcpy(e->subnqn, in->subnqn, strnlen(in->subnqn, SPDK_NVMF_NQN_MAX_LEN));
	text_put(e->traddr, sizeof(e->traddr), in->traddr);
	if (in->trtype == SPDK_NVMF_TRTYPE_TCP) {
		e->tsas.tcp.sectype = in->sectype;
	}
}

/* Unit 0 is the header, unit k entry k - 1, all beyond are 0. */
static void
unit_encode(const struct wire_disc_log *log, uint64_t unit, uint8_t *buf)
{
	struct wire_disc_entry entry;

	if (unit == 0) {
		memset(buf, 0, UNIT_BYTES);
		to_le64(buf + offsetof(struct spdk_nvmf_discovery_log_page, genctr), log->genctr);
		to_le64(buf + offsetof(struct spdk_nvmf_discovery_log_page, numrec), log->numrec);
		return;
	}
	if (unit - 1 >= log->numrec) {
		memset(buf, 0, UNIT_BYTES);
		return;
	}
	memset(&entry, 0, sizeof(entry));
	log->get(log->ctx, unit - 1, &entry);
	entry_encode(&entry, buf);
}

void
wire_disc_log_read(const struct wire_disc_log *log, uint64_t offset_bytes, const struct iovec *iov,
                   int iovcnt)
{
	uint8_t unit[UNIT_BYTES];
	uint64_t have = UINT64_MAX; /* which unit that is */
	size_t done, piece;
	int i;

	for (i = 0; i < iovcnt; i++) {
		for (done = 0; done < iov[i].iov_len; done += piece) {
			if (offset_bytes / UNIT_BYTES != have) {
				have = offset_bytes / UNIT_BYTES;
				unit_encode(log, have, unit);
			}
			piece = spdk_min(iov[i].iov_len - done,
			                 UNIT_BYTES - offset_bytes % UNIT_BYTES);
			memcpy((uint8_t *)iov[i].iov_base + done, unit + offset_bytes % UNIT_BYTES,
			       piece);
			/* Stay at the end of what 64 bits can name: all of it is 0 there. */
			offset_bytes = spdk_min(offset_bytes, UINT64_MAX - UNIT_BYTES) + piece;
		}
	}
}

int
wire_disc_header_decode(const void *buf, size_t len_bytes, struct wire_disc_header *out)
{
	const uint8_t *p = buf;

	if (len_bytes < UNIT_BYTES) {
		return -EINVAL;
	}
	out->genctr = from_le64(p + offsetof(struct spdk_nvmf_discovery_log_page, genctr));
	out->numrec = from_le64(p + offsetof(struct spdk_nvmf_discovery_log_page, numrec));
	out->recfmt = from_le16(p + offsetof(struct spdk_nvmf_discovery_log_page, recfmt));
	if (out->recfmt != 0 || out->numrec > NUMREC_MAX) {
		return -EPROTO;
	}
	return 0;
}

int
wire_disc_entry_decode(const void *buf, size_t len_bytes, struct wire_disc_entry *out)
{
	wire_entry e;
	size_t nqn_len;

	if (len_bytes < UNIT_BYTES) {
		return -EINVAL;
	}
	memcpy(&e, buf, sizeof(e));
	nqn_len = strnlen((const char *)e.subnqn, WIRE_NQN_BYTES);
	if (nqn_len == WIRE_NQN_BYTES) {
		return -EPROTO;
	}
	memset(out, 0, sizeof(*out));
	out->trtype = e.trtype;
	out->adrfam = e.adrfam;
	out->subtype = e.subtype;
	out->treq = e.treq.secure_channel;
	out->portid = from_le16(&e.portid);
	out->cntlid = from_le16(&e.cntlid);
	out->asqsz = from_le16(&e.asqsz);
	out->eflags = from_le16(&e.eflags);
	text_get(out->trsvcid, e.trsvcid, sizeof(e.trsvcid));
	memcpy(out->subnqn, e.subnqn, nqn_len);
	text_get(out->traddr, e.traddr, sizeof(e.traddr));
	if (e.trtype == SPDK_NVMF_TRTYPE_TCP) {
		out->sectype = e.tsas.tcp.sectype;
	}
	return 0;
}
