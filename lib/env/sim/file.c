/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Files that a test gave, and behind them those of the machine. */

#include "sim.h"

#include "spdk_internal/env_fault.h"

struct file {
	LIST_ENTRY(file) link;
	char *path;
	void *data;
	size_t len_bytes;
};

LIST_HEAD(file_list, file);

static struct {
	struct file_list files;
} g_files SYSTEM_STATE;

static void
file_destroy(struct file *f)
{
	LIST_REMOVE(f, link);
	free(f->path);
	free(f->data);
	free(f);
}

static struct file *
file_find(const char *path)
{
	struct file *f;

	LIST_FOREACH(f, &g_files.files, link) {
		if (strcmp(f->path, path) == 0) {
			return f;
		}
	}
	return NULL;
}

int
env_sim_file_set(const char *path, const void *data, size_t len_bytes)
{
	struct file *f = file_find(path);

	if (f != NULL) {
		file_destroy(f);
	}
	if (data == NULL) {
		return 0;
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		return -ENOMEM;
	}
	LIST_INSERT_HEAD(&g_files.files, f, link);
	f->path = strdup(path);
	f->data = malloc(spdk_max(len_bytes, 1));
	if (f->path == NULL || f->data == NULL) {
		file_destroy(f);
		return -ENOMEM;
	}
	memcpy(f->data, data, len_bytes);
	f->len_bytes = len_bytes;
	return 0;
}

int
env_file_load(const char *path, size_t max_bytes, void **data, size_t *len_bytes)
{
	struct file *f = file_find(path);
	uint8_t *copy;

	if (env_fault(ENV_FAULT_FILE)) {
		return -EIO;
	}
	if (f == NULL) {
		return env_file_read(path, max_bytes, data, len_bytes);
	}
	if (f->len_bytes > max_bytes) {
		return -EFBIG;
	}
	copy = malloc(f->len_bytes + 1);
	if (copy == NULL) {
		return -ENOMEM;
	}
	memcpy(copy, f->data, f->len_bytes);
	copy[f->len_bytes] = 0;
	*data = copy;
	*len_bytes = f->len_bytes;
	return 0;
}

void
sim_file_fini(void)
{
	struct file *f;

	while ((f = LIST_FIRST(&g_files.files)) != NULL) {
		file_destroy(f);
	}
}
