#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""gen_crc64.py OUTPUT: the eight tables of lib/util/crc64.c."""

import sys

POLYNOMIAL = 0xAD93D23594C93659


def main():
    reflected = int(f"{POLYNOMIAL:064b}"[::-1], 2)
    tables = [[]]
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (reflected if crc & 1 else 0)
        tables[0].append(crc)
    for k in range(1, 8):
        tables.append([crc >> 8 ^ tables[0][crc & 0xff] for crc in tables[k - 1]])
    with open(sys.argv[1], "w") as f:
        f.write("static const uint64_t g_crc64_table[8][256] = {\n")
        for table in tables:
            f.write("\t{" + ", ".join(f"0x{crc:016x}" for crc in table) + "},\n")
        f.write("};\n")


if __name__ == "__main__":
    main()
