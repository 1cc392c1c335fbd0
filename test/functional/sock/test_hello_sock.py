#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_hello_sock.py BUILD: hello_sock as server and client, over each implementation, with and
without copies, and what it says when it can't. Prints TAP."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
PROGRAM = os.path.join(BUILD, "examples", "hello_sock")
LIMIT_S = 60
IMPLS = ("posix", "uring")
DIR = tempfile.mkdtemp(prefix="basalt-hello-sock-")
COMMON = ["--disable-cpumask-locks"]


def fresh(name, count=[0]):
    count[0] += 1
    return os.path.join(DIR, f"{name}{count[0]}")


class Server:
    """hello_sock -S at a free port; a context manager."""

    def __init__(self, *args, port=0):
        self.log = fresh("server")
        self.args = [PROGRAM, "-H", "127.0.0.1", "-P", str(port), "-S", "-r", fresh("rpc"),
                     *COMMON, *args]

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end and self.process.poll() is None:
            found = re.search(r"listening at 127.0.0.1 port (\d+) by (\w+)", self.text())
            if found:
                self.port, self.impl = int(found.group(1)), found.group(2)
                return self
            time.sleep(0.02)
        raise AssertionError("the server does not listen: " + self.text())

    def __exit__(self, *_):
        self.process.terminate()  # a killed one leaves its trace file
        self.process.wait(LIMIT_S)

    def text(self):
        with open(self.log, errors="replace", encoding="utf-8") as f:
            return f.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT_S)


def client_args(port, *args):
    return [PROGRAM, "-H", "127.0.0.1", "-P", str(port), "-r", fresh("rpc"), *COMMON, *args]


def client(port, data, *args):
    return subprocess.run(client_args(port, *args), input=data, capture_output=True,
                          timeout=LIMIT_S, check=False)


def raw(server):
    s = socket.create_connection(("127.0.0.1", server.port), LIMIT_S)
    s.settimeout(LIMIT_S)
    return s


def raw_echo(sock, data):
    sock.sendall(data)
    got = b""
    while len(got) < len(data):
        piece = sock.recv(65536)
        assert piece, f"only {len(got)} of {len(data)} bytes came back"
        got += piece
    assert got == data


def test_both_ends():
    """Each implementation at each end, by copies and without."""
    data = os.urandom(1 << 20) + b"the end\n"
    for server_impl in IMPLS:
        for zcopy in ("-z", "-Z"):
            with Server("-N", server_impl, zcopy) as server:
                assert server.impl == server_impl
                for impl in IMPLS:
                    done = client(server.port, data, "-N", impl, zcopy, "-V")
                    assert done.returncode == 0, done.stderr.decode()
                    assert done.stdout == data, (server_impl, impl, zcopy)
                    assert f"({impl})".encode() in done.stderr
                    assert f"{len(data)} bytes received, {len(data)} sent".encode() in done.stderr
                assert server.stop() == 0


def test_default():
    with Server() as server:
        assert server.impl == "posix"
        done = client(server.port, b"hello\n")
        assert (done.returncode, done.stdout) == (0, b"hello\n")


def test_nothing_to_send():
    with Server() as server:
        done = client(server.port, b"")
        assert (done.returncode, done.stdout) == (0, b"")


def test_many_clients():
    """Clients at the same time, one of which takes nothing: the others go on."""
    for impl in IMPLS:
        with Server("-N", impl) as server:
            stuck = raw(server)
            stuck.setblocking(False)
            sent = 0
            end = time.monotonic() + 2
            while time.monotonic() < end:
                try:
                    sent += stuck.send(b"x" * 65536)
                except BlockingIOError:
                    time.sleep(0.05)
            socks = [raw(server) for _ in range(8)]
            for i, sock in enumerate(socks):
                raw_echo(sock, bytes([i]) * 100000)
            for sock in socks + [stuck]:
                sock.close()
            with raw(server) as sock:
                raw_echo(sock, b"still there")
            assert server.stop() == 0


def test_client_resets():
    """With bytes on their way both ways."""
    for impl in IMPLS:
        with Server("-N", impl, "-Z") as server:
            for _ in range(5):
                sock = raw(server)
                sock.sendall(b"y" * 200000)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                sock.close()
            with raw(server) as sock:
                raw_echo(sock, b"still there")
            assert server.process.poll() is None
            assert server.stop() == 0


def test_server_dies():
    """The client waits for its user: it ends by itself, and says why."""
    for impl in IMPLS:
        with Server() as server:
            process = subprocess.Popen(client_args(server.port, "-N", impl),
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            process.stdin.write(b"one\n")
            process.stdin.flush()
            assert process.stdout.readline() == b"one\n"
            server.process.kill()
            assert process.wait(LIMIT_S) == 1  # its standard input is still open
            _, err = process.communicate()
            assert b"the server is gone" in err, err


def test_port_in_use():
    for impl in IMPLS:
        with Server() as server:
            second = Server("-N", impl, port=server.port)
            done = subprocess.run(second.args, capture_output=True, timeout=LIMIT_S, check=False)
            assert done.returncode == 1
            assert b"Address already in use" in done.stderr and b"choose another" in done.stderr


def test_wrong_places():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        table = [
            (["-P", str(port)], "127.0.0.1", b"nobody listens there"),
            (["-P", "1"], "no.such.host", b"numeric"),
            (["-P", "1", "-S"], "192.0.2.1", b"no interface of this machine has this address"),
            (["-P", "1", "-N", "nobody"], "127.0.0.1", b'named "nobody"'),
            (["-P", "1", "-N", "nobody", "-Z"], "127.0.0.1", b'named "nobody"'),
            (["-P", "70000"], "127.0.0.1", b"is no port"),
            (["-P", "http"], "127.0.0.1", b"is no port"),
        ]
        for args, host, want in table:
            done = subprocess.run([PROGRAM, "-H", host, "-r", fresh("rpc"), *COMMON, *args],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S,
                                  check=False)
            assert done.returncode != 0, args
            assert want in done.stderr, (args, done.stderr.decode())
    done = subprocess.run([PROGRAM, *COMMON], capture_output=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 1 and b"-H" in done.stderr


TESTS = [test_both_ends, test_default, test_nothing_to_send, test_many_clients, test_client_resets,
         test_server_dies, test_port_in_use, test_wrong_places]


def main():
    bad = 0
    print(f"1..{len(TESTS)}", flush=True)
    for n, test in enumerate(TESTS, 1):
        try:
            test()
            print(f"ok {n} - {test.__name__[5:]}", flush=True)
        except (AssertionError, OSError, subprocess.SubprocessError) as e:
            bad += 1
            print(f"not ok {n} - {test.__name__[5:]}", flush=True)
            print("# " + str(e).replace("\n", "\n# "), flush=True)
    shutil.rmtree(DIR)
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
