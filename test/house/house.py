# SPDX-License-Identifier: BSD-3-Clause
"""What the house tests share: the tree, its objects, and how a test reports.

Each test is a program: `NAME.py SOURCE_ROOT BUILD_ROOT`. It first proves on made-up input that it
can fail (self_test), then looks at the tree and prints what is wrong, one line each. Exit status 0
when nothing is.
"""

import json
import os
import re
import subprocess
import sys

THIRD_PARTY = {"include/spdk/queue_extras.h"}
SKIPPED_DIRS = {".git", "build", "__pycache__", "subprojects"}


class Tree:
    def __init__(self, root, build):
        self.root = os.path.abspath(root)
        self.build = os.path.abspath(build)

    def files(self):
        """All files that belong to the project, relative to its root."""
        git = subprocess.run(["git", "-C", self.root, "ls-files", "-co", "--exclude-standard"],
                             capture_output=True, text=True)
        if git.returncode == 0:
            return sorted(f for f in set(git.stdout.split("\n"))
                          if f and os.path.isfile(os.path.join(self.root, f)))
        found = []
        for top, dirs, names in os.walk(self.root):
            dirs[:] = [d for d in dirs if d not in SKIPPED_DIRS and not d.startswith("build")]
            found += [os.path.relpath(os.path.join(top, n), self.root) for n in names]
        return sorted(found)

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="surrogateescape") as f:
            return f.read()

    def headers(self, *folders):
        return [f for f in self.files() if f.endswith(".h") and f.startswith(tuple(folders))]

    def objects(self, *folders):
        """{object file: source, relative to the root} of what the build compiles from there. A
        generated source has the name "generated/NAME"."""
        with open(os.path.join(self.build, "compile_commands.json")) as f:
            commands = json.load(f)
        out = {}
        for c in commands:
            source = os.path.normpath(os.path.join(c["directory"], c["file"]))
            obj = os.path.normpath(os.path.join(c["directory"], c["output"]))
            if source.startswith(self.build + os.sep):
                rel = "generated/" + os.path.basename(source)
            else:
                rel = os.path.relpath(source, self.root)
            if rel.startswith(tuple(folders)):
                out[obj] = rel
        missing = sorted(o for o in out if not os.path.exists(o))
        if missing:
            sys.exit(f"{len(missing)} objects are not built, {missing[0]} first: run ninja")
        return out


def run(argv, **kwargs):
    return subprocess.run(argv, capture_output=True, text=True, check=True, **kwargs).stdout


def symbols(objs):
    """{object: [(name, type letter)]} by nm."""
    table = {o: [] for o in objs}
    if objs:
        for line in run(["nm", "-A", "-P", *objs]).split("\n"):
            match = re.match(r"(.*): (\S+) (\S)( |$)", line)
            if match:
                table[match.group(1)].append((match.group(2), match.group(3)))
    return table


def strip_c(text):
    """C without comments, strings and preprocessor lines; the line numbers stay."""
    def blank(match):
        token = match.group(0)
        if token.startswith(("/", "#")) or token.lstrip().startswith("#"):
            return "\n" * token.count("\n")
        return token[0] + token[0]
    pattern = (r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
               r'|^[ \t]*#(?:[^\n\\]|\\\n|\\.)*')
    return re.sub(pattern, blank, text, flags=re.S | re.M)


def unit_of(source):
    """The folder that a source belongs to, as the floors count them."""
    parts = source.split("/")
    if parts[0] == "lib":
        return "/".join(parts[:2])
    if parts[0] == "module":
        return os.path.splitext("/".join(parts[:3]))[0]
    return os.path.dirname(source)


def need(condition, what):
    if not condition:
        sys.exit(f"self-test: {what}")


def main(name, self_test, check):
    """check(tree) gives (problems, summary)."""
    self_test()
    problems, summary = check(Tree(sys.argv[1], sys.argv[2]))
    for p in problems:
        print(p)
    print(f"{name}: {summary}; {len(problems)} problems")
    sys.exit(1 if problems else 0)
