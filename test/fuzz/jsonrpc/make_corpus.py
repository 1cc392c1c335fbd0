#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""make_corpus.py FOLDER STAMP DATA_DIR: write the seeds of the JSON-RPC fuzzer, one a file: texts
about the envelope, and for each method a call with all its parameters, from SPDK's description.

FOLDER holds nothing else afterwards; the file STAMP is touched last.
"""

import json
import os
import shutil
import sys

ENVELOPE = {
    "plain": b'{"jsonrpc":"2.0","method":"log_get_level","id":1}\n',
    "three": b' {"method":"log_get_level","id":1}{"method":"nix","id":2}\n\n{"method":"x"} ',
    "batch": b'[{"method":"log_get_level","id":"a"},7,[],{"id":null},{"method":"nix","id":-1.5e3}]',
    "empty_batch": b"[][ ]",
    "ids": b'[{"method":"x","id":true},{"method":"x","id":[1]},{"method":"x","id":{}}]',
    "members": b'{"method":"x","id":1,"id":2}{"method":"x","y":1}{"jsonrpc":"1.0","method":"x"}',
    "params": b'{"method":"log_set_level","id":1,"params":"x"}{"method":"x","id":1,"params":null}',
    "nul": b'{"method":"log_get_level\\u0000aaaa","id":"\\u0000"}',
    "after": b'{"method":"log_get_level","id":1} nix {"method":"log_get_level","id":2}',
    "half": b'{"method":"log_get_level","id":1}{"method":"log_get_',
    "broken_half": b'{"method" : x, "id" : [[[[[',
    "deep": b'{"method":"x","id":1,"params":' + b"[" * 63 + b"]" * 63 + b"}",
    "too_deep": b'{"method":"x","id":1,"params":' + b"[" * 64 + b"]" * 64 + b"}",
    "brackets": b'{"method":"]}\\"[{","id":"}\\\\"}',
    "cut": '{"method":"log_set_level","id":1,"params":{"level":"'
           f'{"x" * 39}\u20ac\u20ac"}}}}'.encode(),
}
VALUES = {"boolean": True, "uuid": "01234567-89ab-cdef-0123-456789abcdef", "string": "s"}


def value_of(param, classes):
    kind = param["type"]
    if kind == "enum":
        return classes["enums"][param["class"]]["fields"][0]["name"]
    if kind == "object":
        fields = classes["objects"][param["class"]]["fields"]
        return {f["name"]: value_of(f, classes) for f in fields}
    if kind == "array":
        array = classes["arrays"][param["class"]]
        return [value_of({"type": array["item_type"], "class": array.get("class")}, classes)] * 2
    if kind == "bitmask":
        return [classes["enums"][classes["bitmasks"][param["class"]]["enum"]]["fields"][0]["name"]]
    return VALUES.get(kind, 1)


def call_of(method, classes):
    params = {p["name"]: value_of(p, classes) for p in method["params"]}
    request = {"method": method["name"], "id": 1, "params": params}
    return json.dumps(request, separators=(",", ":")).encode()


def main(folder, stamp, data_dir):
    with open(os.path.join(data_dir, "rpc.json"), encoding="utf-8") as f:
        described = json.load(f)
    classes = {kind: {c["name"]: c for c in described[kind]}
               for kind in ("enums", "objects", "arrays", "bitmasks")}
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    seeds = dict(ENVELOPE)
    # One file for those of a prefix: nvmf_, bdev_, ...
    for method in described["methods"]:
        name = "of_" + method["name"].split("_")[0]
        seeds[name] = seeds.get(name, b"") + call_of(method, classes) + b"\n"
    for name, data in seeds.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    with open(stamp, "w", encoding="ascii"):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
