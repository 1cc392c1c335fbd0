#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Instructions per I/O, by callgrind.

bench.py [--record] [ROW...]: print the table of rows; fail on a row above its gate, or more than
3 % above the recorded figure when that was recorded with the same compiler and C library. Rows
without a gate only tell: how often they poll depends on the kernel.

Each row runs its program twice under callgrind, for less and for more I/O (rows on bdevs, which
repeat exactly) or time (rows with two programs), and reports
(instructions B - A) / (I/Os B - A), so that start and stop fall out. The I/Os are the calls that
callgrind itself counted of a function that runs once for each.
"""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build-bench")
RECORDED = os.path.join(TOP, "test", "bench", "recorded.json")
# The C library chooses its memcpy by processor; a fixed choice keeps the figure equal everywhere.
ENV = dict(os.environ, GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM")
NQN = "nqn.2016-06.io.spdk:bench"
PORT = "4491"
SIZES = (2, 6)  # of the two runs: seconds, or as many times
IOS_PER_SIZE = 20000


def build():
    if not os.path.isdir(BUILD):
        subprocess.check_call(["meson", "setup", BUILD, "--buildtype=release", "-Doptimization=2",
                               "-Dc_args=-march=x86-64-v3 -g", "-Dtests=disabled"],
                              stdout=subprocess.DEVNULL, cwd=TOP)
    subprocess.check_call(["ninja", "-C", BUILD], stdout=subprocess.DEVNULL)


def program(name):
    for folder in ("bin", "examples"):
        path = os.path.join(BUILD, folder, name)
        if os.path.exists(path):
            return path
    sys.exit(f"bench.py: {name} is not built")


def profile(path, function):
    """(all instructions, calls of `function`) of a callgrind file."""
    total = calls = 0
    names = {}
    want = False
    with open(path) as f:
        for line in f:
            if line.startswith("summary:") or line.startswith("totals:"):
                total = int(line.split()[1])
            elif line.startswith(("cfn=", "fn=")):
                m = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line)
                if m.group(2):
                    names[m.group(1)] = m.group(2).strip().split("'")[0]
                want = line.startswith("cfn=") and names.get(m.group(1)) == function
            elif line.startswith("calls=") and want:
                calls += int(line[6:].split()[0])
                want = False
    return total, calls


def callgrind(out):
    return ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out, "--quiet"]


def config(workdir, subsystems):
    path = os.path.join(workdir, "config.json")
    with open(path, "w") as f:
        json.dump({"subsystems": subsystems}, f)
    return path


def run_bdevperf(workdir, size, bdevs, workload, depth):
    """I/O on the last of `bdevs`, each of which is built on the one before."""
    conf = config(workdir, [{"subsystem": "bdev", "config": [
        {"method": method, "params": params} for method, params in bdevs]}])
    out = os.path.join(workdir, "callgrind.out")
    subprocess.run(callgrind(out) + [program("bdevperf"), "-c", conf, "-m", "0x1", "-q", str(depth),
                                     "-o", "4096", "-w", workload,
                                     "--io-count", str(size * IOS_PER_SIZE),
                                     "-r", os.path.join(workdir, "rpc.sock")],
                   check=True, env=ENV, stdout=subprocess.DEVNULL, timeout=300)
    instructions, calls = profile(out, "spdk_bdev_free_io")
    return instructions, calls // len(bdevs)


def run_file(workdir, size, kind):
    """I/O on a file of holes, which the kernel answers without a device."""
    path = os.path.join(workdir, "file")
    with open(path, "wb") as f:
        f.truncate(1 << 28)
    bdev = (f"bdev_{kind}_create", {"name": "f0", "filename": path, "block_size": 4096})
    return run_bdevperf(workdir, size, [bdev], "randread", 128)


def target_config(workdir, sock_impl=None):
    sock = [{"method": "sock_set_default_impl", "params": {"impl_name": sock_impl}}]
    return config(workdir, [
        {"subsystem": "sock", "config": sock if sock_impl else []},
        {"subsystem": "bdev", "config": [
            {"method": "bdev_malloc_create",
             "params": {"name": "m0", "num_blocks": 65536, "block_size": 4096}}]},
        {"subsystem": "nvmf", "config": [
            {"method": "nvmf_create_transport", "params": {"trtype": "TCP"}},
            {"method": "nvmf_create_subsystem", "params": {"nqn": NQN, "allow_any_host": True}},
            {"method": "nvmf_subsystem_add_ns",
             "params": {"nqn": NQN, "namespace": {"bdev_name": "m0"}}},
            {"method": "nvmf_subsystem_add_listener",
             "params": {"nqn": NQN, "listen_address": {"trtype": "TCP", "adrfam": "IPv4",
                                                       "traddr": "127.0.0.1", "trsvcid": PORT}}}]}])


def wait_ready(sock, proc):
    """Until the control socket answers framework_wait_init, or the program ended."""
    import socket
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if proc.poll() is not None:
            sys.exit(f"bench.py: the target ended with status {proc.returncode}")
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(30)
                s.connect(sock)
                s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"framework_wait_init"}')
                if s.recv(4096):
                    return
        except OSError:
            time.sleep(0.05)
    sys.exit("bench.py: the target does not answer")


def run_fabric(workdir, seconds, workload, measured, sock_impl=None):
    """The target and spdk_nvme_perf, queue depth 64; callgrind on the one that is measured, which
    uses `sock_impl`."""
    out = os.path.join(workdir, "callgrind.out")
    sock = os.path.join(workdir, "rpc.sock")
    tgt = [program("nvmf_tgt"), "-m", "0x1", "-r", sock, "-c",
           target_config(workdir, sock_impl if measured == "target" else None)]
    perf = [program("spdk_nvme_perf"), "-q", "64", "-o", "4096", "-w", workload,
            "-t", str(seconds), "-c", "0x2",
            "-r", f"trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:{PORT} subnqn:{NQN}"]
    if sock_impl and measured == "perf":
        perf += ["-S", sock_impl]
    if measured == "target":
        tgt = callgrind(out) + tgt
    else:
        perf = callgrind(out) + perf
    proc = subprocess.Popen(tgt, env=ENV, stdout=subprocess.DEVNULL)
    try:
        wait_ready(sock, proc)
        subprocess.run(perf, check=True, env=ENV, stdout=subprocess.DEVNULL, timeout=300)
    finally:
        proc.send_signal(signal.SIGTERM)
        proc.wait(60)
    return profile(out, "spdk_nvmf_request_complete" if measured == "target"
                   else "nvme_request_complete")


NULL = ("bdev_null_create", {"name": "null0", "num_blocks": 262144, "block_size": 4096})
MALLOC = ("bdev_malloc_create", {"name": "m0", "num_blocks": 65536, "block_size": 4096})

PASSTHRU = ("bdev_passthru_create", {"name": "p0", "base_bdev_name": "null0"})

ROWS = {
    "a": ("null, randread, q 128", 500, lambda d, t: run_bdevperf(d, t, [NULL], "randread", 128)),
    "b": ("null, randread, q 1", 800, lambda d, t: run_bdevperf(d, t, [NULL], "randread", 1)),
    "c-read": ("malloc, randread, q 128", 1250,
               lambda d, t: run_bdevperf(d, t, [MALLOC], "randread", 128)),
    "c-write": ("malloc, randwrite, q 128", 1250,
                lambda d, t: run_bdevperf(d, t, [MALLOC], "randwrite", 128)),
    "d-read": ("target, TCP, randread on malloc, q 64", 3500,
               lambda d, t: run_fabric(d, t, "randread", "target")),
    "d-write": ("target, TCP, randwrite on malloc, q 64", 3700,
                lambda d, t: run_fabric(d, t, "randwrite", "target")),
    "e": ("spdk_nvme_perf, TCP, randwrite, q 64", 1700,
          lambda d, t: run_fabric(d, t, "randwrite", "perf")),
    "f": ("a passthru in between, added to row a", 400,
          lambda d, t: run_bdevperf(d, t, [NULL, PASSTHRU], "randread", 128)),
    # For comparison, without a gate: callgrind does not count what the kernel does.
    "d-read-uring": ("row d-read over io_uring sockets", None,
                     lambda d, t: run_fabric(d, t, "randread", "target", "uring")),
    "d-write-uring": ("row d-write over io_uring sockets", None,
                      lambda d, t: run_fabric(d, t, "randwrite", "target", "uring")),
    "e-uring": ("row e over io_uring sockets", None,
                lambda d, t: run_fabric(d, t, "randwrite", "perf", "uring")),
    "aio": ("aio, randread on a file, q 128", None, lambda d, t: run_file(d, t, "aio")),
    "uring": ("uring, randread on a file, q 128", None, lambda d, t: run_file(d, t, "uring")),
}
# Rows that are what they add to another one.
ADDED_TO = {"f": "a"}


@functools.lru_cache(maxsize=None)
def slope(row):
    points = []
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="basalt-bench-") as d:
            points.append(ROWS[row][2](d, size))
    (ia, na), (ib, nb) = points
    if nb <= na:
        sys.exit(f"bench.py: row {row}: the longer run did no more I/O ({na}, {nb})")
    return (ib - ia) / (nb - na)


def measure(row):
    return round(slope(row) - (slope(ADDED_TO[row]) if row in ADDED_TO else 0))


def toolchain():
    cc = subprocess.check_output(["cc", "--version"], text=True).splitlines()[0]
    libc = os.confstr("CS_GNU_LIBC_VERSION")
    return f"{cc}; {libc}"


def main():
    args = sys.argv[1:]
    record = "--record" in args
    rows = [a for a in args if not a.startswith("-")] or list(ROWS)
    build()
    known = {}
    if os.path.exists(RECORDED):
        with open(RECORDED) as f:
            known = json.load(f)
    same = known.get("toolchain") == toolchain()
    worse = []
    print(f"{'row':13} {'what':42} {'instr/IO':>9} {'gate':>6} {'recorded':>9}")
    for row in rows:
        what, gate, _ = ROWS[row]
        figure = measure(row)
        old = known.get("rows", {}).get(row) if same and gate else None
        print(f"{row:13} {what:42} {figure:9} {gate or '-':>6} {old or '-':>9}", flush=True)
        if not gate:
            continue
        if figure > gate:
            worse.append(f"row {row}: {figure} is above the gate of {gate}")
        if old and figure > old * 1.03:
            worse.append(f"row {row}: {figure} is more than 3 % above the recorded {old}")
        known.setdefault("rows", {})[row] = figure
    if record:
        known["toolchain"] = toolchain()
        with open(RECORDED, "w") as f:
            json.dump(known, f, indent=2)
            f.write("\n")
        return 0
    for w in worse:
        print("worse: " + w)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
