/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * A target for unit tests on two simulated threads: 0 is the target thread, 1 has the poll group.
 * The transport hands commands in and takes answers out; the bdev records what it is asked and
 * answers at once, or holds it until told.
 */

#ifndef UT_NVMF_H
#define UT_NVMF_H

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>
#include "nvmf/nvmf_internal.h"
#include "spdk/bdev_module.h"
#include "spdk_internal/bdev.h"
#include "spdk_internal/env_sim.h"
#include "ut_threads.h"

#define UT_NQN "nqn.2026-01.io.basalt:ut"
#define UT_HOST "nqn.2026-01.io.basalt:ut-host"
#define UT_BLOCKS 1024
#define UT_IO_MAX 16

/** What the bdev was asked. */
struct ut_io {
	enum spdk_bdev_io_type type;
	uint64_t offset;
	uint64_t num_blocks;
	bool fua;
};

/** What the bdev does with an ABORT. */
enum ut_abort {
	UT_ABORT_NONE, /* not supported */
	UT_ABORT_WORKS,
	UT_ABORT_FAILS,
	UT_ABORT_HELD, /* until ut_release_aborts(), which says that it failed */
};

struct ut_qpair {
	struct spdk_nvmf_qpair qpair;
	bool fini;
};

struct ut {
	struct spdk_nvmf_tgt *tgt;
	struct spdk_nvmf_transport *transport;
	struct spdk_nvmf_poll_group *group;
	struct spdk_nvmf_poll_group *optimal; /* for new queue pairs; NULL: the target chooses */
	struct spdk_nvmf_subsystem *subsystem;
	struct spdk_nvmf_subsystem *discovery;
	/* bdevs: namespace 1, and one that nobody uses at first */
	struct spdk_bdev bdev;              /* ut0 */
	struct spdk_bdev bdev2;             /* ut1 */
	bool bdev_gone;                     /* the test unregistered ut0 */
	const struct spdk_bdev *no_channel; /* whose channels can't be had */
	struct bdev_traits traits;
	struct ut_io ios[UT_IO_MAX];
	uint32_t num_ios;
	bool hold;
	int fail_sc; /* generic status of the next I/Os; 0: success */
	struct spdk_bdev_io *held[UT_IO_MAX];
	uint32_t num_held;
	enum ut_abort abort;
	bool reset_works; /* it ends what is held */
	uint32_t num_aborts;
	uint32_t num_resets;
	struct spdk_bdev_io *held_aborts[UT_IO_MAX];
	uint32_t num_held_aborts;
	/* ut_begin() */
	struct ut_qpair *admin;
	struct ut_qpair *q; /* I/O queue 1 */
	uint16_t cntlid;
};

extern struct ut g_ut;

struct ut_req {
	struct spdk_nvmf_request req;
	union nvmf_h2c_msg cmd;
	union nvmf_c2h_msg rsp;
	uint8_t data[8192];
	uint32_t completed; /* how often */
	uint32_t freed;
};

/** Start the target; the bdev has \p traits. */
void ut_start(const struct bdev_traits *traits);
/** Stop everything; fails when something leaked. */
void ut_stop(void);
/** ut_start(), and an enabled controller with I/O queue 1: g_ut.admin, .q, .cntlid. */
void ut_begin(const struct bdev_traits *traits, uint32_t kato_ms);
/** The same without the I/O queue, and without a keep-alive timeout. */
void ut_begin_admin(const struct bdev_traits *traits);
/** Disconnect what ut_begin() connected, if it is not yet; ut_stop(). */
void ut_end(void);
/** A fresh connection. */
struct ut_qpair *ut_qpair_new(void);
void ut_qpair_free(struct ut_qpair *uq);
/** Hand \p req with its cmd to lib/nvmf on the group's thread, with \p len bytes of data. */
void ut_exec(struct ut_qpair *uq, struct ut_req *req, uint32_t len);
/** The same, and run until nobody has work: the answer's status, sct << 8 | sc. */
uint16_t ut_run(struct ut_qpair *uq, struct ut_req *req, uint32_t len);
/** Fill a Connect command and its data. */
void ut_connect_fill(struct ut_req *req, const char *subnqn, uint16_t qid, uint16_t cntlid);
/** Connect and enable: the admin queue, and its controller's id. */
struct ut_qpair *ut_admin(const char *subnqn, uint16_t *cntlid, uint32_t kato_ms);
/** Connect I/O queue \p qid. */
struct ut_qpair *ut_io_queue(uint16_t cntlid, uint16_t qid);
/** Disconnect on the group's thread; runs until nobody has work. */
void ut_disconnect(struct ut_qpair *uq);
/** Complete what the bdev holds. */
void ut_release(bool success);
/** Fail the aborts that the bdev holds. */
void ut_release_aborts(void);
/** Property Set of CC. */
uint16_t ut_set_cc(struct ut_qpair *uq, uint32_t cc);
/** Property Get. */
uint64_t ut_get_prop(struct ut_qpair *uq, uint32_t offset);

#endif /* UT_NVMF_H */
