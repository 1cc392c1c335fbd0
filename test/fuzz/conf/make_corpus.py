#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""make_corpus.py FOLDER STAMP: write the seeds of the fuzzer of configuration files, one a file.

FOLDER holds nothing else afterwards; the file STAMP is touched last.
"""

import os
import shutil
import sys

SEEDS = {
    "empty": b"",
    "job": b"[global]\nfilename=Malloc0:Malloc1\nbs=1024\nrw=randrw\n\n[job0]\niodepth=4\n[job0]\n",
    "old": b"[AIO]\n  AIO /tmp/a \"name one\" 512\n  AIO /tmp/b 'n\"2'\n[Nvme]\n  Retry 4 # x\n",
    "quotes": b"[q]\nk \"\" '' \"a\\\"b\" a\"b c\"d \\\"x\"\n",
    "continued": b"[c]\nk a \\\n b\\\r\nc \\\n\n# x \\\ny\n",
    "crlf": b"\xef\xbb\xbf[ w ] \r\nk = v\r\n",
    "blank_equals": b"[b]\nk \t= = v\n\x0bj\x0c= w\n",
    "no_section": b"k v\n",
    "no_name": b"[ ]\n",
    "no_close": b"[abc",
    "behind": b"[a] b\n",
    "no_key": b"[a]\n= v\n",
    "open_quote": b"[a]\nk \"v\\\n",
    "zero": b"[a]\nk \0v\n",
    "digits": b"[a99999999999999999999999]\n[1x2]\n[-3]\n",
    "key_backslash": b"[a\\]\nk\\= v\nj\\\\ \\\n\\",
    "bytes": bytes(range(1, 256)),
    "many": b"".join(b"[s%d]\n" % i for i in range(1030)),
    "long": b"[l]\n" + b"k v " * 1500,
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
