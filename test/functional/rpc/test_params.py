#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each parameter of each method that is built, wrong in each way: the answer is an error that names
the parameter, with SPDK's code; after each, the configuration and the descriptors are as before,
and so is the heap, to the block. The cases come from SPDK's description (data/rpc.json), not from
our tables.

    test_params.py BUILD_ROOT DATA_DIR HEAP_COUNTER
"""

import json
import sys
import time

from harness import Connection, Target, is_sanitized, run_tap

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
LONG = 100 * 1024
BROKEN = ('"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"a\nb"', '"\\x41"', "'a'", "0x10", "01",
          "+1", ".5", "1.", "NaN", "Infinity", "tru", "[1,]", "{,}", '{"a"}', "[" * 64, '"\xff')
SETTLE_S = 5


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
            yield from ("null", "true", '"1"', "[]", "{}", "1.5", "1e99", "-1e99", "1e-1", "-0.5",
                        "1e99999999999999999999", "1" + "0" * 400, "0." + "0" * 400 + "1",
                        "[" * 60 + "]" * 60)
            yield str(low - 1)
            yield str(high + 1)
            yield str(2 ** 65)
            return
        yield from WRONG_TYPES[kind]
        if kind in ("uuid", "enum"):
            yield json.dumps("x" * LONG)
        if kind == "array":
            array = self.classes["arrays"][param["class"]]
            item = {"type": array["item_type"], "class": array.get("class")}
            good = json.dumps(self.good_value(item))
            yield from (f"[{good}, {bad}]" for bad in self.bad_values(item))
            yield "[" + ", ".join([good] * (array["max_count"] + 1)) + "]"

    def of_method(self, method):
        """(text of params or None, words that the error must hold, what it is)."""
        params = method["params"]
        good = {p["name"]: self.good_value(p) for p in params if p["required"]}
        if not params:
            yield '{"basalt_unknown": 1}', [], "unexpected-params"
            return
        yield "[]", [], "wrong-type"
        for key in ("basalt_unknown", "basalt_unknown" + "x" * LONG, "basalt_unknown\0",
                    params[0]["name"] + "\0", "\U0001f600" * 40):
            unknown = {key: 1, **good}
            yield json.dumps(unknown), [key.rstrip("\0")[:9]], "unknown-parameter"
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
            if p["type"] == "string":  # as such it may be good
                long = {**others, name: "x" * LONG, "basalt_unknown": 1}
                yield json.dumps(long), [], "unknown-parameter"

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
    what = what[:500]
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


def run_all(target, cases, runtime, check_after):
    """Each case once, and check_after(what) behind it."""
    connection = target.connection
    schema = {m["name"]: m for m in connection.call("rpc_get_schema")["methods"]}
    num = 0
    for method in built_methods(connection, cases, runtime):
        if cases.tolerates(method["name"], "unexpected-params"):
            continue  # and framework_wait_init would not answer before the start
        for text, words, case in cases.of_method(method):
            if is_built(schema, method, text):
                check_case(connection, cases, method["name"], text, words, case)
                check_after(f"{method['name']} {text[:200]}")
                num += 1
    return num


def settle(read, wanted):
    """What read() gives, once that is `wanted`, or at the end of some time."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        got = read()
        if got == wanted or time.monotonic() > deadline:
            return got
        time.sleep(0.0005)


def check_left(target, what, before):
    """The program has as many blocks and descriptors as before."""
    def read():
        return target.live_heap()[0], target.num_fds()

    target.connection.call("log_get_level")  # its buffer is a short request's again
    got = settle(read, before)
    assert got == before, f"{what}: blocks and descriptors were {before}, are {got}"


def config_of(target, runtime):
    return target.connection.save_config() if runtime else None


def check_cases(build, cases, runtime, heap_counter):
    """Two rounds: the first looks at the configuration after each case, the second at memory."""
    counted = not is_sanitized(build)  # a sanitizer has its own heap, and looks for leaks itself
    with Target(build, *([] if runtime else ["--wait-for-rpc"]),
                heap_counter=heap_counter if counted else None) as target:
        before = config_of(target, runtime)

        def same_config(what):
            assert config_of(target, runtime) == before, f"{what}: changed the configuration"

        num = run_all(target, cases, runtime, same_config)
        print(f"# {num} cases a round")
        assert num > (1000 if runtime else 100), "there were hardly any cases"
        if counted:
            time.sleep(0.1)
            left = target.live_heap()[0], target.num_fds()
            assert left[0] > 0, "the heap is not counted"
            run_all(target, cases, runtime, lambda what: check_left(target, what, left))
        if not runtime:
            target.connection.call("framework_start_init")
            with Target(build) as fresh:
                assert target.connection.save_config() == fresh.connection.save_config()
        assert target.stop() == 0


def check_broken(build, cases, heap_counter):
    """A value that is no JSON: the peer is told where, the connection ends, nothing stays."""
    counted = not is_sanitized(build)
    with Target(build, heap_counter=heap_counter if counted else None) as target:
        before = target.connection.save_config()
        schema = {m["name"] for m in target.connection.call("rpc_get_schema")["methods"]}
        left = None
        for _ in range(2):
            for method in cases.methods:
                if method["name"] not in schema or not method["params"]:
                    continue
                for text in BROKEN:
                    what = f"{method['name']} {text}"
                    connection = Connection(target.addr)
                    params = f'{{"{method["params"][0]["name"]}": {text}}}'
                    answer = connection.request(method["name"], params, encoding="latin-1")
                    assert answer["error"]["code"] == -32700, f"{what}: {answer}"
                    assert answer["id"] is None and "line 1, column " in answer["error"]["message"]
                    assert connection.file.readline() == "", f"{what}: the connection goes on"
                    connection.close()
                    if counted and left is not None:
                        check_left(target, what, left)
            time.sleep(0.1)
            left = (target.live_heap()[0], target.num_fds()) if counted else None
        assert target.connection.save_config() == before


def check_states(build, cases):
    """A method in the wrong state: -1, before its parameters are looked at."""
    for args, state in ((["--wait-for-rpc"], "STARTUP"), ([], "RUNTIME")):
        with Target(build, *args) as target:
            built = set(target.connection.call("rpc_get_methods"))
            for method in cases.methods:
                if method["name"] in built and state not in method["states"]:
                    answer = target.connection.request(method["name"], '{"basalt_unknown": 1}')
                    assert answer["error"]["code"] == -1, f"{method['name']}: {answer}"


def main(build, data_dir, heap_counter):
    cases = Cases(data_dir)
    return run_tap([
        ("bad parameters at run time", lambda: check_cases(build, cases, True, heap_counter)),
        ("bad parameters before the start",
         lambda: check_cases(build, cases, False, heap_counter)),
        ("no JSON", lambda: check_broken(build, cases, heap_counter)),
        ("methods in the wrong state", lambda: check_states(build, cases)),
    ])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
