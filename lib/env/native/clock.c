/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Ticks. On x86 the time stamp counter, if the processor says that it runs at one speed in all its
 * states and the kernel trusts it too; on arm64 the virtual counter; else CLOCK_MONOTONIC in
 * nanoseconds. Chosen once by init; read by any thread.
 *
 * The counter's speed is measured against CLOCK_MONOTONIC, for 1 ms; the processor's own statement,
 * where it makes one, is preferred when the measurement agrees with it. */

#include "native.h"

#include "spdk/log.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

#define NS_PER_S 1000000000ull
#define MEASURE_NS 1000000ull
#define MIN_HZ 1000000ull
#define CLOCKSOURCE_PATH "/sys/devices/system/clocksource/clocksource0/current_clocksource"

static struct {
	uint64_t hz; /* set once by init, as the other */
	bool use_counter;
} g_clock SYSTEM_STATE = { .hz = NS_PER_S };

uint64_t
machine_monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void
env_wall_clock(struct timespec *now)
{
	clock_gettime(CLOCK_REALTIME, now);
}

#if defined(__x86_64__)

static inline uint64_t
counter_read(void)
{
	return __rdtsc();
}

static bool
counter_usable(void)
{
	char source[32];
	uint32_t a, b, c, d;

	/* Leaf 0x80000007, EDX bit 8: constant in all power states. */
	if (__get_cpuid(0x80000007, &a, &b, &c, &d) == 0 || (d & (1u << 8)) == 0) {
		return false;
	}
	/* The kernel compares the counters of all processors for as long as it runs. */
	return !native_read_text(CLOCKSOURCE_PATH, source, sizeof(source)) ||
	       strncmp(source, "tsc", 3) == 0 || strncmp(source, "kvm-clock", 9) == 0 ||
	       strncmp(source, "hyperv_clocksource_tsc_page", 27) == 0;
}

/* What the processor or hypervisor says; 0: nothing. */
static uint64_t
counter_stated_hz(void)
{
	uint32_t a, b, c, d;

	/* Leaf 0x15: crystal in ECX, ratio EBX / EAX. */
	if (__get_cpuid(0x15, &a, &b, &c, &d) != 0 && a != 0 && b != 0 && c != 0) {
		return (uint64_t)c * b / a;
	}
	/* Leaf 0x40000010 of a hypervisor: kHz in EAX. */
	if (__get_cpuid(1, &a, &b, &c, &d) != 0 && (c & (1u << 31)) != 0) {
		__cpuid(0x40000000, a, b, c, d);
		if (a >= 0x40000010) {
			__cpuid(0x40000010, a, b, c, d);
			return (uint64_t)a * 1000;
		}
	}
	return 0;
}

void
spdk_pause(void)
{
	_mm_pause();
}

#elif defined(__aarch64__)

static inline uint64_t
counter_read(void)
{
	uint64_t value;

	__asm volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
	return value;
}

static bool
counter_usable(void)
{
	return true;
}

static uint64_t
counter_stated_hz(void)
{
	uint64_t hz;

	__asm volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}

void
spdk_pause(void)
{
	__asm volatile("yield" ::: "memory");
}

#endif

/* A pair of readings taken close together: of three tries the one that took least time. */
static void
sample(uint64_t *ns, uint64_t *count)
{
	uint64_t best = UINT64_MAX;
	int i;

	*ns = *count = 0;
	for (i = 0; i < 3; i++) {
		uint64_t before = machine_monotonic_ns();
		uint64_t value = counter_read();
		uint64_t after = machine_monotonic_ns();

		if (after - before < best) {
			best = after - before;
			*ns = before + (after - before) / 2;
			*count = value;
		}
	}
}

/* Ticks a second as measured; 0 when the counter does not run. */
static uint64_t
counter_measure_hz(void)
{
	uint64_t ns_0, ns_1, count_0, count_1;

	sample(&ns_0, &count_0);
	while (machine_monotonic_ns() - ns_0 < MEASURE_NS) {
		spdk_pause();
	}
	sample(&ns_1, &count_1);
	if (count_1 <= count_0 || ns_1 <= ns_0) {
		return 0;
	}
	return (uint64_t)((unsigned __int128)(count_1 - count_0) * NS_PER_S / (ns_1 - ns_0));
}

int
native_clock_init(void)
{
	uint64_t stated, measured, off;

	if (!counter_usable()) {
		SPDK_INFOLOG(env, "The processor's counter is not steady: ticks are nanoseconds\n");
		return 0;
	}
	measured = counter_measure_hz();
	if (measured < MIN_HZ) {
		SPDK_INFOLOG(env, "The processor's counter stands: ticks are nanoseconds\n");
		return 0;
	}
	g_clock.hz = measured;
	g_clock.use_counter = true;
	stated = counter_stated_hz();
	off = stated > measured ? stated - measured : measured - stated;
	/* Within 0.1 %: then the statement has more digits than a millisecond gives. */
	if (stated != 0 && off < stated / 1000) {
		g_clock.hz = stated;
	}
	return 0;
}

void
native_clock_fini(void)
{
	g_clock.use_counter = false;
	g_clock.hz = NS_PER_S;
}

uint64_t
spdk_get_ticks(void)
{
	return spdk_likely(g_clock.use_counter) ? counter_read() : machine_monotonic_ns();
}

uint64_t
spdk_get_ticks_hz(void)
{
	return g_clock.hz;
}

void
spdk_delay_us(unsigned int us)
{
	uint64_t end = machine_monotonic_ns() + (uint64_t)us * 1000;

	while (machine_monotonic_ns() < end) {
		spdk_pause();
	}
}
