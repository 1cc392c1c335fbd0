/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Keys by name, and the modules behind them. One recursive mutex guards all, and modules run under
 * it: so a key can't be removed while its secret is read, and a module may add keys while it looks
 * for one. Any thread.
 *
 * A key: added (the keyring holds it) -> removed (its module has let go of it; found by nobody) ->
 * freed with its last holder. */

#include "keyring_internal.h"

#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/system_state.h"

extern struct spdk_keyring_module *const g_keyring_module_table[];

static struct {
	pthread_mutex_t lock;
	TAILQ_HEAD(, spdk_key) keys;               /* removed ones too; under `lock` */
	TAILQ_HEAD(, spdk_keyring_module) outside; /* registered before the start */
	struct spdk_keyring_module **started;      /* in the order of their start */
	size_t num_started;
} g_keyring SYSTEM_STATE = {
	.lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
	.keys = TAILQ_HEAD_INITIALIZER(g_keyring.keys),
	.outside = TAILQ_HEAD_INITIALIZER(g_keyring.outside),
};

static void
lock(void)
{
	pthread_mutex_lock(&g_keyring.lock);
}

static void
unlock(void)
{
	pthread_mutex_unlock(&g_keyring.lock);
}

/* ---- Keys ---- */

static struct spdk_key *
key_find_locked(const char *name)
{
	struct spdk_key *key;

	TAILQ_FOREACH(key, &g_keyring.keys, link) {
		if (!key->removed && strcmp(key->name, name) == 0) {
			return key;
		}
	}
	return NULL;
}

static void
key_put_locked(struct spdk_key *key)
{
	assert(key->refcnt > 0);
	if (--key->refcnt == 0) {
		TAILQ_REMOVE(&g_keyring.keys, key, link);
		free(key);
	}
}

static void
key_remove_locked(struct spdk_key *key)
{
	assert(!key->removed);
	key->removed = true;
	key->module->remove_key(key);
	key_put_locked(key);
}

static struct spdk_key *
key_create(const char *name, struct spdk_keyring_module *module)
{
	size_t ctx_size = module->get_ctx_size(), name_size = strlen(name) + 1;
	struct spdk_key *key = calloc(1, sizeof(*key) + ctx_size + name_size);

	if (key == NULL) {
		return NULL;
	}
	key->name = key->ctx + ctx_size;
	memcpy(key->name, name, name_size);
	key->module = module;
	key->refcnt = 1;
	return key;
}

static int
key_add_locked(const char *name, struct spdk_keyring_module *module, void *ctx)
{
	struct spdk_key *key;
	int rc;

	if (key_find_locked(name) != NULL) {
		SPDK_ERRLOG("There is a key \"%s\" already: remove it first, or choose a name\n",
		            name);
		return -EEXIST;
	}
	key = key_create(name, module);
	if (key == NULL) {
		return -ENOMEM;
	}
	rc = module->add_key(key, ctx);
	if (rc != 0) {
		free(key);
		return rc;
	}
	TAILQ_INSERT_TAIL(&g_keyring.keys, key, link);
	return 0;
}

int
spdk_keyring_add_key(const struct spdk_key_opts *opts)
{
	struct spdk_key_opts own = {};
	int rc;

	if (opts == NULL || opts->size == 0) {
		return -EINVAL;
	}
	memcpy(&own, opts, spdk_min(opts->size, sizeof(own)));
	if (own.name == NULL || own.name[0] == '\0' || own.module == NULL) {
		return -EINVAL;
	}
	lock();
	rc = key_add_locked(own.name, own.module, own.ctx);
	unlock();
	return rc;
}

int
spdk_keyring_remove_key(const char *name, struct spdk_keyring_module *module)
{
	struct spdk_key *key;
	int rc = 0;

	lock();
	key = key_find_locked(name);
	if (key == NULL) {
		rc = -ENOKEY;
	} else if (key->module != module) {
		SPDK_ERRLOG("The key \"%s\" is of %s: remove it there\n", name, key->module->name);
		rc = -EINVAL;
	} else {
		key_remove_locked(key);
	}
	unlock();
	return rc;
}

/* Let the modules look for a key, in the order of their start. */
static struct spdk_key *
key_probe_locked(const char *name)
{
	struct spdk_keyring_module *module;
	struct spdk_key *key;
	size_t i;

	for (i = 0; i < g_keyring.num_started; i++) {
		module = g_keyring.started[i];
		if (module->probe_key == NULL || module->probe_key(name) != 0) {
			continue;
		}
		key = key_find_locked(name);
		if (key != NULL) {
			key->probed = true;
			return key;
		}
	}
	return NULL;
}

struct spdk_key *
spdk_keyring_get_key(const char *name)
{
	struct spdk_key *key;

	if (name == NULL) {
		return NULL;
	}
	lock();
	key = key_find_locked(name);
	if (key == NULL) {
		key = key_probe_locked(name);
	}
	if (key != NULL) {
		key->refcnt++;
	}
	unlock();
	return key;
}

void
spdk_keyring_put_key(struct spdk_key *key)
{
	if (key == NULL) {
		return;
	}
	lock();
	if (key->probed && !key->removed && key->refcnt == 2) {
		key_remove_locked(key); /* nobody but the caller and the keyring has it */
	}
	key_put_locked(key);
	unlock();
}

struct spdk_key *
spdk_key_dup(struct spdk_key *key)
{
	lock();
	key->refcnt++;
	unlock();
	return key;
}

const char *
spdk_key_get_name(struct spdk_key *key)
{
	return key->name;
}

int
spdk_key_get_key(struct spdk_key *key, void *buf, int len)
{
	int rc = -ENOKEY;

	if (buf == NULL || len < 0) {
		return -EINVAL;
	}
	lock();
	if (!key->removed) {
		rc = key->module->get_key(key, buf, len);
	}
	unlock();
	if (rc < 0) {
		explicit_bzero(buf, (size_t)len);
	}
	return rc;
}

void *
spdk_key_get_ctx(struct spdk_key *key)
{
	return key->ctx;
}

struct spdk_keyring_module *
spdk_key_get_module(struct spdk_key *key)
{
	return key->module;
}

void
spdk_keyring_for_each_key(struct spdk_keyring *keyring, void *ctx,
                          void (*fn)(void *ctx, struct spdk_key *key), uint32_t flags)
{
	struct spdk_key *key, *next;

	lock();
	for (key = TAILQ_FIRST(&g_keyring.keys); key != NULL; key = next) {
		key->refcnt++; /* fn may remove it */
		if (!key->removed || (flags & SPDK_KEYRING_FOR_EACH_ALL) != 0) {
			fn(ctx, key);
		}
		next = TAILQ_NEXT(key, link);
		key_put_locked(key);
	}
	unlock();
}

/* ---- Modules ---- */

void
spdk_keyring_register_module(struct spdk_keyring_module *module)
{
	TAILQ_INSERT_TAIL(&g_keyring.outside, module, tailq);
}

static int
module_start(struct spdk_keyring_module *module)
{
	int rc = module->init != NULL ? module->init() : 0;

	if (rc == 0) {
		g_keyring.started[g_keyring.num_started++] = module;
	} else if (rc != -ENODEV) {
		SPDK_ERRLOG("The keyring module %s does not start: %s\n", module->name,
		            strerror(-rc));
		return rc;
	}
	return 0;
}

int
spdk_keyring_init(void)
{
	struct spdk_keyring_module *module;
	size_t i, num = 1;
	int rc = 0;

	lock();
	for (i = 0; g_keyring_module_table[i] != NULL; i++) {
		num++;
	}
	TAILQ_FOREACH(module, &g_keyring.outside, tailq) {
		num++;
	}
	g_keyring.started = calloc(num, sizeof(struct spdk_keyring_module *));
	rc = g_keyring.started != NULL ? 0 : -ENOMEM;
	for (i = 0; rc == 0 && g_keyring_module_table[i] != NULL; i++) {
		rc = module_start(g_keyring_module_table[i]);
	}
	TAILQ_FOREACH(module, &g_keyring.outside, tailq) {
		rc = rc == 0 ? module_start(module) : rc;
	}
	unlock();
	if (rc != 0) {
		spdk_keyring_cleanup();
	}
	return rc;
}

static void
remove_one(void *ctx, struct spdk_key *key)
{
	if (key->refcnt > 2) { /* more than the keyring and this walk */
		SPDK_WARNLOG("The key \"%s\" is still held %u times\n", key->name, key->refcnt - 2);
	}
	key_remove_locked(key);
}

void
spdk_keyring_cleanup(void)
{
	struct spdk_keyring_module *module;

	lock();
	spdk_keyring_for_each_key(NULL, NULL, remove_one, 0);
	while (g_keyring.num_started > 0) {
		module = g_keyring.started[--g_keyring.num_started];
		if (module->cleanup != NULL) {
			module->cleanup();
		}
	}
	free(g_keyring.started);
	g_keyring.started = NULL;
	unlock();
}

void
spdk_keyring_write_config(struct spdk_json_write_ctx *w)
{
	size_t i;

	lock();
	spdk_json_write_array_begin(w);
	for (i = 0; i < g_keyring.num_started; i++) {
		if (g_keyring.started[i]->write_config != NULL) {
			g_keyring.started[i]->write_config(w);
		}
	}
	spdk_json_write_array_end(w);
	unlock();
}
