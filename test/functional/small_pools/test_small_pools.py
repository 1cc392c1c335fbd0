# SPDX-License-Identifier: BSD-3-Clause
# Copyright (C) 2026 The Basalt authors
"""I/O of 1 MiB with iobuf at 4 small and 2 large buffers: test_small_pools.py BUILD prints TAP.

Far more is in flight than the buffers hold, so that most of it waits for one. It must progress, the
data must be right, and iobuf_get_stats must show that there were waits: else nothing was tested.
Each program runs for RUN_S seconds; every wait has a deadline.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

BUILD = sys.argv[1]
NQN = "nqn.2026-01.io.basalt:small-pools"
PORT = str(14660 + os.getpid() % 100)
RUN_S = 3
LIMIT_S = 40
IO_BYTES = 1048576
DEPTH = 8
POOLS = {"small_pool_count": 4, "large_pool_count": 2}


def call(path, method, **params):
    request = {"jsonrpc": "2.0", "id": 1, "method": method}
    if params:
        request["params"] = params
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(LIMIT_S)
        s.connect(path)
        s.sendall(json.dumps(request).encode())
        answer = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                raise RuntimeError(f"{method}: no answer")
            answer += piece
            try:
                answer = json.loads(answer)
                break
            except ValueError:
                continue
    if "error" in answer:
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]


class Program:
    """A program of ours with a configuration of its own; a context manager."""

    def __init__(self, folder, path, bdevs, nvmf, *args):
        self.sock = os.path.join(folder, "rpc.sock")
        self.log = os.path.join(folder, "log")
        subsystems = [("iobuf", [("iobuf_set_options", POOLS)]), ("bdev", bdevs), ("nvmf", nvmf)]
        with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
            json.dump({"subsystems": [
                {"subsystem": name, "config": [{"method": m, "params": p} for m, p in calls]}
                for name, calls in subsystems if calls]}, f)
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [os.path.join(BUILD, path), "-c", f.name, "-r", self.sock, *args],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        deadline = time.monotonic() + LIMIT_S
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                call(self.sock, "framework_wait_init")
                return self
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError("did not start: " + self.text())

    def __exit__(self, kind, *_):
        if kind is not None:
            print("# " + self.text().replace("\n", "\n# "))
        self.stop()

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        """The exit status after SIGTERM; None when it had to be killed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def waits(self, module):
        for stats in call(self.sock, "iobuf_get_stats"):
            if stats["module"] == module:
                return stats["small_pool"]["retry"] + stats["large_pool"]["retry"]
        raise RuntimeError(f"iobuf_get_stats knows no '{module}'")


def malloc_bdev():
    return [("bdev_malloc_create", {"name": "m0", "num_blocks": 131072, "block_size": 512})]


def tcp_subsystem():
    address = {"trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": PORT}
    return [
        ("nvmf_create_transport", {"trtype": "TCP"}),
        ("nvmf_create_subsystem", {"nqn": NQN, "allow_any_host": True}),
        ("nvmf_subsystem_add_ns", {"nqn": NQN, "namespace": {"bdev_name": "m0"}}),
        ("nvmf_subsystem_add_listener", {"nqn": NQN, "listen_address": address}),
    ]


def test_target(folder):
    """A host writes and reads back through a target that can hold two of its 64 commands' data."""
    trid = f"trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:{PORT} subnqn:{NQN}"
    with Program(folder, "bin/nvmf_tgt", malloc_bdev(), tcp_subsystem()) as target:
        perf = subprocess.run(
            [os.path.join(BUILD, "bin/spdk_nvme_perf"), "-q", str(DEPTH), "-o", str(IO_BYTES),
             "-w", "randwrite", "-t", str(RUN_S), "--verify", "-r", trid],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S,
            check=False)
        assert perf.returncode == 0, perf.stdout
        total = re.search(r"^Total +: +([\d.]+)", perf.stdout, re.MULTILINE)
        num_ios = float(total.group(1)) * RUN_S if total else 0
        assert num_ios > DEPTH, perf.stdout
        # A few commands also wait while large pools grow; here it is the rule.
        waits = target.waits("nvmf_TCP")
        assert waits > num_ios, f"{waits} commands waited, {num_ios:.0f} I/Os were done"
        assert target.stop() == 0, "the target did not stop"


def passthru_chain(kind, path):
    chain = ["u0", "p1", "p2", "p3"]
    calls = [(f"bdev_{kind}_create", {"name": "u0", "filename": path, "block_size": 512})]
    for base, name in zip(chain, chain[1:]):
        calls.append(("bdev_passthru_create", {"base_bdev_name": base, "name": name}))
    return calls


def can_direct(path):
    """Whether the file takes O_DIRECT: only then are unaligned buffers any trouble."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_DIRECT))
        return True
    except OSError:
        return False


def test_passthrus(folder):
    """Buffers 8 bytes off, on three passthrus over a file: all is bounced, on one reactor."""
    run_passthrus_over(folder, "uring")


def test_passthrus_aio(folder):
    """The same over the other bdev on files."""
    run_passthrus_over(folder, "aio")


def run_passthrus_over(folder, kind):
    # Not in the folder: that may be on tmpfs.
    with tempfile.NamedTemporaryFile(prefix="small_pools_", dir=BUILD) as f:
        f.truncate(64 * IO_BYTES)
        run_passthrus(folder, kind, f.name)


def run_passthrus(folder, kind, path):
    args = ["-z", "-q", str(DEPTH), "-o", str(IO_BYTES), "-w", "verify", "-t", str(RUN_S),
            "--buffer-offset", "8"]
    with Program(folder, "examples/bdevperf", passthru_chain(kind, path), [], *args) as bdevperf:
        done = []
        run = threading.Thread(target=lambda: done.append(call(bdevperf.sock, "perform_tests")))
        run.start()
        waits = 0
        # The counts belong to channels, which close when the run ends.
        while run.is_alive():
            waits = max([waits] + [bdevperf.waits("bdev")])
            run.join(0.1)
        assert done, "perform_tests failed"
        job = done[0]["results"][0]
        assert job["job"] == "p3" and job["status"] == "finished", job
        assert job["io_failed"] == 0 and job["iops"] * job["runtime"] > DEPTH, job
        if can_direct(path):
            assert waits > 0, "no I/O waited for a buffer"
        else:
            print("# no O_DIRECT in the build folder: nothing had to be bounced")
        assert bdevperf.stop() == 0, "bdevperf did not stop"


def main():
    tests = [test_target, test_passthrus, test_passthrus_aio]
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        folder = tempfile.mkdtemp(prefix="small_pools_")
        result = "ok"
        try:
            test(folder)
        except Exception:  # whatever it was, it is this test's failure
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            result = "not ok"
            failed += 1
        shutil.rmtree(folder, ignore_errors=True)
        print(f"{result} {number} - {test.__name__}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
