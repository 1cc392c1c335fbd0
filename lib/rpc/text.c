/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Tables and values in words. Pure. */

#include "text.h"

#define GIVEN_MAX 40

struct text {
	char *buf;
	size_t size;
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, args);
	va_end(args);
	if (n > 0) {
		t->len = t->len + (size_t)n < t->size ? t->len + (size_t)n : t->size - 1;
	}
}

int
rpc_cut(const struct spdk_json_val *val, int max)
{
	const char *p = val->start;
	int len = max;

	if (val->len <= (uint32_t)max) {
		return (int)val->len;
	}
	while (len > 0 && ((uint8_t)p[len] & 0xC0) == 0x80) {
		len--;
	}
	return len;
}

void
rpc_describe_given(const struct spdk_json_val *val, bool secret, char *buf, size_t size)
{
	int len = rpc_cut(val, GIVEN_MAX);
	bool cut = val->len > (uint32_t)len;
	struct text t = { .buf = buf, .size = size };

	if (val->type == SPDK_JSON_VAL_STRING && val->len > 0 &&
	    memchr(val->start, '\0', val->len) != NULL) {
		add(&t, "a string with a NUL in it");
	} else if (val->type == SPDK_JSON_VAL_STRING && !secret) {
		add(&t, "\"%.*s%s\"", len, (const char *)val->start, cut ? "..." : "");
	} else if (val->type == SPDK_JSON_VAL_NUMBER && !secret) {
		add(&t, "%.*s%s", len, (const char *)val->start, cut ? "..." : "");
	} else if (val->type == SPDK_JSON_VAL_ARRAY_BEGIN) {
		add(&t, "an array of %zu", spdk_json_array_count(val));
	} else {
		add(&t, "%s", json_type_name(val->type));
	}
}

void
rpc_list_params(const struct rpc_object *object, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };
	size_t i;

	for (i = 0; i < object->num_params; i++) {
		add(&t, "%s%s", i > 0 ? ", " : "", object->params[i].name);
	}
}

void
rpc_param_limits(const struct rpc_param *p, int64_t *min, uint64_t *max)
{
	uint64_t type_max = 0;

	switch (p->type) {
	case RPC_UINT8:
		type_max = UINT8_MAX;
		break;
	case RPC_UINT16:
		type_max = UINT16_MAX;
		break;
	case RPC_INT32:
		type_max = INT32_MAX;
		break;
	case RPC_UINT32:
		type_max = UINT32_MAX;
		break;
	case RPC_UINT64:
		type_max = UINT64_MAX;
		break;
	default:
		break;
	}
	*min = p->type == RPC_INT32 && p->min == 0 && p->max == 0 ? INT32_MIN : (int64_t)p->min;
	*max = p->max == 0 || p->max > type_max ? type_max : p->max;
}

struct rpc_param
rpc_array_element(const struct rpc_param *p)
{
	struct rpc_param element = *p;

	element.type = p->element;
	element.min = element.max = 0; /* they were the array's */
	return element;
}

static void
add_values(struct text *t, const struct rpc_param *p)
{
	const struct rpc_enum_value *v;

	for (v = p->values; v->name != NULL; v++) {
		add(t, "%s%s", v != p->values ? ", " : "", v->name);
	}
}

static void
add_range(struct text *t, const char *what, uint64_t min, uint64_t max)
{
	if (min > 0 && max > 0) {
		add(t, " of %" PRIu64 " to %" PRIu64 " %s", min, max, what);
	} else if (min > 0) {
		add(t, " of at least %" PRIu64 " %s", min, what);
	} else if (max > 0) {
		add(t, " of at most %" PRIu64 " %s", max, what);
	}
}

static void
add_number(struct text *t, const struct rpc_param *p)
{
	int64_t min;
	uint64_t max;

	rpc_param_limits(p, &min, &max);
	add(t, "a whole number from %" PRId64 " to %" PRIu64, min, max);
	if (p->unit != NULL) {
		add(t, " (%s)", p->unit);
	}
}

static void
add_array(struct text *t, const struct rpc_param *p)
{
	struct rpc_param element = rpc_array_element(p);
	char inner[256];

	rpc_describe_param(&element, inner, sizeof(inner));
	add(t, "an array");
	add_range(t, "elements", p->min, p->max);
	add(t, " (each %s)", inner);
}

void
rpc_describe_param(const struct rpc_param *p, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };

	switch (p->type) {
	case RPC_BOOL:
		add(&t, "true or false");
		break;
	case RPC_INT32:
	case RPC_UINT8:
	case RPC_UINT16:
	case RPC_UINT32:
	case RPC_UINT64:
		add_number(&t, p);
		break;
	case RPC_STRING:
		add(&t, "a string");
		add_range(&t, "bytes", p->min, p->max);
		break;
	case RPC_UUID:
		add(&t, "a UUID (8-4-4-4-12 hexadecimal digits)");
		break;
	case RPC_ENUM:
		add(&t, "one of ");
		add_values(&t, p);
		break;
	case RPC_BITMASK:
		add(&t, "an array of names out of ");
		add_values(&t, p);
		break;
	case RPC_OBJECT:
		add(&t, "an object");
		break;
	case RPC_ARRAY:
		add_array(&t, p);
		break;
	case RPC_JSON:
		add(&t, "any value");
		break;
	}
}

const char *
rpc_type_name(enum rpc_type type)
{
	static const char *const names[] = {
		[RPC_BOOL] = "boolean",  [RPC_INT32] = "int32",   [RPC_UINT8] = "uint8",
		[RPC_UINT16] = "uint16", [RPC_UINT32] = "uint32", [RPC_UINT64] = "uint64",
		[RPC_STRING] = "string", [RPC_UUID] = "uuid",     [RPC_ENUM] = "enum",
		[RPC_OBJECT] = "object", [RPC_ARRAY] = "array",   [RPC_BITMASK] = "bitmask",
		[RPC_JSON] = "any",
	};

	return names[type];
}
