/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A reference model of a block device against random I/O through stacks: a leaf or malloc bdev
 * under k passthrus, with pools down to two bdev_ios and four small and two large buffers, buffers
 * off their alignment, limits of the leaf, -ENOMEM from the leaf. The model is the array of bytes
 * below and a rule: I/O that is under way at the same time does not overlap.
 */

#include "ut_bdev.h"

#include "../../../../module/bdev/malloc/malloc.h"
#include "../../../../module/bdev/passthru/passthru.h"

#define BLOCKS 4096u
#define SLOTS 16u
#define SLOT_BLOCKS (BLOCKS / SLOTS)
#define ROUNDS 80u

/* ---- The model ---- */

static uint8_t g_model[BLOCKS * LEAF_BLOCK];

static void
model_write(uint64_t offset, uint64_t count, const uint8_t *data)
{
	memcpy(g_model + offset * LEAF_BLOCK, data, count * LEAF_BLOCK);
}

static void
model_zero(uint64_t offset, uint64_t count)
{
	memset(g_model + offset * LEAF_BLOCK, 0, count * LEAF_BLOCK);
}

static void
model_check(uint64_t offset, uint64_t count, const uint8_t *data)
{
	assert_memory_equal(data, g_model + offset * LEAF_BLOCK, count * LEAF_BLOCK);
}

/* ---- The client: one I/O under way in each slot of the device ---- */

enum op {
	OP_READ,
	OP_WRITE,
	OP_UNMAP,
	OP_ZERO,
	OP_FLUSH,
	OP_COUNT
};

struct slot {
	uint64_t first_block;
	enum op op;
	uint64_t offset, count;
	uint8_t *memory; /* of the whole slot, and a little more */
	uint8_t *buf;    /* in it, off its alignment */
	struct iovec iovs[3];
	int iovcnt;
	uint32_t left;
	struct spdk_bdev_io_wait_entry wait;
};

static struct slot g_slots[SLOTS];
static struct ut_open g_top;
static uint32_t g_active;    /* slots that are not done */
static uint64_t g_completed; /* I/Os */

static void slot_submit(void *arg);

static uint64_t
below(uint64_t bound)
{
	return env_sim_rand_below("model", bound);
}

/** Cut the buffer into up to three vectors, anywhere. */
static void
slot_vectors(struct slot *s)
{
	size_t len = s->count * LEAF_BLOCK, cut;
	uint8_t *at = s->buf;

	s->iovcnt = 0;
	while (s->iovcnt < 2 && len > 1 && below(2) == 0) {
		cut = 1 + below(len - 1);
		s->iovs[s->iovcnt++] = (struct iovec){ at, cut };
		at += cut;
		len -= cut;
	}
	s->iovs[s->iovcnt++] = (struct iovec){ at, len };
}

static void
slot_next(struct slot *s)
{
	size_t i;

	if (s->left == 0) {
		g_active--;
		return;
	}
	s->left--;
	s->op = (enum op)below(OP_COUNT);
	s->count = 1 + below(below(3) == 0 ? SLOT_BLOCKS : 16);
	s->offset = s->first_block + below(SLOT_BLOCKS - s->count + 1);
	s->buf = s->memory + (below(2) == 0 ? 0 : below(64));
	slot_vectors(s);
	if (s->op == OP_WRITE) {
		for (i = 0; i < s->count * LEAF_BLOCK; i += 64) {
			s->buf[i] = (uint8_t)below(256);
		}
	} else {
		memset(s->buf, 0xee, s->count * LEAF_BLOCK);
	}
	slot_submit(s);
}

static void
slot_done(struct spdk_bdev_io *bdev_io, bool success, void *cb_arg)
{
	struct slot *s = cb_arg;

	assert_true(success);
	g_completed++;
	spdk_bdev_free_io(bdev_io);
	switch (s->op) {
	case OP_READ:
		model_check(s->offset, s->count, s->buf);
		break;
	case OP_WRITE:
		model_write(s->offset, s->count, s->buf);
		break;
	case OP_UNMAP:
	case OP_ZERO:
		model_zero(s->offset, s->count);
		break;
	default:
		break;
	}
	slot_next(s);
}

static int
slot_issue(struct slot *s)
{
	switch (s->op) {
	case OP_READ:
		return spdk_bdev_readv_blocks(g_top.desc, g_top.ch, s->iovs, s->iovcnt, s->offset,
		                              s->count, slot_done, s);
	case OP_WRITE:
		return spdk_bdev_writev_blocks(g_top.desc, g_top.ch, s->iovs, s->iovcnt, s->offset,
		                               s->count, slot_done, s);
	case OP_UNMAP:
		return spdk_bdev_unmap_blocks(g_top.desc, g_top.ch, s->offset, s->count, slot_done,
		                              s);
	case OP_ZERO:
		return spdk_bdev_write_zeroes_blocks(g_top.desc, g_top.ch, s->offset, s->count,
		                                     slot_done, s);
	default:
		return spdk_bdev_flush_blocks(g_top.desc, g_top.ch, s->offset, s->count, slot_done,
		                              s);
	}
}

static void
slot_submit(void *arg)
{
	struct slot *s = arg;
	int rc = slot_issue(s);

	if (rc == -ENOMEM) {
		s->wait.bdev = g_top.bdev;
		s->wait.cb_fn = slot_submit;
		s->wait.cb_arg = s;
		rc = spdk_bdev_queue_io_wait(g_top.bdev, g_top.ch, &s->wait);
	}
	assert_int_equal(rc, 0);
}

/** All I/O of the client, while \p leaf (NULL: none) is held and refuses at random. */
static void
run_client(struct leaf *leaf)
{
	uint32_t i, idle = 0;
	uint64_t before;

	g_active = SLOTS;
	for (i = 0; i < SLOTS; i++) {
		g_slots[i].first_block = i * SLOT_BLOCKS;
		g_slots[i].left = ROUNDS;
		g_slots[i].memory = malloc(SLOT_BLOCKS * LEAF_BLOCK + 64);
		slot_next(&g_slots[i]);
	}
	while (g_active > 0) {
		before = g_completed;
		if (leaf != NULL) {
			leaf->nomem = below(4) == 0 ? (uint32_t)below(3) : 0;
			leaf_release(leaf, 1 + (uint32_t)below(8));
			leaf->trace[0] = '\0';
		}
		poll_threads_us(1000);
		idle = before == g_completed ? idle + 1 : 0;
		assert_true(idle < 2000); /* else it hangs */
	}
	for (i = 0; i < SLOTS; i++) {
		free(g_slots[i].memory);
	}
}

/* ---- Stacks ---- */

static void
aligned(struct leaf *leaf)
{
	leaf->bdev.required_alignment = 9;
}

static void
limited(struct leaf *leaf)
{
	leaf->bdev.required_alignment = 12;
	leaf->bdev.split_on_optimal_io_boundary = true;
	leaf->bdev.optimal_io_boundary = 24;
	leaf->bdev.max_num_segments = 2;
	leaf->bdev.max_segment_size = 8192;
	leaf->bdev.max_unmap = 7;
	leaf->supported &= ~(1u << SPDK_BDEV_IO_TYPE_WRITE_ZEROES);
}

struct stack {
	void (*tune)(struct leaf *leaf);
	bool malloc;
	uint32_t passthrus;
	struct ut_bdev_opts opts;
};

static const struct stack g_stacks[] = {
	{ NULL, true, 0, {} },
	{ NULL, true, 3, { .pool_size = 2, .small_bufs = 4, .large_bufs = 2 } },
	{ NULL, false, 0, { .pool_size = 2 } },
	{ aligned, false, 1, {} },
	{ aligned, false, 3, { .pool_size = 2, .small_bufs = 4, .large_bufs = 2 } },
	{ limited, false, 0, { .pool_size = 1, .small_bufs = 1, .large_bufs = 1 } },
	{ limited, false, 3, { .pool_size = 1, .small_bufs = 1, .large_bufs = 1 } },
};

static void
build_passthrus(uint32_t count, char top[16])
{
	static const struct spdk_uuid none = {};
	char base[16];
	uint32_t i;

	for (i = 0; i < count; i++) {
		memcpy(base, top, sizeof(base));
		snprintf(top, 16, "P%u", i);
		assert_int_equal(passthru_create(top, base, &none), 0);
	}
}

static void
run_stack(const struct stack *stack)
{
	struct malloc_opts mo = {
		.name = "base", .num_blocks = BLOCKS, .block_size = LEAF_BLOCK, .numa_id = -1
	};
	char top[16] = "base";
	struct spdk_bdev *bdev;
	struct leaf *leaf = NULL;
	const char *why;

	ut_bdev_start(1, &stack->opts);
	memset(g_model, 0, sizeof(g_model));
	if (stack->malloc) {
		assert_int_equal(malloc_create(&mo, &bdev, &why), 0);
	} else {
		leaf = leaf_new("base", BLOCKS, stack->tune);
		leaf->hold = true;
	}
	build_passthrus(stack->passthrus, top);
	ut_open(&g_top, top);
	run_client(leaf);
	ut_close(&g_top);
	if (leaf != NULL) {
		assert_int_equal(leaf->misaligned, 0);
		assert_memory_equal(leaf->data, g_model, sizeof(g_model));
		leaf_delete(leaf);
	}
	ut_bdev_stop();
}

static void
test_stacks(void **state)
{
	uint32_t i;

	for (i = 0; i < SPDK_COUNTOF(g_stacks); i++) {
		run_stack(&g_stacks[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
