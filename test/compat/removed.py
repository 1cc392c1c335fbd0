#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""removed.py SOURCE BUILD: what public headers mark by BASALT_DEPRECATED is used by removed.c or a
unit test, and the compiler warns of it when it is asked to, and only then."""

import os
import re
import subprocess
import sys

# Tested where there is a controller or a queue.
ELSEWHERE = {"spdk_nvme_ctrlr_reset_async": "test/unit/lib/nvme/ut_nvme.c",
             "spdk_nvme_ctrlr_reset_poll_async": "test/unit/lib/nvme/ut_nvme.c",
             "spdk_nvmf_request_exec_fabrics": "test/unit/lib/nvmf/ut_nvmf.c"}


def marked(root):
    """Functions with the mark: the name before it, behind any number of lines."""
    found = set()
    folder = os.path.join(root, "include", "spdk")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".h"):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
            for declaration in re.findall(r"[^;{}]*\)\s*BASALT_DEPRECATED\(", text):
                found.add(re.search(r"(\w+)\(", declaration).group(1))
    return found


def warned(root, build, *flags):
    done = subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-fsyntax-only", *flags,
                           f"-I{root}/include", f"-I{build}/include", "-Werror",
                           f"{root}/test/compat/removed.c"], capture_output=True, text=True)
    return set(re.findall(r"error: .(\w+). is deprecated", done.stderr)), done


def main(root, build):
    want = marked(root)
    quiet, done = warned(root, build)
    assert done.returncode == 0, done.stderr
    loud, _ = warned(root, build, "-DBASALT_WARN_DEPRECATED")
    for name, path in ELSEWHERE.items():
        with open(os.path.join(root, path), encoding="utf-8") as f:
            assert name in want and name + "(" in f.read(), f"{name} is not in {path}"
    assert quiet == set() and loud == want - ELSEWHERE.keys(), \
        f"not used or not marked: {sorted(loud ^ (want - ELSEWHERE.keys()))}"
    print(f"removed: {len(want)} functions")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
