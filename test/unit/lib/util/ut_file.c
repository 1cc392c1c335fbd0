/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/file.h and spdk/fd.h on files of every awkward length, on what is no file, and out of
 * memory. */

#include "spdk/fd.h"
#include "spdk/file.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

static char g_path[] = "/tmp/ut_file.XXXXXX";

static void
put(const void *data, size_t len)
{
	FILE *f = fopen(g_path, "w");

	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static void
test_load(void **state)
{
	static const size_t lens[] = { 0, 1, 4095, 4096, 4097, 8192, 100000 };
	static uint8_t data[100000];
	size_t i, len;
	uint8_t *got;

	for (i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)(i * 13 + i / 256);
	}
	for (i = 0; i < SPDK_COUNTOF(lens); i++) {
		put(data, lens[i]);
		got = spdk_posix_file_load_from_name(g_path, &len);
		assert_int_equal(len, lens[i]);
		assert_memory_equal(got, data, len);
		free(got);
	}
	assert_null(spdk_posix_file_load_from_name("/nonexistent/file", &len));
	assert_int_equal(errno, ENOENT);
	assert_null(spdk_posix_file_load_from_name("/tmp", &len));
	assert_int_equal(errno, EISDIR);
}

static void
test_load_no_memory(void **state)
{
	static const uint8_t data[5000];
	FILE *f;
	size_t len;
	int nth;

	put(data, sizeof(data));
	for (nth = 1; nth <= 2; nth++) {
		f = fopen(g_path, "r");
		setvbuf(f, NULL, _IONBF, 0);
		fail_alloc_after(nth - 1);
		assert_null(spdk_posix_file_load(f, &len));
		fail_alloc_after(-1);
		fclose(f);
	}
}

static void
test_attribute(void **state)
{
	char *text, name[300];
	uint32_t number;
	size_t i;
	static const struct {
		const char *content;
		int rc;
		uint32_t number;
	} rows[] = {
		{ "12\n", 0, 12 },
		{ "0x1f\nmore", 0, 0x1f },
		{ "010", 0, 10 },
		{ "4294967295", 0, UINT32_MAX },
		{ "4294967296", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "x", -EINVAL, 0 },
		{ "", -ENODATA, 0 },
	};

	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		put(rows[i].content, strlen(rows[i].content));
		number = 0;
		assert_int_equal(spdk_read_sysfs_attribute_uint32(&number, "%s", g_path),
		                 rows[i].rc);
		assert_int_equal(number, rows[i].number);
	}
	put("a b\nc", 5);
	assert_int_equal(spdk_read_sysfs_attribute(&text, "/tmp/%s", g_path + 5), 0);
	assert_string_equal(text, "a b");
	free(text);
	assert_int_equal(spdk_read_sysfs_attribute(&text, "/nonexistent/%d", 1), -ENOENT);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(spdk_read_sysfs_attribute(&text, "/%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s", name,
	                                           name, name, name, name, name, name, name, name,
	                                           name, name, name, name, name, name),
	                 -ENAMETOOLONG);
}

static void
test_fd(void **state)
{
	int fd, pipe_fds[2];

	put("12345", 5);
	fd = open(g_path, O_RDONLY);
	assert_int_equal(spdk_fd_get_size(fd), 5);
	assert_true(spdk_fd_get_blocklen(fd) >= 512);
	close(fd);
	assert_int_equal(spdk_fd_get_size(fd), 0);
	assert_int_equal(spdk_fd_get_blocklen(fd), 0);
	assert_int_equal(spdk_fd_set_nonblock(fd), -EBADF);
	assert_int_equal(spdk_fd_clear_nonblock(fd), -EBADF);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(spdk_fd_get_size(pipe_fds[0]), 0);
	assert_int_equal(spdk_fd_set_nonblock(pipe_fds[0]), 0);
	assert_true(fcntl(pipe_fds[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(spdk_fd_clear_nonblock(pipe_fds[0]), 0);
	assert_false(fcntl(pipe_fds[0], F_GETFL) & O_NONBLOCK);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_no_memory),
		cmocka_unit_test(test_attribute),
		cmocka_unit_test(test_fd),
	};
	int rc;

	close(mkstemp(g_path));
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(g_path);
	return rc;
}
