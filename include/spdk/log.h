/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TODO(doc)
 */

#ifndef SPDK_LOG_H
#define SPDK_LOG_H

#include "spdk/stdinc.h"
#include "spdk/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_LOG_DEPRECATION_EVERY_24H 86400
#define SPDK_LOG_DEPRECATION_ALWAYS 0

#define SPDK_NOTICELOG(...) spdk_log(SPDK_LOG_NOTICE, __FILE__, __LINE__, __func__, __VA_ARGS__)
#define SPDK_WARNLOG(...) spdk_log(SPDK_LOG_WARN, __FILE__, __LINE__, __func__, __VA_ARGS__)
#define SPDK_ERRLOG(...) spdk_log(SPDK_LOG_ERROR, __FILE__, __LINE__, __func__, __VA_ARGS__)
/** A line without time, file and level. */
#define SPDK_PRINTF(...) spdk_log(SPDK_LOG_NOTICE, NULL, -1, NULL, __VA_ARGS__)

/** A line at level INFO, when \p flag is set. */
#define SPDK_INFOLOG(flag, ...) \
	do { \
		extern struct spdk_log_flag SPDK_LOG_##flag; \
		if (SPDK_LOG_##flag.enabled) { \
			spdk_log(SPDK_LOG_INFO, __FILE__, __LINE__, __func__, __VA_ARGS__); \
		} \
	} while (0)

/** As SPDK_ERRLOG(), at most once a second from this place; the next line says how many it hid. */
#define SPDK_ERRLOG_RATELIMIT(...) \
	do { \
		static struct spdk_log_ratelimit spdk_ratelimit_ \
			__attribute__((section("basalt_state"))); \
		if (spdk_log_ratelimit_pass(&spdk_ratelimit_, __FILE__, __LINE__, __func__)) { \
			SPDK_ERRLOG(__VA_ARGS__); \
		} \
	} while (0)

#ifdef DEBUG
#define SPDK_DEBUGLOG_FLAG_ENABLED(name) spdk_log_get_flag(name)
/** A line at level DEBUG, when \p flag is set; nothing without DEBUG. */
#define SPDK_DEBUGLOG(flag, ...) \
	do { \
		extern struct spdk_log_flag SPDK_LOG_##flag; \
		if (SPDK_LOG_##flag.enabled) { \
			spdk_log(SPDK_LOG_DEBUG, __FILE__, __LINE__, __func__, __VA_ARGS__); \
		} \
	} while (0)
#define SPDK_LOGDUMP(flag, label, buf, len) \
	do { \
		extern struct spdk_log_flag SPDK_LOG_##flag; \
		if (SPDK_LOG_##flag.enabled) { \
			spdk_log_dump(stderr, (label), (buf), (len)); \
		} \
	} while (0)
#else
#define SPDK_DEBUGLOG_FLAG_ENABLED(name) false
#define SPDK_DEBUGLOG(...) \
	do { \
	} while (0)
#define SPDK_LOGDUMP(...) \
	do { \
	} while (0)
#endif

/** Define the log flag \p flag and register it before main(). For modules outside the library. */
#define SPDK_LOG_REGISTER_COMPONENT(flag) \
	struct spdk_log_flag SPDK_LOG_##flag; \
	__attribute__((constructor)) static void register_flag_##flag(void) \
	{ \
		spdk_log_register_flag(#flag, &SPDK_LOG_##flag); \
	}

/** Define \p tag for SPDK_LOG_DEPRECATED() and register it before main(). */
#define SPDK_LOG_DEPRECATION_REGISTER(tag, desc, release, rate) \
	static struct spdk_deprecation *deprecation_##tag; \
	__attribute__((constructor)) static void register_deprecation_##tag(void) \
	{ \
		int rc = spdk_log_deprecation_register(#tag, desc, release, rate, \
						       &deprecation_##tag); \
		(void)rc; \
		assert(rc == 0); \
	}

/** Count, and at the given rate log, a use of what \p tag names. */
#define SPDK_LOG_DEPRECATED(tag) \
	spdk_log_deprecated(deprecation_##tag, __FILE__, __LINE__, __func__)

struct spdk_deprecation;
struct spdk_log_flag;
struct spdk_log_opts;

enum spdk_log_level {
	SPDK_LOG_DISABLED = -1,
	SPDK_LOG_ERROR = 0,
	SPDK_LOG_WARN = 1,
	SPDK_LOG_NOTICE = 2,
	SPDK_LOG_INFO = 3,
	SPDK_LOG_DEBUG = 4,
};

typedef void spdk_log_cb(int level, const char *file, const int line, const char *func, const char *format, va_list args);

typedef void spdk_log_open_cb(void *ctx);

typedef void spdk_log_close_cb(void *ctx);

struct spdk_log_opts {
	size_t size;
	spdk_log_cb *log;
	spdk_log_open_cb *open;
	spdk_log_close_cb *close;
	void *user_ctx;
};

struct spdk_log_flag {
	TAILQ_ENTRY(spdk_log_flag) tailq;
	const char *name;
	bool enabled;
};

typedef int (*spdk_log_for_each_deprecation_fn)(void *ctx, struct spdk_deprecation *deprecation);

/** State of one SPDK_ERRLOG_RATELIMIT() site; zeroed at start. */
struct spdk_log_ratelimit {
	uint64_t window_start_ticks;
	uint64_t suppressed;
};

/**
 * Whether a rate-limited site may log now. Any thread; races of two threads let a line too many
 * pass, nothing worse.
 */
bool spdk_log_ratelimit_pass(struct spdk_log_ratelimit *rl, const char *file, int line,
			     const char *func);

void spdk_log_open(spdk_log_cb *log);

void spdk_log_open_ext(struct spdk_log_opts *opts);

void spdk_log_close(void);

void spdk_log_enable_timestamps(bool value);

void spdk_log_set_level(enum spdk_log_level level);

enum spdk_log_level spdk_log_get_level(void);

int spdk_log_to_syslog_level(enum spdk_log_level level);

void spdk_log_set_print_level(enum spdk_log_level level);

enum spdk_log_level spdk_log_get_print_level(void);

void spdk_log(enum spdk_log_level level, const char *file, const int line, const char *func, const char *format, ...) __attribute__((__format__(__printf__, 5, 6)));

void spdk_vlog(enum spdk_log_level level, const char *file, const int line, const char *func, const char *format, va_list ap);

void spdk_flog(FILE *fp, const char *file, const int line, const char *func, const char *format, ...) __attribute__((__format__(__printf__, 5, 6)));

void spdk_vflog(FILE *fp, const char *file, const int line, const char *func, const char *format, va_list ap);

void spdk_log_dump(FILE *fp, const char *label, const void *buf, size_t len);

void spdk_log_register_flag(const char *name, struct spdk_log_flag *flag);

struct spdk_log_flag *spdk_log_get_first_flag(void);

struct spdk_log_flag *spdk_log_get_next_flag(struct spdk_log_flag *flag);

bool spdk_log_get_flag(const char *flag);

int spdk_log_set_flag(const char *flag);

int spdk_log_clear_flag(const char *flag);

void spdk_log_usage(FILE *f, const char *log_arg);

int spdk_log_deprecation_register(const char *tag, const char *description, const char *remove_release, uint32_t rate_limit_seconds, struct spdk_deprecation **reg);

void spdk_log_deprecated(struct spdk_deprecation *deprecation, const char *file, uint32_t line, const char *func);

struct spdk_deprecation *spdk_log_deprecation_find_by_tag(const char *tag);

int spdk_log_for_each_deprecation(void *ctx, spdk_log_for_each_deprecation_fn fn);

const char *spdk_deprecation_get_tag(const struct spdk_deprecation *deprecation);

const char *spdk_deprecation_get_description(const struct spdk_deprecation *deprecation);

const char *spdk_deprecation_get_remove_release(const struct spdk_deprecation *deprecation);

uint64_t spdk_deprecation_get_hits(const struct spdk_deprecation *deprecation);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_LOG_H */
