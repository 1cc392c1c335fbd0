/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The rest of the door to the machine: what spdk/env.h has no name for. Waiting for descriptors,
 * blocking work, clocks, randomness, byte streams of the control plane and whole files. Each
 * function has a native implementation (lib/env/native) and one in the simulator (lib/env/sim);
 * nothing above lib/env calls the machine for these things by another way.
 */

#ifndef SPDK_INTERNAL_ENV_H
#define SPDK_INTERNAL_ENV_H

#include "spdk/env.h"

/* ---- Clocks and randomness ---- */

/** The wall clock, for log lines and time stamps; never for deadlines (spdk_get_ticks() is). */
void env_wall_clock(struct timespec *now);

/** Fill \p buf with random bytes that a peer can't guess. Any thread. */
void env_random(void *buf, size_t len_bytes);

/* ---- Waiting ---- */

/** A set of descriptors that one thread waits for. */
struct env_waiter;

struct env_wait_event {
	void *tag;
	uint32_t events; /* EPOLLIN ... */
};

/** A new, empty set. 0, -ENOMEM, -EMFILE. */
int env_waiter_create(struct env_waiter **waiter);

/** Close the set; the descriptors in it stay open. NULL is allowed. */
void env_waiter_destroy(struct env_waiter *waiter);

/**
 * Watch \p fd, level-triggered unless \p events has EPOLLET. Owner's thread only.
 * \param tag comes back with the event.
 * \return 0, -EEXIST, -ENOMEM, -EPERM when the kind of fd can't be waited for.
 */
int env_waiter_add(struct env_waiter *waiter, int fd, uint32_t events, void *tag);
int env_waiter_modify(struct env_waiter *waiter, int fd, uint32_t events, void *tag);
int env_waiter_remove(struct env_waiter *waiter, int fd);

/** Let a waiter that waits now, or else the next wait, return at once. Any thread; from signal
 *  handlers too. Several kicks may count as one. */
void env_waiter_kick(struct env_waiter *waiter);

/**
 * Wait until a descriptor is ready, a kick, or \p deadline_ticks on spdk_get_ticks()'s clock.
 * \param deadline_ticks 0: only look; UINT64_MAX: no deadline.
 * \return number of events stored, 0 after a kick or at the deadline, -EINTR after a signal.
 */
int env_waiter_wait(struct env_waiter *waiter, uint64_t deadline_ticks,
                    struct env_wait_event *events, int max_events);

/** A descriptor that is readable when a wait would not block: to put one set in another. It
 *  belongs to the set. */
int env_waiter_fd(struct env_waiter *waiter);

/* ---- Events: a flag that can be waited for ---- */

/** A descriptor that is readable after env_event_set() until env_event_clear(): an eventfd.
 * -EMFILE, -ENOMEM. The caller closes it with env_event_close(). */
int env_event_create(void);
/** Any thread; from signal handlers too. */
void env_event_set(int fd);
/** Take the flag back; nothing when it isn't set. Any thread. */
void env_event_clear(int fd);
void env_event_close(int fd);

/* ---- Timers: a deadline that can be waited for among descriptors ---- */

/** A descriptor that is readable from its deadline on; it has none yet. Owner's thread only.
 * -EMFILE, -ENOMEM. The caller closes it with env_timer_close(). */
int env_timer_create(void);
/** Set the deadline on spdk_get_ticks()'s clock anew, which also makes it quiet; UINT64_MAX: none.
 */
void env_timer_set(int fd, uint64_t deadline_ticks);
void env_timer_close(int fd);

/* ---- Blocking work ---- */

/**
 * A call that may block (fsync, getaddrinfo, open), run by one of a few helper threads. The caller
 * embeds it and keeps it until \p done ran.
 */
struct env_work {
	/** Runs on a helper thread; may block. */
	void (*fn)(struct env_work *work);
	/** Runs on the helper thread after fn; it usually sends a message to the owner. It is the
	 * last use of the struct by env. */
	void (*done)(struct env_work *work);
	struct env_work *next; /* env's */
};

/** Hand \p work to the helpers. Any thread; never blocks. 0, or -ENOMEM / -EAGAIN and no call-back
 *  when the first helper thread can't be started. */
int env_work_submit(struct env_work *work);

/**
 * Wait until no work is waiting or running, its done included. Before what done uses goes away: a
 * thread to which it sends a message, and the reactor that this wakes. Not from a helper thread.
 */
void env_work_drain(void);

/* ---- Control streams: the JSON-RPC socket ---- */

/** Who is at the other end of a Unix-domain stream; all -1 for TCP. */
struct env_peer {
	int32_t pid;
	int64_t uid;
	int64_t gid;
};

/**
 * Listen at \p addr: a file system path for a Unix-domain socket (made with mode 0600; one that a
 * dead process left behind is replaced), or "host:port" / "[host]:port" for TCP.
 * \return a non-blocking descriptor, or -EADDRINUSE when a live process listens there, -EACCES,
 * -ENAMETOOLONG, -EINVAL and so on.
 */
int env_stream_listen(const char *addr);

/** Stop listening: close \p fd and remove what env_stream_listen() left in the file system. */
void env_stream_unlisten(int fd, const char *addr);

/** A new connection's non-blocking descriptor, -EAGAIN when there is none. */
int env_stream_accept(int listen_fd, struct env_peer *peer);

/** Whether the process at the other end of a Unix-domain stream is in the group \p gid, by itself
 * or besides its own. */
bool env_stream_peer_in_group(int fd, int64_t gid);

/** Let every user connect to the socket at the path \p addr: whoever listens checks who it is. 0 or
 * a negative errno. */
int env_stream_open_to_all(const char *addr);

/** Connect to \p addr, as for env_stream_listen(). A descriptor or a negative errno. */
int env_stream_connect(const char *addr);

/** Bytes moved, 0 at the end of the stream (recv), -EAGAIN, or another negative errno. */
ssize_t env_stream_recv(int fd, void *buf, size_t len_bytes);
ssize_t env_stream_send(int fd, const void *buf, size_t len_bytes);
void env_stream_close(int fd);

/* ---- Files of the control plane ---- */

/**
 * Read a whole file into memory from malloc(), with a 0 byte behind it that \p len_bytes does not
 * count. Blocks: at start-up or from env_work only.
 * \return 0 or a negative errno; -EFBIG above \p max_bytes.
 */
int env_file_load(const char *path, size_t max_bytes, void **data, size_t *len_bytes);

/*
 * Files that grow at their end. What was written is durable after env_file_sync(), a name after
 * env_file_sync_folder(); until then a crash of the machine may lose it, or part of it. All of
 * these block: at start-up or from env_work only. Each returns 0 or a negative errno unless it says
 * more.
 */

/** Make an empty file, mode 0600, or empty the one that is there. A descriptor. */
int env_file_create(const char *path);

/** Open a file that is there, to write at its end. A descriptor. */
int env_file_open(const char *path);

/** Write all of it at the end; -ENOSPC and others may leave a part of it there. */
int env_file_append(int fd, const void *data, size_t len_bytes);

/**
 * Set space aside, so that the file can grow to \p end_bytes without -ENOSPC; its length stays.
 * -ENOSPC, -EDQUOT; -EFBIG when no file may get so long (RLIMIT_FSIZE, the file system);
 * -EOPNOTSUPP when this file system can't.
 */
int env_file_reserve(int fd, uint64_t end_bytes);

int env_file_truncate(int fd, uint64_t len_bytes);
int env_file_sync(int fd);
void env_file_close(int fd);

/** Give the file at \p from the name \p to, in place of what had it: at once or not at all. */
int env_file_rename(const char *from, const char *to);

int env_file_remove(const char *path);

/** Make the names in the folder of \p path durable. */
int env_file_sync_folder(const char *path);

/* ---- Named shared memory ---- */

/** A file of shared memory that this process writes and others may read. */
struct env_shm {
	void *addr;
	uint64_t size_bytes;
	int fd;     /* env's */
	char *name; /* env's */
};

/**
 * Make a file of shared memory, mode 0600, all bytes 0, and map it. One of the same name that
 * another process left is replaced; who has that one mapped keeps it. Bytes take memory only once
 * they are touched: env_shm_reserve() asks for it before, so that no write can fail.
 * \param name begins with a slash and has no other.
 * \return 0, -EINVAL, -ENAMETOOLONG, -EACCES or -EPERM when a file of that name is another user's,
 * -ENOMEM and so on.
 */
int env_shm_create(struct env_shm *shm, const char *name, uint64_t size_bytes);

/** Set memory aside for a part of the file. 0, -ENOSPC. */
int env_shm_reserve(struct env_shm *shm, uint64_t offset, uint64_t len_bytes);

/** Unmap and close it, and with \p unlink remove the name. Nothing for one that was never made. */
void env_shm_destroy(struct env_shm *shm, bool unlink);

/** Write \p text into the file at \p path, which is there already, in one call: for files of the
 * kernel. May block for a moment: control plane only. 0 or a negative errno. */
int env_file_write(const char *path, const char *text);

/* ---- Threads ---- */

#define ENV_THREAD_NAME_BYTES 16

/** Name of the calling thread, as debuggers and top(1) see it. \p name has ENV_THREAD_NAME_BYTES.
 */
void env_thread_get_name(char *name);

/** Name the calling thread for debuggers and top(1); more than 15 bytes are cut off. */
void env_thread_set_name(const char *name);

/* ---- Memory ---- */

/** What spdk_malloc() and its relatives hold. */
struct env_mem_stats {
	uint64_t num_arenas;
	uint64_t arena_bytes; /* of address space; memory is taken as it is touched */
	uint64_t cap_bytes;
	uint64_t num_live;   /* buffers that were not freed yet */
	uint64_t live_bytes; /* as asked for */
};

/** Any thread. */
void env_mem_get_stats(struct env_mem_stats *stats);

/* ---- What a POSIX thread carries ---- */

struct spdk_thread;
struct epoll_event;
struct env_opts_copy;
struct fd_handler;

/**
 * The only thread-local variable of the tree, zero in a new POSIX thread. Each field names its
 * owner; a floor that needs another one adds it here.
 */
struct env_local {
	uint32_t core_plus_1; /* lib/env: the core that this thread is, plus 1; 0: none of ours */
	struct epoll_event *event;       /* lib/env: what a handler of an fd group is called for */
	uint32_t fd_depth;               /* lib/env: waits of fd groups that dispatch now */
	struct fd_handler *fd_removed;   /* lib/env: handlers to free after that */
	struct env_opts_copy *last_opts; /* lib/env: what spdk_env_init(NULL) starts again with */
	struct spdk_thread *thread; /* lib/thread: the spdk_thread that runs here; NULL: none */
	uint32_t trace_ring;        /* lib/trace: number of a user thread's ring; 0: none */
	int32_t trace_tid;          /* lib/trace: the thread's, when it took that ring */
};

extern __thread struct env_local g_env_local __attribute__((tls_model("initial-exec")));

/* ---- The process, for lib/event ---- */

/** What the kernel counts for the calling POSIX thread. */
struct env_thread_usage {
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
};

void env_thread_usage(struct env_thread_usage *usage);

struct spdk_cpuset;

/** The CPUs that the thread of \p lcore is pinned to. False: it is none of our cores, or no cores
 * were asked for and it may run wherever the process may; \p cpus is not touched. Any thread. */
bool env_core_cpus(uint32_t lcore, struct spdk_cpuset *cpus);

/** Ticks (of 1/100 s) that the CPUs of a core (without pinning: the CPU of its number) spent for
 * users, the system and interrupts since it started. */
struct env_core_times {
	uint64_t usr;
	uint64_t sys;
	uint64_t irq;
};

/** All 0 when the machine does not tell. Blocks for a moment: control plane only. */
void env_core_times(uint32_t lcore, struct env_core_times *times);

/**
 * Lock the file \p path (made when it is absent) against other processes for as long as this
 * one lives or until env_lock_release().
 * \param holder pid of the process that has it, 0 when unknown; written when it is taken.
 * \return a descriptor, -EBUSY when another process has it, -EACCES and so on.
 */
int env_lock_acquire(const char *path, int32_t *holder);

/** Remove the file and give the lock back. */
void env_lock_release(int fd, const char *path);

/** Let the kernel write whole core dumps of this process, as far as it may. */
void env_allow_core_dump(void);

/** The number of a user or a group that the machine knows by name. 0, -ENOENT. Blocks: at start. */
int env_find_user(const char *name, int64_t *uid);
int env_find_group(const char *name, int64_t *gid);

/** Uid that the process runs as, and its pid. */
uint32_t env_get_uid(void);
int32_t env_get_pid(void);

/* ---- The end ---- */

/** What a lib without an end of its own gives back when the environment ends. */
struct env_fini_hook {
	void (*fn)(void);
	struct env_fini_hook *next; /* env's */
	bool registered;            /* env's */
};

/**
 * Call hook->fn once, at the end of this environment (spdk_env_fini()); nothing when \p hook is
 * registered already. Any thread. \p hook is static data of the caller; all of it but fn is zero
 * again when fn runs.
 */
void env_at_fini(struct env_fini_hook *hook);

#endif /* SPDK_INTERNAL_ENV_H */
