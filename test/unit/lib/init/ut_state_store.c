/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The state file on a disk that forgets what was not synced, over the deaths of programs. A program
 * that is killed leaves the disk as it is; only a power cut takes back what was not synced. */

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "state_internal.h"
#include "spdk/env.h"
#include "spdk_internal/env_fault.h"
#include "spdk_internal/env_sim.h"

#define PATH "/state/file"

static const struct spdk_json_val g_method = { .start = (void *)"nix",
	                                       .len = 3,
	                                       .type = SPDK_JSON_VAL_STRING };

static void
rewrite(struct state_store *store, uint64_t gen, int expected)
{
	struct state_buf text = {};

	state_append_header(&text, gen);
	assert_int_equal(state_store_rewrite(store, &text, 0), expected);
	state_buf_free(&text);
}

static void
append(struct state_store *store)
{
	struct state_buf line = {};

	state_append_record(&line, store->next_seq, &g_method, NULL);
	assert_int_equal(state_store_append(store, &line), 0);
	state_buf_free(&line);
}

/* The one before was killed when the new file had its name and the folder was not synced yet. What
 * the next one promises must not go to a file that a power cut takes away. */
static void
test_killed_before_folder_sync(void **state)
{
	struct state_content content;
	struct state_store store;
	uint32_t seed;

	for (seed = 1; seed <= 32; seed++) {
		env_sim_seed(seed);
		env_sim_file_set(PATH, NULL, 0);
		assert_int_equal(state_store_open(&store, PATH, &content), 0);
		rewrite(&store, 1, 0);
		env_fault_nth(ENV_FAULT_FILE,
		              5); /* create, append, sync, rename, sync of the folder */
		rewrite(&store, 2, -EIO);
		env_fault_clear();
		state_store_close(&store);

		assert_int_equal(state_store_open(&store, PATH, &content), 0);
		assert_int_equal(store.gen, 2);
		append(&store);
		state_content_free(&content);
		state_store_close(&store);
		env_sim_file_crash();

		assert_int_equal(state_store_open(&store, PATH, &content), 0);
		assert_int_equal(store.gen, 2);
		assert_int_equal(content.num_records, 1);
		state_content_free(&content);
		state_store_close(&store);
	}
}

/* The same sync can fail: then nothing may be promised at all. */
static void
test_open_syncs_or_fails(void **state)
{
	struct state_content content;
	struct state_store store;
	int nth, rc = -EIO;

	env_sim_file_set(PATH, NULL, 0);
	assert_int_equal(state_store_open(&store, PATH, &content), 0);
	rewrite(&store, 1, 0);
	state_store_close(&store);
	for (nth = 1; rc != 0; nth++) {
		env_fault_nth(ENV_FAULT_FILE, nth);
		rc = state_store_open(&store, PATH, &content);
		assert_true(rc == 0 || rc == -EIO);
	}
	env_fault_clear();
	assert_int_equal(nth, 5); /* load, open, sync of the folder; the fourth is not reached */
	state_content_free(&content);
	state_store_close(&store);
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	return spdk_env_init(&opts);
}

static int
teardown(void **state)
{
	env_fault_clear();
	spdk_env_fini();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_killed_before_folder_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_syncs_or_fails, setup, teardown),
	};

	return cmocka_run_group_tests_name("state_store", tests, NULL, NULL);
}
