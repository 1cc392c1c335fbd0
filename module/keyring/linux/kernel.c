/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* keyctl(2), which the C library has no call for. No state; any thread. */

#include "keyring_linux.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>

#define DESCRIPTION_BYTES_MAX 4352 /* a name of 4,096 bytes, and what stands before it */

int32_t
kernel_key_find(const char *name)
{
	long rc = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0);

	return rc >= 0 ? (int32_t)rc : -errno;
}

int64_t
kernel_key_permissions(int32_t serial)
{
	char text[DESCRIPTION_BYTES_MAX];
	unsigned int permissions;
	long rc;

	/* "type;uid;gid;permissions;name" */
	rc = syscall(SYS_keyctl, KEYCTL_DESCRIBE, serial, text, sizeof(text));
	if (rc < 0) {
		return -errno;
	}
	text[sizeof(text) - 1] = '\0';
	if (sscanf(text, "%*[^;];%*d;%*d;%x;", &permissions) != 1) {
		return -EPROTO;
	}
	return permissions;
}

int64_t
kernel_key_read(int32_t serial, void *buf, size_t len_bytes)
{
	long rc = syscall(SYS_keyctl, KEYCTL_READ, serial, buf, len_bytes);

	return rc >= 0 ? rc : -errno;
}
