/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Parameters into the struct of a method's table. Everything that is decoded lies in memory of the
 * request, so there is nothing to free. The first thing that is wrong ends it, with a text that
 * names the parameter, what was given, and what is allowed. The depth of the recursion is that of
 * the tables. App thread. */

#include "rpc_internal.h"
#include "spdk/uuid.h"
#include "text.h"

/* A bound for tables, not for peers. */
#define PARAMS_MAX 256
#define PATH_MAX_LEN 128

struct decoder {
	struct spdk_jsonrpc_request *request;
	const struct rpc_method *method;
	struct rpc_decode_error *error;
	char path[PATH_MAX_LEN]; /* of the value being decoded: "a.b[2].c" */
};

static int decode_value(struct decoder *d, const struct rpc_param *p,
                        const struct spdk_json_val *val, void *out);

static int
decode_code(const struct decoder *d)
{
	return d->method->decode_code != 0 ? d->method->decode_code
	                                   : SPDK_JSONRPC_ERROR_INTERNAL_ERROR;
}

static int __attribute__((format(printf, 3, 4)))
fail(struct decoder *d, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(d->error->text, sizeof(d->error->text), fmt, args);
	va_end(args);
	d->error->code = code;
	return -EINVAL;
}

static int
fail_no_memory(struct decoder *d)
{
	fail(d, -ENOMEM, "%s: no memory for the parameters", d->method->name);
	return -ENOMEM;
}

/* What was given is not what is allowed. */
static int
fail_value(struct decoder *d, const struct rpc_param *p, const struct spdk_json_val *val)
{
	char given[80], allowed[RPC_ERROR_TEXT_MAX / 2];

	rpc_describe_given(val, p->secret, given, sizeof(given));
	rpc_describe_param(p, allowed, sizeof(allowed));
	return fail(d, decode_code(d), "parameter '%s' of %s: %s was given, %s is expected",
	            d->path, d->method->name, given, allowed);
}

static int
decode_number(struct decoder *d, const struct rpc_param *p, const struct spdk_json_val *val,
              void *out)
{
	uint64_t value = 0, max;
	int64_t min;
	int32_t i32 = 0;
	int rc;

	rpc_param_limits(p, &min, &max);
	if (p->type == RPC_INT32) {
		rc = spdk_json_number_to_int32(val, &i32);
		if (rc != 0 || i32 < min || (i32 > 0 && (uint64_t)i32 > max)) {
			return fail_value(d, p, val);
		}
		*(int32_t *)out = i32;
		return 0;
	}
	rc = spdk_json_number_to_uint64(val, &value);
	if (rc != 0 || value < (uint64_t)min || value > max) {
		return fail_value(d, p, val);
	}
	switch (p->type) {
	case RPC_UINT8:
		*(uint8_t *)out = (uint8_t)value;
		break;
	case RPC_UINT16:
		*(uint16_t *)out = (uint16_t)value;
		break;
	case RPC_UINT32:
		*(uint32_t *)out = (uint32_t)value;
		break;
	default:
		*(uint64_t *)out = value;
		break;
	}
	return 0;
}

static int
decode_string(struct decoder *d, const struct rpc_param *p, const struct spdk_json_val *val,
              char **out)
{
	if (val->type != SPDK_JSON_VAL_STRING || val->len < p->min ||
	    (p->max > 0 && val->len > p->max) ||
	    (val->len > 0 && memchr(val->start, '\0', val->len) != NULL)) {
		return fail_value(d, p, val);
	}
	*out = jsonrpc_request_alloc(d->request, (size_t)val->len + 1);
	if (*out == NULL) {
		return fail_no_memory(d);
	}
	memcpy(*out, val->start, val->len);
	return 0;
}

static const struct rpc_enum_value *
find_enum(const struct rpc_param *p, const struct spdk_json_val *val)
{
	const struct rpc_enum_value *v;

	for (v = p->values; v->name != NULL; v++) {
		if (val->type == SPDK_JSON_VAL_STRING && spdk_json_strequal(val, v->name)) {
			return v;
		}
	}
	return NULL;
}

static int
decode_enum(struct decoder *d, const struct rpc_param *p, const struct spdk_json_val *val,
            int32_t *out)
{
	const struct rpc_enum_value *v = find_enum(p, val);

	if (v == NULL) {
		return fail_value(d, p, val);
	}
	*out = v->value;
	return 0;
}

static int
decode_bitmask(struct decoder *d, const struct rpc_param *p, const struct spdk_json_val *val,
               uint32_t *out)
{
	const struct rpc_enum_value *v;
	const struct spdk_json_val *item, *end;

	if (val->type != SPDK_JSON_VAL_ARRAY_BEGIN) {
		return fail_value(d, p, val);
	}
	end = val + 1 + val->len;
	*out = 0;
	for (item = val + 1; item < end; item += spdk_json_val_len(item)) {
		v = find_enum(p, item);
		if (v == NULL) {
			return fail_value(d, p, item);
		}
		*out |= UINT32_C(1) << v->value;
	}
	return 0;
}

static size_t
element_size(const struct rpc_param *p)
{
	switch (p->element) {
	case RPC_BOOL:
		return sizeof(bool);
	case RPC_UINT8:
		return sizeof(uint8_t);
	case RPC_UINT16:
		return sizeof(uint16_t);
	case RPC_INT32:
	case RPC_UINT32:
	case RPC_ENUM:
	case RPC_BITMASK:
		return sizeof(uint32_t);
	case RPC_UINT64:
		return sizeof(uint64_t);
	case RPC_STRING:
		return sizeof(char *);
	case RPC_UUID:
		return sizeof(struct spdk_uuid);
	case RPC_OBJECT:
		return p->object->size_bytes;
	case RPC_JSON:
		return sizeof(struct spdk_json_val *);
	case RPC_ARRAY:
		break;
	}
	assert(false && "an array of arrays has no table form");
	return 0;
}

static int
decode_array(struct decoder *d, const struct rpc_param *p, const struct spdk_json_val *val,
             struct rpc_array *out)
{
	const struct spdk_json_val *item, *end;
	size_t size = element_size(p), count, i = 0, len = strlen(d->path);
	struct rpc_param element = rpc_array_element(p);
	char *items;
	int rc;

	count = spdk_json_array_count(val);
	if (val->type != SPDK_JSON_VAL_ARRAY_BEGIN || count < p->min ||
	    (p->max > 0 && count > p->max)) {
		return fail_value(d, p, val);
	}
	/* Each element takes at least one of the values of a bounded text. */
	items = jsonrpc_request_alloc(d->request, count * size);
	if (items == NULL) {
		return fail_no_memory(d);
	}
	end = val + 1 + val->len;
	for (item = val + 1; item < end; item += spdk_json_val_len(item)) {
		snprintf(d->path + len, sizeof(d->path) - len, "[%zu]", i);
		rc = decode_value(d, &element, item, items + i * size);
		if (rc != 0) {
			return rc;
		}
		i++;
	}
	d->path[len] = '\0';
	out->items = items;
	out->count = count;
	return 0;
}

static void
set_given(const struct rpc_param *p, void *out)
{
	if (p->given_offset > 0) {
		*(bool *)((char *)out + p->given_offset - 1) = true;
	}
}

/* The default is text of ours: it decodes, or the table is wrong. */
static int
decode_default(struct decoder *d, const struct rpc_param *p, void *out)
{
	struct spdk_json_val *values;
	ssize_t num;

	if (p->dflt == NULL) {
		return 0;
	}
	num = spdk_json_parse((void *)(uintptr_t)p->dflt, strlen(p->dflt), NULL, 0, NULL, 0);
	assert(num > 0);
	values = jsonrpc_request_alloc(d->request, (size_t)num * sizeof(*values));
	if (values == NULL) {
		return fail_no_memory(d);
	}
	spdk_json_parse((void *)(uintptr_t)p->dflt, strlen(p->dflt), values, (size_t)num, NULL, 0);
	return decode_value(d, p, values, (char *)out + p->offset);
}

static int
fail_unknown(struct decoder *d, const struct rpc_object *object, const struct spdk_json_val *name)
{
	char names[RPC_ERROR_TEXT_MAX / 2];
	int code = d->method->unknown_code != 0 ? d->method->unknown_code : decode_code(d);
	const char *dot = d->path[0] != '\0' ? "." : "";
	int len = rpc_cut(name, NAME_SHOWN_MAX);

	rpc_list_params(object, names, sizeof(names));
	return fail(d, code, "parameter '%s%s%.*s' is not known to %s, which takes: %s", d->path,
	            dot, len, (const char *)name->start, d->method->name, names);
}

static int
fail_missing(struct decoder *d, const struct rpc_param *p)
{
	char allowed[RPC_ERROR_TEXT_MAX / 2];

	rpc_describe_param(p, allowed, sizeof(allowed));
	return fail(d, decode_code(d), "parameter '%s' of %s is missing: %s is expected", d->path,
	            d->method->name, allowed);
}

static size_t
path_push(struct decoder *d, const char *name)
{
	size_t len = strlen(d->path);

	snprintf(d->path + len, sizeof(d->path) - len, "%s%s", len > 0 ? "." : "", name);
	return len;
}

static int
decode_member(struct decoder *d, const struct rpc_object *object, const struct spdk_json_val *name,
              bool *seen, void *out)
{
	const struct rpc_param *p;
	size_t i, len;
	int rc;

	for (i = 0; i < object->num_params; i++) {
		if (spdk_json_strequal(name, object->params[i].name)) {
			break;
		}
	}
	if (i == object->num_params && d->path[0] == '\0' && d->method->all_params_offset != 0) {
		return 0; /* the handler's */
	}
	if (i == object->num_params) {
		return fail_unknown(d, object, name);
	}
	p = &object->params[i];
	len = path_push(d, p->name);
	if (seen[i]) {
		return fail(d, decode_code(d), "parameter '%s' of %s is given twice", d->path,
		            d->method->name);
	}
	seen[i] = true;
	rc = decode_value(d, p, name + 1, (char *)out + p->offset);
	if (rc == 0) {
		d->path[len] = '\0';
		set_given(p, out);
	}
	return rc;
}

static int
decode_object(struct decoder *d, const struct rpc_object *object, const struct spdk_json_val *val,
              void *out)
{
	bool seen[PARAMS_MAX] = { false };
	const struct spdk_json_val *name, *end;
	size_t i, len;
	int rc = 0;

	assert(object->num_params <= PARAMS_MAX);
	end = val != NULL ? val + 1 + val->len : NULL;
	for (name = val != NULL ? val + 1 : NULL; name != end;
	     name += 1 + spdk_json_val_len(name + 1)) {
		rc = decode_member(d, object, name, seen, out);
		if (rc != 0) {
			return rc;
		}
	}
	for (i = 0; i < object->num_params && rc == 0; i++) {
		if (seen[i]) {
			continue;
		}
		len = path_push(d, object->params[i].name);
		rc = object->params[i].required ? fail_missing(d, &object->params[i])
		                                : decode_default(d, &object->params[i], out);
		d->path[len] = '\0';
	}
	return rc;
}

static int
decode_value(struct decoder *d, const struct rpc_param *p, const struct spdk_json_val *val,
             void *out)
{
	switch (p->type) {
	case RPC_BOOL:
		return spdk_json_decode_bool(val, out) == 0 ? 0 : fail_value(d, p, val);
	case RPC_INT32:
	case RPC_UINT8:
	case RPC_UINT16:
	case RPC_UINT32:
	case RPC_UINT64:
		return decode_number(d, p, val, out);
	case RPC_STRING:
		return decode_string(d, p, val, out);
	case RPC_UUID:
		return spdk_json_decode_uuid(val, out) == 0 ? 0 : fail_value(d, p, val);
	case RPC_ENUM:
		return decode_enum(d, p, val, out);
	case RPC_BITMASK:
		return decode_bitmask(d, p, val, out);
	case RPC_OBJECT:
		return val->type == SPDK_JSON_VAL_OBJECT_BEGIN
		               ? decode_object(d, p->object, val, out)
		               : fail_value(d, p, val);
	case RPC_ARRAY:
		return decode_array(d, p, val, out);
	case RPC_JSON:
		*(const struct spdk_json_val **)out = val;
		return 0;
	}
	return -EINVAL;
}

static int
decode_nothing(struct decoder *d, const struct spdk_json_val *params)
{
	if (params == NULL || d->method->ignores_params) {
		return 0;
	}
	return fail(d,
	            d->method->decode_code != 0 ? d->method->decode_code
	                                        : SPDK_JSONRPC_ERROR_INVALID_PARAMS,
	            "%s takes no parameters", d->method->name);
}

int
rpc_decode(struct spdk_jsonrpc_request *request, const struct rpc_method *method,
           const struct spdk_json_val *params, void **out, struct rpc_decode_error *error)
{
	struct decoder d = { .request = request, .method = method, .error = error };
	struct rpc_object object = {
		.params = method->params,
		.num_params = method->num_params,
		.size_bytes = method->params_size_bytes,
	};

	*out = NULL;
	if (method->num_params == 0) {
		return decode_nothing(&d, params);
	}
	if (params != NULL && params->type != SPDK_JSON_VAL_OBJECT_BEGIN) {
		return fail(&d, decode_code(&d),
		            "%s takes its parameters by name, in an object; %s was given",
		            method->name, json_type_name(params->type));
	}
	*out = jsonrpc_request_alloc(request, object.size_bytes);
	if (*out == NULL) {
		return fail_no_memory(&d);
	}
	if (method->all_params_offset != 0) {
		*(const struct spdk_json_val **)((char *)*out + method->all_params_offset - 1) =
		        params;
	}
	return decode_object(&d, &object, params, *out);
}
