/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A thread that a reactor hands to one on another NUMA node takes its I/O buffers there. Two
 * simulated cores, one on each node. */

#include "../../../../lib/event/reactor_internal.h"

#include "spdk/cpuset.h"
#include "spdk_internal/env_sim.h"

#include <setjmp.h>
#include <cmocka.h>

#define CORE_0 0
#define CORE_1 32

static struct spdk_iobuf_channel g_ch;

static void
process(uint32_t lcore)
{
	uint64_t next;

	env_sim_set_core(lcore);
	reactor_process(reactor_get(lcore), 100, &next);
}

static void
process_all(void)
{
	uint32_t i;

	for (i = 0; i < 20; i++) {
		process(CORE_0);
		process(CORE_1);
		env_sim_run_work(UINT32_MAX);
	}
}

static void
start_msg(void *arg)
{
	struct spdk_iobuf_opts opts;

	spdk_iobuf_get_opts(&opts, sizeof(opts));
	opts.enable_numa = true;
	assert_int_equal(spdk_iobuf_set_opts(&opts), 0);
	assert_int_equal(spdk_iobuf_initialize(), 0);
	assert_int_equal(spdk_iobuf_register_module("ut"), 0);
	assert_int_equal(spdk_iobuf_channel_init(&g_ch, "ut", 4, 4), 0);
}

/* Writes the node that a buffer lies on. */
static void
look_msg(void *arg)
{
	void *buf = spdk_iobuf_get(&g_ch, 4096, NULL, NULL);

	assert_non_null(buf);
	*(int32_t *)arg = spdk_mem_get_numa_id(buf, NULL);
	spdk_iobuf_put(&g_ch, buf, 4096);
}

static void
move_msg(void *arg)
{
	assert_int_equal(spdk_thread_set_cpumask(arg), 0);
}

static void
end_msg(void *arg)
{
	spdk_iobuf_channel_fini(&g_ch);
	spdk_iobuf_finish(NULL, NULL);
}

static int32_t
node_of_buffers(struct spdk_thread *thread)
{
	int32_t node = -2;

	spdk_thread_send_msg(thread, look_msg, &node);
	process_all();
	return node;
}

static void
test_thread_moves(void **state)
{
	static const uint32_t cores[] = { CORE_0, CORE_1, CORE_0 };
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	struct env_sim_thread started;
	struct spdk_thread *thread;
	struct spdk_cpuset mask;
	uint32_t i;

	spdk_env_opts_init(&opts);
	opts.name = "ut";
	opts.core_mask = "[0,32]";
	assert_int_equal(spdk_env_init(&opts), 0);
	assert_int_equal(reactors_init(1024), 0);
	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, CORE_0, true);
	thread = spdk_thread_create("ut", &mask);
	spdk_thread_send_msg(thread, start_msg, NULL);
	process_all();
	for (i = 0; i < 3; i++) {
		spdk_cpuset_zero(&mask);
		spdk_cpuset_set_cpu(&mask, cores[i], true);
		spdk_thread_send_msg(thread, move_msg, &mask);
		process_all();
		assert_int_equal(node_of_buffers(thread), cores[i] == CORE_1 ? 1 : 0);
	}
	spdk_thread_send_msg(thread, end_msg, NULL);
	process_all();
	reactors_stop();
	process_all();
	while (env_sim_thread_take(&started)) {
	}
	reactors_fini();
	assert_int_equal(env_sim_live(), 0);
	spdk_env_fini();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thread_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
