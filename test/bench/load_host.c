/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A host that loads one namespace, prints `begin` when after a second of warm-up it starts to
 * measure, and `IOPS P50_US P99_US` when that ends, before it disconnects: either with a fixed
 * number of 4 KiB random reads in flight, or at a fixed rate, where latency counts from the time at
 * which a request was due (so that a late target can't hide by delaying the next request). It polls
 * all the time.
 *
 *	load_host PORT NQN SECONDS DEPTH [RATE_IOPS]
 */

#include "spdk/env.h"
#include "spdk/histogram_data.h"
#include "spdk/nvme.h"
#include "spdk/util.h"

#define IO_BYTES 4096
#define DEPTH_MAX 1024

struct slot {
	struct load *load;
	uint8_t *buf;
	uint64_t begin_ticks;
	struct slot *next_free;
};

struct load {
	struct spdk_nvme_ns *ns;
	struct spdk_nvme_qpair *qpair;
	struct spdk_histogram_data *latency;
	struct slot slots[DEPTH_MAX];
	struct slot *free;
	uint64_t num_positions;
	uint32_t blocks_per_io;
	uint64_t rng;
	uint64_t done;
	uint32_t in_flight;
	bool failed;
};

static void
io_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct slot *s = arg;
	struct load *l = s->load;

	l->failed |= spdk_nvme_cpl_is_error(cpl);
	spdk_histogram_data_tally(l->latency, spdk_get_ticks() - s->begin_ticks);
	s->next_free = l->free;
	l->free = s;
	l->in_flight--;
	l->done++;
}

static bool
submit(struct load *l, uint64_t begin_ticks)
{
	struct slot *s = l->free;
	uint64_t lba;

	if (s == NULL) {
		return false;
	}
	lba = spdk_rand_xorshift64(&l->rng) % l->num_positions * l->blocks_per_io;
	s->begin_ticks = begin_ticks;
	l->free = s->next_free;
	if (spdk_nvme_ns_cmd_read(l->ns, l->qpair, s->buf, lba, l->blocks_per_io, io_done, s, 0) !=
	    0) {
		s->next_free = l->free;
		l->free = s;
		return false;
	}
	l->in_flight++;
	return true;
}

static int
setup(struct load *l, struct spdk_nvme_ctrlr *ctrlr, uint32_t depth)
{
	uint32_t i;

	l->ns = spdk_nvme_ctrlr_get_ns(ctrlr, 1);
	l->qpair = spdk_nvme_ctrlr_alloc_io_qpair(ctrlr, NULL, 0);
	l->latency = spdk_histogram_data_alloc();
	if (l->ns == NULL || l->qpair == NULL || l->latency == NULL) {
		return -ENODEV;
	}
	l->blocks_per_io = spdk_max(1u, IO_BYTES / spdk_nvme_ns_get_sector_size(l->ns));
	l->num_positions = spdk_nvme_ns_get_num_sectors(l->ns) / l->blocks_per_io;
	l->rng = 88172645463325252ull;
	for (i = 0; i < depth; i++) {
		l->slots[i].load = l;
		l->slots[i].buf = spdk_zmalloc(IO_BYTES, IO_BYTES, NULL, SPDK_ENV_NUMA_ID_ANY,
		                               SPDK_MALLOC_DMA);
		l->slots[i].next_free = l->free;
		l->free = &l->slots[i];
		if (l->slots[i].buf == NULL) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* One second of warm-up, then the measured time. */
static double
run(struct load *l, double seconds, double rate_iops)
{
	uint64_t hz = spdk_get_ticks_hz(), now = spdk_get_ticks();
	uint64_t begin = now + hz, end = begin + (uint64_t)(seconds * hz), due = now;
	uint64_t step = rate_iops > 0 ? (uint64_t)(hz / rate_iops) : 0;
	bool measuring = false;

	while (now < end && !l->failed) {
		if (!measuring && now >= begin) {
			spdk_histogram_data_reset(l->latency);
			l->done = 0;
			measuring = true;
			puts("begin");
			fflush(stdout);
		}
		if (step == 0) {
			while (submit(l, now)) {
			}
		}
		while (step != 0 && due <= now && submit(l, due)) {
			due += step;
		}
		if (spdk_nvme_qpair_process_completions(l->qpair, 0) < 0) {
			l->failed = true;
		}
		now = spdk_get_ticks();
	}
	seconds = (double)(now - begin) / hz;
	while (l->in_flight > 0 && !l->failed) {
		l->failed |= spdk_nvme_qpair_process_completions(l->qpair, 0) < 0;
	}
	return l->done / seconds;
}

struct percentile {
	double want;
	uint64_t value_ticks;
};

static void
find_percentile(void *ctx, uint64_t start, uint64_t end, uint64_t count, uint64_t total,
                uint64_t so_far)
{
	struct percentile *p = ctx;

	if (p->value_ticks == 0 && count > 0 && so_far >= p->want * total) {
		p->value_ticks = end;
	}
}

static double
percentile_us(struct load *l, double want)
{
	struct percentile p = { .want = want };

	spdk_histogram_data_iterate(l->latency, find_percentile, &p);
	return (double)p.value_ticks * SPDK_SEC_TO_USEC / spdk_get_ticks_hz();
}

int
main(int argc, char **argv)
{
	static struct load l;
	struct spdk_nvme_transport_id trid = {};
	struct spdk_env_opts env = { .opts_size = sizeof(env) };
	struct spdk_nvme_ctrlr *ctrlr;
	uint32_t depth = argc > 4 ? (uint32_t)atoi(argv[4]) : 0;
	double iops;

	if (depth < 1 || depth > DEPTH_MAX) {
		fprintf(stderr, "usage: load_host PORT NQN SECONDS DEPTH(1..%d) [RATE_IOPS]\n",
		        DEPTH_MAX);
		return 2;
	}
	spdk_env_opts_init(&env);
	env.name = "load_host";
	if (spdk_env_init(&env) != 0) {
		return 1;
	}
	spdk_nvme_trid_populate_transport(&trid, SPDK_NVME_TRANSPORT_TCP);
	trid.adrfam = SPDK_NVMF_ADRFAM_IPV4;
	snprintf(trid.traddr, sizeof(trid.traddr), "127.0.0.1");
	snprintf(trid.trsvcid, sizeof(trid.trsvcid), "%s", argv[1]);
	snprintf(trid.subnqn, sizeof(trid.subnqn), "%s", argv[2]);
	ctrlr = spdk_nvme_connect(&trid, NULL, 0);
	if (ctrlr == NULL || setup(&l, ctrlr, depth) != 0) {
		fprintf(stderr, "load_host: no namespace 1 at 127.0.0.1:%s %s\n", argv[1], argv[2]);
		return 1;
	}
	iops = run(&l, atof(argv[3]), argc > 5 ? atof(argv[5]) : 0);
	printf("%.0f %.2f %.2f\n", iops, percentile_us(&l, 0.50), percentile_us(&l, 0.99));
	fflush(stdout);
	spdk_nvme_ctrlr_free_io_qpair(l.qpair);
	spdk_nvme_detach(ctrlr);
	return l.failed ? 1 : 0;
}
