#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""check.py BUILD [SUITE...]: run the tests and end with one line `N passed, N failed, N skipped`.

A TAP program counts by its subtests, any other by itself. A skip that test/skips.txt does not list
with its reason is a failure.
"""

import json
import os
import re
import subprocess
import sys

TAP = re.compile(r"^(not ok|ok)\b(.*)$")


def listed_skips(top):
    path = os.path.join(top, "test", "skips.txt")
    with open(path) as f:
        rows = [line.strip() for line in f]
    return [r.split(None, 1)[0] for r in rows if r and not r.startswith("#")]


def count(test, allowed, bad):
    """(passed, failed, skipped) of one entry of meson's log; complaints go to bad."""
    name = test["name"].rsplit(" / ", 1)[-1]  # meson says "basalt:unit / unit_x"
    result = test["result"]
    passed = failed = skipped = 0
    for line in test.get("stdout", "").splitlines():
        m = TAP.match(line)
        if not m:
            continue
        if re.search(r"#\s*skip", m.group(2), re.I):
            skipped += 1
        elif m.group(1) == "ok":
            passed += 1
        else:
            failed += 1
            bad.append(f"{name}:{m.group(2).strip()}")
    if result == "SKIP" and skipped == 0:
        skipped = 1
    if result in ("OK", "EXPECTEDFAIL") and passed + skipped == 0:
        passed = 1
    if result in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS") and failed == 0:
        failed = 1
        bad.append(f"{name}: {result.lower()}")
    if skipped and name not in allowed:
        bad.append(f"{name}: skipped, and test/skips.txt does not say why")
        failed += skipped
        skipped = 0
    return passed, failed, skipped


def main():
    build = sys.argv[1]
    top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    log = os.path.join(build, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.remove(log)
    cmd = ["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs"]
    for suite in sys.argv[2:]:
        cmd += ["--suite", suite]
    rc = subprocess.call(cmd)
    allowed = listed_skips(top)
    bad = []
    total = [0, 0, 0]
    if os.path.exists(log):
        with open(log) as f:
            for line in f:
                for i, n in enumerate(count(json.loads(line), allowed, bad)):
                    total[i] += n
    for b in bad:
        print(f"failed: {b}")
    if sum(total) == 0:
        print("check.py: no test ran", file=sys.stderr)
        rc = rc or 1
    print("%d passed, %d failed, %d skipped" % tuple(total), flush=True)
    return 1 if total[1] or rc else 0


if __name__ == "__main__":
    sys.exit(main())
