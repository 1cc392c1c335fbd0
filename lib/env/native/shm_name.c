/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Zones and pools by name, in the memory that processes share. Any thread of any process.
 *
 * What has a name is a run of its own. It gets the name while it is still its maker's, and outlives
 * that from then on; both are one step for who holds the lock next, for if its owner dies between
 * them shm_name_rebuild() makes the second. Taking a name away is the same in reverse: the run is
 * its finder's first, then the name goes; a death between gives the run back to the name. */

#include "shm.h"

static enum shm_name_kind
kind_of(const struct shm_name *n)
{
	/* Acquire: pairs with the release in shm_name_publish(), for what belongs to the name. */
	return (enum shm_name_kind)atomic_load_explicit((_Atomic uint32_t *)&n->kind,
	                                                memory_order_acquire);
}

/* The entry of that name; NULL: none. */
static struct shm_name *
find_locked(uint32_t kind, const char *name)
{
	struct shm_ctl *ctl = shm_get()->ctl;
	uint32_t i;

	for (i = 0; i < ctl->num_names; i++) {
		struct shm_name *n = &ctl->names[i];

		if (kind_of(n) == kind && strncmp(n->name, name, sizeof(n->name)) == 0) {
			return n;
		}
	}
	return NULL;
}

/* An entry without a name; NULL: all have one. */
static struct shm_name *
room_locked(void)
{
	struct shm_ctl *ctl = shm_get()->ctl;
	uint32_t i;

	for (i = 0; i < ctl->num_names; i++) {
		if (kind_of(&ctl->names[i]) == SHM_NAME_NONE) {
			return &ctl->names[i];
		}
	}
	return ctl->num_names < SHM_NAMES ? &ctl->names[ctl->num_names++] : NULL;
}

int
shm_name_publish(uint32_t kind, const char *name, void *buf, size_t len_bytes)
{
	struct shm *s = shm_get();
	struct shm_name *room;
	int rc = 0;

	shm_lock();
	if (find_locked(kind, name) != NULL) {
		rc = -EEXIST;
	} else if ((room = room_locked()) == NULL) {
		rc = -ENOSPC;
	} else {
		room->page = shm_page_find(buf);
		room->len_bytes = len_bytes;
		snprintf(room->name, sizeof(room->name), "%s", name);
		atomic_store_explicit(&room->kind, kind, memory_order_release);
		shm_word_set(&s->pages[room->page],
		             shm_word(&s->pages[room->page]) | SHM_WORD_SHARE);
	}
	shm_unlock();
	return rc;
}

void *
shm_name_find(uint32_t kind, const char *name)
{
	struct shm_name *n;
	void *addr;

	shm_lock();
	n = find_locked(kind, name);
	addr = n != NULL ? shm_page_addr(n->page) : NULL;
	shm_unlock();
	return addr;
}

void *
shm_name_retire(uint32_t kind, const char *name)
{
	struct shm *s = shm_get();
	struct shm_name *n;
	void *addr = NULL;

	shm_lock();
	n = find_locked(kind, name);
	if (n != NULL) {
		uint32_t num_pages = shm_word_pages(shm_word(&s->pages[n->page]));

		addr = shm_page_addr(n->page);
		shm_word_set(&s->pages[n->page],
		             shm_word_make(SHM_LARGE, num_pages,
		                           (uint64_t)s->slot << SHM_WORD_OWNER_SHIFT));
		atomic_store_explicit(&n->kind, SHM_NAME_NONE, memory_order_release);
	}
	shm_unlock();
	return addr;
}

void
shm_name_dump(uint32_t kind, FILE *f)
{
	struct shm_ctl *ctl = shm_get()->ctl;
	uint32_t i;

	shm_lock();
	for (i = 0; i < ctl->num_names; i++) {
		struct shm_name *n = &ctl->names[i];

		if (kind_of(n) == kind) {
			fprintf(f, "zone %.*s: %" PRIu64 " bytes at %p\n", (int)sizeof(n->name),
			        n->name, n->len_bytes, shm_page_addr(n->page));
		}
	}
	shm_unlock();
}

void
shm_name_rebuild(void)
{
	struct shm *s = shm_get();
	uint32_t i;

	for (i = 0; i < s->ctl->num_names; i++) {
		struct shm_name *n = &s->ctl->names[i];

		if (kind_of(n) != SHM_NAME_NONE) {
			shm_word_set(&s->pages[n->page],
			             shm_word(&s->pages[n->page]) | SHM_WORD_SHARE);
		}
	}
}
