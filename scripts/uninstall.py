#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""uninstall.py BUILD: remove what the last `make install` of a build folder put in place.

`make install` kept what Meson wrote down, each file; packages and tests install elsewhere from the
same build folder. Folders that are empty then go too.
"""

import os
import sys


def main(build):
    log = os.path.join(build, "installed.txt")
    try:
        with open(log, encoding="utf-8") as f:
            paths = [line.rstrip("\n") for line in f if line.startswith("/")]
    except OSError as err:
        sys.exit(f"uninstall.py: nothing was installed from {build}: {err}")
    folders, removed = set(), 0
    for path in paths:
        folders.add(os.path.dirname(path))
        if os.path.isdir(path) and not os.path.islink(path):
            folders.add(path)
            continue
        try:
            os.unlink(path)
            removed += 1
        except FileNotFoundError:
            pass
    for folder in sorted(folders, key=len, reverse=True):
        try:
            os.removedirs(folder)
        except OSError:
            pass  # not empty, or gone with another one
    print(f"{removed} files removed")


if __name__ == "__main__":
    main(*sys.argv[1:])
