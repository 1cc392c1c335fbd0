/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The order of starting and stopping, failures, and a stop before all are up. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/subsystem.h"
#include "spdk_internal/system_state.h"

/* What happened, as letters: a starts, A stops. */
static struct {
	char trace[64];
	char fails;  /* the one whose start fails */
	char waits;  /* the one that answers later */
	int init_rc; /* 1: no answer yet */
	int fini_calls;
} g;

static void
note(char c)
{
	size_t len = strlen(g.trace);

	g.trace[len] = c;
	g.trace[len + 1] = '\0';
}

static void
start(char c)
{
	note(c);
	if (c != g.waits) {
		spdk_subsystem_init_next(c == g.fails ? -EIO : 0);
	}
}

static void
stop(char c)
{
	note((char)(c - 'a' + 'A'));
	if (c != g.waits) {
		spdk_subsystem_fini_next();
	}
}

#define SUBSYSTEM(c) \
	static void c##_init(void) \
	{ \
		start(#c[0]); \
	} \
	static void c##_fini(void) \
	{ \
		stop(#c[0]); \
	} \
	static struct spdk_subsystem c = { .name = #c, .init = c##_init, .fini = c##_fini }

SUBSYSTEM(a);
SUBSYSTEM(b);
SUBSYSTEM(c);
SUBSYSTEM(d);
static struct spdk_subsystem quiet = { .name = "quiet" };

/* a needs d and c, c needs b. */
SPDK_SUBSYSTEM_REGISTER(a)
SPDK_SUBSYSTEM_REGISTER(b)
SPDK_SUBSYSTEM_REGISTER(c)
SPDK_SUBSYSTEM_REGISTER(quiet)
SPDK_SUBSYSTEM_REGISTER(d)
SPDK_SUBSYSTEM_DEPEND(a, d)
SPDK_SUBSYSTEM_DEPEND(a, c)
SPDK_SUBSYSTEM_DEPEND(c, b)

static const char *const none[] = { NULL };

static void
init_done(int rc, void *ctx)
{
	assert_ptr_equal(ctx, &g);
	assert_int_equal(g.init_rc, 1);
	g.init_rc = rc;
}

static void
fini_done(void *ctx)
{
	assert_ptr_equal(ctx, &g);
	g.fini_calls++;
}

static int
setup(void **state)
{
	memset(&g, 0, sizeof(g));
	g.init_rc = 1;
	subsystem_select(none);
	return 0;
}

static void
test_order(void **state)
{
	spdk_subsystem_init(init_done, &g);
	assert_int_equal(g.init_rc, 0);
	assert_string_equal(g.trace, "bcda");
	assert_true(spdk_subsystem_exists("quiet"));
	assert_false(spdk_subsystem_exists("nix"));
	spdk_subsystem_fini(fini_done, &g);
	assert_int_equal(g.fini_calls, 1);
	assert_string_equal(g.trace, "bcdaADCB");
	assert_true(spdk_subsystem_exists("a"));
}

static void
test_later(void **state)
{
	g.waits = 'c';
	spdk_subsystem_init(init_done, &g);
	assert_string_equal(g.trace, "bc");
	assert_int_equal(g.init_rc, 1);
	spdk_subsystem_init_next(0);
	assert_string_equal(g.trace, "bcda");
	assert_int_equal(g.init_rc, 0);
	spdk_subsystem_fini(fini_done, &g);
	assert_string_equal(g.trace, "bcdaADC");
	assert_int_equal(g.fini_calls, 0);
	spdk_subsystem_fini_next();
	assert_string_equal(g.trace, "bcdaADCB");
	assert_int_equal(g.fini_calls, 1);
}

/* Stopped while one starts: that one answers first, and is stopped too when it came up. */
static void
test_stop_while_starting(void **state)
{
	static const struct {
		int rc;
		const char *trace;
	} rows[] = { { 0, "bcCB" }, { -EIO, "bcB" } };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&g, 0, sizeof(g));
		g.init_rc = 1;
		g.waits = 'c';
		spdk_subsystem_init(init_done, &g);
		spdk_subsystem_fini(fini_done, &g);
		assert_string_equal(g.trace, "bc");
		assert_int_equal(g.fini_calls, 0);
		g.waits = '\0';
		spdk_subsystem_init_next(rows[i].rc);
		assert_string_equal(g.trace, rows[i].trace);
		assert_int_equal(g.init_rc, 1); /* never told */
		assert_int_equal(g.fini_calls, 1);
		spdk_subsystem_init_next(0); /* a second answer: nothing */
		assert_string_equal(g.trace, rows[i].trace);
	}
}

static void
test_failure(void **state)
{
	g.fails = 'c';
	spdk_subsystem_init(init_done, &g);
	assert_int_equal(g.init_rc, -EIO);
	assert_string_equal(g.trace, "bc");
	spdk_subsystem_init_next(0); /* too late: nothing */
	spdk_subsystem_fini(fini_done, &g);
	assert_string_equal(g.trace, "bcB");
	assert_int_equal(g.fini_calls, 1);
}

static void
test_fini_alone(void **state)
{
	spdk_subsystem_fini(fini_done, &g);
	assert_int_equal(g.fini_calls, 1);
}

static void
collect_names(void *ctx, const struct spdk_subsystem *subsystem, const char *const *depends_on)
{
	strcat(ctx, subsystem->name);
	for (; *depends_on != NULL; depends_on++) {
		strcat(ctx, "<");
		strcat(ctx, *depends_on);
	}
	strcat(ctx, " ");
}

static void
test_for_each(void **state)
{
	char text[128] = "";

	assert_int_equal(subsystem_for_each(collect_names, text), 0);
	assert_string_equal(text, "b c<b quiet d a<d<c ");
}

/* A need that nobody meets, and needs in a ring. Registrations stay, so the
 * list's head is put back by hand. */
static void
test_bad_needs(void **state)
{
	static struct spdk_subsystem_depend ring = { .name = "b", .depends_on = "a" };
	static struct spdk_subsystem_depend unmet = { .name = "b", .depends_on = "nix" };
	struct spdk_subsystem_depend *bad[] = { &unmet, &ring };
	size_t i, size;
	void *base, *copy;

	system_state_get(&base, &size);
	copy = malloc(size);
	for (i = 0; i < SPDK_COUNTOF(bad); i++) {
		memcpy(copy, base, size);
		g.init_rc = 1;
		spdk_add_subsystem_depend(bad[i]);
		spdk_subsystem_init(init_done, &g);
		assert_int_equal(g.init_rc, -EINVAL);
		assert_string_equal(g.trace, "");
		spdk_subsystem_fini(fini_done, &g);
		memcpy(base, copy, size);
		bad[i]->tailq.tqe_prev = NULL;
	}
	free(copy);
}

/* The n-th allocation fails: an error, and nothing was started or leaked. */
static void
test_no_memory(void **state)
{
	uint64_t live = env_sim_live_heap(), n;
	int failures = 0;

	for (n = 1; n < 100; n++) {
		memset(&g, 0, sizeof(g));
		g.init_rc = 1;
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		spdk_subsystem_init(init_done, &g);
		env_sim_fail_nth(ENV_FAULT_HEAP, 0);
		assert_true(g.init_rc == 0 || g.init_rc == -ENOMEM);
		assert_string_equal(g.trace, g.init_rc == 0 ? "bcda" : "");
		failures += g.init_rc != 0;
		spdk_subsystem_fini(fini_done, &g);
		assert_int_equal(env_sim_live_heap(), live);
		if (g.init_rc == 0) {
			break;
		}
	}
	assert_in_range(failures, 8, 98); /* five nodes and three needs */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, setup),
		cmocka_unit_test_setup(test_later, setup),
		cmocka_unit_test_setup(test_stop_while_starting, setup),
		cmocka_unit_test_setup(test_failure, setup),
		cmocka_unit_test_setup(test_fini_alone, setup),
		cmocka_unit_test_setup(test_for_each, setup),
		cmocka_unit_test_setup(test_no_memory, setup),
		cmocka_unit_test_setup(test_bad_needs, setup), /* the last: a list stays changed */
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("init:subsystem", tests, NULL, NULL);
}
