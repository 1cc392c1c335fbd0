#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Bdevs on files: each file that can't be used is refused with its name, the reason and the remedy,
and leaves nothing behind; data, holes, zeros and flushes reach the file; a new size is taken over;
a saved configuration makes the same bdevs again.

    test_uring.py BUILD_ROOT SOURCE_ROOT
"""

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import Target, run_tap  # noqa: E402

INTERNAL_ERROR = -32603
NOBODY = 65534
MIB = 1 << 20
PERF_S = 100


@contextlib.contextmanager
def folder():
    """A folder that every user can read, gone in the end."""
    path = tempfile.mkdtemp(prefix="basalt_uring_")
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def make_file(directory, name, size, fill=False):
    path = os.path.join(directory, name)
    with open(path, "wb") as f:
        if fill:
            f.write(os.urandom(size))
            f.flush()
            os.fsync(f.fileno())
        else:
            f.truncate(size)
    return path


def create(target, name, filename, **more):
    """The whole answer."""
    return target.connection.request("bdev_uring_create",
                                     json.dumps({"name": name, "filename": filename, **more}))


def traces(target):
    """What a refused bdev could leave behind: bdevs, and open files with how often."""
    bdevs = target.connection.call("bdev_get_bdevs")  # first: now the connection has its file
    fds = f"/proc/{target.process.pid}/fd"
    return bdevs, sorted(os.readlink(os.path.join(fds, fd)) for fd in os.listdir(fds))


def refused(target, name, filename, words, **more):
    before = traces(target)
    error = create(target, name, filename, **more).get("error")
    assert error is not None, f"{filename} {more}: taken"
    assert error["code"] == INTERNAL_ERROR, error
    for word in (filename, *words):
        assert word in error["message"], f"{word!r} is not in {error['message']!r}"
    after = traces(target)
    assert after == before, f"{error['message']}: left behind: {before} -> {after}"


# ---- Refusals ----

# (name of the file, its size or None, block_size or None, the reason, the remedy)
REFUSALS = [
    ("missing", None, None, "does not exist", "make the file first"),
    (".", None, None, "is a directory", "name a file in it"),
    ("empty", 0, None, "too small: it has 0 bytes", "make the file larger"),
    ("small", 511, None, "too small: it has 511 bytes", "make the file larger"),
    ("small4k", 2048, 4096, "too small: it has 2048 bytes", "make the file larger"),
    ("odd", MIB + 1, None, f"odd size: {MIB + 1} bytes are not whole blocks of 512",
     "change its size, or block_size"),
    ("odd4k", MIB + 512, 4096, f"odd size: {MIB + 512} bytes are not whole blocks of 4096",
     "change its size, or block_size"),
    ("good", MIB, 3, "block_size 3 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 256, "block_size 256 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 511, "block_size 511 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 513, "block_size 513 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 65537, "block_size 65537 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 131072, "block_size 131072 does not suit", "a power of two from 512 to 65536"),
]


def check_refusals(build, source):
    with folder() as directory, Target(build) as target:
        for name, size, block_size, *words in REFUSALS:
            path = os.path.join(directory, name)
            if size is not None:
                make_file(directory, name, size)
            more = {} if block_size is None else {"block_size": block_size}
            refused(target, "u0", path, words, **more)
        assert target.connection.call("bdev_get_bdevs") == []


def check_refusal_fifo(build, source):
    with folder() as directory, Target(build) as target:
        path = os.path.join(directory, "fifo")
        os.mkfifo(path)
        refused(target, "u0", path, ["neither a file nor a block device", "name one of these"])


def check_block_sizes(build, source):
    """The borders that are taken; 0 is what rpc.py sends for none, and means the default."""
    with folder() as directory, Target(build) as target:
        for size, asked, got in [(MIB, 512, 512), (MIB, 65536, 65536), (65536, 65536, 65536),
                                 (MIB, 0, 4096), (512, 0, 512), (MIB + 512, 0, 512)]:
            path = make_file(directory, "f", size)
            before = traces(target)
            assert create(target, "u0", path, block_size=asked).get("result") == "u0"
            (bdev,) = target.connection.call("bdev_get_bdevs", {"name": "u0"})
            assert (bdev["block_size"], bdev["num_blocks"]) == (got, size // got), bdev
            assert bdev["driver_specific"]["uring"]["filename"] == path, bdev
            target.connection.call("bdev_uring_delete", {"name": "u0"})
            assert traces(target) == before, "delete left something behind"


def check_duplicates(build, source):
    with folder() as directory, Target(build) as target:
        first, second = (make_file(directory, name, MIB) for name in ("a", "b"))
        hard, soft = (os.path.join(directory, name) for name in ("hard", "soft"))
        os.link(first, hard)
        os.symlink(first, soft)
        assert create(target, "u0", first).get("result") == "u0"
        refused(target, "u0", second, ["bdev of that name", "choose another"])
        for path in (first, hard, soft):
            refused(target, "u1", path, ["is the file of bdev u0", "delete it first"])
        assert create(target, "u1", second).get("result") == "u1"
        target.connection.call("bdev_uring_delete", {"name": "u0"})
        assert create(target, "u2", hard).get("result") == "u2"


class UserTarget(Target):
    """spdk_tgt as a user without rights: a copy, in a folder that is this user's."""

    def __init__(self, build, directory):
        self.dir = directory
        self.addr = os.path.join(directory, "rpc.sock")
        self.log = open(os.path.join(directory, "log"), "w+", encoding="utf-8")
        program = shutil.copy(os.path.join(build, "bin", "spdk_tgt"), directory)
        os.chown(directory, NOBODY, NOBODY)
        self.process = subprocess.Popen(
            [program, "-r", self.addr], cwd=directory, stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL, user=NOBODY, group=NOBODY, extra_groups=[])


def check_not_writable(build, source):
    with folder() as directory, folder() as home:
        path = make_file(directory, "f", MIB)
        os.chmod(path, 0o444)
        with UserTarget(build, home) if os.geteuid() == 0 else Target(build) as target:
            refused(target, "u0", path,
                    ["not writable for this user (Permission denied)", "change its rights"])
        status = target.stop()
        assert status == 0, status


# ---- I/O ----

def configuration(directory, path, through=True):
    """A file with u0 on path, and pt0 on u0."""
    entries = [{"method": "bdev_uring_create",
                "params": {"name": "u0", "filename": path, "block_size": 4096}}]
    if through:
        entries.append({"method": "bdev_passthru_create",
                        "params": {"name": "pt0", "base_bdev_name": "u0"}})
    name = os.path.join(directory, "config.json")
    with open(name, "w", encoding="ascii") as f:
        json.dump({"subsystems": [{"subsystem": "bdev", "config": entries}]}, f)
    return name


def bdevperf(build, config, bdev, *args, before=()):
    """Run it; its one job must end with no failed and no timed out I/O."""
    run = subprocess.run([*before, os.path.join(build, "examples", "bdevperf"), "--json", config,
                          "-T", bdev, *args], capture_output=True, text=True, timeout=PERF_S)
    what = f"{args}: {run.returncode}\n{run.stdout}\n{run.stderr}"
    assert run.returncode == 0, what
    row = re.search(rf"^\t {bdev} +: +(.*)$", run.stdout, re.M)
    assert row, what
    _, iops, _, fails, timeouts, *_ = map(float, row.group(1).split())
    assert iops > 0 and fails == 0 and timeouts == 0, what


def check_verify(build, source):
    with folder() as directory:
        path = make_file(directory, "f", 8 * MIB)
        config = configuration(directory, path)
        for size in ("4096", "65536", "131072"):
            bdevperf(build, config, "pt0", "-q", "8", "-o", size, "-w", "verify", "--io-count",
                     "400")
        with open(path, "rb") as f:
            zeros = bytes(4096)
            blocks = [f.read(4096) for _ in range(8 * MIB // 4096)]
        assert zeros not in blocks, f"{blocks.count(zeros)} blocks were never written"


def half_zeroed(build, workload, through):
    """A workload over the first half of a full file of 8 MiB: kB it takes before and after."""
    with folder() as directory:
        path = make_file(directory, "f", 8 * MIB, fill=True)
        with open(path, "rb") as f:
            was = f.read()
        before = os.stat(path)
        bdevperf(build, configuration(directory, path, through), "pt0" if through else "u0", "-q",
                 "4", "-o", "65536", "-w", workload, "--io-count", "64")
        with open(path, "rb") as f:
            now = f.read()
        after = os.stat(path)
        assert after.st_size == 8 * MIB
        assert now[:4 * MIB] == bytes(4 * MIB), f"{workload}: the first half is not zeros"
        assert now[4 * MIB:] == was[4 * MIB:], f"{workload}: the second half changed"
        return before.st_blocks // 2, after.st_blocks // 2


def check_unmap(build, source):
    for through in (False, True):
        before, after = half_zeroed(build, "unmap", through)
        assert before >= 8192, before
        assert 4096 <= after <= before - 4096 + 64, f"{before} kB, {after} kB"


def check_write_zeroes(build, source):
    for through in (False, True):
        half_zeroed(build, "write_zeroes", through)


def syncs(build, depth, count):
    """How many fdatasync() so many FLUSHes through passthru take; none may fail."""
    with folder() as directory:
        path = make_file(directory, "f", MIB)
        trace = os.path.join(directory, "trace")
        arguments = (configuration(directory, path), "pt0", "-q", str(depth), "-o", "4096", "-w",
                     "flush", "--io-count", str(count))
        # The leak checker of a sanitized build can't run under ptrace: so once without.
        bdevperf(build, *arguments)
        bdevperf(build, *arguments,
                 before=["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-qq", "-y",
                         "-e", "trace=fdatasync", "-o", trace])
        with open(trace, encoding="utf-8") as f:
            lines = f.read().splitlines()
    calls = [line for line in lines if re.search(rf" fdatasync\(\d+<{re.escape(path)}>", line)]
    good = [line for line in lines if re.search(r"fdatasync.*\) += 0$", line)]
    assert len(good) == len(calls), lines
    return len(calls)


def check_flush(build, source):
    """A FLUSH alone is an fdatasync() of its own; those that wait together share one."""
    assert syncs(build, 1, 50) == 50
    calls = syncs(build, 8, 64)
    assert 64 // 8 <= calls <= 64, calls


def check_shrunk(build, source):
    """A file that shrinks under its bdev: what is gone can't be read, and the line says why."""
    with folder() as directory:
        path = make_file(directory, "f", MIB, fill=True)
        config = configuration(directory, path, through=False)
        run = subprocess.Popen([os.path.join(build, "examples", "bdevperf"), "--json", config,
                                "-T", "u0", "-q", "1", "-o", "4096", "-w", "read", "-t", "20",
                                "-f", "-S", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
        for line in run.stdout:
            if line.startswith("Job: u0"):
                break
        os.truncate(path, MIB // 2)
        for line in run.stdout:
            if line.startswith("Job: u0"):
                break
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=PERF_S)
    assert "the file ends before" in err and "bdev_uring_rescan" in err, err


# A seccomp filter: io_uring_setup() gives EPERM, anything else is allowed.
SECCOMP = struct.pack("=" + "HBBI" * 4, 0x20, 0, 0, 0, 0x15, 0, 1, 425, 6, 0, 0, 0x50001, 6, 0, 0,
                      0x7fff0000)


def forbid_io_uring():
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(SECCOMP, len(SECCOMP))
    prog = struct.pack("HxxxxxxP", len(SECCOMP) // 8, ctypes.addressof(code))
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, prog, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


class NoUringTarget(Target):
    """spdk_tgt that may not use io_uring."""

    def __init__(self, build, directory):
        self.addr = os.path.join(directory, "rpc.sock")
        self.log = open(os.path.join(directory, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [os.path.join(build, "bin", "spdk_tgt"), "-r", self.addr], stdout=self.log,
            stderr=self.log, stdin=subprocess.DEVNULL, preexec_fn=forbid_io_uring)


def check_no_io_uring(build, source):
    with folder() as directory, NoUringTarget(build, directory) as target:
        path = make_file(directory, "f", MIB)
        before = traces(target)
        error = create(target, "u0", path).get("error")
        assert error and error["code"] == INTERNAL_ERROR, error
        for word in ("io_uring does not work here", "Operation not permitted",
                     "kernel.io_uring_disabled", "seccomp"):
            assert word in error["message"], error
        assert traces(target) == before


# ---- Size and configuration ----

def check_rescan(build, source):
    with folder() as directory, Target(build) as target:
        path = make_file(directory, "f", MIB)
        assert create(target, "u0", path, block_size=4096).get("result") == "u0"

        def rescan(size, num_blocks, *words):
            os.truncate(path, size)
            answer = target.connection.request("bdev_uring_rescan", '{"name": "u0"}')
            if words:
                assert answer["error"]["code"] < 0, answer
                assert all(word in answer["error"]["message"] for word in words), answer
            else:
                assert answer["result"] is True, answer
            (bdev,) = target.connection.call("bdev_get_bdevs", {"name": "u0"})
            assert bdev["num_blocks"] == num_blocks, bdev

        rescan(MIB, 256)
        rescan(4 * MIB, 1024)
        rescan(4 * MIB + 512, 1024, path, "odd size", "blocks of 4096")
        rescan(0, 1024, path, "0 bytes")
        rescan(2 * MIB, 512)
        answer = target.connection.request("bdev_uring_rescan", '{"name": "nix"}')
        assert answer["error"]["code"] == -19 and "nix" in answer["error"]["message"], answer


def rpc_py(source, target, *args):
    """What rpc.py prints; it must end well."""
    run = subprocess.run([sys.executable, os.path.join(source, "scripts", "rpc.py"), "-s",
                          target.addr, *args], capture_output=True, text=True, timeout=60,
                         stdin=subprocess.DEVNULL)
    assert run.returncode == 0, f"{args}: {run}"
    return run.stdout


def by_name(target):
    return {bdev["name"]: bdev for bdev in target.connection.call("bdev_get_bdevs")}


BDEVS = [
    ("bdev_null_create", {"name": "n0", "num_blocks": 1000, "block_size": 512}),
    ("bdev_malloc_create", {"name": "m0", "num_blocks": 1024, "block_size": 4096}),
    ("bdev_uring_create", {"name": "u0", "filename": None, "block_size": 512}),
    ("bdev_passthru_create", {"name": "pt0", "base_bdev_name": "u0"}),
    ("bdev_passthru_create", {"name": "pt1", "base_bdev_name": "m0"}),
]


def check_save_and_load(build, source):
    with folder() as directory:
        path = make_file(directory, "f", MIB)
        with Target(build) as target:
            for method, params in BDEVS:
                params = {k: path if v is None else v for k, v in params.items()}
                assert target.connection.call(method, params) == params["name"]
            saved = rpc_py(source, target, "save_config")
            bdevs = by_name(target)
        assert all(f'"{params["name"]}"' in saved for _, params in BDEVS), saved
        config = os.path.join(directory, "saved.json")
        with open(config, "w", encoding="utf-8") as f:
            f.write(saved)
        with Target(build, "--wait-for-rpc") as target:
            rpc_py(source, target, "load_config", "-j", config)
            assert rpc_py(source, target, "save_config") == saved
            now = by_name(target)
            assert now == bdevs, f"{bdevs}\n{now}"
        with Target(build, "--json", config) as target:
            assert rpc_py(source, target, "save_config") == saved


def main(build, source):
    checks = (check_refusals, check_refusal_fifo, check_block_sizes, check_duplicates,
              check_not_writable, check_verify, check_unmap, check_write_zeroes, check_flush,
              check_shrunk, check_no_io_uring, check_rescan, check_save_and_load)
    return run_tap([(check.__name__[6:].replace("_", " "),
                     lambda check=check: check(build, source)) for check in checks])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
