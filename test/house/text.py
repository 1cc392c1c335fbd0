#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Nothing of the workshop is in the tree: no path of somebody's machine, no host of a package
mirror; each source names its licence; no comment in C lost its blank behind the asterisk, as
clang-format takes it when it breaks a line that is too long."""

import os
import re

from house import THIRD_PARTY, main, need

# Split, so that this file does not contain what it looks for.
FORBIDDEN = [
    r"/wor" + r"k/", r"(?<![\w./-])sha" + r"red/", r"/ho" + r"me/\w+/", r"/ro" + r"ot/",
    r"/tmp/\w*jo" + r"bs", r"PLAN" + r"\.md", r"\bland\." + r"sh\b", r"\bcla" + r"ude\b",
    r"\bpy" + r"pi\.org", r"npm" + r"js\.(org|com)", r"arti" + r"factory", r"pythonhos" + r"ted",
    r"proxy\.gol" + r"ang", r"an" + r"thropic", r"TO" + r"DO\((doc)\)",
]
GLUED = re.compile(r"^ \*[^\s*/]")
PATTERN = re.compile("|".join(FORBIDDEN), re.I)
SOURCES = (".c", ".h", ".py", ".sh", ".S", "meson.build", "Makefile", ".h.in")


def check_text(path, text):
    problems = []
    for n, line in enumerate(text.split("\n"), 1):
        match = PATTERN.search(line)
        if match:
            problems.append(f"{path}:{n}: mentions {match.group(0)}")
        if path.endswith((".c", ".h")) and path not in THIRD_PARTY and GLUED.match(line):
            problems.append(f"{path}:{n}: no blank behind the asterisk of a comment")
    if (path.endswith(SOURCES) or text.startswith("#!")) and path not in THIRD_PARTY:
        if "SPDX-License-Identifier:" not in text[:600]:
            problems.append(f"{path}: names no licence (SPDX-License-Identifier)")
    return problems


def self_test():
    spdx = "# SPDX-License-Identifier: BSD-3-Clause\n"
    for text, want in [(spdx, 0), ("x = 1\n", 1), (spdx + "# see /wo" + "rk/x\n", 1),
                       (spdx + "cd sha" + "red/compat\n", 1), (spdx + "is_sha" + "red/x\n", 0)]:
        got = check_text("a.py", text)
        need(len(got) == want, f"{len(got)} problems, not {want}, in {text!r}")
    spdx = "/* SPDX-License-Identifier: BSD-3-Clause\n"
    for text, want in [(" * good\n *\tgood\n *\n */", 0), (" *bad */", 1)]:
        got = check_text("a.c", spdx + text)
        need(len(got) == want, f"{len(got)} problems, not {want}, in {text!r}")
    need(check_text("a.txt", "any\n") == [], "a text file needs no licence")


def check(tree):
    problems, num = [], 0
    for path in tree.files():
        if os.path.getsize(os.path.join(tree.root, path)) > 4 << 20:
            continue
        problems += check_text(path, tree.read(path))
        num += 1
    return problems, f"{num} files"


if __name__ == "__main__":
    main("text", self_test, check)
