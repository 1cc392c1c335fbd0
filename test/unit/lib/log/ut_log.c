/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Log lines: which levels go where, their exact shape, long ones, sinks, dumps, rate limits. */

#include "ut_log.h"

#define STAMP "[2026-01-31 23:59:59.000042] "

static const struct {
	enum spdk_log_level level;
	enum spdk_log_level print_level;
	const char *line;
} g_shape_cases[] = {
	{ SPDK_LOG_ERROR, SPDK_LOG_ERROR, STAMP "f.c:   7:fn: *ERROR*: x 1\n" },
	{ SPDK_LOG_WARN, SPDK_LOG_WARN, STAMP "f.c:   7:fn: *WARNING*: x 1\n" },
	{ SPDK_LOG_NOTICE, SPDK_LOG_NOTICE, STAMP "f.c:   7:fn: *NOTICE*: x 1\n" },
	{ SPDK_LOG_INFO, SPDK_LOG_INFO, STAMP "f.c:   7:fn: *INFO*: x 1\n" },
	{ SPDK_LOG_DEBUG, SPDK_LOG_DEBUG, STAMP "f.c:   7:fn: *DEBUG*: x 1\n" },
	{ SPDK_LOG_ERROR, SPDK_LOG_DISABLED, "" },
	{ SPDK_LOG_WARN, SPDK_LOG_ERROR, "" },
	{ SPDK_LOG_DEBUG, SPDK_LOG_INFO, "" },
	{ SPDK_LOG_DISABLED, SPDK_LOG_DEBUG, "" },
	{ (enum spdk_log_level)5, SPDK_LOG_DEBUG, "" },
};

static void
test_shape(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(g_shape_cases) / sizeof(g_shape_cases[0]); i++) {
		spdk_log_set_print_level(g_shape_cases[i].print_level);
		spdk_log(g_shape_cases[i].level, "a/b/f.c", 7, "fn", "x %d\n", 1);
		assert_string_equal(log_taken(), g_shape_cases[i].line);
	}
}

static void
test_place(void **state)
{
	spdk_log(SPDK_LOG_ERROR, "f.c", 12345, NULL, "no newline");
	assert_string_equal(log_taken(), STAMP "f.c:12345:: *ERROR*: no newline\n");
	SPDK_PRINTF("part");
	assert_string_equal(log_taken(), STAMP "part");
	spdk_log_enable_timestamps(false);
	spdk_log(SPDK_LOG_ERROR, "f.c", 1, "g", "y\n");
	assert_string_equal(log_taken(), "f.c:   1:g: *ERROR*: y\n");
	spdk_log_enable_timestamps(true);
	g_wall.tv_sec = 0; /* the environment is not up: no time rather than a wrong one */
	spdk_log(SPDK_LOG_ERROR, "f.c", 1, "g", "y\n");
	assert_string_equal(log_taken(), "f.c:   1:g: *ERROR*: y\n");
}

/* Lengths around the buffer on the stack: nothing is lost; without memory the line is cut. */
static void
test_long_lines(void **state)
{
	const char *place = STAMP "f.c:   1:g: *ERROR*: ";
	size_t len, want;

	for (len = 900; len < 1100; len++) {
		spdk_log(SPDK_LOG_ERROR, "f.c", 1, "g", "%0*d\n", (int)len, 5);
		want = strlen(place) + len + 1;
		assert_int_equal(strlen(log_taken()), want);
	}
	fail_alloc_after(0);
	spdk_log(SPDK_LOG_ERROR, "f.c", 1, "g", "%0*d\n", 3000, 5);
	assert_true(fail_alloc_happened());
	fail_alloc_after(-1);
	len = strlen(log_taken());
	assert_in_range(len, 1000, 1024);
	spdk_log(SPDK_LOG_ERROR, "f.c", 1, "g", "%0*d\n", 3000, 5);
	assert_int_equal(strlen(log_taken()), strlen(place) + 3001);
}

static void
test_levels(void **state)
{
	static const int syslog_levels[] = { -1,         LOG_ERR,  LOG_WARNING,
		                             LOG_NOTICE, LOG_INFO, LOG_DEBUG };
	int level;

	for (level = SPDK_LOG_DISABLED; level <= SPDK_LOG_DEBUG; level++) {
		spdk_log_set_level((enum spdk_log_level)level);
		assert_int_equal(spdk_log_get_level(), level);
		spdk_log_set_print_level((enum spdk_log_level)level);
		assert_int_equal(spdk_log_get_print_level(), level);
		assert_int_equal(spdk_log_to_syslog_level((enum spdk_log_level)level),
		                 syslog_levels[level + 1]);
	}
	spdk_log_set_level((enum spdk_log_level)5);
	spdk_log_set_print_level((enum spdk_log_level) - 2);
	assert_int_equal(spdk_log_get_level(), SPDK_LOG_DEBUG);
	assert_int_equal(spdk_log_get_print_level(), SPDK_LOG_DEBUG);
	assert_int_equal(spdk_log_to_syslog_level((enum spdk_log_level)9), LOG_INFO);
}

static void
test_syslog(void **state)
{
	g_syslog_lines = 0;
	spdk_log(SPDK_LOG_ERROR, "f.c", 1, "g", "before\n");
	assert_int_equal(g_syslog_lines, 0); /* not open */
	spdk_log_open(NULL);
	assert_int_equal(g_syslog_opened, 1);
	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	log_taken();
	spdk_log(SPDK_LOG_WARN, "f.c", 1, "g", "in %s\n", "between");
	spdk_log(SPDK_LOG_INFO, "f.c", 1, "g", "too low\n");
	assert_int_equal(g_syslog_lines, 1);
	assert_int_equal(g_syslog_level, LOG_WARNING);
	assert_string_equal(g_syslog_text, "f.c:   1:g: *WARNING*: in between\n");
	assert_string_equal(log_taken(), "");
	spdk_log_open(NULL); /* twice: as once */
	assert_int_equal(g_syslog_opened, 1);
	spdk_log_close();
	spdk_log_close();
	assert_int_equal(g_syslog_opened, 0);
}

static int g_opened, g_cb_lines;

static void
sink(int level, const char *file, const int line, const char *func, const char *format,
     va_list args)
{
	char text[64];

	vsnprintf(text, sizeof(text), format, args);
	assert_int_equal(level, SPDK_LOG_DEBUG);
	assert_string_equal(file, "x/f.c");
	assert_string_equal(text, "n 5");
	g_cb_lines++;
}

static void
sink_open(void *ctx)
{
	assert_ptr_equal(ctx, &g_opened);
	g_opened++;
}

static void
sink_close(void *ctx)
{
	assert_ptr_equal(ctx, &g_opened);
	g_opened--;
}

/* The application's own function gets every line, of any level, unformatted. */
static void
test_own_sink(void **state)
{
	struct spdk_log_opts opts = {
		.size = sizeof(opts),
		.log = sink,
		.open = sink_open,
		.close = sink_close,
		.user_ctx = &g_opened,
	};

	g_cb_lines = 0;
	spdk_log_open_ext(&opts);
	assert_int_equal(g_opened, 1);
	spdk_log(SPDK_LOG_DEBUG, "x/f.c", 1, "g", "n %d", 5);
	assert_int_equal(g_cb_lines, 1);
	assert_string_equal(log_taken(), "");
	spdk_log_close();
	assert_int_equal(g_opened, 0);
	/* A caller built against a smaller struct: what it lacks is absent. */
	opts.size = offsetof(struct spdk_log_opts, open);
	spdk_log_open_ext(&opts);
	assert_int_equal(g_opened, 0);
	spdk_log(SPDK_LOG_DEBUG, "x/f.c", 1, "g", "n %d", 5);
	assert_int_equal(g_cb_lines, 2);
	spdk_log_close();
	assert_int_equal(g_opened, 0);
	assert_int_equal(g_syslog_opened, 0);
}

static void
test_flog(void **state)
{
	spdk_flog(stderr, "d/f.c", 3, "g", "to %s", "a file");
	assert_string_equal(log_taken(), STAMP "f.c:   3:g: to a file\n");
	spdk_flog(stderr, NULL, 3, "g", "bare");
	assert_string_equal(log_taken(), STAMP "bare");
}

static void
test_dump(void **state)
{
	spdk_log_dump(stderr, "id", "0123456789abcdef\x01~\x7f\xff", 20);
	assert_string_equal(
	        log_taken(),
	        "id: 20 bytes\n"
	        "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
	        "00000010  01 7e 7f ff                                      .~..\n");
	spdk_log_dump(stderr, "none", NULL, 0);
	assert_string_equal(log_taken(), "none: 0 bytes\n");
}

static void
test_ratelimit(void **state)
{
	struct basalt_log_ratelimit rl = { 0 };

	g_now_ns = 5;
	assert_true(basalt_log_ratelimit_pass(&rl, "f.c", 1, "g"));
	assert_false(basalt_log_ratelimit_pass(&rl, "f.c", 1, "g"));
	g_now_ns += 999999999;
	assert_false(basalt_log_ratelimit_pass(&rl, "f.c", 1, "g"));
	assert_string_equal(log_taken(), "");
	g_now_ns++;
	assert_true(basalt_log_ratelimit_pass(&rl, "f.c", 1, "g"));
	assert_string_equal(log_taken(),
	                    STAMP "f.c:   1:g: *ERROR*: 2 more lines from here were hidden\n");
	g_now_ns += 1000000000;
	assert_true(basalt_log_ratelimit_pass(&rl, "f.c", 1, "g"));
	assert_string_equal(log_taken(), "");
	g_now_ns = 0; /* no clock: nothing is hidden */
	assert_true(basalt_log_ratelimit_pass(&rl, "f.c", 1, "g"));
	assert_true(basalt_log_ratelimit_pass(&rl, "f.c", 1, "g"));
}

/* ---- The calls behind a line ---- */

static void
two_calls(void (*fn)(void *arg, const char *call), void *arg)
{
	fn(arg, "here+0x1");
	fn(arg, "main+0x22 %s");
}

static const struct machine_hooks g_with_calls = {
	.monotonic_ns = test_monotonic,
	.wall_clock = test_wall,
	.random = test_random,
	.backtrace = two_calls,
};

static void
test_backtrace(void **state)
{
#define PLACE STAMP "f.c:   1:g: *WARNING*: "
	static const char with[] = PLACE "x\n" PLACE "  #0 here+0x1\n" PLACE "  #1 main+0x22 %s\n";
	int level;

	machine_hooks_set(&g_with_calls);
	assert_int_equal(spdk_log_get_backtrace_level(), SPDK_LOG_DISABLED);
	for (level = SPDK_LOG_DISABLED; level <= SPDK_LOG_DEBUG; level++) {
		spdk_log_set_backtrace_level((enum spdk_log_level)level);
		assert_int_equal(spdk_log_get_backtrace_level(), level);
		spdk_log(SPDK_LOG_WARN, "f.c", 1, "g", "x\n");
		assert_string_equal(log_taken(), level >= SPDK_LOG_WARN ? with : PLACE "x\n");
	}
	spdk_log_set_backtrace_level((enum spdk_log_level)5);
	assert_int_equal(spdk_log_get_backtrace_level(), SPDK_LOG_DEBUG);
	log_taken();

	/* Not behind parts of lines, and not alone. */
	SPDK_PRINTF("part");
	assert_string_equal(log_taken(), STAMP "part");
	spdk_log_set_print_level(SPDK_LOG_ERROR);
	spdk_log(SPDK_LOG_WARN, "f.c", 1, "g", "x\n");
	assert_string_equal(log_taken(), "");
	spdk_log_open(NULL);
	g_syslog_lines = 0;
	spdk_log(SPDK_LOG_WARN, "f.c", 1, "g", "x\n");
	assert_int_equal(g_syslog_lines, 3);
	assert_string_equal(g_syslog_text, "f.c:   1:g: *WARNING*:   #1 main+0x22 %s\n");
	assert_string_equal(log_taken(), "");
	spdk_log_close();

	/* An environment without any: no calls. */
	machine_hooks_set(&g_hooks);
	spdk_log(SPDK_LOG_ERROR, "f.c", 1, "g", "x\n");
	assert_string_equal(log_taken(), STAMP "f.c:   1:g: *ERROR*: x\n");
	machine_hooks_set(NULL);
	g_wall.tv_sec = 0;
	spdk_log(SPDK_LOG_ERROR, "f.c", 1, "g", "x\n");
	assert_string_equal(log_taken(), "f.c:   1:g: *ERROR*: x\n");
	spdk_log_set_backtrace_level(SPDK_LOG_DISABLED);
}

static char g_sink_text[256];

static void
sink_keeps(int level, const char *file, const int line, const char *func, const char *format,
           va_list args)
{
	size_t len = strlen(g_sink_text);

	vsnprintf(g_sink_text + len, sizeof(g_sink_text) - len, format, args);
}

static void
test_backtrace_own_sink(void **state)
{
	machine_hooks_set(&g_with_calls);
	spdk_log_set_backtrace_level(SPDK_LOG_ERROR);
	spdk_log_open(sink_keeps);
	spdk_log(SPDK_LOG_ERROR, "f.c", 1, "g", "x\n");
	spdk_log(SPDK_LOG_WARN, "f.c", 1, "g", "y\n");
	spdk_log_close();
	assert_string_equal(g_sink_text, "x\n  #0 here+0x1\n  #1 main+0x22 %s\ny\n");
	spdk_log_set_backtrace_level(SPDK_LOG_DISABLED);
}

static void
test_hooks(void **state)
{
	struct timespec now = { 9, 9 };
	uint8_t bytes[4] = { 0 };

	assert_int_equal(machine_hooks_get()->monotonic_ns(), 1000);
	machine_hooks_get()->random(bytes, 3);
	assert_int_equal(bytes[2], 0xa5);
	assert_int_equal(bytes[3], 0);
	machine_hooks_set(NULL);
	assert_int_equal(machine_hooks_get()->monotonic_ns(), 0);
	machine_hooks_get()->wall_clock(&now);
	assert_int_equal(now.tv_sec, 0);
	assert_int_equal(now.tv_nsec, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shape, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_place, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_long_lines, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_levels, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_syslog, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_own_sink, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_flog, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_dump, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_ratelimit, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_backtrace, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_backtrace_own_sink, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_hooks, log_setup, log_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
