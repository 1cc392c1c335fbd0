#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What rpc.py prints for each command that is built, and how it ends, against SPDK's description
(data/rpc.json and data/outputs.md): rpc.py itself, with a peer that answers what we tell it.

    outputs.py PYTHON_DIR SCHEMA DATA_DIR EXAMPLES

Answers are the recorded ones and one of each kind; the expected texts are made here from the
description, not by the code under test.
"""

import contextlib
import io
import json
import os
import shlex
import socket
import sys
import tempfile
import threading

from cli import line_of, needed, only_built

# The results of a method that can't answer a text.
NO_TEXT = {"boolean", "object", "array", "number", "integer"}
ANSWERS = [True, False, 0, 17, 1.5, "a name", "two\nlines", "", [], ["a", "b c"], {}, {"k": [1]},
           None]


def expected_output(kind, result):
    """The text on standard output, from outputs.md."""
    if kind == "none":
        return ""
    if kind == "json, bare string when a string" and isinstance(result, str):
        return result + "\n"
    if kind == "space-separated list" and isinstance(result, list):
        return " ".join(shlex.quote(item) for item in result) + "\n"
    return json.dumps(result, indent=2) + "\n"


def expected_error(request, error):
    shown = {**request.get("params", {}), "method": request["method"], "req_id": request["id"]}
    return ("request:\n" + json.dumps(shown, indent=2) + "\nGot JSON-RPC error response\n"
            "response:\n" + json.dumps(error, indent=2) + "\n")


class Peer:
    """Answers each request with `reply`, and keeps the request."""

    def __init__(self):
        self.path = os.path.join(tempfile.mkdtemp(prefix="basalt_outputs_"), "sock")
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(self.path)
        self.sock.listen()
        self.reply, self.request = None, None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            with self.sock.accept()[0] as peer:
                data = b""
                while not data.endswith(b"\n"):
                    piece = peer.recv(65536)
                    if not piece:
                        break
                    data += piece
                if data:
                    self.request = json.loads(data)
                    answer = {"jsonrpc": "2.0", "id": self.request["id"], **self.reply}
                    peer.sendall((json.dumps(answer) + "\n").encode())


def run(main, words):
    """(exit status, standard output, standard error) of rpc.py"""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(words)
        except SystemExit as end:
            status = end.code
    return status, out.getvalue(), err.getvalue()


def check(main, methods, described, examples):
    peer, num = Peer(), 0
    for method in described["methods"]:
        name = method["name"]
        if name not in methods or not method["cli"] or not methods[name].get("cli"):
            continue
        cli = only_built(method["cli"], methods[name]["cli"])
        words = ["-s", peer.path, name, *line_of(cli, needed)[0]]
        recorded = [examples[name]["result"]] if name in examples else []
        for result in [*recorded, *ANSWERS]:
            if isinstance(result, str) and methods[name]["result"] in NO_TEXT:
                continue
            peer.reply = {"result": result}
            got, want = run(main, words), (0, expected_output(method["cli"]["output"], result), "")
            num += 1
            if got != want:
                yield f"{name} answered {json.dumps(result)}: {got}, SPDK's {want}"
        peer.reply = {"error": {"code": -19, "message": "x"}}
        got = run(main, words)
        want = (1, expected_error(peer.request, peer.reply["error"]), "")
        if got != want:
            yield f"{name} answered an error: {got}, SPDK's {want}"
    if num < 600:
        yield f"there were hardly any commands: {num}"


def main(python_dir, schema_path, data_dir, examples_path):
    os.environ["BASALT_RPC_SCHEMA"] = schema_path
    sys.path.insert(0, python_dir)
    from spdk.rpc import cli

    def load(path):
        with open(path, encoding="utf-8") as f:
            return json.load(f)

    methods = {m["name"]: m for m in load(schema_path)["methods"]}
    parser = cli.make_parser(methods)
    cli.make_parser = lambda *args: parser  # made once: a thousand times is slow
    wrong = list(check(cli.main, methods, load(data_dir + "/rpc.json"), load(examples_path)))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
