/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Header and data digests: CRC32C with all ones at the start and inverted at the end, little-endian
 * on the wire. The header digest covers the header alone, the data digest the data alone; padding
 * is in neither. Pure functions; any thread.
 */

#include "spdk/assert.h"
#include "spdk/crc32.h"
#include "spdk/endian.h"
#include "spdk/util.h"
#include "spdk_internal/nvme_wire.h"

uint32_t
wire_hdgst(const void *hdr, size_t len_bytes)
{
	return ~spdk_crc32c_update(hdr, len_bytes, WIRE_DDGST_START);
}

uint32_t
wire_ddgst_update(uint32_t crc, const void *data, size_t len_bytes)
{
	return spdk_crc32c_update(data, len_bytes, crc);
}

uint32_t
wire_ddgst_update_iov(uint32_t crc, const struct iovec *iov, int iovcnt, size_t offset_bytes,
                      size_t len_bytes)
{
	size_t piece;
	int i;

	for (i = 0; i < iovcnt && len_bytes > 0; i++) {
		if (offset_bytes >= iov[i].iov_len) {
			offset_bytes -= iov[i].iov_len;
			continue;
		}
		piece = spdk_min(len_bytes, iov[i].iov_len - offset_bytes);
		crc = spdk_crc32c_update((const char *)iov[i].iov_base + offset_bytes, piece, crc);
		len_bytes -= piece;
		offset_bytes = 0;
	}
	return crc;
}

void
wire_ddgst_put(uint32_t crc, void *out)
{
	to_le32(out, ~crc);
}

bool
wire_ddgst_match(uint32_t crc, const void *in)
{
	return from_le32(in) == (uint32_t)~crc;
}
