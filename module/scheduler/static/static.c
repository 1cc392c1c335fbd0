/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The scheduler that leaves threads where they are: cores take turns when threads are made, and
 * framework_set_scheduler may name cores for some (mappings), which moves them once.
 *
 * The mappings are set on the app thread and applied on the scheduling core; both under the lock of
 * lib/event, which is held over set_opts, balance, init and deinit. */

#include "spdk/log.h"
#include "spdk/scheduler.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/system_state.h"

/* A round comes at once, and no second one. */
#define ONCE_PERIOD_US 1000

struct mapping {
	uint64_t thread_id;
	uint32_t lcore;
};

static struct {
	struct mapping *mappings; /* NULL: none */
	size_t num_mappings;
	bool once; /* they were not applied yet */
} g_static SYSTEM_STATE;

extern struct spdk_scheduler g_static_scheduler;

static void
static_forget(void)
{
	free(g_static.mappings);
	g_static.mappings = NULL;
	g_static.num_mappings = 0;
	g_static.once = false;
}

static int
static_init(void)
{
	spdk_scheduler_set_period(0);
	return 0;
}

static void
static_deinit(void)
{
	static_forget();
}

static void
static_balance(struct spdk_scheduler_core_info *core_info, uint32_t count)
{
	struct spdk_scheduler_thread_info *info;
	uint32_t i, j;
	size_t m;

	if (!g_static.once) {
		return;
	}
	for (i = 0; i < count; i++) {
		for (j = 0; j < core_info[i].threads_count; j++) {
			info = &core_info[i].thread_infos[j];
			for (m = 0; m < g_static.num_mappings; m++) {
				if (g_static.mappings[m].thread_id == info->thread_id) {
					info->lcore = g_static.mappings[m].lcore;
				}
			}
		}
	}
	g_static.once = false;
	spdk_scheduler_set_period(0);
}

/* ---- "1:0,2:3" ---- */

/* Behind the number; NULL: there is none. */
static const char *
take_number(const char *text, uint64_t max, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9') {
		return NULL;
	}
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno == 0 && *number <= max ? end : NULL;
}

/* Behind the mapping; NULL: it is none. */
static const char *
take_mapping(const char *text, struct mapping *mapping)
{
	uint64_t lcore = 0;

	text = take_number(text, UINT64_MAX, &mapping->thread_id);
	if (text == NULL || *text++ != ':') {
		return NULL;
	}
	text = take_number(text, UINT32_MAX, &lcore);
	mapping->lcore = (uint32_t)lcore;
	return text;
}

static int
parse_mappings(const char *text, struct mapping *mappings, size_t max, size_t *count)
{
	size_t i;

	for (i = 0; i < max; i++) {
		text = take_mapping(text, &mappings[i]);
		if (text == NULL || (*text != ',' && *text != '\0')) {
			return -EINVAL;
		}
		if (*text++ == '\0') {
			*count = i + 1;
			return 0;
		}
	}
	return -EINVAL;
}

static int
static_set_mappings(const char *text)
{
	size_t max = 1, count = 0;
	struct mapping *mappings;
	const char *c;
	int rc;

	for (c = text; *c != '\0'; c++) {
		max += *c == ',';
	}
	mappings = calloc(max, sizeof(mappings[0]));
	if (mappings == NULL) {
		return -ENOMEM;
	}
	rc = parse_mappings(text, mappings, max, &count);
	if (rc != 0) {
		SPDK_ERRLOG("'%s' is no list of threads and cores: use id:core,id:core\n", text);
		free(mappings);
		return rc;
	}
	static_forget();
	g_static.mappings = mappings;
	g_static.num_mappings = count;
	g_static.once = true;
	spdk_scheduler_set_period(ONCE_PERIOD_US);
	return 0;
}

static int
static_set_opts(const struct spdk_json_val *opts)
{
	const struct spdk_json_val *name, *end = opts + 1 + opts->len, *mappings = NULL;
	char *text;
	int rc;

	for (name = opts + 1; name != end; name += 1 + spdk_json_val_len(name + 1)) {
		if (spdk_json_strequal(name, "mappings")) {
			mappings = name + 1;
		} else if (!spdk_json_strequal(name, "name") &&
		           !spdk_json_strequal(name, "period")) {
			return -EINVAL;
		}
	}
	if (mappings == NULL) {
		return 0;
	}
	text = spdk_json_strdup(mappings);
	if (text == NULL) {
		return -ENOMEM;
	}
	rc = static_set_mappings(text);
	free(text);
	return rc;
}

struct spdk_scheduler g_static_scheduler SYSTEM_STATE = {
	.name = "static",
	.init = static_init,
	.deinit = static_deinit,
	.balance = static_balance,
	.set_opts = static_set_opts,
};
