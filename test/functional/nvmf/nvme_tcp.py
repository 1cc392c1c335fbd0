# SPDX-License-Identifier: BSD-3-Clause
# Copyright (C) 2026 The Basalt authors
"""An NVMe/TCP host of its own, written from the specifications: any byte it sends can be wrong.

Base 2.0, Fabrics 1.1, TCP transport 1.0. Nothing here is shared with the code under test.
"""

import socket
import struct
import uuid

IC_REQ, IC_RESP, H2C_TERM, C2H_TERM, CMD, RSP, H2C_DATA, C2H_DATA, R2T = 0, 1, 2, 3, 4, 5, 6, 7, 9
F_HDGST, F_DDGST, F_LAST, F_SUCCESS = 1, 2, 4, 8
DISCOVERY = "nqn.2014-08.org.nvmexpress.discovery"
HOST = "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-3333-4444-555555555555"
HOSTID = uuid.UUID("11111111-2222-3333-4444-555555555555").bytes
FABRIC = 0x7f


def _table():
    out = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
        out.append(c)
    return out


_CRC = _table()


def crc32c(data):
    c = 0xffffffff
    for b in data:
        c = (c >> 8) ^ _CRC[(c ^ b) & 0xff]
    return c ^ 0xffffffff


class Closed(Exception):
    """The target ended the connection; `term` is its TermReq's (FES, FEI), if it sent one."""

    def __init__(self, term=None):
        super().__init__(f"closed, TermReq {term}")
        self.term = term


class Completion:
    def __init__(self, raw):
        self.cdw0, self.cdw1, self.sqhd, _, self.cid, st = struct.unpack("<IIHHHH", raw)
        self.sc, self.sct, self.dnr = st >> 1 & 0xff, st >> 9 & 7, st >> 15
        self.data = b""

    @property
    def status(self):
        return self.sct << 8 | self.sc


def pack(opc, cid, nsid=0, cdw10=0, cdw11=0, cdw12=0, cdw13=0, cdw14=0, cdw15=0,
         sgl=b"\0" * 16, flags=0x40, cdw2=0, cdw3=0):
    return struct.pack("<BBHIIIQ16sIIIIII", opc, flags, cid, nsid, cdw2, cdw3, 0, sgl, cdw10, cdw11,
                       cdw12, cdw13, cdw14, cdw15)


def sgl_in_capsule(length, offset=0):
    return struct.pack("<QI3sB", offset, length, b"\0" * 3, 0x01)


def sgl_transport(length):
    return struct.pack("<QI3sB", 0, length, b"\0" * 3, 0x5a)


class Conn:
    """One connection: a queue."""

    def __init__(self, addr, port, timeout=10, hdgst=False, ddgst=False, ic=True):
        self.sock = socket.create_connection((addr, port), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.hdgst = self.ddgst = False
        self.cid = 0
        self.pending = {}
        self.reads = {}
        self.writes = {}
        self.maxh2c = 0
        if ic:
            self.ic(hdgst, ddgst)

    def close(self):
        self.sock.close()

    # ---- bytes ----

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # recv() tells why

    def recv(self, n):
        out = b""
        while len(out) < n:
            try:
                part = self.sock.recv(n - len(out))
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed()
            out += part
        return out

    def pdu(self, ptype, hdr, data=b"", flags=0, hlen=None, pdo=None, plen=None):
        """Build a PDU with all that was agreed; any field of the common header can be forced."""
        own_hlen = 8 + len(hdr)
        f = flags
        total = own_hlen
        if self.hdgst and ptype not in (IC_REQ, H2C_TERM):
            f |= F_HDGST
            total += 4
        off = total if data else 0
        total += len(data)
        if self.ddgst and data and ptype in (CMD, H2C_DATA):
            f |= F_DDGST
            total += 4
        out = struct.pack("<BBBBI", ptype, f, own_hlen if hlen is None else hlen,
                          off if pdo is None else pdo, total if plen is None else plen) + hdr
        if f & F_HDGST:
            out += struct.pack("<I", crc32c(out))
        out += data
        if f & F_DDGST:
            out += struct.pack("<I", crc32c(data))
        return out

    def recv_pdu(self):
        ch = self.recv(8)
        ptype, flags, hlen, pdo, plen = struct.unpack("<BBBBI", ch)
        body = self.recv(plen - 8)
        hdr = body[:hlen - 8]
        if flags & F_HDGST and ptype not in (IC_RESP, C2H_TERM):
            got = struct.unpack("<I", body[hlen - 8:hlen - 4])[0]
            assert got == crc32c(ch + hdr), "header digest"
        data = b""
        if ptype in (C2H_DATA,):
            end = plen - 8 - (4 if flags & F_DDGST else 0)
            data = body[pdo - 8:end]
            if flags & F_DDGST:
                assert struct.unpack("<I", body[end:])[0] == crc32c(data), "data digest"
        if ptype == C2H_TERM:
            raise Closed(struct.unpack("<HI", hdr[:6]))
        return ptype, flags, hdr, data

    # ---- connecting ----

    def ic_req(self, hdgst=False, ddgst=False, pfv=0, hpda=0, maxr2t=0):
        return struct.pack("<HBBI112x", pfv, hpda, (1 if hdgst else 0) | (2 if ddgst else 0),
                           maxr2t)

    def ic(self, hdgst=False, ddgst=False):
        self.send(self.pdu(IC_REQ, self.ic_req(hdgst, ddgst)))
        ptype, _, hdr, _ = self.recv_pdu()
        assert ptype == IC_RESP, ptype
        pfv, cpda, dg, self.maxh2c = struct.unpack("<HBBI", hdr[:8])
        assert pfv == 0 and cpda <= 31 and self.maxh2c >= 4096
        assert bool(dg & 1) == hdgst and bool(dg & 2) == ddgst
        self.hdgst, self.ddgst = hdgst, ddgst

    def connect_cmd(self, qid=0, sqsize=31, kato=0, recfmt=0, cattr=0, cid=None, length=1024):
        return struct.pack("<BBHB19x16sHHHBBI12x", FABRIC, 0x40, self.next_cid() if cid is None
                           else cid, 1, sgl_in_capsule(length), recfmt, qid, sqsize, cattr, 0,
                           kato)

    @staticmethod
    def connect_data(subnqn, hostnqn=HOST, hostid=HOSTID, cntlid=0xffff):
        return struct.pack("<16sH238x256s256s256x", hostid, cntlid, subnqn.encode(),
                           hostnqn.encode())

    def connect(self, subnqn, qid=0, cntlid=0xffff, data=None, **kw):
        cmd = self.connect_cmd(qid, **kw)
        if data is None:
            data = self.connect_data(subnqn, cntlid=cntlid)
        return self.run(cmd, data)

    # ---- commands ----

    def next_cid(self):
        self.cid = (self.cid + 1) & 0x7fff
        return self.cid

    def start(self, cmd, in_capsule=b"", write=b"", read=0):
        """Send a command; finish() waits for its end."""
        cid = struct.unpack("<H", cmd[2:4])[0]
        self.writes[cid] = write
        self.reads[cid] = bytearray(read)
        self.send(self.pdu(CMD, cmd, in_capsule))
        return cid

    def handle(self):
        """Take one PDU of the target."""
        ptype, flags, hdr, data = self.recv_pdu()
        if ptype == RSP:
            cpl = Completion(hdr)
            cpl.data = bytes(self.reads.pop(cpl.cid, b""))
            self.pending[cpl.cid] = cpl
        elif ptype == C2H_DATA:
            cid, _, off, length = struct.unpack("<HHII", hdr[:12])
            assert length == len(data) and off + length <= len(self.reads[cid])
            self.reads[cid][off:off + length] = data
            if flags & F_SUCCESS:
                assert flags & F_LAST
                cpl = Completion(struct.pack("<IIHHHH", 0, 0, 0, 0, cid, 0))
                cpl.data = bytes(self.reads.pop(cid))
                self.pending[cid] = cpl
        elif ptype == R2T:
            cid, ttag, off, length = struct.unpack("<HHII", hdr[:12])
            self.send_data(cid, ttag, off, length)
        else:
            raise AssertionError(f"PDU type {ptype}")

    def send_data(self, cid, ttag, off, length, chunk=None):
        chunk = chunk or self.maxh2c
        end = off + length
        while off < end:
            n = min(chunk, end - off)
            self.send(self.pdu(H2C_DATA, struct.pack("<HHII4x", cid, ttag, off, n),
                               self.writes[cid][off:off + n],
                               flags=F_LAST if off + n == end else 0))
            off += n

    def finish(self, cid):
        while cid not in self.pending:
            self.handle()
        return self.pending.pop(cid)

    def run(self, cmd, in_capsule=b"", write=b"", read=0):
        return self.finish(self.start(cmd, in_capsule, write, read))

    def expect_term(self):
        """Wait for the target to end the connection; its TermReq or None."""
        try:
            while True:
                self.recv_pdu()
        except Closed as e:
            term = e.term
        if term is not None:
            try:
                self.sock.shutdown(socket.SHUT_WR)
                while self.sock.recv(4096):
                    pass
            except OSError:
                pass
        return term

    # ---- admin ----

    def prop_get(self, ofst, size=4):
        cmd = struct.pack("<BBHB35xB3xI16x", FABRIC, 0x40, self.next_cid(), 4,
                          1 if size == 8 else 0, ofst)
        cpl = self.run(cmd)
        return cpl.status, cpl.cdw0 | cpl.cdw1 << 32

    def prop_set(self, ofst, value, size=4):
        cmd = struct.pack("<BBHB35xB3xIQ8x", FABRIC, 0x40, self.next_cid(), 0,
                          1 if size == 8 else 0, ofst, value)
        return self.run(cmd).status

    def enable(self):
        assert self.prop_set(0x14, 0x00460001) == 0
        assert self.prop_get(0x1c)[1] & 1

    def admin(self, opc, read=0, write=b"", **kw):
        sgl = sgl_transport(read) if read else \
            sgl_in_capsule(len(write)) if write else b"\0" * 16
        return self.run(pack(opc, self.next_cid(), sgl=sgl, **kw), in_capsule=write, read=read)

    def identify(self, cns, nsid=0, cdw11=0):
        return self.admin(6, read=4096, nsid=nsid, cdw10=cns, cdw11=cdw11)

    def log_page(self, lid, size, offset=0, rae=0):
        numd = size // 4 - 1
        return self.admin(2, read=size, nsid=0xffffffff,
                          cdw10=lid | rae << 15 | (numd & 0xffff) << 16, cdw11=numd >> 16,
                          cdw12=offset & 0xffffffff, cdw13=offset >> 32)

    # ---- I/O ----

    def io_cmd(self, opc, lba, blocks, sgl, nsid=1, cdw12=0):
        return pack(opc, self.next_cid(), nsid=nsid, sgl=sgl, cdw10=lba & 0xffffffff,
                    cdw11=lba >> 32, cdw12=(blocks - 1) | cdw12)

    def read(self, lba, blocks, nsid=1, bs=512):
        n = blocks * bs
        return self.run(self.io_cmd(2, lba, blocks, sgl_transport(n), nsid), read=n)

    def write(self, lba, data, nsid=1, bs=512, in_capsule=False, fua=False):
        blocks = len(data) // bs
        flag = 1 << 30 if fua else 0
        if in_capsule:
            return self.run(self.io_cmd(1, lba, blocks, sgl_in_capsule(len(data)), nsid, flag),
                            in_capsule=data)
        return self.run(self.io_cmd(1, lba, blocks, sgl_transport(len(data)), nsid, flag),
                        write=data)


class Host:
    """An admin queue, enabled, and I/O queues on demand."""

    def __init__(self, addr, port, subnqn, kato=0, hdgst=False, ddgst=False, enable=True, **kw):
        self.addr, self.port, self.subnqn = addr, port, subnqn
        self.digests = {"hdgst": hdgst, "ddgst": ddgst}
        self.admin = Conn(addr, port, **self.digests)
        cpl = self.admin.connect(subnqn, kato=kato, **kw)
        if cpl.status:
            raise AssertionError(f"connect: {cpl.status:#x} {cpl.cdw0:#x}")
        self.cntlid = cpl.cdw0 & 0xffff
        self.io = []
        if enable:
            self.admin.enable()

    def queue(self, qid=None, sqsize=31):
        conn = Conn(self.addr, self.port, **self.digests)
        cpl = conn.connect(self.subnqn, qid=qid or len(self.io) + 1, cntlid=self.cntlid,
                           sqsize=sqsize)
        assert cpl.status == 0, hex(cpl.status)
        self.io.append(conn)
        return conn

    def close(self):
        for conn in self.io:
            conn.close()
        self.admin.close()
