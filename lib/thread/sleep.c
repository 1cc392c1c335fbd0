/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The sleep rule: how a reactor sleeps and no wake-up is lost.
 *
 * Parties: the *sleeper* (the POSIX thread of a reactor), any number of *givers* (whoever puts work
 * where the sleeper's look finds it: a message in the inbox of a thread, an event of a reactor),
 * and, when a thread moves from reactor O to reactor N, a giver that may still see O.
 *
 *	sleeper N                                  giver
 *	S0  thread->sleeper = N  (at attach)       G1  push the work
 *	S1  sleeping = 1                           G2  full fence
 *	S2  full fence                             G3  s = thread->sleeper
 *	S3  look: work? then not asleep            G4  if (s->sleeping) and it was us who
 *	S4  wait (a kick makes it return)              cleared it: kick(s)
 *	S5  sleeping = 0
 *
 * Claim: when work is pushed, the sleeper finds it at S3 or gets a kick after S1.
 * Proof: C11 orders the two fences. (a) S2 before G2: whatever was stored before S2 is seen by
 * loads after G2, so G3 sees N (S0 stands before S2) and G4 sees sleeping = 1, or a later value of
 * it. A later value is either 0 from S5, then the sleeper is awake and its next S3 comes after this
 * G1, since it will pass S2 again after G2 (case b); or 0 from another giver at its G4, who then
 * owes the kick and pays it: the waiter keeps a kick until the next wait, so it counts even when it
 * comes before S4. (b) G2 before S2: S3 sees the work. The same holds for counters and deadlines,
 * which the sleeper's own POSIX thread writes, and which no giver touches.
 *
 * Without S2 or G2 the store may pass the load and both sides see "nothing": lost. Without the look
 * at S3 work pushed before S1 is lost. test/unit/lib/thread/ut_schedule.c runs all interleavings
 * of one sleeper and up to three givers, and finds these bugs, and others, when a step is left out.
 *
 * Only one of many givers kicks: the exchange at G4 hands the duty to one, so a burst of messages
 * to a sleeping reactor costs one system call. A kick that comes when the sleeper is awake already
 * makes its next wait return at once: harmless. A busy reactor stores nothing and calls nothing. */

#include "sleep_rule.h"
#include "thread_internal.h"

int
thread_sleep(struct thread_sleeper *sleeper,
             enum thread_rest (*look)(void *arg, uint64_t *deadline_ticks), void *arg,
             struct env_wait_event *events, int max_events)
{
	uint64_t deadline_ticks = UINT64_MAX;
	int rc;

	/* S1; seq_cst fence S2 pairs with the one of the giver (inbox_push()). */
	atomic_store_explicit(&sleeper->sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (sleep_rule_may_wait(look(arg, &deadline_ticks))) {
		rc = env_waiter_wait(sleeper->waiter, deadline_ticks, events, max_events);
	} else {
		rc = -EAGAIN;
	}
	atomic_store_explicit(&sleeper->sleeping, 0, memory_order_relaxed);
	return rc;
}

void
sleeper_kick(struct thread_sleeper *sleeper)
{
	if (sleeper == NULL) {
		return;
	}
	/* G4. The caller's seq_cst fence stands between its push and this load. */
	if (!sleep_rule_must_try(atomic_load_explicit(&sleeper->sleeping, memory_order_relaxed))) {
		return;
	}
	if (sleep_rule_must_kick(
	            atomic_exchange_explicit(&sleeper->sleeping, 0, memory_order_relaxed))) {
		env_waiter_kick(sleeper->waiter);
	}
}

void
thread_wake(struct thread_sleeper *sleeper)
{
	/* G2; pairs with S2. */
	atomic_thread_fence(memory_order_seq_cst);
	sleeper_kick(sleeper);
}
