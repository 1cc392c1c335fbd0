/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Which implementations there are, which one is the default, and their options. Changed while the
 * program starts, on the app thread; read by any thread afterwards.
 */

#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/system_state.h"
#include "sock_internal.h"

extern struct spdk_net_impl *const g_net_impl_table[];

static struct {
	struct spdk_net_impl *outside; /* registered from outside the tree, newest first */
	struct spdk_net_impl *dflt;    /* chosen by the user; NULL: the one of highest priority */
} g_state SYSTEM_STATE;

void
spdk_net_impl_register(struct spdk_net_impl *impl)
{
	if (impl == NULL || impl->name == NULL || impl->opts == NULL || impl->close == NULL ||
	    impl->group_create == NULL || impl->group_poll == NULL || impl->group_close == NULL) {
		SPDK_ERRLOG("a socket implementation (\"%s\") lacks its name, opts, close or one "
		            "of group_create, group_poll, group_close: left out\n",
		            impl != NULL && impl->name != NULL ? impl->name : "");
		return;
	}
	if (spdk_net_impl_get_by_name(impl->name) != NULL) {
		SPDK_ERRLOG("there is a socket implementation named \"%s\" already: the second "
		            "is left out\n",
		            impl->name);
		return;
	}
	sock_impl_complete(impl);
	impl->next = g_state.outside;
	g_state.outside = impl;
}

struct spdk_net_impl *
spdk_net_impl_get_by_name(const char *name)
{
	return name != NULL ? sock_impl_find(name) : NULL;
}

int
sock_impl_probe(const struct spdk_net_impl *impl)
{
	return impl->probe != NULL ? impl->probe() : 0;
}

struct spdk_net_impl *
sock_impl_next(const struct spdk_net_impl *impl)
{
	size_t i;

	if (impl == NULL) {
		return g_net_impl_table[0] != NULL ? g_net_impl_table[0] : g_state.outside;
	}
	for (i = 0; g_net_impl_table[i] != NULL; i++) {
		if (g_net_impl_table[i] == impl) {
			return g_net_impl_table[i + 1] != NULL ? g_net_impl_table[i + 1]
			                                       : g_state.outside;
		}
	}
	return impl->next;
}

struct spdk_net_impl *
sock_impl_find(const char *name)
{
	struct spdk_net_impl *impl, *best = NULL;

	if (name == NULL && g_state.dflt != NULL) {
		return g_state.dflt;
	}
	for (impl = sock_impl_next(NULL); impl != NULL; impl = sock_impl_next(impl)) {
		if (name != NULL && strcmp(impl->name, name) == 0) {
			return impl;
		}
		if (name == NULL && (best == NULL || impl->priority > best->priority)) {
			best = impl;
		}
	}
	return best;
}

int
spdk_sock_set_default_impl(const char *impl_name)
{
	struct spdk_net_impl *impl = impl_name != NULL ? sock_impl_find(impl_name) : NULL;

	if (impl == NULL) {
		SPDK_ERRLOG("there is no socket implementation named \"%s\"\n",
		            impl_name != NULL ? impl_name : "");
		errno = EINVAL;
		return -1;
	}
	if (sock_impl_probe(impl) != 0) {
		errno = ENOTSUP;
		return -1;
	}
	g_state.dflt = impl;
	return 0;
}

const char *
spdk_sock_get_default_impl(void)
{
	struct spdk_net_impl *impl = sock_impl_find(NULL);

	return impl != NULL ? impl->name : NULL;
}

int
spdk_sock_impl_get_opts(const char *impl_name, struct spdk_sock_impl_opts *opts, size_t *len)
{
	struct spdk_net_impl *impl;

	if (impl_name == NULL || opts == NULL || len == NULL || *len == 0) {
		errno = EINVAL;
		return -1;
	}
	impl = sock_impl_find(impl_name);
	if (impl == NULL) {
		errno = EINVAL;
		return -1;
	}
	*len = spdk_min(*len, sizeof(*opts));
	memcpy(opts, impl->opts, *len);
	return 0;
}

/* What no implementation in the tree can do is refused here, once for all of them. */
static bool
opts_are_valid(const struct spdk_sock_impl_opts *opts)
{
	return opts->enable_placement_id <= PLACEMENT_MARK;
}

int
spdk_sock_impl_set_opts(const char *impl_name, const struct spdk_sock_impl_opts *opts, size_t len)
{
	struct spdk_net_impl *impl;
	struct spdk_sock_impl_opts merged;

	if (impl_name == NULL || opts == NULL || len == 0) {
		errno = EINVAL;
		return -1;
	}
	impl = sock_impl_find(impl_name);
	if (impl == NULL) {
		errno = EINVAL;
		return -1;
	}
	/* Field by field the struct only ever grows at its end: a prefix is a shorter version. */
	merged = *impl->opts;
	memcpy(&merged, opts, spdk_min(len, sizeof(merged)));
	if (!opts_are_valid(&merged)) {
		errno = ENOTSUP;
		return -1;
	}
	*impl->opts = merged;
	return 0;
}
