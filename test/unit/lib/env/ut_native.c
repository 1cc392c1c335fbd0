/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What only real threads, files and processes show. */

#include "suite.h"

#include "spdk/log.h"

#include <sched.h>
#include <stdatomic.h>

#define ANY SPDK_ENV_NUMA_ID_ANY

/* ---- Rings under load ---- */

#define STRESS_OBJS 60000
#define MAX_PEERS 4

struct stress {
	struct spdk_ring *ring;
	uint32_t num_producers;
	bool never_full; /* all objects fit at once */
	_Atomic uint32_t num_taken;
	/* Counts each (producer, number) once. */
	_Atomic uint8_t seen[MAX_PEERS][STRESS_OBJS];
	_Atomic bool wrong;
};

struct peer {
	struct stress *s;
	uint32_t id;
	pthread_t thread;
};

static void *
obj_of(uint32_t producer, uint32_t num)
{
	return (void *)(((uintptr_t)producer << 32 | num) + 1);
}

static void *
producer_run(void *arg)
{
	struct peer *p = arg;
	void *objs[8];
	uint32_t at = 0, num, i;

	while (at < STRESS_OBJS) {
		num = spdk_min(at % 8 + 1, STRESS_OBJS - at);
		for (i = 0; i < num; i++) {
			objs[i] = obj_of(p->id, at + i);
		}
		if (spdk_ring_enqueue(p->s->ring, objs, num, NULL) == num) {
			at += num;
		} else if (p->s->never_full) {
			/* There is room for all of all: a lost race is no reason to refuse. */
			atomic_store(&p->s->wrong, true);
		} else {
			sched_yield();
		}
	}
	return NULL;
}

static void *
consumer_run(void *arg)
{
	struct peer *c = arg;
	struct stress *s = c->s;
	/* One consumer sees each producer's numbers ascend. */
	uint32_t next[MAX_PEERS] = { 0 };
	void *objs[16];
	size_t num, i;

	while (atomic_load(&s->num_taken) < s->num_producers * STRESS_OBJS) {
		num = spdk_ring_dequeue(s->ring, objs, 1 + c->id * 5 % 16);
		if (num == 0) {
			sched_yield();
			continue;
		}
		for (i = 0; i < num; i++) {
			uintptr_t v = (uintptr_t)objs[i] - 1;
			uint32_t producer = (uint32_t)(v >> 32), n = (uint32_t)v;

			if (producer >= MAX_PEERS || n >= STRESS_OBJS || n < next[producer] ||
			    atomic_fetch_add(&s->seen[producer][n], 1) != 0) {
				atomic_store(&s->wrong, true);
			}
			next[producer % MAX_PEERS] = n + 1;
		}
		atomic_fetch_add(&s->num_taken, (uint32_t)num);
	}
	return NULL;
}

static void
stress(enum spdk_ring_type type, uint32_t num_producers, uint32_t num_consumers, size_t size)
{
	struct stress *s = calloc(1, sizeof(*s));
	struct peer peers[2 * MAX_PEERS];
	uint32_t i, num = num_producers + num_consumers;

	s->num_producers = num_producers;
	s->never_full = size >= (size_t)num_producers * STRESS_OBJS;
	s->ring = spdk_ring_create(type, size, ANY);
	for (i = 0; i < num; i++) {
		bool produce = i < num_producers;

		peers[i].s = s;
		peers[i].id = produce ? i : i - num_producers;
		assert_int_equal(pthread_create(&peers[i].thread, NULL,
		                                produce ? producer_run : consumer_run, &peers[i]),
		                 0);
	}
	for (i = 0; i < num; i++) {
		pthread_join(peers[i].thread, NULL);
	}
	assert_false(s->wrong);
	assert_int_equal(s->num_taken, num_producers * STRESS_OBJS);
	assert_int_equal(spdk_ring_count(s->ring), 0);
	spdk_ring_free(s->ring);
	free(s);
}

static void
test_ring_stress(void **state)
{
	stress(SPDK_RING_TYPE_SP_SC, 1, 1, 64);
	stress(SPDK_RING_TYPE_SP_SC, 1, 1, 8);
	stress(SPDK_RING_TYPE_MP_SC, 4, 1, 64);
	stress(SPDK_RING_TYPE_MP_MC, 3, 3, 64);
	stress(SPDK_RING_TYPE_MP_MC, 4, 4, 8);
	stress(SPDK_RING_TYPE_MP_MC, 1, 4, 1024);
	stress(SPDK_RING_TYPE_MP_SC, 4, 1, 4 * STRESS_OBJS);
}

/* ---- Pools under load: each object has one holder ---- */

static struct spdk_mempool *g_pool;
static _Atomic bool g_pool_wrong;

static void *
pool_run(void *arg)
{
	_Atomic uint32_t *objs[20];
	int i, j, num;

	/* Threads with a cache and threads without one. */
	g_env_local.core_plus_1 = (uint32_t)(uintptr_t)arg;
	for (i = 0; i < 20000; i++) {
		num = 1 + i % 20;
		if (spdk_mempool_get_bulk(g_pool, (void **)objs, (size_t)num) != 0) {
			continue;
		}
		for (j = 0; j < num; j++) {
			if (atomic_exchange(objs[j], 1) != 0) {
				atomic_store(&g_pool_wrong, true);
			}
		}
		for (j = 0; j < num; j++) {
			atomic_store(objs[j], 0);
		}
		spdk_mempool_put_bulk(g_pool, (void **)objs, (size_t)num);
	}
	return NULL;
}

static void
test_pool_stress(void **state)
{
	pthread_t threads[4];
	void *objs[100];
	uintptr_t i;

	spdk_env_fini();
	assert_int_equal(suite_env_start(suite_has_cpu(1) ? "0x3" : "0x1", -1), 0);
	g_pool = spdk_mempool_create("stress", 100, 64, 8, ANY);
	assert_non_null(g_pool);
	for (i = 0; i < 4; i++) {
		uintptr_t core_plus_1 = i < spdk_env_get_core_count() ? i + 1 : 0;

		assert_int_equal(pthread_create(&threads[i], NULL, pool_run, (void *)core_plus_1),
		                 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_false(g_pool_wrong);
	assert_int_equal(spdk_mempool_count(g_pool), 100);
	/* Caches hold back at most half. */
	g_env_local.core_plus_1 = 0;
	assert_int_equal(spdk_mempool_get_bulk(g_pool, objs, 50), 0);
	spdk_mempool_put_bulk(g_pool, objs, 50);
	g_env_local.core_plus_1 = 1;
	spdk_mempool_free(g_pool);
}

/* Few objects, no cache, much coming and going: what a stack without change counter gets wrong. */
static void *
pool_few_run(void *arg)
{
	_Atomic uint32_t *objs[2];
	int i, j, num;

	for (i = 0; i < 400000; i++) {
		num = 1 + (i + (int)(uintptr_t)arg) % 2;
		if (spdk_mempool_get_bulk(g_pool, (void **)objs, (size_t)num) != 0) {
			continue;
		}
		for (j = 0; j < num; j++) {
			if (atomic_exchange(objs[j], 1) != 0) {
				atomic_store(&g_pool_wrong, true);
			}
			atomic_store(objs[j], 0);
		}
		/* In the other order, so that the links change. */
		for (j = num - 1; j >= 0; j--) {
			spdk_mempool_put(g_pool, objs[j]);
		}
	}
	return NULL;
}

static void
test_pool_few(void **state)
{
	pthread_t threads[4];
	uintptr_t i;

	g_pool = spdk_mempool_create("few", 4, 64, 0, ANY);
	assert_non_null(g_pool);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, pool_few_run, (void *)i), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_false(g_pool_wrong);
	assert_int_equal(spdk_mempool_count(g_pool), 4);
	spdk_mempool_free(g_pool);
}

/* ---- The allocator from several threads ---- */

static void *
heap_run(void *arg)
{
	uint64_t rng = (uintptr_t)arg + 1;
	uint8_t *bufs[32] = { NULL };
	size_t sizes[32], i, slot;

	for (i = 0; i < 3000; i++) {
		slot = spdk_rand_xorshift64(&rng) % 32;
		if (bufs[slot] != NULL) {
			assert_int_equal(bufs[slot][0], (uint8_t)slot);
			assert_int_equal(bufs[slot][sizes[slot] - 1], (uint8_t)slot);
			spdk_free(bufs[slot]);
			bufs[slot] = NULL;
			continue;
		}
		sizes[slot] = 1 + spdk_rand_xorshift64(&rng) % (i % 100 == 0 ? 3 << 20 : 6000);
		bufs[slot] = spdk_malloc(sizes[slot], 0, NULL, ANY, SPDK_MALLOC_DMA);
		assert_non_null(bufs[slot]);
		bufs[slot][0] = bufs[slot][sizes[slot] - 1] = (uint8_t)slot;
	}
	for (i = 0; i < 32; i++) {
		spdk_free(bufs[i]);
	}
	return NULL;
}

static void
test_heap_threads(void **state)
{
	pthread_t threads[4];
	uintptr_t i;

	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, heap_run, (void *)i), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
}

/* ---- Kicks from another thread ---- */

static struct env_waiter *g_waiter;
static _Atomic uint32_t g_turn;

static void *
kick_run(void *arg)
{
	uint32_t i;

	for (i = 0; i < 5000; i++) {
		while (atomic_load(&g_turn) != i) {
			sched_yield();
		}
		env_waiter_kick(g_waiter);
	}
	return NULL;
}

/* A wait without deadline after each request for a kick: one lost kick hangs it. */
static void
test_kick_threads(void **state)
{
	struct env_wait_event ev;
	pthread_t thread;
	uint32_t i;

	assert_int_equal(env_waiter_create(&g_waiter), 0);
	atomic_store(&g_turn, UINT32_MAX);
	assert_int_equal(pthread_create(&thread, NULL, kick_run, NULL), 0);
	for (i = 0; i < 5000; i++) {
		atomic_store(&g_turn, i);
		assert_int_equal(env_waiter_wait(g_waiter, UINT64_MAX, &ev, 1), 0);
	}
	pthread_join(thread, NULL);
	env_waiter_destroy(g_waiter);
}

/* ---- The process ---- */

static int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int num = 0;

	while (readdir(dir) != NULL) {
		num++;
	}
	closedir(dir);
	return num;
}

static int
count_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int num = 0, c;

	while ((c = fgetc(f)) != EOF) {
		num += c == '\n';
	}
	fclose(f);
	return num;
}

static void
job_fn(struct env_work *work)
{
}

static void
cycle(void)
{
	struct env_work work = { .fn = job_fn, .done = job_fn };
	char addr[128];
	void *buf;

	assert_int_equal(suite_env_start(NULL, -1), 0);
	buf = spdk_zmalloc(100, 0, NULL, ANY, SPDK_MALLOC_DMA);
	assert_non_null(buf);
	assert_non_null(spdk_mempool_create("p", 100, 100, 0, ANY));
	assert_non_null(spdk_memzone_reserve("z", 100, ANY, 0));
	assert_int_equal(env_work_submit(&work), 0);
	snprintf(addr, sizeof(addr), "%s/cycle", suite_dir());
	env_stream_unlisten(env_stream_listen(addr), addr);
	spdk_env_fini();
}

static void
test_thousand_cycles(void **state)
{
	int i, fds, maps;

	spdk_env_fini();
	for (i = 0; i < 10; i++) {
		cycle();
	}
	fds = count_fds();
	maps = count_maps();
	for (i = 10; i < 1000; i++) {
		cycle();
	}
	assert_int_equal(count_fds(), fds);
	/* The C library keeps some stacks of ended threads. */
	assert_in_range(count_maps(), maps - 8, maps + 8);
	assert_int_equal(suite_env_start(NULL, -1), 0);
}

static uint32_t
num_cpus_here(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return (uint32_t)CPU_COUNT(&set);
}

static int
count_cpus_fn(void *arg)
{
	*(uint32_t *)arg = num_cpus_here();
	return 0;
}

static void *
count_cpus_unpinned(void *arg)
{
	*(uint32_t *)arg = num_cpus_here();
	return NULL;
}

/* Pinned with a mask, not without; and as before when env ends. */
static void
test_pinning(void **state)
{
	uint32_t all = num_cpus_here();
	uint32_t num = 0;

	spdk_env_fini();
	assert_int_equal(num_cpus_here(), all);
	assert_int_equal(suite_env_start(NULL, -1), 0);
	assert_int_equal(num_cpus_here(), all);
	spdk_env_fini();
	if (!suite_has_cpu(0) || !suite_has_cpu(1)) {
		skip();
	}
	assert_int_equal(suite_env_start("0x3", -1), 0);
	assert_int_equal(num_cpus_here(), 1);
	assert_int_equal(spdk_env_thread_launch_pinned(1, count_cpus_fn, &num), 0);
	spdk_env_thread_wait_all();
	assert_int_equal(num, 1);
	spdk_call_unaffinitized(count_cpus_unpinned, &num);
	assert_int_equal(num, all);
	assert_int_equal(num_cpus_here(), 1);
	spdk_env_fini();
	assert_int_equal(num_cpus_here(), all);
	assert_int_equal(suite_env_start(NULL, -1), 0);
}

/* ---- Memory as the kernel sees it; a sanitizer's own memory would hide it ---- */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HAVE_TEST_RESIDENT 1

static uint64_t
resident_bytes(void)
{
	uint64_t pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_int_equal(fscanf(f, "%*u %" SCNu64, &pages), 1);
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Big zeroed memory and big pools cost nothing until they are used, and go back when freed. */
static void
test_resident(void **state)
{
	uint64_t before;
	void *buf, *dirty;

	spdk_env_fini();
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	spdk_env_opts_init(&opts);
	opts.no_huge = true;
	assert_int_equal(spdk_env_init(&opts), 0);
	before = resident_bytes();
	buf = spdk_zmalloc(256 << 20, 0, NULL, ANY, SPDK_MALLOC_DMA);
	assert_non_null(buf);
	assert_non_null(spdk_mempool_create("big", 1000000, 1000, 512, ANY));
	assert_non_null(spdk_ring_create(SPDK_RING_TYPE_MP_MC, 1 << 20, ANY));
	assert_true(resident_bytes() < before + (4 << 20));
	spdk_free(buf);
	dirty = spdk_malloc(32 << 20, 0, NULL, ANY, SPDK_MALLOC_DMA);
	memset(dirty, 1, 32 << 20);
	assert_true(resident_bytes() > before + (32 << 20));
	spdk_free(dirty);
	assert_true(resident_bytes() < before + (4 << 20));
	spdk_env_fini();
	assert_int_equal(suite_env_start(NULL, -1), 0);
}

#endif

/* ---- Sockets that a dead process left behind ---- */

static void
test_stale_socket(void **state)
{
	char addr[128], lock[140];
	struct stat st;
	int status, l;
	pid_t pid;

	snprintf(addr, sizeof(addr), "%s/stale", suite_dir());
	snprintf(lock, sizeof(lock), "%s.lock", addr);
	pid = fork();
	if (pid == 0) {
		_exit(env_stream_listen(addr) >= 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(stat(addr, &st), 0);
	l = env_stream_listen(addr);
	assert_true(l >= 0);
	assert_int_equal(stat(addr, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(lock, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* A live one stays, also when its lock file was removed by somebody. */
	unlink(lock);
	assert_int_equal(env_stream_listen(addr), -EADDRINUSE);
	env_stream_unlisten(l, addr);
	assert_int_equal(stat(addr, &st), -1);
	assert_int_equal(stat(lock, &st), -1);
}

static void
test_not_a_socket(void **state)
{
	char addr[128], lock[140];
	int fd;

	snprintf(addr, sizeof(addr), "%s/file", suite_dir());
	snprintf(lock, sizeof(lock), "%s.lock", addr);
	fd = open(addr, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(env_stream_listen(addr), -EEXIST);
	assert_int_equal(access(addr, F_OK), 0);
	assert_int_equal(access(lock, F_OK), -1);
	close(fd);
	unlink(addr);
	assert_int_equal(env_stream_listen("/nonexistent/dir/sock"), -ENOENT);
}

/* ---- Files ---- */

static void
test_file_load(void **state)
{
	char path[128];
	char text[100000];
	size_t len;
	void *data;
	int fd;

	snprintf(path, sizeof(path), "%s/load", suite_dir());
	memset(text, 'x', sizeof(text));
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	assert_int_equal(env_file_load(path, 0, &data, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(data, "");
	free(data);
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	close(fd);
	assert_int_equal(env_file_load(path, sizeof(text), &data, &len), 0);
	assert_int_equal(len, sizeof(text));
	assert_memory_equal(data, text, sizeof(text));
	assert_int_equal(((char *)data)[len], 0);
	free(data);
	assert_int_equal(env_file_load(path, sizeof(text) - 1, &data, &len), -EFBIG);
	unlink(path);
	assert_int_equal(env_file_load(path, 100, &data, &len), -ENOENT);
	assert_int_equal(env_file_load("/tmp", 100, &data, &len), -EISDIR);
	env_fault_nth(ENV_FAULT_FILE, 1);
	assert_int_equal(env_file_load("/dev/null", 100, &data, &len), -EIO);
}

/* ---- The clock ---- */

static uint64_t
monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
test_ticks_speed(void **state)
{
	uint64_t ns_0 = monotonic_ns(), ticks_0 = spdk_get_ticks(), ns_1, ns_2, ticks;
	double ns;

	spdk_delay_us(20000);
	ns_1 = monotonic_ns();
	ticks = spdk_get_ticks() - ticks_0;
	ns_2 = monotonic_ns();
	ns = (double)ticks * 1e9 / (double)spdk_get_ticks_hz();
	/* Within 0.1 % and what the readings themselves took. */
	assert_true(ns > (double)(ns_1 - ns_0) * 0.999 - 20000);
	assert_true(ns < (double)(ns_2 - ns_0) * 1.001 + 20000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ENV_TEST(test_ring_stress),  ENV_TEST(test_pool_stress),
		ENV_TEST(test_pool_few),     ENV_TEST(test_heap_threads),
		ENV_TEST(test_kick_threads), ENV_TEST(test_thousand_cycles),
		ENV_TEST(test_pinning),
#ifdef HAVE_TEST_RESIDENT
		ENV_TEST(test_resident),
#endif
		ENV_TEST(test_stale_socket), ENV_TEST(test_not_a_socket),
		ENV_TEST(test_file_load),    ENV_TEST(test_ticks_speed),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_native", tests, NULL, NULL);
}
