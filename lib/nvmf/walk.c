/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A walk over the subsystems of a target that rests between two steps of the reactor, while
 * subsystems, and the target itself, may go.
 *
 * Subsystems stand in the order in which they were created, and each has a number of that order.
 * While no list has changed since the last look, the pointer is good. Else target and subsystem are
 * looked for anew: the one with the number, or the next after it. So none that stays is left out,
 * none comes twice, and nothing that is gone is touched. Target thread.
 */

#include "nvmf_internal.h"

/* The first with this number or a later one. */
static struct spdk_nvmf_subsystem *
find_from(struct spdk_nvmf_tgt *tgt, uint64_t seq)
{
	struct spdk_nvmf_subsystem *subsystem;

	TAILQ_FOREACH(subsystem, &tgt->subsystems, link) {
		if (subsystem->seq >= seq) {
			return subsystem;
		}
	}
	return NULL;
}

static void
settle_on(struct nvmf_walk *walk, struct spdk_nvmf_subsystem *subsystem)
{
	walk->subsystem = subsystem;
	walk->seq = subsystem != NULL ? subsystem->seq : UINT64_MAX;
	walk->num_changes = nvmf_lists_changes();
}

void
nvmf_walk_begin(struct nvmf_walk *walk, struct spdk_nvmf_tgt *tgt)
{
	nvmf_lists_walk(true);
	walk->tgt = tgt;
	settle_on(walk, TAILQ_FIRST(&tgt->subsystems));
}

void
nvmf_walk_end(struct nvmf_walk *walk)
{
	settle_on(walk, NULL);
	nvmf_lists_walk(false);
}

struct spdk_nvmf_tgt *
nvmf_walk_tgt(struct nvmf_walk *walk)
{
	return nvmf_tgt_exists(walk->tgt) ? walk->tgt : NULL;
}

struct spdk_nvmf_subsystem *
nvmf_walk_at(struct nvmf_walk *walk)
{
	if (walk->num_changes != nvmf_lists_changes()) {
		settle_on(walk,
		          nvmf_walk_tgt(walk) != NULL ? find_from(walk->tgt, walk->seq) : NULL);
	}
	return walk->subsystem;
}

void
nvmf_walk_next(struct nvmf_walk *walk)
{
	uint64_t seq = walk->seq;
	struct spdk_nvmf_subsystem *subsystem = nvmf_walk_at(walk);

	if (subsystem != NULL && subsystem->seq == seq) {
		settle_on(walk, TAILQ_NEXT(subsystem, link));
	}
}
