#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The command lines of rpc.py against the description of SPDK's (data/rpc.json): for each command
that is built, lines made from the description alone, and the request that each must become; lines
that must be refused with usage and exit status 2.

    cli.py PYTHON_DIR SCHEMA DATA_DIR
"""

import contextlib
import io
import json
import sys

MIB = 1024 * 1024
NUMBERS = {"int": ("3", 3), "float": ("1.5", 1.5), "int base 16": ("1f", 31)}
LISTS = {"list split by ','": ("a,b", ["a", "b"]), "list split by ' '": ("a b", ["a", "b"]),
         "list split by whitespace": ("a \t b", ["a", "b"])}


def value_of(arg):
    """(the words behind the flag, the value in the request)"""
    if arg.get("choices"):
        return [str(arg["choices"][-1])], arg["choices"][-1]
    kind = arg.get("type", "str")
    word, value = NUMBERS.get(kind) or LISTS.get(kind) or ("v " + arg["dest"],) * 2
    return [word], value


def words_of(arg, flag):
    """(the words of an argument that is given, the value in the request)"""
    action = arg["action"]
    if action in ("store_true", "boolean_optional"):
        return [flag], True
    if action == "store_false":
        return [flag], False
    words, value = value_of(arg)
    if action == "append":
        return [flag, *words, flag, "second"], [value, "second"]
    return ([flag] if flag else []) + words, value


def store(params, path, value):
    *outer, name = path.split(".")
    for key in outer:
        params = params.setdefault(key, {})
    params[name] = value


def line_of(cli, chosen):
    """The words and the parameters of a line with the arguments that chosen() gives a flag ("" for
    a positional one; None: not given)."""
    words, params, rules = [], {}, []
    for arg in cli["args"]:
        flag = chosen(arg)
        if flag is None:
            if arg.get("default") is not None and arg.get("param"):
                store(params, arg["param"], arg["default"])
            continue
        given, value = words_of(arg, flag)
        words += given
        if arg.get("param_rule"):
            rules.append((arg, value))
        elif arg.get("param"):
            store(params, arg["param"], value)
    for arg, value in rules:  # the sizes in MiB
        block_size = params.get("block_size")
        if block_size is not None:
            value = int(value * MIB / block_size)
        store(params, arg["param"], value)
    return words, params


def needed(arg):
    if arg["kind"] == "positional":
        return "" if arg["required"] else None
    return (arg.get("short") or arg["long"]) if arg["required"] else None


def all_by(key, excluded):
    """Every argument, by its short or its long flag, but for those that exclude another one."""
    def chosen(arg):
        if arg["kind"] == "positional":
            return ""
        if arg["dest"] in excluded:
            return None
        return arg.get(key) or arg.get("short") or arg["long"]
    return chosen


def good_lines(cli):
    excluded = {dest for group in cli.get("mutually_exclusive", []) for dest in group["dests"][1:]}
    yield line_of(cli, needed)
    yield line_of(cli, all_by("short", excluded))
    yield line_of(cli, all_by("long", excluded))
    for arg in cli["args"]:
        for flag in arg.get("long_other", []):
            words, params = line_of(cli, lambda other, arg=arg: None if other is arg
                                    else needed(other))
            store(params, arg["param"], False)
            yield words + [flag], params


def bad_lines(cli):
    words, _ = line_of(cli, needed)
    yield words + ["--basalt-unknown"]
    yield words + ["surplus", "surplus", "surplus"]
    for arg in cli["args"]:
        if arg["required"]:
            yield line_of(cli, lambda other, arg=arg: None if other is arg else needed(other))[0]
        if arg["kind"] == "option" and (arg.get("choices") or arg.get("type") in NUMBERS):
            yield words + [arg.get("short") or arg["long"], "no such value"]
        if arg["kind"] == "option" and arg.get("type"):
            yield words + [arg.get("short") or arg["long"]]


def parse(cli_module, parser, methods, words):
    """The request of a command line, or the exit status."""
    err = io.StringIO()
    try:
        with contextlib.redirect_stderr(err):
            args = parser.parse_args(words)
    except SystemExit as end:
        assert "usage:" in err.getvalue(), f"{words}: no usage: {err.getvalue()}"
        return end.code
    return cli_module.make_params(methods[words[0]], args)


def only_built(cli, ours):
    """The description without what is not built (tables.py lists each with its reason)."""
    dests = {a["dest"] for a in ours["args"]}
    args = [a for a in cli["args"] if a["dest"] in dests]
    groups = [{"dests": [d for d in g["dests"] if d in dests]}
              for g in cli.get("mutually_exclusive", [])]
    return {"args": args, "mutually_exclusive": groups}


def check(cli_module, methods, described):
    parser = cli_module.make_parser(methods)
    num = 0
    for method in described["methods"]:
        name = method["name"]
        if name not in methods or not method["cli"]:
            continue
        cli = only_built(method["cli"], methods[name]["cli"])
        for words, params in good_lines(cli):
            got = parse(cli_module, parser, methods, [name, *words])
            num += 1
            if got != params:
                yield f"{name} {words}: {json.dumps(got)}, SPDK's {json.dumps(params)}"
        for words in bad_lines(cli):
            got = parse(cli_module, parser, methods, [name, *words])
            num += 1
            if got != 2:
                yield f"{name} {words}: {json.dumps(got)}, SPDK's exit status 2"
    if num < 500:
        yield f"there were hardly any lines: {num}"


def check_global(cli_module, described):
    """The options that stand before the command."""
    theirs = {a["dest"]: a for a in described["rpc_py_global_options"]}
    args = cli_module.make_parser({}).parse_args([])
    for dest, arg in theirs.items():
        if getattr(args, dest, "missing") != arg.get("default"):
            yield f"option {dest}: default {getattr(args, dest, 'missing')!r}"
    for arg in described["rpc_py_global_options"]:
        for flag in [arg[k] for k in ("short", "long") if k in arg] + arg.get("long_other", []):
            words, value = words_of(arg, flag) if arg["action"] != "store_const" else (
                [flag], arg["const"])
            value = False if flag.startswith("--no-") else value
            got = getattr(cli_module.make_parser({}).parse_args(words), arg["dest"])
            if got != value:
                yield f"option {words}: {got!r}, SPDK's {value!r}"


def main(python_dir, schema_path, data_dir):
    sys.path.insert(0, python_dir)
    from spdk.rpc import cli as cli_module
    with open(schema_path, encoding="utf-8") as f:
        methods = {m["name"]: m for m in json.load(f)["methods"]}
    with open(data_dir + "/rpc.json", encoding="utf-8") as f:
        described = json.load(f)
    wrong = list(check(cli_module, methods, described)) + list(check_global(cli_module, described))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
