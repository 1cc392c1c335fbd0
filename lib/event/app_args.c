/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The command line that all programs on spdk_app_start() share: one table of options, each with
 * what it does; the usage text is written from the same table. Main thread, before the start. What
 * an option needs memory for lives until spdk_app_fini(). */

#include "app_internal.h"

#include "spdk/init.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/trace.h"
#include "spdk/util.h"
#include "spdk/version.h"
#include "spdk_internal/system_state.h"

#include <getopt.h>

#define OPTIONS_MAX 128
#define SHORT_MAX 256

static struct {
	const char *program;
	const struct spdk_app_opts *opts; /* while arguments are parsed: defaults for the usage */
	void (*program_usage)(void);
} g_args SYSTEM_STATE;

void
app_args_free(void)
{
	app_options_free();
	memset(&g_args, 0, sizeof(g_args));
}

/* ---- Usage ---- */

void
spdk_app_usage(void)
{
	const struct app_option *option;
	char left[64];
	size_t i;

	printf("Usage: %s [options]\n\nOptions of the framework:\n",
	       g_args.program != NULL ? g_args.program : "program");
	for (i = 0; i < g_num_app_options; i++) {
		option = &g_app_options[i];
		if (option->value < 256 && strcmp(option->name, "json") != 0) {
			snprintf(left, sizeof(left), "-%c, --%s%s%s", option->value, option->name,
			         option->arg != NULL ? " " : "",
			         option->arg != NULL ? option->arg : "");
		} else {
			snprintf(left, sizeof(left), "    --%s%s%s", option->name,
			         option->arg != NULL ? " " : "",
			         option->arg != NULL ? option->arg : "");
		}
		printf("  %-34s %s\n", left, option->help);
	}
	printf("The control socket is %s unless told otherwise.\n",
	       g_args.opts != NULL && g_args.opts->rpc_addr != NULL ? g_args.opts->rpc_addr
	                                                            : SPDK_DEFAULT_RPC_ADDR);
	spdk_log_usage(stdout, "-L");
	spdk_trace_mask_usage(stdout, "-e");
}

static void
usage_all(void)
{
	spdk_app_usage();
	if (g_args.program_usage != NULL) {
		printf("\nOptions of this program:\n");
		g_args.program_usage();
	}
}

/* ---- Parsing ---- */

static const struct app_option *
option_find(int value)
{
	size_t i;

	for (i = 0; i < g_num_app_options; i++) {
		if (g_app_options[i].value == value) {
			return &g_app_options[i];
		}
	}
	return NULL;
}

/* The framework's letters, then the program's own. */
static int
short_options_join(char *out, size_t size, const char *own)
{
	const char *c;
	int len;

	if (own == NULL) {
		own = "";
	}
	for (c = own; *c != '\0'; c++) {
		if (*c != ':' && strchr(SPDK_APP_GETOPT_STRING, *c) != NULL) {
			SPDK_ERRLOG("Option -%c of the program is one of the framework's\n", *c);
			return -EINVAL;
		}
	}
	len = snprintf(out, size, "%s%s", SPDK_APP_GETOPT_STRING, own);
	return len < 0 || (size_t)len >= size ? -E2BIG : 0;
}

static int
long_options_join(struct option *out, size_t max, const struct option *own)
{
	size_t i, n = 0;

	for (i = 0; i < g_num_app_options; i++) {
		out[n++] = (struct option){
			.name = g_app_options[i].name,
			.has_arg = g_app_options[i].arg != NULL ? required_argument : no_argument,
			.val = g_app_options[i].value,
		};
	}
	for (; own != NULL && own->name != NULL; own++) {
		for (i = 0; i < g_num_app_options; i++) {
			if (strcmp(own->name, g_app_options[i].name) == 0) {
				SPDK_ERRLOG(
				        "Option --%s of the program is one of the framework's\n",
				        own->name);
				return -EINVAL;
			}
		}
		if (n + 1 >= max) {
			return -E2BIG;
		}
		out[n++] = *own;
	}
	memset(&out[n], 0, sizeof(out[n]));
	return 0;
}

static spdk_app_parse_args_rvals_t
parse_one(int ch, struct spdk_app_opts *opts, int (*parse)(int ch, char *arg))
{
	const struct app_option *option = option_find(ch);
	int rc;

	switch (ch) {
	case 'h':
		usage_all();
		return SPDK_APP_PARSE_ARGS_HELP;
	case 'v':
		printf("%s\n", SPDK_VERSION_STRING);
		return SPDK_APP_PARSE_ARGS_HELP;
	case '?':
		/* getopt has said on stderr what is wrong. */
		usage_all();
		return SPDK_APP_PARSE_ARGS_FAIL;
	}
	if (option != NULL) {
		rc = option->apply(opts, optarg);
	} else {
		rc = parse != NULL ? parse(ch, optarg) : -EINVAL;
	}
	if (rc == 0) {
		return SPDK_APP_PARSE_ARGS_SUCCESS;
	}
	if (option == NULL) {
		SPDK_ERRLOG("The program did not take its option -%c\n", ch < 128 ? ch : '?');
	}
	usage_all();
	return SPDK_APP_PARSE_ARGS_FAIL;
}

spdk_app_parse_args_rvals_t
spdk_app_parse_args(int argc, char **argv, struct spdk_app_opts *opts, const char *getopt_str,
                    const struct option *app_long_opts, int (*parse)(int ch, char *arg),
                    void (*usage)(void))
{
	spdk_app_parse_args_rvals_t result = SPDK_APP_PARSE_ARGS_SUCCESS;
	struct option long_opts[OPTIONS_MAX];
	char short_opts[SHORT_MAX];
	int ch;

	if (short_options_join(short_opts, sizeof(short_opts), getopt_str) != 0 ||
	    long_options_join(long_opts, SPDK_COUNTOF(long_opts), app_long_opts) != 0) {
		return SPDK_APP_PARSE_ARGS_FAIL;
	}
	g_args.program = argv[0];
	g_args.opts = opts;
	g_args.program_usage = usage;
	optind = 0; /* glibc: forget what an earlier call has parsed */
	while (result == SPDK_APP_PARSE_ARGS_SUCCESS &&
	       (ch = getopt_long(argc, argv, short_opts, long_opts, NULL)) != -1) {
		result = parse_one(ch, opts, parse);
	}
	if (result == SPDK_APP_PARSE_ARGS_SUCCESS && opts->json_config_file != NULL &&
	    opts->delay_subsystem_init) {
		fprintf(stderr, "--wait-for-rpc and --config exclude each other\n");
		result = SPDK_APP_PARSE_ARGS_FAIL;
	}
	g_args.opts = NULL;
	g_args.program_usage = NULL;
	return result;
}
