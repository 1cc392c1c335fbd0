#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""sleep_cost.py [--build DIR] [--pairs N] [--seconds S]: what the right to sleep costs under load.

Pairs of runs, one of a target that may sleep and one that never does, in alternation; the median of
the pairwise ratios of IOPS and of p99. Depths 1, 32, 128, and paced at 1 k, 10 k, 50 k IOPS.
Goals: IOPS within 3 %, p99 within 10 %.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bench  # noqa: E402

LOADS = [("depth 1", 1, None), ("depth 32", 32, None), ("depth 128", 128, None),
         ("1 k IOPS", 128, 1000), ("10 k IOPS", 128, 10000), ("50 k IOPS", 128, 50000)]


def one_run(build, workdir, sleep, seconds, depth, rate):
    sock = os.path.join(workdir, "rpc.sock")
    cmd = [os.path.join(build, "test", "bench", "busy_tgt"), bench.target_config(workdir), sock]
    tgt = subprocess.Popen(cmd + (["sleep"] if sleep else []), stderr=subprocess.DEVNULL)
    try:
        bench.wait_ready(sock, tgt)
        out = subprocess.check_output(
            ["taskset", "-c", "1", os.path.join(build, "test", "bench", "load_host"), bench.PORT,
             bench.NQN, str(seconds), str(depth)] + ([str(rate)] if rate else []), text=True)
    finally:
        tgt.send_signal(signal.SIGTERM)
        tgt.wait(30)
    iops, _, p99 = out.split()
    return float(iops), float(p99)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", default=os.path.join(bench.TOP, "build"))
    ap.add_argument("--pairs", type=int, default=9)
    ap.add_argument("--seconds", type=float, default=1.5)
    args = ap.parse_args()
    print(f"{'load':10} {'IOPS':>9} {'ratio':>7} {'p99 us':>8} {'ratio':>7}   (sleeping / never)")
    with tempfile.TemporaryDirectory(prefix="basalt-sleep-") as workdir:
        for name, depth, rate in LOADS:
            iops, p99, abs_iops, abs_p99 = [], [], [], []
            for i in range(args.pairs):
                order = (True, False) if i % 2 == 0 else (False, True)
                r = {s: one_run(args.build, workdir, s, args.seconds, depth, rate) for s in order}
                iops.append(r[True][0] / r[False][0])
                p99.append(r[True][1] / r[False][1])
                abs_iops.append(r[True][0])
                abs_p99.append(r[True][1])
            print(f"{name:10} {statistics.median(abs_iops):9.0f} {statistics.median(iops):7.3f} "
                  f"{statistics.median(abs_p99):8.1f} {statistics.median(p99):7.3f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
