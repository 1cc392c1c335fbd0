/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* io_devices and channels: one a thread, shared by reference, destroyed later; visits of all;
 * unregistering with channels and visits under way; failures. */

#include "ut_threads.h"

#include <setjmp.h>
#include <cmocka.h>

#include "spdk_internal/env_sim.h"
#include "spdk_internal/thread.h"

static struct {
	uint32_t created;
	uint32_t destroyed;
	uint32_t unregistered;
	uint32_t lost; /* unregistered, of the other device */
	int create_rc;
	char trace[64];
	int status;
	int stop_at; /* a visit of this thread ends with -EIO; -1: none */
} g_ut;

static int g_device, g_other_device;

static int
create(void *io_device, void *ctx)
{
	assert_true((uintptr_t)ctx % 64 == 0);
	assert_int_equal(*(uint64_t *)ctx, 0);
	if (g_ut.create_rc == 0) {
		*(uint64_t *)ctx = ++g_ut.created;
	}
	return g_ut.create_rc;
}

static void
destroy(void *io_device, void *ctx)
{
	assert_true(*(uint64_t *)ctx != 0);
	g_ut.destroyed++;
}

static void
unregistered(void *io_device)
{
	assert_ptr_equal(io_device, &g_device);
	g_ut.unregistered++;
}

static int
setup(void **state)
{
	memset(&g_ut, 0, sizeof(g_ut));
	g_ut.stop_at = -1;
	ut_threads_start(3);
	set_thread(0);
	spdk_io_device_register(&g_device, create, destroy, sizeof(uint64_t), "ut");
	return 0;
}

static int
teardown(void **state)
{
	if (g_ut.unregistered == 0) {
		set_thread(0);
		spdk_io_device_unregister(&g_device, unregistered);
		poll_threads();
	}
	assert_int_equal(g_ut.unregistered, 1);
	assert_int_equal(g_ut.created, g_ut.destroyed);
	ut_threads_stop();
	return 0;
}

static struct spdk_io_channel *
get(uint32_t thread)
{
	struct spdk_io_channel *ch;

	set_thread(thread);
	ch = spdk_get_io_channel(&g_device);
	assert_non_null(ch);
	return ch;
}

static void
put(struct spdk_io_channel *ch)
{
	spdk_set_thread(spdk_io_channel_get_thread(ch));
	spdk_put_io_channel(ch);
}

static void
test_one_a_thread(void **state)
{
	struct spdk_io_channel *a, *b;

	a = get(0);
	b = get(1);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(get(0), a);
	assert_ptr_equal(spdk_io_channel_ref(a), a);
	assert_int_equal(g_ut.created, 2);
	assert_ptr_equal(spdk_io_channel_get_thread(b), ut_thread(1));
	assert_ptr_equal(spdk_io_channel_get_io_device(b), &g_device);
	assert_ptr_equal(spdk_io_channel_from_ctx(spdk_io_channel_get_ctx(a)), a);
	put(a);
	put(a);
	put(b);
	poll_threads();
	assert_int_equal(g_ut.destroyed, 1);
	put(a);
	assert_int_equal(g_ut.destroyed, 1); /* never inside the put */
	poll_threads();
	assert_int_equal(g_ut.destroyed, 2);
}

static void
test_got_again_before_destroyed(void **state)
{
	struct spdk_io_channel *ch = get(0);

	put(ch);
	assert_ptr_equal(get(0), ch);
	put(ch);
	assert_ptr_equal(get(0), ch);
	poll_threads();
	assert_int_equal(g_ut.destroyed, 0);
	put(ch);
	poll_threads();
	assert_int_equal(g_ut.destroyed, 1);
}

static void
test_failures(void **state)
{
	set_thread(UINT32_MAX);
	assert_null(spdk_get_io_channel(&g_device));
	set_thread(0);
	assert_null(spdk_get_io_channel(&g_other_device));
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	assert_null(spdk_get_io_channel(&g_device));
	g_ut.create_rc = -ENOMEM;
	assert_null(spdk_get_io_channel(&g_device));
	g_ut.create_rc = 0;
	/* A second device at the same address is refused; the first stays. */
	spdk_io_device_register(&g_device, create, destroy, 0, "twice");
	put(get(0));
	poll_threads();
	assert_int_equal(g_ut.destroyed, 1);
}

static void
visit(struct spdk_io_channel_iter *i)
{
	struct spdk_thread *thread =
	        spdk_io_channel_get_thread(spdk_io_channel_iter_get_channel(i));
	size_t len = strlen(g_ut.trace);

	assert_ptr_equal(thread, spdk_get_thread());
	assert_ptr_equal(spdk_io_channel_iter_get_io_device(i), &g_device);
	assert_ptr_equal(spdk_io_channel_iter_get_ctx(i), &g_ut);
	snprintf(g_ut.trace + len, sizeof(g_ut.trace) - len, "%s",
	         spdk_thread_get_name(thread) + strlen("ut_thread_"));
	spdk_for_each_channel_continue(
	        i, g_ut.stop_at >= 0 && thread == ut_thread(g_ut.stop_at) ? -EIO : 0);
}

static void
visited(struct spdk_io_channel_iter *i, int status)
{
	assert_ptr_equal(spdk_get_thread(), ut_thread(1));
	g_ut.status = status;
	strcat(g_ut.trace, "!");
}

static void
test_visit(void **state)
{
	struct spdk_io_channel *a, *b, *c;

	set_thread(1);
	spdk_for_each_channel(&g_device, visit, &g_ut, visited);
	assert_string_equal(g_ut.trace, "");
	poll_threads();
	assert_string_equal(g_ut.trace, "!"); /* no channels yet */

	a = get(0);
	b = get(1);
	c = get(2);
	set_thread(1);
	spdk_for_each_channel(&g_device, visit, &g_ut, visited);
	poll_threads();
	assert_string_equal(g_ut.trace, "!012!");
	assert_int_equal(g_ut.status, 0);

	g_ut.trace[0] = '\0';
	g_ut.stop_at = 1;
	set_thread(1);
	spdk_for_each_channel(&g_device, visit, &g_ut, visited);
	poll_threads();
	assert_string_equal(g_ut.trace, "01!");
	assert_int_equal(g_ut.status, -EIO);

	/* A channel that goes away before its turn is passed over; no end call-back is fine. */
	g_ut.trace[0] = '\0';
	g_ut.stop_at = -1;
	put(b);
	set_thread(1);
	spdk_for_each_channel(&g_device, visit, &g_ut, NULL);
	poll_thread(1);
	poll_threads();
	assert_string_equal(g_ut.trace, "02");
	put(a);
	put(c);
	poll_threads();
}

static void
test_visit_failures(void **state)
{
	set_thread(1);
	spdk_for_each_channel(&g_other_device, visit, &g_ut, visited);
	poll_threads();
	assert_int_equal(g_ut.status, -ENODEV);
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	spdk_for_each_channel(&g_device, visit, &g_ut, visited);
	assert_int_equal(g_ut.status, -ENOMEM); /* at once: there is nothing to wait with */
	assert_string_equal(g_ut.trace, "!!");
}

static void
test_unregister_with_channels(void **state)
{
	struct spdk_io_channel *a = get(0), *b = get(1);

	set_thread(0);
	spdk_io_device_unregister(&g_device, unregistered);
	assert_null(spdk_get_io_channel(&g_device));
	poll_threads();
	assert_int_equal(g_ut.unregistered, 0);
	put(a);
	poll_threads();
	assert_int_equal(g_ut.unregistered, 0);
	put(b);
	poll_threads();
	assert_int_equal(g_ut.unregistered, 1);
}

static void
test_unregister_during_a_visit(void **state)
{
	struct spdk_io_channel *a = get(0);

	set_thread(1);
	spdk_for_each_channel(&g_device, visit, &g_ut, visited);
	set_thread(2);
	spdk_io_device_unregister(&g_device, unregistered);
	set_thread(2);
	assert_null(spdk_get_io_channel(&g_device));
	put(a);
	poll_threads();
	assert_string_equal(g_ut.trace, "0!");
	assert_int_equal(g_ut.unregistered, 1);
}

static void
test_unregister_without_callback(void **state)
{
	set_thread(1);
	spdk_io_device_register(&g_other_device, create, destroy, 0, NULL);
	spdk_io_device_unregister(&g_other_device, NULL);
	poll_threads();
}

static void
count_lost(void *io_device)
{
	assert_ptr_equal(io_device, &g_other_device);
	g_ut.lost++;
}

static void
test_register_without_memory(void **state)
{
	set_thread(1);
	env_sim_fail_nth(ENV_FAULT_HEAP, 1);
	spdk_io_device_register(&g_other_device, create, destroy, 0, "lost");
	assert_null(spdk_get_io_channel(&g_other_device));
	spdk_io_device_unregister(&g_other_device, count_lost);
	assert_int_equal(g_ut.lost, 0); /* never inside the call */
	poll_thread(1);
	assert_int_equal(g_ut.lost, 1);
	/* What was never registered is refused, and nobody is called; nor by a second time. */
	spdk_io_device_unregister(&g_other_device, count_lost);
	poll_threads();
	assert_int_equal(g_ut.lost, 1);
	/* There is memory again. */
	spdk_io_device_register(&g_other_device, create, destroy, sizeof(uint64_t), "found");
	spdk_put_io_channel(spdk_get_io_channel(&g_other_device));
	spdk_io_device_unregister(&g_other_device, count_lost);
	poll_threads();
	assert_int_equal(g_ut.lost, 2);
}

static void
see(void *arg, const char *name, uint32_t ref)
{
	snprintf(arg, 64, "%s:%u", name, ref);
}

static void
test_tell(void **state)
{
	struct spdk_io_channel *ch = get(2);
	char text[64];

	spdk_io_channel_ref(ch);
	thread_for_each_channel(ut_thread(2), see, text);
	assert_string_equal(text, "ut:2");
	put(ch);
	put(ch);
	poll_threads();
}

static void
join(void *arg, const char *name, uint32_t ref)
{
	size_t len = strlen(arg);

	snprintf((char *)arg + len, 128 - len, "%s:%u ", name, ref);
}

/* Two at a time; the one that is next is held meanwhile, and its owner's put leaves it. */
static void
test_walk(void **state)
{
	struct spdk_io_channel *ch[5], *held = NULL;
	char devices[5], name[2] = "a", text[128] = "";
	uint32_t i;

	set_thread(2);
	for (i = 0; i < 5; i++, name[0]++) {
		spdk_io_device_register(&devices[i], create, destroy, sizeof(uint64_t), name);
		ch[i] = spdk_get_io_channel(&devices[i]);
	}
	spdk_io_channel_ref(ch[4]);
	assert_true(thread_walk_channels(ut_thread(2), &held, 2, join, text));
	assert_ptr_equal(held, ch[2]);
	assert_string_equal(text, "a:1 b:1 ");
	/* One behind, the one at hand and the next go. */
	spdk_put_io_channel(ch[0]);
	spdk_put_io_channel(ch[2]);
	spdk_put_io_channel(ch[3]);
	poll_threads();
	assert_true(thread_walk_channels(ut_thread(2), &held, 1, join, text));
	assert_ptr_equal(held, ch[4]);
	assert_string_equal(text, "a:1 b:1 ");
	assert_false(thread_walk_channels(ut_thread(2), &held, 9, join, text));
	assert_null(held);
	assert_string_equal(text, "a:1 b:1 e:2 ");
	spdk_put_io_channel(ch[1]);
	spdk_put_io_channel(ch[4]);
	spdk_put_io_channel(ch[4]);
	for (i = 0; i < 5; i++) {
		spdk_io_device_unregister(&devices[i], NULL);
	}
	poll_threads();
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_one_a_thread),
		T(test_got_again_before_destroyed),
		T(test_failures),
		T(test_visit),
		T(test_walk),
		T(test_visit_failures),
		T(test_unregister_with_channels),
		T(test_unregister_during_a_visit),
		T(test_unregister_without_callback),
		T(test_register_without_memory),
		T(test_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
