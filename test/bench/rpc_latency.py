#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""rpc_latency.py [--build DIR] [--calls N] [--bdevs N] [--subsystems N] [--busy] [METHOD...]: how
long RPCs take on a core that is full of I/O, and how long they keep that core from its I/O.

N calls (10,000) of each read-only method of the schema, at depth 128 on the core that also answers
them, in a program with 64 bdevs and 16 subsystems. Goals: p99 of each method within 10 ms; the
longest step of the reactor in a call within 1 ms of processor time, at the p99 of the calls; and no
sleep in a system call. Prints the table; the exit status is 1 when a goal is missed.

    rpc_latency.py --calls 200 --bdevs 2000 --subsystems 500

Latency is seen from the client, so all that the machine does besides is in it: on a busy machine
run it under `chrt -f 5`. The length of a step is processor time of the reactor's thread
(rpc_load.c), to which kernel and hypervisor charge what they like, so its worst is chance; a call
does the same work each time, and its best is the work. With --busy each method is judged by its
best call alone.
"""

import argparse
import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
P99_MAX_US, STEP_MAX_US = 10000, 1000
DEPTH = 128
NQN = "nqn.2026-11.io.basalt:latency"
# What a method needs to be called with; a method without a row is called without parameters.
PARAMS = {
    "framework_get_config": {"name": "bdev"},
    "sock_impl_get_options": {"impl_name": "posix"},
    "nvmf_subsystem_get_listeners": {"nqn": NQN + "0"},
    "nvmf_subsystem_get_controllers": {"nqn": NQN + "0"},
    "nvmf_subsystem_get_qpairs": {"nqn": NQN + "0"},
}


def entry(method, **params):
    return {"method": method, "params": params}


def configuration(num_bdevs, num_subsystems):
    """Bdevs, one of them for the load, and subsystems with 4 namespaces each."""
    address = {"trtype": "TCP", "adrfam": "IPv4", "traddr": f"127.77.{os.getpid() & 255}.1"}
    bdevs = [entry("bdev_null_create", name="load", num_blocks=2 ** 20, block_size=4096)]
    bdevs += [entry("bdev_null_create", name=f"n{i}", num_blocks=2 ** 20, block_size=4096)
              for i in range(num_bdevs - 1)]
    nvmf = [entry("nvmf_create_transport", trtype="TCP")]
    for i in range(num_subsystems):
        nqn = f"{NQN}{i}"
        nvmf.append(entry("nvmf_create_subsystem", nqn=nqn, allow_any_host=True))
        nvmf += [entry("nvmf_subsystem_add_ns", nqn=nqn, namespace={"bdev_name": f"n{n}"})
                 for n in range(4 * i, min(4 * i + 4, num_bdevs - 1))]
        nvmf.append(entry("nvmf_subsystem_add_listener", nqn=nqn,
                          listen_address={**address, "trsvcid": str(4420 + i)}))
    return {"subsystems": [{"subsystem": "bdev", "config": bdevs},
                           {"subsystem": "nvmf", "config": nvmf}]}


class Client:
    """As little as possible between the clock and the socket."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(path)

    def exchange(self, request):
        """The answer's text, which ends with a newline."""
        self.sock.sendall(request)
        parts = [self.sock.recv(1 << 20)]
        while not parts[-1].endswith(b"\n"):
            parts.append(self.sock.recv(1 << 20))
            if not parts[-1]:
                raise SystemExit("rpc_latency.py: the program is gone")
        return b"".join(parts)

    def call(self, method, params=None):
        answer = json.loads(self.exchange(request_text(method, params)))
        if "error" in answer:
            raise SystemExit(f"rpc_latency.py: {method}: {answer['error']}")
        return answer["result"]


def request_text(method, params=None):
    request = {"jsonrpc": "2.0", "id": 1, "method": method}
    if params is not None:
        request["params"] = params
    return (json.dumps(request) + "\n").encode()


def connect(path, program):
    deadline = time.monotonic() + 60
    while True:
        try:
            return Client(path)
        except OSError:
            if program.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("rpc_latency.py: rpc_load did not start") from None
            time.sleep(0.05)


class Seen:
    """Of all calls of a method: latencies and longest steps in us, sorted, and sums."""

    def __init__(self):
        self.times, self.steps, self.sleeps, self.num_ios, self.seconds = [], [], 0, 0, 0.0

    def add(self, ns, taken):
        self.times.append(ns / 1000)
        self.steps.append(taken["steps"][-1][0] if taken["steps"] else 0)
        self.sleeps += taken["sleeps"]
        self.num_ios += taken["num_ios"]
        self.seconds += ns / 1e9


def measure(client, method, calls):
    """(what was seen, bytes of an answer)"""
    request = request_text(method, PARAMS.get(method))
    size = len(client.exchange(request))
    client.call("rpc_load_take")
    seen = Seen()
    for _ in range(calls):
        began = time.perf_counter_ns()
        client.exchange(request)
        ns = time.perf_counter_ns() - began
        seen.add(ns, client.call("rpc_load_take"))
    seen.times.sort()
    seen.steps.sort()
    return seen, size


def share(times, part):
    return times[min(len(times) - 1, int(len(times) * part))]


HEADER = ("method", "bytes", "median us", "p99 us", "worst us", "step best", "p50", "p99", "worst",
          "sleeps", "k IOPS")


def report(client, methods, calls, busy):
    """Print a row a method; how many missed a goal."""
    print("%-32s %7s %9s %8s %8s | %9s %6s %6s %6s | %6s %6s" % HEADER)
    missed = 0
    for method in methods:
        seen, size = measure(client, method, calls)
        best, worst = seen.steps[0], seen.steps[-1]
        latency, step = share(seen.times, 0.99), share(seen.steps, 0.99)
        bad = seen.sleeps > 0 or (best > STEP_MAX_US if busy else
                                  latency > P99_MAX_US or step > STEP_MAX_US)
        missed += bad
        print("%-32s %7d %9.0f %8.0f %8.0f | %9d %6d %6d %6d | %6d %6d%s"
              % (method, size, share(seen.times, 0.5), latency, seen.times[-1], best,
                 share(seen.steps, 0.5), step, worst, seen.sleeps,
                 seen.num_ios / seen.seconds / 1000, "  missed" if bad else ""), flush=True)
    return missed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--calls", type=int, default=10000)
    parser.add_argument("--bdevs", type=int, default=64)
    parser.add_argument("--subsystems", type=int, default=16)
    parser.add_argument("--busy", action="store_true", help="judge by the best call")
    parser.add_argument("methods", nargs="*", metavar="METHOD")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="basalt_latency_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config = os.path.join(folder, "config.json")
    with open(config, "w", encoding="utf-8") as f:
        json.dump(configuration(args.bdevs, args.subsystems), f)
    path = os.path.join(folder, "rpc.sock")
    program = subprocess.Popen([os.path.join(args.build, "test", "bench", "rpc_load"), config, path,
                                str(DEPTH)], stderr=subprocess.DEVNULL)
    try:
        if os.cpu_count() > 1:
            os.sched_setaffinity(0, set(range(1, os.cpu_count())))  # the program has core 0
        client = connect(path, program)
        schema = client.call("rpc_get_schema")["methods"]
        methods = args.methods or [m["name"] for m in schema if m.get("role") == "observe"]
        missed = report(client, methods, args.calls, args.busy)
    finally:
        program.send_signal(signal.SIGTERM)
        status = program.wait(60)
    print(f"{len(methods)} methods, {missed} missed a goal")
    return 1 if missed or status != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
