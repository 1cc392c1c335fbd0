/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Groups of descriptors with a function for each, in a tree. Owner's thread only; the whole tree
 * has one owner.
 *
 * The descriptors of a tree all stand in the waiter of its root, so that one wait finds an event at
 * any depth; a group's own waiter is used only while it is a root. A handler that is removed while
 * this thread dispatches may still be named by an event not looked at yet: it is marked, and freed
 * when the thread's outermost dispatch ends. */

#include "machine.h"

#include "spdk_internal/usdt.h"

#include "spdk/fd_group.h"
#include "spdk/log.h"

#define MAX_EVENTS 32

struct fd_handler {
	TAILQ_ENTRY(fd_handler) link;
	struct fd_handler *next_removed; /* in env_local's list */
	struct spdk_fd_group *group;     /* NULL: removed */
	int fd;
	uint32_t events;
	uint32_t fd_type;
	spdk_fd_fn fn;
	void *arg;
	char name[32];
};

TAILQ_HEAD(handler_list, fd_handler);
TAILQ_HEAD(group_list, spdk_fd_group);

struct spdk_fd_group {
	struct env_waiter *waiter;
	struct handler_list handlers;
	struct spdk_fd_group *parent;
	struct group_list children;
	TAILQ_ENTRY(spdk_fd_group) link; /* in the parent's children */
	spdk_fd_group_wrapper_fn wrapper;
	void *wrapper_arg;
	uint32_t depth; /* waits that dispatch now */
};

static struct spdk_fd_group *
root_of(struct spdk_fd_group *group)
{
	while (group->parent != NULL) {
		group = group->parent;
	}
	return group;
}

int
spdk_fd_group_create(struct spdk_fd_group **fgrp)
{
	struct spdk_fd_group *group;
	int rc;

	if (fgrp == NULL) {
		return -EINVAL;
	}
	group = calloc(1, sizeof(*group));
	if (group == NULL) {
		return -ENOMEM;
	}
	TAILQ_INIT(&group->handlers);
	TAILQ_INIT(&group->children);
	rc = env_waiter_create(&group->waiter);
	if (rc != 0) {
		free(group);
		return rc;
	}
	*fgrp = group;
	return 0;
}

/* Put what \p group and its descendants hold into (or out of) \p waiter. */
static void
tree_leave(struct spdk_fd_group *group, struct env_waiter *waiter)
{
	struct spdk_fd_group *child;
	struct fd_handler *h;

	TAILQ_FOREACH(h, &group->handlers, link) {
		env_waiter_remove(waiter, h->fd);
	}
	TAILQ_FOREACH(child, &group->children, link) {
		tree_leave(child, waiter);
	}
}

/* Stops at the first that fails; tree_leave() of all is harmless then. */
static int
tree_enter(struct spdk_fd_group *group, struct env_waiter *waiter)
{
	struct spdk_fd_group *child;
	struct fd_handler *h;
	int rc;

	TAILQ_FOREACH(h, &group->handlers, link) {
		rc = env_waiter_add(waiter, h->fd, h->events, h);
		if (rc != 0) {
			return rc;
		}
	}
	TAILQ_FOREACH(child, &group->children, link) {
		rc = tree_enter(child, waiter);
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

static bool
tree_has_fd(struct spdk_fd_group *group, int fd)
{
	struct spdk_fd_group *child;
	struct fd_handler *h;

	TAILQ_FOREACH(h, &group->handlers, link) {
		if (h->fd == fd) {
			return true;
		}
	}
	TAILQ_FOREACH(child, &group->children, link) {
		if (tree_has_fd(child, fd)) {
			return true;
		}
	}
	return false;
}

/* Whether a descriptor of \p group's tree is in \p other's tree too. */
static bool
tree_shares_fd(struct spdk_fd_group *group, struct spdk_fd_group *other)
{
	struct spdk_fd_group *child;
	struct fd_handler *h;

	TAILQ_FOREACH(h, &group->handlers, link) {
		if (tree_has_fd(other, h->fd)) {
			return true;
		}
	}
	TAILQ_FOREACH(child, &group->children, link) {
		if (tree_shares_fd(child, other)) {
			return true;
		}
	}
	return false;
}

int
spdk_fd_group_nest(struct spdk_fd_group *parent, struct spdk_fd_group *child)
{
	struct spdk_fd_group *root;
	int rc;

	if (parent == NULL || child == NULL || child->parent != NULL || root_of(parent) == child ||
	    child->depth > 0) {
		return -EINVAL;
	}
	root = root_of(parent);
	if (tree_shares_fd(child, root)) {
		return -EEXIST;
	}
	rc = tree_enter(child, root->waiter);
	if (rc != 0) {
		tree_leave(child, root->waiter);
		return rc;
	}
	tree_leave(child, child->waiter);
	child->parent = parent;
	TAILQ_INSERT_TAIL(&parent->children, child, link);
	return 0;
}

int
spdk_fd_group_unnest(struct spdk_fd_group *parent, struct spdk_fd_group *child)
{
	struct spdk_fd_group *root;
	int rc;

	if (parent == NULL || child == NULL || child->parent != parent) {
		return -EINVAL;
	}
	rc = tree_enter(child, child->waiter);
	if (rc != 0) {
		tree_leave(child, child->waiter);
		return rc;
	}
	root = root_of(parent);
	tree_leave(child, root->waiter);
	TAILQ_REMOVE(&parent->children, child, link);
	child->parent = NULL;
	return 0;
}

static void
handler_drop(struct fd_handler *h)
{
	struct spdk_fd_group *root = root_of(h->group);

	env_waiter_remove(root->waiter, h->fd);
	TAILQ_REMOVE(&h->group->handlers, h, link);
	h->group = NULL;
	if (g_env_local.fd_depth > 0) {
		h->next_removed = g_env_local.fd_removed;
		g_env_local.fd_removed = h;
	} else {
		free(h);
	}
}

void
spdk_fd_group_destroy(struct spdk_fd_group *fgrp)
{
	struct spdk_fd_group *child;
	struct fd_handler *h;

	if (fgrp == NULL) {
		return;
	}
	assert(fgrp->depth == 0);
	while ((h = TAILQ_FIRST(&fgrp->handlers)) != NULL) {
		handler_drop(h);
	}
	while ((child = TAILQ_FIRST(&fgrp->children)) != NULL) {
		if (spdk_fd_group_unnest(fgrp, child) != 0) {
			/* Its descriptors can't be waited for any more; all else stays right. */
			tree_leave(child, root_of(fgrp)->waiter);
			TAILQ_REMOVE(&fgrp->children, child, link);
			child->parent = NULL;
		}
	}
	if (fgrp->parent != NULL) {
		TAILQ_REMOVE(&fgrp->parent->children, fgrp, link);
	}
	env_waiter_destroy(fgrp->waiter);
	free(fgrp);
}

void
spdk_fd_group_get_default_event_handler_opts(struct spdk_event_handler_opts *opts, size_t opts_size)
{
	const struct spdk_event_handler_opts dflt = {
		.opts_size = opts_size,
		.events = EPOLLIN,
		.fd_type = SPDK_FD_TYPE_DEFAULT,
	};

	if (opts != NULL && opts_size >= sizeof(opts->opts_size)) {
		memcpy(opts, &dflt, spdk_min(opts_size, sizeof(dflt)));
	}
}

int
spdk_fd_group_add_ext(struct spdk_fd_group *fgrp, int efd, spdk_fd_fn fn, void *arg,
                      const char *name, struct spdk_event_handler_opts *opts)
{
	struct spdk_event_handler_opts o;
	struct fd_handler *h;
	int rc;

	if (fgrp == NULL || efd < 0 || fn == NULL || (opts != NULL && opts->opts_size == 0)) {
		return -EINVAL;
	}
	spdk_fd_group_get_default_event_handler_opts(&o, sizeof(o));
	if (opts != NULL) {
		memcpy(&o, opts, spdk_min(opts->opts_size, sizeof(o)));
	}
	h = calloc(1, sizeof(*h));
	if (h == NULL) {
		return -ENOMEM;
	}
	h->group = fgrp;
	h->fd = efd;
	h->events = o.events;
	h->fd_type = o.fd_type;
	h->fn = fn;
	h->arg = arg;
	snprintf(h->name, sizeof(h->name), "%s", name != NULL ? name : "");
	rc = env_waiter_add(root_of(fgrp)->waiter, efd, h->events, h);
	if (rc != 0) {
		free(h);
		return rc;
	}
	TAILQ_INSERT_TAIL(&fgrp->handlers, h, link);
	return 0;
}

int
spdk_fd_group_add_for_events(struct spdk_fd_group *fgrp, int efd, uint32_t events, spdk_fd_fn fn,
                             void *arg, const char *name)
{
	struct spdk_event_handler_opts opts;

	spdk_fd_group_get_default_event_handler_opts(&opts, sizeof(opts));
	opts.events = events;
	return spdk_fd_group_add_ext(fgrp, efd, fn, arg, name, &opts);
}

int
spdk_fd_group_add(struct spdk_fd_group *fgrp, int efd, spdk_fd_fn fn, void *arg, const char *name)
{
	return spdk_fd_group_add_ext(fgrp, efd, fn, arg, name, NULL);
}

static struct fd_handler *
handler_find(struct spdk_fd_group *fgrp, int efd)
{
	struct fd_handler *h;

	TAILQ_FOREACH(h, &fgrp->handlers, link) {
		if (h->fd == efd) {
			return h;
		}
	}
	return NULL;
}

void
spdk_fd_group_remove(struct spdk_fd_group *fgrp, int efd)
{
	struct fd_handler *h = fgrp != NULL ? handler_find(fgrp, efd) : NULL;

	if (h == NULL) {
		SPDK_ERRLOG("Descriptor %d is not in the fd group\n", efd);
		return;
	}
	handler_drop(h);
}

int
spdk_fd_group_event_modify(struct spdk_fd_group *fgrp, int efd, int event_types)
{
	struct fd_handler *h;
	int rc;

	if (fgrp == NULL || efd < 0) {
		return -EINVAL;
	}
	h = handler_find(fgrp, efd);
	if (h == NULL) {
		return -EINVAL;
	}
	rc = env_waiter_modify(root_of(fgrp)->waiter, efd, (uint32_t)event_types, h);
	if (rc == 0) {
		h->events = (uint32_t)event_types;
	}
	return rc;
}

int
spdk_fd_group_set_wrapper(struct spdk_fd_group *fgrp, spdk_fd_group_wrapper_fn cb_fn, void *cb_ctx)
{
	if (fgrp == NULL || (cb_fn != NULL && fgrp->wrapper != NULL)) {
		return fgrp == NULL ? -EINVAL : -EEXIST;
	}
	fgrp->wrapper = cb_fn;
	fgrp->wrapper_arg = cb_ctx;
	return 0;
}

int
spdk_fd_group_get_fd(struct spdk_fd_group *fgrp)
{
	return env_waiter_fd(root_of(fgrp)->waiter);
}

int
spdk_fd_group_get_epoll_event(struct epoll_event *event)
{
	if (event == NULL || g_env_local.event == NULL) {
		return -EINVAL;
	}
	*event = *g_env_local.event;
	return 0;
}

/* What is to run, inside the wrappers of `group` and of those above it, up to `applied`. */
struct call {
	struct spdk_fd_group *group;
	struct spdk_fd_group *applied; /* the last whose wrapper runs already; NULL: none */
	spdk_fd_fn fn;
	void *arg;
};

/* Run a call inside the outermost wrapper that was not applied yet, which gets the rest as one
 * function. */
static int
call_run(void *arg)
{
	const struct call *call = arg;
	struct spdk_fd_group *outermost = NULL;
	struct spdk_fd_group *group;
	struct call rest = *call;

	for (group = call->group; group != call->applied; group = group->parent) {
		if (group->wrapper != NULL) {
			outermost = group;
		}
	}
	if (outermost == NULL) {
		USDT_PROBE2(interrupt_fd_process, call->fn, call->arg);
		return call->fn(call->arg);
	}
	rest.applied = outermost;
	return outermost->wrapper(outermost->wrapper_arg, call_run, &rest);
}

static void
handler_run(struct fd_handler *h, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = h->arg } };
	struct epoll_event *outer = g_env_local.event;
	struct call call = { .group = h->group, .fn = h->fn, .arg = h->arg };

	if (h->fd_type == SPDK_FD_TYPE_EVENTFD) {
		env_event_clear(h->fd);
	}
	g_env_local.event = &ev;
	call_run(&call);
	g_env_local.event = outer;
}

static uint64_t
deadline_of(int timeout_ms)
{
	uint64_t hz = spdk_get_ticks_hz();

	if (timeout_ms == 0) {
		return 0;
	}
	if (timeout_ms < 0) {
		return UINT64_MAX;
	}
	return spdk_get_ticks() + ((uint64_t)timeout_ms * hz + 999) / 1000;
}

int
spdk_fd_group_wait(struct spdk_fd_group *fgrp, int timeout)
{
	struct env_wait_event events[MAX_EVENTS];
	struct fd_handler *h;
	int num, i;

	if (fgrp == NULL || fgrp->parent != NULL) {
		/* Its descriptors are the root's: waiting here would wait for nothing. */
		return -EINVAL;
	}
	num = env_waiter_wait(fgrp->waiter, deadline_of(timeout), events, MAX_EVENTS);
	if (num <= 0) {
		return num;
	}
	fgrp->depth++;
	g_env_local.fd_depth++;
	for (i = 0; i < num; i++) {
		h = events[i].tag;
		if (h->group != NULL) {
			handler_run(h, events[i].events);
		}
	}
	fgrp->depth--;
	if (--g_env_local.fd_depth == 0) {
		while ((h = g_env_local.fd_removed) != NULL) {
			g_env_local.fd_removed = h->next_removed;
			free(h);
		}
	}
	return num;
}
