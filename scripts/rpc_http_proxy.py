#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""HTTP in front of a program's JSON-RPC socket, with basic authentication.

A POST, to any path, carries one request or a batch; its body is what the program answered, status
200, also when that is an error. 400: the body is no JSON; 401: user or password is wrong; 413: more
than 1 MiB; 502: the program is not there; 503: too many at once; 504: it did not answer in time.
"""

import argparse
import base64
import hmac
import http.server
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time

BODY_MAX = 1 << 20
CHUNK_LINE_MAX = 1024
PEERS_MAX = 64
PEER_IDLE_S = 30
DRAIN_S = 2
DEFAULT_ADDR = "/var/tmp/spdk.sock"


class Refused(Exception):
    """A status and a reason for the peer."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status
        self.reason = reason


def wants_answer(text):
    """Whether a body has a request that is answered; a notification is not. Refused: no JSON."""
    try:
        value = json.loads(text)
    except ValueError as err:
        raise Refused(400, f"the body is no JSON: {err}") from err
    if isinstance(value, list):
        return not value or any(not isinstance(v, dict) or "id" in v for v in value)
    return not isinstance(value, dict) or "id" in value


def exchange(path, text, timeout):
    """What the program answers; None to a notification."""
    answered = wants_answer(text)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout)
            sock.connect(path)
            sock.sendall(text)
            return read_answer(sock) if answered else None
    except socket.timeout as err:
        raise Refused(504, f"no answer in {timeout:g} s") from err
    except OSError as err:
        raise Refused(502, f"{path}: {err.strerror or err}") from err


def read_answer(sock):
    """The bytes of one JSON value."""
    received = b""
    while True:
        data = sock.recv(1 << 16)
        if not data:
            raise Refused(502, "the program closed the connection before it had answered")
        received += data
        if data.rstrip()[-1:] in (b"}", b"]"):
            try:
                json.loads(received)
                return received
            except ValueError:
                continue


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection; it may carry several requests."""

    protocol_version = "HTTP/1.1"
    server_version = "basalt-rpc-proxy"
    sys_version = ""
    timeout = PEER_IDLE_S

    def log_message(self, format, *args):
        print(f"{self.address_string()} {format % args}", file=sys.stderr, flush=True)

    def handle(self):
        """PEERS_MAX connections at once."""
        if not self.server.places.acquire(blocking=False):
            self.raw_requestline = b""
            self.requestline, self.request_version, self.command = "", "HTTP/1.1", ""
            self.answer(503, b"too many connections\n")
            return
        try:
            super().handle()
        except (ConnectionError, socket.timeout, ssl.SSLError):
            pass  # the peer is gone
        finally:
            self.server.places.release()

    def answer(self, status, body, kind="text/plain; charset=utf-8"):
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="rpc"')
        if status != 200:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def authorized(self):
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        return hmac.compare_digest(given, self.server.authorization)

    def read_chunks(self):
        """A body that comes in pieces."""
        body = b""
        while True:
            line = self.rfile.readline(CHUNK_LINE_MAX)
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                raise Refused(400, "the chunks are broken") from None
            if size < 0 or len(body) + size > BODY_MAX:
                raise Refused(413, f"at most {BODY_MAX} bytes")
            if size == 0:
                while self.rfile.readline(CHUNK_LINE_MAX).strip():
                    pass  # trailers
                return body
            body += self.rfile.read(size)
            self.rfile.readline(CHUNK_LINE_MAX)

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self.read_chunks()
        length = self.headers.get("Content-Length")
        if length is None or not length.isdigit():
            raise Refused(411, "Content-Length is missing")
        if int(length) > BODY_MAX:
            raise Refused(413, f"at most {BODY_MAX} bytes")
        return self.rfile.read(int(length))

    def do_POST(self):
        try:
            if not self.authorized():
                raise Refused(401, "user or password is wrong")
            answer = exchange(self.server.path, self.read_body(), self.server.answer_timeout)
            self.answer(200, answer or b"", "application/json")
        except Refused as err:
            self.answer(err.status, (err.reason + "\n").encode())
            self.drain()

    def drain(self):
        """Read for a moment what the peer still sends: a close on unread bytes would reset the
        connection, and could take the answer with it."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        end = time.monotonic() + DRAIN_S
        self.connection.settimeout(DRAIN_S)
        while time.monotonic() < end and self.connection.recv(65536):
            pass

    def do_HEAD(self):
        self.answer(200 if self.authorized() else 401, b"")

    def do_GET(self):
        self.answer(405 if self.authorized() else 401, b"requests come by POST\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = PEERS_MAX

    def __init__(self, host, port, args, credentials):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.path = args.sock
        self.answer_timeout = args.timeout
        self.places = threading.BoundedSemaphore(PEERS_MAX)
        self.authorization = b"Basic " + base64.b64encode(credentials.encode())
        super().__init__((host, port), Handler)
        if args.cert is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(args.cert)
            # The handshake belongs to the thread of the connection: it may take its time.
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)

    def handle_error(self, request, client_address):
        print(f"{client_address[0]} {sys.exc_info()[1]}", file=sys.stderr, flush=True)


def credentials_of(args, parser):
    """USER:PASSWORD from the command line or the file."""
    if args.auth_file is not None:
        with open(args.auth_file, encoding="utf-8") as f:
            text = f.readline().rstrip("\n")
        if ":" not in text:
            parser.error(f"{args.auth_file}: the first line should be USER:PASSWORD")
        return text
    if args.user is None or args.password is None:
        parser.error("user and password are missing, or --auth-file")
    return f"{args.user}:{args.password}"


def make_parser():
    parser = argparse.ArgumentParser(description="HTTP in front of a program's JSON-RPC socket")
    parser.add_argument("host", help="address to listen on")
    parser.add_argument("port", type=int, help="its port")
    parser.add_argument("user", nargs="?", help="who may use it")
    parser.add_argument("password", nargs="?", help="seen by all who may list processes: "
                        "--auth-file hides it")
    parser.add_argument("-s", dest="sock", default=DEFAULT_ADDR,
                        help=f"socket of the program; default: {DEFAULT_ADDR}")
    parser.add_argument("-c", dest="cert", help="PEM file with certificate and key, for HTTPS")
    parser.add_argument("-t", dest="timeout", type=float, default=60.0,
                        help="seconds to wait for an answer; default: 60")
    parser.add_argument("--auth-file", help="file whose first line is USER:PASSWORD")
    return parser


def main():
    parser = make_parser()
    args = parser.parse_args()
    try:
        server = Server(args.host.strip("[]"), args.port, args, credentials_of(args, parser))
    except (OSError, OverflowError) as err:
        print(f"rpc_http_proxy.py: {args.host}:{args.port}: {err}", file=sys.stderr)
        return 1
    if args.cert is None and not args.host.startswith(("127.", "::1", "[::1", "localhost")):
        print("rpc_http_proxy.py: without -c the password passes the network in clear",
              file=sys.stderr)
    if not os.path.exists(args.sock):
        print(f"rpc_http_proxy.py: {args.sock} is not there yet", file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Listening on {args.host}:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
