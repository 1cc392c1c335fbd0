/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Real processes for the tests of shared memory: each is a fork of the test, starts the environment
 * with an id of this run, and is told what to do through a pipe.
 */

#ifndef TEST_ENV_SHM_PEER_H
#define TEST_ENV_SHM_PEER_H

#include "suite.h"

#include "../../../../lib/env/native/shm.h"

#define ANY SPDK_ENV_NUMA_ID_ANY

/** In a process of its own: say what is wrong and end. */
#define PEER_CHECK(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "# %s:%d: process %d: not %s\n", __FILE__, __LINE__, \
			        (int)getpid(), #cond); \
			_exit(1); \
		} \
	} while (0)

struct peer {
	pid_t pid;
	int to;   /* commands: one byte each */
	int from; /* answers */
};

/** What runs in a peer: a loop over commands; returns at the end of them. */
typedef void (*peer_fn)(int in, int out);

void peer_start(struct peer *peer, peer_fn fn);
/** Give a command and wait for its answer. */
uint64_t peer_ask(struct peer *peer, char command);
/** Wait for an answer. */
uint64_t peer_answer(struct peer *peer);
/** No more commands: it must end with status 0. */
void peer_end(struct peer *peer);
/** SIGKILL, wherever it is. */
void peer_kill(struct peer *peer);

/** In a peer: the next command, '\0' at the end; and the answer. */
char peer_next(int in);
void peer_tell(int out, uint64_t answer);

/** An id for a session that nobody else has; the next call gives another. */
int shm_test_id(void);
/** The id of the last call of shm_test_id(). */
int shm_test_last_id(void);
struct spdk_env_opts shm_test_opts(int shm_id);
/** Start the environment with the last id. */
int shm_test_start(void);
/** Files that are there for an id. */
int shm_test_files(int shm_id);

/** In a process that has the environment: everything that must be true of the session's tables,
 *  now that no other process changes them. */
void shm_test_check(void);

/** Random numbers of one process, by its seed. */
uint32_t shm_test_rand(uint64_t *state);

#endif /* TEST_ENV_SHM_PEER_H */
