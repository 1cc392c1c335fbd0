/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk_trace: show what a program has recorded, as lines or as JSON. Works on the shared memory of
 * a program that runs, on what a dead one left, and on files of spdk_trace_record. One thread. */

#include "print.h"

#include "spdk/log.h"
#include "spdk_internal/app_number.h"

#include <getopt.h>

static void
usage(FILE *f, const char *program)
{
	fprintf(f,
	        "Usage: %s [options] (-s NAME (-p PID | -i ID) | -f FILE)\n"
	        "  -s NAME  name of the program, as its trace file begins\n"
	        "  -p PID   its process\n"
	        "  -i ID    or its shared memory instance (-i of the program)\n"
	        "  -f FILE  file of spdk_trace_record, or one in /dev/shm\n"
	        "  -c CORE  records of this core only\n"
	        "  -t       times also in ticks\n"
	        "  -T       times since the record before, of all\n"
	        "  -j       JSON\n"
	        "  -h       show this and end\n",
	        program);
}

struct options {
	const char *name;
	const char *file;
	long pid;
	long id;
	long core;
	struct print_opts print;
	bool json;
};

static bool
parse_one(int ch, struct options *o)
{
	switch (ch) {
	case 'c':
		return app_parse_number(ch, optarg, 0, SPDK_TRACE_MAX_LCORE - 1, &o->core);
	case 'i':
		return app_parse_number(ch, optarg, 0, INT_MAX, &o->id);
	case 'p':
		return app_parse_number(ch, optarg, 0, INT_MAX, &o->pid);
	case 's':
		o->name = optarg;
		return true;
	case 'f':
		o->file = optarg;
		return true;
	case 'j':
		o->json = true;
		return true;
	case 't':
		o->print.ticks = true;
		return true;
	case 'T':
		o->print.relative = true;
		return true;
	default:
		return false;
	}
}

static int
show(struct spdk_trace_parser *parser, const struct options *o)
{
	int rc = o->json ? trace_json(parser) : trace_text(parser, &o->print);

	if (rc != 0 || fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "The output can't be written\n");
		return 1;
	}
	return 0;
}

/* What to read; false: that isn't said. */
static bool
choose_file(const struct options *o, char *name, size_t size, struct spdk_trace_parser_opts *opts)
{
	bool by_name = o->name != NULL && (o->pid >= 0) != (o->id >= 0);

	if ((o->file != NULL) == (o->name != NULL) || (o->file == NULL && !by_name)) {
		return false;
	}
	opts->lcore = o->core >= 0 ? (uint16_t)o->core : SPDK_TRACE_MAX_LCORE;
	opts->mode = o->file != NULL ? SPDK_TRACE_PARSER_MODE_FILE : SPDK_TRACE_PARSER_MODE_SHM;
	opts->filename = o->file != NULL ? o->file : name;
	if (o->pid >= 0) {
		snprintf(name, size, "/%s" SPDK_TRACE_SHM_NAME_BASE "pid%ld", o->name, o->pid);
	} else {
		snprintf(name, size, "/%s" SPDK_TRACE_SHM_NAME_BASE "%ld",
		         o->name != NULL ? o->name : "", o->id);
	}
	return true;
}

int
main(int argc, char **argv)
{
	static const struct option no_long[] = { { NULL, 0, NULL, 0 } };
	struct options o = { .pid = -1, .id = -1, .core = -1 };
	struct spdk_trace_parser_opts opts = { 0 };
	struct spdk_trace_parser *parser;
	char name[NAME_MAX];
	int ch, rc;

	while ((ch = getopt_long(argc, argv, "c:f:hi:jp:s:tT", no_long, NULL)) != -1) {
		if (ch == 'h') {
			usage(stdout, argv[0]);
			return 0;
		}
		if (!parse_one(ch, &o)) {
			usage(stderr, argv[0]);
			return 1;
		}
	}
	if (!choose_file(&o, name, sizeof(name), &opts)) {
		fprintf(stderr, "Say what to read: -s with either -p or -i, or -f\n");
		usage(stderr, argv[0]);
		return 1;
	}
	spdk_log_enable_timestamps(false);
	parser = spdk_trace_parser_init(&opts);
	if (parser == NULL) {
		return 1;
	}
	rc = show(parser, &o);
	spdk_trace_parser_cleanup(parser);
	return rc;
}
