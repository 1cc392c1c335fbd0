/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The file under a bdev on a file: its bytes are in memory, what each operation gives is what the
 * test says, and all of them are noted. A real file of that size, with nothing in it, is there to
 * be opened. */

#ifndef UT_DISK_H
#define UT_DISK_H

#include "ut_bdev.h"

#define FILE_BYTES 65536u
#define WHOLE INT_MAX

extern struct ut_disk {
	/* What each operation in turn gives: > 0: at most so many bytes; else the result. */
	int answers[8];
	uint32_t num_answers, next_answer;
	char trace[1024]; /* "r0+4096 w512+3584 f3:0+512": letter, (mode of fallocate:) bytes */
	uint8_t data[FILE_BYTES];
	char path[64];
	int memfd;
} g_disk;

void disk_setup(void);
void disk_teardown(void);
/** From now on; the notes begin anew. */
void disk_answers(int a, int b, int c);
int disk_answer(void);
void disk_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/** Move up to \p limit bytes between the file and \p iovs. Returns how many. */
int disk_transfer(const struct iovec *iovs, uint64_t num, uint64_t offset, bool read, int limit);
/** A read or write of all of \p iovs, called \p letter. Returns its result. */
int disk_rw(char letter, const struct iovec *iovs, uint64_t num, uint64_t offset, bool read);
/** Returns its result, 0 or a negative errno. */
int disk_fallocate(int mode, uint64_t offset, uint64_t len);

#endif /* UT_DISK_H */
