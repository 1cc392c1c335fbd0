#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each program has a manual page, that groff renders without a warning, with each option that the
program's own help has; and a line in doc/programs.md.

    test_man.py BUILD_ROOT SOURCE_ROOT
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import run_tap  # noqa: E402

BUILD, SOURCE = map(os.path.abspath, sys.argv[1:3])
PAGES = os.path.join(BUILD, "doc", "man")


def programs():
    """{name: path}"""
    found = {"spdk-rpc": os.path.join(SOURCE, "scripts", "rpc.py")}
    for folder in ("bin", "examples"):
        for name in sorted(os.listdir(os.path.join(BUILD, folder))):
            path = os.path.join(BUILD, folder, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                found[name] = path
    return found


def output(*cmd, **env):
    return subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, timeout=60,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", **env}).stdout


def options_of(path):
    """Whatever looks like an option at the beginning of a line of the program's help."""
    text = output(path, "--help", BASALT_RPC_SCHEMA=os.path.join(BUILD, "schema.json"))
    if "--help-full" in text:
        text += output(path, "--help-full")
    found = set()
    for line in text.expandtabs().splitlines():
        lead = re.match(r" +(-\S.*?)(?:  |$)", line)
        if lead:
            found |= set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", lead.group(1)))
    return found


def rendered(page):
    """The text of a page; a warning fails."""
    r = subprocess.run(["groff", "-ww", "-mandoc", "-Tascii", "-P-cbou", page], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert r.returncode == 0 and not r.stderr, r.stderr
    return r.stdout


def check_page(name, path):
    page = os.path.join(PAGES, name + ".1")
    text = rendered(page)
    words = set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", text))
    missing = options_of(path) - words
    assert not missing, f"{page} lacks {sorted(missing)}"
    for head in ("NAME", "SYNOPSIS", "SEE ALSO"):
        assert re.search(rf"^{head}$", text, re.M), f"{page}: no {head}"
    with open(os.path.join(SOURCE, "doc", "programs.md"), encoding="utf-8") as f:
        row = re.search(rf"^\| `{re.escape(name)}` \| (.+?) \|$", f.read(), re.M)
    assert row, f"doc/programs.md has no line for {name}"
    summary = re.sub(r"[`*]|\[|\]\([^)]*\)", "", row.group(1)).split()
    assert summary[:3] == text.split(f"{name} - ", 1)[1].split()[:3], text[:400]


def check_framework(names):
    """A test that finds no options would find none missing."""
    assert {"--json", "-m", "--rpc-socket", "-f"} <= options_of(names["spdk_tgt"])
    assert {"-q", "--verify", "--io-depth"} <= options_of(names["spdk_nvme_perf"])
    assert "-z" in options_of(names["bdevperf"])


def main():
    names = programs()
    tests = [("options are found", lambda: check_framework(names))]
    return run_tap(tests + [(name, lambda name=name, path=path: check_page(name, path))
                            for name, path in names.items()])


if __name__ == "__main__":
    sys.exit(main())
