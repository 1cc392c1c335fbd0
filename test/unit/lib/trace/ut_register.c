/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/trace.h: groups by name, those of the tree and those of outside modules, before and after
 * the start. */

#include "spdk/env.h"
#include "spdk/trace.h"
#include "spdk_internal/env_sim.h"

#include <setjmp.h>
#include <cmocka.h>

#define EARLY 8
#define LATE 16

static int g_early_calls, g_late_calls;

static void
register_early(void)
{
	g_early_calls++;
	spdk_trace_register_description("EARLY_ONE", SPDK_TPOINT_ID(EARLY, 3), 0, 0, 0, 0, "n");
}
SPDK_TRACE_REGISTER_FN(register_early, "early", EARLY)

static void
register_late(void)
{
	g_late_calls++;
}

static struct spdk_trace_register_fn g_late = { "late", LATE, register_late, NULL };

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	assert_int_equal(spdk_env_init(&opts), 0);
	return spdk_trace_init("/ut_trace_register", 4, 0);
}

static int
teardown(void **state)
{
	spdk_trace_cleanup();
	spdk_env_fini();
	return 0;
}

/* Where a group stands in the walk, -1: nowhere; all groups have other names and numbers. */
static int
find_group(const char *name, int *num)
{
	struct spdk_trace_register_fn *fn;
	uint64_t seen = 0;
	int i = 0, at = -1;

	for (fn = spdk_trace_get_first_register_fn(); fn != NULL;
	     fn = spdk_trace_get_next_register_fn(fn), i++) {
		assert_int_equal(seen & (1ull << fn->tgroup_id), 0);
		seen |= 1ull << fn->tgroup_id;
		if (strcmp(fn->name, name) == 0) {
			at = i;
		}
	}
	*num = i;
	return at;
}

static void
test_walk(void **state)
{
	static struct spdk_trace_register_fn bad[] = {
		{ "late2", LATE, register_late, NULL },
		{ "early", 15, register_late, NULL },
		{ "great", SPDK_TRACE_MAX_GROUP_ID, register_late, NULL },
		{ "none", 15, NULL, NULL },
		{ NULL, 15, register_late, NULL },
	};
	int num, before, i;

	assert_int_equal(g_early_calls, 1);
	assert_true(find_group("early", &before) >= 0);
	assert_int_equal(find_group("late", &num), -1);
	spdk_trace_add_register_fn(&g_late);
	/* There is a file: it is told at once. */
	assert_int_equal(g_late_calls, 1);
	for (i = 0; i < 5; i++) {
		spdk_trace_add_register_fn(&bad[i]);
	}
	spdk_trace_add_register_fn(&g_late);
	assert_int_equal(g_late_calls, 1);
	assert_int_equal(find_group("late", &num), before);
	assert_int_equal(num, before + 1);
	spdk_trace_cleanup();
	assert_int_equal(spdk_trace_init("/ut_trace_register", 4, 0), 0);
	assert_int_equal(g_early_calls, 2);
	assert_int_equal(g_late_calls, 2);
}

static void
test_names(void **state)
{
	assert_int_equal(spdk_trace_create_tpoint_group_mask("early"), 1ull << EARLY);
	assert_int_equal(spdk_trace_create_tpoint_group_mask("all"), UINT64_MAX);
	assert_int_equal(spdk_trace_create_tpoint_group_mask("nobody"), 0);
	assert_int_equal(spdk_trace_create_tpoint_group_mask(NULL), 0);
	assert_int_equal(spdk_trace_create_tpoint_mask(EARLY, "EARLY_ONE"), 1 << 3);
	assert_int_equal(spdk_trace_create_tpoint_mask(EARLY, "EARLY_TWO"), 0);
	assert_int_equal(spdk_trace_create_tpoint_mask(EARLY, ""), 0);
	assert_int_equal(spdk_trace_create_tpoint_mask(19, "EARLY_ONE"), 0);
	assert_int_equal(spdk_trace_create_tpoint_mask(20, "EARLY_ONE"), 0);
	assert_int_equal(spdk_trace_enable_tpoint_group("nobody"), -EINVAL);
	assert_int_equal(spdk_trace_enable_tpoint_group("early"), 0);
	assert_int_equal(spdk_trace_get_tpoint_group_mask(), 1ull << EARLY);
	assert_int_equal(spdk_trace_enable_tpoint_group("all"), 0);
	assert_int_equal(spdk_trace_get_tpoint_group_mask(), 0xfffff);
	assert_int_equal(spdk_trace_disable_tpoint_group("early"), 0);
	assert_int_equal(spdk_trace_get_tpoint_group_mask(), 0xfffff & ~(1u << EARLY));
	assert_int_equal(spdk_trace_disable_tpoint_group("all"), 0);
	assert_int_equal(spdk_trace_get_tpoint_group_mask(), 0);
	assert_int_equal(spdk_trace_disable_tpoint_group("nobody"), -EINVAL);
}

static void
test_usage(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	spdk_trace_mask_usage(f, "-e");
	fclose(f);
	assert_non_null(strstr(text, "-e, --tpoint-group"));
	assert_non_null(strstr(text, "early"));
	(free)(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_walk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usage, setup, teardown),
	};

	return cmocka_run_group_tests_name("trace_register", tests, NULL, NULL);
}
