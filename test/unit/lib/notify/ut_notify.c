/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/notify.h: numbers, the ring's end, long texts, early ends, no memory, and nothing left. */

#include "spdk/env.h"
#include "spdk/notify.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

struct seen {
	uint64_t first, last, count, end_after;
	struct spdk_notify_event event;
};

static int
see(uint64_t idx, const struct spdk_notify_event *event, void *arg)
{
	struct seen *seen = arg;

	seen->first = seen->count == 0 ? idx : seen->first;
	assert_true(seen->count == 0 || idx == seen->last + 1);
	seen->last = idx;
	seen->event = *event;
	return ++seen->count > seen->end_after ? 1 : 0;
}

static void
expect(uint64_t start, uint64_t max, uint64_t first, uint64_t count)
{
	struct seen seen = { .end_after = UINT64_MAX };

	assert_int_equal(spdk_notify_foreach_event(start, max, see, &seen), count);
	assert_int_equal(seen.count, count);
	assert_true(count == 0 || seen.first == first);
}

static void
test_events(void **state)
{
	struct seen seen = { .end_after = 2 };
	char name[8];
	uint64_t i;

	expect(0, UINT64_MAX, 0, 0);
	for (i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "n%u", (unsigned)i);
		assert_int_equal(spdk_notify_send("add", name), i);
		if (i == 1023) {
			expect(0, UINT64_MAX, 0, 1024);
		}
	}
	expect(0, UINT64_MAX, 476, 1024);
	expect(476, 1, 476, 1);
	expect(1498, UINT64_MAX, 1498, 2);
	expect(1499, UINT64_MAX, 1499, 1);
	expect(1500, UINT64_MAX, 0, 0);
	expect(UINT64_MAX, UINT64_MAX, 0, 0);
	expect(0, 0, 0, 0);
	assert_int_equal(spdk_notify_foreach_event(1000, UINT64_MAX, see, &seen), 2);
	assert_int_equal(seen.count, 3);
	assert_string_equal(seen.event.type, "add");
	assert_string_equal(seen.event.ctx, "n1002");
}

static void
test_long_texts(void **state)
{
	struct seen seen = { .end_after = UINT64_MAX };
	char text[300];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	spdk_notify_send(text, text);
	spdk_notify_foreach_event(0, 1, see, &seen);
	assert_int_equal(strlen(seen.event.type), SPDK_NOTIFY_MAX_NAME_SIZE - 1);
	assert_int_equal(strlen(seen.event.ctx), SPDK_NOTIFY_MAX_CTX_SIZE - 1);
	assert_null(spdk_notify_type_register(text));
	text[SPDK_NOTIFY_MAX_NAME_SIZE] = '\0';
	assert_null(spdk_notify_type_register(text));
	text[SPDK_NOTIFY_MAX_NAME_SIZE - 1] = '\0';
	assert_string_equal(spdk_notify_type_get_name(spdk_notify_type_register(text)), text);
}

static int
add_name(const struct spdk_notify_type *type, void *arg)
{
	strcat(arg, spdk_notify_type_get_name(type));
	return strcmp(spdk_notify_type_get_name(type), "b") == 0;
}

static void
test_types(void **state)
{
	char names[16] = "";
	struct spdk_notify_type *a = spdk_notify_type_register("a");

	assert_null(spdk_notify_type_register(""));
	assert_null(spdk_notify_type_register(NULL));
	assert_ptr_equal(spdk_notify_type_register("a"), a);
	spdk_notify_type_register("b");
	spdk_notify_type_register("c");
	spdk_notify_foreach_type(add_name, names);
	assert_string_equal(names, "ab");
}

static void
test_no_memory(void **state)
{
	fail_alloc_after(0);
	assert_null(spdk_notify_type_register("a"));
	fail_alloc_after(0);
	assert_int_equal(spdk_notify_send("lost", ""), 0);
	expect(0, UINT64_MAX, 0, 0);
	fail_alloc_after(-1);
	assert_int_equal(spdk_notify_send("kept", ""), 1);
	expect(0, UINT64_MAX, 1, 1);
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	*state = (void *)fail_alloc_held();
	spdk_env_opts_init(&opts);
	return spdk_env_init(&opts);
}

static int
teardown(void **state)
{
	spdk_env_fini();
	return fail_alloc_held() == (long)*state ? 0 : -1;
}

/* Once for nothing: what the environment keeps after its first start does not count. */
static int
group_setup(void **state)
{
	int rc = setup(state);

	spdk_env_fini();
	return rc;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
