#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What our public headers declare is what SPDK's do: prototypes, typedefs, enumerators, macros and
structs, in C and in C++. Usage: compat.py SOURCE_ROOT BUILD_ROOT.

What is absent is not looked for, but that an enum is whole and a struct has all of its fields. How
equal a struct must be is its class in classes.tsv: wire and option structs in every offset, public
ones in names and types, internal ones not at all. The data does not tell of every packed attribute:
wire-packed is what the NVMe specification lays out without padding.
"""

import os
import re
import subprocess
import sys

import checks as make
import present
from facts import Facts, Headers

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "house"))
from headers import declared  # noqa: E402
from house import THIRD_PARTY, Tree, need  # noqa: E402


def build_and_run(text, where, headers, cxx, path):
    """What is wrong, as descriptions: checks that do not compile, then those that fail."""
    problems, bad = [], set()
    lines = text.split("\n")
    lang = ["gcc", "-x", "c", "-std=gnu11"]
    if cxx:
        lang = ["g++", "-x", "c++", "-std=c++11", "-fpermissive"]
    while True:
        with open(path, "w") as f:
            f.write("\n".join("" if n in bad else line for n, line in enumerate(lines, 1)))
        done = subprocess.run([*lang, "-w", "-O0", "-ftrack-macro-expansion=0", *headers.flags,
                               path, "-o", path + ".bin", "-Wl,--unresolved-symbols=ignore-all"],
                              capture_output=True, text=True)
        if done.returncode == 0:
            break
        new = {}
        for n, message in re.findall(re.escape(path) + r":(\d+):\d+: error: (.*)", done.stderr):
            new.setdefault(int(n), message)
        new = {n: m for n, m in new.items() if n in where and n not in bad}
        if not new:
            return problems + [f"the checks do not compile: {done.stderr[:2000]}"]
        problems += [f"{where[n].what}: {m}" for n, m in sorted(new.items())]
        bad |= set(new)
    done = subprocess.run([path + ".bin"], capture_output=True, text=True)
    problems += [f"{where[int(n)].what}: differs" for n in done.stdout.split()]
    if done.returncode not in (0, 1):
        problems.append(f"the checks ended with {done.returncode}")
    return problems


def all_checks(facts, headers, functions):
    protos, problems = make.prototypes(facts, headers, functions)
    dropped, more = make.removed(facts, functions)
    protos, problems = protos + dropped, problems + more
    enums, more = make.enumerators(facts, headers)
    problems += more
    structs, more = make.structs(facts, headers)
    problems += more + make.names_of_ours(facts, headers)
    found = protos + make.typedefs(facts, headers) + enums + make.macros(facts, headers) + structs
    return found, problems


def examine(facts, headers, functions, out):
    found, problems = all_checks(facts, headers, functions)
    for cxx in (False, True):
        text, where = make.program(headers.prelude, found, cxx)
        path = os.path.join(out, "compat.cpp" if cxx else "compat.c")
        new = build_and_run(text, where, headers, cxx, path)
        problems += [f"{p} (C++)" if cxx else p for p in new if p not in problems]
    return problems, len(found)


def self_test(facts, out):
    """A header that is wrong in each way, of a made-up SPDK."""
    root = os.path.join(out, "self")
    os.makedirs(os.path.join(root, "include", "spdk"), exist_ok=True)
    with open(os.path.join(root, "include", "spdk", "uuid.h"), "w") as f:
        f.write("#include <stdint.h>\n#include <stddef.h>\n#include <stdbool.h>\n"
                "#ifdef __cplusplus\nextern \"C\" {\n#endif\n#define SPDK_UUID_STRING_LEN 38\n"
                "struct spdk_uuid { union { uint8_t raw[15]; } u; };\n"
                "enum spdk_log_level { SPDK_LOG_DISABLED = -2 };\n"
                "bool spdk_uuid_is_null(struct spdk_uuid *uuid);\nint spdk_mine(void);\n"
                "struct spdk_own { int x; };\ntypedef int spdk_own_t;\n#define SPDK_OWN 1\n"
                "#ifdef __cplusplus\n}\n#endif\n")
    headers = Headers(root, root, ["spdk/uuid.h"])
    functions = {"spdk_uuid_is_null": "spdk/uuid.h", "spdk_mine": "spdk/uuid.h"}
    problems, _ = examine(facts, headers, functions, out)
    for part in ("prototype of spdk_uuid_is_null()", "spdk_mine() is not SPDK's",
                 "size of struct spdk_uuid", "type of u.raw",
                 "value of SPDK_UUID_STRING_LEN", "value of SPDK_LOG_DISABLED",
                 "enum spdk_log_level lacks SPDK_LOG_ERROR", "struct spdk_own is not SPDK's",
                 "typedef spdk_own_t is not SPDK's", "macro SPDK_OWN is not SPDK's"):
        need(any(part in p for p in problems), f"not seen: {part}; only {problems}")
    got = present.count(facts, headers, functions)["spdk/uuid.h"]
    need(got == {"functions": (1, 8), "types": (1, 1), "constants": (1, 1)},
         f"what is present is not counted: {got}")


def main():
    tree = Tree(sys.argv[1], sys.argv[2])
    out = os.path.join(tree.build, "compat")
    os.makedirs(out, exist_ok=True)
    facts = Facts(os.path.join(HERE, "data"), os.path.join(HERE, "classes.tsv"))
    self_test(facts, out)
    names = [h[len("include/"):] for h in tree.headers("include/spdk/") if h not in THIRD_PARTY]
    headers = Headers(tree.root, tree.build, names)
    functions = {name: path[len("include/"):] for path, _, name in
                 declared(names, headers.flags, tree.root) if path.startswith("include/spdk/")}
    problems, num = examine(facts, headers, functions, out)
    table = present.table(present.count(facts, headers, functions))
    with open(os.path.join(out, "present.md"), "w", encoding="utf-8") as f:
        f.write(table)
    for p in problems:
        print(p)
    print(table.strip().rsplit("\n", 1)[1])
    print(f"compat: {len(names)} headers, {num} checks; {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
