/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* How long changes wait for the one that runs, or for the disk under the state file: STATE_BUSY_S.
 * Then those that wait are refused, and so are new ones until it is over; what runs goes on. The
 * order of the file is the order in which changes ended, one after the other, so none may run
 * beside one whose end is open: it might need what that one has done, or be in its way at the next
 * start. App thread. Timers: one, once a second, only while a change waits. */

#include "spdk/log.h"
#include "spdk/thread.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/thread.h"
#include "state_internal.h"

#define STATE_BUSY_S 30
#define LOOK_PERIOD_US SPDK_SEC_TO_USEC

static uint64_t
busy_s(const struct state *s)
{
	return s->phase != STATE_REST ? (spdk_get_ticks() - s->phase_began) / spdk_get_ticks_hz()
	                              : 0;
}

/* What the file is busy with, for those that can't wait for it. */
static void
describe_busy(const struct state *s, char *text, size_t size)
{
	if (s->phase == STATE_CHANGING) {
		snprintf(text, size,
		         "%s has run for %" PRIu64 " s without an answer, and with a state file "
		         "changes wait for each other. Try again when it is done: it goes on when "
		         "what it waits for comes (a close, the end of I/O, a peer). If it never "
		         "ends, start the program anew: it is not recorded in %s",
		         s->current->method->name, busy_s(s), s->store.path);
	} else {
		snprintf(text, size,
		         "writing %s has taken %" PRIu64 " s so far: see to its disk, and try "
		         "again",
		         s->store.path, busy_s(s));
	}
}

static void
refuse(struct state *s, struct spdk_jsonrpc_request *request, const struct rpc_method *method)
{
	char text[512];

	describe_busy(s, text, sizeof(text));
	if (!s->told) {
		s->told = true;
		SPDK_WARNLOG("changes are refused from now on: %s\n", text);
	}
	rpc_error(request, -EBUSY, "%s was not done: %s", method->name, text);
}

static int
look_busy(void *arg)
{
	struct state *s = arg;
	struct state_change *change;

	if (STAILQ_EMPTY(&s->waiting)) {
		spdk_poller_unregister(&s->timer);
		return SPDK_POLLER_IDLE;
	}
	if (busy_s(s) < STATE_BUSY_S) {
		return SPDK_POLLER_IDLE;
	}
	while ((change = STAILQ_FIRST(&s->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->waiting, link);
		refuse(s, change->request, change->method);
	}
	return SPDK_POLLER_BUSY;
}

void
state_watch_busy(struct state *s)
{
	struct poller_opts opts = {
		.name = "state_busy", .kind = POLLER_TIMED, .period_us = LOOK_PERIOD_US, .fd = -1
	};

	if (s->timer == NULL) {
		/* Without memory for it the next one that waits tries again. */
		s->timer = thread_poller_register(look_busy, s, &opts);
	}
}

bool
state_refuse_busy(struct state *s, struct spdk_jsonrpc_request *request,
                  const struct rpc_method *method)
{
	if (busy_s(s) < STATE_BUSY_S) {
		return false;
	}
	refuse(s, request, method);
	return true;
}
