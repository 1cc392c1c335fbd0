/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The state file on its disk. All of it blocks: it runs at start, before the reactors, or on a
 * helper thread of env_work, never two calls at a time.
 *
 * Append: write one line, fsync. When that fails the file is cut back; whether the cut or the line
 * reached the disk nobody knows, so nothing more is appended behind it.
 *
 * Rewrite: write FILE.new, fsync; rename it over FILE; fsync the folder. Until the rename the old
 * file counts, whole; behind it the new one. A program may be killed before the folder is synced,
 * so whoever opens the file syncs it first.
 *
 * FILE.lock keeps other processes away; the kernel drops the lock with the process. */

#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "state_internal.h"

/* Space is set aside in pieces of this, so that most appends need no call for it. */
#define RESERVE_STEP (64 * 1024)

static int
make_paths(struct state_store *store, const char *path)
{
	store->path = strdup(path);
	store->new_path = spdk_sprintf_alloc("%s.new", path);
	store->lock_path = spdk_sprintf_alloc("%s.lock", path);
	return store->path != NULL && store->new_path != NULL && store->lock_path != NULL ? 0
	                                                                                  : -ENOMEM;
}

static int
take_lock(struct state_store *store)
{
	int32_t holder;
	int rc;

	rc = env_lock_acquire(store->lock_path, &holder);
	if (rc == -EBUSY) {
		SPDK_ERRLOG("%s: process %d has it: two programs can't share a state file. Stop "
		            "that one, or give another file\n",
		            store->path, holder);
		return rc;
	}
	if (rc < 0) {
		SPDK_ERRLOG("%s: can't be made: %s. The state file needs a folder that this user "
		            "may write\n",
		            store->lock_path, spdk_strerror(-rc));
		return rc;
	}
	store->lock_fd = rc;
	return 0;
}

/* Cut a torn line off, before anything is appended behind it. */
static int
cut_torn(struct state_store *store, const struct state_content *content)
{
	int rc;

	if (content->torn_line == 0) {
		return 0;
	}
	SPDK_WARNLOG("%s:%u: its end is missing: the program ended while it wrote. Nobody was told "
	             "that this change is done; it is dropped\n",
	             store->path, content->torn_line);
	rc = env_file_truncate(store->fd, content->good_bytes);
	return rc == 0 ? env_file_sync(store->fd) : rc;
}

static int
load(struct state_store *store, struct state_content *content)
{
	struct state_error error;
	void *data;
	size_t len;
	int rc;

	rc = env_file_load(store->path, STATE_FILE_MAX, &data, &len);
	if (rc == -ENOENT) {
		return 0;
	}
	if (rc != 0) {
		SPDK_ERRLOG("%s: can't be read: %s\n", store->path, spdk_strerror(-rc));
		return rc;
	}
	if (len > 0) {
		rc = state_read(store->path, data, len, content, &error);
	}
	free(data);
	if (len == 0) {
		return 0; /* as if it were not there */
	}
	if (rc == -EINVAL) {
		SPDK_ERRLOG("%s:%u: %s. To start: %s\n", store->path, error.line, error.reason,
		            error.remedy);
	}
	if (rc != 0) {
		return rc;
	}
	store->fd = env_file_open(store->path);
	rc = store->fd >= 0 ? cut_torn(store, content) : store->fd;
	if (rc == 0) {
		rc = env_file_sync_folder(store->path);
	}
	if (rc != 0) {
		SPDK_ERRLOG("%s: can't be written: %s\n", store->path, spdk_strerror(-rc));
	}
	return rc;
}

int
state_store_open(struct state_store *store, const char *path, struct state_content *content)
{
	int rc;

	memset(store, 0, sizeof(*store));
	memset(content, 0, sizeof(*content));
	store->lock_fd = -1;
	store->fd = -1;
	rc = make_paths(store, path);
	if (rc == 0) {
		rc = take_lock(store);
	}
	if (rc == 0) {
		rc = load(store, content);
	}
	if (rc != 0) {
		state_content_free(content);
		state_store_close(store);
		return rc;
	}
	store->gen = content->gen;
	store->len = content->good_bytes;
	store->space_end = store->len;
	store->next_seq = content->num_records + 1;
	return 0;
}

void
state_store_close(struct state_store *store)
{
	if (store->fd >= 0) {
		env_file_close(store->fd);
	}
	if (store->lock_fd >= 0) {
		env_lock_release(store->lock_fd, store->lock_path);
	}
	free(store->path);
	free(store->new_path);
	free(store->lock_path);
	memset(store, 0, sizeof(*store));
	store->fd = -1;
	store->lock_fd = -1;
}

int
state_store_reserve(struct state_store *store, size_t len)
{
	uint64_t end = store->len + len;
	int rc;

	if (end <= store->space_end) {
		return 0;
	}
	rc = env_file_reserve(store->fd, end + RESERVE_STEP);
	if (rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG) {
		rc = env_file_reserve(store->fd, end); /* the last bit */
		store->space_end = rc == 0 ? end : store->space_end;
		return rc;
	}
	if (rc == 0 || rc == -EOPNOTSUPP) {
		/* Where nothing can be set aside, a full disk is met by the write. */
		store->space_end = end + RESERVE_STEP;
		return 0;
	}
	return rc;
}

int
state_store_append(struct state_store *store, const struct state_buf *line)
{
	int rc;

	assert(!store->uncertain);
	rc = env_file_append(store->fd, line->data, line->len);
	if (rc == 0) {
		rc = env_file_sync(store->fd);
	}
	if (rc != 0) {
		store->uncertain = true;
		if (env_file_truncate(store->fd, store->len) == 0) {
			env_file_sync(store->fd);
		}
		return rc;
	}
	store->len += line->len;
	store->next_seq++;
	return 0;
}

/* A new file with all of the text in it, durable but for its name. A descriptor. */
static int
write_new(struct state_store *store, const struct state_buf *text)
{
	int fd, rc;

	fd = env_file_create(store->new_path);
	if (fd < 0) {
		return fd;
	}
	rc = env_file_append(fd, text->data, text->len);
	if (rc == 0) {
		rc = env_file_sync(fd);
	}
	if (rc == 0) {
		rc = env_file_rename(store->new_path, store->path);
	}
	if (rc != 0) {
		env_file_close(fd);
		env_file_remove(store->new_path);
		return rc;
	}
	return fd;
}

int
state_store_rewrite(struct state_store *store, const struct state_buf *text, uint64_t num_records)
{
	int fd, rc;

	fd = write_new(store, text);
	if (fd < 0) {
		return fd;
	}
	if (store->fd >= 0) {
		env_file_close(store->fd);
	}
	store->fd = fd;
	store->gen++;
	store->len = text->len;
	store->space_end = text->len;
	store->next_seq = num_records + 1;
	rc = env_file_sync_folder(store->path);
	/* Without it a crash may bring the old file back, and what is appended to this one is lost.
	 */
	store->uncertain = rc != 0;
	return rc;
}
