/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Which calls led here, by the C library's unwinder. Any thread, not a signal handler: the first
 * use may load the unwinder. No state. */

#include "../common/machine.h"

#include <dlfcn.h>
#include <execinfo.h>

#define CALLS_MAX 64
#define TEXT_BYTES 512

void
machine_backtrace(void (*fn)(void *arg, const char *call), void *arg)
{
	const char *object, *slash;
	void *calls[CALLS_MAX];
	char text[TEXT_BYTES];
	Dl_info info;
	int i, num, len;

	num = backtrace(calls, CALLS_MAX);
	for (i = 1; i < num; i++) { /* 0 is this function */
		if (dladdr(calls[i], &info) == 0 || info.dli_fname == NULL) {
			snprintf(text, sizeof(text), "%p", calls[i]);
			fn(arg, text);
			continue;
		}
		slash = strrchr(info.dli_fname, '/');
		object = slash != NULL ? slash + 1 : info.dli_fname;
		/* As addr2line -e takes it. */
		len = snprintf(text, sizeof(text), "%s+0x%zx", object,
		               (size_t)((uint8_t *)calls[i] - (uint8_t *)info.dli_fbase));
		if (info.dli_sname != NULL && len > 0 && (size_t)len < sizeof(text)) {
			snprintf(text + len, sizeof(text) - (size_t)len, " %s+0x%zx",
			         info.dli_sname,
			         (size_t)((uint8_t *)calls[i] - (uint8_t *)info.dli_saddr));
		}
		fn(arg, text);
	}
}
