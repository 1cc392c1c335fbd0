/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The schema: all that the tables say, as JSON. rpc_get_schema answers it, the build writes it to
 * schema.json for rpc.py, and a test compares it with the interface's description. A method that
 * an outside module registered is there by name and states; "opaque" says that its parameters are
 * its own affair. */

#include "rpc_internal.h"
#include "spdk/version.h"

static void write_params(struct spdk_json_write_ctx *w, const char *name,
                         const struct rpc_param *params, size_t num_params);

static void
write_opt_string(struct spdk_json_write_ctx *w, const char *name, const char *value)
{
	if (value != NULL) {
		spdk_json_write_named_string(w, name, value);
	}
}

static void
write_opt_true(struct spdk_json_write_ctx *w, const char *name, bool value)
{
	if (value) {
		spdk_json_write_named_bool(w, name, true);
	}
}

static void
write_json_text(struct spdk_json_write_ctx *w, const char *name, const char *text)
{
	if (text != NULL) {
		spdk_json_write_name(w, name);
		spdk_json_write_val_raw(w, text, strlen(text));
	}
}

static bool
is_number(enum rpc_type type)
{
	return type >= RPC_INT32 && type <= RPC_UINT64;
}

static void
write_limits(struct spdk_json_write_ctx *w, const struct rpc_param *p)
{
	int64_t min;
	uint64_t max;

	if (is_number(p->type)) {
		rpc_param_limits(p, &min, &max);
		spdk_json_write_named_int64(w, "min", min);
		spdk_json_write_named_uint64(w, "max", max);
		return;
	}
	if (p->min > 0) {
		spdk_json_write_named_uint64(w, "min_len", p->min);
	}
	if (p->max > 0) {
		spdk_json_write_named_uint64(w, "max_len", p->max);
	}
}

static void
write_values(struct spdk_json_write_ctx *w, const struct rpc_enum_value *values)
{
	const struct rpc_enum_value *v;

	if (values == NULL) {
		return;
	}
	spdk_json_write_named_array_begin(w, "values");
	for (v = values; v->name != NULL; v++) {
		spdk_json_write_object_begin(w);
		spdk_json_write_named_string(w, "name", v->name);
		spdk_json_write_named_int32(w, "value", v->value);
		spdk_json_write_object_end(w);
	}
	spdk_json_write_array_end(w);
}

static void
write_type(struct spdk_json_write_ctx *w, const struct rpc_param *p)
{
	struct rpc_param element;

	spdk_json_write_named_string(w, "type", rpc_type_name(p->type));
	write_limits(w, p);
	if (p->type == RPC_ARRAY) {
		element = rpc_array_element(p);
		spdk_json_write_named_object_begin(w, "element");
		write_type(w, &element);
		spdk_json_write_object_end(w);
		return;
	}
	write_values(w, p->values);
	if (p->type == RPC_OBJECT) {
		write_params(w, "fields", p->object->params, p->object->num_params);
	}
}

static void
write_param(struct spdk_json_write_ctx *w, const struct rpc_param *p)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", p->name);
	spdk_json_write_named_bool(w, "required", p->required);
	write_type(w, p);
	write_json_text(w, "default", p->dflt);
	write_opt_string(w, "unit", p->unit);
	write_opt_true(w, "deprecated", p->deprecated);
	write_opt_true(w, "secret", p->secret);
	write_opt_string(w, "help", p->help);
	spdk_json_write_object_end(w);
}

static void
write_params(struct spdk_json_write_ctx *w, const char *name, const struct rpc_param *params,
             size_t num_params)
{
	size_t i;

	spdk_json_write_named_array_begin(w, name);
	for (i = 0; i < num_params; i++) {
		write_param(w, &params[i]);
	}
	spdk_json_write_array_end(w);
}

static void
write_states(struct spdk_json_write_ctx *w, uint32_t states)
{
	spdk_json_write_named_array_begin(w, "states");
	if ((states & SPDK_RPC_STARTUP) != 0) {
		spdk_json_write_string(w, "STARTUP");
	}
	if ((states & SPDK_RPC_RUNTIME) != 0) {
		spdk_json_write_string(w, "RUNTIME");
	}
	spdk_json_write_array_end(w);
}

static int32_t
effective_decode_code(const struct rpc_method *m)
{
	if (m->decode_code != 0) {
		return m->decode_code;
	}
	return m->num_params > 0 ? SPDK_JSONRPC_ERROR_INTERNAL_ERROR
	                         : SPDK_JSONRPC_ERROR_INVALID_PARAMS;
}

static void
write_method(struct spdk_json_write_ctx *w, const struct rpc_method *m)
{
	static const char *const roles[] = {
		[RPC_ROLE_OBSERVE] = "observe",
		[RPC_ROLE_OPERATE] = "operate",
		[RPC_ROLE_ADMIN] = "admin",
	};
	static const char *const results[] = {
		[RPC_RESULT_BOOL] = "boolean",  [RPC_RESULT_STRING] = "string",
		[RPC_RESULT_NUMBER] = "number", [RPC_RESULT_ARRAY] = "array",
		[RPC_RESULT_OBJECT] = "object",
	};

	spdk_json_write_named_string(w, "role", roles[m->role]);
	spdk_json_write_named_bool(w, "changes_config", m->changes_config);
	spdk_json_write_named_string(w, "result", results[m->result]);
	spdk_json_write_named_int32(w, "decode_code", effective_decode_code(m));
	if (m->unknown_code != 0) {
		spdk_json_write_named_int32(w, "unknown_code", m->unknown_code);
	}
	write_opt_true(w, "ignores_params", m->ignores_params);
	write_opt_true(w, "deprecated", m->deprecated);
	write_opt_string(w, "help", m->help);
	write_params(w, "params", m->params, m->num_params);
	rpc_write_cli(w, m);
}

void
rpc_write_schema_entry(struct spdk_json_write_ctx *w, const struct rpc_entry *entry)
{
	if (entry->name == NULL || !rpc_is_listed(entry->name)) {
		return;
	}
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "name", entry->name);
	write_states(w, entry->states);
	write_opt_string(w, "alias_of", entry->alias_of);
	if (entry->alias_of == NULL && entry->method != NULL) {
		write_method(w, entry->method);
	} else if (entry->alias_of == NULL) {
		spdk_json_write_named_bool(w, "opaque", true);
	}
	spdk_json_write_object_end(w);
}

void
rpc_write_schema_begin(struct spdk_json_write_ctx *w)
{
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "version", SPDK_VERSION_STRING);
	spdk_json_write_named_array_begin(w, "methods");
}

void
rpc_write_schema_end(struct spdk_json_write_ctx *w)
{
	spdk_json_write_array_end(w);
	spdk_json_write_object_end(w);
}

void
rpc_write_schema(struct spdk_json_write_ctx *w)
{
	struct rpc_entry entry;
	size_t n;

	rpc_write_schema_begin(w);
	for (n = 0; rpc_entry_at(n, &entry); n++) {
		rpc_write_schema_entry(w, &entry);
	}
	rpc_write_schema_end(w);
}
