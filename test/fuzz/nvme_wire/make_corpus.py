#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""make_corpus.py FOLDER STAMP: write the seeds of both directions, from the specification's tables.

FOLDER/controller/* is what a host sends, FOLDER/host/* what a controller sends. Two bytes of set-up
(see fuzz_wire.c) stand before the stream. FOLDER holds nothing else afterwards; the file STAMP is
touched last.
"""

import os
import shutil
import struct
import sys

ICREQ, ICRESP, H2CTERM, C2HTERM, CMD, RESP, H2C, C2H, R2T = 0, 1, 2, 3, 4, 5, 6, 7, 9
READY = 4


def pdu(kind, rest, data=b"", flags=0, hdgst=False, ddgst=False, align=4, plen=None, pdo=None):
    hlen = 8 + len(rest)
    base = hlen + (4 if hdgst else 0)
    off = -(-base // align) * align if data else 0
    total = (off + len(data) + (4 if ddgst else 0)) if data else base
    flags |= (1 if hdgst else 0) | (2 if ddgst and data else 0)
    head = struct.pack("<BBBBI", kind, flags, hlen, off if pdo is None else pdo,
                       total if plen is None else plen)
    pad = b"\0" * (off - base) if data else b""
    tail = b"\0" * 4 if ddgst and data else b""
    return head + rest + (b"\0" * 4 if hdgst else b"") + pad + data + tail


def ic(kind, pfv=0, pda=0, dgst=0, last=0):
    return pdu(kind, struct.pack("<HBBI", pfv, pda, dgst, last) + bytes(112))


def sqe(opc, cid=1, sgl_type=0x5a, length=0, addr=0, dwords=b"", fctype=0):
    head = struct.pack("<BBHI", opc, 0x40, cid, fctype) + bytes(16)
    sgl = struct.pack("<QI3xB", addr, length, sgl_type)
    return (head + sgl + dwords).ljust(64, b"\0")


def data(kind, off, length, last=True, cid=1, ttag=2, success=False, **kw):
    flags = (4 if last else 0) | (8 if success else 0)
    return pdu(kind, struct.pack("<HHII4x", cid, ttag, off, length), b"d" * length, flags, **kw)


def r2t(off, length, cid=1, ttag=2, **kw):
    return pdu(R2T, struct.pack("<HHII4x", cid, ttag, off, length), **kw)


def term(kind, fes, fei, behind=b""):
    return pdu(kind, struct.pack("<HI10x", fes, fei), plen=24 + len(behind)) + behind


CONNECT_DATA = (bytes(range(16)) + b"\xff\xff" + bytes(238) +
                b"nqn.2016-06.io.spdk:cnode1".ljust(256, b"\0") +
                (b"nqn.2014-08.org.nvmexpress:uuid:11111111-aaaa-bbdd-ffee-"
                 b"123456789abc").ljust(256, b"\0") +
                bytes(256))
CONNECT = sqe(0x7f, 0, 1, 1024, 0, struct.pack("<HHHBxI", 0, 0, 31, 0, 10000), 1)
PROP_GET = sqe(0x7f, 1, dwords=struct.pack("<B3xI", 1, 0), fctype=4)
PROP_SET = sqe(0x7f, 2, dwords=struct.pack("<B3xIQ", 0, 0x14, 0x460001), fctype=0)
WRITE = sqe(1, 1, 1, 512, 0, struct.pack("<QI", 0, 0))
READ = sqe(2, 1, 0x5a, 4096, 0, struct.pack("<QI", 0, 7))
LOG = struct.pack("<QQH", 3, 1, 0).ljust(1024, b"\0")
ENTRY = (struct.pack("<BBBBHHHH", 3, 1, 2, 2, 0, 0xffff, 128, 0).ljust(32, b"\0") +
         b"4420".ljust(32) + bytes(192) + b"nqn.2016-06.io.spdk:cnode1".ljust(256, b"\0") +
         b"127.0.0.1".ljust(256) + bytes(256))


def seeds_controller():
    full = ic(ICREQ) + pdu(CMD, CONNECT, CONNECT_DATA) + pdu(CMD, PROP_GET) + pdu(CMD, PROP_SET)
    yield "connect", 0, 0, full
    dg = dict(hdgst=True, ddgst=True)
    yield "connect_digests", 0, 0, ic(ICREQ, dgst=3, pda=3) + pdu(CMD, CONNECT, CONNECT_DATA, **dg)
    yield "ic_twice", 0, 0, ic(ICREQ) + ic(ICREQ)
    yield "ic_twice_digests", 0, 0, ic(ICREQ, dgst=3) + ic(ICREQ, dgst=3)
    yield "ic_pfv", 0, 0, ic(ICREQ, pfv=1)
    yield "ic_hpda", 0, 0, ic(ICREQ, pda=32)
    yield "write_in_capsule", READY, 0, pdu(CMD, WRITE, b"w" * 512)
    yield "write_align", READY | (31 << 3), 0, pdu(CMD, WRITE, b"w" * 512, align=128)
    yield ("write_digests", READY | 3, 0,
           pdu(CMD, WRITE, b"w" * 512, **dg) + pdu(CMD, READ, hdgst=True))
    yield "bad_hdgst", READY | 1, 1, pdu(CMD, READ, hdgst=True)
    yield "h2c", READY, 0, data(H2C, 4096, 4096, False) + data(H2C, 8192, 4096)
    yield "h2c_again", READY, 0, data(H2C, 4096, 4096, False) + data(H2C, 4096, 4096)
    yield "h2c_ttag", READY, 0, data(H2C, 4096, 8192, ttag=3)
    yield "h2c_beyond", READY, 0, data(H2C, 4096, 8196)
    yield "h2c_early", 0, 0, data(H2C, 4096, 4096)
    yield "plen_huge", READY, 0, pdu(CMD, READ, plen=0xffffffff)
    yield "plen_small", READY, 0, pdu(CMD, READ, plen=71)
    yield "pdo_inside", READY, 0, pdu(CMD, WRITE, b"w" * 512, pdo=8)
    yield "hlen_255", READY | 1, 0, b"\x04\x01\xff\x00\x03\x01\x00\x00" + bytes(251)
    yield "term", READY, 0, term(H2CTERM, 1, 4, bytes(72))
    yield "keyed_sgl", READY, 0, pdu(CMD, sqe(1, 1, 0x40, 512), b"w" * 512)
    yield "wrong_way", READY, 0, pdu(RESP, bytes(16)) + r2t(0, 4096)


def seeds_host():
    yield "ic", 0, 0, ic(ICRESP, last=131072) + pdu(RESP, bytes(16))
    yield ("ic_digests", 0, 0,
           ic(ICRESP, pda=7, dgst=3, last=4096) + pdu(RESP, bytes(16), hdgst=True))
    yield "ic_maxh2c", 0, 0, ic(ICRESP, last=4095)
    yield "resp", READY, 0, pdu(RESP, bytes(16))
    yield "c2h", READY, 2, data(C2H, 0, 4096, False) + data(C2H, 4096, 4096, success=True)
    yield "c2h_digests", READY | 3, 2, data(C2H, 0, 8192, hdgst=True, ddgst=True)
    yield "c2h_for_write", READY, 0, data(C2H, 0, 4096)
    yield "c2h_success_not_last", READY, 2, data(C2H, 0, 4096, False, success=True)
    yield "r2t", READY, 0, r2t(0, 4096) + r2t(4096, 4096)
    yield "r2t_for_read", READY, 2, r2t(0, 4096)
    yield "r2t_three", READY, 0, r2t(0, 4) + r2t(4, 4) + r2t(8, 4)
    yield "r2t_wraps", READY, 0, r2t(0xfffffffc, 8)
    yield "disc", READY, 2, pdu(C2H, struct.pack("<HHII4x", 1, 0, 0, 2048), LOG + ENTRY, 4)
    yield "disc_entry", READY, 2, pdu(C2H, struct.pack("<HHII4x", 1, 0, 0, 1024), ENTRY, 12)
    yield "term", READY, 0, term(C2HTERM, 3, 0x12345678, bytes(128))
    yield "term_long", READY, 0, term(C2HTERM, 3, 0, bytes(129))
    yield "wrong_way", READY, 0, pdu(CMD, READ)


def main(top, stamp):
    shutil.rmtree(top, ignore_errors=True)
    for role, seeds in (("controller", seeds_controller), ("host", seeds_host)):
        folder = os.path.join(top, role)
        os.makedirs(folder)
        for name, setup, second, stream in seeds():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(bytes((setup, second)) + stream)
    with open(stamp, "w"):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
