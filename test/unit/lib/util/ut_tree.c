/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/tree.h against a sorted array: every call, every link, every balance rule, and what
 * RB_AUGMENT keeps. One tree is augmented, one is put together from the single macros, one is a
 * splay tree. */

struct item;
static void item_augment(struct item *item);
#define RB_AUGMENT(x) item_augment(x)
#include "spdk/tree.h"

#include "spdk/util.h"

#include <setjmp.h>
#include <cmocka.h>

#define NUM_KEYS 200
#define STEPS 60000

struct item {
	int key;
	bool in;
	uint32_t count; /* elements from here down, by RB_AUGMENT */
	int largest;
	RB_ENTRY(item) link;
	RB_ENTRY(item) plain;
	SPLAY_ENTRY(item) splay;
};

static int
item_cmp(struct item *a, struct item *b)
{
	return a->key - b->key;
}

static void
item_augment(struct item *item)
{
	struct item *left = RB_LEFT(item, link), *right = RB_RIGHT(item, link);

	item->count = 1 + (left != NULL ? left->count : 0) + (right != NULL ? right->count : 0);
	item->largest = right != NULL ? right->largest : item->key;
}

RB_HEAD(tree, item);
RB_PROTOTYPE_STATIC(tree, item, link, item_cmp)
RB_GENERATE_STATIC(tree, item, link, item_cmp)

#undef RB_AUGMENT
#define RB_AUGMENT(x)

#define PART __attribute__((unused)) static
RB_HEAD(parts, item);
RB_PROTOTYPE_INSERT_COLOR(parts, item, PART);
RB_PROTOTYPE_REMOVE_COLOR(parts, item, PART);
RB_PROTOTYPE_INSERT(parts, item, PART);
RB_PROTOTYPE_REMOVE(parts, item, PART);
RB_PROTOTYPE_FIND(parts, item, PART);
RB_PROTOTYPE_NFIND(parts, item, PART);
RB_PROTOTYPE_NEXT(parts, item, PART);
RB_PROTOTYPE_PREV(parts, item, PART);
RB_PROTOTYPE_MINMAX(parts, item, PART);
RB_PROTOTYPE_REINSERT(parts, item, PART);
RB_GENERATE_INSERT_COLOR(parts, item, plain, PART)
RB_GENERATE_REMOVE_COLOR(parts, item, plain, PART)
RB_GENERATE_INSERT(parts, item, plain, item_cmp, PART)
RB_GENERATE_REMOVE(parts, item, plain, PART)
RB_GENERATE_FIND(parts, item, plain, item_cmp, PART)
RB_GENERATE_NFIND(parts, item, plain, item_cmp, PART)
RB_GENERATE_NEXT(parts, item, plain, PART)
RB_GENERATE_PREV(parts, item, plain, PART)
RB_GENERATE_MINMAX(parts, item, plain, PART)
RB_GENERATE_REINSERT(parts, item, plain, item_cmp, PART)

/* Not for one file only: declared and defined as a program with several files does. */
RB_HEAD(shared, item);
RB_PROTOTYPE(shared, item, plain, item_cmp)
RB_GENERATE(shared, item, plain, item_cmp)

SPLAY_HEAD(splay, item);
SPLAY_PROTOTYPE(splay, item, splay, item_cmp)
SPLAY_GENERATE(splay, item, splay, item_cmp)

static uint64_t g_seed;

static uint32_t
draw(uint32_t below)
{
	g_seed = g_seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(g_seed >> 33) % below;
}

/* ---- Rules ---- */

/* Returns the rank of the subtree after a look at each link, edge and sum in it. */
static int
check_subtree(struct item *item, struct item *up, int low, int high)
{
	int left, right;

	if (item == NULL) {
		return -1;
	}
	assert_ptr_equal(RB_PARENT(item, link), up);
	assert_true(item->in && item->key > low && item->key < high);
	left = check_subtree(RB_LEFT(item, link), item, low, item->key);
	right = check_subtree(RB_RIGHT(item, link), item, item->key, high);
	left += 1 + RB_RED_LEFT(item, link);
	right += 1 + RB_RED_RIGHT(item, link);
	assert_int_equal(left, right);
	if (RB_LEFT(item, link) == NULL && RB_RIGHT(item, link) == NULL) {
		assert_int_equal(left, 0);
	}
	assert_int_equal(RB_BITS(item, link) & ~RB_RED_MASK, (uintptr_t)up);
	return left;
}

static void
check_sums(struct item *item)
{
	struct item old;

	if (item != NULL) {
		check_sums(RB_LEFT(item, link));
		check_sums(RB_RIGHT(item, link));
		old = *item;
		item_augment(item);
		assert_int_equal(item->count, old.count);
		assert_int_equal(item->largest, old.largest);
	}
}

static void
check_tree(struct tree *tree)
{
	check_subtree(_RB_ROOT(tree), NULL, INT_MIN, INT_MAX);
	check_sums(_RB_ROOT(tree));
}

static int
height(struct item *item)
{
	return item == NULL
	               ? 0
	               : 1 + spdk_max(height(RB_LEFT(item, link)), height(RB_RIGHT(item, link)));
}

/* ---- The model: who has which key ---- */

static struct item *g_by_key[NUM_KEYS];

static struct item *
model_from(int key, int step)
{
	for (; key >= 0 && key < NUM_KEYS; key += step) {
		if (g_by_key[key] != NULL) {
			return g_by_key[key];
		}
	}
	return NULL;
}

static void
check_walks(struct tree *tree)
{
	struct item *item, *next, *want = model_from(0, 1);

	assert_int_equal(RB_EMPTY(tree), want == NULL);
	RB_FOREACH(item, tree, tree) {
		assert_ptr_equal(item, want);
		assert_ptr_equal(RB_NEXT(tree, tree, item), model_from(item->key + 1, 1));
		assert_ptr_equal(RB_PREV(tree, tree, item), model_from(item->key - 1, -1));
		want = model_from(item->key + 1, 1);
	}
	assert_null(want);
	want = model_from(NUM_KEYS - 1, -1);
	RB_FOREACH_REVERSE(item, tree, tree)
	{
		assert_ptr_equal(item, want);
		want = model_from(item->key - 1, -1);
	}
	assert_null(want);
	next = model_from(NUM_KEYS / 2, 1);
	want = next;
	RB_FOREACH_FROM(item, tree, next)
	{
		assert_ptr_equal(item, want);
		want = model_from(item->key + 1, 1);
	}
	assert_null(want);
	next = model_from(NUM_KEYS / 2, -1);
	want = next;
	RB_FOREACH_REVERSE_FROM(item, tree, next)
	{
		assert_ptr_equal(item, want);
		want = model_from(item->key - 1, -1);
	}
	assert_null(want);
}

static void
check_looks(struct tree *tree, int key)
{
	struct item probe = { .key = key };

	assert_ptr_equal(RB_FIND(tree, tree, &probe), g_by_key[key]);
	assert_ptr_equal(RB_NFIND(tree, tree, &probe), model_from(key, 1));
	assert_ptr_equal(RB_MIN(tree, tree), model_from(0, 1));
	assert_ptr_equal(RB_MAX(tree, tree), model_from(NUM_KEYS - 1, -1));
}

static void
step_insert(struct tree *tree, struct item *item, int key)
{
	item->key = key;
	item->in = true;
	if (g_by_key[key] != NULL) {
		item->in = false;
		assert_ptr_equal(RB_INSERT(tree, tree, item), g_by_key[key]);
	} else {
		assert_null(RB_INSERT(tree, tree, item));
		g_by_key[key] = item;
	}
}

static void
step_reinsert(struct tree *tree, struct item *item, int key)
{
	struct item *other = g_by_key[key] == item ? NULL : g_by_key[key];

	g_by_key[item->key] = NULL;
	item->key = key;
	assert_ptr_equal(RB_REINSERT(tree, tree, item), other);
	if (other != NULL) {
		item->in = false;
	} else {
		g_by_key[key] = item;
	}
}

static void
step_remove(struct tree *tree, struct item *item)
{
	assert_ptr_equal(RB_REMOVE(tree, tree, item), item);
	g_by_key[item->key] = NULL;
	item->in = false;
}

/* Grows and shrinks, so that the tree is full and empty in turn. */
static void
test_random(void **state)
{
	struct tree tree = RB_INITIALIZER(&tree);
	struct item *items = calloc(NUM_KEYS, sizeof(*items)), *item;
	uint32_t n, bias;

	g_seed = 7;
	memset(g_by_key, 0, sizeof(g_by_key));
	for (n = 0; n < STEPS; n++) {
		bias = (n / 2000) % 2 == 0 ? 7 : 3;
		item = &items[draw(NUM_KEYS)];
		if (!item->in && draw(10) < bias) {
			step_insert(&tree, item, (int)draw(NUM_KEYS));
		} else if (item->in && draw(3) == 0) {
			step_reinsert(&tree, item,
			              draw(2) == 0 ? (int)draw(NUM_KEYS)
			                           : spdk_min(item->key + 1, NUM_KEYS - 1));
		} else if (item->in && draw(10) >= bias) {
			step_remove(&tree, item);
		}
		check_looks(&tree, (int)draw(NUM_KEYS));
		if (n % 16 == 0) {
			check_tree(&tree);
			check_walks(&tree);
		}
	}
	free(items);
}

/* Insert seven elements in the order of that number: digit by digit, which of those left is next.
 */
static void
insert_in_order(struct tree *tree, struct item items[7], uint32_t order)
{
	uint32_t left, skip, j;

	memset(items, 0, 7 * sizeof(items[0]));
	RB_INIT(tree);
	for (left = 7; left > 0; order /= left, left--) {
		for (j = 0, skip = order % left; items[j].in || skip > 0; j++) {
			skip -= !items[j].in;
		}
		items[j].key = (int)j;
		items[j].in = true;
		assert_null(RB_INSERT(tree, tree, &items[j]));
		check_tree(tree);
	}
}

/* Each order in which seven elements can come, and each that can go first, then the rest in order.
 */
static void
test_every_shape(void **state)
{
	struct item items[7];
	struct tree tree;
	uint32_t order, first, n;

	for (order = 0; order < 5040 * 7; order++) {
		insert_in_order(&tree, items, order / 7);
		for (first = order % 7, n = 0; n < 7; n++) {
			RB_REMOVE(tree, &tree, &items[(first + n) % 7]);
			items[(first + n) % 7].in = false;
			check_tree(&tree);
		}
		assert_true(RB_EMPTY(&tree));
	}
}

/* Ascending keys make the lowest trees that insertions can: 1,023 of them are 10 high. */
static void
test_height(void **state)
{
	struct item *items = calloc(1023, sizeof(*items)), *item, *next;
	struct tree tree = RB_INITIALIZER(&tree);
	int n;

	for (n = 0; n < 1023; n++) {
		items[n].key = n;
		items[n].in = true;
		RB_INSERT(tree, &tree, &items[n]);
	}
	assert_int_equal(height(_RB_ROOT(&tree)), 10);
	assert_int_equal(_RB_ROOT(&tree)->count, 1023);
	n = 0;
	RB_FOREACH_SAFE(item, tree, &tree, next) {
		if (n++ % 4 != 0) {
			RB_REMOVE(tree, &tree, item);
			memset(item, 0xff, sizeof(*item));
		}
	}
	check_tree(&tree);
	assert_int_equal(_RB_ROOT(&tree)->count, 256);
	assert_in_range(height(_RB_ROOT(&tree)), 9, 10);
	RB_FOREACH_REVERSE_SAFE(item, tree, &tree, next)
	{
		RB_REMOVE(tree, &tree, item);
		memset(item, 0xff, sizeof(*item));
	}
	assert_true(RB_EMPTY(&tree));
	free(items);
}

/* What the small macros say of  1 <- 2 -> 4, 4 -> 5  and after each is turned. */
static void
test_small_macros(void **state)
{
	struct item two = { .key = 2 }, one = { .key = 1 }, four = { .key = 4 },
	            five = { .key = 5 };
	struct item *tmp;
	struct tree tree;

	RB_INIT(&tree);
	RB_INSERT(tree, &tree, &two);
	RB_INSERT(tree, &tree, &one);
	RB_INSERT(tree, &tree, &four);
	assert_int_equal(RB_BITS(&two, link), 0);
	RB_INSERT(tree, &tree, &five);
	assert_ptr_equal(_RB_ROOT(&tree), &two);
	assert_true(RB_RED_LEFT(&two, link) && !RB_RED_RIGHT(&two, link));
	assert_int_equal(RB_COLOR(&one, link), 1);
	assert_int_equal(RB_COLOR(&four, link), 0);
	assert_int_equal(RB_COLOR(&two, link), 0);
	assert_int_equal(RB_BITS(&four, link), (uintptr_t)&two | RB_RED_L);
	assert_int_equal((uintptr_t)RB_UP(&four, link), (uintptr_t)&two | RB_RED_L);
	RB_FLIP_LEFT(&four, link);
	RB_FLIP_RIGHT(&four, link);
	assert_int_equal(RB_BITS(&four, link), (uintptr_t)&two | RB_RED_R);
	assert_int_equal(RB_COLOR(&five, link), 1);
	RB_SET_PARENT(&four, &one, link);
	assert_int_equal(RB_BITS(&four, link), (uintptr_t)&one | RB_RED_R);
	RB_SET_PARENT(&four, &two, link);
	RB_ROTATE_LEFT(&tree, &two, tmp, link);
	assert_true(tmp == &four && _RB_ROOT(&tree) == &four && RB_LEFT(&four, link) == &two);
	assert_true(RB_PARENT(&four, link) == NULL && RB_PARENT(&two, link) == &four);
	assert_null(RB_RIGHT(&two, link));
	RB_ROTATE_RIGHT(&tree, &four, tmp, link);
	assert_true(tmp == &two && _RB_ROOT(&tree) == &two && RB_RIGHT(&two, link) == &four);
	RB_SWAP_CHILD(&tree, &four, &five, link);
	assert_ptr_equal(RB_RIGHT(&two, link), &five);
	RB_SET(&five, &two, link);
	assert_true(RB_PARENT(&five, link) == &two && RB_BITS(&five, link) == (uintptr_t)&two);
	RB_SWAP_CHILD(&tree, &two, &five, link);
	assert_ptr_equal(_RB_ROOT(&tree), &five);
}

/* The tree made of parts, and the one that other files see, do what the whole one does. */
static void
test_parts(void **state)
{
	struct item items[50] = { 0 }, probe = { .key = 25 };
	struct parts parts = RB_INITIALIZER(&parts);
	struct shared shared = RB_INITIALIZER(&shared);
	struct item *item;
	int n;

	for (n = 0; n < 50; n++) {
		items[n].key = n * 7 % 50;
		assert_null(RB_INSERT(parts, &parts, &items[n]));
	}
	n = 0;
	RB_FOREACH(item, parts, &parts) {
		assert_int_equal(item->key, n++);
	}
	item = RB_FIND(parts, &parts, &probe);
	assert_int_equal(item->key, 25);
	assert_int_equal(RB_PREV(parts, &parts, item)->key, 24);
	assert_ptr_equal(RB_REMOVE(parts, &parts, item), item);
	assert_int_equal(RB_NFIND(parts, &parts, &probe)->key, 26);
	item = RB_MIN(parts, &parts);
	item->key = 25;
	assert_null(RB_REINSERT(parts, &parts, item));
	assert_int_equal(RB_MIN(parts, &parts)->key, 1);
	assert_ptr_equal(RB_NEXT(parts, &parts, item),
	                 RB_NFIND(parts, &parts, &(struct item){ .key = 26 }));
	assert_int_equal(RB_MAX(parts, &parts)->key, 49);
	assert_null(RB_INSERT(shared, &shared, &items[0]));
	assert_ptr_equal(RB_INSERT(shared, &shared, &items[0]), &items[0]);
	assert_ptr_equal(RB_REMOVE(shared, &shared, RB_MIN(shared, &shared)), &items[0]);
	assert_true(RB_EMPTY(&shared));
}

/* ---- Splay ---- */

static void
check_splay(struct item *item, int low, int high)
{
	if (item != NULL) {
		assert_true(item->key > low && item->key < high);
		check_splay(SPLAY_LEFT(item, splay), low, item->key);
		check_splay(SPLAY_RIGHT(item, splay), item->key, high);
	}
}

static void
splay_step(struct splay *tree, struct item *item, int key)
{
	struct item probe = { .key = key };

	if (!item->in) {
		item->key = key;
		assert_ptr_equal(SPLAY_INSERT(splay, tree, item), g_by_key[key]);
		item->in = g_by_key[key] == NULL;
		g_by_key[key] = item->in ? item : g_by_key[key];
	} else {
		assert_ptr_equal(SPLAY_REMOVE(splay, tree, item), item);
		g_by_key[item->key] = NULL;
		item->in = false;
	}
	probe.key = (int)draw(NUM_KEYS);
	assert_ptr_equal(SPLAY_FIND(splay, tree, &probe), g_by_key[probe.key]);
	if (g_by_key[probe.key] != NULL) {
		assert_ptr_equal(SPLAY_ROOT(tree), g_by_key[probe.key]);
	} else {
		assert_null(SPLAY_REMOVE(splay, tree, &probe));
	}
}

static void
test_splay(void **state)
{
	struct splay tree = SPLAY_INITIALIZER(&tree);
	struct item *items = calloc(NUM_KEYS, sizeof(*items)), *item, *want;
	uint32_t n;

	g_seed = 11;
	memset(g_by_key, 0, sizeof(g_by_key));
	assert_null(SPLAY_MIN(splay, &tree));
	assert_null(SPLAY_MAX(splay, &tree));
	for (n = 0; n < STEPS / 2; n++) {
		splay_step(&tree, &items[draw(NUM_KEYS)], (int)draw(NUM_KEYS));
		if (n % 16 != 0) {
			continue;
		}
		check_splay(SPLAY_ROOT(&tree), INT_MIN, INT_MAX);
		assert_ptr_equal(SPLAY_MAX(splay, &tree), model_from(NUM_KEYS - 1, -1));
		want = model_from(0, 1);
		assert_int_equal(SPLAY_EMPTY(&tree), want == NULL);
		SPLAY_FOREACH(item, splay, &tree)
		{
			assert_ptr_equal(item, want);
			want = model_from(item->key + 1, 1);
		}
		assert_null(want);
	}
	SPLAY_INIT(&tree);
	assert_true(SPLAY_EMPTY(&tree));
	free(items);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random), cmocka_unit_test(test_every_shape),
		cmocka_unit_test(test_height), cmocka_unit_test(test_small_macros),
		cmocka_unit_test(test_parts),  cmocka_unit_test(test_splay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
