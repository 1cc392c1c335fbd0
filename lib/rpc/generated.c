/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Parameters that a method makes up when they are not given: a journal of changes needs them, or
 * what it replays would be another thing. UUIDs are made up here before the method runs; names and
 * ids are taken from its result. Pure, but for the randomness of a UUID. */

#include "rpc_internal.h"
#include "spdk/uuid.h"

struct filler {
	struct spdk_json_write_ctx *w;
	const struct spdk_json_val *result; /* NULL: before the method runs */
};

static enum rpc_generated
phase(const struct filler *f)
{
	return f->result == NULL ? RPC_GENERATED_UUID : RPC_GENERATED_RESULT;
}

/* Whether \p val asks for a value to be made up, as if it were absent. */
static bool
is_unset(const struct rpc_param *p, const struct spdk_json_val *val)
{
	struct spdk_uuid uuid;
	uint64_t number = 1;

	if (p->generated == RPC_GENERATED_UUID) {
		return spdk_json_decode_uuid(val, &uuid) == 0 && spdk_uuid_is_null(&uuid);
	}
	if (val->type == SPDK_JSON_VAL_NUMBER) {
		return spdk_json_number_to_uint64(val, &number) == 0 && number == 0;
	}
	return val->type == SPDK_JSON_VAL_STRING && val->len == 0;
}

static const struct rpc_param *
find_param(const struct rpc_param *params, size_t num, const struct spdk_json_val *name)
{
	size_t i;

	for (i = 0; i < num; i++) {
		if (spdk_json_strequal(name, params[i].name)) {
			return &params[i];
		}
	}
	return NULL;
}

static const struct spdk_json_val *
object_end(const struct spdk_json_val *object)
{
	return object + 1 + object->len;
}

static bool
is_given(const struct rpc_param *p, const struct spdk_json_val *object)
{
	const struct spdk_json_val *name;

	for (name = object + 1; name < object_end(object);
	     name += 1 + spdk_json_val_len(name + 1)) {
		if (spdk_json_strequal(name, p->name) && !is_unset(p, name + 1)) {
			return true;
		}
	}
	return false;
}

static void
write_generated(const struct filler *f, const struct rpc_param *p)
{
	struct spdk_uuid uuid;

	spdk_json_write_name(f->w, p->name);
	if (f->result != NULL) {
		spdk_json_write_val(f->w, f->result);
	} else {
		spdk_uuid_generate(&uuid);
		spdk_json_write_uuid(f->w, &uuid);
	}
}

/* Objects in objects are as deep as the tables are. */
static void
write_object(const struct filler *f, const struct rpc_param *params, size_t num,
             const struct spdk_json_val *object)
{
	const struct spdk_json_val *name;
	const struct rpc_param *p;
	size_t i;

	spdk_json_write_object_begin(f->w);
	for (name = object + 1; name < object_end(object);
	     name += 1 + spdk_json_val_len(name + 1)) {
		p = find_param(params, num, name);
		if (p != NULL && p->generated == phase(f) && is_unset(p, name + 1)) {
			continue;
		}
		spdk_json_write_name_raw(f->w, name->start, name->len);
		if (p != NULL && p->type == RPC_OBJECT &&
		    name[1].type == SPDK_JSON_VAL_OBJECT_BEGIN) {
			write_object(f, p->object->params, p->object->num_params, name + 1);
		} else {
			spdk_json_write_val(f->w, name + 1);
		}
	}
	for (i = 0; i < num; i++) {
		if (params[i].generated == phase(f) && !is_given(&params[i], object)) {
			write_generated(f, &params[i]);
		}
	}
	spdk_json_write_object_end(f->w);
}

void
rpc_write_completed(struct spdk_json_write_ctx *w, const struct rpc_method *method,
                    const struct spdk_json_val *params, const struct spdk_json_val *result)
{
	static const struct spdk_json_val nothing[] = {
		{ .type = SPDK_JSON_VAL_OBJECT_BEGIN, .len = 0 },
		{ .type = SPDK_JSON_VAL_OBJECT_END, .len = 0 },
	};
	struct filler f = { .w = w, .result = result };

	if (params == NULL && method->num_params > 0) {
		params = nothing;
	}
	if (params == NULL) {
		spdk_json_write_null(w);
	} else if (params->type != SPDK_JSON_VAL_OBJECT_BEGIN) {
		spdk_json_write_val(w, params);
	} else {
		write_object(&f, method->params, method->num_params, params);
	}
}

static const char *
find_secret(const struct rpc_param *params, size_t num, const struct spdk_json_val *object)
{
	const struct spdk_json_val *name;
	const struct rpc_param *p;
	const char *found = NULL;

	for (name = object + 1; name < object_end(object) && found == NULL;
	     name += 1 + spdk_json_val_len(name + 1)) {
		p = find_param(params, num, name);
		if (p != NULL && p->secret) {
			found = p->name;
		} else if (p != NULL && p->type == RPC_OBJECT &&
		           name[1].type == SPDK_JSON_VAL_OBJECT_BEGIN) {
			found = find_secret(p->object->params, p->object->num_params, name + 1);
		}
	}
	return found;
}

const char *
rpc_find_secret(const struct rpc_method *method, const struct spdk_json_val *params)
{
	if (params == NULL || params->type != SPDK_JSON_VAL_OBJECT_BEGIN) {
		return NULL;
	}
	return find_secret(method->params, method->num_params, params);
}
