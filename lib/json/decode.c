/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Values into C variables: the decoders that outside modules use. (In-tree methods have tables,
 * lib/rpc.) The only allocation is that of strings, which belong to the object decoded into. Any
 * thread. */

#include "json_internal.h"
#include "spdk/uuid.h"

/* Names a decoder list can have before the marks for "seen" go to the heap. */
#define SEEN_ON_STACK 64

char *
spdk_json_strdup(const struct spdk_json_val *val)
{
	char *s;

	if (val == NULL || (val->type != SPDK_JSON_VAL_STRING && val->type != SPDK_JSON_VAL_NAME)) {
		return NULL;
	}
	if (val->len > 0 && memchr(val->start, '\0', val->len) != NULL) {
		return NULL; /* a C string would end too early */
	}
	s = malloc((size_t)val->len + 1);
	if (s == NULL) {
		return NULL;
	}
	memcpy(s, val->start, val->len);
	s[val->len] = '\0';
	return s;
}

int
spdk_json_decode_bool(const struct spdk_json_val *val, void *out)
{
	bool *b = out;

	if (val->type != SPDK_JSON_VAL_TRUE && val->type != SPDK_JSON_VAL_FALSE) {
		return -EINVAL;
	}
	*b = val->type == SPDK_JSON_VAL_TRUE;
	return 0;
}

int
spdk_json_decode_uint8(const struct spdk_json_val *val, void *out)
{
	return spdk_json_number_to_uint8(val, out);
}

int
spdk_json_decode_uint16(const struct spdk_json_val *val, void *out)
{
	return spdk_json_number_to_uint16(val, out);
}

int
spdk_json_decode_int32(const struct spdk_json_val *val, void *out)
{
	return spdk_json_number_to_int32(val, out);
}

int
spdk_json_decode_uint32(const struct spdk_json_val *val, void *out)
{
	return spdk_json_number_to_uint32(val, out);
}

int
spdk_json_decode_uint64(const struct spdk_json_val *val, void *out)
{
	return spdk_json_number_to_uint64(val, out);
}

int
spdk_json_decode_string(const struct spdk_json_val *val, void *out)
{
	char **s = out;

	free(*s);
	*s = spdk_json_strdup(val);
	return *s != NULL ? 0 : -EINVAL;
}

int
spdk_json_decode_uuid(const struct spdk_json_val *val, void *out)
{
	char text[SPDK_UUID_STRING_LEN];

	if (val->type != SPDK_JSON_VAL_STRING || val->len >= sizeof(text)) {
		return -EINVAL;
	}
	memcpy(text, val->start, val->len);
	text[val->len] = '\0';
	return spdk_uuid_parse(out, text) == 0 ? 0 : -EINVAL;
}

int
spdk_json_decode_array(const struct spdk_json_val *values, spdk_json_decode_fn decode_func,
                       void *out, size_t max_size, size_t *out_size, size_t stride)
{
	const struct spdk_json_val *val, *end;
	char *field = out;
	int rc;

	*out_size = 0;
	if (values == NULL || values->type != SPDK_JSON_VAL_ARRAY_BEGIN) {
		return -EINVAL;
	}
	end = values + 1 + values->len;
	for (val = values + 1; val < end; val += spdk_json_val_len(val)) {
		if (*out_size == max_size) {
			return -ENOSPC;
		}
		rc = decode_func(val, field);
		if (rc != 0) {
			return rc;
		}
		field += stride;
		(*out_size)++;
	}
	return 0;
}

static int
decode_member(const struct spdk_json_val *name, const struct spdk_json_object_decoder *decoders,
              size_t num_decoders, bool *seen, bool relaxed, void *out)
{
	size_t i;

	for (i = 0; i < num_decoders; i++) {
		if (spdk_json_strequal(name, decoders[i].name)) {
			break;
		}
	}
	if (i == num_decoders) {
		return relaxed ? 0 : -EINVAL;
	}
	if (seen[i]) {
		return -EINVAL;
	}
	seen[i] = true;
	return decoders[i].decode_func(name + 1, (char *)out + decoders[i].offset) == 0 ? 0
	                                                                                : -EINVAL;
}

static int
decode_object(const struct spdk_json_val *values, const struct spdk_json_object_decoder *decoders,
              size_t num_decoders, void *out, bool relaxed)
{
	bool on_stack[SEEN_ON_STACK] = { false };
	bool *seen = on_stack;
	const struct spdk_json_val *name, *end;
	size_t i;
	int rc = 0;

	if (values == NULL || values->type != SPDK_JSON_VAL_OBJECT_BEGIN) {
		return -EINVAL;
	}
	if (num_decoders > SEEN_ON_STACK) {
		seen = calloc(num_decoders, sizeof(*seen));
		if (seen == NULL) {
			return -ENOMEM;
		}
	}
	end = values + 1 + values->len;
	for (name = values + 1; name < end && rc == 0; name += 1 + spdk_json_val_len(name + 1)) {
		rc = decode_member(name, decoders, num_decoders, seen, relaxed, out);
	}
	for (i = 0; i < num_decoders && rc == 0; i++) {
		if (!seen[i] && !decoders[i].optional) {
			rc = -EINVAL;
		}
	}
	if (seen != on_stack) {
		free(seen);
	}
	return rc;
}

int
spdk_json_decode_object(const struct spdk_json_val *values,
                        const struct spdk_json_object_decoder *decoders, size_t num_decoders,
                        void *out)
{
	return decode_object(values, decoders, num_decoders, out, false);
}

int
spdk_json_decode_object_relaxed(const struct spdk_json_val *values,
                                const struct spdk_json_object_decoder *decoders,
                                size_t num_decoders, void *out)
{
	return decode_object(values, decoders, num_decoders, out, true);
}

void
spdk_json_free_object(const struct spdk_json_object_decoder *decoders, size_t num_decoders,
                      void *obj)
{
	size_t i;
	char **s;

	for (i = 0; i < num_decoders; i++) {
		if (decoders[i].decode_func == spdk_json_decode_string) {
			s = (char **)((char *)obj + decoders[i].offset);
			free(*s);
			*s = NULL;
		}
	}
}
