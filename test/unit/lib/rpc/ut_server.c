/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Servers by the public functions: JSON-RPC at a socket address, RPC at a text; and the log of
 * requests. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/un.h>

#include "spdk/jsonrpc.h"
#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk_internal/env_sim.h"

#define REQUEST "{\"method\":\"x\",\"id\":1}"
#define ANSWER "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n"

static char g_log[1024];

static void
take_log(int level, const char *file, const int line, const char *func, const char *format,
         va_list args)
{
	size_t len = strlen(g_log);

	assert_int_equal(level, SPDK_LOG_NOTICE);
	vsnprintf(g_log + len, sizeof(g_log) - len, format, args);
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	return spdk_env_init(&opts);
}

static int
teardown(void **state)
{
	assert_int_equal(env_sim_fd_count(), 0);
	spdk_env_fini();
	return 0;
}

static void
handle(struct spdk_jsonrpc_request *request, const struct spdk_json_val *method,
       const struct spdk_json_val *params)
{
	spdk_jsonrpc_send_bool_response(request, true);
}

static void
expect_answer(int fd, const char *want)
{
	char text[256];
	ssize_t n = env_stream_recv(fd, text, sizeof(text) - 1);

	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, want));
}

/* A server at a socket address, reached by the same address as text. */
static void
check_address(int domain, void *addr, socklen_t len, const char *text)
{
	struct spdk_jsonrpc_server *server;
	int fd, i;

	server = spdk_jsonrpc_server_listen(domain, 0, addr, len, handle);
	assert_non_null(server);
	assert_null(spdk_jsonrpc_server_listen(domain, 0, addr, len, handle)); /* taken */
	fd = env_stream_connect(text);
	assert_true(fd >= 0);
	assert_int_equal(env_stream_send(fd, REQUEST, strlen(REQUEST)), strlen(REQUEST));
	for (i = 0; i < 4; i++) {
		assert_int_equal(spdk_jsonrpc_server_poll(server), 0);
	}
	expect_answer(fd, ANSWER);
	env_stream_close(fd);
	spdk_jsonrpc_server_shutdown(server);
}

static void
test_addresses(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/sim/rpc" };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(7) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(8) };

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in6.sin6_addr = in6addr_loopback;
	check_address(AF_UNIX, &un, sizeof(un), "/sim/rpc");
	check_address(AF_INET, &in, sizeof(in), "127.0.0.1:7");
	check_address(AF_INET6, &in6, sizeof(in6), "[::1]:8");
	assert_null(spdk_jsonrpc_server_listen(AF_UNIX, 0, (void *)&un, 1, handle));
	assert_null(spdk_jsonrpc_server_listen(AF_INET, 0, (void *)&in, 4, handle));
	assert_null(spdk_jsonrpc_server_listen(AF_PACKET, 0, (void *)&in, sizeof(in), handle));
}

static void
test_log(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/sim/rpc" };

	spdk_log_open(take_log);
	spdk_jsonrpc_set_log_level(SPDK_LOG_NOTICE);
	check_address(AF_UNIX, &un, sizeof(un), "/sim/rpc");
	assert_string_equal(g_log, "request: " REQUEST "\nresponse: "
	                           "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n");
	spdk_jsonrpc_set_log_level(SPDK_LOG_DISABLED);
	g_log[0] = '\0';
	check_address(AF_UNIX, &un, sizeof(un), "/sim/rpc");
	assert_string_equal(g_log, "");
	spdk_log_close();
}

/* The methods of this library, at a text. */
static void
test_rpc_server(void **state)
{
	struct spdk_rpc_server *server;
	int fd, i;

	server = spdk_rpc_server_listen("/sim/rpc");
	assert_non_null(server);
	assert_null(spdk_rpc_server_listen("/sim/rpc"));
	fd = env_stream_connect("/sim/rpc");
	assert_true(fd >= 0);
	assert_int_equal(env_stream_send(fd, REQUEST, strlen(REQUEST)), strlen(REQUEST));
	for (i = 0; i < 4; i++) {
		spdk_rpc_server_accept(server);
	}
	expect_answer(fd, "\"code\":-32601");
	env_stream_close(fd);
	spdk_rpc_server_close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rpc_server, setup, teardown),
	};

	return cmocka_run_group_tests_name("rpc_server", tests, NULL, NULL);
}
