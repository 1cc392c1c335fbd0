#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""footprint.py [--build DIR] [--quiet-s N] [--window-s N]: what an idle spdk_tgt costs.

Milliseconds from exec to the first answered RPC (median of 9), resident memory, and the processor
time of all threads over a window after a quiet time: (i) bare, (ii) with a listener and a
connected host that keeps alive, (iii) with 8 bdevs of each module. Run it as an ordinary user for
the figures that a user sees.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NQN = "nqn.2016-06.io.spdk:footprint"
PORT = "4493"
TICKS = os.sysconf("SC_CLK_TCK")


def rpc(sock, method, params=None):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(sock)
        req = {"jsonrpc": "2.0", "id": 1, "method": method}
        if params:
            req["params"] = params
        s.sendall(json.dumps(req).encode())
        data = b""
        while not data.endswith(b"\n"):
            got = s.recv(65536)
            if not got:
                break
            data += got
        answer = json.loads(data)
        if "error" in answer:
            sys.exit(f"{method}: {answer['error']}")
        return answer["result"]


class Target:
    def __init__(self, build, folder):
        self.sock = os.path.join(folder, "rpc.sock")
        begin = time.monotonic()
        self.proc = subprocess.Popen([os.path.join(build, "bin", "spdk_tgt"), "-r", self.sock],
                                     stderr=subprocess.DEVNULL)
        while True:
            try:
                rpc(self.sock, "spdk_get_version")
                break
            except OSError:
                if self.proc.poll() is not None or time.monotonic() - begin > 20:
                    sys.exit("spdk_tgt does not answer")
                time.sleep(0.001)
        self.start_ms = (time.monotonic() - begin) * 1000

    def status_kib(self, key):
        with open(f"/proc/{self.proc.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(key + ":"))

    def cpu_s(self):
        with open(f"/proc/{self.proc.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(30)


def idle_percent(tgt, quiet_s, window_s):
    time.sleep(quiet_s)
    begin, cpu = time.monotonic(), tgt.cpu_s()
    time.sleep(window_s)
    return 100 * (tgt.cpu_s() - cpu) / (time.monotonic() - begin)


def add_bdevs(tgt, folder, count):
    for i in range(count):
        path = os.path.join(folder, f"file{i}")
        with open(path, "wb") as f:
            f.truncate(16 << 20)
        rpc(tgt.sock, "bdev_null_create",
            {"name": f"null{i}", "num_blocks": 4096, "block_size": 4096})
        rpc(tgt.sock, "bdev_malloc_create",
            {"name": f"malloc{i}", "num_blocks": 256, "block_size": 4096})
        rpc(tgt.sock, "bdev_uring_create",
            {"name": f"uring{i}", "filename": path, "block_size": 4096})
        rpc(tgt.sock, "bdev_passthru_create",
            {"name": f"pass{i}", "base_bdev_name": f"malloc{i}"})


def add_listener(tgt):
    rpc(tgt.sock, "bdev_malloc_create", {"name": "m", "num_blocks": 256, "block_size": 4096})
    rpc(tgt.sock, "nvmf_create_transport", {"trtype": "TCP"})
    rpc(tgt.sock, "nvmf_create_subsystem", {"nqn": NQN, "allow_any_host": True})
    rpc(tgt.sock, "nvmf_subsystem_add_ns", {"nqn": NQN, "namespace": {"bdev_name": "m"}})
    rpc(tgt.sock, "nvmf_subsystem_add_listener",
        {"nqn": NQN, "listen_address": {"trtype": "TCP", "adrfam": "IPv4",
                                        "traddr": "127.0.0.1", "trsvcid": PORT}})


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", default=os.path.join(TOP, "build"))
    ap.add_argument("--quiet-s", type=float, default=10)
    ap.add_argument("--window-s", type=float, default=30)
    args = ap.parse_args()
    with tempfile.TemporaryDirectory(prefix="basalt-footprint-") as folder:
        starts = []
        for _ in range(9):
            tgt = Target(args.build, folder)
            starts.append(tgt.start_ms)
            rss = tgt.status_kib("VmRSS")
            tgt.stop()
        print(f"exec to first RPC   {statistics.median(starts):7.1f} ms   (goal 50)")
        print(f"resident            {rss / 1024:7.1f} MiB  (goal 32)", flush=True)
        tgt = Target(args.build, folder)
        print(f"idle, bare          {idle_percent(tgt, args.quiet_s, args.window_s):7.2f} %"
              "    (goal 1)", flush=True)
        add_listener(tgt)
        host = subprocess.Popen([os.path.join(args.build, "test", "functional", "keep_alive_host"),
                                 "127.0.0.1", PORT, NQN], stdin=subprocess.PIPE)
        time.sleep(2)
        if not rpc(tgt.sock, "nvmf_subsystem_get_controllers", {"nqn": NQN}):
            sys.exit("the host is not connected")
        print(f"idle, host          {idle_percent(tgt, args.quiet_s, args.window_s):7.2f} %"
              "    (goal 1)", flush=True)
        host.stdin.close()
        host.wait(10)
        tgt.stop()
        tgt = Target(args.build, folder)
        add_bdevs(tgt, folder, 8)
        print(f"idle, 8 of each bdev{idle_percent(tgt, args.quiet_s, args.window_s):7.2f} %"
              "    (goal 1)", flush=True)
        tgt.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
