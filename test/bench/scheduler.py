#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""scheduler.py BUILD [--pairs N] [--seconds S] [--foreign PERCENT] [--null] [LOAD...]: the dynamic
scheduler against the static one on two cores, under five loads (see sched_load.c).

A pair is one run of each, the order turning from pair to pair. Its ratio is work done, dynamic by
static. Printed are the median of the ratios and the interval that holds the true median with 95 %
probability, whatever the noise looks like: the k-th least and k-th greatest ratio, by the binomial
distribution. The goal is 1.00 or more; "slower" is
said when the whole interval is below 0.99, "not slower" when all of it is above, else more pairs
are needed.

A pair in which something else took more than --foreign (3 %) of the two CPUs (other processes,
or the host that lends them) is thrown away and run again, as often as there are pairs. --null
compares static with static: what it shows is the noise of the method. Nothing passes or fails here
by time."""

import argparse
import math
import os
import resource
import statistics
import subprocess
import time

LOADS = ("steady", "crowd", "bursts", "uneven", "pairs")
CPUS = ("cpu0", "cpu1")
EQUAL = 0.99
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def busy_s():
    """Seconds that the two CPUs did not idle: users, system, interrupts, and what the host took."""
    with open("/proc/stat", encoding="ascii") as f:
        rows = [line.split() for line in f]
    return sum((sum(map(int, row[1:9])) - int(row[4]) - int(row[5])) * TICK_S
               for row in rows if row[0] in CPUS)


def own_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(build, scheduler, load, seconds):
    """Work done, and the share of the CPUs that others had meanwhile."""
    begin, busy, own = time.monotonic(), busy_s(), own_s()
    done = subprocess.run([os.path.join(build, "test", "bench", "sched_load"), scheduler, load,
                           str(seconds)], capture_output=True, text=True, timeout=60 + seconds,
                          check=True)
    foreign = (busy_s() - busy) - (own_s() - own)
    return int(done.stdout), max(foreign, 0) / (len(CPUS) * (time.monotonic() - begin))


def ratios(build, load, args):
    """args.pairs ratios of undisturbed pairs, fewer on a machine that is never quiet; and how many
    were thrown away."""
    second = "static" if args.null else "dynamic"
    found, spoilt = [], 0
    while len(found) < args.pairs and spoilt < args.pairs:
        order = ("static", second) if len(found) % 2 == 0 else (second, "static")
        work, foreign = zip(*(run(build, s, load, args.seconds) for s in order))
        if max(foreign) * 100 > args.foreign:
            spoilt += 1
            continue
        found.append(work[1] / work[0] if len(found) % 2 == 0 else work[0] / work[1])
    return found, spoilt


def interval(values):
    """Of the median, 95 %; all of them when they are too few (fewer than 6)."""
    n, values = len(values), sorted(values)
    below, k = 0.0, 0
    while below + math.comb(n, k) / 2 ** n <= 0.025:
        below += math.comb(n, k) / 2 ** n
        k += 1
    return values[max(k, 1) - 1], values[n - max(k, 1)]


def verdict(low, high, count):
    if count < 6:
        return "too few pairs"
    if high < EQUAL:
        return "slower"
    return "not slower" if low >= EQUAL else "more pairs needed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--foreign", type=float, default=3, metavar="PERCENT",
                        help="how much of the CPUs others may take in a pair that counts")
    parser.add_argument("--null", action="store_true", help="static against static")
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=", ".join(LOADS))
    args = parser.parse_intermixed_args()
    if not set(args.loads) <= set(LOADS):
        parser.error(f"the loads are {', '.join(LOADS)}")
    print(f"{'load':8} {'median':>7} {'95 % from':>9} {'to':>7} {'pairs':>6} {'spoilt':>7}")
    for load in args.loads or LOADS:
        found, spoilt = ratios(args.build, load, args)
        if not found:
            print(f"{load:8} {'-':>7} {'-':>9} {'-':>7} {0:6} {spoilt:7}  the machine is not quiet")
            continue
        low, high = interval(found)
        print(f"{load:8} {statistics.median(found):7.3f} {low:9.3f} {high:7.3f} {len(found):6} "
              f"{spoilt:7}  {verdict(low, high, len(found))}", flush=True)


if __name__ == "__main__":
    main()
