#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""noop.py BUILD [--jobs N] [--only REGEX] [--tests REGEX] [--keep FILE]: no public function is
hollow.

Each function that libspdk.so exports is replaced, one at a time, by one that returns 0 at once
(hook.c patches the running program; nothing is built anew). At least one test must fail each time.
A function that survives is either run by no test, or no test looks at what it does.

First each test runs once to note which functions it calls; then each function meets the tests that
call it, the quickest first, until one fails, crashes, or takes much longer than it should.
equivalent.tsv names the functions that really do nothing but return 0, each with the reason.
--keep FILE keeps the notes of the first part for another run.
"""

import argparse
import concurrent.futures
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SUITES = {"unit", "functional", "compat", "fuzz"}
# They test sources, headers or linking, not what a function does.
NO_USE = {"unit_env_shm_step_native",  # steps its processes itself
          "compat_interface", "compat_apps", "compat_rpc", "compat_noop", "functional_link"}


class Test:
    def __init__(self, facts, build):
        self.name = facts["name"]
        self.cmd = facts["cmd"]
        self.env = facts["env"]
        self.workdir = facts["workdir"] or build  # as Meson runs them
        self.seconds = 0.0
        self.seen = set()

    def run(self, env, limit):
        """True if it passed within the limit; leaves no process behind."""
        full = dict(os.environ, **self.env, **env)
        cmd = list(self.cmd)
        if os.geteuid() == 0:  # a process namespace of its own dies as a whole
            cmd = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"] + cmd
        with tempfile.TemporaryFile() as out:
            p = subprocess.Popen(cmd, env=full, cwd=self.workdir, stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                rc = p.wait(limit)
            except subprocess.TimeoutExpired:
                rc = -1
            finally:
                try:
                    os.killpg(p.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                p.wait()
            out.seek(0)
            return rc == 0 and not re.search(rb"^not ok", out.read(), re.M)


def load_tests(build, pattern):
    out = subprocess.check_output(["meson", "introspect", build, "--tests"], text=True)
    tests = [Test(t, build) for t in json.loads(out)
             if t["name"] not in NO_USE and {s.split(":")[-1] for s in t["suite"]} & SUITES]
    return [t for t in tests if re.search(pattern, t.name)]


def public_functions(build):
    out = subprocess.check_output(["nm", "-D", "--defined-only",
                                   os.path.join(build, "libspdk.so")], text=True)
    return sorted({line.split()[2].split("@")[0] for line in out.splitlines()
                   if line.split()[1] == "T"})


def equivalent():
    with open(os.path.join(HERE, "equivalent.tsv")) as f:
        rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    return {name for name, reason in rows if reason}


def note(tests, names, hook, work):
    """Run each test alone; fill in what it calls and how long it takes. Returns those that fail."""
    symbols = os.path.join(work, "symbols")
    os.chmod(work, 0o755)
    with open(symbols, "w") as f:
        f.writelines(n + "\n" for n in names)
    broken = []
    for t in tests:
        seen = os.path.join(work, t.name)
        begin = time.monotonic()
        ok = t.run({"LD_PRELOAD": hook, "BASALT_NOOP_SYMBOLS": symbols, "BASALT_NOOP_SEEN": seen},
                   600)
        t.seconds = time.monotonic() - begin
        if not ok:
            broken.append(t.name)
        elif os.path.exists(seen):
            with open(seen) as f:
                t.seen = set(f.read().split())
    return broken


def judge(name, tests, hook):
    """The name of the test that fails without the function; None: it survives."""
    for t in sorted((t for t in tests if name in t.seen), key=lambda t: t.seconds):
        if not t.run({"LD_PRELOAD": hook, "BASALT_NOOP": name}, 5 + 4 * t.seconds):
            return t.name
    return None


def keep(path, tests):
    with open(path, "w") as f:
        json.dump({t.name: [t.seconds, sorted(t.seen)] for t in tests}, f)


def recall(path, tests):
    with open(path) as f:
        notes = json.load(f)
    for t in tests:
        t.seconds, seen = notes.get(t.name, [0.0, []])
        t.seen = set(seen)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("build")
    ap.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    ap.add_argument("--only", default="", help="functions that match")
    ap.add_argument("--tests", default="", help="tests that match")
    ap.add_argument("--keep", help="notes of which test calls what: read if there, else written")
    args = ap.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    build = os.path.abspath(args.build)
    hook = os.path.join(build, "test", "compat", "noop", "libnoop_hook.so")
    names = [n for n in public_functions(build) if re.search(args.only, n)]
    tests = load_tests(build, args.tests)
    work = tempfile.mkdtemp(prefix="basalt-noop-")
    try:
        broken = []
        if args.keep and os.path.exists(args.keep):
            recall(args.keep, tests)
        else:
            broken = note(tests, names, hook, work)
            if args.keep:
                keep(args.keep, tests)
        for name in broken:
            print(f"not ok - {name} fails with nothing replaced")
        called = set().union(*(t.seen for t in tests))
        excused = equivalent()
        survivors = [n for n in names if n not in called and n not in excused]
        for name in survivors:
            print(f"not ok - {name}: no test calls it", flush=True)
        rest = [n for n in names if n in called and n not in excused]
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for name, by in zip(rest, pool.map(lambda n: judge(n, tests, hook), rest)):
                if by is None:
                    survivors.append(name)
                    by = ", ".join(t.name for t in tests if name in t.seen)
                    print(f"not ok - {name}: does nothing, and these pass: {by}", flush=True)
        print(f"{len(names)} functions, {len(tests)} tests, {len(survivors)} survivors, "
              f"{len(excused & set(names))} excused")
        return 1 if survivors or broken else 0
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
