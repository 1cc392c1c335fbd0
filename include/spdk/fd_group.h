/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Descriptors that are waited for together, each with a function, in groups that nest. A tree of
 * groups belongs to one thread, which alone calls these functions for it.
 */

#ifndef SPDK_FD_GROUP_H
#define SPDK_FD_GROUP_H

#include "spdk/assert.h"
#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** spdk_fd_group_add() with the function's name. */
#define SPDK_FD_GROUP_ADD(fgrp, efd, fn, arg) spdk_fd_group_add(fgrp, efd, fn, arg, #fn)
#define SPDK_FD_GROUP_ADD_EXT(fgrp, efd, fn, arg, opts) \
	spdk_fd_group_add_ext(fgrp, efd, fn, arg, #fn, opts)

struct spdk_event_handler_opts;
struct spdk_fd_group;

enum spdk_fd_type {
	SPDK_FD_TYPE_DEFAULT = 0,
	/** An eventfd, which the group reads before it calls the function. */
	SPDK_FD_TYPE_EVENTFD = 1,
};

struct spdk_event_handler_opts {
	size_t opts_size; /* bytes of this struct that the caller knows */
	uint32_t events;  /* EPOLLIN ...; default EPOLLIN */
	uint32_t fd_type; /* enum spdk_fd_type */
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_event_handler_opts) == 16, "the size is interface");

/** Called when a descriptor is ready. It may remove any descriptor, its own included. What it
 * returns is for the wrapper. */
typedef int (*spdk_fd_fn)(void *ctx);

/** Called in place of a function, which it calls: `return cb_fn(cb_ctx)`. */
typedef int (*spdk_fd_group_wrapper_fn)(void *wrapper_ctx, spdk_fd_fn cb_fn, void *cb_ctx);

/** Fill the first \p opts_size bytes of \p opts with the defaults. */
void spdk_fd_group_get_default_event_handler_opts(struct spdk_event_handler_opts *opts,
                                                  size_t opts_size);

/** Make an empty group; *fgrp is the caller's. 0, -EINVAL, -ENOMEM, -EMFILE. */
int spdk_fd_group_create(struct spdk_fd_group **fgrp);

/** Give a group back, not inside a wait of it. Its descriptors stay open; groups in it become
 * roots. NULL is allowed. */
void spdk_fd_group_destroy(struct spdk_fd_group *fgrp);

/**
 * Wait until something in the group or below is ready, and call its functions.
 * \param timeout milliseconds; 0: only look; -1: no limit.
 * \return how many were ready; -EINVAL when the group is inside another one; -EINTR.
 */
int spdk_fd_group_wait(struct spdk_fd_group *fgrp, int timeout);

/** A descriptor that is readable when a wait would not block; the group's, or its root's. */
int spdk_fd_group_get_fd(struct spdk_fd_group *fgrp);

/**
 * Put \p child into \p parent: what is ready in it is found by a wait for the root.
 * \return 0; -EINVAL when it is in a group already, or would contain itself; -EEXIST when both know
 * one descriptor; -ENOMEM. After a failure both are as before.
 */
int spdk_fd_group_nest(struct spdk_fd_group *parent, struct spdk_fd_group *child);

/** Take \p child out of \p parent. 0; -EINVAL when it is not in there; -ENOMEM: it stays. */
int spdk_fd_group_unnest(struct spdk_fd_group *parent, struct spdk_fd_group *child);

/**
 * Call \p fn when \p efd is readable, for as long as it is (level-triggered).
 * \param efd stays the caller's, who removes it before closing it.
 * \param name for messages; copied; may be NULL.
 * \return 0; -EINVAL; -EEXIST when the tree has \p efd; -ENOMEM; -EPERM when it can't be waited
 * for.
 */
int
spdk_fd_group_add(struct spdk_fd_group *fgrp, int efd, spdk_fd_fn fn, void *arg, const char *name);

/** spdk_fd_group_add() for other events: EPOLLIN, EPOLLOUT, EPOLLET ... */
int spdk_fd_group_add_for_events(struct spdk_fd_group *fgrp, int efd, uint32_t events,
                                 spdk_fd_fn fn, void *arg, const char *name);

/** spdk_fd_group_add() with options; NULL: the defaults. -EINVAL also when opts_size is 0. */
int spdk_fd_group_add_ext(struct spdk_fd_group *fgrp, int efd, spdk_fd_fn fn, void *arg,
                          const char *name, struct spdk_event_handler_opts *opts);

/** Take \p efd out of the group; its function is not called any more. */
void spdk_fd_group_remove(struct spdk_fd_group *fgrp, int efd);

/** Wait for other events of \p efd. 0, -EINVAL when it is not in the group, another negative errno.
 */
int spdk_fd_group_event_modify(struct spdk_fd_group *fgrp, int efd, int event_types);

/** Inside a function of a group: the event that it is called for. 0; -EINVAL elsewhere. */
int spdk_fd_group_get_epoll_event(struct epoll_event *event);

/**
 * Call the functions of this group, and of those in it, through \p cb_fn; NULL: no more. Wrappers
 * of several groups apply from the root down. \return 0, -EINVAL, -EEXIST when there is one.
 */
int
spdk_fd_group_set_wrapper(struct spdk_fd_group *fgrp, spdk_fd_group_wrapper_fn cb_fn, void *cb_ctx);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_FD_GROUP_H */
