# SPDX-License-Identifier: BSD-3-Clause
"""The schema of the methods: a file that the build writes from the tables of the program, found
beside rpc.py, in the package or in the build folder. Each entry is one method, as rpc_get_schema
answers it."""

import functools
import json
import os
import sys

ENVIRONMENT = "BASALT_RPC_SCHEMA"  # a path that goes before all others


def paths():
    """Where the build and the installation put the file, the first one first."""
    script_dir = os.path.dirname(os.path.realpath(sys.argv[0] or "."))
    package_dir = os.path.dirname(os.path.realpath(__file__))
    root = os.path.join(package_dir, "..", "..", "..")
    chosen = os.environ.get(ENVIRONMENT)
    return ([chosen] if chosen else []) + [
        os.path.join(script_dir, "schema.json"),
        os.path.join(package_dir, "schema.json"),
        os.path.join(root, "build", "schema.json"),
        os.path.join(root, "scripts", "schema.json")]


def read(path):
    """{name: method} of a file."""
    with open(path, encoding="utf-8") as f:
        return {m["name"]: m for m in json.load(f)["methods"]}


@functools.lru_cache(maxsize=None)
def load():
    """{name: method} of the first file that can be read; empty when there is none."""
    for path in paths():
        try:
            return read(path)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return {}


def ask(client):
    """{name: method}: what a running program knows."""
    return {m["name"]: m for m in client.call("rpc_get_schema")["methods"]}
