/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* module/keyring/linux on a kernel that this test plays: off unless it was enabled, keys found by
 * name and forgotten with their last holder, keys that others may use, long and expired ones. */

#include "keyring_linux.h"

#include "spdk/json.h"
#include "spdk/keyring.h"
#include "spdk/keyring_module.h"

#include <setjmp.h>
#include <cmocka.h>

#define SERIAL 0x12345678

static struct {
	int32_t find_rc;
	int64_t permissions;
	int64_t read_rc; /* 0: the secret */
	uint32_t num_found;
} g_kernel;

int32_t
kernel_key_find(const char *name)
{
	g_kernel.num_found++;
	return strcmp(name, ":basalt:k") == 0 ? g_kernel.find_rc : -ENOKEY;
}

int64_t
kernel_key_permissions(int32_t serial)
{
	assert_int_equal(serial, SERIAL);
	return g_kernel.permissions;
}

int64_t
kernel_key_read(int32_t serial, void *buf, size_t len_bytes)
{
	assert_int_equal(serial, SERIAL);
	if (g_kernel.read_rc != 0) {
		return g_kernel.read_rc;
	}
	memcpy(buf, "secret", len_bytes < 6 ? len_bytes : 6);
	return 6;
}

static int
collect(void *text, const void *data, size_t size)
{
	strncat(text, data, size);
	return 0;
}

static void
expect_config(const char *want)
{
	char text[128] = "";
	struct spdk_json_write_ctx *w = spdk_json_write_begin(collect, text, 0);

	spdk_keyring_write_config(w);
	assert_int_equal(spdk_json_write_end(w), 0);
	assert_string_equal(text, want);
}

static void
test_off(void **state)
{
	keyring_linux_enable(false);
	assert_false(keyring_linux_is_enabled());
	assert_int_equal(spdk_keyring_init(), 0);
	assert_null(spdk_keyring_get_key(":basalt:k"));
	assert_int_equal(g_kernel.num_found, 0);
	expect_config("[]");
}

static void
start(void)
{
	keyring_linux_enable(true);
	assert_true(keyring_linux_is_enabled());
	assert_int_equal(spdk_keyring_init(), 0);
}

static void
write_info(void *w, struct spdk_key *key)
{
	spdk_json_write_object_begin(w);
	spdk_key_get_module(key)->dump_info(key, w);
	spdk_json_write_object_end(w);
}

static void
test_key(void **state)
{
	char buf[8] = "", text[64] = "";
	struct spdk_json_write_ctx *w = spdk_json_write_begin(collect, text, 0);
	struct spdk_key *key;

	start();
	expect_config("[{\"method\":\"keyring_linux_set_options\",\"params\":{\"enable\":true}}]");
	assert_null(spdk_keyring_get_key("absent"));
	key = spdk_keyring_get_key(":basalt:k");
	assert_non_null(key);
	assert_string_equal(spdk_key_get_module(key)->name, "keyring_linux");
	assert_int_equal(spdk_key_get_key(key, buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "secret", 6);
	assert_int_equal(spdk_key_get_key(key, buf, 6), 6);
	assert_int_equal(spdk_key_get_key(key, buf, 5), -ENOBUFS);
	assert_memory_equal(buf, "\0\0\0\0\0", 5);
	g_kernel.read_rc = -EKEYEXPIRED;
	assert_int_equal(spdk_key_get_key(key, buf, sizeof(buf)), -EKEYEXPIRED);
	g_kernel.permissions = 0x3f010002; /* looked at each time */
	assert_int_equal(spdk_key_get_key(key, buf, sizeof(buf)), -EPERM);
	spdk_keyring_for_each_key(NULL, w, write_info, 0);
	assert_int_equal(spdk_json_write_end(w), 0);
	assert_string_equal(text, "{\"sn\":305419896}");
	spdk_keyring_put_key(key);
	g_kernel.find_rc = -ENOKEY;
	assert_null(spdk_keyring_get_key(":basalt:k"));
}

static void
test_permissions(void **state)
{
	static const struct {
		int64_t permissions;
		bool found;
	} cases[] = { { 0x3f010000, true },  { 0x3f3f0000, true },  { 0x3f010001, false },
		      { 0x3f010200, false }, { 0x3f01003f, false }, { -EACCES, false } };
	struct spdk_key *key;
	size_t i;

	start();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		g_kernel.permissions = cases[i].permissions;
		key = spdk_keyring_get_key(":basalt:k");
		assert_int_equal(key != NULL, cases[i].found);
		spdk_keyring_put_key(key);
	}
}

static int
setup(void **state)
{
	memset(&g_kernel, 0, sizeof(g_kernel));
	g_kernel.find_rc = SERIAL;
	g_kernel.permissions = 0x3f010000;
	return 0;
}

static int
teardown(void **state)
{
	spdk_keyring_cleanup();
	keyring_linux_enable(false);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_off),
		TEST(test_key),
		TEST(test_permissions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
