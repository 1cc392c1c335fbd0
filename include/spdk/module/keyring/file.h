/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Keys in files that only their owner may read. Any thread; the calls block.
 */

#ifndef SPDK_MODULE_KEYRING_FILE_H
#define SPDK_MODULE_KEYRING_FILE_H

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * Add a key whose secret is the content of a file, read anew at each use.
 * \param path absolute; a regular file of the user of this process that nobody else may use (0600).
 * \return 0; -EEXIST when there is a key of that name; -EPERM for a relative path, or a file of
 * another kind, owner or mode; -ENOENT and so on when it can't be looked at; -EINVAL; -ENOMEM.
 */
int spdk_keyring_file_add_key(const char *name, const char *path);

/**
 * Remove a key that spdk_keyring_file_add_key() added.
 * \return 0, -ENOKEY when there is none, -EINVAL when it is another module's.
 */
int spdk_keyring_file_remove_key(const char *name);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_MODULE_KEYRING_FILE_H */
