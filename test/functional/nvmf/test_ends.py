# SPDX-License-Identifier: BSD-3-Clause
# Copyright (C) 2026 The Basalt authors
"""Connections that lie, stall, and end at a bad moment: test_ends.py SPDK_TGT prints TAP.

As test_nvmf.py, whose target and helpers these tests use.
"""

import json
import os
import struct
import sys
import time

from nvme_tcp import (CMD, DISCOVERY, FABRIC, Conn, Host, pack, sgl_in_capsule,
                      sgl_transport)
from test_nvmf import (ADDR, NQN, PORT, Target, eq, host, listen_address, quiet, run_tests)


def again(t, config=None, setup=True):
    """Stop the target and go on with a fresh one, perhaps with a configuration."""
    eq(t.stop(), 0, "exit status")
    args = []
    if config is not None:
        args = ["--json", os.path.join(t.dir, "again.json")]
        with open(args[1], "w") as f:
            json.dump({"subsystems": config}, f)
    t.become(Target(t.proc.args[0], args))
    if setup:
        t.setup()


def cpu_seconds(t):
    with open(f"/proc/{t.proc.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_unnamed_capsule_data(t):
    """Capsule data whose descriptor names data elsewhere, or none; before and after Connect."""
    c = Conn(ADDR, PORT)
    cmd = struct.pack("<BBHB19x16sHHHBBI12x", FABRIC, 0x40, 1, 1, sgl_transport(1024), 0, 0, 31, 0,
                      0, 0)
    c.send(c.pdu(CMD, cmd, b"x" * 16))
    c.sock.settimeout(5)
    eq(c.finish(1).status, 0x002, "Connect by R2T with data in its capsule")
    eq(c.connect(NQN).status, 0, "Connect after it")
    c.close()
    h = host(ddgst=True)
    q = h.queue()
    table = [("read", 2, sgl_transport(512), 0x002), ("write by R2T", 1, sgl_transport(512), 0x002),
             ("flush", 0, b"\0" * 16, 0), ("write of nothing", 1, sgl_in_capsule(0), 0x00f)]
    for name, opc, sgl, status in table:
        for n in (4, 512, 4096):
            cmd = q.io_cmd(opc, 0, 1, sgl)
            eq(q.run(cmd, b"z" * n).status, status, f"{name} with {n} bytes behind it")
    eq(q.read(0, 1).status, 0, "the queue lives")
    h.close()
    quiet(t)


def test_no_stale_data(t):
    """A command that has nothing to send, asked for data: zeroes, not what a buffer held before."""
    h = host()
    q = h.queue()
    for _ in range(8):
        eq(q.write(0, b"S" * 4096).status, 0, "write")
        eq(q.read(0, 8).data, b"S" * 4096, "the buffers hold it")
    for fid in (1, 2, 4, 5, 6, 7, 0x0a, 0x0b, 0x0f):
        cpl = h.admin.admin(0x0a, cdw10=fid, read=4096)
        eq(cpl.status, 0, f"Get Features {fid:02x}h")
        eq(cpl.data, b"\0" * 4096, f"its data, {fid:02x}h")
    h.close()
    quiet(t)


def test_stop_with_connections(t):
    """SIGTERM while peers are connected that said nothing, or not enough, or have commands."""
    open_ones = [Conn(ADDR, PORT, ic=False), Conn(ADDR, PORT, ic=False), Conn(ADDR, PORT)]
    h = host()
    q = h.queue()
    q.start(q.io_cmd(1, 0, 256, sgl_transport(131072)))
    h.admin.start(pack(0x0c, h.admin.next_cid()))
    again(t)
    for c in (*open_ones, q, h.admin):
        c.sock.settimeout(5)
        try:
            eq(c.expect_term(), None, "the connection ends")
        finally:
            c.close()
    # Only connections that belong to no controller; and a target that was made by hand.
    t.rpc("nvmf_create_target", name="other")
    t.rpc("nvmf_create_subsystem", nqn="nqn.2026-01.io.basalt:other", tgt_name="other")
    try:
        t.rpc("nvmf_delete_target", name="nvmf_tgt")
        raise AssertionError("the program's own target was deleted")
    except RuntimeError as e:
        assert "nvmf_tgt" in str(e), e
    open_ones = [Conn(ADDR, PORT, ic=False), Conn(ADDR, PORT)]
    again(t)
    for c in open_ones:
        c.close()


def test_host_names(t):
    """Bytes that would forge log lines or break JSON are refused."""
    for name in ("nqn.2026-01.io.basalt:a\nb", "a\x1b[2J", "\x7f"):
        c = Conn(ADDR, PORT)
        cpl = c.connect(NQN, data=Conn.connect_data(NQN, hostnqn=name))
        eq((cpl.status, cpl.cdw0), (0x182, 512 | 1 << 16), repr(name))
        c.close()
    c = Conn(ADDR, PORT)
    data = bytearray(Conn.connect_data(NQN))
    data[512:516] = b"\xff\xfe\xfd\0"
    eq(c.connect(NQN, data=bytes(data)).status, 0x182, "not UTF-8")
    c.close()
    c = Conn(ADDR, PORT)
    eq(c.connect(NQN, data=Conn.connect_data(NQN, hostnqn="some name")).status, 0, "plain text")
    eq(t.rpc("nvmf_subsystem_get_controllers", nqn=NQN)[0]["hostnqn"], "some name", "controllers")
    c.close()
    quiet(t)


def test_listener_says(t):
    """Any host, plaintext: a line for each listener."""
    text = t.text()
    eq(text.count(f"{NQN}: TCP {ADDR}:{PORT} is plaintext, and lets any host in"), 1, "open to all")
    eq(text.count(f"TCP {ADDR}:{PORT} is plaintext, and a host is known by its name only"), 1,
       "a list of hosts")


def test_removed_listener_disconnects(t):
    other = listen_address(PORT + 100)
    t.rpc("nvmf_subsystem_add_listener", nqn=NQN, listen_address=other)
    h = host()
    there = Host(ADDR, PORT + 100, NQN)
    q = there.queue()
    eq(q.read(0, 1).status, 0, "through the other address")
    t.rpc("nvmf_subsystem_remove_listener", nqn=NQN, listen_address=other)
    for conn in (q, there.admin):
        conn.sock.settimeout(5)
        eq(conn.expect_term(), None, "who came through it is disconnected")
    eq(h.queue().read(0, 1).status, 0, "others are not")
    h.close()
    there.close()
    quiet(t)


def test_keep_alive_in_a_pause(t):
    """Adding namespaces again and again: Keep Alive is answered all the time."""
    h = host(kato=10000)
    for i in range(20):
        t.rpc("nvmf_subsystem_add_ns", nqn=NQN, namespace={"bdev_name": "m1", "nsid": 7})
        eq(h.admin.admin(0x18).status, 0, "Keep Alive")
        t.rpc("nvmf_subsystem_remove_ns", nqn=NQN, nsid=7)
    h.close()
    quiet(t)


def test_discovery_filters(t):
    """Each filter by itself: which of two ports of one address is shown."""
    for filters, records in (([], 2), (["transport"], 2), (["address"], 2), (["svcid"], 1),
                             (["transport", "address", "svcid"], 1)):
        again(t, [{"subsystem": "nvmf", "config": [
            {"method": "nvmf_set_config", "params": {"discovery_filters": filters}}]}])
        t.rpc("nvmf_subsystem_add_listener", nqn=NQN, listen_address=listen_address(PORT + 100))
        h = Host(ADDR, PORT, DISCOVERY)
        eq(struct.unpack("<Q", h.admin.log_page(0x70, 1024).data[8:16])[0], records, str(filters))
        h.close()
        saved = t.rpc("framework_get_config", name="nvmf")[0]
        eq(saved["params"]["discovery_filters"], filters, "saved")
    quiet(t)


def test_stall_sleeps(t):
    """A connection that waits for a buffer, with bytes behind it, or hung up, costs no CPU."""
    again(t, [{"subsystem": "iobuf", "config": [
        {"method": "iobuf_set_options",
         "params": {"small_pool_count": 4, "large_pool_count": 2}}]}])
    h = host()
    holder, stalled, gone = h.queue(), h.queue(), h.queue()
    held = [holder.start(holder.io_cmd(1, i * 8, 8, sgl_transport(4096)), write=b"h" * 4096)
            for i in range(8)]
    r2ts = [holder.recv_pdu() for _ in range(4)]
    eq([r[0] for r in r2ts], [9] * 4, "all small buffers wait for their data")
    for q in (stalled, gone):
        for i in range(8):
            cid = q.start(q.io_cmd(1, 64, 8, sgl_in_capsule(4096)), b"s" * 4096)
    time.sleep(0.5)
    gone.sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER 0: a reset
    gone.close()
    time.sleep(0.5)
    before = cpu_seconds(t)
    time.sleep(2)
    used = cpu_seconds(t) - before
    assert used < 0.5, f"{used:.2f} s of CPU in 2 s of waiting"
    for _, _, hdr, _ in r2ts:
        cid, ttag, off, n = struct.unpack("<HHII", hdr[:12])
        holder.send_data(cid, ttag, off, n)
    for c in held:
        eq(holder.finish(c).status, 0, "who was asked for data")
    eq(stalled.finish(cid).status, 0, "who waited")
    eq(stalled.read(64, 8).data, b"s" * 4096, "its data")
    h.close()
    quiet(t)


if __name__ == "__main__":
    own = {n: f for n, f in globals().items() if getattr(f, "__module__", "") == __name__}
    sys.exit(run_tests(sys.argv[1], sys.argv[2:], own))
