#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""set_prefix.py BUILD PREFIX: let a build folder install there; nothing when it does already, so
that nothing is built anew."""

import json
import os
import subprocess
import sys


def main(build, prefix):
    with open(os.path.join(build, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as f:
        now = next(option["value"] for option in json.load(f) if option["name"] == "prefix")
    if now != prefix:
        subprocess.run(["meson", "configure", build, "-Dprefix=" + prefix], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
