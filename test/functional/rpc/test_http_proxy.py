#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""rpc_http_proxy.py: what passes and what does not, over HTTP and HTTPS.

    test_http_proxy.py BUILD_ROOT SOURCE_ROOT
"""

import base64
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

from harness import Target, run_tap

ANSWER_S = 30
AUTH = "Basic " + base64.b64encode(b"alice:se:cret").decode()
REQUEST = json.dumps({"id": 7, "method": "log_get_level"})


class Proxy:
    """The proxy of a program, on a port of its own."""

    def __init__(self, source, addr, *args, user=("alice", "se:cret")):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(source, "scripts", "rpc_http_proxy.py"), "127.0.0.1", "0",
             *user, "-s", addr, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("Listening on "), line + self.process.stderr.read()
        self.port = int(line.rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.send_signal(signal.SIGTERM)
        self.status = self.process.wait(ANSWER_S)
        self.log = self.process.stderr.read()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)

    def post(self, body, auth=AUTH, connection=None, **kwargs):
        """(status, body)"""
        connection = connection or self.connect()
        headers = {"Authorization": auth} if auth is not None else {}
        connection.request("POST", "/", body, headers, **kwargs)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def check_requests(build, source):
    with Target(build) as target, Proxy(source, target.addr) as proxy:
        status, text = proxy.post(REQUEST)
        assert (status, json.loads(text)) == (200, {"jsonrpc": "2.0", "id": 7,
                                                    "result": "NOTICE"}), text
        # An error of the program is an answer as any other.
        status, text = proxy.post(json.dumps({"id": 1, "method": "nix"}))
        assert (status, json.loads(text)["error"]["code"]) == (200, -32601), text
        # A batch; a request in chunks; several on one connection; long ones.
        status, text = proxy.post(f"[{REQUEST}, {REQUEST}]")
        assert (status, len(json.loads(text))) == (200, 2), text
        pieces = iter([REQUEST[:9].encode(), REQUEST[9:].encode()])
        status, text = proxy.post(pieces, encode_chunked=True)
        assert (status, json.loads(text)["result"]) == (200, "NOTICE"), text
        connection = proxy.connect()
        for _ in range(3):
            assert proxy.post(REQUEST, connection=connection)[0] == 200
        status, text = proxy.post(json.dumps({"id": 1, "method": "rpc_get_schema"}))
        assert status == 200 and len(json.loads(text)["result"]["methods"]) > 50
        # A notification has no answer.
        assert proxy.post(json.dumps({"method": "log_set_level",
                                      "params": {"level": "INFO"}})) == (200, "")
        assert json.loads(proxy.post(REQUEST)[1])["result"] == "INFO"
    assert proxy.status == 0 and "se:cret" not in proxy.log, proxy.log


def check_refusals(build, source):
    with Target(build) as target, Proxy(source, target.addr, "-t", "1") as proxy:
        wrong = "Basic " + base64.b64encode(b"alice:secret").decode()
        for auth in (None, "", "Basic", wrong, AUTH + "x", "Bearer x", "Basic \xff"):
            status, text = proxy.post(REQUEST, auth)
            assert (status, text) == (401, "user or password is wrong\n"), (auth, status, text)
        assert proxy.post("{")[0] == 400 and proxy.post("")[0] == 400
        assert proxy.post("x" * (1 << 20 | 1))[0] == 413
        for command, status in (("GET", 405), ("HEAD", 200), ("PUT", 501)):
            connection = proxy.connect()
            connection.request(command, "/", headers={"Authorization": AUTH})
            assert connection.getresponse().status == status, command
        connection = proxy.connect()
        connection.request("HEAD", "/")
        answer = connection.getresponse()
        assert answer.status == 401 and answer.getheader("WWW-Authenticate").startswith("Basic ")
        target.process.send_signal(signal.SIGSTOP)
        assert proxy.post(REQUEST) == (504, "no answer in 1 s\n")
        target.process.send_signal(signal.SIGCONT)
        assert proxy.post(REQUEST)[0] == 200
        target.stop()
        status, text = proxy.post(REQUEST)
        assert status == 502 and target.addr in text, (status, text)


def check_crowd(build, source):
    """64 who say nothing take all places; the next one is told so, and served when one is free."""
    with Target(build) as target, Proxy(source, target.addr) as proxy:
        crowd = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(64)]
        for peer in crowd:
            peer.sendall(b"POST / HTTP/1.1\r\n")
        status = 0
        for _ in range(50):
            try:
                status = proxy.post(REQUEST)[0]
            except (ConnectionError, http.client.BadStatusLine):
                status = 503  # told, and closed before we had sent all
            if status == 503:
                break
        assert status == 503, status
        for peer in crowd:
            peer.close()
        for _ in range(100):
            try:
                if proxy.post(REQUEST)[0] == 200:
                    return
            except (ConnectionError, http.client.BadStatusLine):
                pass
        raise AssertionError("no place came free")


def check_tls(build, source):
    folder = tempfile.mkdtemp(prefix="basalt_proxy_")
    pem = os.path.join(folder, "both.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    pem + ".key", "-out", pem + ".crt"], check=True, capture_output=True)
    with open(pem, "w", encoding="ascii") as out:
        for part in (".key", ".crt"):
            with open(pem + part, encoding="ascii") as f:
                out.write(f.read())
    secret = os.path.join(folder, "auth")
    with open(secret, "w", encoding="ascii") as f:
        f.write("alice:se:cret\n")
    with Target(build) as target, Proxy(source, target.addr, "-c", pem, "--auth-file", secret,
                                        user=()) as proxy:
        # One who does not say a word holds up nobody.
        silent = socket.create_connection(("127.0.0.1", proxy.port))
        context = ssl.create_default_context(cafile=pem + ".crt")
        connection = http.client.HTTPSConnection("127.0.0.1", proxy.port, timeout=ANSWER_S,
                                                 context=context)
        status, text = proxy.post(REQUEST, connection=connection)
        assert (status, json.loads(text)["result"]) == (200, "NOTICE"), text
        silent.close()


def check_start(build, source):
    """What is wrong with a command line."""
    def run(*args):
        done = subprocess.run([sys.executable, os.path.join(source, "scripts", "rpc_http_proxy.py"),
                               *args], capture_output=True, text=True, timeout=ANSWER_S,
                              check=False)
        return done.returncode, done.stderr

    assert run("127.0.0.1", "0")[0] == 2 and run()[0] == 2
    status, err = run("127.0.0.1", "0", "--auth-file", "/nonexistent")
    assert status == 1 and "/nonexistent" in err and "Traceback" not in err, err
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])
    status, err = run("127.0.0.1", port, "a", "b")
    assert status == 1 and port in err and "Traceback" not in err, err
    status, err = run("127.0.0.1", "70000", "a", "b")
    assert status == 1 and "Traceback" not in err, err
    taken.close()


def main(build, source):
    checks = (check_requests, check_refusals, check_crowd, check_tls, check_start)
    return run_tap([(check.__name__[6:], lambda check=check: check(build, source))
                    for check in checks])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
