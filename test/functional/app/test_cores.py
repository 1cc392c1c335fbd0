#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_cores.py BUILD: which cores a program takes: the lock files of cores against other programs,
of the same user and of others, and against SPDK's own; masks with cores that there are not. Prints
TAP."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import run_tap  # noqa: E402

PROGRAM = os.path.join(os.path.abspath(sys.argv[1]), "bin", "spdk_tgt")
NOBODY = 65534
CORE = max(os.sched_getaffinity(0))
LOCK = f"/var/tmp/spdk_cpu_lock_{CORE:03}"
DIR = tempfile.mkdtemp(prefix="basalt_cores_")
LIMIT_S = 60


class Program:
    """spdk_tgt on the last core, until the end of the block; nobody: as another user."""

    def __init__(self, *args, nobody=False, mask=None):
        self.sock = os.path.join(DIR, "nobody" if nobody else "own")
        self.fd = os.open(PROGRAM, os.O_RDONLY)  # its folder may be closed to others
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if nobody else {}
        self.process = subprocess.Popen(
            ["spdk_tgt", "-m", mask or f"[{CORE}]", "-r", self.sock, *args],
            executable=f"/proc/self/fd/{self.fd}", pass_fds=(self.fd,), cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            **user)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=LIMIT_S)
        os.close(self.fd)

    def wait_up(self):
        end = time.monotonic() + LIMIT_S
        while not os.path.exists(self.sock):
            if self.process.poll() is not None:
                raise AssertionError(f"it ended: {self.process.stderr.read()}")
            assert time.monotonic() < end, "it does not come up"
            time.sleep(0.02)
        return self

    def refused(self, *texts):
        err = self.process.communicate(timeout=LIMIT_S)[1]
        assert self.process.returncode != 0, "it runs"
        for text in texts:
            assert text in err, f"no {text!r} in: {err}"


def test_same_user():
    with Program().wait_up() as first:
        assert os.path.exists(LOCK)
        with open(LOCK, "rb") as f:
            assert int.from_bytes(f.read(4), sys.byteorder) == first.process.pid
        with Program() as second:
            second.refused(f"Core {CORE} is used by process {first.process.pid}", LOCK,
                           "--disable-cpumask-locks")
        with Program("--disable-cpumask-locks", "--no-rpc-server") as third:
            time.sleep(1)
            assert third.process.poll() is None, "it does not run beside the first"
    assert not os.path.exists(LOCK), "the lock file is left behind"


def test_spdk_process():
    """SPDK takes a traditional record lock on the file and writes its pid."""
    fd = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.pwrite(fd, os.getpid().to_bytes(4, sys.byteorder), 0)
        with Program() as program:
            program.refused(f"Core {CORE} is used by process {os.getpid()}")
    finally:
        os.close(fd)
        os.unlink(LOCK)
    # And SPDK's sees ours.
    with Program().wait_up():
        with open(LOCK, "r+b") as f:
            try:
                fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
                raise AssertionError("the lock is not seen")
            except BlockingIOError:
                pass


def test_other_user_runs():
    os.chmod(DIR, 0o777)
    with Program().wait_up():
        with Program(nobody=True).wait_up():
            assert os.path.exists(f"{LOCK}.{NOBODY}")
        assert not os.path.exists(f"{LOCK}.{NOBODY}")


def test_root_sees_others():
    """Root can open the file of another user, so it does."""
    os.chmod(DIR, 0o777)
    with Program(nobody=True).wait_up() as first:
        assert os.stat(LOCK).st_uid == NOBODY
        with Program() as second:
            second.refused(f"Core {CORE} is used by process {first.process.pid}")


def test_absent_core():
    have = ",".join(str(c) for c in sorted(os.sched_getaffinity(0)))
    have = "0-1" if have == "0,1" else have
    with Program(mask=f"[{CORE},1000]") as program:
        program.refused("Core 1000 needs CPU 1000", f"may use {have}", "change the core mask")


if __name__ == "__main__":
    TESTS = [test_same_user, test_spdk_process, test_absent_core]
    if os.geteuid() == 0:
        TESTS += [test_other_user_runs, test_root_sees_others]
    try:
        sys.exit(run_tap([(test.__name__[5:], test) for test in TESTS]) != 0)
    finally:
        shutil.rmtree(DIR)
