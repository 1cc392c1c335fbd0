/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* CRC-32 checksums by ISA-L, which picks the processor's instructions at run time. The update
 * functions work on the raw register: the caller starts with all ones and inverts the result,
 * where its format says so. Pure; any thread.
 */

#include "spdk/crc32.h"
#include "spdk/util.h"

#include <isa-l/crc.h>

/* ISA-L takes the length of a CRC-32C as an int. */
#define CRC32C_STEP_BYTES (1u << 30)

uint32_t
spdk_crc32_ieee_update(const void *buf, size_t len, uint32_t crc)
{
	/* This one inverts the register at both ends. */
	return ~crc32_gzip_refl(~crc, buf, len);
}

uint32_t
spdk_crc32c_update(const void *buf, size_t len, uint32_t crc)
{
	/* The prototype lacks a const; the function only reads. */
	unsigned char *pos = (unsigned char *)(uintptr_t)buf;

	while (len > CRC32C_STEP_BYTES) {
		crc = crc32_iscsi(pos, CRC32C_STEP_BYTES, crc);
		pos += CRC32C_STEP_BYTES;
		len -= CRC32C_STEP_BYTES;
	}
	return crc32_iscsi(pos, (int)len, crc);
}

uint32_t
spdk_crc32c_iov_update(struct iovec *iov, int iovcnt, uint32_t crc32c)
{
	int i;

	if (iov == NULL) {
		return crc32c;
	}
	for (i = 0; i < iovcnt; i++) {
		if (iov[i].iov_base != NULL) {
			crc32c = spdk_crc32c_update(iov[i].iov_base, iov[i].iov_len, crc32c);
		}
	}
	return crc32c;
}

uint32_t
spdk_crc32c_nvme(const void *buf, size_t len, uint32_t crc)
{
	return ~spdk_crc32c_update(buf, len, ~crc);
}
