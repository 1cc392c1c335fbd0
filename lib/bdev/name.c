/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Names and aliases of bdevs, and walks over them. The tree and the list are under the registry
 * lock; a bdev's names live until it is destroyed, but leave the tree when its removal begins.
 */

#include "bdev_internal.h"

int
bdev_name_cmp(struct spdk_bdev_name *a, struct spdk_bdev_name *b)
{
	return strcmp(a->name, b->name);
}

RB_GENERATE(bdev_name_tree, spdk_bdev_name, node, bdev_name_cmp)

int
bdev_name_add_locked(struct spdk_bdev_name *name, struct spdk_bdev *bdev, const char *text)
{
	name->name = strdup(text);
	if (name->name == NULL) {
		return -ENOMEM;
	}
	name->bdev = bdev;
	if (RB_INSERT(bdev_name_tree, &g_bdev.names, name) != NULL) {
		free(name->name);
		name->name = NULL;
		return -EEXIST;
	}
	return 0;
}

void
bdev_name_del_locked(struct spdk_bdev_name *name)
{
	if (name->name != NULL) {
		RB_REMOVE(bdev_name_tree, &g_bdev.names, name);
		free(name->name);
		name->name = NULL;
	}
}

struct spdk_bdev *
bdev_find_locked(const char *name)
{
	struct spdk_bdev_name key = { .name = (char *)name };
	struct spdk_bdev_name *found = RB_FIND(bdev_name_tree, &g_bdev.names, &key);

	return found == NULL ? NULL : found->bdev;
}

struct spdk_bdev *
spdk_bdev_get_by_name(const char *bdev_name)
{
	struct spdk_bdev *bdev;

	bdev_lock();
	bdev = bdev_find_locked(bdev_name);
	bdev_unlock();
	return bdev;
}

/* ---- Aliases ---- */

int
bdev_alias_add_locked(struct spdk_bdev *bdev, const char *alias)
{
	struct spdk_bdev_alias *a = calloc(1, sizeof(*a));
	int rc;

	if (a == NULL) {
		return -ENOMEM;
	}
	rc = bdev_name_add_locked(&a->alias, bdev, alias);
	if (rc != 0) {
		free(a);
		return rc;
	}
	TAILQ_INSERT_TAIL(&bdev->aliases, a, tailq);
	return 0;
}

static void
alias_del_locked(struct spdk_bdev *bdev, struct spdk_bdev_alias *a)
{
	bdev_name_del_locked(&a->alias);
	TAILQ_REMOVE(&bdev->aliases, a, tailq);
	free(a);
}

void
bdev_alias_del_all_locked(struct spdk_bdev *bdev)
{
	struct spdk_bdev_alias *a;

	while ((a = TAILQ_FIRST(&bdev->aliases)) != NULL) {
		alias_del_locked(bdev, a);
	}
}

int
spdk_bdev_alias_add(struct spdk_bdev *bdev, const char *alias)
{
	int rc;

	if (alias == NULL || alias[0] == '\0') {
		return -EINVAL;
	}
	bdev_lock();
	rc = bdev_alias_add_locked(bdev, alias);
	bdev_unlock();
	if (rc == -EEXIST) {
		SPDK_ERRLOG("bdev %s: alias %s is another bdev's name\n", bdev->name, alias);
	}
	return rc;
}

int
spdk_bdev_alias_del(struct spdk_bdev *bdev, const char *alias)
{
	struct spdk_bdev_alias *a;

	bdev_lock();
	TAILQ_FOREACH(a, &bdev->aliases, tailq) {
		if (strcmp(a->alias.name, alias) == 0) {
			alias_del_locked(bdev, a);
			break;
		}
	}
	bdev_unlock();
	return a == NULL ? -ENOENT : 0;
}

void
spdk_bdev_alias_del_all(struct spdk_bdev *bdev)
{
	bdev_lock();
	bdev_alias_del_all_locked(bdev);
	bdev_unlock();
}

const struct spdk_bdev_aliases_list *
spdk_bdev_get_aliases(const struct spdk_bdev *bdev)
{
	return &bdev->aliases;
}

/* ---- Walks ---- */

static bool
is_leaf(const struct spdk_bdev *bdev)
{
	return bdev->internal.claim_type == SPDK_BDEV_CLAIM_NONE;
}

static struct spdk_bdev *
walk_from(struct spdk_bdev *bdev, bool leaf)
{
	while (bdev != NULL && leaf && !is_leaf(bdev)) {
		bdev = TAILQ_NEXT(bdev, internal.link);
	}
	return bdev;
}

static struct spdk_bdev *
walk(struct spdk_bdev *prev, bool leaf)
{
	struct spdk_bdev *bdev;

	bdev_lock();
	bdev = walk_from(
	        prev == NULL ? TAILQ_FIRST(&g_bdev.bdevs) : TAILQ_NEXT(prev, internal.link), leaf);
	bdev_unlock();
	return bdev;
}

struct spdk_bdev *
spdk_bdev_first(void)
{
	return walk(NULL, false);
}

struct spdk_bdev *
spdk_bdev_next(struct spdk_bdev *prev)
{
	return walk(prev, false);
}

struct spdk_bdev *
spdk_bdev_first_leaf(void)
{
	return walk(NULL, true);
}

struct spdk_bdev *
spdk_bdev_next_leaf(struct spdk_bdev *prev)
{
	return walk(prev, true);
}

static int
for_each(void *ctx, spdk_for_each_bdev_fn fn, bool leaf)
{
	struct spdk_bdev_desc *held = NULL;
	int rc;

	while ((rc = bdev_hold_next(&held)) == 0) {
		if (!leaf || is_leaf(held->bdev)) {
			rc = fn(ctx, held->bdev);
		}
		if (rc != 0) {
			spdk_bdev_close(held);
			return rc;
		}
	}
	return rc == -ENOENT ? 0 : rc;
}

int
spdk_for_each_bdev(void *ctx, spdk_for_each_bdev_fn fn)
{
	return for_each(ctx, fn, false);
}

int
spdk_for_each_bdev_leaf(void *ctx, spdk_for_each_bdev_fn fn)
{
	return for_each(ctx, fn, true);
}

int
spdk_for_each_bdev_by_name(void *ctx, spdk_for_each_bdev_fn fn, const char **names, size_t count)
{
	struct spdk_bdev_desc *held;
	size_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		if (spdk_bdev_get_by_name(names[i]) == NULL) {
			return -ENODEV;
		}
		rc = bdev_hold_by_name(names[i], &held);
		if (rc == 0) {
			rc = fn(ctx, held->bdev);
			spdk_bdev_close(held);
		} else if (rc == -ENODEV) {
			rc = 0; /* it is going away: passed over */
		}
	}
	return rc;
}
