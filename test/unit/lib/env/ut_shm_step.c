/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A process that is killed inside a call, at chosen instructions: a victim is stepped through one
 * call on shared memory, one instruction at a time, and killed after k of them: for k spread over
 * the whole call, and as many while it holds the session's lock; with the argument `all`, for every
 * instruction under the lock. Then the primary, which did nothing meanwhile, takes the tables over,
 * and checks all that must be true of them, that the call happened or did not, and that nothing was
 * lost. */

#include "shm_peer.h"

#include "spdk/log.h"

#include <linux/futex.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* Steps an operation may cost in all, and points at which it is killed. */
#define MAX_STEPS 6000
#define MIN_POINTS 3
#define MAX_POINTS 12
#define SHARE (SPDK_MALLOC_DMA | SPDK_MALLOC_SHARE)

/* What a call works on: prepared by the victim or found by the primary. */
struct things {
	void *bufs[8];
	struct spdk_ring *ring;
	struct spdk_mempool *pool;
};

static struct things *g_things; /* in a zone: the same in all */

struct op {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
	/* By the primary, after: give back whatever is left. */
	void (*clean)(void);
	/* Buffers that may stay though nobody knows them: shared ones that were just made. */
	uint32_t max_lost;
};

static void *
get(size_t size, size_t align, uint32_t flags)
{
	void *buf = spdk_malloc(size, align, NULL, ANY, flags);

	PEER_CHECK(buf != NULL);
	return buf;
}

static void
nothing(void)
{
}

static void
run_small(void)
{
	g_things->bufs[0] = get(100, 0, SHARE);
}

static void
run_small_private(void)
{
	g_things->bufs[7] = get(100, 0, SPDK_MALLOC_DMA);
}

static void
run_large(void)
{
	get(40960, 65536, SPDK_MALLOC_DMA);
}

static void
run_large_shared(void)
{
	g_things->bufs[0] = get(3 << 20, 2 << 20, SHARE);
}

static void
run_grow(void)
{
	get(80 << 20, 0, SPDK_MALLOC_DMA);
}

static void
prepare_three(void)
{
	uint32_t i;

	for (i = 0; i < 3; i++) {
		g_things->bufs[i] = get(2 << 20, 0, SPDK_MALLOC_DMA);
	}
	spdk_free(g_things->bufs[0]);
	spdk_free(g_things->bufs[2]);
}

/* Joins its neighbours on both sides, and punches a hole. */
static void
run_free_large(void)
{
	spdk_free(g_things->bufs[1]);
}

static void
prepare_one_small(void)
{
	g_things->bufs[1] = get(1500, 0, SHARE);
}

/* The last object of its slab. */
static void
run_free_small(void)
{
	spdk_free(g_things->bufs[1]);
}

static void
prepare_realloc(void)
{
	g_things->bufs[1] = get(5000, 0, SHARE);
}

static void
run_realloc(void)
{
	g_things->bufs[1] = spdk_realloc(g_things->bufs[1], 50000, 0);
}

static void
run_zone(void)
{
	PEER_CHECK(spdk_memzone_reserve("victim", 5000, ANY, 0) != NULL);
}

static void
prepare_zone(void)
{
	run_zone();
}

static void
run_zone_free(void)
{
	PEER_CHECK(spdk_memzone_free("victim") == 0);
}

/* It is there, whole, or not at all. */
static void
clean_zone(void)
{
	const uint8_t *zone = spdk_memzone_lookup("victim");
	size_t i;

	for (i = 0; zone != NULL && i < 5000; i++) {
		PEER_CHECK(zone[i] == 0);
	}
	PEER_CHECK(spdk_memzone_free("victim") == (zone != NULL ? 0 : -1));
}

static void
run_pool(void)
{
	PEER_CHECK(spdk_mempool_create("victim", 20, 100, 4, ANY) != NULL);
}

static void
run_pool_free(void)
{
	spdk_mempool_free(spdk_mempool_lookup("victim"));
}

static void
clean_pool(void)
{
	struct spdk_mempool *pool = spdk_mempool_lookup("victim");
	void *objs[20];

	if (pool != NULL) {
		PEER_CHECK(spdk_mempool_count(pool) == 20);
		PEER_CHECK(spdk_mempool_get_bulk(pool, objs, 20) == 0);
	}
	spdk_mempool_free(pool);
}

static void
run_pool_use(void)
{
	void *objs[3];

	PEER_CHECK(spdk_mempool_get_bulk(g_things->pool, objs, 3) == 0);
	spdk_mempool_put_bulk(g_things->pool, objs, 3);
}

/* What it had taken is lost, and nothing else: what is counted is what can be taken. */
static void
clean_pool_use(void)
{
	size_t num = spdk_mempool_count(g_things->pool), i;
	void *objs[60];

	PEER_CHECK(num <= 60);
	PEER_CHECK(spdk_mempool_get_bulk(g_things->pool, objs, num + 1) == -ENOMEM);
	PEER_CHECK(spdk_mempool_get_bulk(g_things->pool, objs, num) == 0);
	for (i = 1; i < num; i++) {
		PEER_CHECK(objs[i] != objs[i - 1]);
	}
	spdk_mempool_put_bulk(g_things->pool, objs, num);
	if (num < 57) {
		/* For the next victims: a new one. */
		PEER_CHECK(num == 60 || num == 57 || num == 54);
		spdk_mempool_free(g_things->pool);
		g_things->pool = spdk_mempool_create("things", 60, 100, 0, ANY);
		PEER_CHECK(g_things->pool != NULL);
	}
}

static void
run_ring(void)
{
	void *objs[3] = { (void *)1, (void *)2, (void *)3 };

	PEER_CHECK(spdk_ring_enqueue(g_things->ring, objs, 3, NULL) == 3);
	PEER_CHECK(spdk_ring_dequeue(g_things->ring, objs, 3) == 3);
}

static void
clean_ring(void)
{
	size_t num = spdk_ring_count(g_things->ring);
	void *objs[8] = { (void *)7, (void *)8 };

	/* All of a call or nothing, and the lock of a dead owner is taken over. */
	PEER_CHECK(num == 0 || num == 3);
	PEER_CHECK(spdk_ring_enqueue(g_things->ring, objs, 2, NULL) == 2);
	PEER_CHECK(spdk_ring_dequeue(g_things->ring, objs, 8) == num + 2);
	PEER_CHECK(objs[num] == (void *)7 && objs[num + 1] == (void *)8);
}

static void
clean_bufs(void)
{
	uint32_t i;
	bool share;

	for (i = 0; i < 7; i++) {
		if (g_things->bufs[i] != NULL && shm_size(g_things->bufs[i], &share) != 0) {
			spdk_free(g_things->bufs[i]);
		}
		g_things->bufs[i] = NULL;
	}
}

static void
run_stop(void)
{
	machine_unshare();
}

/* An environment that shares nothing yet. */
static void
prepare_start(void)
{
	struct spdk_env_opts opts = shm_test_opts(-1);

	PEER_CHECK(spdk_env_init(&opts) == 0);
}

static void
run_start(void)
{
	struct spdk_env_opts opts = shm_test_opts(shm_test_last_id());

	PEER_CHECK(machine_share(&opts) == 0);
}

static const struct op g_ops[] = {
	{ "small", nothing, run_small, clean_bufs, 1 },
	{ "small, private", nothing, run_small_private, nothing, 0 },
	{ "large, private, aligned", nothing, run_large, nothing, 0 },
	{ "large", nothing, run_large_shared, clean_bufs, 1 },
	{ "growth", nothing, run_grow, nothing, 0 },
	{ "free large", prepare_three, run_free_large, nothing, 0 },
	{ "free small", prepare_one_small, run_free_small, clean_bufs, 0 },
	{ "realloc", prepare_realloc, run_realloc, clean_bufs, 1 },
	{ "zone", nothing, run_zone, clean_zone, 0 },
	{ "zone free", prepare_zone, run_zone_free, clean_zone, 0 },
	{ "pool", nothing, run_pool, clean_pool, 0 },
	{ "pool free", run_pool, run_pool_free, clean_pool, 0 },
	{ "pool use", nothing, run_pool_use, clean_pool_use, 0 },
	{ "ring", nothing, run_ring, clean_ring, 0 },
	{ "stop", run_small_private, run_stop, nothing, 0 },
	{ "start", prepare_start, run_start, nothing, 0 },
};

/* ---- The victim ---- */

static const struct op *g_op;

static void
victim_run(int in, int out)
{
	if (g_op->prepare != prepare_start) {
		PEER_CHECK(shm_test_start() == 0);
		g_things = spdk_memzone_lookup("things");
		PEER_CHECK(g_things != NULL);
	}
	g_op->prepare();
	PEER_CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	raise(SIGSTOP);
	g_op->run();
	raise(SIGSTOP);
	/* Killed in any case. */
	raise(SIGSTOP);
}

/* Where a call holds the lock: steps, ascending. */
struct locked {
	uint32_t *steps;
	uint64_t num;
	uint64_t max;
};

static bool g_all;

static void
locked_note(struct locked *locked, pid_t pid, uint64_t step)
{
	struct spdk_env_opts opts = shm_test_opts(0);
	uint64_t word = opts.base_virtaddr + offsetof(struct shm_ctl, lock);
	long value;

	errno = 0;
	value = ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)word, NULL);
	/* Not mapped yet, or nobody's: the lower half is the owner's thread. */
	if (errno != 0 || ((uint32_t)value & FUTEX_TID_MASK) == 0) {
		return;
	}
	if (locked->num == locked->max) {
		locked->max = spdk_max(1024, locked->max * 2);
		locked->steps = realloc(locked->steps, locked->max * sizeof(uint32_t));
		assert_non_null(locked->steps);
	}
	locked->steps[locked->num++] = (uint32_t)step;
}

/* Run one until it has made max_steps, or is through, and kill it. How many it made. */
static uint64_t
victim_step(uint64_t max_steps, struct locked *locked)
{
	struct peer victim;
	uint64_t steps;
	int status;

	peer_start(&victim, victim_run);
	assert_int_equal(waitpid(victim.pid, &status, 0), victim.pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	for (steps = 0; steps < max_steps; steps++) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, victim.pid, NULL, NULL), 0);
		assert_int_equal(waitpid(victim.pid, &status, 0), victim.pid);
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) == SIGSTOP) {
			break;
		}
		assert_int_equal(WSTOPSIG(status), SIGTRAP);
		if (locked != NULL) {
			locked_note(locked, victim.pid, steps + 1);
		}
	}
	peer_kill(&victim);
	return steps;
}

/* ---- The primary ---- */

static uint64_t
live_now(void)
{
	struct env_mem_stats stats;

	env_mem_get_stats(&stats);
	return stats.num_live;
}

/* 'a' + n: check after a victim of operation n. Buffers that are in use now. */
static void
primary_run(int in, int out)
{
	uint32_t lost = 0;
	uint64_t before;
	char command;

	PEER_CHECK(shm_test_start() == 0);
	g_things = spdk_memzone_reserve("things", sizeof(*g_things), ANY, 0);
	g_things->ring = spdk_ring_create(SPDK_RING_TYPE_MP_MC, 8, ANY);
	g_things->pool = spdk_mempool_create("things", 60, 100, 0, ANY);
	PEER_CHECK(g_things->ring != NULL && g_things->pool != NULL);
	before = live_now();
	while ((command = peer_next(in)) != '\0') {
		const struct op *op = &g_ops[command - 'a'];

		shm_reap();
		shm_test_check();
		op->clean();
		shm_test_check();
		lost += op->max_lost;
		PEER_CHECK(live_now() >= before && live_now() <= before + lost);
		if (op->max_lost == 0) {
			before = live_now();
			lost = 0;
		}
		peer_tell(out, live_now());
	}
	spdk_env_fini();
}

static uint64_t
points_of(uint64_t total)
{
	return spdk_max(MIN_POINTS, spdk_min(MAX_POINTS, 2 * MAX_STEPS / total));
}

/* A number in part i of `parts` equal parts of 0 to total. */
static uint64_t
spread(uint64_t total, uint64_t i, uint64_t parts, uint64_t *seed)
{
	return total * i / parts + shm_test_rand(seed) % (total / parts + 1);
}

/* At how many points under the lock to kill. */
static uint64_t
num_locked(const struct locked *locked, uint64_t points)
{
	return g_all ? locked->num : spdk_min(points, locked->num);
}

static uint64_t
locked_step(const struct locked *locked, uint64_t i, uint64_t points, uint64_t *seed)
{
	uint64_t at = g_all ? i : spread(locked->num - 1, i, points, seed);

	return locked->steps[spdk_min(at, locked->num - 1)];
}

static void
step_op(const struct op *op, uint64_t *seed)
{
	char command = (char)('a' + (op - g_ops));
	uint64_t total, before, after, i, points;
	struct locked locked = { 0 };
	struct peer primary;

	g_op = op;
	peer_start(&primary, primary_run);
	before = peer_ask(&primary, command);
	total = victim_step(UINT64_MAX, &locked);
	assert_true(total > 10 && total < UINT32_MAX);
	peer_ask(&primary, command);
	points = points_of(total);
	for (i = 0; i < points + num_locked(&locked, points); i++) {
		victim_step(i < points ? spread(total, i, points, seed)
		                       : locked_step(&locked, i - points, points, seed),
		            NULL);
		after = peer_ask(&primary, command);
		if (op->max_lost == 0) {
			assert_int_equal(after, before);
		}
	}
	peer_end(&primary);
	free(locked.steps);
}

static void
test_steps(void **state)
{
	uint64_t seed = 1;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_ops); i++) {
		int id = shm_test_id();

		fprintf(stderr, "# %s\n", g_ops[i].name);
		step_op(&g_ops[i], &seed);
		assert_int_equal(shm_test_files(id), 0);
	}
}

/* A primary that is killed inside its start. */
static void
test_alone(void **state)
{
	uint64_t seed = 2, total, i, points;
	int id = shm_test_id();
	struct peer primary;

	g_op = &g_ops[SPDK_COUNTOF(g_ops) - 1];
	total = victim_step(UINT64_MAX, NULL);
	points = points_of(total);
	for (i = 0; i < points; i++) {
		victim_step(spread(total, i, points, &seed), NULL);
	}
	peer_start(&primary, primary_run);
	peer_ask(&primary, 'b');
	assert_int_equal(shm_test_files(id), 3);
	peer_end(&primary);
	assert_int_equal(shm_test_files(id), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_alone),
	};

	g_all = argc > 1 && strcmp(argv[1], "all") == 0;
	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_shm_step", tests, NULL, NULL);
}
