# SPDX-License-Identifier: BSD-3-Clause
# Copyright (C) 2026 The Basalt authors
"""The traps that other NVMe/TCP targets fell into: test_hostile.py SPDK_TGT prints TAP.

Each test names the entry of the public record that it comes from (doc/nvme_wire.md has the whole
table); the target must answer as the specification says, and go on serving others.
"""

import os
import resource
import struct
import sys
import time

from nvme_tcp import (CMD, H2C_DATA, IC_REQ, Closed, Conn, Host, pack, sgl_in_capsule,
                      sgl_transport)
from test_nvmf import ADDR, NQN, PORT, Target, eq, host, quiet, run_tests, wait_for


def h2c(cid, ttag, offset, length):
    return struct.pack("<HHII4x", cid, ttag, offset, length)


def first_pdu_is_term(conn, name):
    """(FES, FEI) of the TermReq, which nothing may precede."""
    try:
        ptype, _, _, _ = conn.recv_pdu()
        raise AssertionError(f"{name}: PDU type {ptype} instead of a TermReq")
    except Closed as e:
        assert e.term is not None, f"{name}: closed without a TermReq"
        return e.term


def fill(byte, blocks=8):
    """The first blocks of the namespace hold this byte."""
    h = host()
    eq(h.queue().write(0, byte * 512 * blocks).status, 0, "fill")
    h.close()


def check_filled(byte, what, blocks=8):
    h = host()
    eq(h.queue().read(0, blocks).data, byte * 512 * blocks, what)
    h.close()


# ---- After an error nothing more of the stream is obeyed ----

def test_stream_after_error(t):
    """CVE-2022-48686, CVE-2023-5178: a digest or header error, and a good write right behind it."""
    fill(b"o")
    for name, hdgst, spoil in (
            ("header digest", True, lambda p: p[:72] + bytes([p[72] ^ 1]) + p[73:]),
            ("HLEN", False, lambda p: p[:2] + b"\xff" + p[3:]),
            ("PLEN", False, lambda p: p[:4] + b"\x47\0\0\0" + p[8:]),
            ("type", False, lambda p: b"\x0f" + p[1:])):
        h = host(hdgst=hdgst)
        q = h.queue()
        bad = spoil(q.pdu(CMD, q.io_cmd(2, 0, 1, sgl_transport(512))))
        good = q.pdu(CMD, q.io_cmd(1, 0, 8, sgl_in_capsule(4096)), b"n" * 4096)
        q.send(bad + good * 3)
        first_pdu_is_term(q, name)
        eq(h.admin.identify(1).status, 0, name + ": the admin queue lives")
        h.close()
        check_filled(b"o", name + ": the write behind it was not done")
    quiet(t)


def test_late_ic_req(t):
    """CVE-2026-46135: an ICReq does not bring a connection back that is ending."""
    for first in (b"\x04\0\x48\0\x48\0\0\0" + pack(6, 1), b"\x0f" * 24):
        c = Conn(ADDR, PORT, ic=False)
        c.send(first + c.pdu(IC_REQ, c.ic_req()) * 2)
        first_pdu_is_term(c, "ICReq behind an error")
        c.close()
    quiet(t)


def test_second_ic_req(t):
    """CVE-2026-89969: with digests agreed it would be 4 bytes longer than its buffer."""
    for hdgst, ddgst in ((False, False), (True, False), (False, True), (True, True)):
        h = host(hdgst=hdgst, ddgst=ddgst)
        for conn in (h.queue(), h.admin):
            for flags, plen, tail in ((0, 128, b""), (3, 132, b"\0" * 4)):
                if conn.sock.fileno() < 0:
                    continue
                conn.send(struct.pack("<BBBBI", 0, flags, 128, 0, plen) + conn.ic_req(True, True) +
                          tail)
                eq(first_pdu_is_term(conn, "second ICReq")[0], 2, "FES: sequence")
                conn.close()
        h.close()
    quiet(t)


# ---- Data that nobody asked for ----

def test_h2c_data_unasked(t):
    """CVE-2023-6356, -6535, -6536: H2CData with the tag of each request in each of its states."""
    for tag in [*range(0, 40), 0x7fff, 0xffff]:
        h = host()
        aer = h.admin.start(pack(0x0c, h.admin.next_cid()))
        h.admin.send(h.admin.pdu(H2C_DATA, h2c(aer, tag, 0, 512), b"x" * 512, flags=4))
        eq(first_pdu_is_term(h.admin, f"TTAG {tag}"), (1, 10), f"TTAG {tag}: FES, FEI")
        h.close()
    quiet(t)


def test_h2c_data_twice(t):
    """Data for an R2T that has got all of it; and for one of another command."""
    fill(b"o")
    h = host()
    q = h.queue()
    cid = q.start(q.io_cmd(1, 0, 8, sgl_transport(4096)), write=b"a" * 4096)
    _, _, r2t, _ = q.recv_pdu()
    ttag = struct.unpack("<HHII", r2t[:12])[1]
    one = q.pdu(H2C_DATA, h2c(cid, ttag, 0, 4096), b"a" * 4096, flags=4)
    q.send(one + one)
    assert q.expect_term() is not None, "twice"
    eq(h.admin.identify(1).status, 0, "the admin queue lives")
    h.close()
    quiet(t)


def test_h2c_data_lengths(t):
    """DATAL and DATAO against PLEN and against the R2T; sums that wrap."""
    table = [("DATAL beyond PLEN", 0, 0xffffffff, 4096), ("DATAL short of PLEN", 0, 4, 4096),
             ("DATAL 0", 0, 0, 4096), ("DATAO wraps", 0xfffffffc, 4096, 4096),
             ("DATAO odd", 1, 4096, 4096), ("DATAO behind the R2T", 8192, 4096, 4096)]
    for name, offset, length, sent in table:
        h = host()
        q = h.queue()
        cid = q.start(q.io_cmd(1, 0, 16, sgl_transport(8192)))
        _, _, r2t, _ = q.recv_pdu()
        ttag = struct.unpack("<HHII", r2t[:12])[1]
        q.send(q.pdu(H2C_DATA, h2c(cid, ttag, offset, length), b"x" * sent))
        first_pdu_is_term(q, name)
        eq(h.admin.identify(1).status, 0, name + ": the admin queue lives")
        h.close()
    quiet(t)


# ---- Digests of data ----

def test_data_digest_by_r2t(t):
    """CVE-2026-64534, -64535: damage in one of several pieces fails the command once, and nothing
    is released twice: the queue goes on for longer than there are requests."""
    fill(b"o", 32)
    h = host(ddgst=True)
    q = h.queue(sqsize=7)
    for i in range(40):
        cid = q.start(q.io_cmd(1, 0, 32, sgl_transport(16384)), write=b"n" * 16384)
        _, _, r2t, _ = q.recv_pdu()
        ttag = struct.unpack("<HHII", r2t[:12])[1]
        for piece in range(4):
            pdu = bytearray(q.pdu(H2C_DATA, h2c(cid, ttag, piece * 4096, 4096), b"n" * 4096,
                                  flags=4 if piece == 3 else 0))
            if piece == i % 4:
                pdu[-1] ^= 1
            q.send(bytes(pdu))
        cpl = q.finish(cid)
        eq((cpl.status, cpl.dnr), (0x022, 0), "transient transport error")
    eq(q.read(0, 32).data, b"o" * 16384, "nothing was written")
    eq(q.write(0, b"w" * 16384).status, 0, "a good write")
    eq(q.read(0, 32).data, b"w" * 16384, "and its data")
    h.close()
    quiet(t)


# ---- Descriptors against what the capsule holds ----

def test_sgl_beyond_capsule(t):
    """CVE-2026-23112 and before authentication CVE-2026-64319: offset and length against the data
    that came, on an I/O queue, and in Connect."""
    table = [(0, 4097, 0x00f), (1, 4096, 0x00f), (4096, 1, 0x00f), (4097, 1, 0x016),
             (1 << 32, 512, 0x016), ((1 << 64) - 512, 1024, 0x016), (0, 0xffffffff, 0x00f)]
    h = host()
    q = h.queue()
    for offset, length, status in table:
        cpl = q.run(q.io_cmd(1, 0, 8, sgl_in_capsule(length, offset)), b"x" * 4096)
        eq(cpl.status, status, f"offset {offset} length {length}")
    eq(q.run(q.io_cmd(1, 0, 8, sgl_in_capsule(4096))).status, 0x00f, "no data at all")
    eq(q.read(0, 1).status, 0, "the queue lives")
    h.close()
    data = Conn.connect_data(NQN)
    for offset, length, sent in ((0, 1024, 0), (0, 1024, 512), (512, 1024, 1024),
                                 (1024, 1024, 1024), (1 << 63, 1024, 1024), (0, 0, 1024),
                                 (0, 0xffffffff, 1024)):
        c = Conn(ADDR, PORT)
        cmd = bytearray(c.connect_cmd())
        cmd[24:40] = sgl_in_capsule(length, offset)
        cpl = c.run(bytes(cmd), data[:sent])
        assert cpl.status != 0, f"Connect, offset {offset} length {length} of {sent}"
        eq(c.connect(NQN).status, 0, "Connect, tried again")
        c.close()
    quiet(t)


def test_refused_queue_goes_on(t):
    """CVE-2023-5178: what a queue does after its Connect was refused half way."""
    h = host()
    h.queue()
    q = Conn(ADDR, PORT)
    q.send(q.pdu(CMD, q.connect_cmd(qid=1, cid=1), q.connect_data(NQN, cntlid=h.cntlid)) +
           q.pdu(CMD, pack(2, 2, nsid=1, sgl=sgl_transport(512))))
    eq(q.finish(1).status, 0x101, "duplicate queue")
    eq(q.finish(2).status, 0x00c, "a read before Connect")
    eq(q.connect(NQN, qid=2, cntlid=h.cntlid).status, 0, "another number")
    eq(q.read(0, 1).status, 0, "a read")
    q.close()
    h.close()
    quiet(t)


def test_keep_alive_and_shutdown(t):
    """CVE-2024-53169: keep-alive timers end while their controllers shut down, or just did."""
    hosts = [host(kato=1) for _ in range(6)]
    for i, h in enumerate(hosts):
        h.queue()
        if i % 3:
            eq(h.admin.prop_set(0x14, 0x00464001), 0, "shutdown")
        if i % 3 == 2:
            h.io[0].close()
    # The two that did not shut down must go; the others may.
    wait_for(lambda: len(t.rpc("nvmf_subsystem_get_controllers", nqn=NQN)) <= 4,
             "keep-alives end", timeout=60)
    for h in hosts:
        h.close()
    quiet(t)
    h = host()
    eq(h.queue().read(0, 1).status, 0, "the target lives")
    h.close()
    quiet(t)


# ---- Out of descriptors ----

def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_out_of_descriptors(t):
    """Connections wait when there are no descriptors: the target says so, serves those it has,
    does not spin over the others, and takes them when there is room."""
    limit = len(os.listdir(f"/proc/{t.proc.pid}/fd")) + 12
    before = resource.prlimit(t.proc.pid, resource.RLIMIT_NOFILE)
    good = host()
    q = good.queue()
    resource.prlimit(t.proc.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    crowd = [Conn(ADDR, PORT, ic=False) for _ in range(40)]
    wait_for(lambda: "can't take connections" in t.text(), "a line in the log")
    begin = cpu_seconds(t.proc.pid)
    time.sleep(2)
    spent = cpu_seconds(t.proc.pid) - begin
    assert spent < 0.4, f"{spent} s of CPU in 2 s without descriptors"
    eq(q.read(0, 1).status, 0, "who is in is served")
    lines = t.text().count("can't take connections")
    assert lines <= 10, f"{lines} lines about it"
    for conn in crowd:
        conn.close()
    late = Conn(ADDR, PORT, timeout=15)
    eq(late.connect(NQN).status, 0, "a connection afterwards")
    late.close()
    resource.prlimit(t.proc.pid, resource.RLIMIT_NOFILE, before)
    good.close()
    quiet(t)


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], sys.argv[2:], globals()))
