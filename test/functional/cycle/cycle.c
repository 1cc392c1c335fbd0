/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Starts and stops a whole target in one process, many times: malloc behind passthru behind an
 * NVMe/TCP subsystem, a host that writes and verifies 1 MiB. After the last cycle the process must
 * own what it owned after the tenth, and the state section must equal the image taken before the
 * first. The host runs on a POSIX thread of its own, as an application without reactors would.
 *
 *	cycle [COUNT [PORT]]
 */

#include "spdk/bdev.h"
#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/nvme.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk/util.h"
#include "spdk_internal/system_state.h"

#include <malloc.h>

#define IO_BYTES (1024 * 1024)
#define SETTLED_CYCLE 10
/* By default a host waits 0.5 s for the answer to a Connect, which is short for a machine whose
 * cores others use as well. */
#define CONNECT_TIMEOUT_US (30 * 1000 * 1000)
#define NQN "nqn.2016-06.io.spdk:cycle"

struct usage {
	long fds;
	long threads;
	long mappings;
	long resident_kib;
	long heap_bytes; /* of the C library's, in use */
};

struct host {
	pthread_t thread;
	bool running; /* not joined yet; app thread, then main() */
	struct spdk_thread *app_thread;
	char port[8];
	uint8_t seed;
	int rc;
	const char *failed; /* what rc is about */
	bool io_done;
	int io_status;
};

static const char g_config[] =
        "{\"subsystems\":[{\"subsystem\":\"bdev\",\"config\":["
        "{\"method\":\"bdev_malloc_create\",\"params\":{\"name\":\"m0\",\"num_blocks\":4096,"
        "\"block_size\":512}},"
        "{\"method\":\"bdev_passthru_create\",\"params\":"
        "{\"name\":\"p0\",\"base_bdev_name\":\"m0\"}}]},"
        "{\"subsystem\":\"nvmf\",\"config\":["
        "{\"method\":\"nvmf_create_transport\",\"params\":{\"trtype\":\"TCP\"}},"
        "{\"method\":\"nvmf_create_subsystem\",\"params\":"
        "{\"nqn\":\"" NQN "\",\"allow_any_host\":true}},"
        "{\"method\":\"nvmf_subsystem_add_ns\",\"params\":"
        "{\"nqn\":\"" NQN "\",\"namespace\":{\"bdev_name\":\"p0\"}}},"
        "{\"method\":\"nvmf_subsystem_add_listener\",\"params\":"
        "{\"nqn\":\"" NQN "\",\"listen_address\":"
        "{\"trtype\":\"TCP\",\"adrfam\":\"IPv4\","
        "\"traddr\":\"127.0.0.1\",\"trsvcid\":\"%s\"}}}]}]}";

static long
count_entries(const char *path)
{
	DIR *dir = opendir(path);
	long n = 0;

	if (dir == NULL) {
		return -1;
	}
	while (readdir(dir) != NULL) {
		n++;
	}
	closedir(dir);
	return n;
}

#ifdef __SANITIZE_ADDRESS__
/* The sanitizer's; gcc has no header for it. */
size_t __sanitizer_get_current_allocated_bytes(void);

/* Freed memory rests before the sanitizer gives it out anew: not much of it in this program, so
 * that growth shows beside it. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=4:thread_local_quarantine_size_kb=64";
}

static long
heap_now(void)
{
	return (long)__sanitizer_get_current_allocated_bytes();
}
#else
static long
heap_now(void)
{
	struct mallinfo2 heap = mallinfo2();

	return (long)(heap.uordblks + heap.hblkhd);
}
#endif

static struct usage
usage_now(void)
{
	struct usage u = { .fds = count_entries("/proc/self/fd"),
		           .threads = count_entries("/proc/self/task") };
	long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	int c;

	while (f != NULL && (c = fgetc(f)) != EOF) {
		u.mappings += c == '\n';
	}
	if (f != NULL) {
		fclose(f);
	}
	f = fopen("/proc/self/statm", "r");
	if (f != NULL && fscanf(f, "%ld %ld", &pages, &resident) == 2) {
		u.resident_kib = resident * (sysconf(_SC_PAGESIZE) / 1024);
	}
	if (f != NULL) {
		fclose(f);
	}
	u.heap_bytes = heap_now();
	return u;
}

static void
io_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct host *h = arg;

	h->io_status = spdk_nvme_cpl_is_error(cpl) ? -EIO : 0;
	h->io_done = true;
}

static int
wait_io(struct host *h, struct spdk_nvme_qpair *qpair, int submit_rc)
{
	if (submit_rc != 0) {
		return submit_rc;
	}
	while (!h->io_done) {
		if (spdk_nvme_qpair_process_completions(qpair, 0) < 0) {
			return -ENXIO;
		}
	}
	h->io_done = false;
	return h->io_status;
}

static void
write_and_verify(struct host *h, struct spdk_nvme_ns *ns, struct spdk_nvme_qpair *qpair,
                 uint8_t *buf)
{
	uint32_t blocks = IO_BYTES / spdk_nvme_ns_get_sector_size(ns), i;

	for (i = 0; i < IO_BYTES; i++) {
		buf[i] = (uint8_t)(i * 31 + h->seed);
	}
	h->failed = "the write";
	h->rc = wait_io(h, qpair, spdk_nvme_ns_cmd_write(ns, qpair, buf, 0, blocks, io_done, h, 0));
	if (h->rc != 0) {
		return;
	}
	memset(buf, 0, IO_BYTES);
	h->failed = "the read";
	h->rc = wait_io(h, qpair, spdk_nvme_ns_cmd_read(ns, qpair, buf, 0, blocks, io_done, h, 0));
	for (i = 0; h->rc == 0 && i < IO_BYTES; i++) {
		h->failed = "what was read";
		h->rc = buf[i] == (uint8_t)(i * 31 + h->seed) ? 0 : -EILSEQ;
	}
}

static void
use_ctrlr(struct host *h, struct spdk_nvme_ctrlr *ctrlr)
{
	struct spdk_nvme_ns *ns = spdk_nvme_ctrlr_get_ns(ctrlr, 1);
	struct spdk_nvme_qpair *qpair;
	uint8_t *buf;

	buf = spdk_zmalloc(IO_BYTES, 4096, NULL, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA);
	qpair = spdk_nvme_ctrlr_alloc_io_qpair(ctrlr, NULL, 0);
	if (ns == NULL) {
		h->failed = "the namespace";
		h->rc = -ENODEV;
	} else if (qpair == NULL) {
		h->failed = "the connection of the I/O queue";
		h->rc = -EIO;
	} else if (buf == NULL) {
		h->failed = "the buffer";
		h->rc = -ENOMEM;
	} else {
		write_and_verify(h, ns, qpair, buf);
	}
	spdk_free(buf);
	spdk_nvme_ctrlr_free_io_qpair(qpair);
}

static void
stop_app(void *arg)
{
	struct host *h = arg;

	pthread_join(h->thread, NULL);
	h->running = false;
	spdk_app_stop(h->rc);
}

static void *
host_main(void *arg)
{
	struct host *h = arg;
	struct spdk_nvme_transport_id trid = {};
	struct spdk_nvme_ctrlr_opts opts;
	struct spdk_nvme_ctrlr *ctrlr;

	spdk_nvme_trid_populate_transport(&trid, SPDK_NVME_TRANSPORT_TCP);
	trid.adrfam = SPDK_NVMF_ADRFAM_IPV4;
	snprintf(trid.traddr, sizeof(trid.traddr), "127.0.0.1");
	snprintf(trid.trsvcid, sizeof(trid.trsvcid), "%s", h->port);
	snprintf(trid.subnqn, sizeof(trid.subnqn), "%s", NQN);
	spdk_nvme_ctrlr_get_default_ctrlr_opts(&opts, sizeof(opts));
	opts.fabrics_connect_timeout_us = CONNECT_TIMEOUT_US;
	h->failed = "the connection of the admin queue";
	h->rc = -ECONNREFUSED;
	ctrlr = spdk_nvme_connect(&trid, &opts, sizeof(opts));
	if (ctrlr != NULL) {
		use_ctrlr(h, ctrlr);
		spdk_nvme_detach(ctrlr);
	}
	if (h->rc == 0) {
		h->failed = "the stop";
	}
	spdk_thread_send_msg(h->app_thread, stop_app, h);
	return NULL;
}

static void
started(void *arg)
{
	struct host *h = arg;

	h->app_thread = spdk_get_thread();
	h->running = pthread_create(&h->thread, NULL, host_main, h) == 0;
	if (!h->running) {
		spdk_app_stop(-EAGAIN);
	}
}

static int
one_cycle(struct host *h, const char *sock)
{
	struct spdk_app_opts opts = {};
	char config[2048];
	int rc;

	snprintf(config, sizeof(config), g_config, h->port);
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "cycle";
	opts.rpc_addr = sock;
	opts.json_data = config;
	opts.json_data_size = strlen(config);
	opts.print_level = SPDK_LOG_ERROR;
	h->failed = "the start";
	rc = spdk_app_start(&opts, started, h);
	if (h->running) {
		/* A signal ended the target; the host finds out and ends as well. */
		pthread_join(h->thread, NULL);
		h->running = false;
		rc = -EINTR;
	}
	spdk_app_fini();
	if (rc != 0) {
		printf("# %s: status %d\n", h->failed, rc);
	}
	return rc;
}

#ifdef __SANITIZE_ADDRESS__
#define MAPPINGS_SLACK 16 /* the sanitizer's own */
#define RESIDENT_SLACK_KIB (6 * 1024)
#else
#define MAPPINGS_SLACK 0
/* A page here and there, as threads happen to meet; what is leaked shows in the heap. */
#define RESIDENT_SLACK_KIB 64
#endif

static bool
same(const char *what, long before, long after, long slack)
{
	bool ok = after <= before + slack;

	printf("%s - %s: %ld after cycle %d, %ld at the end\n", ok ? "ok" : "not ok", what, before,
	       SETTLED_CYCLE, after);
	return ok;
}

static bool
same_image(const uint8_t *image)
{
	void *base;
	size_t size, i, first = SIZE_MAX, bytes = 0;

	system_state_get(&base, &size);
	for (i = 0; i < size; i++) {
		if (((uint8_t *)base)[i] != image[i]) {
			first = first == SIZE_MAX ? i : first;
			bytes++;
		}
	}
	printf("%s - state section of %zu bytes: %zu differ from the start image",
	       bytes == 0 ? "ok" : "not ok", size, bytes);
	if (bytes != 0) {
		printf(", first at offset %zu", first);
	}
	printf("\n");
	return bytes == 0;
}

/* The C library's caches of free blocks count as heap in use, and make it differ by chance: start
 * anew without them. */
static void
count_exactly(char **argv)
{
	static const char name[] = "GLIBC_TUNABLES", value[] = "glibc.malloc.tcache_count=0";
	const char *now = getenv(name);

	if (now == NULL || strcmp(now, value) != 0) {
		setenv(name, value, 1);
		execv("/proc/self/exe", argv);
	}
}

int
main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 50, i, rc = 0;
	struct host h = {};
	struct usage settled = {}, end;
	char sock[64];
	void *base;
	size_t size;
	uint8_t *image;
	bool ok;

	snprintf(h.port, sizeof(h.port), "%s", argc > 2 ? argv[2] : "4492");
	snprintf(sock, sizeof(sock), "/var/tmp/basalt-cycle-%d.sock", getpid());
	count_exactly(argv);
	system_state_get(&base, &size);
	image = malloc(size);
	if (image == NULL || count <= SETTLED_CYCLE) {
		fprintf(stderr, "usage: cycle [COUNT > %d [PORT]]\n", SETTLED_CYCLE);
		free(image);
		return 2;
	}
	/* Log levels outlive an application, as in SPDK: let them be in the image already. */
	spdk_log_set_print_level(SPDK_LOG_ERROR);
	memcpy(image, base, size);
	printf("1..7\n");
	for (i = 1; i <= count && rc == 0; i++) {
		h.seed = (uint8_t)i;
		rc = one_cycle(&h, sock);
		if (i == SETTLED_CYCLE) {
			settled = usage_now();
		}
		if (i % spdk_max(count / 10, 1) == 0) {
			end = usage_now();
			printf("# cycle %d: %ld KiB resident, %ld bytes of heap\n", i,
			       end.resident_kib, end.heap_bytes);
			fflush(stdout);
		}
	}
	if (i <= SETTLED_CYCLE) {
		settled = usage_now(); /* it failed before: nothing to compare */
	}
	end = usage_now();
	printf("%s - %d cycles, last status %d\n", rc == 0 ? "ok" : "not ok", i - 1, rc);
	ok = same("open files", settled.fds, end.fds, 0);
	ok &= same("threads", settled.threads, end.threads, 0);
	ok &= same("mappings", settled.mappings, end.mappings, MAPPINGS_SLACK);
	ok &= same("resident KiB", settled.resident_kib, end.resident_kib, RESIDENT_SLACK_KIB);
	ok &= same("bytes of heap", settled.heap_bytes, end.heap_bytes, 0);
	ok &= same_image(image);
	free(image);
	return rc == 0 && ok ? 0 : 1;
}
