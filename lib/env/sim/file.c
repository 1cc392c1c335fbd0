/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Files of the simulated machine, and behind them, to be read only, those of the real one.
 *
 *	name ---- now ---> inode: data that was written | data that was synced
 *	     `- synced -> (another) inode
 *
 * A crash takes each name back to what it was at the last sync of its folder, or leaves it, and
 * each content to what was synced, with as much of the rest as chance has it: a part of it, with
 * holes of zeros where a page did not make it. Files outlive the simulated process, but not the
 * environment. */

#include "sim.h"

#include "spdk_internal/env_fault.h"

#define PAGE_BYTES 512

struct inode {
	LIST_ENTRY(inode) link;
	uint32_t refs; /* names and descriptors */
	uint8_t *data;
	size_t len_bytes;
	uint8_t *synced;
	size_t synced_bytes;
	uint64_t space_bytes; /* taken of the disk's */
};

struct name {
	LIST_ENTRY(name) link;
	char *path;
	struct inode *now;    /* NULL: absent */
	struct inode *synced; /* NULL: absent */
};

static struct {
	LIST_HEAD(, name) names;
	LIST_HEAD(, inode) inodes;
	uint64_t used_bytes;
	uint64_t limit_plus_1; /* of used_bytes; 0: none */
} g_files SYSTEM_STATE;

static void
inode_put(struct inode *inode)
{
	if (inode != NULL && --inode->refs == 0) {
		g_files.used_bytes -= inode->space_bytes;
		LIST_REMOVE(inode, link);
		free(inode->data);
		free(inode->synced);
		free(inode);
	}
}

static void
point(struct inode **slot, struct inode *inode)
{
	if (inode != NULL) {
		inode->refs++;
	}
	inode_put(*slot);
	*slot = inode;
}

static struct name *
name_find(const char *path)
{
	struct name *n;

	LIST_FOREACH(n, &g_files.names, link) {
		if (strcmp(n->path, path) == 0) {
			return n;
		}
	}
	return NULL;
}

static struct name *
name_get(const char *path)
{
	struct name *n = name_find(path);

	if (n != NULL) {
		return n;
	}
	n = calloc(1, sizeof(*n));
	if (n == NULL) {
		return NULL;
	}
	n->path = strdup(path);
	if (n->path == NULL) {
		free(n);
		return NULL;
	}
	LIST_INSERT_HEAD(&g_files.names, n, link);
	return n;
}

static struct inode *
inode_create(void)
{
	struct inode *inode = calloc(1, sizeof(*inode));

	if (inode != NULL) {
		LIST_INSERT_HEAD(&g_files.inodes, inode, link);
	}
	return inode;
}

/* Take space for a file that is to hold \p end_bytes. How many of them there is space for. */
static uint64_t
take_space(struct inode *inode, uint64_t end_bytes)
{
	uint64_t has = inode->space_bytes, left = UINT64_MAX, more;

	if (end_bytes <= has) {
		return end_bytes;
	}
	if (g_files.limit_plus_1 != 0) {
		left = g_files.limit_plus_1 - 1 -
		       spdk_min(g_files.used_bytes, g_files.limit_plus_1 - 1);
	}
	more = spdk_min(end_bytes - has, left);
	g_files.used_bytes += more;
	inode->space_bytes += more;
	return has + more;
}

/* The file is \p len bytes long, and has no more space than that. */
static void
set_len(struct inode *inode, size_t len)
{
	g_files.used_bytes += len;
	g_files.used_bytes -= inode->space_bytes;
	inode->space_bytes = len;
	inode->len_bytes = len;
}

static int
set_synced(struct inode *inode, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(spdk_max(len, (size_t)1));

	if (copy == NULL) {
		return -ENOMEM;
	}
	if (len > 0) {
		memcpy(copy, data, len);
	}
	free(inode->synced);
	inode->synced = copy;
	inode->synced_bytes = len;
	return 0;
}

static int
append(struct inode *inode, const void *data, size_t len)
{
	uint64_t end = take_space(inode, inode->len_bytes + len);
	size_t fits = (size_t)(end - inode->len_bytes);
	uint8_t *grown = realloc(inode->data, spdk_max((size_t)end, (size_t)1));

	if (grown == NULL) {
		return -ENOMEM;
	}
	inode->data = grown;
	if (fits > 0) {
		memcpy(grown + inode->len_bytes, data, fits);
	}
	inode->len_bytes = (size_t)end;
	return fits == len ? 0 : -ENOSPC;
}

int
env_sim_file_set(const char *path, const void *data, size_t len_bytes)
{
	struct name *n = name_get(path);
	struct inode *inode = NULL;
	int rc = n != NULL ? 0 : -ENOMEM;

	if (rc == 0 && data != NULL) {
		inode = inode_create();
		rc = inode != NULL ? append(inode, data, len_bytes) : -ENOMEM;
		rc = rc != 0 ? rc : set_synced(inode, data, len_bytes);
	}
	if (rc == 0) {
		point(&n->now, inode);
		point(&n->synced, inode);
	} else if (inode != NULL) {
		inode->refs++;
		inode_put(inode);
	}
	return rc;
}

void
env_sim_file_set_space(uint64_t bytes)
{
	g_files.limit_plus_1 = bytes == UINT64_MAX ? 0 : g_files.used_bytes + bytes + 1;
}

static void
inode_crash(struct inode *inode)
{
	size_t kept = inode->synced_bytes, len = inode->len_bytes, page;

	if (len > kept) {
		len = kept + (size_t)env_sim_rand_below("disk", len - kept + 1);
		for (page = kept; page < len; page += PAGE_BYTES) {
			if (env_sim_rand_below("disk", 4) == 0) {
				memset(inode->data + page, 0,
				       spdk_min((size_t)PAGE_BYTES, len - page));
			}
		}
	} else if (len < kept && env_sim_rand_below("disk", 2) == 0) {
		/* The cut did not reach the disk. */
		uint8_t *grown = realloc(inode->data, kept);

		assert(grown != NULL);
		memcpy(grown, inode->synced, kept);
		inode->data = grown;
		len = kept;
	}
	set_len(inode, len);
}

void
env_sim_file_crash(void)
{
	bool names_are_lost = env_sim_rand_below("disk", 2) == 0;
	struct inode *inode;
	struct name *n;

	LIST_FOREACH(n, &g_files.names, link) {
		if (names_are_lost) {
			point(&n->now, n->synced);
		} else {
			point(&n->synced, n->now);
		}
	}
	LIST_FOREACH(inode, &g_files.inodes, link) {
		inode_crash(inode);
		set_synced(inode, inode->data, inode->len_bytes);
	}
}

int
env_file_load(const char *path, size_t max_bytes, void **data, size_t *len_bytes)
{
	struct name *n = name_find(path);
	uint8_t *copy;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	if (n == NULL) {
		return env_file_read(path, max_bytes, data, len_bytes);
	}
	if (n->now == NULL) {
		return -ENOENT;
	}
	if (n->now->len_bytes > max_bytes) {
		return -EFBIG;
	}
	copy = malloc(n->now->len_bytes + 1);
	if (copy == NULL) {
		return -ENOMEM;
	}
	if (n->now->len_bytes > 0) {
		memcpy(copy, n->now->data, n->now->len_bytes);
	}
	copy[n->now->len_bytes] = 0;
	*data = copy;
	*len_bytes = n->now->len_bytes;
	return 0;
}

/* A descriptor, or -ENOMEM. */
static int
open_inode(struct inode *inode)
{
	struct sim_fd *f = sim_fd_new(SIM_FD_FILE, inode);

	if (f == NULL) {
		return -ENOMEM;
	}
	inode->refs++;
	return f->fd;
}

int
env_file_open(const char *path)
{
	struct name *n = name_find(path);

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	return n != NULL && n->now != NULL ? open_inode(n->now) : -ENOENT;
}

int
env_file_create(const char *path)
{
	struct name *n;
	struct inode *inode;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	n = name_get(path);
	if (n == NULL) {
		return -ENOMEM;
	}
	if (n->now == NULL) {
		inode = inode_create();
		if (inode == NULL) {
			return -ENOMEM;
		}
		point(&n->now, inode);
	}
	set_len(n->now, 0);
	return open_inode(n->now);
}

static struct inode *
inode_of(int fd)
{
	struct sim_fd *f = sim_fd_find(fd);

	return f != NULL && f->kind == SIM_FD_FILE ? f->obj : NULL;
}

int
env_file_append(int fd, const void *data, size_t len_bytes)
{
	struct inode *inode = inode_of(fd);

	if (inode == NULL) {
		return -EBADF;
	}
	return env_fault(ENV_FAULT_FILE) ? -EIO : append(inode, data, len_bytes);
}

int
env_file_reserve(int fd, uint64_t end_bytes)
{
	struct inode *inode = inode_of(fd);

	if (inode == NULL) {
		return -EBADF;
	}
	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	return take_space(inode, end_bytes) == end_bytes ? 0 : -ENOSPC;
}

int
env_file_truncate(int fd, uint64_t len_bytes)
{
	struct inode *inode = inode_of(fd);

	if (inode == NULL || len_bytes > inode->len_bytes) {
		return inode == NULL ? -EBADF : -EINVAL;
	}
	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	set_len(inode, (size_t)len_bytes);
	return 0;
}

int
env_file_sync(int fd)
{
	struct inode *inode = inode_of(fd);

	if (inode == NULL) {
		return -EBADF;
	}
	return env_fault(ENV_FAULT_FILE) ? -EIO : set_synced(inode, inode->data, inode->len_bytes);
}

void
env_file_close(int fd)
{
	struct sim_fd *f = sim_fd_find(fd);

	if (f != NULL && f->kind == SIM_FD_FILE) {
		inode_put(f->obj);
		sim_fd_delete(f);
	}
}

int
env_file_rename(const char *from, const char *to)
{
	struct name *a = name_find(from), *b;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	if (a == NULL || a->now == NULL) {
		return -ENOENT;
	}
	b = name_get(to);
	if (b == NULL) {
		return -ENOMEM;
	}
	point(&b->now, a->now);
	if (a != b) {
		point(&a->now, NULL);
	}
	return 0;
}

int
env_file_remove(const char *path)
{
	struct name *n = name_find(path);

	if (n == NULL || n->now == NULL) {
		return -ENOENT;
	}
	point(&n->now, NULL);
	return 0;
}

int
env_file_sync_folder(const char *path)
{
	struct name *n;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	/* All names are in one folder here. */
	LIST_FOREACH(n, &g_files.names, link) {
		point(&n->synced, n->now);
	}
	return 0;
}

/* Only what a test gave: nothing is written on the machine. */
int
env_file_write(const char *path, const char *text)
{
	struct name *n = name_find(path);

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	if (n == NULL || n->now == NULL) {
		return -ENOENT;
	}
	return env_sim_file_set(path, text, strlen(text));
}

void
sim_file_fini(void)
{
	struct name *n;

	while ((n = LIST_FIRST(&g_files.names)) != NULL) {
		LIST_REMOVE(n, link);
		inode_put(n->now);
		inode_put(n->synced);
		free(n->path);
		free(n);
	}
	memset(&g_files, 0, sizeof(g_files));
}
