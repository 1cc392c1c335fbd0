/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Between the files of spdk_trace_record.
 */

#ifndef APP_TRACE_RECORD_H
#define APP_TRACE_RECORD_H

#include "spdk/trace_parser.h"

struct recorder;

/** Begin with the records that the rings of this shared memory hold now. 0 or a negative errno. */
int recorder_open(const char *shm_name, struct recorder **recorder);
/** Take what came since. 0 or a negative errno. */
int recorder_poll(struct recorder *recorder);
/** Entries that were taken so far. */
uint64_t recorder_num_entries(const struct recorder *recorder);
/** Entries that were overwritten before they could be taken. */
uint64_t recorder_num_lost(const struct recorder *recorder);
/** Write all that was taken as a trace file. 0 or a negative errno. */
int recorder_write(struct recorder *recorder, const char *path);
/** NULL is allowed. */
void recorder_close(struct recorder *recorder);

#endif /* APP_TRACE_RECORD_H */
