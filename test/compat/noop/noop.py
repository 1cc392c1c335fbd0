#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""noop.py BUILD [--inline] [--value N] [--jobs N] [--only REGEX] [--tests REGEX] [--keep FILE]: no
public function is hollow.

Each function that libspdk.so exports is replaced, one at a time, by one that returns 0 at once
(hook.c patches the running program; nothing is built anew). At least one test must fail each time.
A function that survives is either run by no test, or no test looks at what it does. With --value 1
they return 1: what survives that is always true, or may be for all that the tests know.

With --inline it is the turn of the inline functions of include/spdk/*.h, all copies at once, in a
BUILD where each has its own code: meson setup -Doptimization=0 -Dc_args=-falign-functions=16.

First each test runs once to note which functions it calls; then each function meets the tests that
call it, the quickest first, until one fails, crashes, or takes much longer than it should.
equivalent.tsv names the functions that really do nothing but return the value, with the reason.
--keep FILE keeps what was found for another run, which repeats only what hangs on files that have
changed since: a test is noted anew, and a function judged anew, when the test's program, scripts or
library are not the same. Each value has a FILE of its own.
"""

import argparse
import concurrent.futures
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
SUITES = {"unit", "functional", "compat", "fuzz"}
# They test sources, headers or linking, not what a function does.
NO_USE = {"unit_env_shm_step_native",  # steps its processes itself
          "functional_usdt",  # has breakpoints of its own
          "compat_interface", "compat_apps", "compat_rpc", "compat_noop", "functional_link"}
INLINE = re.compile(r"^static (?:__)?inline[^;{}]*?(\w+)\([^;{}]*\)\s*\{", re.M)


# As root a test has processes, a network and folders of locks and sockets of its own: all that it
# starts dies with it, and it meets no port, name or core that another one has taken.
APART = r"""
ip link set lo up && mount -t tmpfs none /var/tmp && mount -t tmpfs none /dev/shm &&
chmod 1777 /var/tmp /dev/shm && echo "$0" > /proc/sys/kernel/ns_last_pid && "$@"
exit $?"""


def apart():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return []
    return ["unshare", "--pid", "--net", "--fork", "--kill-child", "--mount-proc",
            "sh", "-c", APART, str(random.randrange(1000, 30000))]


class Test:
    def __init__(self, facts, build):
        self.name = facts["name"]
        self.cmd = facts["cmd"]
        self.env = facts["env"]
        self.workdir = facts["workdir"] or build  # as Meson runs them
        self.alone = not facts["is_parallel"]
        self.files = self.what_it_is(build)
        self.seconds = 0.0
        self.seen = set()

    def what_it_is(self, build):
        """Names, sizes and times of the files that make the test."""
        paths = {p for p in self.cmd if os.path.isfile(p)}
        for script in [p for p in paths if p.endswith((".py", ".sh"))]:
            with os.scandir(os.path.dirname(script)) as entries:
                paths |= {e.path for e in entries if e.is_file()}
            paths.add(os.path.join(build, "libspdk.so"))
            paths.add(os.path.join(build, "bin", "spdk_tgt"))
        paths.add(os.path.join(build, "test", "compat", "noop", "libnoop_hook.so"))
        stats = [(p, os.stat(p)) for p in sorted(paths) if os.path.exists(p)]
        return [[p, s.st_size, s.st_mtime_ns] for p, s in stats]

    def run(self, env, limit):
        """True if it passed within the limit; leaves no process behind."""
        full = dict(os.environ, **self.env, **env)
        cmd = apart() + self.cmd
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


class Notes:
    """What is known of the tests and functions, from this run and those before."""

    def __init__(self, path):
        self.path = path
        self.tests = {}   # name: [files, seconds, functions that it calls]
        self.killed = {}  # function: the test that fails without it
        if path and os.path.exists(path):
            with open(path) as f:
                self.tests, self.killed = json.load(f)

    def save(self):
        if self.path:
            with open(self.path + ".new", "w") as f:
                json.dump([self.tests, self.killed], f)
            os.replace(self.path + ".new", self.path)

    def recall(self, test):
        """True if the test is the one that was noted."""
        files, test.seconds, seen = self.tests.get(test.name, [None, 0.0, []])
        test.seen = set(seen)
        return files == test.files

    def forget_killer(self, name):
        self.killed = {f: by for f, by in self.killed.items() if by != name}


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


def inline_functions():
    """Those that public headers define; of macros that define some (queue.h) nothing is asked."""
    names = set()
    folder = os.path.join(TOP, "include", "spdk")
    for header in sorted(os.listdir(folder)):
        if header.endswith(".h"):
            with open(os.path.join(folder, header)) as f:
                names |= set(INLINE.findall(f.read()))
    return sorted(names)


def check_inline_build(build):
    out = subprocess.check_output(["meson", "introspect", build, "--buildoptions"], text=True)
    options = {o["name"]: o["value"] for o in json.loads(out)}
    if options["optimization"] != "0" or "-falign-functions=16" not in options["c_args"]:
        sys.exit(f"noop.py: for --inline: meson setup {build} -Doptimization=0 "
                 "-Dc_args=-falign-functions=16")


def equivalent(value):
    """Those that equivalent.tsv excuses from this value."""
    with open(os.path.join(HERE, "equivalent.tsv")) as f:
        rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    return {name for name, of, reason in rows if int(of) == value and reason}


def note(tests, names, hook, work, jobs):
    """Run each test; fill in what it calls and how long it takes. Returns those that fail."""
    symbols = os.path.join(work, "symbols")
    os.chmod(work, 0o755)
    with open(symbols, "w") as f:
        f.writelines(n + "\n" for n in names)

    def one(t):
        seen = os.path.join(work, t.name)
        begin = time.monotonic()
        ok = t.run({"LD_PRELOAD": hook, "BASALT_NOOP_SYMBOLS": symbols, "BASALT_NOOP_SEEN": seen},
                   600)
        t.seconds = time.monotonic() - begin
        t.seen = set()
        if ok and os.path.exists(seen):
            with open(seen) as f:
                t.seen = set(f.read().split())
        return ok

    together = [t for t in tests if not t.alone]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        broken = [t.name for t, ok in zip(together, pool.map(one, together)) if not ok]
    return broken + [t.name for t in tests if t.alone and not one(t)]


def note_changed(tests, names, notes, hook, work, jobs):
    changed = [t for t in tests if not notes.recall(t)]
    broken = note(changed, names, hook, work, jobs)
    for t in changed:
        notes.forget_killer(t.name)
        if t.name in broken:
            notes.tests.pop(t.name, None)
        else:
            notes.tests[t.name] = [t.files, t.seconds, sorted(t.seen)]
    notes.save()
    return broken


def judge(name, value, tests, hook):
    """The name of the test that fails without the function; None: it survives."""
    env = {"LD_PRELOAD": hook, "BASALT_NOOP": name, "BASALT_NOOP_VALUE": str(value)}
    for t in sorted((t for t in tests if name in t.seen), key=lambda t: t.seconds):
        if not t.run(env, 5 + 4 * t.seconds):
            return t.name
    return None


def judge_all(names, value, tests, notes, hook, jobs):
    """The functions without which all tests pass."""
    called = set().union(*(t.seen for t in tests))
    survivors = [n for n in names if n not in called]
    for name in survivors:
        print(f"not ok - {name}: no test calls it", flush=True)
    chosen = {t.name for t in tests}
    rest = [n for n in names if n in called and notes.killed.get(n) not in chosen]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, by in zip(rest, pool.map(lambda n: judge(n, value, tests, hook), rest)):
            if by is None:
                survivors.append(name)
                by = ", ".join(t.name for t in tests if name in t.seen)
                print(f"not ok - {name}: returns {value}, and these pass: {by}", flush=True)
            else:
                notes.killed[name] = by
                notes.save()
    return survivors


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("build")
    ap.add_argument("--inline", action="store_true", help="inline functions of public headers")
    ap.add_argument("--value", type=int, default=0, choices=range(128), metavar="N",
                    help="what they return")
    ap.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    ap.add_argument("--only", default="", help="functions that match")
    ap.add_argument("--tests", default="", help="tests that match")
    ap.add_argument("--keep", help="what was found: used as far as it still holds, and written")
    args = ap.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    build = os.path.abspath(args.build)
    hook = os.path.join(build, "test", "compat", "noop", "libnoop_hook.so")
    if args.inline:
        check_inline_build(build)
    every = inline_functions() if args.inline else public_functions(build)
    tests = load_tests(build, args.tests)
    notes = Notes(args.keep)
    work = tempfile.mkdtemp(prefix="basalt-noop-")
    try:
        broken = note_changed(tests, every, notes, hook, work, args.jobs)
        for name in broken:
            print(f"not ok - {name} fails with nothing replaced", flush=True)
        tests = [t for t in tests if t.name not in broken]
        excused = equivalent(args.value)
        names = [n for n in every if re.search(args.only, n)]
        survivors = judge_all([n for n in names if n not in excused], args.value, tests, notes,
                              hook, args.jobs)
        print(f"{len(names)} functions, {len(tests)} tests, {len(survivors)} survivors, "
              f"{len(excused & set(names))} excused")
        return 1 if survivors or broken else 0
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
