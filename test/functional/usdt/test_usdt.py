#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_usdt.py BUILD ON: the probes that doc/usdt.md lists are in the program, with so many
arguments, and some are met with the right ones: seen by gdb, which reads the notes by itself. With
ON "0" there is none. Prints TAP."""

import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "rpc"))
from harness import run_tap  # noqa: E402

BUILD, ON = os.path.abspath(sys.argv[1]), sys.argv[2] == "1"
PAGE = os.path.join(HERE, "..", "..", "..", "doc", "usdt.md")
PROGRAM = os.path.join(BUILD, "bin", "spdk_tgt")
LIMIT_S = 120


def notes(path):
    """{name: the most arguments} of the notes that readelf shows."""
    out = subprocess.run(["readelf", "-n", path], capture_output=True, text=True,
                         timeout=LIMIT_S, check=True).stdout
    found = re.findall(r"Provider: spdk\n\s+Name: (\w+)\n.*\n\s+Arguments:(.*)\n", out)
    return {name: len(args.split()) for name, args in found}


def test_listed():
    with open(PAGE, encoding="utf-8") as f:
        rows = re.findall(r"^\| `(\w+)` \| (.*?) \|$", f.read(), re.M)
    want = {name: len(args.split(",")) for name, args in rows}
    assert len(want) > 20
    for file in (PROGRAM, os.path.join(BUILD, "libspdk.so")):
        got = notes(file)
        assert got == (want if ON else {}), (file, set(want.items()) ^ set(got.items()))


CONFIG = {"subsystems": [{"subsystem": "nvmf", "config": [
    {"method": "nvmf_create_subsystem", "params": {"nqn": "nqn.2026-11.io.basalt:usdt",
                                                   "serial_number": "1"}},
    {"method": "nvmf_subsystem_add_host", "params": {"nqn": "nqn.2026-11.io.basalt:usdt",
                                                     "host": "nqn.2026-11.io.basalt:host"}}]}]}


def test_met():
    """A program under gdb stops at probes and shows their arguments."""
    if not ON:
        return
    with tempfile.TemporaryDirectory(prefix="basalt_usdt_") as folder:
        config = os.path.join(folder, "c.json")
        with open(config, "w", encoding="ascii") as f:
            json.dump(CONFIG, f)
        script = os.path.join(folder, "gdb")
        with open(script, "w", encoding="ascii") as f:
            f.write("set pagination off\nset breakpoint pending off\n"
                    "break -probe-stap spdk:nvmf_subsystem_create\ncommands\nsilent\n"
                    'printf "create %d %s\\n", $_probe_argc, (char *)$_probe_arg0\ncontinue\nend\n'
                    "break -probe-stap spdk:nvmf_subsystem_add_host\ncommands\nsilent\n"
                    'printf "host %d %s %s\\n", $_probe_argc, (char *)$_probe_arg0, '
                    "(char *)$_probe_arg1\nkill\nquit\nend\n"
                    f"run -r {folder}/sock --num-trace-entries 0 -c {config}\n")
        out = subprocess.run(["gdb", "-nx", "-batch", "-x", script, PROGRAM],
                             capture_output=True, text=True, timeout=LIMIT_S,
                             stdin=subprocess.DEVNULL)
        assert "create 1 nqn.2026-11.io.basalt:usdt\n" in out.stdout, (out.stdout, out.stderr)
        assert "host 2 nqn.2026-11.io.basalt:usdt nqn.2026-11.io.basalt:host" in out.stdout


def main():
    return 1 if run_tap([("the listed ones are there", test_listed),
                         ("gdb meets them", test_met)]) else 0


if __name__ == "__main__":
    sys.exit(main())
