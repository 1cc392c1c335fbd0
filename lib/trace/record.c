/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Writing records: each thread into its own ring, without locks. Another process may read at any
 * time. It takes entries below next_entry, which is stored with release after them; an entry that
 * is overwritten has time 0 first and its own time last, so that a reader never takes half a record
 * for a whole one.
 */

#include "trace_internal.h"

/* Where the next byte of a record's arguments goes. */
struct cursor {
	struct spdk_trace_history *ring;
	uint64_t next; /* number of the entry behind the last one begun */
	uint64_t tsc;
	uint8_t *pos;
	size_t room_bytes;
};

static struct spdk_trace_entry *
entry_begin(struct cursor *c)
{
	struct spdk_trace_entry *entry = spdk_trace_history_get_entry(c->ring, c->next++);

	__atomic_store_n(&entry->tsc, 0, __ATOMIC_RELAXED);
	/* Pairs with the reader that loads tsc, the fields, and tsc again. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return entry;
}

static void
put(struct cursor *c, const void *bytes, size_t len_bytes)
{
	struct spdk_trace_entry_buffer *buffer;
	const uint8_t *src = bytes;
	size_t len;

	while (len_bytes > 0) {
		if (c->room_bytes == 0) {
			buffer = (struct spdk_trace_entry_buffer *)entry_begin(c);
			buffer->tpoint_id = SPDK_TRACE_MAX_TPOINT_ID;
			memset(buffer->data, 0, sizeof(buffer->data));
			__atomic_store_n(&buffer->tsc, c->tsc, __ATOMIC_RELEASE);
			c->pos = buffer->data;
			c->room_bytes = sizeof(buffer->data);
		}
		len = spdk_min(len_bytes, c->room_bytes);
		memcpy(c->pos, src, len);
		c->pos += len;
		c->room_bytes -= len;
		src += len;
		len_bytes -= len;
	}
}

static void
put_string(struct cursor *c, const char *text, size_t size_bytes)
{
	char padded[UINT8_MAX];
	size_t len = text != NULL ? strnlen(text, size_bytes) : 0;

	memset(padded, 0, size_bytes);
	if (len > 0) {
		memcpy(padded, text, len);
	}
	put(c, padded, size_bytes);
}

static void
put_args(struct cursor *c, const struct spdk_trace_tpoint *tpoint, va_list *args)
{
	const struct spdk_trace_argument *arg;
	uint64_t wide;
	uint32_t narrow;
	int i;

	for (i = 0; i < tpoint->num_args; i++) {
		arg = &tpoint->args[i];
		if (arg->type == SPDK_TRACE_ARG_TYPE_STR) {
			put_string(c, va_arg(*args, const char *), arg->size);
		} else if (arg->size == sizeof(uint64_t)) {
			wide = va_arg(*args, uint64_t);
			put(c, &wide, sizeof(wide));
		} else {
			narrow = va_arg(*args, uint32_t);
			put(c, &narrow, arg->size);
		}
	}
}

static struct spdk_trace_history *
own_ring(void)
{
	uint32_t lcore = spdk_env_get_current_core();

	if (lcore == SPDK_ENV_LCORE_ID_ANY) {
		lcore = trace_user_ring();
		return lcore != 0 ? spdk_get_per_lcore_history(g_trace_file, lcore) : NULL;
	}
	return spdk_get_per_lcore_history(g_trace_file, lcore);
}

void
_spdk_trace_record(uint64_t tsc, uint16_t tpoint_id, uint16_t owner_id, uint32_t size,
                   uint64_t object_id, int num_args, ...)
{
	struct cursor c = { 0 };
	struct spdk_trace_tpoint *tpoint;
	struct spdk_trace_entry *entry;
	va_list args;

	if (g_trace_file == NULL || tpoint_id >= SPDK_TRACE_MAX_TPOINT_ID) {
		return;
	}
	c.ring = own_ring();
	if (c.ring == NULL) {
		return;
	}
	tpoint = &spdk_trace_get_tpoint_section(g_trace_file)->tpoint[tpoint_id];
	if (num_args != tpoint->num_args) {
		SPDK_ERRLOG_RATELIMIT("Tracepoint %u (%.*s) was registered with %u arguments and "
		                      "is recorded with %d: left out\n",
		                      tpoint_id, (int)sizeof(tpoint->name), tpoint->name,
		                      tpoint->num_args, num_args);
		return;
	}
	c.tsc = tsc != 0 ? tsc : spdk_get_ticks();
	c.next = c.ring->next_entry;
	entry = entry_begin(&c);
	entry->tpoint_id = tpoint_id;
	entry->owner_id = owner_id;
	entry->size = size;
	entry->object_id = object_id;
	memset(entry->args, 0, sizeof(entry->args));
	c.pos = entry->args;
	c.room_bytes = sizeof(entry->args);
	va_start(args, num_args);
	put_args(&c, tpoint, &args);
	va_end(args);
	((uint64_t *)(void *)c.ring->data)[tpoint_id]++;
	__atomic_store_n(&entry->tsc, c.tsc, __ATOMIC_RELEASE);
	/* Pairs with the acquire of readers in other processes. */
	__atomic_store_n(&c.ring->next_entry, c.next, __ATOMIC_RELEASE);
}
