#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""save_config -> load_config -> save_config is equal, for random configurations made by random
calls of all methods that change the configuration, before and after the start; and so it is by
--json. A call that is refused has changed nothing. The same seed makes the same calls, and is
printed; another one is for `make soak`. A failure is shrunk to few calls.

    test_config_property.py BUILD_ROOT SOURCE_ROOT [--runs N] [--calls N] [--seed N]
"""

import argparse
import atexit
import collections
import difflib
import io
import json
import os
import random
import shutil
import sys
import tempfile
import time

import config_generators
from harness import Target, run_tap

SHRINK_S = 120


class Refused(Exception):
    """The program did not start with these options."""


class Program(Target):
    """A target with the package's client."""

    def __enter__(self):
        super().__enter__()
        from spdk.rpc.client import JSONRPCClient
        self.client = JSONRPCClient(self.addr, timeout=60)
        return self

    def saved(self):
        from spdk.rpc.config import save_config
        out = io.StringIO()
        save_config(self.client, out, 1)
        return out.getvalue()


class Trial:
    """One random configuration."""

    def __init__(self, build, schema, seed):
        self.build = build
        self.folder = tempfile.mkdtemp(prefix="basalt_prop_")
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        for number in range(4):
            with open(f"{self.folder}/disk{number}", "wb") as f:
                f.truncate(64 << 10)
            key = os.open(f"{self.folder}/key{number}", os.O_CREAT | os.O_WRONLY, 0o600)
            os.write(key, b"secret%d" % number)
            os.close(key)
        pid = os.getpid()
        self.cores = sorted(os.sched_getaffinity(0))[:2]
        address = f"127.{100 + (pid >> 16) % 100}.{(pid >> 8) & 255}.{(pid & 255) or 1}"
        self.generator = config_generators.Generator(random.Random(seed), self.folder, address,
                                                     self.cores)
        changing = [m for m in schema if m["changes_config"]]
        self.early = [m for m in changing if "STARTUP" in m["states"]]
        self.late = [m for m in changing if "RUNTIME" in m["states"]]
        self.accepted = collections.Counter()
        self.refused = collections.Counter()

    def start(self, *args):
        return Program(self.build, "-m", str(self.cores).replace(" ", ""),
                       "--disable-cpumask-locks", *args)

    def sequence(self, num_calls):
        """Calls: some before the start; then what makes things, then anything."""
        generator = self.generator
        makers = [m for name in config_generators.MAKERS for m in self.late if m["name"] == name]
        first = num_calls // 3
        return [*generator.calls(self.early, generator.rng.randint(0, 6)),
                ("framework_start_init", None), *generator.calls(makers, first),
                *generator.calls(self.late, num_calls - first)]

    def run_calls(self, program, calls, watch_refusals):
        """Run all; the calls that were accepted."""
        from spdk.rpc.client import JSONRPCException
        good, started = [], False
        for name, params in calls:
            before = program.saved() if watch_refusals and started else None
            try:
                program.client.call(name, params)
            except JSONRPCException as err:
                if err.code is None:
                    raise AssertionError(f"{name} {json.dumps(params)}: {err.message}\n"
                                         + program.log_text()[-2000:]) from err
                if name == "framework_start_init":
                    raise Refused(err.message) from err
                self.refused[name] += 1
                if before is not None and program.saved() != before:
                    raise AssertionError(f"{name} {json.dumps(params)} was refused, and has "
                                         f"changed the configuration:\n{err.message}\n"
                                         + differ(before, program.saved())) from err
                continue
            started = started or name == "framework_start_init"
            self.accepted[name] += 1
            good.append((name, params))
        return good

    def check(self, calls, watch_refusals):
        """The calls that were accepted. AssertionError when what was saved is not what comes of
        it."""
        from spdk.rpc.client import JSONRPCException
        from spdk.rpc.config import load_config
        with self.start("--wait-for-rpc") as program:
            good = self.run_calls(program, calls, watch_refusals)
            first = program.saved()
        path = os.path.join(self.folder, "saved.json")
        with open(path, "w", encoding="utf-8") as f:
            f.write(first)
        with self.start("--wait-for-rpc") as program:
            try:
                load_config(program.client, io.StringIO(first))
            except JSONRPCException as err:
                raise AssertionError(f"what was saved can't be loaded: {err.message}") from err
            second = program.saved()
        assert first == second, "load_config:\n" + differ(first, second)
        with self.start("--json", path) as program:
            third = program.saved()
        assert first == third, "--json:\n" + differ(first, third)
        return good


def differ(first, second):
    lines = list(difflib.unified_diff(first.splitlines(), second.splitlines(), "saved", "after",
                                      lineterm="", n=6))
    return "\n".join(lines[:200])


def fails(trial, calls, watch):
    """Why the calls violate the property; None when they don't."""
    try:
        trial.check(calls, watch)
    except Refused:
        return None
    except AssertionError as err:
        return str(err)
    return None


def shrink(trial, calls, reason, watch):
    """(fewer calls, why they fail)."""
    deadline = time.monotonic() + SHRINK_S
    step = max(1, len(calls) // 2)
    while step >= 1 and time.monotonic() < deadline:
        at = 0
        while at < len(calls) and time.monotonic() < deadline:
            fewer = [c for i, c in enumerate(calls)
                     if not at <= i < at + step or c[0] == "framework_start_init"]
            why = fails(trial, fewer, watch) if len(fewer) < len(calls) else None
            if why is not None:
                calls, reason = fewer, why
            else:
                at += step
        step //= 2
    return calls, reason


def check_generators(schema):
    """Each method that changes the configuration has a generator."""
    missing = [m["name"] for m in schema
               if m["changes_config"] and m["name"] not in config_generators.GENERATORS]
    assert not missing, "config_generators.py has no row for " + ", ".join(missing)


class Totals:
    """Of all runs."""

    def __init__(self, schema):
        self.wanted = [m["name"] for m in schema if m["changes_config"]]
        self.accepted = collections.Counter()
        self.refused = collections.Counter()
        self.runs = 0
        self.not_started = 0

    def never(self):
        """Methods that were not accepted yet."""
        return [name for name in self.wanted if not self.accepted[name]]


def check_one(build, schema, seed, num_calls, totals):
    trial = Trial(build, schema, seed)
    calls = trial.sequence(num_calls)
    watch = seed % 4 == 0  # slow
    totals.runs += 1
    try:
        trial.check(calls, watch)
    except Refused:
        totals.not_started += 1
    except AssertionError as err:
        reason = str(err)
        calls, reason = shrink(trial, calls, reason, watch)
        text = "\n".join(f"{name} {json.dumps(params)}" for name, params in calls)
        raise AssertionError(f"seed {seed}:\n{text}\n{reason}") from err
    finally:
        totals.accepted += trial.accepted
        totals.refused += trial.refused


def check_reached(totals):
    """Nothing was equal because nothing was there: each method was accepted at least once."""
    print(f"# {totals.runs} runs, {totals.not_started} did not start; "
          f"{sum(totals.accepted.values())} calls accepted, {sum(totals.refused.values())} refused")
    assert totals.not_started * 4 <= totals.runs, f"{totals.not_started} did not start"
    assert not totals.never(), "never accepted: " + ", ".join(totals.never())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("source")
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    args = parser.parse_args()
    sys.path.insert(0, os.path.join(args.source, "python"))
    seed = args.seed
    print(f"# --runs {args.runs} --calls {args.calls} --seed {seed}", flush=True)
    with open(os.path.join(args.build, "schema.json"), encoding="utf-8") as f:
        schema = [m for m in json.load(f)["methods"] if not m.get("opaque")]
    totals = Totals(schema)

    def all_runs():
        """As many as asked for, and more while a method was never accepted."""
        while totals.runs < args.runs or (totals.never() and totals.runs < 10 * args.runs):
            check_one(args.build, schema, seed + totals.runs, args.calls, totals)

    return run_tap([("each method has a generator", lambda: check_generators(schema)),
                    ("saved, loaded and saved again", all_runs),
                    ("each method was accepted", lambda: check_reached(totals))])


if __name__ == "__main__":
    sys.exit(main())
