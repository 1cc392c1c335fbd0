/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Option structs grow. Who was compiled with an older header has a smaller one: only its bytes are
 * written, and only its fields read. Who has a newer one: the excess is ignored. A size of 0 is
 * -EINVAL, for it is what a caller has who never set it. Held here for every function that fills or
 * takes such a struct, on the app thread of a started program. Prints TAP. */

#include "spdk/bdev.h"
#include "spdk/bdev_module.h"
#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/fd_group.h"
#include "spdk/init.h"
#include "spdk/log.h"
#include "spdk/nvme.h"
#include "spdk/nvmf.h"
#include "spdk/nvmf_transport.h"
#include "spdk/sock.h"
#include "spdk/thread.h"
#include "spdk/util.h"

#define GUARD 0xa5
#define ROOM 2048
#define EXCESS 64

static int g_num;
static int g_failed;

static void
report(bool ok, const char *what, const char *name)
{
	printf("%s %d - %s: %s\n", ok ? "ok" : "not ok", ++g_num, name, what);
	g_failed += !ok;
}

/* ---- Functions that fill one ---- */

static void
fill_env(struct spdk_env_opts *opts, size_t size)
{
	opts->opts_size = size;
	spdk_env_opts_init(opts);
}

static void
fill_sock(struct spdk_sock_opts *opts, size_t size)
{
	opts->opts_size = size;
	spdk_sock_get_default_opts(opts);
}

static void
fill_sock_impl(struct spdk_sock_impl_opts *opts, size_t size)
{
	spdk_sock_impl_get_opts("posix", opts, &size);
}

static void
fill_subsystem(struct spdk_nvmf_subsystem_opts *opts, size_t size)
{
	spdk_nvmf_subsystem_opts_init(SPDK_NVMF_SUBTYPE_NVME, opts, size);
}

static void
fill_transport(struct spdk_nvmf_transport_opts *opts, size_t size)
{
	spdk_nvmf_transport_opts_init("TCP", opts, size);
}

typedef void (*fill_fn)(void *opts, size_t size);

struct filler {
	const char *name;
	fill_fn fill;
	size_t size;
	size_t least; /* with fewer bytes it can't hold its own size */
	size_t size_at;
	size_t size_len; /* 0: the struct does not hold its size */
};

/* clang-format off */
#define SIZED(ctype, field, fn) { \
	#fn, (fill_fn)fn, sizeof(ctype), offsetof(ctype, field) + sizeof(((ctype *)0)->field), \
	offsetof(ctype, field), sizeof(((ctype *)0)->field) }
/* clang-format on */

static const struct filler g_fillers[] = {
	SIZED(struct spdk_app_opts, opts_size, spdk_app_opts_init),
	SIZED(struct spdk_bdev_claim_opts, opts_size, spdk_bdev_claim_opts_init),
	SIZED(struct spdk_bdev_open_opts, size, spdk_bdev_open_opts_init),
	SIZED(struct spdk_bdev_opts, opts_size, spdk_bdev_get_opts),
	SIZED(struct spdk_env_opts, opts_size, fill_env),
	SIZED(struct spdk_event_handler_opts, opts_size,
	      spdk_fd_group_get_default_event_handler_opts),
	SIZED(struct spdk_iobuf_opts, opts_size, spdk_iobuf_get_opts),
	SIZED(struct spdk_nvme_ctrlr_opts, opts_size, spdk_nvme_ctrlr_get_default_ctrlr_opts),
	SIZED(struct spdk_nvme_transport_opts, opts_size, spdk_nvme_transport_get_opts),
	SIZED(struct spdk_nvmf_listen_opts, opts_size, spdk_nvmf_listen_opts_init),
	SIZED(struct spdk_nvmf_listener_opts, opts_size, spdk_nvmf_subsystem_listener_opts_init),
	SIZED(struct spdk_nvmf_ns_opts, opts_size, spdk_nvmf_ns_opts_get_defaults),
	SIZED(struct spdk_nvmf_subsystem_opts, opts_size, fill_subsystem),
	SIZED(struct spdk_nvmf_transport_opts, opts_size, fill_transport),
	SIZED(struct spdk_sock_opts, opts_size, fill_sock),
	{ "spdk_sock_impl_get_opts", (fill_fn)fill_sock_impl, sizeof(struct spdk_sock_impl_opts), 1,
	  0, 0 },
};

/* Whether `have` holds below size what a whole struct holds there, but for the size itself, and
 * nothing behind it. A field that size cuts may be there, in part, or not. */
static bool
filled_to(const struct filler *f, const uint8_t *have, const uint8_t *whole, size_t size)
{
	size_t i;

	for (i = 0; i < ROOM; i++) {
		bool is_size = i >= f->size_at && i < f->size_at + f->size_len;
		bool is_cut = i + 8 >= size || i >= f->size;

		if (i >= size ? have[i] != GUARD : !is_size && !is_cut && have[i] != whole[i]) {
			printf("# %s with %zu of %zu bytes: byte %zu is 0x%02x\n", f->name, size,
			       f->size, i, have[i]);
			return false;
		}
	}
	return true;
}

static bool
size_is(const struct filler *f, const uint8_t *have, size_t size)
{
	size_t said;

	memcpy(&said, have + f->size_at, sizeof(said));
	return f->size_len != sizeof(said) || said == size;
}

static void
check_filler(const struct filler *f)
{
	uint8_t whole[ROOM], have[ROOM], none[ROOM];
	bool small = true, sized = true;
	size_t size;

	memset(none, GUARD, sizeof(none));
	memset(whole, GUARD, sizeof(whole));
	f->fill(whole, f->size);
	report(memcmp(whole, none, f->size) != 0, "fills", f->name);
	for (size = f->least; size < f->size; size++) {
		memset(have, GUARD, sizeof(have));
		f->fill(have, size);
		small = small && filled_to(f, have, whole, size);
		sized = sized && size_is(f, have, size);
	}
	report(small, "a smaller struct gets its bytes and no others", f->name);
	report(sized, "a smaller struct keeps its size", f->name);
	memset(have, GUARD, sizeof(have));
	f->fill(have, f->size + EXCESS);
	report(filled_to(f, have, whole, f->size + EXCESS), "a larger struct gets what there is",
	       f->name);
	if (f->fill == (fill_fn)fill_env) {
		return; /* programs older than the field never set it: it counts as the header's */
	}
	memset(have, GUARD, sizeof(have));
	f->fill(have, 0);
	memset(have + f->size_at, GUARD, f->size_len);
	report(memcmp(have, none, sizeof(have)) == 0, "a size of 0: nothing is written", f->name);
}

/* ---- Functions that take one ---- */

static struct spdk_nvmf_tgt *g_tgt;
static struct spdk_nvmf_subsystem *g_subsystem;
static int g_listen_status;

static void
listen_done(void *arg, int status)
{
	g_listen_status = status;
}

static struct spdk_nvme_transport_id
a_trid(void)
{
	struct spdk_nvme_transport_id trid = {};

	spdk_nvme_trid_populate_transport(&trid, SPDK_NVME_TRANSPORT_TCP);
	trid.adrfam = SPDK_NVMF_ADRFAM_IPV4;
	snprintf(trid.traddr, sizeof(trid.traddr), "127.0.0.1");
	snprintf(trid.trsvcid, sizeof(trid.trsvcid), "%d", 14960 + getpid() % 40);
	return trid;
}

static void
bdev_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
}

static int
zero_bdev_open(void)
{
	struct spdk_bdev_open_opts opts = {};
	struct spdk_bdev_desc *desc = NULL;
	int rc = spdk_bdev_open_ext_v2("n0", false, bdev_event, NULL, &opts, &desc);

	if (rc == 0) {
		spdk_bdev_close(desc);
	}
	return rc;
}

static int
with_bdev(int (*fn)(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch))
{
	struct spdk_bdev_desc *desc = NULL;
	struct spdk_io_channel *ch;
	int rc = spdk_bdev_open_ext("n0", true, bdev_event, NULL, &desc);

	if (rc != 0) {
		return rc;
	}
	ch = spdk_bdev_get_io_channel(desc);
	rc = fn(desc, ch);
	spdk_put_io_channel(ch);
	spdk_bdev_close(desc);
	return rc;
}

static int
claim_with_zero(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch)
{
	static struct spdk_bdev_module module = { .name = "opts" };
	struct spdk_bdev_claim_opts opts = {};

	return spdk_bdev_module_claim_bdev_desc(desc, SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE, &opts,
	                                        &module);
}

static int
zero_claim(void)
{
	return with_bdev(claim_with_zero);
}

static void
io_done(struct spdk_bdev_io *bdev_io, bool success, void *arg)
{
	spdk_bdev_free_io(bdev_io);
}

static int
read_with_zero(struct spdk_bdev_desc *desc, struct spdk_io_channel *ch)
{
	static uint8_t block[512];
	static struct iovec iov = { block, sizeof(block) };
	static struct spdk_bdev_ext_io_opts opts;

	return spdk_bdev_readv_blocks_ext(desc, ch, &iov, 1, 0, 1, io_done, NULL, &opts);
}

static int
zero_ext_io(void)
{
	return with_bdev(read_with_zero);
}

static int
zero_bdev_set(void)
{
	struct spdk_bdev_opts opts = {};

	return spdk_bdev_set_opts(&opts);
}

static int
zero_iobuf_set(void)
{
	struct spdk_iobuf_opts opts = {};

	return spdk_iobuf_set_opts(&opts);
}

static int
zero_nvme_transport_set(void)
{
	struct spdk_nvme_transport_opts opts = {};

	return spdk_nvme_transport_set_opts(&opts, sizeof(opts)) == -EINVAL
	               ? spdk_nvme_transport_set_opts(&opts, 0)
	               : 0;
}

static int
zero_sock_impl_set(void)
{
	struct spdk_sock_impl_opts opts = {};

	return spdk_sock_impl_set_opts("posix", &opts, 0) == 0 ? 0 : -errno;
}

static int
zero_sock_connect(void)
{
	struct spdk_sock_opts opts = {};
	struct spdk_sock *sock;

	errno = 0;
	sock = spdk_sock_listen_ext("127.0.0.1", 0, "posix", &opts);
	if (sock != NULL) {
		spdk_sock_close(&sock);
		return 0;
	}
	return -errno;
}

static int
never_ready(void *arg)
{
	return 0;
}

static int
zero_event_handler(void)
{
	struct spdk_event_handler_opts opts = {};
	struct spdk_fd_group *fgrp;
	int rc = spdk_fd_group_create(&fgrp);

	if (rc != 0) {
		return rc;
	}
	rc = spdk_fd_group_add_ext(fgrp, 0, never_ready, NULL, "opts", &opts);
	if (rc == 0) {
		spdk_fd_group_remove(fgrp, 0);
	}
	spdk_fd_group_destroy(fgrp);
	return rc;
}

static int
zero_rpc(void)
{
	struct spdk_rpc_opts opts = {};

	return spdk_rpc_initialize("/var/tmp/basalt-opts-none.sock", &opts);
}

static int
zero_nvmf_transport(void)
{
	struct spdk_nvmf_transport_opts opts = {};

	return spdk_nvmf_transport_create("TCP", &opts) == NULL ? -EINVAL : 0;
}

static int
zero_nvmf_listen(void)
{
	struct spdk_nvme_transport_id trid = a_trid();
	struct spdk_nvmf_listen_opts opts = {};

	return spdk_nvmf_tgt_listen_ext(g_tgt, &trid, &opts);
}

static int
zero_nvmf_listener(void)
{
	struct spdk_nvme_transport_id trid = a_trid();
	struct spdk_nvmf_listener_opts opts = {};
	struct spdk_nvmf_listen_opts listen;

	spdk_nvmf_listen_opts_init(&listen, sizeof(listen));
	if (spdk_nvmf_tgt_listen_ext(g_tgt, &trid, &listen) != 0) {
		return -EADDRINUSE;
	}
	g_listen_status = 0;
	spdk_nvmf_subsystem_add_listener_ext(g_subsystem, &trid, listen_done, NULL, &opts);
	return g_listen_status;
}

static int
zero_nvmf_subsystem(void)
{
	struct spdk_nvmf_subsystem_opts opts = {};
	struct spdk_nvmf_subsystem *subsystem = spdk_nvmf_subsystem_create_ext(
	        g_tgt, "nqn.2026-11.io.basalt:zero", SPDK_NVMF_SUBTYPE_NVME, &opts);

	if (subsystem == NULL) {
		return -EINVAL;
	}
	spdk_nvmf_subsystem_destroy(subsystem, NULL, NULL);
	return 0;
}

static int
zero_nvmf_ns(void)
{
	struct spdk_nvmf_ns_opts opts = {};

	return spdk_nvmf_subsystem_add_ns_ext(g_subsystem, "n0", &opts, 0, NULL) == 0 ? -EINVAL : 0;
}

static int
zero_nvmf_tgt(void)
{
	struct spdk_nvmf_target_opts opts = { .name = "zero" };
	struct spdk_nvmf_tgt *tgt = spdk_nvmf_tgt_create(&opts);

	if (tgt != NULL) {
		spdk_nvmf_tgt_destroy(tgt, NULL, NULL);
		return 0;
	}
	return -EINVAL;
}

static int
zero_env(void)
{
	struct spdk_env_opts opts = {};

	return spdk_env_init(&opts);
}

static void
started_with_zero(void *arg)
{
	spdk_app_stop(0);
}

static int
zero_app(void)
{
	struct spdk_app_opts opts = { .name = "zero" };
	int rc = spdk_app_start(&opts, started_with_zero, NULL);

	spdk_app_fini();
	return rc == 0 ? 0 : -EINVAL;
}

struct taker {
	const char *name;
	int (*zero)(void);
};

static const struct taker g_takers[] = {
	{ "spdk_bdev_open_ext_v2", zero_bdev_open },
	{ "spdk_bdev_module_claim_bdev_desc", zero_claim },
	{ "spdk_bdev_readv_blocks_ext", zero_ext_io },
	{ "spdk_bdev_set_opts", zero_bdev_set },
	{ "spdk_iobuf_set_opts", zero_iobuf_set },
	{ "spdk_nvme_transport_set_opts", zero_nvme_transport_set },
	{ "spdk_nvmf_subsystem_add_listener_ext", zero_nvmf_listener },
	{ "spdk_nvmf_subsystem_add_ns_ext", zero_nvmf_ns },
	{ "spdk_nvmf_subsystem_create_ext", zero_nvmf_subsystem },
	{ "spdk_nvmf_tgt_create", zero_nvmf_tgt },
	{ "spdk_nvmf_tgt_listen_ext", zero_nvmf_listen },
	{ "spdk_nvmf_transport_create", zero_nvmf_transport },
	{ "spdk_rpc_initialize", zero_rpc },
	{ "spdk_sock_impl_set_opts", zero_sock_impl_set },
	{ "spdk_sock_listen_ext", zero_sock_connect },
	{ "spdk_fd_group_add_ext", zero_event_handler },
};

/* Those that a running program can't call. */
static const struct taker g_early_takers[] = {
	{ "spdk_env_init", zero_env },
	{ "spdk_app_start", zero_app },
};

static void
check_taker(const struct taker *t)
{
	int rc = t->zero();

	if (rc != -EINVAL) {
		printf("# %s with a size of 0: %d\n", t->name, rc);
	}
	report(rc == -EINVAL, "a size of 0 is -EINVAL", t->name);
}

/* Fields behind the size that is told keep their value; bytes behind ours are not looked at. */
static void
check_iobuf_set(void)
{
	uint8_t raw[sizeof(struct spdk_iobuf_opts) + EXCESS];
	struct spdk_iobuf_opts before, after, *given = (void *)raw;

	memset(raw, GUARD, sizeof(raw));
	spdk_iobuf_get_opts(&before, sizeof(before));
	spdk_iobuf_get_opts(given, sizeof(*given));
	given->small_pool_count++;
	given->enable_numa = !before.enable_numa;
	given->opts_size = offsetof(struct spdk_iobuf_opts, enable_numa);
	report(spdk_iobuf_set_opts(given) == 0, "a smaller struct is taken", "spdk_iobuf_set_opts");
	spdk_iobuf_get_opts(&after, sizeof(after));
	report(after.small_pool_count == before.small_pool_count + 1 &&
	               after.enable_numa == before.enable_numa,
	       "what it lacks keeps its value", "spdk_iobuf_set_opts");
	*given = before;
	given->opts_size = sizeof(raw);
	report(spdk_iobuf_set_opts(given) == 0, "a larger struct is taken", "spdk_iobuf_set_opts");
	spdk_iobuf_get_opts(&after, sizeof(after));
	report(after.small_pool_count == before.small_pool_count, "and its fields are",
	       "spdk_iobuf_set_opts");
}

static void
transport_added(void *arg, int status)
{
	size_t i;

	for (i = 0; status == 0 && i < SPDK_COUNTOF(g_fillers); i++) {
		check_filler(&g_fillers[i]);
	}
	for (i = 0; status == 0 && i < SPDK_COUNTOF(g_takers); i++) {
		check_taker(&g_takers[i]);
	}
	check_iobuf_set();
	spdk_nvmf_subsystem_destroy(g_subsystem, NULL, NULL);
	spdk_nvmf_tgt_destroy(g_tgt, NULL, NULL);
	spdk_app_stop(status);
}

static void
started(void *arg)
{
	struct spdk_nvmf_target_opts opts = { .size = sizeof(opts), .name = "opts" };
	struct spdk_nvmf_transport_opts tcp;
	struct spdk_nvmf_transport *transport;

	spdk_nvmf_transport_opts_init("TCP", &tcp, sizeof(tcp));
	transport = spdk_nvmf_transport_create("TCP", &tcp);
	g_tgt = spdk_nvmf_tgt_create(&opts);
	if (transport == NULL || g_tgt == NULL) {
		spdk_app_stop(-ENOMEM);
		return;
	}
	g_subsystem = spdk_nvmf_subsystem_create_ext(g_tgt, "nqn.2026-11.io.basalt:opts",
	                                             SPDK_NVMF_SUBTYPE_NVME, NULL);
	if (g_subsystem == NULL) {
		spdk_app_stop(-ENOMEM);
		return;
	}
	spdk_nvmf_tgt_add_transport(g_tgt, transport, transport_added, NULL);
}

int
main(void)
{
	static char config[] = "{\"subsystems\":[{\"subsystem\":\"bdev\",\"config\":[{\"method\":"
	                       "\"bdev_null_create\",\"params\":{\"name\":\"n0\",\"num_blocks\":8,"
	                       "\"block_size\":512}}]}]}";
	struct spdk_app_opts opts;
	size_t i;
	int rc;

	for (i = 0; i < SPDK_COUNTOF(g_early_takers); i++) {
		check_taker(&g_early_takers[i]);
	}
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "opts";
	opts.rpc_addr = NULL;
	opts.json_data = config;
	opts.json_data_size = strlen(config);
	rc = spdk_app_start(&opts, started, NULL);
	spdk_app_fini();
	report(rc == 0, "starts and stops", "the program");
	printf("1..%d\n", g_num);
	return g_failed != 0;
}
