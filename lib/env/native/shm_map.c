/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The files of a session and where they are mapped: the same addresses in every process, all of
 * them from the start, so that memory that another process adds needs no answer of this one.
 *
 * Both files are sparse, as big as the session may ever become. A page counts when it is used. */

#include "shm.h"

#include "spdk/log.h"
#include "spdk/version.h"

#include <sys/statfs.h>

static uint64_t
pages_bytes(uint64_t data_bytes)
{
	return data_bytes / ENV_PAGE_BYTES * sizeof(struct shm_page);
}

static uint64_t
slabs_bytes(uint64_t data_bytes)
{
	return data_bytes / ENV_PAGE_BYTES / SHM_SLAB_PAGES * sizeof(struct shm_slab);
}

/* Where pages[] begins in the control file. */
static uint64_t
pages_offset(void)
{
	return SPDK_ALIGN_CEIL(sizeof(struct shm_ctl), (uint64_t)ENV_PAGE_BYTES);
}

static void
head_fill(struct shm *s, struct shm_head *head)
{
	memset(head, 0, sizeof(*head));
	head->magic = SHM_MAGIC;
	head->layout = SHM_LAYOUT;
	head->ctl_size = sizeof(struct shm_ctl);
	snprintf(head->version, sizeof(head->version), "%s", SPDK_VERSION_STRING);
	head->base = s->base;
	head->ctl_bytes = s->ctl_bytes;
	head->data_bytes = s->data_bytes;
	head->granule = s->granule;
	snprintf(head->data_path, sizeof(head->data_path), "%s", s->data_path);
	head->primary_pid = getpid();
}

/* Make the memory's file in a folder. First its name is written down, then it is made: so it is
 * found and removed if this process ends here. */
static int
data_make(struct shm *s, const char *path)
{
	struct shm_head head;
	struct statfs fs;
	int rc;

	snprintf(s->data_path, sizeof(s->data_path), "%s", path);
	head_fill(s, &head);
	if (pwrite(s->ctl_fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head)) {
		return -ENOSPC;
	}
	s->data_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s->data_fd < 0) {
		return -errno;
	}
	rc = fstatfs(s->data_fd, &fs) == 0 ? 0 : -errno;
	s->granule = spdk_max((uint64_t)fs.f_bsize, (uint64_t)ENV_PAGE_BYTES);
	if (rc == 0 && (s->granule > ENV_ARENA_ALIGN || !spdk_u64_is_pow2(s->granule))) {
		/* Huge pages of 1 GiB. */
		rc = -EINVAL;
	}
	if (rc == 0 && ftruncate(s->data_fd, (off_t)s->data_bytes) != 0) {
		rc = -errno;
	}
	/* Huge pages: whether there are any. */
	if (rc == 0 && s->granule > ENV_PAGE_BYTES &&
	    fallocate(s->data_fd, 0, 0, (off_t)s->granule) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		close(s->data_fd);
		s->data_fd = -1;
		unlink(path);
	}
	return rc;
}

/* In the folder for huge pages, else beside the tables. */
static int
data_make_somewhere(struct shm *s, const char *hugedir, const char *stem)
{
	char path[SHM_PATH_BYTES];
	int rc;

	if (hugedir != NULL) {
		snprintf(path, sizeof(path), "%.128s/basalt.%u.%s.mem", hugedir,
		         (unsigned)geteuid(), stem);
		rc = data_make(s, path);
		if (rc == 0) {
			return 0;
		}
		SPDK_WARNLOG("No huge pages of 2 MiB for shared memory in %s (%s): plain pages are "
		             "used\n",
		             hugedir, strerror(-rc));
	}
	snprintf(path, sizeof(path), "%.*s.mem", (int)strlen(s->ctl_path) - 4, s->ctl_path);
	return data_make(s, path);
}

int
shm_files_make(struct shm *s, const char *hugedir, const char *stem)
{
	struct env_mem_stats stats;
	struct shm_head head;
	int rc;

	/* As much as one process could have. */
	env_mem_get_stats(&stats);
	s->data_bytes = spdk_min(stats.cap_bytes & ~(uint64_t)(ENV_ARENA_ALIGN - 1),
	                         (uint64_t)(SHM_NO_PAGE - 1) * ENV_PAGE_BYTES);
	s->ctl_bytes = SPDK_ALIGN_CEIL(pages_offset() + pages_bytes(s->data_bytes) +
	                                       slabs_bytes(s->data_bytes),
	                               (uint64_t)ENV_ARENA_ALIGN);
	rc = data_make_somewhere(s, hugedir, stem);
	if (rc == 0 && ftruncate(s->ctl_fd, (off_t)s->ctl_bytes) != 0) {
		rc = -errno;
	}
	if (rc == 0) {
		head_fill(s, &head);
		rc = pwrite(s->ctl_fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) ? 0 : -EIO;
	}
	if (rc != 0) {
		SPDK_ERRLOG("Can't make %s of %" PRIu64 " MiB: %s; a smaller --mem-size may help\n",
		            s->data_path, s->data_bytes >> 20, strerror(-rc));
	}
	return rc;
}

int
shm_map(struct shm *s)
{
	uint64_t total = s->ctl_bytes + s->data_bytes;
	uint8_t *base = (uint8_t *)(uintptr_t)s->base;
	void *got;
	int rc;

	got = mmap(base, total, PROT_NONE,
	           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (got != base) {
		rc = got == MAP_FAILED ? -errno : -EEXIST;
		if (got != MAP_FAILED) {
			munmap(got, total);
		}
		SPDK_ERRLOG("Shared memory needs the addresses 0x%" PRIx64 " to 0x%" PRIx64
		            ", which this process can't have (%s): give all processes of id %d "
		            "another --base-virtaddr, or the first a smaller --mem-size\n",
		            s->base, s->base + total, strerror(-rc), s->shm_id);
		return rc;
	}
	if (mmap(base, s->ctl_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, s->ctl_fd,
	         0) == MAP_FAILED ||
	    mmap(base + s->ctl_bytes, s->data_bytes, PROT_READ | PROT_WRITE,
	         MAP_SHARED | MAP_FIXED | MAP_NORESERVE, s->data_fd, 0) == MAP_FAILED) {
		rc = -errno;
		SPDK_ERRLOG("Can't map %s: %s\n", s->data_path, strerror(-rc));
		munmap(base, total);
		return rc;
	}
	madvise(base, total, MADV_DONTDUMP);
	s->ctl = (struct shm_ctl *)base;
	s->pages = (struct shm_page *)(base + pages_offset());
	s->slabs = (struct shm_slab *)(base + pages_offset() + pages_bytes(s->data_bytes));
	s->data = base + s->ctl_bytes;
	return 0;
}

void
shm_unregister(struct shm *s)
{
	while (s->num_begun > 0) {
		const struct shm_arena *arena = &s->ctl->arenas[--s->num_begun];

		spdk_mem_unregister(shm_page_addr(arena->first_page),
		                    (size_t)arena->num_pages * ENV_PAGE_BYTES);
	}
}

void
shm_unmap(struct shm *s)
{
	munmap(s->ctl, s->ctl_bytes + s->data_bytes);
	s->ctl = NULL;
}
