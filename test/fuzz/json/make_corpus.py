#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""make_corpus.py FOLDER STAMP: write the seeds of the JSON fuzzer, good and bad texts, one a file.

FOLDER holds nothing else afterwards; the file STAMP is touched last.
"""

import os
import shutil
import sys

SEEDS = {
    "empty": b"",
    "scalars": b'[null, true, false, 0, -0, 1, -1.5e+3, 1E-2, 255, 256, 18446744073709551616]',
    "exponents": b"[1e99999999999999999999, 1e-99999999999999999999, 0e9, 100e-2, 0.0001e4]",
    "strings": '["", "\\u20ac\\n\\"\\\\", "\u00e9\u20ac\U0001f600", "\\ud83d\\ude00"]'.encode(),
    "objects": b'{"a": {"a": []}, "b": [{"a": 1}, {}], "a\\u0000": 2, "a": 3}',
    "comments": b'/* a */ [1, // b\n 2 /**/] // c',
    "deep": b"[" * 64 + b"]" * 64,
    "too_deep": b"[" * 65 + b"]" * 65,
    "deep_objects": b'{"a":' * 63 + b"[]" + b"}" * 63,
    "request": b'{"jsonrpc": "2.0", "method": "bdev_get_bdevs", "params": {"name": "n"}, "id": 1}',
    "batch": b'[{"method": "x", "id": "a"}, 7, [], {"id": null}]',
    "bad_utf8": b'["\xc0\x80", "\xed\xa0\x80", "\xf5"]',
    "cut_utf8": b'"\xf0\x9f\x98',
    "bad_escape": b'"\\ud800\\u0041"',
    "control": b'"a\x00b"',
    "trailing": b"[1,2,]",
    "numbers": b"[01, .5, 1., +1, -, 1e]",
    "long": b'["' + b"x\\n" * 2000 + b'"]',
}


def main(folder, stamp):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, data in SEEDS.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    with open(stamp, "w"):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
