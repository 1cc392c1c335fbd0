/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Log lines: levels, flags, where lines go, and deprecations. Any thread may log. Levels and flags
 * may be changed while others log; where lines go (open, close) only while they don't.
 */

#ifndef SPDK_LOG_H
#define SPDK_LOG_H

#include "spdk/assert.h"
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
		static struct basalt_log_ratelimit spdk_ratelimit_ \
		        __attribute__((section("basalt_state"))); \
		if (basalt_log_ratelimit_pass(&spdk_ratelimit_, __FILE__, __LINE__, __func__)) { \
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

/** Gets a line instead of syslog and standard error. \p args is its to use up. */
typedef void spdk_log_cb(int level, const char *file, const int line, const char *func,
                         const char *format, va_list args);

/** Called when the log is opened. */
typedef void spdk_log_open_cb(void *ctx);

/** Called when the log is closed. */
typedef void spdk_log_close_cb(void *ctx);

/** For spdk_log_open_ext(); what is NULL is left out. */
struct spdk_log_opts {
	/** sizeof(struct spdk_log_opts), as the caller knows it. */
	size_t size;
	spdk_log_cb *log;
	spdk_log_open_cb *open;
	spdk_log_close_cb *close;
	/** For open and close. */
	void *user_ctx;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_log_opts) == 40, "the size is interface");

/** A switch of SPDK_INFOLOG() and SPDK_DEBUGLOG(). */
struct spdk_log_flag {
	TAILQ_ENTRY(spdk_log_flag) tailq;
	const char *name;
	bool enabled;
};

/** One of the deprecations; not 0 ends the walk. */
typedef int (*spdk_log_for_each_deprecation_fn)(void *ctx, struct spdk_deprecation *deprecation);

/** State of one SPDK_ERRLOG_RATELIMIT() site; zeroed at start. */
struct basalt_log_ratelimit {
	uint64_t window_start_ticks;
	uint64_t suppressed;
};

/**
 * Whether a rate-limited site may log now. Any thread; races of two threads let a line too many
 * pass, nothing worse.
 */
bool basalt_log_ratelimit_pass(struct basalt_log_ratelimit *rl, const char *file, int line,
                               const char *func);

/**
 * Open the log: lines up to spdk_log_get_level() go to syslog, those up to
 * spdk_log_get_print_level() to standard error. Before, and after spdk_log_close(), nothing goes to
 * syslog. \param log when not NULL it gets every line of every level instead, on the thread that
 * logs.
 */
void spdk_log_open(spdk_log_cb *log);

/**
 * As spdk_log_open(), with functions that are called when the log is opened (now) and closed.
 * \param opts read now; fields beyond opts->size are absent.
 */
void spdk_log_open_ext(struct spdk_log_opts *opts);

/** Close the log: lines go to standard error only. */
void spdk_log_close(void);

/** Whether lines begin with the time; they do unless told otherwise. */
void spdk_log_enable_timestamps(bool value);

/** The highest level that goes to syslog; at first SPDK_LOG_NOTICE. */
void spdk_log_set_level(enum spdk_log_level level);

/** What spdk_log_set_level() set. */
enum spdk_log_level spdk_log_get_level(void);

/** The LOG_* priority for \p level: -1 for SPDK_LOG_DISABLED, LOG_INFO for what is no level. */
int spdk_log_to_syslog_level(enum spdk_log_level level);

/** The highest level that goes to standard error; at first SPDK_LOG_NOTICE. */
void spdk_log_set_print_level(enum spdk_log_level level);

/** What spdk_log_set_print_level() set. */
enum spdk_log_level spdk_log_get_print_level(void);

/** Lines up to \p level that are written are followed by the calls that led to them, a line each,
 * in a form that addr2line takes; at first SPDK_LOG_DISABLED: none. Costs some 100 us a line. Only
 *  while the environment is up. SPDK had this until v20.07. */
void spdk_log_set_backtrace_level(enum spdk_log_level level);

/** What spdk_log_set_backtrace_level() set. */
enum spdk_log_level spdk_log_get_backtrace_level(void);

/**
 * Log a line; the SPDK_*LOG() macros fill in the place.
 * \param file NULL: the text alone, without place and level, and without a newline added.
 * \param format as printf(); a newline at its end is added when it lacks.
 */
void spdk_log(enum spdk_log_level level, const char *file, const int line, const char *func,
              const char *format, ...) __attribute__((__format__(__printf__, 5, 6)));

/** As spdk_log(). \p ap is used up. */
void spdk_vlog(enum spdk_log_level level, const char *file, const int line, const char *func,
               const char *format, va_list ap);

/** Write a line with time and place, but without a level, to \p fp, whatever the levels are. */
void spdk_flog(FILE *fp, const char *file, const int line, const char *func, const char *format,
               ...) __attribute__((__format__(__printf__, 5, 6)));

/** As spdk_flog(). \p ap is used up. */
void spdk_vflog(FILE *fp, const char *file, const int line, const char *func, const char *format,
                va_list ap);

/** Write \p label and \p len bytes, in hexadecimal and as text, to \p fp. */
void spdk_log_dump(FILE *fp, const char *label, const void *buf, size_t len);

/**
 * Add a flag; SPDK_LOG_REGISTER_COMPONENT() does it. One thread at a time, at any time, also before
 * main(). A name that exists already is refused with a log line.
 * \param name lives as long as the program, as does \p flag.
 */
void spdk_log_register_flag(const char *name, struct spdk_log_flag *flag);

/** The first flag by name; NULL when there is none. */
struct spdk_log_flag *spdk_log_get_first_flag(void);

/** The flag behind \p flag by name; NULL behind the last. */
struct spdk_log_flag *spdk_log_get_next_flag(struct spdk_log_flag *flag);

/** Whether the flag of this name, in any case, is on; false when there is none. */
bool spdk_log_get_flag(const char *flag);

/**
 * Switch flags on: one by name, several by a pattern as in the shell ("nvmf*"), or "all"; in any
 * case. \return 0, or -EINVAL when there is none.
 */
int spdk_log_set_flag(const char *flag);

/** Switch flags off, named as for spdk_log_set_flag(). 0, or -EINVAL when there is none. */
int spdk_log_clear_flag(const char *flag);

/** Write the line of a usage text that explains option \p log_arg and lists the flags. */
void spdk_log_usage(FILE *f, const char *log_arg);

/**
 * Announce that something goes away; SPDK_LOG_DEPRECATION_REGISTER() does it. One thread at a time.
 * \param rate_limit_seconds at most one warning in this time; 0: each use warns.
 * \param reg out: for spdk_log_deprecated(); lives as long as the program.
 * \return 0, -EINVAL for a NULL, -EEXIST for a tag that exists, -ENOMEM. The texts are copied.
 */
int
spdk_log_deprecation_register(const char *tag, const char *description, const char *remove_release,
                              uint32_t rate_limit_seconds, struct spdk_deprecation **reg);

/** Count a use, and warn when it is time to. Any thread. */
void spdk_log_deprecated(struct spdk_deprecation *deprecation, const char *file, uint32_t line,
                         const char *func);

/** The deprecation of this tag, or NULL. */
struct spdk_deprecation *spdk_log_deprecation_find_by_tag(const char *tag);

/**
 * Call \p fn for each, in the order of their registration, until it returns other than 0.
 * \return what it returned last; 0 when there are none.
 */
int spdk_log_for_each_deprecation(void *ctx, spdk_log_for_each_deprecation_fn fn);

/** Its tag; lives as long as the program. */
const char *spdk_deprecation_get_tag(const struct spdk_deprecation *deprecation);

/** What is deprecated; lives as long as the program. */
const char *spdk_deprecation_get_description(const struct spdk_deprecation *deprecation);

/** The release in which it goes away; lives as long as the program. */
const char *spdk_deprecation_get_remove_release(const struct spdk_deprecation *deprecation);

/** How often it was used. */
uint64_t spdk_deprecation_get_hits(const struct spdk_deprecation *deprecation);

/* What programs written for SPDK before v18.10 call; each only calls what took its place. */

/** spdk_log_set_flag(). */
int spdk_log_set_trace_flag(const char *flag) __attribute__((deprecated));

/** spdk_log_get_flag(). */
bool spdk_log_get_trace_flag(const char *flag) __attribute__((deprecated));

/** spdk_log_clear_flag(). */
int spdk_log_clear_trace_flag(const char *flag) __attribute__((deprecated));

/** spdk_log_dump(). */
void spdk_trace_dump(FILE *fp, const char *label, const void *buf, size_t len)
        __attribute__((deprecated));

/** spdk_log_usage(). */
void spdk_tracelog_usage(FILE *f, const char *trace_arg) __attribute__((deprecated));

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_LOG_H */
