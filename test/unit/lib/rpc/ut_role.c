/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Rules of roles, who gets which, and that every method that changes something asks for one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rpc_internal.h"
#include "spdk_internal/env_sim.h"

struct spec {
	const char *text;
	int rc;
};

static const struct spec specs[] = {
	{ "user:1000=observe", 0 },
	{ "user:0=operate", 0 },
	{ "group:4294967294=admin", 0 },
	{ "tcp=observe", 0 },
	{ "", -EINVAL },
	{ "user:1000", -EINVAL },
	{ "user:1000=", -EINVAL },
	{ "user:1000=root", -EINVAL },
	{ "user:=admin", -EINVAL },
	{ "user=admin", -EINVAL },
	{ "group:=admin", -EINVAL },
	{ "tcp:1=admin", -EINVAL },
	{ "1000=admin", -EINVAL },
	{ "user:4294967295=admin", -EINVAL }, /* the kernel's "nobody" */
	{ "user:99999999999999999999=admin", -EINVAL },
	{ "user:-1=admin", -ENOENT },
	{ "user:nobody we know=admin", -ENOENT },
	{ "group:1x=admin", -ENOENT },
};

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
	rpc_roles_clear();
	spdk_env_fini();
	return 0;
}

static void
test_specs(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(specs); i++) {
		rpc_roles_clear();
		if (rpc_role_add(specs[i].text) != specs[i].rc) {
			fail_msg("%s", specs[i].text);
		}
		assert_int_equal(rpc_roles_have_others(),
		                 specs[i].rc == 0 && specs[i].text[0] != 't');
	}
	rpc_roles_clear();
	for (i = 0; i < 256; i++) {
		assert_int_equal(rpc_role_add("user:7=admin"), 0);
	}
	assert_int_equal(rpc_role_add("user:7=admin"), -ENOSPC);
}

static int
role_of(int64_t uid, int64_t gid)
{
	struct env_peer peer = { .pid = 1, .uid = uid, .gid = gid };

	return rpc_role_of(-1, &peer);
}

static void
test_who(void **state)
{
	/* Without rules: root, ourselves (root here), and TCP. */
	assert_int_equal(role_of(0, 0), RPC_ROLE_ADMIN);
	assert_int_equal(role_of(1000, 0), -EACCES);
	assert_int_equal(role_of(-1, -1), RPC_ROLE_ADMIN);
	assert_int_equal(rpc_role_add("user:1000=observe"), 0);
	assert_int_equal(rpc_role_add("group:50=operate"), 0);
	assert_int_equal(rpc_role_add("user:1001=admin"), 0);
	assert_int_equal(rpc_role_add("user:0=observe"), 0); /* root stays what it is */
	assert_int_equal(role_of(0, 0), RPC_ROLE_ADMIN);
	assert_int_equal(role_of(1000, 1), RPC_ROLE_OBSERVE);
	assert_int_equal(role_of(1000, 50), RPC_ROLE_OPERATE); /* the best that fits */
	assert_int_equal(role_of(1001, 50), RPC_ROLE_ADMIN);
	assert_int_equal(role_of(1002, 50), RPC_ROLE_OPERATE);
	assert_int_equal(role_of(1002, 51), -EACCES);
	assert_int_equal(role_of(50, 1000), -EACCES); /* users are no groups */
	assert_int_equal(role_of(-1, -1), RPC_ROLE_ADMIN);
	assert_int_equal(rpc_role_add("tcp=operate"), 0);
	assert_int_equal(rpc_role_add("tcp=admin"), 0);
	assert_int_equal(role_of(-1, -1), RPC_ROLE_OPERATE);
	assert_string_equal(rpc_role_name(RPC_ROLE_OBSERVE), "observe");
	assert_string_equal(rpc_role_name(RPC_ROLE_OPERATE), "operate");
	assert_string_equal(rpc_role_name(RPC_ROLE_ADMIN), "admin");
	rpc_roles_clear();
	assert_int_equal(role_of(1000, 50), -EACCES);
}

static void
check_entry(void *ctx, const struct rpc_entry *entry)
{
	const char *name = entry->name;
	bool reads = strstr(name, "_get_") != NULL || strstr(name, "_get") != NULL ||
	             strstr(name, "wait") != NULL;

	if (entry->method == NULL) {
		return;
	}
	if (entry->method->changes_config && entry->method->role != RPC_ROLE_ADMIN) {
		fail_msg("%s changes the configuration and asks for no admin", name);
	}
	if (entry->method->role == RPC_ROLE_OBSERVE && !reads) {
		fail_msg("%s is for observers, and does not look as if it only read", name);
	}
	(*(int *)ctx)++;
}

static void
test_tables(void **state)
{
	int num = 0;

	rpc_for_each(check_entry, &num);
	assert_in_range(num, 80, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_specs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tables, setup, teardown),
	};

	return cmocka_run_group_tests_name("rpc_role", tests, NULL, NULL);
}
