#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""soak.py [--seconds N] [--build DIR] [--only PART]: everything long, one after the other; each
leaves a row in doc/soak.tsv: date, commit, what, amount, result.

1,000 starts and stops of a whole target in one process; 2,000 random configurations saved, loaded
and saved again; 1,000 random sequences of changes, each ended by SIGKILL at some moment and found
again by the next start; then each fuzz target for N seconds (600 by default) from its seeds. What a
fuzzer finds stays in DIR/soak.
"""

import argparse
import datetime
import os
import random
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEDGER = os.path.join(TOP, "doc", "soak.tsv")
CYCLES = 1000
CONFIGURATIONS = 2000
SEQUENCES = 1000


def git(*args):
    return subprocess.run(["git", "-C", TOP, *args], capture_output=True, text=True).stdout.strip()


def record(what, amount, ok):
    dirty = git("status", "--porcelain", ":!doc/soak.tsv")
    commit = git("rev-parse", "--short", "HEAD") + ("+" if dirty else "")
    row = [datetime.date.today().isoformat(), commit, what, amount, "passed" if ok else "FAILED"]
    print("\t".join(row), flush=True)
    with open(LEDGER, "a", encoding="ascii") as f:
        f.write("\t".join(row) + "\n")
    return ok


def cycles(build):
    done = subprocess.run([os.path.join(build, "test", "functional", "cycle"), str(CYCLES)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout)
    return record("functional_cycle", f"{CYCLES} cycles", done.returncode == 0)


def configurations(build):
    script = os.path.join(TOP, "test", "functional", "rpc", "test_config_property.py")
    first = random.randrange(2 ** 31)
    done = subprocess.run([sys.executable, script, build, TOP, "--runs", str(CONFIGURATIONS),
                           "--seed", str(first)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout)
    seed = re.search(r"--seed (\d+)", done.stdout)
    return record("functional_rpc_config_property",
                  f"{CONFIGURATIONS} configurations, seed {seed.group(1) if seed else '?'}",
                  done.returncode == 0)


def state(build):
    """The program killed at any moment, and started again with its state file."""
    seed = random.randrange(2 ** 32)
    done = subprocess.run([sys.executable, os.path.join(TOP, "test", "functional", "rpc",
                                                        "test_state.py"),
                           build, str(SEQUENCES), str(seed)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout[-4000:])
    return record("functional_rpc_state", f"{SEQUENCES} sequences, seed {seed}",
                  done.returncode == 0)


def fuzz_targets(build):
    """[(name, program)]: what clang can build."""
    out = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], capture_output=True,
                         text=True, check=True).stdout
    found = re.findall(r"^(test/fuzz/\S+/(fuzz_\w+)): CUSTOM_COMMAND", out, re.M)
    return [(name, path) for path, name in sorted(found) if "seeds" not in name]


def seeds_of(build, name, path):
    """The folders of seeds beside the target: one for all, or one a target."""
    seeds = os.path.join(build, os.path.dirname(path), "seeds")
    own = os.path.join(seeds, name.rsplit("_", 1)[-1])
    return own if os.path.isdir(own) else seeds


def fuzz(build, name, path, seconds):
    folder = os.path.join(build, "soak", name)
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["ninja", "-C", build, path, "all"], check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(
        [os.path.join(build, path), f"-max_total_time={seconds}", "-print_final_stats=1",
         f"-artifact_prefix={folder}/found-", folder, seeds_of(build, name, path)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    units = re.search(r"number_of_executed_units:\s*(\d+)", done.stdout)
    if done.returncode != 0:
        print(done.stdout[-4000:])
    return record(name, f"{units.group(1) if units else 0} inputs, {seconds} s",
                  done.returncode == 0 and units is not None)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--only", choices=["cycles", "configurations", "state", "fuzz"])
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    args = parser.parse_args()
    good = True
    for part in (cycles, configurations, state):
        if args.only in (None, part.__name__):
            good &= part(args.build)
    if args.only not in (None, "fuzz"):
        return 0 if good else 1
    targets = fuzz_targets(args.build)
    if not targets:
        print("soak.py: no fuzz target: clang is missing", file=sys.stderr)
    for name, path in targets:
        good &= fuzz(args.build, name, path, args.seconds)
    return 0 if good and targets else 1


if __name__ == "__main__":
    sys.exit(main())
