/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * What the tests of lib/log share: a clock set by hand, standard error in memory, a syslog that
 * remembers.
 */

#ifndef UT_LOG_H
#define UT_LOG_H

#include "spdk/log.h"
#include "spdk_internal/machine_hooks.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

static uint64_t g_now_ns;
static struct timespec g_wall;
static FILE *g_real_stderr;
static char *g_text;
static size_t g_text_len;
static char g_syslog_text[4096];
static int g_syslog_level, g_syslog_lines, g_syslog_opened;

void __wrap_openlog(const char *ident, int option, int facility);
void __wrap_closelog(void);
void __wrap_syslog(int level, const char *format, ...);

void
__wrap_openlog(const char *ident, int option, int facility)
{
	g_syslog_opened++;
}

void
__wrap_closelog(void)
{
	g_syslog_opened--;
}

void
__wrap_syslog(int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(g_syslog_text, sizeof(g_syslog_text), format, args);
	va_end(args);
	g_syslog_level = level;
	g_syslog_lines++;
}

static uint64_t
test_monotonic(void)
{
	return g_now_ns;
}

static void
test_wall(struct timespec *now)
{
	*now = g_wall;
}

static void
test_random(void *buf, size_t len_bytes)
{
	memset(buf, 0xa5, len_bytes);
}

static const struct machine_hooks g_hooks = {
	.monotonic_ns = test_monotonic,
	.wall_clock = test_wall,
	.random = test_random,
};

/* From here on standard error goes to memory. */
static int
log_setup(void **state)
{
	g_now_ns = 1000;
	g_wall.tv_sec = 1769903999; /* 2026-01-31 23:59:59 UTC */
	g_wall.tv_nsec = 42000;
	machine_hooks_set(&g_hooks);
	spdk_log_set_print_level(SPDK_LOG_NOTICE);
	spdk_log_set_level(SPDK_LOG_NOTICE);
	spdk_log_enable_timestamps(true);
	g_real_stderr = stderr;
	stderr = open_memstream(&g_text, &g_text_len);
	return stderr == NULL;
}

static int
log_teardown(void **state)
{
	fclose(stderr);
	free(g_text);
	stderr = g_real_stderr;
	machine_hooks_set(NULL);
	return 0;
}

/* What was written since the last call. */
static inline const char *
log_taken(void)
{
	static char taken[8192];

	fclose(stderr);
	snprintf(taken, sizeof(taken), "%s", g_text);
	free(g_text);
	stderr = open_memstream(&g_text, &g_text_len);
	return taken;
}

#endif /* UT_LOG_H */
