/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/module/keyring/file.h: which files may be trusted with a secret, at add and at each use; how
 * much of it is read; what the configuration says. */

#include "spdk/env.h"
#include "spdk/json.h"
#include "spdk/keyring.h"
#include "spdk/keyring_module.h"
#include "spdk/module/keyring/file.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <sys/stat.h>

#include <setjmp.h>
#include <cmocka.h>

static char g_dir[] = "/tmp/basalt_ut_keyring_XXXXXX";
static char g_path[64];

static void
file_write(const char *text, size_t len, mode_t mode)
{
	FILE *file = fopen(g_path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(g_path, mode), 0);
}

static void
test_add(void **state)
{
	static const struct {
		mode_t mode;
		int rc;
	} modes[] = { { 0600, 0 },      { 0400, 0 },      { 0700, 0 },
		      { 0640, -EPERM }, { 0620, -EPERM }, { 0610, -EPERM },
		      { 0604, -EPERM }, { 0602, -EPERM }, { 0601, -EPERM } };
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(modes); i++) {
		file_write("s", 1, modes[i].mode);
		assert_int_equal(spdk_keyring_file_add_key("k", g_path), modes[i].rc);
		assert_int_equal(spdk_keyring_file_remove_key("k"), modes[i].rc == 0 ? 0 : -ENOKEY);
	}
	assert_int_equal(spdk_keyring_file_add_key("k", "relative"), -EPERM);
	assert_int_equal(spdk_keyring_file_add_key("k", ""), -EPERM);
	assert_int_equal(spdk_keyring_file_add_key("k", NULL), -EINVAL);
	assert_int_equal(spdk_keyring_file_add_key("", g_path), -EINVAL);
	assert_int_equal(spdk_keyring_file_add_key(NULL, g_path), -EINVAL);
	assert_int_equal(chmod(g_dir, 0700), 0);
	assert_int_equal(spdk_keyring_file_add_key("k", g_dir), -EPERM);
	unlink(g_path);
	assert_int_equal(spdk_keyring_file_add_key("k", g_path), -ENOENT);
	assert_int_equal(mkfifo(g_path, 0600), 0);
	assert_int_equal(spdk_keyring_file_add_key("k", g_path), -EPERM); /* and it did not hang */
	unlink(g_path);
	file_write("s", 1, 0600);
	assert_int_equal(spdk_keyring_file_add_key("k", g_path), 0);
	assert_int_equal(spdk_keyring_file_add_key("k", g_path), -EEXIST);
	if (getuid() == 0) {
		assert_int_equal(chown(g_path, 1, 1), 0);
		assert_int_equal(spdk_keyring_file_add_key("l", g_path), -EPERM);
	}
}

static void
test_secret(void **state)
{
	struct spdk_key *key;
	char buf[16] = "";

	file_write("NVMeTLS\n\0x", 10, 0600);
	assert_int_equal(spdk_keyring_file_add_key("k", g_path), 0);
	key = spdk_keyring_get_key("k");
	assert_string_equal(spdk_key_get_module(key)->name, "keyring_file");
	assert_int_equal(spdk_key_get_key(key, buf, sizeof(buf)), 10);
	assert_memory_equal(buf, "NVMeTLS\n\0x", 10);
	assert_int_equal(spdk_key_get_key(key, buf, 10), 10);
	assert_int_equal(spdk_key_get_key(key, buf, 9), -ENOBUFS);
	assert_memory_equal(buf, "\0\0\0\0\0\0\0\0\0", 9);
	assert_int_equal(spdk_key_get_key(key, buf, 0), -ENOBUFS);
	file_write("new", 3, 0600);
	assert_int_equal(spdk_key_get_key(key, buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "new", 3);
	file_write("", 0, 0600);
	assert_int_equal(spdk_key_get_key(key, buf, sizeof(buf)), 0);
	file_write("new", 3, 0644); /* looked at each time */
	assert_int_equal(spdk_key_get_key(key, buf, sizeof(buf)), -EPERM);
	unlink(g_path);
	assert_int_equal(spdk_key_get_key(key, buf, sizeof(buf)), -ENOENT);
	assert_int_equal(spdk_keyring_file_remove_key("k"), 0);
	assert_int_equal(spdk_keyring_file_remove_key("k"), -ENOKEY);
	assert_int_equal(spdk_key_get_key(key, buf, sizeof(buf)), -ENOKEY);
	spdk_keyring_put_key(key);
}

static int
collect(void *text, const void *data, size_t size)
{
	strncat(text, data, size);
	return 0;
}

static void
test_config(void **state)
{
	struct spdk_key *key;
	struct spdk_json_write_ctx *w;
	char text[512] = "", want[512];

	file_write("secret", 6, 0600);
	spdk_keyring_file_add_key("k1", g_path);
	spdk_keyring_file_add_key("k2", g_path);
	key = spdk_keyring_get_key("k1");
	spdk_keyring_file_remove_key("k1"); /* held, and yet no configuration any more */
	w = spdk_json_write_begin(collect, text, 0);
	spdk_keyring_write_config(w);
	assert_int_equal(spdk_json_write_end(w), 0);
	snprintf(want, sizeof(want),
	         "[{\"method\":\"keyring_file_add_key\","
	         "\"params\":{\"name\":\"k2\",\"path\":\"%s\"}}]",
	         g_path);
	assert_string_equal(text, want);
	spdk_keyring_put_key(key);
}

static void
test_no_memory(void **state)
{
	int n, rc = -ENOMEM;

	file_write("s", 1, 0600);
	for (n = 0; rc != 0; n++) {
		fail_alloc_after(n);
		rc = spdk_keyring_file_add_key("k", g_path);
		fail_alloc_after(-1);
		assert_true(rc == 0 || rc == -ENOMEM);
	}
	assert_int_equal(n, 3); /* the key, its path, and then it works */
}

static int
setup(void **state)
{
	*state = (void *)fail_alloc_held();
	return spdk_keyring_init();
}

static int
teardown(void **state)
{
	unlink(g_path);
	spdk_keyring_cleanup();
	return fail_alloc_held() == (long)*state ? 0 : -1;
}

static int
group_setup(void **state)
{
	FILE *file;

	if (mkdtemp(g_dir) == NULL) {
		return -1;
	}
	snprintf(g_path, sizeof(g_path), "%s/key", g_dir);
	/* Once for nothing: what the C library keeps does not count. */
	file = fopen(g_path, "w");
	return file != NULL ? fclose(file) : -1;
}

static int
group_teardown(void **state)
{
	return rmdir(g_dir);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add),
		TEST(test_secret),
		TEST(test_config),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
