/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Objects that records tell of: by type and number, which is mostly an address and so comes back.
 * Each that begins gets an index, counted by type. Owned by one parser.
 */

#include "parser_internal.h"

#include "spdk/tree.h"

struct object {
	RB_ENTRY(object) node;
	uint64_t id;
	uint64_t index;
	uint64_t start;
};

RB_HEAD(object_tree, object);

struct trace_objects {
	struct object_tree types[SPDK_TRACE_MAX_OBJECT];
	uint64_t counts[SPDK_TRACE_MAX_OBJECT];
};

static int
object_compare(struct object *a, struct object *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE_STATIC(object_tree, object, node, object_compare)

struct trace_objects *
trace_objects_create(void)
{
	return calloc(1, sizeof(struct trace_objects));
}

void
trace_objects_destroy(struct trace_objects *objects)
{
	struct object *object;
	int i;

	for (i = 0; objects != NULL && i < SPDK_TRACE_MAX_OBJECT; i++) {
		while ((object = _RB_ROOT(&objects->types[i])) != NULL) {
			RB_REMOVE(object_tree, &objects->types[i], object);
			free(object);
		}
	}
	free(objects);
}

uint64_t
trace_objects_begin(struct trace_objects *objects, uint8_t type, uint64_t id, uint64_t tsc)
{
	struct object key = { .id = id };
	struct object *object = RB_FIND(object_tree, &objects->types[type], &key);

	if (object == NULL) {
		object = calloc(1, sizeof(*object));
		if (object == NULL) {
			return UINT64_MAX;
		}
		object->id = id;
		RB_INSERT(object_tree, &objects->types[type], object);
	}
	object->index = objects->counts[type]++;
	object->start = tsc;
	return object->index;
}

bool
trace_objects_find(struct trace_objects *objects, uint8_t type, uint64_t id, uint64_t *index,
                   uint64_t *start)
{
	struct object key = { .id = id };
	struct object *object = RB_FIND(object_tree, &objects->types[type], &key);

	if (object == NULL) {
		return false;
	}
	*index = object->index;
	*start = object->start;
	return true;
}
