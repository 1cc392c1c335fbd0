#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Nothing is too long: functions 70 lines, files 1,000, nesting 4, parameters 6, lines 100 columns.

Free of the limits: files of others, data, and what SPDK's interface gives: the length of public
headers and the parameters of SPDK's functions and function types. A function may be longer by the
lines of its one-line cases.
"""

import ast
import re

from house import THIRD_PARTY, main, need, strip_c

FUNCTION_LINES, FILE_LINES, FILE_NOTE, NESTING, PARAMS, COLUMNS = 70, 1000, 600, 4, 6, 100
FREE_DIRS = ("test/compat/data/",)
NO_COUNT = {"if", "for", "while", "switch", "return", "sizeof", "do", "else"}


def functions(code):
    """(name, first line, last line, parameters, body) of each function definition: its braces
    stand in column 0, as the layout has it."""
    lines = code.split("\n")
    start = None
    for n, line in enumerate(lines):
        if line == "{":
            start = n
        elif line == "}" and start is not None:
            head, first = [], start
            while first > 0 and not re.search(r"[;}]\s*$", lines[first - 1]) and lines[first - 1]:
                first -= 1
                head.insert(0, lines[first])
            text = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", " ".join(head))
            match = re.search(r"(\w+)\s*\((.*)\)\s*$", text)
            if match:
                name, args = match.groups()
                yield name, first, n, args, lines[start:n + 1]
            start = None


def split_args(args):
    depth, out, word = 0, [], ""
    for c in args:
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            out.append(word.strip())
            word = ""
        else:
            word += c
    out.append(word.strip())
    return [] if out in ([""], ["void"]) else out


def one_line_cases(body):
    """How many lines of a body are labels, and the single statements of cases with their breaks."""
    count = i = 0
    text = [line.strip() for line in body]
    while i < len(text):
        if not re.match(r"(case\b.*|default):", text[i]):
            i += 1
            continue
        count += 1
        if re.search(r"^(case\b.*|default):$", text[i]) and i + 1 < len(text):
            if text[i + 1].startswith("return") and text[i + 1].endswith(";"):
                count += 1
                i += 1
            elif text[i + 1].endswith(";") and i + 2 < len(text) and text[i + 2] == "break;":
                count += 2
                i += 2
        i += 1
    return count


def is_block(before):
    """Whether a brace behind this text opens a block, not an initialiser."""
    before = before.rstrip()
    if not before or before[-1] in ";{}:":
        return True
    if before[-1] != ")":
        return re.search(r"\b(else|do)$", before) is not None
    depth, i = 0, len(before)
    while i > 0:
        i -= 1
        depth += (before[i] == ")") - (before[i] == "(")
        if depth == 0:
            break
    word = re.search(r"(\w+)\s*$", before[:i])
    return word is not None and word.group(1) not in ("return", "sizeof")


def nesting(body):
    """The deepest block within a function body."""
    text = "\n".join(body)
    depth = deepest = 0
    stack = []
    for i, c in enumerate(text):
        if c == "{":
            block = i == 0 or is_block(text[max(0, i - 2000):i])
            if stack and not stack[-1]:
                block = False
            stack.append(block)
            depth += block
            deepest = max(deepest, depth)
        elif c == "}" and stack:
            depth -= stack.pop()
    return deepest - 1


def types_of(args):
    """The types of parameters without their names, to compare signatures."""
    out = []
    for a in args:
        a = re.sub(r"\s+", " ", a)
        a = re.sub(r"(\w+)(\[\w*\])?$", lambda m: "*" if m.group(2) else "", a).strip()
        out.append(a.replace(" *", "*") or "?")
    return tuple(out)


def given_signatures(tsvs):
    """Names of SPDK's functions, and signatures of its function types, over the limit."""
    names, types = set(), set()
    for text in tsvs:
        for line in text.split("\n"):
            match = re.search(r"\b(_?spdk_\w+)\s*\((.*)\)", line)
            found = re.findall(r"\(\*\w*\)\s*\(([^()]*)\)", line)
            if match:
                names.add(match.group(1))
                found.append(match.group(2))
            for args in found:
                parts = split_args(args)
                if len(parts) > PARAMS:
                    types.add(types_of(parts))
    return names, types


def check_c(path, text, given):
    names, types = given
    problems = []
    public = path.startswith("include/spdk/")
    for n, line in enumerate(text.split("\n"), 1):
        if len(line.expandtabs(8)) > COLUMNS:
            problems.append(f"{path}:{n}: {len(line.expandtabs(8))} columns")
    num = text.count("\n")
    if num > FILE_LINES and not public:
        problems.append(f"{path}: {num} lines")
    for name, first, last, args, body in functions(strip_c(text)):
        length = last - first + 1
        if length > FUNCTION_LINES and length - one_line_cases(body) > FUNCTION_LINES:
            problems.append(f"{path}:{first + 1}: {name}() has {length} lines")
        if nesting(body) > NESTING:
            problems.append(f"{path}:{first + 1}: {name}() nests {nesting(body)} deep")
        parts = split_args(args)
        if len(parts) > PARAMS and name not in names and types_of(parts) not in types:
            problems.append(f"{path}:{first + 1}: {name}() has {len(parts)} parameters")
    return problems


def check_python(path, text):
    problems = [f"{path}:{n}: {len(line)} columns" for n, line in enumerate(text.split("\n"), 1)
                if len(line) > COLUMNS]
    if text.count("\n") > FILE_LINES:
        problems.append(f"{path}: {text.count(chr(10))} lines")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES:
                problems.append(f"{path}:{node.lineno}: {node.name}() has {length} lines")
    return problems


def self_test():
    given = given_signatures(["x\tvoid spdk_many(int a, int b)",
                              "s\tint (*)(int a, int *b, int c, int d, int e, int f, char *g)"])
    args = "int a, int *b, int c, int d, int e, int f, "
    long = "static void\nlong_one(void)\n{\n" + "\tx();\n" * 67 + "}\n"
    deep, case = "\t}\n" * 4 + "}\n", "\tcase 1:\n\t\tg();\n"
    cases = [("x = 1;\n" * 1001, 1), ("\t" * 12 + "xxxxx\n", 1), ("\t" * 12 + "xxxx\n", 0),
             (long, 1), (long.replace("\tx();\n", "", 1), 0),
             (f"static int\nmany({args}int g)\n{{\n}}\n", 1),
             (f"static int\nok({args}char *h)\n{{\n}}\n", 0),
             (f"int\nspdk_many({args}int g)\n{{\n}}\n", 0),
             ("int\nf(void)\n{\n" + "if (x) {\n" * 5 + "\t}\n" + deep, 1),
             ("int\nf(void)\n{\n" + "if (x) {\n" * 4 + "struct s v = { { 0 } };\n" + deep, 0),
             ("int\nf(int x)\n{\n\tswitch (x) {\n" + (case + "\t\tbreak;\n") * 40 + "\t}\n}\n", 0),
             ("int\nf(int x)\n{\n\tswitch (x) {\n" + (case + "\t\th();\n") * 40 + "\t}\n}\n", 1)]
    for text, want in cases:
        got = check_c("lib/x/x.c", text, given)
        need(len(got) == want, f"{len(got)} problems, not {want}, in {text[:60]!r}: {got}")
    long = "def f():\n" + "    x = 1\n" * 71
    need(len(check_python("x.py", long)) == 1, "a long Python function")


def check(tree):
    data = "test/compat/data/"
    given = given_signatures([tree.read(data + "api.tsv"), tree.read(data + "structs.tsv")])
    problems, num = [], 0
    for path in tree.files():
        if path in THIRD_PARTY or path.startswith(FREE_DIRS):
            continue
        if path.endswith((".c", ".h")):
            text = tree.read(path)
            problems += check_c(path, text, given)
            if text.count("\n") > FILE_NOTE and not path.startswith("include/spdk/"):
                print(f"note: {path} has {text.count(chr(10))} lines")
        elif path.endswith(".py"):
            problems += check_python(path, tree.read(path))
        else:
            continue
        num += 1
    return problems, f"{num} files"


if __name__ == "__main__":
    main("caps", self_test, check)
