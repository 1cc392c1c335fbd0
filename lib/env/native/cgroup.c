/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* How much memory the cgroup of the process may have, so that what is beyond is refused when it is
 * asked for, and not ended by the kernel when it is touched. Versions 1 and 2. Read once, when env
 * starts. The limit of each group on the way up counts; a container sees its own as the root. */

#include "native.h"

#include "spdk/string.h"

#define LINE_BYTES 1024
#define PATH_BYTES 2048

/* The number in the file `dir``name`, if it has one that is less. */
static void
limit_take(const char *dir, const char *name, uint64_t *limit)
{
	char path[PATH_BYTES], text[32];
	long long number;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    !native_read_text(path, text, sizeof(text))) {
		return;
	}
	spdk_str_chomp(text);
	number = spdk_strtoll(text, 10);
	/* "max" is no number. */
	if (number >= 0) {
		*limit = spdk_min(*limit, (uint64_t)number);
	}
}

/* From the group `group` of the hierarchy at `mount` up to its root. */
static void
limit_walk(const char *mount, const char *group, const char *name, uint64_t *limit)
{
	char dir[PATH_BYTES];
	char *slash;

	if (snprintf(dir, sizeof(dir), "%s%s", mount, group) >= (int)sizeof(dir)) {
		return;
	}
	do {
		limit_take(dir, name, limit);
		slash = strrchr(dir + strlen(mount), '/');
		if (slash != NULL) {
			*slash = '\0';
		}
	} while (slash != NULL);
}

/* One line: "4:memory:/a/b", or "0::/a/b" of version 2. */
static void
limit_of_line(const char *root, char *line, uint64_t *limit)
{
	char *controllers = strchr(line, ':'), *group, mount[PATH_BYTES];

	group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
	if (group == NULL) {
		return;
	}
	*group++ = '\0';
	controllers++;
	if (controllers[0] == '\0') {
		limit_walk(root, group, "memory.max", limit);
	} else if (strcmp(controllers, "memory") == 0) {
		snprintf(mount, sizeof(mount), "%s/memory", root);
		limit_walk(mount, group, "memory.limit_in_bytes", limit);
	}
}

uint64_t
native_cgroup_memory_bytes(const char *root, const char *groups)
{
	uint64_t limit = UINT64_MAX;
	char line[LINE_BYTES];
	size_t len;

	for (; *groups != '\0'; groups += len + (groups[len] == '\n')) {
		len = strcspn(groups, "\n");
		if (len < sizeof(line)) {
			memcpy(line, groups, len);
			line[len] = '\0';
			limit_of_line(root, line, &limit);
		}
	}
	return limit;
}
