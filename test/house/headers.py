#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each header compiles alone, in C and in C++, with every compiler that is there and without a
warning, and defines nothing; and each function of a public header has a comment that is its
contract. Only a private header may be C alone, and only for the C11 atomics in it, which C++ before
C++23 does not have: no C++ source is in the tree."""

import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile

from house import THIRD_PARTY, main, need, run

FLAGS = ["-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
# A compiler, and what to compile as; the first two are always there.
DIALECTS = [("gcc", "c", "gnu11"), ("g++", "c++", "c++11"), ("g++", "c++", "c++20"),
            ("clang", "c", "gnu11"), ("clang++", "c++", "c++11"), ("clang++", "c++", "c++20")]
CLANG_FLAGS = ["-Wno-unused-command-line-argument", "-Wno-gnu-zero-variadic-macro-arguments"]

C_ONLY = re.compile(r"\b_Atomic\b|<stdatomic\.h>")
OWN_INCLUDE = r'#\s*include\s+"((?:spdk|spdk_internal|basalt)/[^"]+)"'


def include_flags(tree):
    return [f"-I{tree.root}/include", f"-I{tree.build}/include"]


def compile_alone(dialect, flags, header):
    compiler, lang, std = dialect
    extra = CLANG_FLAGS if compiler.startswith("clang") else []
    done = subprocess.run([compiler, "-x", lang, f"-std={std}", *FLAGS, *extra, *flags, "-"],
                          input=f'#include "{header}"\n', capture_output=True, text=True)
    if done.returncode == 0:
        return None
    first = next((x for x in done.stderr.split("\n") if "error" in x), done.stderr[:200])
    return f"{header}: {compiler} -std={std}: {first}"


def closure(path, read, seen):
    """A header and all headers of ours that it includes."""
    if path not in seen:
        seen[path] = read(path)
        for name in re.findall(OWN_INCLUDE, seen[path]):
            if name != "spdk/config.h":
                closure("include/" + name, read, seen)
    return seen


def stamps_of(tree, names, dialects):
    """{header: digest of all that the outcome depends on}."""
    base = repr((FLAGS, CLANG_FLAGS, dialects))
    base += "".join(run([c, "--version"]) for c in sorted({d[0] for d in dialects}))
    return {n: hashlib.sha256((base + repr(sorted(closure("include/" + n, tree.read, {}).items())))
                              .encode(errors="surrogateescape")).hexdigest() for n in names}


def is_c_only(name, read):
    return name.startswith("spdk_internal/") and \
        any(C_ONLY.search(text) for text in closure("include/" + name, read, {}).values())


def check_defines(names, flags):
    """A header defines no function and no variable: all together leave an empty object."""
    text = "".join(f'#include "{n}"\n' for n in names)
    with tempfile.TemporaryDirectory(prefix="basalt-headers-") as folder:
        obj = os.path.join(folder, "x.o")
        run(["gcc", "-x", "c", "-std=gnu11", "-D_GNU_SOURCE", "-w", "-O1", *flags, "-c", "-o", obj,
             "-"], input=text)
        defined = run(["nm", "-P", "--defined-only", obj]).split("\n")
    return [f"a header defines {line.split()[0]}" for line in defined if line]


def check_all(tree, names, flags):
    """Compile those headers that changed since they last were good."""
    dialects = [d for d in DIALECTS if shutil.which(d[0])]
    stamps, path = stamps_of(tree, names, dialects), os.path.join(tree.build, "house-headers.json")
    good = {}
    if os.path.exists(path):
        with open(path) as f:
            good = json.load(f)
    changed = [n for n in names if good.get(n) != stamps[n]]
    c_only = {n for n in changed if is_c_only(n, tree.read)}
    problems = check_alone(changed, c_only, flags, dialects) + check_defines(names, flags)
    bad = {p.split(":")[0] for p in problems}
    with open(path, "w") as f:
        json.dump({n: stamps[n] for n in names if n not in bad}, f)
    return problems, len(dialects)


def check_alone(headers, c_only, flags, dialects):
    jobs = [(d, flags, h) for h in headers for d in dialects if d[1] == "c" or h not in c_only]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return [p for p in pool.map(lambda j: compile_alone(*j), jobs) if p]


def declared(headers, flags, root):
    """[(header, line, function)] of all functions that these headers declare or define, by gcc."""
    text = "".join(f'#include "{h}"\n' for h in headers)
    aux = run(["gcc", "-x", "c", "-std=gnu11", "-D_GNU_SOURCE", "-w", *flags, "-S",
               "-o", "/dev/null", "-aux-info", "/dev/stdout", "-"], input=text)
    out = []
    for line in aux.split("\n"):
        if not line.startswith("/* " + root):
            continue
        match = re.match(r"/\* (.*?):(\d+):\w+ \*/ (.*)", line)
        # The name is the word before the first parenthesis that is not part of a returned type.
        name = re.search(r"(\w+) \((?!\*)", match.group(3))
        out.append((os.path.relpath(match.group(1), root), int(match.group(2)), name.group(1)))
    return sorted(set(out))


def has_comment(lines, n):
    """Whether the declaration around line n (from 1) is right behind a comment, or shares one with
    the declarations just above it."""
    i = n - 1
    while i > 0 and lines[i - 1].strip() and not lines[i - 1].rstrip().endswith(("*/", "}")):
        if lines[i - 1].startswith("#"):
            return False
        i -= 1
    return i > 0 and lines[i - 1].rstrip().endswith("*/")


def check_comments(functions, read):
    problems, cache = [], {}
    for path, n, name in functions:
        lines = cache.setdefault(path, read(path).split("\n"))
        if not has_comment(lines, n):
            problems.append(f"{path}:{n}: {name}() has no comment")
    return problems


def self_test():
    bad = compile_alone(DIALECTS[0], [],
                        "stddef.h\"\nint f(void) { return \"x\"; }\n#include \"stddef.h")
    need(bad is not None, "a warning is not an error")
    need(compile_alone(DIALECTS[1], [], "stddef.h\"\nint f(void *p);\n#include \"stddef.h") is None,
         "good C++ does not compile")
    bad = compile_alone(DIALECTS[1], [], "stddef.h\"\nint f(int class);\n#include \"stddef.h")
    need(bad is not None, "bad C++ compiles")
    texts = {"include/spdk_internal/a.h": '#include "spdk_internal/b.h"\n',
             "include/spdk_internal/b.h": "_Atomic int x;\n", "include/spdk/c.h": "_Atomic int x;"}
    got = [is_c_only(n, texts.get) for n in ("spdk_internal/a.h", "spdk_internal/b.h", "spdk/c.h")]
    need(got == [True, True, False], f"who may be C alone: {got}")
    need(len(check_defines(["stddef.h\"\nint x;\nint f(void) { return 1; }\n#include \"stddef.h"],
                           [])) == 2, "definitions are not seen")
    text = ("/** A. */\nint a(void);\nint b(int x,\n      int y);\n\nint c(void);\n\n"
            "#if X\nint d(void);\n")
    where = [("h", 2, "a"), ("h", 3, "b"), ("h", 6, "c"), ("h", 9, "d")]
    got = check_comments(where, lambda p: text)
    need(len(got) == 2, f"functions without a comment are not seen: {got}")


def check(tree):
    headers = [h for h in tree.headers("include/") if h not in THIRD_PARTY]
    names = [h[len("include/"):] for h in headers]
    flags = include_flags(tree)
    problems, num_dialects = check_all(tree, names, flags)
    if problems:
        return problems, "headers do not compile"
    public = [n for n in names if n.startswith(("spdk/", "basalt/"))]
    functions = [f for f in declared(names, flags, tree.root) if f[0][len("include/"):] in public]
    missing = check_comments(functions, tree.read)
    summary = (f"{len(names)} headers in {num_dialects} dialects, {len(functions)} public "
               f"functions, {len(functions) - len(missing)} with a contract")
    return missing, summary


if __name__ == "__main__":
    main("headers", self_test, check)
