/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Who may reach the app thread, and until when. Any POSIX thread, and a signal handler on any, may
 * ask it to stop, also while the program ends and the app thread is about to go.
 *
 * One word says whether there is an app thread and how many use it now. Its destroyer closes the
 * word and waits for the users, who leave without waiting for anybody. All changes are of that one
 * word, so they have an order: who comes after the close sees it and is not waited for. */

#include "app_internal.h"

#include "spdk_internal/system_state.h"

#define THREAD_OPEN (1u << 31)

static struct {
	struct spdk_thread *thread; /* written while the word is closed and has no users */
	_Atomic uint32_t users;     /* and THREAD_OPEN */
} g_app_thread SYSTEM_STATE;

struct spdk_thread *
app_thread_get(void)
{
	/* Acquire; pairs with the release in app_thread_open(). */
	if (atomic_fetch_add_explicit(&g_app_thread.users, 1, memory_order_acquire) & THREAD_OPEN) {
		return g_app_thread.thread;
	}
	app_thread_put();
	return NULL;
}

void
app_thread_put(void)
{
	/* Release; pairs with the acquire in app_thread_close(). */
	atomic_fetch_sub_explicit(&g_app_thread.users, 1, memory_order_release);
}

void
app_thread_open(struct spdk_thread *thread)
{
	g_app_thread.thread = thread;
	atomic_fetch_or_explicit(&g_app_thread.users, THREAD_OPEN, memory_order_release);
}

void
app_thread_close(void)
{
	atomic_fetch_and_explicit(&g_app_thread.users, ~THREAD_OPEN, memory_order_relaxed);
	while (atomic_load_explicit(&g_app_thread.users, memory_order_acquire) != 0) {
		spdk_pause();
	}
	g_app_thread.thread = NULL;
}
