/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Numbers on the command lines of programs that are not on the framework.
 */

#ifndef SPDK_INTERNAL_APP_NUMBER_H
#define SPDK_INTERNAL_APP_NUMBER_H

#include "spdk/string.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The number that \p text, of option \p opt, is. False, and said on standard error, when it is
 * none from \p min to \p max. */
static inline bool
app_parse_number(int opt, const char *text, long min, long max, long *value)
{
	*value = spdk_strtol(text, 10);
	if (*value >= min && *value <= max) {
		return true;
	}
	fprintf(stderr, "-%c: '%s' is not a number from %ld to %ld\n", opt, text, min, max);
	return false;
}

#ifdef __cplusplus
}
#endif

#endif /* SPDK_INTERNAL_APP_NUMBER_H */
