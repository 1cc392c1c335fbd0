/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/trace.h: the file's layout, records and their arguments, the ring's end, owners, user
 * threads, masks, no memory, and nothing left. */

#include "spdk/env.h"
#include "spdk/trace.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/trace.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

#define GROUP 18
#define OWNER_TYPE_X 7
#define OBJECT_X 9
#define T_PLAIN SPDK_TPOINT_ID(GROUP, 0)
#define T_ARGS SPDK_TPOINT_ID(GROUP, 1)
#define T_STR SPDK_TPOINT_ID(GROUP, 2)
#define T_LAST SPDK_TPOINT_ID(GROUP, 63)
#define ENTRIES 16

static void
register_group(void)
{
	static const struct spdk_trace_tpoint_opts opts[] = {
		{ "PLAIN", T_PLAIN, OWNER_TYPE_X, OBJECT_X, 1, { { 0 } } },
		{ "ARGS",
		  T_ARGS,
		  OWNER_TYPE_X,
		  OBJECT_X,
		  0,
		  { { "a", SPDK_TRACE_ARG_TYPE_INT, 4 },
		    { "b", SPDK_TRACE_ARG_TYPE_PTR, 8 },
		    { "c", SPDK_TRACE_ARG_TYPE_INT, 1 },
		    { "d", SPDK_TRACE_ARG_TYPE_STR, 20 },
		    { "e", SPDK_TRACE_ARG_TYPE_INT, 2 } } },
	};

	spdk_trace_register_owner_type(OWNER_TYPE_X, 'x');
	spdk_trace_register_object(OBJECT_X, 'o');
	spdk_trace_register_description_ext(opts, SPDK_COUNTOF(opts));
	spdk_trace_register_description("STR", T_STR, OWNER_TYPE_NONE, OBJECT_NONE, 0,
	                                SPDK_TRACE_ARG_TYPE_STR, "s");
	spdk_trace_register_description("LAST", T_LAST, OWNER_TYPE_NONE, OBJECT_NONE, 0, 0, NULL);
	spdk_trace_tpoint_register_relation(T_ARGS, OBJECT_X, 1);
}
SPDK_TRACE_REGISTER_FN(register_group, "test", GROUP)

static int
setup_n(uint32_t num_threads)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	opts.core_mask = "0x3";
	assert_int_equal(spdk_env_init(&opts), 0);
	env_sim_set_core(0);
	return spdk_trace_init("/ut_trace", ENTRIES, num_threads);
}

static int
setup(void **state)
{
	return setup_n(2);
}

static int
teardown(void **state)
{
	spdk_trace_cleanup();
	env_sim_set_core(SPDK_ENV_LCORE_ID_ANY);
	spdk_env_fini();
	return 0;
}

static struct spdk_trace_history *
ring(unsigned lcore)
{
	return spdk_get_per_lcore_history(g_trace_file, lcore);
}

static struct spdk_trace_entry *
entry(unsigned lcore, uint64_t n)
{
	return spdk_trace_history_get_entry(ring(lcore), n);
}

static void
test_layout(void **state)
{
	struct spdk_trace_file *f = g_trace_file;
	uint64_t end = sizeof(*f), bytes;
	int i;

	for (i = 0; i < SPDK_TRACE_NUM_SECTIONS; i++) {
		assert_true(f->section_offsets[i] >= end);
		end = f->section_offsets[i] + 128;
	}
	assert_int_equal(f->num_sections, 7);
	assert_string_equal(trace_get_name(), "/ut_trace");
	assert_int_equal(spdk_trace_get_tsc_rate(f), ENV_SIM_TICKS_HZ);
	assert_int_equal(spdk_trace_get_lcore_offsets_section(f)->count, 1024);
	assert_int_equal(spdk_trace_get_tpoint_section(f)->count, 1280);
	assert_int_equal(spdk_trace_get_tpoint_mask_section(f)->count, 20);
	assert_int_equal(spdk_trace_get_object_section(f)->count, 256);
	assert_int_equal(spdk_trace_get_owner_type_section(f)->count, 256);
	assert_true(spdk_trace_get_owner_section(f)->num_owners >= 1024);
	bytes = spdk_get_trace_history_size(ENTRIES, 1280);
	assert_int_equal(bytes, 48 + 1280 * 8 + ENTRIES * 32);
	assert_true(spdk_trace_file_get_sections_size(f) > f->section_offsets[6] + 1024 * 8);
	assert_true(f->section_offsets[6] > f->section_offsets[5] + 1280 * 190);
	/* Two cores and two user threads, and no others. */
	assert_true((uint8_t *)ring(0) - (uint8_t *)f >=
	            (ptrdiff_t)spdk_trace_file_get_sections_size(f));
	assert_true((uint8_t *)ring(3) + bytes <= (uint8_t *)f + spdk_get_trace_file_size(f));
	assert_null(ring(4));
	assert_null(ring(1024));
	assert_int_equal(ring(1)->lcore, 1);
	assert_string_equal(ring(1)->tname, "reactor_1");
	assert_int_equal(ring(3)->num_entries, ENTRIES);
	assert_int_equal(ring(3)->num_tpoint_ids, 1280);
}

static void
test_described(void **state)
{
	struct spdk_trace_tpoint *t = spdk_trace_get_tpoint_section(g_trace_file)->tpoint;

	assert_string_equal(t[T_ARGS].name, "ARGS");
	assert_int_equal(t[T_ARGS].tpoint_id, T_ARGS);
	assert_int_equal(t[T_ARGS].owner_type, OWNER_TYPE_X);
	assert_int_equal(t[T_ARGS].object_type, OBJECT_X);
	assert_int_equal(t[T_ARGS].num_args, 5);
	assert_string_equal(t[T_ARGS].args[3].name, "d");
	assert_int_equal(t[T_ARGS].args[3].size, 20);
	assert_int_equal(t[T_ARGS].related_objects[0].object_type, OBJECT_X);
	assert_int_equal(t[T_ARGS].related_objects[0].arg_index, 1);
	assert_int_equal(t[T_ARGS].related_objects[1].object_type, OBJECT_NONE);
	assert_int_equal(t[T_PLAIN].new_object, 1);
	assert_int_equal(t[T_STR].num_args, 1);
	assert_int_equal(t[T_STR].args[0].size, 8);
	assert_int_equal(t[T_LAST].num_args, 0);
	assert_int_equal(
	        spdk_trace_get_owner_type_section(g_trace_file)->owner_type[OWNER_TYPE_X].id_prefix,
	        'x');
	assert_int_equal(spdk_trace_get_object_section(g_trace_file)->object[OBJECT_X].id_prefix,
	                 'o');
}

/* What can't be is left out and harms nothing. */
static void
test_bad_descriptions(void **state)
{
	struct spdk_trace_tpoint *t = spdk_trace_get_tpoint_section(g_trace_file)->tpoint;
	struct spdk_trace_tpoint_opts opts = {
		"BAD", SPDK_TPOINT_ID(GROUP, 5), 0, 0, 0, { { 0 } }
	};
	int i;

	opts.args[0].name = "x";
	opts.args[0].size = 3;
	spdk_trace_register_description_ext(&opts, 1);
	opts.args[0].type = SPDK_TRACE_ARG_TYPE_STR;
	opts.args[0].size = 0;
	spdk_trace_register_description_ext(&opts, 1);
	opts.args[0].type = 3;
	opts.args[0].size = 8;
	spdk_trace_register_description_ext(&opts, 1);
	assert_int_equal(t[SPDK_TPOINT_ID(GROUP, 5)].name[0], '\0');
	opts = (struct spdk_trace_tpoint_opts){
		.name = "A_NAME_OF_MORE_THAN_TWENTY_THREE",
		.tpoint_id = SPDK_TPOINT_ID(GROUP, 6),
		.args = { { "an_argument_too_long", SPDK_TRACE_ARG_TYPE_INT, 8 } },
	};
	spdk_trace_register_description_ext(&opts, 1);
	assert_string_equal(t[opts.tpoint_id].name, "A_NAME_OF_MORE_THAN_TWE");
	assert_string_equal(t[opts.tpoint_id].args[0].name, "an_argument_t");
	opts.tpoint_id = SPDK_TRACE_MAX_TPOINT_ID;
	spdk_trace_register_description_ext(&opts, 1);
	spdk_trace_tpoint_register_relation(T_ARGS, OBJECT_X, 5);
	assert_int_equal(t[T_ARGS].related_objects[1].object_type, OBJECT_NONE);
	for (i = 0; i < SPDK_TRACE_MAX_RELATIONS + 3; i++) {
		spdk_trace_tpoint_register_relation(T_ARGS, OBJECT_X, 0);
	}
	assert_int_equal(t[T_ARGS].related_objects[15].object_type, OBJECT_X);
	assert_string_equal(t[T_ARGS + 1].name, "STR");
}

static void
test_plain_record(void **state)
{
	uint64_t now = spdk_get_ticks();

	spdk_trace_record(T_PLAIN, 3, 4096, 0xabc);
	assert_int_equal(ring(0)->next_entry, 0);
	spdk_trace_set_tpoints(GROUP, 1);
	assert_true(spdk_trace_tpoint_enabled(T_PLAIN));
	assert_false(spdk_trace_tpoint_enabled(T_ARGS));
	env_sim_advance(5);
	spdk_trace_record(T_PLAIN, 3, 4096, 0xabc);
	trace_record(T_PLAIN, 4, 1, 2);
	trace_record(T_LAST, 4, 1, 2);
	spdk_trace_record_tsc(77, T_PLAIN, 0, 0, 0);
	assert_int_equal(ring(0)->next_entry, 3);
	assert_int_equal(ring(1)->next_entry, 0);
	assert_int_equal(entry(0, 0)->tsc, now + 5);
	assert_int_equal(entry(0, 0)->tpoint_id, T_PLAIN);
	assert_int_equal(entry(0, 0)->owner_id, 3);
	assert_int_equal(entry(0, 0)->size, 4096);
	assert_int_equal(entry(0, 0)->object_id, 0xabc);
	assert_int_equal(entry(0, 1)->owner_id, 4);
	assert_int_equal(entry(0, 2)->tsc, 77);
	assert_int_equal(((uint64_t *)(void *)ring(0)->data)[T_PLAIN], 3);
	/* Another core, another ring. */
	env_sim_set_core(1);
	spdk_trace_record(T_PLAIN, 1, 2, 3);
	assert_int_equal(ring(1)->next_entry, 1);
	assert_int_equal(ring(0)->next_entry, 3);
	/* With the wrong number of arguments: nothing. */
	spdk_trace_record(T_PLAIN, 1, 2, 3, 4);
	assert_int_equal(ring(1)->next_entry, 1);
	/* On no thread of ours: nothing. */
	env_sim_set_core(SPDK_ENV_LCORE_ID_ANY);
	spdk_trace_record(T_PLAIN, 1, 2, 3);
	assert_int_equal(ring(0)->next_entry + ring(1)->next_entry, 4);
}

static void
test_arguments(void **state)
{
	static const uint8_t want[] = { 0x44, 0x33, 0x22, 0x11, 1,   2,   3,   4,   5,
		                        6,    7,    8,    0x99, 'h', 'e', 'l', 'l', 'o' };
	const struct spdk_trace_entry_buffer *b;
	uint8_t got[8 + 2 * 22];

	spdk_trace_set_tpoints(GROUP, UINT64_MAX);
	spdk_trace_record(T_ARGS, 1, 2, 3, 0x11223344u, 0x0807060504030201ull, 0x99, "hello",
	                  0xbbaau);
	assert_int_equal(ring(0)->next_entry, 3);
	memcpy(got, entry(0, 0)->args, 8);
	b = (const void *)entry(0, 1);
	assert_int_equal(b->tpoint_id, SPDK_TRACE_MAX_TPOINT_ID);
	assert_int_equal(b->tsc, entry(0, 0)->tsc);
	memcpy(got + 8, b->data, 22);
	b = (const void *)entry(0, 2);
	assert_int_equal(b->tpoint_id, SPDK_TRACE_MAX_TPOINT_ID);
	memcpy(got + 30, b->data, 22);
	assert_memory_equal(got, want, sizeof(want));
	assert_int_equal(got[sizeof(want)], 0);
	assert_int_equal(got[32], 0);
	assert_int_equal(got[33], 0xaa);
	assert_int_equal(got[34], 0xbb);
	/* No text, and too long a one. */
	spdk_trace_record(T_STR, 0, 0, 0, NULL);
	spdk_trace_record(T_STR, 0, 0, 0, "123456789");
	assert_int_equal(ring(0)->next_entry, 5);
	assert_int_equal(entry(0, 3)->args[0], 0);
	assert_memory_equal(entry(0, 4)->args, "12345678", 8);
}

static void
test_ring_end(void **state)
{
	uint64_t i;

	spdk_trace_set_tpoint_group_mask(1ull << GROUP);
	for (i = 0; i < 2 * ENTRIES + 3; i++) {
		spdk_trace_record(T_PLAIN, 0, 0, i);
	}
	assert_int_equal(ring(0)->next_entry, 2 * ENTRIES + 3);
	assert_int_equal(entry(0, 0)->object_id, 2 * ENTRIES);
	assert_int_equal(entry(0, 2)->object_id, 2 * ENTRIES + 2);
	assert_int_equal(entry(0, 3)->object_id, ENTRIES + 3);
	/* Nothing beside the ring was touched. */
	assert_int_equal(ring(1)->lcore, 1);
	assert_int_equal(ring(1)->next_entry, 0);
}

static void
test_masks(void **state)
{
	assert_int_equal(spdk_trace_get_tpoint_group_mask(), 0);
	spdk_trace_set_tpoints(GROUP, 0x5);
	spdk_trace_set_tpoints(GROUP, 0x8);
	assert_int_equal(spdk_trace_get_tpoint_mask(GROUP), 0xd);
	assert_int_equal(g_trace_on[GROUP], 0xd);
	spdk_trace_clear_tpoints(GROUP, 0x4);
	assert_int_equal(spdk_trace_get_tpoint_mask(GROUP), 0x9);
	assert_int_equal(spdk_trace_get_tpoint_group_mask(), 1ull << GROUP);
	spdk_trace_set_tpoint_group_mask(UINT64_MAX);
	assert_int_equal(spdk_trace_get_tpoint_group_mask(), 0xfffff);
	assert_int_equal(spdk_trace_get_tpoint_mask(19), UINT64_MAX);
	spdk_trace_clear_tpoint_group_mask(~(1ull << 3));
	assert_int_equal(spdk_trace_get_tpoint_group_mask(), 1ull << 3);
	spdk_trace_set_tpoints(20, 1);
	spdk_trace_clear_tpoints(20, 1);
	assert_int_equal(spdk_trace_get_tpoint_mask(20), 0);
	/* Without memory for the rings nothing goes on. */
	spdk_trace_cleanup();
	assert_int_equal(spdk_trace_init("/ut_trace", ENTRIES, 0), 0);
	env_sim_fail_nth(ENV_FAULT_SHM, 1);
	spdk_trace_set_tpoints(GROUP, 1);
	assert_int_equal(spdk_trace_get_tpoint_mask(GROUP), 0);
	spdk_trace_set_tpoints(GROUP, 1);
	assert_int_equal(spdk_trace_get_tpoint_mask(GROUP), 1);
}

static void
test_clear(void **state)
{
	env_sim_advance(100);
	spdk_trace_clear();
	assert_int_equal(spdk_trace_get_main_section(g_trace_file)->clear_tsc, spdk_get_ticks());
}

static void
test_owners(void **state)
{
	uint32_t num = spdk_trace_get_owner_section(g_trace_file)->num_owners, i;
	struct spdk_trace_owner *owner;
	char text[300];
	uint16_t id;

	assert_int_equal(spdk_trace_register_owner(OWNER_TYPE_NONE, "a"), 0);
	assert_int_equal(spdk_trace_register_owner(200, "a"), 0);
	id = spdk_trace_register_owner(OWNER_TYPE_X, "conn");
	assert_int_equal(id, 1);
	owner = spdk_get_trace_owner(g_trace_file, id);
	assert_int_equal(owner->type, OWNER_TYPE_X);
	assert_int_equal(owner->tsc, spdk_get_ticks());
	assert_string_equal(owner->description, "conn");
	spdk_trace_owner_append_description(id, "qid:1");
	assert_string_equal(owner->description, "conn qid:1");
	spdk_trace_owner_set_description(id, "new");
	assert_string_equal(owner->description, "new");
	memset(text, 'z', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	spdk_trace_owner_append_description(id, text);
	assert_int_equal(strlen(owner->description), 118);
	spdk_trace_owner_set_description(id, text);
	assert_int_equal(strlen(owner->description), 118);
	assert_null(spdk_get_trace_owner(g_trace_file, (uint16_t)num));
	/* No memory for more of them. */
	for (i = 2; i < 512; i++) {
		assert_int_equal(spdk_trace_register_owner(OWNER_TYPE_X, "n"), i);
	}
	env_sim_fail_nth(ENV_FAULT_SHM, 1);
	assert_int_equal(spdk_trace_register_owner(OWNER_TYPE_X, "n"), 0);
	/* All numbers, then those that came free, the oldest first. */
	for (i = 512; i < num; i++) {
		assert_int_equal(spdk_trace_register_owner(OWNER_TYPE_X, "n"), i);
	}
	assert_int_equal(spdk_trace_register_owner(OWNER_TYPE_X, "n"), 0);
	spdk_trace_unregister_owner(5);
	spdk_trace_unregister_owner(3);
	spdk_trace_unregister_owner(3);
	spdk_trace_unregister_owner(0);
	assert_int_equal(spdk_get_trace_owner(g_trace_file, 3)->type, OWNER_TYPE_NONE);
	assert_int_equal(spdk_trace_register_owner(OWNER_TYPE_X, "n"), 5);
	assert_int_equal(spdk_trace_register_owner(OWNER_TYPE_X, "n"), 3);
	assert_int_equal(spdk_trace_register_owner(OWNER_TYPE_X, "n"), 0);
}

static void
test_user_threads(void **state)
{
	spdk_trace_set_tpoints(GROUP, 1);
	assert_int_equal(spdk_trace_register_user_thread(), -EINVAL);
	assert_int_equal(spdk_trace_unregister_user_thread(), -EINVAL);
	env_sim_set_core(SPDK_ENV_LCORE_ID_ANY);
	assert_int_equal(spdk_trace_unregister_user_thread(), -ENOENT);
	assert_int_equal(spdk_trace_register_user_thread(), 0);
	assert_int_equal(spdk_trace_register_user_thread(), 0);
	spdk_trace_record(T_PLAIN, 0, 0, 0);
	assert_int_equal(ring(2)->next_entry, 1);
	assert_true(ring(2)->tname[0] != '\0');
	assert_int_equal(spdk_trace_unregister_user_thread(), 0);
	spdk_trace_record(T_PLAIN, 0, 0, 0);
	assert_int_equal(ring(2)->next_entry, 1);
	/* A ring of a file that was closed is nobody's. */
	assert_int_equal(spdk_trace_register_user_thread(), 0);
	spdk_trace_cleanup();
	assert_int_equal(spdk_trace_register_user_thread(), -ENODEV);
	assert_int_equal(spdk_trace_unregister_user_thread(), -ENODEV);
	assert_int_equal(spdk_trace_init("/ut_trace", ENTRIES, 1), 0);
	spdk_trace_set_tpoints(GROUP, 1);
	spdk_trace_record(T_PLAIN, 0, 0, 0);
	assert_int_equal(ring(2)->next_entry, 0);
	assert_int_equal(spdk_trace_unregister_user_thread(), -ENOENT);
	/* No ring is free: of another thread. */
	g_env_local.trace_ring = 0;
	assert_int_equal(spdk_trace_register_user_thread(), 0);
	g_env_local.trace_ring = 0;
	assert_int_equal(spdk_trace_register_user_thread(), -ENOENT);
}

static void
test_no_file(void **state)
{
	spdk_trace_cleanup();
	spdk_trace_cleanup();
	assert_int_equal(spdk_trace_init("/ut_trace", 0, 0), 0);
	assert_null(g_trace_file);
	assert_int_equal(spdk_trace_register_owner(OWNER_TYPE_X, "a"), 0);
	spdk_trace_owner_set_description(1, "a");
	spdk_trace_set_tpoints(GROUP, 1);
	assert_int_equal(spdk_trace_get_tpoint_mask(GROUP), 0);
	spdk_trace_clear();
	spdk_trace_record(T_PLAIN, 0, 0, 0);
	_spdk_trace_record(0, T_PLAIN, 0, 0, 0, 0);
	assert_int_equal(spdk_trace_create_tpoint_mask(GROUP, "PLAIN"), 0);
	assert_int_equal(spdk_trace_init("/ut_trace", 3, 0), -EINVAL);
	assert_int_equal(spdk_trace_init("/ut_trace", ENTRIES, 1023), -EINVAL);
	assert_int_equal(spdk_trace_init("no_slash", ENTRIES, 0), -EINVAL);
	assert_int_equal(spdk_trace_init("/ut_trace", ENTRIES, 1022), 0);
	assert_int_equal(spdk_trace_init("/ut_trace", ENTRIES, 0), -EALREADY);
}

/* Each allocation fails once; what was begun is given back. */
static void
test_no_memory(void **state)
{
	long held;
	int i, rc;

	spdk_trace_cleanup();
	held = fail_alloc_held();
	for (i = 0, rc = -ENOMEM; rc != 0; i++) {
		fail_alloc_after(i);
		rc = spdk_trace_init("/ut_trace", ENTRIES, 1);
		if (fail_alloc_happened()) {
			assert_int_equal(rc, -ENOMEM);
			assert_null(g_trace_file);
			assert_int_equal(fail_alloc_held(), held);
		}
	}
	fail_alloc_after(-1);
	assert_int_equal(i, 5);
	spdk_trace_cleanup();
	assert_int_equal(fail_alloc_held(), held);
	env_sim_fail_nth(ENV_FAULT_SHM, 1);
	assert_int_equal(spdk_trace_init("/ut_trace", ENTRIES, 1), -ENOMEM);
	for (i = 2; i <= 7; i++) {
		/* Two parts of the sections, three rings, the first owners. */
		env_sim_fail_nth(ENV_FAULT_SHM, (uint64_t)i);
		assert_int_equal(spdk_trace_init("/ut_trace", ENTRIES, 1), -ENOSPC);
		assert_null(g_trace_file);
	}
	assert_int_equal(fail_alloc_held(), held);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_layout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_described, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_descriptions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain_record, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_masks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
		cmocka_unit_test_setup_teardown(test_user_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
