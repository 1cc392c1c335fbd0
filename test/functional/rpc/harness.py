# SPDX-License-Identifier: BSD-3-Clause
"""A running spdk_tgt and a raw JSON-RPC connection to it, with nothing of ours in between."""

import atexit
import glob
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

START_S = 20
ANSWER_S = 20


def is_sanitized(build):
    """Whether the program keeps freed memory for a while, as sanitizers let it."""
    with open(os.path.join(build, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as f:
        options = {row["name"]: row["value"] for row in json.load(f)}
    return options.get("b_sanitize", "none") not in ("none", [], "")


class Target:
    """spdk_tgt with its own socket and folder; a context manager. With heap_counter, the library
    that counts blocks of the heap, live_heap() tells how many are in use."""

    def __init__(self, build, *args, heap_counter=None, program="bin/spdk_tgt"):
        self.dir = tempfile.mkdtemp(prefix="basalt_rpc_")
        atexit.register(shutil.rmtree, self.dir, ignore_errors=True)
        self.addr = os.path.join(self.dir, "rpc.sock")
        self.log = open(os.path.join(self.dir, "log"), "w+", encoding="utf-8")
        env = dict(os.environ)
        self.heap_path = os.path.join(self.dir, "heap")
        if heap_counter is not None:
            with open(self.heap_path, "wb") as f:
                f.write(bytes(16))
            env.update(LD_PRELOAD=heap_counter, BASALT_HEAP_COUNT=self.heap_path)
        self.process = subprocess.Popen(
            [os.path.join(build, program), "-r", self.addr, *args],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env=env)

    def __enter__(self):
        deadline = time.monotonic() + START_S
        while True:
            try:
                self.connection = Connection(self.addr)
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError("spdk_tgt did not start:\n" + self.log_text())
                time.sleep(0.02)

    def __exit__(self, *exc):
        self.stop()

    def stop(self):
        """The exit status after SIGTERM."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(START_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            drop_trace(self.process.pid)

    def log_text(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def live_heap(self):
        """(blocks, bytes) of the heap in use."""
        with open(self.heap_path, "rb") as f:
            return struct.unpack("qq", f.read(16))

    def num_fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def drop_trace(pid):
    """What a program that was killed leaves behind: the file of its tracepoints."""
    for path in glob.glob(f"/dev/shm/*_trace.pid{pid}"):
        os.unlink(path)


class Connection:
    def __init__(self, addr):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_S)
        self.sock.connect(addr)
        self.file = self.sock.makefile("r", encoding="utf-8", newline="\n")

    def raw(self, text, encoding="utf-8"):
        """Send a text; the answer's line as JSON, None when the connection was closed."""
        self.sock.sendall(text.encode(encoding))
        line = self.file.readline()
        return json.loads(line) if line else None

    def request(self, method, params_text=None, encoding="utf-8"):
        params = "" if params_text is None else f', "params": {params_text}'
        return self.raw(f'{{"jsonrpc": "2.0", "id": 1, "method": "{method}"{params}}}', encoding)

    def call(self, method, params=None):
        """The result; an error fails the test."""
        answer = self.request(method, None if params is None else json.dumps(params))
        assert "result" in answer, f"{method}: {answer}"
        return answer["result"]

    def save_config(self):
        return [(s["subsystem"], self.call("framework_get_config", {"name": s["subsystem"]}))
                for s in self.call("framework_get_subsystems")]

    def close(self):
        self.file.close()
        self.sock.close()


def run_tap(tests):
    """Run (name, function) pairs and print TAP; the number that failed."""
    import traceback
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Exception:
            failed += 1
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            print(f"not ok {number} - {name}", flush=True)
    print(f"1..{len(tests)}")
    return failed
