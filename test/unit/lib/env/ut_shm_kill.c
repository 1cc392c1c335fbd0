/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Processes that share memory, work on it all at once, and are killed at any moment, a fixed number
 * of times: what is left of the session is whole, and goes on. */

#include "shm_peer.h"

#include "spdk/log.h"

#include <sched.h>

#define NUM_ROUNDS 24
#define NUM_WORKERS 3
#define NUM_BUFS 16
#define RING_SIZE 64
#define POOL_SIZE 4000
#define SHARE (SPDK_MALLOC_DMA | SPDK_MALLOC_SHARE)
/* Objects of a pool or ring that one killed process can have in its hands. */
#define HELD_MAX 8

struct common {
	struct spdk_ring *ring;
	struct spdk_mempool *pool;
	_Atomic uint64_t
	        num_put; /* objects that went into the ring, by those who lived to say so */
};

struct worker {
	uint64_t seed;
	struct common *c;
	void *bufs[NUM_BUFS];
	char zone[16];
};

static void
work_buf(struct worker *w)
{
	static const size_t sizes[] = { 1, 64, 100, 700, 2048, 4096, 50000, 1u << 20, 2u << 20 };
	uint32_t i = shm_test_rand(&w->seed) % NUM_BUFS;
	size_t size = sizes[shm_test_rand(&w->seed) % SPDK_COUNTOF(sizes)];
	uint32_t flags = shm_test_rand(&w->seed) % 2 ? SHARE : SPDK_MALLOC_DMA;

	/* Shared ones are lost when this process is killed: small. */
	size = flags == SHARE ? spdk_min(size, (size_t)64) : size;
	if (w->bufs[i] != NULL && shm_test_rand(&w->seed) % 4 == 0) {
		w->bufs[i] = spdk_realloc(w->bufs[i], spdk_min(size, (size_t)5000), 0);
		PEER_CHECK(w->bufs[i] != NULL);
	} else if (w->bufs[i] != NULL) {
		spdk_free(w->bufs[i]);
		w->bufs[i] = NULL;
	} else {
		w->bufs[i] = spdk_malloc(size, 0, NULL, ANY, flags);
		PEER_CHECK(w->bufs[i] != NULL);
	}
}

static void
work_zone(struct worker *w)
{
	uint32_t *zone = spdk_memzone_lookup(w->zone);

	if (zone == NULL) {
		zone = spdk_memzone_reserve(w->zone, 8192, ANY, 0);
		PEER_CHECK(zone != NULL && *zone == 0);
	} else {
		*zone = 1;
		PEER_CHECK(spdk_memzone_free(w->zone) == 0);
	}
}

/* Objects from the pool through the ring, from anybody to anybody. Each is marked while it is in
 * somebody's hands: nobody may have one that is marked. */
static void
work_objs(struct worker *w)
{
	_Atomic uint32_t *objs[HELD_MAX];
	size_t i, num;

	if (shm_test_rand(&w->seed) % 2 == 0) {
		num = 1 + shm_test_rand(&w->seed) % (HELD_MAX - 1);
		if (spdk_mempool_get_bulk(w->c->pool, (void **)objs, num) != 0) {
			return;
		}
		for (i = 0; i < num; i++) {
			PEER_CHECK(atomic_exchange(objs[i], 1) == 0);
		}
		if (spdk_ring_enqueue(w->c->ring, (void **)objs, num, NULL) == num) {
			return;
		}
	} else {
		num = spdk_ring_dequeue(w->c->ring, (void **)objs, HELD_MAX);
	}
	for (i = 0; i < num; i++) {
		PEER_CHECK(atomic_exchange(objs[i], 0) == 1);
	}
	spdk_mempool_put_bulk(w->c->pool, (void **)objs, num);
}

static void
worker_run(int in, int out)
{
	struct worker w = { .seed = (uint64_t)getpid() };
	uint64_t num;

	PEER_CHECK(shm_test_start() == 0);
	w.c = spdk_memzone_lookup("common");
	PEER_CHECK(w.c != NULL);
	snprintf(w.zone, sizeof(w.zone), "z%d", (int)getpid());
	for (num = 0;; num++) {
		switch (shm_test_rand(&w.seed) % 8) {
		case 0:
			work_zone(&w);
			break;
		case 1:
		case 2:
		case 3:
			work_objs(&w);
			break;
		default:
			work_buf(&w);
			break;
		}
		if (num % 64 == 0) {
			peer_tell(out, num);
		}
	}
}

/* No worker lives: what must be true, and what they may have left. */
static uint64_t
check_after(struct common *c, uint64_t killed)
{
	_Atomic uint32_t *objs[POOL_SIZE];
	size_t num, i;

	shm_reap();
	shm_test_check();
	num = spdk_ring_dequeue(c->ring, (void **)objs, RING_SIZE);
	PEER_CHECK(spdk_ring_count(c->ring) == 0);
	for (i = 0; i < num; i++) {
		PEER_CHECK(atomic_exchange(objs[i], 0) == 1);
	}
	spdk_mempool_put_bulk(c->pool, (void **)objs, num);
	num = spdk_mempool_count(c->pool);
	PEER_CHECK(num <= POOL_SIZE && num + killed * HELD_MAX >= POOL_SIZE);
	PEER_CHECK(spdk_mempool_get_bulk(c->pool, (void **)objs, num) == 0);
	PEER_CHECK(spdk_mempool_get(c->pool) == NULL);
	for (i = 0; i < num; i++) {
		PEER_CHECK(atomic_exchange(objs[i], 1) == 0);
	}
	for (i = 0; i < num; i++) {
		atomic_store(objs[i], 0);
	}
	spdk_mempool_put_bulk(c->pool, (void **)objs, num);
	return shm_get()->ctl->num_recoveries;
}

static void
primary_run(int in, int out)
{
	struct common *c;
	uint64_t killed = 0;
	char command;

	PEER_CHECK(shm_test_start() == 0);
	c = spdk_memzone_reserve("common", sizeof(*c), ANY, 0);
	c->ring = spdk_ring_create(SPDK_RING_TYPE_MP_MC, RING_SIZE, ANY);
	c->pool = spdk_mempool_create("pool", POOL_SIZE, 64, 0, ANY);
	PEER_CHECK(c->ring != NULL && c->pool != NULL);
	while ((command = peer_next(in)) != '\0') {
		killed += NUM_WORKERS;
		peer_tell(out, command == 'c' ? check_after(c, killed) : 0);
	}
	spdk_env_fini();
}

/* Let it work for a while: some answers, each for 64 pieces of work; then on from where it gave the
 * last one. */
static void
let_work(struct peer *worker, uint32_t num_answers, uint64_t *seed)
{
	uint32_t spins = shm_test_rand(seed) % 100000;
	volatile uint32_t i;

	while (num_answers-- > 0) {
		peer_answer(worker);
	}
	sched_yield();
	for (i = 0; i < spins; i++) {
	}
}

static void
test_workers_killed(void **state)
{
	struct peer primary, workers[NUM_WORKERS];
	uint64_t seed = 1, recoveries = 0;
	int round, i, id = shm_test_id();

	peer_start(&primary, primary_run);
	/* It is up when it answers. */
	peer_ask(&primary, 'x');
	for (round = 0; round < NUM_ROUNDS; round++) {
		for (i = 0; i < NUM_WORKERS; i++) {
			peer_start(&workers[i], worker_run);
		}
		for (i = 0; i < NUM_WORKERS; i++) {
			let_work(&workers[i], 1 + shm_test_rand(&seed) % 20, &seed);
			peer_kill(&workers[i]);
		}
		recoveries = peer_ask(&primary, 'c');
	}
	print_message("# the owner of the lock was dead %d times\n", (int)recoveries);
	peer_end(&primary);
	assert_int_equal(shm_test_files(id), 0);
}

/* Workers whose primary is killed go on; the next primary begins anew, and all files go. */
static void
test_primary_killed(void **state)
{
	struct peer primary, worker;
	uint64_t seed = 2;
	int round, id = shm_test_id();

	for (round = 0; round < NUM_ROUNDS; round++) {
		peer_start(&primary, primary_run);
		peer_ask(&primary, 'x');
		peer_start(&worker, worker_run);
		let_work(&worker, 1 + shm_test_rand(&seed) % 3, &seed);
		peer_kill(&primary);
		let_work(&worker, 5, &seed);
		peer_kill(&worker);
	}
	peer_start(&primary, primary_run);
	peer_ask(&primary, 'x');
	assert_int_equal(shm_test_files(id), 3);
	peer_end(&primary);
	assert_int_equal(shm_test_files(id), 0);
}

/* Come and go, again and again. */
static void
comer_run(int in, int out)
{
	uint64_t num;

	for (num = 0;; num++) {
		PEER_CHECK(shm_test_start() == 0);
		PEER_CHECK(spdk_malloc(100, 0, NULL, ANY, SPDK_MALLOC_DMA) != NULL);
		spdk_env_fini();
		peer_tell(out, num);
	}
}

static void
test_comers_killed(void **state)
{
	struct peer comers[NUM_WORKERS], last;
	uint64_t seed = 3;
	int round, i, id = shm_test_id();

	for (round = 0; round < NUM_ROUNDS; round++) {
		for (i = 0; i < NUM_WORKERS; i++) {
			peer_start(&comers[i], comer_run);
		}
		for (i = 0; i < NUM_WORKERS; i++) {
			let_work(&comers[i], 1 + shm_test_rand(&seed) % 3, &seed);
			peer_kill(&comers[i]);
		}
	}
	peer_start(&last, primary_run);
	peer_ask(&last, 'x');
	assert_int_equal(shm_test_files(id), 3);
	peer_end(&last);
	assert_int_equal(shm_test_files(id), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workers_killed),
		cmocka_unit_test(test_primary_killed),
		cmocka_unit_test(test_comers_killed),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_shm_kill", tests, NULL, NULL);
}
