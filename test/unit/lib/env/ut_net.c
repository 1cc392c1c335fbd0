/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/net.h: addresses as text and numbers, interfaces, and both ends of real descriptors. */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>
#include <net/if.h>
#include <sys/socket.h>

#include "spdk/net.h"
#include "spdk/util.h"

static void
test_address_string(void **state)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr other = { .sa_family = AF_UNIX };
	char text[64];

	assert_int_equal(spdk_net_get_address_string((struct sockaddr *)&in4, text, 10), 0);
	assert_string_equal(text, "192.0.2.1");
	assert_int_equal(spdk_net_get_address_string((struct sockaddr *)&in4, text, 9), -ENOSPC);
	assert_int_equal(spdk_net_get_address_string((struct sockaddr *)&in6, text, sizeof(text)),
	                 0);
	assert_string_equal(text, "::1");
	assert_int_equal(spdk_net_get_address_string(&other, text, sizeof(text)), -EAFNOSUPPORT);
	assert_int_equal(spdk_net_get_address_string(NULL, text, sizeof(text)), -EINVAL);
	assert_int_equal(spdk_net_get_address_string(&other, NULL, sizeof(text)), -EINVAL);
}

static void
test_compare(void **state)
{
	static const struct {
		int family;
		const char *a, *b;
		int rc, sign;
	} rows[] = {
		{ AF_INET, "192.0.2.1", "192.0.2.1", 0, 0 },
		{ AF_INET, "192.0.2.1", "192.0.2.2", 0, -1 },
		{ AF_INET, "200.0.0.0", "192.0.2.2", 0, 1 },
		{ AF_INET6, "::1", "0:0:0:0:0:0:0:1", 0, 0 },
		{ AF_INET6, "FE80::A", "fe80::a", 0, 0 },
		{ AF_INET6, "fe80::a", "fe80::b", 0, -1 },
		{ AF_INET6, "::1", "127.0.0.1", -EINVAL, 0 },
		{ AF_INET, "::1", "127.0.0.1", -EINVAL, 0 },
		{ AF_INET, "127.0.0.1", "localhost", -EINVAL, 0 },
		{ AF_INET, "127.0.0.1", "", -EINVAL, 0 },
		{ AF_UNIX, "a", "a", -EAFNOSUPPORT, 0 },
		{ AF_INET, NULL, "127.0.0.1", -EINVAL, 0 },
		{ AF_INET, "127.0.0.1", NULL, -EINVAL, 0 },
	};
	size_t i;
	int cmp;

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		cmp = 4711;
		assert_int_equal(
		        spdk_net_compare_address(rows[i].family, rows[i].a, rows[i].b, &cmp),
		        rows[i].rc);
		if (rows[i].rc == 0) {
			assert_int_equal((cmp > 0) - (cmp < 0), rows[i].sign);
		} else {
			assert_int_equal(cmp, 4711);
		}
	}
	assert_int_equal(spdk_net_compare_address(AF_INET, "127.0.0.1", "127.0.0.1", NULL),
	                 -EINVAL);
}

static void
test_interface(void **state)
{
	char name[IF_NAMESIZE];

	assert_int_equal(spdk_net_get_interface_name("127.0.0.1", name, sizeof(name)), 0);
	assert_int_not_equal(if_nametoindex(name), 0);
	assert_int_equal(spdk_net_get_interface_name("127.0.0.1", name, strlen(name) + 1), 0);
	assert_int_equal(spdk_net_get_interface_name("127.0.0.1", name, strlen(name)), -ENOSPC);
	assert_int_equal(spdk_net_get_interface_name("192.0.2.1", name, sizeof(name)), -ENODEV);
	assert_int_equal(spdk_net_get_interface_name("localhost", name, sizeof(name)), -EINVAL);
	assert_int_equal(spdk_net_get_interface_name(NULL, name, sizeof(name)), -EINVAL);
	assert_int_equal(spdk_net_get_interface_name("127.0.0.1", NULL, 0), -EINVAL);
}

/* A listener, a client from another address of the same interface. */
static void
test_ends(void **state)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000005) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	uint16_t lport = 0, pport = 0, port = 0;
	char laddr[64], paddr[64];
	socklen_t len = sizeof(sa);

	assert_int_equal(bind(listener, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(spdk_net_getaddr(listener, laddr, sizeof(laddr), &port, NULL, 0, NULL), 0);
	assert_string_equal(laddr, "127.0.0.1");
	assert_int_equal(port, ntohs(sa.sin_port));
	assert_int_equal(spdk_net_getaddr(listener, NULL, 0, NULL, paddr, sizeof(paddr), NULL), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_true(spdk_net_is_loopback(listener));

	assert_int_equal(bind(client, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(spdk_net_getaddr(client, laddr, sizeof(laddr), &lport, paddr,
	                                  sizeof(paddr), &pport),
	                 0);
	assert_string_equal(laddr, "127.0.0.5");
	assert_string_equal(paddr, "127.0.0.1");
	assert_int_equal(pport, port);
	assert_int_not_equal(lport, 0);
	assert_int_equal(spdk_net_getaddr(client, laddr, 3, NULL, NULL, 0, NULL), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(spdk_net_getaddr(client, NULL, 0, NULL, NULL, 0, &pport), 0);
	assert_true(spdk_net_is_loopback(client)); /* though lo itself has another address */
	close(client);
	close(listener);
}

static void
test_not_ip(void **state)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fds[2], udp = socket(AF_INET, SOCK_DGRAM, 0);
	uint16_t port = 1;
	char addr[8] = "x";

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(spdk_net_getaddr(fds[0], addr, sizeof(addr), &port, NULL, 0, NULL), 0);
	assert_string_equal(addr, "");
	assert_int_equal(port, 0);
	assert_false(spdk_net_is_loopback(fds[0]));
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(spdk_net_getaddr(fds[0], addr, sizeof(addr), NULL, NULL, 0, NULL), -1);
	assert_int_equal(errno, EBADF);
	assert_false(spdk_net_is_loopback(fds[0]));
	/* Bound to no address. */
	assert_int_equal(bind(udp, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_false(spdk_net_is_loopback(udp));
	close(udp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_string), cmocka_unit_test(test_compare),
		cmocka_unit_test(test_interface),      cmocka_unit_test(test_ends),
		cmocka_unit_test(test_not_ip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
