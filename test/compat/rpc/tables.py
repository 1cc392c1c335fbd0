#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our RPC tables (the build's schema.json) against the description of SPDK's methods (data/).

    tables.py SCHEMA DATA_DIR DIFFERENCES

For each method that is built: states, parameters with type, required, deprecated, the names of
enumerations, fields of objects, elements of arrays; the code of decode errors; the command line.
What differs on purpose stands in DIFFERENCES, one line each: method, what, reason. Prints what is
wrong, one line each; exit status 0 when nothing is.
"""

import copy
import json
import sys

DECODE_CASES = {"missing-required", "no-params", "wrong-type", "integer-out-of-range",
                "fractional-number", "invalid-enum", "missing-in-object", "unexpected-params"}
ARG_KEYS = ("kind", "short", "long", "action", "type", "nargs", "default", "param", "required")


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


class Facts:
    """SPDK's methods and what their parameters refer to."""

    def __init__(self, data_dir):
        described = load(data_dir + "/rpc.json")
        self.methods = {m["name"]: m for m in described["methods"]}
        self.results = load(data_dir + "/results.json")["methods"]
        self.classes = {kind: {c["name"]: c for c in described[kind]}
                        for kind in ("enums", "objects", "arrays", "bitmasks")}
        self.example_methods = {m["name"] for m in described["example_app_methods"]}


def differ(what, ours, theirs):
    if ours != theirs:
        yield f"{what} is {json.dumps(ours)}, SPDK's {json.dumps(theirs)}"


def check_enum(path, ours, enum):
    names = [v["name"] for v in ours.get("values", [])]
    yield from differ(f"{path}: names", sorted(names), sorted(f["name"] for f in enum["fields"]))


def check_type(facts, path, ours, theirs):
    yield from differ(f"{path}: type", ours["type"], theirs["type"])
    kind = theirs["type"]
    if ours["type"] != kind:
        return
    if kind == "enum":
        yield from check_enum(path, ours, facts.classes["enums"][theirs["class"]])
    elif kind == "bitmask":
        mask = facts.classes["bitmasks"][theirs["class"]]
        yield from check_enum(path, ours, facts.classes["enums"][mask["enum"]])
    elif kind == "object":
        fields = facts.classes["objects"][theirs["class"]]["fields"]
        yield from check_params(facts, path + ".", ours["fields"], fields)
    elif kind == "array":
        array = facts.classes["arrays"][theirs["class"]]
        yield from differ(f"{path}: max_len", ours.get("max_len"), array["max_count"])
        element = {"type": array["item_type"], "class": array.get("class")}
        yield from check_type(facts, path + "[]", ours["element"], element)


def check_params(facts, prefix, ours, theirs):
    ours = {p["name"]: p for p in ours}
    theirs = {p["name"]: p for p in theirs}
    for name in sorted(theirs.keys() - ours.keys()):
        yield f"parameter {prefix}{name} is missing"
    for name in sorted(ours.keys() - theirs.keys()):
        yield f"parameter {prefix}{name} is not SPDK's"
    for name in sorted(theirs.keys() & ours.keys()):
        path = f"parameter {prefix}{name}"
        yield from differ(f"{path}: required", ours[name]["required"], theirs[name]["required"])
        yield from differ(f"{path}: deprecated", ours[name].get("deprecated", False),
                          theirs[name].get("deprecated", False))
        for line in check_type(facts, prefix + name, ours[name], theirs[name]):
            yield "parameter " + line


def comparable_arg(arg):
    """An argument as ARG_KEYS, with what means the same made equal."""
    arg = {k: arg[k] for k in ARG_KEYS if k in arg}
    if arg.get("default") is None:
        arg.pop("default", None)
    return arg


def check_args(ours, theirs):
    by_dest = {a["dest"]: a for a in ours["args"]}
    their_dests = {a["dest"]: a for a in theirs["args"] if a.get("param")}
    for dest in sorted(their_dests.keys() - by_dest.keys()):
        yield f"argument {dest} is missing"
    for dest in sorted(by_dest.keys() - their_dests.keys()):
        yield f"argument {dest} is not SPDK's"
    for dest in sorted(by_dest.keys() & their_dests.keys()):
        a, b = by_dest[dest], their_dests[dest]
        mine, other = comparable_arg(a), comparable_arg(b)
        for key in ARG_KEYS:
            yield from differ(f"argument {dest}: {key}", mine.get(key), other.get(key))
        yield from differ(f"argument {dest}: other flags", a.get("long_other"), b.get("long_other"))
        if b.get("choices"):
            yield from differ(f"argument {dest}: choices", sorted(a.get("choices", []), key=str),
                              sorted(b["choices"], key=str))
    yield from differ("order of the positional arguments",
                      [a["dest"] for a in ours["args"] if a["kind"] == "positional"],
                      [a["dest"] for a in theirs["args"] if a["kind"] == "positional"])


def check_cli(ours, theirs):
    if ours is None or theirs is None:
        yield from differ("command", ours and "there", theirs and "there")
        return
    yield from check_args(ours, theirs)
    groups = {}
    for arg in ours["args"]:
        if arg.get("group"):
            groups.setdefault(arg["group"], []).append(arg["dest"])
    yield from differ("exclusive arguments", sorted(sorted(g) for g in groups.values()),
                      sorted(sorted(g["dests"]) for g in theirs.get("mutually_exclusive", [])))


def check_output(method, theirs):
    if not method.get("cli") or not theirs.get("cli"):
        return
    ours, other = method["cli"]["output"], theirs["cli"]["output"]
    bare = "json, bare string when a string"
    if method["result"] != "string":  # only a string can lose its quotes
        ours, other = ours.replace(bare, "json"), other.replace(bare, "json")
    yield from differ("output", ours, other)


def check_codes(method, result):
    codes, unknown = set(), set()
    for error in result.get("errors", []):
        if error["case"] in DECODE_CASES:
            codes.add(error["code"])
        elif error["case"] == "unknown-parameter":
            unknown.add(error["code"])
    if codes and method["decode_code"] not in codes:
        yield from differ("decode_code", method["decode_code"], sorted(codes))
    got = method.get("unknown_code", method["decode_code"])
    if unknown and got not in unknown:
        yield from differ("unknown_code", got, sorted(unknown))
    if "unexpected-params" in result.get("tolerates", []) and not method.get("ignores_params"):
        yield "it does not take surplus parameters, SPDK's does"


def check_method(facts, method):
    theirs = facts.methods[method["name"]]
    yield from differ("states", sorted(method["states"]), sorted(theirs["states"]))
    yield from differ("deprecated", method.get("deprecated", False),
                      theirs.get("deprecated", False))
    yield from check_params(facts, "", method["params"], theirs["params"])
    yield from check_cli(method["cli"], theirs["cli"])
    yield from check_output(method, theirs)
    yield from check_codes(method, facts.results.get(method["name"], {}))


def check(facts, schema):
    for method in schema["methods"]:
        name = method["name"]
        if name in facts.methods:
            for line in check_method(facts, method):
                yield f"{name}: {line}"
        elif name not in facts.example_methods:
            yield f"{name}: method is not SPDK's"
        if not method.get("help"):
            yield f"{name}: help is missing"


def self_test(facts):
    """A good method passes, and each damage to it is found."""
    good = {"name": "log_set_level", "states": ["STARTUP", "RUNTIME"], "result": "boolean",
            "decode_code": -32603, "help": "h",
            "params": [{"name": "level", "required": True, "type": "enum",
                        "values": [{"name": n} for n in
                                   ("ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")]}],
            "cli": {"args": [{"kind": "positional", "dest": "level", "action": "store",
                              "type": "str", "required": True, "param": "level",
                              "choices": ["ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"]}],
                    "output": "none"}}
    assert not list(check(facts, {"methods": [good]})), list(check(facts, {"methods": [good]}))

    def damage(change):
        bad = copy.deepcopy(good)
        change(bad)
        assert list(check(facts, {"methods": [bad]})), "a damage was not found"

    damage(lambda m: m.update(name="log_set_levels"))
    damage(lambda m: m.update(states=["RUNTIME"]))
    damage(lambda m: m.update(decode_code=-32602))
    damage(lambda m: m.update(params=[]))
    damage(lambda m: m["params"].append({"name": "x", "required": False, "type": "string"}))
    damage(lambda m: m["params"][0].update(required=False))
    damage(lambda m: m["params"][0].update(type="string"))
    damage(lambda m: m["params"][0]["values"].pop())
    damage(lambda m: m["cli"].update(output="json"))
    damage(lambda m: m["cli"]["args"][0].update(kind="option"))
    damage(lambda m: m["cli"]["args"][0].update(choices=["ERROR"]))
    damage(lambda m: m["cli"].update(args=[]))


def load_differences(path):
    """{(method, what)}; each line: method, what is printed behind it, '#' and the reason."""
    wanted = set()
    with open(path, encoding="utf-8") as f:
        for line in f:
            text, mark, reason = line.partition(" # ")
            if line.startswith("#") or not line.strip():
                continue
            assert mark and reason.strip(), f"{path}: no reason: {line}"
            wanted.add(text.strip())
    return wanted


def main(schema_path, data_dir, differences_path):
    facts = Facts(data_dir)
    self_test(facts)
    wanted = load_differences(differences_path)
    found = set(check(facts, load(schema_path)))
    for line in sorted(found - wanted):
        print(line)
    for line in sorted(wanted - found):
        print(f"{line}: listed as a difference, but there is none")
    return 1 if found != wanted else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
