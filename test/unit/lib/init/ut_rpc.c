/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* RPC servers on a thread: they answer, pause, resume and end, and let the thread sleep. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/init.h"
#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/thread.h"
#include "ut_threads.h"

#define ADDR "/rpc/a.sock"
#define OTHER "/rpc/b.sock"
#define REQUEST "{\"method\":\"log_get_level\",\"id\":1}"
#define ANSWER "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"NOTICE\"}\n"

static int
setup(void **state)
{
	ut_threads_start(1);
	set_thread(0);
	spdk_log_set_level(SPDK_LOG_NOTICE);
	return 0;
}

static int
teardown(void **state)
{
	spdk_rpc_finish();
	assert_int_equal(env_sim_fd_count(), 0 + *(uint32_t *)*state);
	ut_threads_stop();
	return 0;
}

/* What \p fd gets for the request. */
static const char *
ask(int fd, const char *request)
{
	static char answer[256];
	ssize_t n;

	assert_int_equal(env_stream_send(fd, request, strlen(request)), strlen(request));
	poll_threads_us(1000);
	n = env_stream_recv(fd, answer, sizeof(answer) - 1);
	answer[n > 0 ? n : 0] = '\0';
	return answer;
}

static void
test_two_servers(void **state)
{
	int a, b;

	assert_int_equal(spdk_rpc_initialize(NULL, NULL), 0);
	assert_int_equal(spdk_rpc_initialize(ADDR, NULL), 0);
	assert_int_equal(spdk_rpc_initialize(ADDR, NULL), -EINVAL);
	assert_int_equal(spdk_rpc_initialize(OTHER, NULL), 0);
	a = env_stream_connect(ADDR);
	b = env_stream_connect(OTHER);
	assert_string_equal(ask(a, REQUEST), ANSWER);
	assert_string_equal(ask(b, REQUEST), ANSWER);
	spdk_rpc_server_finish(ADDR);
	spdk_rpc_server_finish("/nix");
	assert_true(env_stream_connect(ADDR) < 0);
	assert_string_equal(ask(b, REQUEST), ANSWER);
	env_stream_close(a);
	env_stream_close(b);
}

static void
test_pause(void **state)
{
	int fd;

	assert_int_equal(spdk_rpc_initialize(ADDR, NULL), 0);
	fd = env_stream_connect(ADDR);
	assert_string_equal(ask(fd, REQUEST), ANSWER);
	spdk_rpc_server_pause(ADDR);
	spdk_rpc_server_pause("/nix");
	assert_string_equal(ask(fd, REQUEST), "");
	spdk_rpc_server_resume(ADDR);
	spdk_rpc_server_resume(ADDR);
	spdk_rpc_server_resume("/nix");
	assert_string_equal(ask(fd, ""), ANSWER);
	env_stream_close(fd);
}

#define HALF "{\"method\":"

/* A timer is there while half a request is, and only then. */
static void
test_deadline(void **state)
{
	int fd;

	assert_int_equal(spdk_rpc_initialize(ADDR, NULL), 0);
	assert_int_equal(thread_count_pollers(ut_thread(0), THREAD_POLLERS_TIMED), 0);
	fd = env_stream_connect(ADDR);
	assert_string_equal(ask(fd, REQUEST), ANSWER);
	assert_int_equal(thread_count_pollers(ut_thread(0), THREAD_POLLERS_TIMED), 0);
	assert_string_equal(ask(fd, HALF), "");
	assert_int_equal(thread_count_pollers(ut_thread(0), THREAD_POLLERS_TIMED), 1);
	assert_string_equal(ask(fd, "\"log_get_level\",\"id\":1}"), ANSWER);
	assert_int_equal(thread_count_pollers(ut_thread(0), THREAD_POLLERS_TIMED), 0);
	assert_string_equal(ask(fd, HALF), "");
	poll_threads_us(29 * SPDK_SEC_TO_USEC);
	assert_string_equal(ask(fd, "\"log_get_level\",\"id\":1}" HALF), ANSWER);
	poll_threads_us(29 * SPDK_SEC_TO_USEC);
	assert_string_equal(ask(fd, " "), "");
	poll_threads_us(SPDK_SEC_TO_USEC);
	assert_int_equal(thread_count_pollers(ut_thread(0), THREAD_POLLERS_TIMED), 0);
	assert_non_null(strstr(ask(fd, ""), "-32700"));
	env_stream_close(fd);
}

static void
test_bad_opts(void **state)
{
	struct spdk_rpc_opts opts = { .size = 0 };
	char text[256] = "";
	int fd;

	assert_int_equal(spdk_rpc_initialize(ADDR, &opts), -EINVAL);
	opts.size = sizeof(opts);
	opts.log_level = SPDK_LOG_DISABLED;
	opts.log_file = fmemopen(text, sizeof(text), "w");
	assert_int_equal(spdk_rpc_initialize("", &opts), -EINVAL);
	assert_int_equal(spdk_rpc_initialize(ADDR, &opts), 0);
	fd = env_stream_connect(ADDR);
	assert_string_equal(ask(fd, REQUEST), ANSWER);
	assert_string_equal(text, "request: " REQUEST "\nresponse: " ANSWER);
	env_stream_close(fd);
	fclose(opts.log_file);
	spdk_rpc_finish();
	opts.log_file = NULL;
	assert_int_equal(spdk_rpc_initialize(ADDR, &opts), 0);
}

/* Each allocation and each call of the machine failing: an error, and nothing is left. */
static void
test_faults(void **state)
{
	static const enum env_fault_class classes[] = { ENV_FAULT_HEAP, ENV_FAULT_WAITER,
		                                        ENV_FAULT_STREAM };
	uint32_t fds = env_sim_fd_count();
	size_t i;
	uint64_t n;
	int rc;

	for (i = 0; i < SPDK_COUNTOF(classes); i++) {
		for (n = 1, rc = -1; rc != 0 && n < 100; n++) {
			env_sim_fail_nth(classes[i], n);
			rc = spdk_rpc_initialize(ADDR, NULL);
			env_fault_clear();
			assert_true(rc == 0 || rc == -ENOMEM || rc == -EINVAL);
			spdk_rpc_finish();
			poll_threads();
			assert_int_equal(env_sim_fd_count(), fds);
		}
		assert_in_range(n, 3, 99);
	}
}

int
main(void)
{
	uint32_t own_fds = 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate_setup_teardown(test_two_servers, setup, teardown,
		                                         &own_fds),
		cmocka_unit_test_prestate_setup_teardown(test_pause, setup, teardown, &own_fds),
		cmocka_unit_test_prestate_setup_teardown(test_deadline, setup, teardown, &own_fds),
		cmocka_unit_test_prestate_setup_teardown(test_faults, setup, teardown, &own_fds),
		cmocka_unit_test_prestate_setup_teardown(test_bad_opts, setup, teardown, &own_fds),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("init:rpc", tests, NULL, NULL);
}
