/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/trace_parser.h: what lib/trace wrote comes back, by time, over cores, around the ring's end;
 * objects, relations, clears; files that are cut or strange. */

#include "spdk/env.h"
#include "spdk/trace_parser.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

#define GROUP 18
#define T_NEW SPDK_TPOINT_ID(GROUP, 0)
#define T_USE SPDK_TPOINT_ID(GROUP, 1)
#define T_CHILD SPDK_TPOINT_ID(GROUP, 2)
#define T_TEXT SPDK_TPOINT_ID(GROUP, 3)
#define PARENT 1
#define CHILD 2
#define ENTRIES 16
#define PATH "ut_parser.trace"

static void
register_group(void)
{
	static const struct spdk_trace_tpoint_opts opts[] = {
		{ "NEW", T_NEW, 0, PARENT, 1, { { 0 } } },
		{ "USE", T_USE, 0, PARENT, 0, { { "n", SPDK_TRACE_ARG_TYPE_INT, 2 } } },
		{ "CHILD",
		  T_CHILD,
		  0,
		  CHILD,
		  1,
		  { { "flags", SPDK_TRACE_ARG_TYPE_INT, 4 },
		    { "parent", SPDK_TRACE_ARG_TYPE_PTR, 8 } } },
		{ "TEXT",
		  T_TEXT,
		  0,
		  OBJECT_NONE,
		  0,
		  { { "text", SPDK_TRACE_ARG_TYPE_STR, 50 },
		    { "n", SPDK_TRACE_ARG_TYPE_INT, 8 } } },
	};

	spdk_trace_register_object(PARENT, 'p');
	spdk_trace_register_object(CHILD, 'c');
	spdk_trace_register_description_ext(opts, SPDK_COUNTOF(opts));
	spdk_trace_tpoint_register_relation(T_CHILD, PARENT, 1);
}
SPDK_TRACE_REGISTER_FN(register_group, "test", GROUP)

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	opts.core_mask = "0x3";
	assert_int_equal(spdk_env_init(&opts), 0);
	env_sim_set_core(0);
	assert_int_equal(spdk_trace_init("/ut_parser", ENTRIES, 0), 0);
	spdk_trace_set_tpoint_group_mask(1ull << GROUP);
	return 0;
}

static int
teardown(void **state)
{
	spdk_trace_cleanup();
	env_sim_file_set(PATH, NULL, 0);
	env_sim_set_core(SPDK_ENV_LCORE_ID_ANY);
	spdk_env_fini();
	return 0;
}

static struct spdk_trace_parser *
parse(uint16_t lcore)
{
	struct spdk_trace_parser_opts opts = { .filename = PATH,
		                               .mode = SPDK_TRACE_PARSER_MODE_FILE,
		                               .lcore = lcore };

	assert_int_equal(env_sim_file_set(PATH, g_trace_file, g_trace_file->file_size), 0);
	return spdk_trace_parser_init(&opts);
}

/* The next record, which is of this tracepoint and time. */
static void
next(struct spdk_trace_parser *parser, struct spdk_trace_parser_entry *entry, uint16_t tpoint,
     uint64_t tsc)
{
	assert_true(spdk_trace_parser_next_entry(parser, entry));
	assert_int_equal(entry->entry->tpoint_id, tpoint);
	assert_int_equal(entry->entry->tsc, tsc);
}

static void
test_merge(void **state)
{
	struct spdk_trace_parser_entry e;
	struct spdk_trace_parser *p;

	spdk_trace_record_tsc(300, T_NEW, 0, 7, 0xa);
	env_sim_set_core(1);
	spdk_trace_record_tsc(200, T_NEW, 0, 0, 0xb);
	spdk_trace_record_tsc(400, T_USE, 0, 0, 0xa, 0xbeefu);
	p = parse(SPDK_TRACE_MAX_LCORE);
	assert_non_null(p);
	assert_memory_equal(spdk_trace_parser_get_file(p), g_trace_file, sizeof(*g_trace_file));
	assert_ptr_not_equal(spdk_trace_parser_get_file(p), g_trace_file);
	assert_int_equal(spdk_trace_parser_get_tsc_offset(p), 200);
	assert_int_equal(spdk_trace_parser_get_entry_count(p, 0), 1);
	assert_int_equal(spdk_trace_parser_get_entry_count(p, 1), 2);
	assert_int_equal(spdk_trace_parser_get_entry_count(p, 2), 0);
	assert_int_equal(spdk_trace_parser_get_entry_count(p, 1024), 0);
	next(p, &e, T_NEW, 200);
	assert_int_equal(e.lcore, 1);
	assert_string_equal(e.tname, "reactor_1");
	assert_int_equal(e.object_index, 0);
	assert_int_equal(e.object_start, 200);
	next(p, &e, T_NEW, 300);
	assert_int_equal(e.lcore, 0);
	assert_int_equal(e.entry->size, 7);
	assert_int_equal(e.object_index, 1);
	next(p, &e, T_USE, 400);
	assert_int_equal(e.object_index, 1);
	assert_int_equal(e.object_start, 300);
	assert_int_equal(e.args[0].u.integer, 0xbeef);
	assert_int_equal(e.related_index, UINT64_MAX);
	assert_false(spdk_trace_parser_next_entry(p, &e));
	spdk_trace_parser_cleanup(p);
	/* Of one core. */
	p = parse(0);
	assert_int_equal(spdk_trace_parser_get_tsc_offset(p), 300);
	assert_int_equal(spdk_trace_parser_get_entry_count(p, 1), 0);
	next(p, &e, T_NEW, 300);
	assert_false(spdk_trace_parser_next_entry(p, &e));
	spdk_trace_parser_cleanup(p);
	assert_null(parse(2));
}

static void
test_objects(void **state)
{
	struct spdk_trace_parser_entry e;
	struct spdk_trace_parser *p;

	spdk_trace_record_tsc(10, T_USE, 0, 0, 0xa, 1u);
	spdk_trace_record_tsc(20, T_CHILD, 0, 0, 0xc, 5u, 0xaull);
	spdk_trace_record_tsc(30, T_NEW, 0, 0, 0xa);
	spdk_trace_record_tsc(40, T_CHILD, 0, 0, 0xd, 6u, 0xaull);
	spdk_trace_record_tsc(50, T_NEW, 0, 0, 0xa);
	spdk_trace_record_tsc(60, T_CHILD, 0, 0, 0xc, 7u, 0xaull);
	p = parse(SPDK_TRACE_MAX_LCORE);
	/* Its beginning is not there. */
	next(p, &e, T_USE, 10);
	assert_int_equal(e.object_index, UINT64_MAX);
	assert_int_equal(e.object_start, UINT64_MAX);
	next(p, &e, T_CHILD, 20);
	assert_int_equal(e.object_index, 0);
	assert_int_equal(e.related_index, UINT64_MAX);
	assert_false(e.args[1].is_related);
	next(p, &e, T_NEW, 30);
	assert_int_equal(e.object_index, 0);
	next(p, &e, T_CHILD, 40);
	assert_int_equal(e.object_index, 1);
	assert_int_equal(e.related_index, 0);
	assert_int_equal(e.related_type, PARENT);
	assert_true(e.args[1].is_related);
	assert_false(e.args[0].is_related);
	assert_int_equal(e.args[0].u.integer, 6);
	assert_int_equal(e.args[1].u.integer, 0xa);
	/* The same address again is another object. */
	next(p, &e, T_NEW, 50);
	assert_int_equal(e.object_index, 1);
	next(p, &e, T_CHILD, 60);
	assert_int_equal(e.object_index, 2);
	assert_int_equal(e.related_index, 1);
	spdk_trace_parser_cleanup(p);
}

static const char g_text[] = "a text of more than thirty bytes, over buffers";

/* Records of several entries, around the end of the ring, which cuts the oldest. */
static void
test_ring_end(void **state)
{
	struct spdk_trace_parser_entry e;
	struct spdk_trace_parser *p;
	uint64_t i;

	for (i = 1; i <= 7; i++) {
		spdk_trace_record_tsc(i * 10, T_TEXT, 0, 0, 0, g_text, i);
	}
	env_sim_set_core(1);
	spdk_trace_record_tsc(25, T_NEW, 0, 0, 0);
	spdk_trace_record_tsc(45, T_NEW, 0, 0, 0);
	p = parse(SPDK_TRACE_MAX_LCORE);
	/* 28 entries of 4 in 16: the last four records. The other core's record from before the
	 * first of them is left out. */
	assert_int_equal(spdk_trace_parser_get_entry_count(p, 0), 4);
	assert_int_equal(spdk_trace_parser_get_entry_count(p, 1), 1);
	assert_int_equal(spdk_trace_parser_get_tsc_offset(p), 40);
	for (i = 4; i <= 7; i++) {
		next(p, &e, T_TEXT, i * 10);
		assert_string_equal(e.args[0].u.string, g_text);
		assert_int_equal(e.args[1].u.integer, i);
		if (i == 4) {
			next(p, &e, T_NEW, 45);
		}
	}
	assert_false(spdk_trace_parser_next_entry(p, &e));
	spdk_trace_parser_cleanup(p);
	/* Half written over. */
	env_sim_set_core(0);
	spdk_trace_record_tsc(80, T_NEW, 0, 0, 0);
	p = parse(0);
	assert_int_equal(spdk_trace_parser_get_entry_count(p, 0), 4);
	assert_int_equal(spdk_trace_parser_get_tsc_offset(p), 50);
	for (i = 5; i <= 7; i++) {
		next(p, &e, T_TEXT, i * 10);
		assert_string_equal(e.args[0].u.string, g_text);
	}
	next(p, &e, T_NEW, 80);
	spdk_trace_parser_cleanup(p);
}

/* Records of one time come in the order of writing, also around the end. */
static void
test_same_time(void **state)
{
	struct spdk_trace_parser_entry e;
	struct spdk_trace_parser *p;
	uint64_t i;

	for (i = 0; i < ENTRIES + 5; i++) {
		spdk_trace_record_tsc(77, T_USE, 0, 0, 0, (uint32_t)i);
	}
	p = parse(SPDK_TRACE_MAX_LCORE);
	for (i = 5; i < ENTRIES + 5; i++) {
		next(p, &e, T_USE, 77);
		assert_int_equal(e.args[0].u.integer, i);
	}
	spdk_trace_parser_cleanup(p);
}

static void
test_clear(void **state)
{
	struct spdk_trace_parser_entry e;
	struct spdk_trace_parser *p;

	spdk_trace_record(T_NEW, 0, 0, 1);
	env_sim_advance(10);
	spdk_trace_clear();
	env_sim_advance(10);
	spdk_trace_record(T_NEW, 0, 0, 2);
	p = parse(SPDK_TRACE_MAX_LCORE);
	next(p, &e, T_NEW, spdk_get_ticks());
	assert_int_equal(e.entry->object_id, 2);
	assert_false(spdk_trace_parser_next_entry(p, &e));
	spdk_trace_parser_cleanup(p);
}

static void
test_nothing(void **state)
{
	struct spdk_trace_parser_entry e;
	struct spdk_trace_parser *p = parse(SPDK_TRACE_MAX_LCORE);

	assert_non_null(p);
	assert_int_equal(spdk_trace_parser_get_tsc_offset(p), 0);
	assert_false(spdk_trace_parser_next_entry(p, &e));
	spdk_trace_parser_cleanup(p);
	spdk_trace_parser_cleanup(NULL);
}

static void
expect_refused(const void *data, size_t len_bytes)
{
	struct spdk_trace_parser_opts opts = { .filename = PATH, .lcore = SPDK_TRACE_MAX_LCORE };

	assert_int_equal(env_sim_file_set(PATH, data, len_bytes), 0);
	assert_null(spdk_trace_parser_init(&opts));
}

static void
test_bad_files(void **state)
{
	struct spdk_trace_parser_opts opts = { .filename = "ut_parser.none",
		                               .lcore = SPDK_TRACE_MAX_LCORE };
	size_t size = g_trace_file->file_size, cut;
	struct spdk_trace_file *f = g_trace_file;
	long held;

	assert_int_equal(env_sim_file_set(PATH, NULL, 0), 0); /* its name stays */
	held = fail_alloc_held();
	assert_null(spdk_trace_parser_init(NULL));
	assert_null(spdk_trace_parser_init(&opts));
	opts.mode = SPDK_TRACE_PARSER_MODE_SHM;
	opts.filename = "/ut_parser_none_of_this_name";
	assert_null(spdk_trace_parser_init(&opts));
	opts.mode = 2;
	assert_null(spdk_trace_parser_init(&opts));
	opts.filename = NULL;
	opts.mode = 0;
	assert_null(spdk_trace_parser_init(&opts));
	for (cut = 0; cut < size; cut += cut < 100 ? 1 : size / 7) {
		expect_refused(f, cut);
	}
	expect_refused(f, size - 1);
	f->num_sections = 8;
	expect_refused(f, size);
	f->num_sections = 7;
	spdk_trace_get_tpoint_section(f)->count = 1279;
	expect_refused(f, size);
	spdk_trace_get_tpoint_section(f)->count = 1280;
	spdk_get_per_lcore_history(f, 1)->num_entries = 1000000;
	expect_refused(f, size);
	spdk_get_per_lcore_history(f, 1)->num_entries = ENTRIES;
	spdk_trace_get_main_section(f)->tsc_rate = 0;
	expect_refused(f, size);
	assert_int_equal(env_sim_file_set(PATH, NULL, 0), 0);
	assert_int_equal(fail_alloc_held(), held);
}

/* The head of the owners lies in a name, which becomes a good one by that there are more owners
 * than were looked at: they would have no end. */
static void
test_parts_overlap(void **state)
{
	struct spdk_trace_file *f = g_trace_file;
	struct spdk_trace_tpoint *tpoints = spdk_trace_get_tpoint_section(f)->tpoint;
	struct spdk_trace_history *ring = spdk_get_per_lcore_history(f, 0);
	struct spdk_trace_section_owner *owners;
	uint16_t last = SPDK_TRACE_MAX_TPOINT_ID - 1;

	while (((uintptr_t)tpoints[last].name - (uintptr_t)f) % 8 != 0) {
		last--;
	}
	tpoints[last].tpoint_id = last;
	owners = (void *)tpoints[last].name;
	owners->num_owners = 2;
	owners->owner_description_size = 400;
	memset(ring->data, 'A', ring->num_tpoint_ids * sizeof(uint64_t));
	f->section_offsets[SPDK_TRACE_SECTION_OWNER] = (uintptr_t)owners - (uintptr_t)f;
	expect_refused(f, f->file_size);
}

static void
test_no_memory(void **state)
{
	struct spdk_trace_parser_opts opts = { .filename = PATH, .lcore = SPDK_TRACE_MAX_LCORE };
	struct spdk_trace_parser *p = NULL;
	long held;
	int i;

	spdk_trace_record_tsc(10, T_NEW, 0, 0, 0xa);
	assert_int_equal(env_sim_file_set(PATH, g_trace_file, g_trace_file->file_size), 0);
	held = fail_alloc_held();
	for (i = 0; p == NULL; i++) {
		fail_alloc_after(i);
		p = spdk_trace_parser_init(&opts);
		assert_true(p != NULL || (fail_alloc_happened() && fail_alloc_held() == held));
	}
	fail_alloc_after(-1);
	assert_int_equal(i, 5);
	spdk_trace_parser_cleanup(p);
	assert_int_equal(fail_alloc_held(), held);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_merge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_objects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests_name("trace_parser", tests, NULL, NULL);
}
