#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""make_corpus.py FOLDER STAMP: write the seeds of the trace parser's fuzzer, one a file: files, and
changes of a good file at the places that are counts, offsets, names and numbers of tracepoints.

FOLDER holds nothing else afterwards; the file STAMP is touched last.
"""

import os
import shutil
import struct
import sys

# Of the good file in fuzz_trace.c: where its parts are.
HEAD, MAIN = 72, 72
OWNERS = MAIN + 512
MASKS = OWNERS + 128 + 88
OWNER_TYPES = MASKS + 128 + 160
OBJECTS = OWNER_TYPES + 128 + 512
TPOINTS = OBJECTS + 128 + 512
LCORES = TPOINTS + 128 + 1280 * 190
RING = LCORES + 128 + 8192
ENTRIES = RING + 48
PLACES = {
    "file_size": 0, "num_sections": 8, **{f"section{i}": 16 + 8 * i for i in range(7)},
    "tsc_rate": MAIN, "clear_tsc": MAIN + 8, "num_owners": OWNERS, "description": OWNERS + 2,
    "masks": MASKS, "owner_types": OWNER_TYPES, "objects": OBJECTS, "tpoints": TPOINTS,
    "lcores": LCORES, "ring_offset": LCORES + 128 + 8 * 5, "other_ring": LCORES + 128,
    "name": TPOINTS + 128 + 3 * 190, "id": TPOINTS + 128 + 3 * 190 + 24,
    "num_args": TPOINTS + 128 + 3 * 190 + 29, "type": TPOINTS + 128 + 3 * 190 + 44,
    "size": TPOINTS + 128 + 3 * 190 + 61, "relation": TPOINTS + 128 + 3 * 190 + 158,
    "num_entries": RING + 24, "num_tpoint_ids": RING + 32, "next_entry": RING + 40,
    "tsc": ENTRIES, "tpoint": ENTRIES + 8, "buffer": ENTRIES + 40, "last": ENTRIES + 7 * 32 + 8,
}
VALUES = (0, 1, 7, 8, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff)


def seeds():
    yield "empty", b""
    yield "no_file", b"\0"
    yield "zeros", b"\0" + bytes(4096)
    yield "ones", b"\0" + b"\xff" * 4096
    yield "good", b"\1"
    head = struct.pack("<QH6x7Q", 72, 7, *([72] * 7))
    yield "head", b"\0" + head
    yield "sections_in_sections", b"\0" + head + bytes(8000)
    # Found by the fuzzer: owners over the tracepoints, whose cleaned names became their counts.
    yield "owners_over_tpoints", b"\1" + struct.pack("<II", OWNERS, 0x7f000c17)
    for name, at in PLACES.items():
        yield name, b"\1" + b"".join(struct.pack("<II", at, v) for v in VALUES)
        for value in VALUES:
            yield f"{name}_{value:x}", b"\1" + struct.pack("<II", at, value)


def main(folder, stamp):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, data in seeds():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    with open(stamp, "w"):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
