/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * The target's NVMe/TCP transport, on a network in memory and virtual time, over lib/nvmf and a
 * bdev of the test: scripts of what a host sends, and all that it gets back.
 */

#include "ut_net.h"

#define FAULTS_MAX 200

static const struct bdev_traits g_durable = { .atomic_blocks = 1 };
static const struct spdk_nvme_transport_id g_addr = {
	.trtype = SPDK_NVME_TRANSPORT_TCP,
	.trstring = "TCP",
	.adrfam = SPDK_NVMF_ADRFAM_IPV4,
	.traddr = "127.0.0.1",
	.trsvcid = "4420",
};

/* ---- Start and stop ---- */

static void
note(void *arg, int status)
{
	*(int *)arg = status;
}

static void
start_pools(uint64_t small, uint64_t large)
{
	static bool registered;
	struct spdk_nvmf_transport_opts opts;
	struct spdk_nvmf_transport *transport;
	struct spdk_iobuf_opts iobuf;
	int status = 1;

	if (!registered) {
		spdk_net_impl_register(&g_mem_net);
		registered = true;
	}
	spdk_iobuf_get_opts(&iobuf, sizeof(iobuf));
	iobuf.small_pool_count = small;
	iobuf.large_pool_count = large;
	assert_int_equal(spdk_iobuf_set_opts(&iobuf), 0);
	ut_start(&g_durable);
	assert_true(spdk_nvmf_transport_opts_init("TCP", &opts, sizeof(opts)));
	transport = spdk_nvmf_transport_create("TCP", &opts);
	assert_non_null(transport);
	spdk_nvmf_tgt_add_transport(g_ut.tgt, transport, note, &status);
	poll_threads();
	assert_int_equal(status, 0);
	assert_int_equal(spdk_nvmf_tgt_listen_ext(g_ut.tgt, &g_addr, NULL), 0);
}

static void
start(void)
{
	start_pools(8192, 1024);
}

static void
stop(void)
{
	ut_stop();
	net_reset();
}

/** Let the acceptor and everybody else run. */
static void
run(void)
{
	poll_threads_us(10000);
	poll_threads();
}

/** A second at a time, as the deadlines look. */
static void
wait_s(uint32_t s)
{
	while (s-- > 0) {
		poll_threads_us(1000000);
	}
}

/** The host goes, if it has not; nothing of the connection may be left. */
static void
leave(struct peer *p)
{
	p->blocked = false;
	p->eof = true;
	run();
	assert_null(p->sock);
}

/* ---- Scripts ---- */

enum op {
	END,
	IC,
	IC_DIGESTS,
	CONNECT, /* a: depth */
	ENABLE,  /* CC.EN */
	READ,    /* a: bytes */
	WRITE,   /* a: bytes, by R2T */
	CAPSULE, /* a: bytes, all of them with the command */
	BOTH,    /* a: bytes by R2T, b: bytes in the capsule all the same */
	DATA,    /* H2CData: a: offset, b: bytes, c: flags */
	RAW,     /* raw, a bytes */
	FLIP,    /* the a-th byte from the end of what was put changes */
	CUT,     /* a bytes less of what was put */
	BLOCK,   /* the host takes nothing */
	UNBLOCK, /* again */
	FIN,     /* the host closes */
	RST,     /* and more rudely */
	WAIT,    /* a: seconds */
};

#define LAST 1       /* DATA */
#define BAD_DIGEST 2 /* DATA */
#define WRONG_CID 4  /* DATA */
#define WRONG_TTAG 8 /* DATA */

struct step {
	enum op op;
	uint32_t a, b, c;
	const char *raw;
};

#define STEPS_MAX 12

struct row {
	const char *name;
	const char *want;
	struct step steps[STEPS_MAX];
};

static void
step_data(struct peer *p, const struct step *s)
{
	struct wire_data data = {
		.cid = p->cid + !!(s->c & WRONG_CID),
		.ttag = s->c & WRONG_TTAG ? 999 : p->ttag,
		.offset_bytes = s->a,
		.len_bytes = s->b,
		.last = s->c & LAST,
	};

	peer_put_data(p, &data, s->c & BAD_DIGEST);
}

/** What the host puts on the wire; true when the target is to run then. */
static bool
step_put(struct peer *p, const struct step *s)
{
	switch (s->op) {
	case IC:
	case IC_DIGESTS:
		peer_put_ic(p, s->op == IC_DIGESTS);
		return true;
	case CONNECT:
		peer_put_connect(p, 0, 0xffff, (uint16_t)s->a);
		return true;
	case ENABLE:
		peer_put_enable(p);
		return true;
	case READ:
	case WRITE:
		peer_put_rw(p, s->op == WRITE, s->a, 0);
		return true;
	case CAPSULE:
		peer_put_rw(p, true, s->a, s->a);
		return true;
	case BOTH:
		peer_put_unnamed(p, s->a, s->b);
		return true;
	case DATA:
		step_data(p, s);
		return true;
	case RAW:
		peer_put(p, s->raw, s->a);
		return true;
	default:
		return false;
	}
}

static void
step_do(struct peer *p, const struct step *s)
{
	switch (s->op) {
	case FLIP:
		p->to_target[p->in_len - s->a] ^= 0xff;
		break;
	case CUT:
		p->in_len -= s->a;
		break;
	case BLOCK:
	case UNBLOCK:
		p->blocked = s->op == BLOCK;
		break;
	case FIN:
		p->eof = true;
		break;
	case RST:
		p->reset = true;
		break;
	case WAIT:
		wait_s(s->a);
		break;
	default:
		break;
	}
}

/** FLIP and CUT change what the step before put: that one must not have run yet. */
static bool
is_held(const struct step *next)
{
	return next->op == FLIP || next->op == CUT;
}

static void
play(struct peer *p, const struct row *row)
{
	const struct step *s;

	for (s = row->steps; s->op != END; s++) {
		if (s->op >= CONNECT && s->op <= DATA && p->link.phase != WIRE_READY) {
			return; /* refused for want of memory: no host goes on */
		}
		if (!step_put(p, s)) {
			step_do(p, s);
		}
		if (!is_held(s + 1)) {
			run();
			(void)peer_text(p);
		}
	}
}

static void
play_rows(const struct row *rows, size_t count)
{
	struct peer *p;
	size_t i;

	for (i = 0; i < count; i++) {
		start();
		p = peer_connect();
		run();
		play(p, &rows[i]);
		if (strcmp(peer_text(p), rows[i].want) != 0) {
			fail_msg("%s: got \"%s\", want \"%s\"", rows[i].name, p->text,
			         rows[i].want);
		}
		leave(p);
		stop();
	}
}

/* ---- Good exchanges: on an admin queue, to which Write is unknown but whose data moves ---- */

static const struct row g_good[] = {
	{ "connect", "ic ok ok", { { IC }, { CONNECT, 32 }, { ENABLE } } },
	{ "with digests", "ic ok ok", { { IC_DIGESTS }, { CONNECT, 32 }, { ENABLE } } },
	{ "by R2T",
	  "ic ok ok r2t:0+8192 err:0/1*",
	  { { IC }, { CONNECT, 32 }, { ENABLE }, { WRITE, 8192 }, { DATA, 0, 8192, LAST } } },
	{ "by R2T in two",
	  "ic ok ok r2t:0+8192 err:0/1*",
	  { { IC },
	    { CONNECT, 32 },
	    { ENABLE },
	    { WRITE, 8192 },
	    { DATA, 0, 4096 },
	    { DATA, 4096, 4096, LAST } } },
	{ "in the capsule",
	  "ic ok ok err:0/1*",
	  { { IC_DIGESTS }, { CONNECT, 32 }, { ENABLE }, { CAPSULE, 4096 } } },
	{ "in the capsule, all of it",
	  "ic ok ok err:0/1*",
	  { { IC }, { CONNECT, 32 }, { ENABLE }, { CAPSULE, 8192 } } },
	{ "Connect that was refused, and again",
	  "ic err:1/82 ok",
	  { { IC }, { CONNECT, 4096 }, { CONNECT, 32 } } },
};

static void
test_good(void **state)
{
	play_rows(g_good, SPDK_COUNTOF(g_good));
}

/* ---- Illegal PDUs: FES and FEI ---- */

static const struct row g_illegal[] = {
	{ "no ICReq but a command",
	  "term:2/0 closed",
	  { { RAW, 8, .raw = "\x04\0\x48\0\x48\0\0\0" }, { WAIT, 5 } } },
	{ "HTTP", "term:1/0 closed", { { RAW, 16, .raw = "GET / HTTP/1.0\r\n" }, { WAIT, 5 } } },
	{ "ICReq of a wrong length",
	  "term:1/4 closed",
	  { { RAW, 8, .raw = "\0\0\x80\0\x40\0\0\0" }, { WAIT, 5 } } },
	{ "ICReq, HPDA 32", "term:1/10 closed", { { IC }, { FLIP, 118 }, { WAIT, 5 } } },
	{ "ICReq, PFV", "term:6/8 closed", { { IC }, { FLIP, 120 }, { WAIT, 5 } } },
	{ "second ICReq", "ic term:2/0 closed", { { IC }, { IC }, { WAIT, 5 } } },
	{ "unknown type",
	  "ic term:1/0 closed",
	  { { IC }, { RAW, 8, .raw = "\x44\0\x08\0\x08\0\0\0" }, { WAIT, 5 } } },
	{ "the controller's type",
	  "ic term:1/0 closed",
	  { { IC }, { RAW, 8, .raw = "\x05\0\x18\0\x18\0\0\0" }, { WAIT, 5 } } },
	{ "HLEN",
	  "ic term:1/2 closed",
	  { { IC }, { RAW, 8, .raw = "\x04\0\xff\0\x48\0\0\0" }, { WAIT, 5 } } },
	{ "PLEN inside the header",
	  "ic term:1/4 closed",
	  { { IC }, { RAW, 8, .raw = "\x04\0\x48\0\x47\0\0\0" }, { WAIT, 5 } } },
	{ "PDO inside the header",
	  "ic term:1/3 closed",
	  { { IC }, { RAW, 8, .raw = "\x04\0\x48\x08\x48\x02\0\0" }, { WAIT, 5 } } },
	{ "capsule too large",
	  "ic term:1/4 closed",
	  { { IC }, { RAW, 8, .raw = "\x04\0\x48\x48\x49\x20\0\0" }, { WAIT, 5 } } },
	{ "header digest flag",
	  "ic term:1/1 closed",
	  { { IC }, { RAW, 8, .raw = "\x04\x01\x48\0\x4c\0\0\0" }, { WAIT, 5 } } },
	{ "the host's TermReq",
	  "ic closed",
	  { { IC },
	    { RAW, 24, .raw = "\x02\0\x18\0\x18\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" } } },
	{ "data that nobody asked for",
	  "ic term:1/10 closed",
	  { { IC }, { DATA, 0, 512, LAST }, { WAIT, 5 } } },
};

static void
test_illegal(void **state)
{
	play_rows(g_illegal, SPDK_COUNTOF(g_illegal));
}

/** Its FEI is the digest that came. */
static void
test_header_digest(void **state)
{
	struct peer *p;

	start();
	p = peer_connect();
	peer_put_ic(p, true);
	run();
	assert_string_equal(peer_text(p), "ic");
	peer_put_enable(p);
	p->to_target[p->in_len - 8] ^= 1;
	run();
	assert_memory_equal(peer_text(p), "ic term:3/", 10);
	wait_s(5);
	assert_null(p->sock);
	stop();
}

/* ---- Data that is not what its R2T asked for, or damaged ---- */

#define TO_R2T \
	{ IC }, { CONNECT, 32 }, { ENABLE }, \
	{ \
		WRITE, 8192 \
	}

static const struct row g_r2t[] = {
	{ "wrong CCCID",
	  "ic ok ok r2t:0+8192 term:1/8 closed",
	  { TO_R2T, { DATA, 0, 8192, LAST | WRONG_CID }, { WAIT, 5 } } },
	{ "wrong TTAG",
	  "ic ok ok r2t:0+8192 term:1/10 closed",
	  { TO_R2T, { DATA, 0, 8192, LAST | WRONG_TTAG }, { WAIT, 5 } } },
	{ "beyond the end",
	  "ic ok ok r2t:0+8192 term:4/0 closed",
	  { TO_R2T, { DATA, 0, 8196, LAST }, { WAIT, 5 } } },
	{ "not at its offset",
	  "ic ok ok r2t:0+8192 term:4/0 closed",
	  { TO_R2T, { DATA, 4096, 4096, LAST }, { WAIT, 5 } } },
	{ "twice",
	  "ic ok ok r2t:0+8192 term:4/0 closed",
	  { TO_R2T, { DATA, 0, 4096 }, { DATA, 0, 4096 }, { WAIT, 5 } } },
	{ "LAST too early",
	  "ic ok ok r2t:0+8192 term:1/1 closed",
	  { TO_R2T, { DATA, 0, 4096, LAST }, { WAIT, 5 } } },
	{ "LAST missing",
	  "ic ok ok r2t:0+8192 term:1/1 closed",
	  { TO_R2T, { DATA, 0, 8192 }, { WAIT, 5 } } },
	{ "more than MAXH2CDATA",
	  "ic ok ok r2t:0+8192 term:5/0 closed",
	  { TO_R2T, { DATA, 0, 131076, LAST }, { WAIT, 5 } } },
	{ "once more after the last",
	  "ic ok ok r2t:0+8192 err:0/1* term:1/10 closed",
	  { TO_R2T, { DATA, 0, 8192, LAST }, { DATA, 0, 8192, LAST }, { WAIT, 5 } } },
	{ "data digest",
	  "ic ok ok r2t:0+8192 err:0/22 r2t:0+512",
	  { { IC_DIGESTS },
	    { CONNECT, 32 },
	    { ENABLE },
	    { WRITE, 8192 },
	    { DATA, 0, 8192, LAST | BAD_DIGEST },
	    { WRITE, 512 } } },
	{ "data digest of a capsule",
	  "ic ok ok err:0/22 ok",
	  { { IC_DIGESTS },
	    { CONNECT, 32 },
	    { ENABLE },
	    { CAPSULE, 512 },
	    { FLIP, 1 },
	    { ENABLE } } },
	{ "capsule data of a command by R2T",
	  "ic err:0/2* ok err:0/2* ok",
	  { { IC }, { BOTH, 8192, 16 }, { CONNECT, 32 }, { BOTH, 512, 8192 }, { ENABLE } } },
};

static void
test_r2t(void **state)
{
	play_rows(g_r2t, SPDK_COUNTOF(g_r2t));
}

/* ---- Deadlines: just before, and just after ---- */

#define TO_READY \
	{ IC }, { CONNECT, 32 }, \
	{ \
		ENABLE \
	}

static const struct row g_deadlines[] = {
	{ "ICReq, in time", "", { { WAIT, 10 } } },
	{ "ICReq, late", "closed", { { WAIT, 12 } } },
	{ "half an ICReq", "closed", { { IC }, { CUT, 1 }, { WAIT, 12 } } },
	{ "Connect, in time", "ic ok", { { IC }, { WAIT, 15 }, { CONNECT, 32 } } },
	{ "Connect, late", "ic closed", { { IC }, { WAIT, 17 } } },
	{ "refused Connects don't count",
	  "ic err:1/82 closed",
	  { { IC }, { WAIT, 10 }, { CONNECT, 4096 }, { WAIT, 7 } } },
	{ "a PDU, in time", "ic ok ok", { TO_READY, { CAPSULE, 4096 }, { CUT, 1 }, { WAIT, 30 } } },
	{ "a PDU, late",
	  "ic ok ok closed",
	  { TO_READY, { CAPSULE, 4096 }, { CUT, 1 }, { WAIT, 32 } } },
	{ "a header, late",
	  "ic ok ok closed",
	  { TO_READY, { RAW, 1, .raw = "\x04" }, { WAIT, 32 } } },
	{ "data of an R2T, in time",
	  "ic ok ok r2t:0+8192 err:0/1*",
	  { TO_READY, { WRITE, 8192 }, { WAIT, 30 }, { DATA, 0, 8192, LAST } } },
	{ "data of an R2T, late",
	  "ic ok ok r2t:0+8192 closed",
	  { TO_READY, { WRITE, 8192 }, { WAIT, 32 } } },
	{ "half the data of an R2T",
	  "ic ok ok r2t:0+8192 closed",
	  { TO_READY, { WRITE, 8192 }, { DATA, 0, 4096 }, { WAIT, 32 } } },
	{ "answers, taken in time",
	  "ic ok ok data:512",
	  { TO_READY, { BLOCK }, { READ, 512 }, { WAIT, 30 }, { UNBLOCK } } },
	{ "answers, not taken",
	  "ic ok ok closed",
	  { TO_READY, { BLOCK }, { READ, 512 }, { WAIT, 32 } } },
	{ "TermReq, and the host stays",
	  "ic term:1/0",
	  { { IC }, { RAW, 8, .raw = "\x44\0\x08\0\x08\0\0\0" }, { WAIT, 3 } } },
	{ "TermReq, and what it says goes nowhere",
	  "ic term:1/0 closed",
	  { { IC }, { RAW, 8, .raw = "\x44\0\x08\0\x08\0\0\0" }, { ENABLE }, { WAIT, 5 } } },
	{ "an enabled controller may be silent", "ic ok ok", { TO_READY, { WAIT, 300 } } },
	{ "one that is not may not",
	  "ic ok closed",
	  { { IC }, { CONNECT, 32 }, { WAIT, 119 }, { WAIT, 3 } } },
};

static void
test_deadlines(void **state)
{
	play_rows(g_deadlines, SPDK_COUNTOF(g_deadlines));
}

/* ---- The host goes: at each point, by FIN and by RST ---- */

static void
test_goes(void **state)
{
	static const struct row way = {
		"way",
		"",
		{ TO_READY, { WRITE, 8192 }, { DATA, 0, 4096 }, { CAPSULE, 4096 }, { CUT, 1000 } }
	};
	struct row row;
	size_t i, n;

	for (n = 0; way.steps[n].op != END; n++) {
		for (i = 0; i < 2; i++) {
			struct peer *p;

			memset(&row, 0, sizeof(row));
			memcpy(row.steps, way.steps, n * sizeof(way.steps[0]));
			row.steps[n].op = i == 0 ? FIN : RST;
			start();
			p = peer_connect();
			play(p, &row);
			assert_null(p->sock);
			stop();
		}
	}
}

/* ---- Input is watched only while it can be taken ---- */

static uint16_t
last_cntlid(void)
{
	return TAILQ_LAST(&g_ut.subsystem->ctrlrs, nvmf_ctrlr_list)->cntlid;
}

/** An admin queue, and I/O queue 1 of its controller. */
static struct peer *
connect_io(struct peer **admin)
{
	struct peer *q;

	*admin = peer_connect();
	peer_put_ic(*admin, false);
	run();
	(void)peer_text(*admin);
	peer_put_connect(*admin, 0, 0xffff, 32);
	run();
	peer_put_enable(*admin);
	run();
	assert_string_equal(peer_text(*admin), "ic ok ok");
	q = peer_connect();
	peer_put_ic(q, false);
	run();
	(void)peer_text(q);
	peer_put_connect(q, 1, last_cntlid(), 32);
	run();
	assert_string_equal(peer_text(q), "ic ok");
	return q;
}

/** A command hangs in the bdev, and the host is gone: nothing runs until the drain's deadline, when
 *  it is aborted; the socket stays open until then, so that nobody thinks that it is over. */
static void
drain(bool rudely)
{
	struct peer *admin, *q;
	uint32_t told;

	start();
	q = connect_io(&admin);
	g_ut.hold = true;
	g_ut.abort = UT_ABORT_WORKS;
	peer_put_rw(q, true, 4096, 4096);
	peer_put_rw(q, false, 4096, 0);
	run();
	assert_int_equal(g_ut.num_held, 2);
	told = q->told;
	q->eof = !rudely;
	q->reset = rudely;
	run(); /* fails if somebody has work for ever */
	assert_true(q->told - told <= 2);
	told = q->told;
	wait_s(14);
	assert_int_equal(q->told, told);
	assert_non_null(q->sock);
	assert_int_equal(g_ut.num_aborts, 0);
	wait_s(3);
	assert_int_equal(g_ut.num_aborts, 2);
	assert_null(q->sock);
	assert_string_equal(peer_text(admin), "ic ok ok");
	leave(admin);
	stop();
}

static void
test_drain(void **state)
{
	drain(false);
	drain(true);
}

#define TAKERS 20 /* more than a pool of 4 can serve at once */

/** All small buffers wait for their host's data: a capsule stalls its connection, what follows is
 * not read, and nobody is told of it. With a buffer it goes on. */
static void
test_stall(void **state)
{
	struct peer *admin, *q, *other;
	uint32_t told;
	int i;

	start_pools(4, 2);
	q = connect_io(&admin);
	other = peer_connect();
	peer_put_ic(other, false);
	run();
	(void)peer_text(other);
	peer_put_connect(other, 2, last_cntlid(), 32);
	run();
	for (i = 0; i < TAKERS; i++) {
		peer_put_rw(other, true, 4096, 0);
	}
	run();
	/* Each R2T has a buffer; some commands wait for one. */
	assert_true(strlen(peer_text(other)) < strlen("ic ok") + TAKERS * strlen(" r2t:0+4096"));
	peer_put_rw(q, true, 4096, 4096);
	for (i = 0; i < 8; i++) {
		peer_put_rw(q, true, 4096, 4096);
	}
	run(); /* fails if somebody has work for ever */
	assert_string_equal(peer_text(q), "ic ok");
	told = q->told;
	wait_s(20);
	assert_int_equal(q->told, told);
	assert_int_equal(g_ut.num_ios, 0);
	leave(other);
	assert_string_equal(peer_text(q), "ic ok ok ok ok ok ok ok ok ok ok");
	leave(q);
	leave(admin);
	stop();
}

/** A PDU has its 30 s from when we go on reading, not from before a stall of ours. */
static void
test_stall_is_ours(void **state)
{
	struct peer *admin, *q, *other;
	int i;

	start_pools(4, 2);
	q = connect_io(&admin);
	other = peer_connect();
	peer_put_ic(other, false);
	run();
	(void)peer_text(other);
	peer_put_connect(other, 2, last_cntlid(), 32);
	run();
	for (i = 0; i < TAKERS; i++) {
		peer_put_rw(other, true, 4096, 0);
	}
	run();
	peer_put_rw(q, true, 4096, 4096);
	q->in_len -= 1000;
	run();
	/* Then the data of the other's R2Ts is late, and q goes on. */
	wait_s(33);
	assert_null(other->sock);
	wait_s(10);
	q->in_len += 1000;
	run();
	assert_string_equal(peer_text(q), "ic ok ok");
	leave(q);
	leave(admin);
	stop();
}

/** The same, but the host that stalls is gone: it is found out when there is a buffer. */
static void
test_stall_and_gone(void **state)
{
	struct peer *admin, *q;
	int i;

	start_pools(4, 2);
	q = connect_io(&admin);
	for (i = 0; i < TAKERS; i++) {
		peer_put_rw(q, true, 4096, 0);
	}
	peer_put_rw(q, true, 4096, 4096);
	run();
	q->reset = true;
	run();
	/* The data of its R2Ts does not come either. */
	wait_s(32);
	assert_null(q->sock);
	leave(admin);
	stop();
}

/* ---- No memory: the n-th allocation of a connection's life fails ---- */

static void
test_nomem(void **state)
{
	static const struct row life = {
		"life",
		"ic ok ok r2t:0+8192 err:0/1* data:512",
		{ TO_READY, { WRITE, 8192 }, { DATA, 0, 8192, LAST }, { READ, 512 } }
	};
	struct peer *p;
	uint64_t nth;

	for (nth = 1; nth < FAULTS_MAX; nth++) {
		start();
		env_sim_fail_nth(ENV_FAULT_HEAP, nth);
		p = peer_connect();
		poll_threads_us(200000); /* a port without memory rests 100 ms */
		run();
		play(p, &life);
		if (env_fault_count(ENV_FAULT_HEAP) < nth) {
			assert_string_equal(peer_text(p), life.want);
			env_fault_clear();
			leave(p);
			stop();
			break;
		}
		env_fault_clear();
		leave(p);
		stop();
	}
	assert_true(nth > 5 && nth < FAULTS_MAX);
}

/** What was put arrives in pieces of \p size bytes. */
static void
arrive(struct peer *p, size_t size)
{
	size_t end = p->in_len;

	for (p->in_len = p->in_pos; p->in_len < end;) {
		p->in_len = spdk_min(p->in_len + size, end);
		poll_threads();
	}
	run();
}

static void
test_pieces(void **state)
{
	struct peer *p;
	size_t size;

	for (size = 1; size < 150; size += 7) {
		start();
		p = peer_connect();
		peer_put_ic(p, true);
		run();
		assert_string_equal(peer_text(p), "ic");
		peer_put_connect(p, 0, 0xffff, 32);
		arrive(p, size);
		peer_put_enable(p);
		peer_put_rw(p, true, 512, 512);
		arrive(p, size);
		assert_string_equal(peer_text(p), "ic ok ok err:0/1*");
		leave(p);
		stop();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),          cmocka_unit_test(test_illegal),
		cmocka_unit_test(test_header_digest), cmocka_unit_test(test_r2t),
		cmocka_unit_test(test_deadlines),     cmocka_unit_test(test_goes),
		cmocka_unit_test(test_drain),         cmocka_unit_test(test_stall),
		cmocka_unit_test(test_stall_is_ours), cmocka_unit_test(test_stall_and_gone),
		cmocka_unit_test(test_nomem),         cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests_name("nvmf tcp", tests, NULL, NULL);
}
