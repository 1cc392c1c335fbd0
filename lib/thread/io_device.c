/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The registry of io_devices: things of which each thread can have a private channel.
 *
 * Everything is under the library's lock; any thread. A device is REGISTERED (in the tree, channels
 * can be got), then, once unregistered, out of the tree, and freed when no iteration visits it and
 * its last channel is gone; the call-back is a message to the thread that unregistered it.
 *
 * Registering has no result, so who finds no memory learns it from spdk_get_io_channel(), which
 * gives NULL as for a device that was never there. Its owner unregisters it all the same and may
 * wait for the call-back: that one comes, for as many unknown devices as were lost. */

#include "thread_internal.h"

#include "spdk_internal/system_state.h"

static int
io_device_cmp(struct io_device *a, struct io_device *b)
{
	return (uintptr_t)a->io_device < (uintptr_t)b->io_device
	               ? -1
	               : (uintptr_t)a->io_device > (uintptr_t)b->io_device;
}

static struct {
	struct io_device_tree devices;
	uint32_t num_lost; /* registered without memory, not unregistered yet; under the lock */
} g_io_device SYSTEM_STATE;

RB_GENERATE_STATIC(io_device_tree, io_device, node, io_device_cmp)

struct io_device *
io_device_find_locked(void *io_device)
{
	struct io_device key = { .io_device = io_device };

	return RB_FIND(io_device_tree, &g_io_device.devices, &key);
}

int
thread_io_device_register(void *io_device, spdk_io_channel_create_cb create_cb,
                          spdk_io_channel_destroy_cb destroy_cb, uint32_t ctx_size,
                          const char *name)
{
	struct io_device *dev, *other;

	assert(io_device != NULL && create_cb != NULL && destroy_cb != NULL);
	assert(thread_current() != NULL);
	dev = calloc(1, sizeof(*dev));
	if (dev == NULL) {
		SPDK_ERRLOG("No memory to register device %s: it has no channels\n",
		            name != NULL ? name : "");
		return -ENOMEM;
	}
	dev->io_device = io_device;
	dev->create_cb = create_cb;
	dev->destroy_cb = destroy_cb;
	dev->ctx_size = ctx_size;
	snprintf(dev->name, sizeof(dev->name), "%s", name != NULL ? name : "unnamed");
	thread_lib_lock();
	other = RB_INSERT(io_device_tree, &g_io_device.devices, dev);
	thread_lib_unlock();
	if (other != NULL) {
		SPDK_ERRLOG("Device %s is registered already, as %s\n", dev->name, other->name);
		free(dev);
		return -EEXIST;
	}
	return 0;
}

void
spdk_io_device_register(void *io_device, spdk_io_channel_create_cb create_cb,
                        spdk_io_channel_destroy_cb destroy_cb, uint32_t ctx_size, const char *name)
{
	/* This interface can't tell. */
	if (thread_io_device_register(io_device, create_cb, destroy_cb, ctx_size, name) ==
	    -ENOMEM) {
		thread_lib_lock();
		g_io_device.num_lost++;
		thread_lib_unlock();
	}
}

static void
unregister_done(void *arg)
{
	struct io_device *dev = arg;
	struct spdk_thread *thread = thread_current();

	assert(thread->pending_unregister > 0);
	thread->pending_unregister--;
	if (dev->unregister_cb != NULL) {
		dev->unregister_cb(dev->io_device);
	}
	free(dev);
}

/* Once nothing refers to an unregistered device. Under the lock. */
static void
io_device_end_locked(struct io_device *dev)
{
	if (dev->unregistered && dev->num_channels == 0) {
		msg_post(dev->unregister_thread, unregister_done, dev);
	}
}

static void
io_device_unregister_locked(struct io_device *dev)
{
	RB_REMOVE(io_device_tree, &g_io_device.devices, dev);
	dev->unregistered = true;
	io_device_end_locked(dev);
}

/* One that is not in the tree: whether it is taken for a lost one. */
static bool
unregister_lost_locked(void *io_device, spdk_io_device_unregister_cb unregister_cb)
{
	if (g_io_device.num_lost == 0) {
		return false;
	}
	g_io_device.num_lost--;
	if (unregister_cb != NULL) {
		msg_post(thread_current(), unregister_cb, io_device);
	}
	return true;
}

void
spdk_io_device_unregister(void *io_device, spdk_io_device_unregister_cb unregister_cb)
{
	struct spdk_thread *thread = thread_current();
	struct io_device *dev;
	bool known = true;

	assert(thread != NULL);
	thread_lib_lock();
	dev = io_device_find_locked(io_device);
	if (dev == NULL) {
		known = unregister_lost_locked(io_device, unregister_cb);
	} else if (dev->pending_unregister) {
		known = false;
	} else {
		dev->unregister_cb = unregister_cb;
		dev->unregister_thread = thread;
		thread->pending_unregister++;
		if (dev->num_iterations > 0) {
			dev->pending_unregister = true;
		} else {
			io_device_unregister_locked(dev);
		}
	}
	thread_lib_unlock();
	if (!known) {
		SPDK_ERRLOG("A device that is not registered can't be unregistered (%p)\n",
		            io_device);
	}
}

void
io_device_put_channel(struct io_device *dev)
{
	thread_lib_lock();
	assert(dev->num_channels > 0);
	dev->num_channels--;
	io_device_end_locked(dev);
	thread_lib_unlock();
}

void
io_device_iteration_done(struct io_device *dev)
{
	thread_lib_lock();
	assert(dev->num_iterations > 0);
	dev->num_iterations--;
	if (dev->num_iterations == 0 && dev->pending_unregister) {
		io_device_unregister_locked(dev);
	}
	thread_lib_unlock();
}

void
io_device_lib_fini(void)
{
	struct io_device *dev;

	while ((dev = RB_MIN(io_device_tree, &g_io_device.devices)) != NULL) {
		SPDK_ERRLOG("Device %s was not unregistered before the end of the thread library\n",
		            dev->name);
		RB_REMOVE(io_device_tree, &g_io_device.devices, dev);
		free(dev);
	}
	g_io_device.num_lost = 0;
}
