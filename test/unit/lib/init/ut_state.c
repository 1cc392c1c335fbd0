/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The state file with real methods on a simulated machine, whose disk loses what was not synced,
 * can be full, and can fail at any call. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spdk/bdev.h"
#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk/rpc.h"
#include "spdk/util.h"
#include "spdk/uuid.h"
#include "spdk_internal/env_sim.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/state.h"
#include "spdk_internal/subsystem.h"
#include "ut_threads.h"

#define PATH "/sim/state"
#define OPS_MAX 64
#define SNAPSHOT_MAX 16384
#define SEQUENCES 1000

struct op {
	char method_text[64];
	char params_text[256];
	struct spdk_json_val method[2];
	struct spdk_json_val params[32];
	int rc; /* 1: not answered */
	char message[512];
};

static struct {
	struct op ops[OPS_MAX];
	size_t num_ops;
	size_t num_answered;
	int rc;          /* of the last start step; 1: none yet */
	bool down;       /* the subsystems are */
	bool take_first; /* the next answer's snapshot into `next` */
	char last[SNAPSHOT_MAX];
	char next[SNAPSHOT_MAX];
	char now[SNAPSHOT_MAX];
	char log[4096];
} g;

static const char *const g_subsystems[] = { "bdev", NULL };

static void
take_log(int level, const char *file, const int line, const char *func, const char *format,
         va_list args)
{
	size_t len = strlen(g.log);

	if (len < sizeof(g.log) / 2) {
		vsnprintf(g.log + len, sizeof(g.log) - len, format, args);
	}
}

static int
setup(void **state)
{
	memset(&g, 0, sizeof(g));
	ut_threads_start(1);
	set_thread(0);
	spdk_log_open(take_log);
	subsystem_select(g_subsystems);
	return 0;
}

static int
teardown(void **state)
{
	env_fault_clear();
	spdk_log_close();
	spdk_rpc_set_state(SPDK_RPC_STARTUP);
	ut_threads_stop();
	return 0;
}

/* ---- A program's life ---- */

static void
step_done(int rc, void *arg)
{
	assert_int_equal(g.rc, 1);
	g.rc = rc;
}

static int
wait_step(void)
{
	poll_threads();
	assert_int_not_equal(g.rc, 1);
	return g.rc;
}

static int
replay(uint32_t rpc_state)
{
	spdk_rpc_set_state(rpc_state);
	g.rc = 1;
	state_replay(step_done, NULL, true);
	return wait_step();
}

static void
fini_done(void *arg)
{
	g.down = true;
}

static void
down(void)
{
	g.down = false;
	state_end(fini_done, NULL);
	poll_threads();
	assert_true(g.down);
	g.down = false;
	spdk_subsystem_fini(fini_done, NULL);
	poll_threads();
	assert_true(g.down);
	state_close();
	assert_false(state_is_open());
}

/* 0, or the errno of what did not start; then nothing is up. */
static int
up(void)
{
	int rc;

	g.num_ops = 0;
	g.num_answered = 0;
	rc = state_open(PATH);
	if (rc != 0) {
		return rc;
	}
	rc = replay(SPDK_RPC_STARTUP);
	g.rc = 1;
	spdk_subsystem_init(step_done, NULL);
	assert_int_equal(wait_step(), 0);
	if (rc == 0) {
		rc = replay(SPDK_RPC_RUNTIME);
	}
	if (rc == 0) {
		g.rc = 1;
		state_begin(false, step_done, NULL);
		rc = wait_step();
	}
	if (rc != 0) {
		down();
	}
	return rc;
}

static void
snapshot(char *out)
{
	struct spdk_bdev *bdev;
	struct spdk_uuid uuid;
	char text[SPDK_UUID_STRING_LEN];
	size_t len = 0;

	out[0] = '\0';
	for (bdev = spdk_bdev_first(); bdev != NULL; bdev = spdk_bdev_next(bdev)) {
		spdk_uuid_copy(&uuid, spdk_bdev_get_uuid(bdev));
		spdk_uuid_fmt_lower(text, sizeof(text), &uuid);
		len += (size_t)snprintf(out + len, SNAPSHOT_MAX - len, "%s:%" PRIu64 ":%s\n",
		                        spdk_bdev_get_name(bdev), spdk_bdev_get_num_blocks(bdev),
		                        text);
		assert_in_range(len, 0, SNAPSHOT_MAX - 1);
	}
}

/* ---- Changes ---- */

static void
op_done(void *ctx, const struct jsonrpc_answer *answer)
{
	struct op *op = ctx;

	assert_int_equal(op->rc, 1);
	op->rc = answer->error_code;
	snprintf(op->message, sizeof(op->message), "%s", answer->message);
	g.num_answered++;
	snapshot(g.last);
	if (g.take_first) {
		g.take_first = false;
		strcpy(g.next, g.last);
	}
}

static struct op *__attribute__((format(printf, 2, 3)))
change(const char *method, const char *params, ...)
{
	struct op *op = &g.ops[g.num_ops % OPS_MAX];
	va_list args;
	int rc;

	g.num_ops++;
	snprintf(op->method_text, sizeof(op->method_text), "\"%s\"", method);
	va_start(args, params);
	vsnprintf(op->params_text, sizeof(op->params_text), params, args);
	va_end(args);
	assert_true(spdk_json_parse(op->method_text, strlen(op->method_text), op->method, 2, NULL,
	                            SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE) > 0);
	assert_true(spdk_json_parse(op->params_text, strlen(op->params_text), op->params, 32, NULL,
	                            SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE) > 0);
	op->rc = 1;
	rc = jsonrpc_local_call(rpc_dispatch, op->method, op->params, op_done, op);
	if (rc != 0) {
		assert_int_equal(rc, -ENOMEM);
		op->rc = rc;
		g.num_answered++;
	}
	return op;
}

static struct op *
create(const char *name, uint32_t blocks)
{
	return change("bdev_null_create", "{\"name\":\"%s\",\"num_blocks\":%u,\"block_size\":512}",
	              name, blocks);
}

static int
create_now(const char *name)
{
	struct op *op = create(name, 8);

	poll_threads();
	return op->rc;
}

static bool
is_there(const char *name)
{
	return spdk_bdev_get_by_name(name) != NULL;
}

static void
random_change(void)
{
	uint32_t n = (uint32_t)env_sim_rand_below("ut", 12);
	uint32_t blocks = 1 + (uint32_t)env_sim_rand_below("ut", 5000);
	char name[16];

	snprintf(name, sizeof(name), "n%u", n);
	switch (env_sim_rand_below("ut", 6)) {
	case 0:
	case 1:
		create(name, blocks);
		break;
	case 2:
		change("bdev_null_delete", "{\"name\":\"%s\"}", name);
		break;
	case 3:
		change("bdev_malloc_create", "{\"num_blocks\":8,\"block_size\":512}");
		break;
	case 4:
		change("bdev_malloc_delete", "{\"name\":\"Malloc%u\"}", n);
		break;
	default:
		change("bdev_null_resize", "{\"name\":\"%s\",\"new_size\":%u}", name, blocks);
		break;
	}
}

/* Some steps of threads, disk and clients in random order, and then no more. */
static void
random_steps(void)
{
	uint64_t steps = 1 + env_sim_rand_below("ut", 60);

	for (; steps > 0; steps--) {
		switch (env_sim_rand_below("ut", 5)) {
		case 0:
			if (g.num_ops - g.num_answered < 4) {
				random_change();
			}
			break;
		case 1:
		case 2:
			env_sim_run_work(1);
			break;
		default:
			poll_thread(0);
			break;
		}
	}
}

/* What the disk holds after a crash now. The program runs on, to give back what it holds; what it
 * writes from here on is gone. */
static void
crash(char *last)
{
	void *image;
	size_t len;

	env_sim_file_crash();
	assert_int_equal(env_file_load(PATH, SIZE_MAX, &image, &len), 0);
	strcpy(last, g.last);
	g.next[0] = '\0';
	g.take_first = g.num_answered < g.num_ops;
	if (!g.take_first) {
		strcpy(g.next, g.last);
	}
	poll_threads();
	assert_int_equal(g.num_answered, g.num_ops);
	down();
	assert_int_equal(env_sim_file_set(PATH, image, len), 0);
	free(image);
}

/* After a crash at any step there is what was there at the last answer, or at the one that was due:
 * all that was answered, nothing that was refused, and of the rest at most the next. */
static void
test_crash(void **state)
{
	static char last[SNAPSHOT_MAX];
	uint64_t seed, with_next = 0, without_next = 0;

	for (seed = 1; seed <= SEQUENCES; seed++) {
		env_sim_seed(seed);
		assert_int_equal(up(), 0);
		snapshot(g.now);
		if (seed > 1 && strcmp(g.now, last) != 0 && strcmp(g.now, g.next) != 0) {
			fail_msg("sequence %" PRIu64 ": there is\n%s\nand not\n%s\nor\n%s",
			         seed - 1, g.now, last, g.next);
		}
		if (seed > 1 && strcmp(last, g.next) != 0) {
			with_next += strcmp(g.now, g.next) == 0;
			without_next += strcmp(g.now, last) == 0;
		}
		strcpy(g.last, g.now);
		random_steps();
		crash(last);
	}
	/* Crashes met changes before and behind the moment at which they became durable. */
	assert_true(with_next > 10 && without_next > 10);
}

/* The generation, from the first line. */
static uint64_t
generation(void)
{
	uint64_t gen;
	size_t len;
	void *data;

	assert_int_equal(env_file_load(PATH, SIZE_MAX, &data, &len), 0);
	assert_int_equal(sscanf(data, "{\"v\":1,\"gen\":%" SCNu64 "}", &gen), 1);
	free(data);
	return gen;
}

/* A file that gets long is rewritten, and a crash at any call of that loses nothing. */
static void
test_crash_in_rewrite(void **state)
{
	static char last[SNAPSHOT_MAX];
	uint32_t work, old = 0, new = 0;

	for (work = 0; work < 6; work++) {
		int i;

		env_sim_seed(work);
		env_sim_file_set(PATH, NULL, 0);
		assert_int_equal(up(), 0);
		for (i = 0; i < 1000 && generation() == 1; i++) {
			create("n0", 8);
			change("bdev_null_delete", "{\"name\":\"n0\"}");
			poll_threads();
		}
		assert_in_range(i, 100, 300);
		assert_int_equal(create_now("keep"), 0);
		/* Twice the minimum, so that each further change is near the next rewrite. */
		for (i = 0; i < 1000 && generation() < 3; i++) {
			create("n0", 8);
			change("bdev_null_delete", "{\"name\":\"n0\"}");
			while (g.num_answered < g.num_ops) {
				poll_thread(0);
				if (env_sim_pending_work() > 0 && generation() == 2 && i > 150) {
					env_fault_nth(ENV_FAULT_FILE, work + 1);
				}
				env_sim_run_work(1);
				env_fault_clear();
			}
		}
		crash(last);
		assert_int_equal(up(), 0);
		assert_true(is_there("keep"));
		old += generation() == 2;
		new += generation() > 2;
		down();
	}
	assert_int_equal(old + new, 6);
}

static void
test_full_disk(void **state)
{
	struct op *op;
	uint64_t i;

	assert_int_equal(up(), 0);
	assert_int_equal(create_now("before"), 0);
	env_sim_file_set_space(0);
	/* What was set aside before is used up first; then the change is not made. */
	for (i = 0; i < 1000; i++) {
		op = create("n", 8);
		poll_threads();
		if (op->rc != 0) {
			break;
		}
		change("bdev_null_delete", "{\"name\":\"n\"}");
		poll_threads();
		if (is_there("n")) {
			assert_int_equal(g.ops[(g.num_ops - 1) % OPS_MAX].rc, -ENOSPC);
			op = &g.ops[(g.num_ops - 1) % OPS_MAX];
			break;
		}
	}
	assert_int_equal(op->rc, -ENOSPC);
	assert_non_null(strstr(op->message, "was not done"));
	assert_non_null(strstr(op->message, PATH));
	assert_non_null(strstr(op->message, "Make room"));
	assert_int_equal(create_now("refused"), -ENOSPC);
	assert_false(is_there("refused"));
	env_sim_file_set_space(UINT64_MAX);
	assert_int_equal(create_now("after"), 0);
	down();
	assert_int_equal(up(), 0);
	assert_true(is_there("before") && is_there("after"));
	assert_false(is_there("refused"));
	down();
}

static void
ignore_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
}

static void
expect_busy(const struct op *op, const char *why)
{
	assert_int_equal(op->rc, -EBUSY);
	assert_non_null(strstr(op->message, "was not done"));
	assert_non_null(strstr(op->message, why));
	assert_non_null(strstr(op->message, PATH));
	assert_non_null(strstr(op->message, "ry again"));
}

/* A change that is not answered, for somebody keeps its bdev open: others wait for 30 s, then they
 * are refused, until it ends; then it is recorded like any other. */
static void
test_never_answers(void **state)
{
	struct spdk_bdev_desc *desc;
	struct op *never, *waits, *late;

	assert_int_equal(up(), 0);
	assert_int_equal(create_now("kept"), 0);
	assert_int_equal(spdk_bdev_open_ext("kept", false, ignore_event, NULL, &desc), 0);
	never = change("bdev_null_delete", "{\"name\":\"kept\"}");
	poll_threads_us(5 * SPDK_SEC_TO_USEC);
	waits = create("waits", 8);
	poll_threads_us(24 * SPDK_SEC_TO_USEC);
	assert_int_equal(waits->rc, 1);
	assert_null(strstr(g.log, "bdev_null_delete"));
	poll_threads_us(2 * SPDK_SEC_TO_USEC);
	expect_busy(waits, "bdev_null_delete has run for 31 s");
	assert_non_null(strstr(g.log, "bdev_null_delete has run for"));
	late = create("late", 8);
	assert_int_equal(late->rc, -EBUSY);
	expect_busy(late, "bdev_null_create was not done: bdev_null_delete");
	assert_int_equal(never->rc, 1);
	spdk_bdev_close(desc);
	poll_threads();
	assert_int_equal(never->rc, 0);
	assert_int_equal(create_now("after"), 0);
	down();
	assert_int_equal(up(), 0);
	assert_true(is_there("after"));
	assert_false(is_there("kept") || is_there("waits") || is_there("late"));
	down();
}

/* The same when the disk does not come back. */
static void
test_disk_hangs(void **state)
{
	struct op *first, *waits;
	int i;

	assert_int_equal(up(), 0);
	first = create("first", 8);
	for (i = 0; i < 10; i++) {
		poll_thread(0); /* but no work of the helper threads */
	}
	waits = create("waits", 8);
	env_sim_advance_us(31 * SPDK_SEC_TO_USEC);
	poll_thread(0);
	assert_int_equal(first->rc, 1);
	expect_busy(waits, "writing " PATH " has taken 31 s so far: see to its disk");
	poll_threads();
	assert_int_equal(first->rc, 0);
	assert_int_equal(create_now("after"), 0);
	down();
}

/* Stands in for lib/rpc's: no method of the tables has a secret yet. */
static const char *g_secret;
const char *
__wrap_rpc_find_secret(const struct rpc_method *method, const struct spdk_json_val *params);
const char *
__real_rpc_find_secret(const struct rpc_method *method, const struct spdk_json_val *params);

const char *
__wrap_rpc_find_secret(const struct rpc_method *method, const struct spdk_json_val *params)
{
	return g_secret != NULL ? g_secret : __real_rpc_find_secret(method, params);
}

/* It is not run, nothing of it is written, and the error says what to do instead. */
static void
test_secret(void **state)
{
	struct op *op;
	void *data;
	size_t len;

	assert_int_equal(up(), 0);
	g_secret = "psk";
	op = create("hush", 8);
	poll_threads();
	g_secret = NULL;
	assert_int_equal(op->rc, -EPERM);
	assert_non_null(strstr(op->message, "bdev_null_create: 'psk' is a secret"));
	assert_non_null(strstr(op->message, PATH));
	assert_non_null(strstr(op->message, "keyring_file_add_key"));
	assert_false(is_there("hush"));
	assert_int_equal(create_now("after"), 0);
	down();
	assert_int_equal(env_file_load(PATH, 65536, &data, &len), 0);
	assert_null(memmem(data, len, "hush", 4));
	assert_non_null(memmem(data, len, "after", 5));
	free(data);
}

/* Each call of the disk fails in turn, under a change and the one behind it. What was answered with
 * success is there after a crash; what was refused is not in effect. */
static void
test_failing_disk(void **state)
{
	struct op *first, *second;
	uint64_t nth;
	static char last[SNAPSHOT_MAX];
	int in_effect = 0;

	for (nth = 1; nth < 50; nth++) {
		env_sim_seed(nth);
		env_sim_file_set(PATH, NULL, 0);
		assert_int_equal(up(), 0);
		env_fault_nth(ENV_FAULT_FILE, nth);
		first = create("first", 8);
		poll_threads();
		second = create("second", 8);
		poll_threads();
		if (env_fault_count(ENV_FAULT_FILE) < nth) {
			env_fault_clear();
			down();
			break;
		}
		env_fault_clear();
		if (first->rc != 0) {
			assert_int_equal(first->rc, -EIO);
			in_effect += is_there("first");
			assert_non_null(strstr(first->message, is_there("first") ? "is in effect"
			                                                         : "was not done"));
		}
		/* A file that failed is made good by the next change, or that is refused. */
		assert_true(first->rc == 0 || second->rc == 0);
		assert_int_equal(is_there("second"),
		                 second->rc == 0 ||
		                         strstr(second->message, "is in effect") != NULL);
		crash(last);
		assert_int_equal(up(), 0);
		if (first->rc == 0 || (second->rc == 0 && strstr(first->message, "effect"))) {
			assert_true(is_there("first"));
		} else {
			assert_false(is_there("first"));
		}
		assert_true(second->rc != 0 || is_there("second"));
		down();
	}
	assert_in_range(nth, 5, 49);
	assert_in_range(in_effect, 1, 49);
}

/* The disk stays broken: each change is refused, none is in effect; and later all is well. */
static void
test_broken_disk(void **state)
{
	int i;

	assert_int_equal(up(), 0);
	env_fault_nth(ENV_FAULT_FILE, 2);
	assert_int_equal(create_now("unsynced"), -EIO);
	assert_true(is_there("unsynced"));
	for (i = 0; i < 3; i++) {
		env_fault_nth(ENV_FAULT_FILE, 1);
		assert_int_equal(create_now("refused"), -EIO);
		assert_false(is_there("refused"));
	}
	env_fault_clear();
	assert_int_equal(create_now("good"), 0);
	assert_int_equal(generation(), 2);
	down();
	assert_int_equal(up(), 0);
	assert_true(is_there("unsynced") && is_there("good"));
	down();
}

/* Memory fails at each allocation of a change: refused, or done and recorded. */
static void
test_no_memory(void **state)
{
	uint64_t nth;
	int rc = 1;

	for (nth = 1; nth < 200 && rc != 0; nth++) {
		struct op *op;

		env_sim_file_set(PATH, NULL, 0);
		assert_int_equal(up(), 0);
		op = change("bdev_null_delete", "{\"name\":\"nix\"}");
		poll_threads();
		assert_int_equal(op->rc, -ENODEV);
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		rc = create_now("n0");
		if (env_fault_count(ENV_FAULT_HEAP) < nth) {
			assert_int_equal(rc, 0);
		}
		env_fault_clear();
		if (rc == 0 && !is_there("n0")) {
			fail_msg("answered, and not there");
		}
		assert_int_equal(create_now("n1"), 0);
		rc = rc == 0 && is_there("n0") ? 0 : 1;
		down();
		assert_int_equal(up(), 0);
		assert_true(is_there("n1"));
		assert_true(rc != 0 || is_there("n0"));
		down();
		rc = env_fault_count(ENV_FAULT_HEAP) < nth ? rc : 1;
	}
	assert_int_equal(rc, 0);
}

/* A stop refuses what waits, and waits for what is on its way to the disk. */
static void
test_end(void **state)
{
	struct op *running, *waiting;

	assert_int_equal(up(), 0);
	running = create("running", 8);
	waiting = create("waiting", 8);
	while (env_sim_pending_work() == 0) {
		poll_thread(0); /* it is on its way to the disk */
	}
	g.down = false;
	state_end(fini_done, NULL);
	assert_false(g.down);
	assert_int_equal(waiting->rc, -ECANCELED);
	poll_threads();
	assert_true(g.down);
	assert_int_not_equal(running->rc, 1);
	assert_int_equal(create_now("late"), -ECANCELED);
	assert_false(is_there("late"));
	assert_false(is_there("waiting"));
	down();
	assert_int_equal(up(), 0);
	assert_int_equal(is_there("running"), running->rc == 0);
	down();
}

struct bad_file {
	const char *text;
	int rc;
	const char *log;
};

static const struct bad_file bad_files[] = {
	{ "{\"v\":9,\"gen\":1}\n", -EINVAL, PATH ":1: a newer version" },
	{ "nix\n", -EINVAL, PATH ":1: " },
	{ "{\"v\":1,\"gen\":1}\n{}\n", -EINVAL, PATH ":2: \"crc32c\" is missing" },
};

static void
test_bad_files(void **state)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(bad_files); i++) {
		g.log[0] = '\0';
		env_sim_file_set(PATH, bad_files[i].text, strlen(bad_files[i].text));
		assert_int_equal(up(), bad_files[i].rc);
		assert_non_null(strstr(g.log, bad_files[i].log));
		assert_non_null(strstr(g.log, "To start: "));
		assert_false(state_is_open());
	}
	env_sim_file_set(PATH, "", 0);
	assert_int_equal(up(), 0);
	assert_true(state_is_fresh());
	down();
	assert_int_equal(up(), 0);
	assert_false(state_is_fresh());
	down();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_crash_in_rewrite, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failing_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
