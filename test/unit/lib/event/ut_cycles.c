/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk_app_start() again and again in one process, on the real machine: descriptors, threads,
 * mappings and the state section are after each cycle as they were after the first ones. The number
 * of cycles is the first argument. */

#include "spdk/stdinc.h"
#include "spdk/bdev.h"
#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/thread.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/thread.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <setjmp.h>
#include <cmocka.h>

#define WARM_UP 10

static int g_cycles = 50;
static char g_sock[64];
static uint32_t g_unknown;
static struct spdk_thread *g_thread;

static uint32_t
count_entries(const char *path)
{
	DIR *dir = opendir(path);
	uint32_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL) {
		count++;
	}
	closedir(dir);
	return count;
}

static uint32_t
count_lines(const char *path)
{
	FILE *f = fopen(path, "re");
	uint32_t count = 0;
	int c;

	assert_non_null(f);
	while ((c = fgetc(f)) != EOF) {
		count += c == '\n';
	}
	fclose(f);
	return count;
}

static void
count_unknown(void *arg)
{
	g_unknown += thread_count_unknown(spdk_get_thread());
}

static void
counted(void *arg)
{
	spdk_app_stop(0);
}

static void
work(void *arg)
{
	spdk_thread_exit(spdk_get_thread());
}

static void
started(void *arg)
{
	/* In-tree pollers say when they can have work: none is unknown. */
	g_thread = spdk_thread_create("ut_other", NULL);
	assert_non_null(g_thread);
	spdk_thread_send_msg(g_thread, work, NULL);
	spdk_for_each_thread(count_unknown, NULL, counted);
}

static void
cycle(void)
{
	struct spdk_app_opts opts;

	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "ut_cycles";
	opts.rpc_addr = g_sock;
	opts.print_level = SPDK_LOG_WARN;
	assert_int_equal(spdk_app_start(&opts, started, NULL), 0);
	spdk_app_fini();
}

struct footprint {
	uint32_t fds;
	uint32_t threads;
	uint32_t maps;
};

static void
footprint_take(struct footprint *fp)
{
	fp->fds = count_entries("/proc/self/fd");
	fp->threads = count_entries("/proc/self/task");
	fp->maps = count_lines("/proc/self/maps");
}

static void
assert_state(const void *base, const uint8_t *image, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (((const uint8_t *)base)[i] != image[i]) {
			fail_msg("byte %zu of the state section (at %p) differs from the start", i,
			         (const void *)((const uint8_t *)base + i));
		}
	}
}

static void
test_cycles(void **state)
{
	struct footprint warm, now;
	uint8_t *image;
	size_t size;
	void *base;
	int i;

	/* Log levels outlive a run, as with SPDK. */
	spdk_log_set_print_level(SPDK_LOG_WARN);
	system_state_get(&base, &size);
	assert_true(size > 0 && size <= 64 * 1024);
	image = malloc(size);
	assert_non_null(image);
	memcpy(image, base, size);
	for (i = 0; i < WARM_UP; i++) {
		cycle();
		assert_state(base, image, size);
	}
	footprint_take(&warm);
	for (i = 0; i < g_cycles; i++) {
		cycle();
	}
	footprint_take(&now);
	assert_int_equal(now.fds, warm.fds);
	assert_int_equal(now.threads, warm.threads);
	assert_in_range(now.maps, 0, warm.maps + 1);
	assert_state(base, image, size);
	assert_int_equal(g_unknown, 0);
	free(image);
}

static void *
ask_to_stop(void *arg)
{
	while (!atomic_load_explicit((_Atomic bool *)arg, memory_order_relaxed)) {
		spdk_app_start_shutdown();
		sched_yield();
	}
	return NULL;
}

/* As a signal that arrives on a POSIX thread of somebody else's, at any time: while there is no
 * program yet, while it starts, runs, ends, and after. */
static void
test_asked_to_stop_at_any_time(void **state)
{
	_Atomic bool done = false;
	pthread_t other;
	int i;

	assert_int_equal(pthread_create(&other, NULL, ask_to_stop, &done), 0);
	for (i = 0; i < WARM_UP; i++) {
		cycle();
	}
	atomic_store_explicit(&done, true, memory_order_relaxed);
	assert_int_equal(pthread_join(other, NULL), 0);
}

static void *
ask_once(void *arg)
{
	spdk_app_start_shutdown();
	return NULL;
}

static void
asked_from_elsewhere(void *arg)
{
	pthread_t other;

	assert_int_equal(pthread_create(&other, NULL, ask_once, NULL), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
}

static uint32_t g_num_shutdowns;

static void
shutdown_begins(void)
{
	g_num_shutdowns++;
	spdk_app_start_shutdown(); /* is not begun twice */
	spdk_app_stop(0);
}

/* Nothing else ends the program: with a call-back for the shutdown, and without. */
static void
test_shutdown(void **state)
{
	struct spdk_app_opts opts;
	int i;

	for (i = 0; i < 2; i++) {
		spdk_app_opts_init(&opts, sizeof(opts));
		opts.name = "ut_cycles";
		opts.rpc_addr = NULL;
		opts.print_level = SPDK_LOG_WARN;
		opts.shutdown_cb = i == 1 ? shutdown_begins : NULL;
		assert_int_equal(spdk_app_start(&opts, asked_from_elsewhere, NULL), 0);
		spdk_app_fini();
		assert_int_equal(g_num_shutdowns, i);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_asked_to_stop_at_any_time),
	};

	if (argc > 1) {
		g_cycles = atoi(argv[1]);
	}
	snprintf(g_sock, sizeof(g_sock), "/tmp/ut_cycles.%d.sock", getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
