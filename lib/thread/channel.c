/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* I/O channels: one thread's private handle to an io_device, and the visit of all of them.
 *
 * A channel lives on its thread: made by the first get, shared by further ones, destroyed by a
 * message after the last put, so never inside the call that put it. Its thread changes the tree of
 * channels under the library's lock, because a visit asks from other threads who has one. */

#include "thread_internal.h"

/* Where the block that holds a channel begins, so that its context starts a cache line. */
#define CHANNEL_PAD \
	(SPDK_ALIGN_CEIL(SPDK_IO_CHANNEL_STRUCT_SIZE, CACHE_LINE_BYTES) - \
	 SPDK_IO_CHANNEL_STRUCT_SIZE)

static int
channel_cmp(struct spdk_io_channel *a, struct spdk_io_channel *b)
{
	return (uintptr_t)a->dev < (uintptr_t)b->dev ? -1 : (uintptr_t)a->dev > (uintptr_t)b->dev;
}

RB_GENERATE_STATIC(channel_tree, spdk_io_channel, node, channel_cmp)

static struct spdk_io_channel *
channel_find(struct spdk_thread *thread, struct io_device *dev)
{
	struct spdk_io_channel key = { .dev = dev };

	return RB_FIND(channel_tree, &thread->channels, &key);
}

static struct spdk_io_channel *
channel_alloc(struct spdk_thread *thread, struct io_device *dev)
{
	size_t size = CHANNEL_PAD + SPDK_IO_CHANNEL_STRUCT_SIZE + dev->ctx_size;
	struct spdk_io_channel *ch;
	uint8_t *block;

	size = SPDK_ALIGN_CEIL(size, CACHE_LINE_BYTES);
	block = aligned_alloc(CACHE_LINE_BYTES, size);
	if (block == NULL) {
		return NULL;
	}
	memset(block, 0, size);
	ch = (struct spdk_io_channel *)(block + CHANNEL_PAD);
	ch->thread = thread;
	ch->dev = dev;
	ch->destroy_cb = dev->destroy_cb;
	ch->ref = 1;
	return ch;
}

static void
channel_free(struct spdk_io_channel *ch)
{
	free((uint8_t *)ch - CHANNEL_PAD);
}

static void
channel_unlink(struct spdk_io_channel *ch)
{
	thread_lib_lock();
	RB_REMOVE(channel_tree, &ch->thread->channels, ch);
	TAILQ_REMOVE(&ch->thread->channel_list, ch, link);
	thread_lib_unlock();
}

/* The channel of this thread, or a new one that its device has not set up yet. */
static int
channel_get_locked(struct spdk_thread *thread, void *io_device, struct spdk_io_channel **out,
                   bool *is_new)
{
	struct io_device *dev = io_device_find_locked(io_device);
	struct spdk_io_channel *ch;

	*is_new = false;
	if (dev == NULL || dev->pending_unregister) {
		return -ENODEV;
	}
	ch = channel_find(thread, dev);
	if (ch != NULL) {
		ch->ref++;
		*out = ch;
		return 0;
	}
	ch = channel_alloc(thread, dev);
	if (ch == NULL) {
		return -ENOMEM;
	}
	RB_INSERT(channel_tree, &thread->channels, ch);
	TAILQ_INSERT_TAIL(&thread->channel_list, ch, link);
	dev->num_channels++;
	*out = ch;
	*is_new = true;
	return 0;
}

struct spdk_io_channel *
spdk_get_io_channel(void *io_device)
{
	struct spdk_thread *thread = thread_current();
	struct spdk_io_channel *ch = NULL;
	bool is_new;
	int rc;

	if (thread == NULL || thread->state == THREAD_EXITED) {
		SPDK_ERRLOG("A channel can only be got on an SPDK thread that has not exited\n");
		return NULL;
	}
	thread_lib_lock();
	rc = channel_get_locked(thread, io_device, &ch, &is_new);
	thread_lib_unlock();
	if (rc != 0) {
		SPDK_ERRLOG("No channel on thread %s: %s\n", thread->name,
		            rc == -ENODEV ? "the device is not registered" : strerror(-rc));
		return NULL;
	}
	trace_record(TRACE_THREAD_IOCH_GET, thread->trace_id, 0, (uintptr_t)ch, ch->ref);
	if (!is_new) {
		return ch;
	}
	rc = ch->dev->create_cb(io_device, spdk_io_channel_get_ctx(ch));
	if (rc != 0) {
		SPDK_ERRLOG("No channel of %s on thread %s: %s\n", ch->dev->name, thread->name,
		            strerror(abs(rc)));
		channel_unlink(ch);
		io_device_put_channel(ch->dev);
		channel_free(ch);
		return NULL;
	}
	return ch;
}

static void
channel_destroy(void *arg)
{
	struct spdk_io_channel *ch = arg;

	assert(thread_current() == ch->thread);
	ch->destroy_ref--;
	if (ch->ref > 0 || ch->destroy_ref > 0) {
		/* Got again, or put again since: then that put's message ends it. */
		return;
	}
	channel_unlink(ch);
	ch->destroy_cb(ch->dev->io_device, spdk_io_channel_get_ctx(ch));
	io_device_put_channel(ch->dev);
	channel_free(ch);
}

void
spdk_put_io_channel(struct spdk_io_channel *ch)
{
	assert(thread_current() == ch->thread);
	assert(ch->ref > 0);
	trace_record(TRACE_THREAD_IOCH_PUT, ch->thread->trace_id, 0, (uintptr_t)ch, ch->ref - 1);
	ch->ref--;
	if (ch->ref == 0) {
		ch->destroy_ref++;
		msg_post(ch->thread, channel_destroy, ch);
	}
}

struct spdk_io_channel *
spdk_io_channel_ref(struct spdk_io_channel *ch)
{
	assert(thread_current() == ch->thread);
	ch->ref++;
	return ch;
}

struct spdk_io_channel *
spdk_io_channel_from_ctx(void *ctx)
{
	return (struct spdk_io_channel *)((uint8_t *)ctx - SPDK_IO_CHANNEL_STRUCT_SIZE);
}

struct spdk_thread *
spdk_io_channel_get_thread(struct spdk_io_channel *ch)
{
	return ch->thread;
}

void *
spdk_io_channel_get_io_device(struct spdk_io_channel *ch)
{
	return ch->dev->io_device;
}

void
thread_for_each_channel(struct spdk_thread *thread,
                        void (*fn)(void *arg, const char *name, uint32_t ref), void *arg)
{
	struct spdk_io_channel *ch;

	assert(thread_current() == thread);
	TAILQ_FOREACH(ch, &thread->channel_list, link) {
		fn(arg, ch->dev->name, ch->ref);
	}
}

bool
thread_walk_channels(struct spdk_thread *thread, struct spdk_io_channel **held, uint32_t max,
                     void (*fn)(void *arg, const char *name, uint32_t ref), void *arg)
{
	struct spdk_io_channel *first = *held, *ch;

	assert(thread_current() == thread);
	ch = first != NULL ? first : TAILQ_FIRST(&thread->channel_list);
	for (; ch != NULL && max > 0; ch = TAILQ_NEXT(ch, link), max--) {
		/* One whose owner has put it meanwhile has only our reference. */
		if (ch != first || ch->ref > 1) {
			fn(arg, ch->dev->name, ch->ref - (ch == first));
		}
	}
	if (ch != NULL) {
		ch->ref++;
	}
	if (first != NULL) {
		spdk_put_io_channel(first);
	}
	*held = ch;
	return ch != NULL;
}

/* ---- One call on each channel of a device, one after the other ---- */

/* All fields belong to the thread that runs the visit now. */
struct spdk_io_channel_iter {
	void *io_device;
	struct io_device *dev; /* held by num_iterations */
	spdk_channel_msg fn;
	spdk_channel_for_each_cpl cpl;
	void *ctx;
	struct spdk_io_channel *ch;
	struct spdk_thread *current;
	struct spdk_thread *origin;
	int status;
};

static void
iter_done(void *arg)
{
	struct spdk_io_channel_iter *i = arg;

	i->ch = NULL;
	if (i->cpl != NULL) {
		i->cpl(i, i->status);
	}
	if (i->dev != NULL) {
		io_device_iteration_done(i->dev);
	}
	free(i);
}

static void
iter_visit(void *arg)
{
	struct spdk_io_channel_iter *i = arg;

	/* It may have been destroyed since the message was sent. The thread's own tree: no lock. */
	i->ch = channel_find(i->current, i->dev);
	if (i->ch != NULL) {
		i->fn(i);
	} else {
		spdk_for_each_channel_continue(i, 0);
	}
}

/* Send the visit to the first thread from `thread` on that has a channel; else to the end. */
static void
iter_next_locked(struct spdk_io_channel_iter *i, struct spdk_thread *thread)
{
	for (; thread != NULL; thread = TAILQ_NEXT(thread, link)) {
		if (thread->state != THREAD_EXITED && channel_find(thread, i->dev) != NULL) {
			i->current = thread;
			msg_post(thread, iter_visit, i);
			return;
		}
	}
	msg_post(i->origin, iter_done, i);
}

void
spdk_for_each_channel(void *io_device, spdk_channel_msg fn, void *ctx,
                      spdk_channel_for_each_cpl cpl)
{
	struct spdk_io_channel_iter *i, failed = { .io_device = io_device, .ctx = ctx };

	assert(thread_current() != NULL);
	i = calloc(1, sizeof(*i));
	if (i == NULL) {
		SPDK_ERRLOG("No memory to visit the channels of a device\n");
		if (cpl != NULL) {
			cpl(&failed, -ENOMEM);
		}
		return;
	}
	i->io_device = io_device;
	i->fn = fn;
	i->cpl = cpl;
	i->ctx = ctx;
	i->origin = thread_current();
	thread_lib_lock();
	i->dev = io_device_find_locked(io_device);
	if (i->dev == NULL) {
		i->status = -ENODEV;
		msg_post(i->origin, iter_done, i);
	} else {
		i->dev->num_iterations++;
		iter_next_locked(i, TAILQ_FIRST(thread_lib_threads()));
	}
	thread_lib_unlock();
}

void
spdk_for_each_channel_continue(struct spdk_io_channel_iter *i, int status)
{
	assert(thread_current() == i->current);
	i->status = status;
	i->ch = NULL;
	thread_lib_lock();
	iter_next_locked(i, status == 0 ? TAILQ_NEXT(i->current, link) : NULL);
	thread_lib_unlock();
}

void *
spdk_io_channel_iter_get_io_device(struct spdk_io_channel_iter *i)
{
	return i->io_device;
}

struct spdk_io_channel *
spdk_io_channel_iter_get_channel(struct spdk_io_channel_iter *i)
{
	return i->ch;
}

void *
spdk_io_channel_iter_get_ctx(struct spdk_io_channel_iter *i)
{
	return i->ctx;
}
