/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Names, descriptors, events, claims, removal; passthru bdevs that wait for their base. */

#include "ut_bdev.h"
#include "spdk/json.h"

#include "../../../../module/bdev/passthru/passthru.h"

static int
setup(void **state)
{
	ut_bdev_start(2, NULL);
	return 0;
}

static int
teardown(void **state)
{
	ut_bdev_stop();
	return 0;
}

static void
count_cb(void *arg, int rc)
{
	assert_int_equal(rc, 0);
	(*(uint32_t *)arg)++;
}

static void
set_true(void *arg)
{
	*(bool *)arg = true;
}

static void
test_names(void **state)
{
	struct leaf *a = leaf_new("A", 8, NULL), *b = leaf_new("B", 8, NULL);
	char uuid[SPDK_UUID_STRING_LEN];

	spdk_uuid_fmt_lower(uuid, sizeof(uuid), spdk_bdev_get_uuid(&a->bdev));
	assert_ptr_equal(spdk_bdev_get_by_name("A"), &a->bdev);
	assert_ptr_equal(spdk_bdev_get_by_name(uuid), &a->bdev);
	assert_null(spdk_bdev_get_by_name("C"));
	assert_int_equal(spdk_bdev_alias_add(&a->bdev, "B"), -EEXIST);
	assert_int_equal(spdk_bdev_alias_add(&a->bdev, ""), -EINVAL);
	assert_int_equal(spdk_bdev_alias_add(&a->bdev, "also"), 0);
	assert_int_equal(spdk_bdev_alias_add(&b->bdev, "also"), -EEXIST);
	assert_ptr_equal(spdk_bdev_get_by_name("also"), &a->bdev);
	assert_int_equal(spdk_bdev_alias_del(&a->bdev, "also"), 0);
	assert_int_equal(spdk_bdev_alias_del(&a->bdev, "also"), -ENOENT);
	assert_null(spdk_bdev_get_by_name("also"));
	assert_ptr_equal(spdk_bdev_first(), &a->bdev);
	assert_ptr_equal(spdk_bdev_next(&a->bdev), &b->bdev);
	assert_null(spdk_bdev_next(&b->bdev));
	leaf_delete(a);
	leaf_delete(b);
}

static void
test_refused(void **state)
{
	struct leaf *a = leaf_new("A", 8, NULL);
	struct spdk_bdev copy;

	copy = a->bdev;
	assert_int_equal(spdk_bdev_register(&copy), -EEXIST);
	copy.name = (char *)"";
	assert_int_equal(spdk_bdev_register(&copy), -EINVAL);
	copy = a->bdev;
	copy.name = (char *)"same-uuid";
	assert_int_equal(spdk_bdev_register(&copy), -EEXIST);
	assert_null(spdk_bdev_get_by_name("same-uuid"));
	copy.blocklen = 0;
	assert_int_equal(spdk_bdev_register(&copy), -EINVAL);
	copy.blocklen = 512;
	copy.blockcnt = UINT64_MAX / 512 + 1;
	assert_int_equal(spdk_bdev_register(&copy), -EINVAL);
	copy.blockcnt = 8;
	copy.required_alignment = 13;
	assert_int_equal(spdk_bdev_register(&copy), -EINVAL);
	/* A piece has 32 buffers at most, so these limits don't allow one block. */
	copy.required_alignment = 0;
	copy.max_segment_size = 8;
	assert_int_equal(spdk_bdev_register(&copy), -EINVAL);
	copy.max_num_segments = 100;
	assert_int_equal(spdk_bdev_register(&copy), -EINVAL);
	set_thread(1);
	assert_int_equal(spdk_bdev_register(&copy), -EINVAL);
	set_thread(0);
	leaf_delete(a);
}

static void
test_unregister_waits_for_close(void **state)
{
	struct leaf *a = leaf_new("A", 8, NULL);
	struct ut_open one, two;
	struct spdk_bdev_desc *late;
	uint32_t gone = 0;

	a->async_destruct = true;
	ut_open(&one, "A");
	set_thread(1);
	ut_open(&two, "A");
	set_thread(0);
	spdk_bdev_unregister(&a->bdev, count_cb, &gone);
	poll_threads();
	assert_int_equal(one.removes, 1);
	assert_int_equal(two.removes, 1);
	assert_int_equal(gone, 0);
	/* Nobody finds it any more. */
	assert_null(spdk_bdev_get_by_name("A"));
	assert_int_equal(spdk_bdev_open_ext("A", false, NULL, NULL, &late), -EINVAL);
	ut_close(&one);
	assert_int_equal(a->destructed, 0);
	set_thread(1);
	ut_close(&two);
	set_thread(0);
	poll_threads();
	assert_int_equal(a->destructed, 1);
	assert_int_equal(gone, 1);
	free(a->data);
	free(a);
}

static void
test_close_before_the_event(void **state)
{
	struct leaf *a = leaf_new("A", 8, NULL);
	struct ut_open one;
	uint32_t gone = 0;

	set_thread(1);
	ut_open(&one, "A");
	set_thread(0);
	spdk_bdev_unregister(&a->bdev, count_cb, &gone);
	poll_thread_times(0, 10); /* the event is on its way to thread 1 */
	set_thread(1);
	spdk_put_io_channel(one.ch);
	spdk_bdev_close(one.desc);
	poll_threads();
	set_thread(0);
	assert_int_equal(one.removes, 0);
	assert_int_equal(gone, 1);
	free(a->data);
	free(a);
}

static void
busy_cb(void *arg, int rc)
{
	assert_int_equal(rc, -EBUSY);
	(*(uint32_t *)arg)++;
}

static void
test_unregister_twice_and_queued_io(void **state)
{
	struct leaf *a = leaf_new("A", 8, NULL);
	char buf[LEAF_BLOCK] = {};
	struct ut_io io = {};
	struct ut_open one;
	uint32_t gone = 0, busy = 0;

	ut_open(&one, "A");
	a->nomem = 1000000;
	spdk_bdev_write_blocks(one.desc, one.ch, buf, 0, 1, ut_io_done, &io);
	spdk_bdev_unregister(&a->bdev, count_cb, &gone);
	spdk_bdev_unregister(&a->bdev, busy_cb, &busy);
	poll_threads();
	assert_int_equal(busy, 1);
	/* What waited in our queue is failed, so that the owner can close. */
	assert_int_equal(io.done, 1);
	assert_int_equal(io.status, SPDK_BDEV_IO_STATUS_ABORTED);
	ut_close(&one);
	assert_int_equal(gone, 1);
	free(a->data);
	free(a);
}

static void
test_resize(void **state)
{
	struct leaf *a = leaf_new("A", 8, NULL);
	struct ut_open one;

	ut_open(&one, "A");
	assert_int_equal(spdk_bdev_notify_blockcnt_change(&a->bdev, 7), -EBUSY);
	assert_int_equal(spdk_bdev_notify_blockcnt_change(&a->bdev, 9), 0);
	assert_int_equal(spdk_bdev_notify_blockcnt_change(&a->bdev, 10), 0);
	assert_int_equal(one.resizes, 0);
	poll_threads();
	assert_int_equal(one.resizes, 1); /* both in one event */
	assert_int_equal(spdk_bdev_get_num_blocks(&a->bdev), 10);
	ut_close(&one);
	assert_int_equal(spdk_bdev_notify_blockcnt_change(&a->bdev, 7), 0);
	leaf_delete(a);
}

static void
no_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
}

static void
test_claims(void **state)
{
	enum {
		ONE = SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE,
		NONE = SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE,
		SHARED = SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED
	};
	static const struct {
		int first;
		uint64_t first_key;
		int second;
		uint64_t second_key;
		int rc;
	} rows[] = {
		{ ONE, 0, ONE, 0, -EPERM },        { ONE, 0, NONE, 0, -EPERM },
		{ NONE, 0, NONE, 0, 0 },           { NONE, 0, ONE, 0, -EPERM },
		{ SHARED, 5, SHARED, 5, 0 },       { SHARED, 5, SHARED, 6, -EPERM },
		{ SHARED, 5, SHARED, 0, -EINVAL }, { SHARED, 5, NONE, 0, -EPERM },
		{ ONE, 0, ONE, 1, -EINVAL },
	};
	struct leaf *a = leaf_new("A", 8, NULL);
	struct spdk_bdev_claim_opts opts;
	struct spdk_bdev_desc *d1, *d2, *w;
	uint32_t i;

	memset(&opts, 0xff, sizeof(opts));
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		spdk_bdev_claim_opts_init(&opts, sizeof(opts));
		assert_int_equal(spdk_bdev_open_ext("A", false, no_event, NULL, &d1), 0);
		assert_int_equal(spdk_bdev_open_ext("A", false, no_event, NULL, &d2), 0);
		opts.shared_claim_key = rows[i].first_key;
		assert_int_equal(
		        spdk_bdev_module_claim_bdev_desc(d1, rows[i].first, &opts, a->bdev.module),
		        0);
		assert_int_equal(spdk_bdev_open_ext("A", true, no_event, NULL, &w), -EPERM);
		opts.shared_claim_key = rows[i].second_key;
		assert_int_equal(
		        spdk_bdev_module_claim_bdev_desc(d2, rows[i].second, &opts, a->bdev.module),
		        rows[i].rc);
		spdk_bdev_close(d1);
		spdk_bdev_close(d2);
		/* Claims end with their descriptors. */
		assert_int_equal(spdk_bdev_open_ext("A", true, no_event, NULL, &w), 0);
		spdk_bdev_close(w);
	}
	assert_int_equal(spdk_bdev_module_claim_bdev(&a->bdev, NULL, a->bdev.module), 0);
	assert_int_equal(spdk_bdev_module_claim_bdev(&a->bdev, NULL, a->bdev.module), -EPERM);
	assert_null(spdk_bdev_first_leaf());
	spdk_bdev_module_release_bdev(&a->bdev);
	assert_ptr_equal(spdk_bdev_first_leaf(), &a->bdev);
	leaf_delete(a);
}

/* ---- Passthru: the model of a virtual bdev ---- */

static void
test_passthru_waits_for_its_base(void **state)
{
	static const struct spdk_uuid none = {};
	struct spdk_uuid uuid;
	struct leaf *a;
	struct ut_open top;
	struct ut_io io = {};
	uint32_t deleted = 0;

	/* Two levels, made top first: each is built when what is below it appears. */
	assert_int_equal(passthru_create("P1", "P0", &none), 0);
	assert_int_equal(passthru_create("P0", "A", &none), 0);
	assert_int_equal(passthru_create("P0", "A", &none), -EEXIST);
	assert_null(spdk_bdev_get_by_name("P1"));
	a = leaf_new("A", 8, NULL);
	assert_non_null(spdk_bdev_get_by_name("P1"));
	uuid = *spdk_bdev_get_uuid(spdk_bdev_get_by_name("P1"));
	ut_open(&top, "P1");
	assert_int_equal(spdk_bdev_flush_blocks(top.desc, top.ch, 0, 8, ut_io_done, &io), 0);
	poll_threads();
	assert_string_equal(a->trace, "F0+8");
	/* The base goes: the owner of the top is asked, then all of it folds up. */
	spdk_bdev_unregister(&a->bdev, NULL, NULL);
	poll_threads();
	assert_int_equal(top.removes, 1);
	assert_int_equal(a->destructed, 0);
	ut_close(&top);
	assert_int_equal(a->destructed, 1);
	assert_null(spdk_bdev_get_by_name("P0"));
	a->destructed = 0;
	memset(&a->bdev.internal, 0, sizeof(a->bdev.internal));
	assert_int_equal(spdk_bdev_register(&a->bdev), 0);
	/* Built anew, with the same identity. */
	assert_memory_equal(spdk_bdev_get_uuid(spdk_bdev_get_by_name("P1")), &uuid, sizeof(uuid));
	assert_int_equal(passthru_delete("P1", count_cb, &deleted), 0);
	poll_threads();
	assert_int_equal(passthru_delete("P0", count_cb, &deleted), 0);
	poll_threads();
	assert_int_equal(deleted, 2);
	assert_int_equal(passthru_delete("P0", count_cb, &deleted), -ENODEV);
	leaf_delete(a);
}

static void
test_passthru_refused(void **state)
{
	static const struct spdk_uuid none = {};
	struct leaf *a = leaf_new("A", 8, NULL);
	uint32_t deleted = 0;

	assert_int_equal(passthru_create("P0", "A", &none), 0);
	assert_int_equal(passthru_create("P1", "A", &none), -EPERM);
	assert_int_equal(passthru_create("A", "P0", &none), -EEXIST);
	assert_null(spdk_bdev_get_by_name("P1"));
	assert_int_equal(passthru_delete("P0", count_cb, &deleted), 0);
	poll_threads();
	leaf_delete(a);
}

/** What save_config holds of those that wait, as text. */
static int
append(void *text, const void *data, size_t size)
{
	strncat(text, data, size);
	return 0;
}

static bool
saved_waiting(const char *name)
{
	char text[1024] = "";
	struct spdk_json_write_ctx *w = spdk_json_write_begin(append, text, 0);

	spdk_json_write_array_begin(w);
	g_passthru_module.config_json(w);
	spdk_json_write_array_end(w);
	spdk_json_write_end(w);
	return strstr(text, name) != NULL;
}

/** Who waits for a base has it; who was displaced is not saved, as it could not be loaded. */
static void
test_passthru_displaced(void **state)
{
	static const struct spdk_uuid none = {};
	struct leaf *a, *p1;
	uint32_t deleted = 0;

	assert_int_equal(passthru_create("P0", "A", &none), 0);
	assert_int_equal(passthru_create("P2", "A", &none), -EPERM);
	assert_int_equal(passthru_create("P1", "P0", &none), 0);
	assert_true(saved_waiting("P0") && saved_waiting("P1"));
	p1 = leaf_new("P1", 8, NULL); /* takes the name of one that waits */
	assert_true(saved_waiting("P0") && !saved_waiting("P1"));
	a = leaf_new("A", 8, NULL);
	assert_non_null(spdk_bdev_get_by_name("P0"));
	assert_false(saved_waiting("P0") || saved_waiting("P1"));
	assert_int_equal(passthru_create("P2", "A", &none), -EPERM);
	/* The name is free again, but the base came before: it does not come by itself. */
	leaf_delete(p1);
	assert_null(spdk_bdev_get_by_name("P1"));
	assert_false(saved_waiting("P1"));
	assert_int_equal(passthru_delete("P0", count_cb, &deleted), 0);
	assert_int_equal(passthru_delete("P1", count_cb, &deleted), 0);
	poll_threads();
	assert_int_equal(deleted, 2);
	leaf_delete(a);
}

/** Deleted while its base goes and an owner still has it open: gone when he closes, told once. */
static void
test_passthru_deleted_while_its_base_goes(void **state)
{
	static const struct spdk_uuid none = {};
	struct leaf *a = leaf_new("A", 8, NULL);
	uint32_t deleted = 0, gone = 0;
	struct ut_open top;

	assert_int_equal(passthru_create("P0", "A", &none), 0);
	ut_open(&top, "P0");
	spdk_bdev_unregister(&a->bdev, count_cb, &gone);
	poll_threads();
	assert_int_equal(top.removes, 1);
	assert_int_equal(passthru_delete("P0", count_cb, &deleted), 0);
	assert_int_equal(passthru_delete("P0", count_cb, &deleted), -ENODEV);
	poll_threads();
	assert_int_equal(deleted + gone, 0);
	ut_close(&top);
	assert_int_equal(deleted, 1);
	assert_int_equal(gone, 1);
	/* Not WAITING for the base's return. */
	a->destructed = 0;
	memset(&a->bdev.internal, 0, sizeof(a->bdev.internal));
	assert_int_equal(spdk_bdev_register(&a->bdev), 0);
	assert_null(spdk_bdev_get_by_name("P0"));
	leaf_delete(a);
}

/** The layer ends while a bdev is on its way out: it waits for the owner, without turning. */
static void
test_finish_waits_for_a_removal(void **state)
{
	static const struct spdk_uuid none = {};
	struct leaf *a = leaf_new("A", 8, NULL);
	struct ut_open top;
	uint32_t gone = 0;
	bool down = false;

	assert_int_equal(passthru_create("P0", "A", &none), 0);
	ut_open(&top, "P0");
	spdk_bdev_unregister(top.bdev, count_cb, &gone);
	spdk_bdev_finish(set_true, &down);
	poll_threads(); /* would not end if it turned */
	assert_false(down);
	ut_close(&top);
	assert_int_equal(gone, 1);
	assert_true(down);
	assert_int_equal(a->destructed, 1);
	free(a->data);
	free(a);
	ut_bdev_restart();
}

/** Each allocation of a creation fails once: it is refused whole, and the next try succeeds. */
static void
test_nth_allocation_fails(void **state)
{
	static const struct spdk_uuid none = {};
	struct leaf *a = leaf_new("A", 8, NULL);
	struct spdk_bdev_desc *desc;
	struct spdk_io_channel *ch;
	uint32_t n, failed = 0, deleted = 0;
	uint64_t live;
	int rc;

	for (n = 1; n < 40; n++) {
		live = env_sim_live_heap();
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		rc = passthru_create("P0", "A", &none);
		ch = NULL;
		desc = NULL;
		if (rc == 0 && spdk_bdev_get_by_name("P0") != NULL &&
		    spdk_bdev_open_ext("P0", true, no_event, NULL, &desc) == 0) {
			ch = spdk_bdev_get_io_channel(desc);
		}
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		failed += rc != 0 || desc == NULL || ch == NULL;
		if (ch != NULL) {
			spdk_put_io_channel(ch);
		}
		if (desc != NULL) {
			spdk_bdev_close(desc);
		}
		if (rc == 0) {
			assert_int_equal(passthru_delete("P0", count_cb, &deleted), 0);
		}
		poll_threads();
		assert_null(spdk_bdev_get_by_name("P0"));
		if (n > 1) {
			/* The pool and message caches of the first round stay. */
			assert_true(env_sim_live_heap() <= live + 8);
		}
	}
	assert_true(failed > 3);
	leaf_delete(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unregister_waits_for_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_before_the_event, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unregister_twice_and_queued_io, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_resize, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claims, setup, teardown),
		cmocka_unit_test_setup_teardown(test_passthru_waits_for_its_base, setup, teardown),
		cmocka_unit_test_setup_teardown(test_passthru_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_passthru_displaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_passthru_deleted_while_its_base_goes, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_finish_waits_for_a_removal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nth_allocation_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
