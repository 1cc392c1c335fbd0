/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Notifications: a list of types, and a ring of the last events, which is made with the first of
 * either. Any thread, under one mutex; call-backs run under it. Gone when the environment ends. */

#include "spdk/log.h"
#include "spdk/notify.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"

#define EVENTS_MAX 1024

struct spdk_notify_type {
	STAILQ_ENTRY(spdk_notify_type) link;
	char name[SPDK_NOTIFY_MAX_NAME_SIZE];
};

/* All under `lock`. */
static struct {
	pthread_mutex_t lock;
	STAILQ_HEAD(, spdk_notify_type) types;
	struct spdk_notify_event *events; /* event n is in slot n % EVENTS_MAX */
	uint64_t first_idx;               /* lower ones were lost: no memory */
	uint64_t next_idx;
	struct env_fini_hook at_fini;
} g_notify SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.types = STAILQ_HEAD_INITIALIZER(g_notify.types),
};

static void
notify_fini(void)
{
	struct spdk_notify_type *type;

	while ((type = STAILQ_FIRST(&g_notify.types)) != NULL) {
		STAILQ_REMOVE_HEAD(&g_notify.types, link);
		free(type);
	}
	STAILQ_INIT(&g_notify.types);
	free(g_notify.events);
	g_notify.events = NULL;
	g_notify.first_idx = 0;
	g_notify.next_idx = 0;
	g_notify.at_fini.fn = NULL;
}

static void
notify_lock(void)
{
	pthread_mutex_lock(&g_notify.lock);
	if (g_notify.at_fini.fn == NULL) {
		g_notify.at_fini.fn = notify_fini;
		env_at_fini(&g_notify.at_fini);
	}
}

static void
make_ring_locked(void)
{
	if (g_notify.events == NULL) {
		g_notify.events = calloc(EVENTS_MAX, sizeof(*g_notify.events));
		g_notify.first_idx = g_notify.next_idx;
	}
}

static struct spdk_notify_type *
type_find_locked(const char *name)
{
	struct spdk_notify_type *type;

	STAILQ_FOREACH(type, &g_notify.types, link) {
		if (strcmp(type->name, name) == 0) {
			return type;
		}
	}
	return NULL;
}

struct spdk_notify_type *
spdk_notify_type_register(const char *name)
{
	struct spdk_notify_type *type;

	if (name == NULL || name[0] == '\0' || strlen(name) >= sizeof(type->name)) {
		SPDK_ERRLOG("A notification type needs a name of 1 to %zu characters\n",
		            sizeof(type->name) - 1);
		return NULL;
	}
	notify_lock();
	type = type_find_locked(name);
	if (type == NULL) {
		type = calloc(1, sizeof(*type));
		if (type != NULL) {
			spdk_strcpy_pad(type->name, name, sizeof(type->name) - 1, '\0');
			STAILQ_INSERT_TAIL(&g_notify.types, type, link);
			make_ring_locked();
		}
	}
	pthread_mutex_unlock(&g_notify.lock);
	return type;
}

const char *
spdk_notify_type_get_name(const struct spdk_notify_type *type)
{
	return type->name;
}

void
spdk_notify_foreach_type(spdk_notify_foreach_type_cb cb_fn, void *ctx)
{
	struct spdk_notify_type *type;

	notify_lock();
	STAILQ_FOREACH(type, &g_notify.types, link) {
		if (cb_fn(type, ctx) != 0) {
			break;
		}
	}
	pthread_mutex_unlock(&g_notify.lock);
}

uint64_t
spdk_notify_send(const char *type, const char *ctx)
{
	struct spdk_notify_event *event;
	uint64_t idx;

	notify_lock();
	make_ring_locked();
	idx = g_notify.next_idx++;
	if (g_notify.events != NULL) {
		event = &g_notify.events[idx % EVENTS_MAX];
		snprintf(event->type, sizeof(event->type), "%s", type);
		snprintf(event->ctx, sizeof(event->ctx), "%s", ctx);
	}
	pthread_mutex_unlock(&g_notify.lock);
	return idx;
}

uint64_t
spdk_notify_foreach_event(uint64_t start_idx, uint64_t max, spdk_notify_foreach_event_cb cb_fn,
                          void *ctx)
{
	uint64_t idx, oldest, said_0 = 0;

	notify_lock();
	oldest = g_notify.next_idx > EVENTS_MAX ? g_notify.next_idx - EVENTS_MAX : 0;
	oldest = spdk_max(oldest, g_notify.first_idx);
	for (idx = spdk_max(start_idx, oldest);
	     g_notify.events != NULL && idx < g_notify.next_idx && said_0 < max; idx++) {
		if (cb_fn(idx, &g_notify.events[idx % EVENTS_MAX], ctx) != 0) {
			break;
		}
		said_0++;
	}
	pthread_mutex_unlock(&g_notify.lock);
	return said_0;
}
