/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Rounds of scheduling on two simulated cores: what a scheduler is told, which of its wishes come
 * true, when rounds come; and the registries of schedulers and governors. Threads that are busy let
 * virtual time pass. */

#include "../../../../lib/event/balance.h"

#include "spdk/json.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"

#include <setjmp.h>
#include <cmocka.h>

#define PERIOD_US 10000
#define STEP_US 10

/* A thread of the test, pinned to nothing. */
struct ut_thread {
	struct spdk_thread *thread;
	struct spdk_poller *poller;
	uint32_t busy_us; /* of virtual time, in each run */
	uint32_t messages;
	uint32_t interrupts; /* times that it was told of a mode */
	bool mode;
};

static struct ut_thread g_threads[2];
/* What the test's scheduler saw last, and where it sends whom. */
static struct {
	struct spdk_scheduler_core_info cores[2];
	struct spdk_scheduler_thread_info threads[2][8];
	uint32_t num_rounds, num_inits, num_deinits;
	uint64_t send_thread;
	uint32_t send_to;
	bool switch_mode, mode;
	int init_rc;
} g_seen;

static int
ut_init(void)
{
	g_seen.num_inits++;
	return g_seen.init_rc;
}

static void
ut_deinit(void)
{
	g_seen.num_deinits++;
}

static void
ut_balance(struct spdk_scheduler_core_info *cores, uint32_t count)
{
	struct spdk_scheduler_thread_info *info;
	uint32_t i, j;

	assert_int_equal(count, 2);
	assert_int_equal(spdk_env_get_current_core(), spdk_scheduler_get_scheduling_lcore());
	g_seen.num_rounds++;
	for (i = 0; i < count; i++) {
		g_seen.cores[i] = cores[i];
		for (j = 0; j < cores[i].threads_count; j++) {
			info = &cores[i].thread_infos[j];
			g_seen.threads[i][j] = *info;
			if (info->thread_id == g_seen.send_thread) {
				info->lcore = g_seen.send_to;
			}
		}
		if (g_seen.switch_mode) {
			cores[i].interrupt_mode = g_seen.mode;
		}
	}
}

static struct spdk_scheduler g_ut = {
	.name = "ut", .init = ut_init, .deinit = ut_deinit, .balance = ut_balance
};
static struct spdk_scheduler g_bare = { .name = "bare" };
SPDK_SCHEDULER_REGISTER(g_ut)

/* ---- The machine ---- */

static void
process(uint32_t lcore)
{
	uint32_t before = env_sim_set_core(lcore);
	uint64_t next;

	reactor_process(reactor_get(lcore), 100, &next);
	env_sim_set_core(before);
}

static void
run_us(uint64_t us)
{
	uint64_t end = spdk_get_ticks() + us * 1000;

	while (spdk_get_ticks() < end) {
		process(0);
		process(1);
		env_sim_advance_us(STEP_US);
	}
	process(0);
	process(1);
}

static int
be_busy(void *arg)
{
	struct ut_thread *t = arg;

	env_sim_advance_us(t->busy_us);
	return t->busy_us > 0 ? SPDK_POLLER_BUSY : SPDK_POLLER_IDLE;
}

static void
told(struct spdk_poller *poller, void *arg, bool mode)
{
	struct ut_thread *t = arg;

	t->interrupts++;
	t->mode = mode;
}

static void
make_thread(struct ut_thread *t, uint32_t lcore)
{
	struct spdk_cpuset mask, any;

	memset(t, 0, sizeof(*t));
	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, lcore, true);
	spdk_cpuset_zero(&any);
	spdk_cpuset_negate(&any);
	t->thread = spdk_thread_create("ut", &mask);
	assert_non_null(t->thread);
	assert_ptr_equal(spdk_thread_get_from_ctx(spdk_thread_get_ctx(t->thread)), t->thread);
	process(lcore);
	spdk_set_thread(t->thread);
	assert_int_equal(spdk_thread_set_cpumask(&any), 0);
	t->poller = spdk_poller_register(be_busy, t, 100);
	spdk_poller_register_interrupt(t->poller, told, t);
	spdk_set_thread(NULL);
}

static uint32_t
core_of(struct ut_thread *t)
{
	return ((struct lw_thread *)spdk_thread_get_ctx(t->thread))->reactor->lcore;
}

static void
start(bool interrupts)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	memset(&g_seen, 0, sizeof(g_seen));
	spdk_env_opts_init(&opts);
	opts.name = "ut";
	opts.core_mask = "0x3";
	assert_int_equal(spdk_env_init(&opts), 0);
	assert_int_equal(reactors_init(1024), 0);
	if (interrupts) {
		assert_int_equal(spdk_interrupt_mode_enable(), 0);
		assert_int_equal(reactors_launch(), 0);
	}
	make_thread(&g_threads[0], 0);
	make_thread(&g_threads[1], 0);
	assert_int_equal(core_of(&g_threads[0]), 0);
}

static void
drop_poller(void *arg)
{
	struct ut_thread *t = arg;

	spdk_poller_unregister(&t->poller);
}

static void
stop(void)
{
	struct env_sim_thread thread;
	uint32_t i;

	for (i = 0; i < 2; i++) {
		spdk_thread_send_msg(g_threads[i].thread, drop_poller, &g_threads[i]);
	}
	reactors_stop();
	run_us(1000);
	assert_int_equal(spdk_thread_get_count(), 2); /* dead, and kept */
	while (env_sim_thread_take(&thread)) {
	}
	reactors_fini();
	assert_null(spdk_scheduler_get());
	assert_int_equal(env_sim_live(), 0);
	spdk_env_fini();
}

static int
setup(void **state)
{
	start(false);
	return 0;
}

static int
teardown(void **state)
{
	stop();
	return 0;
}

static void
use(const char *name, uint64_t period_us)
{
	assert_int_equal(spdk_scheduler_set(name), 0);
	spdk_scheduler_set_period(period_us);
}

/* ---- Registries ---- */

static void
test_registry(void **state)
{
	static struct spdk_scheduler twin = { .name = "dynamic", .init = ut_init };
	struct spdk_scheduler *dynamic;

	assert_null(spdk_scheduler_get());
	spdk_scheduler_register(&g_bare);
	spdk_scheduler_register(&twin); /* the name is taken */
	assert_int_equal(spdk_scheduler_set("none of that name"), -EINVAL);
	assert_int_equal(spdk_scheduler_set("bare"), 0);
	assert_ptr_equal(spdk_scheduler_get(), &g_bare);
	assert_int_equal(spdk_scheduler_set("dynamic"), 0);
	assert_int_equal(g_seen.num_inits, 0);
	dynamic = spdk_scheduler_get();
	assert_ptr_not_equal(dynamic, &twin);
	/* One that can't start leaves the one before. */
	g_seen.init_rc = -ENODEV;
	assert_int_equal(spdk_scheduler_set("ut"), -ENODEV);
	assert_ptr_equal(spdk_scheduler_get(), dynamic);
	g_seen.init_rc = 0;
	assert_int_equal(spdk_scheduler_set("ut"), 0);
	assert_int_equal(spdk_scheduler_set("ut"), 0); /* in use already */
	assert_int_equal(g_seen.num_inits, 2);
	assert_int_equal(spdk_scheduler_set(NULL), 0);
	assert_int_equal(g_seen.num_deinits, 1);
	assert_null(spdk_scheduler_get());
}

static struct {
	int rc;
	uint32_t inits, deinits;
} g_gov;

static int
gov_init(void)
{
	g_gov.inits++;
	return g_gov.rc;
}

static void
gov_deinit(void)
{
	g_gov.deinits++;
}

static struct spdk_governor g_governor = { .name = "ut_governor",
	                                   .init = gov_init,
	                                   .deinit = gov_deinit };
SPDK_GOVERNOR_REGISTER(g_governor)

static void
test_governor(void **state)
{
	static struct spdk_governor twin = { .name = "ut_governor" };

	spdk_governor_register(&twin);
	assert_int_equal(spdk_governor_set("none of that name"), -EINVAL);
	assert_int_equal(spdk_governor_set("ut_governor"), 0);
	assert_ptr_equal(spdk_governor_get(), &g_governor);
	assert_int_equal(spdk_governor_set("ut_governor"), 0);
	assert_int_equal(g_gov.inits, 1);
	assert_int_equal(spdk_governor_set(NULL), 0);
	assert_int_equal(g_gov.deinits, 1);
	g_gov.rc = -ENODEV;
	assert_int_equal(spdk_governor_set("ut_governor"), -ENODEV);
	assert_null(spdk_governor_get());
}

/* ---- Rounds ---- */

static void
test_told(void **state)
{
	struct spdk_scheduler_thread_info *info;

	g_threads[1].busy_us = 50;
	use("ut", PERIOD_US);
	run_us(3 * PERIOD_US);
	assert_true(g_seen.num_rounds >= 2);
	assert_int_equal(g_seen.cores[0].threads_count, 2);
	assert_int_equal(g_seen.cores[1].threads_count, 0);
	assert_int_equal(g_seen.cores[1].lcore, 1);
	assert_false(g_seen.cores[0].isolated || g_seen.cores[0].interrupt_mode);
	info = g_seen.threads[0];
	assert_int_equal(info[0].thread_id, spdk_thread_get_id(g_threads[0].thread));
	assert_int_equal(info[0].lcore, 0);
	assert_int_equal(info[0].current_stats.busy_tsc, 0);
	/* 50 us of work in each 100 us, in rounds of 10 ms or a little more. */
	assert_in_range(info[1].current_stats.busy_tsc, 2500 * 1000, 7500 * 1000);
	assert_true(info[1].total_stats.busy_tsc > info[1].current_stats.busy_tsc);
	assert_true(g_seen.cores[0].current_busy_tsc >= info[1].current_stats.busy_tsc);
	assert_true(g_seen.cores[0].total_busy_tsc >= g_seen.cores[0].current_busy_tsc);
	assert_in_range(g_seen.cores[1].current_idle_tsc, 1, 3 * PERIOD_US * 1000);
	assert_true(g_seen.cores[1].total_idle_tsc > g_seen.cores[1].current_idle_tsc);
}

static void
test_period(void **state)
{
	uint32_t rounds;

	assert_int_equal(spdk_scheduler_get_period(), 0);
	use("ut", 0);
	run_us(5 * PERIOD_US);
	assert_int_equal(g_seen.num_rounds, 0);
	spdk_scheduler_set_period(PERIOD_US);
	assert_int_equal(spdk_scheduler_get_period(), PERIOD_US);
	run_us(10 * PERIOD_US + PERIOD_US / 2);
	assert_in_range(g_seen.num_rounds, 8, 10);
	rounds = g_seen.num_rounds;
	spdk_scheduler_set(NULL);
	run_us(3 * PERIOD_US);
	assert_int_equal(g_seen.num_rounds, rounds);
}

static void
count_message(void *arg)
{
	struct ut_thread *t = arg;

	t->messages++;
}

static void
test_moves(void **state)
{
	struct ut_thread *t = &g_threads[1];
	struct spdk_cpuset mask;
	uint32_t rounds;

	use("ut", PERIOD_US);
	g_seen.send_thread = spdk_thread_get_id(t->thread);
	g_seen.send_to = 1;
	run_us(2 * PERIOD_US);
	assert_int_equal(core_of(t), 1);
	assert_int_equal(core_of(&g_threads[0]), 0);
	spdk_thread_send_msg(t->thread, count_message, t);
	process(1);
	assert_int_equal(t->messages, 1);

	/* To a core that there is not, or that its mask does not have, or while it is bound. */
	g_seen.send_to = 7;
	run_us(2 * PERIOD_US);
	assert_int_equal(core_of(t), 1);
	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, 1, true);
	spdk_set_thread(t->thread);
	assert_int_equal(spdk_thread_set_cpumask(&mask), 0);
	spdk_set_thread(NULL);
	g_seen.send_to = 0;
	rounds = g_seen.num_rounds;
	run_us(2 * PERIOD_US);
	assert_true(g_seen.num_rounds > rounds);
	assert_int_equal(core_of(t), 1);
	spdk_cpuset_set_cpu(&mask, 0, true);
	spdk_set_thread(t->thread);
	assert_int_equal(spdk_thread_set_cpumask(&mask), 0);
	spdk_set_thread(NULL);
	spdk_thread_bind(t->thread, true);
	run_us(2 * PERIOD_US);
	assert_int_equal(core_of(t), 1);
	spdk_thread_bind(t->thread, false);
	run_us(2 * PERIOD_US);
	assert_int_equal(core_of(t), 0);
}

static void
test_isolated(void **state)
{
	struct spdk_cpuset mask;

	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, 5, true);
	assert_false(scheduler_set_isolated(&mask));
	spdk_cpuset_zero(&mask);
	spdk_cpuset_set_cpu(&mask, 1, true);
	assert_true(scheduler_set_isolated(&mask));
	assert_false(spdk_scheduler_set_scheduling_lcore(1));
	use("ut", PERIOD_US);
	g_seen.send_thread = spdk_thread_get_id(g_threads[1].thread);
	g_seen.send_to = 1;
	run_us(3 * PERIOD_US);
	assert_true(g_seen.cores[1].isolated);
	assert_int_equal(core_of(&g_threads[1]), 0);
}

static void
test_scheduling_core(void **state)
{
	assert_int_equal(spdk_scheduler_get_scheduling_lcore(), 0);
	assert_false(spdk_scheduler_set_scheduling_lcore(9));
	assert_int_equal(spdk_scheduler_get_scheduling_lcore(), 0);
	assert_true(spdk_scheduler_set_scheduling_lcore(1));
	assert_int_equal(spdk_scheduler_get_scheduling_lcore(), 1);
	use("ut", PERIOD_US);
	run_us(3 * PERIOD_US); /* ut_balance() looks where it runs */
	assert_true(g_seen.num_rounds >= 2);
}

/* A round that finds no memory moves nobody; the next one does. */
static void
test_no_memory(void **state)
{
	struct ut_thread *t = &g_threads[1];
	uint64_t nth;

	use("ut", PERIOD_US);
	g_seen.send_thread = spdk_thread_get_id(t->thread);
	for (nth = 1; nth < 12; nth++) {
		g_seen.send_to = nth % 2;
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		run_us(2 * PERIOD_US);
		env_fault_clear();
		run_us(2 * PERIOD_US);
		assert_int_equal(core_of(t), nth % 2);
	}
}

static void
test_interrupt_mode(void **state)
{
	struct ut_thread *t = &g_threads[1];
	uint32_t before;

	start(true);
	use("ut", PERIOD_US);
	run_us(2 * PERIOD_US);
	assert_true(g_seen.cores[0].interrupt_mode && g_seen.cores[1].interrupt_mode);
	assert_true(t->mode);
	before = t->interrupts;
	g_seen.switch_mode = true;
	run_us(2 * PERIOD_US);
	assert_false(t->mode);
	assert_int_equal(t->interrupts, before + 1);
	assert_false(reactor_get(0)->in_interrupt);
	/* A thread that comes to a core of the other mode is told. */
	reactor_switch_mode(reactor_get(1), true);
	g_seen.switch_mode = false;
	g_seen.send_thread = spdk_thread_get_id(t->thread);
	g_seen.send_to = 1;
	run_us(2 * PERIOD_US);
	assert_int_equal(core_of(t), 1);
	assert_true(t->mode);
	stop();
}

/* ---- Those that are built in ---- */

static int
set_opts(const char *text)
{
	struct spdk_json_val values[16];
	char copy[256];
	ssize_t num;

	snprintf(copy, sizeof(copy), "%s", text);
	num = spdk_json_parse(copy, strlen(copy), values, SPDK_COUNTOF(values), NULL, 0);
	assert_true(num > 0);
	return spdk_scheduler_get()->set_opts(values);
}

static void
test_static(void **state)
{
	char text[128];

	use("static", 0);
	run_us(3 * PERIOD_US);
	assert_int_equal(core_of(&g_threads[1]), 0);
	assert_int_equal(set_opts("{\"name\":\"static\"}"), 0);
	assert_int_equal(set_opts("{\"load_limit\":1}"), -EINVAL);
	assert_int_equal(set_opts("{\"mappings\":\"\"}"), -EINVAL);
	assert_int_equal(set_opts("{\"mappings\":\"1\"}"), -EINVAL);
	assert_int_equal(set_opts("{\"mappings\":\"1:\"}"), -EINVAL);
	assert_int_equal(set_opts("{\"mappings\":\"1:1,\"}"), -EINVAL);
	assert_int_equal(set_opts("{\"mappings\":\"1:99999999999\"}"), -EINVAL);
	assert_int_equal(set_opts("{\"mappings\":\"1:1 2:2\"}"), -EINVAL);
	snprintf(text, sizeof(text), "{\"mappings\":\"%" PRIu64 ":1,77:0\"}",
	         spdk_thread_get_id(g_threads[1].thread));
	assert_int_equal(set_opts(text), 0);
	run_us(3 * PERIOD_US);
	assert_int_equal(core_of(&g_threads[1]), 1);
	assert_int_equal(core_of(&g_threads[0]), 0);
	assert_int_equal(spdk_scheduler_get_period(), 0); /* once */
}

static void
test_dynamic_opts(void **state)
{
	assert_int_equal(spdk_scheduler_set("dynamic"), 0);
	assert_int_equal(spdk_scheduler_get_period(), 1000000);
	assert_int_equal(set_opts("{\"name\":\"dynamic\",\"period\":5,\"load_limit\":0,"
	                          "\"core_limit\":100,\"core_busy\":50}"),
	                 0);
	assert_int_equal(set_opts("{\"load_limit\":101}"), -EINVAL);
	assert_int_equal(set_opts("{\"core_limit\":\"a\"}"), -EINVAL);
	assert_int_equal(set_opts("{\"mappings\":\"1:1\"}"), -EINVAL);
}

/* Two threads that are busy all the time part at once, long before the period is over; idle again,
 * they come together after a few periods. */
static void
test_dynamic(void **state)
{
	assert_int_equal(spdk_scheduler_set("dynamic"), 0);
	run_us(50000);
	assert_int_equal(core_of(&g_threads[0]), 0);
	assert_int_equal(core_of(&g_threads[1]), 0);
	g_threads[0].busy_us = 100;
	g_threads[1].busy_us = 100;
	run_us(400000);
	assert_int_equal(core_of(&g_threads[0]) + core_of(&g_threads[1]), 1);
	g_threads[0].busy_us = 0;
	g_threads[1].busy_us = 0;
	spdk_scheduler_set_period(PERIOD_US);
	run_us(5 * PERIOD_US);
	assert_int_equal(core_of(&g_threads[0]), 0);
	assert_int_equal(core_of(&g_threads[1]), 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_registry),
		T(test_governor),
		T(test_told),
		T(test_period),
		T(test_moves),
		T(test_isolated),
		T(test_scheduling_core),
		T(test_no_memory),
		cmocka_unit_test(test_interrupt_mode),
		T(test_static),
		T(test_dynamic_opts),
		T(test_dynamic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
