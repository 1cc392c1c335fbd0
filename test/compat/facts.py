# SPDX-License-Identifier: BSD-3-Clause
"""SPDK's interface as data (data/*.tsv), and what our headers declare, by the preprocessor."""

import collections
import os
import re
import subprocess

ENUM = r"\benum\s*(\w*)\s*(?:__attribute__\S*\s*)?\{([^}]*)\}"
TYPEDEF_NAME = r"\(\s*\*\s*(\w+)\s*\)\s*\(|(\w+)\s*\)?\s*(?:\([^()]*\))?\s*;$"
Field = collections.namedtuple("Field", "path type name suffix children")


def rows(path):
    with open(path, encoding="utf-8") as f:
        lines = [line.rstrip("\n") for line in f if line.strip() and not line.startswith("#")]
    return [line.split("\t") for line in lines[1:]]


class Facts:
    def __init__(self, data, classes):
        self.api = collections.defaultdict(list)
        self.packed = set()
        for header, kind, name, prototype, condition in rows(os.path.join(data, "api.tsv")):
            self.api[kind].append((header, name, prototype, condition))
            if kind in ("struct", "union") and "packed" in prototype:
                self.packed.add(f"{kind} {name}")
        self.constants = rows(os.path.join(data, "constants.tsv"))
        self.enums = rows(os.path.join(data, "enums.tsv"))
        given = {name for kind in ("function", "static-inline")
                 for _, name, _, _ in self.api[kind]}
        self.removed = {r[1]: (r[0], r[2]) for r in rows(os.path.join(data, "removed.tsv"))
                        if r[1] not in given}
        self.structs = collections.OrderedDict()
        for header, struct, order, ctype, field, width, resolved in rows(
                os.path.join(data, "structs.tsv")):
            entry = self.structs.setdefault(struct, (header, []))
            entry[1].append((order, ctype, field, width or "", resolved))
        self.classes = {r[1]: r[2] for r in rows(classes)}

    def fields(self, struct):
        """The fields of a struct as a tree."""
        def level(prefix):
            out = []
            for order, ctype, field, width, resolved in self.structs[struct][1]:
                head, _, last = order.rpartition(".")
                if head == prefix and last:
                    children = level(order) if ctype.endswith("{}") else []
                    out.append(Field(order, ctype, field, resolved or width, children))
            return out
        return level("")


def strip_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


class Headers:
    """What the public headers of the tree declare."""

    def __init__(self, root, build, names):
        self.names = names
        self.flags = [f"-I{root}/include", f"-I{build}/include", "-D_GNU_SOURCE"]
        self.prelude = "".join(f'#include "{n}"\n' for n in names)
        self.text = self._by_file(root)
        self.macros = set(re.findall(r"#define (\w+)", self._gcc("-dM")))
        self.tags, self.enumerators, self.typedefs = {}, {}, {}
        self.defines = {m: n for n in names for m in self._defines(root, n)}
        for name, text in self.text.items():
            for kind, tag in re.findall(r"\b(struct|union)\s+(\w+)\s*\{", text):
                self.tags[f"{kind} {tag}"] = name
            for tag, body in re.findall(ENUM, text):
                for item in body.split(","):
                    match = re.match(r"\s*(\w+)", item)
                    if match:
                        self.enumerators[match.group(1)] = (name, tag)
            for line in re.findall(r"\btypedef\b[^;{]*;", text):
                match = re.search(TYPEDEF_NAME, line)
                if match:
                    self.typedefs[match.group(1) or match.group(2)] = name

    @staticmethod
    def _defines(root, name):
        """Macros that a header defines, but for its guard and what it takes back."""
        with open(os.path.join(root, "include", name), encoding="utf-8") as f:
            text = f.read()
        guard = re.match(r"(?s).*?#\s*ifndef\s+(\w+)\s+#\s*define\s+\1\b", text)
        gone = set(re.findall(r"^\s*#\s*undef\s+(\w+)", text, re.M)) | {guard and guard.group(1)}
        return set(re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M)) - gone

    def _gcc(self, *args):
        return subprocess.run(["gcc", "-E", "-x", "c", "-std=gnu11", *self.flags, *args, "-"],
                              input=self.prelude, capture_output=True, text=True, check=True).stdout

    def _by_file(self, root):
        parts, current = collections.defaultdict(list), None
        base = os.path.join(root, "include") + os.sep
        for line in self._gcc().split("\n"):
            match = re.match(r'# \d+ "([^"]+)"', line)
            if match:
                path = os.path.normpath(match.group(1))
                current = path[len(base):] if path.startswith(base) else None
            elif current:
                parts[current].append(line)
        return {k: strip_comments("\n".join(v)) for k, v in parts.items()}
