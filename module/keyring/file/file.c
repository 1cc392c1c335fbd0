/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Keys in files. A key's context is the path; the secret stays in the file, which is opened, looked
 * at and read anew at each use: what is checked is what is read. Under the keyring's lock. */

#include "spdk/json.h"
#include "spdk/keyring_module.h"
#include "spdk/log.h"
#include "spdk/module/keyring/file.h"
#include "spdk_internal/env.h"
#include "spdk_internal/rpc_table.h"
#include "spdk_internal/system_state.h"

extern struct spdk_keyring_module g_keyring_file_module;

struct file_key {
	char *path;
};

/* A descriptor of a file that may be trusted with a secret, or a negative errno. */
static int
key_file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *wrong = NULL;
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st) != 0) {
		err = errno;
		SPDK_ERRLOG("The key file %s can't be read: %s\n", path, strerror(err));
		if (fd >= 0) {
			close(fd);
		}
		return -err;
	}
	if (!S_ISREG(st.st_mode)) {
		wrong = "it is no regular file";
	} else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		wrong = "others than its owner may use it: set its mode to 0600";
	} else if (st.st_uid != env_get_uid()) {
		wrong = "it belongs to another user";
	}
	if (wrong != NULL) {
		SPDK_ERRLOG("The key file %s is not safe: %s\n", path, wrong);
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int
file_add_key(struct spdk_key *key, void *ctx)
{
	struct file_key *file_key = spdk_key_get_ctx(key);
	const char *path = ctx;
	int fd;

	if (path[0] != '/') {
		SPDK_ERRLOG("The key file %s is not named by an absolute path\n", path);
		return -EPERM;
	}
	fd = key_file_open(path);
	if (fd < 0) {
		return fd;
	}
	close(fd);
	file_key->path = strdup(path);
	return file_key->path != NULL ? 0 : -ENOMEM;
}

static void
file_remove_key(struct spdk_key *key)
{
	struct file_key *file_key = spdk_key_get_ctx(key);

	free(file_key->path);
	file_key->path = NULL;
}

/* All of a file that is not longer than `len`. */
static int
read_all(int fd, uint8_t *buf, size_t len)
{
	size_t done = 0;
	uint8_t more;
	ssize_t rc;

	do {
		rc = done < len ? read(fd, buf + done, len - done) : read(fd, &more, 1);
		if (rc > 0 && done == len) {
			explicit_bzero(&more, 1);
			return -ENOBUFS;
		}
		done += rc > 0 ? (size_t)rc : 0;
	} while (rc > 0 || (rc < 0 && errno == EINTR));
	return rc == 0 ? (int)done : -errno;
}

static int
file_get_key(struct spdk_key *key, void *buf, int len)
{
	struct file_key *file_key = spdk_key_get_ctx(key);
	int fd = key_file_open(file_key->path), rc;

	if (fd < 0) {
		return fd;
	}
	rc = read_all(fd, buf, (size_t)len);
	close(fd);
	return rc;
}

static size_t
file_get_ctx_size(void)
{
	return sizeof(struct file_key);
}

static void
file_dump_info(struct spdk_key *key, struct spdk_json_write_ctx *w)
{
	struct file_key *file_key = spdk_key_get_ctx(key);

	spdk_json_write_named_string(w, "path", file_key->path);
}

static void
write_entry(void *w, struct spdk_key *key)
{
	struct file_key *file_key = spdk_key_get_ctx(key);

	if (spdk_key_get_module(key) == &g_keyring_file_module) {
		rpc_write_entry_begin(w, "keyring_file_add_key");
		spdk_json_write_named_string(w, "name", spdk_key_get_name(key));
		spdk_json_write_named_string(w, "path", file_key->path);
		rpc_write_entry_end(w);
	}
}

static void
file_write_config(struct spdk_json_write_ctx *w)
{
	spdk_keyring_for_each_key(NULL, w, write_entry, 0);
}

struct spdk_keyring_module g_keyring_file_module SYSTEM_STATE = {
	.name = "keyring_file",
	.write_config = file_write_config,
	.add_key = file_add_key,
	.remove_key = file_remove_key,
	.get_key = file_get_key,
	.get_ctx_size = file_get_ctx_size,
	.dump_info = file_dump_info,
};

int
spdk_keyring_file_add_key(const char *name, const char *path)
{
	struct spdk_key_opts opts = {
		.size = sizeof(opts),
		.name = name,
		.module = &g_keyring_file_module,
		.ctx = (void *)path,
	};

	return path != NULL ? spdk_keyring_add_key(&opts) : -EINVAL;
}

int
spdk_keyring_file_remove_key(const char *name)
{
	return spdk_keyring_remove_key(name, &g_keyring_file_module);
}
