/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Universally unique identifiers, RFC 9562: text form and name-based ones by libuuid, random ones
 * from the environment's random bytes, so that the simulator repeats them. Pure; any thread.
 */

#include "spdk/uuid.h"
#include "spdk/assert.h"
#include "spdk_internal/machine_hooks.h"

#include <uuid/uuid.h>

SPDK_STATIC_ASSERT(sizeof(struct spdk_uuid) == sizeof(uuid_t), "a UUID is 16 bytes");

int
spdk_uuid_parse(struct spdk_uuid *uuid, const char *uuid_str)
{
	uuid_t parsed;

	if (uuid_parse(uuid_str, parsed) != 0) {
		return -EINVAL;
	}
	memcpy(uuid->u.raw, parsed, sizeof(parsed));
	return 0;
}

int
spdk_uuid_fmt_lower(char *uuid_str, size_t uuid_str_size, const struct spdk_uuid *uuid)
{
	if (uuid_str_size < SPDK_UUID_STRING_LEN) {
		return -EINVAL;
	}
	uuid_unparse_lower(uuid->u.raw, uuid_str);
	return 0;
}

int
spdk_uuid_compare(const struct spdk_uuid *u1, const struct spdk_uuid *u2)
{
	return memcmp(u1->u.raw, u2->u.raw, sizeof(u1->u.raw));
}

void
spdk_uuid_generate(struct spdk_uuid *uuid)
{
	uint8_t *raw = uuid->u.raw;

	machine_hooks_get()->random(raw, sizeof(uuid->u.raw));
	raw[6] = (uint8_t)((raw[6] & 0x0f) | 0x40); /* version 4 */
	raw[8] = (uint8_t)((raw[8] & 0x3f) | 0x80); /* the variant of the RFC */
}

int
spdk_uuid_generate_sha1(struct spdk_uuid *uuid, struct spdk_uuid *ns_uuid, const char *name,
                        size_t len)
{
	uuid_t out;

	uuid_generate_sha1(out, ns_uuid->u.raw, name, len);
	memcpy(uuid->u.raw, out, sizeof(out));
	return 0;
}

void
spdk_uuid_copy(struct spdk_uuid *dst, const struct spdk_uuid *src)
{
	*dst = *src;
}

bool
spdk_uuid_is_null(const struct spdk_uuid *uuid)
{
	return uuid_is_null(uuid->u.raw);
}

void
spdk_uuid_set_null(struct spdk_uuid *uuid)
{
	memset(uuid, 0, sizeof(*uuid));
}
