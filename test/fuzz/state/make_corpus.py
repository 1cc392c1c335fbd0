#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""make_corpus.py FOLDER STAMP: write the seeds of the state file's fuzzer, one a file: good files,
and the ways in which they go bad. Sums are made here, by other code than the reader's.

FOLDER holds nothing else afterwards; the file STAMP is touched last.
"""

import os
import shutil
import sys

HEAD = b'{"v":1,"gen":1}\n'


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def line(text):
    """A line with its sum; `text` is the object without its end."""
    return text + b',"crc32c":%d}\n' % crc32c(text)


def change(seq, params=b"null", method=b"m"):
    return line(b'{"seq":%d,"method":"%s","params":%s' % (seq, method, params))


NULL = b'{"name":"n0","num_blocks":64,"block_size":512,"uuid":"0123"}'
SEEDS = {
    "head": HEAD,
    "one": HEAD + change(1),
    "three": HEAD + change(1, NULL) + change(2, b"[1,{}]") + change(3, b'{"a":{"b":[null]}}'),
    "escapes": HEAD + change(1, b'{"\\u0000\\n":"\\",\\"crc32c\\":1}"}', b"\\u20ac"),
    "blanks": HEAD + line(b'{ "seq" : 1 , "method" : "m" , "params" : null '),
    "deep": HEAD + change(1, b"[" * 62 + b"]" * 62),
    "newer": b'{"v":2,"gen":1}\n' + change(1),
    "torn": HEAD + change(1) + change(2)[:-9],
    "zeros": HEAD + change(1) + b"\0" * 40 + b"\n",
    "no_end": HEAD[:-1],
    "order": HEAD + line(b'{"method":"m","seq":1,"params":null'),
    "twice": HEAD + change(1) + change(1),
    "gap": HEAD + change(1) + change(3),
    "big_seq": HEAD + change(18446744073709551616),
    "number": HEAD + line(b'{"seq":1.0,"method":"m","params":1e3'),
    "sum": HEAD + change(1)[:-3] + b"}\n",
    "no_object": HEAD + line(b"[1") + line(b""),
}


def main():
    folder, stamp = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, text in SEEDS.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(text)
    with open(stamp, "w", encoding="ascii"):
        pass


if __name__ == "__main__":
    main()
