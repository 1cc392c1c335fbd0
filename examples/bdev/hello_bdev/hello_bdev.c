/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The smallest useful user of a block device: write one block, read it back, look whether it is the
 * same. It shows the whole life of such a user:
 *
 *	start the framework -> open a bdev -> get a channel -> allocate a buffer
 *	-> write -> (call-back) -> read -> (call-back) -> put the channel, close, stop
 *
 * Nothing here waits: each step is started by the call-back of the one before. To try it:
 *
 *	cat > hello.json <<END
 *	{"subsystems": [{"subsystem": "bdev", "config": [{"method": "bdev_malloc_create",
 *	 "params": {"name": "Malloc0", "num_blocks": 32768, "block_size": 512}}]}]}
 *	END
 *	build/examples/hello_bdev -c hello.json -b Malloc0
 */

#include "spdk/bdev.h"
#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk_internal/subsystem.h"

struct hello {
	const char *bdev_name;
	struct spdk_bdev_desc *desc;
	struct spdk_io_channel *ch;
	char *buf; /* one block */
	uint32_t len_bytes;
	struct spdk_bdev_io_wait_entry wait;
};

static struct hello g_hello = { .bdev_name = "Malloc0" };

static void hello_write(void *arg);
static void hello_read(void *arg);

/** Give everything back, in the opposite order, and stop the framework. */
static void
hello_end(struct hello *hello, int rc)
{
	spdk_dma_free(hello->buf);
	if (hello->ch != NULL) {
		spdk_put_io_channel(hello->ch);
	}
	if (hello->desc != NULL) {
		spdk_bdev_close(hello->desc);
	}
	spdk_app_stop(rc);
}

/** -ENOMEM says: too many I/Os are under way. Ask to be called when there is room, and try again.
 */
static void
hello_retry(struct hello *hello, int rc, spdk_bdev_io_wait_cb again)
{
	if (rc == -ENOMEM) {
		hello->wait.bdev = spdk_bdev_desc_get_bdev(hello->desc);
		hello->wait.cb_fn = again;
		hello->wait.cb_arg = hello;
		rc = spdk_bdev_queue_io_wait(hello->wait.bdev, hello->ch, &hello->wait);
	}
	if (rc != 0) {
		SPDK_ERRLOG("the I/O can't be submitted: %s\n", spdk_strerror(-rc));
		hello_end(hello, rc);
	}
}

static void
read_done(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg)
{
	struct hello *hello = cb_arg;

	/* The call-back owns the bdev_io and gives it back. */
	spdk_bdev_free_io(bdev_io);
	if (success) {
		SPDK_NOTICELOG("Read from the bdev: %s\n", hello->buf);
	} else {
		SPDK_ERRLOG("the read failed\n");
	}
	hello_end(hello, success ? 0 : -EIO);
}

static void
hello_read(void *arg)
{
	struct hello *hello = arg;
	int rc;

	memset(hello->buf, 0, hello->len_bytes);
	rc = spdk_bdev_read(hello->desc, hello->ch, hello->buf, 0, hello->len_bytes, read_done,
	                    hello);
	if (rc != 0) {
		hello_retry(hello, rc, hello_read);
	}
}

static void
write_done(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg)
{
	struct hello *hello = cb_arg;

	spdk_bdev_free_io(bdev_io);
	if (!success) {
		SPDK_ERRLOG("the write failed\n");
		hello_end(hello, -EIO);
		return;
	}
	hello_read(hello);
}

static void
hello_write(void *arg)
{
	struct hello *hello = arg;
	int rc;

	snprintf(hello->buf, hello->len_bytes, "Hello World!");
	rc = spdk_bdev_write(hello->desc, hello->ch, hello->buf, 0, hello->len_bytes, write_done,
	                     hello);
	if (rc != 0) {
		hello_retry(hello, rc, hello_write);
	}
}

/** The bdev tells its user when it is going away or changes its size. */
static void
hello_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
	SPDK_NOTICELOG("bdev %s: event %d\n", spdk_bdev_get_name(bdev), type);
}

static void
hello_start(void *arg)
{
	struct hello *hello = arg;
	struct spdk_bdev *bdev;
	int rc;

	rc = spdk_bdev_open_ext(hello->bdev_name, true, hello_event, NULL, &hello->desc);
	if (rc != 0) {
		SPDK_ERRLOG("bdev %s can't be opened: %s\n", hello->bdev_name, spdk_strerror(-rc));
		hello_end(hello, rc);
		return;
	}
	bdev = spdk_bdev_desc_get_bdev(hello->desc);
	/* A channel belongs to the thread that got it. */
	hello->ch = spdk_bdev_get_io_channel(hello->desc);
	hello->len_bytes = spdk_bdev_get_block_size(bdev) * spdk_bdev_get_write_unit_size(bdev);
	hello->buf = spdk_dma_zmalloc(hello->len_bytes, spdk_bdev_get_buf_align(bdev), NULL);
	if (hello->ch == NULL || hello->buf == NULL) {
		SPDK_ERRLOG("no memory\n");
		hello_end(hello, -ENOMEM);
		return;
	}
	hello_write(hello);
}

static int
hello_parse(int ch, char *arg)
{
	g_hello.bdev_name = arg;
	return 0;
}

static void
hello_usage(void)
{
	printf(" -b BDEV           the bdev to use (default: Malloc0)\n");
}

int
main(int argc, char **argv)
{
	static const char *const subsystems[] = { "sock", "iobuf", "keyring", "bdev", NULL };
	struct spdk_app_opts opts;
	int rc;

	subsystem_select(subsystems);
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "hello_bdev";
	opts.rpc_addr = NULL; /* no control socket */
	rc = spdk_app_parse_args(argc, argv, &opts, "b:", NULL, hello_parse, hello_usage);
	if (rc != SPDK_APP_PARSE_ARGS_SUCCESS) {
		return rc;
	}
	rc = spdk_app_start(&opts, hello_start, &g_hello);
	spdk_app_fini();
	return rc;
}
