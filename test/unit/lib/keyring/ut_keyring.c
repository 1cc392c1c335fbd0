/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/keyring.h and keyring_module.h: who holds what, removal while held, keys that modules look
 * for, modules that do not start, no memory, and nothing left. */

#include "spdk/json.h"
#include "spdk/keyring_module.h"
#include "spdk/util.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

/* ---- A module ---- */

static struct {
	int init_rc;
	int add_rc;
	int probe_rc;
	const char *probe_adds;
	int started, stopped, removed, probed;
	char order[16];
} g_mod;

static struct spdk_keyring_module g_module, g_other;

struct mod_key {
	char secret[8];
};

static int
mod_init(void)
{
	g_mod.started += g_mod.init_rc == 0;
	strcat(g_mod.order, "i");
	return g_mod.init_rc;
}

static void
mod_cleanup(void)
{
	g_mod.stopped++;
	strcat(g_mod.order, "c");
}

static int
mod_add(struct spdk_key *key, void *ctx)
{
	struct mod_key *mod_key = spdk_key_get_ctx(key);

	assert_int_equal(mod_key->secret[0], 0);
	assert_int_equal((uintptr_t)mod_key % 16, 0);
	if (ctx != NULL) {
		strcpy(mod_key->secret, ctx);
	}
	return g_mod.add_rc;
}

static void
mod_remove(struct spdk_key *key)
{
	g_mod.removed++;
	strcat(g_mod.order, "r");
}

static int
mod_get(struct spdk_key *key, void *buf, int len)
{
	struct mod_key *mod_key = spdk_key_get_ctx(key);
	int size = (int)strlen(mod_key->secret);

	memcpy(buf, mod_key->secret, spdk_min((size_t)len, (size_t)size));
	return size <= len ? size : -ENOBUFS;
}

static size_t
mod_ctx_size(void)
{
	return sizeof(struct mod_key);
}

static int
add(const char *name, struct spdk_keyring_module *module, const char *secret)
{
	struct spdk_key_opts opts = {
		.size = sizeof(opts),
		.name = name,
		.module = module,
		.ctx = (void *)secret,
	};

	return spdk_keyring_add_key(&opts);
}

static int
mod_probe(const char *name)
{
	g_mod.probed++;
	if (g_mod.probe_rc == 0 && g_mod.probe_adds != NULL) {
		return add(g_mod.probe_adds, &g_module, "p");
	}
	return g_mod.probe_rc;
}

static void
mod_write_config(struct spdk_json_write_ctx *w)
{
	spdk_json_write_string(w, "module");
}

static struct spdk_keyring_module g_module = {
	.name = "mod",
	.init = mod_init,
	.cleanup = mod_cleanup,
	.write_config = mod_write_config,
	.probe_key = mod_probe,
	.add_key = mod_add,
	.remove_key = mod_remove,
	.get_key = mod_get,
	.get_ctx_size = mod_ctx_size,
};

/* What may be left out is. */
static struct spdk_keyring_module g_other = {
	.name = "other",
	.add_key = mod_add,
	.remove_key = mod_remove,
	.get_key = mod_get,
	.get_ctx_size = mod_ctx_size,
};

SPDK_KEYRING_REGISTER_MODULE(mod, &g_module)
SPDK_KEYRING_REGISTER_MODULE(other, &g_other)

/* ---- Tests ---- */

static void
append_name(void *names, struct spdk_key *key)
{
	strcat(names, spdk_key_get_name(key));
	strcat(names, " ");
}

static void
expect_names(uint32_t flags, const char *want)
{
	char names[64] = "";

	spdk_keyring_for_each_key(NULL, names, append_name, flags);
	assert_string_equal(names, want);
}

static void
test_add_and_get(void **state)
{
	struct spdk_key_opts opts = { .size = sizeof(opts), .name = "a", .module = &g_module };
	struct spdk_key *key;
	char buf[4] = "xxx";

	assert_null(spdk_keyring_get_key("a"));
	assert_int_equal(add("a", &g_module, "abc"), 0);
	assert_int_equal(add("a", &g_other, "abc"), -EEXIST);
	key = spdk_keyring_get_key("a");
	assert_non_null(key);
	assert_string_equal(spdk_key_get_name(key), "a");
	assert_ptr_equal(spdk_key_get_module(key), &g_module);
	assert_int_equal(spdk_key_get_key(key, buf, 3), 3);
	assert_memory_equal(buf, "abc", 4 - 1);
	assert_int_equal(spdk_key_get_key(key, buf, 2), -ENOBUFS);
	assert_memory_equal(buf, "\0\0c", 3); /* what was there of it is wiped */
	assert_int_equal(spdk_key_get_key(key, NULL, 3), -EINVAL);
	assert_int_equal(spdk_key_get_key(key, buf, -1), -EINVAL);
	spdk_keyring_put_key(key);
	spdk_keyring_put_key(NULL);
	assert_null(spdk_keyring_get_key(NULL));

	assert_int_equal(spdk_keyring_add_key(NULL), -EINVAL);
	opts.size = 0;
	assert_int_equal(spdk_keyring_add_key(&opts), -EINVAL);
	opts.size = offsetof(struct spdk_key_opts, module); /* so there is no module */
	assert_int_equal(spdk_keyring_add_key(&opts), -EINVAL);
	opts.size = sizeof(opts) + 64;
	opts.name = "";
	assert_int_equal(spdk_keyring_add_key(&opts), -EINVAL);
	opts.name = NULL;
	assert_int_equal(spdk_keyring_add_key(&opts), -EINVAL);
	opts.name = "b";
	assert_int_equal(spdk_keyring_add_key(&opts), 0);
	g_mod.add_rc = -EIO;
	assert_int_equal(add("c", &g_module, ""), -EIO);
	expect_names(SPDK_KEYRING_FOR_EACH_ALL, "a b ");
}

static void
test_remove(void **state)
{
	struct spdk_key *key, *dup;
	char buf[8] = "";

	assert_int_equal(add("a", &g_module, "1"), 0);
	assert_int_equal(spdk_keyring_remove_key("b", &g_module), -ENOKEY);
	assert_int_equal(spdk_keyring_remove_key("a", &g_other), -EINVAL);
	key = spdk_keyring_get_key("a");
	dup = spdk_key_dup(key);
	assert_ptr_equal(dup, key);
	assert_int_equal(spdk_keyring_remove_key("a", &g_module), 0);
	assert_int_equal(g_mod.removed, 1);
	assert_int_equal(spdk_keyring_remove_key("a", &g_module), -ENOKEY);
	/* Its name is free, and it answers by name only. */
	assert_int_equal(spdk_key_get_key(key, buf, 8), -ENOKEY);
	assert_int_equal(add("a", &g_module, "2"), 0);
	expect_names(0, "a ");
	expect_names(SPDK_KEYRING_FOR_EACH_ALL, "a a ");
	spdk_keyring_put_key(key);
	assert_string_equal(spdk_key_get_name(dup), "a");
	expect_names(SPDK_KEYRING_FOR_EACH_ALL, "a a ");
	spdk_keyring_put_key(dup);
	expect_names(SPDK_KEYRING_FOR_EACH_ALL, "a ");
	key = spdk_keyring_get_key("a");
	assert_int_equal(spdk_key_get_key(key, buf, 8), 1);
	assert_int_equal(buf[0], '2');
	spdk_keyring_put_key(key);
}

static void
remove_it(void *names, struct spdk_key *key)
{
	append_name(names, key);
	assert_int_equal(spdk_keyring_remove_key(spdk_key_get_name(key), spdk_key_get_module(key)),
	                 0);
}

static void
test_remove_in_walk(void **state)
{
	char names[64] = "";

	add("a", &g_module, "");
	add("b", &g_module, "");
	add("c", &g_module, "");
	spdk_keyring_for_each_key(NULL, names, remove_it, 0);
	assert_string_equal(names, "a b c ");
	expect_names(SPDK_KEYRING_FOR_EACH_ALL, "");
}

static void
test_probe(void **state)
{
	struct spdk_key *key, *again;

	g_mod.probe_rc = -ENOKEY;
	assert_null(spdk_keyring_get_key("p"));
	assert_int_equal(g_mod.probed, 1);
	g_mod.probe_rc = -EPERM;
	assert_null(spdk_keyring_get_key("p"));
	g_mod.probe_rc = 0;
	assert_null(spdk_keyring_get_key("p")); /* it said so, and added nothing */
	g_mod.probe_adds = "p";
	key = spdk_keyring_get_key("p");
	assert_non_null(key);
	assert_int_equal(g_mod.probed, 4);
	again = spdk_keyring_get_key("p");
	assert_ptr_equal(again, key);
	assert_int_equal(g_mod.probed, 4);
	spdk_keyring_put_key(again);
	expect_names(0, "p ");
	spdk_keyring_put_key(key); /* and it goes */
	assert_int_equal(g_mod.removed, 1);
	expect_names(SPDK_KEYRING_FOR_EACH_ALL, "");
	/* Removed by hand while it is held. */
	key = spdk_keyring_get_key("p");
	again = spdk_key_dup(key);
	assert_int_equal(spdk_keyring_remove_key("p", &g_module), 0);
	spdk_keyring_put_key(key);
	spdk_keyring_put_key(again);
	assert_int_equal(g_mod.removed, 2);
	expect_names(SPDK_KEYRING_FOR_EACH_ALL, "");
}

static int
collect(void *text, const void *data, size_t size)
{
	strncat(text, data, size);
	return 0;
}

static void
config(char *text)
{
	struct spdk_json_write_ctx *w = spdk_json_write_begin(collect, text, 0);

	text[0] = '\0';
	spdk_keyring_write_config(w);
	assert_int_equal(spdk_json_write_end(w), 0);
}

static void
test_modules(void **state)
{
	char text[64];

	config(text);
	assert_string_equal(text, "[\"module\"]");
	add("a", &g_module, "");
	spdk_keyring_cleanup();
	assert_string_equal(g_mod.order, "irc");
	config(text);
	assert_string_equal(text, "[]");
	g_mod.init_rc = -ENODEV; /* left alone */
	assert_int_equal(spdk_keyring_init(), 0);
	config(text);
	assert_string_equal(text, "[]");
	assert_null(spdk_keyring_get_key("x"));
	assert_int_equal(g_mod.probed, 0);
	spdk_keyring_cleanup();
	g_mod.init_rc = -EIO;
	assert_int_equal(spdk_keyring_init(), -EIO);
	assert_int_equal(g_mod.stopped, 1);
	g_mod.init_rc = 0;
	fail_alloc_after(0);
	assert_int_equal(spdk_keyring_init(), -ENOMEM);
	fail_alloc_after(-1);
	assert_int_equal(spdk_keyring_init(), 0);
	assert_int_equal(g_mod.started, 2);
}

static void
test_cleanup_while_held(void **state)
{
	struct spdk_key *key;
	char buf[4];

	add("a", &g_module, "x");
	key = spdk_keyring_get_key("a");
	spdk_keyring_cleanup();
	assert_null(spdk_keyring_get_key("a"));
	assert_string_equal(spdk_key_get_name(key), "a");
	assert_int_equal(spdk_key_get_key(key, buf, 4), -ENOKEY);
	spdk_keyring_put_key(key);
}

static void
test_no_memory(void **state)
{
	fail_alloc_after(0);
	assert_int_equal(add("a", &g_module, ""), -ENOMEM);
	fail_alloc_after(-1);
	expect_names(SPDK_KEYRING_FOR_EACH_ALL, "");
}

static int
setup(void **state)
{
	memset(&g_mod, 0, sizeof(g_mod));
	*state = (void *)fail_alloc_held();
	return spdk_keyring_init();
}

static int
teardown(void **state)
{
	fail_alloc_after(-1);
	spdk_keyring_cleanup();
	return fail_alloc_held() == (long)*state ? 0 : -1;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add_and_get), TEST(test_remove),  TEST(test_remove_in_walk),
		TEST(test_probe),       TEST(test_modules), TEST(test_cleanup_while_held),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
