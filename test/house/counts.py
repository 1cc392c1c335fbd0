#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The closing line of `make check` counts right: what fails, dies, times out or skips without being
listed is a failure. scripts/check.py on made-up results."""

import importlib.util
import os

from house import main, need

# What meson says of a test, what it printed -> passed, failed, skipped, complaints.
CASES = [
    ("OK", "", (1, 0, 0), 0),
    ("OK", "1..2\nok 1 - a\nok 2 - b\n", (2, 0, 0), 0),
    ("FAIL", "ok 1\nnot ok 2 - b\n", (1, 1, 0), 1),
    ("FAIL", "", (0, 1, 0), 1),
    ("ERROR", "ok 1\n", (1, 1, 0), 1),
    ("TIMEOUT", "", (0, 1, 0), 1),
    ("INTERRUPT", "ok 1\n", (1, 1, 0), 1),
    ("SKIP", "", (0, 1, 0), 1),
    ("SKIP", "1..0 # SKIP no kernel\n", (0, 1, 0), 1),
    ("OK", "ok 1\nok 2 # SKIP no root\n", (1, 1, 0), 1),
]


def load(root):
    path = os.path.join(root, "scripts", "check.py")
    spec = importlib.util.spec_from_file_location("check_script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def problems_of(count):
    for result, stdout, want, num in CASES:
        bad = []
        got = count({"name": "t", "result": result, "stdout": stdout}, [], bad)
        if got != want or len(bad) != num:
            yield f"check.py: {result} {stdout!r}: {got} {bad}, not {want} and {num}"
    bad = []
    got = count({"name": "basalt:unit / t", "result": "SKIP", "stdout": ""}, ["t"], bad)
    if got != (0, 0, 1) or bad:
        yield f"check.py: a listed skip: {got} {bad}"


def self_test():
    need(len(list(problems_of(lambda test, allowed, bad: (1, 0, 0)))) == 10, "a wrong count passes")


def check(tree):
    return list(problems_of(load(tree.root).count)), f"{len(CASES) + 1} results"


if __name__ == "__main__":
    main("counts", self_test, check)
