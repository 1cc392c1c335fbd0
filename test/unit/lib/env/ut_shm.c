/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Processes that share memory by an id: who is primary, what one has and the others see, what is
 * left when one ends, and what is refused. */

#include "shm_peer.h"

#include "spdk/log.h"
#include "spdk/version.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define BIG_BYTES (70ull << 20) /* more than an arena */

/* Where peers leave things for one another: a zone that all of them find. */
struct board {
	void *buf;
	void *small;
	struct spdk_ring *ring;
	struct spdk_mempool *pool;
};

static struct board *
board(void)
{
	struct board *b = spdk_memzone_lookup("board");

	return b != NULL ? b : spdk_memzone_reserve("board", sizeof(*b), ANY, 0);
}

static bool
all_bytes(const uint8_t *buf, size_t len_bytes, uint8_t value)
{
	size_t i;

	for (i = 0; i < len_bytes; i++) {
		if (buf[i] != value) {
			return false;
		}
	}
	return true;
}

static uint64_t
live(void)
{
	struct env_mem_stats stats;

	env_mem_get_stats(&stats);
	return stats.num_live;
}

static int
num_told(void *ctx, struct spdk_mem_map *map, enum spdk_mem_map_notify_action action, void *vaddr,
         size_t size)
{
	return spdk_mem_map_set_translation(map, (uintptr_t)vaddr, size,
	                                    action == SPDK_MEM_MAP_NOTIFY_REGISTER ? 7 : 0);
}

static uint64_t
map_before_growth(struct spdk_mem_map **map)
{
	static const struct spdk_mem_map_ops ops = { .notify_cb = num_told };

	*map = spdk_mem_map_alloc(0, &ops, NULL);
	return *map != NULL;
}

/* Map the file behind a buffer once more, and see the same bytes. */
static uint64_t
same_file(void *buf)
{
	uint64_t offset = 0, same;
	int fd = spdk_mem_get_fd_and_offset(buf, &offset);
	uint8_t *other;

	PEER_CHECK(fd >= 0);
	other = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, (off_t)offset);
	PEER_CHECK(other != MAP_FAILED);
	same = memcmp(other, buf, 4096) == 0;
	munmap(other, 4096);
	return same;
}

static uint64_t
make_things(uint32_t flags)
{
	void *obj;

	board()->buf = spdk_malloc(BIG_BYTES, 0, NULL, ANY, flags);
	board()->small = spdk_zmalloc(100, 0, NULL, ANY, flags);
	PEER_CHECK(board()->buf != NULL && board()->small != NULL);
	memset(board()->buf, 0x5a, BIG_BYTES);
	memset(board()->small, 0x5b, 100);
	board()->ring = spdk_ring_create(SPDK_RING_TYPE_MP_MC, 16, ANY);
	board()->pool = spdk_mempool_create("pool", 100, 1000, 8, ANY);
	PEER_CHECK(board()->ring != NULL && board()->pool != NULL);
	obj = spdk_mempool_get(board()->pool);
	memset(obj, 0x5c, 1000);
	return spdk_ring_enqueue(board()->ring, &obj, 1, NULL);
}

/* What another process made is here, at the same addresses, and registered. */
static uint64_t
see_things(struct spdk_mem_map *map)
{
	uint64_t size = BIG_BYTES;
	void *obj;

	PEER_CHECK(all_bytes(board()->buf, BIG_BYTES, 0x5a));
	PEER_CHECK(all_bytes(board()->small, 100, 0x5b));
	PEER_CHECK(spdk_vtophys(board()->buf, &size) == (uintptr_t)board()->buf);
	PEER_CHECK(size == BIG_BYTES);
	PEER_CHECK(map == NULL || spdk_mem_map_translate(map, (uintptr_t)board()->buf, NULL) == 7);
	PEER_CHECK(spdk_mem_get_numa_id(board()->buf, NULL) >= 0);
	PEER_CHECK(spdk_mempool_lookup("pool") == board()->pool);
	PEER_CHECK(strcmp(spdk_mempool_get_name(board()->pool), "pool") == 0);
	PEER_CHECK(spdk_mempool_count(board()->pool) == 99);
	PEER_CHECK(spdk_ring_dequeue(board()->ring, &obj, 1) == 1);
	PEER_CHECK(all_bytes(obj, 1000, 0x5c));
	spdk_mempool_put(board()->pool, obj);
	return spdk_mempool_count(board()->pool);
}

static uint64_t
free_things(void)
{
	spdk_free(board()->buf);
	spdk_free(board()->small);
	spdk_ring_free(board()->ring);
	spdk_mempool_free(board()->pool);
	PEER_CHECK(spdk_mempool_lookup("pool") == NULL);
	PEER_CHECK(spdk_memzone_free("board") == 0);
	PEER_CHECK(spdk_memzone_lookup("board") == NULL);
	PEER_CHECK(spdk_memzone_free("board") == -1);
	return live();
}

static uint64_t
zone_refused(void)
{
	PEER_CHECK(spdk_memzone_reserve("board", 10, ANY, 0) == NULL);
	PEER_CHECK(spdk_mempool_create("pool", 10, 10, 0, ANY) == NULL);
	PEER_CHECK(spdk_memzone_reserve_aligned("odd", 10, ANY, 0, 3) == NULL);
	return 1;
}

static void
peer_loop(int in, int out)
{
	const uint32_t both = SPDK_MALLOC_DMA | SPDK_MALLOC_SHARE;
	struct spdk_mem_map *map = NULL;
	char command;

	PEER_CHECK(shm_test_start() == 0);
	while ((command = peer_next(in)) != '\0') {
		switch (command) {
		case 'p':
			peer_tell(out, spdk_process_is_primary());
			break;
		case 'b':
			peer_tell(out, (uintptr_t)board());
			break;
		case 'l':
			peer_tell(out, (uintptr_t)spdk_memzone_lookup("board"));
			break;
		case 'g':
			peer_tell(out, map_before_growth(&map));
			break;
		case 'm':
			peer_tell(out, make_things(both));
			break;
		case 'M':
			peer_tell(out, make_things(SPDK_MALLOC_DMA));
			break;
		case 's':
			peer_tell(out, see_things(map));
			break;
		case 'S':
			peer_tell(out, same_file(board()->buf));
			break;
		case 'z':
			peer_tell(out, zone_refused());
			break;
		case 'f':
			peer_tell(out, free_things());
			break;
		case 'r':
			peer_tell(out, shm_reap());
			break;
		case 'n':
			peer_tell(out, live());
			break;
		case 'c':
			shm_test_check();
			peer_tell(out, 0);
			break;
		default:
			PEER_CHECK(false);
		}
	}
	spdk_mem_map_free(&map);
	spdk_env_fini();
}

static void
test_two_processes(void **state)
{
	int id = shm_test_id();
	struct peer first, second;
	uint64_t addr;

	peer_start(&first, peer_loop);
	assert_int_equal(peer_ask(&first, 'p'), 1);
	assert_int_equal(shm_test_files(id), 3);
	peer_start(&second, peer_loop);
	assert_int_equal(peer_ask(&second, 'p'), 0);
	assert_int_equal(peer_ask(&first, 'l'), 0);
	addr = peer_ask(&second, 'b');
	assert_int_equal(peer_ask(&first, 'l'), addr);
	/* A map of the first hears of what the second adds. */
	assert_int_equal(peer_ask(&first, 'g'), 1);
	assert_int_equal(peer_ask(&second, 'm'), 1);
	assert_int_equal(peer_ask(&first, 's'), 100);
	assert_int_equal(peer_ask(&first, 'S'), 1);
	assert_int_equal(peer_ask(&first, 'z'), 1);
	/* The board, the buffers, ring, pool; the first frees what the second made. */
	assert_int_equal(peer_ask(&second, 'n'), 5);
	assert_int_equal(peer_ask(&first, 'f'), 0);
	peer_ask(&first, 'c');
	peer_end(&second);
	peer_ask(&first, 'c');
	assert_int_equal(shm_test_files(id), 3);
	peer_end(&first);
	assert_int_equal(shm_test_files(id), 0);
}

/* What was there before a process came. */
static void
test_come_later(void **state)
{
	int id = shm_test_id();
	struct peer first, second;

	peer_start(&first, peer_loop);
	assert_int_equal(peer_ask(&first, 'm'), 1);
	peer_start(&second, peer_loop);
	assert_int_equal(peer_ask(&second, 'g'), 1);
	assert_int_equal(peer_ask(&second, 's'), 100);
	/* The first goes, cleanly: what it shared is still the second's. */
	peer_end(&first);
	assert_int_equal(peer_ask(&second, 'f'), 0);
	peer_ask(&second, 'c');
	peer_end(&second);
	assert_int_equal(shm_test_files(id), 0);
}

static void
test_secondary_dies(void **state)
{
	int id = shm_test_id();
	struct peer first, second, third;

	peer_start(&first, peer_loop);
	peer_ask(&first, 'p');
	peer_start(&second, peer_loop);
	assert_int_equal(peer_ask(&second, 'M'), 1);
	assert_int_equal(peer_ask(&first, 'n'), 5);
	peer_kill(&second);
	/* Its two private buffers go; board, ring and pool were for others. */
	assert_int_equal(peer_ask(&first, 'r'), 1);
	assert_int_equal(peer_ask(&first, 'n'), 3);
	assert_int_equal(peer_ask(&first, 'r'), 0);
	peer_ask(&first, 'c');
	peer_start(&third, peer_loop);
	assert_int_equal(peer_ask(&third, 'p'), 0);
	assert_int_equal(peer_ask(&third, 'l') != 0, 1);
	peer_end(&third);
	peer_end(&first);
	assert_int_equal(shm_test_files(id), 0);
}

static void
test_primary_dies(void **state)
{
	int id = shm_test_id();
	struct peer first, second, third, fourth;

	peer_start(&first, peer_loop);
	assert_int_equal(peer_ask(&first, 'm'), 1);
	peer_start(&second, peer_loop);
	peer_ask(&second, 'p');
	peer_kill(&first);
	assert_int_equal(peer_ask(&second, 's'), 100);
	/* Who comes now begins anew, and the next one joins that. */
	peer_start(&third, peer_loop);
	assert_int_equal(peer_ask(&third, 'p'), 1);
	assert_int_equal(peer_ask(&third, 'l'), 0);
	peer_start(&fourth, peer_loop);
	assert_int_equal(peer_ask(&fourth, 'p'), 0);
	assert_int_equal(shm_test_files(id), 5);
	assert_int_equal(peer_ask(&second, 'f'), 0);
	assert_int_equal(peer_ask(&second, 'm'), 1);
	peer_end(&second);
	assert_int_equal(shm_test_files(id), 3);
	peer_end(&third);
	peer_end(&fourth);
	assert_int_equal(shm_test_files(id), 0);
}

static void
test_all_die(void **state)
{
	int id = shm_test_id();
	struct peer first, second;

	peer_start(&first, peer_loop);
	peer_ask(&first, 'p');
	peer_start(&second, peer_loop);
	peer_ask(&second, 'b');
	peer_kill(&first);
	peer_kill(&second);
	assert_int_equal(shm_test_files(id), 3);
	peer_start(&first, peer_loop);
	assert_int_equal(peer_ask(&first, 'p'), 1);
	assert_int_equal(peer_ask(&first, 'l'), 0);
	assert_int_equal(shm_test_files(id), 3);
	peer_end(&first);
	assert_int_equal(shm_test_files(id), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_processes),  cmocka_unit_test(test_come_later),
		cmocka_unit_test(test_secondary_dies), cmocka_unit_test(test_primary_dies),
		cmocka_unit_test(test_all_die),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_shm", tests, NULL, NULL);
}
