#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Examples with SPDK's names: hello_world over NVMe/TCP, zipf.

    test_examples.py BUILD_ROOT
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import Target, run_tap  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
NQN = "nqn.2026-11.io.basalt:examples"
PORT = str(28000 + os.getpid() % 4000)


def run(name, *args):
    r = subprocess.run([os.path.join(BUILD, "examples", name), *args], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def trid(port=PORT):
    return f"trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:{port} subnqn:{NQN}"


def check_hello_world():
    """It says hello once for each namespace; what it wrote is in the files behind them."""
    address = {"trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": PORT}
    with Target(BUILD) as target:
        paths = [os.path.join(target.dir, name) for name in ("a", "b")]
        call = target.connection.call
        call("nvmf_create_transport", {"trtype": "TCP"})
        call("nvmf_create_subsystem", {"nqn": NQN, "allow_any_host": True,
                                       "serial_number": "SN-EXAMPLES"})
        for i, path in enumerate(paths):
            with open(path, "wb") as f:
                f.truncate(1 << 20)
            call("bdev_aio_create", {"name": f"a{i}", "filename": path, "block_size": 512})
            call("nvmf_subsystem_add_ns", {"nqn": NQN, "namespace": {"bdev_name": f"a{i}"}})
        call("nvmf_subsystem_add_listener", {"nqn": NQN, "listen_address": address})
        status, out, err = run("hello_world", "-r", trid())
        assert status == 0 and not err, (status, out, err)
        assert out.count("Hello world!\n") == 2 and "SN-EXAMPLES" in out, out
        for path in paths:
            with open(path, "rb") as f:
                assert f.read(14) == b"Hello world!\n\0", path
    status, out, err = run("hello_world", "-r", trid())
    assert status == 1 and err and "Hello" not in out, (status, out, err)


def check_hello_world_refusals():
    for args, word in [(["-r", "traddr"], "-r"), (["-r", "trtype:NONE"], "'NONE'"),
                       (["-i", "x"], "-i"), (["-L", "no"], "-L"), (["--nix"], "nix")]:
        status, out, err = run("hello_world", *args)
        assert status == 1 and word in err, (args, status, out, err)
    assert run("hello_world", "-h")[0] == 0


def check_zipf():
    """As uneven as it was asked to be; each number of a small range comes."""
    for theta, least, most in [("0", 9, 11), ("0.9", 30, 40)]:
        status, out, _ = run("zipf", theta, "10", "200000")
        rows = [line.split() for line in out.splitlines()[1:]]
        assert status == 0 and len(rows) == 10, out
        assert sum(int(row[1]) for row in rows) == 200000, out
        assert least < float(rows[0][2].rstrip("%")) < most, out
        assert all(int(row[1]) > 1000 for row in rows), out


def check_zipf_refusals():
    for args in ([], ["0.5", "10"], ["1", "10", "10"], ["-1", "10", "10"], ["0.5", "0", "10"],
                 ["0.5", "10", "0"], ["x", "10", "10"], ["0.5", str(1 << 25), "1"],
                 ["0.5", "10", "10", "10"]):
        status, out, err = run("zipf", *args)
        assert status == 1 and not out and "THETA" in err, (args, status, out, err)


def main():
    return run_tap([("hello_world", check_hello_world),
                    ("hello_world refuses", check_hello_world_refusals),
                    ("zipf", check_zipf), ("zipf refuses", check_zipf_refusals)])


if __name__ == "__main__":
    sys.exit(main())
