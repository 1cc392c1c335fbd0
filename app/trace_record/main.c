/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk_trace_record: keep all records of a program that runs, more than its rings hold, in a file
 * that spdk_trace reads. One thread, which looks at the rings every few milliseconds until it is
 * told to stop by a signal or -t, or the program has ended. */

#include "record.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk_internal/app_number.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"

#include <getopt.h>
#include <signal.h>

#define POLL_US 5000
#define US_PER_S 1000000ull

static struct {
	volatile sig_atomic_t stop;
	struct env_waiter *waiter;
} g_main SYSTEM_STATE;

struct options {
	const char *name;
	const char *file;
	long pid;
	long id;
	long seconds; /* 0: no end */
	bool quiet;
};

static void
usage(FILE *f, const char *program)
{
	fprintf(f,
	        "Usage: %s [options] -s NAME (-p PID | -i ID) -f FILE\n"
	        "  -s NAME  name of the program, as its trace file begins\n"
	        "  -p PID   its process\n"
	        "  -i ID    or its shared memory instance (-i of the program)\n"
	        "  -f FILE  where to write, for spdk_trace -f\n"
	        "  -t S     stop after S seconds\n"
	        "  -q       say only what is wrong\n"
	        "  -h       show this and end\n",
	        program);
}

static bool
parse_one(int ch, struct options *o)
{
	switch (ch) {
	case 'i':
		return app_parse_number(ch, optarg, 0, INT_MAX, &o->id);
	case 'p':
		return app_parse_number(ch, optarg, 1, INT_MAX, &o->pid);
	case 't':
		return app_parse_number(ch, optarg, 1, INT_MAX, &o->seconds);
	case 's':
		o->name = optarg;
		return true;
	case 'f':
		o->file = optarg;
		return true;
	case 'q':
		o->quiet = true;
		return true;
	default:
		return false;
	}
}

static void
on_signal(int signo)
{
	g_main.stop = 1;
	env_waiter_kick(g_main.waiter);
}

/* A zombie has ended too: only its parent does not know yet. */
static bool
is_alive(long pid)
{
	char text[128], *state;
	bool alive = false;
	size_t len;
	FILE *f;

	snprintf(text, sizeof(text), "/proc/%ld/stat", pid);
	f = fopen(text, "re");
	if (f == NULL) {
		return false;
	}
	len = fread(text, 1, sizeof(text) - 1, f);
	if (len > 0) {
		/* "pid (name) state ...": a name may hold anything, a new line too */
		text[len] = '\0';
		state = strrchr(text, ')');
		alive = state == NULL ||
		        (strncmp(state, ") Z", 3) != 0 && strncmp(state, ") X", 3) != 0);
	}
	fclose(f);
	return alive;
}

/* Until it is told to stop. 0 or a negative errno. */
static int
record_loop(struct recorder *recorder, const struct options *o)
{
	uint64_t hz = spdk_get_ticks_hz(), start = spdk_get_ticks(), said = start, now = start;
	struct env_wait_event event;
	bool last = false;
	int rc = 0;

	while (rc == 0 && !last) {
		last = g_main.stop || (o->pid > 0 && !is_alive(o->pid)) ||
		       (o->seconds > 0 && now - start >= (uint64_t)o->seconds * hz);
		rc = recorder_poll(recorder);
		if (!o->quiet && (now - said >= hz || last)) {
			said = now;
			printf("%" PRIu64 " entries, %" PRIu64 " lost\n",
			       recorder_num_entries(recorder), recorder_num_lost(recorder));
			fflush(stdout);
		}
		if (!last) {
			env_waiter_wait(g_main.waiter, now + POLL_US * hz / US_PER_S, &event, 1);
		}
		now = spdk_get_ticks();
	}
	return rc;
}

static int
record(const char *shm_name, const struct options *o)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct recorder *recorder = NULL;
	int rc;

	rc = env_waiter_create(&g_main.waiter);
	if (rc != 0) {
		return rc;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	rc = recorder_open(shm_name, &recorder);
	if (rc == 0) {
		rc = record_loop(recorder, o);
	}
	if (rc == 0) {
		rc = recorder_write(recorder, o->file);
	}
	if (rc == 0 && recorder_num_lost(recorder) > 0) {
		fprintf(stderr,
		        "%" PRIu64 " entries came faster than they could be read, and are "
		        "lost: start the program with a greater --num-trace-entries\n",
		        recorder_num_lost(recorder));
	}
	recorder_close(recorder);
	return rc;
}

static int
run(const struct options *o)
{
	struct spdk_env_opts env = { .opts_size = sizeof(env) };
	char name[NAME_MAX];
	int rc;

	if (o->pid > 0) {
		if (!is_alive(o->pid)) {
			fprintf(stderr,
			        "There is no process %ld to record. What a dead program "
			        "left is read by spdk_trace -f /dev/shm/%s" SPDK_TRACE_SHM_NAME_BASE
			        "pid%ld\n",
			        o->pid, o->name, o->pid);
			return 1;
		}
		snprintf(name, sizeof(name), "/%s" SPDK_TRACE_SHM_NAME_BASE "pid%ld", o->name,
		         o->pid);
	} else {
		snprintf(name, sizeof(name), "/%s" SPDK_TRACE_SHM_NAME_BASE "%ld", o->name, o->id);
	}
	spdk_env_opts_init(&env);
	env.name = "spdk_trace_record";
	env.no_pci = true;
	env.no_huge = true;
	if (spdk_env_init(&env) != 0) {
		return 1;
	}
	rc = record(name, o);
	if (rc != 0) {
		fprintf(stderr, "Nothing was recorded: %s\n", spdk_strerror(-rc));
	}
	env_waiter_destroy(g_main.waiter);
	spdk_env_fini();
	return rc != 0 ? 1 : 0;
}

int
main(int argc, char **argv)
{
	static const struct option no_long[] = { { NULL, 0, NULL, 0 } };
	struct options o = { .id = -1 };
	int ch;

	while ((ch = getopt_long(argc, argv, "f:hi:p:qs:t:", no_long, NULL)) != -1) {
		if (ch == 'h') {
			usage(stdout, argv[0]);
			return 0;
		}
		if (!parse_one(ch, &o)) {
			usage(stderr, argv[0]);
			return 1;
		}
	}
	if (o.name == NULL || o.file == NULL || (o.pid > 0) == (o.id >= 0)) {
		fprintf(stderr, "Say what to record, -s with either -p or -i, and where to, -f\n");
		usage(stderr, argv[0]);
		return 1;
	}
	spdk_log_set_print_level(SPDK_LOG_WARN);
	return run(&o);
}
