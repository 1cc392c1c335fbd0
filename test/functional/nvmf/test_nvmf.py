# SPDX-License-Identifier: BSD-3-Clause
# Copyright (C) 2026 The Basalt authors
"""The NVMe/TCP target from outside: test_nvmf.py SPDK_TGT PREFIX prints TAP.

Each function test_* is a test; they share one target, in order. Expectations come from the
specifications and are written as tables: what is sent, and the answer.
"""

import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

from nvme_tcp import (CMD, DISCOVERY, H2C_DATA, HOST, IC_REQ, Closed, Conn, Host, pack,
                      sgl_in_capsule, sgl_transport)

NQN = "nqn.2026-01.io.basalt:functional"
CLOSED_NQN = "nqn.2026-01.io.basalt:closed"
ADDR = "127.0.0.1"
PORT = 14460 + os.getpid() % 100
# The socket implementation of the target; None: its default.
SOCK_IMPL = os.environ.get("SOCK_IMPL")


class Rpc:
    def __init__(self, path):
        self.path = path
        self.id = 0

    def __call__(self, method, **params):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(20)
            s.connect(self.path)
            self.id += 1
            req = {"jsonrpc": "2.0", "id": self.id, "method": method}
            if params:
                req["params"] = params
            s.sendall(json.dumps(req).encode())
            buf = b""
            while True:
                buf += s.recv(65536)
                try:
                    answer = json.loads(buf)
                    break
                except ValueError:
                    continue
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]


def listen_address(port=None):
    return {"trtype": "TCP", "adrfam": "IPv4", "traddr": ADDR, "trsvcid": str(port or PORT)}


class Target:
    def __init__(self, binary, args=()):
        self.dir = tempfile.mkdtemp(prefix="nvmf-test-")
        self.old_dirs = []
        self.log = open(os.path.join(self.dir, "log"), "w+b")
        path = os.path.join(self.dir, "rpc.sock")
        if SOCK_IMPL:
            args = self.with_sock_impl(list(args))
        self.proc = subprocess.Popen([binary, "-r", path, *args], stdout=self.log,
                                     stderr=subprocess.STDOUT)
        end = time.monotonic() + 20
        while not os.path.exists(path):
            if time.monotonic() > end or self.proc.poll() is not None:
                raise RuntimeError("the target does not start: " + self.text())
            time.sleep(0.02)
        self.rpc = Rpc(path)

    def with_sock_impl(self, args):
        """The same, and the configuration names SOCK_IMPL."""
        config = {"subsystems": []}
        for i, word in enumerate(args):
            if word in ("-c", "--json"):
                with open(args[i + 1], encoding="ascii") as f:
                    config = json.load(f)
                del args[i:i + 2]
                break
        config["subsystems"].insert(0, {"subsystem": "sock", "config": [
            {"method": "sock_set_default_impl", "params": {"impl_name": SOCK_IMPL}}]})
        path = os.path.join(self.dir, "sock_impl.json")
        with open(path, "w", encoding="ascii") as f:
            json.dump(config, f)
        return args + ["-c", path]

    def text(self):
        self.log.flush()
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def setup(self):
        rpc = self.rpc
        rpc("bdev_malloc_create", name="m0", num_blocks=65536, block_size=512)
        rpc("bdev_malloc_create", name="m1", num_blocks=8192, block_size=4096)
        rpc("bdev_null_create", name="n0", num_blocks=65536, block_size=512)
        rpc("nvmf_create_transport", trtype="TCP")
        rpc("nvmf_create_subsystem", nqn=NQN, allow_any_host=True, serial_number="FUNC1")
        rpc("nvmf_subsystem_add_ns", nqn=NQN, namespace={"bdev_name": "m0", "nsid": 1})
        rpc("nvmf_subsystem_add_listener", nqn=NQN, listen_address=listen_address())
        rpc("nvmf_create_subsystem", nqn=CLOSED_NQN)
        rpc("nvmf_subsystem_add_listener", nqn=CLOSED_NQN, listen_address=listen_address())

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        try:
            rc = self.proc.wait(15)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            rc = None
        if rc != 0:
            print("# " + self.text().replace("\n", "\n# "))
        return rc

    def become(self, other):
        """Go on as another process; the first one's folder may still be read."""
        self.old_dirs.append(self.dir)
        self.dir, self.log, self.proc, self.rpc = other.dir, other.log, other.proc, other.rpc


def host(**kw):
    return Host(ADDR, PORT, NQN, **kw)


def eq(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def wait_for(cond, what, timeout=5):
    end = time.monotonic() + timeout
    while not cond():
        if time.monotonic() > end:
            raise AssertionError(f"not in time: {what}")
        time.sleep(0.05)


def quiet(t):
    """No connection of ours is left in the target."""
    wait_for(lambda: all(g["current_admin_qpairs"] + g["current_io_qpairs"] +
                         g["current_unassociated_qpairs"] == 0
                         for g in t.rpc("nvmf_get_stats")["poll_groups"]), "connections end")


# ---- Connect ----

def test_connect_status(t):
    """recfmt, qid, sqsize, cntlid, NQNs -> status, and for Invalid Parameters IPO and IATTR."""
    data = Conn.connect_data
    table = [
        ("record format", {"recfmt": 1}, data(NQN), 0x180, None),
        ("sqsize 0", {"sqsize": 0}, data(NQN), 0x182, (44, 0)),
        ("admin sqsize too large", {"sqsize": 4096}, data(NQN), 0x182, (44, 0)),
        ("unknown subsystem", {}, data("nqn.2026-01.io.basalt:none"), 0x182, (256, 1)),
        ("host not on the list", {}, data(CLOSED_NQN), 0x184, None),
        ("static controller", {}, data(NQN, cntlid=1), 0x182, (16, 1)),
        ("I/O queue of no controller", {"qid": 1}, data(NQN, cntlid=77), 0x182, (16, 1)),
        ("subnqn not ended", {}, data("nqn." + "x" * 252), 0x182, (256, 1)),
        ("hostnqn not ended", {}, data(NQN, hostnqn="nqn." + "x" * 252), 0x182, (512, 1)),
        ("data too short", {"length": 512}, data(NQN)[:512], 0x00f, None),
    ]
    for name, kw, payload, status, where in table:
        c = Conn(ADDR, PORT)
        cpl = c.run(c.connect_cmd(**kw), payload)
        if name == "data too short":
            assert cpl.status != 0, name
        else:
            eq(cpl.status, status, name)
        if where:
            eq((cpl.cdw0 & 0xffff, cpl.cdw0 >> 16 & 1), where, name)
        c.close()
    quiet(t)


def test_connect_sequence(t):
    """Commands before Connect, a second Connect, a duplicate queue, a queue before CC.EN."""
    c = Conn(ADDR, PORT)
    eq(c.identify(1).status, 0x00c, "Identify before Connect")
    eq(c.prop_get(0)[0], 0x00c, "Property Get before Connect")
    eq(c.connect(NQN).status, 0, "Connect after a refused command")
    eq(c.connect(NQN).status, 0x00c, "second Connect")
    cntlid = 1
    h = host(enable=False)
    cntlid = h.cntlid
    q = Conn(ADDR, PORT)
    eq(q.connect(NQN, qid=1, cntlid=cntlid).status, 0x00c, "I/O queue before CC.EN")
    h.admin.enable()
    eq(q.connect(NQN, qid=1, cntlid=cntlid).status, 0, "I/O queue, tried again")
    q2 = Conn(ADDR, PORT)
    eq(q2.connect(NQN, qid=1, cntlid=cntlid).status, 0x101, "duplicate queue")
    eq(q2.connect(NQN, qid=200, cntlid=cntlid).status, 0x182, "queue beyond the limit")
    for conn in (c, q, q2):
        conn.close()
    h.close()
    quiet(t)


def test_connect_depth(t):
    """A refused Connect does not decide how many commands the queue takes."""
    c = Conn(ADDR, PORT)
    eq(c.connect(NQN, sqsize=0).status, 0x182, "sqsize 0")
    eq(c.connect(NQN).status, 0, "Connect, tried again")
    c.enable()
    for _ in range(4):
        c.start(pack(0x0c, c.next_cid()))
    c.sock.settimeout(5)
    eq(c.identify(1).status, 0, "Identify beside four event requests")
    c.close()
    c = Conn(ADDR, PORT)
    eq(c.connect("nqn.2026-01.io.basalt:none", sqsize=1).status, 0x182, "no such subsystem")
    eq(c.connect(NQN, sqsize=31).status, 0x00c, "deeper than what was asked for first")
    eq(c.connect(NQN, sqsize=1).status, 0, "as deep")
    c.close()
    quiet(t)


def test_hosts(t):
    """A host is let in by name, and thrown out by name."""
    t.rpc("nvmf_subsystem_add_host", nqn=CLOSED_NQN, host=HOST)
    h = Host(ADDR, PORT, CLOSED_NQN)
    eq(len(t.rpc("nvmf_subsystem_get_controllers", nqn=CLOSED_NQN)), 1, "controllers")
    t.rpc("nvmf_subsystem_remove_host", nqn=CLOSED_NQN, host=HOST)
    eq(h.admin.expect_term(), None, "disconnected")
    c = Conn(ADDR, PORT)
    eq(c.connect(CLOSED_NQN).status, 0x184, "refused again")
    c.close()
    quiet(t)


# ---- Properties ----

def test_properties(t):
    h = host(enable=False)
    a = h.admin
    status, cap = a.prop_get(0, 8)
    eq(status, 0, "CAP")
    eq(cap & 0xffff, 127, "CAP.MQES")
    eq(cap >> 16 & 1, 1, "CAP.CQR")
    eq(cap >> 37 & 1, 1, "CAP.CSS NVM")
    eq(a.prop_get(8), (0, 0x00010400), "VS")
    for what, ofst, size in (("CAP as 4", 0, 4), ("CC as 8", 0x14, 8), ("ASQ", 0x28, 8),
                             ("odd offset", 2, 4), ("beyond", 0x1000, 4)):
        assert a.prop_get(ofst, size)[0] != 0, what
    assert a.prop_set(0x1c, 1) != 0, "CSTS can't be set"
    assert a.prop_set(0x14, 0x00460011) != 0, "CC with an unknown command set"
    assert a.prop_set(0x14, 0x00450001) != 0, "CC with a wrong entry size"
    eq(a.prop_get(0x1c)[1] & 1, 0, "not ready after a refused CC")
    eq(a.identify(1).status, 0x00c, "Identify before CC.EN")
    a.enable()
    q = h.queue()
    eq(q.read(0, 1).status, 0, "read")
    eq(a.prop_set(0x14, 0x00460000), 0, "reset")
    eq(q.expect_term(), None, "a reset ends the I/O queues")
    wait_for(lambda: a.prop_get(0x1c)[1] & 1 == 0, "CSTS.RDY falls")
    a.enable()
    q = h.queue(qid=1)
    eq(q.read(0, 1).status, 0, "read after a reset")
    eq(a.prop_set(0x14, 0x00464001), 0, "shutdown")
    wait_for(lambda: a.prop_get(0x1c)[1] >> 2 & 3 == 2, "CSTS.SHST complete")
    h.close()
    quiet(t)


# ---- Admin ----

def test_identify(t):
    h = host()
    a = h.admin
    c = a.identify(1).data
    eq(c[4:24], b"FUNC1".ljust(20), "SN")
    eq(c[24:64], b"SPDK bdev Controller".ljust(40), "MN")
    eq(c[64:72], b"26.09".ljust(8), "FR")
    eq(a.log_page(3, 512).data[8:16], b"26.09".ljust(8), "the same in the firmware log")
    eq(c[77], 5, "MDTS 128 KiB")
    eq(struct.unpack("<H", c[78:80])[0], h.cntlid, "CNTLID")
    eq(c[111], 1, "CNTRLTYPE")
    eq(c[512:514], b"\x66\x44", "SQES, CQES")
    eq(struct.unpack("<I", c[516:520])[0], 32, "NN")
    eq(struct.unpack("<H", c[520:522])[0], 0x0c, "ONCS: DSM, Write Zeroes")
    eq(c[768:768 + len(NQN) + 1], NQN.encode() + b"\0", "SUBNQN")
    eq(struct.unpack("<II", c[1792:1800]), ((64 + 4096) // 16, 1), "IOCCSZ, IORCSZ")
    n = a.identify(0, 1).data
    eq(struct.unpack("<QQQ", n[:24]), (65536,) * 3, "NSZE, NCAP, NUSE")
    eq(n[130], 9, "LBADS")
    eq(struct.unpack("<I", a.identify(2, 0).data[:4])[0], 1, "active list")
    eq(a.identify(2, 1).data[:4], b"\0" * 4, "active list behind 1")
    eq(a.identify(0, 2).data, b"\0" * 4096, "a namespace that is not there")
    table = [("NSID 0", 0, 0, 0x00b), ("NSID too large", 0, 33, 0x00b),
             ("broadcast", 0, 0xffffffff, 0x00b), ("list from the end", 2, 0xffffffff, 0x00b),
             ("descriptors of nothing", 3, 2, 0x00b), ("unknown CNS", 0x44, 1, 0x002)]
    for name, cns, nsid, status in table:
        eq(a.identify(cns, nsid).status, status, name)
    d = a.identify(3, 1).data
    eq((d[0], d[1]), (2, 16), "NGUID descriptor")
    for cns in (5, 6, 7, 8):
        eq(a.identify(cns, 1 if cns in (5, 8) else 0).status, 0, f"CNS {cns:02x}h")
        if cns in (5, 6, 7):
            eq(a.identify(cns, 1, cdw11=2 << 24).status, 0x002, f"CNS {cns:02x}h of ZNS")
    eq(a.admin(6, read=512, cdw10=1).status, 0x00f, "a buffer too small")
    eq(a.admin(6, read=8192, cdw10=1).data[4096:], b"\0" * 4096, "a buffer too large")
    h.close()
    quiet(t)


def test_features(t):
    h = host()
    a = h.admin
    get = lambda fid, sel=0, **kw: a.admin(0x0a, cdw10=fid | sel << 8, **kw)
    put = lambda fid, val, save=0: a.admin(9, cdw10=fid | save << 31, cdw11=val)
    table = [(1, 7, 0x07), (2, 0, 0), (4, 0x155, 0x155), (5, 3, 3), (0x0a, 1, 1),
             (0x0b, 0x100, 0x100)]
    for fid, val, want in table:
        eq(put(fid, val).status, 0, f"set {fid:02x}h")
        eq(get(fid).cdw0, want, f"get {fid:02x}h")
        assert get(fid, 3).cdw0 & 4, f"{fid:02x}h changeable"
    eq(put(7, 0x00030003).cdw0, 126 << 16 | 126, "number of queues")
    for name, fid, val, status in (("unknown", 0x50, 0, 2), ("power state 1", 2, 1, 2),
                                   ("DULBE", 5, 1 << 16, 2), ("64 Ki queues", 7, 0xffff, 2)):
        eq(put(fid, val).status, status, name)
    eq(put(1, 0, save=1).status, 0x10d, "saving")
    eq(put(0x81, 1).status, 0x00c, "host identifier")
    eq(get(0x81, read=16, cdw11=1).data, bytes.fromhex("11111111222233334444555555555555"),
       "host identifier")
    eq(put(0x0f, 11000).status, 0, "KATO")
    eq(get(0x0f).cdw0, 20000, "KATO is rounded up")
    eq(a.admin(0x18).status, 0, "Keep Alive")
    h.queue()
    eq(put(7, 0x00030003).status, 0x00c, "number of queues when there is one")
    eq(put(6, 0).status, 0, "write cache off")
    eq(h.io[0].write(0, b"x" * 512).status, 0, "a write through")
    h.close()
    quiet(t)


def test_log_pages(t):
    h = host()
    a = h.admin
    for lid, size in ((0, 1024), (1, 64), (2, 512), (3, 512), (4, 4096), (5, 4096), (0x12, 1024)):
        eq(a.log_page(lid, size).status, 0, f"log {lid:02x}h")
    eq(a.log_page(0x66, 64).status, 0x109, "unknown log")
    eq(a.log_page(2, 512, offset=2).status, 0x002, "odd offset")
    eq(a.log_page(2, 512, offset=4096).status, 0x002, "offset behind the end")
    eq(a.log_page(2, 512, offset=1 << 63).status, 0x002, "offset far behind the end")
    eq(a.log_page(2, 512, offset=508).data, b"\0" * 512, "the end and zeroes")
    numd = 4096
    eq(a.run(pack(2, a.next_cid(), sgl=sgl_transport(512), cdw10=2 | numd << 16),
             read=512).status, 0x00f, "NUMD beyond the buffer")
    h.close()
    quiet(t)


def test_opcodes(t):
    """Commands that are not offered say so, whatever their direction."""
    h = host()
    q = h.queue()
    for opc in (0, 1, 4, 5, 0x0d, 0x10, 0x14, 0x80, 0xc0):
        eq(h.admin.admin(opc, read=0).status, 0x001, f"admin {opc:02x}h")
    for opc, data in ((0x05, b"x" * 512), (0x0c, b""), (0x19, b"x" * 512), (0x80, b"")):
        eq(q.run(q.io_cmd(opc, 0, 1, sgl_in_capsule(len(data)) if data else b"\0" * 16),
                 data).status, 0x001, f"I/O {opc:02x}h")
    eq(q.run(pack(2, q.next_cid(), nsid=1, flags=0x41, sgl=sgl_transport(512)),
             read=512).status, 0x002, "fused")
    h.close()
    quiet(t)


# ---- I/O ----

def test_io_paths(t):
    """In-capsule, R2T in one and in several PDUs; each with all digests."""
    for hdgst in (False, True):
        for ddgst in (False, True):
            h = host(hdgst=hdgst, ddgst=ddgst)
            q = h.queue()
            for n, ic in ((512, True), (4096, True), (512, False), (8192, False),
                          (131072, False)):
                data = os.urandom(n)
                eq(q.write(16, data, in_capsule=ic, fua=ic).status, 0, f"write {n} {ic}")
                cpl = q.read(16, n // 512)
                eq(cpl.status, 0, f"read {n}")
                assert cpl.data == data, f"data of {n}, in capsule {ic}, {hdgst} {ddgst}"
            h.close()
    h = host()
    q = h.queue()
    q.maxh2c = 1024
    data = os.urandom(65536)
    eq(q.write(0, data).status, 0, "many small H2CData")
    assert q.read(0, 128).data == data
    h.close()
    quiet(t)


def test_reads_of_nothing(t):
    """A null bdev leaves a buffer as it is: what another host wrote must not come out of it, also
    not through a passthru."""
    t.rpc("bdev_passthru_create", base_bdev_name="n0", name="pn0")
    t.rpc("nvmf_subsystem_add_ns", nqn=NQN, namespace={"bdev_name": "pn0", "nsid": 9})
    h = host()
    q = h.queue()
    for n in (512, 4096, 131072):
        for _ in range(8):
            eq(q.write(0, b"\xa5" * n).status, 0, f"write {n}")
            cpl = q.read(0, n // 512, 9)
            eq(cpl.status, 0, f"read {n}")
            assert cpl.data == bytes(n), f"{n} bytes are not zero"
    h.close()
    t.rpc("nvmf_subsystem_remove_ns", nqn=NQN, nsid=9)
    t.rpc("bdev_passthru_delete", name="pn0")
    quiet(t)


def test_io_ranges(t):
    h = host()
    q = h.queue()
    table = [("last block", 65535, 1, 1, 0), ("one behind", 65536, 1, 1, 0x080),
             ("across the end", 65535, 2, 1, 0x080), ("far", 1 << 63, 1, 1, 0x080),
             ("wraps", (1 << 64) - 1, 2, 1, 0x080), ("NSID 0", 0, 1, 0, 0x00b),
             ("no such NSID", 0, 1, 2, 0x00b), ("NSID too large", 0, 1, 1000, 0x00b),
             ("broadcast", 0, 1, 0xffffffff, 0x00b)]
    for name, lba, n, nsid, status in table:
        eq(q.read(lba, n, nsid).status, status, "read " + name)
        eq(q.write(lba, b"\0" * 512 * n, nsid, in_capsule=True).status, status, "write " + name)
    eq(q.run(q.io_cmd(2, 0, 2, sgl_transport(512)), read=512).status, 0x00f, "SGL too short")
    eq(q.run(q.io_cmd(2, 0, 1, sgl_transport(1024)), read=1024).status, 0x00f, "SGL too long")
    eq(q.run(q.io_cmd(2, 0, 1024, sgl_transport(524288)), read=524288).status, 0x00f,
       "beyond MDTS")
    bad = struct.pack("<QI3sB", 0, 512, b"\0" * 3, 0x40)
    assert q.run(q.io_cmd(2, 0, 1, bad), read=512).status in (0x011, 0x002), "keyed SGL"
    eq(q.read(0, 1).status, 0, "still works")
    h.close()
    quiet(t)


def test_io_others(t):
    """Flush, Write Zeroes, Dataset Management."""
    h = host()
    q = h.queue()
    data = os.urandom(16384)
    eq(q.write(0, data).status, 0, "write")
    none = b"\0" * 16
    eq(q.run(q.io_cmd(0, 0, 1, none)).status, 0, "flush")
    eq(q.run(pack(0, q.next_cid(), nsid=0xffffffff)).status, 0x00b, "flush of all")
    eq(q.run(q.io_cmd(8, 4, 4, none)).status, 0, "write zeroes")
    assert q.read(0, 32).data == data[:2048] + b"\0" * 2048 + data[4096:]
    eq(q.run(q.io_cmd(8, 65535, 2, none)).status, 0x080, "write zeroes across the end")
    ranges = struct.pack("<IIQIIQ", 0, 2, 0, 0, 2, 30)
    dsm = lambda payload, nr, ad=4: q.run(pack(9, q.next_cid(), nsid=1, cdw10=nr, cdw11=ad,
                                               sgl=sgl_in_capsule(len(payload))), payload)
    eq(dsm(ranges, 1).status, 0, "deallocate")
    got = q.read(0, 32).data
    assert got[1024:2048] == data[1024:2048], "between the ranges"
    eq(dsm(ranges, 1, ad=1).status, 0, "a hint of another kind")
    eq(dsm(ranges, 2).status, 0x00f, "more ranges than data")
    eq(dsm(struct.pack("<IIQ", 0, 2, 65535), 0).status, 0x080, "range across the end")
    eq(dsm(struct.pack("<IIQ", 0, 0xffffffff, (1 << 64) - 1), 0).status, 0x080, "range wraps")
    h.close()
    quiet(t)


def test_many_outstanding(t):
    """As many commands as the queue is deep, answered each."""
    h = host()
    q = h.queue(sqsize=127)
    data = {i: os.urandom(4096) for i in range(127)}
    cids = [q.start(q.io_cmd(1, i * 8, 8, sgl_transport(4096)), write=data[i]) for i in data]
    for cid in cids:
        eq(q.finish(cid).status, 0, "write")
    cids = [q.start(q.io_cmd(2, i * 8, 8, sgl_transport(4096)), read=4096) for i in data]
    for i, cid in enumerate(cids):
        assert q.finish(cid).data == data[i], i
    h.close()
    quiet(t)


def test_data_digest_error(t):
    """Damaged data fails its command, and nothing else."""
    h = host(ddgst=True)
    q = h.queue()
    eq(q.write(0, b"a" * 512, in_capsule=True).status, 0, "write")
    cmd = q.io_cmd(1, 0, 1, sgl_in_capsule(512))
    pdu = bytearray(q.pdu(CMD, cmd, b"b" * 512))
    pdu[-1] ^= 1
    q.send(bytes(pdu))
    eq(q.finish(struct.unpack("<H", cmd[2:4])[0]).status, 0x022, "transient transport error")
    assert q.read(0, 1).data == b"a" * 512, "damaged data was not written"
    h.close()
    quiet(t)


# ---- Bad peers ----

def malformed():
    """name, digests, what to send after ICResp, FES, FEI (None: any)."""
    def ch(ptype, flags, hlen, pdo, plen, rest=b""):
        return struct.pack("<BBBBI", ptype, flags, hlen, pdo, plen) + rest
    cmd = pack(2, 1, nsid=1, sgl=sgl_transport(512))
    h2c = lambda cid, ttag, off, n: struct.pack("<HHII4x", cid, ttag, off, n)
    return [
        ("unknown type", ch(0x44, 0, 8, 0, 8), 1, 0),
        ("response from a host", ch(5, 0, 24, 0, 24, b"\0" * 16), 1, 0),
        ("R2T from a host", ch(9, 0, 24, 0, 24, b"\0" * 16), 1, 0),
        ("second ICReq", ch(0, 0, 128, 0, 128, b"\0" * 120), 2, None),
        ("command HLEN 255", ch(4, 0, 255, 0, 72, cmd), 1, 2),
        ("command HLEN 0", ch(4, 0, 0, 0, 72, cmd), 1, 2),
        ("command PLEN below HLEN", ch(4, 0, 72, 0, 71, cmd), 1, 4),
        ("command PLEN 4 GiB", ch(4, 0, 72, 72, 0xffffffff, cmd), None, None),
        ("command PDO into the header", ch(4, 0, 72, 8, 584, cmd + b"\0" * 512), 1, 3),
        ("capsule data beyond the limit", ch(4, 0, 72, 72, 72 + 8193, cmd), None, None),
        ("header digest that was not agreed", ch(4, 1, 72, 0, 76, cmd + b"\0" * 4), 1, 1),
        ("H2CData for nothing", ch(6, 4, 24, 24, 536, h2c(1, 0, 0, 512) + b"\0" * 512), None,
         None),
        ("H2CData with an unknown TTAG", ch(6, 4, 24, 24, 536, h2c(1, 999, 0, 512) +
                                            b"\0" * 512), None, None),
        ("H2CData of no length", ch(6, 4, 24, 24, 24, h2c(1, 0, 0, 0)), None, None),
    ]


def test_malformed_pdus(t):
    for name, data, fes, fei in malformed():
        h = host()
        q = h.queue()
        q.send(data)
        term = q.expect_term()
        assert term is not None, f"{name}: no TermReq"
        if fes is not None:
            eq(term[0], fes, name + ": FES")
        if fei is not None:
            eq(term[1], fei, name + ": FEI")
        eq(h.admin.identify(1).status, 0, name + ": the admin queue lives")
        h.close()
    quiet(t)


def test_malformed_ic(t):
    for name, kw, flags, plen in (("PFV", {"pfv": 1}, 0, None), ("HPDA", {"hpda": 32}, 0, None),
                                  ("PLEN", {}, 0, 64)):
        c = Conn(ADDR, PORT, ic=False)
        c.send(c.pdu(IC_REQ, c.ic_req(**kw), flags=flags, plen=plen))
        assert c.expect_term() is not None, name
    c = Conn(ADDR, PORT, ic=False)
    c.send(c.pdu(CMD, pack(6, 1)))
    eq(c.expect_term()[0], 2, "a command before ICReq: sequence error")
    for junk in (b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0"):
        c = Conn(ADDR, PORT, ic=False)
        c.send(junk)
        c.close()
    for _ in range(50):
        Conn(ADDR, PORT, ic=False).close()
    quiet(t)


def test_r2t_violations(t):
    """Answers to an R2T that are not what was asked for."""
    def h2c(cid, ttag, off, n):
        return struct.pack("<HHII4x", cid, ttag, off, n)
    table = [
        ("wrong CCCID", lambda c, g: h2c(c + 1, g, 0, 8192), 4, 8192),
        ("beyond the R2T", lambda c, g: h2c(c, g, 0, 8196), 4, 8196),
        ("wrong offset", lambda c, g: h2c(c, g, 512, 7680), 4, 7680),
        ("LAST too early", lambda c, g: h2c(c, g, 0, 4096), 4, 4096),
        ("LAST missing", lambda c, g: h2c(c, g, 0, 8192), 0, 8192),
    ]
    for name, hdr, flags, n in table:
        h = host()
        q = h.queue()
        cid = q.start(q.io_cmd(1, 0, 16, sgl_transport(8192)))
        ptype, _, r2t, _ = q.recv_pdu()
        eq(ptype, 9, "R2T")
        ttag = struct.unpack("<HHII", r2t[:12])[1]
        q.send(q.pdu(H2C_DATA, hdr(cid, ttag), b"z" * n, flags=flags))
        assert q.expect_term() is not None, name
        h.close()
    quiet(t)


def test_header_digest_error(t):
    h = host(hdgst=True)
    q = h.queue()
    pdu = bytearray(q.pdu(CMD, q.io_cmd(2, 0, 1, sgl_transport(512))))
    pdu[72] ^= 0xff
    q.send(bytes(pdu))
    eq(q.expect_term()[0], 3, "FES: header digest")
    h.close()
    quiet(t)


def test_half_pdus(t):
    """Commands in pieces of one byte; and connections that die in the middle."""
    h = host()
    q = h.queue()
    data = os.urandom(1024)
    cmd = q.io_cmd(1, 0, 2, sgl_in_capsule(1024))
    pdu = q.pdu(CMD, cmd, data)
    cid = struct.unpack("<H", cmd[2:4])[0]
    q.reads[cid] = bytearray()
    for i in range(0, len(pdu), 7):
        q.send(pdu[i:i + 7])
    eq(q.finish(cid).status, 0, "write in pieces")
    assert q.read(0, 2).data == data
    for cut in (1, 8, 40, 72, 100, 1000):
        qn = h.queue()
        qn.send(qn.pdu(CMD, qn.io_cmd(1, 0, 2, sgl_in_capsule(1024)), data)[:cut])
        qn.close()
        h.io.pop()
        wait_for(lambda: t.rpc("nvmf_subsystem_get_controllers", nqn=NQN)[0]["num_io_qpairs"] == 1,
                 "the half queue ends")
    eq(q.read(0, 1).status, 0, "the other queue lives")
    h.close()
    quiet(t)


def test_disconnect_under_io(t):
    for i in range(20):
        h = host()
        q = h.queue(sqsize=63)
        for j in range(63):
            n = 4096 if j % 2 else 65536
            if j % 3:
                q.start(q.io_cmd(2, 0, n // 512, sgl_transport(n)), read=n)
            else:
                q.start(q.io_cmd(1, 0, n // 512, sgl_transport(n)))
        if i % 2:
            h.admin.close()
        h.close()
    quiet(t)
    h = host()
    eq(h.queue().read(0, 1).status, 0, "the target lives")
    h.close()
    quiet(t)


def test_many_connections(t):
    hosts = [host() for _ in range(30)]
    for h in hosts:
        h.queue(sqsize=7)
        h.queue(sqsize=7)
    for h in hosts:
        for q in h.io:
            eq(q.read(0, 8).status, 0, "read")
    ids = {h.cntlid for h in hosts}
    eq(len(ids), 30, "controller ids are different")
    for h in hosts:
        h.close()
    quiet(t)


# ---- Changes while connected ----

def test_namespaces_hot(t):
    """Add, resize, remove: events, the changed list, I/O."""
    h = host()
    a = h.admin
    q = h.queue()
    aer = a.start(pack(0x0c, a.next_cid()))
    nsid = t.rpc("nvmf_subsystem_add_ns", nqn=NQN, namespace={"bdev_name": "m1"})
    eq(nsid, 2, "NSID")
    eq(a.finish(aer).cdw0, 0x040002, "namespace attribute notice")
    eq(struct.unpack("<II", a.log_page(4, 4096).data[:8]), (2, 0), "changed list")
    eq(a.log_page(4, 4096).data[:4], b"\0" * 4, "changed list was cleared")
    eq(a.identify(0, 2).data[130], 12, "LBADS of 4 KiB")
    eq(q.write(0, b"n" * 4096, nsid=2, bs=4096).status, 0, "write to it")
    eq(q.read(0, 1, nsid=2, bs=4096).data, b"n" * 4096, "read from it")
    aer = a.start(pack(0x0c, a.next_cid()))
    t.rpc("nvmf_subsystem_remove_ns", nqn=NQN, nsid=2)
    eq(a.finish(aer).cdw0, 0x040002, "notice")
    a.log_page(4, 4096)
    eq(q.read(0, 1, nsid=2, bs=4096).status, 0x00b, "it is gone")
    eq(q.read(0, 1).status, 0, "the other is there")
    t.rpc("nvmf_subsystem_add_ns", nqn=NQN, namespace={"bdev_name": "n0", "nsid": 5})
    eq(q.read(65535, 1, nsid=5).status, 0, "last block")
    a.log_page(4, 4096)
    aer = a.start(pack(0x0c, a.next_cid()))
    t.rpc("bdev_null_resize", name="n0", new_size=64)
    eq(a.finish(aer).cdw0, 0x040002, "notice of the new size")
    eq(struct.unpack("<Q", a.identify(0, 5).data[:8])[0], 131072, "NSZE")
    eq(q.read(131071, 1, nsid=5).status, 0, "new last block")
    eq(q.read(131072, 1, nsid=5).status, 0x080, "behind it")
    t.rpc("bdev_null_delete", name="n0")
    wait_for(lambda: q.read(0, 1, nsid=5).status == 0x00b, "the bdev goes, and its namespace")
    h.close()
    quiet(t)


def test_aer_limits(t):
    h = host()
    a = h.admin
    cids = [a.start(pack(0x0c, a.next_cid())) for _ in range(4)]
    eq(a.run(pack(0x0c, a.next_cid())).status, 0x105, "one too many")
    cpl = a.admin(8, cdw10=cids[1] << 16)
    eq((cpl.status, cpl.cdw0 & 1), (0, 0), "Abort of an event request")
    eq(a.finish(cids[1]).status, 0x007, "it is aborted")
    eq(a.admin(8, cdw10=0x7777 << 16 | 1).cdw0 & 1, 1, "Abort of nothing")
    h.close()
    quiet(t)


def test_discovery(t):
    h = Host(ADDR, PORT, DISCOVERY)
    a = h.admin
    eq(a.identify(1).data[111], 2, "CNTRLTYPE")
    page = a.log_page(0x70, 4096).data
    gen, num = struct.unpack("<QQ", page[:16])
    eq(num, 1, "records that this host may see")
    e = page[1024:2048]
    eq((e[0], e[1], e[2]), (3, 1, 2), "TCP, IPv4, NVMe subsystem")
    eq(e[256:256 + len(NQN)], NQN.encode(), "SUBNQN")
    eq(e[512:544].split(b"\0")[0].rstrip(), ADDR.encode(), "TRADDR")
    eq(e[32:64].split(b"\0")[0].rstrip(), str(PORT).encode(), "TRSVCID")
    eq(a.log_page(0x70, 1024, offset=1024).data[:3], e[:3], "in pieces")
    eq(a.log_page(0x70, 1024, offset=1 << 40).data, b"\0" * 1024, "far behind the end")
    eq(a.identify(2).status, 0x002, "no namespaces")
    eq(a.admin(8).status, 0x001, "no Abort")
    aer = a.start(pack(0x0c, a.next_cid()))
    t.rpc("nvmf_subsystem_add_host", nqn=CLOSED_NQN, host=HOST)
    eq(a.finish(aer).cdw0, 0x70f002, "discovery log notice")
    gen2, num2 = struct.unpack("<QQ", a.log_page(0x70, 4096).data[:16])
    assert gen2 > gen, "generation"
    eq(num2, 2, "one more")
    t.rpc("nvmf_subsystem_remove_host", nqn=CLOSED_NQN, host=HOST)
    q = Conn(ADDR, PORT)
    eq(q.connect(DISCOVERY, qid=1, cntlid=h.cntlid).status, 0x182, "no I/O queues")
    q.close()
    h.close()
    quiet(t)


def test_listener_and_subsystem_go(t):
    h = host()
    q = h.queue()
    other = listen_address(PORT + 100)
    t.rpc("nvmf_subsystem_add_listener", nqn=NQN, listen_address=other)
    eq(len(t.rpc("nvmf_subsystem_get_listeners", nqn=NQN)), 2, "listeners")
    c = Conn(ADDR, PORT + 100)
    eq(c.connect(NQN).status, 0, "through the other address")
    c.close()
    t.rpc("nvmf_subsystem_remove_listener", nqn=NQN, listen_address=other)
    try:
        Conn(ADDR, PORT + 100, ic=False)
        raise AssertionError("the address is still open")
    except ConnectionRefusedError:
        pass
    qpairs = t.rpc("nvmf_subsystem_get_qpairs", nqn=NQN)
    eq(sorted(p["qid"] for p in qpairs), [0, 1], "queues")
    nqn = "nqn.2026-01.io.basalt:short-lived"
    t.rpc("nvmf_create_subsystem", nqn=nqn, allow_any_host=True)
    t.rpc("nvmf_subsystem_add_listener", nqn=nqn, listen_address=listen_address())
    h2 = Host(ADDR, PORT, nqn)
    t.rpc("nvmf_delete_subsystem", nqn=nqn)
    eq(h2.admin.expect_term(), None, "its host is disconnected")
    eq(q.read(0, 1).status, 0, "the other subsystem lives")
    h.close()
    quiet(t)


def test_slow_peers(t):
    """Each phase has its deadline; who keeps his is not disturbed."""
    good = host()
    q = good.queue()
    silent = Conn(ADDR, PORT, ic=False)          # no ICReq: 10 s
    lazy = Conn(ADDR, PORT)                      # no Connect: 15 s
    h = host()
    half, r2t, deaf = h.queue(), h.queue(), h.queue(sqsize=127)
    half.send(half.pdu(CMD, half.io_cmd(1, 0, 8, sgl_in_capsule(4096)), b"h" * 4096)[:1000])
    r2t.start(r2t.io_cmd(1, 0, 256, sgl_transport(131072)))
    deaf.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for _ in range(120):                         # answers that nobody takes
        deaf.start(deaf.io_cmd(2, 0, 256, sgl_transport(131072)), read=131072)
    begin = time.monotonic()
    seen = {}

    def left():
        eq(q.read(0, 8).status, 0, "the good host reads")
        for name, conn in (("silent", silent), ("lazy", lazy)):
            conn.sock.settimeout(0.001)
            try:
                if conn.sock.recv(4096) == b"" and name not in seen:
                    seen[name] = time.monotonic() - begin
            except (TimeoutError, ConnectionResetError):
                pass
        ids = {p["qid"] for p in t.rpc("nvmf_subsystem_get_qpairs", nqn=NQN)
               if p["cntlid"] == h.cntlid}
        for qid, name in ((1, "half"), (2, "r2t"), (3, "deaf")):
            if qid not in ids and name not in seen:
                seen[name] = time.monotonic() - begin
        return len(seen) == 5
    wait_for(left, "all deadlines", timeout=60)
    for name, least, most in (("silent", 9, 16), ("lazy", 14, 21), ("half", 29, 40),
                              ("r2t", 29, 40), ("deaf", 29, 45)):
        assert least <= seen[name] <= most, f"{name} ended after {seen[name]:.1f} s"
    eq(h.admin.identify(1).status, 0, "the admin queue lives")
    for conn in (silent, lazy):
        conn.close()
    h.close()
    good.close()
    quiet(t)


def test_config_round_trip(t):
    """What save_config wrote makes the same target again."""
    def config(rpc, name):
        return {"subsystem": name, "config": rpc("framework_get_config", name=name)}

    def nvmf(rpc):
        return config(rpc, "nvmf")
    saved = {"subsystems": [config(t.rpc, s["subsystem"])
                            for s in t.rpc("framework_get_subsystems")]}
    path = os.path.join(t.dir, "config.json")
    with open(path, "w") as f:
        json.dump(saved, f)
    before = nvmf(t.rpc)
    eq(t.stop(), 0, "exit status")
    again = Target(t.proc.args[0], ["--json", path])
    t.become(again)
    wait_for(lambda: len(t.rpc("nvmf_get_subsystems")) == 3, "subsystems")
    eq(nvmf(t.rpc), before, "configuration")
    h = host()
    eq(h.queue().read(0, 1).status, 0, "read")
    h.close()
    quiet(t)


def test_small_iobuf(t):
    """4 small and 2 large buffers: 128 KiB commands of many queues progress."""
    eq(t.stop(), 0, "exit status")
    config = {"subsystems": [{"subsystem": "iobuf", "config": [
        {"method": "iobuf_set_options",
         "params": {"small_pool_count": 4, "large_pool_count": 2}}]}]}
    path = os.path.join(t.dir, "small.json")
    with open(path, "w") as f:
        json.dump(config, f)
    again = Target(t.proc.args[0], ["--json", path])
    t.become(again)
    t.setup()
    h = host()
    queues = [h.queue() for _ in range(4)]
    data = os.urandom(131072)
    started = []
    for q in queues:
        for i in range(8):
            started.append((q, q.start(q.io_cmd(1, i * 256, 256, sgl_transport(131072)),
                                       write=data)))
            started.append((q, q.start(q.io_cmd(1, 8192 + i * 8, 8, sgl_in_capsule(4096)),
                                       data[:4096])))
    # A host that answers one queue's R2Ts only would hold the others' buffers.
    while any(cid not in q.pending for q, cid in started):
        ready, _, _ = select.select([q.sock for q in queues], [], [], 10)
        assert ready, "nothing comes any more"
        for q in queues:
            if q.sock in ready:
                q.handle()
    for q, cid in started:
        eq(q.finish(cid).status, 0, "write")
    for q in queues:
        assert q.read(256, 256).data == data
        assert q.read(8192, 8).data == data[:4096]
    h.close()
    quiet(t)


def test_iobuf_retry(t):
    """1 MiB in 8 commands of MDTS at once, with the pools of 4 and 2 of the test before: some wait,
    all end, and the statistics say so."""
    def large(key):
        stats = t.rpc("iobuf_get_stats")
        return {s["module"]: s["large_pool"][key] for s in stats}["nvmf_TCP"]
    h = host()
    q = h.queue()
    mdts = 4096 << h.admin.identify(1).data[77]
    eq(mdts, 131072, "MDTS")
    blocks = mdts // 512
    data = [os.urandom(mdts) for _ in range(8)]
    for opc in (1, 2):
        before = large("retry")
        cids = [q.start(q.io_cmd(opc, i * blocks, blocks, sgl_transport(mdts)),
                        write=data[i], read=mdts if opc == 2 else 0) for i in range(8)]
        for i, cid in enumerate(cids):
            cpl = q.finish(cid)
            eq(cpl.status, 0, f"command {i}")
            if opc == 2:
                assert cpl.data == data[i], f"what was written by command {i}"
        if opc == 1:
            # An R2T keeps its buffer until the host answers, so some behind it had to wait.
            assert large("retry") > before, "retry"
    h.close()
    quiet(t)


def run_tests(binary, only, functions):
    """All functions named test_* (or those in `only`) on one target; the exit status."""
    tests = [(n, f) for n, f in functions.items() if n.startswith("test_") and
             (not only or n in only)]
    print(f"1..{len(tests) + 1}", flush=True)
    t = Target(binary)
    t.setup()
    failed = 0
    for i, (name, fn) in enumerate(tests, 1):
        try:
            fn(t)
            print(f"ok {i} {name}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {i} {name}", flush=True)
            for line in traceback.format_exc().splitlines()[-6:]:
                print("# " + line, flush=True)
            if t.proc.poll() is not None:
                print(f"# the target died: {t.proc.returncode}; its last lines:")
                for line in t.text().splitlines()[-5:]:
                    print("# " + line, flush=True)
                t2 = Target(binary)
                t.become(t2)
                t.setup()
    rc = t.stop()
    for path in [t.dir, *t.old_dirs]:
        shutil.rmtree(path, ignore_errors=True)
    print(f"{'ok' if rc == 0 else 'not ok'} {len(tests) + 1} the target stops cleanly")
    return 1 if failed or rc != 0 else 0


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], sys.argv[2:], globals()))
