/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Files that grow at their end. */

#include "suite.h"

static char g_path[128], g_other[136];

static int
setup(void **state)
{
	snprintf(g_path, sizeof(g_path), "%s/file", suite_dir());
	snprintf(g_other, sizeof(g_other), "%s.new", g_path);
	return suite_env_start(NULL, 0);
}

static int
teardown(void **state)
{
	env_fault_clear();
	env_file_remove(g_path);
	env_file_remove(g_other);
	spdk_env_fini();
	return 0;
}

static void
expect_content(const char *path, const char *text)
{
	size_t len;
	void *data;

	assert_int_equal(env_file_load(path, 1000, &data, &len), 0);
	assert_string_equal(data, text);
	assert_int_equal(len, strlen(text));
	free(data);
}

static void
test_append(void **state)
{
	int fd, rc;

	assert_int_equal(env_file_open(g_path), -ENOENT);
	fd = env_file_create(g_path);
	assert_true(fd >= 0);
	expect_content(g_path, "");
	assert_int_equal(env_file_append(fd, "one", 3), 0);
	assert_int_equal(env_file_append(fd, "", 0), 0);
	rc = env_file_reserve(fd, 100000);
	assert_true(rc == 0 || rc == -EOPNOTSUPP);
	expect_content(g_path, "one");
	assert_int_equal(env_file_append(fd, "two", 3), 0);
	assert_int_equal(env_file_sync(fd), 0);
	expect_content(g_path, "onetwo");
	assert_int_equal(env_file_truncate(fd, 4), 0);
	expect_content(g_path, "onet");
	assert_int_equal(env_file_append(fd, "3", 1), 0);
	env_file_close(fd);
	fd = env_file_open(g_path);
	assert_int_equal(env_file_append(fd, "4", 1), 0);
	env_file_close(fd);
	expect_content(g_path, "onet34");
	fd = env_file_create(g_path); /* empties it */
	expect_content(g_path, "");
	env_file_close(fd);
	assert_int_equal(env_file_sync(fd), -EBADF);
	assert_int_equal(env_file_append(fd, "5", 1), -EBADF);
	assert_int_equal(env_file_truncate(fd, 0), -EBADF);
	assert_int_equal(env_file_reserve(fd, 10), -EBADF);
}

static void
test_rename(void **state)
{
	int fd;

	assert_int_equal(env_file_rename(g_other, g_path), -ENOENT);
	fd = env_file_create(g_path);
	assert_int_equal(env_file_append(fd, "old", 3), 0);
	env_file_close(fd);
	fd = env_file_create(g_other);
	assert_int_equal(env_file_append(fd, "new", 3), 0);
	assert_int_equal(env_file_rename(g_other, g_path), 0);
	assert_int_equal(env_file_sync_folder(g_path), 0);
	assert_int_equal(env_file_open(g_other), -ENOENT);
	assert_int_equal(env_file_append(fd, "er", 2), 0); /* it goes on under its new name */
	env_file_close(fd);
	expect_content(g_path, "newer");
	assert_int_equal(env_file_remove(g_path), 0);
	assert_int_equal(env_file_remove(g_path), -ENOENT);
	assert_int_equal(env_file_open(g_path), -ENOENT);
}

static void
fail_next(void)
{
	env_fault_nth(ENV_FAULT_FILE, 1);
}

static void
test_faults(void **state)
{
	int fd;

	fail_next();
	assert_int_equal(env_file_create(g_path), -EIO);
	fd = env_file_create(g_path);
	assert_true(fd >= 0);
	fail_next();
	assert_int_equal(env_file_open(g_path), -EIO);
	fail_next();
	assert_int_equal(env_file_append(fd, "1", 1), -EIO);
	fail_next();
	assert_int_equal(env_file_sync(fd), -EIO);
	fail_next();
	assert_int_equal(env_file_truncate(fd, 0), -EIO);
	fail_next();
	assert_int_equal(env_file_reserve(fd, 1), -EIO);
	fail_next();
	assert_int_equal(env_file_rename(g_path, g_other), -EIO);
	fail_next();
	assert_int_equal(env_file_sync_folder(g_path), -EIO);
	env_file_close(fd);
	expect_content(g_path, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_append, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rename, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
	};

	return cmocka_run_group_tests_name("env_file", tests, NULL, NULL);
}
