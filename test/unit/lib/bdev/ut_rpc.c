/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Methods that walk over all bdevs, a slice a step, while bdevs come and go between the slices:
 * each one that was there all along is listed exactly once, and nobody is kept from going. */

#include "ut_bdev.h"

#include "spdk/json.h"
#include "spdk/rpc.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/rpc_pieces.h"

#define NUM_LEAVES 100 /* some 100 KB as bdev_get_bdevs has them */

static struct {
	struct leaf *leaves[NUM_LEAVES];
	uint32_t answers;
	char *text;
} g;

static char *
name_of(uint32_t i)
{
	static char names[NUM_LEAVES][16]; /* the bdevs' own */

	snprintf(names[i], sizeof(names[i]), "leaf%03u", i);
	return names[i];
}

static int
setup(void **state)
{
	uint32_t i;

	ut_bdev_start(1, NULL);
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	memset(&g, 0, sizeof(g));
	for (i = 0; i < NUM_LEAVES; i++) {
		g.leaves[i] = leaf_new(name_of(i), 8, NULL);
	}
	return 0;
}

static int
teardown(void **state)
{
	uint32_t i;

	for (i = 0; i < NUM_LEAVES; i++) {
		if (g.leaves[i] != NULL) {
			leaf_delete(g.leaves[i]);
		}
	}
	free(g.text);
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	ut_bdev_stop();
	return 0;
}

static void
answered(void *ctx, const struct jsonrpc_answer *answer)
{
	assert_int_equal(answer->error_code, 0);
	g.answers++;
	free(g.text);
	g.text = strdup(answer->text);
}

static void
call(const char *method)
{
	const struct spdk_json_val name = { .start = (void *)(uintptr_t)method,
		                            .len = (uint32_t)strlen(method),
		                            .type = SPDK_JSON_VAL_STRING };

	assert_int_equal(jsonrpc_local_call(rpc_dispatch, &name, NULL, answered, NULL), 0);
}

/* How often the answer lists it. */
static uint32_t
listed(const char *name)
{
	char member[32 + 16 * NUM_LEAVES];
	const char *at = g.text;
	uint32_t num = 0;

	snprintf(member, sizeof(member), "{\"name\":\"%s\"", name);
	while ((at = strstr(at, member)) != NULL) {
		num++;
		at++;
	}
	return num;
}

/* By the library alone, as a device that is pulled out: no RPC waits for the answer. */
static void
pull_out(uint32_t i)
{
	spdk_bdev_unregister(&g.leaves[i]->bdev, NULL, NULL);
}

static void
forget(uint32_t i)
{
	assert_int_equal(g.leaves[i]->destructed, 1);
	free(g.leaves[i]->data);
	free(g.leaves[i]);
	g.leaves[i] = NULL;
}

static void
check_walk(const char *method, uint32_t steps_min)
{
	struct leaf *late;
	uint32_t i, steps;

	call(method);
	poll_thread(0);
	assert_int_equal(g.answers, 0);
	/* The first, which is written; some in the middle; the last ones. */
	for (i = 0; i < NUM_LEAVES; i += 9) {
		pull_out(i);
	}
	late = leaf_new("late", 8, NULL);
	for (steps = 1; g.answers == 0; steps++) {
		assert_in_range(steps, 1, 1000);
		poll_thread(0);
	}
	assert_in_range(steps, steps_min, 1000);
	poll_threads();
	for (i = 0; i < NUM_LEAVES; i++) {
		assert_in_range(listed(name_of(i)), i % 9 == 0 ? 0 : 1, 1);
	}
	assert_int_equal(listed(name_of(NUM_LEAVES - 1)), 0);
	assert_int_equal(listed("late"), 1);
	for (i = 0; i < NUM_LEAVES; i += 9) {
		forget(i);
	}
	leaf_delete(late);
}

static void
test_get_bdevs(void **state)
{
	check_walk("bdev_get_bdevs", 3);
}

static void
test_get_iostat(void **state)
{
	check_walk("bdev_get_iostat", NUM_LEAVES / 2);
}

/* All bdevs go while the first is held; the last close ends it. */
static void
test_all_go(void **state)
{
	uint32_t i;

	call("bdev_get_bdevs");
	poll_thread(0);
	for (i = 0; i < NUM_LEAVES; i++) {
		pull_out(i);
	}
	poll_threads();
	assert_int_equal(g.answers, 1);
	for (i = 0; i < NUM_LEAVES; i++) {
		forget(i);
	}
}

static int
count_and_pull(void *ctx, struct spdk_bdev *bdev)
{
	struct leaf *leaf = bdev->ctxt;
	uint32_t *num = ctx, i = (uint32_t)atoi(spdk_bdev_get_name(bdev) + 4);

	assert_ptr_equal(leaf, g.leaves[i]);
	/* This one, and the next: it is passed over, for it can't be held any more. */
	if (i % 10 == 0) {
		pull_out(i);
		pull_out(i + 1);
	}
	(*num)++;
	return i == 95 ? -EXDEV : 0;
}

/* spdk_for_each_bdev() goes the same way. */
static void
test_for_each(void **state)
{
	const char *names[] = { "leaf002", "leaf005", "leaf002" };
	const char *bad[] = { "leaf002", "nix" };
	uint32_t num = 0, i;

	assert_int_equal(spdk_for_each_bdev_by_name(&num, count_and_pull, names, 3), 0);
	assert_int_equal(num, 3);
	assert_int_equal(spdk_for_each_bdev_by_name(&num, count_and_pull, bad, 2), -ENODEV);
	assert_int_equal(num, 4);
	num = 0;
	assert_int_equal(spdk_for_each_bdev(&num, count_and_pull), -EXDEV);
	assert_int_equal(num, 96 - 10);
	poll_threads();
	for (i = 0; i < NUM_LEAVES; i += 10) {
		forget(i);
		forget(i + 1);
	}
}

/* The configuration in one go is the one in pieces. */
static int
append(void *ctx, const void *data, size_t size)
{
	return fwrite(data, 1, size, ctx) == size ? 0 : -1;
}

static char *
config_text(bool pieces)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct spdk_json_write_ctx *w = spdk_json_write_begin(append, f, 0);

	if (pieces) {
		spdk_json_write_array_begin(w);
		rpc_write_pieces(w, bdev_config_pieces());
		spdk_json_write_array_end(w);
	} else {
		spdk_bdev_subsystem_config_json(w);
	}
	assert_int_equal(spdk_json_write_end(w), 0);
	fclose(f);
	return text;
}

static void
write_config(struct spdk_bdev *bdev, struct spdk_json_write_ctx *w)
{
	spdk_json_write_string(w, bdev->name);
}

static void
test_config(void **state)
{
	struct spdk_bdev_fn_table table = *g.leaves[1]->bdev.fn_table;
	struct spdk_bdev_opts opts;
	char *one, *other;

	table.write_config_json = write_config;
	g.leaves[1]->bdev.fn_table = &table;
	g.leaves[7]->bdev.fn_table = &table;
	spdk_bdev_get_opts(&opts, sizeof(opts));
	one = config_text(false);
	other = config_text(true);
	assert_string_equal(one, other);
	assert_non_null(
	        strstr(one, "[{\"method\":\"bdev_set_options\",\"params\":{\"bdev_io_pool"));
	assert_non_null(strstr(one, "}},\"leaf001\",\"leaf007\",{\"method\":\"bdev_wait_for_examine"
	                            "\"}]"));
	free(one);
	free(other);
	g.leaves[1]->bdev.fn_table = g.leaves[0]->bdev.fn_table;
	g.leaves[7]->bdev.fn_table = g.leaves[0]->bdev.fn_table;
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_get_bdevs), T(test_get_iostat), T(test_all_go),
		T(test_for_each),  T(test_config),
	};

	return cmocka_run_group_tests_name("bdev_rpc", tests, NULL, NULL);
}
