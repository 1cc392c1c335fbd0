/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Randomness that (seed, name of the stream, number of the draw) determine. Each stream is a
 * counter that is hashed together with a hash of its name, so that streams never influence each
 * other. */

#include "sim.h"

#define DEFAULT_SEED 1
#define MAX_NAME 32
#define MAX_STREAMS 64

struct stream {
	char name[MAX_NAME]; /* empty: unused */
	uint64_t key;
	uint64_t num_draws;
};

static struct {
	uint64_t seed;     /* 0: the default */
	struct stream env; /* of env_random() */
	struct stream
	        streams[MAX_STREAMS]; /* in the order of their first draw; no allocation can fail */
} g_rand SYSTEM_STATE;

/* The finaliser of splitmix64. */
static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static uint64_t
key_of(const char *name)
{
	uint64_t key = mix((g_rand.seed != 0 ? g_rand.seed : DEFAULT_SEED) + 0x9e3779b97f4a7c15ull);

	for (; *name != '\0'; name++) {
		key = mix(key ^ (uint8_t)*name) + 0x9e3779b97f4a7c15ull;
	}
	return key;
}

static uint64_t
draw(struct stream *s)
{
	return mix(s->key + ++s->num_draws * 0x9e3779b97f4a7c15ull);
}

void
sim_rand_init(void)
{
	g_rand.env.key = key_of("env");
	g_rand.env.num_draws = 0;
}

void
sim_rand_fini(void)
{
	memset(&g_rand, 0, sizeof(g_rand));
}

void
env_sim_seed(uint64_t seed)
{
	sim_rand_fini();
	g_rand.seed = seed;
	sim_rand_init();
}

static struct stream *
stream_get(const char *name)
{
	struct stream *s = g_rand.streams;

	assert(name[0] != '\0' && strlen(name) < MAX_NAME);
	if (strcmp(name, "env") == 0) {
		return &g_rand.env;
	}
	while (s->name[0] != '\0' && strcmp(s->name, name) != 0) {
		s++;
		assert(s < &g_rand.streams[MAX_STREAMS]);
	}
	if (s->name[0] == '\0') {
		snprintf(s->name, sizeof(s->name), "%s", name);
		s->key = key_of(name);
	}
	return s;
}

uint64_t
env_sim_rand(const char *name)
{
	return draw(stream_get(name));
}

uint64_t
env_sim_rand_below(const char *name, uint64_t bound)
{
	struct stream *s = stream_get(name);
	uint64_t limit, r;

	assert(bound > 0);
	/* The largest multiple of bound: draws above it would favour small numbers. */
	limit = UINT64_MAX - UINT64_MAX % bound;
	do {
		r = draw(s);
	} while (r >= limit);
	return r % bound;
}

void
env_random(void *buf, size_t len_bytes)
{
	uint8_t *p = buf;
	uint64_t r = 0;
	size_t i;

	for (i = 0; i < len_bytes; i++) {
		if (i % 8 == 0) {
			r = draw(&g_rand.env);
		}
		p[i] = (uint8_t)(r >> (i % 8 * 8));
	}
}
