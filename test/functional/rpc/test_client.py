#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The JSON-RPC client in C, against a server in Python that knows nothing of ours and against ours:
Unix-domain and TCP sockets, answers in pieces, in another order, in a batch, malformed, late, or
none because the server is gone.

    test_client.py BUILD_ROOT RPC_CLIENT
"""

import errno
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

from harness import Target, run_tap

BUILD, CLIENT = sys.argv[1], sys.argv[2]
WAIT_MS = 20000


def client(kind, addr, *methods, timeout_ms=WAIT_MS):
    """The lines that the client prints, and its exit status. The last line is what the last poll
    returned; how many answers came at once is chance: 1 stands for any number of them."""
    done = subprocess.run([CLIENT, kind, addr, str(timeout_ms), *methods], capture_output=True,
                          text=True, timeout=60)
    lines = done.stdout.split("\n")[:-1]
    if lines[-1:] and lines[-1].isdigit() and int(lines[-1]) > 0:
        lines[-1] = "1"
    return lines, done.returncode


class Server(threading.Thread):
    """One connection: `talk(connection, requests)` with an iterator over the texts that come."""

    def __init__(self, talk, family=socket.AF_UNIX, host=None):
        super().__init__(daemon=True)
        self.talk = talk
        self.dir = tempfile.mkdtemp(prefix="basalt_client_")
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.bind(os.path.join(self.dir, "s") if host is None else (host, 0))
        self.sock.listen(1)
        self.addr = self.sock.getsockname()
        self.start()

    def requests(self, connection):
        decoder, text = json.JSONDecoder(), ""
        while True:
            data = connection.recv(65536)
            if not data:
                return
            text += data.decode()
            while text.strip():
                try:
                    value, end = decoder.raw_decode(text.lstrip())
                except ValueError:
                    break
                text = text.lstrip()[end:]
                yield value

    def run(self):
        connection, _ = self.sock.accept()
        with connection:
            self.talk(connection, self.requests(connection))
        self.sock.close()


def answer(request, **what):
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], **(what or {"result": True})})


def polite(connection, requests):
    for request in requests:
        assert request["jsonrpc"] == "2.0" and "params" not in request
        connection.sendall(answer(request).encode())


def test_unix():
    assert client("unix", Server(polite).addr, "a", "b") == (["1 result", "2 result", "1"], 0)


def test_tcp():
    addr = Server(polite, socket.AF_INET, "127.0.0.1").addr
    assert client("tcp4", f"127.0.0.1:{addr[1]}", "a") == (["1 result", "1"], 0)


def test_tcp6():
    addr = Server(polite, socket.AF_INET6, "::1").addr
    assert client("tcp6", f"[::1]:{addr[1]}", "a") == (["1 result", "1"], 0)


def test_pieces():
    def talk(connection, requests):
        for byte in answer(next(requests), result={"long": "x" * 100, "\u20ac": [1, 2]}).encode():
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        next(requests, None)
    assert client("unix", Server(talk).addr, "a") == (["1 result", "1"], 0)


def test_large():
    def talk(connection, requests):
        connection.sendall(answer(next(requests), result=["y" * 1000] * 20000).encode())
        next(requests, None)
    assert client("unix", Server(talk).addr, "a") == (["1 result", "1"], 0)


def test_other_order():
    def talk(connection, requests):
        first, second = next(requests), next(requests)
        connection.sendall((answer(second, error={"code": -5, "message": "m"}) + "\n" +
                            answer(first) + "\n").encode())
        next(requests, None)
    lines, status = client("unix", Server(talk).addr, "a", "b")
    assert (lines[:2], status) == (["2 -5", "1 result"], 0), lines


def test_batch():
    def talk(connection, requests):
        batch = next(requests)
        assert [r["method"] for r in batch] == ["a", "b", "c"], batch
        connection.sendall(("[" + ",".join(answer(r) for r in batch) + "]").encode())
        next(requests, None)
    assert client("unix", Server(talk).addr, "a,b,c") == \
        (["1 result", "2 result", "3 result", "1"], 0)


def test_malformed():
    for text in ("nonsense", "{}", "[]", "[1]", '{"jsonrpc":"2.0","id":1}', "\x00"):
        def talk(connection, requests, text=text):
            next(requests)
            connection.sendall(text.encode())
            next(requests, None)
        assert client("unix", Server(talk).addr, "a") == ([str(-errno.EINVAL)], 1), text


def test_server_gone():
    def talk(connection, requests):
        connection.sendall(answer(next(requests)).encode() + b'{"jsonrpc":')
    lines, status = client("unix", Server(talk).addr, "a", "b")
    assert lines[0] == "1 result" and status == 1, lines
    assert int(lines[1]) in (-errno.EIO, -errno.ECONNRESET), lines


def test_timeout():
    def talk(connection, requests):
        next(requests)
        next(requests, None)
    start = time.monotonic()
    assert client("unix", Server(talk).addr, "a", timeout_ms=300) == (["0"], 1)
    assert 0.3 <= time.monotonic() - start < 20


def test_nobody_there():
    assert client("unix", "/nonexistent/sock", "a") == ([f"connect {-errno.ENOENT}"], 1)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0)) # not listening
        lines, status = client("tcp4", f"127.0.0.1:{sock.getsockname()[1]}", "a")
    assert status == 1 and lines[0].endswith(str(-errno.ECONNREFUSED)), lines


def test_our_server():
    with Target(BUILD) as target:
        lines, status = client("unix", target.addr, "spdk_get_version", "no_such",
                               "bdev_get_bdevs,nix")
        assert lines[:4] == ["1 result", "2 -32601", "3 result", "4 -32601"] and status == 0, lines
        assert target.stop() == 0
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    process = subprocess.Popen([os.path.join(BUILD, "bin", "spdk_tgt"), "-r", f"127.0.0.1:{port}"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            lines, status = client("tcp4", f"127.0.0.1:{port}", "spdk_get_version")
            if status == 0:
                break
            assert time.monotonic() < deadline, lines
            time.sleep(0.05)
        assert lines == ["1 result", "1"], lines
    finally:
        process.terminate()
        assert process.wait(20) == 0


if __name__ == "__main__":
    sys.exit(run_tap([(name[5:], test) for name, test in list(globals().items())
                      if name.startswith("test_")]) != 0)
