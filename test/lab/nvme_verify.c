/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * nvme_verify TRID [digests]: write each 4 KiB of the first namespace's first 32 MiB with what only
 * it has, in commands of different sizes at depth, read all of it back in other sizes, and compare.
 * Status 0: every byte was right.
 */

#include "spdk/stdinc.h"
#include "spdk/env.h"
#include "spdk/nvme.h"
#include "spdk/util.h"

#define TOTAL_BYTES (32u << 20)
#define IO_BYTES_MAX (256u << 10)
#define DEPTH 16
#define CELL_BYTES 4096u

static const uint32_t g_write_sizes[] = { 4096, 131072, 16384, 262144, 8192 };
static const uint32_t g_read_sizes[] = { 65536, 4096, 262144, 32768 };

struct io {
	uint8_t *buf;
	uint32_t offset, len;
	bool busy;
	struct run *run;
};

struct run {
	struct spdk_nvme_ns *ns;
	struct spdk_nvme_qpair *qpair;
	struct io ios[DEPTH];
	bool writing;
	uint32_t next; /* byte that the next command starts at */
	uint32_t busy;
	uint32_t commands;
	int failed;
};

/* Every 8 bytes differ from all others of the namespace. */
static void
fill(uint8_t *buf, uint32_t offset, uint32_t len)
{
	uint64_t v;
	uint32_t i;

	for (i = 0; i < len; i += sizeof(v)) {
		v = (offset + i) * 0x9e3779b97f4a7c15ull + 1;
		memcpy(buf + i, &v, sizeof(v));
	}
}

static void
compare(struct run *run, const struct io *io)
{
	static uint8_t expected[IO_BYTES_MAX];

	fill(expected, io->offset, io->len);
	if (memcmp(expected, io->buf, io->len) != 0) {
		fprintf(stderr, "wrong data in the %u bytes at %u\n", io->len, io->offset);
		run->failed = 1;
	}
}

static void
io_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct io *io = arg;
	struct run *run = io->run;

	io->busy = false;
	run->busy--;
	if (spdk_nvme_cpl_is_error(cpl)) {
		fprintf(stderr, "%s of %u bytes at %u: status %x/%x\n",
		        run->writing ? "write" : "read", io->len, io->offset, cpl->status.sct,
		        cpl->status.sc);
		run->failed = 1;
	} else if (!run->writing) {
		compare(run, io);
	}
}

static int
io_submit(struct run *run, struct io *io, uint32_t len)
{
	uint32_t block = spdk_nvme_ns_get_sector_size(run->ns);

	io->run = run;
	io->offset = run->next;
	io->len = spdk_min(len, TOTAL_BYTES - run->next);
	if (run->writing) {
		fill(io->buf, io->offset, io->len);
		return spdk_nvme_ns_cmd_write(run->ns, run->qpair, io->buf, io->offset / block,
		                              io->len / block, io_done, io, 0);
	}
	memset(io->buf, 0xee, io->len);
	return spdk_nvme_ns_cmd_read(run->ns, run->qpair, io->buf, io->offset / block,
	                             io->len / block, io_done, io, 0);
}

static int
pass(struct run *run, bool writing, const uint32_t *sizes, size_t num_sizes)
{
	struct io *io;
	int rc;

	run->writing = writing;
	run->next = 0;
	while ((run->next < TOTAL_BYTES || run->busy > 0) && !run->failed) {
		for (io = run->ios; io < run->ios + DEPTH && run->next < TOTAL_BYTES; io++) {
			if (io->busy) {
				continue;
			}
			rc = io_submit(run, io, sizes[run->commands % num_sizes]);
			if (rc == -ENOMEM) {
				break;
			}
			if (rc != 0) {
				fprintf(stderr, "submit failed: %d\n", rc);
				return 1;
			}
			io->busy = true;
			run->busy++;
			run->commands++;
			run->next += io->len;
		}
		if (spdk_nvme_qpair_process_completions(run->qpair, 0) < 0) {
			fprintf(stderr, "the connection is gone\n");
			return 1;
		}
	}
	return run->failed;
}

static int
verify(struct spdk_nvme_ctrlr *ctrlr)
{
	struct run run = { 0 };
	int i, rc = 1;

	run.ns = spdk_nvme_ctrlr_get_ns(ctrlr, spdk_nvme_ctrlr_get_first_active_ns(ctrlr));
	if (run.ns == NULL || spdk_nvme_ns_get_size(run.ns) < TOTAL_BYTES) {
		fprintf(stderr, "no namespace of %u bytes\n", TOTAL_BYTES);
		return 1;
	}
	run.qpair = spdk_nvme_ctrlr_alloc_io_qpair(ctrlr, NULL, 0);
	if (run.qpair == NULL) {
		fprintf(stderr, "no I/O queue pair\n");
		return 1;
	}
	for (i = 0; i < DEPTH; i++) {
		run.ios[i].buf = spdk_dma_malloc(IO_BYTES_MAX, CELL_BYTES, NULL);
		if (run.ios[i].buf == NULL) {
			fprintf(stderr, "no memory\n");
			goto out;
		}
	}
	rc = pass(&run, true, g_write_sizes, SPDK_COUNTOF(g_write_sizes)) ||
	     pass(&run, false, g_read_sizes, SPDK_COUNTOF(g_read_sizes));
	printf("%u commands, %s\n", run.commands, rc == 0 ? "every byte is right" : "FAILED");
out:
	spdk_nvme_ctrlr_free_io_qpair(run.qpair);
	for (i = 0; i < DEPTH; i++) {
		spdk_dma_free(run.ios[i].buf);
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct spdk_nvme_transport_id trid = { 0 };
	struct spdk_nvme_ctrlr_opts opts;
	struct spdk_env_opts env = { .opts_size = sizeof(env) };
	struct spdk_nvme_ctrlr *ctrlr;
	int rc;

	if (argc < 2 || spdk_nvme_transport_id_parse(&trid, argv[1]) != 0) {
		fprintf(stderr, "usage: %s TRID [digests]\n", argv[0]);
		return 2;
	}
	spdk_env_opts_init(&env);
	env.name = "nvme_verify";
	if (spdk_env_init(&env) != 0) {
		return 2;
	}
	spdk_nvme_ctrlr_get_default_ctrlr_opts(&opts, sizeof(opts));
	opts.header_digest = opts.data_digest = argc > 2;
	ctrlr = spdk_nvme_connect(&trid, &opts, sizeof(opts));
	if (ctrlr == NULL) {
		fprintf(stderr, "can't connect\n");
		return 1;
	}
	rc = verify(ctrlr);
	spdk_nvme_detach(ctrlr);
	spdk_env_fini();
	return rc;
}
