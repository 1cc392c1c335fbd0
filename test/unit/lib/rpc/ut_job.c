/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Jobs: what a client sees of one through its life, an early end, what stays of those that ended,
 * and that nothing stays when the servers are gone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "basalt/job.h"
#include "spdk/init.h"
#include "spdk/rpc.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "ut_threads.h"

#define ADDR "/sim/job"

struct work {
	struct basalt_job *job;
	uint64_t done;
	uint64_t total;
	uint32_t cancels;
	bool ends_at_once; /* when it is cancelled */
};

static int g_fd;

static int
setup(void **state)
{
	ut_threads_start(1);
	set_thread(0);
	spdk_rpc_set_state(SPDK_RPC_RUNTIME);
	assert_int_equal(spdk_rpc_initialize(ADDR, NULL), 0);
	g_fd = env_stream_connect(ADDR);
	return g_fd >= 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	env_stream_close(g_fd);
	spdk_rpc_finish();
	poll_threads();
	assert_int_equal(env_sim_fd_count(), 0);
	ut_threads_stop();
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	return 0;
}

static void
get_progress(void *ctx, uint64_t *done, uint64_t *total)
{
	struct work *work = ctx;

	*done = work->done;
	*total = work->total;
}

static void
cancel(void *ctx)
{
	struct work *work = ctx;

	work->cancels++;
	if (work->ends_at_once) {
		basalt_job_end(work->job, -ECANCELED);
		work->job = NULL;
	}
}

static uint64_t
begin(struct work *work)
{
	struct basalt_job_opts opts = {
		.opts_size = sizeof(opts),
		.name = "copy",
		.description = "a to b",
		.unit = "blocks",
		.get_progress = get_progress,
		.cancel = cancel,
		.ctx = work,
	};

	assert_int_equal(basalt_job_begin(&opts, &work->job), 0);
	return basalt_job_get_id(work->job);
}

static uint64_t g_elapsed_us; /* of the first job of the last answer */

/* Times are not the same in each run of a test: they become 0, and the first is kept. */
static void
take_times(char *text)
{
	static const char key[] = "\"elapsed_us\":";
	bool first = true;
	char *at, *end;

	for (at = strstr(text, key); at != NULL; at = strstr(at, key)) {
		at += strlen(key);
		if (first) {
			g_elapsed_us = strtoull(at, NULL, 10);
		}
		first = false;
		end = at + strspn(at, "0123456789");
		*at = '0';
		memmove(at + 1, end, strlen(end) + 1);
	}
}

/* Call a method; what stands between the id and the end of the answer. */
static const char *
call(const char *method, const char *params)
{
	static char text[8192];
	const char *head = "{\"jsonrpc\":\"2.0\",\"id\":1,";
	size_t len = 0;
	ssize_t n;

	snprintf(text, sizeof(text), "%s\"method\":\"%s\"%s%s}", head, method,
	         params != NULL ? ",\"params\":" : "", params != NULL ? params : "");
	n = (ssize_t)strlen(text);
	assert_int_equal(env_stream_send(g_fd, text, (size_t)n), n);
	while (len == 0 || text[len - 1] != '\n') {
		env_sim_advance_us(1000); /* the server looks at its sockets */
		poll_threads();
		n = env_stream_recv(g_fd, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	assert_true(text[len - 2] == '}');
	text[len - 2] = '\0'; /* of the envelope */
	assert_memory_equal(text, head, strlen(head));
	take_times(text);
	return text + strlen(head);
}

static void
check_jobs(const char *params, const char *jobs)
{
	char want[4096];

	snprintf(want, sizeof(want), "\"result\":%s", jobs);
	assert_string_equal(call("job_get_jobs", params), want);
}

static void
test_life(void **state)
{
	struct work work = { .total = 0 };

	check_jobs(NULL, "[]");
	assert_int_equal(begin(&work), 1);
	work.done = 5;
	env_sim_advance_us(1500000);
	check_jobs(NULL,
	           "[{\"id\":1,\"name\":\"copy\",\"description\":\"a to b\",\"state\":\"running\","
	           "\"elapsed_us\":0,\"progress\":{\"done\":5,\"unit\":\"blocks\"},"
	           "\"can_cancel\":true}]");
	assert_in_range(g_elapsed_us, 1501000, 1530000); /* and the steps of the answer */
	work.total = 70;
	check_jobs("{\"id\":1}",
	           "[{\"id\":1,\"name\":\"copy\",\"description\":\"a to b\",\"state\":\"running\","
	           "\"elapsed_us\":0,\"progress\":{\"done\":5,\"total\":70,\"unit\":\"blocks\"},"
	           "\"can_cancel\":true}]");
	work.done = 70;
	env_sim_advance_us(500000);
	basalt_job_end(work.job, 0);
	work.done = 0; /* asked no more, nor does its time go on */
	env_sim_advance_us(1000000);
	check_jobs(NULL,
	           "[{\"id\":1,\"name\":\"copy\",\"description\":\"a to b\",\"state\":\"done\","
	           "\"elapsed_us\":0,\"progress\":{\"done\":70,\"total\":70,"
	           "\"unit\":\"blocks\"},\"can_cancel\":false}]");
	assert_in_range(g_elapsed_us, 2002000, 2060000);
}

/* What need not be given; a failure. */
static void
test_bare(void **state)
{
	struct basalt_job_opts opts = { .name = "bare" };
	struct basalt_job *job = NULL;

	assert_int_equal(basalt_job_begin(NULL, &job), -EINVAL);
	assert_int_equal(basalt_job_begin(&opts, &job), -EINVAL);
	opts.opts_size = offsetof(struct basalt_job_opts, description);
	opts.description = "newer than the caller";
	opts.cancel = cancel;
	opts.name = NULL;
	assert_int_equal(basalt_job_begin(&opts, &job), -EINVAL);
	opts.name = "bare";
	assert_int_equal(basalt_job_begin(&opts, &job), 0);
	assert_false(basalt_job_is_canceled(job));
	check_jobs(NULL, "[{\"id\":1,\"name\":\"bare\",\"state\":\"running\",\"elapsed_us\":0,"
	                 "\"can_cancel\":false}]");
	assert_string_equal(
	        call("job_cancel", "{\"id\":1}"),
	        "\"error\":{\"code\":-95,\"message\":\"job 1 (bare) can't be ended early: "
	        "wait for it\"}");
	basalt_job_end(job, -EIO);
	check_jobs(NULL, "[{\"id\":1,\"name\":\"bare\",\"state\":\"failed\",\"elapsed_us\":0,"
	                 "\"can_cancel\":false,\"error\":-5,\"message\":\"Input/output error\"}]");
}

static void
test_cancel(void **state)
{
	struct work slow = { 0 }, quick = { .ends_at_once = true };

	begin(&slow);
	begin(&quick);
	assert_string_equal(
	        call("job_cancel", "{\"id\":3}"),
	        "\"error\":{\"code\":-2,\"message\":\"there is no job 3: job_get_jobs lists "
	        "those that run and the last 16 that ended\"}");
	assert_string_equal(call("job_cancel", "{\"id\":1}"), "\"result\":true");
	assert_true(basalt_job_is_canceled(slow.job));
	assert_string_equal(call("job_cancel", "{\"id\":1}"), "\"result\":true");
	assert_int_equal(slow.cancels, 1); /* once */
	assert_non_null(strstr(call("job_get_jobs", "{\"id\":1}"), "\"canceling\""));
	assert_string_equal(call("job_cancel", "{\"id\":2}"), "\"result\":true");
	assert_null(quick.job);
	assert_non_null(strstr(call("job_get_jobs", "{\"id\":2}"), "\"canceled\""));
	assert_string_equal(
	        call("job_cancel", "{\"id\":2}"),
	        "\"error\":{\"code\":-114,\"message\":\"job 2 (copy) has ended: canceled\"}");
	/* One that was asked to end early, and was done before. */
	basalt_job_end(slow.job, 0);
	assert_non_null(strstr(call("job_get_jobs", "{\"id\":1}"), "\"done\",\"elapsed_us\""));
}

/* The last 16 that ended are listed, by number, among those that run. */
static void
test_ended(void **state)
{
	struct work works[BASALT_JOBS_ENDED_MAX + 4] = { 0 };
	const char *text;
	char id[16];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(works); i++) {
		begin(&works[i]);
	}
	for (i = SPDK_COUNTOF(works); i-- > 1;) {
		basalt_job_end(works[i].job, 0);
	}
	/* 20 to 2 ended in this order, of which 20, 19 and 18 are forgotten; 1 runs. */
	text = call("job_get_jobs", NULL);
	for (i = 1; i <= SPDK_COUNTOF(works); i++) {
		snprintf(id, sizeof(id), "\"id\":%zu,", i);
		if (i > SPDK_COUNTOF(works) - 3) {
			assert_null(strstr(text, id));
			continue;
		}
		text = strstr(text, id);
		assert_non_null(text);
	}
	basalt_job_end(works[0].job, 0);
}

/* A job that outlives the servers is freed at its end; the next program counts from 1. */
static void
test_stop(void **state)
{
	struct work work = { 0 }, ended = { 0 };
	uint64_t heap = env_sim_live_heap();

	begin(&ended);
	basalt_job_end(ended.job, 0);
	begin(&work);
	spdk_rpc_finish();
	poll_threads();
	basalt_job_end(work.job, 0);
	assert_in_range(env_sim_live_heap(), 0, heap);
	assert_int_equal(begin(&work), 1);
	basalt_job_end(work.job, 0);
}

/* Without memory it does not begin, and nothing stays. */
static void
test_no_memory(void **state)
{
	struct basalt_job_opts opts = {
		.opts_size = sizeof(opts), .name = "n", .description = "d", .unit = "u"
	};
	uint64_t heap = env_sim_live_heap();
	struct basalt_job *job;
	uint32_t n;
	int rc = -ENOMEM;

	for (n = 1; rc != 0; n++) {
		env_sim_fail_nth(ENV_FAULT_HEAP, n);
		rc = basalt_job_begin(&opts, &job);
		if (rc != 0) {
			assert_int_equal(rc, -ENOMEM);
			assert_int_equal(env_sim_live_heap(), heap);
		}
	}
	env_sim_fail_nth(ENV_FAULT_HEAP, 0);
	assert_int_equal(n, 6); /* four allocations */
	assert_int_equal(basalt_job_get_id(job), 1);
	basalt_job_end(job, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bare, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
