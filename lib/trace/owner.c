/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Owners: who events belong to. Any thread registers and unregisters them, under one lock, off the
 * I/O path. A number that comes free goes to the end of a queue, so that the owner behind an old
 * record can be told for as long as possible.
 */

#include "trace_internal.h"

/* A divisor of how many there can be. */
#define OWNERS_AT_ONCE 512

static struct {
	pthread_mutex_t lock;
	/* Under the lock: */
	uint16_t *free; /* ring of numbers that came free; NULL: there is no file */
	uint32_t num_free;
	uint32_t first_free;
	uint32_t num_reserved; /* numbers below it have memory in the file */
	uint32_t num_fresh;    /* numbers from here on were never used */
} g_state SYSTEM_STATE = { .lock = PTHREAD_MUTEX_INITIALIZER };

int
trace_owners_init(void)
{
	g_state.free = calloc(spdk_trace_get_owner_section(g_trace_file)->num_owners,
	                      sizeof(*g_state.free));
	g_state.num_fresh = 1; /* 0 is nobody */
	if (g_state.free == NULL) {
		return -ENOMEM;
	}
	g_state.num_reserved = OWNERS_AT_ONCE;
	return trace_reserve_owners(0, OWNERS_AT_ONCE);
}

void
trace_owners_fini(void)
{
	free(g_state.free);
	g_state.free = NULL;
	g_state.num_free = 0;
	g_state.first_free = 0;
	g_state.num_fresh = 0;
	g_state.num_reserved = 0;
}

/* A number that nobody has; 0: there is none. */
static uint16_t
number_take(uint32_t num_owners)
{
	uint16_t id;

	if (g_state.num_fresh < num_owners) {
		if (g_state.num_fresh == g_state.num_reserved) {
			if (trace_reserve_owners(g_state.num_reserved, OWNERS_AT_ONCE) != 0) {
				return 0;
			}
			g_state.num_reserved += OWNERS_AT_ONCE;
		}
		return (uint16_t)g_state.num_fresh++;
	}
	if (g_state.num_free == 0) {
		return 0;
	}
	id = g_state.free[g_state.first_free];
	g_state.first_free = (g_state.first_free + 1) % num_owners;
	g_state.num_free--;
	return id;
}

static void
describe(struct spdk_trace_owner *owner, const char *text, bool append)
{
	size_t size = spdk_trace_get_owner_section(g_trace_file)->owner_description_size;
	size_t len = append ? strnlen(owner->description, size - 1) : 0;

	snprintf(owner->description + len, size - len, append ? " %s" : "%s",
	         text != NULL ? text : "");
}

uint16_t
spdk_trace_register_owner(uint8_t owner_type, const char *description)
{
	struct spdk_trace_owner *owner;
	uint16_t id;

	if (g_trace_file == NULL || owner_type == OWNER_TYPE_NONE ||
	    spdk_trace_get_owner_type_section(g_trace_file)->owner_type[owner_type].type !=
	            owner_type) {
		return OWNER_ID_NONE;
	}
	pthread_mutex_lock(&g_state.lock);
	id = number_take(spdk_trace_get_owner_section(g_trace_file)->num_owners);
	if (id != OWNER_ID_NONE) {
		owner = spdk_get_trace_owner(g_trace_file, id);
		owner->type = owner_type;
		owner->tsc = spdk_get_ticks();
		describe(owner, description, false);
	}
	pthread_mutex_unlock(&g_state.lock);
	return id;
}

/* The owner of a number that is in use, with the lock held; else NULL, without. */
static struct spdk_trace_owner *
owner_lock(uint16_t owner_id)
{
	struct spdk_trace_owner *owner;

	if (g_trace_file == NULL || owner_id == OWNER_ID_NONE) {
		return NULL;
	}
	pthread_mutex_lock(&g_state.lock);
	owner = spdk_get_trace_owner(g_trace_file, owner_id);
	if (owner == NULL || owner->type == OWNER_TYPE_NONE) {
		pthread_mutex_unlock(&g_state.lock);
		SPDK_ERRLOG("There is no trace owner %u\n", owner_id);
		return NULL;
	}
	return owner;
}

void
spdk_trace_owner_set_description(uint16_t owner_id, const char *description)
{
	struct spdk_trace_owner *owner = owner_lock(owner_id);

	if (owner != NULL) {
		describe(owner, description, false);
		pthread_mutex_unlock(&g_state.lock);
	}
}

void
spdk_trace_owner_append_description(uint16_t owner_id, const char *description)
{
	struct spdk_trace_owner *owner = owner_lock(owner_id);

	if (owner != NULL) {
		describe(owner, description, true);
		pthread_mutex_unlock(&g_state.lock);
	}
}

void
spdk_trace_unregister_owner(uint16_t owner_id)
{
	struct spdk_trace_owner *owner = owner_lock(owner_id);
	uint32_t num_owners;

	if (owner != NULL) {
		num_owners = spdk_trace_get_owner_section(g_trace_file)->num_owners;
		owner->type = OWNER_TYPE_NONE;
		g_state.free[(g_state.first_free + g_state.num_free) % num_owners] = owner_id;
		g_state.num_free++;
		pthread_mutex_unlock(&g_state.lock);
	}
}
