/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The steps of the sleep rule as they are compiled: the library's own sleep.c and message.c, each
 * atomic operation, look, wait and kick written down in the order in which it runs. That this order
 * loses no wake-up, and that less does, is what ut_schedule.c shows of its model; this holds the
 * code to the steps of the model. One thread. */

#include "../../../../lib/thread/thread_internal.h"

#include <setjmp.h>
#include <cmocka.h>

static char g_trace[512];
static struct spdk_thread g_thread;
static struct thread_sleeper g_sleeper;
static enum thread_rest g_rest;

/* "place op order"; what is no part of the rule is left out. */
static void
note(const volatile void *place, const char *op, const char *order)
{
	static const struct {
		const volatile void *place;
		const char *name;
	} places[] = {
		{ &g_thread.inbox, "inbox" },
		{ &g_thread.sleeper, "sleeper" },
		{ &g_sleeper.sleeping, "sleeping" },
		{ NULL, "" },
	};
	size_t i, len = strlen(g_trace);

	for (i = 0; i < SPDK_COUNTOF(places); i++) {
		if (places[i].place == place) {
			snprintf(g_trace + len, sizeof(g_trace) - len, "%s%s%s%s; ", places[i].name,
			         op, order[0] != '\0' ? " " : "", order);
		}
	}
}

#define ORDER_NAME(order) (&#order[sizeof("memory_order")])

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_thread_fence
#define atomic_load_explicit(p, order) (note((p), "?", ORDER_NAME(order)), *(p))
#define atomic_store_explicit(p, value, order) \
	(note((p), " = " #value, ORDER_NAME(order)), (void)(*(p) = (value)))
#define atomic_exchange_explicit(p, value, order) \
	__extension__({ \
		__typeof__(((void)0, *(p))) was_ = *(p); \
		note((p), " <> " #value, ORDER_NAME(order)); \
		*(p) = (value); \
		was_; \
	})
#define atomic_compare_exchange_weak_explicit(p, expected, value, order, order_if_not) \
	__extension__({ \
		bool same_ = *(p) == *(expected); \
		note((p), " <> " #value, ORDER_NAME(order)); \
		if (same_) { \
			*(p) = (value); \
		} else { \
			*(expected) = *(p); \
		} \
		same_; \
	})
#define atomic_compare_exchange_strong_explicit atomic_compare_exchange_weak_explicit
#define atomic_thread_fence(order) note(NULL, "fence", ORDER_NAME(order))
#define env_waiter_wait(waiter, deadline_ticks, events, max_events) (note(NULL, "wait", ""), 0)
#define env_waiter_kick(waiter) note(NULL, "kick", "")

#include "../../../../lib/thread/sleep.c"
#include "../../../../lib/thread/message.c"

#define SAY "sleeping = 1 relaxed; fence seq_cst; look; "
#define CLEAR "sleeping = 0 relaxed; "
#define PUSH "inbox? relaxed; inbox <> node release; fence seq_cst; sleeper? acquire; "
#define FENCE "fence seq_cst; "
#define AWAKE "sleeping? relaxed; "
#define ASLEEP "sleeping? relaxed; sleeping <> 0 relaxed; kick; "

static enum thread_rest
look(void *arg, uint64_t *deadline_ticks)
{
	note(NULL, "look", "");
	return g_rest;
}

static void
test_sleeper(void **state)
{
	static const struct {
		enum thread_rest rest;
		const char *trace;
	} rows[] = {
		{ THREAD_REST_SLEEP, SAY "wait; " CLEAR },
		{ THREAD_REST_NAP, SAY "wait; " CLEAR },
		{ THREAD_REST_NONE, SAY CLEAR },
	};
	struct env_wait_event events[1];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		g_trace[0] = '\0';
		g_rest = rows[i].rest;
		thread_sleep(&g_sleeper, look, NULL, events, 1);
		assert_string_equal(g_trace, rows[i].trace);
		assert_int_equal(g_sleeper.sleeping, 0);
	}
}

static void
nothing(void *arg)
{
}

static void
send_critical(void)
{
	assert_int_equal(spdk_thread_send_critical_msg(&g_thread, nothing), 0);
	g_thread.critical_fn = NULL;
}

static void
send_plain(void)
{
	assert_int_equal(spdk_thread_send_msg(&g_thread, nothing, NULL), 0);
}

static void
wake(void)
{
	thread_wake(&g_sleeper);
}

static void
test_givers(void **state)
{
	static const struct {
		void (*give)(void);
		bool attached;
		bool asleep;
		const char *trace;
	} rows[] = {
		{ send_plain, true, true, PUSH ASLEEP },
		{ send_plain, true, false, PUSH AWAKE },
		{ send_plain, false, true, PUSH },
		{ send_critical, true, true, PUSH ASLEEP },
		{ send_critical, true, false, PUSH AWAKE },
		{ wake, true, true, FENCE ASLEEP },
		{ wake, true, false, FENCE AWAKE },
	};
	size_t i;

	assert_int_equal(msg_pool_init(1), 0);
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		g_thread.inbox = NULL;
		g_thread.sleeper = rows[i].attached ? &g_sleeper : NULL;
		g_sleeper.sleeping = rows[i].asleep;
		g_trace[0] = '\0';
		rows[i].give();
		assert_string_equal(g_trace, rows[i].trace);
	}
	msg_pool_fini();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sleeper),
		cmocka_unit_test(test_givers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
