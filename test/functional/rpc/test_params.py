#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each parameter of each method that is built, wrong in each way: the answer is an error that names
the parameter, with SPDK's code; nothing changed, and nothing was leaked. The cases come from SPDK's
description (data/rpc.json), not from our tables.

    test_params.py BUILD_ROOT DATA_DIR
"""

import json
import sys

from harness import Target, is_sanitized, run_tap

RANGES = {"int32": (-2 ** 31, 2 ** 31 - 1), "uint8": (0, 2 ** 8 - 1), "uint16": (0, 2 ** 16 - 1),
          "uint32": (0, 2 ** 32 - 1), "uint64": (0, 2 ** 64 - 1)}
WRONG_TYPES = {"string": ["7", "true", "[]", "{}", "null", '"a\\u0000b"'],
               "uuid": ["7", "null", '"no-uuid"', '"01234567-89ab-cdef-0123-456789abcdeg"'],
               "boolean": ["0", "1", '"true"', "null", "[]"],
               "enum": ["7", "null", '"no such name"', "[]"],
               "bitmask": ["7", "null", '"x"', '["no such name"]', "[7]"],
               "object": ["7", "null", '"x"', "[]"],
               "array": ["7", "null", '"x"', "{}"]}
# Which decode errors SPDK gives.
CASES = {"missing-required", "no-params", "wrong-type", "unknown-parameter", "integer-out-of-range",
         "fractional-number", "invalid-enum", "unexpected-params"}
# Rounds of all cases; memory may grow in the first ones only.
ROUNDS = 4
GROWTH_KIB = 1024


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


class Cases:
    def __init__(self, data_dir):
        described = load(data_dir + "/rpc.json")
        self.methods = described["methods"]
        self.results = load(data_dir + "/results.json")["methods"]
        self.classes = {kind: {c["name"]: c for c in described[kind]}
                        for kind in ("enums", "objects", "arrays", "bitmasks")}

    def good_value(self, param):
        """A value that decodes."""
        kind = param["type"]
        if kind in RANGES:
            return 1
        if kind == "boolean":
            return True
        if kind == "uuid":
            return "01234567-89ab-cdef-0123-456789abcdef"
        if kind == "enum":
            return self.classes["enums"][param["class"]]["fields"][0]["name"]
        if kind == "object":
            fields = self.classes["objects"][param["class"]]["fields"]
            return {f["name"]: self.good_value(f) for f in fields if f["required"]}
        if kind in ("array", "bitmask"):
            return []
        return "basalt_no_such_thing"

    def bad_values(self, param):
        """JSON texts that must not decode."""
        kind = param["type"]
        if kind in RANGES:
            low, high = RANGES[kind]
            yield from ("null", "true", '"1"', "[]", "{}", "1.5", "1e99", "-1e99")
            yield str(low - 1)
            yield str(high + 1)
            yield str(2 ** 65)
            return
        yield from WRONG_TYPES[kind]
        if kind == "array":
            item = {"type": self.classes["arrays"][param["class"]]["item_type"]}
            if item["type"] in WRONG_TYPES:
                yield from (f"[{bad}]" for bad in WRONG_TYPES[item["type"]])

    def of_method(self, method):
        """(text of params or None, words that the error must hold, what it is)."""
        params = method["params"]
        good = {p["name"]: self.good_value(p) for p in params if p["required"]}
        if not params:
            yield '{"basalt_unknown": 1}', [], "unexpected-params"
            return
        yield "[]", [], "wrong-type"
        unknown = {"basalt_unknown": 1, **good}
        yield json.dumps(unknown), ["basalt_unknown"], "unknown-parameter"
        for p in params:
            name = p["name"]
            others = {k: v for k, v in good.items() if k != name}
            value = json.dumps(self.good_value(p))
            for bad in self.bad_values(p):
                yield with_first(name, bad, others), [name], "wrong-type"
            twice = f'"{name}": {value}, "{name}": {value}'
            words = [name] if p["type"] in RANGES else [name, "twice"]  # 1 may be out of range
            yield "{" + twice + rest_of(others) + "}", words, "wrong-type"
            if p["required"]:
                yield json.dumps(others), ["missing"], "missing-required"
            if p["type"] == "object":
                yield from self.of_object(p, others)

    def of_object(self, param, others):
        """A field too many, and each required one missing or of a wrong type."""
        fields = self.classes["objects"][param["class"]]["fields"]
        good = self.good_value(param)
        unknown = json.dumps({**good, "basalt_unknown": 1})
        yield with_first(param["name"], unknown, others), ["basalt_unknown"], "unknown-parameter"
        for f in fields:
            rest = {k: v for k, v in good.items() if k != f["name"]}
            path = f"{param['name']}.{f['name']}"
            for bad in self.bad_values(f):
                inner = with_first(f["name"], bad, rest)
                yield with_first(param["name"], inner, others), [path], "wrong-type"
            if f["required"]:
                yield (with_first(param["name"], json.dumps(rest), others), [path, "missing"],
                       "missing-required")

    def codes(self, name, case):
        errors = self.results.get(name, {}).get("errors", [])
        exact = {e["code"] for e in errors if e["case"] == case}
        return exact or {e["code"] for e in errors if e["case"] in CASES}

    def tolerates(self, name, case):
        return case in self.results.get(name, {}).get("tolerates", [])


def rest_of(others):
    return "".join(f", {json.dumps(k)}: {json.dumps(v)}" for k, v in others.items())


def with_first(name, value_text, others):
    return "{" + f"{json.dumps(name)}: {value_text}" + rest_of(others) + "}"


def check_case(connection, cases, name, text, words, case):
    answer = connection.request(name, text)
    what = f"{name} {text}"
    if cases.tolerates(name, case):
        return
    assert answer is not None, f"{what}: the connection was closed"
    assert "error" in answer, f"{what}: accepted: {answer}"
    message = answer["error"]["message"]
    for word in words:
        assert word in message, f"{what}: {word!r} is not in: {message}"
    codes = cases.codes(name, case)
    assert not codes or answer["error"]["code"] in codes, f"{what}: {answer}, SPDK has {codes}"


def built_methods(connection, cases, runtime):
    """Those whose state is now; what is wrong with the state is another test's subject."""
    built = set(connection.call("rpc_get_methods", {"current": True}))
    state = "RUNTIME" if runtime else "STARTUP"
    return [m for m in cases.methods if m["name"] in built and state in m["states"]]


# Parameters of features that are not built: the error says "not known" instead.
def is_built(schema, method, text):
    known = {p["name"] for p in schema[method["name"]]["params"]}
    names = {p["name"] for p in method["params"]}
    return not any(f'"{name}"' in text for name in names - known)


def run_all(target, cases, runtime):
    connection = target.connection
    schema = {m["name"]: m for m in connection.call("rpc_get_schema")["methods"]}
    num = 0
    for method in built_methods(connection, cases, runtime):
        if cases.tolerates(method["name"], "unexpected-params"):
            continue  # and framework_wait_init would not answer before the start
        for text, words, case in cases.of_method(method):
            if is_built(schema, method, text):
                check_case(connection, cases, method["name"], text, words, case)
                num += 1
    return num


def check_rounds(build, cases, runtime):
    args = [] if runtime else ["--wait-for-rpc"]
    with Target(build, *args) as target:
        def config():
            return target.connection.save_config() if runtime else None

        before = config()
        sizes, fds = [], []
        for _ in range(ROUNDS):
            num = run_all(target, cases, runtime)
            sizes.append(target.resident_kib())
            fds.append(target.num_fds())
        print(f"# {num} cases a round; resident KiB after each: {sizes}")
        assert num > (100 if runtime else 20), "there were hardly any cases"
        assert config() == before, "a call that failed has changed the configuration"
        assert fds[-1] == fds[0], f"descriptors after each round: {fds}"
        if not is_sanitized(build):  # the sanitizer itself looks for leaks
            assert sizes[-1] - sizes[1] <= GROWTH_KIB, f"memory grows: {sizes}"
        assert target.stop() == 0


def check_states(build, cases):
    """A method in the wrong state: -1, before its parameters are looked at."""
    for args, state in ((["--wait-for-rpc"], "STARTUP"), ([], "RUNTIME")):
        with Target(build, *args) as target:
            built = set(target.connection.call("rpc_get_methods"))
            for method in cases.methods:
                if method["name"] in built and state not in method["states"]:
                    answer = target.connection.request(method["name"], '{"basalt_unknown": 1}')
                    assert answer["error"]["code"] == -1, f"{method['name']}: {answer}"


def main(build, data_dir):
    cases = Cases(data_dir)
    return run_tap([
        ("bad parameters at run time", lambda: check_rounds(build, cases, True)),
        ("bad parameters before the start", lambda: check_rounds(build, cases, False)),
        ("methods in the wrong state", lambda: check_states(build, cases)),
    ])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
