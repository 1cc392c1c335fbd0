# SPDX-License-Identifier: BSD-3-Clause
"""The connection to a program: requests out, answers in."""

import json
import logging
import os
import pwd
import shlex
import socket
import stat
import time

DEFAULT_PORT = 5260
DEFAULT_TIMEOUT_S = 60.0
RETRY_PAUSE_S = 0.2
RECV_BYTES = 65536
LOST_SHOWN = 400


def print_dict(d):
    """Print a result as rpc.py does."""
    print(json.dumps(d, indent=2))


def print_json(s):
    """Print a result, a string without its quotes."""
    print(s if isinstance(s, str) else json.dumps(s, indent=2))


def print_array(a):
    """Print a list of names on one line, quoted where a shell would split them."""
    print(" ".join(shlex.quote(str(item)) for item in a))


class JSONRPCException(Exception):
    """What went wrong, as text for the user in `message`; the answer's `code` when there is one."""

    def __init__(self, message, code=None):
        super().__init__(message)
        self.message = message
        self.code = code


def is_path(addr):
    """Whether an address is a path of a Unix-domain socket: what looks like one, or is there."""
    return "/" in addr or os.path.exists(addr)


def host_and_port(addr, port):
    """("::1", 5260) of "[::1]:5260", "host:5260" and the like; `port` when the text has none."""
    host, bracket, rest = addr.partition("]")
    if bracket:
        return host.lstrip("["), int(rest[1:]) if rest[1:].isdigit() else port
    host, _, rest = addr.partition(":")
    if rest.isdigit():
        return host, int(rest)
    return addr, port


def _owner_of(path):
    uid = os.stat(path).st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _advice(addr, port, err):
    """What to do about a connection that failed; one line."""
    if not isinstance(err, OSError):
        return "This can't be an address: -s takes a path or a host, -p a port from 1 to 65535."
    if isinstance(err, socket.gaierror):
        return f"Is {addr} the name of a host, or a path of a socket written without a '/'?"
    if isinstance(err, socket.timeout):
        return "Does it still take connections? Nothing answered in time; -t SECONDS waits longer."
    if not is_path(addr):
        return f"Is SPDK application running there, with -r {addr}:{port}?"
    if isinstance(err, PermissionError):
        try:
            return (f"Run this as {_owner_of(addr)}, whose socket it is, "
                    "or ask for a role in that program.")
        except OSError:
            return "Run this as the user of the program: its folder can't be entered."
    if isinstance(err, ConnectionRefusedError) and not _is_socket(addr):
        return "This is no socket of an SPDK application; -s PATH names another one."
    if isinstance(err, ConnectionRefusedError):
        return "Is SPDK application running? One that was killed has left this socket behind."
    if "too long" in str(err):
        return "A path of a socket has at most 107 bytes; a symbolic link makes it shorter."
    return f"Is SPDK application running, with -r {addr}?"


def _request_text(request):
    shown = dict(request.get("params") or {})
    shown["method"] = request["method"]
    shown["req_id"] = request["id"]
    return json.dumps(shown, indent=2)


class JSONRPCClient:
    """One connection. Use as a context manager, or close() it.

    addr: path of a Unix-domain socket, or an IP address or host name, with `port`.
    timeout: seconds to wait for an answer. conn_retries: attempts after a failed connect.
    """

    def __init__(self, addr, port=None, timeout=None, conn_retries=0, log_level="ERROR", **kwargs):
        self.sock = None
        self.addr = addr
        self.port = DEFAULT_PORT if port is None else int(port)
        self.timeout = DEFAULT_TIMEOUT_S if timeout is None else float(timeout)
        self._received = bytearray()
        self._early = []  # answers that came while we were still sending
        self._decoder = json.JSONDecoder()
        self._next_id = 0
        self._requests = {}  # sent or queued, by id
        self._answered = {}  # those that the last answer was for
        self._out = []
        self._logger = logging.getLogger(f"JSONRPCClient({addr})")
        if not self._logger.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
            self._logger.addHandler(handler)
            self._logger.propagate = False
        self._logger.setLevel(log_level)
        self._connect(max(0, int(conn_retries or 0)))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def __getattr__(self, name):
        """client.bdev_get_bdevs(name="x") is client.call("bdev_get_bdevs", {"name": "x"})."""
        if name.startswith("_"):
            raise AttributeError(name)

        def method(**params):
            return self.call(name, params)
        return method

    def get_logger(self):
        return self._logger

    def log_set_level(self, level=None, **params):
        """The method log_set_level of the program."""
        if level is not None:
            params["level"] = level
        return self.call("log_set_level", params)

    def _open(self):
        if is_path(self.addr):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.settimeout(self.timeout)
                sock.connect(self.addr)
            except OSError:
                sock.close()
                raise
            return sock
        host, port = host_and_port(self.addr, self.port)
        if not 0 < port < 2 ** 16:
            raise ValueError(f"port {port}")
        return socket.create_connection((host, port), self.timeout)

    def _connect(self, retries):
        while True:
            try:
                self.sock = self._open()
                return
            except (OSError, OverflowError, ValueError) as err:
                if retries == 0:
                    raise JSONRPCException(
                        f"Error while connecting to {self.addr}\n"
                        f"{_advice(self.addr, self.port, err)}\n"
                        f"Error details: {err}") from err
                retries -= 1
                time.sleep(RETRY_PAUSE_S)

    def close(self):
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def add_request(self, method, params=None):
        """Queue a request for flush(); returns its id."""
        self._next_id += 1
        request = {"jsonrpc": "2.0", "method": method, "id": self._next_id}
        if params:
            request["params"] = params
        self._requests[self._next_id] = request
        self._out.append(request)
        self._logger.info("request:\n%s", json.dumps(request, indent=2))
        return self._next_id

    def _send_text(self, text):
        try:
            self.sock.settimeout(self.timeout)
            self.sock.sendall(text.encode("utf-8"))
        except OSError as err:
            try:  # the program may have said why before it closed
                self._early.append(self._recv_json())
            except JSONRPCException:
                raise JSONRPCException(self._lost(str(err))) from err

    def flush(self):
        """Send the queued requests, one after the other."""
        out, self._out = self._out, []
        self._send_text("".join(json.dumps(r) + "\n" for r in out))

    def flush_batch(self):
        """Send the queued requests as one batch."""
        out, self._out = self._out, []
        if out:
            self._send_text(json.dumps(out) + "\n")

    def send(self, method, params=None):
        """Send one request; returns its id."""
        request_id = self.add_request(method, params)
        self.flush()
        return request_id

    def _waiting_for(self):
        """The methods that have no answer yet, as text."""
        names = sorted({r["method"] for r in self._requests.values()})
        return ", ".join(names[:4]) + (", ..." if names[4:] else "") if names else "a request"

    def _lost(self, reason):
        """What to tell of a connection that ended before the answer."""
        text = (f"Connection closed with partial response: {self.addr} closed it before "
                f"{self._waiting_for()} was answered ({reason}).\nThe program has ended or refused "
                "us, its log says why; whether the request was done is not known.")
        part = self._received.decode("utf-8", "replace")
        return text + ("\nReceived: " + part[:LOST_SHOWN] if part else "")

    def _take_json(self):
        """The first value of what has been received; None while its end is missing."""
        try:
            text = self._received.decode("utf-8").lstrip()
            value, end = self._decoder.raw_decode(text)
        except ValueError:
            return None
        self._received = bytearray(text[end:].lstrip().encode("utf-8"))
        return value

    def _recv_some(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise JSONRPCException(
                f"Timeout while waiting for response: {self._waiting_for()} was not answered in "
                f"{self.timeout:g} s.\nIt may still be done. -t SECONDS waits longer.")
        try:
            self.sock.settimeout(left)
            return self.sock.recv(RECV_BYTES)
        except socket.timeout:
            return self._recv_some(deadline)
        except OSError as err:
            raise JSONRPCException(self._lost(str(err))) from err

    def _recv_json(self):
        deadline = time.monotonic() + self.timeout
        value = self._take_json()
        while value is None:
            data = self._recv_some(deadline)
            if not data:
                raise JSONRPCException(self._lost("end of stream"))
            self._received += data
            # A long answer comes in many pieces: look only where it may end.
            if data.rstrip()[-1:] in (b"}", b"]", b""):
                value = self._take_json()
        return value

    def recv(self):
        """The next answer: a dict, or a list for a batch."""
        response = self._early.pop(0) if self._early else self._recv_json()
        answers = response if isinstance(response, list) else [response]
        ids = [a.get("id") for a in answers if isinstance(a, dict)]
        self._answered = {i: self._requests.pop(i) for i in ids if i in self._requests}
        self._logger.info("response:\n%s", json.dumps(response, indent=2))
        return response

    def result_of(self, response):
        """The result in an answer; raises JSONRPCException for an error."""
        request = self._answered.get(response.get("id"))
        if "error" not in response:
            return response["result"]
        error = response["error"]
        raise JSONRPCException(self._error_text(request, error), error.get("code"))

    @staticmethod
    def _error_text(request, error):
        text = ""
        if request is not None:
            text = "request:\n" + _request_text(request) + "\n"
        return text + "Got JSON-RPC error response\nresponse:\n" + json.dumps(error, indent=2)

    def call(self, method, params=None):
        """Run a method and wait for its result."""
        request_id = self.send(method, {k: v for k, v in (params or {}).items() if v is not None})
        while True:
            response = self.recv()
            if isinstance(response, dict) and response.get("id") in (request_id, None):
                return self.result_of(response)

    def call_batch(self, calls):
        """Run (method, params) pairs as one batch; returns the answers in order."""
        ids = [self.add_request(method, params) for method, params in calls]
        if not ids:
            return []
        self.flush_batch()
        answer = self.recv()
        if isinstance(answer, dict):  # an error about the batch as such
            raise JSONRPCException(self._error_text(None, answer["error"]),
                                   answer["error"].get("code"))
        responses = {r.get("id"): r for r in answer}
        missing = [str(i) for i in ids if i not in responses]
        if missing:
            raise JSONRPCException("No answer to requests " + ", ".join(missing))
        return [responses[i] for i in ids]


class JSONRPCGoClient(JSONRPCClient):
    """The name that SPDK's Go client has; this one is in Python."""


class JSONRPCDryRunClient:
    """Prints what would be sent."""

    def __init__(self, *args, **kwargs):
        self.timeout = DEFAULT_TIMEOUT_S

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **params: self.call(name, params)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        pass

    def call(self, method, params=None):
        params = {k: v for k, v in (params or {}).items() if v is not None}
        print("Request:")
        print(json.dumps({"method": method, "params": params}, indent=2))
        return None
