/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * From options.c to values.c: a value of the option `name`. 0, or -EINVAL when a line on stderr has
 * said what is wrong with it.
 */

#ifndef PERF_OPTIONS_H
#define PERF_OPTIONS_H

#include "perf.h"

int perf_parse_u64(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out);
int perf_parse_u32(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *out);
int perf_parse_size(const char *name, const char *text, uint32_t *out);
/** 1: the workload needs -M. */
int perf_parse_workload(const char *text);
int perf_parse_number_ios(const char *text);
int perf_parse_trid(const char *text);

/** Set the threshold of a socket implementation, or without one switch zero-copy. */
int perf_set_zcopy(const char *impl, const uint32_t *threshold, bool enable);
int perf_set_log_level(const char *text);
int perf_set_srq_size(const char *text);

#endif /* PERF_OPTIONS_H */
