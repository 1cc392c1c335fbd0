#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""sleep_cost.py [--build DIR] [--pairs N] [--seconds S] [--control] [LOAD...]: what the right to
sleep costs under load.

Pairs of runs, one of a target that may sleep and one that never does, in alternation; the median of
the pairwise ratios of IOPS and of p99. Depths 1, 32, 128, and paced at 1 k, 10 k, 50 k IOPS.
Goals: IOPS within 3 %, p99 within 10 %. Behind the ratio of p99 stands the interval in which the
true median lies with 95 % confidence (order statistics; no assumption about the distribution).
With --control both sides are the target that never sleeps: what the machine's noise alone gives.

In a virtual machine the hypervisor takes the processors away for milliseconds (/proc/stat calls it
steal); a run that lost more than 1 % of its two processors to that says nothing about its own p99.
Such a pair is run again, up to four times as often as pairs are asked for; "dropped" says how many
were. The last column is how often a second the threads of the target that may sleep gave their core
up while the load was measured: at 0 both targets did the same.
"""

import argparse
import glob
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bench  # noqa: E402

STEAL_MAX = 0.01
LOADS = [("depth 1", 1, None), ("depth 32", 32, None), ("depth 128", 128, None),
         ("1 k IOPS", 128, 1000), ("10 k IOPS", 128, 10000), ("50 k IOPS", 128, 50000)]


def stolen_seconds():
    with open("/proc/stat") as f:
        ticks = [int(line.split()[8]) for line in f if line.startswith(("cpu0 ", "cpu1 "))]
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def sleeps_of(pid):
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path) as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("voluntary"))
    return total


def one_run(build, workdir, sleep, seconds, depth, rate):
    sock = os.path.join(workdir, "rpc.sock")
    cmd = [os.path.join(build, "test", "bench", "busy_tgt"), bench.target_config(workdir), sock]
    tgt = subprocess.Popen(cmd + (["sleep"] if sleep else []), stderr=subprocess.DEVNULL)
    try:
        bench.wait_ready(sock, tgt)
        host = subprocess.Popen(
            ["taskset", "-c", "1", os.path.join(build, "test", "bench", "load_host"), bench.PORT,
             bench.NQN, str(seconds), str(depth)] + ([str(rate)] if rate else []), text=True,
            stdout=subprocess.PIPE)
        host.stdout.readline()  # "begin"
        begin, stolen, sleeps = time.monotonic(), stolen_seconds(), sleeps_of(tgt.pid)
        out = host.stdout.readline()
        took = time.monotonic() - begin
        stolen = (stolen_seconds() - stolen) / 2 / took
        sleeps = (sleeps_of(tgt.pid) - sleeps) / took
        if host.wait(30) != 0:
            raise RuntimeError(f"load_host ended with {host.returncode}")
    finally:
        tgt.send_signal(signal.SIGTERM)
        tgt.wait(30)
    iops, _, p99 = out.split()
    return float(iops), float(p99), stolen, sleeps


def median_interval(values):
    """The narrowest pair of order statistics around the median with 95 % confidence or more."""
    values, n = sorted(values), len(values)
    low, tail = 0, 1.0 / 2 ** n
    while tail + math.comb(n, low + 1) / 2 ** n <= 0.025:
        low += 1
        tail += math.comb(n, low) / 2 ** n
    return values[low], values[n - 1 - low]


def pairs_of(args, workdir, load):
    """The pairs that count, as [(sleeping, never), ...], and how many did not."""
    _, depth, rate = load
    pairs, dropped = [], 0
    for i in range(args.pairs * 4):
        order = (True, False) if i % 2 == 0 else (False, True)
        r = {s: one_run(args.build, workdir, s and not args.control, args.seconds, depth, rate)
             for s in order}
        if max(r[True][2], r[False][2]) > STEAL_MAX:
            dropped += 1
        else:
            pairs.append((r[True], r[False]))
        if len(pairs) == args.pairs:
            break
    return pairs, dropped


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", default=os.path.join(bench.TOP, "build"))
    ap.add_argument("--pairs", type=int, default=9)
    ap.add_argument("--seconds", type=float, default=1.5)
    ap.add_argument("--control", action="store_true", help="compare never with never")
    ap.add_argument("load", nargs="*", help="of " + ", ".join(name for name, _, _ in LOADS))
    args = ap.parse_args()
    unknown = set(args.load) - {name for name, _, _ in LOADS}
    if unknown:
        ap.error(f"no load '{unknown.pop()}': one of " + ", ".join(name for name, _, _ in LOADS))
    print(f"{'load':10} {'IOPS':>9} {'ratio':>7} {'p99 us':>8} {'ratio':>7} {'95 %':>13}  pairs"
          " dropped sleeps/s   (sleeping / never)")
    with tempfile.TemporaryDirectory(prefix="basalt-sleep-") as workdir:
        for load in LOADS:
            if args.load and load[0] not in args.load:
                continue
            pairs, dropped = pairs_of(args, workdir, load)
            if not pairs:
                print(f"{load[0]:10} no pair without more than {STEAL_MAX:.0%} of steal")
                continue
            p99 = [a[1] / b[1] for a, b in pairs]
            low, high = median_interval(p99)
            print(f"{load[0]:10} {statistics.median(a[0] for a, _ in pairs):9.0f} "
                  f"{statistics.median(a[0] / b[0] for a, b in pairs):7.3f} "
                  f"{statistics.median(a[1] for a, _ in pairs):8.1f} "
                  f"{statistics.median(p99):7.3f} {low:6.3f}-{high:6.3f} "
                  f"{len(pairs):6} {dropped:7} {statistics.median(a[3] for a, _ in pairs):8.1f}",
                  flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
