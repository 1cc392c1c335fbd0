/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Which methods there are, and which of them may be called now. In-tree methods stand in the
 * generated table; methods of outside modules are registered, before main() or later, and stay for
 * the life of the process. App thread, but for registration in constructors. */

#include "rpc_internal.h"
#include "spdk/log.h"
#include "spdk/queue.h"
#include "spdk/string.h"
#include "spdk_internal/system_state.h"

extern const struct rpc_table *const g_rpc_table[];

struct registered {
	char *name;
	char *alias_of; /* NULL: a method */
	uint32_t states;
	spdk_rpc_method_handler func;
	STAILQ_ENTRY(registered) link;
};

static SYSTEM_STATE struct {
	STAILQ_HEAD(, registered) registered;
	bool broken; /* a registration was refused */
	uint32_t state;
	char **allowlist; /* NULL: all */
} g_rpc = {
	.registered = STAILQ_HEAD_INITIALIZER(g_rpc.registered),
	.state = SPDK_RPC_STARTUP,
};

static bool
name_is(const char *a, const char *name, size_t len)
{
	/* `name` comes from outside, is not terminated and may hold a NUL. */
	return strlen(a) == len && memcmp(a, name, len) == 0;
}

static const struct rpc_method *
find_in_tables(const char *name, size_t len)
{
	const struct rpc_table *const *table;
	size_t i;

	for (table = g_rpc_table; *table != NULL; table++) {
		for (i = 0; i < (*table)->num_methods; i++) {
			if (name_is((*table)->methods[i].name, name, len)) {
				return &(*table)->methods[i];
			}
		}
	}
	return NULL;
}

static struct registered *
find_registered(const char *name, size_t len)
{
	struct registered *r;

	STAILQ_FOREACH(r, &g_rpc.registered, link) {
		if (name_is(r->name, name, len)) {
			return r;
		}
	}
	return NULL;
}

static void
fill_from_method(struct rpc_entry *entry, const struct rpc_method *method)
{
	memset(entry, 0, sizeof(*entry));
	entry->name = method->name;
	entry->states = method->states;
	entry->method = method;
}

static void
fill_from_registered(struct rpc_entry *entry, const struct registered *r)
{
	memset(entry, 0, sizeof(*entry));
	entry->name = r->name;
	entry->states = r->states;
	entry->func = r->func;
}

static bool
find_method(const char *name, size_t len, struct rpc_entry *entry)
{
	const struct rpc_method *method = find_in_tables(name, len);
	const struct registered *r;

	if (method != NULL) {
		fill_from_method(entry, method);
		return true;
	}
	r = find_registered(name, len);
	if (r == NULL || r->alias_of != NULL) {
		return false;
	}
	fill_from_registered(entry, r);
	return true;
}

bool
rpc_find(const char *name, size_t len, struct rpc_entry *entry)
{
	const struct registered *r = find_registered(name, len);

	if (r == NULL || r->alias_of == NULL) {
		return find_method(name, len, entry);
	}
	if (!find_method(r->alias_of, strlen(r->alias_of), entry)) {
		return false;
	}
	entry->name = r->name;
	entry->alias_of = r->alias_of;
	return true;
}

bool
rpc_entry_at(size_t n, struct rpc_entry *entry)
{
	const struct rpc_table *const *table;
	struct registered *r;

	for (table = g_rpc_table; *table != NULL; table++) {
		if (n < (*table)->num_methods) {
			fill_from_method(entry, &(*table)->methods[n]);
			return true;
		}
		n -= (*table)->num_methods;
	}
	STAILQ_FOREACH(r, &g_rpc.registered, link) {
		if (n-- == 0) {
			if (!rpc_find(r->name, strlen(r->name), entry)) {
				memset(entry, 0, sizeof(*entry));
			}
			return true;
		}
	}
	return false;
}

void
rpc_for_each(rpc_entry_fn fn, void *ctx)
{
	struct rpc_entry entry;
	size_t n;

	for (n = 0; rpc_entry_at(n, &entry); n++) {
		if (entry.name != NULL) {
			fn(ctx, &entry);
		}
	}
}

static void
add_registered(const char *name, const char *alias_of, spdk_rpc_method_handler func,
               uint32_t states)
{
	struct registered *r;

	if (find_registered(name, strlen(name)) != NULL ||
	    find_in_tables(name, strlen(name)) != NULL) {
		SPDK_ERRLOG("RPC method %s is registered twice; the second one is not used\n",
		            name);
		g_rpc.broken = true;
		return;
	}
	r = calloc(1, sizeof(*r));
	if (r != NULL) {
		r->name = strdup(name);
		r->alias_of = alias_of != NULL ? strdup(alias_of) : NULL;
		r->func = func;
		r->states = states;
	}
	if (r == NULL || r->name == NULL || (alias_of != NULL && r->alias_of == NULL)) {
		SPDK_ERRLOG("no memory to register the RPC method %s\n", name);
		g_rpc.broken = true;
		if (r != NULL) {
			free(r->name);
			free(r->alias_of);
			free(r);
		}
		return;
	}
	STAILQ_INSERT_TAIL(&g_rpc.registered, r, link);
}

void
spdk_rpc_register_method(const char *method, spdk_rpc_method_handler func, uint32_t state_mask)
{
	add_registered(method, NULL, func, state_mask);
}

void
spdk_rpc_register_alias_deprecated(const char *method, const char *alias)
{
	struct rpc_entry entry;

	if (!find_method(method, strlen(method), &entry)) {
		SPDK_ERRLOG("RPC alias %s: there is no method %s\n", alias, method);
		g_rpc.broken = true;
		return;
	}
	add_registered(alias, method, NULL, 0);
}

bool
spdk_rpc_verify_methods(void)
{
	return !g_rpc.broken;
}

void
spdk_rpc_set_state(uint32_t state_mask)
{
	g_rpc.state = state_mask;
}

uint32_t
spdk_rpc_get_state(void)
{
	return g_rpc.state;
}

void
spdk_rpc_set_allowlist(const char **rpc_allowlist)
{
	spdk_strarray_free(g_rpc.allowlist);
	g_rpc.allowlist = NULL;
	if (rpc_allowlist != NULL) {
		g_rpc.allowlist = spdk_strarray_dup(rpc_allowlist);
		if (g_rpc.allowlist == NULL) {
			/* Better none than all. */
			SPDK_ERRLOG("no memory for the list of allowed RPC methods; the RPC server "
			            "will not start\n");
			g_rpc.broken = true;
		}
	}
}

bool
rpc_is_listed(const char *name)
{
	char **listed;

	if (g_rpc.allowlist == NULL) {
		return true;
	}
	for (listed = g_rpc.allowlist; *listed != NULL; listed++) {
		if (strcmp(*listed, name) == 0) {
			return true;
		}
	}
	return false;
}

int
rpc_method_check(const char *method, uint32_t state_mask)
{
	struct rpc_entry entry;

	if (!rpc_find(method, strlen(method), &entry) || !rpc_is_listed(entry.name)) {
		return -ENOENT;
	}
	return (entry.states & state_mask) != 0 ? 0 : -EPERM;
}

int
spdk_rpc_is_method_allowed(const char *method, uint32_t state_mask)
{
	return rpc_method_check(method, state_mask);
}

int
spdk_rpc_get_method_state_mask(const char *method, uint32_t *state_mask)
{
	struct rpc_entry entry;

	if (!rpc_find(method, strlen(method), &entry)) {
		return -ENOENT;
	}
	*state_mask = entry.states;
	return 0;
}
