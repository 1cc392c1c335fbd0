/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * A system under the TCP sockets that does less than it was asked, or nothing, as a script says:
 * one for each kind of call. Sends and reads are calls of the posix sockets and entries of the
 * rings of the io_uring ones: the same script spoils both. The linker puts these functions before
 * the system's (--wrap); what they are not told to spoil goes through.
 */

#ifndef UT_POSIX_FAULTS_H
#define UT_POSIX_FAULTS_H

#include "pair.h"

#define SCRIPT_MAX 32

/** What the next calls do: an errno, or, negative, bytes that they take at most. */
struct script {
	int steps[SCRIPT_MAX]; /* 0 behind the last: go through */
	int at;
	int calls;
	int forever; /* errno of all calls */
};

extern struct script g_send, g_read, g_accept, g_poll, g_epoll_wait, g_epoll_create;
/** io_uring_submit(): fails, and submits nothing. */
extern struct script g_submit;
/** Which allocation fails, counted from 1; 0: none. */
extern int g_alloc_fail, g_allocs;
/** Entries of the rings that are made from now on, and of their completion queues; 0: as wanted. */
extern unsigned int g_ring_entries, g_ring_cq_entries;

/** Begin anew with \p steps, which end with a 0; NULL: none. */
void script_set(struct script *s, const int *steps);
/** Bytes that the steps taken so far let through; SIZE_MAX: as many as there are. */
size_t script_allowed(const struct script *s);
/** The io_uring sockets are under test. */
bool ut_is_uring(void);

#endif /* UT_POSIX_FAULTS_H */
