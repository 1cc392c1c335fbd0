/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The sleep rule (lib/thread/sleep.c) under every schedule.
 *
 * A model of the shared memory and of the steps of one sleeper (reactor N) and some givers; the
 * decisions are the library's (sleep_rule.h), and ut_sleep_steps.c holds its code to these steps.
 * Memory is as weak as the algorithm may meet: each store waits in the store buffer of its party
 * until some later moment, in any order; a fence waits until the party's buffer is empty. All
 * reachable states are visited once. A state in which nobody can go on, though messages are left,
 * is a lost wake-up.
 *
 * The mutants leave one step out, or weaken it; each must be found. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../../../lib/thread/sleep_rule.h"

#define MAX_GIVERS 3
#define MAX_STATES (1u << 22)

enum {
	REACTOR_O, /* polled the thread before; a giver may still see it */
	REACTOR_N,
	REACTOR_NONE, /* thread->sleeper is NULL */
	NUM_REACTORS = 2,
};

struct rules {
	const char *name;
	uint32_t num_givers;
	uint8_t first_sleeper; /* what thread->sleeper is before N attaches */
	bool attached;         /* N is attached from the start */
	bool no_sleeper_fence;
	bool no_giver_fence;
	bool no_look;
	bool attach_late;      /* only after the look */
	bool forgetful_waiter; /* a kick that nobody waits for is forgotten */
	bool lazy_clear;       /* the duty is taken without kicking */
};

enum sleeper_step {
	S0_ATTACH,
	S1_SAY,
	S2_FENCE,
	S3_LOOK,
	S3B_ATTACH,
	S4_ENTER,
	S4_WAIT,
	S5_CLEAR,
	S6_POLL,
	S_END
};
enum giver_step {
	G1_PUSH,
	G2_FENCE,
	G3_LOAD,
	G4_LOOK,
	G4_CLAIM,
	G5_KICK,
	G_END
};

/* Stores that wait to become visible. */
enum {
	BUF_PUSH = 1,       /* a message in the inbox */
	BUF_SLEEPER = 2,    /* thread->sleeper = N */
	BUF_SLEEPING_1 = 4, /* N.sleeping = 1 */
	BUF_SLEEPING_0 = 8, /* N.sleeping = 0 */
};

/* One byte a field: compared and hashed as bytes. */
struct state {
	uint8_t inbox;
	uint8_t sleeper;
	uint8_t sleeping[NUM_REACTORS];
	uint8_t kicked[NUM_REACTORS];
	uint8_t s_step;
	uint8_t s_buf;
	uint8_t consumed;
	uint8_t g_step[MAX_GIVERS];
	uint8_t g_buf[MAX_GIVERS];
	uint8_t g_sees[MAX_GIVERS]; /* the sleeper that it loaded */
};

struct explorer {
	const struct rules *rules;
	struct state *states;
	uint32_t *table; /* hash -> index + 1 */
	uint32_t num_states;
	bool lost;
};

static uint32_t
state_hash(const struct state *s)
{
	const uint8_t *bytes = (const uint8_t *)s;
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < sizeof(*s); i++) {
		hash = (hash ^ bytes[i]) * 16777619u;
	}
	return hash ^ (hash >> 15);
}

static void
visit(struct explorer *ex, const struct state *s)
{
	uint32_t slot = state_hash(s) % (2 * MAX_STATES);

	while (ex->table[slot] != 0) {
		if (memcmp(&ex->states[ex->table[slot] - 1], s, sizeof(*s)) == 0) {
			return;
		}
		slot = (slot + 1) % (2 * MAX_STATES);
	}
	assert_true(ex->num_states < MAX_STATES);
	ex->states[ex->num_states++] = *s;
	ex->table[slot] = ex->num_states;
}

/* ---- The giver ---- */

static bool
giver_step(const struct rules *rules, struct state *s, uint32_t g)
{
	uint8_t *step = &s->g_step[g], target = s->g_sees[g], old;

	switch (*step) {
	case G1_PUSH:
		s->g_buf[g] |= BUF_PUSH;
		*step = rules->no_giver_fence ? G3_LOAD : G2_FENCE;
		return true;
	case G2_FENCE:
		*step = G3_LOAD;
		return s->g_buf[g] == 0;
	case G3_LOAD:
		s->g_sees[g] = s->sleeper;
		*step = s->sleeper == REACTOR_NONE ? G_END : G4_LOOK;
		return true;
	case G4_LOOK:
		*step = sleep_rule_must_try(s->sleeping[target]) ? G4_CLAIM : G_END;
		return true;
	case G4_CLAIM:
		old = s->sleeping[target];
		s->sleeping[target] = 0;
		*step = sleep_rule_must_kick(old) && !rules->lazy_clear ? G5_KICK : G_END;
		return true;
	case G5_KICK:
		if (!rules->forgetful_waiter || s->s_step == S4_WAIT) {
			s->kicked[target] = 1;
		}
		*step = G_END;
		return true;
	}
	return false;
}

static bool
giver_flush(struct state *s, uint32_t g)
{
	if (s->g_buf[g] == 0) {
		return false;
	}
	s->g_buf[g] = 0;
	s->inbox++;
	return true;
}

/* ---- The sleeper ---- */

static enum sleeper_step
sleeper_after_look(const struct rules *rules, const struct state *s)
{
	enum thread_rest rest = s->inbox != 0 ? THREAD_REST_NONE : THREAD_REST_SLEEP;

	if (rules->no_look) {
		rest = THREAD_REST_SLEEP;
	}
	return sleep_rule_may_wait(rest) ? S4_ENTER : S5_CLEAR;
}

static bool
sleeper_step(const struct rules *rules, struct state *s)
{
	switch (s->s_step) {
	case S0_ATTACH:
		s->s_buf |= BUF_SLEEPER;
		s->s_step = S1_SAY;
		return true;
	case S1_SAY:
		/* Stores to one place keep their order: this one replaces one that waits. */
		s->s_buf = (uint8_t)((s->s_buf & ~BUF_SLEEPING_0) | BUF_SLEEPING_1);
		s->s_step = rules->no_sleeper_fence ? S3_LOOK : S2_FENCE;
		return true;
	case S2_FENCE:
		s->s_step = S3_LOOK;
		return s->s_buf == 0;
	case S3_LOOK:
		s->s_step = sleeper_after_look(rules, s);
		if (rules->attach_late && s->sleeper != REACTOR_N && s->s_step == S4_ENTER) {
			s->s_step = S3B_ATTACH;
		}
		return true;
	case S3B_ATTACH:
		s->s_buf |= BUF_SLEEPER;
		s->s_step = S4_ENTER;
		return true;
	case S4_ENTER:
		s->s_step = S4_WAIT;
		return true;
	case S4_WAIT:
		if (!s->kicked[REACTOR_N]) {
			return false;
		}
		s->kicked[REACTOR_N] = 0;
		s->s_step = S5_CLEAR;
		return true;
	case S5_CLEAR:
		s->s_buf = (uint8_t)((s->s_buf & ~BUF_SLEEPING_1) | BUF_SLEEPING_0);
		s->s_step = S6_POLL;
		return true;
	case S6_POLL:
		s->consumed = (uint8_t)(s->consumed + s->inbox);
		s->inbox = 0;
		s->s_step = s->consumed == rules->num_givers ? S_END : S1_SAY;
		return true;
	}
	return false;
}

static bool
sleeper_flush(struct state *s, uint8_t store)
{
	if ((s->s_buf & store) == 0) {
		return false;
	}
	s->s_buf = (uint8_t)(s->s_buf & ~store);
	switch (store) {
	case BUF_SLEEPER:
		s->sleeper = REACTOR_N;
		break;
	case BUF_SLEEPING_1:
		s->sleeping[REACTOR_N] = 1;
		break;
	case BUF_SLEEPING_0:
		s->sleeping[REACTOR_N] = 0;
		break;
	}
	return true;
}

/* ---- All schedules ---- */

/* Visit all states that follow; true when there is any. */
static bool
explore_from(struct explorer *ex, const struct state *from)
{
	static const uint8_t stores[] = { BUF_SLEEPER, BUF_SLEEPING_1, BUF_SLEEPING_0 };
	bool any = false;
	struct state s;
	uint32_t g, i;

	s = *from;
	if (sleeper_step(ex->rules, &s)) {
		visit(ex, &s);
		any = true;
	}
	for (i = 0; i < 3; i++) {
		s = *from;
		if (sleeper_flush(&s, stores[i])) {
			visit(ex, &s);
			any = true;
		}
	}
	for (g = 0; g < ex->rules->num_givers; g++) {
		s = *from;
		if (giver_step(ex->rules, &s, g)) {
			visit(ex, &s);
			any = true;
		}
		s = *from;
		if (giver_flush(&s, g)) {
			visit(ex, &s);
			any = true;
		}
	}
	return any;
}

static bool
explore(const struct rules *rules, uint32_t *num_states)
{
	struct explorer ex = { .rules = rules };
	struct state start, from;
	uint32_t i;

	ex.states = calloc(MAX_STATES, sizeof(ex.states[0]));
	ex.table = calloc(2 * MAX_STATES, sizeof(ex.table[0]));
	assert_true(ex.states != NULL && ex.table != NULL);
	memset(&start, 0, sizeof(start));
	start.sleeper = rules->attached ? REACTOR_N : rules->first_sleeper;
	start.sleeping[REACTOR_O] = 1; /* the worst: a kick goes there instead */
	start.s_step = rules->attached || rules->attach_late ? S1_SAY : S0_ATTACH;
	visit(&ex, &start);
	for (i = 0; i < ex.num_states && !ex.lost; i++) {
		from = ex.states[i];
		if (!explore_from(&ex, &from) && from.s_step != S_END) {
			ex.lost = true;
		}
	}
	*num_states = ex.num_states;
	free(ex.states);
	free(ex.table);
	return ex.lost;
}

static void
run_rows(const struct rules *rows, size_t count, bool lost)
{
	uint32_t num_states;
	size_t i;

	for (i = 0; i < count; i++) {
		if (explore(&rows[i], &num_states) != lost) {
			fail_msg("%s: %s", rows[i].name,
			         lost ? "the mutant was not found" : "a wake-up is lost");
		}
		print_message("# %s: %u states\n", rows[i].name, num_states);
	}
}

static void
test_no_schedule_loses_a_wakeup(void **state)
{
	static const struct rules rows[] = {
		{ .name = "one giver", .num_givers = 1, .attached = true },
		{ .name = "two givers", .num_givers = 2, .attached = true },
		{ .name = "three givers", .num_givers = 3, .attached = true },
		{ .name = "a thread that moves", .num_givers = 2, .first_sleeper = REACTOR_O },
		{ .name = "three givers, a thread that moves",
		  .num_givers = 3,
		  .first_sleeper = REACTOR_O },
		{ .name = "a thread that arrives", .num_givers = 3, .first_sleeper = REACTOR_NONE },
	};

	run_rows(rows, sizeof(rows) / sizeof(rows[0]), false);
}

static void
test_mutants_are_found(void **state)
{
	static const struct rules rows[] = {
		{ .name = "no fence in the sleeper",
		  .num_givers = 1,
		  .attached = true,
		  .no_sleeper_fence = true },
		{ .name = "no fence in the giver",
		  .num_givers = 1,
		  .attached = true,
		  .no_giver_fence = true },
		{ .name = "no second look", .num_givers = 1, .attached = true, .no_look = true },
		{ .name = "attached after the look",
		  .num_givers = 1,
		  .first_sleeper = REACTOR_O,
		  .attach_late = true },
		{ .name = "arrived after the look",
		  .num_givers = 1,
		  .first_sleeper = REACTOR_NONE,
		  .attach_late = true },
		{ .name = "a waiter that forgets kicks",
		  .num_givers = 1,
		  .attached = true,
		  .forgetful_waiter = true },
		{ .name = "a duty taken and not done",
		  .num_givers = 2,
		  .attached = true,
		  .lazy_clear = true },
		{ .name = "no fence in the sleeper, a thread that moves",
		  .num_givers = 1,
		  .first_sleeper = REACTOR_O,
		  .no_sleeper_fence = true },
		{ .name = "no fence in the giver, a thread that moves",
		  .num_givers = 1,
		  .first_sleeper = REACTOR_O,
		  .no_giver_fence = true },
	};

	run_rows(rows, sizeof(rows) / sizeof(rows[0]), true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_schedule_loses_a_wakeup),
		cmocka_unit_test(test_mutants_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
