/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Walking the flat list of values that the parser made. Any thread; pure. */

#include "json_internal.h"

size_t
spdk_json_val_len(const struct spdk_json_val *val)
{
	if (val == NULL) {
		return 0;
	}
	if (val->type == SPDK_JSON_VAL_ARRAY_BEGIN || val->type == SPDK_JSON_VAL_OBJECT_BEGIN) {
		return (size_t)val->len + 2;
	}
	return 1;
}

size_t
spdk_json_array_count(const struct spdk_json_val *val)
{
	const struct spdk_json_val *end;
	size_t count = 0;

	if (val == NULL || val->type != SPDK_JSON_VAL_ARRAY_BEGIN) {
		return 0;
	}
	end = val + 1 + val->len;
	for (val++; val < end; val += spdk_json_val_len(val)) {
		count++;
	}
	return count;
}

bool
spdk_json_strequal(const struct spdk_json_val *val, const char *str)
{
	size_t len = strlen(str);

	if (val->type != SPDK_JSON_VAL_STRING && val->type != SPDK_JSON_VAL_NAME) {
		return false;
	}
	return val->len == len && memcmp(val->start, str, len) == 0;
}

struct spdk_json_val *
spdk_json_next(struct spdk_json_val *pos)
{
	struct spdk_json_val *next = pos;

	switch (pos->type) {
	case SPDK_JSON_VAL_ARRAY_END:
	case SPDK_JSON_VAL_OBJECT_END:
	case SPDK_JSON_VAL_INVALID:
		return NULL;
	case SPDK_JSON_VAL_NAME:
		next++; /* the name's value */
		break;
	default:
		break;
	}
	next += spdk_json_val_len(next);
	if (next->type == SPDK_JSON_VAL_ARRAY_END || next->type == SPDK_JSON_VAL_OBJECT_END) {
		return NULL;
	}
	return next;
}

static struct spdk_json_val *
container_first(struct spdk_json_val *begin, enum spdk_json_val_type type)
{
	if (begin == NULL || begin->type != type || begin->len == 0) {
		return NULL;
	}
	return begin + 1;
}

struct spdk_json_val *
spdk_json_object_first(struct spdk_json_val *object)
{
	return container_first(object, SPDK_JSON_VAL_OBJECT_BEGIN);
}

struct spdk_json_val *
spdk_json_array_first(struct spdk_json_val *array_begin)
{
	return container_first(array_begin, SPDK_JSON_VAL_ARRAY_BEGIN);
}

int
spdk_json_find(struct spdk_json_val *object, const char *key_name, struct spdk_json_val **key,
               struct spdk_json_val **val, enum spdk_json_val_type type)
{
	struct spdk_json_val *name, *found = NULL;

	if (object == NULL || object->type != SPDK_JSON_VAL_OBJECT_BEGIN) {
		return -EINVAL;
	}
	for (name = spdk_json_object_first(object); name != NULL; name = spdk_json_next(name)) {
		if (spdk_json_strequal(name, key_name)) {
			if (found != NULL) {
				return -EINVAL;
			}
			found = name;
		}
	}
	if (found == NULL) {
		return -ENOENT;
	}
	if (type != SPDK_JSON_VAL_ANY && (found[1].type & type) == 0) {
		return -EDOM;
	}
	if (key != NULL) {
		*key = found;
	}
	if (val != NULL) {
		*val = &found[1];
	}
	return 0;
}

int
spdk_json_find_string(struct spdk_json_val *object, const char *key_name,
                      struct spdk_json_val **key, struct spdk_json_val **val)
{
	return spdk_json_find(object, key_name, key, val, SPDK_JSON_VAL_STRING);
}

int
spdk_json_find_array(struct spdk_json_val *object, const char *key_name, struct spdk_json_val **key,
                     struct spdk_json_val **value)
{
	return spdk_json_find(object, key_name, key, value, SPDK_JSON_VAL_ARRAY_BEGIN);
}

const char *
json_type_name(enum spdk_json_val_type type)
{
	switch (type) {
	case SPDK_JSON_VAL_NULL:
		return "null";
	case SPDK_JSON_VAL_TRUE:
		return "true";
	case SPDK_JSON_VAL_FALSE:
		return "false";
	case SPDK_JSON_VAL_NUMBER:
		return "a number";
	case SPDK_JSON_VAL_STRING:
		return "a string";
	case SPDK_JSON_VAL_ARRAY_BEGIN:
		return "an array";
	case SPDK_JSON_VAL_OBJECT_BEGIN:
		return "an object";
	case SPDK_JSON_VAL_NAME:
		return "a name";
	default:
		return "not a value";
	}
}
