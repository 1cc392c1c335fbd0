/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The command-line rows of the schema: what a table leaves open is filled in here, so that rpc.py
 * and the tests read plain facts: kind, flags, action, type, default, choices, and the parameter
 * that an argument fills ("object.field" for a field). */

#include "rpc_internal.h"

#define FLAG_MAX 64

struct cli_writer {
	struct spdk_json_write_ctx *w;
	const char *outer; /* name of the object that is being walked, or NULL */
	bool outer_required;
};

static const char *
action_of(const struct rpc_param *p)
{
	if (p->cli.action != NULL) {
		return p->cli.action;
	}
	return p->type == RPC_BOOL ? "store_true" : "store";
}

static const char *
arg_type_of(const struct rpc_param *p)
{
	const char *conv = p->cli.conv;

	if (p->type == RPC_BOOL) {
		return NULL;
	}
	if (conv != NULL && strcmp(conv, "hex") == 0) {
		return "int base 16";
	}
	if (conv != NULL && strcmp(conv, "mib_to_blocks:float") == 0) {
		return "float";
	}
	if (conv != NULL && (strncmp(conv, "split:", 6) == 0 || strncmp(conv, "flags:", 6) == 0)) {
		return conv[6] == ',' ? "list split by ','"
		                      : (conv[6] == ' ' ? "list split by ' '"
		                                        : "list split by whitespace");
	}
	return p->type >= RPC_INT32 && p->type <= RPC_UINT64 ? "int" : "str";
}

/* "--block-size" for block_size */
static void
default_flag(const struct rpc_param *p, char *flag, size_t size)
{
	char *c;

	snprintf(flag, size, "--%s", p->name);
	for (c = flag; *c != '\0'; c++) {
		*c = *c == '_' ? '-' : *c;
	}
}

static void
write_flags(struct spdk_json_write_ctx *w, const struct rpc_param *p)
{
	char flags[FLAG_MAX], *flag, *rest;
	const char *name;

	if (p->cli.flags != NULL) {
		snprintf(flags, sizeof(flags), "%s", p->cli.flags);
	} else {
		default_flag(p, flags, sizeof(flags));
	}
	for (flag = strtok_r(flags, "/", &rest); flag != NULL; flag = strtok_r(NULL, "/", &rest)) {
		name = strncmp(flag, "--", 2) == 0 ? "long" : "short";
		spdk_json_write_named_string(w, name, flag);
		if (strcmp(name, "long") == 0 && strcmp(action_of(p), "boolean_optional") == 0) {
			spdk_json_write_named_array_begin(w, "long_other");
			spdk_json_write_string_fmt(w, "--no-%s", flag + 2);
			spdk_json_write_array_end(w);
		}
	}
}

static void
write_choice(struct spdk_json_write_ctx *w, const struct rpc_param *p, const char *choice)
{
	if (p->type >= RPC_INT32 && p->type <= RPC_UINT64) {
		spdk_json_write_val_raw(w, choice, strlen(choice));
	} else {
		spdk_json_write_string(w, choice);
	}
}

static void
write_choices(struct spdk_json_write_ctx *w, const struct rpc_param *p)
{
	const struct rpc_enum_value *v;
	char choices[256], *choice, *rest;

	if (p->cli.choices == NULL && p->type != RPC_ENUM) {
		return;
	}
	spdk_json_write_named_array_begin(w, "choices");
	if (p->cli.choices != NULL) {
		snprintf(choices, sizeof(choices), "%s", p->cli.choices);
		for (choice = strtok_r(choices, "|", &rest); choice != NULL;
		     choice = strtok_r(NULL, "|", &rest)) {
			write_choice(w, p, choice);
		}
	} else {
		for (v = p->values; v->name != NULL; v++) {
			spdk_json_write_string(w, v->name);
		}
	}
	spdk_json_write_array_end(w);
}

static void
write_default(struct spdk_json_write_ctx *w, const struct rpc_param *p)
{
	const char *dflt = p->cli.dflt;

	if (dflt == NULL && strcmp(action_of(p), "store_true") == 0) {
		dflt = "false";
	} else if (dflt == NULL && strcmp(action_of(p), "store_false") == 0) {
		dflt = "true";
	}
	if (dflt != NULL) {
		spdk_json_write_name(w, "default");
		spdk_json_write_val_raw(w, dflt, strlen(dflt));
	}
}

static void
write_arg(const struct cli_writer *c, const struct rpc_param *p)
{
	struct spdk_json_write_ctx *w = c->w;
	bool positional = p->cli.kind == RPC_CLI_POSITIONAL;
	bool required = p->required && (c->outer == NULL || c->outer_required);
	const char *type = arg_type_of(p);

	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "kind", positional ? "positional" : "option");
	if (!positional) {
		write_flags(w, p);
	}
	spdk_json_write_named_string(w, "dest", p->cli.dest != NULL ? p->cli.dest : p->name);
	spdk_json_write_named_string(w, "action", action_of(p));
	if (type != NULL) {
		spdk_json_write_named_string(w, "type", type);
	}
	if (positional && !required) {
		spdk_json_write_named_string(w, "nargs", "?");
	}
	spdk_json_write_named_bool(w, "required", required);
	write_choices(w, p);
	write_default(w, p);
	spdk_json_write_named_string_fmt(w, "param", "%s%s%s", c->outer != NULL ? c->outer : "",
	                                 c->outer != NULL ? "." : "", p->name);
	if (p->cli.conv != NULL) {
		spdk_json_write_named_string(w, "conv", p->cli.conv);
	}
	if (p->cli.group > 0) {
		spdk_json_write_named_int32(w, "group", p->cli.group);
	}
	if (p->help != NULL) {
		spdk_json_write_named_string(w, "help", p->help);
	}
	spdk_json_write_object_end(w);
}

static void
write_args(const struct cli_writer *c, const struct rpc_param *params, size_t num_params)
{
	struct cli_writer inner;
	size_t i;

	for (i = 0; i < num_params; i++) {
		if (params[i].cli.kind != RPC_CLI_NONE) {
			write_arg(c, &params[i]);
		} else if (params[i].type == RPC_OBJECT && c->outer == NULL) {
			inner = *c;
			inner.outer = params[i].name;
			inner.outer_required = params[i].required;
			write_args(&inner, params[i].object->params, params[i].object->num_params);
		}
	}
}

static const char *
output_of(const struct rpc_method *method)
{
	const char *output = method->cli_output;

	if (output == NULL) {
		output = method->result == RPC_RESULT_BOOL
		                 ? "none"
		                 : (method->result == RPC_RESULT_STRING ? "string" : "json");
	}
	if (strcmp(output, "string") == 0) {
		return "json, bare string when a string";
	}
	return strcmp(output, "list") == 0 ? "space-separated list" : output;
}

void
rpc_write_cli(struct spdk_json_write_ctx *w, const struct rpc_method *method)
{
	struct cli_writer c = { .w = w };

	if (method->hidden) {
		spdk_json_write_named_null(w, "cli");
		return;
	}
	spdk_json_write_named_object_begin(w, "cli");
	spdk_json_write_named_array_begin(w, "args");
	write_args(&c, method->params, method->num_params);
	spdk_json_write_array_end(w);
	spdk_json_write_named_string(w, "output", output_of(method));
	spdk_json_write_object_end(w);
}
