/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Names that SPDK had until v18.10, for programs that still use them. Any thread; no state. */

#include "spdk/log.h"

int
spdk_log_set_trace_flag(const char *flag)
{
	return spdk_log_set_flag(flag);
}

bool
spdk_log_get_trace_flag(const char *flag)
{
	return spdk_log_get_flag(flag);
}

int
spdk_log_clear_trace_flag(const char *flag)
{
	return spdk_log_clear_flag(flag);
}

void
spdk_trace_dump(FILE *fp, const char *label, const void *buf, size_t len)
{
	spdk_log_dump(fp, label, buf, len);
}

void
spdk_tracelog_usage(FILE *f, const char *trace_arg)
{
	spdk_log_usage(f, trace_arg);
}
