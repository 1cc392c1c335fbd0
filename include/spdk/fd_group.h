/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TODO(doc)
 */

#ifndef SPDK_FD_GROUP_H
#define SPDK_FD_GROUP_H

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
	SPDK_FD_TYPE_EVENTFD = 1,
};

struct spdk_event_handler_opts {
	size_t opts_size;
	uint32_t events;
	uint32_t fd_type;
};

typedef int (*spdk_fd_fn)(void *ctx);

typedef int (*spdk_fd_group_wrapper_fn)(void *wrapper_ctx, spdk_fd_fn cb_fn, void *cb_ctx);

void spdk_fd_group_get_default_event_handler_opts(struct spdk_event_handler_opts *opts, size_t opts_size);

int spdk_fd_group_create(struct spdk_fd_group **fgrp);

void spdk_fd_group_destroy(struct spdk_fd_group *fgrp);

int spdk_fd_group_wait(struct spdk_fd_group *fgrp, int timeout);

int spdk_fd_group_get_fd(struct spdk_fd_group *fgrp);

int spdk_fd_group_nest(struct spdk_fd_group *parent, struct spdk_fd_group *child);

int spdk_fd_group_unnest(struct spdk_fd_group *parent, struct spdk_fd_group *child);

int spdk_fd_group_add(struct spdk_fd_group *fgrp, int efd, spdk_fd_fn fn, void *arg, const char *name);

int spdk_fd_group_add_for_events(struct spdk_fd_group *fgrp, int efd, uint32_t events, spdk_fd_fn fn, void *arg, const char *name);

int spdk_fd_group_add_ext(struct spdk_fd_group *fgrp, int efd, spdk_fd_fn fn, void *arg, const char *name, struct spdk_event_handler_opts *opts);

void spdk_fd_group_remove(struct spdk_fd_group *fgrp, int efd);

int spdk_fd_group_event_modify(struct spdk_fd_group *fgrp, int efd, int event_types);

int spdk_fd_group_get_epoll_event(struct epoll_event *event);

int spdk_fd_group_set_wrapper(struct spdk_fd_group *fgrp, spdk_fd_group_wrapper_fn cb_fn, void *cb_ctx);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_FD_GROUP_H */
