#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""record_examples.py BUILD DATA_DIR DIFFERENCES OUTPUT: for the reference page, what a program
answers to each method: the calls of results.py, of a method the first one with parameters if there
is one. To be run again when a method is new or answers otherwise: functional_rpc_pages says."""

import json
import sys

from results import Run


class Recorder(Run):
    def __init__(self, *args):
        super().__init__(*args)
        self.examples = {}

    def call(self, connection, method, params):
        result = super().call(connection, method, params)
        old = self.examples.get(method)
        if old is None or (params and "params" not in old["request"]):
            request = {"jsonrpc": "2.0", "id": 1, "method": method}
            self.examples[method] = {"request": {**request, "params": params} if params
                                     else request, "result": result}
        return result


def shorten(value, items=3):
    """Long lists by their first items: an example, no dump."""
    if isinstance(value, list):
        return [shorten(v) for v in value[:items]]
    if isinstance(value, dict):
        return {k: shorten(v) for k, v in value.items()}
    if isinstance(value, str) and value.startswith("/tmp/basalt_rpc_"):
        return "/tmp/" + value.rpartition("/")[2]
    return value


def main(build, data_dir, differences, output):
    recorder = Recorder(build, data_dir, differences)
    recorder.everything()
    with open(output, "w", encoding="utf-8") as f:
        json.dump({name: shorten(example) for name, example in sorted(recorder.examples.items())},
                  f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
