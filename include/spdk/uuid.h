/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Universally unique identifiers. Pure but for randomness; any thread.
 */

#ifndef SPDK_UUID_H
#define SPDK_UUID_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_UUID_STRING_LEN 37

struct spdk_uuid;

struct spdk_uuid {
	union {
		uint8_t raw[16];
	} u;
};

/**
 * Read "00112233-4455-6677-8899-aabbccddeeff", in either case.
 * \return 0, or -EINVAL, and \p uuid is as before.
 */
int spdk_uuid_parse(struct spdk_uuid *uuid, const char *uuid_str);

/**
 * Write the text form, in lower case.
 * \param uuid_str_size at least SPDK_UUID_STRING_LEN.
 * \return 0, or -EINVAL when it is less.
 */
int spdk_uuid_fmt_lower(char *uuid_str, size_t uuid_str_size, const struct spdk_uuid *uuid);

/** Below, equal to or above 0, as \p u1 stands to \p u2 byte by byte. */
int spdk_uuid_compare(const struct spdk_uuid *u1, const struct spdk_uuid *u2);

/**
 * A random one (version 4). The environment must be up: it has the randomness, and without it the
 * program ends.
 */
void spdk_uuid_generate(struct spdk_uuid *uuid);

/**
 * The one that belongs to a name within a name space (version 5): always the same.
 * \param len bytes of \p name.
 * \return 0.
 */
int spdk_uuid_generate_sha1(struct spdk_uuid *uuid, struct spdk_uuid *ns_uuid, const char *name,
                            size_t len);

/** Copy \p src to \p dst. */
void spdk_uuid_copy(struct spdk_uuid *dst, const struct spdk_uuid *src);

/** Whether all bytes are 0. */
bool spdk_uuid_is_null(const struct spdk_uuid *uuid);

/** Set all bytes to 0. */
void spdk_uuid_set_null(struct spdk_uuid *uuid);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_UUID_H */
