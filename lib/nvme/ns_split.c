/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Splits a read, write or compare that one command can't carry. Three limits end a piece: the
 * largest transfer, the namespace's optimal boundary, and the number of memory segments that the
 * transport takes. Pieces are whole blocks. They are children of one parent, made before any of
 * them goes out, so that a split that runs out of requests has done nothing.
 */

#include "ns_rw.h"

#include "spdk/util.h"

/* Walks the segments of a scattered payload. */
struct sgl_cursor {
	const struct nvme_payload *payload;
	uint32_t index; /* of a vector */
	size_t skip;    /* bytes to leave out, of a vector */
};

static void
sgl_cursor_seek(struct sgl_cursor *c, const struct nvme_payload *payload, uint32_t offset)
{
	c->payload = payload;
	c->index = 0;
	c->skip = offset;
	if (payload->reset_sgl_fn != NULL) {
		payload->reset_sgl_fn(payload->base, offset);
	}
}

static int
sgl_cursor_next(struct sgl_cursor *c, uint8_t **addr, size_t *len_bytes)
{
	const struct nvme_payload *payload = c->payload;

	if (payload->reset_sgl_fn != NULL) {
		void *segment = NULL;
		uint32_t len = 0;

		if (payload->next_sge_fn(payload->base, &segment, &len) != 0 || len == 0) {
			return -EFAULT;
		}
		*addr = segment;
		*len_bytes = len;
		return 0;
	}
	while (c->index < payload->iovcnt) {
		const struct iovec *iov = (const struct iovec *)payload->base + c->index++;

		if (c->skip < iov->iov_len) {
			*addr = (uint8_t *)iov->iov_base + c->skip;
			*len_bytes = iov->iov_len - c->skip;
			c->skip = 0;
			return 0;
		}
		c->skip -= iov->iov_len;
	}
	return -EFAULT;
}

/*
 * How much of `want_bytes` from `offset` on fits in `sges_max` segments. Neighbours count as one,
 * as in nvme_request_to_iov().
 */
static int
sgl_fit(const struct nvme_payload *payload, uint32_t offset, uint32_t want_bytes, uint16_t sges_max,
        uint32_t *fit_bytes)
{
	const uint8_t *end = NULL;
	struct sgl_cursor c;
	uint32_t taken = 0;
	uint32_t sges = 0;

	sgl_cursor_seek(&c, payload, offset);
	while (taken < want_bytes) {
		uint8_t *addr;
		size_t len;

		if (sgl_cursor_next(&c, &addr, &len) != 0) {
			return -EFAULT;
		}
		if (addr != end && ++sges > sges_max) {
			break;
		}
		end = addr + len;
		taken += (uint32_t)spdk_min(len, (size_t)(want_bytes - taken));
	}
	*fit_bytes = taken;
	return 0;
}

struct split {
	const struct nvme_rw *rw;
	uint64_t lba;
	uint32_t blocks_left;
	uint32_t offset_bytes;
	uint32_t blocks_per_io_max;
	uint32_t block_bytes;
};

/* Blocks of the next piece, or a negative errno. */
static int64_t
split_next(const struct split *s)
{
	const struct spdk_nvme_ns *ns = s->rw->ns;
	const struct nvme_payload *payload = &s->rw->payload;
	uint32_t blocks = spdk_min(s->blocks_left, s->blocks_per_io_max);
	uint32_t fit_bytes;
	int rc;

	if (ns->sectors_per_boundary != 0) {
		uint32_t to_boundary =
		        ns->sectors_per_boundary - (uint32_t)(s->lba % ns->sectors_per_boundary);

		blocks = spdk_min(blocks, to_boundary);
	}
	if (payload->reset_sgl_fn == NULL && payload->iovcnt == 0) {
		return blocks;
	}
	rc = sgl_fit(payload, s->offset_bytes, blocks * s->block_bytes, ns->ctrlr->max_sges,
	             &fit_bytes);
	if (rc != 0) {
		return rc;
	}
	/* Segments so short that not even one block fits: no split can help. */
	return fit_bytes < s->block_bytes ? -EINVAL : (int64_t)(fit_bytes / s->block_bytes);
}

static int
split_add_child(struct spdk_nvme_qpair *qpair, struct nvme_request *parent, const struct split *s,
                uint32_t blocks)
{
	struct nvme_request *child;

	child = nvme_request_get(qpair, &s->rw->payload, blocks * s->block_bytes, NULL, NULL);
	if (child == NULL) {
		/* More than there ever are: waiting won't help. */
		return parent->num_children + 2u > qpair->num_reqs ? -EINVAL : -ENOMEM;
	}
	child->payload_offset = s->offset_bytes;
	child->md_offset = (s->offset_bytes / s->block_bytes) * s->rw->ns->md_size;
	child->parent = parent;
	nvme_ns_rw_setup(child, s->rw, s->lba, blocks);
	STAILQ_INSERT_TAIL(&parent->children, child, link);
	parent->num_children++;
	return 0;
}

static int
split_all(struct spdk_nvme_qpair *qpair, struct nvme_request *parent, struct split *s,
          uint32_t first_blocks)
{
	uint32_t blocks = first_blocks;
	int rc;

	for (;;) {
		int64_t next;

		if (parent->num_children == UINT16_MAX) {
			return -EINVAL;
		}
		rc = split_add_child(qpair, parent, s, blocks);
		if (rc != 0) {
			return rc;
		}
		s->lba += blocks;
		s->blocks_left -= blocks;
		s->offset_bytes += blocks * s->block_bytes;
		if (s->blocks_left == 0) {
			return 0;
		}
		next = split_next(s);
		if (next < 0) {
			return (int)next;
		}
		blocks = (uint32_t)next;
	}
}

int
nvme_ns_rw_submit_split(struct spdk_nvme_qpair *qpair, const struct nvme_rw *rw, uint64_t lba,
                        uint32_t num_blocks, spdk_nvme_cmd_cb cb_fn, void *cb_arg)
{
	uint32_t block_bytes = nvme_ns_rw_block_bytes(rw->ns, rw->io_flags);
	struct split s = {
		.rw = rw,
		.lba = lba,
		.blocks_left = num_blocks,
		.blocks_per_io_max = nvme_ns_rw_blocks_max(rw->ns, block_bytes),
		.block_bytes = block_bytes,
	};
	struct nvme_request *req;
	int64_t first;
	int rc;

	if ((uint64_t)num_blocks * s.block_bytes > UINT32_MAX) {
		return -EINVAL;
	}
	first = split_next(&s);
	if (first < 0) {
		return (int)first;
	}
	req = nvme_request_get(qpair, &rw->payload, num_blocks * s.block_bytes, cb_fn, cb_arg);
	if (req == NULL) {
		return -ENOMEM;
	}
	nvme_ns_rw_setup(req, rw, lba, (uint32_t)first);
	if ((uint32_t)first == num_blocks) {
		return nvme_qpair_submit(qpair, req);
	}
	/* Fused commands come in pairs; a piece has no partner. */
	if ((rw->io_flags & SPDK_NVME_IO_FLAGS_FUSE_MASK) != 0) {
		nvme_request_put(req);
		return -EINVAL;
	}
	STAILQ_INIT(&req->children);
	rc = split_all(qpair, req, &s, (uint32_t)first);
	if (rc != 0) {
		nvme_request_put(req);
		return rc;
	}
	return nvme_qpair_submit(qpair, req);
}
