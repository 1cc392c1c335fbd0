/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Notifications: what happened in the process lately, as pairs of a type ("bdev_register") and a
 * context (a name), numbered from 0. The last 1,024 are kept. Any thread; a short mutex guards
 * them, so not for the I/O path.
 */

#ifndef SPDK_NOTIFY_H
#define SPDK_NOTIFY_H

#include "spdk/json.h"
#include "spdk/queue.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_NOTIFY_MAX_NAME_SIZE 128
#define SPDK_NOTIFY_MAX_CTX_SIZE 128

/** Both end in a zero. */
struct spdk_notify_event {
	char type[SPDK_NOTIFY_MAX_NAME_SIZE];
	char ctx[SPDK_NOTIFY_MAX_CTX_SIZE];
};

struct spdk_notify_type;

/** A type; not 0 ends the walk. No function of this header may be called from it. */
typedef int (*spdk_notify_foreach_type_cb)(const struct spdk_notify_type *type, void *ctx);

/** An event and its number; not 0 ends the walk. \p event lasts as long as the call. No function of
 *  this header may be called from it. */
typedef int (*spdk_notify_foreach_event_cb)(uint64_t idx, const struct spdk_notify_event *event,
                                            void *ctx);

/**
 * Make a type known, so that notify_get_types shows it. It lasts until the environment ends.
 * \param type shorter than SPDK_NOTIFY_MAX_NAME_SIZE; copied.
 * \return the type, the same when it was known already; NULL for a name that is empty or too long,
 * or when out of memory.
 */
struct spdk_notify_type *spdk_notify_type_register(const char *type);

/** The name of a type, which lasts as long as the type. */
const char *spdk_notify_type_get_name(const struct spdk_notify_type *type);

/** Call \p cb_fn for each type, in order of registration. */
void spdk_notify_foreach_type(spdk_notify_foreach_type_cb cb_fn, void *ctx);

/**
 * Note an event. Texts that are too long are cut.
 * \return its number. Without memory for the first one the number counts, and the event is lost.
 */
uint64_t spdk_notify_send(const char *type, const char *ctx);

/**
 * Call \p cb_fn for events, the oldest first.
 * \param start_idx the number to begin with; when it is no longer kept, the oldest that is.
 * \param max at most so many.
 * \return how many calls said 0.
 */
uint64_t spdk_notify_foreach_event(uint64_t start_idx, uint64_t max,
                                   spdk_notify_foreach_event_cb cb_fn, void *ctx);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NOTIFY_H */
