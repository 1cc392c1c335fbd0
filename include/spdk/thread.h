/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Lightweight threads: each object has one owning thread, others send it messages, and a channel is
 * a thread's private handle to a device. A thread runs wherever somebody calls spdk_thread_poll();
 * programs on spdk_app_start() leave that to reactors. Unless a function says otherwise it is
 * called on an SPDK thread, and the objects it makes belong to that thread.
 */

#ifndef SPDK_THREAD_H
#define SPDK_THREAD_H

#include "spdk/assert.h"
#include "spdk/stdinc.h"
#include "spdk/config.h"
#include "spdk/queue.h"
#include "spdk/queue_extras.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_IO_CHANNEL_STRUCT_SIZE 96
#define SPDK_MSG_MEMPOOL_CACHE_SIZE 1024
#define SPDK_DEFAULT_MSG_MEMPOOL_SIZE 262143
#define SPDK_CONFIG_MAX_NUMA_NODES 1

/** spdk_poller_register_named() with the function's name. */
#define SPDK_POLLER_REGISTER(fn, arg, period_microseconds) \
	spdk_poller_register_named(fn, arg, period_microseconds, #fn)
/** spdk_interrupt_register() with the function's name. */
#define SPDK_INTERRUPT_REGISTER(efd, fn, arg) spdk_interrupt_register(efd, fn, arg, #fn)
#define SPDK_INTERRUPT_REGISTER_FOR_EVENTS(efd, events, fn, arg) \
	spdk_interrupt_register_for_events(efd, events, fn, arg, #fn)
#define SPDK_INTERRUPT_REGISTER_EXT(efd, fn, arg, opts) \
	spdk_interrupt_register_ext(efd, fn, arg, #fn, opts)

struct spdk_cpuset;
struct spdk_event_handler_opts;
struct spdk_fd_group;
struct spdk_interrupt;
struct spdk_io_channel;
struct spdk_io_channel_iter;
struct spdk_iobuf_buffer;
struct spdk_iobuf_channel;
struct spdk_iobuf_entry;
struct spdk_iobuf_module_stats;
struct spdk_iobuf_node_cache;
struct spdk_iobuf_opts;
struct spdk_iobuf_pool_cache;
struct spdk_iobuf_pool_stats;
struct spdk_poller;
struct spdk_ring;
struct spdk_spinlock;
struct spdk_spinlock_internal;
struct spdk_thread;
struct spdk_thread_stats;

/** What a poller found; any other positive number counts as busy. */
enum spdk_thread_poller_rc {
	SPDK_POLLER_IDLE = 0,
	SPDK_POLLER_BUSY = 1,
};

/** What the one who polls threads is asked to do. */
enum spdk_thread_op {
	SPDK_THREAD_OP_NEW = 0,
	SPDK_THREAD_OP_RESCHED = 1,
};

/** Events of a descriptor; may be combined by or. */
enum spdk_interrupt_event_types {
	SPDK_INTERRUPT_EVENT_IN = 1,
	SPDK_INTERRUPT_EVENT_OUT = 4,
	SPDK_INTERRUPT_EVENT_ET = 2147483648,
};

/** Ticks since the thread was made. */
struct spdk_thread_stats {
	uint64_t busy_tsc;
	uint64_t idle_tsc;
};

/** Private to the spdk_spin_ functions. */
struct spdk_spinlock {
	pthread_spinlock_t spinlock;
	struct spdk_thread *thread;
	struct spdk_spinlock_internal *internal;
	bool initialized;
	bool destroyed;
};

/** Buffers of two sizes. Counts are caps: pools start small and grow as they are used. */
struct spdk_iobuf_opts {
	uint64_t small_pool_count; /* most buffers, at least 1 */
	uint64_t large_pool_count;
	uint32_t small_bufsize; /* bytes, at least 4096 */
	uint32_t large_bufsize; /* bytes, at least 8192 */
	size_t opts_size;       /* set by the caller: sizeof of its struct */
	uint8_t enable_numa; /* pools for each NUMA node with a core of ours; counts are per node */
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_iobuf_opts) == 40, "the size is interface");

/** Where buffers came from: the cache, the pool, or after a wait (retry). */
struct spdk_iobuf_pool_stats {
	uint32_t cache_size;
	uint64_t cache;
	uint64_t main;
	uint64_t retry;
};

/** The sum over all threads of one module. */
struct spdk_iobuf_module_stats {
	struct spdk_iobuf_pool_stats small_pool;
	struct spdk_iobuf_pool_stats large_pool;
	const char *module;
};

/** Takes the buffer that \p entry waited for. */
typedef void (*spdk_iobuf_get_cb)(struct spdk_iobuf_entry *entry, void *buf);

/** A place in the queue for a buffer; the caller embeds it, one for each buffer it waits for. */
struct spdk_iobuf_entry {
	spdk_iobuf_get_cb cb_fn;
	const void *module;
	STAILQ_ENTRY(spdk_iobuf_entry) stailq;
};

/** The head of a free buffer. */
struct spdk_iobuf_buffer {
	STAILQ_ENTRY(spdk_iobuf_buffer) stailq;
};

typedef STAILQ_HEAD(, spdk_iobuf_entry) spdk_iobuf_entry_stailq_t;

typedef STAILQ_HEAD(, spdk_iobuf_buffer) spdk_iobuf_buffer_stailq_t;

/** Buffers of one size that a channel keeps. Private to the spdk_iobuf_ functions. */
struct spdk_iobuf_pool_cache {
	struct spdk_ring *pool;
	spdk_iobuf_buffer_stailq_t cache;
	uint32_t cache_count;
	uint32_t cache_size;
	spdk_iobuf_entry_stailq_t *queue;
	uint32_t bufsize;
	struct spdk_iobuf_pool_stats stats;
};

struct spdk_iobuf_node_cache {
	struct spdk_iobuf_pool_cache small;
	struct spdk_iobuf_pool_cache large;
};

/** A thread's access to buffers; embedded by its user, private to the spdk_iobuf_ functions. */
struct spdk_iobuf_channel {
	const void *module;
	struct spdk_io_channel *parent;
	struct spdk_iobuf_node_cache cache[SPDK_CONFIG_MAX_NUMA_NODES];
};

/** Has a new thread polled; 0 or a negative errno. */
typedef int (*spdk_new_thread_fn)(struct spdk_thread *thread);

/** Does \p op; 0 or a negative errno. */
typedef int (*spdk_thread_op_fn)(struct spdk_thread *thread, enum spdk_thread_op op);

/** Whether \p op can be done. */
typedef bool (*spdk_thread_op_supported_fn)(enum spdk_thread_op op);

/** A message. */
typedef void (*spdk_msg_fn)(void *ctx);

typedef void (*spdk_thread_pass_msg)(spdk_msg_fn fn, void *ctx, void *thread_ctx);

/** A poller; see enum spdk_thread_poller_rc. */
typedef int (*spdk_poller_fn)(void *ctx);

/** Tells the owner of a poller that its device should use interrupts. */
typedef void (*spdk_poller_set_interrupt_mode_cb)(struct spdk_poller *poller, void *cb_arg,
                                                  bool interrupt_mode);

/** Sets up the context of a new channel; 0 or a negative errno. */
typedef int (*spdk_io_channel_create_cb)(void *io_device, void *ctx_buf);

/** Undoes spdk_io_channel_create_cb. */
typedef void (*spdk_io_channel_destroy_cb)(void *io_device, void *ctx_buf);

/** The device is gone, its memory the caller's again. */
typedef void (*spdk_io_device_unregister_cb)(void *io_device);

/** Visits a channel; ends with spdk_for_each_channel_continue(). */
typedef void (*spdk_channel_msg)(struct spdk_io_channel_iter *i);

/** The visit of all channels is over. */
typedef void (*spdk_channel_for_each_cpl)(struct spdk_io_channel_iter *i, int status);

/** Serves a descriptor that is ready. What it returns is not looked at. */
typedef int (*spdk_interrupt_fn)(void *ctx);

typedef void (*spdk_iobuf_finish_cb)(void *cb_arg);

typedef int (*spdk_iobuf_for_each_entry_fn)(struct spdk_iobuf_channel *ch,
                                            struct spdk_iobuf_entry *entry, void *ctx);

typedef void (*spdk_iobuf_get_stats_cb)(struct spdk_iobuf_module_stats *modules,
                                        uint32_t num_modules, void *cb_arg);

typedef void (*spdk_post_poller_fn)(void *fn_arg);

/** Say that \p poller has a descriptor beside it, which its owner registered by
 *  spdk_interrupt_register(): its thread may then sleep though the poller has no period. In
 *  interrupt mode this is taken as it is said; otherwise it holds while an interrupt with the
 *  poller's argument (NULL: and its function) is registered on the thread, and the poller keeps
 *  its core awake without one. On the poller's thread.
 *  \param cb_fn called, in a program that asked for interrupt mode, now and whenever
 *  spdk_thread_set_interrupt_mode() switches the thread, with true: use interrupts; NULL: nobody
 * is.
 */
void spdk_poller_register_interrupt(struct spdk_poller *poller,
                                    spdk_poller_set_interrupt_mode_cb cb_fn, void *cb_arg);

/** Start the thread library. Once, before any thread; any POSIX thread.
 *  \param new_thread_fn called by spdk_thread_create() with the new thread, to have it polled; a
 *  negative errno makes the creation fail. NULL: the caller of spdk_thread_create() polls.
 *  \param ctx_sz bytes behind each thread for who polls it: spdk_thread_get_ctx().
 *  \return 0, -ENOMEM. */
int spdk_thread_lib_init(spdk_new_thread_fn new_thread_fn, size_t ctx_sz);

/** As spdk_thread_lib_init(), with a function for more operations than creation.
 *  \param thread_op_fn does an operation: NEW on the creating thread, RESCHED on the thread itself.
 *  \param thread_op_supported_fn says which operations it can do. Both, or neither.
 *  \param msg_mempool_size most messages that are kept in the pool; beyond, the heap serves.
 *  \return 0, -EINVAL, -ENOMEM. */
int spdk_thread_lib_init_ext(spdk_thread_op_fn thread_op_fn,
                             spdk_thread_op_supported_fn thread_op_supported_fn, size_t ctx_sz,
                             size_t msg_mempool_size);

/** End the thread library: all threads were destroyed and all devices unregistered; what was not is
 *  logged and freed. No other thread may use it any more. */
void spdk_thread_lib_fini(void);

/** Make a thread and hand it to who polls threads. Any POSIX thread. The first one made becomes the
 *  app thread.
 *  \param name copied; NULL: "thread_" and its id.
 *  \param cpumask cores that may poll it, copied; NULL: any.
 *  \return NULL when out of memory or when nobody would poll it (logged). */
struct spdk_thread *spdk_thread_create(const char *name, const struct spdk_cpuset *cpumask);

/** The first thread made; NULL when there is none. Any thread. */
struct spdk_thread *spdk_thread_get_app_thread(void);

/** Whether \p thread is the app thread; NULL: the current one. */
bool spdk_thread_is_app_thread(struct spdk_thread *thread);

/** Make \p thread the current one of the calling POSIX thread, NULL for none. For who polls threads
 *  by hand, and for tests: nobody else may poll it meanwhile. */
void spdk_set_thread(struct spdk_thread *thread);

/** Say whether \p thread must stay on the core where it is. Any thread. */
void spdk_thread_bind(struct spdk_thread *thread, bool bind);

/** What spdk_thread_bind() said last; false at first. Any thread. */
bool spdk_thread_is_bound(struct spdk_thread *thread);

/** Let the current thread \p thread come to an end: it is polled on until it has no message,
 * poller, channel, interrupt or device to unregister left, 5 s at most; then
 * spdk_thread_is_exited() is true. \return 0, also when it is exiting already. */
int spdk_thread_exit(struct spdk_thread *thread);

/** Whether \p thread came to its end: it may be destroyed. Any thread. */
bool spdk_thread_is_exited(struct spdk_thread *thread);

/** Whether spdk_thread_exit() was not called yet. Any thread. */
bool spdk_thread_is_running(struct spdk_thread *thread);

/** Free \p thread, which has exited. By who polls it; nobody may use it any more. */
void spdk_thread_destroy(struct spdk_thread *thread);

/** The bytes asked for at spdk_thread_lib_init(), zeroed at creation; NULL when 0 were. They belong
 * to who polls threads. */
void *spdk_thread_get_ctx(struct spdk_thread *thread);

/** Cores that may poll \p thread. It belongs to the thread: read only. */
struct spdk_cpuset *spdk_thread_get_cpumask(struct spdk_thread *thread);

/** Change the cores that may poll the current thread, and have it moved when it stands on none of
 *  them; the move comes after the present step.
 *  \return 0, -ENOTSUP when who polls it can't move threads, -EINVAL outside of a thread, or what
 * the operation gave. */
int spdk_thread_set_cpumask(struct spdk_cpuset *cpumask);

/** The thread that the bytes \p ctx of spdk_thread_get_ctx() belong to. */
struct spdk_thread *spdk_thread_get_from_ctx(void *ctx);

/** One bounded step of \p thread on the calling POSIX thread: messages, pollers that are due, what
 * was deferred. For who polls threads by hand. \param max_msgs most messages; 0: 32. \param now
 * ticks; 0: they are read. \return 1 when something was done, else 0. */
int spdk_thread_poll(struct spdk_thread *thread, uint32_t max_msgs, uint64_t now);

/** Ticks at which the first timed poller is due; 0: there is none. By who polls it. */
uint64_t spdk_thread_next_poller_expiration(struct spdk_thread *thread);

/** Whether \p thread has pollers, not paused, that are not timed. By who polls it. */
int spdk_thread_has_active_pollers(struct spdk_thread *thread);

/** Whether \p thread has pollers that are not paused. By who polls it. */
bool spdk_thread_has_pollers(struct spdk_thread *thread);

/** Whether \p thread has neither messages nor pollers. By who polls it. */
bool spdk_thread_is_idle(struct spdk_thread *thread);

/** Threads that were made and not destroyed. Any thread. */
uint32_t spdk_thread_get_count(void);

/** The thread that the calling POSIX thread runs now; NULL: none. */
struct spdk_thread *spdk_get_thread(void);

/** Its name; it lives as long as the thread. Any thread. */
const char *spdk_thread_get_name(const struct spdk_thread *thread);

/** Its number, from 1, never used again in this run. Any thread. */
uint64_t spdk_thread_get_id(const struct spdk_thread *thread);

/** The owner of its trace records, for spdk_trace_record(); 0 without a trace file. Any thread. */
uint16_t spdk_thread_get_trace_id(struct spdk_thread *thread);

/** The thread of that number; NULL: none. Any thread; the caller sees to it that it is not
 * destroyed meanwhile. */
struct spdk_thread *spdk_thread_get_by_id(uint64_t id);

/** Ticks that the current thread was busy and idle. While its core sleeps it is idle.
 *  \return 0, -EINVAL outside of a thread or without \p stats. */
int spdk_thread_get_stats(struct spdk_thread_stats *stats);

/** Ticks at the end of the last step of \p thread, NULL: of the current one. */
uint64_t spdk_thread_get_last_tsc(struct spdk_thread *thread);

/** Run \p fn with \p ctx on \p thread. Any POSIX thread; never blocks, never fails for want of
 * memory. The messages of one sender arrive in order. \p fn runs later, also when the sender is \p
 * thread. \return 0, or -EIO when the thread has exited: then \p fn never runs. */
int spdk_thread_send_msg(const struct spdk_thread *thread, spdk_msg_fn fn, void *ctx);

/** As spdk_thread_send_msg(), without argument and without memory: for signal handlers.
 *  \return 0, -EIO while another one to the same thread has not run. */
int spdk_thread_send_critical_msg(struct spdk_thread *thread, spdk_msg_fn fn);

/** Run \p fn on each thread that has not begun to exit, one after the other, oldest first; then \p
 * cpl on the current one. Neither runs inside this call, unless there is no memory: then only \p
 * cpl does, at once, with a line in the log. */
void spdk_for_each_thread(spdk_msg_fn fn, void *ctx, spdk_msg_fn cpl);

/** Have \p fn called on the current thread, each \p period_microseconds, or with 0 at each step.
 * With 0 it may have work at any time as far as anybody knows, so its core never sleeps: see
 *  spdk_poller_register_interrupt().
 *  \p fn answers SPDK_POLLER_BUSY when it found work, else SPDK_POLLER_IDLE.
 *  \return NULL when out of memory. */
struct spdk_poller *
spdk_poller_register(spdk_poller_fn fn, void *arg, uint64_t period_microseconds);

/** As spdk_poller_register(), with a name for thread_get_pollers and the log; it is copied. */
struct spdk_poller *spdk_poller_register_named(spdk_poller_fn fn, void *arg,
                                               uint64_t period_microseconds, const char *name);

/** Stop \p *ppoller for good and set it to NULL; NULL is allowed. On its thread, also from inside
 * of its own run. Its function does not start again. */
void spdk_poller_unregister(struct spdk_poller **ppoller);

/** Let \p poller not run until spdk_poller_resume(). On its thread, also from inside of its run;
 * again is as once. */
void spdk_poller_pause(struct spdk_poller *poller);

/** Undo spdk_poller_pause(); a timed poller's period starts anew. On its thread. */
void spdk_poller_resume(struct spdk_poller *poller);

/** Make the address \p io_device a device of which each thread can have a channel. On an SPDK
 * thread. \param create_cb sets up the zeroed context of a new channel, on its thread; a negative
 * errno makes spdk_get_io_channel() fail. \param destroy_cb undoes that, on the same thread. \param
 * ctx_size bytes of the context. \param name for the log and RPCs, copied; NULL: "unnamed". An
 * address that is registered already, and a lack of memory, are logged and change nothing; after
 * the latter spdk_get_io_channel() gives NULL, and unregistering it calls back all the same. */
void
spdk_io_device_register(void *io_device, spdk_io_channel_create_cb create_cb,
                        spdk_io_channel_destroy_cb destroy_cb, uint32_t ctx_size, const char *name);

/** No more channels of \p io_device can be got; when the last is gone and no visit of its channels
 * is under way, \p unregister_cb (NULL: nothing) runs on the calling SPDK thread, never inside this
 * call. An address that is not registered is logged, and nothing is called. */
void spdk_io_device_unregister(void *io_device, spdk_io_device_unregister_cb unregister_cb);

/** The current thread's channel of \p io_device: a new one, or the one it has, once more. Put back
 * by spdk_put_io_channel() as often as it was got. \return NULL when the device is not registered,
 * out of memory, or when its create_cb failed (logged). */
struct spdk_io_channel *spdk_get_io_channel(void *io_device);

/** Give a channel back on its thread. The last put lets it be destroyed, later in a step of its
 * own. */
void spdk_put_io_channel(struct spdk_io_channel *ch);

/** Get \p ch once more, on its thread. \return \p ch. */
struct spdk_io_channel *spdk_io_channel_ref(struct spdk_io_channel *ch);

/** The channel of a context that spdk_io_channel_get_ctx() gave. */
struct spdk_io_channel *spdk_io_channel_from_ctx(void *ctx);

/** The thread that \p ch belongs to. Any thread. */
struct spdk_thread *spdk_io_channel_get_thread(struct spdk_io_channel *ch);

/** Run \p fn on each channel of \p io_device, one after the other, each on its own thread;
 *  \p fn ends with spdk_for_each_channel_continue(), then or later. After the last one, or the
 * first that was continued with an error, \p cpl (NULL: nothing) runs on the current thread with 0
 * or that error; -ENODEV when there is no such device. Neither runs inside this call, unless there
 * is no memory: then \p cpl does, with -ENOMEM. */
void spdk_for_each_channel(void *io_device, spdk_channel_msg fn, void *ctx,
                           spdk_channel_for_each_cpl cpl);

/** The device visited. */
void *spdk_io_channel_iter_get_io_device(struct spdk_io_channel_iter *i);

/** The channel that \p fn of spdk_for_each_channel() is called for; NULL in its end call-back. */
struct spdk_io_channel *spdk_io_channel_iter_get_channel(struct spdk_io_channel_iter *i);

/** The \p ctx of spdk_for_each_channel(). */
void *spdk_io_channel_iter_get_ctx(struct spdk_io_channel_iter *i);

/** The device that \p ch is a channel of. Any thread. */
void *spdk_io_channel_get_io_device(struct spdk_io_channel *ch);

/** End the visit of a channel, on its thread, and go on: with the next one after status 0, else
 * with the end call-back. \p i belongs to the library again. */
void spdk_for_each_channel_continue(struct spdk_io_channel_iter *i, int status);

/** Have \p fn called on the current thread when \p efd is readable; its core may sleep meanwhile.
 *  Level-triggered: \p fn reads from it. While the core is busy it looks each 20 us.
 *  \param efd stays the caller's, who unregisters the interrupt before closing it.
 *  \return NULL when out of memory or the descriptor can't be waited for. */
struct spdk_interrupt *
spdk_interrupt_register(int efd, spdk_interrupt_fn fn, void *arg, const char *name);

/** As spdk_interrupt_register(), for enum spdk_interrupt_event_types combined by or. */
struct spdk_interrupt *
spdk_interrupt_register_for_events(int efd, uint32_t events, spdk_interrupt_fn fn, void *arg,
                                   const char *name);

/** As spdk_interrupt_register(), with options; NULL: the defaults. Of fd_type
 *  SPDK_FD_TYPE_EVENTFD the descriptor is read before \p fn runs.
 *  \return NULL also when opts->opts_size is 0. */
struct spdk_interrupt *
spdk_interrupt_register_ext(int efd, spdk_interrupt_fn fn, void *arg, const char *name,
                            struct spdk_event_handler_opts *opts);

/** Have the functions of \p fgrp run on the current thread when their descriptors are ready; its
 *  core may sleep meanwhile. The group stays the caller's, who unregisters the interrupt before
 *  destroying it; until then it is nested: a wait for it, and nesting it elsewhere, give -EINVAL.
 *  \return NULL when it is nested already, or out of memory or descriptors. */
struct spdk_interrupt *
spdk_interrupt_register_fd_group(struct spdk_fd_group *fgrp, const char *name);

/** Undo the registering and set \p *pintr to NULL; NULL is allowed. On its thread, also inside its
 *  function. */
void spdk_interrupt_unregister(struct spdk_interrupt **pintr);

/** Wait for other events from now on. On its thread.
 *  \return 0, -EINVAL without \p intr, -ENOMEM. */
int spdk_interrupt_set_event_types(struct spdk_interrupt *intr,
                                   enum spdk_interrupt_event_types event_types);

/** A descriptor that is readable when spdk_thread_poll(thread, 0, 0) would find work: a message, a
 *  timed poller that is due, a descriptor that is ready. For who polls threads by hand, on that
 *  POSIX thread; see also basalt/loop.h. Of a thread that a reactor or a basalt_loop polls it is
 *  theirs, for all their threads. It belongs to the thread. \return -1 when there are no more
 *  descriptors, or no memory. */
int spdk_thread_get_interrupt_fd(struct spdk_thread *thread);

/** A group to add descriptors to whose functions run on \p thread. When the thread is polled by
 * hand a wait for it, or for one that it is nested in, also runs the thread itself;
 * spdk_thread_poll() runs the functions as well. By who polls it. It belongs to the thread; what
 * was added is removed before the thread is destroyed. \return NULL when there are no more
 * descriptors, or no memory. */
struct spdk_fd_group *spdk_thread_get_interrupt_fd_group(struct spdk_thread *thread);

/** Switch the current thread to interrupts, or back to polling: each of its pollers that has a
 *  call-back of spdk_poller_register_interrupt() is told. Only in a program that asked for
 * interrupt mode, whose threads begin with interrupts; else it is logged and nothing happens. */
void spdk_thread_set_interrupt_mode(bool enable_interrupt);

/** Ask for interrupt mode: modules then use their devices' interrupts. After the library's start,
 *  before the first thread. Cores sleep when idle without it too. \return 0, -EINVAL. */
int spdk_interrupt_mode_enable(void);

/** Whether the program asked for interrupt mode; not whether cores sleep. Any thread. */
bool spdk_interrupt_mode_is_enabled(void);

/** Initialize a spinlock that only SPDK threads take, for moments, never across a poller's or
 * message's end. A misuse of it is logged and ends the process. Any thread. */
void spdk_spin_init(struct spdk_spinlock *sspin);

/** Undo spdk_spin_init(); nobody holds it. */
void spdk_spin_destroy(struct spdk_spinlock *sspin);

/** Take it, spinning while another thread has it. Not twice. */
void spdk_spin_lock(struct spdk_spinlock *sspin);

/** Give it back, on the thread that took it. */
void spdk_spin_unlock(struct spdk_spinlock *sspin);

/** Whether the current thread has it. */
bool spdk_spin_held(struct spdk_spinlock *sspin);

/** Start the pools with the options of spdk_iobuf_set_opts(): each with one arena, growing to its
 * count as it is used. On the app thread, whose messages end each growth. \return 0, -ENOMEM. */
int spdk_iobuf_initialize(void);

/** End the pools once all channels are gone; then \p cb_fn (NULL: nothing) runs, at once when they
 * were not started. On the thread that started them. */
void spdk_iobuf_finish(spdk_iobuf_finish_cb cb_fn, void *cb_arg);

/** Set the caps and sizes for the next start. Fields beyond opts->opts_size keep their value. Any
 *  thread, before spdk_iobuf_initialize().
 *  \return 0, or -EINVAL (logged): a count of 0, a small size below 4096 bytes or a large one below
 *  8192, small above large, or no opts_size. */
int spdk_iobuf_set_opts(const struct spdk_iobuf_opts *opts);

/** Write the options that are set into the first \p opts_size bytes of \p opts. Sizes are as set;
 *  buffers are rounded up to 4096 bytes. */
void spdk_iobuf_get_opts(struct spdk_iobuf_opts *opts, size_t opts_size);

/** Make \p name a user of buffers, by which statistics are kept; copied. App thread.
 *  \return 0, -EEXIST, -ENOMEM. */
int spdk_iobuf_register_module(const char *name);

/** Undo it; the module has no channels. App thread. \return 0, -ENOENT. */
int spdk_iobuf_unregister_module(const char *name);

/** Set up \p ch for the current thread and a registered module. Buffers it gave back are kept for
 * the next ones to ask, up to the two cache sizes, and one small and one large buffer are its own
 * beyond the pools' caps. \return 0, -ENODEV when the module is not registered, -ENOMEM. */
int spdk_iobuf_channel_init(struct spdk_iobuf_channel *ch, const char *name,
                            uint32_t small_cache_size, uint32_t large_cache_size);

/** Undo spdk_iobuf_channel_init() on its thread. All buffers were put, no entry waits. */
void spdk_iobuf_channel_fini(struct spdk_iobuf_channel *ch);

/** Call \p cb_fn for each entry of \p ch that waits, until it answers other than 0; it may abort
 * the entry. \return the last answer, 0 when there was none. On the channel's thread. */
int spdk_iobuf_for_each_entry(struct spdk_iobuf_channel *ch, spdk_iobuf_for_each_entry_fn cb_fn,
                              void *cb_ctx);

/** Let \p entry, which waits for \p len bytes, wait no more: its call-back never runs. On the
 * channel's thread. */
void
spdk_iobuf_entry_abort(struct spdk_iobuf_channel *ch, struct spdk_iobuf_entry *entry, uint64_t len);

/** A buffer of at least \p len bytes, at an address that is a multiple of 4096. On the channel's
 * thread. When none is free and \p entry is not NULL, the entry waits, first come first served, and
 * \p cb_fn gets the buffer in a later step; it stays the caller's until then. A length above
 * large_bufsize can never be served: it is logged, NULL comes back, and nothing waits. \return the
 * buffer; NULL: none now. */
void *spdk_iobuf_get(struct spdk_iobuf_channel *ch, uint64_t len, struct spdk_iobuf_entry *entry,
                     spdk_iobuf_get_cb cb_fn);

/** Give \p buf back with the length it was got for, on the channel's thread. Call-backs of entries
 * that wait run later, not inside this call. */
void spdk_iobuf_put(struct spdk_iobuf_channel *ch, void *buf, uint64_t len);

/** Add up the statistics of each module over all threads, then call \p cb_fn on the current thread
 * with an array that lives during the call. \return 0, or -ENOMEM and no call. */
int spdk_iobuf_get_stats(spdk_iobuf_get_stats_cb cb_fn, void *cb_arg);

/** Run \p fn once on the current thread, at the end of the present step. From a poller or message.
 */
void spdk_thread_register_post_poller_handler(spdk_post_poller_fn fn, void *fn_arg);

/** Run \p fn now when the caller is on \p thread, else send it there. 0, as of v24.01 never else.
 */
static inline int
spdk_thread_exec_msg(const struct spdk_thread *thread, spdk_msg_fn fn, void *ctx)
{
	assert(thread != NULL);
	if (spdk_get_thread() == thread) {
		fn(ctx);
		return 0;
	}
	return spdk_thread_send_msg(thread, fn, ctx);
}

/** The context buffer behind \p ch, of the size given at spdk_io_device_register(). */
static inline void *
spdk_io_channel_get_ctx(struct spdk_io_channel *ch)
{
	if (ch == NULL) {
		assert(false);
		return NULL;
	}
	return (uint8_t *)ch + SPDK_IO_CHANNEL_STRUCT_SIZE;
}

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_THREAD_H */
