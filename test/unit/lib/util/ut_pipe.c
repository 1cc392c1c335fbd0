/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/pipe.h: the ring at every fill and position, errors, and groups that share buffers. */

#include "spdk/pipe.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

static uint8_t g_next_in, g_next_out;

static uint32_t
put(struct spdk_pipe *pipe, uint32_t want)
{
	struct iovec iov[2];
	uint32_t i, n = 0;
	int v, rc;

	rc = spdk_pipe_writer_get_buffer(pipe, want, iov);
	assert_int_equal(rc, iov[0].iov_len + iov[1].iov_len);
	for (v = 0; v < 2; v++) {
		for (i = 0; i < iov[v].iov_len; i++, n++) {
			((uint8_t *)iov[v].iov_base)[i] = g_next_in++;
		}
	}
	assert_int_equal(spdk_pipe_writer_advance(pipe, n), 0);
	return n;
}

static uint32_t
get(struct spdk_pipe *pipe, uint32_t want)
{
	struct iovec iov[2];
	uint32_t i, n = 0;
	int v, rc;

	rc = spdk_pipe_reader_get_buffer(pipe, want, iov);
	assert_int_equal(rc, iov[0].iov_len + iov[1].iov_len);
	for (v = 0; v < 2; v++) {
		for (i = 0; i < iov[v].iov_len; i++, n++) {
			assert_int_equal(((uint8_t *)iov[v].iov_base)[i], g_next_out++);
		}
	}
	assert_int_equal(spdk_pipe_reader_advance(pipe, n), 0);
	return n;
}

/* Put a and get b, for all a and b, so that the ring passes through every state. */
static void
test_ring(void **state)
{
	uint8_t buf[7];
	struct spdk_pipe *pipe = spdk_pipe_create(buf, sizeof(buf));
	struct iovec iov[2];
	uint32_t a, b, used = 0, n;

	for (a = 0; a <= 9; a++) {
		for (b = 0; b <= 9; b++) {
			n = put(pipe, a);
			assert_int_equal(n, spdk_min(a, sizeof(buf) - used));
			used += n;
			assert_int_equal(spdk_pipe_reader_bytes_available(pipe), used);
			n = get(pipe, b);
			assert_int_equal(n, spdk_min(b, used));
			used -= n;
			assert_int_equal(spdk_pipe_reader_bytes_available(pipe), used);
		}
	}
	/* Empty, so that all of it lies in one piece again. */
	get(pipe, 9);
	assert_int_equal(put(pipe, 3), 3);
	assert_int_equal(get(pipe, 3), 3);
	assert_int_equal(spdk_pipe_writer_get_buffer(pipe, 9, iov), sizeof(buf));
	assert_ptr_equal(iov[0].iov_base, buf);
	assert_int_equal(iov[1].iov_len, 0);
	assert_ptr_equal(spdk_pipe_destroy(pipe), buf);
	assert_null(spdk_pipe_destroy(NULL));
}

static void
test_errors(void **state)
{
	uint8_t buf[8];
	struct spdk_pipe *pipe = spdk_pipe_create(buf, sizeof(buf));
	struct spdk_pipe *none = spdk_pipe_create(NULL, 0);
	struct iovec iov[2];

	assert_int_equal(spdk_pipe_writer_advance(pipe, 9), -EINVAL);
	assert_int_equal(spdk_pipe_writer_advance(pipe, UINT32_MAX), -EINVAL);
	assert_int_equal(spdk_pipe_writer_advance(pipe, 5), 0);
	assert_int_equal(spdk_pipe_writer_advance(pipe, 4), -EINVAL);
	assert_int_equal(spdk_pipe_reader_advance(pipe, 6), -EINVAL);
	assert_int_equal(spdk_pipe_reader_bytes_available(pipe), 5);
	assert_int_equal(spdk_pipe_writer_get_buffer(none, 5, iov), 0);
	assert_int_equal(spdk_pipe_reader_get_buffer(none, 5, iov), 0);
	assert_int_equal(spdk_pipe_writer_advance(none, 1), -EINVAL);
	assert_int_equal(spdk_pipe_reader_advance(none, 1), -EINVAL);
	spdk_pipe_destroy(pipe);
	spdk_pipe_destroy(none);
	fail_alloc_after(0);
	assert_null(spdk_pipe_create(buf, 8));
	fail_alloc_after(0);
	assert_null(spdk_pipe_group_create());
	fail_alloc_after(-1);
	assert_int_equal(fail_alloc_held(), 0);
}

static uint64_t g_bufs[3][8];

/* The buffer used last is handed out first, and everyone leaves with one. */
static void
test_group(void **state)
{
	struct spdk_pipe_group *group = spdk_pipe_group_create();
	struct spdk_pipe *pipes[3];
	struct iovec iov[2];
	uintptr_t sum = 0;
	void *buf;
	int i;

	g_next_out = g_next_in;
	for (i = 0; i < 3; i++) {
		pipes[i] = spdk_pipe_create(g_bufs[i], sizeof(g_bufs[i]));
		assert_int_equal(spdk_pipe_group_add(group, pipes[i]), 0);
		assert_int_equal(spdk_pipe_group_add(group, pipes[i]), -EINVAL);
	}
	assert_int_equal(put(pipes[0], 5), 5);
	spdk_pipe_reader_get_buffer(pipes[0], 5, iov);
	assert_ptr_equal(iov[0].iov_base, g_bufs[2]);
	assert_int_equal(get(pipes[0], 5), 5);
	assert_int_equal(put(pipes[1], 64), 64); /* the same one, still warm */
	spdk_pipe_reader_get_buffer(pipes[1], 64, iov);
	assert_ptr_equal(iov[0].iov_base, g_bufs[2]);
	/* Taken to be written, nothing came, given back. */
	spdk_pipe_writer_get_buffer(pipes[2], 8, iov);
	assert_ptr_equal(iov[0].iov_base, g_bufs[1]);
	assert_int_equal(spdk_pipe_writer_advance(pipes[2], 0), 0);
	spdk_pipe_writer_get_buffer(pipes[0], 8, iov);
	assert_ptr_equal(iov[0].iov_base, g_bufs[1]);
	assert_int_equal(spdk_pipe_group_remove(group, pipes[1]), 0);
	assert_int_equal(spdk_pipe_group_remove(group, pipes[1]), -EINVAL);
	assert_int_equal(get(pipes[1], 64), 64); /* kept its bytes */
	for (i = 0; i < 3; i++) {
		buf = spdk_pipe_destroy(pipes[i]);
		assert_non_null(buf);
		sum += (uintptr_t)buf;
	}
	assert_int_equal(sum, (uintptr_t)g_bufs[0] + (uintptr_t)g_bufs[1] + (uintptr_t)g_bufs[2]);
	spdk_pipe_group_destroy(group);
	spdk_pipe_group_destroy(NULL);
	assert_int_equal(fail_alloc_held(), 0);
}

static void
test_group_errors(void **state)
{
	struct spdk_pipe_group *group = spdk_pipe_group_create();
	struct spdk_pipe_group *other = spdk_pipe_group_create();
	struct spdk_pipe *small = spdk_pipe_create(g_bufs[0], 8);
	struct spdk_pipe *odd = spdk_pipe_create((uint8_t *)g_bufs[1] + 1, 32);
	struct spdk_pipe *full = spdk_pipe_create(g_bufs[2], 64);

	assert_int_equal(spdk_pipe_group_add(group, small), -EINVAL);
	assert_int_equal(spdk_pipe_group_add(group, odd), -EINVAL);
	g_next_out = g_next_in;
	put(full, 9);
	assert_int_equal(spdk_pipe_group_add(group, full), 0);
	assert_int_equal(spdk_pipe_group_remove(other, full), -EINVAL);
	assert_int_equal(spdk_pipe_group_remove(NULL, small), -EINVAL);
	assert_int_equal(get(full, 9), 9);
	spdk_pipe_destroy(full);
	spdk_pipe_destroy(small);
	spdk_pipe_destroy(odd);
	spdk_pipe_group_destroy(group);
	spdk_pipe_group_destroy(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_group_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
