#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""scheduler.py BUILD [--pairs N] [--seconds S] [LOAD...]: the dynamic scheduler against the static
one on two cores, under five loads (see sched_load.c). Static and dynamic runs alternate, and each
pair changes who is first; printed are the median of the pairwise ratios of work done, dynamic by
static, and the least and greatest ratio. Nothing passes or fails here by time; the goal is 1.00 or
more."""

import argparse
import os
import statistics
import subprocess

LOADS = ("steady", "crowd", "bursts", "uneven", "pairs")


def run(build, scheduler, load, seconds):
    done = subprocess.run([os.path.join(build, "test", "bench", "sched_load"), scheduler, load,
                           str(seconds)], capture_output=True, text=True, timeout=60 + seconds,
                          check=True)
    return int(done.stdout)


def ratios(build, load, pairs, seconds):
    for pair in range(pairs):
        order = ("static", "dynamic") if pair % 2 == 0 else ("dynamic", "static")
        done = {scheduler: run(build, scheduler, load, seconds) for scheduler in order}
        yield done["dynamic"] / done["static"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=", ".join(LOADS))
    args = parser.parse_intermixed_args()
    if not set(args.loads) <= set(LOADS):
        parser.error(f"the loads are {', '.join(LOADS)}")
    print(f"{'load':8} {'median':>7} {'least':>7} {'most':>7}   dynamic / static, "
          f"{args.pairs} pairs")
    for load in args.loads or LOADS:
        found = list(ratios(args.build, load, args.pairs, args.seconds))
        print(f"{load:8} {statistics.median(found):7.3f} {min(found):7.3f} {max(found):7.3f}",
              flush=True)


if __name__ == "__main__":
    main()
