# SPDX-License-Identifier: BSD-3-Clause
"""The connection to a program: requests out, answers in."""

import json
import logging
import os
import socket
import time

RETRY_PAUSE_S = 0.2
RECV_BYTES = 65536


def print_dict(d):
    """Print a result as rpc.py does."""
    print(json.dumps(d, indent=2))


def print_json(s):
    """Print a result, a string without its quotes."""
    print(s if isinstance(s, str) else json.dumps(s, indent=2))


class JSONRPCException(Exception):
    """What went wrong, as text for the user in `message`; the answer's `code` when there is one."""

    def __init__(self, message, code=None):
        super().__init__(message)
        self.message = message
        self.code = code


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
        self.port = port
        self.timeout = 60.0 if timeout is None else float(timeout)
        self._received = bytearray()
        self._early = []  # answers that came while we were still sending
        self._decoder = json.JSONDecoder()
        self._next_id = 0
        self._requests = {}
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
        if os.path.exists(self.addr) or self.addr.startswith("/"):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.settimeout(self.timeout)
                sock.connect(self.addr)
            except OSError:
                sock.close()
                raise
            return sock
        return socket.create_connection((self.addr.strip("[]"), self.port), self.timeout)

    def _connect(self, retries):
        while True:
            try:
                self.sock = self._open()
                return
            except OSError as err:
                if retries == 0:
                    raise JSONRPCException(
                        f"Error while connecting to {self.addr}\n"
                        f"Is SPDK application running?\n"
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
                raise JSONRPCException(f"Connection closed while sending: {err}") from err

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
            raise JSONRPCException(f"Timeout while waiting for response: {self.timeout} s")
        try:
            self.sock.settimeout(left)
            return self.sock.recv(RECV_BYTES)
        except socket.timeout:
            return self._recv_some(deadline)
        except OSError as err:
            raise JSONRPCException(f"Connection closed with partial response: {err}") from err

    def _recv_json(self):
        deadline = time.monotonic() + self.timeout
        value = self._take_json()
        while value is None:
            data = self._recv_some(deadline)
            if not data:
                text = self._received.decode("utf-8", "replace")
                raise JSONRPCException("Connection closed with partial response:\n" + text)
            self._received += data
            # A long answer comes in many pieces: look only where it may end.
            if data.rstrip()[-1:] in (b"}", b"]", b""):
                value = self._take_json()
        return value

    def recv(self):
        """The next answer: a dict, or a list for a batch."""
        response = self._early.pop(0) if self._early else self._recv_json()
        self._logger.info("response:\n%s", json.dumps(response, indent=2))
        return response

    def result_of(self, response):
        """The result in an answer; raises JSONRPCException for an error."""
        request = self._requests.pop(response.get("id"), None)
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


class JSONRPCDryRunClient:
    """Prints what would be sent."""

    def __init__(self, *args, **kwargs):
        pass

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
