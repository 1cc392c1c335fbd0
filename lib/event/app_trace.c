/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The trace file of a program: its name, and what -e switches on. Main thread, after the
 * environment started and before threads are made; spdk_app_fini() closes the file. */

#include "app_internal.h"

#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/trace.h"
#include "spdk/util.h"

/* A hex number, or what `by_name` makes of the text; 0: neither. */
static uint64_t
parse_mask(const char *text, uint64_t (*by_name)(uint32_t group_id, const char *name),
           uint32_t group_id)
{
	unsigned long long mask;
	char *end;

	errno = 0;
	mask = strtoull(text, &end, 16);
	if (*text != '\0' && *text != '-' && *end == '\0' && errno == 0) {
		return mask;
	}
	return by_name(group_id, text);
}

static uint64_t
group_by_name(uint32_t group_id, const char *name)
{
	return spdk_trace_create_tpoint_group_mask(name);
}

/* One "group" or "group:tracepoint". */
static int
enable_one(char *text)
{
	char *tpoints = strchr(text, ':');
	uint64_t groups, mask;
	uint32_t group_id;

	if (tpoints != NULL) {
		*tpoints++ = '\0';
	}
	groups = parse_mask(text, group_by_name, 0);
	if (groups == 0) {
		SPDK_ERRLOG("-e: '%s' is no trace group and no hex mask of groups\n", text);
		return -EINVAL;
	}
	if (tpoints == NULL) {
		spdk_trace_set_tpoint_group_mask(groups);
		return 0;
	}
	group_id = spdk_u64log2(groups);
	if (!spdk_u64_is_pow2(groups) || group_id >= SPDK_TRACE_MAX_GROUP_ID) {
		SPDK_ERRLOG("-e: '%s' is not a single group: tracepoints are named within one\n",
		            text);
		return -EINVAL;
	}
	mask = parse_mask(tpoints, spdk_trace_create_tpoint_mask, group_id);
	if (mask == 0) {
		SPDK_ERRLOG("-e: '%s' is no tracepoint of group %s and no hex mask\n", tpoints,
		            text);
		return -EINVAL;
	}
	spdk_trace_set_tpoints(group_id, mask);
	return 0;
}

static int
enable_list(const char *list)
{
	char *copy = strdup(list), *rest = copy, *one;
	int rc = copy != NULL ? 0 : -ENOMEM;

	while (rc == 0 && (one = strsep(&rest, ",")) != NULL) {
		rc = enable_one(one);
	}
	free(copy);
	return rc;
}

int
spdk_app_setup_trace(struct spdk_app_opts *opts)
{
	/* The others of a group of processes would take the file that the first writes. */
	bool by_id = opts->shm_id >= 0 && spdk_process_is_primary();
	char name[64];
	int rc;

	if (by_id) {
		snprintf(name, sizeof(name), "/%s" SPDK_TRACE_SHM_NAME_BASE "%d", opts->name,
		         opts->shm_id);
	} else {
		snprintf(name, sizeof(name), "/%s" SPDK_TRACE_SHM_NAME_BASE "pid%d", opts->name,
		         (int)env_get_pid());
	}
	rc = spdk_trace_init(name, opts->num_entries, opts->num_trace_threads);
	if (rc != 0 || opts->tpoint_group_mask == NULL) {
		return rc;
	}
	if (opts->num_entries == 0) {
		SPDK_ERRLOG("-e needs room for records: --num-trace-entries is 0\n");
		return -EINVAL;
	}
	rc = enable_list(opts->tpoint_group_mask);
	if (rc == 0) {
		SPDK_NOTICELOG("Tracepoints %s are on. See them with: spdk_trace -s %s %s %d\n",
		               opts->tpoint_group_mask, opts->name, by_id ? "-i" : "-p",
		               by_id ? opts->shm_id : (int)env_get_pid());
		SPDK_NOTICELOG("or, after the program has ended: spdk_trace -f /dev/shm%s\n", name);
	}
	return rc;
}

int
app_trace_start(struct spdk_app_opts *opts)
{
	int rc = spdk_app_setup_trace(opts);

	if (rc != 0 && opts->tpoint_group_mask == NULL) {
		SPDK_WARNLOG("The program runs without tracepoints\n");
		return 0; /* nobody asked for any */
	}
	return rc;
}
