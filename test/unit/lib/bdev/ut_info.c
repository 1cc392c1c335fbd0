/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What a bdev, a descriptor and an I/O say of themselves, and the statuses that a module gives and
 * an owner reads. Each value differs from 0 and from its neighbours. */

#include "ut_bdev.h"

#include "spdk/dma.h"
#include "spdk/json.h"
#include "spdk/nvme_spec.h"
#include "spdk/scsi_spec.h"

static int
setup(void **state)
{
	ut_bdev_start(1, NULL);
	return 0;
}

static int
teardown(void **state)
{
	ut_bdev_stop();
	return 0;
}

static int g_module_ctx;

static void *
get_module_ctx(void *ctx)
{
	assert_non_null(ctx);
	return &g_module_ctx;
}

static int
get_memory_domains(void *ctx, struct spdk_memory_domain **domains, int array_size)
{
	if (domains != NULL && array_size > 0) {
		domains[0] = spdk_memory_domain_get_system_domain();
	}
	return 1;
}

static int
get_memory_domain_types(void *ctx, enum spdk_dma_device_type *types, uint32_t array_size)
{
	if (types != NULL && array_size > 1) {
		types[0] = SPDK_DMA_DEVICE_TYPE_RDMA;
		types[1] = SPDK_DMA_DEVICE_TYPE_DMA;
	}
	return 2;
}

static int
dump_info(void *ctx, struct spdk_json_write_ctx *w)
{
	spdk_json_write_named_string(w, "of", ((struct leaf *)ctx)->bdev.name);
	return 7;
}

static struct spdk_bdev_fn_table g_table;

/* Metadata beside the data, of 8 bytes, with protection. */
static void
tune(struct leaf *leaf)
{
	struct spdk_bdev *b = &leaf->bdev;

	g_table = *b->fn_table;
	g_table.get_module_ctx = get_module_ctx;
	g_table.get_memory_domains = get_memory_domains;
	g_table.get_memory_domain_types = get_memory_domain_types;
	g_table.dump_info_json = dump_info;
	b->fn_table = &g_table;
	b->md_len = 8;
	b->dif_type = SPDK_DIF_TYPE2;
	b->dif_pi_format = SPDK_DIF_PI_FORMAT_64;
	b->dif_is_head_of_md = true;
	b->dif_check_flags = SPDK_DIF_FLAGS_APPTAG_CHECK;
	b->write_cache = 1;
	b->acwu = 5;
	b->write_unit_size = 2;
	b->phys_blocklen = 4096;
	b->required_alignment = 6;
	b->optimal_io_boundary = 32;
	b->preferred_write_alignment = 11;
	b->preferred_write_granularity = 12;
	b->optimal_write_size = 13;
	b->preferred_unmap_alignment = 14;
	b->preferred_unmap_granularity = 15;
	b->csi = SPDK_NVME_CSI_ZNS;
	b->ctratt.raw = 0x80;
	b->nsid = 17;
	b->numa.id_valid = 1;
	b->numa.id = 3;
}

static void
test_bdev_facts(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, tune);
	struct spdk_bdev *b = &leaf->bdev, plain = {};

	assert_string_equal(spdk_bdev_get_module_name(b), "leaf");
	assert_string_equal(spdk_bdev_get_product_name(b), "leaf");
	assert_int_equal(spdk_bdev_get_buf_align(b), 64);
	assert_int_equal(spdk_bdev_get_optimal_io_boundary(b), 32);
	assert_true(spdk_bdev_has_write_cache(b));
	assert_false(spdk_bdev_has_write_cache(&plain));
	assert_int_equal(spdk_bdev_get_acwu(b), 5);
	assert_int_equal(spdk_bdev_get_write_unit_size(b), 2);
	assert_int_equal(spdk_bdev_get_physical_block_size(b), 4096);
	assert_int_equal(spdk_bdev_get_preferred_write_alignment(b), 11);
	assert_int_equal(spdk_bdev_get_preferred_write_granularity(b), 12);
	assert_int_equal(spdk_bdev_get_optimal_write_size(b), 13);
	assert_int_equal(spdk_bdev_get_preferred_unmap_alignment(b), 14);
	assert_int_equal(spdk_bdev_get_preferred_unmap_granularity(b), 15);
	assert_int_equal(spdk_bdev_get_nvme_csi(b), SPDK_NVME_CSI_ZNS);
	assert_int_equal(spdk_bdev_get_nvme_ctratt(b).raw, 0x80);
	assert_int_equal(spdk_bdev_get_nvme_nsid(b), 17);
	assert_int_equal(spdk_bdev_get_numa_id(b), 3);
	assert_int_equal(spdk_bdev_get_numa_id(&plain), SPDK_ENV_NUMA_ID_ANY);
	assert_false(spdk_bdev_is_zoned(b));
	plain.zoned = true;
	assert_true(spdk_bdev_is_zoned(&plain));
	leaf_delete(leaf);
}

static void
test_metadata_facts(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, tune);
	struct spdk_bdev *b = &leaf->bdev;
	struct spdk_bdev interleaved = { .blocklen = 520, .md_len = 8, .md_interleave = true };
	struct ut_open o;

	ut_open(&o, "L");
	assert_int_equal(spdk_bdev_get_md_size(b), 8);
	assert_true(spdk_bdev_is_md_separate(b));
	assert_false(spdk_bdev_is_md_interleaved(b));
	assert_true(spdk_bdev_is_md_interleaved(&interleaved));
	assert_int_equal(spdk_bdev_get_data_block_size(&interleaved), 512);
	assert_int_equal(spdk_bdev_get_dif_type(b), SPDK_DIF_TYPE2);
	assert_int_equal(spdk_bdev_get_dif_pi_format(b), SPDK_DIF_PI_FORMAT_64);
	assert_true(spdk_bdev_is_dif_head_of_md(b));
	assert_false(spdk_bdev_is_dif_head_of_md(&interleaved));
	assert_true(spdk_bdev_is_dif_check_enabled(b, SPDK_DIF_CHECK_TYPE_APPTAG));
	assert_false(spdk_bdev_is_dif_check_enabled(b, SPDK_DIF_CHECK_TYPE_REFTAG));
	assert_false(spdk_bdev_is_dif_check_enabled(b, SPDK_DIF_CHECK_TYPE_GUARD));

	assert_int_equal(spdk_bdev_desc_get_block_size(o.desc), LEAF_BLOCK);
	assert_int_equal(spdk_bdev_desc_get_md_size(o.desc), 8);
	assert_true(spdk_bdev_desc_is_md_separate(o.desc));
	assert_false(spdk_bdev_desc_is_md_interleaved(o.desc));
	assert_int_equal(spdk_bdev_desc_get_dif_type(o.desc), SPDK_DIF_TYPE2);
	assert_int_equal(spdk_bdev_desc_get_dif_pi_format(o.desc), SPDK_DIF_PI_FORMAT_64);
	assert_true(spdk_bdev_desc_is_dif_head_of_md(o.desc));
	assert_true(spdk_bdev_desc_is_dif_check_enabled(o.desc, SPDK_DIF_CHECK_TYPE_APPTAG));
	assert_false(spdk_bdev_desc_is_dif_check_enabled(o.desc, SPDK_DIF_CHECK_TYPE_GUARD));
	assert_false(spdk_bdev_desc_hide_metadata(o.desc));
	ut_close(&o);
	leaf_delete(leaf);
}

static void
tune_interleaved(struct leaf *leaf)
{
	leaf->bdev.blocklen = 520;
	leaf->bdev.md_len = 8;
	leaf->bdev.md_interleave = true;
}

static void
test_desc_interleaved(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, tune_interleaved);
	struct ut_open o;

	ut_open(&o, "L");
	assert_true(spdk_bdev_desc_is_md_interleaved(o.desc));
	assert_false(spdk_bdev_desc_is_md_separate(o.desc));
	assert_false(spdk_bdev_desc_is_dif_head_of_md(o.desc));
	assert_int_equal(spdk_bdev_desc_get_block_size(o.desc), 520);
	ut_close(&o);
	leaf_delete(leaf);
}

static void
no_event(enum spdk_bdev_event_type type, struct spdk_bdev *bdev, void *ctx)
{
}

static void
test_module_facts(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, tune), *bare = leaf_new("B", 64, NULL);
	struct spdk_memory_domain *domains[1] = {};
	enum spdk_dma_device_type types[2] = {};
	struct spdk_bdev_open_opts opts;
	struct spdk_bdev_desc *desc;
	struct ut_open o, b;

	ut_open(&o, "L");
	ut_open(&b, "B");
	assert_ptr_equal(spdk_bdev_get_module_ctx(o.desc), &g_module_ctx);
	assert_null(spdk_bdev_get_module_ctx(b.desc));
	assert_int_equal(spdk_bdev_get_memory_domains(o.bdev, domains, 1), 1);
	assert_ptr_equal(domains[0], spdk_memory_domain_get_system_domain());
	assert_int_equal(spdk_bdev_get_memory_domains(b.bdev, domains, 1), 0);
	assert_int_equal(spdk_bdev_get_memory_domain_types(o.bdev, types, 2), 2);
	assert_int_equal(types[0], SPDK_DMA_DEVICE_TYPE_RDMA);
	assert_int_equal(types[1], SPDK_DMA_DEVICE_TYPE_DMA);
	assert_int_equal(spdk_bdev_get_memory_domain_types(b.bdev, types, 2), 0);
	assert_int_equal(spdk_bdev_dump_info_json(b.bdev, NULL), 0);
	assert_ptr_equal(spdk_bdev_module_list_find("leaf"), leaf->bdev.module);
	assert_null(spdk_bdev_module_list_find("leaves"));
	assert_int_equal(spdk_bdev_get_io_type("write_zeroes"), SPDK_BDEV_IO_TYPE_WRITE_ZEROES);
	assert_int_equal(spdk_bdev_get_io_type("abort"), SPDK_BDEV_IO_TYPE_ABORT);
	assert_int_equal(spdk_bdev_get_io_type("Read"), -1);
	assert_string_equal(spdk_bdev_get_io_type_name(SPDK_BDEV_IO_TYPE_ABORT), "abort");
	assert_null(spdk_bdev_get_io_type_name(SPDK_BDEV_IO_TYPE_INVALID));
	assert_null(spdk_bdev_get_io_type_name(SPDK_BDEV_NUM_IO_TYPES));

	spdk_bdev_open_opts_init(&opts, sizeof(opts));
	opts.hide_metadata = true;
	assert_int_equal(spdk_bdev_open_ext_v2("L", false, no_event, NULL, &opts, &desc), 0);
	assert_true(spdk_bdev_desc_hide_metadata(desc));
	spdk_bdev_close(desc);
	ut_close(&b);
	ut_close(&o);
	leaf_delete(bare);
	leaf_delete(leaf);
}

static int
collect(void *ctx, const void *data, size_t size)
{
	strncat(ctx, data, size);
	return 0;
}

static void
test_dump(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, tune);
	struct spdk_json_write_ctx *w;
	char text[64] = "";

	w = spdk_json_write_begin(collect, text, 0);
	spdk_json_write_object_begin(w);
	assert_int_equal(spdk_bdev_dump_info_json(&leaf->bdev, w), 7);
	spdk_json_write_object_end(w);
	assert_int_equal(spdk_json_write_end(w), 0);
	assert_string_equal(text, "{\"of\":\"L\"}");
	leaf_delete(leaf);
}

static void
test_aliases(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	const struct spdk_bdev_aliases_list *list = spdk_bdev_get_aliases(&leaf->bdev);
	struct spdk_bdev_alias *alias;
	uint32_t num = 0;

	assert_non_null(list);
	assert_int_equal(spdk_bdev_alias_add(&leaf->bdev, "a1"), 0);
	assert_int_equal(spdk_bdev_alias_add(&leaf->bdev, "a2"), 0);
	TAILQ_FOREACH(alias, list, tailq) {
		num += spdk_bdev_get_by_name(alias->alias.name) == &leaf->bdev;
	}
	assert_true(num >= 2);
	spdk_bdev_alias_del_all(&leaf->bdev);
	assert_true(TAILQ_EMPTY(list));
	assert_null(spdk_bdev_get_by_name("a1"));
	leaf_delete(leaf);
}

static void
test_next_leaf(void **state)
{
	struct leaf *low = leaf_new("A", 64, NULL), *high = leaf_new("B", 64, NULL);
	struct ut_open o;

	assert_ptr_equal(spdk_bdev_first_leaf(), &low->bdev);
	assert_ptr_equal(spdk_bdev_next_leaf(&low->bdev), &high->bdev);
	assert_null(spdk_bdev_next_leaf(&high->bdev));
	ut_open(&o, "B");
	assert_int_equal(spdk_bdev_module_claim_bdev(&high->bdev, o.desc, low->bdev.module), 0);
	assert_null(spdk_bdev_next_leaf(&low->bdev));
	assert_ptr_equal(spdk_bdev_next(&low->bdev), &high->bdev);
	spdk_bdev_module_release_bdev(&high->bdev);
	ut_close(&o);
	leaf_delete(high);
	leaf_delete(low);
}

/* ---- Of an I/O ---- */

static void
test_io_facts(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, tune);
	char buf[4 * LEAF_BLOCK] = {}, other[LEAF_BLOCK], md[32] = {}, md2[32];
	struct ut_io w = {};
	struct spdk_bdev_io *io;
	struct iovec *iov;
	struct ut_open o;
	int iovcnt;

	ut_open(&o, "L");
	leaf->hold = true;
	env_sim_advance_us(5);
	assert_int_equal(
	        spdk_bdev_write_blocks_with_md(o.desc, o.ch, buf, md, 8, 4, ut_io_done, &w), 0);
	io = leaf->held[0];
	assert_ptr_equal(spdk_bdev_io_get_cb_arg(io), &w);
	assert_ptr_equal(spdk_bdev_io_get_io_channel(io), o.ch);
	assert_ptr_equal(spdk_bdev_io_get_thread(io), spdk_get_thread());
	assert_ptr_equal(spdk_bdev_io_get_md_buf(io), md);
	assert_int_equal(spdk_bdev_io_get_block_size(io), LEAF_BLOCK);
	assert_int_equal(spdk_bdev_io_get_submit_tsc(io), spdk_get_ticks());
	assert_false(spdk_bdev_io_hide_metadata(io));
	spdk_bdev_io_set_buf(io, other, sizeof(other));
	spdk_bdev_io_set_md_buf(io, md2, sizeof(md2));
	spdk_bdev_io_get_iovec(io, &iov, &iovcnt);
	assert_int_equal(iovcnt, 1);
	assert_ptr_equal(iov->iov_base, other);
	assert_int_equal(iov->iov_len, sizeof(other));
	assert_ptr_equal(spdk_bdev_io_get_md_buf(io), md2);
	spdk_bdev_io_set_buf(io, buf, sizeof(buf));
	leaf_release(leaf, 1);
	poll_threads();
	assert_true(w.success);
	ut_close(&o);
	leaf_delete(leaf);
}

static void
test_io_hides_metadata(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	struct spdk_bdev_open_opts opts;
	struct spdk_io_channel *ch;
	struct spdk_bdev_desc *desc;
	char buf[LEAF_BLOCK] = {};
	struct ut_io w = {};

	spdk_bdev_open_opts_init(&opts, sizeof(opts));
	opts.hide_metadata = true;
	assert_int_equal(spdk_bdev_open_ext_v2("L", true, no_event, NULL, &opts, &desc), 0);
	ch = spdk_bdev_get_io_channel(desc);
	leaf->hold = true;
	assert_int_equal(spdk_bdev_write_blocks(desc, ch, buf, 0, 1, ut_io_done, &w), 0);
	assert_true(spdk_bdev_io_hide_metadata(leaf->held[0]));
	leaf_release(leaf, 1);
	poll_threads();
	assert_int_equal(w.done, 1);
	spdk_put_io_channel(ch);
	spdk_bdev_close(desc);
	leaf_delete(leaf);
}

/* ---- Statuses ---- */

struct seen {
	bool done;
	int sct, sc, aio;
	uint32_t cdw0;
	int scsi[4];
};

static void
look(struct spdk_bdev_io *io, bool success, void *arg)
{
	struct seen *s = arg;

	s->done = true;
	spdk_bdev_io_get_nvme_status(io, &s->cdw0, &s->sct, &s->sc);
	spdk_bdev_io_get_scsi_status(io, &s->scsi[0], &s->scsi[1], &s->scsi[2], &s->scsi[3]);
	spdk_bdev_io_get_aio_status(io, &s->aio);
	spdk_bdev_free_io(io);
}

/* A held write that the test itself completes. */
static struct spdk_bdev_io *
held_io(struct leaf *leaf, struct ut_open *o, struct seen *s)
{
	static char buf[LEAF_BLOCK];

	memset(s, 0, sizeof(*s));
	leaf->hold = true;
	assert_int_equal(spdk_bdev_write_blocks(o->desc, o->ch, buf, 0, 1, look, s), 0);
	assert_int_equal(leaf->num_held, 1);
	leaf->num_held = 0;
	return leaf->held[0];
}

static void
assert_scsi(const struct seen *s, int sc, int sk, int asc, int ascq)
{
	assert_true(s->done);
	assert_int_equal(s->scsi[0], sc);
	assert_int_equal(s->scsi[1], sk);
	assert_int_equal(s->scsi[2], asc);
	assert_int_equal(s->scsi[3], ascq);
}

static void
test_statuses(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	struct spdk_bdev_io *io, *base;
	struct seen s, of_base;
	struct ut_open o;
	int scsi[4];

	ut_open(&o, "L");
	io = held_io(leaf, &o, &s);
	assert_int_equal(spdk_bdev_io_set_aio_status(io, 0), SPDK_BDEV_IO_STATUS_SUCCESS);
	assert_int_equal(spdk_bdev_io_set_aio_status(io, -ENOSPC), SPDK_BDEV_IO_STATUS_AIO_ERROR);
	spdk_bdev_io_complete_aio_status(io, -ENOSPC);
	poll_threads();
	assert_int_equal(s.aio, -ENOSPC);
	assert_int_equal(s.sc, SPDK_NVME_SC_CAPACITY_EXCEEDED);

	io = held_io(leaf, &o, &s);
	assert_int_equal(spdk_bdev_io_set_scsi_status(io, SPDK_SCSI_STATUS_GOOD, 0, 0, 0),
	                 SPDK_BDEV_IO_STATUS_SUCCESS);
	assert_int_equal(spdk_bdev_io_set_scsi_status(io, SPDK_SCSI_STATUS_BUSY, 1, 2, 3),
	                 SPDK_BDEV_IO_STATUS_SCSI_ERROR);
	spdk_bdev_io_complete_scsi_status(io, SPDK_SCSI_STATUS_CHECK_CONDITION,
	                                  SPDK_SCSI_SENSE_NOT_READY, 4, 9);
	poll_threads();
	assert_scsi(&s, SPDK_SCSI_STATUS_CHECK_CONDITION, SPDK_SCSI_SENSE_NOT_READY, 4, 9);
	assert_int_equal(s.aio, -EIO);

	base = held_io(leaf, &o, &of_base);
	io = held_io(leaf, &o, &s);
	assert_int_equal(spdk_bdev_io_set_nvme_status(base, 0, 0, 0), SPDK_BDEV_IO_STATUS_SUCCESS);
	assert_int_equal(spdk_bdev_io_set_nvme_status(base, 6, 0, SPDK_NVME_SC_ABORTED_BY_REQUEST),
	                 SPDK_BDEV_IO_STATUS_ABORTED);
	spdk_bdev_io_complete_nvme_status(base, 6, SPDK_NVME_SCT_MEDIA_ERROR,
	                                  SPDK_NVME_SC_ACCESS_DENIED);
	spdk_scsi_nvme_translate(base, &scsi[0], &scsi[1], &scsi[2], &scsi[3]);
	assert_int_equal(scsi[1], SPDK_SCSI_SENSE_DATA_PROTECT);
	assert_int_equal(spdk_bdev_io_set_base_io_status(io, base), SPDK_BDEV_IO_STATUS_NVME_ERROR);
	spdk_bdev_io_complete_base_io_status(io, base);
	poll_threads();
	assert_true(s.done && of_base.done);
	assert_int_equal(s.cdw0, 6);
	assert_int_equal(s.sct, SPDK_NVME_SCT_MEDIA_ERROR);
	assert_int_equal(s.sc, SPDK_NVME_SC_ACCESS_DENIED);
	assert_scsi(&s, SPDK_SCSI_STATUS_CHECK_CONDITION, SPDK_SCSI_SENSE_DATA_PROTECT,
	            SPDK_SCSI_ASC_ACCESS_DENIED, SPDK_SCSI_ASCQ_NO_ACCESS_RIGHTS);
	ut_close(&o);
	leaf_delete(leaf);
}

/* ---- Every way to submit ---- */

static void
test_bytes(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, NULL);
	char a[LEAF_BLOCK], b[LEAF_BLOCK], back[2 * LEAF_BLOCK] = {};
	struct iovec w[2] = { { a, sizeof(a) }, { b, sizeof(b) } };
	struct iovec r[1] = { { back, sizeof(back) } };
	struct ut_open o;
	struct ut_io io = {};

	memset(a, 1, sizeof(a));
	memset(b, 2, sizeof(b));
	ut_open(&o, "L");
	assert_int_equal(spdk_bdev_writev(o.desc, o.ch, w, 2, 512, 1024, ut_io_done, &io), 0);
	poll_threads();
	assert_int_equal(spdk_bdev_readv(o.desc, o.ch, r, 1, 512, 1024, ut_io_done, &io), 0);
	poll_threads();
	assert_memory_equal(back, a, sizeof(a));
	assert_memory_equal(back + 512, b, sizeof(b));
	assert_int_equal(spdk_bdev_flush(o.desc, o.ch, 0, 2048, ut_io_done, &io), 0);
	assert_int_equal(spdk_bdev_unmap(o.desc, o.ch, 512, 512, ut_io_done, &io), 0);
	assert_int_equal(spdk_bdev_write_zeroes(o.desc, o.ch, 1024, 512, ut_io_done, &io), 0);
	poll_threads();
	assert_string_equal(leaf->trace, "W1+2 R1+2 F0+4 U1+1 Z2+1");
	assert_int_equal(io.done, 5);
	assert_int_equal(spdk_bdev_writev(o.desc, o.ch, w, 2, 511, 1024, ut_io_done, &io), -EINVAL);
	assert_int_equal(spdk_bdev_flush(o.desc, o.ch, 1, 512, ut_io_done, &io), -EINVAL);
	assert_int_equal(spdk_bdev_unmap(o.desc, o.ch, 0, 1, ut_io_done, &io), -EINVAL);
	assert_int_equal(spdk_bdev_write_zeroes(o.desc, o.ch, 0, 1, ut_io_done, &io), -EINVAL);
	ut_close(&o);
	leaf_delete(leaf);
}

static void
test_with_md(void **state)
{
	struct leaf *leaf = leaf_new("L", 64, tune);
	char buf[LEAF_BLOCK] = {}, md[8] = {};
	struct iovec iov = { buf, sizeof(buf) };
	struct ut_io io = {};
	struct ut_open o;
	uint32_t i;

	ut_open(&o, "L");
	leaf->hold = true;
	assert_int_equal(
	        spdk_bdev_write_blocks_with_md(o.desc, o.ch, buf, md, 1, 1, ut_io_done, &io), 0);
	assert_int_equal(
	        spdk_bdev_read_blocks_with_md(o.desc, o.ch, buf, md, 2, 1, ut_io_done, &io), 0);
	assert_int_equal(
	        spdk_bdev_writev_blocks_with_md(o.desc, o.ch, &iov, 1, md, 3, 1, ut_io_done, &io),
	        0);
	assert_int_equal(
	        spdk_bdev_readv_blocks_with_md(o.desc, o.ch, &iov, 1, md, 4, 1, ut_io_done, &io),
	        0);
	assert_string_equal(leaf->trace, "W1+1 R2+1 W3+1 R4+1");
	for (i = 0; i < 4; i++) {
		assert_ptr_equal(spdk_bdev_io_get_md_buf(leaf->held[i]), md);
	}
	leaf_release(leaf, 4);
	poll_threads();
	assert_int_equal(io.done, 4);
	ut_close(&o);
	leaf_delete(leaf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bdev_facts),   cmocka_unit_test(test_metadata_facts),
		cmocka_unit_test(test_module_facts), cmocka_unit_test(test_dump),
		cmocka_unit_test(test_aliases),      cmocka_unit_test(test_next_leaf),
		cmocka_unit_test(test_io_facts),     cmocka_unit_test(test_io_hides_metadata),
		cmocka_unit_test(test_statuses),     cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_with_md),      cmocka_unit_test(test_desc_interleaved),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
