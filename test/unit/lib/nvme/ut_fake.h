/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The NVMe host library over a transport that a test plays: it remembers the commands, and the test
 * answers them, oldest first.
 */

#ifndef UT_FAKE_H
#define UT_FAKE_H

#include "spdk/stdinc.h"
#include <setjmp.h>
#include <cmocka.h>

#include "spdk/env.h"
#include "spdk/util.h"
#include "spdk_internal/nvme.h"

#define OUT_MAX 64

struct fake {
	struct spdk_nvme_ctrlr ctrlr;
	struct spdk_nvme_qpair adminq;
	struct spdk_nvme_qpair ioq;
	struct nvme_request *out[OUT_MAX]; /* with the "controller", in order */
	uint32_t num_out;
	uint32_t depth; /* more are refused with -EAGAIN */
	int submit_rc;  /* of each submit, when not 0 */
	uint16_t max_sges;
	bool automatic; /* it answers in each poll; `cc` is its configuration */
	uint32_t cc;
	uint32_t num_destructed;
	uint32_t num_connects;
	int connect_rc; /* of each connect */
	/* What Identify says. */
	uint16_t md_size;
	uint8_t pi_type;
	uint8_t pif;
	bool elbas;
};
extern struct fake g_fake;
extern const struct spdk_nvme_transport_ops g_fake_ops;

/* For Fabrics: nsid holds FCTYPE, cdw11 the register's offset, cdw12 the value. */
struct init_step {
	const char *what;
	uint8_t opc;
	uint32_t nsid;
	uint32_t cdw10; /* -1: any */
	uint32_t cdw11;
	uint32_t cdw12;
	uint8_t sct, sc; /* the answer */
	uint32_t cdw0, cdw1;
};
#define NUM_INIT_STEPS 16
extern const struct init_step g_init_steps[NUM_INIT_STEPS];

/** No controller, and all as at first. */
void fake_reset(void);
/** A controller with an admin queue and an I/O queue of 16 requests, not yet up. */
void start(void);
/** All is aborted and freed; fails when a request is left. */
void stop(void);
/** The oldest command is answered. */
void answer(uint8_t sct, uint8_t sc, uint32_t cdw0, uint32_t cdw1);
/** Fill the data of an Identify command. */
void fill_payload(const struct nvme_request *req);
/** Up to step \p end; returns the last result of the machine. */
int play_init(size_t end);
/** start(), and up: namespace 3 is active, two event requests wait, the I/O queue is connected. */
void bring_up(void);

#endif /* UT_FAKE_H */
