#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_loops.py BUILD libuv|no-libuv: SPDK threads in event loops of programs: each example comes
to its end with the right numbers, and wakes for its work and for nothing else. Prints TAP."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import run_tap  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
LIMIT_S = 60


def run(name, *args):
    done = subprocess.run([os.path.join(BUILD, "examples", name), *args], capture_output=True,
                          text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def numbers(name, *args):
    rc, out, err = run(name, *args)
    assert rc == 0, f"{name}: status {rc}: {err}"
    assert err == "", err
    return [int(n) for n in re.findall(r"\d+", out)]


def check_wakeups(wakeups, work, beats):
    # One for the timer and one for what follows from it, per piece of work; a loop that does not
    # sleep wakes thousands of times.
    assert wakeups <= 6 * work + beats + 20, f"{wakeups} wake-ups for {work} pieces of work"


def test_epoll():
    for ticks, period in ((1, 1), (40, 2)):
        got = numbers("thread_epoll", "-n", str(ticks), "-p", str(period))
        assert got[:3] == [ticks, ticks + 1, ticks * (ticks + 1) // 2 + 1000], got
        check_wakeups(got[4], ticks, got[3])
    got = numbers("thread_epoll", "-n", "4", "-p", "30")
    assert got[3] >= 3, f"our own timer was served {got[3]} times in 120 ms"


def test_io_uring():
    for count in (1, 200):
        got = numbers("thread_io_uring", "-n", str(count))
        assert got[:3] == [count, count, count * (count + 1) // 2], got
        check_wakeups(got[3], count, 0)


def test_libuv():
    for balls, period in ((1, 1), (40, 2)):
        got = numbers("thread_libuv", "-n", str(balls), "-p", str(period))
        assert got[:2] == [balls, balls], got
        check_wakeups(got[3], balls, 0)
    got = numbers("thread_libuv", "-n", "4", "-p", "30")
    assert got[2] >= 3, f"our own timer was served {got[2]} times in 120 ms"


def test_thread():
    for _ in range(5):
        rc, out, err = run("thread")
        assert (rc, err) == (0, ""), (rc, err)
        assert out == ("worker0 counted 1000 on left, worker1 counted 1000 on right, "
                       "worker2 counted 1000 on right\n3 channels, 3000 in all\n"), out
    rc, out, err = run("thread", "-h")
    assert rc == 0 and out.startswith("usage: ") and err == "", (rc, out, err)
    rc, out, err = run("thread", "-x")
    assert rc == 1 and out == "" and "usage: " in err, (rc, out, err)


def test_usage():
    names = ["thread_epoll", "thread_io_uring"] + ["thread_libuv"] * (sys.argv[2] == "libuv")
    for name in names:
        rc, out, err = run(name, "-n", "0")
        assert rc == 1 and out == "" and err.startswith("usage: "), (name, rc, out, err)


if __name__ == "__main__":
    TESTS = [test_thread, test_epoll, test_io_uring, test_usage]
    TESTS += [test_libuv] * (sys.argv[2] == "libuv")
    sys.exit(run_tap([(test.__name__[5:], test) for test in TESTS]) != 0)
