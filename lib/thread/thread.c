/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The registry of threads: create, find, exit, destroy.
 *
 * The list and the states are guarded by the library's lock, which is never taken on the I/O path.
 * A thread is RUNNING, then EXITING from spdk_thread_exit() on (it is still polled and comes to
 * rest), then EXITED; only then it may be destroyed. The first thread is the app thread.
 *
 * The memory of a destroyed thread stays a thread until the end of the library: it is kept for the
 * next one made. A sender that has just pushed its last message still reads thread->sleeper, while
 * that very message may have let the thread exit and be destroyed on another core. What it finds is
 * a sleeper of then or now, or NULL: at worst somebody is woken for nothing. */

#include "thread_internal.h"

#include "spdk_internal/system_state.h"

static struct {
	pthread_mutex_t lock;
	struct thread_list threads;
	struct thread_list unused; /* destroyed; under the lock */
	struct spdk_thread *app_thread;
	spdk_new_thread_fn new_thread_fn;
	spdk_thread_op_fn op_fn;
	spdk_thread_op_supported_fn op_supported_fn;
	size_t ctx_size;
	uint64_t next_id;
	uint32_t count;
	bool ready;
} g_thread SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.threads = TAILQ_HEAD_INITIALIZER(g_thread.threads),
	.unused = TAILQ_HEAD_INITIALIZER(g_thread.unused),
};

void
thread_lib_lock(void)
{
	pthread_mutex_lock(&g_thread.lock);
}

void
thread_lib_unlock(void)
{
	pthread_mutex_unlock(&g_thread.lock);
}

struct thread_list *
thread_lib_threads(void)
{
	return &g_thread.threads;
}

static int
thread_lib_start(size_t ctx_sz, size_t msg_mempool_size)
{
	int rc;

	assert(!g_thread.ready);
	rc = msg_pool_init(msg_mempool_size);
	if (rc != 0) {
		return rc;
	}
	g_thread.ctx_size = ctx_sz;
	g_thread.next_id = 1;
	g_thread.ready = true;
	return 0;
}

int
spdk_thread_lib_init(spdk_new_thread_fn new_thread_fn, size_t ctx_sz)
{
	int rc = thread_lib_start(ctx_sz, SPDK_DEFAULT_MSG_MEMPOOL_SIZE);

	if (rc == 0) {
		g_thread.new_thread_fn = new_thread_fn;
	}
	return rc;
}

int
spdk_thread_lib_init_ext(spdk_thread_op_fn thread_op_fn,
                         spdk_thread_op_supported_fn thread_op_supported_fn, size_t ctx_sz,
                         size_t msg_mempool_size)
{
	int rc;

	if ((thread_op_fn == NULL) != (thread_op_supported_fn == NULL)) {
		SPDK_ERRLOG("A thread operation and the question whether it is supported come "
		            "together or not at all\n");
		return -EINVAL;
	}
	rc = thread_lib_start(ctx_sz, msg_mempool_size);
	if (rc == 0) {
		g_thread.op_fn = thread_op_fn;
		g_thread.op_supported_fn = thread_op_supported_fn;
	}
	return rc;
}

/* Zero a thread but for what a sender may still look at, which is as in a new one by now. */
static void
thread_clear(struct spdk_thread *thread, size_t size)
{
	size_t cold = offsetof(struct spdk_thread, tsc_last);

	memset(thread, 0, offsetof(struct spdk_thread, inbox));
	memset((uint8_t *)thread + cold, 0, size - cold);
	atomic_store_explicit(&thread->inbox, NULL, memory_order_relaxed);
	atomic_store_explicit(&thread->sleeper, NULL, memory_order_relaxed);
	atomic_store_explicit(&thread->critical_fn, NULL, memory_order_relaxed);
	atomic_store_explicit(&thread->state, THREAD_RUNNING, memory_order_relaxed);
}

static struct spdk_thread *
thread_alloc(void)
{
	size_t size =
	        SPDK_ALIGN_CEIL(sizeof(struct spdk_thread) + g_thread.ctx_size, CACHE_LINE_BYTES);
	struct spdk_thread *thread;

	thread_lib_lock();
	thread = TAILQ_FIRST(&g_thread.unused);
	if (thread != NULL) {
		TAILQ_REMOVE(&g_thread.unused, thread, link);
	}
	thread_lib_unlock();
	if (thread == NULL) {
		thread = aligned_alloc(CACHE_LINE_BYTES, size);
	}
	if (thread != NULL) {
		thread_clear(thread, size);
	}
	return thread;
}

/* Release all that a thread owns and keep its memory. It is in no list. */
static void
thread_free(struct spdk_thread *thread)
{
	loop_forget(thread);
	poller_destroy_all(thread);
	interrupt_destroy_all(thread);
	group_destroy(thread);
	/* Messages that nobody will run: only after an exit by force. */
	msg_drop_all(thread);
	spdk_trace_unregister_owner(thread->trace_id);
	thread_lib_lock();
	TAILQ_INSERT_HEAD(&g_thread.unused, thread, link);
	thread_lib_unlock();
}

void
spdk_thread_lib_fini(void)
{
	struct spdk_thread *thread;

	while ((thread = TAILQ_FIRST(&g_thread.threads)) != NULL) {
		SPDK_ERRLOG("Thread %s was not destroyed before the end of the thread library\n",
		            thread->name);
		TAILQ_REMOVE(&g_thread.threads, thread, link);
		thread_free(thread);
	}
	while ((thread = TAILQ_FIRST(&g_thread.unused)) != NULL) {
		TAILQ_REMOVE(&g_thread.unused, thread, link);
		free(thread);
	}
	TAILQ_INIT(&g_thread.threads);
	TAILQ_INIT(&g_thread.unused);
	io_device_lib_fini();
	interrupt_lib_fini();
	msg_pool_fini();
	g_thread.app_thread = NULL;
	g_thread.new_thread_fn = NULL;
	g_thread.op_fn = NULL;
	g_thread.op_supported_fn = NULL;
	g_thread.ctx_size = 0;
	g_thread.next_id = 0;
	g_thread.count = 0;
	g_thread.ready = false;
}

static void
thread_init(struct spdk_thread *thread, const char *name, const struct spdk_cpuset *cpumask)
{
	TAILQ_INIT(&thread->active);
	TAILQ_INIT(&thread->paused);
	TAILQ_INIT(&thread->fds);
	TAILQ_INIT(&thread->interrupts);
	TAILQ_INIT(&thread->channel_list);
	RB_INIT(&thread->timed);
	RB_INIT(&thread->channels);
	thread->next_timed_ticks = UINT64_MAX;
	thread->next_poller_id = 1;
	thread->in_interrupt = spdk_interrupt_mode_is_enabled();
	thread->deferred_tail = &thread->deferred_head;
	thread->tsc_last = spdk_get_ticks();
	if (cpumask != NULL) {
		spdk_cpuset_copy(&thread->cpumask, cpumask);
	} else {
		spdk_cpuset_negate(&thread->cpumask);
	}
	if (name != NULL) {
		snprintf(thread->name, sizeof(thread->name), "%s", name);
	}
}

static void
thread_insert(struct spdk_thread *thread)
{
	thread_lib_lock();
	thread->id = g_thread.next_id++;
	if (thread->name[0] == '\0') {
		snprintf(thread->name, sizeof(thread->name), "thread_%" PRIu64, thread->id);
	}
	TAILQ_INSERT_TAIL(&g_thread.threads, thread, link);
	g_thread.count++;
	if (g_thread.app_thread == NULL) {
		g_thread.app_thread = thread;
	}
	thread_lib_unlock();
}

static void
thread_remove(struct spdk_thread *thread)
{
	thread_lib_lock();
	TAILQ_REMOVE(&g_thread.threads, thread, link);
	if (TAILQ_EMPTY(&g_thread.threads)) {
		TAILQ_INIT(&g_thread.threads);
	}
	g_thread.count--;
	if (g_thread.app_thread == thread) {
		g_thread.app_thread = NULL;
	}
	thread_lib_unlock();
}

struct spdk_thread *
spdk_thread_create(const char *name, const struct spdk_cpuset *cpumask)
{
	struct spdk_thread *thread;
	int rc = 0;

	assert(g_thread.ready);
	thread = thread_alloc();
	if (thread == NULL) {
		SPDK_ERRLOG("No memory for thread %s\n", name != NULL ? name : "");
		return NULL;
	}
	thread_init(thread, name, cpumask);
	thread_insert(thread);
	thread->trace_id = spdk_trace_register_owner(OWNER_TYPE_THREAD, thread->name);

	if (g_thread.new_thread_fn != NULL) {
		rc = g_thread.new_thread_fn(thread);
	} else if (g_thread.op_supported_fn != NULL &&
	           g_thread.op_supported_fn(SPDK_THREAD_OP_NEW)) {
		rc = g_thread.op_fn(thread, SPDK_THREAD_OP_NEW);
	}
	if (rc != 0) {
		SPDK_ERRLOG("Thread %s found nobody to poll it: %s\n", thread->name, strerror(-rc));
		thread_remove(thread);
		thread_free(thread);
		return NULL;
	}
	return thread;
}

struct spdk_thread *
spdk_thread_get_app_thread(void)
{
	return g_thread.app_thread;
}

bool
spdk_thread_is_app_thread(struct spdk_thread *thread)
{
	if (thread == NULL) {
		thread = thread_current();
	}
	return thread != NULL && thread == g_thread.app_thread;
}

void
spdk_set_thread(struct spdk_thread *thread)
{
	struct spdk_thread *previous = g_env_local.thread;

	g_env_local.thread = thread;
	/* Whoever was the thread by hand may have given it work, of a kind that no message tells.
	 */
	if (previous != NULL && previous != thread && previous->loop != NULL &&
	    previous->depth == 0) {
		loop_disturb(previous);
	}
}

struct spdk_thread *
spdk_get_thread(void)
{
	return g_env_local.thread;
}

void
spdk_thread_bind(struct spdk_thread *thread, bool bind)
{
	thread_lib_lock();
	thread->bound = bind;
	thread_lib_unlock();
}

bool
spdk_thread_is_bound(struct spdk_thread *thread)
{
	bool bound;

	thread_lib_lock();
	bound = thread->bound;
	thread_lib_unlock();
	return bound;
}

int
spdk_thread_exit(struct spdk_thread *thread)
{
	assert(thread_current() == thread);
	thread_lib_lock();
	if (thread->state != THREAD_RUNNING) {
		thread_lib_unlock();
		SPDK_INFOLOG(thread, "Thread %s is exiting already\n", thread->name);
		return 0;
	}
	thread->state = THREAD_EXITING;
	thread_lib_unlock();
	thread->exit_deadline_ticks =
	        spdk_get_ticks() + THREAD_EXIT_TIMEOUT_S * spdk_get_ticks_hz();
	thread->attention |= ATTENTION_EXITING;
	return 0;
}

bool
spdk_thread_is_exited(struct spdk_thread *thread)
{
	return thread->state == THREAD_EXITED;
}

bool
spdk_thread_is_running(struct spdk_thread *thread)
{
	return thread->state == THREAD_RUNNING;
}

void
spdk_thread_destroy(struct spdk_thread *thread)
{
	assert(thread->state == THREAD_EXITED);
	if (thread_current() == thread) {
		g_env_local.thread = NULL;
	}
	thread_remove(thread);
	thread_free(thread);
}

void *
spdk_thread_get_ctx(struct spdk_thread *thread)
{
	return g_thread.ctx_size > 0 ? thread->ctx : NULL;
}

struct spdk_thread *
spdk_thread_get_from_ctx(void *ctx)
{
	assert(ctx != NULL);
	return SPDK_CONTAINEROF(ctx, struct spdk_thread, ctx);
}

struct spdk_cpuset *
spdk_thread_get_cpumask(struct spdk_thread *thread)
{
	return &thread->cpumask;
}

int
spdk_thread_set_cpumask(struct spdk_cpuset *cpumask)
{
	struct spdk_thread *thread = thread_current();

	if (thread == NULL) {
		SPDK_ERRLOG("A core mask is set on the thread itself; this is none\n");
		assert(false);
		return -EINVAL;
	}
	if (g_thread.op_supported_fn == NULL || !g_thread.op_supported_fn(SPDK_THREAD_OP_RESCHED)) {
		SPDK_ERRLOG("Who polls thread %s can't move it\n", thread->name);
		return -ENOTSUP;
	}
	thread_lib_lock();
	spdk_cpuset_copy(&thread->cpumask, cpumask);
	thread_lib_unlock();
	return g_thread.op_fn(thread, SPDK_THREAD_OP_RESCHED);
}

uint32_t
spdk_thread_get_count(void)
{
	return g_thread.count;
}

const char *
spdk_thread_get_name(const struct spdk_thread *thread)
{
	return thread->name;
}

uint16_t
spdk_thread_get_trace_id(struct spdk_thread *thread)
{
	return thread->trace_id;
}

uint64_t
spdk_thread_get_id(const struct spdk_thread *thread)
{
	return thread->id;
}

static struct spdk_thread *
thread_find_locked(uint64_t id)
{
	struct spdk_thread *thread;

	TAILQ_FOREACH(thread, &g_thread.threads, link) {
		if (thread->id == id) {
			break;
		}
	}
	return thread;
}

struct spdk_thread *
spdk_thread_get_by_id(uint64_t id)
{
	struct spdk_thread *thread;

	thread_lib_lock();
	thread = thread_find_locked(id);
	thread_lib_unlock();
	return thread;
}

bool
thread_may_run_on(uint64_t id, uint32_t lcore)
{
	const struct spdk_thread *thread;
	bool may;

	thread_lib_lock();
	thread = thread_find_locked(id);
	may = thread != NULL && !thread->bound && spdk_cpuset_get_cpu(&thread->cpumask, lcore);
	thread_lib_unlock();
	return may;
}
