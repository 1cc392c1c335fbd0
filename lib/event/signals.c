/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Signals: the one place that handles any. SIGINT and SIGTERM begin the shutdown, a second one of
 * them has no further effect; SIGPIPE and SIGXFSZ are ignored, since sockets and files report the
 * same as an error. Set before the reactors run and given back as they were. The handler only sends
 * a message that needs no memory. */

#include "app_internal.h"

#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/system_state.h"

#include <signal.h>

static const int g_handled[] = { SIGINT, SIGTERM, SIGPIPE, SIGXFSZ };

static struct {
	struct sigaction before[SPDK_COUNTOF(g_handled)];
	bool set;
} g_signals SYSTEM_STATE;

static void
signal_shutdown(int signo)
{
	int saved_errno = errno;

	app_shutdown_from_signal();
	errno = saved_errno;
}

int
app_signals_set(void)
{
	struct sigaction action;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_handled); i++) {
		memset(&action, 0, sizeof(action));
		sigemptyset(&action.sa_mask);
		action.sa_handler = g_handled[i] == SIGPIPE || g_handled[i] == SIGXFSZ
		                            ? SIG_IGN
		                            : signal_shutdown;
		if (sigaction(g_handled[i], &action, &g_signals.before[i]) != 0) {
			SPDK_ERRLOG("Signal %d can't be handled\n", g_handled[i]);
			return -errno;
		}
	}
	g_signals.set = true;
	return 0;
}

void
app_signals_restore(void)
{
	size_t i;

	if (!g_signals.set) {
		return;
	}
	for (i = 0; i < SPDK_COUNTOF(g_handled); i++) {
		sigaction(g_handled[i], &g_signals.before[i], NULL);
	}
	memset(&g_signals, 0, sizeof(g_signals));
}

bool
app_signal_self(int signo)
{
	return kill(getpid(), signo) == 0;
}
