#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the pages say can be found: each lib and module has a page of its name, each link leads
somewhere, each test that is named exists, each command of rpc.py is a method that is built, each
row of the tables of features and differences is whole."""

import fnmatch
import json
import os
import posixpath
import re

from house import main, need

PAGES = ("README.md", "CONTRIBUTING.md", "doc/")
TEST_NAME = re.compile(r"\b((?:unit|functional|lab|fuzz|house|compat)_[a-z0-9_]+(?:\*\w*)?)")
# Of rpc.py itself.
LOCAL = {"save_config", "load_config", "save_subsystem_config", "load_subsystem_config"}
OPTIONS_WITH_VALUE = {"-s", "-p", "-t", "-r", "--plugin", "--verbose"}
STATES = ("**built**", "*partly*: ", "–")


def pages_needed(files):
    """The pages of lib/x and of module/interface/name."""
    out = {}
    for path in files:
        parts = path.split("/")
        if path.endswith(".c") and parts[0] == "lib":
            out["/".join(parts[:2])] = f"doc/{parts[1]}.md"
        elif path.endswith(".c") and parts[0] == "module" and len(parts) > 3:
            out["/".join(parts[:3])] = f"doc/{parts[1]}_{parts[2]}.md"
    return out


def check_links(path, text, exists):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith(("http://", "https://")):
            full = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if not exists(full):
                yield f"{path}: links to {target}, which is not there"


def check_tests(path, text, tests):
    for name in sorted(set(TEST_NAME.findall(text))):
        if not any(fnmatch.fnmatch(t, name) or t.startswith(name.rstrip("_") + "_")
                   for t in tests):
            yield f"{path}: names the test {name}, which is not there"


def check_methods(path, text, methods):
    for line in re.findall(r"scripts/rpc\.py ([^`\n]*)", text):
        words = line.split()
        while words and words[0].startswith("-"):
            words = words[2 if words[0] in OPTIONS_WITH_VALUE else 1:]
        if words and re.fullmatch(r"[a-z][a-z0-9_]+", words[0]) and "_" in words[0] and \
                words[0] not in methods:
            yield f"{path}: rpc.py {words[0]} is no method"


def rows_of(text):
    for line in text.split("\n"):
        if line.startswith("| ") and not line.startswith("|---"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def check_differences(text):
    for row in list(rows_of(text))[1:]:
        if len(row) != 5 or not all(row):
            yield f"doc/differences.md: {row[0]}: what, SPDK, Basalt, why, switch"


def check_features(text, is_test):
    for row in rows_of(text):
        if not re.match(r"\d+\.\d+$", row[0]):
            continue
        if len(row) != 4 or not row[2].startswith(STATES):
            yield f"doc/features.md: {row[0]}: the state is {row[2:3]}"
        elif row[2] != "–" and not is_test(row[3]):
            yield f"doc/features.md: {row[0]}: no test shows it"


def self_test():
    need(pages_needed(["lib/x/a.c", "module/b/y/c.c", "module/rpc/log.c"]) ==
         {"lib/x": "doc/x.md", "module/b/y": "doc/b_y.md"}, "which pages are needed")
    text = "[a](a.md) [b](b.md#x) unit_a_b and unit_c_*\n    scripts/rpc.py -s x no_such 1\n"
    need(len(list(check_links("doc/x.md", text, {"doc/a.md"}.__contains__))) == 1, "links")
    need(len(list(check_tests("p", text, ["unit_c_d", "unit_ab"]))) == 1, "tests")
    need(len(list(check_methods("p", text, {"such"}))) == 1, "methods")
    table = "| what | SPDK | Basalt | why | switch |\n|---|---|---|---|---|\n| a | b | c |  | e |\n"
    need(len(list(check_differences(table))) == 1, "differences")
    table = "| 1.1 | x | **built** |  |\n| 1.2 | x | – | |\n| 1.3 | x | maybe | |\n"
    need(len(list(check_features(table, bool))) == 2, "features")


def check(tree):
    files = tree.files()
    with open(os.path.join(tree.build, "meson-info", "intro-tests.json"), encoding="utf-8") as f:
        tests = [t["name"] for t in json.load(f)]
    with open(os.path.join(tree.build, "schema.json"), encoding="utf-8") as f:
        methods = {m["name"] for m in json.load(f)["methods"]} | LOCAL
    problems = [f"{folder} has no page {page}" for folder, page in
                sorted(pages_needed(files).items()) if page not in files]
    index = tree.read("doc/README.md")
    pages = [f for f in files if f.startswith(PAGES) and f.endswith(".md")]
    for path in pages:
        text = tree.read(path)
        problems += check_links(path, text, lambda p: os.path.exists(os.path.join(tree.root, p)))
        problems += check_tests(path, text, tests)
        problems += check_methods(path, text, methods)
        name = os.path.basename(path)
        if path.startswith("doc/") and name != "README.md" and f"({name})" not in index:
            problems.append(f"doc/README.md does not link {name}")
    problems += check_differences(tree.read("doc/differences.md"))
    problems += check_features(tree.read("doc/features.md"), bool)
    return problems, f"{len(pages)} pages, {len(tests)} tests, {len(methods)} commands"


if __name__ == "__main__":
    main("docs", self_test, check)
