/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What is going away: a list of named deprecations, each counting its uses and warning at its own
 * rate. Registered by one thread at a time, mostly before main(), and kept until the program ends;
 * used by any thread.
 */

#include "spdk/log.h"
#include "spdk_internal/machine_hooks.h"
#include "spdk_internal/system_state.h"

#define NS_PER_SECOND 1000000000ull

struct spdk_deprecation {
	TAILQ_ENTRY(spdk_deprecation) link;
	/* The three strings lie behind the struct. */
	const char *tag;
	const char *description;
	const char *remove_release;
	uint64_t interval_ns; /* 0: warn each time */
	uint64_t warned_ns;   /* atomic, relaxed: a line too many does no harm */
	uint64_t hits;        /* atomic, relaxed: a statistic */
	uint64_t hidden;      /* atomic, relaxed: uses since the last warning */
};

static struct {
	TAILQ_HEAD(, spdk_deprecation) list;
} g_state SYSTEM_STATE = {
	.list = TAILQ_HEAD_INITIALIZER(g_state.list),
};

static const char *
put_string(char **pos, const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = memcpy(*pos, s, size);

	*pos += size;
	return copy;
}

int
spdk_log_deprecation_register(const char *tag, const char *description, const char *remove_release,
                              uint32_t rate_limit_seconds, struct spdk_deprecation **reg)
{
	struct spdk_deprecation *dep;
	char *pos;

	if (tag == NULL || description == NULL || remove_release == NULL || reg == NULL) {
		return -EINVAL;
	}
	if (spdk_log_deprecation_find_by_tag(tag) != NULL) {
		return -EEXIST;
	}
	dep = calloc(1,
	             sizeof(*dep) + strlen(tag) + strlen(description) + strlen(remove_release) + 3);
	if (dep == NULL) {
		return -ENOMEM;
	}
	pos = (char *)(dep + 1);
	dep->tag = put_string(&pos, tag);
	dep->description = put_string(&pos, description);
	dep->remove_release = put_string(&pos, remove_release);
	dep->interval_ns = rate_limit_seconds * NS_PER_SECOND;
	TAILQ_INSERT_TAIL(&g_state.list, dep, link);
	*reg = dep;
	return 0;
}

void
spdk_log_deprecated(struct spdk_deprecation *deprecation, const char *file, uint32_t line,
                    const char *func)
{
	struct spdk_deprecation *dep = deprecation;
	uint64_t now, warned, hidden;

	if (dep == NULL) {
		SPDK_ERRLOG("%s() uses a deprecation that was never registered\n", func);
		return;
	}
	if (__atomic_fetch_add(&dep->hits, 1, __ATOMIC_RELAXED) != 0 && dep->interval_ns != 0) {
		now = machine_hooks_get()->monotonic_ns();
		warned = __atomic_load_n(&dep->warned_ns, __ATOMIC_RELAXED);
		if (now - warned < dep->interval_ns) {
			__atomic_fetch_add(&dep->hidden, 1, __ATOMIC_RELAXED);
			return;
		}
	}
	__atomic_store_n(&dep->warned_ns, machine_hooks_get()->monotonic_ns(), __ATOMIC_RELAXED);
	hidden = __atomic_exchange_n(&dep->hidden, 0, __ATOMIC_RELAXED);
	spdk_log(SPDK_LOG_WARN, file, (int)line, func, "%s: %s is deprecated and goes away in %s\n",
	         dep->tag, dep->description, dep->remove_release);
	if (hidden != 0) {
		spdk_log(SPDK_LOG_WARN, file, (int)line, func,
		         "%s: used %" PRIu64 " more times since the last warning\n", dep->tag,
		         hidden);
	}
}

struct spdk_deprecation *
spdk_log_deprecation_find_by_tag(const char *tag)
{
	struct spdk_deprecation *dep;

	TAILQ_FOREACH(dep, &g_state.list, link) {
		if (strcmp(dep->tag, tag) == 0) {
			return dep;
		}
	}
	return NULL;
}

int
spdk_log_for_each_deprecation(void *ctx, spdk_log_for_each_deprecation_fn fn)
{
	struct spdk_deprecation *dep;
	int rc = 0;

	TAILQ_FOREACH(dep, &g_state.list, link) {
		rc = fn(ctx, dep);
		if (rc != 0) {
			break;
		}
	}
	return rc;
}

const char *
spdk_deprecation_get_tag(const struct spdk_deprecation *deprecation)
{
	return deprecation->tag;
}

const char *
spdk_deprecation_get_description(const struct spdk_deprecation *deprecation)
{
	return deprecation->description;
}

const char *
spdk_deprecation_get_remove_release(const struct spdk_deprecation *deprecation)
{
	return deprecation->remove_release;
}

uint64_t
spdk_deprecation_get_hits(const struct spdk_deprecation *deprecation)
{
	return __atomic_load_n(&deprecation->hits, __ATOMIC_RELAXED);
}
