/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Processes with one shared-memory id: who is the first, who joins, who cleans up.
 *
 *	<dir>/basalt.<uid>/<id>.lock		the gate: byte 0 is locked by who comes or goes
 *	<dir>/basalt.<uid>/<id>.<gen>.ctl	a session's tables; byte SHM_LOCK_BASE + slot is
 *						locked by the process of that slot while it lives
 *	<dir>/basalt.<uid>/<id>.<gen>.mem	its memory; in --huge-dir when that is given
 *
 * All with the gate. Who comes looks at each session of its id:
 *
 *	nobody has a lock		it is dead: its files are removed
 *	slot 0 has one			its primary lives: join it as a secondary
 *	others have, but not slot 0	its primary is gone: left to those who have it, until
 *					the last of them goes
 *
 * and when it joined none, makes a new one, as its primary. Who goes removes the files if it was
 * the last. Nothing here depends on a pid or on a clean end. The gate is waited for with a
 * deadline, for a process that is stopped inside it must not stop all others for ever. */

#include "shm.h"

#include "spdk/log.h"
#include "spdk/version.h"

#include <sys/stat.h>

#define GATE_WAIT_MS 10000
/* Each says that others came and went meanwhile. */
#define GATE_TRIES 10000
#define DIR_BYTES 128

static struct {
	struct shm *s; /* set by attach, cleared by detach: the thread of spdk_env_init() */
} g_shm SYSTEM_STATE;

struct shm *
shm_get(void)
{
	return g_shm.s;
}

/* ---- The folder and the gate ---- */

/* A folder of ours in `parent`, which nobody else may enter. 0, -EACCES if it is another's. */
static int
dir_try(const char *parent, char *dir, size_t size_bytes)
{
	struct stat st;

	snprintf(dir, size_bytes, "%s/basalt.%u", parent, (unsigned)geteuid());
	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		return -errno;
	}
	if (lstat(dir, &st) != 0) {
		/* The last one of another id removed it meanwhile. */
		return errno == ENOENT ? -EAGAIN : -errno;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		SPDK_ERRLOG("%s is not a folder that only uid %u may enter, and shared memory is "
		            "kept there: remove it\n",
		            dir, (unsigned)geteuid());
		return -EACCES;
	}
	return 0;
}

/* The first that is there, in an order that is the same for all processes of a user. */
static int
dir_find(char *dir, size_t size_bytes)
{
	char run[64];
	const char *parents[] = { "/dev/shm", run, "/tmp" };
	size_t i;
	int rc = -ENOENT;

	snprintf(run, sizeof(run), "/run/user/%u", (unsigned)geteuid());
	for (i = 0; i < SPDK_COUNTOF(parents); i++) {
		if (access(parents[i], W_OK | X_OK) == 0) {
			rc = dir_try(parents[i], dir, size_bytes);
			break;
		}
	}
	return rc;
}

static bool
path_is_fd(const char *path, int fd)
{
	struct stat by_path, by_fd;

	return stat(path, &by_path) == 0 && fstat(fd, &by_fd) == 0 &&
	       by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
}

/* Open the gate's file and lock it; -EAGAIN when it was removed meanwhile. */
static int
gate_try(const char *path, int shm_id)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc, waited;

	if (fd < 0) {
		return errno == ENOENT ? -EAGAIN : -errno;
	}
	for (waited = 0; (rc = shm_bytes_lock(fd, 0, 1)) == -EAGAIN; waited++) {
		if (waited == GATE_WAIT_MS) {
			SPDK_ERRLOG(
			        "Process %d comes to or leaves shared-memory id %d and does not "
			        "get on for %d s: end it, or take another id\n",
			        shm_bytes_holder(fd, 0, 1), shm_id, GATE_WAIT_MS / 1000);
			rc = -ETIMEDOUT;
			break;
		}
		nanosleep(&ms, NULL);
	}
	if (rc == 0 && !path_is_fd(path, fd)) {
		rc = -EAGAIN;
	}
	if (rc != 0) {
		close(fd);
		return rc;
	}
	return fd;
}

static void
gate_path(const struct shm *s, char *path, size_t size_bytes)
{
	snprintf(path, size_bytes, "%s/%d.lock", s->dir, s->shm_id);
}

/* The gate, locked: a descriptor or a negative errno. */
static int
gate_enter(struct shm *s)
{
	char path[SHM_PATH_BYTES + 32];
	int rc, tries;

	for (tries = 0; tries < GATE_TRIES; tries++) {
		rc = dir_find(s->dir, DIR_BYTES);
		if (rc == 0) {
			gate_path(s, path, sizeof(path));
			rc = gate_try(path, s->shm_id);
		}
		if (rc != -EAGAIN) {
			return rc;
		}
	}
	return -EBUSY;
}

/* ---- Sessions that are there ---- */

enum session_state {
	SESSION_DEAD,
	SESSION_LIVE,
	SESSION_ORPHAN
};

static enum session_state
session_state(int ctl_fd)
{
	if (shm_bytes_holder(ctl_fd, SHM_LOCK_BASE, 1) != 0) {
		return SESSION_LIVE;
	}
	return shm_bytes_holder(ctl_fd, SHM_LOCK_BASE, SHM_PROCS) != 0 ? SESSION_ORPHAN
	                                                               : SESSION_DEAD;
}

static bool
head_read(int ctl_fd, struct shm_head *head)
{
	return pread(ctl_fd, head, sizeof(*head), 0) == (ssize_t)sizeof(*head) &&
	       head->magic == SHM_MAGIC;
}

/* The name that both files of a session have, up to the dot before "ctl"; false: it is none of
 * this id. */
static bool
name_is_ctl(const struct shm *s, const char *name, size_t *stem_len)
{
	char prefix[16];
	size_t len = strlen(name);

	snprintf(prefix, sizeof(prefix), "%d.", s->shm_id);
	if (strncmp(name, prefix, strlen(prefix)) != 0 || len < strlen(prefix) + 4 ||
	    strcmp(name + len - 4, ".ctl") != 0) {
		return false;
	}
	*stem_len = len - 4;
	return true;
}

/* Remove the files of a dead session. Its header names the memory's, which must have its name. */
static void
session_remove(const char *ctl_path, const char *stem, size_t stem_len, int ctl_fd)
{
	struct shm_head head;
	const char *base;

	if (head_read(ctl_fd, &head)) {
		head.data_path[sizeof(head.data_path) - 1] = '\0';
		base = strrchr(head.data_path, '/');
		if (base != NULL && strstr(base, stem) != NULL && stem_len > 0) {
			unlink(head.data_path);
		}
	}
	unlink(ctl_path);
}

/* Look at all sessions of the id: remove dead ones, and open the control file of the live one.
 * A descriptor, or -ENOENT when there is none. */
static int
sessions_scan(struct shm *s, uint32_t *num_orphans)
{
	DIR *dir = opendir(s->dir);
	struct dirent *entry;
	int found = -ENOENT;

	*num_orphans = 0;
	if (dir == NULL) {
		return -errno;
	}
	while ((entry = readdir(dir)) != NULL) {
		char path[SHM_PATH_BYTES], stem[SHM_PATH_BYTES];
		size_t len;
		int fd;

		if (!name_is_ctl(s, entry->d_name, &len) ||
		    snprintf(path, sizeof(path), "%.*s/%s", DIR_BYTES, s->dir, entry->d_name) >=
		            (int)sizeof(path)) {
			continue;
		}
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0) {
			continue;
		}
		snprintf(stem, sizeof(stem), "%.*s", (int)len, entry->d_name);
		switch (session_state(fd)) {
		case SESSION_LIVE:
			if (found < 0) {
				snprintf(s->ctl_path, sizeof(s->ctl_path), "%s", path);
				found = fd;
				continue;
			}
			break;
		case SESSION_ORPHAN:
			(*num_orphans)++;
			break;
		case SESSION_DEAD:
			SPDK_INFOLOG(env, "Files of a process that is gone are removed: %s\n",
			             path);
			session_remove(path, stem, len, fd);
			break;
		}
		close(fd);
	}
	closedir(dir);
	return found;
}

/* Unlock the gate, by who is in no session of its own. If none is left, its file is removed first,
 * while nobody else can lock it. */
static void
gate_leave_outside(struct shm *s, int gate)
{
	char path[SHM_PATH_BYTES + 32];
	uint32_t num_orphans;
	int fd = sessions_scan(s, &num_orphans);

	if (fd >= 0) {
		close(fd);
	} else if (num_orphans == 0) {
		gate_path(s, path, sizeof(path));
		unlink(path);
		/* Not when another id has files there. */
		rmdir(s->dir);
	}
	close(gate);
}

/* ---- Coming ---- */

/* The byte of a slot is ours from here on; what a dead process left in it is freed. */
static void
slot_take(struct shm *s, uint32_t slot)
{
	struct shm_proc *proc = &s->ctl->procs[slot];
	uint64_t serial;

	s->slot = slot;
	shm_lock();
	if (atomic_load_explicit(&proc->serial, memory_order_relaxed) != 0) {
		shm_heap_reap(slot);
	}
	serial = ++s->ctl->last_serial;
	proc->pid = getpid();
	atomic_store_explicit(&proc->num_listeners, 0, memory_order_relaxed);
	atomic_store_explicit(&proc->serial, serial, memory_order_relaxed);
	s->token = serial << 8 | slot;
	shm_unlock();
}

static int
slot_find(struct shm *s)
{
	uint32_t i;
	int rc;

	for (i = 1; i < SHM_PROCS; i++) {
		rc = shm_bytes_lock(s->ctl_fd, SHM_LOCK_BASE + i, 1);
		if (rc == 0) {
			slot_take(s, i);
			return 0;
		}
		if (rc != -EAGAIN) {
			return rc;
		}
	}
	SPDK_ERRLOG("Shared-memory id %d has %d processes, which is the most: end one, or take "
	            "another --shm-id\n",
	            s->shm_id, SHM_PROCS);
	return -EUSERS;
}

static int
join(struct shm *s, const struct spdk_env_opts *opts)
{
	struct shm_head head;
	int rc;

	if (!head_read(s->ctl_fd, &head) || head.layout != SHM_LAYOUT ||
	    head.ctl_size != sizeof(struct shm_ctl) ||
	    strncmp(head.version, SPDK_VERSION_STRING, sizeof(head.version)) != 0) {
		SPDK_ERRLOG("Shared-memory id %d was made by %.*s with layout %u, this is %s with "
		            "layout %u: run the same version, or take another --shm-id\n",
		            s->shm_id, (int)sizeof(head.version), head.version, head.layout,
		            SPDK_VERSION_STRING, SHM_LAYOUT);
		return -EPROTONOSUPPORT;
	}
	if (head.base != s->base) {
		SPDK_ERRLOG("Shared-memory id %d lies at 0x%" PRIx64 ", where process %d put it; "
		            "this process asks for 0x%" PRIx64
		            ": give it --base-virtaddr 0x%" PRIx64 ", or another --shm-id\n",
		            s->shm_id, head.base, head.primary_pid, s->base, head.base);
		return -EINVAL;
	}
	s->ctl_bytes = head.ctl_bytes;
	s->data_bytes = head.data_bytes;
	s->granule = head.granule;
	head.data_path[sizeof(head.data_path) - 1] = '\0';
	snprintf(s->data_path, sizeof(s->data_path), "%s", head.data_path);
	if (opts->mem_size > 0 && (uint64_t)opts->mem_size << 20 != s->data_bytes) {
		SPDK_INFOLOG(env,
		             "Option mem_size means nothing here: the first process of id %d chose "
		             "%" PRIu64 " MiB\n",
		             s->shm_id, s->data_bytes >> 20);
	}
	s->data_fd = open(s->data_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	rc = s->data_fd >= 0 ? shm_map(s) : -errno;
	if (s->data_fd < 0) {
		SPDK_ERRLOG("Can't open %s, the memory of shared-memory id %d: %s\n", s->data_path,
		            s->shm_id, strerror(-rc));
	}
	return rc == 0 ? slot_find(s) : rc;
}

static int
create(struct shm *s, const struct spdk_env_opts *opts)
{
	char stem[32];
	uint32_t gen;
	int rc;

	env_random(&gen, sizeof(gen));
	snprintf(stem, sizeof(stem), "%d.%08x", s->shm_id, gen);
	snprintf(s->ctl_path, sizeof(s->ctl_path), "%.*s/%d.%08x.ctl", DIR_BYTES, s->dir, s->shm_id,
	         gen);
	s->ctl_fd = open(s->ctl_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s->ctl_fd < 0) {
		rc = -errno;
		SPDK_ERRLOG("Can't make %s: %s\n", s->ctl_path, strerror(-rc));
		return rc;
	}
	rc = shm_bytes_lock(s->ctl_fd, SHM_LOCK_BASE, 1);
	if (rc == 0) {
		rc = shm_files_make(s, opts->hugedir, stem);
	}
	if (rc == 0) {
		rc = shm_map(s);
	}
	if (rc == 0) {
		rc = shm_lock_init(s->ctl);
	}
	if (rc == 0) {
		slot_take(s, 0);
		/* Release: not that anybody looks before the gate opens. */
		atomic_store_explicit(&s->ctl->head.ready, 1, memory_order_release);
	}
	return rc;
}

/* ---- Going ---- */

/* Let go of all that `s` has, in any state of it; remove the files if it was the last. */
static void
session_leave(struct shm *s)
{
	bool last = false;

	if (s->ctl_fd >= 0) {
		/* Our own locks don't count. */
		last = shm_bytes_holder(s->ctl_fd, SHM_LOCK_BASE, SHM_PROCS) == 0;
	}
	if (s->ctl != NULL) {
		shm_unmap(s);
	}
	if (last && s->ctl_path[0] != '\0') {
		unlink(s->data_path);
		unlink(s->ctl_path);
	}
	if (s->data_fd >= 0) {
		close(s->data_fd);
	}
	if (s->ctl_fd >= 0) {
		close(s->ctl_fd);
	}
}

int
machine_share(const struct spdk_env_opts *opts)
{
	uint32_t num_orphans = 0;
	struct shm *s;
	int gate, rc;

	if (opts->shm_id < 0) {
		return 0;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		return -ENOMEM;
	}
	g_shm.s = s;
	s->ctl_fd = s->data_fd = -1;
	s->shm_id = opts->shm_id;
	s->enforce_numa = opts->enforce_numa;
	s->base = SPDK_ALIGN_CEIL(opts->base_virtaddr, (uint64_t)ENV_ARENA_ALIGN);
	gate = gate_enter(s);
	rc = gate < 0 ? gate : 0;
	if (rc != 0) {
		SPDK_ERRLOG("Can't enter shared-memory id %d in %s: %s\n", s->shm_id,
		            s->dir[0] != '\0' ? s->dir : "/dev/shm, /run/user and /tmp",
		            strerror(-rc));
		goto out;
	}
	s->ctl_fd = sessions_scan(s, &num_orphans);
	if (s->ctl_fd < 0 && num_orphans > 0) {
		SPDK_NOTICELOG("The first process of shared-memory id %d ended, others still use "
		               "its memory and keep it; this process begins anew\n",
		               s->shm_id);
	}
	rc = s->ctl_fd >= 0 ? join(s, opts) : create(s, opts);
	if (rc == 0) {
		close(gate);
		env_shared_set(&g_shm_shared);
		return shm_sync();
	}
	session_leave(s);
	gate_leave_outside(s, gate);
out:
	g_shm.s = NULL;
	free(s);
	return rc;
}

void
machine_unshare(void)
{
	struct shm *s = g_shm.s;
	int gate;

	if (s == NULL) {
		return;
	}
	shm_unregister(s);
	shm_lock();
	shm_heap_reap(s->slot);
	atomic_store_explicit(&s->ctl->procs[s->slot].num_listeners, 0, memory_order_relaxed);
	atomic_store_explicit(&s->ctl->procs[s->slot].serial, 0, memory_order_relaxed);
	shm_unlock();
	env_shared_set(NULL);
	/* Without the gate the files stay, and the next start removes them. */
	gate = gate_enter(s);
	session_leave(s);
	if (gate >= 0) {
		gate_leave_outside(s, gate);
	}
	g_shm.s = NULL;
	free(s);
}
