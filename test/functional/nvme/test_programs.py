# SPDX-License-Identifier: BSD-3-Clause
# Copyright (C) 2026 The Basalt authors
"""spdk_nvme_perf, spdk_nvme_identify, spdk_nvme_discover, host_api: test_programs.py BUILD HOST_API
prints TAP.

Command lines, exit statuses, what figures mean, and ends that come in time when the target is not
there, says nothing, or dies. Each program has LIMIT_S. Columns are in functional_programs.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

BUILD, HOST_API = sys.argv[1:]
NQN = "nqn.2026-01.io.basalt:programs"
PORT = 14760 + os.getpid() % 100
LIMIT_S = 60
AT = f"trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:{PORT}"
SUBSYSTEM = f"{AT} subnqn:{NQN}"
NAME = f"TCP (addr:127.0.0.1 subnqn:{NQN}) NSID 1"
# The socket implementation of target and perf; None: their default.
SOCK_IMPL = os.environ.get("SOCK_IMPL")
LOAD = ["-q", "4", "-o", "4096", "-w", "randwrite"]


def run(program, *args):
    """Status, stdout, stderr."""
    impl = ["-S", SOCK_IMPL] if SOCK_IMPL and program == "spdk_nvme_perf" else []
    p = subprocess.run([os.path.join(BUILD, "bin", program), *impl, *args], timeout=LIMIT_S,
                       text=True, capture_output=True, stdin=subprocess.DEVNULL)
    return p.returncode, p.stdout, p.stderr


class Target:
    """nvmf_tgt with one namespace of 32 MiB; a context manager."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="basalt_nvme_")
        address = {"trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": str(PORT)}
        malloc = {"name": "m0", "num_blocks": 65536, "block_size": 512}
        config = [("bdev", [("bdev_malloc_create", malloc)]),
                  ("nvmf", [("nvmf_create_transport", {"trtype": "TCP"}),
                            ("nvmf_create_subsystem", {"nqn": NQN, "allow_any_host": True}),
                            ("nvmf_subsystem_add_ns",
                             {"nqn": NQN, "namespace": {"bdev_name": "m0"}}),
                            ("nvmf_subsystem_add_listener",
                             {"nqn": NQN, "listen_address": address})])]
        if SOCK_IMPL:
            config.insert(0, ("sock", [("sock_set_default_impl", {"impl_name": SOCK_IMPL})]))
        path = os.path.join(self.dir, "config.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"subsystems": [
                {"subsystem": name, "config": [{"method": m, "params": p} for m, p in calls]}
                for name, calls in config]}, f)
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "bin", "nvmf_tgt"), "-c", path,
             "-r", os.path.join(self.dir, "rpc.sock")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", PORT), 5).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise AssertionError("nvmf_tgt does not listen")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir)


def expect(result, status, out=None, err=None):
    assert result[0] == status, result
    assert out is None or re.search(out, result[1]), result
    assert err is None or re.search(err, result[2]), result


# ---- Without a target ----

def perf_command_line():
    for args, err in (((), "-q .* is missing"),
                      (("-q", "4", "-w", "read", "-t", "1"), "-o .* is missing"),
                      (("-q", "4", "-o", "4096", "-t", "1"), "-w .* is missing"),
                      ((*LOAD,), "-t .* is missing"),
                      ((*LOAD, "-t", "1", "-M", "50"), "takes no -M"),
                      (("-q", "4", "-o", "4096", "-w", "rw", "-t", "1"), "needs -M"),
                      ((*LOAD, "-t", "x"), "-t: 'x'"),
                      ((*LOAD, "-t", "1", "-r", "traddr"), "-r: 'traddr'"),
                      (("--no-such-option",), "no-such-option")):
        expect(run("spdk_nvme_perf", *args), 1, None, err)
    expect(run("spdk_nvme_perf", "-h"), 0, "--io-depth")
    expect(run("spdk_nvme_perf", "--help-full"), 0, "--transport-stats")


def nobody_listens():
    expect(run("spdk_nvme_perf", *LOAD, "-t", "1", "-r", SUBSYSTEM), 255, None, "refused")
    expect(run("spdk_nvme_perf", *LOAD, "-t", "1", "-r", AT), 255, None, "refused")
    expect(run("spdk_nvme_identify", "-r", SUBSYSTEM), 1, None, "refused")
    expect(run("spdk_nvme_discover", "-r", AT), 1, None, "refused")


def says_nothing():
    """A peer that accepts and is silent: the time of an ICResp, 10 s, ends it."""
    with socket.create_server(("127.0.0.1", PORT)):
        start = time.monotonic()
        expect(run("spdk_nvme_identify", "-r", SUBSYSTEM), 1, None, "no ICResp in time")
        assert 9 < time.monotonic() - start < 20


# ---- With one ----

def perf_table():
    status, out, err = run("spdk_nvme_perf", *LOAD, "-t", "1", "-L", "-r", SUBSYSTEM)
    assert status == 0, (out, err)
    lines = out.split("\n")
    at = lines.index("=" * 56)
    assert lines[at + 1] == "Latency(us)".rjust(len(NAME) + 60), out
    assert lines[at + 2].startswith("Device Information") and len(lines[at + 2]) == len(NAME) + 69
    number = r" {1,9}\d+\.\d\d"
    assert re.fullmatch(re.escape(NAME) + " from core  0:" + number * 5, lines[at + 3]), out
    assert len(lines[at + 3]) == len(NAME) + 69 and lines[at + 4] == "=" * 56, out
    assert re.fullmatch("Total *:" + number * 5, lines[at + 5]) and lines[at + 6] == "", out
    assert f"Summary latency data for {NAME[:43]} from core 0:" in lines, out
    percent = [float(x) for x in re.findall(r"^ {0,2}([\d.]+)% : +[\d.]+us$", out, re.M)]
    assert percent[:4] == [1, 10, 25, 50] and len(percent) == 15, percent


def perf_by_number():
    """So many I/Os take until the last is back: the rate is what the depth and latency allow."""
    status, out, err = run("spdk_nvme_perf", *LOAD, "-d", "4", "-r", SUBSYSTEM)
    assert status == 0, (out, err)
    iops, _, average = (float(x) for x in re.search("^Total *:(.*)", out, re.M)[1].split()[:3])
    assert iops * average <= 4 * 1e6 * 1.01, out


def perf_verifies():
    expect(run("spdk_nvme_perf", "-q", "4", "-o", "131072", "-w", "randrw", "-M", "30", "-t", "1",
               "--verify", "-H", "-I", "-P", "2", "-O", "8192", "-r", SUBSYSTEM), 0, "Total")


def wrong_places():
    for trid in (SUBSYSTEM + "x", SUBSYSTEM + " hostaddr:192.0.2.1"):
        expect(run("spdk_nvme_perf", *LOAD, "-t", "1", "-r", trid), 255)
        expect(run("spdk_nvme_identify", "-r", trid), 1)
    expect(run("spdk_nvme_perf", *LOAD, "-t", "1", "-r", SUBSYSTEM + " ns:7"), 255, None,
           "no active namespace 7")


def identify():
    expect(run("spdk_nvme_identify", "-r", SUBSYSTEM + " hostaddr:127.0.0.9"), 0,
           r"(?s)Subsystem NQN: +" + re.escape(NQN) + r".*Namespace ID: 1\n.*"
           r"Size \(in LBAs\): +65536 \(32 MiB\)")
    expect(run("spdk_nvme_identify", "-r", AT), 0,
           "(?s)Discovery Log Entry 0.*Qualified Name: +" + re.escape(NQN))


def host_api():
    p = subprocess.run([HOST_API, str(PORT), NQN], timeout=LIMIT_S, text=True, capture_output=True)
    assert p.returncode == 0 and "\nnot ok" not in p.stdout and "1.." in p.stdout, p


def target_dies(target):
    p = subprocess.Popen([os.path.join(BUILD, "bin", "spdk_nvme_perf"), *LOAD, "-t", "60",
                          "-r", SUBSYSTEM], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True)
    for line in p.stdout:
        if line.startswith("Initialization complete"):
            break
    time.sleep(0.5)  # queues connect, I/O runs
    target.process.kill()
    start = time.monotonic()
    out, err = p.communicate(timeout=LIMIT_S)
    assert p.returncode == 1 and "Total" in out and "ABORTED SQ DELETION" in err, (out, err)
    assert time.monotonic() - start < 20


def main():
    failed = 0
    tests = [perf_command_line, nobody_listens, says_nothing]
    with_target = [perf_table, perf_by_number, perf_verifies, wrong_places, identify, host_api]

    def one(number, test, *args):
        try:
            test(*args)
            print(f"ok {number} - {test.__name__}", flush=True)
            return 0
        except (AssertionError, OSError, subprocess.TimeoutExpired) as e:
            print(f"not ok {number} - {test.__name__}\n# " + repr(e).replace("\\n", "\n# "))
            return 1

    print(f"1..{len(tests) + len(with_target) + 1}")
    for i, test in enumerate(tests, 1):
        failed += one(i, test)
    with Target() as target:
        for i, test in enumerate(with_target, len(tests) + 1):
            failed += one(i, test)
        failed += one(len(tests) + len(with_target) + 1, target_dies, target)
    return failed != 0


sys.exit(main())
