#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_usdt.py BUILD ON: the probes that doc/usdt.md lists are in the program, with so many
arguments, and some are met with the right ones: seen by gdb, which reads the notes by itself. With
ON "0" there is none. The scripts of scripts/bpf use these probes and arguments only; where bpftrace
is installed and may run, it runs them. Prints TAP."""

import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "rpc"))
from harness import run_tap  # noqa: E402

SCRIPTS = os.path.join(HERE, "..", "..", "..", "scripts")

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


def uses(script):
    """[(probe, number of arguments that are used)] of a script."""
    with open(script, encoding="utf-8") as f:
        text = re.sub(r"//.*", "", f.read())
    found = re.findall(r"usdt:__EXE__:spdk:(\w+)\s*(?:/.*?/\s*)?\{(.*?)\n\}", text, re.S)
    assert len(found) == text.count("usdt:")
    return [(name, max([int(n) + 1 for n in re.findall(r"\barg(\d)", body)], default=0))
            for name, body in found]


def test_scripts():
    """No script names a probe, or an argument, that is not there."""
    have = notes(PROGRAM)
    scripts = glob.glob(os.path.join(SCRIPTS, "bpf", "*.bt"))
    assert len(scripts) >= 6
    for script in scripts if ON else []:
        for name, num in uses(script):
            assert num <= have[name], (script, name)


def can_trace():
    """Whether the kernel lets this user's bpftrace; if not, says why."""
    if not ON:
        return False
    done = subprocess.run(["bpftrace", "-e", "BEGIN { exit(); }"], capture_output=True,
                          timeout=LIMIT_S, text=True, check=False)
    if done.returncode != 0:
        print(f"# no tracing by this user on this kernel: {done.stderr.strip()[:200]}")
    return done.returncode == 0


TRACEFS = "[ -e /sys/kernel/tracing/events ] || mount -t tracefs nodev /sys/kernel/tracing; "
NQN = "nqn.2026-11.io.basalt:usdt2"
CALLS = [["nvmf_create_transport", "-t", "tcp"], ["nvmf_create_subsystem", NQN, "-a"],
         ["nvmf_subsystem_add_host", NQN, "nqn.2026-11.io.basalt:host"],
         ["nvmf_delete_subsystem", NQN]]


def trace(pid, script, folder):
    """A bpftrace that has attached; in mounts of its own, where tracefs may be missing."""
    out = os.path.join(folder, os.path.basename(script))
    command = TRACEFS + 'exec bash "$@"'
    with open(out, "wb") as f:
        tracer = subprocess.Popen(
            ["unshare", "-m", "bash", "-c", command, "-", os.path.join(SCRIPTS, "bpftrace.sh"),
             str(pid), script], stdout=f, stderr=f, stdin=subprocess.DEVNULL,
            start_new_session=True)
    for _ in range(LIMIT_S * 10):
        with open(out, encoding="utf-8", errors="replace") as f:
            if "Attaching" in f.read():
                time.sleep(1)
                return tracer, out
        assert tracer.poll() is None, open(out, encoding="utf-8", errors="replace").read()
        time.sleep(0.1)
    raise AssertionError("bpftrace does not attach")


def test_traced():
    """Each script runs, and says what happens."""
    if not can_trace():
        return
    want = {"nvmf.bt": [f"{NQN} made", f"{NQN} goes from INACTIVE to ACTIVE",
                        f"{NQN} lets nqn.2026-11.io.basalt:host in", f"{NQN} goes\n"],
            "send_msg.bt": ["@messages["], "syscalls.bt": ["@calls[nvmf_tgt"],
            "intr-wakeups.bt": ["@waits[nvmf_tgt"], "sched.bt": ["@rounds"], "readv.bt": []}
    with tempfile.TemporaryDirectory(prefix="basalt_usdt_") as folder:
        socket = os.path.join(folder, "sock")
        with subprocess.Popen([os.path.join(BUILD, "bin", "nvmf_tgt"), "-r", socket,
                               "--num-trace-entries", "0"], stderr=subprocess.DEVNULL) as target:
            rpc = [sys.executable, os.path.join(SCRIPTS, "rpc.py"), "-s", socket, "-r", "50"]
            tracers = []
            try:
                subprocess.run(rpc + ["spdk_get_version"], check=True, timeout=LIMIT_S,
                               stdout=subprocess.DEVNULL)
                for script in sorted(glob.glob(os.path.join(SCRIPTS, "bpf", "*.bt"))):
                    tracers.append(trace(target.pid, script, folder))
                for call in CALLS:
                    subprocess.run(rpc + call, check=True, timeout=LIMIT_S,
                                   stdout=subprocess.DEVNULL)
            finally:
                for tracer, _ in tracers:
                    os.killpg(tracer.pid, signal.SIGINT)
                    tracer.wait(LIMIT_S)
                target.terminate()
        for _, out in tracers:
            with open(out, encoding="utf-8", errors="replace") as f:
                text = f.read()
            for line in want[os.path.basename(out)]:
                assert line in text, (out, line, text[:2000])


def main():
    return 1 if run_tap([("the listed ones are there", test_listed),
                         ("gdb meets them", test_met),
                         ("scripts use what is there", test_scripts),
                         ("bpftrace runs the scripts", test_traced)]) else 0


if __name__ == "__main__":
    sys.exit(main())
