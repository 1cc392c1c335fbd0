# SPDX-License-Identifier: BSD-3-Clause
"""test_mem_stats.py BUILD: env_dpdk_get_mem_stats writes what memory is used for into a file that
it names, new each time, and never through what somebody else put under that name. Prints TAP."""

import os
import re
import stat
import subprocess
import sys
import tempfile
import time

from harness import Connection, Target, run_tap

BUILD = os.path.abspath(sys.argv[1])
METHOD = "env_dpdk_get_mem_stats"
NAME = "/tmp/spdk_mem_dump.txt"
NODE = re.compile(r"^node 0: (\d+) bytes, (\d+) free in \d+ pieces, .*, (\d+) in use for (\d+) "
                  r"buffers$", re.M)


def connect(sock, process):
    deadline = time.monotonic() + 20
    while True:
        try:
            return Connection(sock)
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, "it did not start"
            time.sleep(0.02)


def test_file():
    with Target(BUILD) as target:
        path = target.connection.call(METHOD)["filename"]
        assert path.startswith(NAME), path
        with open(path, encoding="ascii") as f:
            text = f.read()
        size, free, used, buffers = map(int, NODE.search(text).groups())
        assert size >= free + used and used > 0 and buffers > 0, text
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        error = target.connection.request(METHOD, '{"x": 1}')["error"]
        assert error["code"] == -32602, error


def test_somebody_else_was_there():
    """A link of somebody else's under the name, in a /tmp of the program's own: it is replaced,
    and what it names is as it was."""
    with tempfile.TemporaryDirectory(prefix="basalt_mem_", dir="/var/tmp") as folder:
        victim, sock = os.path.join(folder, "victim"), os.path.join(folder, "sock")
        with open(victim, "w", encoding="ascii") as f:
            f.write("precious")
        # The program may lie in the /tmp that is hidden: it is open before.
        script = (f'exec 9<"$1" && shift && mount -t tmpfs tmpfs /tmp && ln -s {victim} {NAME} && '
                  'exec /proc/self/fd/9 "$@"')
        user = [] if os.geteuid() == 0 else ["-r"]
        process = subprocess.Popen(
            ["unshare", "-m", *user, "sh", "-c", script, "sh",
             os.path.join(BUILD, "bin", "spdk_tgt"), "-r", sock],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert connect(sock, process).call(METHOD) == {"filename": NAME}
            inside = f"/proc/{process.pid}/root{NAME}"
            assert not os.path.islink(inside) and os.path.getsize(inside) > 0
            with open(victim, encoding="ascii") as f:
                assert f.read() == "precious"
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    TESTS = [test_file, test_somebody_else_was_there]
    sys.exit(run_tap([(t.__name__, t) for t in TESTS]) != 0)
