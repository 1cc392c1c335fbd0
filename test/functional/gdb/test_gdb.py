#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_gdb.py BUILD: scripts/gdb_macros.py on a core dump of a target that was busy: what it prints
is what RPCs answered before. Prints TAP."""

import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("rpc", "nvmf"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
from harness import Target, run_tap  # noqa: E402
from nvme_tcp import HOST, Host  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
MACROS = os.path.join(HERE, "..", "..", "..", "scripts", "gdb_macros.py")
PROGRAM = os.path.join(BUILD, "bin", "spdk_tgt")
NQN = "nqn.2026-11.io.basalt:gdb"
PORT = 15260 + os.getpid() % 100
LIMIT_S = 120


def gdb(core, *commands):
    args = ["gdb", "-nx", "-batch", "-ex", "set auto-load no", "-ex", f"source {MACROS}",
            "-ex", "spdk_load_macros"]
    for command in commands:
        args += ["-ex", "echo ==\\n", "-ex", command]
    done = subprocess.run([*args, PROGRAM, core] if core else args, capture_output=True,
                          text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
    return [part.strip("\n") for part in done.stdout.split("==\n")[1:]], done.stderr


class Dump:
    """A target with a bdev, a subsystem and a host; what it said of itself, and its core."""

    def __init__(self, folder):
        self.core = os.path.join(folder, "core")
        with Target(BUILD) as target:
            call = target.connection.call
            call("bdev_malloc_create", {"name": "m0", "num_blocks": 2048, "block_size": 512})
            call("bdev_passthru_create", {"name": "p0", "base_bdev_name": "m0"})
            call("nvmf_create_transport", {"trtype": "TCP"})
            call("nvmf_create_subsystem", {"nqn": NQN, "allow_any_host": True})
            call("nvmf_subsystem_add_ns", {"nqn": NQN, "namespace": {"bdev_name": "p0"}})
            call("nvmf_subsystem_add_listener", {"nqn": NQN, "listen_address": {
                "trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1",
                "trsvcid": str(PORT)}})
            host = Host("127.0.0.1", PORT, NQN)
            host.queue()
            self.said = {m: call(m) for m in (
                "thread_get_stats", "thread_get_pollers", "thread_get_io_channels",
                "framework_get_reactors", "bdev_get_bdevs")}
            done = subprocess.run(["gdb", "-nx", "-batch", "-p", str(target.process.pid), "-ex",
                                   f"generate-core-file {self.core}"], capture_output=True,
                                  text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
            assert os.path.exists(self.core), done.stderr
            host.close()

    def check_threads(self, out):
        want = {t["name"]: t["id"] for t in self.said["thread_get_stats"]["threads"]}
        got = dict(re.findall(r"^(\S+): id (\d+), running, ", out, re.M))
        assert {n: int(i) for n, i in got.items()} == want, (got, want)

    def check_pollers(self, out):
        want = sorted(p["name"] for t in self.said["thread_get_pollers"]["threads"]
                      for kind in ("active", "timed", "paused") for p in t[f"{kind}_pollers"])
        got = sorted(re.findall(r"^  (?:active|timed|paused): (\S+): \w+\(0x", out, re.M))
        assert got == want, (got, want)

    def check_channels(self, out):
        want = sorted(c["name"] for t in self.said["thread_get_io_channels"]["threads"]
                      for c in t["io_channels"])
        assert sorted(re.findall(r"^  (\S+): \d+ references", out, re.M)) == want, (out, want)


def test_dump():
    with tempfile.TemporaryDirectory(prefix="basalt_gdb_") as folder:
        dump = Dump(folder)
        out, err = gdb(dump.core, "spdk_print_threads", "spdk_print_pollers",
                       "spdk_print_io_channels", "spdk_print_io_devices", "spdk_print_reactors",
                       "spdk_print_bdevs", "spdk_find_bdev m0", "spdk_find_bdev nobody",
                       "spdk_print_nvmf_subsystems", "spdk_print_threads surplus")
        assert len(out) == 10, (out, err)
        dump.check_threads(out[0])
        dump.check_pollers(out[1])
        dump.check_channels(out[2])
        assert re.search(r"^m0: \d+ channels", out[3], re.M), out[3]
        names = {t["name"] for r in dump.said["framework_get_reactors"]["reactors"]
                 for t in r["lw_threads"]}
        assert set(re.findall(r"^  (\S+)$", out[4], re.M)) == names, out[4]
        assert re.match(r"reactor \d+: thread \d+ of the system, (asleep|awake), \d+ SPDK ",
                        out[4])
        assert re.findall(r"^(\w+): .* 2048 blocks of 512, ready", out[5], re.M) == ["m0", "p0"]
        assert "blocklen = 512" in out[6] and "There is no bdev nobody" in err
        assert NQN in out[8] and HOST in out[8], (out[8], err)
        assert "arguments are needed" in err


def test_no_program():
    """Without a program, each command says what is missing."""
    out, err = gdb(None, "spdk_print_threads", "spdk_print_bdevs")
    assert err.count("There is no g_") == 2 and out == ["", ""], (out, err)


def main():
    return 1 if run_tap([("a core dump", test_dump), ("no program", test_no_program)]) else 0


if __name__ == "__main__":
    sys.exit(main())
