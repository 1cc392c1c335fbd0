#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What public headers declare exists: each function is exported by libspdk.so, or is inline. Absent
is honest, declared and absent is not. And nothing is exported that no public header declares."""

import glob
import os
import re

from headers import declared, include_flags
from house import THIRD_PARTY, main, need, run


# What is installed: of spdk_internal/ what modules outside the tree are built with.
PUBLIC = ("include/spdk/", "include/basalt/", "include/spdk_internal/sock_module.h")


def is_inline(lines, n):
    return any("static inline" in x for x in lines[max(0, n - 2):n])


def check_defined(functions, exported, read):
    problems, cache = [], {}
    for path, n, name in functions:
        lines = cache.setdefault(path, read(path).split("\n"))
        if name not in exported and not is_inline(lines, n):
            problems.append(f"{path}:{n}: {name}() is declared, but libspdk.so does not export it")
    return problems


# Data, and what macros of SPDK's headers name.
DATA = re.compile(r"SPDK_LOG_\w+|SPDK_26|g_\w+")


def check_exported(functions, exported):
    declared_names = {name for _, _, name in functions}
    return [f"libspdk.so exports {name}, which no public header declares"
            for name in sorted(exported - declared_names) if not DATA.fullmatch(name)]


def self_test():
    text = "int a(void);\nint b(void);\nstatic inline int\nc(void)\n"
    got = check_defined([("h", 1, "a"), ("h", 2, "b"), ("h", 4, "c")], {"a"}, lambda p: text)
    need(len(got) == 1 and " b() " in got[0], f"an absent function is not seen: {got}")
    got = check_exported([("h", 1, "a")], {"a", "b", "SPDK_LOG_x", "SPDK_26"})
    need(len(got) == 1 and " b," in got[0], f"a hidden export is not seen: {got}")


def check(tree):
    libs = [f for f in glob.glob(os.path.join(tree.build, "libspdk.so*")) if not os.path.islink(f)
            and f.rsplit(".", 1)[-1].isdigit()]
    exported = {line.split()[-1].split("@")[0] for lib in libs
                for line in run(["nm", "-D", "--defined-only", lib]).split("\n") if line}
    names = [h[len("include/"):] for h in tree.headers(*PUBLIC) if h not in THIRD_PARTY]
    functions = [f for f in declared(names, include_flags(tree), tree.root)
                 if f[0].startswith(PUBLIC)]
    problems = check_defined(functions, exported, tree.read)
    problems += check_exported(functions, exported)
    return problems, f"{len(functions)} functions, {len(exported)} exports"


if __name__ == "__main__":
    main("defined", self_test, check)
