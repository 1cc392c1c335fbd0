/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Timers that can be waited for, among other descriptors: timerfds, set by the clock of ticks.
 * Owner's thread only. No state. */

#include "native.h"

#include "spdk_internal/env_fault.h"

#include <sys/timerfd.h>

#define NS_PER_S 1000000000ull
/* Longer than any program runs; keeps the arithmetic of the kernel far from its limits. */
#define MAX_TIMER_S (10ull * 365 * 24 * 3600)

int
env_timer_create(void)
{
	int fd;

	if (env_fault(ENV_FAULT_WAITER)) {
		return -EMFILE;
	}
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return fd >= 0 ? fd : -errno;
}

void
env_timer_set(int fd, uint64_t deadline_ticks)
{
	struct itimerspec spec = { 0 };
	uint64_t now = spdk_get_ticks(), hz = spdk_get_ticks_hz(), left, ns;

	if (deadline_ticks != UINT64_MAX) {
		left = deadline_ticks > now ? deadline_ticks - now : 0;
		if (left / hz >= MAX_TIMER_S) {
			left = MAX_TIMER_S * hz;
		}
		/* Rounded up: to wake before the deadline would mean to wait again. A time of 0
		 * would stop the timer. */
		ns = (uint64_t)(((unsigned __int128)left * NS_PER_S + hz - 1) / hz);
		ns = spdk_max(ns, 1);
		spec.it_value.tv_sec = (time_t)(ns / NS_PER_S);
		spec.it_value.tv_nsec = (long)(ns % NS_PER_S);
	}
	timerfd_settime(fd, 0, &spec, NULL);
}

void
env_timer_close(int fd)
{
	close(fd);
}
