/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Parameters completed with what is made up, and secrets found. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rpc_internal.h"
#include "spdk/uuid.h"
#include "spdk_internal/env_sim.h"

struct inner {
	uint32_t id;
	char *key;
};

static const struct rpc_param inner_params[] = {
	RPC_PARAM(struct inner, id, RPC_UINT32, .generated = RPC_GENERATED_RESULT),
	RPC_PARAM(struct inner, key, RPC_STRING, .secret = true),
};

static const struct rpc_object inner_object = {
	.params = inner_params,
	.num_params = SPDK_COUNTOF(inner_params),
	.size_bytes = sizeof(struct inner),
};

struct outer {
	char *name;
	struct spdk_uuid uuid;
	struct inner inner;
	char *password;
};

static const struct rpc_param outer_params[] = {
	RPC_PARAM(struct outer, name, RPC_STRING, .generated = RPC_GENERATED_RESULT),
	RPC_PARAM(struct outer, uuid, RPC_UUID, .generated = RPC_GENERATED_UUID),
	RPC_PARAM(struct outer, inner, RPC_OBJECT, .object = &inner_object),
	RPC_PARAM(struct outer, password, RPC_STRING, .secret = true),
};

static const struct rpc_method method = { .name = "ut", RPC_PARAMS(struct outer, outer_params) };
static const struct rpc_method plain = { .name = "plain" };

static char g_out[1024];

static int
take(void *ctx, const void *data, size_t size)
{
	strncat(g_out, data, size);
	return 0;
}

static struct spdk_json_val *
parse(const char *text, struct spdk_json_val *values)
{
	static char copy[2][512];
	static int next;
	char *p = copy[next++ % 2];

	if (text == NULL) {
		return NULL;
	}
	strcpy(p, text);
	assert_true(spdk_json_parse(p, strlen(p), values, 32, NULL,
	                            SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE) > 0);
	return values;
}

static const char *
complete(const struct rpc_method *m, const char *params, const char *result)
{
	struct spdk_json_val p[32], r[32];
	struct spdk_json_write_ctx *w;

	g_out[0] = '\0';
	w = spdk_json_write_begin(take, NULL, 0);
	rpc_write_completed(w, m, parse(params, p), parse(result, r));
	assert_int_equal(spdk_json_write_end(w), 0);
	return g_out;
}

struct row {
	const char *params;
	const char *result; /* NULL: before the method runs */
	const char *want;   /* "UUID" stands for a fresh one */
};

#define GIVEN "01234567-89ab-cdef-0123-456789abcdef"
#define ZERO "00000000-0000-0000-0000-000000000000"

static const struct row rows[] = {
	{ "{}", NULL, "{\"uuid\":\"UUID\"}" },
	{ NULL, NULL, "{\"uuid\":\"UUID\"}" },
	{ "{\"uuid\":\"" GIVEN "\"}", NULL, "{\"uuid\":\"" GIVEN "\"}" },
	{ "{\"uuid\":\"" ZERO "\",\"x\":1}", NULL, "{\"x\":1,\"uuid\":\"UUID\"}" },
	{ "{\"uuid\":7}", NULL, "{\"uuid\":7}" }, /* the decoder's affair */
	{ "{\"name\":\"\"}", NULL, "{\"name\":\"\",\"uuid\":\"UUID\"}" },
	{ "[1]", NULL, "[1]" },
	{ "{}", "\"n0\"", "{\"name\":\"n0\"}" },
	{ "{\"name\":\"\",\"y\":[]}", "\"n0\"", "{\"y\":[],\"name\":\"n0\"}" },
	{ "{\"name\":\"n1\"}", "\"n0\"", "{\"name\":\"n1\"}" },
	{ "{\"inner\":{},\"name\":\"a\"}", "5", "{\"inner\":{\"id\":5},\"name\":\"a\"}" },
	{ "{\"inner\":{\"id\":0},\"name\":\"a\"}", "5", "{\"inner\":{\"id\":5},\"name\":\"a\"}" },
	{ "{\"inner\":{\"id\":3},\"name\":\"a\"}", "5", "{\"inner\":{\"id\":3},\"name\":\"a\"}" },
	{ "{\"inner\":7,\"name\":\"a\"}", "5", "{\"inner\":7,\"name\":\"a\"}" },
};

static void
test_complete(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	char first[SPDK_UUID_STRING_LEN] = "", *uuid;
	struct spdk_uuid parsed;
	size_t i;

	spdk_env_opts_init(&opts);
	assert_int_equal(spdk_env_init(&opts), 0);
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		complete(&method, rows[i].params, rows[i].result);
		uuid = strstr(rows[i].want, "UUID");
		if (uuid != NULL) {
			/* A fresh one each time, in its place. */
			char *got = g_out + (uuid - rows[i].want);
			char rest[64];

			assert_true(strcmp(first, got) != 0);
			memcpy(first, got, 36);
			first[36] = '\0';
			assert_int_equal(spdk_uuid_parse(&parsed, first), 0);
			assert_false(spdk_uuid_is_null(&parsed));
			snprintf(rest, sizeof(rest), "UUID%s", got + 36);
			strcpy(got, rest);
		}
		assert_string_equal(g_out, rows[i].want);
	}
	assert_string_equal(complete(&plain, NULL, NULL), "null");
	assert_string_equal(complete(&plain, "{}", "true"), "{}");
	spdk_env_fini();
}

static void
test_secret(void **state)
{
	struct spdk_json_val v[32];

	assert_null(rpc_find_secret(&method, NULL));
	assert_null(rpc_find_secret(&method, parse("[\"password\"]", v)));
	assert_null(rpc_find_secret(&method, parse("{\"name\":\"password\",\"inner\":{}}", v)));
	assert_string_equal(rpc_find_secret(&method, parse("{\"a\":1,\"password\":\"x\"}", v)),
	                    "password");
	assert_string_equal(rpc_find_secret(&method, parse("{\"inner\":{\"key\":\"x\"}}", v)),
	                    "key");
	assert_null(rpc_find_secret(&plain, parse("{\"password\":1}", v)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_secret),
	};

	return cmocka_run_group_tests_name("rpc_generated", tests, NULL, NULL);
}
