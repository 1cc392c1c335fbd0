#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Bdevs on files: each file that can't be used is refused with its name, the reason and the remedy,
and leaves nothing behind; data, holes, zeros and flushes reach the file; a new size is taken over;
a saved configuration makes the same bdevs again. The same for io_uring and for Linux AIO, but for
what only one has.

    test_bdev_file.py BUILD_ROOT SOURCE_ROOT uring|aio
"""

import contextlib
import ctypes
import errno
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

for folder_of in ("rpc", "nvmf"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", folder_of))
from harness import Target, run_tap  # noqa: E402
from nvme_tcp import Host  # noqa: E402

KIND = sys.argv[3]
OTHER = {"uring": "aio", "aio": "uring"}[KIND]
INTERNAL_ERROR = -32603
# What a bdev needs beyond name and filename to have all that it can; aio must be asked for it.
ALL = {"uring": {}, "aio": {"fallocate": True}}
NOBODY = 65534
MIB = 1 << 20
PERF_S = 100


@contextlib.contextmanager
def folder():
    """A folder that every user can read, gone in the end."""
    path = tempfile.mkdtemp(prefix="basalt_bdev_file_")
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


def create(target, name, filename, kind=KIND, **more):
    """The whole answer. With AIO a file's block size has to be named."""
    size = {"block_size": 512} if kind == "aio" else {}
    return target.connection.request(
        f"bdev_{kind}_create",
        json.dumps({"name": name, "filename": filename, **size, **ALL[kind], **more}))


def traces(target):
    """What a refused bdev could leave behind: bdevs, and open files with how often."""
    bdevs = target.connection.call("bdev_get_bdevs")  # first: now the connection has its file
    fds = f"/proc/{target.process.pid}/fd"
    return bdevs, sorted(os.readlink(os.path.join(fds, fd)) for fd in os.listdir(fds))


def traces_settle(target, before):
    """Whether traces() is as before, at once or when a helper thread has finished."""
    deadline = time.monotonic() + 10
    while traces(target) != before and time.monotonic() < deadline:
        time.sleep(0.01)
    return traces(target) == before


def refused(target, name, filename, words, code, **more):
    """SPDK's uring bdev has one code for all, its aio bdev the errno."""
    before = traces(target)
    error = create(target, name, filename, **more).get("error")
    assert error is not None, f"{filename} {more}: taken"
    assert error["code"] == (-code if KIND == "aio" else INTERNAL_ERROR), error
    for word in (filename, *words):
        assert word in error["message"], f"{word!r} is not in {error['message']!r}"
    after = traces(target)
    assert after == before, f"{error['message']}: left behind: {before} -> {after}"


# ---- Refusals ----

# (name of the file, its size or None, block_size or None, errno, the reason, the remedy)
REFUSALS = [
    ("missing", None, None, errno.ENOENT, "does not exist", "make the file first"),
    (".", None, None, errno.EISDIR, "is a directory", "name a file in it"),
    ("empty", 0, None, errno.EINVAL, "too small: it has 0 bytes", "make the file larger"),
    ("small", 511, None, errno.EINVAL, "too small: it has 511 bytes", "make the file larger"),
    ("small4k", 2048, 4096, errno.EINVAL, "too small: it has 2048 bytes", "make the file larger"),
    ("odd", MIB + 1, None, errno.EINVAL, f"odd size: {MIB + 1} bytes are not whole blocks of 512",
     "change its size, or block_size"),
    ("odd4k", MIB + 512, 4096, errno.EINVAL,
     f"odd size: {MIB + 512} bytes are not whole blocks of 4096",
     "change its size, or block_size"),
    ("good", MIB, 3, errno.EINVAL,
     "block_size 3 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 256, errno.EINVAL,
     "block_size 256 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 511, errno.EINVAL,
     "block_size 511 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 513, errno.EINVAL,
     "block_size 513 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 65537, errno.EINVAL,
     "block_size 65537 does not suit", "a power of two from 512 to 65536"),
    ("good", MIB, 131072, errno.EINVAL,
     "block_size 131072 does not suit", "a power of two from 512 to 65536"),
]


def check_refusals(build, source):
    with folder() as directory, Target(build) as target:
        for name, size, block_size, code, *words in REFUSALS:
            path = os.path.join(directory, name)
            if size is not None:
                make_file(directory, name, size)
            more = {} if block_size is None else {"block_size": block_size}
            refused(target, "u0", path, words, code, **more)
        assert target.connection.call("bdev_get_bdevs") == []


def check_refusal_fifo(build, source):
    with folder() as directory, Target(build) as target:
        path = os.path.join(directory, "fifo")
        os.mkfifo(path)
        words = ["neither a file nor a block device", "name one of these"]
        for more in [{}] + [{"readonly": True}] * (KIND == "aio"):
            refused(target, "u0", path, words, errno.ENOTBLK, **more)


def check_block_sizes(build, source):
    """The borders that are taken; 0 is what rpc.py sends for none, and means the default, which
    SPDK's aio bdev has for devices only."""
    rows = [(MIB, 512, 512), (MIB, 65536, 65536), (65536, 65536, 65536)]
    if KIND == "uring":
        rows += [(MIB, 0, 4096), (512, 0, 512), (MIB + 512, 0, 512)]
    with folder() as directory, Target(build) as target:
        if KIND == "aio":
            refused(target, "u0", make_file(directory, "f", MIB),
                    ["no block size of its own", "name one in block_size"], errno.EINVAL,
                    block_size=0)
        for size, asked, got in rows:
            path = make_file(directory, "f", size)
            before = traces(target)
            assert create(target, "u0", path, block_size=asked).get("result") == "u0"
            (bdev,) = target.connection.call("bdev_get_bdevs", {"name": "u0"})
            assert (bdev["block_size"], bdev["num_blocks"]) == (got, size // got), bdev
            assert bdev["driver_specific"][KIND]["filename"] == path, bdev
            target.connection.call(f"bdev_{KIND}_delete", {"name": "u0"})
            assert traces_settle(target, before), "delete left something behind"


def check_duplicates(build, source):
    with folder() as directory, Target(build) as target:
        first, second = (make_file(directory, name, MIB) for name in ("a", "b"))
        hard, soft = (os.path.join(directory, name) for name in ("hard", "soft"))
        os.link(first, hard)
        os.symlink(first, soft)
        assert create(target, "u0", first).get("result") == "u0"
        refused(target, "u0", second, ["bdev of that name", "choose another"], errno.EEXIST)
        for path in (first, hard, soft):
            refused(target, "u1", path, ["is the file of bdev u0", "delete it first"],
                    errno.EBUSY)
            error = create(target, "u1", path, kind=OTHER)["error"]
            assert "is the file of bdev u0" in error["message"], error
        assert create(target, "u1", second).get("result") == "u1"
        target.connection.call(f"bdev_{KIND}_delete", {"name": "u0"})
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
                    ["not writable for this user (Permission denied)", "change its rights"],
                    errno.EACCES)
            if KIND == "aio":
                assert create(target, "u0", path, readonly=True).get("result") == "u0"
        status = target.stop()
        assert status == 0, status


# ---- I/O ----

def configuration(directory, path, through=True, **more):
    """A file with u0 on path, and pt0 on u0."""
    entries = [{"method": f"bdev_{KIND}_create",
                "params": {"name": "u0", "filename": path, "block_size": 4096, **ALL[KIND],
                           **more}}]
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
    assert "the file ends before" in err and f"bdev_{KIND}_rescan" in err, err


class SnapshotTarget(Target):
    """spdk_tgt; each time that it synced the file, what the file had then is copied to `kept`."""

    def __init__(self, build, directory, path, kept):
        self.addr = os.path.join(directory, "rpc.sock")
        self.log = open(os.path.join(directory, "log"), "w+", encoding="utf-8")
        env = {**os.environ, "LAB_SNAPSHOT_OF": path, "LAB_SNAPSHOT_TO": kept,
               "LD_PRELOAD": os.path.join(build, "test", "lab", "liblab_snapshot.so"),
               "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.process = subprocess.Popen(
            [os.path.join(build, "bin", "spdk_tgt"), "-r", self.addr], stdout=self.log,
            stderr=self.log, stdin=subprocess.DEVNULL, env=env)


@contextlib.contextmanager
def host_of(target, path):
    """An I/O queue of a host, with the file's bdev as namespace 1."""
    nqn, port = "nqn.2026-11.io.basalt:bdev-file", 20000 + os.getpid() % 4000
    call = target.connection.call
    assert create(target, "u0", path, block_size=512).get("result") == "u0"
    call("nvmf_create_transport", {"trtype": "TCP"})
    call("nvmf_create_subsystem", {"nqn": nqn, "allow_any_host": True})
    call("nvmf_subsystem_add_ns", {"nqn": nqn, "namespace": {"bdev_name": "u0"}})
    call("nvmf_subsystem_add_listener", {"nqn": nqn, "listen_address": {
        "trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": str(port)}})
    host = Host("127.0.0.1", port, nqn)
    try:
        yield host.queue()
    finally:
        host.close()


def check_power_cut(build, source):
    """Of a file that keeps only what was synced, all that FLUSH or FUA acknowledged is there, and
    nothing else: else the cut would show nothing."""
    flushed, through, lost = (os.urandom(4096) for _ in range(3))
    with folder() as directory:
        path, kept = make_file(directory, "f", MIB), os.path.join(directory, "kept")
        with SnapshotTarget(build, directory, path, kept) as target:
            with host_of(target, path) as queue:
                assert queue.write(0, flushed).status == 0
                assert queue.run(queue.io_cmd(0, 0, 1, b"\0" * 16)).status == 0
                with open(kept, "rb") as f:
                    assert f.read(4096) == flushed, "FLUSH is answered before it is done"
                assert queue.write(16, through, fua=True).status == 0
                assert queue.write(32, lost).status == 0
                target.process.kill()
                target.process.wait()
        shutil.copyfile(kept, path)
        with Target(build) as target, host_of(target, path) as queue:
            data = queue.read(0, 48).data
        assert data[:4096] == flushed, "a flushed write is lost"
        assert data[8192:12288] == through, "a write with FUA is lost"
        assert data[16384:20480] == bytes(4096), "a write that nobody synced is there"


# A seccomp filter: io_uring_setup() or io_setup() gives EPERM, anything else is allowed.
SETUP = {"uring": 425, "aio": 206 if os.uname().machine == "x86_64" else 0}[KIND]
SECCOMP = struct.pack("=" + "HBBI" * 4, 0x20, 0, 0, 0, 0x15, 0, 1, SETUP, 6, 0, 0, 0x50001, 6, 0,
                      0, 0x7fff0000)
FORBIDDEN = {"uring": ("io_uring does not work here", "kernel.io_uring_disabled", "seccomp"),
             "aio": ("AIO does not work here", "seccomp", "bdev_uring_create")}[KIND]


def forbid_setup():
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(SECCOMP, len(SECCOMP))
    prog = struct.pack("HxxxxxxP", len(SECCOMP) // 8, ctypes.addressof(code))
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, prog, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


class ForbiddenTarget(Target):
    """spdk_tgt that may not use what moves the data."""

    def __init__(self, build, directory):
        self.addr = os.path.join(directory, "rpc.sock")
        self.log = open(os.path.join(directory, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [os.path.join(build, "bin", "spdk_tgt"), "-r", self.addr], stdout=self.log,
            stderr=self.log, stdin=subprocess.DEVNULL, preexec_fn=forbid_setup)


def check_forbidden(build, source):
    with folder() as directory, ForbiddenTarget(build, directory) as target:
        path = make_file(directory, "f", MIB)
        before = traces(target)
        error = create(target, "u0", path).get("error")
        assert error and error["code"] == (-1 if KIND == "aio" else INTERNAL_ERROR), error
        for word in ("Operation not permitted", *FORBIDDEN):
            assert word in error["message"], error
        assert traces(target) == before


# ---- Size and configuration ----

def check_rescan(build, source):
    with folder() as directory, Target(build) as target:
        path = make_file(directory, "f", MIB)
        assert create(target, "u0", path, block_size=4096).get("result") == "u0"

        def rescan(size, num_blocks, *words):
            os.truncate(path, size)
            answer = target.connection.request(f"bdev_{KIND}_rescan", '{"name": "u0"}')
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
        answer = target.connection.request(f"bdev_{KIND}_rescan", '{"name": "nix"}')
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
    (f"bdev_{KIND}_create", {"name": "u0", "filename": None, "block_size": 512}),
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


# ---- What only AIO has ----

def check_readonly(build, source):
    """Reads; no writes, not even by permission; several may share a file, but no writer joins."""
    with folder() as directory:
        path = make_file(directory, "f", MIB, fill=True)
        with Target(build) as target:
            assert create(target, "u0", path, readonly=True).get("result") == "u0"
            assert create(target, "u1", path, readonly=True).get("result") == "u1"
            refused(target, "u2", path, ["is the file of bdev u", "delete it first"], errno.EBUSY)
            (bdev,) = target.connection.call("bdev_get_bdevs", {"name": "u0"})
            can = {name for name, yes in bdev["supported_io_types"].items() if yes}
            assert "read" in can and not can & {"write", "unmap", "write_zeroes"}, bdev
            assert bdev["driver_specific"]["aio"]["readonly"] is True, bdev
            fds = f"/proc/{target.process.pid}/fdinfo"
            flags = [open(os.path.join(fds, fd), encoding="ascii").read() for fd in os.listdir(fds)
                     if os.readlink(f"{fds[:-4]}/{fd}") == path]
            assert len(flags) == 2, flags
            for text in flags:
                assert int(re.search(r"flags:\s+(\d+)", text).group(1), 8) & 3 == 0, text
        config = configuration(directory, path, through=False, readonly=True)
        bdevperf(build, config, "u0", "-q", "4", "-o", "4096", "-w", "randread", "--io-count", "64")


def check_without_fallocate(build, source):
    """Nothing but reads and writes reaches the file; zeros are written by the layer."""
    with folder() as directory, Target(build) as target:
        path = make_file(directory, "f", MIB)
        assert create(target, "u0", path, fallocate=False).get("result") == "u0"
        (bdev,) = target.connection.call("bdev_get_bdevs", {"name": "u0"})
        assert bdev["supported_io_types"]["unmap"] is False, bdev
        assert bdev["driver_specific"]["aio"]["fallocate"] is False, bdev
    with folder() as directory:
        path = make_file(directory, "f", MIB, fill=True)
        trace = os.path.join(directory, "trace")
        bdevperf(build, configuration(directory, path, through=False, fallocate=False), "u0", "-q",
                 "4", "-o", "65536", "-w", "write_zeroes", "--io-count", "16",
                 before=["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-qq", "-y",
                         "-e", "trace=fallocate", "-o", trace])
        with open(trace, encoding="utf-8") as f:
            assert f"<{path}>" not in f.read()
        with open(path, "rb") as f:
            assert f.read() == bytes(MIB)


def check_nowait(build, source):
    """Data is right whether the kernel takes I/O at once or a helper has to wait for it."""
    with folder() as directory:
        path = make_file(directory, "f", 8 * MIB)
        config = configuration(directory, path, nowait=True)
        bdevperf(build, config, "pt0", "-q", "8", "-o", "65536", "-w", "verify", "--io-count",
                 "400")
        with open(path, "rb") as f:
            zeros = bytes(4096)
            blocks = [f.read(4096) for _ in range(8 * MIB // 4096)]
        assert zeros not in blocks, f"{blocks.count(zeros)} blocks were never written"


def main(build, source, kind):
    checks = (check_refusals, check_refusal_fifo, check_block_sizes, check_duplicates,
              check_not_writable, check_verify, check_unmap, check_write_zeroes, check_flush,
              check_power_cut, check_shrunk, check_forbidden, check_rescan, check_save_and_load)
    if kind == "aio":
        checks += (check_readonly, check_without_fallocate, check_nowait)
    return run_tap([(check.__name__[6:].replace("_", " "),
                     lambda check=check: check(build, source)) for check in checks])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
