/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Log lines: which are written, how they look, and where they go (standard error and syslog, or
 * the application's own function). Any thread may log; a line leaves in one write, so that lines of
 * several threads don't mix. Levels and sinks are words that a thread may change while others log;
 * a line in flight sees the old or the new value. Sinks are changed before other threads log.
 *
 * syslog gets lines only between spdk_log_open() and spdk_log_close(): a tool that never opens the
 * log does not fill the machine's journal.
 */

#include "spdk/log.h"
#include "spdk_internal/machine_hooks.h"
#include "spdk_internal/system_state.h"

/* A longer line takes memory from the heap, or is cut when there is none. */
#define LINE_STACK_BYTES 1024
#define STAMP_BYTES 40
#define DUMP_BYTES_PER_LINE 16
#define RATELIMIT_WINDOW_NS 1000000000ull

static struct {
	enum spdk_log_level level;           /* of lines to syslog */
	enum spdk_log_level print_level;     /* of lines to stderr */
	enum spdk_log_level backtrace_level; /* of lines with the calls that led to them */
	bool no_timestamps;
	bool syslog_open;
	spdk_log_cb *log;
	spdk_log_close_cb *close;
	void *user_ctx;
} g_state SYSTEM_STATE = {
	.level = SPDK_LOG_NOTICE,
	.print_level = SPDK_LOG_NOTICE,
	.backtrace_level = SPDK_LOG_DISABLED,
};

struct level_name {
	const char *name;
	int syslog_level;
};

static const struct level_name g_levels[] = {
	[SPDK_LOG_ERROR] = { "ERROR", LOG_ERR },      [SPDK_LOG_WARN] = { "WARNING", LOG_WARNING },
	[SPDK_LOG_NOTICE] = { "NOTICE", LOG_NOTICE }, [SPDK_LOG_INFO] = { "INFO", LOG_INFO },
	[SPDK_LOG_DEBUG] = { "DEBUG", LOG_DEBUG },
};

static void
level_set(enum spdk_log_level *which, enum spdk_log_level level)
{
	if ((int)level < SPDK_LOG_DISABLED || (int)level > SPDK_LOG_DEBUG) {
		SPDK_ERRLOG("There is no log level %d; the old one stays\n", (int)level);
		return;
	}
	*which = level;
}

void
spdk_log_open(spdk_log_cb *log)
{
	struct spdk_log_opts opts = { .size = sizeof(opts), .log = log };

	spdk_log_open_ext(&opts);
}

void
spdk_log_open_ext(struct spdk_log_opts *opts)
{
	spdk_log_open_cb *open_fn = NULL;

	spdk_log_close();
	if (opts != NULL) {
#define GET(field) \
	(offsetof(struct spdk_log_opts, field) + sizeof(opts->field) <= opts->size ? opts->field \
	                                                                           : NULL)
		g_state.log = GET(log);
		g_state.close = GET(close);
		g_state.user_ctx = GET(user_ctx);
		open_fn = GET(open);
#undef GET
	}
	if (g_state.log == NULL) {
		openlog("spdk", LOG_PID, LOG_LOCAL7);
		g_state.syslog_open = true;
	}
	if (open_fn != NULL) {
		open_fn(g_state.user_ctx);
	}
}

void
spdk_log_close(void)
{
	spdk_log_close_cb *close_fn = g_state.close;
	void *user_ctx = g_state.user_ctx;

	if (g_state.syslog_open) {
		closelog();
	}
	g_state.syslog_open = false;
	g_state.log = NULL;
	g_state.close = NULL;
	g_state.user_ctx = NULL;
	if (close_fn != NULL) {
		close_fn(user_ctx);
	}
}

void
spdk_log_enable_timestamps(bool value)
{
	g_state.no_timestamps = !value;
}

void
spdk_log_set_level(enum spdk_log_level level)
{
	level_set(&g_state.level, level);
}

enum spdk_log_level
spdk_log_get_level(void)
{
	return g_state.level;
}

void
spdk_log_set_print_level(enum spdk_log_level level)
{
	level_set(&g_state.print_level, level);
}

enum spdk_log_level
spdk_log_get_print_level(void)
{
	return g_state.print_level;
}

void
spdk_log_set_backtrace_level(enum spdk_log_level level)
{
	level_set(&g_state.backtrace_level, level);
}

enum spdk_log_level
spdk_log_get_backtrace_level(void)
{
	return g_state.backtrace_level;
}

int
spdk_log_to_syslog_level(enum spdk_log_level level)
{
	if (level == SPDK_LOG_DISABLED) {
		return -1;
	}
	if ((int)level < 0 || (size_t)level >= sizeof(g_levels) / sizeof(g_levels[0])) {
		return LOG_INFO;
	}
	return g_levels[level].syslog_level;
}

/* "[2026-01-31 23:59:59.000001] ", or "" when lines carry no time or none is known yet. */
static void
format_stamp(char *buf)
{
	struct timespec now;
	struct tm tm;
	size_t len;

	buf[0] = '\0';
	if (g_state.no_timestamps) {
		return;
	}
	machine_hooks_get()->wall_clock(&now);
	if (now.tv_sec == 0 || localtime_r(&now.tv_sec, &tm) == NULL) {
		return;
	}
	len = strftime(buf, STAMP_BYTES, "[%Y-%m-%d %H:%M:%S", &tm);
	snprintf(buf + len, STAMP_BYTES - len, ".%06ld] ", (long)(now.tv_nsec / 1000));
}

/* One line, put together before it is written. */
struct line {
	char stack[LINE_STACK_BYTES];
	char *heap; /* NULL: the line is in stack */
	size_t len;
	size_t text; /* where it begins behind the time stamp */
};

/* What stands before the text: "log.c: 120:format_line: *ERROR*: "; all of it is optional. */
static int
format_place(char *buf, size_t size, const char *file, int line, const char *func,
             const char *level_name)
{
	const char *base;

	if (file == NULL) {
		return level_name == NULL ? 0 : snprintf(buf, size, "*%s*: ", level_name);
	}
	base = strrchr(file, '/');
	base = base != NULL ? base + 1 : file;
	if (level_name == NULL) {
		return snprintf(buf, size, "%s:%4d:%s: ", base, line, func != NULL ? func : "");
	}
	return snprintf(buf, size, "%s:%4d:%s: *%s*: ", base, line, func != NULL ? func : "",
	                level_name);
}

/* Append the text to what l->stack holds already, in the heap if it does not fit. */
static void
line_append(struct line *l, const char *format, va_list args)
{
	va_list copy;
	int len;

	va_copy(copy, args);
	/* One byte stays free for the newline. */
	len = vsnprintf(l->stack + l->len, sizeof(l->stack) - l->len - 1, format, copy);
	va_end(copy);
	if (len < 0) {
		return;
	}
	if (l->len + (size_t)len + 2 > sizeof(l->stack)) {
		l->heap = malloc(l->len + (size_t)len + 2);
		if (l->heap == NULL) {
			l->len = strlen(l->stack);
			return;
		}
		memcpy(l->heap, l->stack, l->len);
		vsnprintf(l->heap + l->len, (size_t)len + 1, format, args);
	}
	l->len += (size_t)len;
}

static void
line_begin(struct line *l, const char *file, int line, const char *func, const char *level_name)
{
	char stamp[STAMP_BYTES];
	int len;

	l->heap = NULL;
	format_stamp(stamp);
	l->text = (size_t)snprintf(l->stack, sizeof(l->stack), "%s", stamp);
	len = format_place(l->stack + l->text, sizeof(l->stack) / 2 - l->text, file, line, func,
	                   level_name);
	l->len = l->text + (len > 0 ? (size_t)len : 0);
	if (l->len >= sizeof(l->stack) / 2) {
		l->len = sizeof(l->stack) / 2 - 1; /* an absurd file or function name was cut */
	}
}

/* The finished line. Each ends in a newline but for those without a place, which may be parts. */
static char *
line_end(struct line *l, bool whole)
{
	char *text = l->heap != NULL ? l->heap : l->stack;

	if (whole && (l->len == 0 || text[l->len - 1] != '\n')) {
		text[l->len++] = '\n';
	}
	text[l->len] = '\0';
	return text;
}

/* False: nobody wants lines of this level. */
static bool
write_line(enum spdk_log_level level, const char *file, int line, const char *func,
           const char *format, va_list ap)
{
	struct line l;
	char *text;

	if (g_state.log != NULL) {
		g_state.log(level, file, line, func, format, ap);
		return true;
	}
	if ((int)level < 0 || (int)level > SPDK_LOG_DEBUG ||
	    (level > g_state.print_level && (level > g_state.level || !g_state.syslog_open))) {
		return false;
	}
	line_begin(&l, file, line, func, file != NULL ? g_levels[level].name : NULL);
	line_append(&l, format, ap);
	text = line_end(&l, file != NULL);
	if (level <= g_state.print_level) {
		fwrite(text, 1, l.len, stderr);
	}
	if (level <= g_state.level && g_state.syslog_open) {
		syslog(spdk_log_to_syslog_level(level), "%s", text + l.text);
	}
	free(l.heap);
	return true;
}

/* ---- The calls behind a line ---- */

/* Of the line that they belong to. */
struct place {
	enum spdk_log_level level;
	const char *file;
	int line;
	const char *func;
	uint32_t count;
};

static void
write_call(const struct place *place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(place->level, place->file, place->line, place->func, format, args);
	va_end(args);
}

static void
backtrace_call(void *arg, const char *call)
{
	struct place *place = arg;

	write_call(place, "  #%u %s\n", place->count++, call);
}

void
spdk_vlog(enum spdk_log_level level, const char *file, const int line, const char *func,
          const char *format, va_list ap)
{
	struct place place = { level, file, line, func, 0 };

	if (write_line(level, file, line, func, format, ap) && file != NULL &&
	    level <= g_state.backtrace_level) {
		machine_hooks_get()->backtrace(backtrace_call, &place);
	}
}

void
spdk_log(enum spdk_log_level level, const char *file, const int line, const char *func,
         const char *format, ...)
{
	va_list args;

	va_start(args, format);
	spdk_vlog(level, file, line, func, format, args);
	va_end(args);
}

void
spdk_flog(FILE *fp, const char *file, const int line, const char *func, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	spdk_vflog(fp, file, line, func, format, args);
	va_end(args);
}

void
spdk_vflog(FILE *fp, const char *file, const int line, const char *func, const char *format,
           va_list ap)
{
	struct line l;
	char *text;

	line_begin(&l, file, line, func, NULL);
	line_append(&l, format, ap);
	text = line_end(&l, file != NULL);
	fwrite(text, 1, l.len, fp);
	fflush(fp);
	free(l.heap);
}

/* "00000010  61 62 63 ...  abc": 16 bytes of a dump. */
static void
dump_line(FILE *fp, size_t offset, const uint8_t *bytes, size_t len)
{
	char text[16 + DUMP_BYTES_PER_LINE * 4];
	size_t pos, i;

	pos = (size_t)snprintf(text, sizeof(text), "%08zx ", offset);
	for (i = 0; i < DUMP_BYTES_PER_LINE; i++) {
		if (i < len) {
			pos += (size_t)snprintf(text + pos, sizeof(text) - pos, " %02x", bytes[i]);
		} else {
			pos += (size_t)snprintf(text + pos, sizeof(text) - pos, "   ");
		}
	}
	fprintf(fp, "%s  ", text);
	for (i = 0; i < len; i++) {
		fputc(bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.', fp);
	}
	fputc('\n', fp);
}

void
spdk_log_dump(FILE *fp, const char *label, const void *buf, size_t len)
{
	const uint8_t *bytes = buf;
	size_t offset, left;

	fprintf(fp, "%s: %zu bytes\n", label, len);
	for (offset = 0; offset < len; offset += DUMP_BYTES_PER_LINE) {
		left = len - offset;
		dump_line(fp, offset, bytes + offset,
		          left < DUMP_BYTES_PER_LINE ? left : DUMP_BYTES_PER_LINE);
	}
	fflush(fp);
}

bool
basalt_log_ratelimit_pass(struct basalt_log_ratelimit *rl, const char *file, int line,
                          const char *func)
{
	uint64_t now = machine_hooks_get()->monotonic_ns();
	uint64_t start = __atomic_load_n(&rl->window_start_ticks, __ATOMIC_RELAXED);
	uint64_t hidden;

	if (now == 0) {
		return true; /* no clock yet */
	}
	if (start != 0 && now - start < RATELIMIT_WINDOW_NS) {
		__atomic_fetch_add(&rl->suppressed, 1, __ATOMIC_RELAXED);
		return false;
	}
	/* Relaxed and apart: two threads at the border may both pass, which is harmless. */
	__atomic_store_n(&rl->window_start_ticks, now, __ATOMIC_RELAXED);
	hidden = __atomic_exchange_n(&rl->suppressed, 0, __ATOMIC_RELAXED);
	if (hidden != 0) {
		spdk_log(SPDK_LOG_ERROR, file, line, func,
		         "%" PRIu64 " more lines from here were hidden\n", hidden);
	}
	return true;
}
