# SPDX-License-Identifier: BSD-3-Clause
"""test_interrupt.py BUILD: interrupt_tgt, whose cores go from interrupts to polling and back while
they serve, by the command of its plug-in for rpc.py. Prints TAP."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "rpc"))
from harness import Target, run_tap  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
CORES = sorted(os.sched_getaffinity(0))
METHOD = "reactor_set_interrupt_mode"


def start(*args):
    mask = hex(sum(1 << core for core in CORES[:2]))
    return Target(BUILD, "-m", mask, "--disable-cpumask-locks", *args,
                  program="examples/interrupt_tgt")


def rpc_py(target, *args):
    """(status, output, errors)"""
    env = dict(os.environ, PYTHONPATH=os.path.join(TOP, "examples", "interrupt_tgt"))
    done = subprocess.run([sys.executable, os.path.join(TOP, "scripts", "rpc.py"), "-s",
                           target.addr, "--plugin", "interrupt_plugin", *args],
                          capture_output=True, text=True, env=env, timeout=30)
    return done.returncode, done.stdout, done.stderr


def modes(target):
    reactors = target.connection.call("framework_get_reactors")["reactors"]
    return {r["lcore"]: r["in_interrupt"] for r in reactors}


def test_switches():
    last = CORES[:2][-1]
    with start("-E") as target:
        assert set(modes(target)) == set(CORES[:2])
        for flag, want in (("-d", False), (None, True), ("--disable-interrupt", False)):
            args = [METHOD, str(last)] + ([flag] if flag else [])
            assert rpc_py(target, *args) == (0, "", ""), args
            for other in ([True, False] if last != CORES[0] else []):
                params = {"lcore": CORES[0], "disable_interrupt": not other}
                assert target.connection.call(METHOD, params) is True
                assert modes(target)[CORES[0]] is other
            assert modes(target)[last] is want
        assert target.stop() == 0


def test_refusals():
    with start("-E") as target:
        rows = [("{}", -32602, "lcore"), ('{"lcore": 0}', -32602, "disable_interrupt"),
                ('{"lcore": "a", "disable_interrupt": true}', -32602, "lcore"),
                ('{"lcore": -1, "disable_interrupt": true}', -22, "core -1 is not one"),
                ('{"lcore": 900, "disable_interrupt": true}', -22, "core 900 is not one")]
        for params, code, text in rows:
            error = target.connection.request(METHOD, params)["error"]
            assert error["code"] == code and text in error["message"], (params, error)
        status, out, err = rpc_py(target, METHOD, "900")
        assert status == 1 and "core 900" in out + err, (status, out, err)


def test_without_interrupt_mode():
    with start() as target:
        params = f'{{"lcore": {CORES[0]}, "disable_interrupt": false}}'
        error = target.connection.request(METHOD, params)["error"]
        assert error["code"] == -95 and "-E" in error["message"], error
        assert not any(modes(target).values())


if __name__ == "__main__":
    TESTS = [test_switches, test_refusals, test_without_interrupt_mode]
    sys.exit(run_tap([(t.__name__, t) for t in TESTS]) != 0)
